//! The way to a server: its address without the password, and the connection.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use backon::{BlockingRetryable, ConstantBuilder};
use postgres::config::{Host, SslMode};
use postgres::error::SqlState;
use postgres::{Client, Config, NoTls};

use super::error::{StoreError, server_words};
use super::tls::Encryption;

/// How long each address of the server may take to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a statement waits for what another program has locked, in seconds.
pub(super) const LOCK_TIMEOUT: u64 = 5;

/// The same from the server's side: what a machine that died held, locks above
/// all, is free again after two minutes.
const PROBES: &str =
    "SET tcp_keepalives_idle = 60; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 6";

/// PostgreSQL cuts longer names off without a word.
const LONGEST_DATABASE_NAME: usize = 63;

/// A connection string that was understood. Its text, in messages and logs
/// alike, has no password.
#[derive(Clone)]
pub struct DatabaseUrl {
    config: Box<Config>,
    encryption: Encryption,
    /// As a client wants it, password included.
    secret: String,
}

/// A server on a unix socket.
pub(super) struct Socket<'a> {
    pub folder: &'a Path,
    pub port: u16,
    pub role: &'a str,
    pub database: &'a str,
}

impl DatabaseUrl {
    /// Understands a libpq URL or key-value string. The form with a driver's
    /// name (`postgresql+asyncpg://`) that MnemoLite's settings use is taken too.
    ///
    /// # Errors
    /// [`StoreError::Url`], without the text, which may hold a password.
    pub fn new(url: &str) -> Result<Self, StoreError> {
        let secret = without_driver(url.trim());
        let (plain, encryption) =
            Encryption::take(&secret).map_err(|reason| StoreError::Url { reason })?;
        let mut config: Config = plain.parse().map_err(|error| StoreError::Url {
            reason: parse_reason(&error),
        })?;
        config.ssl_mode(encryption.mode());
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(StoreError::Url {
                reason: "it names no host".to_owned(),
            });
        }
        Ok(Self {
            config: Box::new(config),
            encryption,
            secret,
        })
    }

    pub(super) fn of_socket(socket: &Socket<'_>) -> Self {
        let mut config = Config::new();
        config
            .host_path(socket.folder)
            .port(socket.port)
            .user(socket.role)
            .dbname(socket.database);
        let secret = format!(
            "postgresql://{}@{}:{}/{}",
            percent_encoded(socket.role),
            percent_encoded(&socket.folder.to_string_lossy()),
            socket.port,
            percent_encoded(socket.database),
        );
        Self {
            config: Box::new(config),
            encryption: Encryption::none(),
            secret,
        }
    }

    /// The string to hand to a client, password included: for `db url` only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.secret
    }

    /// The name of the database; PostgreSQL's default is the user's.
    #[must_use]
    pub fn database(&self) -> &str {
        self.config
            .get_dbname()
            .or_else(|| self.config.get_user())
            .unwrap_or("postgres")
    }

    /// Opens a connection.
    ///
    /// A server that is just starting or recovering, or has no place left, is
    /// waited for a little.
    pub(super) fn connect(&self) -> Result<Client, StoreError> {
        let attempts = ConstantBuilder::new()
            .with_delay(Duration::from_millis(200))
            .with_max_times(50);
        let mut config = self.config.clone();
        config.application_name("mnemo-index");
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        watch_over(&mut config);
        (|| self.connect_once(&config))
            .retry(attempts)
            .when(|error| matches!(error, StoreError::Starting { .. } | StoreError::Full { .. }))
            .call()
            .and_then(|mut client| {
                let session = format!("{PROBES}; SET lock_timeout = '{LOCK_TIMEOUT}s'");
                client
                    .batch_execute(&session)
                    .map_err(StoreError::sql("set up the session"))?;
                Ok(client)
            })
    }

    fn connect_once(&self, config: &Config) -> Result<Client, StoreError> {
        let is_local = |host: &Host| matches!(host, Host::Unix(_));
        // The client greets nobody by TLS whose name it does not know.
        let is_nameless = config.get_hosts().is_empty() && config.get_ssl_mode() == SslMode::Prefer;
        let connected = if is_nameless || config.get_hosts().iter().any(is_local) {
            // As libpq has it: nobody listens in on a socket of this machine.
            config.clone().ssl_mode(SslMode::Disable).connect(NoTls)
        } else {
            let connector = self.encryption.connector();
            config.connect(connector.map_err(|reason| self.not_encrypted(reason))?)
        };
        connected.map_err(|error| self.refusal(&error))
    }

    fn not_encrypted(&self, reason: String) -> StoreError {
        StoreError::NotEncrypted {
            server: self.clone(),
            reason,
        }
    }

    /// Opens a connection that reads and writes files.
    pub(super) fn connect_for_work(&self) -> Result<Client, StoreError> {
        let mut client = self.connect()?;
        // Plans are made while tables are empty and kept when they have grown:
        // without this the deletes of a first run come to scan whole tables.
        // Where a scan is the only way, its penalty must not call the compiler.
        client
            .batch_execute(
                "SET enable_seqscan = off; SET jit = off; SET client_min_messages = warning",
            )
            .map_err(StoreError::sql("set up the session"))?;
        Ok(client)
    }

    /// Whether a server is there, even one that refuses us.
    pub(super) fn answers(&self) -> bool {
        !matches!(
            self.connect_once(&self.config),
            Err(StoreError::ServerDown { .. })
        )
    }

    fn refusal(&self, error: &postgres::Error) -> StoreError {
        let server = self.clone();
        let reason = server_words(error);
        match error.code() {
            Some(&SqlState::CANNOT_CONNECT_NOW) => StoreError::Starting { server, reason },
            Some(&SqlState::TOO_MANY_CONNECTIONS) => StoreError::Full { server, reason },
            Some(&SqlState::INVALID_CATALOG_NAME) => StoreError::NoDatabase { server },
            Some(&SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
                StoreError::LoginRefused { server, reason }
            }
            // The client gives up by itself when it has no password to answer with.
            None if reason.starts_with("authentication error")
                || reason.starts_with("invalid configuration") =>
            {
                StoreError::LoginRefused { server, reason }
            }
            None if reason.starts_with("error performing TLS handshake") => {
                self.not_encrypted(reason)
            }
            Some(&SqlState::INSUFFICIENT_PRIVILEGE) => StoreError::Rights {
                action: "connect",
                reason,
            },
            _ => StoreError::ServerDown { server, reason },
        }
    }

    fn with_database(&self, database: &str) -> Self {
        let mut other = self.clone();
        other.config.dbname(database);
        other
    }
}

