//! What is typed for `chunk`.
#![allow(clippy::doc_markdown, reason = "clap shows these comments as they are")]

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::DEFAULT_MODEL;

/// The options of `chunk`.
#[derive(Debug, ClapArgs)]
pub struct ChunkArgs {
    /// The files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// The model whose tokenizer sizes the chunks
    #[arg(long, value_name = "ID", default_value = DEFAULT_MODEL, env = "MNEMO_CODE_MODEL")]
    pub model: String,

    /// The folder with one folder per model [default: $MNEMO_HOME/models]
    #[arg(long, value_name = "DIR", env = "MNEMO_MODELS_DIR")]
    pub models_dir: Option<PathBuf>,

    /// Read at most so much (bytes, or with K, M, G)
    #[arg(
        long,
        value_name = "SIZE",
        default_value = "2M",
        env = "MNEMO_MAX_FILE_SIZE"
    )]
    pub max_file_size: String,

    /// Show also what looks like a token or a private key
    #[arg(long)]
    pub no_mask: bool,

    /// One JSON object per file
    #[arg(long)]
    pub json: bool,
}
