//! The binary, run as a user would run it.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::cluster::Database;
use crate::installed;

/// A data folder that shares what the set-up installed and nothing else.
pub fn home() -> TempDir {
    let home = tempfile::Builder::new()
        .prefix("mnemo-home-")
        .tempdir()
        .unwrap();
    for part in ["runtime", "models", "postgres"] {
        let installed = installed::home().join(part);
        if installed.exists() {
            symlink(installed, home.path().join(part)).unwrap();
        }
    }
    home
}

/// A source tree: paths and texts.
pub fn tree(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        write(folder.path(), path, text);
    }
    folder
}

pub fn write(root: &Path, path: &str, text: impl AsRef<[u8]>) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A small code base in both languages.
pub fn shop() -> TempDir {
    tree(&[
        ("src/cart.ts", include_str!("../fixtures/shop/src/cart.ts")),
        (
            "src/index.ts",
            include_str!("../fixtures/shop/src/index.ts"),
        ),
        (
            "src/Price.tsx",
            include_str!("../fixtures/shop/src/Price.tsx"),
        ),
        (
            "tests/cart.test.ts",
            include_str!("../fixtures/shop/tests/cart.test.ts"),
        ),
        (
            "tools/stock.py",
            include_str!("../fixtures/shop/tools/stock.py"),
        ),
        (
            "tools/legacy.js",
            include_str!("../fixtures/shop/tools/legacy.js"),
        ),
    ])
}

/// One call of the program.
pub struct Program {
    command: Command,
}

impl Program {
    /// With `arguments`, in a clean environment.
    pub fn new<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mnemo-index"));
        command.args(arguments).stdin(Stdio::null()).env_clear();
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.env("MNEMO_HOME", installed::home());
        Self { command }
    }

    /// The main job on `folder`, into `database`.
    pub fn index(folder: &Path, database: &Database) -> Self {
        let mut program = Self::new([folder.to_str().unwrap(), "--repository", "sample"]);
        program.command.env("DATABASE_URL", database.url.expose());
        program
    }

    /// A command on the index in `database`.
    pub fn on<'a>(database: &Database, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(arguments).env("DATABASE_URL", database.url.expose())
    }

    pub fn args<'a>(mut self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        self.command.args(arguments);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn command(self) -> Command {
        self.command
    }

    pub fn run(self) -> Ended {
        Ended::of(self.command)
    }

    /// Runs with `--json`; the run must end with `code`.
    pub fn events(self, code: i32) -> Events {
        let ended = self.args(["--json"]).run();
        assert_eq!(ended.code(), code, "{}", ended.stderr());
        Events(
            ended
                .stdout()
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect(),
        )
    }
}

/// A call that ended.
pub struct Ended(Output);

impl Ended {
    /// Runs a command to its end. A program that a test has just written may be
    /// busy for a moment: another test's child has the descriptor it was written
    /// through, until that child becomes a program itself.
    pub fn of(mut command: Command) -> Self {
        let mut tries = 0..500;
        loop {
            let ended = command.output();
            let busy = |error: &io::Error| error.kind() == ErrorKind::ExecutableFileBusy;
            if ended.as_ref().is_err_and(busy) && tries.next().is_some() {
                thread::sleep(Duration::from_millis(10));
            } else {
                return Self(ended.unwrap());
            }
        }
    }

    pub fn code(&self) -> i32 {
        self.0.status.code().expect("an exit code")
    }

    pub fn stdout(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub fn stderr(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    /// The one line after `error: ` and the one after `hint: `.
    pub fn complaint(&self) -> (String, String) {
        let text = self.stderr();
        let line = |mark: &str| {
            let mut lines = text.lines().filter_map(|line| line.strip_prefix(mark));
            let line = lines
                .next()
                .unwrap_or_else(|| panic!("no {mark}in {text}"))
                .to_owned();
            assert!(lines.next().is_none(), "several lines of {mark}in {text}");
            line
        };
        (line("error: "), line("hint: "))
    }
}

/// What a run with `--json` told.
pub struct Events(pub Vec<Value>);

impl Events {
    pub fn summary(&self) -> &Value {
        let last = self.0.last().unwrap();
        assert_eq!(last["event"], "summary");
        last
    }

    /// Path, outcome and reason of every file, sorted.
    pub fn files(&self) -> Vec<(String, String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let files = self.0.iter().filter(|event| event["event"] == "file");
        let mut files: Vec<_> = files
            .map(|file| {
                (
                    text(&file["path"]),
                    text(&file["outcome"]),
                    text(&file["reason"]),
                )
            })
            .collect();
        files.sort();
        files
    }

    /// Paths with this outcome, sorted.
    pub fn with(&self, outcome: &str) -> Vec<String> {
        let files = self
            .files()
            .into_iter()
            .filter(|(_, found, _)| found == outcome);
        files.map(|(path, ..)| path).collect()
    }
}

/// The pinned tree that scripts/test composes.
pub fn rxjs() -> PathBuf {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/trees/rxjs");
    assert!(
        tree.exists(),
        "run scripts/trees rxjs target/trees/rxjs first, as scripts/test does"
    );
    tree
}
