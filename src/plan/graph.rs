//! How a graph is to be drawn.

use std::path::PathBuf;

use super::home::Home;
use super::{Database, database, repository_name, writable};
use crate::cli::{self, GraphFormatArg, LevelArg};
use crate::names::RepositoryName;
use crate::picture::{Format, Level};

/// Drawing the graph of a repository.
pub struct GraphPlan {
    /// The index.
    pub database: Database,
    /// Of which repository; the only one if none is named.
    pub repository: Option<RepositoryName>,
    /// As what.
    pub form: GraphForm,
}

/// As what a graph is drawn.
pub enum GraphForm {
    /// A page in this file.
    Page(PathBuf),
    /// For other programs: in this file, or to standard output.
    Data(Format, Level, Option<PathBuf>),
}

pub(super) fn graph_plan(args: cli::GraphArgs, home: &Home) -> anyhow::Result<GraphPlan> {
    let name = args.repository.as_deref().map(repository_name);
    let form = match (args.html, args.format) {
        (Some(file), _) => GraphForm::Page(writable(file)?),
        (None, format) => {
            let format = format_of(format.unwrap_or(GraphFormatArg::Json));
            let level = args.level.map_or(format.level(), level_of);
            GraphForm::Data(format, level, args.output.map(writable).transpose()?)
        }
    };
    Ok(GraphPlan {
        database: database(args.database, home)?,
        repository: name.transpose()?,
        form,
    })
}

fn format_of(arg: GraphFormatArg) -> Format {
    match arg {
        GraphFormatArg::Graphml => Format::GraphMl,
        GraphFormatArg::Dot => Format::Dot,
        GraphFormatArg::Json => Format::Json,
        GraphFormatArg::Mermaid => Format::Mermaid,
    }
}

fn level_of(arg: LevelArg) -> Level {
    match arg {
        LevelArg::Packages => Level::Packages,
        LevelArg::Modules => Level::Modules,
        LevelArg::Definitions => Level::Definitions,
    }
}
