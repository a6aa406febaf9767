//! A file goes into the database whole, replaces what stood there, and reads
//! back as it was.

use std::time::Duration;

use mnemo_index::chunk::ChunkKind;
use mnemo_index::names::RepositoryName;
use mnemo_index::source::{Digest, Recipe};
use mnemo_index::store::{Blame, Retired, Standing, Store, StoreError};
use serde_json::{Value, json};

use crate::cluster::Database;
use crate::samples::{FileBuilder, embedded, known, path, recipe, shapes};

/// Every row of the file-related tables as text, without what may differ
/// between two runs over the same content.
fn everything(database: &Database) -> Vec<String> {
    let mut client = database.client();
    let tables = [
        ("code_chunks", "indexed_at"),
        ("nodes", "created_at"),
        ("edges", "created_at"),
        ("detailed_metadata", "created_at,updated_at"),
        ("computed_metrics", "computed_at"),
        ("edge_weights", "updated_at"),
        ("indexed_files", "indexed_at"),
    ];
    let mut rows = Vec::new();
    for (table, timestamps) in tables {
        let query = format!(
            "SELECT '{table} ' || (to_jsonb(t) - string_to_array('{timestamps}', ','))::text FROM {table} t"
        );
        rows.extend(
            client
                .query(&query, &[])
                .unwrap()
                .iter()
                .map(|row| row.get::<_, String>(0)),
        );
    }
    rows.sort();
    rows
}

#[test]
fn a_file_reads_back_as_it_was_given() {
    let database = Database::new();
    let mut store = database.store(3);
    let file = shapes("src/shapes.ts", 3);
    let committed = store.commit(&file, &recipe()).unwrap();
    assert_eq!(committed.chunks, 4);
    assert_eq!(
        json!(committed.nodes),
        json!({"Class": 1, "Function": 1, "Method": 1, "Module": 1})
    );
    assert_eq!(json!(committed.edges), json!({"contains": 3}));

    let row = database
        .client()
        .query_one(
            "SELECT repository, language, chunk_type, name, name_path, source_code, start_line, end_line,
                    metadata, commit_hash, return_type, embedding_text::text, embedding_code_half::text
             FROM code_chunks WHERE name = 'area'",
            &[],
        )
        .unwrap();
    let text = |index: usize| row.get::<_, String>(index);
    assert_eq!(
        [text(0), text(1), text(2), text(3)],
        ["sample", "typescript", "method", "area"]
    );
    assert_eq!(
        [text(4), text(5)],
        ["shapes.Shape.area", "// source of Shape.area"]
    );
    assert_eq!((row.get::<_, i32>(6), row.get::<_, i32>(7)), (5, 8));
    assert_eq!(row.get::<_, Value>(8)["repository"], "sample");
    assert_eq!([text(9), text(10)], ["c0ffee", "number"]);
    assert_eq!([text(11), text(12)], ["[0,0,1]", "[1,0,0]"]);
}

#[test]
fn nodes_and_chunks_point_at_each_other() {
    let database = Database::new();
    database
        .store(3)
        .commit(&shapes("src/shapes.ts", 3), &recipe())
        .unwrap();
    let mismatched = "SELECT count(*) FROM nodes n LEFT JOIN code_chunks c ON (n.properties->>'chunk_id')::uuid = c.id
                      WHERE c.id IS NULL OR c.node_id <> n.node_id OR c.repository <> n.repository";
    assert_eq!(database.count(mismatched), 0);
    let path_of_area = "
        SELECT string_agg(n.node_type || ' ' || n.label, ' > ' ORDER BY depth DESC) FROM (
            WITH RECURSIVE up AS (
                SELECT node_id, 0 AS depth FROM nodes WHERE label = 'area'
                UNION ALL
                SELECT e.source_node_id, depth + 1 FROM up JOIN edges e ON e.target_node_id = up.node_id
            ) SELECT * FROM up) up JOIN nodes n USING (node_id)";
    let found: String = database
        .client()
        .query_one(path_of_area, &[])
        .unwrap()
        .get(0);
    assert_eq!(found, "Module src/shapes.ts > Class Shape > Method area");
}

