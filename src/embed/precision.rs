//! In which numbers a model computes.

use serde::Deserialize;

/// The numbers of a model's weights and products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// As it was trained.
    #[default]
    Fp32,
    /// The weights of fp32, rounded inside a product: what OpenVINO does.
    Bf16,
    /// Weights in eight bits, made by the set-up; products round what goes
    /// into them by the largest value of the run.
    Int8,
}

impl Precision {
    /// The name on the command line and in the summary.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fp32 => "fp32",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
        }
    }

    /// Whether a vector depends on the texts it is computed with: then each
    /// text goes alone, wherever the model runs.
    pub(super) fn mixes_texts(self) -> bool {
        self == Self::Int8
    }

    /// The least cosine between a vector and its reference in fp32 that another
    /// build of ONNX Runtime or another processor may cause. What is allowed
    /// stays well below what distinguishes two texts, and above what a
    /// processor without the right instructions makes of it.
    pub(super) fn least_cosine(self) -> f32 {
        match self {
            Self::Fp32 => 1.0 - 1e-6,
            Self::Bf16 => 0.999,
            Self::Int8 => 0.97,
        }
    }
}
