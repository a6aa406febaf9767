//! `show`, `callers` and `callees`: what an index knows of one definition.

mod calls;
mod show;
mod text;
mod tree;

use anyhow::anyhow;
use serde_json::json;

use crate::error::{AdviseItself, advised};
use crate::exit::Exit;
use crate::plan::{AskPlan, Question};
use crate::report::{Format, Report, SCHEMA, print};
use crate::store::embedded::Cluster;
use crate::store::{Archive, Asked, Definition, Match, StoreError};
use crate::terminal::Terminal;

pub(super) fn answer(plan: &AskPlan, terminal: &Terminal) -> anyhow::Result<Exit> {
    let (cluster, mut archive) = super::archive(&plan.database)?;
    let found = find(&mut archive, plan)?;
    warn_without_graph(&mut archive, &found.definition, (plan, terminal))?;
    match plan.question {
        Question::Show => show::show(&mut archive, &found, plan.json)?,
        Question::Calls(direction, bounds) => {
            calls::show(&mut archive, &found, (direction, bounds, plan.json))?;
        }
    }
    drop(archive);
    cluster.map(Cluster::release).transpose().advise()?;
    Ok(Exit::Success)
}

/// What was asked about.
struct Found {
    definition: Definition,
    /// What else has a name that ends so.
    others: Vec<Definition>,
}

fn find(archive: &mut Archive, plan: &AskPlan) -> anyhow::Result<Found> {
    let among = archive.chosen(plan.repository.as_ref()).advise()?;
    if among.is_empty() {
        let server = archive.url().clone();
        return Err(StoreError::NoIndex { server }).advise();
    }
    let Match { mut best, others } = archive.look_up(&plan.asked, &among).advise()?;
    if best.len() > 1 {
        tell_candidates(&best, plan.json);
        return Err(ambiguous(&plan.asked, &best));
    }
    let definition = best.pop().ok_or_else(|| anyhow!("nothing was found"))?;
    Ok(Found { definition, others })
}

fn tell_candidates(candidates: &[Definition], as_json: bool) {
    for candidate in candidates {
        print(&if as_json {
            let mut object = json!(candidate);
            object["event"] = json!("candidate");
            object["schema"] = json!(SCHEMA);
            object.to_string()
        } else {
            text::candidate(candidate)
        });
    }
}

fn ambiguous(asked: &Asked, candidates: &[Definition]) -> anyhow::Error {
    let (first, count) = (&candidates[0], candidates.len());
    let is_spread = candidates
        .iter()
        .any(|other| other.repository != first.repository);
    let (path, line) = (&first.file_path, first.line);
    let hint = match asked {
        _ if is_spread => "choose with --repository NAME".to_owned(),
        Asked::Name(_) => format!("give more of the name, or the place, such as {path}:{line}"),
        Asked::Place(..) => format!("give more of the path, such as {path}"),
    };
    advised(
        anyhow!("{asked} may be any of {count}"),
        Exit::Failure,
        hint,
    )
}

/// Without a graph there would be no calls, and nobody would know why.
fn warn_without_graph(
    archive: &mut Archive,
    of: &Definition,
    (plan, terminal): (&AskPlan, &Terminal),
) -> anyhow::Result<()> {
    if archive.has_graph(&of.repository).advise()? {
        return Ok(());
    }
    let message = format!(
        "the graph of {} is not made yet: no calls and imports are known; index it to its end, or `finish` its shards",
        of.repository
    );
    terminal.warning(&message);
    if plan.json {
        Report::new(Format::Json).warning(&message);
    }
    Ok(())
}
