//! The execution providers of ONNX Runtime that can run a model.

use ort::ep::{self, ExecutionProviderDispatch};

/// Where inference runs. A provider that is named must really run: ONNX
/// Runtime goes to the CPU without a word when another one fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// The CPU, one text a run: large batches are slower there, not faster.
    Cpu,
    /// The first CUDA device. Written by the documentation; not yet run on one.
    Cuda,
}

impl Provider {
    /// The name on the command line and in the summary.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
        }
    }

    /// Tokens, padding counted, that one run may take.
    pub(super) fn batch_tokens(self) -> usize {
        match self {
            Self::Cpu => 1,
            Self::Cuda => 16_384,
        }
    }

    /// Texts that go to one embedding thread together: on a CPU one, so that
    /// all threads end at the same time; elsewhere enough to fill batches.
    #[must_use]
    pub fn texts_per_job(self) -> usize {
        match self {
            Self::Cpu => 1,
            Self::Cuda => 64,
        }
    }

    /// Whether several threads may run one session at once. ONNX Runtime
    /// promises it for the CPU; a GPU has one queue, so nothing is lost there.
    pub(super) fn runs_in_parallel(self) -> bool {
        self == Self::Cpu
    }

    /// The name of the device whose arena is shrunk.
    pub(super) fn arena(self) -> &'static str {
        match self {
            Self::Cpu => "cpu:0",
            Self::Cuda => "cpu:0;gpu:0",
        }
    }

    pub(super) fn dispatch(self) -> ExecutionProviderDispatch {
        match self {
            // The default of this crate turns the arena off; shrinking needs it.
            Self::Cpu => ep::CPU::default().with_arena_allocator(true).build(),
            Self::Cuda => ep::CUDA::default()
                .with_arena_extend_strategy(ep::ArenaExtendStrategy::SameAsRequested)
                .build()
                .error_on_failure(),
        }
    }
}
