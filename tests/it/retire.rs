//! Files that were deleted, renamed or newly left out go from the index, and
//! no others.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use mnemo_index::store::{Retired, Standing, StoreError};

use crate::cluster::Database;
use crate::program::{self, Events, Program};
use crate::samples::{path, recipe, shapes};

fn indexed(shop: &Path) -> Database {
    let database = Database::new();
    Program::index(shop, &database).events(0);
    database
}

fn retired(run: &Events) -> u64 {
    run.summary()["files"]["retired"].as_u64().unwrap()
}

/// Paths in every table that knows of files, each once.
fn standing(database: &Database) -> Vec<String> {
    let query = "SELECT DISTINCT file_path FROM (SELECT file_path FROM indexed_files
        UNION SELECT file_path FROM code_chunks UNION SELECT file_path FROM nodes) all_of_them ORDER BY 1";
    let rows = database.client().query(query, &[]).unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[test]
fn a_deleted_and_a_renamed_file_go_with_all_that_was_stored_of_them() {
    let shop = program::shop();
    let database = indexed(shop.path());
    fs::remove_file(shop.path().join("tools/legacy.js")).unwrap();
    fs::rename(
        shop.path().join("src/cart.ts"),
        shop.path().join("src/basket.ts"),
    )
    .unwrap();
    let run = Program::index(shop.path(), &database).events(0);
    assert_eq!(
        (run.with("indexed"), retired(&run)),
        (vec!["src/basket.ts".to_owned()], 2)
    );

    let clean = indexed(shop.path());
    assert_eq!(standing(&database), standing(&clean));
    for table in [
        "code_chunks",
        "nodes",
        "edges",
        "detailed_metadata",
        "computed_metrics",
    ] {
        let count = format!("SELECT count(*) FROM {table}");
        assert_eq!(database.count(&count), clean.count(&count), "{table}");
    }
    let told = Program::index(shop.path(), &database).run().stdout();
    assert!(!told.contains("retired"), "{told}");
}

#[test]
fn what_is_newly_left_out_goes_for_whatever_reason() {
    let shop = program::shop();
    let database = indexed(shop.path());
    program::write(shop.path(), ".gitignore", "tests/\n");
    let ignored = Program::index(shop.path(), &database).events(0);
    assert_eq!(retired(&ignored), 1);
    let excluded = Program::index(shop.path(), &database)
        .args(["--exclude", "tools/*.js"])
        .events(0);
    assert_eq!(retired(&excluded), 1);
    program::write(shop.path(), "src/index.ts", b"caf\xe9");
    let not_text = Program::index(shop.path(), &database)
        .args(["--exclude", "tools/*.js"])
        .run();
    assert!(
        not_text.stdout().contains(", 1 retired"),
        "{}",
        not_text.stdout()
    );
    let too_large = Program::index(shop.path(), &database)
        .args(["--allow-shrink", "--max-file-size", "10"])
        .events(0);
    assert_eq!(retired(&too_large), 3);
    assert!(standing(&database).is_empty());
}

#[test]
fn a_subfolder_says_nothing_of_what_is_outside_it() {
    let shop = program::shop();
    let git = std::process::Command::new("git")
        .args(["init", "--quiet"])
        .arg(shop.path())
        .status();
    assert!(git.unwrap().success());
    let database = indexed(shop.path());
    fs::remove_file(shop.path().join("src/cart.ts")).unwrap();
    fs::remove_file(shop.path().join("tools/legacy.js")).unwrap();
    let run = Program::index(&shop.path().join("tools"), &database).events(0);
    assert_eq!(retired(&run), 1);
    assert_eq!(standing(&database).len(), 5);
    assert_eq!(
        retired(&Program::index(shop.path(), &database).events(0)),
        1
    );
}

#[test]
fn an_empty_folder_where_a_code_base_was_is_not_believed() {
    let shop = program::shop();
    let database = indexed(shop.path());
    for part in ["src", "tests", "tools"] {
        fs::remove_dir_all(shop.path().join(part)).unwrap();
    }
    let refused = Program::index(shop.path(), &database).run();
    assert_eq!(refused.code(), 1);
    let (error, hint) = refused.complaint();
    assert!(error.contains("6 of the 6 files"), "{error}");
    assert!(hint.contains("--allow-shrink"), "{hint}");
    assert_eq!(standing(&database).len(), 6);

    let allowed = Program::index(shop.path(), &database)
        .args(["--allow-shrink"])
        .events(0);
    assert_eq!(retired(&allowed), 6);
    assert!(standing(&database).is_empty());
}

