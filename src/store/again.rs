//! What is tried again: a fault that may pass is met with patience, one that
//! will not is reported at once.
//!
//! A connection that was lost is opened anew, and what was under way in it is
//! done from its beginning: that is a whole file, so nothing is doubled.

use std::time::{Duration, Instant};

use backon::{BlockingRetryable, ExponentialBuilder};

use super::Store;
use super::error::StoreError;

/// How often two that got in each other's way, or were told to stop, come again.
const CONFLICTS: u32 = 5;

/// The first and the longest pause between two tries.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(2));

impl Store {
    /// Does `work`, again if it fails for a reason that may pass.
    pub(super) fn persist<T>(
        &mut self,
        mut work: impl FnMut(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut conflicts = 0;
        let mut lost_since = None;
        let patience = self.patience;
        let pauses = ExponentialBuilder::new()
            .with_min_delay(PAUSES.0)
            .with_max_delay(PAUSES.1)
            .without_max_times()
            .with_jitter();
        (|| {
            self.reconnect_if_lost()?;
            work(self).inspect_err(|error| self.is_lost |= error.is_lost())
        })
        .retry(pauses)
        .when(|error: &StoreError| {
            if error.is_lost() {
                return lost_since.get_or_insert_with(Instant::now).elapsed() < patience;
            }
            conflicts += 1;
            error.is_transient() && conflicts <= CONFLICTS
        })
        .notify(|error, pause| tracing::warn!(%error, ?pause, "the database is asked again"))
        .call()
    }

    fn reconnect_if_lost(&mut self) -> Result<(), StoreError> {
        if self.is_lost || self.client.is_closed() {
            self.client = self.url.connect_for_work()?;
            self.writing = None;
            self.is_lost = false;
            self.connections += 1;
        }
        Ok(())
    }
}
