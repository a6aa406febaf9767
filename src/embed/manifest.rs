//! What is known about each model: `models/<id>/model.toml`, compiled in.
//!
//! A folder in `--models-dir` may carry a `model.toml` of its own, which then
//! describes the files beside it.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::precision::Precision;
use crate::names::ModelId;

/// The manifests that come with the program.
const BUILT_IN: &[(&str, &str)] = &[(
    "all-minilm-l6-v2",
    include_str!("../../models/all-minilm-l6-v2/model.toml"),
)];

/// Vectors that another implementation computed, by model.
const REFERENCES: &[(&str, &str)] = &[(
    "all-minilm-l6-v2",
    include_str!("../../models/all-minilm-l6-v2/reference.json"),
)];

/// Facts about a model.
#[derive(Debug, Clone, Deserialize)]
pub struct Manifest {
    /// The model's id, the name of its folder.
    pub id: String,
    /// Width of its vectors.
    pub dimensions: usize,
    /// How token vectors become one; asked for only where the graph does not pool.
    pub pooling: Pooling,
    /// Whether vectors are brought to length 1.
    pub normalize: bool,
    /// Tokens it reads at once, special tokens included.
    pub max_tokens: usize,
    /// What stands before a text that is stored.
    #[serde(default)]
    pub document_prefix: String,
    /// What stands before a query.
    #[serde(default)]
    pub query_prefix: String,
    /// The form that is used unless another is asked for.
    #[serde(default)]
    pub precision: Precision,
    /// The file of the graph.
    #[serde(default = "fp32_graph")]
    pub graph: String,
    /// The files that are used, checked before they are.
    pub files: Vec<ModelFile>,
    /// The model in eight bits, where there is one.
    pub int8: Option<Int8Form>,
}

fn fp32_graph() -> String {
    "model.onnx".to_owned()
}

/// The same model with weights in eight bits.
#[derive(Debug, Clone, Deserialize)]
pub struct Int8Form {
    /// The file of its graph.
    pub graph: String,
    /// Graph and weights, which stand for those of fp32.
    pub files: Vec<ModelFile>,
    /// How near its vectors are to those of fp32.
    pub fidelity: Option<Fidelity>,
}

/// How near vectors are to those of fp32, over real chunks.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Fidelity {
    /// Mean cosine between a text's two vectors.
    pub mean_cosine: f32,
    /// The least of them.
    pub min_cosine: f32,
    /// Share of the ten nearest neighbours that stay among the ten nearest.
    pub top10_overlap: f32,
    /// How many chunks were compared.
    pub chunks: u32,
}

/// How the vectors of the tokens become the vector of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// The mean over the tokens that are not padding.
    Mean,
    /// The vector of the first token.
    Cls,
}

/// One file of a model.
#[derive(Debug, Clone, Deserialize)]
pub struct ModelFile {
    /// Its name in the model's folder.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// Texts with the vectors that a correct installation gives for them.
#[derive(Debug, Deserialize)]
pub struct Reference {
    /// The pairs.
    pub texts: Vec<ReferenceText>,
}

/// One text and its vector.
#[derive(Debug, Deserialize)]
pub struct ReferenceText {
    /// The text, which may be longer than the model's window.
    pub text: String,
    /// Its normalised vector.
    pub vector: Vec<f32>,
}

/// Why a model cannot be used.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// No manifest of this name is known.
    #[error("unknown model {id:?}; known are: {known}")]
    Unknown {
        /// The id as it was given.
        id: String,
        /// The ids that exist, joined with commas.
        known: String,
    },
    /// A form that the model does not have.
    #[error("model {id:?} has no {} form", precision.as_str())]
    NoForm {
        /// The model.
        id: String,
        /// What was asked for.
        precision: Precision,
    },
    /// A manifest that cannot be read.
    #[error("the manifest of model {id:?} is not valid")]
    Invalid {
        /// The model.
        id: String,
        /// What is wrong with it.
        #[source]
        source: toml::de::Error,
    },
    /// A file that cannot be opened or read.
    #[error("the model's file {path:?} cannot be read", path = path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file of another size.
    #[error("{path:?} has {found} bytes instead of {expected}: it is truncated or another file", path = path.display())]
    Size {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        found: u64,
        /// The manifest's size in bytes.
        expected: u64,
    },
    /// A file with another content.
    #[error("{path:?} has sha256 {found} instead of {expected}", path = path.display())]
    Hash {
        /// The file.
        path: PathBuf,
        /// Its hash.
        found: String,
        /// The manifest's hash.
        expected: String,
    },
}

