//! The main job.

use std::time::Duration;

use anyhow::{Context, anyhow};

use crate::embed::ModelConfig;
use crate::error::{self, Advise, AdviseItself};
use crate::exit::Exit;
use crate::outcome::{FileOutcome, RunDetail, RunRecord, Summary};
use crate::pipeline::{self, Listener, Session, Stores};
use crate::plan::{Database, IndexPlan, Output};
use crate::report::{self, FileEvent, Format, Report, RunFacts, markdown, page};
use crate::signal::Interrupt;
use crate::store::embedded::Cluster;
use crate::store::{DatabaseUrl, RepositoryLock, RunEnd, RunId, RunStart, Store, StoreConfig};
use crate::terminal::{Progress, Terminal};

use super::dry_run;
use super::hold::hold;

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
    let lock = RepositoryLock::open(&url, &plan.repository).advise()?;
    let lock = lock.of_shard(plan.shard);
    let Some(mut lock) = hold(lock, plan.wait, (terminal, &interrupt))? else {
        return Ok(interrupt.exit().unwrap_or(Exit::Interrupted));
    };
    let ended = run(plan, &mut lock, watched)?;
    drop(lock);
    cluster.map(Cluster::release).transpose().advise()?;
    write_report(plan, &ended)?;
    let exit = ended.exit?;
    report.summary(facts(plan), &ended.summary);
    if let Some(file) = &plan.memory.profile {
        report::write_memory_profile(file, &ended.summary)
            .hint("name a file in a folder that can be written; the index is complete")?;
    }
    conclude(&ended.summary, exit, watched);
    Ok(exit)
}

/// A run that came to an end, good or bad.
struct Ended {
    summary: Summary,
    exit: anyhow::Result<Exit>,
    /// What the summary does not tell.
    detail: RunDetail,
}

fn write_report(plan: &IndexPlan, ended: &Ended) -> anyhow::Result<()> {
    let Some(path) = &plan.report else {
        return Ok(());
    };
    let how = match &ended.exit {
        Ok(exit) => format!("Exit code {}.", exit.code()),
        Err(error) => format!(
            "Exit code {}: {}",
            error::exit_of(error).code(),
            error::one_line(error)
        ),
    };
    let is_page = (path.extension()).is_some_and(|ending| ending.eq_ignore_ascii_case("html"));
    let text = if is_page {
        page(&record(plan, ended))
    } else {
        markdown(facts(plan), &ended.summary, &how, &ended.detail.failed)
    };
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// The run as it is remembered.
fn record(plan: &IndexPlan, ended: &Ended) -> RunRecord {
    let facts = facts(plan);
    let exit = match &ended.exit {
        Ok(exit) => *exit,
        Err(error) => error::exit_of(error),
    };
    let model = |id: &str| Some(id.to_owned()).filter(|id| id != "-");
    RunRecord {
        repository: facts.repository.to_owned(),
        exit_code: Some(exit.code()),
        error: ended.exit.as_ref().err().map(error::one_line),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit_hash: plan.checkout.commit.clone(),
        branch: plan.checkout.branch.clone(),
        provider: facts.provider.to_owned(),
        text_model: model(facts.models[0]),
        code_model: model(facts.models[1]),
        sequential: facts.sequential,
        detail: Some(ended.detail.clone()),
        ..RunRecord::of(&ended.summary)
    }
}

/// What a run is watched by.
#[derive(Clone, Copy)]
struct Watched<'a> {
    report: Report,
    terminal: &'a Terminal,
    interrupt: &'a Interrupt,
}

