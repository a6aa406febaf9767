//! `gc`: frees what nothing uses.

use serde_json::json;

use crate::error::AdviseItself;
use crate::exit::Exit;
use crate::plan::GcPlan;
use crate::report::{SCHEMA, print};
use crate::store::embedded::Cluster;

pub(super) fn collect(plan: &GcPlan) -> anyhow::Result<Exit> {
    let (cluster, mut archive) = super::archive(&plan.database)?;
    let freed = archive.collect_garbage(plan.keep_runs).advise()?;
    drop(archive);
    cluster.map(Cluster::release).transpose().advise()?;
    print(&if plan.json {
        let mut object = json!(freed);
        object["event"] = json!("freed");
        object["schema"] = json!(SCHEMA);
        object.to_string()
    } else {
        format!(
            "freed {} records of runs and {} other rows; the database has {} MB, and had {}",
            freed.runs,
            freed.rows,
            freed.after / 1_000_000,
            freed.before / 1_000_000
        )
    });
    Ok(Exit::Success)
}
