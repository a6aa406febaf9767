//! `verify`: whether the database keeps its own promises, and, with a
//! directory, whether what it holds is what lies there.

use std::io;

use serde_json::json;

use crate::error::AdviseItself;
use crate::exit::Exit;
use crate::plan::{Place, VerifyPlan};
use crate::read;
use crate::report::{SCHEMA, print};
use crate::source::Digest;
use crate::store::embedded::Cluster;
use crate::store::{Archive, Fault};

pub(super) fn check(plan: &VerifyPlan) -> anyhow::Result<Exit> {
    let (cluster, mut archive) = super::archive(&plan.database)?;
    let mut faults = 0_u64;
    let mut tell = |fault: Fault| {
        faults += 1;
        print(&if plan.json {
            as_json(&fault)
        } else {
            as_text(&fault)
        });
    };
    let repositories = archive.chosen(plan.repository.as_ref()).advise()?;
    for repository in &repositories {
        archive.verify(repository, &mut tell).advise()?;
        if let Some(place) = &plan.place {
            compare(&mut archive, repository, place, &mut tell)?;
        }
    }
    drop(archive);
    cluster.map(Cluster::release).transpose().advise()?;
    print(&if plan.json {
        json!({"event": "verified", "schema": SCHEMA, "repositories": repositories, "faults": faults}).to_string()
    } else {
        format!("{faults} faults in {}", repositories.join(", "))
    });
    Ok(if faults == 0 {
        Exit::Success
    } else {
        Exit::Faults
    })
}

/// Whether the files below `place` are what was indexed.
fn compare(
    archive: &mut Archive,
    repository: &str,
    place: &Place,
    tell: &mut impl FnMut(Fault),
) -> anyhow::Result<()> {
    archive
        .files(repository, &place.folder, |path, stored| {
            let found = read::digest(&place.root.join(path));
            if let Some(detail) = drift(stored, found) {
                tell(Fault {
                    repository: repository.to_owned(),
                    kind: "digest_drift",
                    place: path.to_owned(),
                    detail,
                });
            }
        })
        .advise()
}

fn drift(stored: Option<Digest>, found: io::Result<Digest>) -> Option<String> {
    match found {
        Ok(found) if stored == Some(found) => None,
        Ok(_) => Some("the file is another one than was indexed".to_owned()),
        Err(error) => Some(format!("the file cannot be read: {error}")),
    }
}

fn as_json(fault: &Fault) -> String {
    let mut object = json!(fault);
    object["event"] = json!("fault");
    object["schema"] = json!(SCHEMA);
    object.to_string()
}

fn as_text(fault: &Fault) -> String {
    format!("{:<16} {}  {}", fault.kind, fault.place, fault.detail)
}
