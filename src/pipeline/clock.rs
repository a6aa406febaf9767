//! How long each stage was busy, added up over threads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::outcome::StageTimes;

#[derive(Debug, Default)]
pub(super) struct Clock {
    read: AtomicU64,
    chunk: AtomicU64,
    embed: AtomicU64,
    store: AtomicU64,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Stage {
    Read,
    Chunk,
    Embed,
    Store,
}

impl Clock {
    /// Runs `work` and adds its time to `stage`.
    pub fn time<T>(&self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let result = work();
        let nanos = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.of(stage).fetch_add(nanos, Ordering::Relaxed);
        result
    }

    /// The times; inference is shared by `threads`, so its share is given.
    pub fn times(&self, threads: usize) -> StageTimes {
        let of = |stage| Duration::from_nanos(self.of(stage).load(Ordering::Relaxed));
        let threads = u32::try_from(threads).unwrap_or(1).max(1);
        StageTimes {
            read: of(Stage::Read),
            chunk: of(Stage::Chunk),
            embed: of(Stage::Embed) / threads,
            store: of(Stage::Store),
        }
    }

    fn of(&self, stage: Stage) -> &AtomicU64 {
        match stage {
            Stage::Read => &self.read,
            Stage::Chunk => &self.chunk,
            Stage::Embed => &self.embed,
            Stage::Store => &self.store,
        }
    }
}
