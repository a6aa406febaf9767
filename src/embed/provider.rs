//! The execution providers of ONNX Runtime that can run a model.

use ort::ep::{self, ArbitrarilyConfigurableExecutionProvider as _, ExecutionProviderDispatch};

/// What OpenVINO's CPU plug-in is told. Without the hint it computes in fp32 on
/// some processors that have bf16.
const OPENVINO: &str = r#"{"CPU": {"INFERENCE_PRECISION_HINT": "bf16"}}"#;

/// Tokens of one run on a device whose memory is not known: about 1 GiB.
const CUDA_TOKENS: usize = 8_192;

/// What a token takes on the device at most, in bytes: with 1,024 tokens a text
/// and 12 heads, two tables of attention (48 KiB each) and the activations of a
/// layer that is 768 wide and 3,072 inside. An estimate, so a run that does not
/// fit is halved.
const CUDA_BYTES_PER_TOKEN: u64 = 128 * 1024;

/// Where inference runs. A provider that is named must really run: ONNX
/// Runtime goes to the CPU without a word when another one fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// The CPU, one text a run: large batches are slower there, not faster.
    Cpu,
    /// The first CUDA device. Written by the documentation; not yet run on one.
    Cuda {
        /// Bytes of the device's memory that one model may take; all of it if
        /// nothing is said.
        memory: Option<u64>,
    },
    /// The CPU through OpenVINO, which computes products in bf16 where the
    /// processor can.
    OpenVino {
        /// Texts that it computes at once, each on a thread of its own.
        threads: usize,
    },
}

impl Provider {
    /// The name on the command line and in the summary.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda { .. } => "cuda",
            Self::OpenVino { .. } => "openvino",
        }
    }

    /// What to do where the provider of this name cannot run.
    pub(super) fn advice(name: &str) -> &'static str {
        if name == "cuda" {
            "`scripts/setup --cuda` brings its library, which needs cuBLAS, cuRAND and the runtime of CUDA 13 on LD_LIBRARY_PATH"
        } else {
            "take --provider cpu"
        }
    }

    /// Tokens, padding counted, that one run may take at first.
    pub(super) fn batch_tokens(self) -> usize {
        match self {
            Self::Cpu | Self::OpenVino { .. } => 1,
            Self::Cuda { memory } => memory.map_or(CUDA_TOKENS, tokens_in),
        }
    }

    /// Texts that go to one embedding thread together: on a CPU one, so that
    /// all threads end at the same time; elsewhere enough to fill batches.
    #[must_use]
    pub fn texts_per_job(self) -> usize {
        match self {
            Self::Cpu | Self::OpenVino { .. } => 1,
            // Enough short texts for a run of many tokens.
            Self::Cuda { .. } => 256,
        }
    }

    /// Whether several threads may run one session at once. ONNX Runtime
    /// promises it for the CPU, and OpenVINO's part of it holds as many requests
    /// as there are threads; a GPU has one queue, so nothing is lost there.
    pub(super) fn runs_in_parallel(self) -> bool {
        !matches!(self, Self::Cuda { .. })
    }

    /// To how many tokens a text of so many is padded. OpenVINO compiles the
    /// model for every length that it meets and keeps what it compiled, 1.3 MB
    /// for six layers: so it gets eight lengths between a power of two and the
    /// next, at the cost of 6 % more tokens.
    pub(super) fn padded(self, tokens: usize) -> usize {
        match self {
            Self::Cpu | Self::Cuda { .. } => tokens,
            Self::OpenVino { .. } => {
                let step = (tokens.next_power_of_two() / 16).max(4);
                tokens.next_multiple_of(step)
            }
        }
    }

    /// The name of the device whose arena is shrunk.
    pub(super) fn arena(self) -> &'static str {
        match self {
            Self::Cpu | Self::OpenVino { .. } => "cpu:0",
            Self::Cuda { .. } => "cpu:0;gpu:0",
        }
    }

    pub(super) fn dispatch(self) -> ExecutionProviderDispatch {
        match self {
            // The default of this crate turns the arena off; shrinking needs it.
            Self::Cpu => ep::CPU::default().with_arena_allocator(true).build(),
            Self::Cuda { memory } => cuda(memory).build().error_on_failure(),
            Self::OpenVino { threads } => ep::OpenVINO::default()
                .with_device_type("CPU")
                .with_arbitrary_config("load_config", OPENVINO)
                .with_num_threads(threads)
                .with_num_streams(u8::try_from(threads).unwrap_or(u8::MAX))
                .build()
                .error_on_failure(),
        }
    }
}

/// Half of the memory is left to weights and to what the arena cannot reuse.
fn tokens_in(memory: u64) -> usize {
    let tokens = memory / 2 / CUDA_BYTES_PER_TOKEN;
    usize::try_from(tokens.clamp(512, 32_768)).unwrap_or(CUDA_TOKENS)
}

fn cuda(memory: Option<u64>) -> ep::CUDA {
    let provider = ep::CUDA::default()
        // By default it doubles what it holds whenever it grows.
        .with_arena_extend_strategy(ep::ArenaExtendStrategy::SameAsRequested)
        // TF32 keeps ten bits of each number: then it would not be fp32.
        .with_tf32(false);
    match memory.and_then(|bytes| usize::try_from(bytes).ok()) {
        Some(bytes) => provider.with_memory_limit(bytes),
        None => provider,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn openvino_meets_few_lengths_for_little_padding() {
        let openvino = Provider::OpenVino { threads: 2 };
        let lengths: BTreeSet<usize> = (1..=256).map(|tokens| openvino.padded(tokens)).collect();
        assert_eq!(lengths.len(), 32);
        for tokens in 32..=8_192 {
            let padded = openvino.padded(tokens);
            assert!(padded >= tokens && padded * 8 <= tokens * 9 + 8, "{tokens}");
        }
        assert_eq!(Provider::Cpu.padded(77), 77);
    }

    #[test]
    fn a_larger_device_takes_more_tokens_at_once_within_bounds() {
        let tokens = |memory| Provider::Cuda { memory }.batch_tokens();
        assert_eq!(tokens(Some(1)), 512);
        assert_eq!(tokens(Some(2 << 30)), 8_192);
        assert_eq!(tokens(Some(80 << 30)), 32_768);
        assert_eq!(tokens(None), CUDA_TOKENS);
    }
}
