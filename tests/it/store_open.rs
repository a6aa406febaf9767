//! Opening a database: what it takes, what is refused, and what the user is told.

use std::net::TcpListener;
use std::time::Duration;

use mnemo_index::names::{ModelId, RepositoryName};
use mnemo_index::store::embedded::Cluster;
use mnemo_index::store::{
    Blame, DatabaseUrl, Role, RoleModel, Store, StoreConfig, StoreError, VectorIndex,
    create_database,
};

use postgres::{Client, NoTls};

use crate::cluster::{Database, models};
use crate::embedded_life::Home;
use crate::samples::{recipe, shapes};

/// How many numbered files the store has, each applied once.
fn migrations() -> i64 {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/migrations");
    i64::try_from(std::fs::read_dir(folder).unwrap().count()).unwrap()
}

fn refusal(config: &StoreConfig) -> StoreError {
    let error = Store::open(config).unwrap_err();
    assert_eq!(error.blame(), Blame::Database);
    assert!(error.hint().is_some(), "no hint for: {error}");
    error
}

/// The same server over its socket, with parts of the address replaced.
fn changed(database: &Database, from: &str, to: &str) -> DatabaseUrl {
    DatabaseUrl::new(&database.url.expose().replace(from, to)).unwrap()
}

#[test]
fn opening_twice_changes_nothing() {
    let database = Database::new();
    database
        .store(3)
        .commit(&shapes("a.ts", 3), &recipe())
        .unwrap();
    drop(database.store(3));
    assert_eq!(database.count("SELECT count(*) FROM code_chunks"), 4);
    assert_eq!(
        database.count("SELECT count(*) FROM mnemo_schema_history"),
        migrations()
    );
}

#[test]
fn stores_opened_at_once_on_a_fresh_database_migrate_it_once() {
    let database = Database::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| drop(database.store(3)));
        }
    });
    assert_eq!(
        database.count("SELECT count(*) FROM mnemo_schema_history"),
        migrations()
    );
}

#[test]
fn another_width_is_refused_with_both_widths_and_the_way_out() {
    let database = Database::new();
    database
        .store(3)
        .commit(&shapes("a.ts", 3), &recipe())
        .unwrap();
    let error = refusal(&database.config(5));
    assert_eq!(
        error.to_string(),
        "the database stores TEXT vectors of 3 dimensions, but the model model-5 makes 5"
    );
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("db create") && hint.contains("--database-url"),
        "{hint}"
    );
}

#[test]
fn another_model_of_the_same_width_is_refused() {
    let database = Database::new();
    database
        .store(3)
        .commit(&shapes("a.ts", 3), &recipe())
        .unwrap();
    let mut config = database.config(3);
    config.models.code.as_mut().unwrap().id = ModelId::new("other").unwrap();
    let error = refusal(&config);
    assert!(
        matches!(
            &error,
            StoreError::OtherModel {
                role: Role::Code,
                ..
            }
        ),
        "{error}"
    );
    let text = error.to_string();
    assert!(text.contains("model-3") && text.contains("other"), "{text}");

    let mut config = database.config(3);
    config.models.text.as_mut().unwrap().digest = "changed".to_owned();
    assert!(matches!(
        refusal(&config),
        StoreError::OtherModel {
            role: Role::Text,
            ..
        }
    ));
}

#[test]
fn a_database_that_holds_no_vectors_yet_takes_other_models() {
    let database = Database::new();
    drop(database.store(3));
    database.store(5).finish().unwrap();
    let mut store = database.store(4);
    store.commit(&shapes("a.ts", 4), &recipe()).unwrap();
    assert_eq!(
        store.finish().unwrap(),
        2,
        "the indexes went with the width"
    );
    refusal(&database.config(5));
}

#[test]
fn a_role_turned_on_later_needs_the_width_of_its_column() {
    let database = Database::new();
    let mut code_only = database.config(3);
    code_only.models.text = None;
    let mut store = Store::open(&code_only).unwrap();
    let mut file = shapes("a.ts", 3);
    file.vectors
        .iter_mut()
        .for_each(|vectors| vectors.text = None);
    store.commit(&file, &recipe()).unwrap();
    // No TEXT vector is there yet, so the column still follows the model.
    let mut both = database.config(3);
    both.models.text = Some(RoleModel {
        width: 4,
        ..models(4).text.unwrap()
    });
    let mut store = Store::open(&both).unwrap();
    for vectors in &mut file.vectors {
        vectors.text = Some(crate::samples::unit(4, 0));
    }
    store.commit(&file, &recipe()).unwrap();
}

