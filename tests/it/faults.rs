//! Runs that are cut short.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::cluster::Database;
use crate::program::{self, Program};

/// Enough files that a run can be caught in the middle.
fn many_files() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..200 {
        let body = format!("export function f{number}(a: number) {{\n  return a * {number};\n}}\n");
        program::write(folder.path(), &format!("src/f{number:03}.ts"), body);
    }
    folder
}

fn start(folder: &Path, database: &Database) -> Child {
    let mut command = Program::index(folder, database)
        .args(["--sequential"])
        .command();
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits until some files are there, but not all.
fn wait_for_commits(database: &Database) {
    let began = Instant::now();
    let mut client = database.client();
    loop {
        assert!(
            began.elapsed() < Duration::from_mins(1),
            "nothing is committed"
        );
        sleep(Duration::from_millis(20));
        let there: bool = client
            .query_one("SELECT to_regclass('indexed_files') IS NOT NULL", &[])
            .unwrap()
            .get(0);
        if there && database.count("SELECT count(*) FROM indexed_files") > 5 {
            return;
        }
    }
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

fn assert_every_file_is_whole(database: &Database) {
    let halves = "SELECT count(*) FROM indexed_files f WHERE chunk_count <>
        (SELECT count(*) FROM code_chunks c WHERE (c.repository, c.file_path) = (f.repository, f.file_path))";
    assert_eq!(database.count(halves), 0);
    let strays = "SELECT count(*) FROM code_chunks c WHERE NOT EXISTS
        (SELECT FROM indexed_files f WHERE (c.repository, c.file_path) = (f.repository, f.file_path))";
    assert_eq!(database.count(strays), 0);
}

#[test]
fn after_kill_9_the_files_are_whole_and_the_next_run_finishes() {
    let (folder, database) = (many_files(), Database::new());
    let mut child = start(folder.path(), &database);
    wait_for_commits(&database);
    signal(&child, Signal::KILL);
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    assert_every_file_is_whole(&database);
    let done = database.count("SELECT count(*) FROM indexed_files");
    let done = usize::try_from(done).unwrap();
    assert!(done < 200, "the run was not caught in the middle");

    let rest = Program::index(folder.path(), &database).events(0);
    assert_eq!(rest.with("unchanged").len(), done);
    assert_eq!(rest.with("indexed").len(), 200 - done);
    assert_every_file_is_whole(&database);
}

#[test]
fn an_interrupted_run_says_so_and_can_be_gone_on_with() {
    for (number, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let (folder, database) = (many_files(), Database::new());
        let mut child = start(folder.path(), &database);
        wait_for_commits(&database);
        signal(&child, number);
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert_every_file_is_whole(&database);
        let rest = Program::index(folder.path(), &database).events(0);
        assert!(!rest.with("unchanged").is_empty());
    }
}

#[test]
fn a_database_that_goes_away_ends_the_run_once() {
    let (folder, database) = (many_files(), Database::new());
    let mut command = Program::index(folder.path(), &database)
        .args(["--sequential"])
        .command();
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for_commits(&database);
    let gone = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'mnemo-index'";
    database.client().execute(gone, &[]).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    let errors = told.lines().filter(|line| line.starts_with("error: "));
    assert_eq!(errors.count(), 1, "{told}");
    assert_every_file_is_whole(&database);
}
