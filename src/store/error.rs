//! What can go wrong between us and the database, and what to do about it.

use postgres::error::SqlState;
use thiserror::Error;

use super::connect::DatabaseUrl;
use super::lock::Holder;
use super::models::{Role, StoredModel};
use crate::error::KnowsAdvice;
use crate::exit::Exit;

/// Why the store refused or failed.
///
/// No variant carries a password: servers are named by [`DatabaseUrl`], whose
/// text leaves it out.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The connection string cannot be read.
    #[error("the database URL cannot be read: {reason}")]
    Url {
        /// What is wrong with it, without its text.
        reason: String,
    },
    /// Nothing answers at the address.
    #[error("no PostgreSQL server answers at {server}: {reason}")]
    ServerDown {
        /// The address.
        server: DatabaseUrl,
        /// The system's own words.
        reason: String,
    },
    /// The server is there and not ready yet: it starts, stops or recovers.
    #[error("the PostgreSQL server at {server} takes no connections yet: {reason}")]
    Starting {
        /// The address.
        server: DatabaseUrl,
        /// The server's words.
        reason: String,
    },
    /// The connection could not be encrypted as `sslmode` asks for.
    #[error("no encrypted connection to {server}: {reason}")]
    NotEncrypted {
        /// The address.
        server: DatabaseUrl,
        /// What is missing.
        reason: String,
    },
    /// The server takes no more connections.
    #[error("the PostgreSQL server at {server} has no connection to spare: {reason}")]
    Full {
        /// The address.
        server: DatabaseUrl,
        /// The server's words.
        reason: String,
    },
    /// The server knows neither the user nor the password, or does not let them in from here.
    #[error("the PostgreSQL server at {server} refused the login: {reason}")]
    LoginRefused {
        /// The address.
        server: DatabaseUrl,
        /// The server's words.
        reason: String,
    },
    /// The server has no such database.
    #[error("the database does not exist: {server}")]
    NoDatabase {
        /// The address, with the database's name.
        server: DatabaseUrl,
    },
    /// Nothing was ever indexed into the database.
    #[error("the database holds no index: {server}")]
    NoIndex {
        /// The address, with the database's name.
        server: DatabaseUrl,
    },
    /// The index knows no such repository.
    #[error("the index holds no repository {name}")]
    NoRepository {
        /// The name as it was given.
        name: String,
        /// Those it knows.
        known: Vec<String>,
    },
    /// The server is older than what we need.
    #[error("the server is PostgreSQL {found}, and {needed} or newer is needed")]
    ServerTooOld {
        /// Its version.
        found: String,
        /// The oldest major version that will do.
        needed: u32,
    },
    /// pgvector is not there, or too old.
    #[error("the server has no usable pgvector: {reason}")]
    NoVector {
        /// What was found instead.
        reason: String,
    },
    /// The server has no index of the method that was asked for.
    #[error("the server has no vector index of the method {method}")]
    NoIndexMethod {
        /// Its name.
        method: &'static str,
    },
    /// The server does not have Citus, or this database does not use it.
    #[error("the tables cannot be distributed: {reason}")]
    NoCitus {
        /// What is missing.
        reason: &'static str,
    },
    /// The tables are MnemoLite's, and so are their keys.
    #[error("MnemoLite made this database, and its keys do not hold the repository")]
    OfMnemoLite,
    /// Something in the tables breaks Citus' rules.
    #[error("the tables cannot be distributed by repository: {}", .faults.join("; "))]
    NotDistributable {
        /// Each thing that does, in a sentence.
        faults: Vec<String>,
    },
    /// The user may not do what indexing needs.
    #[error("the database user lacks the right to {action}: {reason}")]
    Rights {
        /// What was tried.
        action: &'static str,
        /// The server's words.
        reason: String,
    },
    /// The vector column of a role has another width than its model.
    #[error(
        "the database stores {role} vectors of {stored} dimensions, but the model {model} makes {wanted}"
    )]
    OtherWidth {
        /// The role.
        role: Role,
        /// The column's width, in dimensions.
        stored: usize,
        /// The model's width, in dimensions.
        wanted: usize,
        /// The model's id.
        model: String,
    },
    /// The vectors of a role were made by another model.
    #[error("the {role} vectors of the database were made by {stored}, not by {wanted}")]
    OtherModel {
        /// The role.
        role: Role,
        /// The model that made what is stored.
        stored: StoredModel,
        /// The model of this run.
        wanted: StoredModel,
    },
    /// The database was set up by a newer mnemo-index.
    #[error(
        "the database has schema version {found}, newer than the {known} that this mnemo-index knows"
    )]
    SchemaTooNew {
        /// The version found.
        found: i32,
        /// The newest version we know.
        known: i32,
    },
    /// A migration could not be applied.
    #[error("the database could not be set up: {reason}")]
    Migration {
        /// What the server said.
        reason: String,
    },
    /// The server crashed, and with it went commits that it had not written yet.
    #[error("the server crashed and lost {missing} of the files that were written")]
    LostCommits {
        /// Files that should stand in the index and do not.
        missing: u64,
    },
    /// Another process keeps a lock that we need.
    #[error("another process has been changing the database's schema for {seconds} s")]
    Busy {
        /// How long was waited.
        seconds: u64,
    },
    /// Another run holds the repository, or the shard of it.
    #[error("{what} is being indexed by {}", told(.holder.as_ref()))]
    Locked {
        /// The repository or shard, with its name.
        what: String,
        /// Who; unknown if they left it while we asked.
        holder: Option<Holder>,
    },
    /// The repository is being indexed in another number of shards.
    #[error("the repository {repository} is being indexed in {found} shards, not in {wanted}")]
    OtherShards {
        /// Its name.
        repository: String,
        /// How many shards the others make.
        found: i32,
        /// How many this one does.
        wanted: i32,
    },
    /// Some shard has not come to its end, or was of another walk.
    #[error("the repository {repository} cannot be finished: {reason}")]
    Unfinished {
        /// Its name.
        repository: String,
        /// Which shards are missing or do not fit.
        reason: String,
    },
    /// No shard of the repository was ever indexed.
    #[error("no shard of the repository {repository} was indexed")]
    NoShards {
        /// Its name.
        repository: String,
    },
    /// The walk found so little that it may have been the wrong place.
    #[error("{gone} of the {stored} files in the index would be retired, more than half")]
    Shrinks {
        /// Files that the walk did not find.
        gone: i64,
        /// Files of the repository in the index.
        stored: i64,
    },
    /// The name cannot be a database's.
    #[error("{name:?} cannot name a database: {reason}")]
    DatabaseName {
        /// The name as it was given.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// What was to be stored is not whole.
    #[error("{path}: {reason}")]
    Unfit {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The server refused a statement, or the connection broke.
    #[error("{action}: {}", server_words(.cause))]
    Sql {
        /// What was tried.
        action: &'static str,
        /// What the server said. Not a `source`: the message has its words.
        cause: postgres::Error,
    },
}

impl KnowsAdvice for StoreError {
    fn advice(&self) -> Option<String> {
        self.hint()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Locked { .. } | Self::OtherShards { .. } | Self::Unfinished { .. } => {
                Exit::TryAgain
            }
            Self::DatabaseName { .. } => Exit::Usage,
            Self::NoIndex { .. } | Self::NoRepository { .. } | Self::NoShards { .. } => {
                Exit::NotFound
            }
            _ => Exit::Failure,
        }
    }
}

