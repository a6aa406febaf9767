//! The questions that MnemoLite's API and pages ask, on a database of ours and
//! on one that MnemoLite made, with answers counted by hand.

use mnemo_index::chunk::ChunkKind;
use mnemo_index::store::Store;
use postgres::Client;
use postgres::types::ToSql;

use crate::cluster::Database;
use crate::samples::{FileBuilder, embedded, known, recipe, shapes};

const WIDTH: usize = 768;

/// `shapes.ts`, a configuration file and a file in a package, committed and finished.
fn indexed(database: &Database) -> Store {
    let config_file = FileBuilder::new("vite.config.ts")
        .chunk(ChunkKind::ConfigModule, "", (1, 5))
        .build();
    let mut store = database.store(WIDTH);
    store
        .commit(&shapes("src/shapes.ts", WIDTH), &recipe())
        .unwrap();
    store
        .commit(&embedded(config_file, WIDTH), &recipe())
        .unwrap();
    store
        .commit(&shapes("packages/core/src/ui/button.ts", WIDTH), &recipe())
        .unwrap();
    store.finish().unwrap();
    store
}

/// Both kinds of database, so that each question is asked of each.
fn both() -> [Database; 2] {
    [Database::new(), Database::of_mnemolite()]
}

/// The rows of a query, each as one line of text.
fn lines(client: &mut Client, query: &str, values: &[&(dyn ToSql + Sync)]) -> Vec<String> {
    let as_text = format!(
        "SELECT array_to_string(array(SELECT value FROM jsonb_each_text(to_jsonb(q))), ' ') FROM ({query}) q"
    );
    client
        .query(&as_text, values)
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect()
}