/// A server that vanishes says nothing: after two minutes in which it answers no
/// probe, or takes nothing that was sent, the connection counts as lost. What
/// the URL says of this stays.
fn watch_over(config: &mut Config) {
    if config.get_keepalives_idle() == Config::new().get_keepalives_idle() {
        config
            .keepalives_idle(Duration::from_mins(1))
            .keepalives_interval(Duration::from_secs(10))
            .keepalives_retries(6);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(Duration::from_mins(2));
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgresql://")?;
        if let Some(user) = self.config.get_user() {
            write!(f, "{user}@")?;
        }
        let ports = self.config.get_ports();
        for (index, host) in self.config.get_hosts().iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match host {
                Host::Tcp(name) => write!(f, "{comma}{name}")?,
                Host::Unix(folder) => write!(f, "{comma}{}", folder.display())?,
            }
            match ports.get(index).or_else(|| ports.first()) {
                Some(5432) | None => {}
                Some(port) => write!(f, ":{port}")?,
            }
        }
        write!(f, "/{}", self.database())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

/// Makes `name` on the server of `url` if it is not there; tells whether it was made.
///
/// # Errors
/// [`StoreError`] if the server cannot be reached or refuses.
pub fn create_database(url: &DatabaseUrl, name: &str) -> Result<bool, StoreError> {
    const ACTION: &str = "create the database";
    let quoted = quoted_name(name)?;
    let mut client = url.with_database("postgres").connect()?;
    let there = client
        .query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name])
        .map_err(StoreError::sql(ACTION))?;
    if there.is_some() {
        return Ok(false);
    }
    match client.batch_execute(&format!(
        "CREATE DATABASE {quoted} ENCODING 'UTF8' TEMPLATE template0"
    )) {
        Ok(()) => Ok(true),
        // Someone else was faster: by name, or already in the catalogue's index.
        Err(error) if is_duplicate(&error) => Ok(false),
        Err(error) => Err(StoreError::sql(ACTION)(error)),
    }
}

