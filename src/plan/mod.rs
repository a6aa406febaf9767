//! What will be done: everything the user typed, checked, with the environment
//! read here and nowhere else. Hands out ready parts, so that no stage sees the
//! command line.

mod ask;
mod checkout;
mod finish;
mod gpu;
mod graph;
mod home;
mod index;
mod model_files;
mod models;
mod report;
mod search;
mod servers;
mod standing;
mod value;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow};

use crate::cli::{self, Args, Command, DatabaseArgs, DbCommand, OutputArgs};
use crate::embed::{ModelConfig, Provider};
use crate::error::{Advise, AdviseItself};
use crate::exit::Exit;
use crate::names::RepositoryName;
use crate::read::ReadOptions;
use crate::store::embedded::{self, ClusterConfig};
use crate::store::{DatabaseUrl, Direction, VectorIndex, check_database_name};
use crate::terminal::{Color, TerminalOptions};

use ask::{calls_plan, show_plan};
use checkout::Checkout;
use finish::finish_plan;
use graph::graph_plan;
use home::Home;
use index::index_plan;
use model_files::{ids, models_plan};
use models::model_config;
use report::report_plan;
use search::search_plan;
use standing::{forget_plan, gc_plan, status_plan, verify_plan};

pub use ask::{AskPlan, Bounds, Question};
pub use finish::FinishPlan;
pub use graph::{GraphForm, GraphPlan};
pub use index::{IndexPlan, Memory, Tree};
pub use model_files::{ModelsPlan, ModelsTask};
pub use models::tokenizer;
pub use report::ReportPlan;
pub use search::{ModelSource, Queries, SearchPlan};
pub use standing::{ForgetPlan, GcPlan, Place, StatusPlan, VerifyPlan};

/// Which of the program's jobs is to be done.
pub enum Plan {
    /// The main job.
    Index(Box<IndexPlan>),
    /// Managing the private PostgreSQL.
    Database(DatabasePlan),
    /// Managing the models' files.
    Models(ModelsPlan),
    /// Showing the chunks of files.
    Chunk(ChunkPlan),
    /// Completing what shards have indexed.
    Finish(FinishPlan),
    /// Showing what an index holds.
    Status(StatusPlan),
    /// Asking an index about a definition.
    Ask(AskPlan),
    /// Reporting a run.
    Report(ReportPlan),
    /// Drawing a graph.
    Graph(GraphPlan),
    /// Checking an index.
    Verify(VerifyPlan),
    /// Searching an index.
    Search(Box<SearchPlan>),
    /// Taking a repository out of an index.
    Forget(ForgetPlan),
    /// Freeing what nothing uses.
    Gc(GcPlan),
    /// Printing licences: the whole texts, if the program carries them.
    Licenses(Option<String>),
    /// Printing what a shell needs to complete.
    Completions(cli::ShellArg),
    /// Printing the manual, or writing it to a directory.
    Man(Option<PathBuf>),
}

/// Where the rows go.
#[derive(Clone)]
pub enum Database {
    /// A server that the user named.
    Url(DatabaseUrl),
    /// The private one, and the database's name in it.
    Private(ClusterConfig, String),
}

/// What is printed to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output {
    /// NDJSON instead of text.
    pub json: bool,
    /// A line per file.
    pub verbose: bool,
    /// Nothing but errors.
    pub quiet: bool,
}

/// Managing the private PostgreSQL, or a database of many machines.
pub enum DatabasePlan {
    /// Leave it running.
    Start(ClusterConfig),
    /// Stop it.
    Stop(ClusterConfig),
    /// Say how it is.
    Status(ClusterConfig),
    /// Print the connection string of a database.
    Url(ClusterConfig, String),
    /// Create a database.
    Create(ClusterConfig, String),
    /// Spread an index over many machines.
    Distribute {
        /// The index.
        database: Database,
        /// Only say what would be done.
        dry_run: bool,
    },
}

