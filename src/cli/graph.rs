//! What is typed to look at the graph.
#![allow(clippy::doc_markdown, reason = "clap shows these comments as they are")]

use std::path::PathBuf;

use clap::{ArgGroup, Args as ClapArgs, ValueEnum};

use super::DatabaseArgs;

/// The options of `graph`.
#[derive(Debug, ClapArgs)]
#[command(group = ArgGroup::new("form").required(true).args(["html", "format"]))]
pub struct GraphArgs {
    /// The repository [default: the only one in the index]
    #[arg(long, value_name = "NAME", env = "MNEMO_REPOSITORY")]
    pub repository: Option<String>,

    /// Write a page that shows the graph, with all it needs in one file
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,

    /// Write the graph for other programs
    #[arg(long, value_enum)]
    pub format: Option<GraphFormatArg>,

    /// What the nodes are [default: modules for dot and mermaid, else definitions]
    #[arg(long, value_enum, requires = "format")]
    pub level: Option<LevelArg>,

    /// Where --format writes [default: standard output]
    #[arg(long, short, value_name = "FILE", requires = "format")]
    pub output: Option<PathBuf>,

    /// Where the index is.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// A form that other programs read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GraphFormatArg {
    /// XML for Gephi, yEd, NetworkX
    Graphml,
    /// Graphviz
    Dot,
    /// One JSON object with nodes and edges
    Json,
    /// A flowchart for Markdown
    Mermaid,
}

/// What the nodes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LevelArg {
    /// Packages; a module outside of all stands for itself
    Packages,
    /// Files
    Modules,
    /// Files and the definitions in them
    Definitions,
}
