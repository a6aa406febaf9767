//! The lines for machines: each kind once, field for field. Whoever reads them
//! relies on names and types; see docs/json.md.

use serde_json::Value;

use crate::cluster::Database;
use crate::program::{self, Program};

/// Every event, one a line, with what differs from run to run put to 0.
fn lines(events: &[Value]) -> String {
    let mut lines: Vec<String> = events
        .iter()
        .cloned()
        .map(|mut event| {
            steady(&mut event);
            event.to_string()
        })
        .collect();
    // The files come as they end; what concludes them stays the last.
    let last = lines.pop();
    lines.sort();
    lines.extend(last);
    lines.join("\n")
}

fn steady(event: &mut Value) {
    let Value::Object(fields) = event else { return };
    for (name, value) in fields {
        match name.as_str() {
            "ms" if value.is_object() => value
                .as_object_mut()
                .unwrap()
                .values_mut()
                .for_each(|time| *time = 0.into()),
            "ms" | "peak_memory_bytes" => *value = 0.into(),
            // What is in it is told by the tests of the graph.
            "graph" => *value = Value::Null,
            "memory" => {
                value["limit_bytes"] = 0.into();
                value["files_and_bytes"] = Value::Array(Vec::new());
            }
            _ => {}
        }
    }
}

fn small() -> tempfile::TempDir {
    program::tree(&[
        (
            "a.ts",
            "/** Adds. */\nexport function add(a: number, b: number) {\n  return a + b;\n}\n",
        ),
        ("b.py", "def twice(a):\n    return a * 2\n"),
        ("yarn.lock", "\n"),
        (".env", "A=1\n"),
    ])
}

#[test]
fn a_run_tells_of_each_path_and_then_of_all() {
    let (folder, database) = (small(), Database::new());
    let first = Program::index(folder.path(), &database).events(0);
    insta::assert_snapshot!("run", lines(&first.0));
    program::write(folder.path(), "b.py", "def thrice(a):\n    return a * 3\n");
    let second = Program::index(folder.path(), &database).events(0);
    insta::assert_snapshot!("second_run", lines(&second.0));
}

#[test]
fn a_dry_run_says_what_it_would_look_at_and_how_much_that_is() {
    let folder = small();
    // A server that is not there: it is not asked for.
    let run = Program::new([
        folder.path().to_str().unwrap(),
        "--repository",
        "sample",
        "--dry-run",
    ])
    .env("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    .events(0);
    insta::assert_snapshot!("dry_run", lines(&run.0));
    let told = Program::new([folder.path().to_str().unwrap(), "--dry-run", "--verbose"])
        .run()
        .stdout();
    assert!(
        told.contains("indexed   a.ts  75 bytes, about 30 tokens"),
        "{told}"
    );
    assert!(told.contains("skipped   .env  credentials"), "{told}");
}

#[test]
fn a_run_that_fails_ends_with_why() {
    let (folder, database) = (small(), Database::new());
    let refused = Program::index(folder.path(), &database)
        .env("DATABASE_URL", "postgresql://me:s3cret@127.0.0.1:1/none")
        .events(1);
    insta::assert_snapshot!("server_down", lines(&refused.0));
    let missing = Program::index(&folder.path().join("nowhere"), &database).events(1);
    let message = missing.0[0]["message"].as_str().unwrap();
    assert!(message.contains("No such file or directory"), "{message}");
    let usage = Program::index(folder.path(), &database)
        .args(["--max-file-size", "huge"])
        .events(2);
    insta::assert_snapshot!("bad_usage", lines(&usage.0));
}

#[test]
fn the_other_commands_speak_it_too() {
    let (folder, database) = (small(), Database::new());
    Program::index(folder.path(), &database).events(0);
    let kinds = |arguments: &[&str], code: i32| {
        let ended = Program::on(&database, arguments.iter().copied())
            .args(["--json"])
            .run();
        assert_eq!(ended.code(), code, "{}", ended.stderr());
        let events = ended.stdout();
        let events = events
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        events
            .map(|event| {
                assert_eq!(event["schema"], mnemo_index::report::SCHEMA);
                let names = event.as_object().unwrap().keys().cloned();
                format!(
                    "{}: {}",
                    event["event"].as_str().unwrap(),
                    names.collect::<Vec<_>>().join(" ")
                )
            })
            .collect::<Vec<_>>()
            .join("\n")
    };
    let all = [
        kinds(&["status"], 0),
        kinds(&["verify"], 0),
        kinds(&["gc"], 0),
        kinds(&["status", "--repository", "none"], 6),
    ];
    insta::assert_snapshot!("commands", all.join("\n"));
}

#[test]
fn the_report_is_a_file_that_also_tells_of_failure() {
    let (shop, database) = (program::shop(), Database::new());
    let file = shop.path().join("report.md");
    let name = file.to_str().unwrap();
    Program::index(shop.path(), &database)
        .args(["--report", name, "--quiet"])
        .events(0);
    let report = std::fs::read_to_string(&file).unwrap();
    assert!(
        report.starts_with("# mnemo-index: sample\n\nExit code 0.\n"),
        "{report}"
    );
    assert!(
        report.contains("| files | 6 indexed, 0 unchanged, 0 failed"),
        "{report}"
    );

    let constraint =
        "ALTER TABLE code_chunks ADD CONSTRAINT no_carts CHECK (name <> 'Cart') NOT VALID";
    database.client().batch_execute(constraint).unwrap();
    Program::index(shop.path(), &database)
        .args(["--full", "--report", name])
        .events(3);
    let report = std::fs::read_to_string(&file).unwrap();
    assert!(
        report.contains("## Files that failed") && report.contains("| src/cart.ts | "),
        "{report}"
    );

    let empty = tempfile::tempdir().unwrap();
    Program::index(empty.path(), &database)
        .args(["--report", name])
        .events(1);
    let report = std::fs::read_to_string(&file).unwrap();
    assert!(
        report.contains("\nExit code 1: ") && report.contains("more than half"),
        "{report}"
    );

    let nowhere = Program::index(shop.path(), &database)
        .args(["--report", "/nowhere/report.md"])
        .run();
    assert_eq!(nowhere.code(), 1);
    assert!(
        nowhere
            .complaint()
            .0
            .contains("cannot write /nowhere/report.md")
    );
}