impl StoreError {
    /// What the user can do, where we know it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Url { .. } => "the form is postgresql://user:password@host:port/database",
            Self::ServerDown { .. } => {
                "start the server or correct --database-url; without it mnemo-index runs a private PostgreSQL"
            }
            Self::Starting { .. } => "try again when it has started",
            Self::NotEncrypted { .. } => {
                "verify-full wants a certificate for this host name from an authority in sslrootcert=FILE or the \
                 system's; sslmode=require only encrypts, disable does not"
            }
            Self::Full { .. } => {
                "raise max_connections or the role's limit on the server, or run fewer programs against it"
            }
            Self::LoginRefused { .. } => {
                "correct the user and password in --database-url or DATABASE_URL"
            }
            Self::NoDatabase { .. } => {
                "make it with `mnemo-index db create NAME`, or name another with --database-url"
            }
            Self::NoIndex { .. } => {
                "index something into it first, or name another with --database-url"
            }
            Self::NoRepository { known, .. } => return Some(known_ones(known)),
            Self::ServerTooOld { .. } => {
                "use a newer server, or leave out --database-url for the private one"
            }
            Self::NoVector { .. } => {
                "install pgvector 0.7 or newer on the server and let a superuser run: CREATE EXTENSION vector"
            }
            Self::NoIndexMethod { method } => return Some(index_hint(method)),
            Self::NoCitus { .. } => {
                "install Citus on every machine, load it with shared_preload_libraries, and let a superuser run: \
                 CREATE EXTENSION citus"
            }
            Self::OfMnemoLite => {
                "index into a database of its own: name one that mnemo-index made with --database-url"
            }
            Self::NotDistributable { .. } => "take away or change what was added to the tables",
            Self::Rights { .. } => {
                "grant CREATE on the database and its schema, or let a superuser set the database up once"
            }
            Self::OtherWidth { .. } | Self::OtherModel { .. } => {
                "one database holds one model per role: make another with `mnemo-index db create NAME` and name it \
                 with --database-url, or choose the stored model"
            }
            Self::SchemaTooNew { .. } => "use the newest mnemo-index on this database",
            Self::Busy { .. } => "try again when the other process has ended",
            Self::LostCommits { .. } => "run again: they are done again",
            Self::Locked { .. } => "try again when it has ended, or wait for it with --wait",
            Self::OtherShards { .. } => {
                "try again when they have ended; all of a walk's shards are of one number"
            }
            Self::Unfinished { .. } => {
                "run these shards, on the same commit with the same options, then finish again"
            }
            Self::NoShards { .. } => {
                "run `mnemo-index DIR --repository NAME --shard I/N` for each of N shards first"
            }
            Self::Shrinks { .. } => {
                "nothing was retired: is this the right directory, and is it mounted? If so, allow it with --allow-shrink"
            }
            Self::DatabaseName { .. } => "a name has 1 to 63 bytes and no control characters",
            Self::Sql { cause, .. } => return sql_hint(cause).map(str::to_owned),
            Self::Migration { .. } | Self::Unfit { .. } => return None,
        };
        Some(hint.to_owned())
    }

    /// What is at fault when a file could not be written.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::Unfit { .. } => Blame::File,
            Self::Sql { cause, .. } if blames_the_data(cause) => Blame::File,
            Self::Sql { cause, .. } if may_pass(cause) => Blame::Circumstances,
            _ => Blame::Database,
        }
    }

    /// Whether the same work may well succeed if it is tried again at once.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Sql { cause, .. } => may_pass(cause),
            _ => false,
        }
    }

    /// Whether another program keeps a lock on what is to be written.
    pub(super) fn is_blocked(&self) -> bool {
        matches!(self, Self::Sql { cause, .. } if cause.code() == Some(&SqlState::LOCK_NOT_AVAILABLE))
    }

    /// Whether the connection is gone, or could not be opened again.
    pub(super) fn is_lost(&self) -> bool {
        match self {
            Self::ServerDown { .. } | Self::Starting { .. } | Self::Full { .. } => true,
            Self::Sql { cause, .. } => lost_connection(cause),
            _ => false,
        }
    }

    /// For `map_err` on statements: names what was tried and tells a lack of
    /// rights from the rest.
    pub(super) fn sql(action: &'static str) -> impl Fn(postgres::Error) -> Self {
        move |cause| match cause.code() {
            Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Self::Rights {
                action,
                reason: server_words(&cause),
            },
            _ => Self::Sql { action, cause },
        }
    }
}

