//! The main job from end to end: the binary, real PostgreSQL, the real model.

use std::fs;
use std::path::Path;

use crate::cluster::Database;
use crate::program::{self, Program};

#[test]
fn every_file_of_a_small_code_base_is_indexed_and_can_be_asked_for() {
    let (shop, database) = (program::shop(), Database::new());
    let run = Program::index(shop.path(), &database).events(0);
    assert_eq!(run.with("indexed").len(), 6);
    let summary = run.summary();
    assert_eq!(summary["files"]["failed"], 0);

    let chunks = summary["chunks"].as_object().unwrap().values();
    let chunks: i64 = chunks.map(|count| count.as_i64().unwrap()).sum();
    assert_eq!(
        database.count("SELECT count(*) FROM code_chunks WHERE repository = 'sample'"),
        chunks
    );
    assert_eq!(
        database.count(
            "SELECT count(*) FROM code_chunks
             WHERE embedding_text_half IS NOT NULL AND embedding_code_half IS NOT NULL
               AND vector_norm(embedding_code) BETWEEN 0.999 AND 1.001"
        ),
        chunks
    );
    for (query, answer) in [
        ("SELECT count(DISTINCT language) FROM code_chunks", 3),
        ("SELECT count(*) FROM nodes WHERE node_type = 'Module'", 6),
        (
            "SELECT count(*) FROM nodes WHERE node_type = 'Class' AND label = 'Cart'",
            1,
        ),
        (
            "SELECT count(*) FROM code_chunks WHERE name_path = 'cart.Cart.add' AND chunk_type = 'method'",
            1,
        ),
        (
            "SELECT count(*) FROM code_chunks WHERE (metadata->>'is_test')::bool",
            1,
        ),
    ] {
        assert_eq!(database.count(query), answer, "{query}");
    }
}

#[test]
fn code_is_found_by_its_meaning() {
    let (shop, database) = (program::shop(), Database::new());
    Program::index(shop.path(), &database).events(0);
    let embedder = crate::installed::embedder();
    let query = embedder
        .tokenizer()
        .encode("which goods should be ordered again")
        .unwrap();
    let vector = embedder.embed(&[query]).unwrap().remove(0);
    let vector = pgvector::HalfVector::from_f32_slice(vector.as_slice());
    let rows = database
        .client()
        .query(
            "SELECT qualname FROM (SELECT metadata->>'qualname' AS qualname FROM code_chunks
             ORDER BY embedding_text_half <=> $1 LIMIT 3) AS nearest",
            &[&vector],
        )
        .unwrap();
    let found: Vec<Option<String>> = rows.iter().map(|row| row.get(0)).collect();
    assert!(
        found.contains(&Some("Shelf.is_low".to_owned())),
        "{found:?}"
    );
}

#[test]
fn only_what_changed_is_done_again() {
    let (shop, database) = (program::shop(), Database::new());
    Program::index(shop.path(), &database).events(0);
    let again = Program::index(shop.path(), &database).events(0);
    assert_eq!(again.with("unchanged").len(), 6);
    assert_eq!(again.summary()["tokens"], 0);

    program::write(
        shop.path(),
        "tools/stock.py",
        "def count():\n    return 0\n",
    );
    let changed = Program::index(shop.path(), &database).events(0);
    assert_eq!(changed.with("indexed"), ["tools/stock.py"]);
    assert_eq!(
        database.count("SELECT count(*) FROM code_chunks WHERE file_path = 'tools/stock.py'"),
        1
    );

    let full = Program::index(shop.path(), &database)
        .args(["--full"])
        .events(0);
    assert_eq!(full.with("indexed").len(), 6);
}

#[test]
fn a_role_that_is_turned_off_leaves_its_column_empty() {
    let (shop, database) = (program::shop(), Database::new());
    Program::index(shop.path(), &database)
        .args(["--roles", "code"])
        .events(0);
    assert_eq!(
        database.count("SELECT count(embedding_text) FROM code_chunks"),
        0
    );
    assert!(database.count("SELECT count(embedding_code) FROM code_chunks") > 10);
    let both = Program::index(shop.path(), &database).events(0);
    assert_eq!(both.with("indexed").len(), 6);
}

/// Everything that is stored, but for times, as text in a stable order.
fn rows(database: &Database) -> Vec<String> {
    let queries = [
        "SELECT md5((c.* )::text) FROM (SELECT id, file_path, language, chunk_type, name, source_code, start_line,
            end_line, metadata, node_id, repository, name_path, return_type FROM code_chunks ORDER BY id) c",
        "SELECT md5((n.*)::text) FROM (SELECT node_id, node_type, label, properties FROM nodes ORDER BY node_id) n",
        "SELECT md5((e.*)::text) FROM (SELECT edge_id, source_node_id, target_node_id, relation_type, properties
            FROM edges ORDER BY edge_id) e",
    ];
    let mut client = database.client();
    let rows = queries
        .iter()
        .flat_map(|query| client.query(*query, &[]).unwrap());
    rows.map(|row| row.get(0)).collect()
}

