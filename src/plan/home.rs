//! The folder of what the program fetched, unpacked or made for itself, and
//! the environment variables that say where things are.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::anyhow;

use crate::embed::Provider;
use crate::error::Advise;
use crate::store::embedded::ClusterConfig;

/// ONNX Runtime as the set-up leaves it, below the home folder.
const ONNX_RUNTIME: &str = "runtime/onnxruntime-1.32.0/libonnxruntime.so.1.32.0";

/// ONNX Runtime with CUDA, which `scripts/setup --cuda` brings.
const CUDA: &str = "runtime/onnxruntime-gpu-1.31.1/libonnxruntime.so.1.31.1";

/// ONNX Runtime with OpenVINO, which the set-up brings where it is of use.
const OPENVINO: &str = "runtime/onnxruntime-openvino-1.24.1/libonnxruntime.so.1.24.1";

/// `$MNEMO_HOME`, else the user's data folder (XDG Base Directory).
pub(super) struct Home {
    folder: PathBuf,
}

impl Home {
    pub fn find() -> anyhow::Result<Self> {
        let folder = variable("MNEMO_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(variable("XDG_DATA_HOME")?).join("mnemo-index")))
            .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".local/share/mnemo-index")));
        let folder = folder
            .ok_or_else(|| anyhow!("there is no place for the program's data"))
            .hint("set MNEMO_HOME or HOME to a folder that can be written")?;
        Ok(Self {
            folder: std::path::absolute(folder)?,
        })
    }

    pub fn models(&self) -> PathBuf {
        self.folder.join("models")
    }

    /// The library with this provider in it. `ORT_DYLIB_PATH` is what other
    /// programs on ONNX Runtime read, too.
    pub fn library(&self, provider: Provider) -> PathBuf {
        let ours = match provider {
            Provider::Cpu => ONNX_RUNTIME,
            Provider::Cuda { .. } => CUDA,
            Provider::OpenVino => OPENVINO,
        };
        variable("ORT_DYLIB_PATH").map_or_else(|| self.folder.join(ours), PathBuf::from)
    }

    /// Whether the set-up brought CUDA.
    pub fn has_cuda(&self) -> bool {
        self.folder.join(CUDA).exists()
    }

    /// Whether OpenVINO is there and gains something: in bf16 it is nearly three
    /// times as fast as plain fp32 with AMX; with AVX-512-BF16 alone it gains
    /// too little for the memory it takes.
    pub fn has_openvino(&self) -> bool {
        processor_has("amx_bf16") && self.folder.join(OPENVINO).exists()
    }

    pub fn cluster(&self) -> ClusterConfig {
        ClusterConfig {
            home: self.folder.clone(),
            binaries: variable("MNEMO_PG_BIN").map(PathBuf::from),
            runtime_dir: variable("XDG_RUNTIME_DIR").map(PathBuf::from),
            settings: Vec::new(),
        }
    }
}

/// Whether the kernel lists this instruction set of the processor.
fn processor_has(flag: &str) -> bool {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flags = text.lines().find(|line| line.starts_with("flags"));
    flags.is_some_and(|line| line.split_whitespace().any(|found| found == flag))
}

/// The GPU that programs on CUDA take first: a number or an id.
pub(super) fn first_gpu() -> String {
    let visible = text("CUDA_VISIBLE_DEVICES").unwrap_or_default();
    let first = visible.split(',').next().map(str::trim);
    first.filter(|id| !id.is_empty()).unwrap_or("0").to_owned()
}

/// A variable as text, if it is there and not empty.
pub(super) fn text(name: &str) -> Option<String> {
    variable(name)?.into_string().ok()
}

/// Whether a variable turns something on, as the hub's own tools read it.
pub(super) fn is_on(name: &str) -> bool {
    let on = ["1", "ON", "YES", "TRUE"];
    text(name).is_some_and(|value| on.contains(&value.to_uppercase().as_str()))
}

/// The token that the hub's own tools leave in their folder.
pub(super) fn hub_token() -> Option<String> {
    let home = variable("HF_HOME").map(PathBuf::from).or_else(|| {
        let cache = variable("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".cache")));
        Some(cache?.join("huggingface"))
    });
    let path = variable("HF_TOKEN_PATH").map(PathBuf::from);
    let token = std::fs::read_to_string(path.or_else(|| Some(home?.join("token")))?).ok()?;
    Some(token.trim().to_owned()).filter(|token| !token.is_empty())
}

/// Whether a variable is there and not empty.
pub(super) fn is_set(name: &str) -> bool {
    variable(name).is_some()
}

/// A variable that is not to be shown.
pub(super) fn secret(name: &str) -> Option<String> {
    variable(name)?.into_string().ok()
}

#[allow(
    clippy::disallowed_methods,
    reason = "this is the one place that reads it"
)]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
