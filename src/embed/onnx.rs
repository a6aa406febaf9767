//! One ONNX Runtime session, shared by all threads.
//!
//! ONNX Runtime documents `Run` as safe to call from several threads on one
//! session, which halves the memory of a session for each thread at the same
//! speed and with equal vectors. `ort` asks for `&mut Session` all the same,
//! because some execution providers break that promise. So the call itself is
//! made here, for the CPU provider without a lock and for others under one.
#![allow(
    unsafe_code,
    reason = "a call that no crate offers: Run on a shared session"
)]

use std::ffi::{CString, c_char};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ndarray::{ArrayView1, ArrayView2, ArrayView3, Axis};
use ort::AsPointer;
use ort::environment::{Environment, EnvironmentBuilder};
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{RunOptions, Session};
use ort::util::preload_dylib;
use ort::value::{Outlet, TensorRef, TensorRefMut, ValueType};
use thiserror::Error;

use super::Embedding;
use super::batch::Batch;
use super::manifest::{Manifest, Pooling};
use super::pool::{normalize, pool};
use super::provider::Provider;
use super::tokens::Tokens;
use crate::bundle::{Library, Loadable};
use crate::heap;

/// Why ONNX Runtime could not be used.
#[derive(Debug, Error)]
pub enum OnnxError {
    /// The shared library is missing or of another kind.
    #[error("ONNX Runtime cannot be loaded from {library:?}: {cause}")]
    Library {
        /// Where it was looked for.
        library: String,
        /// What the loader said.
        cause: String,
    },
    /// The provider that was named is not there.
    #[error("the {provider} provider cannot run here")]
    Provider {
        /// Its name.
        provider: &'static str,
        /// What ONNX Runtime said.
        #[source]
        source: ort::Error,
    },
    /// The graph is not what the manifest says.
    #[error("the model's graph does not fit its manifest: {0}")]
    Graph(String),
    /// Anything else that ONNX Runtime refused.
    #[error(transparent)]
    Runtime(#[from] ort::Error),
}

impl OnnxError {
    /// Whether a device had too little memory for a run, by the words that ONNX
    /// Runtime 1.31 has for it: it has no code of its own for that. They are of
    /// its arena, of the arena's limit, of CUDA and of cuBLAS.
    pub(super) fn is_out_of_memory(&self) -> bool {
        let Self::Runtime(error) = self else {
            return false;
        };
        lacks_memory(error.message())
    }
}

fn lacks_memory(message: &str) -> bool {
    [
        "Failed to allocate memory",
        "smaller than requested bytes",
        "out of memory",
        "CUBLAS_STATUS_ALLOC_FAILED",
    ]
    .iter()
    .any(|words| message.contains(words))
}

/// `ort` allows one environment in the life of a process.
static ENVIRONMENT: Mutex<Option<&Environment>> = Mutex::new(None);

/// The library, loaded; sessions are made from it.
#[derive(Clone, Copy)]
pub struct Runtime {
    environment: &'static Environment,
}

impl Runtime {
    /// Loads the shared library; one that is loaded already stays.
    ///
    /// # Errors
    /// [`OnnxError::Library`] if it is missing or too old.
    pub fn load(library: &Library) -> Result<Self, OnnxError> {
        let mut loaded = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(environment) = *loaded {
            return Ok(Self { environment });
        }
        heap::settle();
        let environment: &'static Environment = Box::leak(Box::new(environment(library)?));
        *loaded = Some(environment);
        Ok(Self { environment })
    }
}

/// From so many tokens of one text the attention of a run, which grows with
/// their square, takes more than the rest of it: what such a run took is given
/// back at its end, on a processor. See `docs/memory.md`.
const LARGE_RUN: usize = 512;

fn environment(library: &Library) -> Result<Environment, OnnxError> {
    let refused = |error: &dyn std::error::Error| OnnxError::Library {
        library: library.name(),
        cause: chain(error),
    };
    let in_memory = library.in_memory().map_err(|error| refused(&error))?;
    // A system may forbid to run code that comes from no file.
    let builder = if let Some(Ok(builder)) = in_memory.as_ref().map(init) {
        builder
    } else {
        let on_disk = library.on_disk().map_err(|error| refused(&error))?;
        init(&on_disk).map_err(|error| refused(&error))?
    };
    let builder = builder.with_name("mnemo-index").with_telemetry(false);
    builder.build().map_err(|error| refused(&error))
}

fn init(library: &Loadable) -> Result<EnvironmentBuilder, ort::LoadDynamicError> {
    for (name, ours) in &library.companions {
        // The system's own first: other libraries here may be linked to it, too.
        // What cannot be loaded is told by the library that misses it.
        if preload_dylib(*name).is_err() {
            let _ = preload_dylib(ours);
        }
    }
    ort::init_from(&library.path)
}

/// What [`OnnxModel::open`] needs besides the library.
#[derive(Clone, Copy)]
pub struct OnnxConfig<'a> {
    /// The graph.
    pub graph: &'a Path,
    /// What the graph should be.
    pub manifest: &'a Manifest,
    /// Where it runs.
    pub provider: Provider,
}

