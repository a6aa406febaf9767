//! `db`: the private PostgreSQL, and databases of many machines.

use std::fmt::Write;

use crate::error::AdviseItself;
use crate::exit::Exit;
use crate::plan::{Database, DatabasePlan};
use crate::report::print;
use crate::store::embedded::{self, Cluster, ClusterStatus, Stopped};

pub(super) fn manage(plan: &DatabasePlan) -> anyhow::Result<Exit> {
    match plan {
        DatabasePlan::Start(config) => {
            Cluster::acquire(config).advise()?.pin().advise()?;
            print("running, until `mnemo-index db stop`");
        }
        DatabasePlan::Stop(config) => print(match embedded::stop(config).advise()? {
            Stopped::Now => "stopped",
            Stopped::Already => "not running",
            Stopped::WhenUnused => "in use; its last user will stop it",
        }),
        DatabasePlan::Status(config) => print(&status(&embedded::status(config).advise()?)),
        DatabasePlan::Url(config, name) => {
            // Whoever asks for the address wants to find the server there.
            let cluster = Cluster::acquire(config).advise()?;
            cluster.pin().advise()?;
            cluster.create_database(name).advise()?;
            print(cluster.url(name).expose());
        }
        DatabasePlan::Create(config, name) => {
            let cluster = Cluster::acquire(config).advise()?;
            let made = cluster.create_database(name).advise()?;
            print(if made { "created" } else { "exists already" });
            cluster.release().advise()?;
        }
        DatabasePlan::Distribute { database, dry_run } => distribute(database, *dry_run)?,
    }
    Ok(Exit::Success)
}

/// Says what will be done before it is, also where it cannot be.
fn distribute(database: &Database, dry_run: bool) -> anyhow::Result<()> {
    let (cluster, mut archive) = super::archive(database)?;
    let distribution = archive.distribution().advise()?;
    if distribution.steps.is_empty() {
        print("distributed already");
    } else {
        print(&format!("{};", distribution.steps.join(";\n")));
        distribution.possible().advise()?;
        if !dry_run {
            archive.distribute(&distribution).advise()?;
            print("distributed");
        }
    }
    drop(archive);
    cluster.map(Cluster::release).transpose().advise()?;
    Ok(())
}

fn status(status: &ClusterStatus) -> String {
    let running = status
        .pid
        .map_or("no".to_owned(), |pid| format!("yes, pid {pid}"));
    let mut text = format!("running  {running}\ndata     {}", status.data.display());
    if let Some(major) = status.major {
        let _ = write!(text, "\nversion  PostgreSQL {major}");
    }
    if status.pinned {
        text.push_str("\nstays up until `mnemo-index db stop`");
    }
    text
}
