//! The execution providers of ONNX Runtime that can run a model.

use ort::ep::{self, ArbitrarilyConfigurableExecutionProvider as _, ExecutionProviderDispatch};

/// What OpenVINO's CPU plug-in is told. Without the hint it computes in fp32 on
/// some processors that have bf16.
const OPENVINO: &str = r#"{"CPU": {"INFERENCE_PRECISION_HINT": "bf16"}}"#;

/// Where inference runs. A provider that is named must really run: ONNX
/// Runtime goes to the CPU without a word when another one fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// The CPU, one text a run: large batches are slower there, not faster.
    Cpu,
    /// The first CUDA device. Written by the documentation; not yet run on one.
    Cuda,
    /// The CPU through OpenVINO, which computes products in bf16 where the
    /// processor can.
    OpenVino,
}

impl Provider {
    /// The name on the command line and in the summary.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::OpenVino => "openvino",
        }
    }

    /// Tokens, padding counted, that one run may take.
    pub(super) fn batch_tokens(self) -> usize {
        match self {
            Self::Cpu => 1,
            Self::Cuda => 16_384,
            // Measured: from 1,024 on it is as fast as it gets, and memory grows.
            Self::OpenVino => 1_024,
        }
    }

    /// Texts that go to one embedding thread together: on a CPU one, so that
    /// all threads end at the same time; elsewhere enough to fill batches.
    #[must_use]
    pub fn texts_per_job(self) -> usize {
        match self {
            Self::Cpu => 1,
            Self::Cuda => 64,
            Self::OpenVino => 16,
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
            Self::Cpu | Self::OpenVino => "cpu:0",
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
            Self::OpenVino => ep::OpenVINO::default()
                .with_device_type("CPU")
                .with_arbitrary_config("load_config", OPENVINO)
                .build()
                .error_on_failure(),
        }
    }
}
