//! `status`, `verify` and `forget`: what an index holds, whether it is whole,
//! and how a repository leaves it.

use std::fs;
use std::path::Path;

use mnemo_index::names::RepositoryName;
use mnemo_index::store::{Archive, RepositoryLock};

use crate::cluster::Database;
use crate::program::{self, Events, Program};
use crate::samples::{recipe, shapes};

fn indexed(shop: &Path) -> Database {
    let database = Database::new();
    Program::index(shop, &database).events(0);
    database
}

fn status(database: &Database) -> Events {
    Program::on(database, ["status"]).events(0)
}

#[test]
fn status_tells_of_the_last_run_and_of_what_is_there() {
    let shop = program::shop();
    let database = indexed(shop.path());
    let told = status(&database);
    let sample = &told.0[0];
    for (field, value) in [
        ("event", "status".into()),
        ("repository", "sample".into()),
        ("state", "ended".into()),
        ("files", 6.into()),
        ("failed", 0.into()),
        ("stale", serde_json::json!({"recipe": 0, "failed": 0})),
        (
            "languages",
            serde_json::json!({"javascript": 1, "python": 1, "typescript": 4}),
        ),
    ] {
        assert_eq!(sample[field], value, "{field}: {sample}");
    }
    assert_eq!(sample["last_run"]["indexed"], 6);
    assert!(told.0[1]["tables"]["code_chunks"].as_i64().unwrap() > 100_000);

    let text = Program::on(&database, ["status", "--repository", "sample"]).run();
    assert_eq!(text.code(), 0);
    let text = text.stdout();
    assert!(
        text.contains("exit 0: 6 indexed, 0 unchanged, 0 failed, 0 retired"),
        "{text}"
    );
    assert!(
        text.contains("holds       6 files (1 javascript, 1 python, 4 typescript), "),
        "{text}"
    );
}

#[test]
fn status_names_what_is_stale_failed_running_or_was_killed() {
    let shop = program::shop();
    let git = std::process::Command::new("git")
        .args(["init", "--quiet"])
        .arg(shop.path())
        .status();
    assert!(git.unwrap().success());
    let database = indexed(shop.path());
    let constraint =
        "ALTER TABLE code_chunks ADD CONSTRAINT no_new CHECK (name <> 'brandnew') NOT VALID";
    database.client().batch_execute(constraint).unwrap();
    program::write(shop.path(), "tools/stock.py", "def brandnew():\n    pass\n");
    Program::index(&shop.path().join("tools"), &database)
        .args(["--roles", "code"])
        .events(3);
    let told = status(&database);
    let sample = &told.0[0];
    assert_eq!(
        sample["stale"],
        serde_json::json!({"recipe": 5, "failed": 1}),
        "{sample}"
    );
    assert_eq!(sample["failures"][0]["path"], "tools/stock.py");
    let text = Program::on(&database, ["status"]).run().stdout();
    assert!(
        text.contains("failed      tools/stock.py  ") && text.contains("no_new"),
        "{text}"
    );

    database
        .client()
        .batch_execute("UPDATE runs SET ended_at = NULL, exit_code = NULL")
        .unwrap();
    assert_eq!(status(&database).0[0]["state"], "killed");
    let repository = RepositoryName::new("sample").unwrap();
    let mut lock = RepositoryLock::open(&database.url, &repository).unwrap();
    lock.take().unwrap();
    assert_eq!(status(&database).0[0]["state"], "running");
}

#[test]
fn what_is_not_there_cannot_be_asked_for() {
    let (shop, empty) = (program::shop(), Database::new());
    for arguments in [&["status"][..], &["verify"], &["forget", "sample"]] {
        let refused = Program::on(&empty, arguments.iter().copied()).run();
        assert_eq!(refused.code(), 6, "{}", refused.stderr());
        assert!(refused.complaint().0.contains("holds no index"));
    }
    assert_eq!(
        empty.count("SELECT count(*) FROM pg_class WHERE relname = 'indexed_files'"),
        0
    );

    let database = indexed(shop.path());
    for arguments in [
        &["status", "--repository", "other"][..],
        &["verify", "--repository", "other"],
        &["forget", "other"],
    ] {
        let refused = Program::on(&database, arguments.iter().copied()).run();
        assert_eq!(refused.code(), 6, "{}", refused.stderr());
        assert_eq!(refused.complaint().1, "it holds sample");
    }
    let refused = Program::on(&database, ["forget", " "]).run();
    assert_eq!(refused.code(), 2);
}

/// Kind and place of every fault that `verify` finds.
fn faults(database: &Database, arguments: &[&str]) -> Vec<String> {
    let ended = Program::on(database, ["verify", "--json"])
        .args(arguments.iter().copied())
        .run();
    let events: Vec<serde_json::Value> = ended
        .stdout()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let (last, faults) = events.split_last().unwrap();
    assert_eq!(last["faults"], faults.len());
    assert_eq!(ended.code(), if faults.is_empty() { 0 } else { 5 });
    let mut faults: Vec<_> = faults
        .iter()
        .map(|fault| format!("{} {}", text(&fault["kind"]), text(&fault["place"])))
        .collect();
    faults.sort();
    faults.dedup();
    faults
}

