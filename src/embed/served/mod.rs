//! A model that a server runs: Hugging Face's text-embeddings-inference, or
//! anything with `OpenAI`'s `/v1/embeddings`.
//!
//! The server is met once, at the start: which model it has, how wide its
//! vectors are, how much it reads. After that texts go to it as they are, and
//! whatever goes wrong on the way is tried again or told.

mod dialect;
mod http;

use std::fmt;
use std::time::Duration;

use thiserror::Error;

use super::Embedding;
use super::pool::normalize;
use crate::names::ModelId;

use dialect::{Dialect, Introduction};
use http::Door;

/// Texts of one request, unless the server or the user wants fewer.
pub const MAX_BATCH: usize = 32;

/// Tokens that a model is taken to read where nobody says how many: what the
/// oldest of these models read.
const LEAST_WINDOW: usize = 512;

/// Estimated tokens of a text at most, as for models that run here.
const MAX_WINDOW: usize = 1_024;

/// What is embedded to learn the width.
const PROBE: &str = "fn main() {}";

/// A password of a server. It is shown nowhere.
#[derive(Clone)]
pub struct Key(String);

impl Key {
    /// Without the line end that files have; nothing if there is no more.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// How to reach a model server, and what to expect of it.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Where it is: `http://host:port`, with `/v1` or a path before it where
    /// the server has one.
    pub url: String,
    /// The name it knows the model by; its only one if none is given.
    pub model: Option<String>,
    /// What it lets in.
    pub key: Option<Key>,
    /// How long a server that is busy or away is waited for.
    pub patience: Duration,
    /// Texts of one request at most.
    pub max_batch: usize,
    /// Tokens that the model reads, where the server does not say.
    pub max_tokens: Option<usize>,
}

/// Why a server gave no vectors.
#[derive(Debug, Error)]
pub enum ServerError {
    /// Not an address.
    #[error("{url:?} is not the address of a server: {cause}")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        cause: String,
    },
    /// Nothing came back, for as long as it was waited for.
    #[error("the model server at {url} does not answer: {cause}")]
    Gone {
        /// Where it should be.
        url: String,
        /// The last thing that happened.
        cause: String,
    },
    /// It does not want to.
    #[error("the model server at {url} refused, status {status}: {message}")]
    Refused {
        /// Where it is.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The beginning of what it said.
        message: String,
    },
    /// What came back makes no sense, however often it was asked.
    #[error("the model server's answer is not usable: {0}")]
    Answer(String),
    /// It speaks neither of the two languages.
    #[error(
        "the server at {url} has neither /info nor /v1/models with a model for vectors: {cause}"
    )]
    Unknown {
        /// Where it is.
        url: String,
        /// What it said.
        cause: String,
    },
    /// It has another model, or several.
    #[error("the model server has {found}, not {wanted}")]
    Model {
        /// What it has, joined with commas.
        found: String,
        /// What was asked for.
        wanted: String,
    },
    /// Its vectors are not as wide as those of the model of that name.
    #[error("the model server's vectors have {found} dimensions, those of {id} have {expected}")]
    Width {
        /// The model.
        id: String,
        /// Of the server's.
        found: usize,
        /// By the manifest.
        expected: usize,
    },
}

impl ServerError {
    /// Whether the next text would meet the same.
    #[must_use]
    pub fn meets_all(&self) -> bool {
        match self {
            Self::Refused { status, .. } => matches!(status, 401 | 403 | 404),
            Self::Answer(_) => false,
            _ => true,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Url { .. } => "give it as http://host:port or https://host/path",
            Self::Gone { .. } => {
                "is it running, and is this its address? --retry-for says how long it is waited for"
            }
            Self::Refused {
                status: 401 | 403, ..
            } => "put its key into MNEMO_EMBED_KEY, or into a file that --embed-key-file names",
            Self::Model { .. } => "name the model as the server does, with --embed-model",
            Self::Width { .. } => "is it the model of that name? name another with --embed-model",
            _ => "see what the server's own log says",
        }
    }
}

/// A server that was met.
pub struct Served {
    door: Door,
    dialect: Dialect,
    introduction: Introduction,
    width: usize,
    max_batch: usize,
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served")
            .field("model", &self.introduction.model)
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
}

