//! The graph of a code base as a page, and for other programs; a run as a page.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::cluster::Database;
use crate::program::{self, Program};

/// One package with two files, seven nodes in all, thirteen edges: six that
/// contain, three that import (the file and two names), four that call.
fn zoo() -> TempDir {
    program::tree(&[
        ("package.json", r#"{"name": "zoo"}"#),
        (
            "src/animal.ts",
            "export class Animal {\n  speak(): string {\n    return sound();\n  }\n}\n\
             export function sound(): string {\n  return '';\n}\n",
        ),
        (
            "src/main.ts",
            "import { Animal, sound } from './animal';\n\
             export function main(): string {\n  new Animal().speak();\n  return sound() + '</script><script>';\n}\n",
        ),
    ])
}

/// The zoo, indexed as `zoo-repository`.
fn indexed() -> Database {
    let (tree, database) = (zoo(), Database::new());
    let folder = tree.path().to_str().unwrap();
    let arguments = [folder, "--repository", "zoo-repository"];
    assert_eq!(Program::on(&database, arguments).run().code(), 0);
    database
}

fn written(database: &Database, arguments: &[&str]) -> String {
    let arguments = [&["graph"], arguments].concat();
    let ended = Program::on(database, arguments).run();
    assert_eq!(ended.code(), 0, "{}", ended.stderr());
    ended.stdout()
}

#[test]
fn a_graph_can_be_taken_to_other_programs() {
    let database = indexed();
    let json: Value = serde_json::from_str(&written(&database, &["--format", "json"])).unwrap();
    let edges = json["edges"].as_array().unwrap();
    let of = |relation: &str| {
        edges
            .iter()
            .filter(|edge| edge["relation"] == relation)
            .count()
    };
    assert_eq!(json["nodes"].as_array().unwrap().len(), 7);
    assert_eq!(["contains", "imports", "calls"].map(of), [6, 3, 4]);

    let graphml = written(&database, &["--format", "graphml"]);
    assert_eq!(read_by_python(&graphml), "7 13\n");

    let dot = written(&database, &["--format", "dot"]);
    let lines = |text: &str, part: &str| text.lines().filter(|line| line.contains(part)).count();
    assert_eq!(lines(&dot, "[label="), 3, "{dot}");
    assert_eq!(lines(&dot, " -> "), 2, "{dot}");
    assert_eq!(dot.matches('{').count(), dot.matches('}').count());

    let mermaid = written(&database, &["--format", "mermaid"]);
    assert_eq!(lines(&mermaid, "[\""), 3, "{mermaid}");
    assert_eq!(lines(&mermaid, " --- "), 2, "{mermaid}");
    assert_eq!(lines(&mermaid, "-->|calls, imports|"), 1, "{mermaid}");

    let packages = written(&database, &["--format", "json", "--level", "packages"]);
    let packages: Value = serde_json::from_str(&packages).unwrap();
    assert_eq!(packages["nodes"].as_array().unwrap().len(), 1);
    assert_eq!(packages["edges"].as_array().unwrap().len(), 0);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("zoo.dot");
    let arguments = [
        "--format",
        "dot",
        "--level",
        "definitions",
        "--output",
        file.to_str().unwrap(),
    ];
    assert_eq!(written(&database, &arguments), "");
    assert_eq!(lines(&std::fs::read_to_string(file).unwrap(), " -> "), 7);
}

/// How many nodes and edges an XML parser finds.
fn read_by_python(graphml: &str) -> String {
    const PROGRAM: &str = "
import sys, xml.etree.ElementTree as tree
graph = tree.fromstring(sys.argv[1])
inside = '{http://graphml.graphdrawing.org/xmlns}graph/{http://graphml.graphdrawing.org/xmlns}'
print(len(graph.findall(inside + 'node')), len(graph.findall(inside + 'edge')))";
    let mut python = Command::new("python3");
    let output = python.args(["-c", PROGRAM, graphml]).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_graph_page_can_be_walked_in_a_browser() {
    let database = indexed();
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("zoo.html");
    written(&database, &["--html", page.to_str().unwrap()]);
    walk("graph.mjs", &page);
}

/// Runs a script of `web/test` on a page, with Chromium; screenshots are kept.
fn walk(script: &str, page: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("node")
        .arg(root.join("web/test").join(script))
        .args([page, &root.join("target/artefacts")])
        .output()
        .expect("node, which scripts/test brings");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_graph_that_cannot_be_drawn_is_told_with_a_way_out() {
    let database = indexed();
    let complaint = |arguments: &[&str], code: i32| {
        let ended = Program::on(&database, arguments.iter().copied()).run();
        assert_eq!(ended.code(), code, "{}", ended.stderr());
        ended.complaint()
    };
    let (error, hint) = complaint(&["graph", "--format", "json", "--repository", "farm"], 6);
    assert!(
        error.contains("farm") && hint.contains("zoo-repository"),
        "{error} {hint}"
    );
    let (error, _) = complaint(&["graph", "--html", "/no/such/folder/x.html"], 1);
    assert!(
        error.starts_with("cannot write /no/such/folder/x.html"),
        "{error}"
    );

    let other = zoo();
    assert_eq!(Program::index(other.path(), &database).run().code(), 0);
    let (error, hint) = complaint(&["graph", "--format", "json"], 2);
    assert_eq!(error, "the index holds several repositories");
    assert_eq!(hint, "name one with --repository: sample, zoo-repository");

    let empty = Database::new();
    let ended = Program::on(&empty, ["graph", "--format", "json"]).run();
    assert_eq!(ended.code(), 6);
    let neither = Program::on(&database, ["graph"]).run();
    assert_eq!(neither.code(), 2);
}

/// Three files that can be indexed, one that the database refuses, and one in
/// no language we know.
fn run_with_a_failure(page: &Path) -> Database {
    let tree = program::tree(&[
        (
            "src/a.ts",
            "export function a(): number {\n  return 1;\n}\n",
        ),
        ("src/b.py", "def b():\n    return 2\n"),
        ("src/c.js", "export const c = () => 3;\n"),
        ("src/<cart>.ts", "export class Cart {}\n"),
        ("notes.xyz", "text\n"),
    ]);
    let database = Database::new();
    let index = |options: &[&str]| {
        let program = Program::index(tree.path(), &database);
        program.args(options.iter().copied()).run().code()
    };
    assert_eq!(index(&[]), 0);
    let constraint =
        "ALTER TABLE code_chunks ADD CONSTRAINT no_carts CHECK (name <> 'Cart') NOT VALID";
    database.client().batch_execute(constraint).unwrap();
    assert_eq!(index(&["--full", "--report", page.to_str().unwrap()]), 3);
    database
}

#[test]
fn a_run_is_the_same_page_when_it_ends_and_long_after() {
    let folder = tempfile::tempdir().unwrap();
    let (first, later) = (
        folder.path().join("run.html"),
        folder.path().join("later.html"),
    );
    let database = run_with_a_failure(&first);
    walk("report.mjs", &first);
    let report = |run: &str| {
        let arguments = ["report", run, "--html", later.to_str().unwrap()];
        Program::on(&database, arguments).run()
    };

    let newest = "SELECT run_id::text FROM runs ORDER BY started_at DESC LIMIT 1";
    let id: String = database.client().query_one(newest, &[]).unwrap().get(0);
    let ended = report(&id[..8]);
    assert_eq!(ended.code(), 0, "{}", ended.stderr());
    walk("report.mjs", &later);
    let sections = |page: &Path| {
        let text = std::fs::read_to_string(page).unwrap();
        text.split_once("<ul class=\"tiles\">")
            .unwrap()
            .1
            .to_owned()
    };
    assert_eq!(sections(&first), sections(&later));

    let (error, hint) = report("ffffffff-0000").complaint();
    assert_eq!(error, "sample has no run ffffffff-0000");
    assert!(hint.contains(&id), "{hint}");
    assert_eq!(report("ffffffff-0000").code(), 6);
    assert_eq!(report("yesterday").code(), 2);
}
