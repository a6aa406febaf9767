//! `report`: a run that is over, as a page.

use anyhow::{Context, anyhow};

use super::graph::only;
use crate::error::{Advise, AdviseItself};
use crate::exit::Exit;
use crate::outcome::RunRecord;
use crate::plan::ReportPlan;
use crate::report::page;
use crate::store::Archive;
use crate::store::embedded::Cluster;

/// Runs that are named when the one that was asked for is not there.
const NAMED: i64 = 5;

pub(super) fn show(plan: &ReportPlan) -> anyhow::Result<Exit> {
    let (cluster, mut archive) = super::archive(&plan.database)?;
    let repository = only(&mut archive, plan.repository.as_ref())?;
    let run = chosen(&mut archive, &repository, &plan.run)?;
    drop(archive);
    cluster.map(Cluster::release).transpose().advise()?;
    std::fs::write(&plan.file, page(&run))
        .with_context(|| format!("cannot write {}", plan.file.display()))?;
    Ok(Exit::Success)
}

/// The run whose id begins with `start`; the last one if that is empty.
fn chosen(archive: &mut Archive, repository: &str, start: &str) -> anyhow::Result<RunRecord> {
    let mut found = archive.runs(repository, start, NAMED).advise()?;
    match found.len() {
        0 => {
            let known = archive.runs(repository, "", NAMED).advise()?;
            Err(anyhow!("{repository} has no run {start}"))
                .exit(Exit::NotFound, format!("its last runs: {}", ids(&known)))
        }
        1 => Ok(found.remove(0)),
        _ if start.is_empty() => Ok(found.remove(0)),
        _ => Err(anyhow!("several runs of {repository} begin with {start}"))
            .exit(Exit::Usage, format!("name one: {}", ids(&found))),
    }
}

fn ids(runs: &[RunRecord]) -> String {
    let ids: Vec<&str> = runs
        .iter()
        .filter_map(|run| run.run_id.as_deref())
        .collect();
    ids.join(", ")
}
