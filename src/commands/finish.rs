//! `finish`: what needs all shards of a walk.

use anyhow::{Context, anyhow};
use serde_json::json;

use crate::error::{Advise, AdviseItself};
use crate::exit::Exit;
use crate::pipeline::graph;
use crate::plan::FinishPlan;
use crate::report::{SCHEMA, print};
use crate::signal::Interrupt;
use crate::store::embedded::Cluster;
use crate::store::{
    Finished, Models, RepositoryLock, Retired, ShardWalk, Shards, Store, StoreConfig,
};
use crate::terminal::Terminal;

use super::hold::hold;

pub(super) fn finish(plan: &FinishPlan, terminal: &Terminal) -> anyhow::Result<Exit> {
    let interrupt = Interrupt::listen().context("cannot listen to signals")?;
    let (cluster, archive) = super::archive(&plan.database)?;
    let lock = RepositoryLock::open(archive.url(), &plan.repository).advise()?;
    drop(archive);
    let Some(mut lock) = hold(lock, plan.wait, (terminal, &interrupt))? else {
        return Ok(interrupt.exit().unwrap_or(Exit::Interrupted));
    };
    let shards = lock
        .shards(ShardWalk {
            commit: plan.commit.as_deref(),
            folder: &plan.folder,
        })
        .advise()?;
    let retired = if shards.finished {
        0
    } else {
        complete(plan, &mut lock, shards, terminal)?
    };
    let sum = lock.sum_of_shards().advise()?;
    drop(lock);
    cluster.map(Cluster::release).transpose().advise()?;
    tell(plan, shards, (sum, retired));
    Ok(if sum.exit_code == i16::from(Exit::Incomplete.code()) {
        Exit::Incomplete
    } else {
        Exit::Success
    })
}

/// Tells how many files were retired.
fn complete(
    plan: &FinishPlan,
    lock: &mut RepositoryLock,
    shards: Shards,
    terminal: &Terminal,
) -> anyhow::Result<u64> {
    let mut store = Store::open(&StoreConfig {
        url: lock.url().clone(),
        repository: plan.repository.clone(),
        models: Models::default(),
        commit: plan.commit.clone(),
        patience: plan.patience,
        vector_index: plan.vector_index,
    })
    .advise()?;
    check_tree(plan, &mut store)?;
    let retired = if shards.withheld {
        terminal.warning(
            "files that have gone were left in the index, since a shard could not see everything",
        );
        Retired::Withheld
    } else {
        store.retire_of_shards(plan.allow_shrink).advise()?
    };
    graph::make(&plan.tree(), &mut store)?;
    store.finish().advise()?;
    lock.renew(plan.patience).advise()?;
    let retired = match retired {
        Retired::Files(files) => files,
        Retired::Withheld => 0,
    };
    lock.close_shards(retired).advise()?;
    Ok(retired)
}

/// A graph that is made in the wrong place would tie nothing.
fn check_tree(plan: &FinishPlan, store: &mut Store) -> anyhow::Result<()> {
    let is_there = |path: &str| plan.root.join(path).symlink_metadata().is_ok();
    match store.first_missing(&plan.folder, is_there).advise()? {
        None => Ok(()),
        Some(path) => Err(anyhow!(
            "{} is not what the shards indexed: it lacks {path}",
            plan.root.display()
        ))
        .hint("name the directory that the shards indexed; nothing was changed"),
    }
}

fn tell(plan: &FinishPlan, shards: Shards, (sum, retired): (Finished, u64)) {
    let (name, number) = (plan.repository.as_str(), shards.number);
    let Finished {
        indexed,
        unchanged,
        failed,
        ..
    } = sum;
    if plan.json {
        let told = json!({
            "event": "finish", "schema": SCHEMA, "repository": name, "shards": number,
            "finished_before": shards.finished, "withheld": shards.withheld,
            "files": {"indexed": indexed, "unchanged": unchanged, "failed": failed, "retired": retired},
        });
        print(&told.to_string());
    } else if shards.finished {
        print(&format!(
            "{name} and its {number} shards were finished before"
        ));
    } else {
        print(&format!(
            "finished {name}: {number} shards, {indexed} files indexed, {unchanged} unchanged, {failed} failed, {retired} retired"
        ));
    }
}
