//! `forget`: takes a repository out of the database.

use crate::error::AdviseItself;
use crate::exit::Exit;
use crate::plan::ForgetPlan;
use crate::report::print;
use crate::store::embedded::Cluster;
use crate::store::{Archive, RepositoryLock};

pub(super) fn forget(plan: &ForgetPlan) -> anyhow::Result<Exit> {
    let (cluster, url) = super::index::open(&plan.database)?;
    let mut archive = Archive::open(&url).advise()?;
    let mut lock = RepositoryLock::open(&url, &plan.repository).advise()?;
    lock.take().advise()?;
    let files = archive.forget(&plan.repository).advise()?;
    drop((archive, lock));
    cluster.map(Cluster::release).transpose().advise()?;
    print(&format!("forgot {} and its {files} files", plan.repository));
    Ok(Exit::Success)
}
