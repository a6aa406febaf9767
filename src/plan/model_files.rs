//! Which models' files, and where they come from.

use std::path::{Path, PathBuf};

use anyhow::anyhow;

use super::home::{self, Home};
use crate::cli::{ModelsCommand, ModelsFetchArgs, PrecisionArg};
use crate::embed::{EmbedError, Manifest, ManifestError, Precision};
use crate::error::{Advise, advised};
use crate::exit::Exit;
use crate::hub::Source;
use crate::names::ModelId;

/// Managing the models' files.
pub struct ModelsPlan {
    /// What to do.
    pub task: ModelsTask,
    /// The folder of all models.
    pub models: PathBuf,
    /// JSON instead of text.
    pub json: bool,
}

/// What is to be done with models.
pub enum ModelsTask {
    /// List those that come with the program and those that are there.
    List(Vec<ModelId>),
    /// Fetch one.
    Fetch(Box<Manifest>, Source),
    /// Check these.
    Verify(Vec<ModelId>),
    /// Say where one is.
    Path(ModelId),
}

pub(super) fn models_plan(command: ModelsCommand, home: &Home) -> anyhow::Result<ModelsPlan> {
    let folder = |given: Option<PathBuf>| home.models(given.as_deref());
    match command {
        ModelsCommand::List(args) => {
            let models = folder(args.models_dir)?;
            Ok(ModelsPlan {
                task: ModelsTask::List(ids(&models)),
                models,
                json: args.json,
            })
        }
        ModelsCommand::Verify(args) => {
            let models = folder(args.models_dir)?;
            let ids = match &args.id {
                Some(id) => vec![known(id, &models)?],
                None => there(&models),
            };
            Ok(ModelsPlan {
                task: ModelsTask::Verify(ids),
                models,
                json: args.json,
            })
        }
        ModelsCommand::Path { id, models_dir } => {
            let models = folder(models_dir)?;
            Ok(ModelsPlan {
                task: ModelsTask::Path(known(&id, &models)?),
                models,
                json: false,
            })
        }
        ModelsCommand::Fetch(args) => {
            let models = folder(args.models_dir.clone())?;
            Ok(ModelsPlan {
                json: args.json,
                task: fetch_task(args, &models)?,
                models,
            })
        }
    }
}

fn fetch_task(args: ModelsFetchArgs, models: &Path) -> anyhow::Result<ModelsTask> {
    let id = known(&args.id, models)?;
    let manifest = Manifest::of(&id, models).map_err(unusable)?;
    let precision = match args.precision {
        Some(PrecisionArg::Int8) => Precision::Int8,
        Some(PrecisionArg::Fp32) => Precision::Fp32,
        None => manifest.precision,
    };
    let manifest = manifest.at(precision).map_err(unusable)?;
    Ok(ModelsTask::Fetch(Box::new(manifest), source(args)?))
}

fn source(args: ModelsFetchArgs) -> anyhow::Result<Source> {
    if let Some(folder) = args.from {
        return Ok(Source::Folder(folder));
    }
    if args.offline || home::is_on("HF_HUB_OFFLINE") {
        return Err(anyhow!(
            "fetching needs the network, which --offline forbids"
        ))
        .exit(Exit::Usage, "take the files from a folder with --from");
    }
    match args.mirror {
        Some(url) if is_safe(&url) => Ok(Source::Mirror(url)),
        Some(url) => Err(anyhow!("the mirror {url:?} is not https"))
            .exit(Exit::Usage, "a mirror's address begins with https://"),
        None => Ok(Source::Hub {
            endpoint: home::text("HF_ENDPOINT"),
            token: home::text("HF_TOKEN").or_else(home::hub_token),
        }),
    }
}

/// Plain http is for a server on this machine.
fn is_safe(url: &str) -> bool {
    let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    let is_local = local.iter().any(|start| {
        url.strip_prefix(start)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
    });
    url.starts_with("https://") || is_local
}

/// An id that has a manifest.
fn known(id: &str, models: &Path) -> anyhow::Result<ModelId> {
    let id = ModelId::new(id).exit(Exit::Usage, "a model's id is the name of its folder")?;
    Manifest::of(&id, models).map_err(unusable)?;
    Ok(id)
}

fn unusable(error: ManifestError) -> anyhow::Error {
    let exit = match &error {
        ManifestError::Unknown { .. } | ManifestError::NoForm { .. } => Exit::NotFound,
        _ => Exit::Failure,
    };
    advised(
        EmbedError::from(error).into(),
        exit,
        "`mnemo-index models list` shows those that are known",
    )
}

/// The models that come with the program, and those that have a folder.
pub(super) fn ids(models: &Path) -> Vec<ModelId> {
    let mut ids = there(models);
    ids.extend(Manifest::known().filter_map(|id| ModelId::new(id).ok()));
    ids.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    ids.dedup_by(|a, b| a.as_str() == b.as_str());
    ids
}

/// The models that have a folder.
fn there(models: &Path) -> Vec<ModelId> {
    let entries = std::fs::read_dir(models).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut ids: Vec<_> = folders
        .filter_map(|entry| ModelId::new(&entry.file_name().to_string_lossy()).ok())
        .filter(|id| Manifest::of(id, models).is_ok())
        .collect();
    ids.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        assert!(is_safe("https://mirror.example/models"));
        assert!(is_safe("http://127.0.0.1:8080") && is_safe("http://localhost/x"));
        assert!(!is_safe("http://mirror.example") && !is_safe("http://localhost.example"));
    }
}
