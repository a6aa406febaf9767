//! Brings a model's files into its folder: from the hub, from a mirror, or
//! from another folder. The only room that reaches out for them.
//!
//! All is put together beside the models' folders and comes to its place in one
//! rename, so a model is there whole or not at all. What was begun stays for
//! the next try.

mod mirror;
mod remote;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::embed::{Manifest, ManifestError, ModelFile, Record, RecordedFile};
use crate::error::KnowsAdvice;
use crate::exit::Exit;
use crate::lock::LockFile;

/// Where files come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// The hub's repository in the manifest.
    Hub {
        /// Another address that speaks as the hub does.
        endpoint: Option<String>,
        /// What opens repositories that are not public.
        token: Option<String>,
    },
    /// A server with a folder for each model.
    Mirror(String),
    /// A folder on this machine.
    Folder(PathBuf),
}

/// One file on its way: its name, the bytes that are there, and how many it has.
pub type Tell<'a> = &'a mut dyn FnMut(&str, u64, u64);

/// Why a model could not be fetched.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The manifest names no repository.
    #[error("model {0:?} is not on the hub in the form that is used here")]
    NotOnHub(String),
    /// Another fetch of the same model.
    #[error("model {0:?} is being fetched by another process")]
    Busy(String),
    /// A file that is not where it should be.
    #[error("{0} is not there (404)")]
    Absent(String),
    /// A repository that wants another token, or one.
    #[error("{place} may not be read ({status})")]
    Denied {
        /// What was asked for.
        place: String,
        /// The status of the answer.
        status: u16,
    },
    /// Anything else on the way.
    #[error("{place} cannot be fetched: {cause}")]
    Broken {
        /// What was asked for.
        place: String,
        /// What was said.
        cause: String,
    },
    /// A file with another content than the sender's digest says.
    #[error("{file} has the digest {found}, where {expected} was announced")]
    Digest {
        /// Its name.
        file: String,
        /// Its digest.
        found: String,
        /// The sender's.
        expected: String,
    },
    /// A file of which nobody says what it should hold.
    #[error(
        "{0} cannot be checked: neither its manifest nor the mirror's SHA256SUMS names its digest"
    )]
    Unknown(String),
    /// A file that is not what the manifest says.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The disk.
    #[error("cannot write {path:?}", path = path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl KnowsAdvice for FetchError {
    fn advice(&self) -> Option<String> {
        let hint = match self {
            Self::NotOnHub(_) => "run scripts/setup, which makes it from pinned weights",
            Self::Busy(_) => "wait for it to end",
            Self::Absent(_) => "the repository may have moved; --mirror and --from are other ways",
            Self::Denied { .. } => "set HF_TOKEN to a token that may read the repository",
            Self::Broken { .. } => {
                "the same command goes on where this one ended; HF_ENDPOINT and HTTPS_PROXY are respected"
            }
            Self::Digest { .. } | Self::Manifest(_) => {
                "nothing was changed; try again, or take the files from elsewhere"
            }
            Self::Unknown(_) => "put a SHA256SUMS beside the files, or take them from a folder",
            Self::Disk { .. } => "name a folder that can be written with --models-dir",
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Absent(_) => Exit::NotFound,
            Self::Busy(_) => Exit::TryAgain,
            _ => Exit::Failure,
        }
    }
}

fn disk(path: &Path) -> impl FnOnce(io::Error) -> FetchError {
    let path = path.to_owned();
    move |source| FetchError::Disk { path, source }
}

