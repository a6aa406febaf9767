//! `--dry-run`: says of every path why it is in or out.

use std::time::Instant;

use crate::exit::Exit;
use crate::outcome::{FailedStage, FileFailure, FileOutcome, Indexed, Summary};
use crate::plan::IndexPlan;
use crate::read::{self, NotRead, ReadOptions, Reading};
use crate::report::{FileEvent, Report};
use crate::walk::{Found, Walk};

use super::index::facts;

/// How many tokens a byte of source makes, both roles together, as a fraction:
/// one in 2.1 bytes was measured on Django, in 2.4 on mixed-261, in 2.5 on
/// typescript-262, and in 3.5 on rxjs, much of which is comments.
const TOKENS_PER_BYTE: (u64, u64) = (2, 5);

pub(super) fn show(plan: &IndexPlan, report: Report) -> anyhow::Result<Exit> {
    let began = Instant::now();
    let mut summary = Summary::default();
    for found in Walk::new(&plan.walk)?.filter(|found| plan.holds(found.path())) {
        let file_began = Instant::now();
        let (path, outcome) = outcome(found, plan.reading());
        summary.add(&outcome);
        let elapsed = file_began.elapsed();
        report.file(FileEvent {
            path: &path,
            outcome: &outcome,
            elapsed,
        });
    }
    summary.wall = began.elapsed();
    report.summary(facts(plan), &summary);
    Ok(Exit::Success)
}

/// How a path would end, as far as that can be known without its chunks.
fn outcome(found: Found, options: ReadOptions) -> (String, FileOutcome) {
    let failed = |cause| {
        FileOutcome::Failed(FileFailure {
            stage: FailedStage::Read,
            cause,
        })
    };
    match found {
        Found::Skipped { path, reason } => (path, FileOutcome::Skipped(reason)),
        Found::Unreadable { path, cause } => (path, failed(cause)),
        Found::File(file) => {
            let path = file.path.to_string();
            let outcome = match read::read(file, options) {
                Ok(opened) => would_be_indexed(&opened.masked()),
                Err(NotRead::Skipped(reason)) => FileOutcome::Skipped(reason),
                Err(NotRead::Failed(error)) => failed(error.to_string()),
            };
            (path, outcome)
        }
    }
}

fn would_be_indexed(read: &Reading) -> FileOutcome {
    FileOutcome::Indexed(Indexed {
        masked: read.masked as u64,
        bytes: read.source.file.size,
        tokens: tokens(&read.source.text),
        ..Indexed::default()
    })
}

fn tokens(text: &str) -> u64 {
    let (tokens, bytes) = TOKENS_PER_BYTE;
    text.len() as u64 * tokens / bytes
}