impl Manifest {
    /// The manifest of `id`: the one in its folder below `models`, else the one
    /// that comes with the program.
    ///
    /// # Errors
    /// [`ManifestError`] if there is none, or it cannot be read.
    pub fn of(id: &ModelId, models: &Path) -> Result<Self, ManifestError> {
        let own = models.join(id.as_str()).join("model.toml");
        let invalid = |source| ManifestError::Invalid {
            id: id.to_string(),
            source,
        };
        if let Ok(text) = std::fs::read_to_string(own) {
            return toml::from_str(&text).map_err(invalid);
        }
        let text = built_in(BUILT_IN, id.as_str()).ok_or_else(|| ManifestError::Unknown {
            id: id.to_string(),
            known: BUILT_IN
                .iter()
                .map(|(id, _)| *id)
                .collect::<Vec<_>>()
                .join(", "),
        })?;
        toml::from_str(text).map_err(invalid)
    }

    /// Of a model that a server runs and nothing else is known of.
    pub(super) fn of_served(id: &ModelId, dimensions: usize, max_tokens: usize) -> Self {
        Self {
            id: id.to_string(),
            dimensions,
            pooling: Pooling::Mean,
            normalize: true,
            max_tokens,
            document_prefix: String::new(),
            query_prefix: String::new(),
            precision: Precision::Fp32,
            graph: String::new(),
            files: Vec::new(),
            int8: None,
        }
    }

    /// The manifest of the form in `precision`: its graph, and its files.
    ///
    /// # Errors
    /// [`ManifestError::NoForm`] if there is none.
    pub fn at(mut self, precision: Precision) -> Result<Self, ManifestError> {
        if precision == Precision::Int8 {
            let Some(form) = self.int8.clone() else {
                return Err(ManifestError::NoForm {
                    id: self.id,
                    precision,
                });
            };
            let of_fp32 = std::mem::replace(&mut self.graph, form.graph);
            self.files.retain(|file| !file.name.starts_with(&of_fp32));
            self.files.extend(form.files);
        }
        self.precision = precision;
        Ok(self)
    }

    /// Checks size and hash of every file in `folder`.
    ///
    /// # Errors
    /// [`ManifestError`] for the first file that is not what it should be.
    pub fn verify(&self, folder: &Path) -> Result<(), ManifestError> {
        self.files.iter().try_for_each(|file| file.verify(folder))
    }

    /// Stands for the model and its files wherever identity counts.
    #[must_use]
    pub fn identity(&self) -> String {
        let hashes = self.files.iter().map(|file| file.sha256.as_str());
        std::iter::once(self.id.as_str())
            .chain(hashes)
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// The texts with known vectors, where they exist.
    #[must_use]
    pub fn reference(&self) -> Option<Reference> {
        let text = built_in(REFERENCES, &self.id)?;
        serde_json::from_str(text).ok()
    }
}

impl ModelFile {
    fn verify(&self, folder: &Path) -> Result<(), ManifestError> {
        let path = folder.join(&self.name);
        let missing = |source| ManifestError::Missing {
            path: path.clone(),
            source,
        };
        let found = std::fs::metadata(&path).map_err(missing)?.len();
        if found != self.size {
            return Err(ManifestError::Size {
                path,
                found,
                expected: self.size,
            });
        }
        let found = sha256(&path).map_err(missing)?;
        if found != self.sha256 {
            return Err(ManifestError::Hash {
                path,
                found,
                expected: self.sha256.clone(),
            });
        }
        Ok(())
    }
}

fn built_in(table: &'static [(&str, &str)], id: &str) -> Option<&'static str> {
    table
        .iter()
        .find(|(name, _)| *name == id)
        .map(|(_, text)| *text)
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
    fn every_manifest_that_comes_with_the_program_is_whole() {
        for (id, _) in BUILT_IN {
            let id = ModelId::new(id).unwrap();
            let manifest = Manifest::of(&id, Path::new("/nonexistent")).unwrap();
            assert_eq!(manifest.id, id.as_str());
            let reference = manifest.reference().unwrap();
            assert!(
                reference
                    .texts
                    .iter()
                    .all(|text| text.vector.len() == manifest.dimensions)
            );
        }
    }

    #[test]
    fn an_unknown_model_is_refused_with_the_known_ones() {
        let id = ModelId::new("no-such-model").unwrap();
        let error = Manifest::of(&id, Path::new("/nonexistent")).unwrap_err();
        assert!(error.to_string().contains("all-minilm-l6-v2"), "{error}");
    }

    #[test]
    fn a_truncated_file_and_a_changed_one_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("weights"), "abc").unwrap();
        let file = |size, sha256: &str| ModelFile {
            name: "weights".to_owned(),
            size,
            sha256: sha256.to_owned(),
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
}
