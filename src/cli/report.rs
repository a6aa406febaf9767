//! What is typed to look at a run.
#![allow(clippy::doc_markdown, reason = "clap shows these comments as they are")]

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::DatabaseArgs;

/// The options of `report`.
#[derive(Debug, ClapArgs)]
pub struct ReportArgs {
    /// The run: its id, or how that begins [default: the last one]
    pub run: Option<String>,

    /// Of which repository [default: the only one in the index]
    #[arg(long, value_name = "NAME", env = "MNEMO_REPOSITORY")]
    pub repository: Option<String>,

    /// Write the report to this file, as a page with all it needs
    #[arg(long, value_name = "FILE")]
    pub html: PathBuf,

    /// Where the index is.
    #[command(flatten)]
    pub database: DatabaseArgs,
}