/// A loaded model.
pub struct OnnxModel {
    session: Session,
    inputs: Vec<CString>,
    output: CString,
    /// Texts × tokens × dimensions, to be pooled here; else texts × dimensions.
    unpooled: bool,
    dimensions: usize,
    pooling: Pooling,
    normalize: bool,
    /// Tokens of the longest text that it reads.
    window: usize,
    provider: Provider,
    turn: Mutex<()>,
}

impl OnnxModel {
    /// Loads the graph and compares it with the manifest.
    ///
    /// # Errors
    /// [`OnnxError`] if the provider cannot run or the graph does not fit.
    pub fn open(runtime: Runtime, config: OnnxConfig) -> Result<Self, OnnxError> {
        let session = session(runtime, config)?;
        let inputs = session
            .inputs()
            .iter()
            .map(|input| c_string(input.name()))
            .collect();
        fits_inputs(session.inputs(), config.manifest)?;
        let output = output_of(session.outputs(), config.manifest)?;
        let rank = rank_of(output.dtype(), config.manifest.dimensions)?;
        fits_pooling(rank, config.manifest)?;
        Ok(Self {
            inputs,
            output: c_string(output.name()),
            unpooled: rank == 3,
            dimensions: config.manifest.dimensions,
            pooling: config.manifest.pooling,
            normalize: config.manifest.normalize,
            window: config.manifest.max_tokens,
            provider: config.provider,
            turn: Mutex::new(()),
            session,
        })
    }

    /// One vector for each of `texts`, of which there is at least one; `shrink`
    /// gives the arena's free memory back to the system at the end of the run, as
    /// a large run does anyway.
    ///
    /// # Errors
    /// [`OnnxError::Runtime`] with what ONNX Runtime said.
    pub(super) fn run(&self, texts: &[Tokens], shrink: bool) -> Result<Vec<Embedding>, OnnxError> {
        // The model has no positions beyond its window.
        let padded = |tokens| self.provider.padded(tokens).min(self.window.max(tokens));
        let batch = Batch::new(texts, padded);
        let mut output = vec![0.0; self.output_shape(&batch).iter().product()];
        let is_large = self.provider == Provider::Cpu && batch.columns() >= LARGE_RUN;
        self.call(&batch, &mut output, shrink || is_large)?;
        self.embeddings(&batch, &output)
    }

    fn embeddings(&self, batch: &Batch, output: &[f32]) -> Result<Vec<Embedding>, OnnxError> {
        let per_text = if self.unpooled { batch.columns() } else { 1 };
        let texts = ArrayView3::from_shape((batch.rows(), per_text, self.dimensions), output)
            .map_err(|error| OnnxError::Graph(error.to_string()))?;
        let finish = if self.normalize {
            normalize
        } else {
            Embedding::new
        };
        let texts = texts.axis_iter(Axis(0)).zip(batch.mask.rows());
        Ok(texts
            .map(|(tokens, mask)| finish(self.vector(&tokens, &mask)))
            .collect())
    }

    fn vector(&self, tokens: &ArrayView2<f32>, mask: &ArrayView1<i64>) -> Vec<f32> {
        if self.unpooled {
            pool(self.pooling, tokens, mask)
        } else {
            tokens.row(0).to_vec()
        }
    }

    fn call(&self, batch: &Batch, output: &mut [f32], shrink: bool) -> Result<(), OnnxError> {
        let mut options = RunOptions::new()?;
        if shrink {
            options.set(
                "memory.enable_memory_arena_shrinkage",
                self.provider.arena(),
            )?;
        }
        let ids = TensorRef::from_array_view(batch.ids.view())?;
        let mask = TensorRef::from_array_view(batch.mask.view())?;
        let types = TensorRef::from_array_view(batch.types.view())?;
        let values: Vec<_> = self
            .inputs
            .iter()
            .map(|name| match name.to_bytes() {
                b"attention_mask" => mask.ptr(),
                b"token_type_ids" => types.ptr(),
                _ => ids.ptr(),
            })
            .collect();
        let names: Vec<*const c_char> = self.inputs.iter().map(|name| name.as_ptr()).collect();
        let shape = self.output_shape(batch);
        let result = TensorRefMut::from_array_view_mut((shape, output))?;
        let mut result_pointer = result.ptr().cast_mut();
        let _turn = (!self.provider.runs_in_parallel())
            .then(|| self.turn.lock().unwrap_or_else(PoisonError::into_inner));
        // SAFETY: every pointer is to a value that lives in this function until
        // after the call: `names` and `values` have `inputs.len()` entries, the
        // output has one, allocated by us with the shape the graph gives, so
        // ONNX Runtime writes into it and allocates nothing that we would own.
        // The session is not changed: `OrtApi::Run` takes it as shared state
        // and is documented as thread-safe; the CPU provider holds to that
        // (tested under load), the others run under the lock taken above.
        // `result_from_status` takes the status that the call returned, once.
        unsafe {
            let status = (ort::api().Run)(
                self.session.ptr().cast_mut(),
                options.ptr(),
                names.as_ptr(),
                values.as_ptr(),
                values.len(),
                [self.output.as_ptr()].as_ptr(),
                1,
                &raw mut result_pointer,
            );
            ort::Error::result_from_status(status)?;
        }
        Ok(())
    }

