//! The main job.

use std::thread::sleep;
use std::time::Duration;

use anyhow::Context;

use crate::error::AdviseItself;
use crate::exit::Exit;
use crate::outcome::{FileOutcome, Summary};
use crate::pipeline::{self, Listener, Session, Stores};
use crate::plan::{Database, IndexPlan, Output};
use crate::report::{FileEvent, Format, Report, RunFacts};
use crate::signal::Interrupt;
use crate::store::embedded::Cluster;
use crate::store::{DatabaseUrl, RepositoryLock, Store, StoreConfig, StoreError};
use crate::terminal::{Progress, Terminal};

use super::dry_run;

pub(super) fn index(plan: &IndexPlan, terminal: &Terminal) -> anyhow::Result<Exit> {
    let report = Report::new(format(plan.output));
    let interrupt = Interrupt::listen().context("cannot listen to signals")?;
    if plan.dry_run {
        return dry_run::show(plan, report);
    }
    let watched = Watched {
        report,
        terminal,
        interrupt: &interrupt,
    };
    let (cluster, url) = open(&plan.database)?;
    let Some(lock) = hold(plan, &url, watched)? else {
        return Ok(interrupt.exit().unwrap_or(Exit::Interrupted));
    };
    let summary = run(plan, url, watched)?;
    drop(lock);
    cluster.map(Cluster::release).transpose().advise()?;
    report.summary(facts(plan), &summary);
    Ok(conclude(plan, &summary, watched))
}

/// How often a repository that another run holds is asked for.
const ASK_AGAIN: Duration = Duration::from_millis(250);

/// Takes the repository for this run, waiting for it if the user said so; none
/// if the user gave up waiting.
fn hold(
    plan: &IndexPlan,
    url: &DatabaseUrl,
    watched: Watched,
) -> anyhow::Result<Option<RepositoryLock>> {
    let mut lock = RepositoryLock::open(url, &plan.repository).advise()?;
    let mut told = false;
    loop {
        match lock.take() {
            Err(error @ StoreError::Locked { .. }) if plan.wait => {
                if !std::mem::replace(&mut told, true) {
                    watched.terminal.warning(format_args!("{error}; waiting"));
                }
            }
            taken => return taken.map(|()| Some(lock)).advise(),
        }
        if watched.interrupt.is_requested() {
            return Ok(None);
        }
        sleep(ASK_AGAIN);
    }
}

/// What a run is watched by.
#[derive(Clone, Copy)]
struct Watched<'a> {
    report: Report,
    terminal: &'a Terminal,
    interrupt: &'a Interrupt,
}

fn run(plan: &IndexPlan, url: DatabaseUrl, watched: Watched) -> anyhow::Result<Summary> {
    let config = StoreConfig {
        url,
        repository: plan.repository.clone(),
        models: plan.stored_models()?,
        commit: plan.commit.clone(),
    };
    let stores = Stores {
        writing: Store::open(&config).advise()?,
        reading: Store::open(&config).advise()?,
    };
    let mut listener = Narrator {
        watched,
        json: plan.output.json,
        told: 0,
    };
    watched.terminal.start();
    let mut session = Session {
        listener: &mut listener,
        interrupt: watched.interrupt,
        summary: Summary::default(),
    };
    let ended = pipeline::run(plan, stores, &mut session);
    watched.terminal.finish();
    ended.map(|()| session.summary)
}

/// The connection string, and what keeps the private server up meanwhile.
fn open(database: &Database) -> anyhow::Result<(Option<Cluster>, DatabaseUrl)> {
    match database {
        Database::Url(url) => Ok((None, url.clone())),
        Database::Private(config, name) => {
            let cluster = Cluster::acquire(config).advise()?;
            cluster.create_database(name).advise()?;
            let url = cluster.url(name);
            Ok((Some(cluster), url))
        }
    }
}

fn format(output: Output) -> Format {
    match output {
        Output { json: true, .. } => Format::Json,
        Output { quiet: true, .. } => Format::Silent,
        Output { verbose, .. } => Format::Text { files: verbose },
    }
}

pub(super) fn facts(plan: &IndexPlan) -> RunFacts<'_> {
    let any = plan.models.text.as_ref().or(plan.models.code.as_ref());
    RunFacts {
        repository: plan.repository.as_str(),
        provider: any.map_or("-", |model| model.provider.as_str()),
        models: [&plan.models.text, &plan.models.code]
            .map(|model| model.as_ref().map_or("-", |model| model.id.as_str())),
        sequential: plan.sequential,
    }
}

/// Says in one line what is not as it should be.
fn conclude(plan: &IndexPlan, summary: &Summary, watched: Watched) -> Exit {
    let exit = summary.exit(plan.max_failed);
    if let Some(interrupted) = watched.interrupt.exit() {
        watched
            .terminal
            .warning("interrupted; what was committed stays, run again to go on");
        return interrupted;
    }
    if exit == Exit::Incomplete {
        let failed = summary.failed;
        let files = if failed == 1 { "file" } else { "files" };
        watched
            .terminal
            .warning(format_args!("{failed} {files} failed; the rest is indexed"));
    }
    exit
}

/// Failures that are told on standard error at once; all are in `--json`.
const FAILURES_TOLD: u64 = 20;

/// Passes on what happens to the report and the terminal.
struct Narrator<'a> {
    watched: Watched<'a>,
    json: bool,
    told: u64,
}

impl Listener for Narrator<'_> {
    fn ended(&mut self, event: FileEvent, progress: Progress) {
        self.watched.report.file(event);
        if let FileOutcome::Failed(failure) = event.outcome
            && !self.json
            && self.told < FAILURES_TOLD
        {
            self.told += 1;
            self.watched
                .terminal
                .warning(format_args!("{} failed: {}", event.path, failure.cause));
        }
        self.watched.terminal.show(progress);
    }
}