/// What is at fault when a file could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The file itself: the others are not touched by it.
    File,
    /// What else went on in the database: perhaps this file's bad luck, perhaps
    /// every file's.
    Circumstances,
    /// The database, and with it every file.
    Database,
}

/// Conflicts with others, and statements that someone or a limit stopped.
fn may_pass(error: &postgres::Error) -> bool {
    const PASSING: [SqlState; 2] = [SqlState::QUERY_CANCELED, SqlState::OUT_OF_MEMORY];
    error
        .code()
        .is_some_and(|state| state.code().starts_with("40") || PASSING.contains(state))
}

/// SQLSTATE class 08 is of connections; of class 57, these say that the server
/// stops, crashed, is not ready, or closed a session.
fn lost_connection(error: &postgres::Error) -> bool {
    const CLOSED_BY_SERVER: [&str; 5] = ["57P01", "57P02", "57P03", "57P05", "25P03"];
    if let Some(code) = error.code().map(SqlState::code) {
        return code.starts_with("08") || CLOSED_BY_SERVER.contains(&code);
    }
    let cause = std::error::Error::source(error);
    error.is_closed() || cause.is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
}

/// SQLSTATE classes that speak of the values sent: data exception, cardinality,
/// integrity constraint, program limit (a value too long for an index).
fn blames_the_data(error: &postgres::Error) -> bool {
    const OF_THE_DATA: [&str; 4] = ["21", "22", "23", "54"];
    let Some(state) = error.code() else {
        // Without a state the server never answered, or a value could not be
        // sent; after the latter the connection still stands.
        return !lost_connection(error);
    };
    OF_THE_DATA
        .iter()
        .any(|class| state.code().starts_with(class))
}

fn sql_hint(error: &postgres::Error) -> Option<&'static str> {
    match error.code() {
        Some(&SqlState::DISK_FULL) => Some("free space on the disk of the database server"),
        Some(&SqlState::TOO_MANY_CONNECTIONS) => {
            Some("raise max_connections on the server, or run fewer programs against it")
        }
        Some(&SqlState::LOCK_NOT_AVAILABLE) => {
            Some("another program holds a lock on the tables; pg_locks on the server says which")
        }
        Some(&SqlState::OUT_OF_MEMORY) => Some("give the database server more memory"),
        None if error.is_closed() => {
            Some("the connection was lost; run again, what was committed is whole")
        }
        _ => None,
    }
}

fn index_hint(method: &str) -> String {
    let from = match method {
        "diskann" => "let a superuser run: CREATE EXTENSION vectorscale CASCADE",
        "ybhnsw" => "it is YugabyteDB's, and comes with its CREATE EXTENSION vector",
        _ => "install pgvector 0.7 or newer",
    };
    format!("{from}; or choose another with --vector-index")
}

fn known_ones(known: &[String]) -> String {
    if known.is_empty() {
        return "it holds none yet".to_owned();
    }
    format!("it holds {}", known.join(", "))
}

fn told(holder: Option<&Holder>) -> String {
    match holder {
        Some(Holder { pid, host, since }) => format!("process {pid} on {host} since {since}"),
        None => "another run".to_owned(),
    }
}

/// What the server said, in one line; else the client's own words.
pub(super) fn server_words(error: &postgres::Error) -> String {
    if let Some(said) = error.as_db_error() {
        return match said.detail() {
            Some(detail) => format!("{} ({detail})", said.message()),
            None => said.message().to_owned(),
        };
    }
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
