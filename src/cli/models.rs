//! What is typed for models.
#![allow(clippy::doc_markdown, reason = "clap shows these comments as they are")]

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::PrecisionArg;

/// What can be done with models.
#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// List the models that are known, and which of them are there
    List(ModelsListArgs),
    /// Fetch a model from the hub, a mirror or a folder; what was begun is gone on with
    Fetch(ModelsFetchArgs),
    /// Check the files of a model, or of all that are there; faults are listed, exit code 5
    Verify(ModelsVerifyArgs),
    /// Print the folder of a model that is there
    Path {
        /// The model
        id: String,
        /// The folder with one folder per model [default: $MNEMO_HOME/models]
        #[arg(long, value_name = "DIR", env = "MNEMO_MODELS_DIR")]
        models_dir: Option<PathBuf>,
    },
}

impl ModelsCommand {
    /// Whether machines read what is printed.
    #[must_use]
    pub fn wants_json(&self) -> bool {
        match self {
            Self::List(args) => args.json,
            Self::Fetch(args) => args.json,
            Self::Verify(args) => args.json,
            Self::Path { .. } => false,
        }
    }
}

/// The options of `models list`.
#[derive(Debug, ClapArgs)]
pub struct ModelsListArgs {
    /// The folder with one folder per model [default: $MNEMO_HOME/models]
    #[arg(long, value_name = "DIR", env = "MNEMO_MODELS_DIR")]
    pub models_dir: Option<PathBuf>,

    /// One JSON object per model
    #[arg(long)]
    pub json: bool,
}

/// The options of `models fetch`.
#[derive(Debug, ClapArgs)]
pub struct ModelsFetchArgs {
    /// The model
    pub id: String,

    /// The form [default: what the model's manifest says]
    #[arg(long, value_enum, env = "MNEMO_PRECISION")]
    pub precision: Option<PrecisionArg>,

    /// Take the files from this folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "mirror")]
    pub from: Option<PathBuf>,

    /// Take the files from URL/ID/ (https)
    #[arg(long, value_name = "URL")]
    pub mirror: Option<String>,

    /// Fail rather than use the network; HF_HUB_OFFLINE=1 says the same
    #[arg(long)]
    pub offline: bool,

    /// The folder with one folder per model [default: $MNEMO_HOME/models]
    #[arg(long, value_name = "DIR", env = "MNEMO_MODELS_DIR")]
    pub models_dir: Option<PathBuf>,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// The options of `models verify`.
#[derive(Debug, ClapArgs)]
pub struct ModelsVerifyArgs {
    /// Only this model [default: all that are there]
    pub id: Option<String>,

    /// The folder with one folder per model [default: $MNEMO_HOME/models]
    #[arg(long, value_name = "DIR", env = "MNEMO_MODELS_DIR")]
    pub models_dir: Option<PathBuf>,

    /// One JSON object per model
    #[arg(long)]
    pub json: bool,
}
