//! The private cluster under other users, and in processes that die: these
//! tests run this very binary again, where [`a_life_in_a_process_of_its_own`]
//! is the only test of the child.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use mnemo_index::store::embedded::{self, Cluster};

use crate::cluster::cluster_config;
use crate::embedded_life::{Home, answers};

/// This binary again, to run the one test that is meant for it.
fn child(program: &Path, home: &Path) -> Command {
    let mut child = Command::new(program);
    child
        .args([
            "--exact",
            "embedded_users::a_life_in_a_process_of_its_own",
            "--nocapture",
        ])
        .env(CHILD_HOME, home);
    child
}

/// Tells a child where its cluster is to be.
const CHILD_HOME: &str = "MNEMO_TEST_HOME";

/// Tells a child to hold its cluster until it is killed.
const CHILD_HOLDS: &str = "MNEMO_TEST_HOLD";

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "a child is told by its environment what to do"
)]
fn a_life_in_a_process_of_its_own() {
    let own = tempfile::tempdir().unwrap();
    let told = std::env::var_os(CHILD_HOME).map(PathBuf::from);
    let config = cluster_config(told.as_deref().unwrap_or(own.path()));
    let cluster = Cluster::acquire(&config).unwrap();
    assert!(answers(&cluster));
    say("answers");
    while std::env::var_os(CHILD_HOLDS).is_some() {
        std::thread::sleep(Duration::from_secs(1));
    }
    cluster.release().unwrap();
    assert_eq!(embedded::status(&config).unwrap().pid, None);
    say("released");
}

/// To the parent, past the test harness, which would keep it back.
fn say(word: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "{word}").and_then(|()| out.flush()).unwrap();
}

#[test]
fn a_killed_user_leaves_a_server_that_the_next_one_takes_over() {
    let home = Home::new();
    let mut killed = child(&std::env::current_exe().unwrap(), home.folder.path())
        .env(CHILD_HOLDS, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(killed.stdout.take().unwrap()).lines();
    assert!(
        said.map_while(Result::ok)
            .any(|line| line.contains("answers"))
    );
    killed.kill().unwrap();
    killed.wait().unwrap();
    let left = home.server().expect("nobody was there to stop it");
    assert!(!embedded::status(&home.config()).unwrap().in_use);
    let next = home.acquire();
    assert_eq!(home.server(), Some(left));
    drop(next);
    assert_eq!(home.server(), None);
}

/// `nobody`, who can enter a folder of `/tmp` but not root's home.
const NOBODY: u32 = 65534;

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// The folder of the PostgreSQL that set-up brought; `None` where the system has
/// one of its own, which every user can reach.
fn brought() -> Option<PathBuf> {
    let bin = cluster_config(Path::new("/"))
        .binaries
        .filter(|bin| !bin.starts_with("/usr"))?;
    Some(bin.parent()?.canonicalize().unwrap())
}

#[test]
fn an_ordinary_user_has_a_cluster_too() {
    let stage = tempfile::tempdir().unwrap();
    fs::set_permissions(stage.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = stage.path().join("it");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let home = stage.path().join("home");
    fs::create_dir(&home).unwrap();
    let mut command = child(&program, &home);
    command
        .env("HOME", &home)
        .env("TMPDIR", &home)
        .current_dir("/");
    if let Some(version) = brought() {
        let copy = stage.path().join("postgres");
        assert!(
            Command::new("cp")
                .arg("-R")
                .arg(version)
                .arg(&copy)
                .status()
                .unwrap()
                .success()
        );
        command.env("MNEMO_PG_BIN", copy.join("bin"));
    }
    if is_root() {
        chown(&home, Some(NOBODY), Some(NOBODY)).unwrap();
        command.uid(NOBODY).gid(NOBODY);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("released"));
    let owner = fs::metadata(home.join("cluster/data")).unwrap().uid();
    assert_eq!(owner, fs::metadata(&home).unwrap().uid());
}

/// As in a container that forbids user namespaces: without the program that
/// makes them, and with binaries below a home that only root can enter.
#[test]
fn root_without_namespaces_lets_another_user_run_the_server() {
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let tools = home.path().join("tools");
    fs::create_dir(&tools).unwrap();
    symlink("/bin/cp", tools.join("cp")).unwrap();

    let mut command = child(&std::env::current_exe().unwrap(), home.path());
    command.env("PATH", &tools);
    if let Some(version) = brought() {
        let versions = home.path().join("postgres");
        fs::create_dir(&versions).unwrap();
        symlink(version, versions.join("18.4")).unwrap();
        command.env("MNEMO_PG_BIN", versions.join("18.4/bin"));
    }
    for _first_and_second_start in 0..2 {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("released"));
    }
    let data = home.path().join("cluster/data").canonicalize().unwrap();
    assert_ne!(fs::metadata(&data).unwrap().uid(), 0, "{data:?}");
    assert_eq!(
        fs::metadata(home.path()).unwrap().mode() & 0o777,
        0o700,
        "no home is opened up"
    );
    if is_root() {
        let outside = data.parent().unwrap();
        fs::remove_dir_all(outside).unwrap();
        // Only if it is ours alone.
        let _ = fs::remove_dir(outside.parent().unwrap());
    }
}
