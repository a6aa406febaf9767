//! The private cluster: made once, shared, stopped by its last user, and back
//! on its feet after a crash.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use mnemo_index::store::embedded::{self, Cluster, ClusterConfig, ClusterError, Stopped};
use mnemo_index::store::{Store, StoreConfig};
use postgres::{Client, NoTls};
use tempfile::TempDir;

use crate::cluster::{cluster_config, models};
use crate::samples::{recipe, shapes};

/// A home of the test's own; what runs in it is stopped when the test ends,
/// however it ends.
pub struct Home {
    pub folder: TempDir,
}

impl Home {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn config(&self) -> ClusterConfig {
        cluster_config(self.folder.path())
    }

    pub fn acquire(&self) -> Cluster {
        Cluster::acquire(&self.config()).unwrap()
    }

    fn cluster(&self) -> PathBuf {
        self.folder.path().join("cluster")
    }

    /// The server's process id, from its own file.
    pub fn server(&self) -> Option<i32> {
        embedded::status(&self.config()).unwrap().pid
    }

    fn kill_server(&self) {
        let pid = self.server().expect("a server that runs").to_string();
        assert!(
            Command::new("kill")
                .args(["-9", &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    fn log(&self) -> String {
        fs::read_to_string(self.cluster().join("log")).unwrap()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = embedded::stop(&self.config());
    }
}

pub fn answers(cluster: &Cluster) -> bool {
    let mut client = Client::connect(cluster.url("postgres").expose(), NoTls).unwrap();
    client.query_one("SELECT 1", &[]).unwrap().get::<_, i32>(0) == 1
}

#[test]
fn the_first_use_makes_it_and_the_last_one_stops_it() {
    let home = Home::new();
    let first = home.acquire();
    let second = home.acquire();
    assert!(answers(&first) && answers(&second));
    assert_eq!(home.log().matches("starting PostgreSQL").count(), 1);
    drop(first);
    assert!(answers(&second), "one user is left");
    second.release().unwrap();
    assert_eq!(home.server(), None);
    assert!(answers(&home.acquire()), "it starts again");
}

#[test]
fn two_users_at_once_on_a_fresh_folder_make_one_cluster() {
    let home = Home::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert!(answers(&home.acquire())));
        }
    });
    assert_eq!(home.server(), None);
    let system = fs::read(home.cluster().join("data/global/pg_control")).unwrap();
    assert!(answers(&home.acquire()));
    let again = fs::read(home.cluster().join("data/global/pg_control")).unwrap();
    assert_eq!(system[..8], again[..8], "the cluster's identity");
    assert!(!home.cluster().join("data.new").exists());
}

#[test]
fn it_listens_on_no_port_and_lets_nobody_else_in() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let cluster = home.acquire();
    let mut client = Client::connect(cluster.url("postgres").expose(), NoTls).unwrap();
    let addresses: String = client
        .query_one("SHOW listen_addresses", &[])
        .unwrap()
        .get(0);
    assert_eq!(addresses, "");
    let encoding: String = client
        .query_one("SHOW server_encoding", &[])
        .unwrap()
        .get(0);
    assert_eq!(encoding, "UTF8");
    for folder in ["run", "data"] {
        let mode = fs::metadata(home.cluster().join(folder))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{folder} is {mode:o}");
    }
}

#[test]
fn psql_understands_the_url() {
    let home = Home::new();
    let cluster = home.acquire();
    cluster.create_database("my code").unwrap();
    let psql = home
        .config()
        .binaries
        .map_or("psql".into(), |bin| bin.join("psql"));
    let output = Command::new(psql)
        .args([
            cluster.url("my code").expose(),
            "-Atc",
            "SELECT current_database()",
        ])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "my code\n",
        "{output:?}"
    );
}

#[test]
fn a_pinned_server_outlives_its_users_until_it_is_stopped() {
    let home = Home::new();
    let cluster = home.acquire();
    cluster.pin().unwrap();
    drop(cluster);
    let status = embedded::status(&home.config()).unwrap();
    assert!(
        status.pid.is_some() && status.pinned && !status.in_use,
        "{status:?}"
    );
    drop(home.acquire());
    assert!(home.server().is_some());
    assert_eq!(embedded::stop(&home.config()).unwrap(), Stopped::Now);
    assert_eq!(embedded::stop(&home.config()).unwrap(), Stopped::Already);
}

#[test]
fn a_stop_does_not_pull_the_server_from_under_a_run() {
    let home = Home::new();
    let cluster = home.acquire();
    cluster.pin().unwrap();
    assert_eq!(embedded::stop(&home.config()).unwrap(), Stopped::WhenUnused);
    assert!(answers(&cluster));
    drop(cluster);
    assert_eq!(home.server(), None);
}

#[test]
fn the_state_of_a_cluster_that_was_never_made_can_be_asked() {
    let home = Home::new();
    let status = embedded::status(&home.config()).unwrap();
    assert_eq!(
        (status.pid, status.major, status.in_use),
        (None, None, false)
    );
    assert_eq!(embedded::stop(&home.config()).unwrap(), Stopped::Already);
    assert!(!home.cluster().exists(), "asking makes nothing");
}

