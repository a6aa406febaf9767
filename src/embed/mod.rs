//! Turns texts into vectors: tokenizers, ONNX Runtime and what is known of the
//! models. The only room that knows either library. A little longer than a file
//! should be: the types at the door stand beside the one thing that makes them.

mod batch;
mod files;
mod manifest;
mod onnx;
mod pool;
mod precision;
mod provider;
mod served;
mod tokens;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use thiserror::Error;

use crate::bundle::Library;
use crate::chunk::{ChunkedFile, CountTokens};
use crate::error::KnowsAdvice;
use crate::heap;
use crate::memory;
use crate::names::ModelId;

pub use files::{ModelFile, Record, RecordedFile};
pub use manifest::{Fidelity, Hub, Manifest, ManifestError};
pub use onnx::{OnnxError, Runtime};
pub use precision::Precision;
pub use provider::Provider;
pub use served::{Key, MAX_BATCH, Served, ServerConfig, ServerError};
pub use tokens::{TextTokenizer, TokenizerError, Tokens};

/// One vector, as the model gave it, L2-normalised if its manifest says so.
/// Chunks of equal text share one.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding(Arc<[f32]>);

impl Embedding {
    /// Wraps `values`; their number is the model's dimensions.
    #[must_use]
    pub fn new(values: Vec<f32>) -> Self {
        Self(values.into())
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
    /// The server that runs it.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// Its vectors are not those that are known to be right.
    #[error("model {model} gives wrong vectors here: cosine {cosine} to its reference")]
    Reference {
        /// The model's id.
        model: String,
        /// The cosine between a vector and what it should be.
        cosine: f32,
    },
    /// Its tokenizer knows more words than the graph has vectors for.
    #[error(
        "model {model}'s tokenizer has {tokens} tokens, but its graph does not take the last of them: {cause}"
    )]
    Vocabulary {
        /// The model's id.
        model: String,
        /// Tokens of the tokenizer.
        tokens: usize,
        /// What ONNX Runtime said.
        cause: String,
    },
}

impl KnowsAdvice for EmbedError {
    fn advice(&self) -> Option<String> {
        let advice = match self {
            Self::Server(error) => error.advice(),
            Self::Onnx(OnnxError::Provider { provider, .. }) => Provider::advice(provider),
            Self::Onnx(OnnxError::Library { .. }) => {
                "run scripts/setup, or name the library with ORT_DYLIB_PATH"
            }
            _ => {
                "`mnemo-index models fetch ID` or scripts/setup gets it again; --models-dir names another folder"
            }
        };
        Some(advice.to_owned())
    }
}

impl EmbedError {
    /// Whether every other text would meet the same.
    #[must_use]
    pub fn meets_all(&self) -> bool {
        matches!(self, Self::Server(error) if error.meets_all())
    }
}

/// Tokens of a run that are not halved any more: a text of the largest window
/// takes as many alone.
const LEAST_BATCH_TOKENS: usize = 1_024;

/// The beginning of the names of files in the model's folder that say that its
/// vectors were checked here.
const CHECKED: &str = ".checked";

