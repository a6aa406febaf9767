//! Turns chunks into vectors.

use crate::chunk::ChunkedFile;

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
#[derive(Debug, Clone, PartialEq)]
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
