//! What nothing uses is freed, and nothing else.

use crate::cluster::Database;
use crate::program::{self, Program};

#[test]
fn old_runs_go_and_so_does_what_belongs_to_nothing() {
    let (shop, database) = (program::shop(), Database::new());
    for _ in 0..4 {
        Program::index(shop.path(), &database).events(0);
    }
    let left = "INSERT INTO retiring VALUES ('gone', 'a.ts'), ('sample', 'src/cart.ts');
        INSERT INTO indexing_errors (repository, file_path, error_type, error_message)
        VALUES ('gone', 'a.ts', 'chunking_error', 'x')";
    database.client().batch_execute(left).unwrap();
    let last = "SELECT max(started_at)::text FROM runs";
    let newest: String = database.client().query_one(last, &[]).unwrap().get(0);

    let freed = Program::on(&database, ["gc", "--keep-runs", "2", "--json"]).run();
    assert_eq!(freed.code(), 0, "{}", freed.stderr());
    let freed: serde_json::Value = serde_json::from_str(&freed.stdout()).unwrap();
    assert_eq!((&freed["runs"], &freed["rows"]), (&2.into(), &2.into()));
    assert!(freed["after"].as_u64().unwrap() > 0);
    assert_eq!(database.count("SELECT count(*) FROM runs"), 2);
    let kept: String = database.client().query_one(last, &[]).unwrap().get(0);
    assert_eq!(kept, newest);
    assert_eq!(Program::on(&database, ["verify"]).run().code(), 0);
    let again = Program::index(shop.path(), &database).events(0);
    assert_eq!(again.with("unchanged").len(), 6);
    assert_eq!(database.count("SELECT count(*) FROM retiring"), 0);
}

#[test]
fn the_space_of_a_forgotten_repository_is_used_again() {
    let (shop, database) = (program::shop(), Database::new());
    let dead = "SELECT pg_relation_size('code_chunks')";
    Program::index(shop.path(), &database).events(0);
    let size = database.count(dead);
    for _ in 0..3 {
        assert_eq!(Program::on(&database, ["forget", "sample"]).run().code(), 0);
        assert_eq!(Program::on(&database, ["gc"]).run().code(), 0);
        Program::index(shop.path(), &database).events(0);
    }
    assert!(
        database.count(dead) <= size,
        "{} of {size}",
        database.count(dead)
    );
}

#[test]
fn a_file_is_done_for_a_reason_that_is_told() {
    let (shop, database) = (program::shop(), Database::new());
    let why = |arguments: &[&str]| {
        let run = Program::index(shop.path(), &database)
            .args(arguments.iter().copied())
            .events(0);
        run.summary()["files"]["why"].clone()
    };
    assert_eq!(why(&[]), serde_json::json!({"new": 6}));
    assert_eq!(why(&[]), serde_json::json!({}));
    program::write(shop.path(), "src/cart.ts", "export const cart = [];\n");
    program::write(shop.path(), "src/extra.ts", "export const extra = 1;\n");
    assert_eq!(why(&[]), serde_json::json!({"new": 1, "changed": 1}));
    assert_eq!(why(&["--no-mask"]), serde_json::json!({"other_recipe": 7}));
    assert_eq!(
        why(&["--no-mask", "--full"]),
        serde_json::json!({"full": 7})
    );
    // What of it is another is told.
    let run = Program::index(shop.path(), &database).run().stdout();
    assert!(
        run.contains("7 other recipe") && run.contains("changed     masking of secrets"),
        "{run}"
    );
    Program::index(shop.path(), &database)
        .args(["--no-mask"])
        .events(0);
    // Without the TEXT role its vectors go; those of the code are not made again.
    let run = Program::index(shop.path(), &database)
        .args(["--no-mask", "--roles", "code"])
        .events(0);
    assert_eq!(
        run.summary()["files"]["why"],
        serde_json::json!({"other_recipe": 7})
    );
    assert_eq!(
        run.summary()["files"]["changed_recipe"],
        serde_json::json!(["text model"])
    );
    assert_eq!(run.summary()["tokens"], 0);
}
