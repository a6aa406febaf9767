//! Turns texts into vectors: tokenizers, ONNX Runtime and what is known of the
//! models. The only room that knows either library.

mod batch;
mod manifest;
mod onnx;
mod pool;
mod provider;
mod tokens;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use crate::chunk::ChunkedFile;
use crate::names::ModelId;

use batch::Batch;
pub use manifest::{Manifest, ManifestError};
pub use onnx::{OnnxError, Runtime};
pub use provider::Provider;
pub use tokens::{TextTokenizer, TokenizerError, Tokens};

/// One vector, as the model gave it, L2-normalised if its manifest says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding(Vec<f32>);

impl Embedding {
    /// Wraps `values`; their number is the model's dimensions.
    #[must_use]
    pub fn new(values: Vec<f32>) -> Self {
        Self(values)
    }

    /// The components.
    #[must_use]
    pub fn as_slice(&self) -> &[f32] {
        &self.0
    }
}

/// The vectors of one chunk; a role that is turned off has none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RoleVectors {
    /// Of `Chunk::text_input`.
    pub text: Option<Embedding>,
    /// Of `Chunk::code_input`.
    pub code: Option<Embedding>,
}

/// A chunked file that has the vectors of every chunk: exists only whole.
#[derive(Debug, Clone)]
pub struct EmbeddedFile {
    /// The file and its chunks.
    pub file: ChunkedFile,
    /// One entry for each of `file.chunks`, in their order.
    pub vectors: Vec<RoleVectors>,
}

/// One thing for each of the two roles; nothing for a role that is turned off.
#[derive(Debug, Clone)]
pub struct Roles<T> {
    /// Name path, signature, doc comment.
    pub text: Option<T>,
    /// The source.
    pub code: Option<T>,
}

/// Why a model could not be opened or used.
#[derive(Debug, Error)]
pub enum EmbedError {
    /// Its manifest or files.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Its tokenizer.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// ONNX Runtime, or its graph.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// Its vectors are not those that are known to be right.
    #[error("model {model} gives wrong vectors here: off by {difference:.1e} from its reference")]
    Reference {
        /// The model's id.
        model: String,
        /// The largest difference in any component.
        difference: f32,
    },
}

/// The largest difference to a reference vector, in any component of vectors
/// of length 1, that another build of ONNX Runtime or another CPU may cause.
const REFERENCE_TOLERANCE: f32 = 1e-4;

/// A file in the model's folder that says its vectors were checked here.
const CHECKED: &str = ".checked";

/// What it takes to open a model.
#[derive(Debug, Clone)]
pub struct ModelConfig {
    /// The model.
    pub id: ModelId,
    /// The folder of all models.
    pub models: PathBuf,
    /// ONNX Runtime's shared library.
    pub library: PathBuf,
    /// Where inference runs.
    pub provider: Provider,
}

impl ModelConfig {
    /// The model's own folder.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.models.join(self.id.as_str())
    }

    /// Its manifest.
    ///
    /// # Errors
    /// [`EmbedError::Manifest`] for a model that is not known.
    pub fn manifest(&self) -> Result<Manifest, EmbedError> {
        Ok(Manifest::of(&self.id, &self.models)?)
    }

    /// Its tokenizer, which needs no weights.
    ///
    /// # Errors
    /// [`EmbedError`] if the model is not known or its tokenizer is not there.
    pub fn tokenizer(&self) -> Result<TextTokenizer, EmbedError> {
        let manifest = self.manifest()?;
        let path = self.folder().join("tokenizer.json");
        Ok(TextTokenizer::open(
            &path,
            &manifest.document_prefix,
            manifest.max_tokens,
        )?)
    }
}

/// A model that is loaded and gives vectors. Any number of threads may share it.
pub struct Embedder {
    tokenizer: Arc<TextTokenizer>,
    model: onnx::OnnxModel,
    batch_tokens: usize,
}

