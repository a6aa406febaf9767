//! The method of the vector index is a setting, and one that the server does not
//! have is refused before anything is written.
//!
//! No server here has pgvectorscale or is `YugabyteDB`: pgvector's own method is
//! given their names, and the operators that they have.

use crate::cluster::Database;
use crate::program::{self, Program};

/// pgvector's `hnsw` under another name, for whole vectors only, as the others are.
fn named(method: &str) -> String {
    format!(
        "CREATE EXTENSION IF NOT EXISTS vector;
         CREATE ACCESS METHOD {method} TYPE INDEX HANDLER hnswhandler;
         CREATE OPERATOR CLASS vector_cosine_ops FOR TYPE vector USING {method} AS
            OPERATOR 1 <=> (vector, vector) FOR ORDER BY float_ops,
            FUNCTION 1 vector_negative_inner_product(vector, vector),
            FUNCTION 2 vector_norm(vector)"
    )
}

fn indexes(database: &Database) -> Vec<(String, String)> {
    let rows = database.client().query(
        "SELECT c.relname::text, m.amname::text FROM pg_index i
         JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
         WHERE i.indrelid = 'code_chunks'::regclass AND i.indisvalid AND m.amname NOT IN ('btree', 'gin') ORDER BY 1",
        &[],
    );
    rows.unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect()
}

fn pairs(method: &str, names: [&str; 2]) -> Vec<(String, String)> {
    names
        .map(|name| (name.to_owned(), method.to_owned()))
        .to_vec()
}

const OF_HALVES: [&str; 2] = ["idx_code_emb_code_half", "idx_code_emb_text_half"];
const OF_VECTORS: [&str; 2] = ["idx_code_emb_code", "idx_code_emb_text"];

#[test]
fn the_index_that_is_built_is_of_the_method_that_was_named() {
    let shop = program::shop();
    for method in ["diskann", "ybhnsw"] {
        let database = Database::new();
        database.client().batch_execute(&named(method)).unwrap();
        let run = || Program::index(shop.path(), &database).env("MNEMO_VECTOR_INDEX", method);
        run().events(0);
        assert_eq!(indexes(&database), pairs(method, OF_VECTORS));
        let asked = "SET enable_seqscan = off; EXPLAIN SELECT id FROM code_chunks ORDER BY embedding_code <=> \
                     (SELECT embedding_code FROM code_chunks LIMIT 1) LIMIT 3";
        let plan = format!("{:?}", database.client().simple_query(asked).unwrap());
        assert!(
            plan.contains("Index Scan using idx_code_emb_code on"),
            "{plan}"
        );
        // What stands stays, whatever the next run names.
        run().args(["--vector-index", "hnsw", "--full"]).events(0);
        assert_eq!(indexes(&database), pairs(method, OF_VECTORS));
    }
}

#[test]
fn without_a_word_it_is_pgvectors_and_with_none_there_is_no_index_yet() {
    let (shop, database) = (program::shop(), Database::new());
    let run = || Program::index(shop.path(), &database);
    run().args(["--vector-index", "none"]).events(0);
    assert_eq!(indexes(&database), []);
    run().events(0);
    assert_eq!(indexes(&database), pairs("hnsw", OF_HALVES));
}

#[test]
fn a_finish_builds_the_method_that_it_was_told() {
    let (shop, database) = (program::shop(), Database::new());
    database.client().batch_execute(&named("diskann")).unwrap();
    Program::index(shop.path(), &database)
        .args(["--shard", "1/1"])
        .events(0);
    let dir = shop.path().to_str().unwrap();
    let finish = [
        "finish",
        dir,
        "--repository",
        "sample",
        "--vector-index",
        "diskann",
    ];
    let ended = Program::on(&database, finish).run();
    assert_eq!(ended.code(), 0, "{}", ended.stderr());
    assert_eq!(indexes(&database), pairs("diskann", OF_VECTORS));
}

#[test]
fn a_method_that_the_server_lacks_is_refused_before_anything_is_written() {
    let (shop, database) = (program::shop(), Database::new());
    let cases = [
        ("diskann", "CREATE EXTENSION vectorscale"),
        ("ybhnsw", "YugabyteDB"),
    ];
    for (method, way_out) in cases {
        let ended = Program::index(shop.path(), &database)
            .args(["--vector-index", method])
            .run();
        assert_eq!(ended.code(), 1);
        let (error, hint) = ended.complaint();
        assert!(
            error.contains(&format!("no vector index of the method {method}")),
            "{error}"
        );
        assert!(
            hint.contains(way_out) && hint.contains("--vector-index"),
            "{hint}"
        );
    }
    let ours = "SELECT count(*) FROM pg_class WHERE relname IN ('code_chunks', 'indexed_files')";
    assert_eq!(database.count(ours), 0);
    let ended = Program::index(shop.path(), &database)
        .args(["--vector-index", "ivf"])
        .run();
    assert_eq!(ended.code(), 2);
}