/// Root may read everything; what it cannot try here the next test asks of the
/// store alone.
#[test]
fn what_could_not_be_looked_at_stays() {
    let shop = program::shop();
    let database = indexed(shop.path());
    let src = shop.path().join("src");
    fs::set_permissions(&src, Permissions::from_mode(0o000)).unwrap();
    if fs::read_dir(&src).is_err() {
        let run = Program::index(shop.path(), &database).events(3);
        assert_eq!(
            (run.with("failed"), retired(&run)),
            (vec!["src".to_owned()], 0)
        );
        assert_eq!(standing(&database).len(), 6);
    }
    fs::set_permissions(&src, Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn below_a_place_that_was_not_seen_nothing_goes_and_beside_it_all() {
    let database = Database::new();
    let mut store = database.store(3);
    for name in [
        "a/x.ts", "a.ts", "a/y/z.ts", "b/x.ts", "c.ts", "é/x.ts", "z.ts",
    ] {
        store.commit(&shapes(name, 3), &recipe()).unwrap();
    }
    let mut walk = Standing::open(store, "").unwrap();
    walk.spare("a").unwrap();
    assert!(walk.look_up(&path("c.ts")).unwrap().is_some());
    walk.spare("é").unwrap();
    let retired = walk.retire(false).unwrap();
    assert_eq!(retired, Retired::Files(3), "a.ts, b/x.ts and z.ts");
    assert_eq!(
        standing(&database),
        ["a/x.ts", "a/y/z.ts", "c.ts", "é/x.ts"]
    );
}

#[test]
fn a_walk_that_lost_its_way_retires_nothing() {
    for unseen in ["", ".", "caf\u{fffd}"] {
        let database = Database::new();
        let mut store = database.store(3);
        store.commit(&shapes("a.ts", 3), &recipe()).unwrap();
        let mut walk = Standing::open(store, "").unwrap();
        walk.spare(unseen).unwrap();
        let retired = walk.retire(true).unwrap();
        assert_eq!(retired, Retired::Withheld, "{unseen:?}");
    }
    let database = Database::new();
    let mut walk = Standing::open(database.store(3), "").unwrap();
    database
        .store(3)
        .commit(&shapes("a.ts", 3), &recipe())
        .unwrap();
    for name in ["c.ts", "b.ts"] {
        assert_eq!(walk.look_up(&path(name)).unwrap(), None);
    }
    assert_eq!(walk.retire(true).unwrap(), Retired::Withheld);
}

#[test]
fn thousands_of_files_go_or_none() {
    let database = Database::new();
    let store = database.store(3);
    let script = "
        INSERT INTO indexed_files (repository, file_path, language, digest, recipe, chunk_count, lines_of_code)
        SELECT 'sample', 'src/' || n || '.ts', 'typescript', sha256(''), sha256(''), 1, 1 FROM generate_series(1, 3000) n";
    database.client().batch_execute(script).unwrap();
    let refused = Standing::open(store, "src/")
        .unwrap()
        .retire(false)
        .unwrap_err();
    assert!(
        matches!(
            refused,
            StoreError::Shrinks {
                gone: 3000,
                stored: 3000
            }
        ),
        "{refused}"
    );
    assert_eq!(
        Standing::open(database.store(3), "src/")
            .unwrap()
            .retire(true)
            .unwrap(),
        Retired::Files(3000)
    );
    assert_eq!(database.count("SELECT count(*) FROM indexed_files"), 0);
}

#[test]
fn a_dry_run_retires_nothing_and_a_failed_file_keeps_nobody_back() {
    let shop = program::shop();
    let database = indexed(shop.path());
    fs::remove_file(shop.path().join("tools/legacy.js")).unwrap();
    Program::index(shop.path(), &database)
        .args(["--dry-run"])
        .events(0);
    assert_eq!(standing(&database).len(), 6);

    program::write(shop.path(), "a.ts", "export const a = 1;\n");
    let refusal = "ALTER TABLE code_chunks ADD CONSTRAINT none CHECK (false) NOT VALID";
    database.client().batch_execute(refusal).unwrap();
    let failed = Program::index(shop.path(), &database).events(3);
    assert_eq!(
        (failed.with("failed"), retired(&failed)),
        (vec!["a.ts".to_owned()], 1)
    );
}
