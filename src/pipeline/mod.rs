//! The main job: walk, read, chunk, embed, store, each stage on threads of its
//! own, joined by bounded channels. The only room that starts threads.
//!
//! ```text
//! reader ──jobs──▶ embedders (N) ──done──▶ writer (this thread)
//!    └───────────── skipped, unchanged, failed ──▲
//! ```
//!
//! Every path ends in one message to the writer. What is in flight is bounded
//! by the channels, so memory does not grow with the number of files. With
//! `--sequential` the reader waits for the writer after each file.

mod clock;
mod contained;
mod embedder;
mod fault;
mod flight;
mod freight;
pub mod graph;
mod models;
mod patience;
mod pressure;
mod reader;
mod writer;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use crossbeam_channel::bounded;

use crate::error::AdviseItself;
use crate::heap;
use crate::language;
use crate::outcome::{MemoryState, Summary};
use crate::plan::IndexPlan;
use crate::signal::Interrupt;
use crate::source::Recipe;
use crate::store::{RepositoryLock, Retired, Standing, Store};
use crate::walk::{Found, Walk};

use clock::{Clock, Stage};
use fault::Fault;
use models::Models;
use pressure::Pressure;
use reader::Reader;
use writer::Writer;

pub use patience::within;
pub use writer::Listener;

/// Jobs that wait for an embedding thread, per thread: enough that none runs
/// dry while the reader parses a large file, few enough to stay small.
const JOBS_WAITING: usize = 16;

/// Files that wait to be written.
const FILES_WAITING: usize = 8;

/// What the stages share.
struct Run<'a> {
    plan: &'a IndexPlan,
    interrupt: &'a Interrupt,
    models: &'a Models<'a>,
    recipes: Recipes,
    clock: Clock,
    pressure: Pressure,
    fault: Fault,
    /// Files the walk will find; 0 until they are counted.
    total: AtomicU64,
}

impl Run<'_> {
    /// Whether no further file is to be begun.
    fn is_to_stop(&self) -> bool {
        self.interrupt.is_requested() || self.pressure.is_over() || self.fault.is_set()
    }

    fn memory_state(&self) -> MemoryState {
        match (self.pressure.is_over(), self.pressure.is_tight()) {
            (true, _) => MemoryState::Over,
            (false, true) => MemoryState::Tight,
            (false, false) => MemoryState::Ample,
        }
    }
}

/// The recipe of a file by its language.
type Recipes = HashMap<&'static str, Recipe>;

fn recipes(plan: &IndexPlan) -> anyhow::Result<Recipes> {
    let ingredients = plan.ingredients()?;
    let names = language::ALL.iter().map(|language| language.name());
    Ok(names
        .map(|name| (name, ingredients.recipe_of(name)))
        .collect())
}

/// The two connections of a run: files are looked up while others are written.
pub struct Stores {
    /// Takes the files.
    pub writing: Store,
    /// Answers what is known.
    pub reading: Store,
}

/// Indexes what `plan` says, and tells `listener` of every path.
///
/// # Errors
/// What ends a run: a model that cannot be loaded, a database that is gone.
/// Everything that was committed until then stays.
pub fn run(plan: &IndexPlan, stores: Stores, session: &mut Session) -> anyhow::Result<()> {
    heap::settle();
    let began = Instant::now();
    let tokenizers = plan.tokenizers()?;
    let models = Models::new(plan, &tokenizers);
    let run = Run {
        plan,
        interrupt: session.interrupt,
        models: &models,
        recipes: recipes(plan)?,
        clock: Clock::default(),
        pressure: Pressure::new(plan.memory.limit),
        fault: Fault::default(),
        total: AtomicU64::new(0),
    };
    let ended = stages(&run, stores, session);
    let summary = &mut session.summary;
    summary.times = run.clock.times(plan.threads);
    summary.wall = began.elapsed();
    summary.peak_memory = crate::memory::peak();
    summary.memory_state = run.memory_state();
    ended
}

