//! What can go wrong with the private cluster, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::super::StoreError;
use crate::error::KnowsAdvice;
use crate::exit::Exit;

/// Why the private cluster cannot be had.
#[derive(Debug, Error)]
pub enum ClusterError {
    /// No PostgreSQL with pgvector was found.
    #[error("no PostgreSQL with pgvector found{}", lacking(.without_vector))]
    NoBinaries {
        /// The folders with a PostgreSQL that lacks pgvector.
        without_vector: Vec<PathBuf>,
    },
    /// The folder that the user named holds no usable PostgreSQL.
    #[error("{} is not a PostgreSQL with pgvector: {reason}", .bin.display())]
    NotUsable {
        /// The folder as it was given.
        bin: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// The data folder was made by another major version.
    #[error("the data in {} was made by PostgreSQL {found}, but {}", .data.display(), only_has(.available))]
    OtherMajor {
        /// The data folder.
        data: PathBuf,
        /// The major version that made it.
        found: u32,
        /// The major versions that are installed with pgvector.
        available: Vec<u32>,
    },
    /// `initdb` did not end well.
    #[error("PostgreSQL could not create its data folder: {reason}")]
    Initdb {
        /// The last line that says why.
        reason: String,
    },
    /// The server did not come up.
    #[error("the private PostgreSQL did not start: {reason} (log: {})", .log.display())]
    Start {
        /// The last line of its log that says why.
        reason: String,
        /// The whole log.
        log: PathBuf,
    },
    /// The server did not go down in time.
    #[error("the private PostgreSQL (process {pid}) did not stop within {seconds} s")]
    Stop {
        /// Its process id.
        pid: i32,
        /// How long was waited.
        seconds: u64,
    },
    /// Another process holds the start lock for too long.
    #[error("another mnemo-index has been starting or stopping the database for {seconds} s")]
    Busy {
        /// How long was waited.
        seconds: u64,
    },
    /// PostgreSQL refuses to run as root, and no way around it works here.
    #[error("PostgreSQL does not run as root, and here it cannot run as another user: {reason}")]
    Root {
        /// What was tried last.
        reason: String,
    },
    /// A file or folder could not be used.
    #[error("cannot {action} {}: {cause}", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why it failed. Not a `source`: the message has its words.
        cause: io::Error,
    },
    /// The server runs but refused what was asked of it.
    #[error(transparent)]
    Store(#[from] Box<StoreError>),
}

impl KnowsAdvice for ClusterError {
    fn advice(&self) -> Option<String> {
        self.hint()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Store(error) => error.exit(),
            _ => Exit::Failure,
        }
    }
}

impl ClusterError {
    /// What the user can do, where we know it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoBinaries { .. } => {
                "run scripts/setup, install PostgreSQL with pgvector and set MNEMO_PG_BIN to its bin folder, \
                 or give a server of your own with --database-url"
            }
            Self::NotUsable { .. } => {
                "MNEMO_PG_BIN names the folder that holds postgres and initdb"
            }
            Self::OtherMajor { data, found, .. } => return Some(other_major_hint(data, *found)),
            Self::Initdb { reason } | Self::Start { reason, .. } if disk_is_full(reason) => {
                "free space on the disk that holds the data folder, or set MNEMO_HOME to another disk"
            }
            Self::Start { .. } => "the log says more; `mnemo-index db status` shows the state",
            Self::Busy { .. } => "look for a hanging mnemo-index process, or try again later",
            Self::Root { .. } => {
                "run as an ordinary user, or give a server of your own with --database-url"
            }
            Self::Io { cause, .. } => return io_hint(cause).map(str::to_owned),
            Self::Store(error) => return error.hint(),
            Self::Initdb { .. } | Self::Stop { .. } => return None,
        };
        Some(hint.to_owned())
    }

    /// For `map_err` on file operations.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self::Io {
            action,
            path,
            cause,
        }
    }
}

fn lacking(folders: &[PathBuf]) -> String {
    let shown: Vec<_> = folders.iter().map(|f| f.display().to_string()).collect();
    match shown.as_slice() {
        [] => String::new(),
        some => format!(" (no pgvector beside {})", some.join(", ")),
    }
}

fn only_has(available: &[u32]) -> String {
    let shown: Vec<_> = available.iter().map(u32::to_string).collect();
    match shown.as_slice() {
        [] => "none is installed with pgvector".to_owned(),
        some => format!("only {} is installed with pgvector", some.join(", ")),
    }
}

fn other_major_hint(data: &Path, found: u32) -> String {
    format!(
        "set MNEMO_PG_BIN to a PostgreSQL {found} with pgvector, or move {} away and index again",
        data.display()
    )
}

fn disk_is_full(reason: &str) -> bool {
    reason.contains("No space left on device")
}

fn io_hint(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        io::ErrorKind::StorageFull => {
            Some("free space on that disk, or set MNEMO_HOME to another disk")
        }
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::NotADirectory => Some("set MNEMO_HOME to a folder that you can write to"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named_as_what_to_mend() {
        let reason = "could not write to file: No space left on device".to_owned();
        let log = PathBuf::from("/home/me/log");
        for error in [
            ClusterError::Initdb {
                reason: reason.clone(),
            },
            ClusterError::Start { reason, log },
        ] {
            assert!(error.hint().unwrap().contains("free space"), "{error}");
        }
    }

    #[test]
    fn a_postgres_that_lacks_pgvector_is_pointed_at() {
        let without_vector = vec![PathBuf::from("/usr/lib/postgresql/15/bin")];
        let error = ClusterError::NoBinaries { without_vector };
        assert_eq!(
            error.to_string(),
            "no PostgreSQL with pgvector found (no pgvector beside /usr/lib/postgresql/15/bin)"
        );
    }
}