#[test]
fn the_three_questions_after_a_run() {
    for database in both() {
        indexed(&database);
        let mut client = database.client();
        let mut ask = |query: &str| lines(&mut client, query, &[]);
        assert_eq!(
            ask(
                "SELECT COUNT(*), language FROM code_chunks WHERE repository = 'sample' GROUP BY language"
            ),
            ["9 typescript"]
        );
        assert_eq!(
            ask(
                "SELECT COUNT(*), node_type FROM nodes WHERE properties->>'repository' = 'sample' GROUP BY node_type ORDER BY 2"
            ),
            ["2 Class", "1 Config", "2 Function", "2 Method", "3 Module"]
        );
        assert_eq!(
            ask("SELECT COUNT(*), relation_type FROM edges e JOIN nodes n ON e.source_node_id = n.node_id
                 WHERE n.properties->>'repository' = 'sample' GROUP BY relation_type"),
            ["7 contains"]
        );
    }
}

#[test]
fn the_pages_of_the_graph() {
    for database in both() {
        indexed(&database);
        let mut client = database.client();
        let mut ask = |query: &str| lines(&mut client, query, &[]);
        assert_eq!(
            ask("SELECT DISTINCT properties->>'repository' FROM nodes"),
            ["sample"]
        );
        assert_eq!(
            ask("SELECT properties->>'name' AS a, properties->'imports' AS b, (properties->>'exports_count')::int AS c,
                    (properties->>'loc')::int AS d, (properties->>'chunk_count')::int AS e, properties->>'language' AS f
                 FROM nodes WHERE node_type = 'Module' AND properties->>'repository' = 'sample' ORDER BY properties->>'name'"),
            [
                r#"packages/core/src/ui/button.ts ["./geometry.Point", "./geometry"] 2 18 4 typescript"#,
                r#"src/shapes.ts ["./geometry.Point", "./geometry"] 2 18 4 typescript"#,
                r#"vite.config.ts ["./geometry.Point", "./geometry"] 0 18 1 typescript"#,
            ]
        );
        assert_eq!(
            ask("SELECT n.label AS a, properties->>'start_line' AS b, properties->>'end_line' AS c,
                    properties->>'cyclomatic_complexity' AS d, properties->>'lines_of_code' AS e,
                    properties->>'parent_package' AS f, properties->>'parent_module' AS g, c.name AS h
                 FROM nodes n LEFT JOIN code_chunks c ON (n.properties->>'chunk_id')::uuid = c.id
                 WHERE n.properties->>'file_path' LIKE '%button.ts' AND n.node_type = 'Method'"),
            ["area 5 8 3 7 core ui area"]
        );
        assert_eq!(
            ask("SELECT n.properties->>'name' AS a, m.cyclomatic_complexity AS b, m.cognitive_complexity AS c, m.lines_of_code AS d
                 FROM computed_metrics m JOIN nodes n USING (node_id)
                 WHERE m.repository = 'sample' AND m.version = 1 AND n.label IN ('area', 'src/shapes.ts')
                 ORDER BY pagerank_score DESC NULLS LAST, 1"),
            ["area 3 2 7", "area 3 2 7", "src/shapes.ts 3 2 18"]
        );
        assert_eq!(
            ask("WITH RECURSIVE walk AS (
                    SELECT node_id, 0 AS depth FROM nodes WHERE label = 'src/shapes.ts'
                    UNION SELECT e.target_node_id, depth + 1 FROM walk JOIN edges e ON e.source_node_id = walk.node_id
                    WHERE e.relation_type = 'contains' AND depth < 3)
                 SELECT depth AS a, label AS b FROM walk JOIN nodes USING (node_id) ORDER BY 1, 2"),
            ["0 src/shapes.ts", "1 Shape", "1 main", "2 area"]
        );
    }
}

#[test]
fn the_pages_of_projects_and_code() {
    for database in both() {
        indexed(&database);
        let mut client = database.client();
        let mut ask = |query: &str| lines(&mut client, query, &[]);
        assert_eq!(
            ask("SELECT COUNT(DISTINCT file_path) AS a, COUNT(*) AS b, array_agg(DISTINCT language) AS c,
                    SUM(end_line - start_line + 1) AS d, MAX(indexed_at) > now() - interval '1 minute' AS e
                 FROM code_chunks GROUP BY repository"),
            [r#"3 9 ["typescript"] 51 true"#]
        );
        assert_eq!(
            ask(
                "SELECT AVG((metadata->'complexity'->>'cyclomatic')::int)::int AS a,
                    SUM((metadata->'complexity'->>'lines_of_code')::int) AS b
                 FROM code_chunks WHERE chunk_type IN ('function', 'method', 'class')"
            ),
            ["3 42"]
        );
        assert_eq!(
            ask("SELECT count(*) FROM code_chunks WHERE language = 'typescript' AND file_path LIKE '%shapes%'
                 AND return_type ILIKE '%numb%' AND EXISTS (
                    SELECT FROM jsonb_each_text(metadata->'param_types') p WHERE p.value = 'number')"),
            ["4"]
        );
        assert_eq!(
            ask(
                "SELECT count(*) FROM detailed_metadata WHERE version = 1 AND metadata ? 'complexity'"
            ),
            ["10"]
        );
    }
}

#[test]
fn vector_search_finds_the_nearest_through_the_index() {
    for database in both() {
        indexed(&database);
        let mut client = database.client();
        client.batch_execute("SET hnsw.iterative_scan = relaxed_order; SET enable_seqscan = off; SET enable_sort = off").unwrap();
        let mut wanted = vec!["0"; WIDTH];
        wanted[3] = "1";
        let wanted = format!("[{}]", wanted.join(","));
        let search = "SELECT name FROM code_chunks WHERE embedding_code_half IS NOT NULL AND repository = 'sample'
                      ORDER BY embedding_code_half <=> ($1::text)::halfvec LIMIT 2";
        let found: Vec<String> = client
            .query(search, &[&wanted])
            .unwrap()
            .iter()
            .map(|row| row.get(0))
            .collect();
        assert_eq!(found, ["area", "area"]);
        let plan = format!(
            "EXPLAIN {}",
            search.replace("($1::text)", &format!("'{wanted}'"))
        );
        let plan: Vec<String> = client
            .query(&plan, &[])
            .unwrap()
            .iter()
            .map(|row| row.get(0))
            .collect();
        assert!(
            plan.iter()
                .any(|line| line.contains("idx_code_emb_code_half")),
            "{plan:#?}"
        );
    }
}

#[test]
fn a_database_of_mnemolite_keeps_its_keys_and_gains_only_nullable_columns() {
    let database = Database::of_mnemolite();
    let columns = "SELECT string_agg(table_name || '.' || column_name, ' ' ORDER BY 1) FROM information_schema.columns
                   WHERE table_schema = 'public' AND is_nullable = 'NO'
                   AND table_name IN ('code_chunks', 'nodes', 'edges', 'computed_metrics', 'edge_weights', 'detailed_metadata',
                       'indexing_errors')";
    let keys = "SELECT string_agg(conrelid::regclass || ' ' || pg_get_constraintdef(oid), '; ' ORDER BY 1)
                FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
                AND conrelid::regclass::text IN ('code_chunks', 'nodes', 'edges', 'computed_metrics', 'edge_weights',
                       'detailed_metadata', 'indexing_errors')";
    let ask = |query| {
        database
            .client()
            .query_one(query, &[])
            .unwrap()
            .get::<_, String>(0)
    };
    let before = (ask(columns), ask(keys));
    indexed(&database);
    assert_eq!((ask(columns), ask(keys)), before);
}

#[test]
fn files_are_replaced_in_a_database_of_mnemolite_too() {
    let database = Database::of_mnemolite();
    let mut store = indexed(&database);
    database
        .client()
        .batch_execute(
            "INSERT INTO nodes (node_id, node_type, label) VALUES (gen_random_uuid(), 'Memory', 'of another feature');
             INSERT INTO code_chunks (file_path, language, chunk_type, source_code) VALUES ('/app/x.py', 'python', 'function', '')",
        )
        .unwrap();
    let smaller = FileBuilder::new("src/shapes.ts")
        .definition(ChunkKind::Function, "main", (1, 4))
        .build();
    store.commit(&embedded(smaller, WIDTH), &recipe()).unwrap();
    assert_eq!(
        database.count("SELECT count(*) FROM code_chunks WHERE file_path = 'src/shapes.ts'"),
        1
    );
    assert_eq!(
        database.count("SELECT count(*) FROM nodes WHERE file_path = 'src/shapes.ts'"),
        2
    );
    assert_eq!(database.count("SELECT count(*) FROM edges"), 5);
    assert_eq!(database.count("SELECT count(*) FROM computed_metrics"), 8);
    assert_eq!(
        database.count("SELECT count(*) FROM nodes WHERE node_type = 'Memory'"),
        1
    );
    assert_eq!(
        database.count("SELECT count(*) FROM code_chunks WHERE language = 'python'"),
        1
    );
    assert!(known(store, "src/shapes.ts").is_some());
}

#[test]
fn a_database_of_mnemolite_is_not_made_wider() {
    let database = Database::of_mnemolite();
    let error = Store::open(&database.config(384)).unwrap_err();
    assert!(
        error.to_string().contains("768") && error.to_string().contains("384"),
        "{error}"
    );
}

#[test]
fn a_generated_repository_column_is_not_written() {
    let database = Database::of_mnemolite();
    database
        .client()
        .batch_execute(
            "ALTER TABLE code_chunks DROP COLUMN repository;
             ALTER TABLE code_chunks ADD COLUMN repository text GENERATED ALWAYS AS (metadata ->> 'repository') STORED",
        )
        .unwrap();
    indexed(&database);
    assert_eq!(
        database.count("SELECT count(*) FROM code_chunks WHERE repository = 'sample'"),
        9
    );
}

#[test]
fn a_database_of_its_first_year_gains_the_columns_that_came_later() {
    let database = Database::of_mnemolite();
    database
        .client()
        .batch_execute(
            "DROP TRIGGER trg_sync_halfvec_embeddings ON code_chunks;
             ALTER TABLE code_chunks DROP COLUMN embedding_text_half, DROP COLUMN embedding_code_half,
                DROP COLUMN name_path, DROP COLUMN return_type;
             ALTER TABLE edges DROP COLUMN weight, DROP COLUMN is_external",
        )
        .unwrap();
    indexed(&database);
    assert_eq!(
        database.count("SELECT count(*) FROM code_chunks WHERE embedding_code_half IS NOT NULL"),
        9
    );
}