#[test]
fn a_killed_server_is_started_again_by_the_next_user() {
    let home = Home::new();
    let cluster = home.acquire();
    home.kill_server();
    // Our own process is the parent and has not fetched the status: a zombie.
    let next = home.acquire();
    assert!(answers(&next));
    drop((cluster, next));
    assert_eq!(home.server(), None);
}

#[test]
fn the_pid_of_a_dead_server_may_be_anothers_by_now() {
    let home = Home::new();
    drop(home.acquire());
    let file = home.cluster().join("data/postmaster.pid");
    fs::write(
        &file,
        format!("{}\n{}\n", std::process::id(), home.cluster().display()),
    )
    .unwrap();
    assert!(answers(&home.acquire()));
}

#[test]
fn what_an_unfinished_first_start_left_is_no_cluster() {
    let home = Home::new();
    let unfinished = home.cluster().join("data.new");
    fs::create_dir_all(&unfinished).unwrap();
    fs::write(unfinished.join("PG_VERSION"), "18\n").unwrap();
    assert!(answers(&home.acquire()));
    assert!(!unfinished.exists());
}

#[test]
fn a_home_too_deep_for_a_socket_works() {
    let mut home = Home::new();
    let deep = home.folder.path().join("d".repeat(90)).join("é $x");
    home.folder = {
        fs::create_dir_all(&deep).unwrap();
        tempfile::tempdir_in(&deep).unwrap()
    };
    let cluster = home.acquire();
    assert!(answers(&cluster));
    assert!(!cluster.url("postgres").to_string().contains("dddd"));
    // Whoever looks for the socket elsewhere still finds the one that is used.
    let runtime = tempfile::tempdir().unwrap();
    let other = ClusterConfig {
        runtime_dir: Some(runtime.path().to_owned()),
        ..home.config()
    };
    assert!(answers(&Cluster::acquire(&other).unwrap()));
}

#[test]
fn data_of_another_major_version_is_refused_with_the_way_out() {
    let home = Home::new();
    fs::create_dir_all(home.cluster().join("data")).unwrap();
    fs::write(home.cluster().join("data/PG_VERSION"), "9\n").unwrap();
    let error = Cluster::acquire(&home.config()).unwrap_err();
    assert!(
        matches!(error, ClusterError::OtherMajor { found: 9, .. }),
        "{error:?}"
    );
    assert!(error.hint().unwrap().contains("MNEMO_PG_BIN"));
}

#[test]
fn a_folder_without_postgres_is_refused() {
    let home = Home::new();
    let config = ClusterConfig {
        binaries: Some("/nonexistent".into()),
        ..home.config()
    };
    let error = Cluster::acquire(&config).unwrap_err();
    assert!(matches!(error, ClusterError::NotUsable { .. }), "{error:?}");
    assert!(error.to_string().contains("/nonexistent") && error.hint().is_some());
}

#[test]
fn a_server_that_does_not_start_says_why() {
    let home = Home::new();
    let mut config = home.config();
    config
        .settings
        .push(("shared_buffers".to_owned(), "plenty".to_owned()));
    let error = Cluster::acquire(&config).unwrap_err();
    assert!(error.to_string().contains("shared_buffers"), "{error}");
    assert!(answers(&home.acquire()), "the next one is not in its way");
}

#[test]
fn a_server_killed_in_mid_transaction_keeps_whole_files_only() {
    let home = Home::new();
    let cluster = home.acquire();
    cluster.create_database("code").unwrap();
    let config = |cluster: &Cluster| StoreConfig {
        url: cluster.url("code"),
        repository: mnemo_index::names::RepositoryName::new("sample").unwrap(),
        models: models(3),
        commit: None,
        patience: std::time::Duration::ZERO,
        vector_index: mnemo_index::store::VectorIndex::default(),
    };
    let mut store = Store::open(&config(&cluster)).unwrap();
    for round in 0..3 {
        let mut acknowledged = 0;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(std::time::Duration::from_millis(120 + 37 * round));
                home.kill_server();
            });
            while store
                .commit(&shapes(&format!("{round}/{acknowledged}.ts"), 3), &recipe())
                .is_ok()
            {
                acknowledged += 1;
            }
        });
        let next = home.acquire();
        store = Store::open(&config(&next)).unwrap();
        let mut client = Client::connect(next.url("code").expose(), NoTls).unwrap();
        let mut count = |query: &str| client.query_one(query, &[]).unwrap().get::<_, i64>(0);
        let whole = count(&format!(
            "SELECT count(*) FROM indexed_files f WHERE file_path LIKE '{round}/%'
             AND (SELECT count(*) FROM code_chunks c WHERE c.file_path = f.file_path) = 4
             AND (SELECT count(*) FROM nodes n WHERE n.file_path = f.file_path) = 4"
        ));
        // Without fsync a killed server still loses nothing that it had written
        // to the kernel, but commits that were not waited for may be missing.
        assert!(whole <= acknowledged + 1, "{whole} of {acknowledged}");
        assert_eq!(
            count(&format!(
                "SELECT count(*) FROM code_chunks WHERE file_path LIKE '{round}/%'"
            )),
            4 * whole
        );
        assert_eq!(
            count(&format!(
                "SELECT count(*) FROM nodes WHERE file_path LIKE '{round}/%'"
            )),
            4 * whole
        );
        std::mem::drop(next);
    }
}