/// What it takes to open a model.
#[derive(Debug, Clone)]
pub struct ModelConfig {
    /// The model.
    pub id: ModelId,
    /// The folder of all models.
    pub models: PathBuf,
    /// ONNX Runtime's shared library.
    pub library: Library,
    /// Where inference runs.
    pub provider: Provider,
    /// The form of the model; its manifest's own if none is named.
    pub precision: Option<Precision>,
    /// The server that runs it, in place of all of the above but the id and
    /// the folder, where its tokenizer may be.
    pub server: Option<Arc<Served>>,
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
        if let Some(server) = &self.server {
            return self.served(server);
        }
        let manifest = Manifest::of(&self.id, &self.models)?;
        let precision = self.precision.unwrap_or(manifest.precision);
        Ok(manifest.at(precision)?)
    }

    /// What is known of the model that a server runs: here, if it is known
    /// here, else from the server.
    fn served(&self, server: &Served) -> Result<Manifest, EmbedError> {
        let Ok(mut known) = Manifest::of(&self.id, &self.models) else {
            let (window, _) = server.estimate();
            return Ok(Manifest::of_served(&self.id, server.width(), window));
        };
        if known.dimensions != server.width() {
            return Err(EmbedError::Server(ServerError::Width {
                id: known.id,
                found: server.width(),
                expected: known.dimensions,
            }));
        }
        known.max_tokens = known.max_tokens.min(server.reads());
        Ok(known)
    }

    /// Stands for the model and its form wherever identity counts.
    ///
    /// # Errors
    /// [`EmbedError::Manifest`] for a model that is not known.
    pub fn identity(&self) -> Result<String, EmbedError> {
        match &self.server {
            Some(server) => Ok(server.identity()),
            None => Ok(self.manifest()?.identity()),
        }
    }

    /// Where it runs, in the words of the summary.
    #[must_use]
    pub fn place(&self) -> &'static str {
        match &self.server {
            Some(_) => "server",
            None => self.provider.as_str(),
        }
    }

    /// The numbers it computes with, in the words of the summary.
    #[must_use]
    pub fn numbers(&self) -> &str {
        match &self.server {
            Some(server) => server.numbers(),
            None => self.computes_in().map_or("-", Precision::as_str),
        }
    }

    /// How many texts go to one embedding thread together.
    #[must_use]
    pub fn texts_per_job(&self) -> usize {
        match &self.server {
            Some(_) => MAX_BATCH,
            None => self.provider.texts_per_job(),
        }
    }

    /// In which numbers it computes: OpenVINO rounds those of fp32.
    ///
    /// # Errors
    /// [`EmbedError::Manifest`] for a model that is not known.
    pub fn computes_in(&self) -> Result<Precision, EmbedError> {
        match self.manifest()?.precision {
            Precision::Fp32 if matches!(self.provider, Provider::OpenVino { .. }) => {
                Ok(Precision::Bf16)
            }
            stored => Ok(stored),
        }
    }

    /// Its tokenizer, which needs no weights.
    ///
    /// # Errors
    /// [`EmbedError`] if the model is not known or its tokenizer is not there.
    pub fn tokenizer(&self) -> Result<TextTokenizer, EmbedError> {
        let manifest = self.manifest()?;
        let path = self.folder().join("tokenizer.json");
        let open = || TextTokenizer::open(&path, &manifest.document_prefix, manifest.max_tokens);
        match &self.server {
            None => Ok(open()?),
            Some(_) if path.exists() => Ok(open()?.for_a_server()),
            Some(server) => {
                let (window, bytes_per_token) = server.estimate();
                Ok(TextTokenizer::estimate(window, bytes_per_token))
            }
        }
    }
}

/// A model that is loaded and gives vectors. Any number of threads may share it.
pub struct Embedder {
    tokenizer: Arc<TextTokenizer>,
    engine: Engine,
    /// Of one run, padding counted; a device whose memory ends makes it less.
    batch_tokens: AtomicUsize,
    texts_per_job: usize,
    precision: Precision,
}

enum Engine {
    Onnx(Box<onnx::OnnxModel>),
    Served(Arc<Served>),
}

