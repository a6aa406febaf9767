//! A model server instead of a local model: the rows are those of the model
//! that runs here, whatever the server does meanwhile.

use std::fs;
use std::time::Duration;

use crate::cluster::Database;
use crate::model_server::{Fault, ModelServer, Nature, Speaks};
use crate::program::{self, Program};

/// Everything of a chunk but its vectors and when it was written; then both vectors.
fn rows(database: &Database) -> Vec<(String, Vec<f32>)> {
    let rows = database.client().query(
        "SELECT id::text || file_path || source_code || metadata::text, embedding_text::text, embedding_code::text
         FROM code_chunks ORDER BY id",
        &[],
    );
    let numbers = |text: String| -> Vec<f32> { serde_json::from_str(&text).unwrap() };
    rows.unwrap()
        .iter()
        .map(|row| {
            let mut vectors = numbers(row.get(1));
            vectors.extend(numbers(row.get(2)));
            (row.get(0), vectors)
        })
        .collect()
}

fn assert_equal(found: &[(String, Vec<f32>)], expected: &[(String, Vec<f32>)]) {
    assert_eq!(found.len(), expected.len());
    for ((row, vectors), (expected_row, expected)) in found.iter().zip(expected) {
        assert_eq!(row, expected_row);
        let differences = vectors.iter().zip(expected).map(|(a, b)| (a - b).abs());
        assert!(differences.fold(0.0, f32::max) < 1e-5, "{row}");
    }
}

fn on_server(folder: &std::path::Path, database: &Database, server: &ModelServer) -> Program {
    Program::index(folder, database).args(["--embed-url", &server.url()])
}

#[test]
fn the_rows_of_a_served_model_are_those_of_the_local_one() {
    let shop = program::shop();
    let here = Database::new();
    Program::index(shop.path(), &here).events(0);
    for speaks in [Speaks::TextEmbeddingsInference, Speaks::OpenAi] {
        let server = ModelServer::start(Nature {
            speaks,
            ..Nature::default()
        });
        let there = Database::new();
        let events = on_server(shop.path(), &there, &server).events(0);
        assert_eq!(events.summary()["provider"], "server");
        assert_equal(&rows(&there), &rows(&here));

        let before = server.requests();
        let again = on_server(shop.path(), &there, &server).events(0);
        assert_eq!(again.summary()["files"]["unchanged"], 6);
        // One to learn the width.
        assert_eq!(server.requests(), before + 1);
    }
}

#[test]
fn nothing_is_lost_and_nothing_doubled_by_a_server_that_misbehaves() {
    let shop = program::shop();
    let here = Database::new();
    Program::index(shop.path(), &here).events(0);
    let server = ModelServer::start(Nature {
        fault: |number| {
            let faults = [
                Fault::Status(429, Some(1)),
                Fault::Status(503, None),
                Fault::Truncated,
                Fault::Cut,
                Fault::Narrow,
                Fault::NotANumber,
                Fault::TooFew,
                Fault::Slow(Duration::from_millis(300)),
            ];
            (number % 2 == 1).then(|| faults[number / 2 % faults.len()])
        },
        ..Nature::default()
    });
    let there = Database::new();
    let events = on_server(shop.path(), &there, &server)
        .args(["--embed-batch", "2", "--embed-concurrency", "4"])
        .events(0);
    assert_eq!(events.summary()["files"]["failed"], 0);
    assert!(server.requests() > 16, "each fault came at least once");
    assert!(server.most_under_way() <= 4);
    assert_equal(&rows(&there), &rows(&here));
}

#[test]
fn a_server_that_goes_away_ends_the_run_once_and_the_next_one_goes_on() {
    let shop = program::shop();
    let there = Database::new();
    let server = ModelServer::start(Nature {
        fault: |number| (number > 3).then_some(Fault::Status(503, None)),
        ..Nature::default()
    });
    let ended = on_server(shop.path(), &there, &server)
        .args(["--sequential", "--embed-batch", "4", "--retry-for", "1"])
        .run();
    let (error, hint) = ended.complaint();
    assert_eq!(ended.code(), 1);
    assert!(error.contains("does not answer: status 503"), "{error}");
    assert!(hint.contains("--retry-for"), "{hint}");

    let well = ModelServer::start(Nature::default());
    on_server(shop.path(), &there, &well).events(0);
    let here = Database::new();
    Program::index(shop.path(), &here).events(0);
    assert_equal(&rows(&there), &rows(&here));
}

