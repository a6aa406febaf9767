//! What can go wrong with what a program carries inside.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::error::KnowsAdvice;

/// Why a part cannot be had.
#[derive(Debug, Error)]
pub enum BundleError {
    /// The program's own file is cut short or changed.
    #[error("what is packed into this program is damaged ({}): {source}", .program.display())]
    Damaged {
        /// The file.
        program: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
    /// This build carries no such part.
    #[error("{0} is not packed into this program")]
    NotPacked(String),
    /// It cannot be written to the home.
    #[error("cannot unpack into {}: {source}", .path.display())]
    Home {
        /// The folder.
        path: PathBuf,
        /// Bytes that are needed there.
        needed: u64,
        /// What the system said.
        source: io::Error,
    },
    /// It cannot be written to where it was wanted.
    #[error("cannot unpack: {0}")]
    Copy(io::Error),
    /// Something that cannot be packed.
    #[error("cannot pack {}: {source}", .path.display())]
    Pack {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl BundleError {
    /// For `map_err` on reading the program.
    pub(super) fn damaged(program: &Path) -> impl Fn(io::Error) -> Self {
        let program = program.to_owned();
        move |source| Self::Damaged {
            program: program.clone(),
            source,
        }
    }

    /// For `map_err` on packing.
    pub(super) fn pack(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Pack { path, source }
    }
}

impl KnowsAdvice for BundleError {
    fn advice(&self) -> Option<String> {
        match self {
            Self::Damaged { .. } => {
                Some("copy the program again, and compare its sha256 with the published one".into())
            }
            Self::Home { needed, .. } => Some(format!(
                "set MNEMO_HOME to a folder that can be written, with {} MB free",
                needed.div_ceil(1_000_000)
            )),
            Self::NotPacked(_) => Some("run scripts/setup".into()),
            Self::Copy(_) | Self::Pack { .. } => None,
        }
    }
}
