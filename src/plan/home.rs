//! The folder of what the program fetched, unpacked or made for itself, and
//! the environment variables that say where things are.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::anyhow;

use crate::bundle::{Bundle, Library};
use crate::embed::{Precision, Provider};
use crate::error::{Advise, AdviseItself};
use crate::store::embedded::ClusterConfig;

/// ONNX Runtime as the set-up leaves it below the home folder, and as a packaged
/// program carries it.
const ONNX_RUNTIME: (&str, &str) = ("runtime/onnxruntime-1.32.0", "libonnxruntime.so.1.32.0");

/// Where a packaged program carries the licences of what is in it.
const NOTICES: (&str, &str) = ("notices/all", "NOTICES.txt");

/// The program that is running, whatever became of its file's name.
const PROGRAM: &str = "/proc/self/exe";

/// ONNX Runtime with CUDA, which `scripts/setup --cuda` brings.
const CUDA: &str = "runtime/onnxruntime-gpu-1.31.1/libonnxruntime.so.1.31.1";

/// ONNX Runtime with OpenVINO, which the set-up brings where it is of use.
const OPENVINO: &str = "runtime/onnxruntime-openvino-1.24.1/libonnxruntime.so.1.24.1";

/// `$MNEMO_HOME`, else the user's data folder (XDG Base Directory).
pub(super) struct Home {
    folder: PathBuf,
    /// What the program itself carries.
    bundle: Option<Arc<Bundle>>,
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
            bundle: Bundle::of(Path::new(PROGRAM)).advise()?.map(Arc::new),
        })
    }

    /// The folder of all models: the one that was named, else the home's, with
    /// what the program carries.
    pub fn models(&self, named: Option<&Path>) -> anyhow::Result<PathBuf> {
        if let Some(named) = named {
            return Ok(named.to_owned());
        }
        self.unpack("models")?;
        Ok(self.models_as_they_are())
    }

    /// The home's folder of models, with nothing brought there for it.
    pub fn models_as_they_are(&self) -> PathBuf {
        self.folder.join("models")
    }

    /// The form of a model whose weights the program carries in this form alone,
    /// where no set-up brought the others.
    pub fn packed_precision(&self, id: &str, models: &Path) -> Option<Precision> {
        let carries = |bundle: &Arc<Bundle>| bundle.parts("models").any(|part| part.ends_with(id));
        let folder = models.join(id);
        let int8 = !folder.join("model.onnx").exists() && folder.join("model.int8.onnx").exists();
        (int8 && self.bundle.as_ref().is_some_and(carries)).then_some(Precision::Int8)
    }

    fn unpack(&self, kind: &str) -> anyhow::Result<()> {
        let Some(bundle) = &self.bundle else {
            return Ok(());
        };
        for part in bundle.parts(kind) {
            bundle.unpack(part, &self.folder).advise()?;
        }
        Ok(())
    }

    /// The notices of all that the program carries.
    pub fn notices(&self) -> anyhow::Result<Option<String>> {
        let Some(bundle) = &self.bundle else {
            return Ok(None);
        };
        let (part, file) = NOTICES;
        let text = bundle.contents(part, file).advise()?;
        Ok(Some(String::from_utf8_lossy(&text).into_owned()))
    }

    /// ONNX Runtime: what was named, what the set-up brought, what the program carries.
    fn onnx_runtime(&self) -> Library {
        let (part, file) = ONNX_RUNTIME;
        let brought = self.folder.join(part).join(file);
        match &self.bundle {
            Some(bundle) if bundle.holds(part, file) && !brought.exists() => Library::Packed {
                bundle: Arc::clone(bundle),
                part: part.to_owned(),
                file: file.to_owned(),
                home: self.folder.clone(),
            },
            _ => brought.into(),
        }
    }

    /// The library with this provider in it. `ORT_DYLIB_PATH` is what other
    /// programs on ONNX Runtime read, too.
    pub fn library(&self, provider: Provider) -> Library {
        if let Some(named) = variable("ORT_DYLIB_PATH") {
            return PathBuf::from(named).into();
        }
        match provider {
            Provider::Cpu => self.onnx_runtime(),
            Provider::Cuda { .. } => self.folder.join(CUDA).into(),
            Provider::OpenVino { .. } => self.folder.join(OPENVINO).into(),
        }
    }

    /// Whether the set-up brought CUDA.
    pub fn has_cuda(&self) -> bool {
        self.folder.join(CUDA).exists()
    }

    /// Whether OpenVINO is there and the processor multiplies bf16: alone it is
    /// 1.8 times as fast as plain fp32 with AVX-512-BF16, and faster with AMX; see
    /// `docs/embedding.md`.
    pub fn has_openvino(&self) -> bool {
        let multiplies = ["amx_bf16", "avx512_bf16"].into_iter().any(processor_has);
        multiplies && self.folder.join(OPENVINO).exists()
    }

    /// The private cluster, to be looked at or stopped.
    pub fn cluster(&self) -> ClusterConfig {
        ClusterConfig {
            home: self.folder.clone(),
            binaries: variable("MNEMO_PG_BIN").map(PathBuf::from),
            runtime_dir: variable("XDG_RUNTIME_DIR").map(PathBuf::from),
            settings: Vec::new(),
        }
    }

    /// The private cluster, to be started: with the server that the program
    /// carries, unless one was named.
    pub fn server(&self) -> anyhow::Result<ClusterConfig> {
        let cluster = self.cluster();
        if cluster.binaries.is_none() {
            self.unpack("postgres")?;
        }
        Ok(cluster)
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
