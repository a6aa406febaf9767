//! What is typed to complete what shards have indexed.
#![allow(clippy::doc_markdown, reason = "clap shows these comments as they are")]

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::{DatabaseArgs, VectorIndexArgs};

/// The options of `finish`.
#[derive(Debug, ClapArgs)]
pub struct FinishArgs {
    /// The directory that the shards indexed, on the same commit: imports are looked up in it
    #[arg(default_value = ".")]
    pub dir: PathBuf,

    /// The name it is stored under [default: the git remote's name, else the folder's]
    #[arg(long, value_name = "NAME", env = "MNEMO_REPOSITORY")]
    pub repository: Option<String>,

    /// Go on if more than half of the files in the index would be retired
    #[arg(long)]
    pub allow_shrink: bool,

    /// Wait for runs on the same repository to end [default: exit with 75]
    #[arg(long)]
    pub wait: bool,

    /// Where the index is.
    #[command(flatten)]
    pub database: DatabaseArgs,

    /// How long a database server that goes away is waited for, in seconds
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "60",
        env = "MNEMO_RETRY_FOR",
        help_heading = "Database"
    )]
    pub retry_for: u32,

    /// How the vectors are indexed.
    #[command(flatten)]
    pub vector_index: VectorIndexArgs,

    /// One JSON object
    #[arg(long)]
    pub json: bool,
}
