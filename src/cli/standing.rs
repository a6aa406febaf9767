//! What is typed for an index that stands.
#![allow(clippy::doc_markdown, reason = "clap shows these comments as they are")]

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::DatabaseArgs;

/// The options of `status`.
#[derive(Debug, ClapArgs)]
pub struct StatusArgs {
    /// Only this repository [default: all]
    #[arg(long, value_name = "NAME", env = "MNEMO_REPOSITORY")]
    pub repository: Option<String>,

    /// Where the index is.
    #[command(flatten)]
    pub database: DatabaseArgs,

    /// One JSON object per repository
    #[arg(long)]
    pub json: bool,
}

/// The options of `verify`.
#[derive(Debug, ClapArgs)]
pub struct VerifyArgs {
    /// Also compare the index with the files of this directory
    pub dir: Option<PathBuf>,

    /// Only this repository [default: all, or with DIR the one that indexing DIR would write]
    #[arg(long, value_name = "NAME", env = "MNEMO_REPOSITORY")]
    pub repository: Option<String>,

    /// Where the index is.
    #[command(flatten)]
    pub database: DatabaseArgs,

    /// One JSON object per fault
    #[arg(long)]
    pub json: bool,
}

/// The options of `forget`.
#[derive(Debug, ClapArgs)]
pub struct ForgetArgs {
    /// The repository
    #[arg(value_name = "NAME")]
    pub repository: String,

    /// Where the index is.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// The options of `gc`.
#[derive(Debug, ClapArgs)]
pub struct GcArgs {
    /// How many runs of each repository to remember
    #[arg(long, value_name = "N", default_value = "100")]
    pub keep_runs: u32,

    /// Where the index is.
    #[command(flatten)]
    pub database: DatabaseArgs,

    /// One JSON object
    #[arg(long)]
    pub json: bool,
}
