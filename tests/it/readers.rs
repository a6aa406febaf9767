//! What MnemoLite's API and pages ask of a database that its own migrations
//! made, after the program indexed into it with the pair of models of that
//! width: every question at the end of `mnemolite.sql`, the answers counted by
//! hand. The pair is that of random weights, of two layers each; at full depth
//! the same run is `scripts/stand-ins FOLDER` and `--models-dir FOLDER`.

use std::path::Path;

use postgres::Client;
use serde_json::Value;
use tempfile::TempDir;

use crate::cluster::Database;
use crate::graph_readers::lines;
use crate::program::{self, Program};
use crate::stand_ins::{self, PAIR};

/// A class with a method, two functions, and a barrel between them.
const ZOO: &[(&str, &str)] = &[
    ("package.json", r#"{"name": "zoo"}"#),
    (
        "src/animal.ts",
        "export class Animal {\n  speak(times: number): string { return sound(); }\n}\n\
         export function sound(): string { return 'x'; }\n",
    ),
    ("src/index.ts", "export * from './animal';\n"),
    (
        "src/main.ts",
        "import { Animal, sound } from './index';\nexport function main() {\n  \
         new Animal().speak(2);\n  sound();\n  sound();\n}\n",
    ),
];

/// The main job on `folder` with the pair, in `precision`; gives its summary.
fn index(folder: &Path, database: &Database, precision: &str) -> Value {
    let models = stand_ins::folder();
    let run = Program::index(folder, database)
        .args(["--text-model", PAIR[0], "--code-model", PAIR[1]])
        .args(["--models-dir", models.to_str().unwrap()])
        .args(["--precision", precision])
        .events(0);
    run.summary().clone()
}

struct Zoo {
    _folder: TempDir,
    _database: Database,
    client: Client,
    summary: Value,
}

impl Zoo {
    fn indexed(precision: &str) -> Self {
        let (folder, database) = (program::tree(ZOO), Database::of_mnemolite());
        let summary = index(folder.path(), &database, precision);
        Self {
            client: database.client(),
            _folder: folder,
            _database: database,
            summary,
        }
    }

    fn ask(&mut self, query: &str) -> Vec<String> {
        lines(&mut self.client, query)
    }

    /// The numbers of the summary under `key`, as the questions give them.
    fn told(&self, key: &str) -> Vec<String> {
        let numbers = self.summary[key].as_object().unwrap();
        numbers
            .iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect()
    }
}

#[test]
fn the_three_questions_after_a_run_say_what_the_summary_says() {
    for precision in ["fp32", "int8"] {
        let mut zoo = Zoo::indexed(precision);
        assert_eq!(zoo.summary["precision"], precision);
        let chunks = zoo.ask(
            "SELECT language AS a, COUNT(*) AS b FROM code_chunks WHERE repository = 'sample' GROUP BY language",
        );
        assert_eq!(chunks, ["typescript 6"]);
        let counted = zoo.summary["chunks"].as_object().unwrap();
        assert_eq!(counted.values().filter_map(Value::as_i64).sum::<i64>(), 6);
        let nodes = zoo.ask(
            "SELECT node_type AS a, COUNT(*) AS b FROM nodes WHERE properties->>'repository' = 'sample' GROUP BY node_type ORDER BY 1",
        );
        assert_eq!(
            nodes,
            ["Class 1", "Function 2", "Method 1", "Module 3", "Package 1"]
        );
        assert_eq!(nodes, zoo.told("nodes"));
        let edges = zoo.ask(
            "SELECT relation_type AS a, COUNT(*) AS b FROM edges e JOIN nodes n ON e.source_node_id = n.node_id
             WHERE n.properties->>'repository' = 'sample' GROUP BY relation_type ORDER BY 1",
        );
        assert_eq!(
            edges,
            ["calls 4", "contains 7", "imports 4", "re_exports 1"]
        );
        assert_eq!(edges, zoo.told("edges"));
    }
}

#[test]
fn repositories_orgchart_and_the_graph_page() {
    let mut zoo = Zoo::indexed("fp32");
    assert_eq!(
        zoo.ask("SELECT DISTINCT properties->>'repository' AS a FROM nodes"),
        ["sample"]
    );
    // A barrel exports what others define, and nothing of its own.
    assert_eq!(
        zoo.ask("SELECT label AS a, properties->>'name' AS b, properties->>'file_path' AS c, properties->'imports' AS d,
                    (properties->>'exports_count')::int AS e, (properties->>'loc')::int AS f,
                    (properties->>'chunk_count')::int AS g, properties->>'language' AS h
                 FROM nodes WHERE node_type = 'Module' AND properties->>'repository' = 'sample' ORDER BY properties->>'name'"),
        [
            "src/animal.ts src/animal.ts src/animal.ts [] 2 4 3 typescript",
            "src/index.ts src/index.ts src/index.ts [] 0 1 1 typescript",
            r#"src/main.ts src/main.ts src/main.ts ["./index.Animal", "./index.sound"] 1 6 2 typescript"#,
        ]
    );
    assert_eq!(
        zoo.ask("SELECT s.label AS a, t.label AS b FROM edges e JOIN nodes s ON s.node_id = e.source_node_id
                 JOIN nodes t ON t.node_id = e.target_node_id
                 WHERE relation_type = 'imports' AND s.node_type = 'Module' AND t.node_type = 'Module' ORDER BY 1, 2"),
        ["src/index.ts src/animal.ts", "src/main.ts src/index.ts"]
    );
    assert_eq!(
        zoo.ask("SELECT n.properties->>'name' AS a, n.properties->>'file_path' AS b, n.properties->>'start_line' AS c,
                    n.properties->>'end_line' AS d, n.properties->>'cyclomatic_complexity' AS e,
                    n.properties->>'lines_of_code' AS f, n.properties->>'parent_package' AS g,
                    n.properties->>'parent_module' AS h, c.name AS i
                 FROM nodes n LEFT JOIN code_chunks c ON (n.properties->>'chunk_id')::uuid = c.id
                 WHERE n.node_type IN ('Class', 'Function', 'Method') ORDER BY 1"),
        [
            "Animal src/animal.ts 1 3 1 3 zoo src Animal",
            "main src/main.ts 2 6 1 5 zoo src main",
            "sound src/animal.ts 4 4 1 1 zoo src sound",
            "speak src/animal.ts 2 2 1 1 zoo src speak",
        ]
    );
    assert_eq!(
        zoo.ask("WITH page AS (SELECT node_id FROM nodes ORDER BY created_at DESC LIMIT 100)
                 SELECT count(*) FROM edges WHERE source_node_id IN (TABLE page) AND target_node_id IN (TABLE page)"),
        ["16"]
    );
}

/// From where `start` says, along calls, `from` one end `to` the other.
fn walk(start: &str, (from, to): (&str, &str)) -> String {
    format!(
        "WITH RECURSIVE walk AS (SELECT node_id, 0 AS depth FROM nodes WHERE {start}
            UNION SELECT e.{to}, depth + 1 FROM walk JOIN edges e ON e.{from} = walk.node_id
            WHERE e.relation_type = 'calls' AND depth < 3)
         SELECT depth AS a, label AS b FROM walk JOIN nodes USING (node_id) ORDER BY 1, 2"
    )
}

#[test]
fn three_deep_both_ways_and_the_metrics() {
    let mut zoo = Zoo::indexed("fp32");
    let (source, target) = ("source_node_id", "target_node_id");
    let callees = ["0 main", "1 Animal", "1 sound", "1 speak", "2 sound"];
    assert_eq!(zoo.ask(&walk("label = 'main'", (source, target))), callees);
    let by_chunk = "properties->>'chunk_id' = (SELECT id::text FROM code_chunks WHERE name = 'main' AND chunk_type = 'function')";
    assert_eq!(zoo.ask(&walk(by_chunk, (source, target))), callees);
    assert_eq!(
        zoo.ask(&walk("label = 'sound'", (target, source))),
        ["0 sound", "1 main", "1 speak", "2 main"]
    );
    assert_eq!(
        zoo.ask("SELECT n.properties->>'name' AS a, m.afferent_coupling AS b, m.efferent_coupling AS c,
                    m.cyclomatic_complexity AS d, m.lines_of_code AS e
                 FROM computed_metrics m JOIN nodes n USING (node_id) WHERE m.repository = 'sample' AND m.version = 1
                 AND n.node_type <> 'Module' ORDER BY pagerank_score DESC NULLS LAST, 1"),
        ["sound 2 0 1 1", "Animal 1 0 1 3", "speak 1 1 1 1", "main 0 3 1 5"]
    );
}

#[test]
fn projects_dashboard_and_filters() {
    let mut zoo = Zoo::indexed("fp32");
    assert_eq!(
        zoo.ask("SELECT COUNT(DISTINCT file_path) AS a, COUNT(*) AS b, MAX(indexed_at) > now() - interval '5 minutes' AS c,
                    array_agg(DISTINCT language) AS d, SUM(end_line - start_line + 1) AS e
                 FROM code_chunks GROUP BY repository"),
        [r#"3 6 true ["typescript"] 12"#]
    );
    assert_eq!(
        zoo.ask(
            "SELECT AVG((metadata->'complexity'->>'cyclomatic')::int)::int AS a,
                    SUM((metadata->'complexity'->>'lines_of_code')::int) AS b
                 FROM code_chunks WHERE chunk_type IN ('function', 'method', 'class')"
        ),
        ["1 10"]
    );
    assert_eq!(
        zoo.ask("SELECT name AS a FROM code_chunks WHERE language = 'typescript' AND chunk_type = 'method'
                 AND file_path LIKE '%animal%' AND return_type ILIKE '%STR%' AND EXISTS (
                    SELECT FROM jsonb_each_text(metadata->'param_types') p WHERE p.value ILIKE '%number%')"),
        ["speak"]
    );
}

#[test]
fn search_by_vector_and_by_words() {
    for precision in ["fp32", "int8"] {
        let mut zoo = Zoo::indexed(precision);
        assert_eq!(
            zoo.ask("SELECT count(*) AS a, min(vector_dims(embedding_text)) AS b, min(vector_dims(embedding_code)) AS c
                     FROM code_chunks WHERE embedding_text_half IS NOT NULL AND embedding_code_half IS NOT NULL"),
            ["6 768 768"]
        );
        // Two models, two vectors.
        assert_eq!(
            zoo.ask(
                "SELECT count(*) FROM code_chunks WHERE embedding_text <=> embedding_code > 0.01"
            ),
            ["6"]
        );
        for half in ["embedding_code_half", "embedding_text_half"] {
            let nearest = format!(
                "SELECT c.name AS a FROM code_chunks c WHERE {half} IS NOT NULL AND repository = 'sample'
                 ORDER BY {half} <=> (SELECT {half} FROM code_chunks WHERE name = 'speak') LIMIT 1"
            );
            zoo.client
                .batch_execute("BEGIN; SET LOCAL hnsw.iterative_scan = relaxed_order")
                .unwrap();
            assert_eq!(zoo.ask(&nearest), ["speak"]);
            zoo.client.batch_execute("COMMIT").unwrap();
        }
    }
    let mut zoo = Zoo::indexed("fp32");
    let paths = "SELECT name_path AS a FROM code_chunks WHERE name_path ILIKE '%animal.speak' AND source_code ILIKE '%sound%'";
    assert_eq!(zoo.ask(paths).len(), 1, "{:?}", zoo.ask(paths));
    // The private server comes without pg_trgm; where it is, it is asked too.
    let offered = "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_trgm'";
    if zoo.ask(offered) == ["1"] {
        zoo.client
            .batch_execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            .unwrap();
        assert_eq!(
            zoo.ask("SELECT name AS a FROM code_chunks WHERE similarity(name, 'speek') > 0.3"),
            ["speak"]
        );
    }
}

#[test]
fn the_pair_indexes_every_language_in_both_precisions() {
    for precision in ["fp32", "int8"] {
        let (shop, database) = (program::shop(), Database::new());
        let summary = index(shop.path(), &database, precision);
        assert_eq!(summary["files"]["failed"], 0);
        let whole = "SELECT count(*) FROM code_chunks WHERE vector_dims(embedding_text) = 768 AND vector_dims(embedding_code) = 768";
        assert_eq!(
            database.count(whole),
            database.count("SELECT count(*) FROM code_chunks")
        );
        assert_eq!(Program::on(&database, ["verify"]).run().code(), 0);
    }
}
