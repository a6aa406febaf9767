//! One private PostgreSQL for the whole test binary, and a database of its own
//! for each test.
//!
//! The server is the one that users get, started the same way, but in a folder
//! that goes away and without waiting for the disk. It stops when the process
//! ends: its watchdog holds a pipe that only this process keeps open.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mnemo_index::names::{ModelId, RepositoryName};
use mnemo_index::store::embedded::{Cluster, ClusterConfig};
use mnemo_index::store::{DatabaseUrl, Models, RoleModel, Store, StoreConfig, VectorIndex};
use postgres::{Client, NoTls};

use crate::installed;

/// Where the binaries are looked for, as the program itself does.
pub fn cluster_config(home: &Path) -> ClusterConfig {
    ClusterConfig {
        home: home.to_owned(),
        binaries: binaries(),
        runtime_dir: None,
        settings: ["fsync", "full_page_writes", "synchronous_commit"]
            .map(|name| (name.to_owned(), "off".to_owned()))
            .to_vec(),
    }
}

/// `MNEMO_PG_BIN`, else what set-up brought to the real home, which a test's own
/// home lacks, else what the program finds by itself.
#[allow(
    clippy::disallowed_methods,
    reason = "tests are told by the environment where things are"
)]
pub fn binaries() -> Option<PathBuf> {
    let named = std::env::var_os("MNEMO_PG_BIN").filter(|value| !value.is_empty());
    named.map(PathBuf::from).or_else(|| {
        let versions = std::fs::read_dir(installed::home().join("postgres")).ok()?;
        versions
            .filter_map(Result::ok)
            .map(|version| version.path().join("bin"))
            .max()
    })
}

fn shared() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(|| {
        let home = tempfile::Builder::new()
            .prefix("mnemo-it-")
            .tempdir()
            .unwrap()
            .keep();
        let cluster =
            Cluster::acquire(&cluster_config(&home)).expect("a private PostgreSQL with pgvector");
        watch(&home);
        cluster
    })
}

/// Statics are never dropped, so a child outlives us by as long as the server
/// takes to stop: it wakes up when our end of its pipe closes.
#[allow(
    clippy::zombie_processes,
    reason = "it ends after us, so nobody is left to wait for it"
)]
fn watch(home: &Path) {
    let script = r#"
        cat > /dev/null
        pid=$(head -n 1 "$1/cluster/data/postmaster.pid") && kill -INT "$pid"
        for _ in $(seq 200); do [ -e "$1/cluster/data/postmaster.pid" ] || break; sleep 0.05; done
        rm -rf -- "$1"
    "#;
    let mut child = Command::new("sh")
        .args(["-c", script, "watchdog"])
        .arg(home)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("sh");
    std::mem::forget(child.stdin.take());
}

/// A database that one test has to itself.
pub struct Database {
    pub url: DatabaseUrl,
}

impl Database {
    /// An empty one.
    pub fn new() -> Self {
        let (cluster, name) = (shared(), fresh_name());
        assert!(
            cluster.create_database(&name).unwrap(),
            "{name} is there already"
        );
        Self {
            url: cluster.url(&name),
        }
    }

    /// One that holds the same; nobody may be connected to this one.
    pub fn copy(&self) -> Self {
        let name = fresh_name();
        let template = self.url.database();
        maintenance(&format!("CREATE DATABASE {name} TEMPLATE {template}"));
        Self {
            url: shared().url(&name),
        }
    }

    /// For tests that make many.
    pub fn remove(self) {
        maintenance(&format!(
            "DROP DATABASE {} WITH (FORCE)",
            self.url.database()
        ));
    }

    /// One with the tables that MnemoLite makes.
    pub fn of_mnemolite() -> Self {
        let database = Self::new();
        database
            .client()
            .batch_execute(include_str!("mnemolite.sql"))
            .unwrap();
        database
    }

    /// A connection of the test's own, to look with.
    pub fn client(&self) -> Client {
        Client::connect(self.url.expose(), NoTls).unwrap()
    }

    /// What a run of `width`-dimensional models would open.
    pub fn config(&self, width: usize) -> StoreConfig {
        StoreConfig {
            url: self.url.clone(),
            repository: RepositoryName::new("sample").unwrap(),
            models: models(width),
            commit: Some("c0ffee".to_owned()),
            patience: Duration::from_secs(5),
            vector_index: VectorIndex::default(),
        }
    }

    /// A store of the repository `sample`.
    pub fn store(&self, width: usize) -> Store {
        Store::open(&self.config(width)).unwrap()
    }

    /// The single value of a query.
    pub fn count(&self, query: &str) -> i64 {
        self.client().query_one(query, &[]).unwrap().get(0)
    }
}

fn fresh_name() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

fn maintenance(statement: &str) {
    let mut client = Client::connect(shared().url("postgres").expose(), NoTls).unwrap();
    client.batch_execute(statement).unwrap();
}

/// One model for both roles.
pub fn models(width: usize) -> Models {
    let model = RoleModel {
        id: ModelId::new(&format!("model-{width}")).unwrap(),
        digest: format!("digest-of-{width}"),
        width,
    };
    Models {
        text: Some(model.clone()),
        code: Some(model),
    }
}