#[test]
fn the_same_content_gives_the_same_rows_and_ids() {
    let database = Database::new();
    let mut store = database.store(3);
    let file = shapes("src/shapes.ts", 3);
    store.commit(&file, &recipe()).unwrap();
    let first = everything(&database);
    store.commit(&file, &recipe()).unwrap();
    assert_eq!(everything(&database), first);

    let other = Database::new();
    other.store(3).commit(&file, &recipe()).unwrap();
    assert_eq!(everything(&other), first);
}

#[test]
fn a_new_version_replaces_the_old_one() {
    let database = Database::new();
    let mut store = database.store(3);
    store.commit(&shapes("a.ts", 3), &recipe()).unwrap();
    store.commit(&shapes("b.ts", 3), &recipe()).unwrap();
    let smaller = FileBuilder::new("a.ts")
        .definition(ChunkKind::Function, "main", (1, 4))
        .build();
    store
        .commit(&embedded(smaller.clone(), 3), &recipe())
        .unwrap();

    let clean = Database::new();
    let mut clean_store = clean.store(3);
    clean_store
        .commit(&embedded(smaller, 3), &recipe())
        .unwrap();
    clean_store.commit(&shapes("b.ts", 3), &recipe()).unwrap();
    assert_eq!(everything(&database), everything(&clean));
}

#[test]
fn edges_from_other_files_live_on_while_their_end_does() {
    let database = Database::new();
    let mut store = database.store(3);
    store.commit(&shapes("a.ts", 3), &recipe()).unwrap();
    store.commit(&shapes("b.ts", 3), &recipe()).unwrap();
    database
        .client()
        .batch_execute(
            "INSERT INTO edges (repository, source_node_id, target_node_id, relation_type)
             SELECT 'sample', a.node_id, b.node_id, 'calls' FROM nodes a, nodes b
             WHERE a.file_path = 'a.ts' AND a.label = 'main' AND b.file_path = 'b.ts' AND b.label IN ('area', 'main')",
        )
        .unwrap();
    let calls = "SELECT count(*) FROM edges WHERE relation_type = 'calls'";
    assert_eq!(database.count(calls), 2);

    store.commit(&shapes("b.ts", 3), &recipe()).unwrap();
    assert_eq!(database.count(calls), 2, "b.ts is as it was");

    let without_area = FileBuilder::new("b.ts")
        .definition(ChunkKind::Function, "main", (1, 4))
        .build();
    store.commit(&embedded(without_area, 3), &recipe()).unwrap();
    assert_eq!(database.count(calls), 1, "area is gone");

    store.commit(&shapes("a.ts", 3), &recipe()).unwrap();
    assert_eq!(database.count(calls), 1, "a.ts still calls main");
}

#[test]
fn a_file_without_chunks_is_a_module_and_nothing_else() {
    let database = Database::new();
    let mut store = database.store(3);
    store
        .commit(
            &embedded(FileBuilder::new("empty.ts").build(), 3),
            &recipe(),
        )
        .unwrap();
    assert_eq!(
        database.count("SELECT count(*) FROM nodes WHERE node_type = 'Module'"),
        1
    );
    assert_eq!(
        database.count("SELECT count(*) FROM nodes WHERE properties ? 'chunk_id'"),
        0
    );
    assert!(known(store, "empty.ts").is_some());
}

#[test]
fn a_file_is_known_by_digest_and_recipe() {
    let database = Database::new();
    let mut store = database.store(3);
    store.commit(&shapes("a.ts", 3), &recipe()).unwrap();
    assert_eq!(known(store, "a.ts"), Some((Digest::of(b"a.ts"), recipe())));
    assert_eq!(known(database.store(3), "b.ts"), None);

    let mut of_another = database.config(3);
    of_another.repository = RepositoryName::new("another").unwrap();
    assert_eq!(known(Store::open(&of_another).unwrap(), "a.ts"), None);
}

