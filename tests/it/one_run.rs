//! Two runs on one repository, and on two.

use std::process::Stdio;
use std::time::{Duration, Instant};

use mnemo_index::names::RepositoryName;
use mnemo_index::store::{RepositoryLock, StoreError};

use crate::cluster::Database;
use crate::program::{self, Program};

/// The lock of `sample`, as another run would hold it.
fn held(database: &Database) -> RepositoryLock {
    let repository = RepositoryName::new("sample").unwrap();
    let mut lock = RepositoryLock::open(&database.url, &repository).unwrap();
    lock.take().unwrap();
    lock
}

#[test]
fn the_second_run_on_a_repository_is_sent_away_and_told_by_whom() {
    let (shop, database) = (program::shop(), Database::new());
    let lock = held(&database);
    let began = Instant::now();
    let second = Program::index(shop.path(), &database).run();
    assert_eq!((second.code(), second.stdout()), (75, String::new()));
    assert!(began.elapsed() < Duration::from_secs(2), "it waited");
    let (error, hint) = second.complaint();
    let holder = format!("by process {} on ", std::process::id());
    assert!(
        error.contains(&holder) && error.contains("since 2"),
        "{error}"
    );
    assert!(hint.contains("--wait"), "{hint}");

    let mut elsewhere = Program::new([shop.path().to_str().unwrap(), "--repository", "other"]);
    elsewhere = elsewhere.env("DATABASE_URL", database.url.expose());
    assert_eq!(elsewhere.events(0).with("indexed").len(), 6);
    drop(lock);
    // The server may take a moment to notice.
    Program::index(shop.path(), &database)
        .args(["--wait"])
        .events(0);
}

#[test]
fn machines_are_told_to_try_again() {
    let (shop, database) = (program::shop(), Database::new());
    let _lock = held(&database);
    let events = Program::index(shop.path(), &database).events(75);
    assert_eq!(events.0.len(), 1);
    assert_eq!(
        (&events.0[0]["event"], &events.0[0]["exit"]),
        (&"error".into(), &75.into())
    );
}

#[test]
fn who_waits_comes_next() {
    let (shop, database) = (program::shop(), Database::new());
    let lock = held(&database);
    let mut waiting = Program::index(shop.path(), &database)
        .args(["--wait"])
        .command();
    let waiting = waiting
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(600));
    drop(lock);
    let ended = waiting.wait_with_output().unwrap();
    let told = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(0), "{told}");
    assert_eq!(told.matches("; waiting").count(), 1, "{told}");
    assert_eq!(database.count("SELECT count(*) FROM indexed_files"), 6);
}

#[test]
fn who_is_tired_of_waiting_leaves_with_the_signals_code() {
    let (shop, database) = (program::shop(), Database::new());
    let _lock = held(&database);
    let mut waiting = Program::index(shop.path(), &database)
        .args(["--wait"])
        .command();
    let mut waiting = waiting
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(600));
    let pid = rustix::process::Pid::from_child(&waiting);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(waiting.wait().unwrap().code(), Some(143));
}

#[test]
fn a_name_that_only_looks_like_another_is_another() {
    let database = Database::new();
    let _lock = held(&database);
    for name in ["Sample", "sample2", "o'brien; --"] {
        let repository = RepositoryName::new(name).unwrap();
        RepositoryLock::open(&database.url, &repository)
            .unwrap()
            .take()
            .unwrap();
    }
    let repository = RepositoryName::new("sample").unwrap();
    let refused = RepositoryLock::open(&database.url, &repository)
        .unwrap()
        .take();
    assert!(matches!(
        refused,
        Err(StoreError::Locked {
            holder: Some(_),
            ..
        })
    ));
}
