//! The folders and files of the private cluster, and its two locks.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::error::ClusterError;
use crate::lock::LockFile;

/// A unix socket's whole path must fit `sockaddr_un` (108 bytes on Linux); this
/// leaves room for the file name and then some.
const LONGEST_SOCKET_FOLDER: usize = 80;

/// How long a start or stop by another process is waited for. Crash recovery
/// of a large index can take most of a minute.
const START_LOCK_PATIENCE: Duration = Duration::from_mins(3);

/// Where everything of the private cluster stands below `$MNEMO_HOME/cluster`.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    root: PathBuf,
    runtime: Option<PathBuf>,
}

impl Layout {
    pub fn new(home: &Path, runtime: Option<&Path>) -> Self {
        Self {
            root: home.join("cluster"),
            runtime: runtime.map(Path::to_owned),
        }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// PostgreSQL's data folder, or a symbolic link to it where the server has
    /// to run as another user.
    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// What the server prints.
    pub fn log(&self) -> PathBuf {
        self.root.join("log")
    }

    /// Exists while the server is to outlive its last user.
    pub fn pin(&self) -> PathBuf {
        self.root.join("pinned")
    }

    /// Makes the folder that holds all the others.
    pub fn create(&self) -> Result<(), ClusterError> {
        private_folder(&self.root)
    }

    /// Held shared by every process that uses the server.
    pub fn users_lock(&self) -> Result<LockFile, ClusterError> {
        self.lock("users.lock")
    }

    /// Held exclusively by whoever starts or stops the server.
    pub fn start_lock(&self) -> Result<LockFile, ClusterError> {
        let end = Instant::now() + START_LOCK_PATIENCE;
        loop {
            if let Some(lock) = self.try_start_lock()? {
                return Ok(lock);
            }
            if Instant::now() > end {
                let seconds = START_LOCK_PATIENCE.as_secs();
                return Err(ClusterError::Busy { seconds });
            }
            sleep(Duration::from_millis(5));
        }
    }

    /// The start lock if nobody has it.
    pub fn try_start_lock(&self) -> Result<Option<LockFile>, ClusterError> {
        let lock = self.lock("start.lock")?;
        Ok(self.try_take(&lock)?.then_some(lock))
    }

    /// Tries to hold `lock` alone; false if another holds it.
    pub fn try_take(&self, lock: &LockFile) -> Result<bool, ClusterError> {
        lock.try_take()
            .map_err(ClusterError::io("lock", &self.root))
    }

    fn lock(&self, name: &str) -> Result<LockFile, ClusterError> {
        let path = self.root.join(name);
        LockFile::open(&path).map_err(ClusterError::io("open", &path))
    }

    /// The folder of the unix socket: beside the data, or in a shorter place
    /// if that would not fit a socket's address.
    pub fn socket_folder(&self) -> Result<PathBuf, ClusterError> {
        let beside = self.root.join("run");
        let folder = if beside.as_os_str().len() <= LONGEST_SOCKET_FOLDER {
            beside
        } else {
            self.short_socket_folder()
        };
        private_folder(&folder)?;
        refuse_foreign(&folder)?;
        Ok(folder)
    }

    fn short_socket_folder(&self) -> PathBuf {
        let user = rustix::process::geteuid().as_raw();
        let short = |parent: &Path| parent.join(format!("mnemo-{user}-{}", self.tag()));
        match &self.runtime {
            Some(runtime) if runtime.as_os_str().len() < LONGEST_SOCKET_FOLDER / 2 => {
                short(runtime)
            }
            _ => short(Path::new("/tmp")),
        }
    }

    /// Twelve hex digits that tell this cluster from the others of this machine.
    pub fn tag(&self) -> String {
        let hash = blake3::hash(self.root.as_os_str().as_encoded_bytes());
        hash.to_hex().chars().take(12).collect()
    }
}

/// Makes `folder` and its missing parents, open to its owner alone; one that
/// exists is left as it is.
pub(super) fn private_folder(folder: &Path) -> Result<(), ClusterError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(ClusterError::io("create", folder))
}

/// A folder in `/tmp` could have been put there by someone else, who would then
/// own the way to our server.
fn refuse_foreign(folder: &Path) -> Result<(), ClusterError> {
    let found = fs::symlink_metadata(folder).map_err(ClusterError::io("read", folder))?;
    let ours = found.uid() == rustix::process::geteuid().as_raw();
    if found.is_dir() && ours && found.mode() & 0o022 == 0 {
        return Ok(());
    }
    let reason = io::Error::new(
        io::ErrorKind::PermissionDenied,
        "it belongs to another user",
    );
    Err(ClusterError::io("use", folder)(reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_stands_beside_the_data_where_its_path_fits() {
        let home = tempfile::tempdir().unwrap();
        let layout = Layout::new(home.path(), None);
        assert_eq!(layout.socket_folder().unwrap(), layout.root().join("run"));
    }

    #[test]
    fn a_deep_home_gets_a_short_socket_folder_of_its_own() {
        let home = tempfile::tempdir().unwrap();
        let runtime = tempfile::tempdir().unwrap();
        let deep = home.path().join("d".repeat(100));
        let layout = Layout::new(&deep, Some(runtime.path()));
        let folder = layout.socket_folder().unwrap();
        assert!(folder.starts_with(runtime.path()), "{folder:?}");
        assert!(folder.as_os_str().len() <= LONGEST_SOCKET_FOLDER);
        let other = Layout::new(&home.path().join("e".repeat(100)), Some(runtime.path()));
        assert_ne!(other.socket_folder().unwrap(), folder);
    }

    #[test]
    fn a_start_lock_is_held_by_one() {
        let home = tempfile::tempdir().unwrap();
        let layout = Layout::new(home.path(), None);
        layout.create().unwrap();
        let held = layout.start_lock().unwrap();
        assert!(layout.try_start_lock().unwrap().is_none());
        drop(held);
        assert!(layout.try_start_lock().unwrap().is_some());
    }
}
