//! `status`: how the last runs went, and what the index holds.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::error::AdviseItself;
use crate::exit::Exit;
use crate::plan::StatusPlan;
use crate::report::{SCHEMA, print};
use crate::store::embedded::Cluster;
use crate::store::{RepositoryStatus, RunState};

pub(super) fn show(plan: &StatusPlan) -> anyhow::Result<Exit> {
    let (cluster, mut archive) = super::archive(&plan.database)?;
    for repository in archive.chosen(plan.repository.as_ref()).advise()? {
        let status = archive.status(&repository).advise()?;
        print(&if plan.json {
            as_json(&status)
        } else {
            as_text(&status)
        });
    }
    let sizes = archive.sizes().advise()?;
    let bytes: i64 = sizes.values().sum();
    print(&if plan.json {
        json!({"event": "database", "schema": SCHEMA, "bytes": bytes, "tables": sizes}).to_string()
    } else {
        format!("database    {} MB on disk", bytes / 1_000_000)
    });
    drop(archive);
    cluster.map(Cluster::release).transpose().advise()?;
    Ok(Exit::Success)
}

fn as_json(status: &RepositoryStatus) -> String {
    let mut object = json!(status);
    object["event"] = json!("status");
    object["schema"] = json!(SCHEMA);
    object.to_string()
}

fn as_text(status: &RepositoryStatus) -> String {
    let languages = status.languages.iter();
    let languages: Vec<_> = languages
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    let mut text = format!(
        "repository  {}\nlast run    {}",
        status.repository,
        last_run(status)
    );
    let _ = write!(
        text,
        "\nholds       {} files ({}), {} chunks, {} lines of code",
        status.files,
        languages.join(", "),
        status.chunks,
        status.lines_of_code
    );
    if status.stale.recipe + status.stale.failed > 0 {
        let (recipe, failed) = (status.stale.recipe, status.stale.failed);
        let _ = write!(
            text,
            "\nstale       {recipe} by another recipe, {failed} that failed since"
        );
    }
    for failure in &status.failures {
        let _ = write!(text, "\nfailed      {}  {}", failure.path, failure.message);
    }
    let more = status.failed - i64::try_from(status.failures.len()).unwrap_or(i64::MAX);
    if more > 0 {
        let _ = write!(text, "\nfailed      and {more} more");
    }
    text.push('\n');
    text
}

fn last_run(status: &RepositoryStatus) -> String {
    let run = &status.last_run;
    let started = run["started_at"].as_str().unwrap_or_default();
    let state = match status.state {
        RunState::Never => return "none is known".to_owned(),
        RunState::Running => format!("began {started} and goes on"),
        RunState::Killed => format!("began {started} and never ended"),
        RunState::Ended => format!("{started}, exit {}", run["exit_code"]),
    };
    let counts = ["indexed", "unchanged", "failed", "retired"]
        .map(|outcome| format!("{} {outcome}", run[outcome]));
    let mut text = format!("{state}: {}", counts.join(", "));
    for (reason, count) in run["skipped"].as_object().into_iter().flatten() {
        let _ = write!(text, ", {count} {reason}");
    }
    if let Value::String(commit) = &run["commit_hash"] {
        let _ = write!(text, "; commit {}", commit.get(..12).unwrap_or(commit));
    }
    if let Value::String(error) = &run["error"] {
        let _ = write!(text, "; {error}");
    }
    text
}
