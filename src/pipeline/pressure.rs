//! Memory against its limit: near it, batches are made small and the user is
//! warned; at it, the run ends by itself before the system ends it.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::memory;

/// The share of the limit, in percent, from which memory is tight.
const TIGHT: u64 = 80;

pub(super) struct Pressure {
    /// In bytes; none if nothing says how much there is.
    limit: Option<u64>,
    tight: AtomicBool,
    over: AtomicBool,
    told: AtomicBool,
}

impl Pressure {
    pub fn new(limit: Option<u64>) -> Self {
        Self {
            limit,
            tight: AtomicBool::new(false),
            over: AtomicBool::new(false),
            told: AtomicBool::new(false),
        }
    }

    /// Compares what is resident now. Reading it takes some 20 µs, a thousandth
    /// of what a text takes to embed.
    pub fn look(&self) {
        if let (Some(limit), Some(resident)) = (self.limit, memory::resident()) {
            self.judge(resident, limit);
        }
    }

    fn judge(&self, resident: u64, limit: u64) {
        // Once tight, batches stay small: what led there would lead there again.
        if resident.saturating_mul(100) >= limit.saturating_mul(TIGHT) {
            self.tight.store(true, Ordering::Relaxed);
        }
        if resident >= limit {
            self.over.store(true, Ordering::Relaxed);
        }
    }

    /// Whether 80 % of the limit were reached.
    pub fn is_tight(&self) -> bool {
        self.tight.load(Ordering::Relaxed)
    }

    /// Whether the limit was reached.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// The warning, the first time there is a reason for it.
    pub fn warning(&self) -> Option<String> {
        let limit = self.limit.filter(|_| self.is_tight())?;
        let first = !self.told.swap(true, Ordering::Relaxed);
        first.then(|| {
            format!(
                "memory is above {TIGHT} % of the limit of {} MB: batches are made small",
                limit / 1_000_000
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_once_that_memory_is_tight_and_it_stays_so() {
        let pressure = Pressure::new(Some(1000));
        pressure.judge(799, 1000);
        assert!(!pressure.is_tight() && pressure.warning().is_none());
        pressure.judge(800, 1000);
        pressure.judge(100, 1000);
        assert!(pressure.is_tight() && !pressure.is_over());
        assert!(pressure.warning().is_some() && pressure.warning().is_none());
        pressure.judge(1000, 1000);
        assert!(pressure.is_over());
    }
}
