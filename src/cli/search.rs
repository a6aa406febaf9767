//! What is typed to search an index.
#![allow(clippy::doc_markdown, reason = "clap shows these comments as they are")]

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::{ColorArg, DatabaseArgs, ServerArgs};

/// The options of `search`.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXAMPLES)]
pub struct SearchArgs {
    /// What to look for: a question, words, a name; with --mode similar FILE:LINE; - to read one query
    /// a line from standard input
    pub query: String,

    /// Only in this repository [default: all]
    #[arg(long, value_name = "NAME", env = "MNEMO_REPOSITORY")]
    pub repository: Option<String>,

    /// How many hits to show
    #[arg(long, short = 'n', value_name = "N", default_value = "10", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,

    /// Only in this language
    #[arg(long, value_name = "LANGUAGE")]
    pub language: Option<String>,

    /// Only chunks of these kinds: function, method, class, …
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub kind: Vec<String>,

    /// Only files that match (git's glob syntax, at any depth; /GLOB is tied to the root)
    #[arg(long, value_name = "GLOB")]
    pub path: Option<String>,

    /// What decides
    #[arg(long, value_enum, default_value_t = ModeArg::Hybrid)]
    pub mode: ModeArg,

    /// Rank tests like everything else [default: a little lower]
    #[arg(long)]
    pub tests: bool,

    /// How much each ranking counts, such as text=1,code=0.5,lexical=1
    #[arg(
        long,
        value_name = "RANKING=N",
        value_delimiter = ',',
        help_heading = "Ranking"
    )]
    pub weights: Vec<String>,

    /// Leave the order as the rankings have it: look at no names, kinds or tests
    #[arg(long, help_heading = "Ranking")]
    pub plain: bool,

    /// Where the index is.
    #[command(flatten)]
    pub database: DatabaseArgs,

    /// The folder with one folder per model [default: $MNEMO_HOME/models]
    #[arg(
        long,
        value_name = "DIR",
        env = "MNEMO_MODELS_DIR",
        help_heading = "Models"
    )]
    pub models_dir: Option<PathBuf>,

    /// A server instead of models that run here.
    #[command(flatten)]
    pub server: ServerArgs,

    /// One JSON object per hit, and one at the end of each answer
    #[arg(long)]
    pub json: bool,

    /// When to use colour
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColorArg::Auto)]
    pub color: ColorArg,
}

const EXAMPLES: &str = "\
Examples:
  $ mnemo-index search \"where are retries configured\"
  $ mnemo-index search retryWhen --kind function,method
  $ mnemo-index search \"parse a date\" --path 'src/**/*.ts' --json
  $ mnemo-index search --mode similar src/cart.ts:17

The query is embedded with the models that the index was made with.";

/// What decides about the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ModeArg {
    /// Meaning and words
    Hybrid,
    /// Meaning alone: the vectors
    Semantic,
    /// Words alone; loads no model
    Lexical,
    /// Nearness to the chunk at FILE:LINE; loads no model
    Similar,
}
