//! What is typed to ask an index about a definition.
#![allow(clippy::doc_markdown, reason = "clap shows these comments as they are")]

use clap::{Args as ClapArgs, value_parser};

use super::DatabaseArgs;

/// The options of `show`.
#[derive(Debug, ClapArgs)]
pub struct ShowArgs {
    /// What is asked about.
    #[command(flatten)]
    pub subject: SubjectArgs,
}

/// The options of `callers` and `callees`.
#[derive(Debug, ClapArgs)]
pub struct CallsArgs {
    /// What is asked about.
    #[command(flatten)]
    pub subject: SubjectArgs,

    /// How many calls deep
    #[arg(long, value_name = "N", default_value = "3", value_parser = value_parser!(u32).range(1..=100))]
    pub depth: u32,

    /// How many calls are shown at most
    #[arg(long, value_name = "N", default_value = "200", value_parser = value_parser!(u32).range(1..=100_000))]
    pub limit: u32,
}

/// A definition, and the index it is in.
#[derive(Debug, ClapArgs)]
pub struct SubjectArgs {
    /// The definition: its name path, or the end of it from a dot on; or FILE:LINE
    #[arg(value_name = "NAME_PATH")]
    pub name: String,

    /// Only in this repository [default: all]
    #[arg(long, value_name = "NAME", env = "MNEMO_REPOSITORY")]
    pub repository: Option<String>,

    /// Where the index is.
    #[command(flatten)]
    pub database: DatabaseArgs,

    /// One JSON object per line
    #[arg(long)]
    pub json: bool,
}
