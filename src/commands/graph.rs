//! `graph`: draws the graph of a repository.

use std::path::Path;

use anyhow::{Context, anyhow};

use crate::error::{Advise, AdviseItself};
use crate::exit::Exit;
use crate::names::RepositoryName;
use crate::picture::{self, Page, lifted};
use crate::plan::{GraphForm, GraphPlan};
use crate::report::print;
use crate::store::embedded::Cluster;
use crate::store::{Archive, Snapshot};

pub(super) fn draw(plan: &GraphPlan) -> anyhow::Result<Exit> {
    let (cluster, mut archive) = super::archive(&plan.database)?;
    let repository = only(&mut archive, plan.repository.as_ref())?;
    let mut snapshot = archive.snapshot(&repository).advise()?;
    match &plan.form {
        GraphForm::Page(file) => write(file, &page(&mut snapshot)?)?,
        GraphForm::Data(format, level, file) => {
            let graph = lifted(snapshot.graph().advise()?, *level);
            let text = format.text(&graph);
            match file {
                Some(file) => write(file, &text)?,
                None => print(text.trim_end()),
            }
        }
    }
    drop(snapshot);
    drop(archive);
    cluster.map(Cluster::release).transpose().advise()?;
    Ok(Exit::Success)
}

/// The named repository, or the one there is.
pub(super) fn only(archive: &mut Archive, name: Option<&RepositoryName>) -> anyhow::Result<String> {
    let mut found = archive.chosen(name).advise()?;
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(anyhow!("the index holds no repository"))
            .exit(Exit::NotFound, "index one first: mnemo-index DIR"),
        _ => Err(anyhow!("the index holds several repositories")).exit(
            Exit::Usage,
            format!("name one with --repository: {}", found.join(", ")),
        ),
    }
}

fn page(snapshot: &mut Snapshot<'_>) -> anyhow::Result<String> {
    let graph = snapshot.graph().advise()?;
    let mut page = Page::of(&graph).advise()?;
    let bytes = snapshot.source_bytes(&picture::CUTS).advise()?;
    let cut = picture::cut_for(&bytes);
    snapshot
        .sources(cut, |piece| page.add_source(piece))
        .advise()?;
    Ok(page.finish())
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}
