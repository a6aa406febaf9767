//! Shards that run as processes of their own, and `finish`, leave what one run
//! of all files leaves, row for row.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use mnemo_index::names::RepositoryName;
use mnemo_index::shard::Shard;
use mnemo_index::store::RepositoryLock;
use tempfile::TempDir;

use crate::cluster::Database;
use crate::program::{self, Ended, Program};

const SHARDS: u32 = 4;

/// Both languages, a package, an alias and a barrel: what ties the files needs
/// the manifests on disk.
fn tree() -> TempDir {
    let tree = program::shop();
    let write = |path: &str, text: &str| program::write(tree.path(), path, text);
    write("package.json", r#"{"name": "all"}"#);
    write(
        "tsconfig.json",
        r#"{"compilerOptions": {"paths": {"@/*": ["./lib/*"]}}}"#,
    );
    write(
        "lib/index.ts",
        "export * from './one';\nexport * from './two';\n",
    );
    for name in ["one", "two", "three", "four", "five", "six"] {
        write(
            &format!("lib/{name}.ts"),
            &format!(
                "import {{ one }} from '@/index';\n/** Adds {name}. */\nexport function {name}(a: number) {{ return one(a); }}\n"
            ),
        );
        write(
            &format!("py/{name}.py"),
            &format!("from . import one\n\ndef {name}(a):\n    return one.one(a)\n"),
        );
    }
    write("py/__init__.py", "");
    tree
}

fn shard(tree: &Path, database: &Database, number: u32) -> Program {
    let part = format!("{number}/{SHARDS}");
    Program::index(tree, database).args(["--shard", part.as_str()])
}

/// All at once, each a process.
fn all_shards(tree: &Path, database: &Database) {
    let children: Vec<_> = (1..=SHARDS)
        .map(|number| {
            let mut command = shard(tree, database, number).command();
            command
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in children {
        let ended = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(0), "{told}");
    }
}

fn finish(tree: &Path, database: &Database) -> Ended {
    let dir = tree.to_str().unwrap();
    Program::on(database, ["finish", dir, "--repository", "sample"]).run()
}

fn finished(tree: &Path, database: &Database) -> String {
    let ended = finish(tree, database);
    assert_eq!(ended.code(), 0, "{}", ended.stderr());
    ended.stdout()
}

/// Every row of every table, but for times and what tells one run from another.
fn rows(database: &Database) -> BTreeSet<String> {
    const LEFT_OUT: &str =
        "'{indexed_at,created_at,updated_at,computed_at,recorded_at,made_at,commit_hash,
        error_id,occurred_at,pagerank_score,importance_score,last_modified}'::text[]";
    const RANKS: &str = "jsonb_build_array(round((to_jsonb(t)->>'pagerank_score')::numeric, 9),
        round((to_jsonb(t)->>'importance_score')::numeric, 9))";
    let mut client = database.client();
    let tables = client
        .query(
            "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'
                AND table_type = 'BASE TABLE' AND table_name NOT IN ('runs', 'shards', 'mnemo_schema_history')",
            &[],
        )
        .unwrap();
    assert!(tables.len() >= 12, "{}", tables.len());
    let mut rows = BTreeSet::new();
    for table in tables {
        let table: String = table.get(0);
        let query =
            format!("SELECT (to_jsonb(t) - {LEFT_OUT})::text || {RANKS}::text FROM {table} t");
        for row in client.query(&query, &[]).unwrap() {
            let row: String = row.get(0);
            assert!(rows.insert(format!("{table} {row}")), "twice: {row}");
        }
    }
    rows
}

fn assert_equal(found: &Database, clean: &Database, story: &str) {
    let (found, clean) = (rows(found), rows(clean));
    let lost: Vec<_> = clean.difference(&found).take(3).collect();
    let extra: Vec<_> = found.difference(&clean).take(3).collect();
    assert!(
        lost.is_empty() && extra.is_empty(),
        "{story}\nlost {lost:#?}\nextra {extra:#?}"
    );
    assert!(clean.len() > 100, "{}", clean.len());
}

