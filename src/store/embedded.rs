//! The private cluster: a real PostgreSQL of our own below `$MNEMO_HOME`, for
//! users who have no server.
//!
//! It listens on a unix socket in a folder that only its owner can enter, so it
//! needs no password and no port. Every process that uses it holds `users.lock`
//! shared; the kernel lets go of the lock however the process ends, so a killed
//! run leaves no count behind. Whoever starts or stops the server holds
//! `start.lock`. The last user stops the server, unless `db start` pinned it.
//!
//! ```text
//! $MNEMO_HOME/cluster/  data/ run/ log users.lock start.lock [pinned]
//! ```

mod account;
mod binaries;
mod create;
mod error;
mod folder;
mod server;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

pub use error::ClusterError;

use self::account::Account;
use self::folder::Layout;
use self::server::{Launch, Postmaster};
use super::connect::{self, DatabaseUrl};
use crate::lock::LockFile;

/// The database that is used when the user names none.
pub const DEFAULT_DATABASE: &str = "mnemo";

/// The cluster's only role; the socket's folder is what keeps others out.
const ROLE: &str = "mnemo";

/// How long a server that has a process but gives no answer is believed in.
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);

/// Where the cluster stands and what it is made of.
#[derive(Debug, Clone, Default)]
pub struct ClusterConfig {
    /// `$MNEMO_HOME`: holds `cluster/`, and `postgres/` where set-up brought one.
    pub home: PathBuf,
    /// `MNEMO_PG_BIN`: the only folder to take `postgres` from.
    pub binaries: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`: where the socket goes if its path would be too long.
    pub runtime_dir: Option<PathBuf>,
    /// Server settings beyond our own, as name and value.
    pub settings: Vec<(String, String)>,
}

impl ClusterConfig {
    fn layout(&self) -> Layout {
        Layout::new(&self.home, self.runtime_dir.as_deref())
    }

    /// Whether the data need not outlive a crash of the machine, as in tests.
    fn is_volatile(&self) -> bool {
        self.settings
            .iter()
            .any(|(name, value)| name == "fsync" && value == "off")
    }
}

/// What `db status` tells.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ClusterStatus {
    /// PostgreSQL's data folder.
    pub data: PathBuf,
    /// Its major version; `None` if there is no data yet.
    pub major: Option<u32>,
    /// The server's process id while it runs.
    pub pid: Option<i32>,
    /// Whether any process is using it.
    pub in_use: bool,
    /// Whether it stays up when the last user leaves.
    pub pinned: bool,
}

/// How `db stop` ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// The server is down.
    Now,
    /// It was down already.
    Already,
    /// Others use it; the last of them will stop it.
    WhenUnused,
}

/// The use of the running cluster, until it is dropped.
#[derive(Debug)]
pub struct Cluster {
    layout: Layout,
    data: PathBuf,
    postmaster: Postmaster,
    /// The server, if it was we who started it.
    child: Option<Child>,
    /// Held shared; `None` once released.
    users: Option<LockFile>,
}

impl Cluster {
    /// Makes the cluster if there is none, starts it if it is down, and keeps
    /// it up until the value is dropped.
    ///
    /// # Errors
    /// [`ClusterError`], with a hint where we know what to do.
    pub fn acquire(config: &ClusterConfig) -> Result<Self, ClusterError> {
        let layout = config.layout();
        layout.create()?;
        let users = layout.users_lock()?;
        let _starting = layout.start_lock()?;
        users
            .share()
            .map_err(ClusterError::io("lock", layout.root()))?;
        let (postmaster, child) = match running(&layout) {
            Some(postmaster) => (postmaster, None),
            None => launch(config, &layout)?,
        };
        let data = real_data(&layout)?;
        Ok(Self {
            layout,
            data,
            postmaster,
            child,
            users: Some(users),
        })
    }

    /// The connection string of `database`, for us and for psql alike.
    #[must_use]
    pub fn url(&self, database: &str) -> DatabaseUrl {
        url_of(&self.postmaster, database)
    }

    /// Makes `database` if it is not there; tells whether it was made.
    ///
    /// # Errors
    /// [`ClusterError::Store`] with what the server said.
    pub fn create_database(&self, database: &str) -> Result<bool, ClusterError> {
        connect::create_database(&self.url("postgres"), database)
            .map_err(|error| ClusterError::Store(Box::new(error)))
    }

    /// Lets the server outlive its last user, until [`stop`].
    ///
    /// # Errors
    /// [`ClusterError::Io`] if the mark cannot be written.
    pub fn pin(&self) -> Result<(), ClusterError> {
        let pin = self.layout.pin();
        File::create(&pin)
            .map(drop)
            .map_err(ClusterError::io("write", &pin))
    }

    /// Ends the use now and stops the server if nobody else needs it, where
    /// dropping could only log what goes wrong.
    ///
    /// # Errors
    /// [`ClusterError`] if the server should have stopped and did not.
    pub fn release(mut self) -> Result<(), ClusterError> {
        self.leave()
    }

    fn leave(&mut self) -> Result<(), ClusterError> {
        let Some(users) = self.users.take() else {
            return Ok(());
        };
        let _stopping = self.layout.start_lock()?;
        if self.layout.pin().exists() || !self.layout.try_take(&users)? {
            return Ok(());
        }
        // Another server than ours may run by now, if ours was killed.
        match Postmaster::find(&self.data) {
            Some(running) => running.stop(&self.data, self.child.take()),
            None => Ok(()),
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Err(error) = self.leave() {
            tracing::warn!(%error, "the private PostgreSQL could not be left in order");
        }
    }
}

/// Stops the server, or lets its last user do so, and forgets a pin.
///
/// # Errors
/// [`ClusterError`] if it should have stopped and did not.
pub fn stop(config: &ClusterConfig) -> Result<Stopped, ClusterError> {
    let layout = config.layout();
    if !layout.root().exists() {
        return Ok(Stopped::Already);
    }
    let users = layout.users_lock()?;
    let _stopping = layout.start_lock()?;
    server::remove_file(&layout.pin())?;
    let Some(running) = running(&layout) else {
        return Ok(Stopped::Already);
    };
    if !layout.try_take(&users)? {
        return Ok(Stopped::WhenUnused);
    }
    running
        .stop(&real_data(&layout)?, None)
        .map(|()| Stopped::Now)
}

/// Looks at the cluster without starting it.
///
/// # Errors
/// [`ClusterError::Io`] if its folder cannot be read.
pub fn status(config: &ClusterConfig) -> Result<ClusterStatus, ClusterError> {
    let layout = config.layout();
    let in_use = layout.root().exists() && is_in_use(&layout)?;
    Ok(ClusterStatus {
        data: real_data(&layout).unwrap_or_else(|_| layout.data()),
        major: create::major_of(&layout.data())?,
        pid: running(&layout).map(|found| found.pid),
        in_use,
        pinned: layout.pin().exists(),
    })
}

/// The connection string of `database` if the server runs and takes
/// connections. Waits for nothing and takes no lock.
#[must_use]
pub fn url_if_running(config: &ClusterConfig, database: &str) -> Option<DatabaseUrl> {
    let data = real_data(&config.layout()).ok()?;
    let found = Postmaster::find(&data).filter(|found| found.ready)?;
    Some(url_of(&found, database))
}

/// Looking takes the locks for a moment, so it must not get in the way of who
/// starts or stops the server: such a process is a user, too.
fn is_in_use(layout: &Layout) -> Result<bool, ClusterError> {
    let Some(_starting) = layout.try_start_lock()? else {
        return Ok(true);
    };
    Ok(!layout.try_take(&layout.users_lock()?)?)
}

fn real_data(layout: &Layout) -> Result<PathBuf, ClusterError> {
    let data = layout.data();
    data.canonicalize().map_err(ClusterError::io("read", &data))
}

/// The server of this cluster once it takes connections, if there is one.
///
/// A server that was killed a moment ago still has its process and its files,
/// so it is asked for an answer too.
fn running(layout: &Layout) -> Option<Postmaster> {
    let data = real_data(layout).ok()?;
    let end = Instant::now() + ANSWER_PATIENCE;
    loop {
        let found = Postmaster::wait_until_ready(&data)?;
        if url_of(&found, "postgres").answers() || Instant::now() > end {
            return Some(found);
        }
        sleep(Duration::from_millis(20));
    }
}

fn url_of(postmaster: &Postmaster, database: &str) -> DatabaseUrl {
    DatabaseUrl::of_socket(&connect::Socket {
        folder: &postmaster.socket_folder,
        port: postmaster.port,
        role: ROLE,
        database,
    })
}

fn launch(
    config: &ClusterConfig,
    layout: &Layout,
) -> Result<(Postmaster, Option<Child>), ClusterError> {
    let made_by = create::major_of(&layout.data())?;
    let account = Account::choose(layout)?;
    let binaries = create::within_reach(account, binaries::find(config, made_by)?, config)?;
    if made_by.is_none() {
        create::data_folder(account, &binaries, config)?;
    }
    let data = real_data(layout)?;
    let (postmaster, child) = server::start(&Launch {
        socket_folder: &socket_folder(account, layout, &data)?,
        binaries: &binaries,
        account,
        data: &data,
        log: &layout.log(),
        settings: &settings(config),
    })?;
    Ok((postmaster, Some(child)))
}

/// A server of another user cannot reach a folder below our home.
fn socket_folder(account: Account, layout: &Layout, data: &Path) -> Result<PathBuf, ClusterError> {
    let Account::Other(_) = account else {
        return layout.socket_folder();
    };
    let folder = data.with_file_name("run");
    folder::private_folder(&folder)?;
    account.hand_over(&folder)?;
    Ok(folder)
}

/// Ours first, so that the caller's win.
fn settings(config: &ClusterConfig) -> Vec<(String, String)> {
    const OURS: [(&str, &str); 6] = [
        ("unix_socket_permissions", "0700"),
        // Nothing replicates from here, and bulk loads write less without it.
        ("wal_level", "minimal"),
        ("max_wal_senders", "0"),
        ("max_wal_size", "2GB"),
        ("log_checkpoints", "off"),
        ("jit", "off"),
    ];
    let ours = OURS
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    ours.chain(config.settings.iter().cloned()).collect()
}
