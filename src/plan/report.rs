//! Which run is to be reported, and where.

use std::path::PathBuf;

use anyhow::anyhow;

use super::home::Home;
use super::{Database, database, repository_name, writable};
use crate::cli;
use crate::error::Advise;
use crate::exit::Exit;
use crate::names::RepositoryName;

/// Reporting a run.
pub struct ReportPlan {
    /// The index.
    pub database: Database,
    /// Of which repository; the only one if none is named.
    pub repository: Option<RepositoryName>,
    /// How the run's id begins; the last one if it is empty.
    pub run: String,
    /// The page.
    pub file: PathBuf,
}

pub(super) fn report_plan(args: cli::ReportArgs, home: &Home) -> anyhow::Result<ReportPlan> {
    let name = args.repository.as_deref().map(repository_name);
    let run = args.run.unwrap_or_default().to_lowercase();
    if run.contains(|letter: char| !(letter.is_ascii_hexdigit() || letter == '-')) {
        let hint = "it is a UUID or the beginning of one; `mnemo-index status --json` tells the last run's";
        return Err(anyhow!("{run} is not the id of a run")).exit(Exit::Usage, hint);
    }
    Ok(ReportPlan {
        database: database(args.database, home)?,
        repository: name.transpose()?,
        run,
        file: writable(args.html)?,
    })
}
