//! Encryption on the way to a server, as libpq's `sslmode` names it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use postgres::config::SslMode;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{self, CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// What a connection string says of encryption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Encryption {
    mode: Mode,
    /// The certificates of the authorities to believe; none for the system's.
    roots: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl Encryption {
    /// Takes what libpq understands and our client does not out of a connection
    /// string: gives the rest.
    ///
    /// # Errors
    /// What is wrong, without a text that may hold a password.
    pub fn take(url: &str) -> Result<(String, Self), String> {
        let mut encryption = Self {
            mode: Mode::Prefer,
            roots: None,
        };
        let is_url = url.contains("://");
        let (head, options) = match url.split_once('?') {
            Some((head, options)) if is_url => (format!("{head}?"), options),
            None if is_url => return Ok((url.to_owned(), encryption)),
            _ => (String::new(), url),
        };
        let separator = if is_url { '&' } else { ' ' };
        let mut rest = Vec::new();
        for option in options.split(separator) {
            match option.split_once('=') {
                Some(("sslmode", mode)) => encryption.mode = Mode::of(mode)?,
                Some(("sslrootcert", "system")) => encryption.roots = None,
                Some(("sslrootcert", file)) => encryption.roots = Some(file_of(file, is_url)),
                _ => rest.push(option),
            }
        }
        let rest = format!("{head}{}", rest.join(&separator.to_string()));
        Ok((rest.trim_end_matches('?').to_owned(), encryption))
    }

    /// None, as on a socket.
    pub fn none() -> Self {
        Self {
            mode: Mode::Disable,
            roots: None,
        }
    }

    pub fn mode(&self) -> SslMode {
        match self.mode {
            Mode::Disable => SslMode::Disable,
            Mode::Prefer => SslMode::Prefer,
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
        }
    }

    /// What shakes hands with the server.
    ///
    /// # Errors
    /// Why the authorities' certificates cannot be used.
    pub fn connector(&self) -> Result<MakeRustlsConnect, String> {
        let provider = Arc::new(crypto::ring::default_provider());
        let verifier = Arc::new(Verifier {
            authorities: self.authorities(&provider)?,
            name: self.mode == Mode::VerifyFull,
            provider: Arc::clone(&provider),
        });
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(MakeRustlsConnect::new(config))
    }

    fn authorities(
        &self,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Option<Arc<WebPkiServerVerifier>>, String> {
        let is_asked = matches!(self.mode, Mode::VerifyCa | Mode::VerifyFull)
            // As libpq has it: who names an authority wants it asked.
            || (self.mode == Mode::Require && self.roots.is_some());
        if !is_asked {
            return Ok(None);
        }
        let roots = match &self.roots {
            Some(file) => of_file(file)?,
            None => of_system()?,
        };
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
            .build()
            .map(Some)
            .map_err(|error| error.to_string())
    }
}

impl Mode {
    fn of(word: &str) -> Result<Self, String> {
        Ok(match word.trim_matches('\'') {
            "disable" => Self::Disable,
            "allow" | "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => {
                return Err(
                    "sslmode is one of disable, prefer, require, verify-ca and verify-full"
                        .to_owned(),
                );
            }
        })
    }
}

fn file_of(value: &str, is_url: bool) -> PathBuf {
    if is_url {
        PathBuf::from(percent_decoded(value))
    } else {
        PathBuf::from(value.trim_matches('\''))
    }
}

/// RFC 3986; what is no `%` and two digits stays as it is.
fn percent_decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part
            .get(..2)
            .and_then(|code| u8::from_str_radix(code, 16).ok())
        {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend(&part.as_bytes()[2..]);
            }
            None => bytes.extend([b"%", part.as_bytes()].concat()),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn of_file(file: &Path) -> Result<RootCertStore, String> {
    let cause = |error: &dyn std::fmt::Display| format!("sslrootcert {}: {error}", file.display());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| cause(&error))? {
        let certificate = certificate.map_err(|error| cause(&error))?;
        roots.add(certificate).map_err(|error| cause(&error))?;
    }
    if roots.is_empty() {
        return Err(cause(&"it holds no certificate"));
    }
    Ok(roots)
}

fn of_system() -> Result<RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err(
            "this system has no certificates of authorities; name some with sslrootcert=FILE"
                .to_owned(),
        );
    }
    Ok(roots)
}

/// Believes a server as far as `sslmode` asks for it.
#[derive(Debug)]
struct Verifier {
    /// Whom to ask; nobody, if only the line is to be encrypted.
    authorities: Option<Arc<WebPkiServerVerifier>>,
    /// Whether the certificate must be made out to the server's name.
    name: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        server: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(authorities) = &self.authorities else {
            return Ok(ServerCertVerified::assertion());
        };
        match authorities.verify_server_cert(server, between, name, ocsp, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.name => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(url: &str) -> (String, Mode, Option<PathBuf>) {
        let (rest, encryption) = Encryption::take(url).unwrap();
        (rest, encryption.mode, encryption.roots)
    }

    #[test]
    fn what_the_client_does_not_know_is_taken_out_of_the_string() {
        for (url, rest, mode, roots) in [
            ("postgresql://h/db", "postgresql://h/db", Mode::Prefer, None),
            (
                "postgresql://h/db?sslmode=verify-full",
                "postgresql://h/db",
                Mode::VerifyFull,
                None,
            ),
            (
                "postgresql://h/db?connect_timeout=3&sslmode=require&sslrootcert=%2Fetc%2Fa%20b.pem",
                "postgresql://h/db?connect_timeout=3",
                Mode::Require,
                Some("/etc/a b.pem"),
            ),
            (
                "host=h sslmode=disable dbname=x",
                "host=h dbname=x",
                Mode::Disable,
                None,
            ),
            (
                "postgresql://h/db?sslrootcert=system",
                "postgresql://h/db",
                Mode::Prefer,
                None,
            ),
        ] {
            let expected = (rest.to_owned(), mode, roots.map(PathBuf::from));
            assert_eq!(taken(url), expected, "{url}");
        }
        let error = Encryption::take("postgresql://h/db?sslmode=s3cret").unwrap_err();
        assert!(!error.contains("s3cret"), "{error}");
    }
}
