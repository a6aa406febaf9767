//! Which models, in which form, and where they run.

use std::path::Path;

use anyhow::anyhow;

use super::home::Home;
use crate::bundle::Library;
use crate::cli::{ModelArgs, PrecisionArg, ProviderArg, RoleArg};
use crate::embed::{ModelConfig, Precision, Provider, Roles, TextTokenizer};
use crate::error::Advise;
use crate::exit::Exit;
use crate::names::ModelId;

pub(super) fn models(args: &ModelArgs, home: &Home) -> anyhow::Result<Roles<ModelConfig>> {
    let folder = home.models(args.models_dir.as_deref())?;
    let provider = match args.provider {
        ProviderArg::Cpu => Provider::Cpu,
        ProviderArg::Cuda => Provider::Cuda,
        ProviderArg::Openvino => Provider::OpenVino,
        ProviderArg::Auto if args.precision == Some(PrecisionArg::Int8) => Provider::Cpu,
        ProviderArg::Auto => home.fastest_provider(),
    };
    let precision = args.precision.map(|precision| match precision {
        PrecisionArg::Fp32 => Precision::Fp32,
        PrecisionArg::Int8 => Precision::Int8,
    });
    let role = |role, id: &str| {
        let place = (&*folder, home.library(provider));
        let precision = precision.or_else(|| home.packed_precision(id, &folder));
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
    if provider == Provider::OpenVino && manifest.precision == Precision::Int8 {
        // OpenVINO has none of the operators: all would run elsewhere, unasked.
        return Err(anyhow!("the openvino provider does not run int8"))
            .exit(Exit::Usage, "leave out --precision, or take --provider cpu");
    }
    Ok(config)
}

/// Reads a model's tokenizer.
///
/// # Errors
/// One that is missing or broken, with advice.
pub fn tokenizer(config: &ModelConfig) -> anyhow::Result<TextTokenizer> {
    config.tokenizer().hint(MODEL_HINT)
}

/// What to do about a model that is missing, truncated or another one.
pub const MODEL_HINT: &str = "`mnemo-index models fetch ID` or scripts/setup gets it again; --models-dir names another folder";