#[test]
fn a_server_that_is_down_is_named() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut config = Database::new().config(3);
    config.url =
        DatabaseUrl::new(&format!("postgresql://me:s3cret@127.0.0.1:{port}/code")).unwrap();
    let error = refusal(&config);
    assert!(matches!(error, StoreError::ServerDown { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(&format!("127.0.0.1:{port}")), "{text}");
    assert!(!text.contains("s3cret"), "{text}");
}

#[test]
fn a_database_that_does_not_exist_is_named() {
    let database = Database::new();
    let mut config = database.config(3);
    config.url = changed(&database, database.url.database(), "no_such_database");
    let error = refusal(&config);
    assert!(matches!(error, StoreError::NoDatabase { .. }), "{error:?}");
    assert!(error.to_string().contains("no_such_database"));
    assert!(create_database(&database.url, "made here \"quoted\"").unwrap());
    assert!(!create_database(&database.url, "made here \"quoted\"").unwrap());
}

#[test]
fn a_user_that_does_not_exist_is_refused() {
    let database = Database::new();
    let mut config = database.config(3);
    config.url = changed(&database, "mnemo@", "nobody_knows@");
    let error = refusal(&config);
    assert!(
        matches!(error, StoreError::LoginRefused { .. }),
        "{error:?}"
    );
}

#[test]
fn a_user_without_the_right_to_create_is_told_so() {
    let database = Database::new();
    database
        .client()
        .batch_execute("DO $$ BEGIN CREATE ROLE guest LOGIN; EXCEPTION WHEN OTHERS THEN NULL; END $$; CREATE EXTENSION vector")
        .unwrap();
    let mut config = database.config(3);
    config.url = changed(&database, "mnemo@", "guest@");
    let error = refusal(&config);
    assert!(matches!(error, StoreError::Rights { .. }), "{error:?}");
}

#[test]
fn a_user_who_may_only_write_rows_can_index() {
    let database = Database::new();
    let mut owner = database.store(3);
    owner.finish().unwrap();
    database
        .client()
        .batch_execute(
            "DO $$ BEGIN CREATE ROLE writer LOGIN; EXCEPTION WHEN OTHERS THEN NULL; END $$;
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO writer;
             GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO writer",
        )
        .unwrap();
    let mut config = database.config(3);
    config.url = changed(&database, "mnemo@", "writer@");
    let mut store = Store::open(&config).unwrap();
    store.commit(&shapes("a.ts", 3), &recipe()).unwrap();
    assert_eq!(store.finish().unwrap(), 0);
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let database = Database::new();
    drop(database.store(3));
    database
        .client()
        .batch_execute("INSERT INTO mnemo_schema_history SELECT 9999, name, applied_on, checksum FROM mnemo_schema_history LIMIT 1")
        .unwrap();
    let error = refusal(&database.config(3));
    assert!(
        matches!(error, StoreError::SchemaTooNew { found: 9999, .. }),
        "{error:?}"
    );
}

#[test]
fn the_vector_indexes_are_built_at_the_end_of_the_first_run_only() {
    let database = Database::new();
    let mut first = database.store(3);
    first.commit(&shapes("a.ts", 3), &recipe()).unwrap();
    assert_eq!(first.finish().unwrap(), 2);
    let mut second = database.store(3);
    second.commit(&shapes("b.ts", 3), &recipe()).unwrap();
    assert_eq!(second.finish().unwrap(), 0);
    let names =
        "SELECT count(*) FROM pg_indexes WHERE indexdef LIKE '%hnsw%ef_construction=''128''%'
                 AND indexname IN ('idx_code_emb_text_half', 'idx_code_emb_code_half')";
    assert_eq!(database.count(names), 2);
}

/// A server that asks the role `locked` for a password.
#[test]
fn a_wrong_password_is_refused_and_not_repeated() {
    let home = Home::new();
    let rules = home.folder.path().join("rules");
    std::fs::write(
        &rules,
        "local all locked scram-sha-256\nlocal all all trust\n",
    )
    .unwrap();
    let mut settings = home.config();
    settings
        .settings
        .push(("hba_file".to_owned(), rules.display().to_string()));
    let cluster = Cluster::acquire(&settings).unwrap();
    let mut client = Client::connect(cluster.url("postgres").expose(), NoTls).unwrap();
    client
        .batch_execute("CREATE ROLE locked LOGIN PASSWORD 'right'")
        .unwrap();

    let login = |user: &str| {
        let url = cluster
            .url("postgres")
            .expose()
            .replace("mnemo@", &format!("{user}@"));
        StoreConfig {
            url: DatabaseUrl::new(&url).unwrap(),
            repository: RepositoryName::new("sample").unwrap(),
            models: models(3),
            commit: None,
            patience: Duration::ZERO,
            vector_index: VectorIndex::default(),
        }
    };
    for user in ["locked:wr0ng", "locked"] {
        let error = refusal(&login(user));
        assert!(
            matches!(error, StoreError::LoginRefused { .. }),
            "{error:?}"
        );
        assert!(!format!("{error} {error:?}").contains("wr0ng"), "{error:?}");
    }
    let error = refusal(&login("locked:right"));
    assert!(
        matches!(error, StoreError::Rights { .. }),
        "let in, but not to create: {error:?}"
    );
}

/// The server's list of what it has is a view, and another can stand before it.
#[test]
fn a_server_without_pgvector_or_with_an_old_one_is_told_apart() {
    let database = Database::new();
    let list_as = |view: &str| {
        let name = database.url.database();
        let script = format!(
            "DROP SCHEMA IF EXISTS other CASCADE; CREATE SCHEMA other;
             CREATE VIEW other.pg_available_extensions AS {view};
             ALTER DATABASE {name} SET search_path = other, pg_catalog, public"
        );
        database.client().batch_execute(&script).unwrap();
    };
    list_as(
        "SELECT name, '0.5.1'::text AS default_version, NULL::text AS installed_version
             FROM pg_catalog.pg_available_extensions",
    );
    let error = refusal(&database.config(3));
    assert_eq!(
        error.to_string(),
        "the server has no usable pgvector: version 0.5.1 is older than 0.7"
    );

    list_as("SELECT * FROM pg_catalog.pg_available_extensions WHERE name <> 'vector'");
    let error = refusal(&database.config(3));
    assert_eq!(
        error.to_string(),
        "the server has no usable pgvector: it is not installed there"
    );
    assert!(error.hint().unwrap().contains("CREATE EXTENSION vector"));
}
