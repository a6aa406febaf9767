//! Runs that are cut short.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use mnemo_index::names::RepositoryName;
use mnemo_index::store::RepositoryLock;
use rustix::process::{Pid, Signal, kill_process};

use crate::cluster::Database;
use crate::embedded_life::Home;
use crate::program::{self, Program};
use crate::proxy::Proxy;

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

/// A sequential run over many files, through a door that can be shut.
fn start_behind(proxy: &Proxy, folder: &Path, arguments: &[&str]) -> Child {
    let mut command = Program::new([folder.to_str().unwrap(), "--repository", "sample"])
        .args(["--sequential", "--json"])
        .args(arguments.iter().copied())
        .env("DATABASE_URL", proxy.url())
        .command();
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn ended(child: Child) -> (Option<i32>, String, String) {
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn connections_that_break_in_mid_run_cost_nothing() {
    let (folder, database) = (many_files(), Database::new());
    let proxy = Proxy::before(&database);
    let child = start_behind(&proxy, folder.path(), &[]);
    wait_for_commits(&database);
    for _ in 0..3 {
        proxy.cut();
        sleep(Duration::from_millis(100));
    }
    let (code, told, complaints) = ended(child);
    assert_eq!(code, Some(0), "{complaints}");
    assert_eq!(told.lines().count(), 201);
    assert_eq!(database.count("SELECT count(*) FROM indexed_files"), 200);
    assert_every_file_is_whole(&database);
    assert_eq!(
        database.count("SELECT count(*) FROM runs WHERE exit_code = 0"),
        1
    );
}

#[test]
fn a_server_that_comes_back_is_waited_for() {
    let (folder, database) = (many_files(), Database::new());
    let proxy = Proxy::before(&database);
    let child = start_behind(&proxy, folder.path(), &[]);
    wait_for_commits(&database);
    proxy.shut();
    sleep(Duration::from_secs(2));
    proxy.reopen();
    let (code, _, complaints) = ended(child);
    assert_eq!(code, Some(0), "{complaints}");
    assert!(
        complaints.contains("it is waited for, 60 s at most"),
        "{complaints}"
    );
    assert_eq!(database.count("SELECT count(*) FROM indexed_files"), 200);
    assert_every_file_is_whole(&database);
}

#[test]
fn a_server_that_stays_away_ends_the_run_once_and_within_its_bound() {
    let (folder, database) = (many_files(), Database::new());
    let proxy = Proxy::before(&database);
    let child = start_behind(&proxy, folder.path(), &["--retry-for", "1"]);
    wait_for_commits(&database);
    proxy.shut();
    let began = Instant::now();
    let (code, told, complaints) = ended(child);
    assert_eq!(code, Some(1), "{complaints}");
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
    let errors = complaints
        .lines()
        .filter(|line| line.starts_with("error: "));
    assert_eq!(errors.count(), 1, "{complaints}");
    assert!(
        told.lines().last().unwrap().contains(r#""event":"error""#),
        "{told}"
    );
    assert_every_file_is_whole(&database);
    let rest = Program::index(folder.path(), &database).events(0);
    assert!(!rest.with("unchanged").is_empty());
    assert_eq!(database.count("SELECT count(*) FROM indexed_files"), 200);
}

/// Lets the first `times` writes of a file fail with this SQLSTATE.
fn fail_with(database: &Database, state: &str, times: u32) {
    drop(database.store(384));
    let script = format!(
        "DELETE FROM embedding_models;
         CREATE SEQUENCE faults;
         CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF nextval('faults') <= {times} THEN RAISE EXCEPTION 'a fault of the test' USING ERRCODE = '{state}'; END IF;
            RETURN NEW;
         END $$;
         CREATE TRIGGER fault BEFORE INSERT ON nodes FOR EACH ROW EXECUTE FUNCTION fault()"
    );
    database.client().batch_execute(&script).unwrap();
}

#[test]
fn what_may_pass_is_tried_again() {
    // Serialization, deadlock, cancelled, lock timeout, memory, shutdown, connection.
    for state in [
        "40001", "40P01", "57014", "55P03", "53200", "57P01", "08006",
    ] {
        let (shop, database) = (program::shop(), Database::new());
        fail_with(&database, state, 3);
        let run = Program::index(shop.path(), &database).events(0);
        assert_eq!(run.with("indexed").len(), 6, "{state}");
        assert_every_file_is_whole(&database);
    }
}

#[test]
fn what_will_not_pass_ends_the_run_once() {
    // The disk is full; deadlocks and cancelled statements without end.
    for (state, hint) in [("53100", "hint: free space"), ("40P01", ""), ("57014", "")] {
        let (shop, database) = (program::shop(), Database::new());
        fail_with(&database, state, 1_000_000);
        let began = Instant::now();
        let run = Program::index(shop.path(), &database).run();
        assert_eq!(run.code(), 1, "{}", run.stderr());
        assert!(began.elapsed() < Duration::from_secs(20), "{state}");
        let told = run.stderr();
        assert_eq!(told.matches("error: ").count(), 1, "{told}");
        assert!(told.contains(hint), "{told}");
        assert_eq!(database.count("SELECT count(*) FROM indexed_files"), 0);
        let closed =
            "SELECT count(*) FROM runs WHERE exit_code = 1 AND error LIKE '%a fault of the test%'";
        assert_eq!(database.count(closed), 1);
    }
}

#[test]
fn a_file_that_is_cancelled_each_time_fails_alone() {
    // Six tries each: that is what one file gets.
    for state in ["40P01", "57014"] {
        let (shop, database) = (program::shop(), Database::new());
        fail_with(&database, state, 6);
        let run = Program::index(shop.path(), &database).events(3);
        assert_eq!(
            (run.with("failed").len(), run.with("indexed").len()),
            (1, 5)
        );
        Program::index(shop.path(), &database).events(0);
        assert_every_file_is_whole(&database);
    }
}

#[test]
fn a_server_that_is_stopped_or_crashes_and_comes_back_costs_nothing() {
    for mode in [Signal::INT, Signal::QUIT] {
        let (folder, home) = (many_files(), Home::new());
        let cluster = home.acquire();
        cluster.create_database("code").unwrap();
        let database = Database {
            url: cluster.url("code"),
        };
        let mut command = Program::index(folder.path(), &database)
            .args(["--sequential"])
            .command();
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        wait_for_commits(&database);
        let server = Pid::from_raw(home.server().expect("a server that runs")).unwrap();
        kill_process(server, mode).unwrap();
        let began = Instant::now();
        while home.server().is_some() {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "it does not stop"
            );
            sleep(Duration::from_millis(20));
        }
        let again = home.acquire();
        let output = child.wait_with_output().unwrap();
        let complaints = String::from_utf8(output.stderr).unwrap();
        if mode == Signal::QUIT && output.status.code() == Some(1) {
            // The private server does not wait for the disk, so a crash may take
            // the last commits; that is told, and made good by the next run.
            assert!(
                complaints.contains("error: the server crashed"),
                "{complaints}"
            );
            Program::index(folder.path(), &database).events(0);
        } else {
            assert_eq!(output.status.code(), Some(0), "{complaints}");
        }
        assert_eq!(database.count("SELECT count(*) FROM indexed_files"), 200);
        assert_every_file_is_whole(&database);
        assert_eq!(Program::on(&database, ["verify"]).run().code(), 0);
        drop((cluster, again));
    }
}

#[test]
fn a_repository_that_another_took_meanwhile_is_left_to_it() {
    let (folder, database) = (many_files(), Database::new());
    let proxy = Proxy::before(&database);
    let child = start_behind(&proxy, folder.path(), &[]);
    wait_for_commits(&database);
    proxy.shut();
    let mut other =
        RepositoryLock::open(&database.url, &RepositoryName::new("sample").unwrap()).unwrap();
    let began = Instant::now();
    while other.take().is_err() {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "it is not let go"
        );
    }
    proxy.reopen();
    let (code, _, complaints) = ended(child);
    assert_eq!(code, Some(75), "{complaints}");
    assert!(
        complaints.contains("is being indexed by process"),
        "{complaints}"
    );
    assert_every_file_is_whole(&database);
}

#[test]
fn a_server_that_is_full_is_waited_for_and_then_named() {
    let (shop, database) = (program::shop(), Database::new());
    drop(database.store(384));
    let script = "DELETE FROM embedding_models; CREATE ROLE crowded LOGIN CONNECTION LIMIT 3;
        GRANT ALL ON ALL TABLES IN SCHEMA public TO crowded; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO crowded";
    database.client().batch_execute(script).unwrap();
    let url = database.url.expose().replace("mnemo@", "crowded@");
    let guest = postgres::Client::connect(&url, postgres::NoTls).unwrap();
    let run = || {
        Program::index(shop.path(), &database)
            .args(["--json"])
            .env("DATABASE_URL", &url)
            .command()
    };
    let mut waiting = run();
    let waiting = waiting
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    sleep(Duration::from_secs(1));
    drop(guest);
    let (_, _, complaints) = ended(waiting);
    assert!(
        !complaints.contains("no connection to spare"),
        "{complaints}"
    );

    let _guests = [(); 2].map(|()| postgres::Client::connect(&url, postgres::NoTls).unwrap());
    let refused = run().output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(
        told.contains("no connection to spare") && told.contains("max_connections"),
        "{told}"
    );
}
