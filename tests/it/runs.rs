//! What is known of a run afterwards, and of the files that failed in it.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::cluster::Database;
use crate::program::{self, Program};

/// The last run, every column.
fn last(database: &Database) -> Value {
    let query = "SELECT to_jsonb(r) FROM runs r ORDER BY started_at DESC LIMIT 1";
    database.client().query_one(query, &[]).unwrap().get(0)
}

/// Path, type and message of every file that is known to have failed.
fn errors(database: &Database) -> Vec<(String, String, String)> {
    let query = "SELECT file_path, error_type, error_message FROM indexing_errors ORDER BY 1";
    let rows = database.client().query(query, &[]).unwrap();
    rows.iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect()
}

fn git(root: &std::path::Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@t.invalid"];
    let git = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(identity)
        .args(arguments)
        .status();
    assert!(git.unwrap().success(), "git {arguments:?}");
}

#[test]
fn a_run_is_recorded_with_what_it_did_and_on_which_commit() {
    let (shop, database) = (program::shop(), Database::new());
    git(
        shop.path(),
        &["init", "--quiet", "--initial-branch", "trunk"],
    );
    git(shop.path(), &["add", "."]);
    git(shop.path(), &["commit", "--quiet", "-m", "first"]);
    let told = Program::index(shop.path(), &database)
        .args(["--exclude", "*.js"])
        .events(0);
    let run = last(&database);
    for (column, value) in [
        ("repository", "sample".into()),
        ("exit_code", 0.into()),
        ("error", Value::Null),
        ("indexed", 5.into()),
        ("skipped", serde_json::json!({"excluded": 1})),
        ("tokens", told.summary()["tokens"].clone()),
        ("branch", "trunk".into()),
        ("dirty", false.into()),
        ("provider", "cpu".into()),
        ("folder", "".into()),
        ("text_model", "all-minilm-l6-v2".into()),
    ] {
        assert_eq!(run[column], value, "{column}: {run}");
    }
    assert!(run["ended_at"].is_string() && run["times"]["wall"].as_u64().unwrap() > 0);
    assert!(run["peak_memory"].as_u64().unwrap() > 1 << 20);
    let commit = run["commit_hash"].as_str().unwrap();
    assert_eq!(commit.len(), 40);
    let of_chunks = "SELECT count(DISTINCT commit_hash) FROM code_chunks";
    assert_eq!(database.count(of_chunks), 1);

    program::write(shop.path(), "tools/new.py", "x = 1\n");
    Program::index(&shop.path().join("tools"), &database).events(0);
    let run = last(&database);
    assert_eq!(
        (&run["dirty"], &run["folder"]),
        (&true.into(), &"tools/".into())
    );
    assert_eq!((&run["indexed"], &run["unchanged"]), (&2.into(), &1.into()));
}

#[test]
fn a_run_that_finds_nothing_changed_writes_nothing_but_its_record() {
    let (shop, database) = (program::shop(), Database::new());
    Program::index(shop.path(), &database).events(0);
    let mut client = database.client();
    let mut written = || -> Vec<String> {
        client
            .batch_execute("SELECT pg_stat_clear_snapshot()")
            .unwrap();
        let query = "SELECT relname || ' ' || n_tup_ins || ' ' || n_tup_upd || ' ' || n_tup_del
            FROM pg_stat_all_tables WHERE relname <> 'runs' AND (schemaname = 'public' OR relname IN ('pg_class', 'pg_attribute')) ORDER BY 1";
        let rows = client.query(query, &[]).unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    };
    let before = written();
    Program::index(shop.path(), &database).events(0);
    assert_eq!(written(), before);
    assert_eq!(database.count("SELECT count(*) FROM runs"), 2);
}

