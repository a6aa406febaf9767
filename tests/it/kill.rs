//! Runs that are killed with SIGKILL at moments all over their way, a share of
//! them with a file's transaction open.
//!
//! A few moments here; `scripts/soak` asks for a hundred.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it is told how many moments are wanted, and tells how many were in a transaction"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::cluster::Database;
use crate::program::{self, Program};

/// How many moments, unless `MNEMO_SOAK_MOMENTS` says otherwise.
const MOMENTS: usize = 6;

/// Files that the second version of the tree has; the run writes most of them.
const FILES: usize = 40;

/// Every so many moments one must lie in an open transaction.
const OPEN_EVERY: usize = 3;

/// What a file's transaction stores of it, but for times and commits: the same for
/// the same file.
const PRINTS: &str = "
    SELECT f.file_path, md5(concat(encode(f.digest, 'hex'), f.chunk_count, (
        SELECT string_agg(concat(c.id, c.name, c.source_code, c.start_line, c.end_line, c.node_id, c.code_key,
            c.embedding_code IS NULL, c.embedding_text IS NULL), '|' ORDER BY c.id)
        FROM code_chunks c WHERE c.file_path = f.file_path), (
        SELECT string_agg(concat(n.node_id, n.node_type, n.label), '|' ORDER BY n.node_id)
        FROM nodes n WHERE n.file_path = f.file_path), (
        SELECT string_agg(concat(e.edge_id, e.target_node_id), '|' ORDER BY e.edge_id)
        FROM edges e JOIN nodes n ON n.node_id = e.source_node_id
        WHERE n.file_path = f.file_path AND e.relation_type = 'contains')))
    FROM indexed_files f";

/// What is made of all files together, at the end of a run.
const GRAPH: &str = "
    SELECT concat(count(*), md5(string_agg(concat(edge_id, relation_type, source_node_id, target_node_id), '|' ORDER BY edge_id)), (
        SELECT md5(string_agg(concat(node_id, properties), '|' ORDER BY node_id)) FROM nodes))
    FROM edges";

/// By path.
type Prints = BTreeMap<String, String>;

fn prints(database: &Database) -> Prints {
    let rows = database.client().query(PRINTS, &[]).unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

fn graph(database: &Database) -> String {
    database.client().query_one(GRAPH, &[]).unwrap().get(0)
}

fn text(number: usize, version: u32) -> String {
    format!(
        "/** Version {version}. */\nexport class C{number} {{\n  run(a: number) {{\n    return a * {number};\n  }}\n}}\n\
         export const f{number} = (b: number) => new C{number}().run(b + {version});\n"
    )
}

/// Version 1, or 2: most files changed, some new, some gone.
fn tree(version: u32) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let first = if version == 1 { 0 } else { 4 };
    for number in first..first + FILES {
        let version = if number % 8 == 7 { 1 } else { version };
        program::write(
            folder.path(),
            &format!("src/f{number:02}.ts"),
            text(number, version),
        );
    }
    folder
}

fn index(folder: &TempDir, database: &Database) -> Program {
    Program::index(folder.path(), database).args(["--sequential"])
}

/// The backends of runs that hold a transaction which has written something.
const OPEN: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND application_name LIKE 'mnemo-index%' AND backend_xid IS NOT NULL";

const THERE: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND application_name LIKE 'mnemo-index%'";

/// Stops the process and looks whether a transaction is open then.
fn is_stopped_in_transaction(child: &Child, database: &mut postgres::Client) -> bool {
    kill_process(Pid::from_child(child), Signal::STOP).unwrap();
    // What was sent before is answered by then.
    sleep(Duration::from_millis(5));
    let row = database.query_one(OPEN, &[]).unwrap();
    row.get::<_, i64>(0) > 0
}

/// Kills a run after `committed` files and a little more; tells whether a
/// transaction was open.
fn kill_after(child: &mut Child, database: &Database, moment: (usize, bool)) -> bool {
    let (committed, must_be_open) = moment;
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut seen = 0;
    while seen < committed {
        let line = lines.next().expect("the run goes on").unwrap();
        seen += usize::from(line.contains(r#""outcome":"indexed""#));
    }
    sleep(Duration::from_millis(committed as u64 * 7 % 23));
    let mut client = database.client();
    let mut is_open = is_stopped_in_transaction(child, &mut client);
    while must_be_open && !is_open && child.try_wait().unwrap().is_none() {
        kill_process(Pid::from_child(child), Signal::CONT).unwrap();
        sleep(Duration::from_micros(700));
        is_open = is_stopped_in_transaction(child, &mut client);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    is_open
}

fn wait_until_gone(database: &Database) {
    let began = Instant::now();
    while database.count(THERE) > 0 {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "the server holds on"
        );
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn whenever_a_run_is_killed_each_file_is_old_or_new_and_the_next_run_finishes() {
    let wanted = std::env::var("MNEMO_SOAK_MOMENTS").ok();
    let moments = wanted.map_or(MOMENTS, |wanted| wanted.parse().unwrap());
    let (first, second) = (tree(1), tree(2));
    let (base, clean) = (Database::new(), Database::new());
    index(&first, &base).events(0);
    let changed = index(&second, &clean).events(0).with("indexed").len();
    let (old, new) = (prints(&base), prints(&clean));
    assert!(changed == FILES && old != new);
    let written = new
        .iter()
        .filter(|(path, print)| old.get(*path) != Some(*print))
        .count();
    let mut open = 0;
    for number in 0..moments {
        let database = base.copy();
        let mut command = index(&second, &database).args(["--json"]).command();
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // From the first commit to the one before the last.
        let committed = 1 + number * (written - 2) / moments.max(1);
        open += usize::from(kill_after(
            &mut child,
            &database,
            (committed, number % OPEN_EVERY == 0),
        ));
        wait_until_gone(&database);

        let torn = prints(&database);
        let mut renewed = 0;
        for path in old.keys().chain(new.keys()) {
            let is_new = torn.get(path) == new.get(path);
            assert!(
                is_new || torn.get(path) == old.get(path),
                "{path} after {committed} files"
            );
            renewed += usize::from(is_new && old.get(path) != new.get(path));
        }
        assert!(
            renewed >= committed,
            "{renewed} of {committed} files that were told"
        );
        let verified = Program::on(&database, ["verify"]).run();
        assert_eq!(verified.code(), 0, "{}", verified.stdout());
        index(&second, &database).events(0);
        assert_eq!(graph(&database), graph(&clean), "after {committed} files");
        assert_eq!(prints(&database), new, "after {committed} files");
        database.remove();
    }
    println!("{moments} moments, {open} of them in an open transaction");
    assert!(open >= moments.div_ceil(OPEN_EVERY), "{open} of {moments}");
}