#[test]
fn four_processes_and_a_finish_leave_what_one_run_leaves() {
    let (tree, parts, whole) = (tree(), Database::new(), Database::new());
    all_shards(tree.path(), &parts);
    assert_eq!(
        parts.count("SELECT count(*) FROM edges WHERE relation_type = 'imports'"),
        0
    );
    let told = finished(tree.path(), &parts);
    assert!(told.contains("4 shards, 20 files indexed"), "{told}");
    Program::index(tree.path(), &whole).events(0);
    assert_equal(&parts, &whole, "a first run");
    assert_ne!(
        parts.count("SELECT count(*) FROM edges WHERE relation_type = 'imports'"),
        0
    );

    // A second walk, after which files have gone, come and changed.
    for gone in ["lib/four.ts", "py/two.py", "src/cart.ts"] {
        std::fs::remove_file(tree.path().join(gone)).unwrap();
    }
    program::write(tree.path(), "lib/seven.ts", "export const seven = 7;\n");
    program::write(tree.path(), "py/one.py", "def one(a):\n    return a + 1\n");
    all_shards(tree.path(), &parts);
    assert_eq!(
        parts.count("SELECT count(*) FROM indexed_files"),
        21,
        "nothing is retired yet"
    );
    assert!(finished(tree.path(), &parts).contains(" 3 retired"));
    Program::index(tree.path(), &whole).events(0);
    assert_equal(&parts, &whole, "a second run");
    let one = "SELECT count(*) FROM runs WHERE shard IS NULL AND retired = 3 AND indexed = 2 AND unchanged = 16 AND exit_code = 0";
    assert_eq!((parts.count(one), whole.count(one)), (1, 1));
}

#[test]
fn a_shard_that_was_killed_is_named_and_done_again() {
    let (tree, parts, whole) = (tree(), Database::new(), Database::new());
    for number in [1, 2, 4] {
        shard(tree.path(), &parts, number).events(0);
    }
    let missing = finish(tree.path(), &parts);
    assert_eq!(missing.code(), 75);
    let (error, hint) = missing.complaint();
    assert!(error.contains("of 4 shards, shard 3 is missing"), "{error}");
    assert!(hint.contains("finish again"), "{hint}");

    // It stops at the table, and is killed there.
    let mut locker = parts.client();
    let mut table = locker.transaction().unwrap();
    table
        .batch_execute("LOCK TABLE code_chunks IN EXCLUSIVE MODE")
        .unwrap();
    let mut command = shard(tree.path(), &parts, 3).command();
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while parts.count(waits) == 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    let busy = finish(tree.path(), &parts);
    assert_eq!(busy.code(), 75, "{}", busy.stderr());
    assert!(
        busy.complaint().0.contains("is being indexed by process"),
        "{}",
        busy.stderr()
    );
    child.kill().unwrap();
    child.wait().unwrap();
    drop(table);
    let killed = finish(tree.path(), &parts);
    assert_eq!(killed.code(), 75);
    assert!(
        killed
            .complaint()
            .0
            .contains("shard 3 has not come to its end"),
        "{}",
        killed.stderr()
    );
    shard(tree.path(), &parts, 3).events(0);
    finished(tree.path(), &parts);
    Program::index(tree.path(), &whole).events(0);
    assert_equal(&parts, &whole, "after the kill");

    let before = rows(&parts);
    let runs = parts.count("SELECT count(*) FROM runs");
    assert!(finished(tree.path(), &parts).contains("finished before"));
    assert_eq!(rows(&parts), before);
    assert_eq!(parts.count("SELECT count(*) FROM runs"), runs);
}

/// The lock of a shard of `sample`, as its run would hold it.
fn held(database: &Database, shard: Option<Shard>) -> RepositoryLock {
    let repository = RepositoryName::new("sample").unwrap();
    let lock = RepositoryLock::open(&database.url, &repository).unwrap();
    let mut lock = lock.of_shard(shard);
    lock.take().unwrap();
    lock
}

#[test]
fn who_may_run_beside_whom() {
    let (tree, database) = (tree(), Database::new());
    shard(tree.path(), &database, 2).events(0);
    let second = held(&database, Shard::new(2, SHARDS).ok());
    for (what, ended) in [
        (
            "shard 2/4 of the repository sample",
            shard(tree.path(), &database, 2).run(),
        ),
        (
            "the repository sample",
            Program::index(tree.path(), &database).run(),
        ),
        ("the repository sample", finish(tree.path(), &database)),
    ] {
        assert_eq!(ended.code(), 75, "{}", ended.stderr());
        let (error, _) = ended.complaint();
        assert!(
            error.starts_with(&format!("{what} is being indexed by")),
            "{error}"
        );
    }
    let other = Program::index(tree.path(), &database)
        .args(["--shard", "1/3"])
        .run();
    assert_eq!(other.code(), 75);
    let (error, _) = other.complaint();
    assert!(error.contains("in 4 shards, not in 3"), "{error}");
    // A refused one has changed nothing of what the others did.
    assert_eq!(
        database.count("SELECT count(*) FROM shards WHERE shards = 4 AND ended_at IS NOT NULL"),
        1
    );
    shard(tree.path(), &database, 1).events(0);
    drop(second);

    let whole = held(&database, None);
    let refused = shard(tree.path(), &database, 3).run();
    assert_eq!(refused.code(), 75, "{}", refused.stderr());
    drop(whole);
    shard(tree.path(), &database, 3).args(["--wait"]).events(0);

    // The others of that number are gone when one of another number begins.
    Program::index(tree.path(), &database)
        .args(["--shard", "1/2"])
        .events(0);
    let unfinished = finish(tree.path(), &database);
    assert_eq!(unfinished.code(), 75);
    let (error, _) = unfinished.complaint();
    assert!(error.contains("of 2 shards, shard 2 is missing"), "{error}");
}

