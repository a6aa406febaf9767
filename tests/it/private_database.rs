//! Without `--database-url`: a PostgreSQL of the program's own.

use std::path::Path;
use std::process::Command;

use crate::program::{self, Program};

fn in_home<'a>(home: &Path, arguments: impl IntoIterator<Item = &'a str>) -> Program {
    Program::new(arguments).env("MNEMO_HOME", home)
}

fn printed<'a>(home: &Path, arguments: impl IntoIterator<Item = &'a str>) -> String {
    let ended = in_home(home, arguments).run();
    assert_eq!(ended.code(), 0, "{}", ended.stderr());
    ended.stdout().trim_end().to_owned()
}

/// Stops the server whatever becomes of the test.
struct Stop<'a>(&'a Path);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        let _ = in_home(self.0, ["db", "stop"]).run();
    }
}

#[test]
fn the_main_job_needs_no_server_and_psql_finds_its_answers() {
    let (home, shop) = (program::home(), program::shop());
    let (home, folder) = (home.path(), shop.path().to_str().unwrap());
    let _stop = Stop(home);
    let run = in_home(home, [folder, "--repository", "shop", "--sequential"]).events(0);
    assert_eq!(run.with("indexed").len(), 6);
    assert!(printed(home, ["db", "status"]).contains("running  no"));

    let url = printed(home, ["db", "url"]);
    assert!(printed(home, ["db", "status"]).contains("running  yes"));
    let summary = run.summary();
    let languages = ask(
        &url,
        "SELECT count(DISTINCT language) FROM code_chunks WHERE repository = 'shop'",
    );
    assert_eq!(languages, "3");
    for (kind, count) in summary["nodes"].as_object().unwrap() {
        let query = format!(
            "SELECT count(*) FROM nodes WHERE properties->>'repository' = 'shop' AND node_type = '{kind}'"
        );
        assert_eq!(ask(&url, &query), count.to_string(), "{kind}");
    }
    let edges = ask(
        &url,
        "SELECT count(*) FROM edges e JOIN nodes n ON e.source_node_id = n.node_id
         WHERE n.properties->>'repository' = 'shop' AND relation_type = 'contains'",
    );
    assert_eq!(edges, summary["edges"]["contains"].to_string());
    assert_eq!(printed(home, ["db", "stop"]), "stopped");
    assert_eq!(printed(home, ["db", "stop"]), "not running");
}

/// Through the psql that comes with the server.
fn ask(url: &str, query: &str) -> String {
    let psql = crate::cluster::binaries().map_or("psql".into(), |folder| folder.join("psql"));
    let output = Command::new(psql)
        .args([url, "-At", "-c", query])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_second_database_is_made_once() {
    let home = program::home();
    let _stop = Stop(home.path());
    assert_eq!(printed(home.path(), ["db", "create", "other"]), "created");
    assert_eq!(
        printed(home.path(), ["db", "create", "other"]),
        "exists already"
    );
    assert!(printed(home.path(), ["db", "url", "other"]).ends_with("/other"));
}

#[test]
fn two_runs_at_once_share_the_server() {
    let (home, shop) = (program::home(), program::shop());
    let _stop = Stop(home.path());
    let folder = shop.path().to_str().unwrap();
    let start = |name: &str| {
        let mut command = in_home(home.path(), [folder, "--repository", name, "--json"]).command();
        command.stdout(std::process::Stdio::null()).spawn().unwrap()
    };
    let runs = [start("one"), start("two")];
    for mut run in runs {
        assert_eq!(run.wait().unwrap().code(), Some(0));
    }
    assert!(printed(home.path(), ["db", "status"]).contains("running  no"));
}