/// Who watches a run, and who may end it.
pub struct Session<'a> {
    /// Hears of every path.
    pub listener: &'a mut dyn Listener,
    /// The right to change the repository.
    pub lock: &'a mut RepositoryLock,
    /// Says when to stop.
    pub interrupt: &'a Interrupt,
    /// What was done, also by a run that failed.
    pub summary: Summary,
}

fn stages(run: &Run, stores: Stores, session: &mut Session) -> anyhow::Result<()> {
    let (to_embedders, jobs) = bounded(run.plan.threads * JOBS_WAITING);
    let (to_writer, done) = bounded(FILES_WAITING);
    let (written, turn) = bounded(1);
    let walk = Walk::new(&run.plan.walk)?;
    thread::scope(|scope| {
        scope.spawn(|| count(run));
        for _ in 0..run.plan.threads {
            let (jobs, to_writer) = (jobs.clone(), to_writer.clone());
            scope.spawn(move || embedder::work(run, &jobs, &to_writer));
        }
        drop(jobs);
        let reader = Reader::new(
            run,
            stores.reading,
            reader::Doors {
                to_embedders,
                to_writer,
                turn,
            },
        );
        let reading = scope.spawn(move || reader?.read_all(walk));
        let writing = Writer::new(run, stores.writing, session).write_all(&done, &written);
        // Whoever still wants to send learns that nobody listens any more.
        drop((done, written));
        let read = reading
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        // The writer knows better than the reader why both had to stop.
        let (mut store, standing) = (writing?, read?);
        run.fault.take()?;
        run.models.unload();
        let Some(standing) = standing.filter(|_| !run.is_to_stop()) else {
            // The rest can wait; whoever pressed the keys cannot.
            return Ok(());
        };
        if run.plan.shard.is_some() {
            return leave(run, (standing, store), session);
        }
        let retired = run
            .clock
            .time(Stage::Store, || retire(run, standing, session));
        // Also where that is refused, what was written becomes searchable and
        // its graph whole.
        if let Some(graph) = graph::make(&run.plan.tree(), &mut store)? {
            session.summary.tie(graph);
        }
        run.clock.time(Stage::Store, || {
            store.finish().advise()?;
            let standing = session.summary.indexed + session.summary.unchanged;
            let folder = run.plan.walk.folder();
            store
                .check_commits(&folder, (standing, |_| true))
                .advise()?;
            retired
        })
    })
}

/// Ends a shard: what needs all of them is left to `finish`.
fn leave(
    run: &Run,
    (standing, mut store): (Standing, Store),
    session: &mut Session,
) -> anyhow::Result<()> {
    session.lock.renew(run.plan.patience).advise()?;
    let saw_all = standing.leave().advise()?;
    let stands = session.summary.indexed + session.summary.unchanged;
    let folder = run.plan.walk.folder();
    store
        .check_commits(&folder, (stands, |path: &str| run.plan.holds(path)))
        .advise()?;
    session.lock.end_shard(saw_all).advise()
}

/// Takes out of the index what the walk did not find.
fn retire(run: &Run, standing: Standing, session: &mut Session) -> anyhow::Result<()> {
    session.lock.renew(run.plan.patience).advise()?;
    match standing.retire(run.plan.allow_shrink).advise()? {
        Retired::Files(files) => session.summary.retired = files,
        Retired::Withheld => session.listener.warned(
            "files that have gone were left in the index, since the walk could not see everything",
        ),
    }
    Ok(())
}

/// Walks ahead to know how many files there are, for the time that is left.
fn count(run: &Run) {
    let Ok(walk) = Walk::new(&run.plan.walk) else {
        return;
    };
    let files = walk
        .take_while(|_| !run.interrupt.is_requested())
        .filter(|found| matches!(found, Found::File(_)) && run.plan.holds(found.path()))
        .count();
    run.total.store(files as u64, Ordering::Relaxed);
}
