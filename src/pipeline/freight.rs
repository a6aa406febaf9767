//! The bytes that are between reader and writer. Jobs and files are bounded by
//! number in their channels, but a file may be large: its syntax tree takes up
//! to forty times its size for a moment, and chunked, with its vectors, it takes
//! ten times its size until it is written.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Bytes of source that may be under way, unless one file alone has more.
/// Ordinary files never reach it; a large one goes alone or with small ones.
const MOST: u64 = 192 << 10;

/// A file of so many bytes is begun when nothing else is under way, so that its
/// tree can have the memory that inference needs at other times. It has some
/// hundred chunks: waiting for the end of those before it costs little.
const LARGE: u64 = 64 << 10;

/// How much is under way.
#[derive(Debug, Default)]
pub(super) struct Hold {
    taken: Mutex<u64>,
    freed: Condvar,
}

/// A file's part of it, given back when dropped.
#[derive(Debug)]
pub(super) struct Freight {
    hold: Arc<Hold>,
    bytes: u64,
}

impl Hold {
    /// Room for `bytes`, if there is some or nothing else is under way.
    pub fn try_take(self: &Arc<Self>, bytes: u64) -> Option<Freight> {
        let mut taken = self.taken();
        fits(*taken, bytes).then(|| self.load(&mut taken, bytes))
    }

    /// Waits for that room.
    pub fn take(self: &Arc<Self>, bytes: u64) -> Freight {
        let taken = self.taken();
        let mut taken = self
            .freed
            .wait_while(taken, |taken| !fits(*taken, bytes))
            .unwrap_or_else(PoisonError::into_inner);
        self.load(&mut taken, bytes)
    }

    fn load(self: &Arc<Self>, taken: &mut u64, bytes: u64) -> Freight {
        *taken += bytes;
        Freight {
            hold: Arc::clone(self),
            bytes,
        }
    }

    fn taken(&self) -> MutexGuard<'_, u64> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fits(taken: u64, bytes: u64) -> bool {
    taken == 0 || bytes < LARGE && taken + bytes <= MOST
}

impl Freight {
    /// Whether nothing else was under way when it was taken.
    pub fn is_alone(&self) -> bool {
        self.bytes >= LARGE
    }
}

impl Drop for Freight {
    fn drop(&mut self) {
        *self.hold.taken() -= self.bytes;
        self.hold.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_files_go_together_and_a_large_one_waits_until_it_is_alone() {
        let hold = Arc::new(Hold::default());
        let (one, two) = (hold.take(1000), hold.take(2000));
        assert!(hold.try_take(LARGE).is_none() && !one.is_alone());
        drop(one);
        assert!(hold.try_take(LARGE).is_none());
        drop(two);
        let large = hold.take(LARGE);
        assert!(large.is_alone() && hold.try_take(1000).is_some());
        drop(large);
        let huge = hold.take(100 * MOST);
        assert!(hold.try_take(1).is_none());
        drop(huge);
        assert!(hold.try_take(1).is_some());
    }
}