#[test]
fn an_index_keeps_its_promises() {
    let shop = program::shop();
    let database = indexed(shop.path());
    assert!(faults(&database, &[]).is_empty());
    Program::index(shop.path(), &database)
        .args(["--roles", "code"])
        .events(0);
    let dir = shop.path().to_str().unwrap();
    assert!(faults(&database, &[dir, "--repository", "sample"]).is_empty());
    let text = Program::on(&database, ["verify"]).run().stdout();
    assert_eq!(text, "0 faults in sample\n");

    let theirs = Database::of_mnemolite();
    let mut store = theirs.store(768);
    store.commit(&shapes("a.ts", 768), &recipe()).unwrap();
    let mut found = Vec::new();
    Archive::open(&theirs.url)
        .unwrap()
        .verify("sample", |fault| found.push(fault))
        .unwrap();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn each_broken_promise_is_found_where_it_is_broken() {
    let shop = program::shop();
    for (damage, found) in [
        (
            "DELETE FROM code_chunks WHERE name = 'Cart'",
            &["half_file src/cart.ts", "lost_chunk src/cart.ts"][..],
        ),
        (
            "DELETE FROM indexed_files WHERE file_path = 'tools/stock.py'",
            &[
                "lost_symbols tools/stock.py",
                "orphan_chunks tools/stock.py",
                "orphan_nodes tools/stock.py",
            ],
        ),
        (
            "DELETE FROM nodes WHERE file_path = 'tools/stock.py'",
            &[
                "half_file tools/stock.py",
                "lost_node tools/stock.py",
                "reference_without_end tools/stock.py",
            ],
        ),
        (
            "DELETE FROM file_symbols WHERE file_path = 'tools/stock.py'",
            &["lost_symbols tools/stock.py"],
        ),
        (
            "UPDATE code_chunks SET embedding_code_half = NULL WHERE name = 'Cart'",
            &["lost_vector src/cart.ts"],
        ),
        (
            "UPDATE code_chunks SET embedding_text = NULL, embedding_text_half = NULL WHERE name = 'Cart'",
            &["lost_vector src/cart.ts"],
        ),
        (
            "ALTER TABLE code_chunks ALTER embedding_code TYPE vector;
             UPDATE code_chunks SET embedding_code = '[1,2,3]' WHERE name = 'Cart'",
            &["bad_vector src/cart.ts"],
        ),
        (
            "ALTER TABLE edges DISABLE TRIGGER ALL;
             INSERT INTO edges SELECT '00000000-0000-0000-0000-000000000001', repository, node_id,
                '00000000-0000-0000-0000-000000000002', 'imports' FROM nodes LIMIT 1",
            &["edge_without_end 00000000-0000-0000-0000-000000000001"],
        ),
    ] {
        let database = indexed(shop.path());
        database.client().batch_execute(damage).unwrap();
        assert_eq!(faults(&database, &[]), found, "{damage}");
    }
}

#[test]
fn a_directory_that_is_another_than_was_indexed_is_found() {
    let shop = program::shop();
    let database = indexed(shop.path());
    program::write(shop.path(), "src/cart.ts", "export const changed = 1;\n");
    fs::remove_file(shop.path().join("tools/legacy.js")).unwrap();
    let dir = shop.path().to_str().unwrap();
    let drifted = ["digest_drift src/cart.ts", "digest_drift tools/legacy.js"];
    assert_eq!(faults(&database, &[dir, "--repository", "sample"]), drifted);
    let text = Program::on(&database, ["verify", dir, "--repository", "sample"]).run();
    assert_eq!(text.code(), 5);
    assert!(
        text.stdout().ends_with("2 faults in sample\n"),
        "{}",
        text.stdout()
    );
}

#[test]
fn a_forgotten_repository_leaves_nothing_and_takes_nobody_along() {
    let shop = program::shop();
    let database = indexed(shop.path());
    let other = [shop.path().to_str().unwrap(), "--repository", "other"];
    Program::on(&database, other).events(0);
    let repository = RepositoryName::new("sample").unwrap();
    let mut lock = RepositoryLock::open(&database.url, &repository).unwrap();
    lock.take().unwrap();
    assert_eq!(
        Program::on(&database, ["forget", "sample"]).run().code(),
        75
    );
    drop(lock);

    let forgot = Program::on(&database, ["forget", "sample"]).run();
    assert_eq!(
        (forgot.code(), forgot.stdout().as_str()),
        (0, "forgot sample and its 6 files\n")
    );
    for table in [
        "code_chunks",
        "nodes",
        "edges",
        "detailed_metadata",
        "computed_metrics",
        "indexed_files",
        "runs",
    ] {
        let of = |name| {
            database.count(&format!(
                "SELECT count(*) FROM {table} WHERE repository = '{name}'"
            ))
        };
        assert_eq!(of("sample"), 0, "{table}");
        assert!(of("other") > 0, "{table}");
    }
    assert!(faults(&database, &[]).is_empty());
    assert_eq!(Program::on(&database, ["forget", "sample"]).run().code(), 6);
}