impl Embedder {
    /// Loads the model, or takes the server that runs it.
    ///
    /// # Errors
    /// [`EmbedError`] with what is wrong: ONNX Runtime, or the model.
    pub fn load(config: &ModelConfig, tokenizer: Arc<TextTokenizer>) -> Result<Self, EmbedError> {
        match &config.server {
            Some(server) => Ok(Self::served(Arc::clone(server), tokenizer)),
            None => Self::open(Runtime::load(&config.library)?, config, tokenizer),
        }
    }

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
            graph: &folder.join(&manifest.graph),
            manifest: &manifest,
            provider: config.provider,
        };
        let model = onnx::OnnxModel::open(runtime, onnx)?;
        let embedder = Self {
            tokenizer,
            engine: Engine::Onnx(Box::new(model)),
            batch_tokens: AtomicUsize::new(config.provider.batch_tokens()),
            texts_per_job: config.texts_per_job(),
            precision: config.computes_in()?,
        };
        embedder.check_once(&manifest, config)?;
        // The vocabulary's table is mapped from its file. Read page by page as
        // new words come, it would make memory grow with the number of files.
        memory::touch_mapped(&folder.join(format!("{}.data", manifest.graph)));
        Ok(embedder)
    }

    /// A model that a server runs; it was met already.
    #[must_use]
    fn served(server: Arc<Served>, tokenizer: Arc<TextTokenizer>) -> Self {
        Self {
            tokenizer,
            engine: Engine::Served(server),
            batch_tokens: AtomicUsize::new(usize::MAX),
            texts_per_job: MAX_BATCH,
            precision: Precision::Fp32,
        }
    }

    /// The model's tokenizer.
    #[must_use]
    pub fn tokenizer(&self) -> &TextTokenizer {
        &self.tokenizer
    }

    /// How many texts go to one embedding thread together.
    #[must_use]
    pub fn texts_per_job(&self) -> usize {
        self.texts_per_job
    }

    /// The vectors of `texts`, in their order. A text's vector does not depend
    /// on the others'. Where the memory of a device does not suffice for a run,
    /// this and all later runs are halved.
    ///
    /// # Errors
    /// [`EmbedError::Onnx`] with what ONNX Runtime said.
    pub fn embed(&self, texts: &[Tokens]) -> Result<Vec<Embedding>, EmbedError> {
        loop {
            let tokens = self.batch_tokens.load(Ordering::Relaxed);
            match self.embed_batched(texts, tokens) {
                Err(EmbedError::Onnx(error))
                    if error.is_out_of_memory() && tokens > LEAST_BATCH_TOKENS =>
                {
                    self.halve(tokens);
                }
                done => return done,
            }
        }
    }

    /// Another thread may have done it already.
    fn halve(&self, tokens: usize) {
        let half = (tokens / 2).max(LEAST_BATCH_TOKENS);
        let _ =
            self.batch_tokens
                .compare_exchange(tokens, half, Ordering::Relaxed, Ordering::Relaxed);
        tracing::warn!("the device has too little memory for {tokens} tokens a run: now {half}");
    }

    /// Like [`Embedder::embed`], with runs of at most `batch_tokens`, padding
    /// counted, where the provider's own measure is not wanted. A precision in
    /// which texts would change each other's vectors takes them one by one.
    ///
    /// # Errors
    /// [`EmbedError::Onnx`] with what ONNX Runtime said.
    pub fn embed_batched(
        &self,
        texts: &[Tokens],
        batch_tokens: usize,
    ) -> Result<Vec<Embedding>, EmbedError> {
        let model = match &self.engine {
            Engine::Onnx(model) => model,
            Engine::Served(server) => {
                let texts: Vec<&str> = texts.iter().map(Tokens::text).collect();
                return Ok(server.embed(&texts)?);
            }
        };
        let batch_tokens = if self.precision.mixes_texts() {
            1
        } else {
            batch_tokens
        };
        let mut vectors = Vec::with_capacity(texts.len());
        while vectors.len() < texts.len() {
            let rest = &texts[vectors.len()..];
            let run = &rest[..batch::take(rest, batch_tokens)];
            vectors.extend(model.run(run, false)?);
        }
        Ok(vectors)
    }

    /// The vector of a query, with what the model wants before one.
    ///
    /// # Errors
    /// [`EmbedError`] with what the tokenizer, ONNX Runtime or the server said.
    pub fn embed_query(&self, query: &str, manifest: &Manifest) -> Result<Embedding, EmbedError> {
        let tokenizer = self.tokenizer.with_prefix(&manifest.query_prefix);
        let mut vectors = self.embed(&[tokenizer.encode(&tokenizer.legible(query))?])?;
        Ok(vectors.swap_remove(0))
    }

    /// Gives memory that inference and the heaps hold but do not use back to the
    /// system.
    ///
    /// ONNX Runtime does so at the end of a run only, so this runs one token.
    ///
    /// # Errors
    /// [`EmbedError::Onnx`] with what ONNX Runtime said.
    pub fn shrink(&self) -> Result<(), EmbedError> {
        if let Engine::Onnx(model) = &self.engine {
            let token = self.tokenizer.encode("")?;
            model.run(&[token], true)?;
            heap::trim();
        }
        Ok(())
    }

    fn check_once(&self, manifest: &Manifest, config: &ModelConfig) -> Result<(), EmbedError> {
        let path = config.folder().join(format!(
            "{CHECKED}-{}-{}",
            config.provider.as_str(),
            self.precision.as_str()
        ));
        let library = config.library.name();
        let here = format!(
            "{} {library} {}\n",
            manifest.identity(),
            config.provider.as_str()
        );
        if std::fs::read_to_string(&path).is_ok_and(|checked| checked == here) {
            return Ok(());
        }
        self.check_vocabulary(&manifest.id)?;
        self.check(manifest, &config.folder())?;
        // In a folder that cannot be written the check runs every time.
        let _ = write_whole(&path, &here);
        Ok(())
    }

    /// A table's length cannot be asked for, but a row that is not there can.
    fn check_vocabulary(&self, model: &str) -> Result<(), EmbedError> {
        match self.embed(&[self.tokenizer.last_token()]) {
            Ok(_) => Ok(()),
            Err(error) => Err(EmbedError::Vocabulary {
                model: model.to_owned(),
                tokens: self.tokenizer.vocabulary(),
                cause: error.to_string(),
            }),
        }
    }

    fn check(&self, manifest: &Manifest, folder: &Path) -> Result<(), EmbedError> {
        let Some(reference) = manifest.reference(folder) else {
            return Ok(());
        };
        for known in &reference.texts {
            let tokens = self.tokenizer.encode(&known.text)?;
            let found = self.embed(&[tokens])?;
            let cosine = cosine(found[0].as_slice(), &known.vector);
            if cosine.is_nan() || cosine < self.precision.least_cosine() {
                return Err(EmbedError::Reference {
                    model: manifest.id.clone(),
                    cosine,
                });
            }
        }
        Ok(())
    }
}

/// Of vectors of any length; NaN if either holds one.
fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// Never leaves half a file behind, and never follows another run's.
fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let draft = path.with_extension(format!("{}", std::process::id()));
    std::fs::write(&draft, text)?;
    std::fs::rename(draft, path)
}
