//! A file by which processes take turns.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

/// An open file that can be locked, and is unlocked as soon as this is dropped.
///
/// The lock belongs to what was opened, not to the descriptor, so closing ours
/// is not enough: a process that another thread is just starting has a copy of
/// every descriptor until it runs its own program, and would keep the lock so long.
#[derive(Debug)]
pub struct LockFile(File);

impl LockFile {
    /// Opens the file, made if there is none, and locks nothing yet.
    ///
    /// # Errors
    /// Of opening it.
    pub fn open(path: &Path) -> io::Result<Self> {
        File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map(Self)
    }

    /// Waits until it can be held beside others that share it.
    ///
    /// # Errors
    /// Of the system, for instance a file system without locks.
    pub fn share(&self) -> io::Result<()> {
        self.0.lock_shared()
    }

    /// Waits until it can be held alone.
    ///
    /// # Errors
    /// As those of [`Self::share`].
    pub fn take(&self) -> io::Result<()> {
        self.0.lock()
    }

    /// Holds it alone, also if it was shared; false if another holds it.
    ///
    /// # Errors
    /// As those of [`Self::share`].
    pub fn try_take(&self) -> io::Result<bool> {
        match self.0.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // If it fails, closing does what it can.
        let _ = self.0.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_by_one_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = LockFile::open(&path).unwrap();
        let other = LockFile::open(&path).unwrap();
        assert!(held.try_take().unwrap());
        assert!(!other.try_take().unwrap());
        drop(held);
        assert!(other.try_take().unwrap());
    }

    #[test]
    fn a_process_that_is_just_starting_does_not_keep_a_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = LockFile::open(&path).unwrap();
        assert!(held.try_take().unwrap());
        // What such a process has of ours, until it runs its own program.
        let inherited = held.0.try_clone().unwrap();
        drop(held);
        assert!(LockFile::open(&path).unwrap().try_take().unwrap());
        drop(inherited);
    }

    #[test]
    fn who_shares_a_lock_takes_it_alone_when_the_others_have_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let [one, other] = [(); 2].map(|()| LockFile::open(&path).unwrap());
        one.share().unwrap();
        other.share().unwrap();
        assert!(!one.try_take().unwrap());
        drop(other);
        assert!(one.try_take().unwrap());
    }
}
