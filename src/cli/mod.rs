//! What the user typed: clap types, and nothing that does anything.
#![allow(clippy::doc_markdown, reason = "clap shows these comments as they are")]

mod ask;
mod chunk;
mod complete;
mod finish;
mod graph;
mod index;
mod models;
mod report;
mod search;
mod standing;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::exit;

pub use ask::{CallsArgs, ShowArgs, SubjectArgs};
pub use chunk::ChunkArgs;
pub use complete::{Known, answer_shell, manual, script};
pub use finish::FinishArgs;
pub use graph::{GraphArgs, GraphFormatArg, LevelArg};
pub use index::{
    ColorArg, DEFAULT_MODEL, FileArgs, IndexArgs, MemoryArgs, ModelArgs, OutputArgs, PrecisionArg,
    ProviderArg, RoleArg, ServerArgs, VectorIndexArg, VectorIndexArgs,
};
pub use models::{ModelsCommand, ModelsFetchArgs, ModelsListArgs, ModelsVerifyArgs};
pub use report::ReportArgs;
pub use search::{ModeArg, SearchArgs};
pub use standing::{ForgetArgs, GcArgs, StatusArgs, VerifyArgs};

const AFTER_HELP: &str = "\
Example:
  $ mnemo-index ./rxjs --repository rxjs
  $ psql \"$(mnemo-index db url)\" -c \\
      \"SELECT count(*), language FROM code_chunks WHERE repository = 'rxjs' GROUP BY language\"

Without --database-url a private PostgreSQL of the program's own is used; it is
started when needed and stopped by the last run. A first argument that is a
command's name means the command: write ./db for the folder.";

/// Index a code base into PostgreSQL + pgvector.
///
/// Walks DIR by git's rules, cuts every file along its syntax, embeds the
/// pieces as text and as code, and commits each file in one transaction.
/// Files that have not changed since the last run are left alone.
#[derive(Debug, Parser)]
#[command(
    name = "mnemo-index",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true,
    after_help = format!("{AFTER_HELP}\n\n{}", exit::TABLE),
    max_term_width = 100
)]
pub struct Args {
    /// A command other than indexing.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What to index, and how.
    #[command(flatten)]
    pub index: IndexArgs,
}

/// The commands besides indexing.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Manage the private PostgreSQL that is used without --database-url
    Db {
        /// What to do with it.
        #[command(subcommand)]
        command: DbCommand,
    },
    /// Fetch, check and list models
    Models {
        /// What to do with them.
        #[command(subcommand)]
        command: ModelsCommand,
    },
    /// Show how files are cut into chunks; needs no weights and no database
    Chunk(ChunkArgs),
    /// Complete what shards have indexed: retire what has gone, make the graph, close the run
    Finish(FinishArgs),
    /// Show how the last runs went, what the index holds, and what failed
    Status(StatusArgs),
    /// Print a definition, with what calls it, what it calls and where it is imported
    Show(ShowArgs),
    /// Print what calls a definition, and what calls that, as a tree
    Callers(CallsArgs),
    /// Print what a definition calls, and what that calls, as a tree
    Callees(CallsArgs),
    /// Show how a run went, as a page
    Report(ReportArgs),
    /// Draw a repository's graph: a page to look at, or a file for other programs
    Graph(GraphArgs),
    /// Check the index against its own promises; faults are listed, exit code 5
    Verify(VerifyArgs),
    /// Find code by meaning and by words
    Search(Box<SearchArgs>),
    /// Take a repository out of the index, all of it at once
    Forget(ForgetArgs),
    /// Free what nothing uses: records of old runs, the space of rows that are gone
    Gc(GcArgs),
    /// Print the licences of all that is in the program
    Licenses,
    /// Print what a shell needs to complete commands, options and their values
    Completions {
        /// The shell
        shell: ShellArg,
    },
    /// Print the manual, or write a page for each command
    Man {
        /// Write the pages to this directory
        #[arg(long, value_name = "DIR")]
        output: Option<PathBuf>,
    },
}

/// A shell that can complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "each is what it is called")]
pub enum ShellArg {
    Bash,
    Zsh,
    Fish,
    Powershell,
}

impl ShellArg {
    /// Its name in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
            Self::Powershell => "powershell",
        }
    }
}

/// What can be done with the private PostgreSQL.
#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Start it and leave it running
    Start,
    /// Stop it, also if `db start` left it running
    Stop,
    /// Say whether it runs, which version, where, and how large
    Status,
    /// Print the connection string, starting the server if needed
    Url {
        /// The database.
        #[arg(default_value = "mnemo")]
        name: String,
    },
    /// Create a database, for instance for models with another vector width
    Create {
        /// The new database.
        name: String,
    },
    /// Spread an index over the machines of a Citus cluster, each repository whole on one of them
    Distribute(DistributeArgs),
}

/// The options of `db distribute`.
#[derive(Debug, ClapArgs)]
pub struct DistributeArgs {
    /// Say what would be done, and change nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Where the index is.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// Where the index is.
#[derive(Debug, ClapArgs)]
pub struct DatabaseArgs {
    /// The database [default: a private PostgreSQL]
    #[arg(
        long,
        value_name = "URL",
        env = "DATABASE_URL",
        hide_env_values = true,
        help_heading = "Database"
    )]
    pub database_url: Option<String>,
}

impl Args {
    /// Whether machines read what is printed.
    #[must_use]
    pub fn wants_json(&self) -> bool {
        match &self.command {
            None => self.index.output.json,
            Some(Command::Finish(args)) => args.json,
            Some(Command::Status(args)) => args.json,
            Some(Command::Show(args)) => args.subject.json,
            Some(Command::Callers(args) | Command::Callees(args)) => args.subject.json,
            Some(Command::Verify(args)) => args.json,
            Some(Command::Gc(args)) => args.json,
            Some(Command::Search(args)) => args.json,
            Some(Command::Chunk(args)) => args.json,
            Some(Command::Models { command }) => command.wants_json(),
            Some(
                Command::Db { .. }
                | Command::Forget(_)
                | Command::Licenses
                | Command::Completions { .. }
                | Command::Man { .. }
                | Command::Graph(_)
                | Command::Report(_),
            ) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_main_job_needs_no_more_than_a_folder() {
        let args = Args::try_parse_from(["mnemo-index", "./repo", "--sequential"]).unwrap();
        assert!(args.index.sequential && args.command.is_none());
    }

    #[test]
    fn the_name_of_a_command_means_the_command() {
        let args = Args::try_parse_from(["mnemo-index", "db", "status"]).unwrap();
        assert!(matches!(
            args.command,
            Some(Command::Db {
                command: DbCommand::Status
            })
        ));
        let args = Args::try_parse_from(["mnemo-index", "./db"]).unwrap();
        assert!(args.command.is_none());
    }
}