/// Showing the chunks of files.
pub struct ChunkPlan {
    /// The files.
    pub files: Vec<PathBuf>,
    /// How they are read.
    pub read: ReadOptions,
    /// The model whose tokenizer sizes the chunks.
    pub model: ModelConfig,
    /// One JSON object per file instead of text.
    pub json: bool,
}

/// When colour is used; the variable counts where nothing was said.
fn color(typed: cli::ColorArg) -> Color {
    match typed {
        cli::ColorArg::Auto if home::is_set("NO_COLOR") => Color::Never,
        cli::ColorArg::Auto => Color::Auto,
        cli::ColorArg::Always => Color::Always,
        cli::ColorArg::Never => Color::Never,
    }
}

/// What the terminal needs to know, before anything can go wrong.
#[must_use]
pub fn terminal(output: &OutputArgs) -> TerminalOptions {
    TerminalOptions {
        color: color(output.color),
        progress: !(output.no_progress || output.quiet),
        plain_every: Duration::from_secs(5),
        libraries: output.verbose > 1,
        quiet: output.quiet,
    }
}

/// Checks what was typed.
///
/// # Errors
/// One message for the first thing that makes no sense, with advice.
pub fn plan(args: Args) -> anyhow::Result<Plan> {
    // Not every command needs one.
    let home = Home::find();
    match args.command {
        Some(Command::Db { command }) => database_plan(command, &home?).map(Plan::Database),
        Some(Command::Models { command }) => models_plan(command, &home?).map(Plan::Models),
        Some(Command::Chunk(args)) => chunk_plan(args, &home?).map(Plan::Chunk),
        Some(Command::Finish(args)) => finish_plan(args, &home?).map(Plan::Finish),
        Some(Command::Status(args)) => status_plan(args, &home?).map(Plan::Status),
        Some(Command::Show(args)) => show_plan(args, &home?).map(Plan::Ask),
        Some(Command::Callers(args)) => calls_plan(args, Direction::Callers, &home?).map(Plan::Ask),
        Some(Command::Callees(args)) => calls_plan(args, Direction::Callees, &home?).map(Plan::Ask),
        Some(Command::Report(args)) => report_plan(args, &home?).map(Plan::Report),
        Some(Command::Graph(args)) => graph_plan(args, &home?).map(Plan::Graph),
        Some(Command::Verify(args)) => verify_plan(args, &home?).map(Plan::Verify),
        Some(Command::Search(args)) => {
            search_plan(*args, &home?).map(|plan| Plan::Search(Box::new(plan)))
        }
        Some(Command::Forget(args)) => forget_plan(args, &home?).map(Plan::Forget),
        Some(Command::Gc(args)) => gc_plan(args, &home?).map(Plan::Gc),
        Some(Command::Licenses) => home?.notices().map(Plan::Licenses),
        Some(Command::Completions { shell }) => Ok(Plan::Completions(shell)),
        Some(Command::Man { output }) => Ok(Plan::Man(output)),
        None => index_plan(args.index, &home?).map(|plan| Plan::Index(Box::new(plan))),
    }
}

/// The database without `--database-url`; a private one is not made ready for it.
///
/// # Errors
/// There is no place for the program's data, or `DATABASE_URL` cannot be read.
pub fn usual_database() -> anyhow::Result<Database> {
    match home::text("DATABASE_URL") {
        Some(url) => Ok(Database::Url(DatabaseUrl::new(&url).advise()?)),
        None => Ok(Database::Private(
            Home::find()?.cluster(),
            embedded::DEFAULT_DATABASE.to_owned(),
        )),
    }
}

/// The ids of the models that come with the program or are in the usual folder.
///
/// # Errors
/// There is no place for the program's data.
pub fn known_models() -> anyhow::Result<Vec<String>> {
    let folder = home::text("MNEMO_MODELS_DIR").map(PathBuf::from);
    let folder = folder.map_or_else(|| Home::find().map(|home| home.models_as_they_are()), Ok)?;
    Ok(ids(&folder).iter().map(ToString::to_string).collect())
}