#[test]
fn a_file_that_failed_is_known_with_its_cause_until_it_succeeds() {
    let (shop, database) = (program::shop(), Database::new());
    Program::index(shop.path(), &database).events(0);
    let constraint =
        "ALTER TABLE code_chunks ADD CONSTRAINT no_carts CHECK (name <> 'Cart') NOT VALID";
    database.client().batch_execute(constraint).unwrap();
    for _ in 0..2 {
        let run = Program::index(shop.path(), &database)
            .args(["--full"])
            .events(3);
        assert_eq!(run.with("failed"), ["src/cart.ts"]);
        let [(path, kind, message)] = &errors(&database)[..] else {
            panic!("{:?}", errors(&database));
        };
        assert_eq!(
            (path.as_str(), kind.as_str()),
            ("src/cart.ts", "persistence_error")
        );
        assert!(message.contains("no_carts"), "{message}");
    }
    assert_eq!(
        (&last(&database)["exit_code"], &last(&database)["failed"]),
        (&3.into(), &1.into())
    );

    // What stands is the last good state, and the file is that again.
    Program::index(shop.path(), &database).events(0);
    assert!(errors(&database).is_empty());
}

#[test]
fn that_a_file_failed_goes_when_it_is_indexed_or_gone() {
    let (shop, database) = (program::shop(), Database::new());
    drop(database.store(384));
    let constraint = "ALTER TABLE code_chunks ADD CONSTRAINT none CHECK (name NOT IN ('Cart', 'Price')) NOT VALID";
    database
        .client()
        .batch_execute("DELETE FROM embedding_models")
        .unwrap();
    database.client().batch_execute(constraint).unwrap();
    Program::index(shop.path(), &database).events(3);
    let failed = errors(&database);
    assert_eq!(failed.len(), 2, "{failed:?}");
    std::fs::remove_file(shop.path().join("src/cart.ts")).unwrap();
    database
        .client()
        .batch_execute("ALTER TABLE code_chunks DROP CONSTRAINT none")
        .unwrap();
    let run = Program::index(shop.path(), &database).events(0);
    assert_eq!(run.with("indexed"), ["src/Price.tsx"]);
    assert_eq!(
        run.summary()["files"]["retired"],
        0,
        "it never stood in the index"
    );
    assert!(errors(&database).is_empty());
}

#[test]
fn a_run_that_fails_is_closed_with_its_error_and_one_that_was_killed_stays_open() {
    let (shop, database) = (program::shop(), Database::new());
    Program::index(shop.path(), &database).events(0);
    let empty = tempfile::tempdir().unwrap();
    Program::index(empty.path(), &database).events(1);
    let run = last(&database);
    assert_eq!(run["exit_code"], 1);
    assert!(
        run["error"].as_str().unwrap().contains("6 of the 6 files"),
        "{run}"
    );

    let mut locker = database.client();
    let mut table = locker.transaction().unwrap();
    table
        .batch_execute("LOCK TABLE code_chunks IN EXCLUSIVE MODE")
        .unwrap();
    let mut command = Program::index(shop.path(), &database)
        .args(["--full"])
        .command();
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while database.count("SELECT count(*) FROM runs WHERE ended_at IS NULL") == 0 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    drop(table);
    let run = last(&database);
    assert_eq!(
        (&run["exit_code"], &run["pid"]),
        (&Value::Null, &child.id().into())
    );
    Program::index(shop.path(), &database).events(0);
    assert_eq!(
        database.count("SELECT count(*) FROM runs WHERE ended_at IS NULL"),
        1
    );
}

#[test]
fn a_run_that_is_kept_from_its_tables_ends_and_is_closed_all_the_same() {
    let (shop, database) = (program::shop(), Database::new());
    Program::index(shop.path(), &database).events(0);
    let mut locker = database.client();
    let mut table = locker.transaction().unwrap();
    table
        .batch_execute("LOCK TABLE code_chunks IN EXCLUSIVE MODE")
        .unwrap();
    let mut command = Program::index(shop.path(), &database)
        .args(["--full", "--retry-for", "1"])
        .command();
    let child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while database.count(waits) == 0 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let gone = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'mnemo-index%'";
    database.client().execute(gone, &[]).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let told = String::from_utf8(ended.stderr).unwrap();
    assert!(
        told.contains("hint: another program holds a lock"),
        "{told}"
    );
    drop(table);
    let run = last(&database);
    assert_eq!(run["exit_code"], 1);
    assert!(run["error"].is_string(), "{run}");
}
