//! The program with everything inside, on a machine that has nothing: an empty
//! home, a network without interfaces, no `PATH` but that of the system.
//!
//! What `scripts/package` does to a release build is done here to the debug
//! build, with the parts that the set-up installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use mnemo_index::bundle::{Bundle, Packing, pack};
use tempfile::TempDir;
use walkdir::WalkDir;

use crate::installed;
use crate::program::{self, Ended, Program};

const LIBRARY: &str = "runtime/onnxruntime-1.32.0/libonnxruntime.so.1.32.0";
const MODEL: &str = "models/all-minilm-l6-v2";

/// Made once for all tests of this process.
fn packaged() -> &'static Path {
    static PACKAGED: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, program) = PACKAGED.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let parts = folder.path().join("parts");
        stage(&parts);
        let program = folder.path().join("mnemo-index");
        let packing = Packing {
            program: Path::new(env!("CARGO_BIN_EXE_mnemo-index")),
            parts: &parts,
            level: 1,
        };
        pack(&packing, &program).unwrap();
        fs::remove_dir_all(parts).unwrap();
        (folder, program)
    });
    program
}

/// Copies what belongs inside: the library, the model in eight bits alone, and
/// PostgreSQL where the set-up had to bring one.
fn stage(parts: &Path) {
    let home = installed::home();
    copy(&home, parts, LIBRARY);
    fs::create_dir_all(parts.join("notices/all")).unwrap();
    fs::write(parts.join("notices/all/NOTICES.txt"), "Thanks to all.\n").unwrap();
    for file in files(&home, MODEL) {
        let is_fp32 = file.ends_with("/model.onnx") || file.ends_with("/model.onnx.data");
        if !is_fp32 && !file.contains("/.") {
            copy(&home, parts, &file);
        }
    }
    for file in files(&home, "postgres") {
        let program = file.rsplit_once("/bin/").map(|(_, program)| program);
        if program.is_none_or(|program| ["postgres", "initdb"].contains(&program)) {
            copy(&home, parts, &file);
        }
    }
}

fn files(home: &Path, below: &str) -> Vec<String> {
    let walk = WalkDir::new(home.join(below)).into_iter();
    let found = walk.filter_map(Result::ok);
    let found = found.filter(|entry| !entry.file_type().is_dir());
    let names = found.map(|entry| entry.path().strip_prefix(home).unwrap().to_owned());
    names
        .map(|name| name.to_str().unwrap().to_owned())
        .collect()
}

fn copy(home: &Path, parts: &Path, file: &str) {
    let (from, to) = (home.join(file), parts.join(file));
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    if let Ok(link) = fs::read_link(&from) {
        std::os::unix::fs::symlink(link, to).unwrap();
    } else {
        fs::copy(from, to).unwrap();
    }
}

/// An empty home, without any network; `before` runs first, in a shell.
fn alone<'a>(home: &Path, before: &str, arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(["--user", "--map-current-user", "--net", "--mount", "--"])
        .args(["sh", "-c", &format!("{before}\nexec \"$0\" \"$@\"")])
        .arg(packaged())
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("MNEMO_HOME", home);
    command
}

fn run<'a>(home: &Path, before: &str, arguments: impl IntoIterator<Item = &'a str>) -> Ended {
    Ended::of(alone(home, before, arguments))
}

/// Runs the main job; gives the numbers of files indexed and unchanged.
fn index(home: &Path, folder: &Path) -> (u64, u64) {
    let ended = run(
        home,
        "",
        [folder.to_str().unwrap(), "--repository=shop", "--json"],
    );
    assert_eq!(ended.code(), 0, "{}", ended.stderr());
    let summary = ended.stdout().lines().last().unwrap().to_owned();
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    assert_eq!(summary["precision"], "int8");
    let count = |name: &str| summary["files"][name].as_u64().unwrap();
    (count("indexed"), count("unchanged"))
}

#[test]
fn an_empty_home_is_enough_and_is_filled_once() {
    let (home, shop) = (tempfile::tempdir().unwrap(), program::shop());
    let home = home.path();
    assert_eq!(index(home, shop.path()), (6, 0));
    assert!(home.join(MODEL).join("tokenizer.json").exists());
    assert!(
        !home.join("runtime").exists(),
        "the library was loaded from memory"
    );
    let written = || fs::metadata(home.join(MODEL)).unwrap().modified().unwrap();
    let first = written();
    assert_eq!(index(home, shop.path()), (0, 6));
    assert_eq!(written(), first);

    fs::write(home.join(MODEL).join("tokenizer.json"), "{}").unwrap();
    assert_eq!(index(home, shop.path()), (0, 6));
}

#[test]
fn a_home_that_the_set_up_filled_is_used_as_it_is() {
    let (home, shop) = (program::home(), program::shop());
    let folder = shop.path().to_str().unwrap();
    let ended = run(home.path(), "", [folder, "--repository=shop", "--json"]);
    assert_eq!(ended.code(), 0, "{}", ended.stderr());
    assert!(
        ended.stdout().contains(r#""precision":"fp32""#),
        "{}",
        ended.stdout()
    );
}

#[test]
fn the_notices_of_what_is_inside_are_printed_without_a_home() {
    let ended = run(Path::new("/proc/none"), "", ["licenses"]);
    assert_eq!(
        (ended.code(), ended.stdout().as_str()),
        (0, "Thanks to all.\n")
    );
    let plain = Program::new(["licenses"]).run();
    assert_eq!(plain.code(), 0);
    for crate_of_ours in ["ort 2.0.0-rc.15: MIT OR Apache-2.0", "zstd 0.13"] {
        assert!(plain.stdout().contains(crate_of_ours), "{}", plain.stdout());
    }
}

#[test]
fn a_home_that_is_full_or_cannot_be_written_ends_in_one_line() {
    let (home, shop) = (tempfile::tempdir().unwrap(), program::shop());
    let folder = shop.path().to_str().unwrap();
    for (mount, word) in [
        (
            "mount -t tmpfs -o size=5m none \"$MNEMO_HOME\"",
            "No space left",
        ),
        ("mount -t tmpfs -o ro none \"$MNEMO_HOME\"", "Read-only"),
    ] {
        let ended = run(home.path(), mount, [folder]);
        assert_eq!(ended.code(), 1);
        let (error, hint) = ended.complaint();
        assert!(
            error.contains("cannot unpack") && error.contains(word),
            "{error}"
        );
        assert!(hint.contains("MNEMO_HOME"), "{hint}");
    }
}

#[test]
fn a_copy_that_was_cut_short_is_refused() {
    let whole = fs::read(packaged()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut");
    fs::copy(packaged(), &cut).unwrap();
    let file = fs::File::options().write(true).open(&cut).unwrap();
    file.set_len(whole.len() as u64 / 10 * 9).unwrap();
    drop(file);
    let mut command = Command::new(cut);
    command
        .arg("chunk")
        .arg("x.ts")
        .env("MNEMO_HOME", folder.path());
    let (error, hint) = Ended::of(command).complaint();
    assert!(error.contains("damaged"), "{error}");
    assert!(hint.contains("copy the program again"), "{hint}");
    assert!(Bundle::of(packaged()).unwrap().is_some());
}