#[test]
fn five_thousand_files_are_known_in_well_under_a_second() {
    let database = Database::new();
    let store = database.store(3);
    let hash = Digest::of(b"").as_bytes().to_vec();
    database
        .client()
        .execute(
            "INSERT INTO indexed_files (repository, file_path, language, digest, recipe, chunk_count, lines_of_code)
             SELECT 'sample', 'src/' || n || '.ts', 'typescript', $1, $1, 1, 1 FROM generate_series(1, 5000) n",
            &[&hash],
        )
        .unwrap();
    let mut paths: Vec<_> = (1..=5_000).map(|n| path(&format!("src/{n}.ts"))).collect();
    paths.sort();
    let begin = std::time::Instant::now();
    let mut standing = Standing::open(store, "src/").unwrap();
    for path in &paths {
        assert!(standing.look_up(path).unwrap().is_some());
    }
    assert_eq!(standing.retire(false).unwrap(), Retired::Files(0));
    assert!(begin.elapsed().as_millis() < 500, "{:?}", begin.elapsed());
}

/// Rows that indexes gave, once the sessions that asked have ended and told.
fn rows_read(database: &Database) -> i64 {
    let others = "SELECT count(*) FROM pg_stat_activity
                  WHERE datname = current_database() AND pid <> pg_backend_pid()";
    while database.count(others) > 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    database.count("SELECT sum(idx_tup_read)::int8 FROM pg_stat_user_indexes")
}

#[test]
fn what_a_commit_reads_does_not_grow_with_what_stands() {
    const FILES: i64 = 1_000;
    let database = Database::new();
    let mut store = database.store(3);
    for number in 0..FILES {
        let file = shapes(&format!("src/{number}.ts"), 3);
        store.commit(&file, &recipe()).unwrap();
    }
    drop(store);
    // Those of a file are a dozen; the planner may take all of a small table at once.
    let each = rows_read(&database) / FILES;
    assert!((1..1_000).contains(&each), "{each} rows for each file");
}

#[test]
fn two_repositories_hold_the_same_path_side_by_side() {
    let database = Database::new();
    database
        .store(3)
        .commit(&shapes("a.ts", 3), &recipe())
        .unwrap();
    let mut config = database.config(3);
    config.repository = RepositoryName::new("o'brien; --").unwrap();
    let mut other = Store::open(&config).unwrap();
    other.commit(&shapes("a.ts", 3), &recipe()).unwrap();
    other.commit(&shapes("a.ts", 3), &recipe()).unwrap();
    let each =
        "SELECT count(*) FROM (SELECT FROM code_chunks GROUP BY repository HAVING count(*) = 4) r";
    assert_eq!(database.count(each), 2);
}

#[test]
fn u_0000_and_endless_names_are_made_to_fit() {
    let database = Database::new();
    let mut file = FileBuilder::new("odd.ts")
        .definition(
            ChunkKind::Function,
            &format!("{}.f", "é".repeat(5_000)),
            (1, 2),
        )
        .definition(ChunkKind::Function, "z\0ero", (3, 4))
        .build();
    file.definitions[0].name = "n".repeat(9_000);
    file.chunks[0].name = "n".repeat(9_000);
    for (chunk, key, value) in [
        (0, "return_type", json!("T".repeat(9_000))),
        (1, "doc\0", json!(["a\0b"])),
    ] {
        let metadata = &mut file.chunks[chunk].metadata;
        *metadata = metadata.with([(key.to_owned(), value)]);
    }
    file.chunks[1].source_code.push('\0');
    file.notes.push("a note with \0".to_owned());
    database
        .store(3)
        .commit(&embedded(file, 3), &recipe())
        .unwrap();
    assert_eq!(
        database.count("SELECT count(*) FROM code_chunks WHERE metadata::text LIKE '%a\u{fffd}b%'"),
        1
    );
    assert_eq!(
        database.count("SELECT max(length(label))::int8 FROM nodes"),
        100
    );
}

