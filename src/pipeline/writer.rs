//! The writing thread: commits files as they become whole, and tells of every
//! path how it ended.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};

use crate::embed::EmbeddedFile;
use crate::error::AdviseItself;
use crate::outcome::{FailedStage, FileFailure, FileOutcome, Indexed, Summary};
use crate::report::FileEvent;
use crate::store::{Blame, RepositoryLock, Store};
use crate::terminal::Progress;

use super::clock::Stage;
use super::contained::contained;
use super::flight::{Done, Load};
use super::freight::Freight;
use super::{Run, Session};

/// Hears of every path as it ends.
pub trait Listener {
    /// One path came to its end.
    fn ended(&mut self, event: FileEvent, progress: Progress);

    /// Something that the user should know while the run goes on.
    fn warned(&mut self, message: &str);
}

/// Files after which memory is given back, where files are not done one at a
/// time: what is done for files that need no embedding leaves something, too.
const SHRINK_FILES: u64 = 32;

/// So many files in a row that deadlock or are cancelled, each tried several
/// times, are no accident: the next ones would be, too.
const UNLUCKY: u32 = 3;

pub(super) struct Writer<'a> {
    run: &'a Run<'a>,
    store: Store,
    listener: &'a mut dyn Listener,
    summary: &'a mut Summary,
    lock: &'a mut RepositoryLock,
    /// How often the store had lost its connection when the lock was looked at.
    reconnections: u64,
    /// Files in a row that circumstances kept from being written.
    unlucky: u32,
    chunks: u64,
}

impl<'a> Writer<'a> {
    pub fn new(run: &'a Run<'a>, store: Store, session: &'a mut Session) -> Self {
        Self {
            run,
            store,
            listener: session.listener,
            summary: &mut session.summary,
            lock: session.lock,
            reconnections: 0,
            unlucky: 0,
            chunks: 0,
        }
    }

    /// Takes what comes until all senders are gone. `written` tells a
    /// sequential reader to go on.
    pub fn write_all(
        mut self,
        done: &Receiver<Done>,
        written: &Sender<()>,
    ) -> anyhow::Result<Store> {
        for done in done {
            let (path, outcome, began) = match done {
                Done::Ended {
                    path,
                    outcome,
                    began,
                } => (path, outcome, began),
                Done::File {
                    file,
                    load,
                    freight,
                    began,
                } => {
                    if freight.as_ref().is_some_and(Freight::is_alone) {
                        // It is embedded: its rows may have that memory.
                        self.run.models.shrink();
                    }
                    let outcome = self.commit(&file, load)?;
                    let path = file.file.path.to_string();
                    drop((file, freight));
                    (path, outcome, began)
                }
            };
            if let FileOutcome::Failed(failure) = &outcome {
                self.store.record_failure(&path, failure).advise()?;
            }
            self.tell(&path, &outcome, began);
            self.watch_memory();
            self.give_back_memory(&outcome);
            if self.run.plan.sequential && written.send(()).is_err() {
                break;
            }
        }
        Ok(self.store)
    }

    /// A failure that is the file's own becomes its outcome; one that would
    /// hit every file ends the run.
    fn commit(&mut self, file: &EmbeddedFile, load: Load) -> anyhow::Result<FileOutcome> {
        let (store, recipe) = (
            &mut self.store,
            &self.run.recipes[file.file.language.name()],
        );
        let committed = self
            .run
            .clock
            .time(Stage::Store, || contained(|| store.commit(file, recipe)));
        self.keep_lock()?;
        let committed = match committed {
            Ok(committed) => committed,
            Err(cause) => return Ok(not_stored(cause)),
        };
        self.unlucky = match &committed {
            Err(error) if error.blame() == Blame::Circumstances => self.unlucky + 1,
            _ => 0,
        };
        match committed {
            Ok(committed) => Ok(FileOutcome::Indexed(Indexed {
                chunks: chunk_counts(file),
                nodes: committed.nodes,
                edges: committed.edges,
                tokens: load.tokens,
                reused: load.reused,
                masked: load.masked,
                why: Some(load.why),
                bytes: load.bytes,
                notes: file.file.notes.clone(),
            })),
            Err(error) if error.blame() == Blame::Database || self.unlucky == UNLUCKY => {
                Err(error).advise()
            }
            Err(error) => Ok(not_stored(error.to_string())),
        }
    }

    /// A server that was restarted has forgotten whose the repository is.
    fn keep_lock(&mut self) -> anyhow::Result<()> {
        if self.reconnections == self.store.reconnections() {
            return Ok(());
        }
        self.reconnections = self.store.reconnections();
        self.lock.renew(self.run.plan.patience).advise()
    }

    fn tell(&mut self, path: &str, outcome: &FileOutcome, began: Instant) {
        self.summary.add(outcome);
        if let FileOutcome::Indexed(indexed) = outcome {
            self.chunks += indexed.chunks.values().sum::<u64>();
        }
        let total = self.run.total.load(Ordering::Relaxed);
        let elapsed: Duration = began.elapsed();
        let progress = Progress {
            done: self.summary.files(),
            total: (total > 0).then_some(total),
            chunks: self.chunks,
            file: path,
        };
        self.listener.ended(
            FileEvent {
                path,
                outcome,
                elapsed,
            },
            progress,
        );
    }

    fn watch_memory(&mut self) {
        self.run.pressure.look();
        if let Some(warning) = self.run.pressure.warning() {
            self.listener.warned(&warning);
        }
        self.summary.memory.look(self.summary.files());
    }

    /// After each file in `--sequential`, also after one that failed; else now
    /// and then, since it costs a run of the model.
    fn give_back_memory(&mut self, outcome: &FileOutcome) {
        let worked = matches!(outcome, FileOutcome::Indexed(_) | FileOutcome::Failed(_));
        let due = self.run.plan.sequential || self.summary.files().is_multiple_of(SHRINK_FILES);
        if worked && due {
            self.run.models.shrink();
        }
    }
}

fn not_stored(cause: String) -> FileOutcome {
    FileOutcome::Failed(FileFailure {
        stage: FailedStage::Store,
        cause,
    })
}

fn chunk_counts(file: &EmbeddedFile) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for chunk in &file.file.chunks {
        *counts.entry(chunk.kind.as_str()).or_default() += 1;
    }
    counts
}
