//! The way to a model server: requests, and patience with what may pass.

use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::http::{Response, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body};

use super::{ServerConfig, ServerError};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// How long an answer may take: a processor needs minutes for a full batch of
/// a large model.
const ANSWER: Duration = Duration::from_mins(5);

/// The first and the longest pause between two tries.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// How often an answer that makes no sense is asked for again.
const SENSELESS: u32 = 5;

/// Bytes of an answer at most: 32 vectors of 4,096 numbers take 2 MB.
const MAX_ANSWER: u64 = 64 << 20;

/// How much of what a server says in refusal is shown.
const SHOWN: usize = 300;

/// A server's address, and what is needed to be let in.
pub(super) struct Door {
    agent: Agent,
    base: String,
    authorization: Option<String>,
    patience: Duration,
}

/// Why one try failed.
enum Fault {
    /// It may pass; the server may have said when.
    Passing {
        cause: String,
        after: Option<Duration>,
    },
    /// The answer makes no sense.
    Senseless(String),
    /// It will not pass.
    Final(ServerError),
}

impl Door {
    pub(super) fn new(config: &ServerConfig) -> Result<Self, ServerError> {
        let refused = |cause: String| ServerError::Url {
            url: config.url.clone(),
            cause,
        };
        let uri: Uri = config
            .url
            .parse()
            .map_err(|error| refused(format!("{error}")))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() {
            return Err(refused(
                "it does not begin with http:// or https://".to_owned(),
            ));
        }
        if uri
            .authority()
            .is_some_and(|authority| authority.as_str().contains('@'))
        {
            // Addresses are shown and stored; what is in this one must not be.
            return Err(ServerError::Url {
                url: "…@…".to_owned(),
                cause: "a password does not belong into it".to_owned(),
            });
        }
        Ok(Self {
            agent: agent(),
            base: base(&config.url).to_owned(),
            authorization: config.key.as_ref().map(|key| format!("Bearer {}", key.0)),
            patience: config.patience,
        })
    }

    /// What stands at `path`, if it is what is looked for.
    pub(super) fn look<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, ServerError> {
        self.patiently(|| {
            let mut request = self.agent.get(self.at(path));
            if let Some(authorization) = &self.authorization {
                request = request.header("authorization", authorization);
            }
            let mut response = request.call().map_err(lost)?;
            match response.status().as_u16() {
                200 => {}
                400 | 404 | 405 => return Ok(None),
                _ => return Err(self.refusal(&mut response)),
            }
            // Another service may answer anything there.
            Ok(serde_json::from_slice(&read(&mut response)?).ok())
        })
    }

    /// Posts `question` to `path`; `sense` is made of the answer.
    pub(super) fn ask<T>(
        &self,
        path: &str,
        question: &Value,
        sense: impl Fn(&[u8]) -> Result<T, String>,
    ) -> Result<T, ServerError> {
        self.patiently(|| {
            let mut request = self.agent.post(self.at(path));
            if let Some(authorization) = &self.authorization {
                request = request.header("authorization", authorization);
            }
            let mut response = request.send_json(question).map_err(lost)?;
            if !response.status().is_success() {
                return Err(self.refusal(&mut response));
            }
            sense(&read(&mut response)?).map_err(Fault::Senseless)
        })
    }

    /// A server that speaks neither language.
    pub(super) fn unknown(&self) -> ServerError {
        ServerError::Unknown {
            url: self.base.clone(),
            cause: "it lists no model".to_owned(),
        }
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// What a status other than success means.
    fn refusal(&self, response: &mut Response<Body>) -> Fault {
        let status = response.status().as_u16();
        let after = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        let said = read(response).unwrap_or_default();
        let message = shown(&String::from_utf8_lossy(&said));
        if matches!(status, 408 | 425 | 429 | 500..=599) {
            let cause = format!("status {status}: {message}");
            return Fault::Passing { cause, after };
        }
        Fault::Final(ServerError::Refused {
            url: self.base.clone(),
            status,
            message,
        })
    }

    /// Tries until it succeeds, will not, or was waited for long enough.
    fn patiently<T>(&self, mut work: impl FnMut() -> Result<T, Fault>) -> Result<T, ServerError> {
        let (since, mut senseless) = (Instant::now(), 0);
        let pauses = ExponentialBuilder::new()
            .with_min_delay(PAUSES.0)
            .with_max_delay(PAUSES.1)
            .without_max_times()
            .with_jitter();
        for pause in pauses.build() {
            match work() {
                Ok(done) => return Ok(done),
                Err(Fault::Final(error)) => return Err(error),
                Err(Fault::Senseless(cause)) => {
                    senseless += 1;
                    if senseless == SENSELESS {
                        return Err(ServerError::Answer(cause));
                    }
                    sleep(pause);
                }
                Err(Fault::Passing { cause, after }) => {
                    let left = self.patience.saturating_sub(since.elapsed());
                    if left.is_zero() {
                        return Err(self.gone(cause));
                    }
                    // Whoever says when is believed, as long as there is patience.
                    sleep(after.unwrap_or(pause).min(left));
                }
            }
        }
        Err(self.gone("it was asked often enough".to_owned()))
    }

    fn gone(&self, cause: String) -> ServerError {
        ServerError::Gone {
            url: self.base.clone(),
            cause,
        }
    }
}

/// The address without the part that each language adds by itself.
fn base(url: &str) -> &str {
    let url = url.trim_end_matches('/');
    ["/embeddings", "/v1", "/embed"]
        .iter()
        .fold(url, |url, ending| url.strip_suffix(ending).unwrap_or(url))
        .trim_end_matches('/')
}

fn agent() -> Agent {
    let certificates = rustls_native_certs::load_native_certs().certs;
    let roots = certificates
        .iter()
        .map(|certificate| Certificate::from_der(certificate).to_owned());
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::Specific(Arc::new(roots.collect())))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(ANSWER))
        .timeout_recv_body(Some(ANSWER))
        .user_agent(concat!("mnemo-index/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}

fn read(response: &mut Response<Body>) -> Result<Vec<u8>, Fault> {
    let body = response.body_mut().with_config().limit(MAX_ANSWER);
    body.read_to_vec().map_err(lost)
}

fn lost(error: ureq::Error) -> Fault {
    match error {
        ureq::Error::BodyExceedsLimit(bytes) => {
            Fault::Senseless(format!("more than {bytes} bytes"))
        }
        error => Fault::Passing {
            cause: error.to_string(),
            after: None,
        },
    }
}

/// The beginning of what a server said, on one line.
fn shown(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = line.floor_char_boundary(SHOWN);
    if line.is_empty() {
        "(nothing more)".to_owned()
    } else {
        line[..end].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_end_where_its_owner_is_used_to() {
        for url in [
            "http://h:1",
            "http://h:1/",
            "http://h:1/v1",
            "http://h:1/v1/embeddings",
            "http://h:1/embed",
        ] {
            assert_eq!(base(url), "http://h:1", "{url}");
        }
        assert_eq!(base("https://h/openai/v1/"), "https://h/openai");
    }
}
