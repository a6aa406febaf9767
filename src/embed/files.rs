//! The files of a model: what they should hold, and whether they do.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::manifest::ManifestError;

/// Beside a fetched model's files: what was checked when they came.
const RECORD: &str = "fetched.json";

/// One file of a model.
#[derive(Debug, Clone, Deserialize)]
pub struct ModelFile {
    /// Its name in the model's folder.
    pub name: String,
    /// Its path in the repository, if it has another there.
    pub source: Option<String>,
    /// Its size in bytes, if it is known beforehand.
    pub size: Option<u64>,
    /// SHA-256 of its bytes in hexadecimal, if it is known beforehand; else
    /// what was recorded when the file was fetched.
    pub sha256: Option<String>,
}

/// What came when a model was fetched, by the files' names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Where from: a repository with its revision, an address, or a folder.
    pub from: String,
    /// The files.
    pub files: BTreeMap<String, RecordedFile>,
}

/// What one file held when it was fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedFile {
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

impl Record {
    /// The one in `folder`; an empty one if there is none that can be read.
    #[must_use]
    pub fn read(folder: &Path) -> Self {
        let text = std::fs::read_to_string(folder.join(RECORD)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Writes it into `folder`.
    ///
    /// # Errors
    /// What the system said.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        std::fs::write(folder.join(RECORD), serde_json::to_vec_pretty(self)?)
    }

    /// Fills in what is not known of `file`.
    pub(super) fn complete(&self, file: &mut ModelFile) {
        if let (None, Some(recorded)) = (&file.sha256, self.files.get(&file.name)) {
            file.sha256 = Some(recorded.sha256.clone());
            file.size = Some(recorded.size);
        }
    }
}

impl RecordedFile {
    /// What the file at `path` holds.
    ///
    /// # Errors
    /// What the system said.
    pub fn of(path: &Path) -> io::Result<Self> {
        Ok(Self {
            size: std::fs::metadata(path)?.len(),
            sha256: sha256(path)?,
        })
    }
}

impl ModelFile {
    /// Its path in the repository it comes from.
    #[must_use]
    pub fn source(&self) -> &str {
        self.source.as_deref().unwrap_or(&self.name)
    }

    /// Stands for its content where identity counts.
    pub(super) fn digest(&self) -> &str {
        self.sha256.as_deref().unwrap_or("unrecorded")
    }

    /// Compares the file in `folder` with what is known of it.
    ///
    /// # Errors
    /// [`ManifestError`] with what is wrong.
    pub fn verify(&self, folder: &Path) -> Result<(), ManifestError> {
        let path = folder.join(&self.name);
        let missing = |source| ManifestError::Missing {
            path: path.clone(),
            source,
        };
        let found = std::fs::metadata(&path).map_err(missing)?.len();
        if let Some(expected) = self.size.filter(|size| *size != found) {
            return Err(ManifestError::Size {
                path,
                found,
                expected,
            });
        }
        let Some(expected) = self.sha256.clone() else {
            return Err(ManifestError::Unrecorded { path });
        };
        let found = sha256(&path).map_err(missing)?;
        if found != expected {
            return Err(ManifestError::Hash {
                path,
                found,
                expected,
            });
        }
        Ok(())
    }
}

fn sha256(path: &Path) -> io::Result<String> {
    let mut hasher = Sha256::new();
    io::copy(
        &mut BufReader::with_capacity(1 << 16, File::open(path)?),
        &mut hasher,
    )?;
    Ok(format!("{:x}", hasher.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_truncated_file_and_a_changed_one_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("weights"), "abc").unwrap();
        let file = |size, sha256: &str| ModelFile {
            name: "weights".to_owned(),
            source: None,
            size: Some(size),
            sha256: Some(sha256.to_owned()),
        };
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(file(3, abc).verify(folder.path()).is_ok());
        let truncated = file(4, abc).verify(folder.path());
        assert!(matches!(
            truncated,
            Err(ManifestError::Size {
                found: 3,
                expected: 4,
                ..
            })
        ));
        let changed = file(3, "00").verify(folder.path());
        assert!(matches!(changed, Err(ManifestError::Hash { .. })));
    }

    #[test]
    fn a_file_that_nobody_knows_is_refused_until_it_is_recorded() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("weights"), "abc").unwrap();
        let mut file = ModelFile {
            name: "weights".to_owned(),
            source: None,
            size: None,
            sha256: None,
        };
        let refused = file.verify(folder.path());
        assert!(matches!(refused, Err(ManifestError::Unrecorded { .. })));
        let mut record = Record::default();
        let recorded = RecordedFile::of(&folder.path().join("weights")).unwrap();
        record.files.insert("weights".to_owned(), recorded);
        record.write(folder.path()).unwrap();
        Record::read(folder.path()).complete(&mut file);
        assert!(file.verify(folder.path()).is_ok());
    }
}
