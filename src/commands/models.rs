//! `models`: which models there are, and their files.

use std::path::Path;

use anyhow::anyhow;
use serde_json::json;

use crate::embed::{Manifest, Precision};
use crate::error::{AdviseItself, advised};
use crate::exit::Exit;
use crate::hub::{self, Source};
use crate::names::ModelId;
use crate::plan::{ModelsPlan, ModelsTask};
use crate::report::{SCHEMA, print};
use crate::terminal::Terminal;

pub(super) fn manage(plan: &ModelsPlan, terminal: &Terminal) -> anyhow::Result<Exit> {
    match &plan.task {
        ModelsTask::List(ids) => ids.iter().try_for_each(|id| list(id, plan))?,
        ModelsTask::Fetch(manifest, source) => fetch(plan, (manifest, source), terminal)?,
        ModelsTask::Verify(ids) => return verify(ids, plan),
        ModelsTask::Path(id) => path(id, &plan.models)?,
    }
    Ok(Exit::Success)
}

/// Whether the files of a form are all there, by their names.
fn is_there(manifest: &Manifest, folder: &Path) -> bool {
    let mut files = manifest.files.iter();
    files.all(|file| folder.join(&file.name).is_file())
}

/// The forms that a model has, and those that are there.
fn forms(manifest: &Manifest, folder: &Path) -> (Vec<&'static str>, Vec<&'static str>) {
    let (mut all, mut there) = (Vec::new(), Vec::new());
    for precision in [Precision::Fp32, Precision::Int8] {
        let Ok(form) = manifest.clone().at(precision) else {
            continue;
        };
        all.push(precision.as_str());
        if is_there(&form, folder) {
            there.push(precision.as_str());
        }
    }
    (all, there)
}

fn list(id: &ModelId, plan: &ModelsPlan) -> anyhow::Result<()> {
    let manifest = Manifest::of(id, &plan.models)?;
    let folder = plan.models.join(id.as_str());
    let (all, there) = forms(&manifest, &folder);
    print(&if plan.json {
        json!({
            "event": "model", "schema": SCHEMA, "id": manifest.id, "dimensions": manifest.dimensions,
            "max_tokens": manifest.max_tokens, "forms": all, "there": there, "folder": folder,
        })
        .to_string()
    } else {
        let state = if there.is_empty() {
            "not there".to_owned()
        } else {
            format!("there: {}", there.join(", "))
        };
        format!(
            "{:<30} {:>4} wide, {:>5} tokens, {:<12} {state}",
            manifest.id,
            manifest.dimensions,
            manifest.max_tokens,
            all.join(", ")
        )
    });
    Ok(())
}

fn fetch(
    plan: &ModelsPlan,
    (manifest, source): (&Manifest, &Source),
    terminal: &Terminal,
) -> anyhow::Result<()> {
    let folder = plan.models.join(&manifest.id);
    terminal.start();
    let mut tell = |name: &str, done, total| terminal.show_transfer(name, (done, total));
    let came = hub::fetch(manifest, &folder, source, &mut tell).advise()?;
    terminal.finish();
    print(&if plan.json {
        json!({
            "event": "fetched", "schema": SCHEMA, "id": manifest.id, "folder": folder, "files": came,
        })
        .to_string()
    } else if came.is_empty() {
        format!("{} is there already, in {}", manifest.id, folder.display())
    } else {
        format!("{} is there, in {}", manifest.id, folder.display())
    });
    Ok(())
}

fn verify(ids: &[ModelId], plan: &ModelsPlan) -> anyhow::Result<Exit> {
    let mut exit = Exit::Success;
    for id in ids {
        let folder = plan.models.join(id.as_str());
        let manifest = Manifest::of(id, &plan.models)?;
        let (_, there) = forms(&manifest, &folder);
        if !folder.is_dir() {
            return Err(absent(id));
        }
        let eight_bits = there.contains(&Precision::Int8.as_str());
        let other = eight_bits.then(|| manifest.clone().at(Precision::Int8));
        // A folder may hold the form in eight bits alone.
        let only_other = eight_bits && !there.contains(&Precision::Fp32.as_str());
        let forms = (!only_other).then_some(manifest).into_iter();
        let mut forms = forms.chain(other.transpose()?);
        let fault = forms.find_map(|form| form.verify(&folder).err());
        if fault.is_some() {
            exit = Exit::Faults;
        }
        let fault = fault.map(|fault| fault.to_string());
        print(&if plan.json {
            json!({"event": "verified", "schema": SCHEMA, "id": id.as_str(), "fault": fault})
                .to_string()
        } else {
            format!("{id}: {}", fault.as_deref().unwrap_or("as it should be"))
        });
    }
    Ok(exit)
}

fn path(id: &ModelId, models: &Path) -> anyhow::Result<()> {
    let folder = models.join(id.as_str());
    let (_, there) = forms(&Manifest::of(id, models)?, &folder);
    if there.is_empty() {
        return Err(absent(id));
    }
    print(&folder.display().to_string());
    Ok(())
}

fn absent(id: &ModelId) -> anyhow::Error {
    let hint = if id.as_str() == crate::cli::DEFAULT_MODEL {
        "run scripts/setup to get it".to_owned()
    } else {
        format!("get it with `mnemo-index models fetch {id}`")
    };
    let missing = anyhow!("model {:?} is not there", id.as_str());
    advised(missing, Exit::NotFound, hint)
}
