//! What the readers ask of the graph, with answers counted by hand, on a
//! database of ours and on one that MnemoLite made; and what a run tells of it.

use std::fs;

use mnemo_index::store::Store;
use postgres::Client;

use crate::cluster::Database;
use crate::graph_again::{commit, make};
use crate::program::{self, Program};

/// A class with a method, a function that two call, and a barrel between.
const ZOO: &[(&str, &str)] = &[
    ("package.json", r#"{"name": "zoo"}"#),
    (
        "src/animal.ts",
        "export class Animal {\n  speak() { return sound(); }\n}\nexport function sound() { return 'x'; }\n",
    ),
    ("src/index.ts", "export * from './animal';\n"),
    (
        "src/main.ts",
        "import { Animal, sound } from './index';\nexport function main() {\n  new Animal().speak();\n  sound();\n  sound();\n}\n",
    ),
];

fn indexed(database: &Database) -> Store {
    let folder = program::tree(ZOO);
    let mut store = database.store(768);
    for (path, text) in ZOO {
        commit(&mut store, path, text, (folder.path(), 768));
    }
    make(&mut store, folder.path());
    store
}

/// The rows of a query, each as one line of text.
pub fn lines(client: &mut Client, query: &str) -> Vec<String> {
    let query = format!(
        "SELECT array_to_string(array(SELECT value FROM jsonb_each_text(to_jsonb(q))), ' ') FROM ({query}) q"
    );
    let rows = client.query(&query, &[]).unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[test]
fn the_readers_questions_about_the_graph() {
    for database in [Database::new(), Database::of_mnemolite()] {
        indexed(&database);
        let mut client = database.client();
        let mut ask = |query: &str| lines(&mut client, query);
        assert_eq!(
            ask("SELECT count(*) AS b, node_type AS a FROM nodes WHERE properties->>'repository' = 'sample'
                 GROUP BY node_type ORDER BY node_type"),
            ["Class 1", "Function 2", "Method 1", "Module 3", "Package 1"]
        );
        assert_eq!(
            ask("SELECT count(*) AS b, relation_type AS a FROM edges e JOIN nodes n ON e.source_node_id = n.node_id
                 WHERE n.properties->>'repository' = 'sample' GROUP BY relation_type ORDER BY relation_type"),
            ["calls 4", "contains 7", "imports 4", "re_exports 1"]
        );
        assert_eq!(
            ask("SELECT s.label AS a, t.label AS b FROM edges e JOIN nodes s ON s.node_id = e.source_node_id
                 JOIN nodes t ON t.node_id = e.target_node_id WHERE relation_type = 'imports'
                 AND s.node_type = 'Module' AND t.node_type = 'Module' ORDER BY 1, 2"),
            ["src/index.ts src/animal.ts", "src/main.ts src/index.ts"]
        );
        assert_eq!(
            ask("SELECT n.properties->>'name' AS a, m.afferent_coupling AS b, m.efferent_coupling AS c
                 FROM computed_metrics m JOIN nodes n USING (node_id) WHERE m.repository = 'sample' AND m.version = 1
                 AND m.pagerank_score > 0 ORDER BY pagerank_score DESC NULLS LAST, 1 LIMIT 4"),
            ["sound 2 0", "Animal 1 0", "speak 1 1", "main 0 3"]
        );
        assert_eq!(
            ask(
                "SELECT round(sum(pagerank_score)::numeric, 9) AS a, count(*) AS b FROM computed_metrics"
            ),
            ["1.000000000 7"]
        );
        assert_eq!(
            ask("SELECT t.label AS a, w.call_count AS b FROM edge_weights w JOIN edges e USING (edge_id)
                 JOIN nodes s ON s.node_id = e.source_node_id JOIN nodes t ON t.node_id = e.target_node_id
                 WHERE s.label = 'main' AND w.version = 1 ORDER BY 1"),
            ["Animal 1", "sound 2", "speak 1"]
        );
        assert_eq!(
            ask("WITH RECURSIVE walk AS (SELECT node_id, 0 AS depth FROM nodes WHERE label = 'main'
                    UNION SELECT e.target_node_id, depth + 1 FROM walk JOIN edges e ON e.source_node_id = walk.node_id
                    WHERE e.relation_type = 'calls' AND depth < 3)
                 SELECT depth AS a, label AS b FROM walk JOIN nodes USING (node_id) ORDER BY 1, 2"),
            ["0 main", "1 Animal", "1 sound", "1 speak", "2 sound"]
        );
        assert_eq!(
            ask("SELECT DISTINCT properties->>'parent_package' AS a, properties->>'parent_module' AS b FROM nodes
                 WHERE node_type <> 'Package'"),
            ["zoo src"]
        );
        assert_eq!(
            ask("SELECT (e.properties->'sites')::text AS a, e.properties->>'resolution' AS b FROM edges e
                 JOIN nodes t ON t.node_id = e.target_node_id JOIN nodes s ON s.node_id = e.source_node_id
                 WHERE e.relation_type = 'calls' AND t.label = 'sound' AND s.label = 'main'"),
            ["[[4, 3], [5, 3]] re_export"]
        );
    }
}

#[test]
fn a_run_tells_of_the_graph_what_the_database_holds() {
    let shop = program::shop();
    let database = Database::new();
    let run = Program::index(shop.path(), &database).events(0);
    let graph = &run.summary()["graph"];
    for relation in ["calls", "imports", "re_exports"] {
        let query = format!("SELECT count(*) FROM edges WHERE relation_type = '{relation}'");
        assert_eq!(
            graph["edges"][relation],
            database.count(&query),
            "{relation}"
        );
    }
    let open = |package: &str| {
        let query = format!(
            "SELECT count(*) FROM open_references WHERE relation = 'calls' AND package IS {package}"
        );
        database.count(&query)
    };
    assert_eq!(
        graph["unresolved"]["calls"].as_i64().unwrap_or(0),
        open("NULL")
    );
    assert_eq!(
        graph["external"]["calls"].as_i64().unwrap_or(0),
        open("NOT NULL")
    );
    let told = Program::index(shop.path(), &database)
        .args(["--full"])
        .run();
    assert!(
        told.stdout().contains("references unresolved"),
        "{}",
        told.stdout()
    );
    assert_eq!(Program::on(&database, ["verify"]).run().code(), 0);
}

#[test]
fn the_graph_is_made_anew_only_when_something_changed() {
    let tree = program::tree(&[
        ("src/a.ts", "import { b } from '@/b';\nb();\n"),
        ("src/b.ts", "export function b() {}\n"),
    ]);
    let database = Database::new();
    let calls = "SELECT count(*) FROM edges WHERE relation_type = 'calls'";
    let index = || Program::index(tree.path(), &database).events(0);
    assert_eq!(
        (
            index().summary()["graph"]["edges"]["calls"].as_u64(),
            database.count(calls)
        ),
        (None, 0)
    );
    assert!(index().summary()["graph"].is_null());

    let settings = r#"{"compilerOptions": {"paths": {"@/*": ["./src/*"]}}}"#;
    program::write(tree.path(), "tsconfig.json", settings);
    let run = index();
    assert_eq!(run.with("unchanged").len(), 2);
    assert_eq!(
        (
            &run.summary()["graph"]["edges"]["calls"],
            database.count(calls)
        ),
        (&1.into(), 1)
    );

    fs::remove_file(tree.path().join("src/b.ts")).unwrap();
    index();
    assert_eq!(database.count(calls), 0);
    assert_eq!(Program::on(&database, ["forget", "sample"]).run().code(), 0);
    for table in [
        "nodes",
        "edges",
        "file_symbols",
        "file_references",
        "graphs",
    ] {
        assert_eq!(
            database.count(&format!("SELECT count(*) FROM {table}")),
            0,
            "{table}"
        );
    }
}
