//! What an index is asked about a definition.

use super::home::Home;
use super::{Database, database, repository_name};
use crate::cli;
use crate::error::Advise;
use crate::exit::Exit;
use crate::names::RepositoryName;
use crate::store::{Asked, Direction};

/// Asking an index about a definition.
pub struct AskPlan {
    /// The index.
    pub database: Database,
    /// In which repository; all if none is named.
    pub repository: Option<RepositoryName>,
    /// What it is about.
    pub asked: Asked,
    /// What is wanted of it.
    pub question: Question,
    /// JSON instead of text.
    pub json: bool,
}

/// What can be asked about a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// All of it: its source, and what is around it.
    Show,
    /// What calls it, or what it calls.
    Calls(Direction, Bounds),
}

/// How far calls are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Calls from the definition, 1 or more.
    pub depth: u32,
    /// Calls that are shown.
    pub limit: u32,
}

pub(super) fn show_plan(args: cli::ShowArgs, home: &Home) -> anyhow::Result<AskPlan> {
    ask_plan(args.subject, Question::Show, home)
}

pub(super) fn calls_plan(
    args: cli::CallsArgs,
    direction: Direction,
    home: &Home,
) -> anyhow::Result<AskPlan> {
    let bounds = Bounds {
        depth: args.depth,
        limit: args.limit,
    };
    ask_plan(args.subject, Question::Calls(direction, bounds), home)
}

fn ask_plan(args: cli::SubjectArgs, question: Question, home: &Home) -> anyhow::Result<AskPlan> {
    const HINT: &str = "give a name such as Cart.add, or a place such as src/cart.ts:12";
    let repository = args.repository.as_deref().map(repository_name);
    Ok(AskPlan {
        asked: Asked::new(&args.name).exit(Exit::Usage, HINT)?,
        repository: repository.transpose()?,
        database: database(args.database, home)?,
        question,
        json: args.json,
    })
}