/// Does the run and keeps its record, however it ends.
fn run(plan: &IndexPlan, lock: &mut RepositoryLock, watched: Watched) -> anyhow::Result<Ended> {
    let stores = stores(plan, lock)?;
    let changed_recipe = lock.changed_since_last(&plan.ingredients()?).advise()?;
    let run = begin(plan, lock)?;
    let mut listener = Narrator {
        watched,
        json: plan.output.json,
        told: 0,
        detail: RunDetail::default(),
    };
    watched.terminal.start();
    let mut session = Session {
        listener: &mut listener,
        lock: &mut *lock,
        interrupt: watched.interrupt,
        summary: Summary {
            changed_recipe,
            ..Summary::default()
        },
    };
    let ended = pipeline::run(plan, stores, &mut session);
    let summary = session.summary;
    listener.detail.close(&summary);
    watched.terminal.finish();
    let exit = match &ended {
        Ok(()) => (watched.interrupt.exit()).unwrap_or_else(|| summary.exit(plan.max_failed)),
        Err(error) => error::exit_of(error),
    };
    let error = ended.as_ref().err().map(error::one_line);
    let end = RunEnd {
        summary: &summary,
        detail: &listener.detail,
        exit,
        error: error.as_deref(),
        // A run that failed has waited long enough.
        patience: ended.as_ref().map_or(Duration::ZERO, |()| plan.patience),
    };
    let noted = lock.end_run(run, &end).advise();
    Ok(Ended {
        summary,
        // Why the run failed says more than why that could not be noted.
        exit: ended.and(noted).map(|()| exit),
        detail: listener.detail,
    })
}

fn stores(plan: &IndexPlan, lock: &RepositoryLock) -> anyhow::Result<Stores> {
    let config = StoreConfig {
        url: lock.url().clone(),
        repository: plan.repository.clone(),
        models: plan.stored_models()?,
        commit: plan.checkout.commit.clone(),
        patience: plan.patience,
        vector_index: plan.vector_index,
    };
    Ok(Stores {
        writing: Store::open(&config).advise()?,
        reading: Store::open(&config).advise()?,
    })
}

fn begin(plan: &IndexPlan, lock: &mut RepositoryLock) -> anyhow::Result<RunId> {
    lock.begin_run(&RunStart {
        folder: &plan.walk.folder(),
        checkout: &plan.checkout,
        ingredients: &plan.ingredients()?,
        provider: facts(plan).provider,
        models: &plan.stored_models()?,
        sequential: plan.sequential,
        rules: &plan.rules,
    })
    .advise()
}

/// The connection string, and what keeps the private server up meanwhile.
pub(super) fn open(database: &Database) -> anyhow::Result<(Option<Cluster>, DatabaseUrl)> {
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
        provider: any.map_or("-", ModelConfig::place),
        precision: any.map_or("-", ModelConfig::numbers),
        memory_limit: plan.memory.limit,
        models: [&plan.models.text, &plan.models.code]
            .map(|model| model.as_ref().map_or("-", |model| model.id.as_str())),
        sequential: plan.sequential,
        dry_run: plan.dry_run,
    }
}

/// Says in one line what is not as it should be.
fn conclude(summary: &Summary, exit: Exit, watched: Watched) {
    let failed = summary.failed;
    match exit {
        Exit::Interrupted | Exit::Terminated => watched
            .terminal
            .warning("interrupted; what was committed stays, run again to go on"),
        Exit::MemoryLimit => watched.terminal.error(&stopped_at_limit()),
        Exit::Incomplete => {
            let files = if failed == 1 { "file" } else { "files" };
            watched
                .terminal
                .warning(format_args!("{failed} {files} failed; the rest is indexed"));
        }
        _ => {}
    }
}

fn stopped_at_limit() -> anyhow::Error {
    error::advised(
        anyhow!("stopped at the memory limit; what was committed stays whole"),
        Exit::MemoryLimit,
        "raise --memory-limit, or go on with less: --sequential, --precision int8",
    )
}

/// Failures that are told on standard error at once; all are in `--json`.
const FAILURES_TOLD: u64 = 20;

/// Passes on what happens to the report and the terminal.
struct Narrator<'a> {
    watched: Watched<'a>,
    json: bool,
    told: u64,
    detail: RunDetail,
}

impl Listener for Narrator<'_> {
    fn ended(&mut self, event: FileEvent, progress: Progress) {
        self.watched.report.file(event);
        self.detail.note(event.path, event.outcome, event.elapsed);
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

    fn warned(&mut self, message: &str) {
        self.watched.report.warning(message);
        self.watched.terminal.warning(message);
    }
}
