//! The server process: is it there, start it, stop it.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::account::Account;
use super::binaries::Binaries;
use super::error::ClusterError;

/// Only part of the socket's name: there is no network port.
const PORT: &str = "5432";

/// How often the server is looked at while it starts or stops.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// How long a start may take; crash recovery of a large index is the long case.
const START_PATIENCE: Duration = Duration::from_secs(150);

/// How long the remains of a killed server (its children, its shared memory)
/// may keep the next one from starting.
const REMAINS_PATIENCE: Duration = Duration::from_secs(10);

/// How long a fast shutdown, which writes a checkpoint, may take.
const STOP_PATIENCE: Duration = Duration::from_mins(2);

/// The log starts anew beyond this size, in bytes.
const LOG_LIMIT: u64 = 4 << 20;

/// What a start needs to know.
#[derive(Debug)]
pub(super) struct Launch<'a> {
    pub binaries: &'a Binaries,
    pub account: Account,
    /// The data folder, without symbolic links.
    pub data: &'a Path,
    pub socket_folder: &'a Path,
    pub log: &'a Path,
    /// Settings given on the command line, as name and value.
    pub settings: &'a [(String, String)],
}

/// A server that runs, as its `postmaster.pid` describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Postmaster {
    pub pid: i32,
    pub port: u16,
    pub socket_folder: PathBuf,
    /// Whether it has finished starting.
    pub ready: bool,
}

impl Postmaster {
    /// The server of the data folder `data`, if its process is alive.
    pub fn find(data: &Path) -> Option<Self> {
        let written = fs::read_to_string(data.join("postmaster.pid")).ok()?;
        let found = Self::parse(&written)?;
        serves(found.pid, data).then_some(found)
    }

    /// The lines of the file: pid, data folder, start time, port, socket
    /// folder, address, shared memory, state.
    fn parse(written: &str) -> Option<Self> {
        let mut lines = written.lines();
        let pid = lines.next()?.trim().parse().ok()?;
        let port = lines
            .nth(2)
            .and_then(|line| line.trim().parse().ok())
            .unwrap_or(0);
        let socket_folder = PathBuf::from(lines.next().unwrap_or_default());
        let ready = lines.nth(2).is_some_and(|state| state.trim() == "ready");
        Some(Self {
            pid,
            port,
            socket_folder,
            ready,
        })
    }

    /// The server once it takes connections; `None` if there is none, or if it
    /// ends instead. One that stays undecided is given as it is.
    pub fn wait_until_ready(data: &Path) -> Option<Self> {
        let end = Instant::now() + START_PATIENCE;
        loop {
            let found = Self::find(data)?;
            if found.ready || Instant::now() > end {
                return Some(found);
            }
            sleep(LOOK_EVERY);
        }
    }

    /// Ends it by a fast shutdown and waits until it is gone.
    pub fn stop(&self, data: &Path, mut child: Option<Child>) -> Result<(), ClusterError> {
        if let Some(pid) = Pid::from_raw(self.pid) {
            // It may have ended by itself in the meantime, which is as good.
            let _ = kill_process(pid, Signal::INT);
        }
        let end = Instant::now() + STOP_PATIENCE;
        while serves(self.pid, data) {
            if Instant::now() > end {
                return Err(ClusterError::Stop {
                    pid: self.pid,
                    seconds: STOP_PATIENCE.as_secs(),
                });
            }
            sleep(LOOK_EVERY);
        }
        // Outside the home it would be litter; the next start makes it again.
        let _ = fs::remove_dir(&self.socket_folder);
        // Takes the exit status, so that no zombie is left in a long-lived process.
        let _ = child.as_mut().map(Child::wait);
        Ok(())
    }
}

/// Whether process `pid` is a server of `data`.
///
/// The number alone proves nothing: after a crash or in a restarted container
/// it may be another program's, and a killed server whose parent does not fetch
/// its status stays as a zombie. The command line of a zombie is empty.
fn serves(pid: i32, data: &Path) -> bool {
    let Ok(line) = fs::read(format!("/proc/{pid}/cmdline")) else {
        return false;
    };
    line.split(|byte| *byte == 0)
        .any(|argument| argument == data.as_os_str().as_encoded_bytes())
}

/// Starts the server and waits until it takes connections.
pub(super) fn start(launch: &Launch<'_>) -> Result<(Postmaster, Child), ClusterError> {
    let end = Instant::now() + REMAINS_PATIENCE;
    loop {
        match start_once(launch) {
            Err(ClusterError::Start { reason, .. })
                if is_remains(&reason) && Instant::now() < end =>
            {
                tracing::debug!(
                    reason,
                    "the remains of a killed server are in the way; trying again"
                );
                sleep(Duration::from_millis(100));
            }
            result => return result,
        }
    }
}

fn start_once(launch: &Launch<'_>) -> Result<(Postmaster, Child), ClusterError> {
    forget_dead_server(launch)?;
    let log = open_log(launch.log)?;
    let before = log.metadata().map_or(0, |log| log.len());
    let mut child = spawn(launch, log)?;
    let end = Instant::now() + START_PATIENCE;
    while Instant::now() < end {
        if child.try_wait().is_ok_and(|ended| ended.is_some()) {
            return Err(failed(launch, &reason_in_log(launch.log, before)));
        }
        if let Some(found) = Postmaster::find(launch.data).filter(|found| found.ready) {
            return Ok((found, child));
        }
        sleep(LOOK_EVERY);
    }
    Err(failed(launch, "it did not become ready in time"))
}

