//! A shared library that stands in a file, or is packed into the program.

use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{MemfdFlags, memfd_create};

use super::{Bundle, BundleError};

/// Where a library is.
#[derive(Debug, Clone)]
pub enum Library {
    /// In this file.
    File(PathBuf),
    /// In the program.
    Packed {
        /// What it is packed in.
        bundle: Arc<Bundle>,
        /// The part, a folder.
        part: String,
        /// The library's file in it.
        file: String,
        /// Where the part goes if it cannot be loaded from memory.
        home: PathBuf,
    },
}

/// Something that the system's loader can be given.
#[derive(Debug)]
pub struct Loadable {
    /// The library's path; valid as long as this value.
    pub path: PathBuf,
    /// By the name they are known by, the libraries it needs that a system may
    /// lack, in the order in which they have to be loaded.
    pub companions: Vec<(&'static str, PathBuf)>,
    /// What paths below `/proc/self/fd` stand for.
    _held: Vec<File>,
}

/// The C++ library that ONNX Runtime is linked to, and what that one needs.
const COMPANIONS: [&str; 2] = ["libgcc_s.so.1", "libstdc++.so.6"];

impl Library {
    /// What stands for it in messages and wherever identity counts.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Packed { part, file, .. } => format!("{part}/{file}"),
        }
    }

    /// The library in memory, which leaves no file and needs no room on a disk.
    /// None where it stands in a file, or the system offers no such memory.
    ///
    /// # Errors
    /// [`BundleError`] if what is packed is damaged.
    pub fn in_memory(&self) -> Result<Option<Loadable>, BundleError> {
        let Self::Packed {
            bundle, part, file, ..
        } = self
        else {
            return Ok(None);
        };
        let Ok(mut library) = memory(file) else {
            return Ok(None);
        };
        bundle.copy(part, file, &mut library)?;
        let path = path_of(&library);
        let (mut held, mut companions) = (vec![library], Vec::new());
        for (name, part) in companions_in(bundle) {
            if let Ok(mut companion) = memory(name) {
                bundle.copy(part, name, &mut companion)?;
                companions.push((name, path_of(&companion)));
                held.push(companion);
            }
        }
        Ok(Some(Loadable {
            path,
            companions,
            _held: held,
        }))
    }

    /// The library in a file; unpacked if it is not.
    ///
    /// # Errors
    /// [`BundleError`] if it cannot be.
    pub fn on_disk(&self) -> Result<Loadable, BundleError> {
        match self {
            Self::File(path) => Ok(Loadable {
                path: path.clone(),
                companions: Vec::new(),
                _held: Vec::new(),
            }),
            Self::Packed {
                bundle,
                part,
                file,
                home,
            } => {
                let path = bundle.unpack(part, home)?.join(file);
                let mut companions = Vec::new();
                for (name, part) in companions_in(bundle) {
                    companions.push((name, bundle.unpack(part, home)?.join(name)));
                }
                Ok(Loadable {
                    path,
                    companions,
                    _held: Vec::new(),
                })
            }
        }
    }
}

fn companions_in(bundle: &Bundle) -> impl Iterator<Item = (&'static str, &str)> {
    let held = |name| Some((name, bundle.holder("runtime", name)?));
    COMPANIONS.into_iter().filter_map(held)
}

impl From<PathBuf> for Library {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

fn memory(name: &str) -> rustix::io::Result<File> {
    memfd_create(name, MemfdFlags::CLOEXEC).map(|file: OwnedFd| File::from(file))
}

fn path_of(memory: &File) -> PathBuf {
    Path::new("/proc/self/fd").join(memory.as_raw_fd().to_string())
}