fn database_plan(command: DbCommand, home: &Home) -> anyhow::Result<DatabasePlan> {
    if let DbCommand::Url { name } | DbCommand::Create { name } = &command {
        check_database_name(name).advise()?;
    }
    Ok(match command {
        DbCommand::Start => DatabasePlan::Start(home.server()?),
        DbCommand::Stop => DatabasePlan::Stop(home.cluster()),
        DbCommand::Status => DatabasePlan::Status(home.cluster()),
        DbCommand::Url { name } => DatabasePlan::Url(home.server()?, name),
        DbCommand::Create { name } => DatabasePlan::Create(home.server()?, name),
        DbCommand::Distribute(args) => DatabasePlan::Distribute {
            database: database(args.database, home)?,
            dry_run: args.dry_run,
        },
    })
}

fn chunk_plan(args: cli::ChunkArgs, home: &Home) -> anyhow::Result<ChunkPlan> {
    let models = home.models(args.models_dir.as_deref())?;
    Ok(ChunkPlan {
        files: args.files,
        read: ReadOptions {
            max_bytes: value::size(&args.max_file_size).exit(Exit::Usage, value::SIZE_HINT)?,
            mask: !args.no_mask,
        },
        model: model_config(
            &args.model,
            (&models, home.library(Provider::Cpu)),
            (Provider::Cpu, None),
        )?,
        json: args.json,
    })
}

fn directory(dir: &Path) -> anyhow::Result<PathBuf> {
    let shown = dir.display();
    let found = std::fs::canonicalize(dir)
        .with_context(|| format!("cannot index {shown}"))
        .hint("name a directory that exists; nothing was changed")?;
    if !found.is_dir() {
        return Err(anyhow!("{shown} is a file, not a directory"))
            .hint("name the directory it is in; `mnemo-index chunk FILE` shows one file");
    }
    std::fs::read_dir(&found)
        .with_context(|| format!("cannot read the directory {shown}"))
        .hint("check its permissions; nothing was changed")?;
    Ok(found)
}

/// A file that can be written: better known now than after an hour.
fn writable(path: PathBuf) -> anyhow::Result<PathBuf> {
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .with_context(|| format!("cannot write {}", path.display()))
        .hint("name a file in a directory that exists and can be written")?;
    Ok(path)
}

fn repository(
    name: Option<String>,
    dir: &Path,
    checkout: Option<&Checkout>,
) -> anyhow::Result<RepositoryName> {
    let name = name
        .or_else(|| checkout.and_then(|checkout| checkout.remote.clone()))
        .or_else(|| Some(dir.file_name()?.to_string_lossy().into_owned()))
        .unwrap_or_default();
    RepositoryName::new(&name).exit(Exit::Usage, "give it a name with --repository NAME")
}

fn repository_name(name: &str) -> anyhow::Result<RepositoryName> {
    RepositoryName::new(name).exit(
        Exit::Usage,
        "give a name of 1 to 255 bytes; `mnemo-index status` shows those in the index",
    )
}

fn database(args: DatabaseArgs, home: &Home) -> anyhow::Result<Database> {
    match args.database_url.filter(|url| !url.is_empty()) {
        None => Ok(Database::Private(
            home.server()?,
            embedded::DEFAULT_DATABASE.to_owned(),
        )),
        Some(url) => Ok(Database::Url(DatabaseUrl::new(&url).advise()?)),
    }
}

fn vector_index(args: cli::VectorIndexArgs) -> VectorIndex {
    match args.vector_index {
        cli::VectorIndexArg::Hnsw => VectorIndex::Hnsw,
        cli::VectorIndexArg::Diskann => VectorIndex::Diskann,
        cli::VectorIndexArg::Ybhnsw => VectorIndex::YbHnsw,
        cli::VectorIndexArg::None => VectorIndex::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_name_the_folder_gives_it() {
        let name = repository(None, Path::new("/code/rxjs"), None).unwrap();
        assert_eq!(name.as_str(), "rxjs");
        assert!(repository(None, Path::new("/"), None).is_err());
    }
}