/// Fetches what of the model is not in `folder` yet; gives the names of the
/// files that came.
///
/// # Errors
/// [`FetchError`]; the folder is then as it was.
pub fn fetch(
    manifest: &Manifest,
    folder: &Path,
    source: &Source,
    tell: Tell,
) -> Result<Vec<String>, FetchError> {
    let missing: Vec<_> = manifest
        .files
        .iter()
        .filter(|file| file.verify(folder).is_err())
        .collect();
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let stage = Stage::open(&manifest.id, folder)?;
    let from = match source {
        Source::Hub { endpoint, token } => {
            let hub = manifest.hub.as_ref();
            let hub = hub.ok_or_else(|| FetchError::NotOnHub(manifest.id.clone()))?;
            let remote = remote::Remote::open(hub, (endpoint, token), &stage.folder)?;
            for file in &missing {
                remote.fetch(file, &stage.files, tell)?;
            }
            format!("{} {}", hub.repository, hub.revision)
        }
        Source::Mirror(url) => {
            let mirror = mirror::Mirror::open(url, &manifest.id);
            mirror.fetch(&missing, &stage.files, tell)?;
            url.clone()
        }
        Source::Folder(from) => {
            for file in &missing {
                copied(file, from, &stage.files)?;
            }
            from.display().to_string()
        }
    };
    stage.finish(&missing, &from)?;
    Ok(missing.iter().map(|file| file.name.clone()).collect())
}

fn copied(file: &ModelFile, from: &Path, to: &Path) -> Result<(), FetchError> {
    let places = [from.join(&file.name), from.join(file.source())];
    let found = places.iter().find(|place| place.is_file());
    let found = found.ok_or_else(|| FetchError::Absent(places[0].display().to_string()))?;
    let target = to.join(&file.name);
    fs::copy(found, &target).map_err(disk(&target))?;
    Ok(())
}

/// Where a model is put together.
struct Stage {
    folder: PathBuf,
    files: PathBuf,
    target: PathBuf,
    _lock: LockFile,
}

impl Stage {
    fn open(id: &str, target: &Path) -> Result<Self, FetchError> {
        let models = target.parent().unwrap_or(target);
        let folder = models.join(format!(".fetch-{id}"));
        let files = folder.join("files");
        fs::create_dir_all(&files).map_err(disk(&files))?;
        let path = models.join(format!(".fetch-{id}.lock"));
        let lock = LockFile::open(&path).map_err(disk(&path))?;
        if !lock.try_take().map_err(disk(&path))? {
            return Err(FetchError::Busy(id.to_owned()));
        }
        Ok(Self {
            folder,
            files,
            target: target.to_owned(),
            _lock: lock,
        })
    }

    /// Checks what came, records it, and puts it where the model belongs.
    fn finish(self, came: &[&ModelFile], from: &str) -> Result<(), FetchError> {
        let mut record = Record::read(&self.target);
        from.clone_into(&mut record.from);
        for file in came {
            let path = self.files.join(&file.name);
            let found = RecordedFile::of(&path).map_err(disk(&path))?;
            if let Err(error) = known(file, &found).verify(&self.files) {
                let _ = fs::remove_file(&path);
                return Err(error.into());
            }
            let whole = File::open(&path).and_then(|file| file.sync_all());
            whole.map_err(disk(&path))?;
            record.files.insert(file.name.clone(), found);
        }
        record.write(&self.files).map_err(disk(&self.files))?;
        self.keep_others()?;
        self.swap().map_err(disk(&self.target))
    }

    /// What the folder holds besides, such as the model's other form.
    fn keep_others(&self) -> Result<(), FetchError> {
        let Ok(entries) = fs::read_dir(&self.target) else {
            return Ok(());
        };
        for entry in entries.filter_map(Result::ok) {
            let target = self.files.join(entry.file_name());
            if entry.path().is_file() && !target.exists() {
                fs::hard_link(entry.path(), &target)
                    .or_else(|_| fs::copy(entry.path(), &target).map(drop))
                    .map_err(disk(&target))?;
            }
        }
        Ok(())
    }

    fn swap(&self) -> io::Result<()> {
        if self.target.exists() {
            fs::rename(&self.target, self.folder.join("replaced"))?;
        }
        fs::rename(&self.files, &self.target)?;
        // The model is there; what is left over harms nobody.
        let _ = fs::remove_dir_all(&self.folder);
        Ok(())
    }
}

/// `file` with what was found for what nobody knew.
fn known(file: &ModelFile, found: &RecordedFile) -> ModelFile {
    let mut file = file.clone();
    file.sha256.get_or_insert_with(|| found.sha256.clone());
    file
}