fn git(root: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@t.invalid"];
    let mut git = Command::new("git");
    git.arg("-C").arg(root).args(identity).args(arguments);
    assert!(git.status().unwrap().success(), "git {arguments:?}");
}

#[test]
fn shards_of_other_commits_files_or_places_do_not_fit() {
    let (tree, database) = (tree(), Database::new());
    let complaint = || {
        let ended = finish(tree.path(), &database);
        assert_eq!(ended.code(), 75, "{}", ended.stderr());
        ended.complaint().0
    };
    git(tree.path(), &["init", "--quiet"]);
    git(tree.path(), &["add", "."]);
    git(tree.path(), &["commit", "--quiet", "-m", "first"]);
    let half = |part: &str| Program::index(tree.path(), &database).args(["--shard", part]);
    half("1/2").events(0);
    git(
        tree.path(),
        &["commit", "--quiet", "--allow-empty", "-m", "second"],
    );
    half("2/2").events(0);
    assert!(complaint().contains("shard 1 is of another commit"));
    half("1/2").args(["--exclude", "py"]).events(0);
    assert!(complaint().contains("shard 2 is of another choice of files"));
    half("1/2").args(["--roles", "code"]).events(0);
    assert!(complaint().contains("shard 2 is of another recipe"));
    half("1/2").events(0);
    git(
        tree.path(),
        &["commit", "--quiet", "--allow-empty", "-m", "third"],
    );
    assert!(complaint().contains("and the directory is at"));
    git(tree.path(), &["reset", "--quiet", "--hard", "HEAD~1"]);

    std::fs::rename(tree.path().join("lib/two.ts"), tree.path().join("two.ts")).unwrap();
    let elsewhere = finish(tree.path(), &database);
    assert_eq!(elsewhere.code(), 1);
    assert!(
        elsewhere.complaint().0.contains("it lacks lib/two.ts"),
        "{}",
        elsewhere.stderr()
    );
    git(tree.path(), &["reset", "--quiet", "--hard"]);
    finished(tree.path(), &database);
}

#[test]
fn an_empty_folder_where_a_code_base_was_is_not_believed_by_shards_either() {
    let (tree, database) = (tree(), Database::new());
    Program::index(tree.path(), &database).events(0);
    for part in ["src", "tests", "tools", "lib"] {
        std::fs::remove_dir_all(tree.path().join(part)).unwrap();
    }
    all_shards(tree.path(), &database);
    let refused = finish(tree.path(), &database);
    assert_eq!(refused.code(), 1);
    assert!(
        refused.complaint().0.contains("13 of the 20 files"),
        "{}",
        refused.stderr()
    );
    let dir = tree.path().to_str().unwrap();
    let arguments = ["finish", dir, "--repository", "sample", "--allow-shrink"];
    assert_eq!(Program::on(&database, arguments).run().code(), 0);
    assert_eq!(database.count("SELECT count(*) FROM indexed_files"), 7);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let (tree, database) = (tree(), Database::new());
    for wrong in ["0/4", "5/4", "4", "a/b"] {
        let ended = Program::index(tree.path(), &database)
            .args(["--shard", wrong])
            .run();
        assert_eq!(ended.code(), 2, "{wrong}");
        assert!(ended.complaint().1.contains("1/4"), "{}", ended.stderr());
    }
    assert_eq!(
        finish(tree.path(), &database).code(),
        6,
        "the database holds no index"
    );
    Program::index(tree.path(), &database).events(0);
    let ended = finish(tree.path(), &database);
    assert_eq!(ended.code(), 6);
    assert!(
        ended.complaint().1.contains("--shard"),
        "{}",
        ended.stderr()
    );
}

#[test]
fn the_parts_of_a_dry_run_are_the_whole() {
    let (tree, database) = (tree(), Database::new());
    let whole = Program::index(tree.path(), &database)
        .args(["--dry-run"])
        .events(0)
        .files();
    let mut parts: Vec<_> = (1..=SHARDS)
        .flat_map(|number| {
            shard(tree.path(), &database, number)
                .args(["--dry-run"])
                .events(0)
                .files()
        })
        .collect();
    parts.sort();
    assert_eq!(parts, whole);
}
