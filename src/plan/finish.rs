//! Completing what shards have indexed.

use std::path::PathBuf;
use std::time::Duration;

use super::checkout::Checkout;
use super::home::Home;
use super::{Database, Tree, database, directory, repository, vector_index};
use crate::cli;
use crate::names::RepositoryName;
use crate::store::VectorIndex;
use crate::walk;

/// Completing what shards have indexed.
pub struct FinishPlan {
    /// The index.
    pub database: Database,
    /// The repository.
    pub repository: RepositoryName,
    /// What its paths are relative to.
    pub root: PathBuf,
    /// The directory, relative to the root, with `/` at its end; empty for the root.
    pub folder: String,
    /// What is checked out there.
    pub commit: Option<String>,
    /// Retire also more than half of the files.
    pub allow_shrink: bool,
    /// Wait for runs on the same repository.
    pub wait: bool,
    /// How long a server that goes away is waited for.
    pub patience: Duration,
    /// How the vectors are indexed where no index stands yet.
    pub vector_index: VectorIndex,
    /// JSON instead of text.
    pub json: bool,
}

pub(super) fn finish_plan(args: cli::FinishArgs, home: &Home) -> anyhow::Result<FinishPlan> {
    let dir = directory(&args.dir)?;
    let checkout = Checkout::around(&dir);
    let repository = repository(args.repository, &dir, checkout.as_ref())?;
    let (root, commit) = match checkout {
        Some(checkout) => (checkout.root, checkout.state.commit),
        None => (dir.clone(), None),
    };
    Ok(FinishPlan {
        database: database(args.database, home)?,
        repository,
        folder: walk::folder(&root, &dir),
        root,
        commit,
        allow_shrink: args.allow_shrink,
        wait: args.wait,
        patience: Duration::from_secs(args.retry_for.into()),
        vector_index: vector_index(args.vector_index),
        json: args.json,
    })
}

impl FinishPlan {
    /// What its graph is made of.
    #[must_use]
    pub fn tree(&self) -> Tree<'_> {
        Tree {
            repository: &self.repository,
            root: &self.root,
            anew: false,
        }
    }
}