    fn output_shape(&self, batch: &Batch) -> Vec<usize> {
        if self.unpooled {
            vec![batch.rows(), batch.columns(), self.dimensions]
        } else {
            vec![batch.rows(), self.dimensions]
        }
    }
}

fn session(runtime: Runtime, config: OnnxConfig) -> Result<Session, OnnxError> {
    let provider = |source| OnnxError::Provider {
        provider: config.provider.as_str(),
        source,
    };
    let builder = Session::builder(runtime.environment)?
        .with_optimization_level(GraphOptimizationLevel::All)
        .map_err(ort::Error::from)?
        // Parallelism is between texts: each of our threads runs one alone.
        .with_intra_threads(1)
        .map_err(ort::Error::from)?
        // Patterns are kept for every sequence length ever seen.
        .with_memory_pattern(false)
        .map_err(ort::Error::from)?;
    let mut builder = builder
        .with_execution_providers([config.provider.dispatch()])
        .map_err(|error| provider(error.into()))?;
    Ok(builder.commit_from_file(config.graph)?)
}

/// What a text can be given as.
const INPUTS: &[&str] = &["input_ids", "attention_mask", "token_type_ids"];

/// A graph that wants what we do not have, or not what its manifest says.
fn fits_inputs(found: &[Outlet], manifest: &Manifest) -> Result<(), OnnxError> {
    let names: Vec<_> = found.iter().map(Outlet::name).collect();
    if let Some(other) = names.iter().find(|name| !INPUTS.contains(name)) {
        let why = format!("it wants an input {other:?}, which texts do not have");
        return Err(OnnxError::Graph(why));
    }
    let mut wanted = manifest
        .inputs
        .iter()
        .map(String::as_str)
        .chain(["input_ids"]);
    match wanted.find(|wanted| !names.contains(wanted)) {
        Some(missing) => Err(OnnxError::Graph(format!(
            "it has no input {missing:?}, only {}",
            names.join(", ")
        ))),
        None => Ok(()),
    }
}

fn output_of<'a>(found: &'a [Outlet], manifest: &Manifest) -> Result<&'a Outlet, OnnxError> {
    let Some(wanted) = &manifest.output else {
        let none = || OnnxError::Graph("it has no output".to_owned());
        return found.first().ok_or_else(none);
    };
    let names = || {
        found
            .iter()
            .map(Outlet::name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    found
        .iter()
        .find(|output| output.name() == wanted)
        .ok_or_else(|| OnnxError::Graph(format!("it has no output {wanted:?}, only {}", names())))
}

fn fits_pooling(rank: usize, manifest: &Manifest) -> Result<(), OnnxError> {
    let why = match (rank, manifest.pooled_in_graph) {
        (2, Some(false)) => "it gives a vector for each text, not for each token",
        (3, Some(true)) => "it gives a vector for each token, not for each text",
        _ => return Ok(()),
    };
    Err(OnnxError::Graph(why.to_owned()))
}

/// Texts × dimensions (2) or texts × tokens × dimensions (3).
fn rank_of(output: &ValueType, dimensions: usize) -> Result<usize, OnnxError> {
    let shape = output
        .tensor_shape()
        .ok_or_else(|| OnnxError::Graph("its output is not a tensor".to_owned()))?;
    let width = shape.last().copied().unwrap_or(0);
    let wanted = i64::try_from(dimensions).unwrap_or(i64::MAX);
    if width != wanted && width >= 0 {
        return Err(OnnxError::Graph(format!(
            "its vectors are {width} wide, not {dimensions}"
        )));
    }
    match shape.len() {
        rank @ (2 | 3) => Ok(rank),
        rank => Err(OnnxError::Graph(format!("its output has {rank} axes"))),
    }
}

fn c_string(name: &str) -> CString {
    // Names in a graph are C strings: they hold no NUL.
    CString::new(name).unwrap_or_default()
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_without_memory_is_told_from_other_faults() {
        assert!(lacks_memory(
            "Non-zero status code returned while running MatMul node: \
             bfc_arena.cc Available memory of 1024 is smaller than requested bytes of 4096"
        ));
        assert!(lacks_memory(
            "CUDA failure 2: out of memory ; GPU=0 ; expr=cudaMalloc"
        ));
        assert!(!lacks_memory("Got invalid dimensions for input: input_ids"));
    }
}