#[test]
fn one_file_at_a_time_or_all_stages_at_once_the_rows_are_equal() {
    let shop = program::shop();
    let (one, many) = (Database::new(), Database::new());
    let sequential = Program::index(shop.path(), &one)
        .args(["--sequential"])
        .events(0);
    Program::index(shop.path(), &many)
        .args(["--threads", "4"])
        .events(0);
    assert_eq!(rows(&one), rows(&many));

    let told = sequential
        .0
        .iter()
        .filter(|event| event["outcome"] == "indexed");
    let order: Vec<_> = told
        .map(|event| event["path"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        order,
        [
            "src/Price.tsx",
            "src/cart.ts",
            "src/index.ts",
            "tests/cart.test.ts",
            "tools/legacy.js",
            "tools/stock.py"
        ]
    );
    let vectors = |database: &Database| -> Vec<(pgvector::Vector, pgvector::Vector)> {
        let query = "SELECT embedding_text, embedding_code FROM code_chunks ORDER BY id";
        let rows = database.client().query(query, &[]).unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    };
    for ((text_a, code_a), (text_b, code_b)) in vectors(&one).iter().zip(&vectors(&many)) {
        assert!(cosine(text_a.as_slice(), text_b.as_slice()) > 0.9999);
        assert!(cosine(code_a.as_slice(), code_b.as_slice()) > 0.9999);
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn the_same_tree_at_another_place_gives_the_same_rows() {
    let (here, there) = (program::shop(), program::shop());
    let (one, other) = (Database::new(), Database::new());
    Program::index(here.path(), &one).events(0);
    Program::index(there.path(), &other).events(0);
    assert_eq!(rows(&one), rows(&other));
}

#[test]
fn one_bad_file_never_ends_the_run() {
    let database = Database::new();
    let folder = program::tree(&[
        ("good.ts", "export const f = () => 1;\n"),
        ("empty.ts", ""),
        ("blank.py", "\n\n  \n"),
        ("nul.ts", "export function cut() { return 'a\0b'; }\n"),
        (
            "bom.ts",
            "\u{feff}export function café() { return '漢字'; }\n",
        ),
        (
            "broken.ts",
            "export class { ((( \n<<<<<<< HEAD\nfunction ok() {}\n",
        ),
    ]);
    let root = folder.path();
    program::write(root, "latin1.py", b"name = 'caf\xe9'\n");
    program::write(root, "utf16.ts", utf16("export function wide() {}\n"));
    program::write(
        root,
        "long.ts",
        format!("const x = '{}';", "y".repeat(3 << 20)),
    );
    let run = Program::index(root, &database).events(0);
    let outcomes: Vec<_> = run
        .files()
        .into_iter()
        .map(|(path, outcome, why)| (path, outcome + &why))
        .collect();
    let expected = [
        ("blank.py", "indexed"),
        ("bom.ts", "indexed"),
        ("broken.ts", "indexed"),
        ("empty.ts", "indexed"),
        ("good.ts", "indexed"),
        ("latin1.py", "skippednot_text"),
        ("long.ts", "skippedtoo_large"),
        ("nul.ts", "indexed"),
        ("utf16.ts", "indexed"),
    ];
    assert_eq!(
        outcomes,
        expected.map(|(path, how)| (path.to_owned(), how.to_owned()))
    );
    assert_eq!(
        database.count("SELECT count(*) FROM code_chunks WHERE name = 'café'"),
        1
    );
    assert_eq!(
        database.count("SELECT count(*) FROM code_chunks WHERE name = 'wide'"),
        1
    );
    assert_eq!(
        database.count("SELECT count(*) FROM code_chunks WHERE source_code LIKE '%a\u{FFFD}b%'"),
        1
    );
}

fn utf16(text: &str) -> Vec<u8> {
    let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

#[test]
fn fifty_megabytes_on_one_line_stay_within_bounds() {
    let database = Database::new();
    let folder = program::tree(&[("good.ts", "export const f = () => 1;\n")]);
    program::write(
        folder.path(),
        "line.js",
        format!("var x=[{}];", "1,".repeat(25 << 20)),
    );
    let run = Program::index(folder.path(), &database)
        .args(["--include", "line.js", "--max-file-size", "100M"])
        .events(0);
    assert_eq!(run.with("indexed"), ["good.ts", "line.js"]);
    let peak = run.summary()["peak_memory_bytes"].as_u64().unwrap();
    assert!(peak < 500_000_000, "{peak}");
}

#[test]
fn a_file_that_cannot_be_stored_fails_alone_and_the_exit_code_tells() {
    let (shop, database) = (program::shop(), Database::new());
    Program::index(shop.path(), &database).events(0);
    let refusal =
        "ALTER TABLE code_chunks ADD CONSTRAINT no_carts CHECK (name <> 'Cart') NOT VALID";
    database.client().batch_execute(refusal).unwrap();
    let full = || Program::index(shop.path(), &database).args(["--full"]);
    let run = full().events(3);
    assert_eq!(run.with("failed"), ["src/cart.ts"]);
    assert_eq!(run.with("indexed").len(), 5);
    // Readers still see the last good state of the file.
    assert_eq!(
        database.count("SELECT count(*) FROM code_chunks WHERE name = 'Cart'"),
        1
    );
    assert_eq!(
        full().args(["--max-failed", "1"]).events(0).with("failed"),
        ["src/cart.ts"]
    );
    assert_eq!(
        full()
            .args(["--max-failed", "16%"])
            .events(3)
            .with("failed")
            .len(),
        1
    );
    assert_eq!(
        full()
            .args(["--max-failed", "17%"])
            .events(0)
            .with("failed")
            .len(),
        1
    );
}

#[test]
fn all_of_rxjs_is_accounted_for_within_its_memory() {
    let database = Database::new();
    let run = Program::index(&program::rxjs(), &database).events(0);
    assert_eq!(run.with("indexed").len(), 252);
    assert!(run.with("failed").is_empty());
    let peak = run.summary()["peak_memory_bytes"].as_u64().unwrap();
    assert!(peak <= 400_000_000, "{peak}");
    let class =
        "SELECT count(*) FROM code_chunks WHERE name_path = 'internal.Observable.Observable'";
    assert!(database.count(class) >= 1);
    let again = Program::index(&program::rxjs(), &database).events(0);
    assert_eq!(again.with("unchanged").len(), 252);
}

#[test]
fn what_was_skipped_after_it_was_indexed_is_told() {
    let (shop, database) = (program::shop(), Database::new());
    let run = Program::index(shop.path(), &database)
        .args(["--exclude-tests", "--exclude", "*.js"])
        .events(0);
    let skipped: Vec<_> = run
        .files()
        .into_iter()
        .filter(|(_, outcome, _)| outcome == "skipped")
        .collect();
    let reasons: Vec<_> = skipped
        .iter()
        .map(|(path, _, why)| (path.as_str(), why.as_str()))
        .collect();
    assert_eq!(
        reasons,
        [
            ("tests/cart.test.ts", "test"),
            ("tools/legacy.js", "excluded")
        ]
    );
}

#[test]
fn a_dry_run_says_what_would_be_and_touches_no_database() {
    let shop = program::shop();
    let program = Program::new([
        shop.path().to_str().unwrap(),
        "--dry-run",
        "--exclude",
        "src/",
    ])
    .env("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere");
    let run = program.events(0);
    let outcomes: Vec<_> = run
        .files()
        .into_iter()
        .map(|(path, outcome, _)| format!("{outcome} {path}"))
        .collect();
    assert_eq!(
        outcomes,
        [
            "skipped src/",
            "indexed tests/cart.test.ts",
            "indexed tools/legacy.js",
            "indexed tools/stock.py"
        ]
    );
}

#[test]
fn an_empty_folder_is_nothing_to_do() {
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::new());
    let run = Program::index(folder.path(), &database).events(0);
    assert_eq!(run.0.len(), 1);
}

#[test]
fn without_a_terminal_progress_is_plain_lines_and_the_summary_is_text() {
    let (shop, database) = (program::shop(), Database::new());
    let ended = Program::index(shop.path(), &database)
        .args(["--verbose"])
        .run();
    assert_eq!(ended.code(), 0);
    assert!(!ended.stderr().contains('\x1b'), "{}", ended.stderr());
    let told = ended.stdout();
    assert!(told.contains("indexed   src/cart.ts  "), "{told}");
    assert!(
        told.contains("files       6 indexed, 0 unchanged, 0 failed, 0 skipped"),
        "{told}"
    );

    let quiet = Program::index(shop.path(), &database)
        .args(["--quiet"])
        .run();
    assert_eq!(
        (quiet.stdout(), quiet.stderr()),
        (String::new(), String::new())
    );
}

/// A folder that git knows under another name.
fn checkout(root: &Path) {
    for arguments in [
        &["init", "--quiet"][..],
        &["remote", "add", "origin", "git@host:group/storefront.git"],
    ] {
        let git = std::process::Command::new("git")
            .arg("-C")
            .arg(root)
            .args(arguments)
            .status();
        assert!(git.unwrap().success());
    }
}

#[test]
fn a_checkout_is_called_as_its_remote_and_a_folder_as_itself() {
    let (shop, database) = (program::shop(), Database::new());
    let run = |folder: &Path| {
        let program =
            Program::new([folder.to_str().unwrap()]).env("DATABASE_URL", database.url.expose());
        program.events(0).summary()["repository"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let folder = shop
        .path()
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(run(shop.path()), folder);
    checkout(shop.path());
    assert_eq!(run(shop.path()), "storefront");
    fs::remove_dir_all(shop.path().join("tests")).unwrap();
    assert_eq!(run(&shop.path().join("tools")), "storefront");
    let paths = "SELECT count(*) FROM code_chunks WHERE repository = 'storefront' AND file_path = 'tools/stock.py'";
    assert!(database.count(paths) > 0);
}
