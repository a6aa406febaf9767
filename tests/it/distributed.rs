//! A database of many machines: the tables that we make follow Citus' rules, and
//! what breaks one is found.
//!
//! No server here has Citus: what is tested is that nothing would keep it from
//! distributing the tables. `scripts/eval/citus` runs the program on one that has it.

use mnemo_index::store::{Archive, StoreError};

use crate::cluster::Database;
use crate::program::{self, Ended, Program};

fn distribute(database: &Database, options: &[&str]) -> Ended {
    let arguments = ["db", "distribute"]
        .into_iter()
        .chain(options.iter().copied());
    Program::on(database, arguments).run()
}

/// What is found after `change`, in a database of its own.
fn faults_after(change: &str) -> Vec<String> {
    let database = Database::new();
    drop(database.store(3));
    database.client().batch_execute(change).unwrap();
    match Archive::open(&database.url).unwrap().distribution() {
        Ok(_) => Vec::new(),
        Err(StoreError::NotDistributable { faults }) => faults,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn the_tables_we_make_follow_the_rules_and_what_breaks_one_is_named() {
    assert_eq!(faults_after(""), Vec::<String>::new());
    let cases = [
        (
            "ALTER TABLE code_chunks ADD UNIQUE (id)",
            "the key code_chunks_id_key of code_chunks does not hold repository",
        ),
        (
            "CREATE UNIQUE INDEX paths ON indexed_files (file_path) INCLUDE (repository)",
            "the key paths of indexed_files does not hold repository",
        ),
        (
            "ALTER TABLE runs DROP CONSTRAINT runs_pkey; ALTER TABLE runs ADD PRIMARY KEY (run_id)",
            "the key runs_pkey of runs does not hold repository",
        ),
        (
            "ALTER TABLE graphs ADD EXCLUDE USING btree (made_from WITH =)",
            "the key graphs_made_from_excl of graphs does not hold repository",
        ),
        (
            "ALTER TABLE file_symbols ADD CONSTRAINT crossed FOREIGN KEY (file_path, repository)
                REFERENCES indexed_files (repository, file_path)",
            "the foreign key crossed of file_symbols does not tie repository to repository",
        ),
        (
            "CREATE TABLE languages (name text PRIMARY KEY);
             ALTER TABLE indexed_files ADD CONSTRAINT known FOREIGN KEY (language) REFERENCES languages",
            "the foreign key known of indexed_files refers to languages, which stays on one machine",
        ),
        (
            "CREATE TABLE notes (repository text, file_path text, CONSTRAINT about
                FOREIGN KEY (repository, file_path) REFERENCES indexed_files)",
            "the foreign key about of notes refers to indexed_files, and notes is not by repository",
        ),
        (
            "ALTER TABLE file_symbols ADD CONSTRAINT moving FOREIGN KEY (repository, file_path)
                REFERENCES indexed_files ON UPDATE CASCADE",
            "the foreign key moving of file_symbols changes its own columns",
        ),
        (
            "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
             CREATE TRIGGER busy BEFORE INSERT ON nodes FOR EACH ROW EXECUTE FUNCTION nothing()",
            "nodes has the trigger busy",
        ),
        (
            "ALTER TABLE runs ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY",
            "number of runs is an identity column",
        ),
        (
            "ALTER TABLE runs ADD COLUMN number serial",
            "number of runs comes from a sequence smaller than bigint",
        ),
        (
            "ALTER TABLE indexing_errors ALTER COLUMN repository TYPE varchar(255)",
            "repository of indexing_errors may be empty, is generated or is no text",
        ),
    ];
    for (change, fault) in cases {
        assert_eq!(faults_after(change), [fault], "{change}");
    }
}

#[test]
fn a_foreign_key_to_a_table_that_is_everywhere_is_allowed() {
    let to_model = "ALTER TABLE runs ADD COLUMN role text REFERENCES embedding_models";
    assert_eq!(faults_after(to_model), Vec::<String>::new());
}

/// A table that nobody thought of when it was made would stay on one machine.
#[test]
fn every_table_is_distributed_or_everywhere() {
    let database = Database::new();
    drop(database.store(3));
    let told = distribute(&database, &["--dry-run"]).stdout();
    let tables = database.client().query(
        "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
        &[],
    );
    for table in tables.unwrap() {
        let table: String = table.get(0);
        let is_spread = told.contains(&format!("create_distributed_table('{table}', 'repository'"));
        let is_copied = told.contains(&format!("create_reference_table('{table}')"));
        // Only whoever migrates asks for the history.
        assert!(
            is_spread != is_copied || table == "mnemo_schema_history",
            "{table}"
        );
    }
}

#[test]
fn without_the_extension_the_steps_are_told_and_refused() {
    let (shop, database) = (program::shop(), Database::new());
    Program::index(shop.path(), &database).events(0);
    for options in [&[][..], &["--dry-run"]] {
        let ended = distribute(&database, options);
        assert_eq!(ended.code(), 1);
        let told = ended.stdout();
        let chunks = told
            .find("'code_chunks', 'repository', colocate_with => 'none'")
            .unwrap();
        let edges = told
            .find("'edges', 'repository', colocate_with => 'code_chunks'")
            .unwrap();
        assert!(chunks < edges, "a table comes after those it refers to");
        let (error, hint) = ended.complaint();
        assert!(
            error.contains("the server does not have the extension citus"),
            "{error}"
        );
        assert!(hint.contains("CREATE EXTENSION citus"), "{hint}");
    }
    let unchanged = Program::index(shop.path(), &database).events(0);
    assert_eq!(unchanged.summary()["files"]["unchanged"], 6);
}

#[test]
fn a_database_of_mnemolite_or_without_an_index_is_refused() {
    let ended = distribute(&Database::new(), &[]);
    assert_eq!(ended.code(), 6, "{}", ended.stderr());
    let database = Database::of_mnemolite();
    drop(database.store(768));
    let ended = distribute(&database, &["--dry-run"]);
    assert_eq!((ended.code(), ended.stdout().as_str()), (1, ""));
    let (error, hint) = ended.complaint();
    assert!(error.contains("MnemoLite made this database"), "{error}");
    assert!(hint.contains("--database-url"), "{hint}");
}

#[test]
fn what_was_added_to_the_tables_is_told_in_one_line() {
    let database = Database::new();
    drop(database.store(3));
    let change = "ALTER TABLE nodes ADD UNIQUE (node_id); ALTER TABLE runs ADD UNIQUE (run_id)";
    database.client().batch_execute(change).unwrap();
    let (error, hint) = distribute(&database, &[]).complaint();
    let both = "the key nodes_node_id_key of nodes does not hold repository; the key runs_run_id_key of runs";
    assert!(error.contains(both), "{error}");
    assert!(!hint.is_empty());
}
