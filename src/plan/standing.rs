//! What is to be done with an index that stands.

use std::path::PathBuf;

use super::checkout::Checkout;
use super::home::Home;
use super::{Database, database, directory, repository, repository_name};
use crate::cli;
use crate::names::RepositoryName;
use crate::walk;

/// Showing what an index holds.
pub struct StatusPlan {
    /// The index.
    pub database: Database,
    /// Of which repository; all if none is named.
    pub repository: Option<RepositoryName>,
    /// JSON instead of text.
    pub json: bool,
}

/// Checking an index.
pub struct VerifyPlan {
    /// The index.
    pub database: Database,
    /// Of which repository; all if none is named.
    pub repository: Option<RepositoryName>,
    /// The files to compare it with.
    pub place: Option<Place>,
    /// JSON instead of text.
    pub json: bool,
}

/// Files that were indexed, where they are now.
pub struct Place {
    /// What the paths of the index are relative to.
    pub root: PathBuf,
    /// The directory, relative to the root, with `/` at its end; empty for the root.
    pub folder: String,
}

/// Taking a repository out of an index.
pub struct ForgetPlan {
    /// The index.
    pub database: Database,
    /// The repository.
    pub repository: RepositoryName,
}

/// Freeing what nothing uses.
pub struct GcPlan {
    /// The index.
    pub database: Database,
    /// Runs of each repository that are remembered.
    pub keep_runs: u32,
    /// JSON instead of text.
    pub json: bool,
}

pub(super) fn status_plan(args: cli::StatusArgs, home: &Home) -> anyhow::Result<StatusPlan> {
    let name = args.repository.as_deref().map(repository_name);
    Ok(StatusPlan {
        database: database(args.database, home)?,
        repository: name.transpose()?,
        json: args.json,
    })
}

pub(super) fn verify_plan(args: cli::VerifyArgs, home: &Home) -> anyhow::Result<VerifyPlan> {
    let dir = args.dir.as_deref().map(directory).transpose()?;
    let checkout = dir.as_deref().and_then(Checkout::around);
    let repository = match &dir {
        Some(dir) => Some(repository(args.repository, dir, checkout.as_ref())?),
        None => args
            .repository
            .as_deref()
            .map(repository_name)
            .transpose()?,
    };
    Ok(VerifyPlan {
        database: database(args.database, home)?,
        repository,
        place: dir.map(|dir| {
            let root = checkout.map_or_else(|| dir.clone(), |checkout| checkout.root);
            let folder = walk::folder(&root, &dir);
            Place { root, folder }
        }),
        json: args.json,
    })
}

pub(super) fn forget_plan(args: cli::ForgetArgs, home: &Home) -> anyhow::Result<ForgetPlan> {
    Ok(ForgetPlan {
        database: database(args.database, home)?,
        repository: repository_name(&args.repository)?,
    })
}

pub(super) fn gc_plan(args: cli::GcArgs, home: &Home) -> anyhow::Result<GcPlan> {
    Ok(GcPlan {
        database: database(args.database, home)?,
        keep_runs: args.keep_runs,
        json: args.json,
    })
}
