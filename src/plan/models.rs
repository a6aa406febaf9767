//! Which models, in which form, and where they run.

use std::path::Path;

use anyhow::anyhow;

use super::home::Home;
use super::{gpu, value};
use crate::bundle::Library;
use crate::cli::{ModelArgs, PrecisionArg, ProviderArg, RoleArg};
use crate::embed::{ModelConfig, Precision, Provider, Roles, TextTokenizer};
use crate::error::{Advise, AdviseItself};
use crate::exit::Exit;
use crate::names::ModelId;

pub(super) fn models(args: &ModelArgs, home: &Home) -> anyhow::Result<Roles<ModelConfig>> {
    let folder = home.models(args.models_dir.as_deref())?;
    let provider = provider(args, home)?;
    let precision = args.precision.map(|precision| match precision {
        PrecisionArg::Fp32 => Precision::Fp32,
        PrecisionArg::Int8 => Precision::Int8,
    });
    let role = |role, id: &str| {
        let place = (&*folder, home.library(provider));
        let packed = || home.packed_precision(id, &folder);
        let packed = || (provider == Provider::Cpu).then(packed).flatten();
        let precision = precision.or_else(packed);
        let wanted = args.roles.contains(&role);
        wanted
            .then(|| model_config(id, place, (provider, precision)))
            .transpose()
    };
    Ok(Roles {
        text: role(RoleArg::Text, &args.text_model)?,
        code: role(RoleArg::Code, &args.code_model)?,
    })
}

fn provider(args: &ModelArgs, home: &Home) -> anyhow::Result<Provider> {
    let int8 = args.precision == Some(PrecisionArg::Int8);
    let cuda = || -> anyhow::Result<Provider> {
        Ok(Provider::Cuda {
            memory: gpu_memory(args)?.map(|bytes| bytes / models_loaded(args)),
        })
    };
    let openvino = Provider::OpenVino {
        threads: threads(args.threads),
    };
    Ok(match args.provider {
        ProviderArg::Cuda => cuda()?,
        ProviderArg::Openvino => openvino,
        ProviderArg::Auto if !int8 && home.has_cuda() && gpu::free_memory().is_some() => cuda()?,
        ProviderArg::Auto if !int8 && home.has_openvino() => openvino,
        ProviderArg::Cpu | ProviderArg::Auto => Provider::Cpu,
    })
}

/// Threads for inference.
pub(super) fn threads(wanted: Option<u16>) -> usize {
    // The count honours cgroup quotas and the processors this process may use.
    wanted.map_or_else(
        || std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        usize::from,
    )
}

/// Bytes for all models: what was asked for, else what is free but for a tenth,
/// which the driver and the libraries take.
fn gpu_memory(args: &ModelArgs) -> anyhow::Result<Option<u64>> {
    let asked = args.gpu_memory.as_deref().map(value::size).transpose();
    let asked = asked.exit(Exit::Usage, "give bytes, or a number with K, M or G")?;
    Ok(asked.or_else(|| gpu::free_memory().map(|bytes| bytes / 10 * 9)))
}

/// One model for both roles is loaded once.
fn models_loaded(args: &ModelArgs) -> u64 {
    let both = [RoleArg::Text, RoleArg::Code].map(|role| args.roles.contains(&role)) == [true; 2];
    1 + u64::from(both && args.text_model != args.code_model)
}

pub(super) fn model_config(
    id: &str,
    (models, library): (&Path, Library),
    (provider, precision): (Provider, Option<Precision>),
) -> anyhow::Result<ModelConfig> {
    let id = ModelId::new(id).exit(Exit::Usage, "a model's id is the name of its folder")?;
    let config = ModelConfig {
        id,
        models: models.to_owned(),
        library,
        provider,
        precision,
        server: None,
    };
    let manifest = config.manifest().exit(
        Exit::Usage,
        "a model of your own needs a model.toml in its folder, with a table [int8] for that precision",
    )?;
    if provider != Provider::Cpu && manifest.precision == Precision::Int8 {
        // No other has the operators: all would run elsewhere, unasked.
        return Err(anyhow!(
            "the {} provider does not run int8",
            provider.as_str()
        ))
        .exit(Exit::Usage, "leave out --precision, or take --provider cpu");
    }
    Ok(config)
}

/// Reads a model's tokenizer.
///
/// # Errors
/// One that is missing or broken, with advice.
pub fn tokenizer(config: &ModelConfig) -> anyhow::Result<TextTokenizer> {
    config.tokenizer().advise()
}
