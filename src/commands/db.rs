//! `db`: the private PostgreSQL.

use std::fmt::Write;

use crate::cli::DbCommand;
use crate::error::AdviseItself;
use crate::exit::Exit;
use crate::plan::DatabasePlan;
use crate::report::print;
use crate::store::embedded::{self, Cluster, ClusterStatus, Stopped};

pub(super) fn manage(plan: &DatabasePlan) -> anyhow::Result<Exit> {
    match &plan.command {
        DbCommand::Start => {
            Cluster::acquire(&plan.cluster).advise()?.pin().advise()?;
            print("running, until `mnemo-index db stop`");
        }
        DbCommand::Stop => print(match embedded::stop(&plan.cluster).advise()? {
            Stopped::Now => "stopped",
            Stopped::Already => "not running",
            Stopped::WhenUnused => "in use; its last user will stop it",
        }),
        DbCommand::Status => print(&status(&embedded::status(&plan.cluster).advise()?)),
        DbCommand::Url { name } => {
            // Whoever asks for the address wants to find the server there.
            let cluster = Cluster::acquire(&plan.cluster).advise()?;
            cluster.pin().advise()?;
            cluster.create_database(name).advise()?;
            print(cluster.url(name).expose());
        }
        DbCommand::Create { name } => {
            let cluster = Cluster::acquire(&plan.cluster).advise()?;
            let made = cluster.create_database(name).advise()?;
            print(if made { "created" } else { "exists already" });
            cluster.release().advise()?;
        }
    }
    Ok(Exit::Success)
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
