//! A file between the chunker and the database: its chunks, and the vectors
//! that have come in. The embedder that brings the last one sends it on.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::chunk::ChunkedFile;
use crate::embed::{EmbeddedFile, Embedding, RoleVectors, Tokens};
use crate::names::RelPath;
use crate::outcome::{FailedStage, FileFailure, FileOutcome, Why};

use super::freight::Freight;

/// What the writer is told.
pub(super) enum Done {
    /// A path that needs nothing written.
    Ended {
        path: String,
        outcome: FileOutcome,
        began: Instant,
    },
    /// A file to commit.
    File {
        file: Box<EmbeddedFile>,
        load: Load,
        freight: Option<Freight>,
        began: Instant,
    },
}

/// Which of a chunk's two texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Role {
    Text,
    Code,
}

/// A text to embed, and who is waiting for its vector.
pub(super) struct Text {
    pub role: Role,
    pub tokens: Tokens,
    /// The chunks whose text this is: the pieces of a definition share some.
    pub chunks: Vec<usize>,
}

impl Text {
    /// The text itself.
    pub fn input<'a>(&self, file: &'a ChunkedFile) -> &'a str {
        let chunk = &file.chunks[self.chunks[0]];
        match self.role {
            Role::Text => &chunk.text_input,
            Role::Code => &chunk.code_input,
        }
    }
}

/// One text to embed, and the file it belongs to.
pub(super) struct Item {
    pub flight: Arc<Flight>,
    pub text: Text,
}

/// A chunked file whose vectors are under way.
pub(super) struct Flight {
    path: RelPath,
    began: Instant,
    load: Load,
    /// Texts that have no vector yet.
    open: AtomicUsize,
    state: Mutex<State>,
}

struct State {
    file: Option<ChunkedFile>,
    vectors: Vec<RoleVectors>,
    failure: Option<FileFailure>,
    freight: Option<Freight>,
}

impl State {
    fn take(&mut self, text: &Text, vector: &Embedding) {
        for chunk in &text.chunks {
            let vectors = &mut self.vectors[*chunk];
            let role = match text.role {
                Role::Text => &mut vectors.text,
                Role::Code => &mut vectors.code,
            };
            *role = Some(vector.clone());
        }
    }
}

impl Flight {
    /// A file, and what embedding it takes.
    pub fn new((file, freight): (ChunkedFile, Freight), began: Instant, load: Load) -> Self {
        let vectors = vec![RoleVectors::default(); file.chunks.len()];
        Self {
            path: file.path.clone(),
            began,
            load,
            open: AtomicUsize::new(load.texts),
            state: Mutex::new(State {
                file: Some(file),
                vectors,
                failure: None,
                freight: Some(freight),
            }),
        }
    }

    /// Takes the vector of one text, or why there is none. The last text gives
    /// what to tell the writer.
    pub fn land(&self, item: &Item, result: Result<Embedding, String>) -> Option<Done> {
        let mut state = self.state();
        match result {
            Ok(vector) => state.take(&item.text, &vector),
            Err(cause) => {
                state.failure = Some(FileFailure {
                    stage: FailedStage::Embed,
                    cause,
                });
            }
        }
        let was_last = self.open.fetch_sub(1, Ordering::AcqRel) == 1;
        was_last.then(|| self.finish(&mut state))
    }

    /// Takes the vector of a text that need not be embedded.
    pub fn give(&self, text: &Text, vector: &Embedding) {
        self.state().take(text, vector);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to tell the writer of a file that has nothing to embed.
    pub fn finish_empty(&self) -> Done {
        self.finish(&mut self.state())
    }

    fn finish(&self, state: &mut State) -> Done {
        let began = self.began;
        match (state.failure.take(), state.file.take()) {
            (None, Some(file)) => {
                let vectors = std::mem::take(&mut state.vectors);
                let file = Box::new(EmbeddedFile { file, vectors });
                Done::File {
                    file,
                    load: self.load,
                    freight: state.freight.take(),
                    began,
                }
            }
            (failure, _) => {
                let failure = failure.unwrap_or_else(|| FileFailure {
                    stage: FailedStage::Embed,
                    cause: "the file was finished twice".to_owned(),
                });
                let outcome = FileOutcome::Failed(failure);
                Done::Ended {
                    path: self.path.to_string(),
                    outcome,
                    began,
                }
            }
        }
    }
}

/// What a file brings to the embedders.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    pub texts: usize,
    pub tokens: u64,
    /// Texts that have their vectors already.
    pub reused: u64,
    /// Secrets in it that were masked.
    pub masked: u64,
    /// Why it is done.
    pub why: Why,
    /// Its size in bytes.
    pub bytes: u64,
}
