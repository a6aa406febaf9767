//! What the set-up installed: ONNX Runtime and the small model. A test that
//! needs it fails where it is missing.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use mnemo_index::embed::{Embedder, ModelConfig, Provider, Runtime};
use mnemo_index::names::ModelId;

/// `$MNEMO_HOME`, else the user's data folder: where scripts/setup installs.
#[allow(
    clippy::disallowed_methods,
    reason = "tests are told by the environment where things are"
)]
pub fn home() -> PathBuf {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    variable("MNEMO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(variable("XDG_DATA_HOME")?).join("mnemo-index")))
        .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".local/share/mnemo-index")))
        .expect("MNEMO_HOME or HOME is set")
}

/// The small model as the set-up leaves it.
pub fn model() -> ModelConfig {
    let home = home();
    ModelConfig {
        id: ModelId::new("all-minilm-l6-v2").unwrap(),
        models: home.join("models"),
        library: home
            .join("runtime/onnxruntime-1.32.0/libonnxruntime.so.1.32.0")
            .into(),
        provider: Provider::Cpu,
        precision: None,
        server: None,
    }
}

/// The small model, loaded once for all tests of this process.
pub fn embedder() -> Arc<Embedder> {
    static EMBEDDER: OnceLock<Arc<Embedder>> = OnceLock::new();
    Arc::clone(EMBEDDER.get_or_init(|| Arc::new(open(&model()).expect("run scripts/setup first"))))
}

/// Loads `config`.
pub fn open(config: &ModelConfig) -> anyhow::Result<Embedder> {
    let runtime = Runtime::load(&config.library)?;
    Ok(Embedder::open(
        runtime,
        config,
        Arc::new(config.tokenizer()?),
    )?)
}

/// Whether the set-up brought ONNX Runtime with OpenVINO: it does where the
/// processor can multiply in bf16.
pub fn has_openvino() -> bool {
    let folder = home().join("runtime/onnxruntime-openvino-1.24.1");
    folder.join("libonnxruntime.so.1.24.1").exists()
}