impl Served {
    /// Asks a server who it is, and for one vector.
    ///
    /// # Errors
    /// [`ServerError`] with what is wrong; each has its advice.
    pub fn meet(config: &ServerConfig) -> Result<Self, ServerError> {
        let door = Door::new(config)?;
        let (dialect, mut introduction) = dialect::introduce(&door, config.model.as_deref())?;
        introduction.max_tokens = introduction.max_tokens.or(config.max_tokens);
        let max_batch = config
            .max_batch
            .min(introduction.max_batch.unwrap_or(MAX_BATCH));
        let mut served = Self {
            door,
            dialect,
            introduction,
            width: 0,
            max_batch: max_batch.max(1),
        };
        let probe = served.request(&[PROBE])?;
        served.width = probe.first().map_or(0, |vector| vector.as_slice().len());
        Ok(served)
    }

    /// Dimensions of its vectors.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Tokens that the model reads.
    #[must_use]
    pub fn reads(&self) -> usize {
        self.introduction.max_tokens.unwrap_or(LEAST_WINDOW)
    }

    /// The window for texts whose tokens are estimated: in tokens, and how many
    /// bytes are taken for one. No tokenizer makes more tokens than bytes, so
    /// at one byte a token nothing is ever cut off by the server; a model that
    /// reads more leaves room for a truer measure.
    #[must_use]
    pub fn estimate(&self) -> (usize, usize) {
        let reads = self.reads();
        let bytes_per_token = (reads / MAX_WINDOW).clamp(1, 3);
        (reads.min(MAX_WINDOW), bytes_per_token)
    }

    /// The id of its model here: the last part of the name that the server has
    /// for it, in lower case, without what no folder may be called.
    #[must_use]
    pub fn id(&self) -> Option<ModelId> {
        let last = self.introduction.model.rsplit('/').next()?;
        let id: String = last
            .to_lowercase()
            .trim_end_matches(":latest")
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') {
                    c
                } else {
                    '-'
                }
            })
            .collect();
        ModelId::new(&id).ok()
    }

    /// Stands for the model wherever identity counts. Where the server is does
    /// not: it may move.
    #[must_use]
    pub fn identity(&self) -> String {
        let Introduction {
            model, revision, ..
        } = &self.introduction;
        format!(
            "served {model} {} {}",
            revision.as_deref().unwrap_or("-"),
            self.width
        )
    }

    /// The numbers that the server says it computes with.
    #[must_use]
    pub fn numbers(&self) -> &str {
        self.introduction.dtype.as_deref().unwrap_or("-")
    }

    /// The vectors of `texts`, in their order, of length 1.
    ///
    /// # Errors
    /// [`ServerError`] after everything that may pass was waited for.
    pub fn embed(&self, texts: &[&str]) -> Result<Vec<Embedding>, ServerError> {
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in texts.chunks(self.max_batch) {
            vectors.extend(self.request(batch)?);
        }
        Ok(vectors)
    }

    fn request(&self, texts: &[&str]) -> Result<Vec<Embedding>, ServerError> {
        let question = self.dialect.question(&self.introduction.model, texts);
        let path = self.dialect.path();
        let rows = self.door.ask(path, &question, |answer| {
            let rows = self.dialect.rows(answer)?;
            self.check(&rows, texts.len()).map(|()| rows)
        })?;
        Ok(rows.into_iter().map(normalize).collect())
    }

    fn check(&self, rows: &[Vec<f32>], texts: usize) -> Result<(), String> {
        if rows.len() != texts {
            return Err(format!("{} vectors for {texts} texts", rows.len()));
        }
        let width = if self.width == 0 {
            rows[0].len()
        } else {
            self.width
        };
        if let Some(odd) = rows.iter().find(|row| row.len() != width || row.is_empty()) {
            return Err(format!(
                "a vector of {} numbers instead of {width}",
                odd.len()
            ));
        }
        if rows.iter().flatten().all(|value| value.is_finite()) {
            Ok(())
        } else {
            Err("a vector that is not finite".to_owned())
        }
    }
}
