//! What is tried again: a fault that may pass is met with patience, one that
//! will not is reported at once.
//!
//! A connection that was lost is opened anew, and what was under way in it is
//! done from its beginning: that is a whole file, so nothing is doubled.

use std::time::{Duration, Instant};

use backon::{BlockingRetryable, ExponentialBuilder};
use postgres::fallible_iterator::FallibleIterator;

use super::Store;
use super::error::StoreError;

/// How often two that got in each other's way, or were told to stop, come again.
const CONFLICTS: u32 = 5;

/// The first and the longest pause between two tries.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(2));

const STANDING: &str = "
    SELECT file_path FROM indexed_files WHERE repository = $1 AND starts_with(file_path, $2)";

/// Does `work` until it succeeds, fails for good, or a server that went away
/// stayed so, or a lock that another program holds, for `patience`.
pub(super) fn persist<T>(
    patience: Duration,
    work: impl FnMut() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut conflicts = 0;
    let mut since = None;
    let mut is_told = false;
    let pauses = ExponentialBuilder::new()
        .with_min_delay(PAUSES.0)
        .with_max_delay(PAUSES.1)
        .without_max_times()
        .with_jitter();
    work.retry(pauses)
        .when(|error: &StoreError| {
            if error.is_lost() || error.is_blocked() {
                return since.get_or_insert_with(Instant::now).elapsed() < patience;
            }
            conflicts += 1;
            error.is_transient() && conflicts <= CONFLICTS
        })
        .notify(|error, pause| {
            tracing::debug!(%error, ?pause, "the database is asked again");
            if !error.is_transient() && !std::mem::replace(&mut is_told, true) {
                tracing::warn!(target: "waiting",
                    "{error}; it is waited for, {} s at most",
                    patience.as_secs()
                );
            }
        })
        .call()
}

impl Store {
    /// Does `work`, again if it fails for a reason that may pass.
    pub(super) fn persist<T>(
        &mut self,
        mut work: impl FnMut(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        persist(self.patience, || {
            self.reconnect_if_lost()?;
            work(self).inspect_err(|error| self.is_lost |= error.is_lost())
        })
    }

    /// How often the connection was opened anew.
    #[must_use]
    pub fn reconnections(&self) -> u64 {
        self.reconnections
    }

    /// Makes sure that `files` of the folder, of those that `belongs` says yes to,
    /// stand in the index, where a crash may
    /// have taken some: a server may be set not to wait until a commit is on disk,
    /// as the private one is.
    ///
    /// # Errors
    /// [`StoreError::LostCommits`] if some are missing.
    pub fn check_commits(
        &mut self,
        folder: &str,
        (files, belongs): (u64, impl Fn(&str) -> bool),
    ) -> Result<(), StoreError> {
        if self.reconnections == 0 {
            return Ok(());
        }
        let standing = self.persist(|store| {
            store
                .client
                .query_raw(STANDING, [store.repository.as_str(), folder])
                .and_then(|rows| rows.filter(|row| Ok(belongs(row.get(0)))).count())
                .map(|standing| standing as u64)
                .map_err(StoreError::sql("count the files"))
        })?;
        match files.saturating_sub(standing) {
            0 => Ok(()),
            missing => Err(StoreError::LostCommits { missing }),
        }
    }

    fn reconnect_if_lost(&mut self) -> Result<(), StoreError> {
        if self.is_lost || self.client.is_closed() {
            self.client = self.url.connect_for_work()?;
            self.writing = None;
            self.is_lost = false;
            self.reconnections += 1;
        }
        Ok(())
    }
}