#[test]
fn a_file_that_is_not_whole_is_refused_and_the_old_one_stays() {
    let database = Database::new();
    let mut store = database.store(3);
    store.commit(&shapes("a.ts", 3), &recipe()).unwrap();
    let before = everything(&database);

    let mut missing = shapes("a.ts", 3);
    missing.vectors.pop();
    let mut wide = shapes("a.ts", 4);
    wide.file.digest = Digest::of(b"new");
    let mut twice = shapes("a.ts", 3);
    let copy = (twice.file.chunks[1].clone(), twice.vectors[1].clone());
    twice.file.chunks.push(copy.0);
    twice.vectors.push(copy.1);
    for (broken, said) in [
        (missing, "vectors of 3"),
        (wide, "4 dimensions instead of 3"),
        (twice, "duplicate key"),
    ] {
        let error = store.commit(&broken, &Recipe::of(&["new"])).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
        assert_eq!(error.blame(), Blame::File, "{error}");
    }
    assert_eq!(everything(&database), before);
    store.commit(&shapes("b.ts", 3), &recipe()).unwrap();
}

#[test]
fn a_role_that_is_turned_off_has_no_vectors() {
    let database = Database::new();
    let mut config = database.config(3);
    config.models.text = None;
    let mut store = Store::open(&config).unwrap();
    let mut file = shapes("a.ts", 3);
    for vectors in &mut file.vectors {
        vectors.text = None;
    }
    store.commit(&file, &recipe()).unwrap();
    assert_eq!(
        database
            .count("SELECT count(embedding_text) + count(embedding_text_half) FROM code_chunks"),
        0
    );
    assert_eq!(
        database.count("SELECT count(embedding_code_half) FROM code_chunks"),
        4
    );
    let error = store.commit(&shapes("a.ts", 3), &recipe()).unwrap_err();
    assert!(matches!(error, StoreError::Unfit { .. }), "{error}");
}

/// Ends every connection to the database but the one that asks for it.
fn disconnect(database: &Database) {
    let script = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    database.client().batch_execute(script).unwrap();
}

#[test]
fn a_lost_connection_is_opened_again_and_the_file_done_once() {
    let database = Database::new();
    let mut store = database.store(3);
    store.commit(&shapes("a.ts", 3), &recipe()).unwrap();
    disconnect(&database);
    store.commit(&shapes("b.ts", 3), &recipe()).unwrap();
    assert_eq!(database.count("SELECT count(*) FROM code_chunks"), 8);
}

#[test]
fn a_walk_goes_on_where_its_connection_was_lost_and_retires_what_has_gone() {
    let database = Database::new();
    let script = "
        INSERT INTO indexed_files (repository, file_path, language, digest, recipe, chunk_count, lines_of_code)
        SELECT 'sample', 'src/' || lpad(n::text, 4, '0') || '.ts', 'typescript', sha256(''), sha256(''), 1, 1
        FROM generate_series(1, 1000) n";
    let store = database.store(3);
    database.client().batch_execute(script).unwrap();
    let mut walk = Standing::open(store, "").unwrap();
    for number in 1..=1000 {
        if number % 300 == 0 {
            disconnect(&database);
        }
        let found = walk.look_up(&path(&format!("src/{number:04}.ts"))).unwrap();
        assert!(found.is_some(), "{number}");
    }
    assert_eq!(walk.retire(false).unwrap(), Retired::Files(0));

    let mut walk = Standing::open(database.store(3), "").unwrap();
    for number in 401..=1000 {
        walk.look_up(&path(&format!("src/{number:04}.ts"))).unwrap();
        if number == 600 {
            disconnect(&database);
        }
    }
    disconnect(&database);
    assert_eq!(walk.retire(false).unwrap(), Retired::Files(400));
    assert_eq!(database.count("SELECT count(*) FROM indexed_files"), 600);
    assert_eq!(database.count("SELECT count(*) FROM retiring"), 0);
}

#[test]
fn two_writers_of_one_file_both_succeed() {
    let database = Database::new();
    let mut stores = [database.store(3), database.store(3)];
    std::thread::scope(|scope| {
        for store in &mut stores {
            scope.spawn(|| {
                for _ in 0..50 {
                    store.commit(&shapes("a.ts", 3), &recipe()).unwrap();
                }
            });
        }
    });
    assert_eq!(database.count("SELECT count(*) FROM code_chunks"), 4);
}
