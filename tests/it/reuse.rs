//! A text that was embedded before is not embedded again.

use std::fs;
use std::path::Path;

use crate::cluster::Database;
use crate::program::{self, Events, Program};

fn reused(run: &Events) -> (u64, u64) {
    let number = |field: &str| run.summary()[field].as_u64().unwrap();
    (number("reused"), number("tokens"))
}

fn indexed(folder: &Path) -> Database {
    let database = Database::new();
    Program::index(folder, &database).events(0);
    database
}

/// Every vector, with what it belongs to.
fn vectors(database: &Database) -> Vec<String> {
    let query =
        "SELECT md5((c.*)::text) FROM (SELECT file_path, name_path, source_code, embedding_text,
        embedding_code, embedding_code_half, text_key, code_key FROM code_chunks ORDER BY id) c";
    let rows = database.client().query(query, &[]).unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[test]
fn of_a_file_that_changed_a_little_only_that_is_embedded() {
    let shop = program::shop();
    let database = indexed(shop.path());
    let file = shop.path().join("tools/stock.py");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}\n\ndef brand_new():\n    return 1\n")).unwrap();
    let run = Program::index(shop.path(), &database)
        .args(["--sequential"])
        .events(0);
    assert_eq!(run.with("indexed"), ["tools/stock.py"]);
    let (known, tokens) = reused(&run);
    assert!(known >= 6 && tokens < 60, "{known} reused, {tokens} tokens");

    let clean = Database::new();
    Program::index(shop.path(), &clean)
        .args(["--sequential"])
        .events(0);
    assert_eq!(vectors(&database), vectors(&clean));
}

#[test]
fn what_another_repository_has_is_there_and_the_model_stays_on_disk() {
    let shop = program::shop();
    let database = indexed(shop.path());
    let arguments = [shop.path().to_str().unwrap(), "--repository", "fork"];
    let fork = Program::on(&database, arguments)
        .env("ORT_DYLIB_PATH", "/nonexistent")
        .events(0);
    assert_eq!(fork.with("indexed").len(), 6);
    let (known, tokens) = reused(&fork);
    assert!(known > 20 && tokens == 0, "{known} reused, {tokens} tokens");
    let differ = "SELECT count(*) FROM code_chunks a JOIN code_chunks b USING (file_path, name_path, chunk_type, start_line)
        WHERE a.repository = 'sample' AND b.repository = 'fork' AND (a.embedding_text <> b.embedding_text
            OR a.embedding_code <> b.embedding_code)";
    assert_eq!(database.count(differ), 0);
    let told = Program::on(&database, arguments)
        .args(["--full"])
        .run()
        .stdout();
    assert!(!told.contains("reused"), "{told}");
}

#[test]
fn a_role_that_comes_later_is_embedded_and_the_other_is_not() {
    let shop = program::shop();
    let database = Database::new();
    Program::index(shop.path(), &database)
        .args(["--roles", "code"])
        .events(0);
    let both = Program::index(shop.path(), &database).events(0);
    let (known, tokens) = reused(&both);
    assert!(known > 10 && tokens > 10, "{known} reused, {tokens} tokens");
    assert_eq!(
        database.count("SELECT count(*) FROM code_chunks WHERE embedding_text IS NULL OR embedding_code IS NULL"),
        0
    );
}