fn failed(launch: &Launch<'_>, reason: &str) -> ClusterError {
    ClusterError::Start {
        reason: reason.to_owned(),
        log: launch.log.to_owned(),
    }
}

/// PostgreSQL itself refuses to start over the files of a killed server whose
/// process number is taken again, or is a zombie's. Nobody else can be using
/// them: we hold the start lock, and no server serves this data.
fn forget_dead_server(launch: &Launch<'_>) -> Result<(), ClusterError> {
    if Postmaster::find(launch.data).is_some() {
        return Ok(());
    }
    let socket = format!(".s.PGSQL.{PORT}");
    let remains = [
        launch.data.join("postmaster.pid"),
        launch.socket_folder.join(format!("{socket}.lock")),
        launch.socket_folder.join(socket),
    ];
    remains.iter().try_for_each(|file| remove_file(file))
}

/// Removes a file that may not be there.
pub(super) fn remove_file(file: &Path) -> Result<(), ClusterError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(ClusterError::io("remove", file)(error))
        }
        _ => Ok(()),
    }
}

fn open_log(path: &Path) -> Result<File, ClusterError> {
    if fs::metadata(path).is_ok_and(|log| log.len() > LOG_LIMIT) {
        let old = path.with_extension("old");
        fs::rename(path, &old).map_err(ClusterError::io("rename", path))?;
    }
    File::options()
        .create(true)
        .append(true)
        .open(path)
        .map_err(ClusterError::io("open", path))
}

fn spawn(launch: &Launch<'_>, log: File) -> Result<Child, ClusterError> {
    let postgres = launch.binaries.bin.join("postgres");
    let errors = log
        .try_clone()
        .map_err(ClusterError::io("open", launch.log))?;
    let mut command = launch.account.command(&postgres);
    command
        .arg("-D")
        .arg(launch.data)
        .arg("-k")
        .arg(launch.socket_folder)
        .args(["-p", PORT, "-h", ""]);
    for (name, value) in launch.settings {
        command.arg("-c").arg(format!("{name}={value}"));
    }
    prepare(&mut command);
    // A process group of its own: Ctrl-C is for us and not for the server,
    // which others may be using.
    command
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors);
    command.spawn().map_err(ClusterError::io("run", &postgres))
}

/// What every program of PostgreSQL needs around it.
pub(super) fn prepare(command: &mut Command) {
    // Messages are read for their reason, so they have to be in one language;
    // and the account may not be allowed into the folder we were called from.
    command
        .env("LC_ALL", "C")
        .env_remove("PGDATA")
        .env_remove("PGPORT")
        .current_dir("/");
}

/// Whether a start failed because of what a killed server left behind, which
/// the kernel or its last children are about to clear away.
fn is_remains(reason: &str) -> bool {
    reason.contains("is still in use") || reason.contains("already exists")
}

fn reason_in_log(log: &Path, from: u64) -> String {
    let mut text = String::new();
    let read = File::open(log).and_then(|mut file| {
        file.seek(SeekFrom::Start(from))?;
        file.read_to_string(&mut text)
    });
    match read {
        Ok(_) => reason_in(&text),
        Err(error) => format!("its log cannot be read: {error}"),
    }
}

/// The line that says why: the last fatal one, else the last error, else the last.
pub(super) fn reason_in(output: &str) -> String {
    let last = |mark: &str| {
        output
            .lines()
            .rev()
            .find_map(|line| Some(line.split_once(mark)?.1.trim()))
    };
    last("FATAL:")
        .or_else(|| last("PANIC:"))
        .or_else(|| last("error:"))
        .or_else(|| {
            output
                .lines()
                .rev()
                .map(str::trim)
                .find(|line| !line.is_empty())
        })
        .unwrap_or("it ended without a word")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pid_file_tells_where_the_socket_is() {
        let written = "42\n/d/data\n1700000000\n5432\n/d/run\n\n  5432001  65538\nready   \n";
        let found = Postmaster::parse(written).unwrap();
        assert_eq!((found.pid, found.port, found.ready), (42, 5432, true));
        assert_eq!(found.socket_folder, Path::new("/d/run"));
    }

    #[test]
    fn a_half_written_pid_file_is_a_server_that_is_not_ready() {
        assert!(!Postmaster::parse("42\n/d/data\n").unwrap().ready);
        assert_eq!(Postmaster::parse(""), None);
    }

    #[test]
    fn a_foreign_process_with_the_same_number_is_not_our_server() {
        let ours = i32::try_from(std::process::id()).unwrap();
        assert!(!serves(ours, Path::new("/no/such/data")));
    }

    #[test]
    fn the_reason_is_the_last_fatal_line() {
        let log = "LOG:  starting\n2026 [1] FATAL:  lock file \"x\" already exists\n2026 [1] HINT:  Is it?\n";
        assert_eq!(reason_in(log), "lock file \"x\" already exists");
        assert_eq!(
            reason_in("initdb: error: no space\nremoving data"),
            "no space"
        );
        assert_eq!(reason_in(""), "it ended without a word");
    }
}
