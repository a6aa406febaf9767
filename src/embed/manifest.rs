//! What is known about each model: `models/<id>/model.toml`, compiled in.
//!
//! A folder in `--models-dir` may carry a `model.toml` of its own, which then
//! describes the files beside it.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use super::files::{ModelFile, Record};
use super::precision::Precision;
use crate::names::ModelId;

/// The manifests that come with the program.
const BUILT_IN: &[(&str, &str)] = &[
    (
        "all-minilm-l6-v2",
        include_str!("../../models/all-minilm-l6-v2/model.toml"),
    ),
    (
        "nomic-embed-text-v1.5",
        include_str!("../../models/nomic-embed-text-v1.5/model.toml"),
    ),
    (
        "jina-embeddings-v2-base-code",
        include_str!("../../models/jina-embeddings-v2-base-code/model.toml"),
    ),
];

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
    /// How token vectors become one, whoever does it.
    pub pooling: Pooling,
    /// Whether the graph pools by itself; the graph must agree with what is said.
    pub pooled_in_graph: Option<bool>,
    /// What the graph must ask for.
    #[serde(default)]
    pub inputs: Vec<String>,
    /// Which of the graph's outputs is taken; its first if none is named.
    pub output: Option<String>,
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
    /// Where its files can be fetched from.
    pub hub: Option<Hub>,
}

/// A repository on the hub.
#[derive(Debug, Clone, Deserialize)]
pub struct Hub {
    /// Its owner and name, joined with a slash.
    pub repository: String,
    /// A branch or a commit.
    pub revision: String,
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
    /// A file of which nobody said what it should hold.
    #[error("nothing says what {path:?} should hold: it was not fetched by this program", path = path.display())]
    Unrecorded {
        /// The file.
        path: PathBuf,
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
        let folder = models.join(id.as_str());
        let invalid = |source| ManifestError::Invalid {
            id: id.to_string(),
            source,
        };
        let own = std::fs::read_to_string(folder.join("model.toml")).ok();
        let text = own.or_else(|| built_in(BUILT_IN, id.as_str()).map(str::to_owned));
        let text = text.ok_or_else(|| ManifestError::Unknown {
            id: id.to_string(),
            known: Self::known().collect::<Vec<_>>().join(", "),
        })?;
        let mut manifest: Self = toml::from_str(&text).map_err(invalid)?;
        manifest.complete(&Record::read(&folder));
        Ok(manifest)
    }

    /// The ids of the models that come with the program.
    pub fn known() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(id, _)| *id)
    }

    /// Takes from `record` what is not known of the files.
    fn complete(&mut self, record: &Record) {
        let int8 = self.int8.iter_mut().flat_map(|form| &mut form.files);
        for file in self.files.iter_mut().chain(int8) {
            record.complete(file);
        }
    }

    /// Of a model that a server runs and nothing else is known of.
    pub(super) fn of_served(id: &ModelId, dimensions: usize, max_tokens: usize) -> Self {
        Self {
            id: id.to_string(),
            dimensions,
            pooling: Pooling::Mean,
            pooled_in_graph: None,
            inputs: Vec::new(),
            output: None,
            normalize: true,
            max_tokens,
            document_prefix: String::new(),
            query_prefix: String::new(),
            precision: Precision::Fp32,
            graph: String::new(),
            files: Vec::new(),
            int8: None,
            hub: None,
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
        let hashes = self.files.iter().map(ModelFile::digest);
        std::iter::once(self.id.as_str())
            .chain(hashes)
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// The texts with known vectors, where they exist: in the model's `folder`,
    /// else with the program.
    #[must_use]
    pub fn reference(&self, folder: &Path) -> Option<Reference> {
        let own = std::fs::read_to_string(folder.join("reference.json")).ok();
        let text = own.or_else(|| built_in(REFERENCES, &self.id).map(str::to_owned))?;
        serde_json::from_str(&text).ok()
    }
}

fn built_in(table: &'static [(&str, &str)], id: &str) -> Option<&'static str> {
    table
        .iter()
        .find(|(name, _)| *name == id)
        .map(|(_, text)| *text)
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
            let reference = manifest.reference(Path::new("/nonexistent"));
            let texts = reference.map_or_else(Vec::new, |reference| reference.texts);
            assert!(
                texts
                    .iter()
                    .all(|text| text.vector.len() == manifest.dimensions)
            );
            assert!(manifest.hub.is_some() || !texts.is_empty());
        }
    }

    #[test]
    fn an_unknown_model_is_refused_with_the_known_ones() {
        let id = ModelId::new("no-such-model").unwrap();
        let error = Manifest::of(&id, Path::new("/nonexistent")).unwrap_err();
        assert!(error.to_string().contains("all-minilm-l6-v2"), "{error}");
    }
}
