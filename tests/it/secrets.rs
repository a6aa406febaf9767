//! What nobody should read in an index, or anywhere else.

use std::fs;
use std::process::Stdio;

use crate::cluster::Database;
use crate::program::{self, Program};

/// Put together here, so that no scanner takes this file for a leak.
fn token() -> String {
    ["ghp", "_", &"a1B2".repeat(9)].concat()
}

fn leaky() -> tempfile::TempDir {
    let source = format!(
        "/** Uses {token}. */\nexport function login() {{\n  return send('{token}');\n}}\n",
        token = token()
    );
    program::tree(&[
        ("src/login.ts", &source),
        ("src/plain.ts", "export const a = 1;\n"),
    ])
}

/// Whether any row of any table holds the token, in whatever column.
fn holds_token(database: &Database) -> bool {
    ["code_chunks", "nodes", "detailed_metadata", "indexed_files"]
        .iter()
        .any(|table| {
            let query = format!(
                "SELECT count(*) FROM {table} t WHERE position('{}' IN t::text) > 0",
                token()
            );
            database.count(&query) > 0
        })
}

#[test]
fn a_token_is_neither_stored_nor_embedded_and_its_lines_stay_true() {
    let (folder, database) = (leaky(), Database::new());
    let run = Program::index(folder.path(), &database).events(0);
    assert_eq!(run.summary()["masked"], 2);
    assert!(!holds_token(&database));
    let query =
        "SELECT count(*) FROM code_chunks WHERE name = 'login' AND source_code LIKE '%ghp_****%'
        AND (start_line, end_line) = (1, 4)";
    assert_eq!(database.count(query), 1);

    // The rules are part of the recipe: turned off, only they are a reason to do files again.
    let bare = Program::index(folder.path(), &database)
        .args(["--no-mask"])
        .events(0);
    assert_eq!(
        (&bare.summary()["masked"], bare.with("indexed").len()),
        (&0.into(), 2)
    );
    assert!(holds_token(&database));
    let text = Program::index(folder.path(), &database).run().stdout();
    assert!(text.contains("\nmasked      2 secrets"), "{text}");
    assert!(!holds_token(&database));
}

#[test]
fn what_is_masked_is_embedded_masked() {
    let vector = |folder: &std::path::Path| {
        let database = Database::new();
        Program::index(folder, &database).events(0);
        let query = "SELECT embedding_code::text || embedding_text::text FROM code_chunks WHERE name = 'login'";
        database
            .client()
            .query_one(query, &[])
            .unwrap()
            .get::<_, String>(0)
    };
    let folder = leaky();
    let masked = vector(folder.path());
    let path = folder.path().join("src/login.ts");
    let source = fs::read_to_string(&path).unwrap();
    let stars = format!("ghp_{}", "*".repeat(36));
    fs::write(&path, source.replace(&token(), &stars)).unwrap();
    assert_eq!(vector(folder.path()), masked);
}

#[test]
fn files_of_credentials_are_left_out_unless_they_are_named() {
    let folder = program::tree(&[
        ("app.ts", "export const a = 1;\n"),
        (".env", "PASSWORD=hunter2\n"),
        (".env.ts", "export const password = 'hunter2';\n"),
        (".env.example", "PASSWORD=\n"),
        ("deploy/id_rsa", "key\n"),
        ("deploy/server.pem", "key\n"),
        (".npmrc", "//registry/:_authToken=x\n"),
    ]);
    let database = Database::new();
    let run = Program::index(folder.path(), &database).events(0);
    let credentials: Vec<String> = run
        .files()
        .into_iter()
        .filter(|(_, _, reason)| reason == "credentials")
        .map(|(path, ..)| path)
        .collect();
    assert_eq!(
        credentials,
        [
            ".env",
            ".env.ts",
            ".npmrc",
            "deploy/id_rsa",
            "deploy/server.pem"
        ]
    );
    let named = Program::index(folder.path(), &database)
        .args(["--include", ".env.ts"])
        .events(0);
    assert_eq!(named.with("indexed"), [".env.ts"]);
}

#[test]
fn a_password_is_in_no_output_no_table_and_no_process_title() {
    let (shop, database) = (program::shop(), Database::new());
    drop(database.store(384));
    let script = "DELETE FROM embedding_models;
        CREATE ROLE keeper LOGIN PASSWORD 'hunter2' SUPERUSER";
    database.client().batch_execute(script).unwrap();
    let url = database.url.expose().replace("mnemo@", "keeper:hunter2@");
    let mut command = Program::index(shop.path(), &database)
        .args(["--json", "-vv"])
        .env("DATABASE_URL", &url)
        .command();
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let title = fs::read(format!("/proc/{}/cmdline", child.id())).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(
        ended.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    for bytes in [title, ended.stdout, ended.stderr] {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!text.contains("hunter2"), "{text}");
    }
    let rows = "SELECT count(*) FROM runs r WHERE position('hunter2' IN r::text) > 0";
    assert_eq!(database.count(rows), 0);
    let titles =
        "SELECT count(*) FROM pg_stat_activity WHERE position('hunter2' IN application_name) > 0";
    assert_eq!(database.count(titles), 0);

    for wrong in [
        "postgresql://me:hunter2@127.0.0.1:1/db",
        "postgresql://me:hunter2@127.0.0.1:1/db?nonsense=hunter2",
        "postgresql://me:hunter2@[::1/db",
        "postgresql://me:hunter2@127.0.0.1:1/db?sslmode=hunter2",
        "host=127.0.0.1 port=1 password=hunter2",
    ] {
        let refused = Program::index(shop.path(), &database)
            .args(["--json", "-vv", "--database-url", wrong])
            .run();
        assert_eq!(refused.code(), 1, "{wrong}");
        for text in [refused.stdout(), refused.stderr()] {
            assert!(!text.contains("hunter2"), "{text}");
        }
        let (_, hint) = refused.complaint();
        assert!(!hint.is_empty());
    }
}