fn is_duplicate(error: &postgres::Error) -> bool {
    matches!(
        error.code(),
        Some(&SqlState::DUPLICATE_DATABASE | &SqlState::UNIQUE_VIOLATION)
    )
}

/// Whether a database can be called so.
///
/// # Errors
/// [`StoreError::DatabaseName`] with what is wrong.
pub fn check_database_name(name: &str) -> Result<(), StoreError> {
    quoted_name(name).map(drop)
}

fn quoted_name(name: &str) -> Result<String, StoreError> {
    let refused = |reason| StoreError::DatabaseName {
        name: name.to_owned(),
        reason,
    };
    if name.is_empty() {
        return Err(refused("it is empty"));
    }
    if name.len() > LONGEST_DATABASE_NAME {
        return Err(refused("it has more than 63 bytes"));
    }
    if name.chars().any(char::is_control) {
        return Err(refused("it holds a control character"));
    }
    Ok(format!("\"{}\"", name.replace('"', "\"\"")))
}

/// `postgresql+asyncpg://…` → `postgresql://…`.
fn without_driver(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => match scheme.split_once('+') {
            Some((plain, _driver)) => format!("{plain}://{rest}"),
            None => url.to_owned(),
        },
        None => url.to_owned(),
    }
}

/// The parser's own words only where they name one of its known options: any
/// other text may be a piece of a password.
fn parse_reason(error: &postgres::Error) -> String {
    let cause = std::error::Error::source(error)
        .map(ToString::to_string)
        .unwrap_or_default();
    if cause.starts_with("invalid value for option") {
        return cause;
    }
    "it is not a PostgreSQL connection string".to_owned()
}

/// RFC 3986: everything but unreserved characters.
fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let url = DatabaseUrl::new("postgresql://me:s3cret@db.example:5433/code").unwrap();
        assert_eq!(url.to_string(), "postgresql://me@db.example:5433/code");
        assert_eq!(
            format!("{url:?}"),
            "DatabaseUrl(postgresql://me@db.example:5433/code)"
        );
        assert!(url.expose().contains("s3cret"));
    }

    #[test]
    fn a_string_that_cannot_be_read_is_not_repeated() {
        for url in [
            "postgresql://me:s3cret@host:x/db",
            "s3cret",
            "host=h password=a s3cret",
            "postgresql://h/db?s3cret=1",
        ] {
            let error = DatabaseUrl::new(url).unwrap_err();
            assert!(!error.to_string().contains("s3cret"), "{error}");
            assert!(error.hint().is_some());
        }
    }

    #[test]
    fn the_drivers_name_of_other_tools_is_left_out() {
        let url = DatabaseUrl::new("postgresql+asyncpg://mnemo:x@db:5432/mnemolite").unwrap();
        assert_eq!(url.to_string(), "postgresql://mnemo@db/mnemolite");
    }

    #[test]
    fn a_socket_folder_travels_inside_the_url() {
        let url = DatabaseUrl::of_socket(&Socket {
            folder: Path::new("/home/o'b/a b/run"),
            port: 5432,
            role: "mnemo",
            database: "my db",
        });
        assert_eq!(
            url.expose(),
            "postgresql://mnemo@%2Fhome%2Fo%27b%2Fa%20b%2Frun:5432/my%20db"
        );
        let again = DatabaseUrl::new(url.expose()).unwrap();
        assert_eq!(
            again.to_string(),
            "postgresql://mnemo@/home/o'b/a b/run/my db"
        );
        assert_eq!(again.database(), "my db");
    }

    #[test]
    fn a_database_name_is_quoted_or_refused() {
        assert_eq!(quoted_name("a\"b").unwrap(), "\"a\"\"b\"");
        assert!(quoted_name("").is_err());
        assert!(quoted_name(&"x".repeat(64)).is_err());
        assert!(quoted_name("a\0b").is_err());
    }
}