#[test]
fn a_text_that_the_server_refuses_fails_its_file_alone() {
    let folder = program::tree(&[
        ("short.ts", "export const a = 1;\n"),
        (
            "long.ts",
            "export function long() {\n  return [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14];\n}\n",
        ),
    ]);
    let server = ModelServer::start(Nature {
        max_bytes: 60,
        ..Nature::default()
    });
    let events = on_server(folder.path(), &Database::new(), &server).events(3);
    assert_eq!(events.with("failed"), ["long.ts"]);
    assert_eq!(events.with("indexed"), ["short.ts"]);
}

#[test]
fn another_model_is_refused_also_one_of_a_server() {
    let shop = program::shop();
    let database = Database::new();
    Program::index(shop.path(), &database).events(0);
    let server = ModelServer::start(Nature {
        model: "someone/other-model",
        ..Nature::default()
    });
    let (error, hint) = on_server(shop.path(), &database, &server).run().complaint();
    assert!(error.contains("other-model"), "{error}");
    assert!(!hint.is_empty());

    let named =
        on_server(shop.path(), &Database::new(), &server).args(["--embed-model", "that-one"]);
    let (error, hint) = named.run().complaint();
    assert!(
        error.contains("has someone/other-model, not that-one"),
        "{error}"
    );
    assert!(hint.contains("--embed-model"), "{hint}");
}

#[test]
fn a_model_whose_tokenizer_is_not_here_is_never_cut_off() {
    let shop = program::shop();
    let server = ModelServer::start(Nature {
        speaks: Speaks::OpenAi,
        model: "text-embedding-of-tomorrow",
        ..Nature::default()
    });
    let database = Database::new();
    let events = on_server(shop.path(), &database, &server).events(0);
    assert_eq!(events.summary()["files"]["indexed"], 6);
    // 512 tokens, of which two are special, and no token is less than a byte.
    assert!(server.longest() <= 510, "{}", server.longest());
    assert_eq!(
        database.count(
            "SELECT count(*) FROM embedding_models WHERE model_id = 'text-embedding-of-tomorrow'"
        ),
        2
    );
}

#[test]
fn a_key_opens_the_door_and_is_shown_nowhere() {
    let shop = program::shop();
    let server = ModelServer::start(Nature {
        key: Some("s3cret-key"),
        ..Nature::default()
    });
    let database = Database::new();
    let (error, hint) = on_server(shop.path(), &database, &server).run().complaint();
    assert!(error.contains("status 401"), "{error}");
    assert!(hint.contains("MNEMO_EMBED_KEY"), "{hint}");

    let file = shop.path().join(".key");
    fs::write(&file, "s3cret-key\n").unwrap();
    let by_file = on_server(shop.path(), &database, &server)
        .args(["--embed-key-file", file.to_str().unwrap(), "-vv"])
        .run();
    assert_eq!(by_file.code(), 0, "{}", by_file.stderr());
    assert!(!by_file.stderr().contains("s3cret"), "{}", by_file.stderr());
    let by_name = on_server(shop.path(), &database, &server).env("MNEMO_EMBED_KEY", "s3cret-key");
    assert_eq!(by_name.run().code(), 0);
    let stored = "SELECT count(*) FROM runs r WHERE to_jsonb(r)::text LIKE '%s3cret%'";
    assert_eq!(database.count(stored), 0);
}

#[test]
fn an_address_that_is_none_and_a_door_that_is_shut_are_told() {
    let shop = program::shop();
    let database = Database::new();
    let at = |url: &str| {
        let program = Program::index(shop.path(), &database);
        program.args(["--embed-url", url, "--retry-for", "0"]).run()
    };
    for url in ["ftp://127.0.0.1", "nonsense", "http://me:pass@127.0.0.1:1"] {
        let ended = at(url);
        let (error, _) = ended.complaint();
        assert_eq!(ended.code(), 2, "{error}");
        assert!(!error.contains("pass@"), "{error}");
    }
    let ended = at("http://127.0.0.1:1");
    assert_eq!(ended.code(), 1);
    assert!(ended.complaint().0.contains("does not answer"));
}