impl Embedder {
    /// Checks the model's files, loads it, and compares its vectors with the
    /// reference the first time it is used on this machine.
    ///
    /// # Errors
    /// [`EmbedError`] with what is wrong.
    pub fn open(
        runtime: Runtime,
        config: &ModelConfig,
        tokenizer: Arc<TextTokenizer>,
    ) -> Result<Self, EmbedError> {
        let manifest = config.manifest()?;
        let folder = config.folder();
        manifest.verify(&folder)?;
        let onnx = onnx::OnnxConfig {
            graph: &folder.join("model.onnx"),
            manifest: &manifest,
            provider: config.provider,
        };
        let model = onnx::OnnxModel::open(runtime, onnx)?;
        let batch_tokens = config.provider.batch_tokens();
        let embedder = Self {
            tokenizer,
            model,
            batch_tokens,
        };
        embedder.check_once(&manifest, config)?;
        Ok(embedder)
    }

    /// The model's tokenizer.
    #[must_use]
    pub fn tokenizer(&self) -> &TextTokenizer {
        &self.tokenizer
    }

    /// The vectors of `texts`, in their order. A text's vector does not depend
    /// on the others'.
    ///
    /// # Errors
    /// [`EmbedError::Onnx`] with what ONNX Runtime said.
    pub fn embed(&self, texts: &[Tokens]) -> Result<Vec<Embedding>, EmbedError> {
        self.embed_batched(texts, self.batch_tokens)
    }

    /// Like [`Embedder::embed`], with runs of at most `batch_tokens`, padding
    /// counted, where the provider's own measure is not wanted.
    ///
    /// # Errors
    /// [`EmbedError::Onnx`] with what ONNX Runtime said.
    pub fn embed_batched(
        &self,
        texts: &[Tokens],
        batch_tokens: usize,
    ) -> Result<Vec<Embedding>, EmbedError> {
        let mut vectors = Vec::with_capacity(texts.len());
        while vectors.len() < texts.len() {
            let rest = &texts[vectors.len()..];
            let run = &rest[..batch::take(rest, batch_tokens)];
            vectors.extend(self.model.run(&Batch::new(run), false)?);
        }
        Ok(vectors)
    }

    /// Gives memory that inference holds but does not use back to the system.
    ///
    /// ONNX Runtime does so at the end of a run only, so this runs one token.
    ///
    /// # Errors
    /// [`EmbedError::Onnx`] with what ONNX Runtime said.
    pub fn shrink(&self) -> Result<(), EmbedError> {
        let token = self.tokenizer.encode("")?;
        self.model.run(&Batch::new(&[token]), true)?;
        Ok(())
    }

    fn check_once(&self, manifest: &Manifest, config: &ModelConfig) -> Result<(), EmbedError> {
        let path = config.folder().join(CHECKED);
        let library = config.library.display();
        let here = format!(
            "{} {library} {}\n",
            manifest.identity(),
            config.provider.as_str()
        );
        if std::fs::read_to_string(&path).is_ok_and(|checked| checked == here) {
            return Ok(());
        }
        self.check(manifest)?;
        // In a folder that cannot be written the check runs every time.
        let _ = write_whole(&path, &here);
        Ok(())
    }

    fn check(&self, manifest: &Manifest) -> Result<(), EmbedError> {
        let Some(reference) = manifest.reference() else {
            return Ok(());
        };
        for known in &reference.texts {
            let tokens = self.tokenizer.encode(&known.text)?;
            let found = self.embed(&[tokens])?;
            let difference = largest_difference(found[0].as_slice(), &known.vector);
            if difference.is_nan() || difference > REFERENCE_TOLERANCE {
                return Err(EmbedError::Reference {
                    model: manifest.id.clone(),
                    difference,
                });
            }
        }
        Ok(())
    }
}

/// NaN if either holds one.
fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, |most, next| {
        if next > most || next.is_nan() {
            next
        } else {
            most
        }
    })
}

/// Never leaves half a file behind, and never follows another run's.
fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let draft = path.with_extension(format!("{}", std::process::id()));
    std::fs::write(&draft, text)?;
    std::fs::rename(draft, path)
}
