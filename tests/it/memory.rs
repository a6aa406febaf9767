//! Memory has a limit, is watched, and its curve is told.

use std::fs;
use std::path::Path;

use crate::cluster::Database;
use crate::installed;
use crate::program::{self, Program};

#[test]
fn at_the_memory_limit_a_run_stops_by_itself_and_the_next_one_goes_on() {
    let (shop, database) = (program::shop(), Database::new());
    let stopped = Program::index(shop.path(), &database)
        .args(["--memory-limit", "40M"])
        .run();
    assert_eq!(stopped.code(), 4);
    let (error, hint) = stopped.complaint();
    assert!(error.contains("memory limit"), "{error}");
    assert!(hint.contains("--memory-limit"), "{hint}");
    assert!(stopped.stdout().contains("stopped at the limit of 41 MB"));
    let stray = "SELECT count(*) FROM code_chunks c WHERE NOT EXISTS
        (SELECT FROM indexed_files f WHERE f.file_path = c.file_path)";
    assert_eq!(database.count(stray), 0);

    let rest = Program::index(shop.path(), &database).events(0);
    assert_eq!(rest.summary()["memory"]["state"], "ample");
    assert_eq!(database.count("SELECT count(*) FROM indexed_files"), 6);
}

#[test]
fn one_file_at_a_time_a_run_stops_at_the_limit_as_well() {
    let (shop, database) = (program::shop(), Database::new());
    let told = Program::index(shop.path(), &database)
        .args(["--sequential", "--memory-limit", "40M"])
        .events(4);
    assert_eq!(told.summary()["memory"]["state"], "over");
    // The file that was under way is ended and stands whole.
    assert_eq!(told.with("indexed").len(), 1);
}

#[test]
fn near_the_limit_a_run_warns_once_and_ends_well() {
    let (shop, database) = (program::shop(), Database::new());
    let first = Program::index(shop.path(), &database).events(0);
    let peak = first.summary()["peak_memory_bytes"].as_u64().unwrap();
    let limit = (peak + peak / 10).to_string();
    let told = Program::index(shop.path(), &database)
        .args(["--full", "--memory-limit", &limit])
        .events(0);
    let warnings = told.0.iter().filter(|event| event["event"] == "warning");
    assert_eq!(warnings.count(), 1);
    assert_eq!(told.summary()["memory"]["state"], "tight");
    assert_eq!(told.with("indexed").len(), 6);
}

#[test]
fn the_curve_of_memory_is_told_and_drawn() {
    let (shop, database) = (program::shop(), Database::new());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("memory.csv");
    let told = Program::index(shop.path(), &database)
        .args(["--memory-profile", file.to_str().unwrap()])
        .events(0);
    let curve = told.summary()["memory"]["files_and_bytes"]
        .as_array()
        .unwrap();
    assert_eq!(curve.len(), 6);
    let table = fs::read_to_string(&file).unwrap();
    assert_eq!(table.lines().count(), 7);
    assert!(table.starts_with("files,resident_bytes\n1,"));
    let plot = fs::read_to_string(folder.path().join("memory.svg")).unwrap();
    assert!(plot.contains("<polyline"));
}

#[test]
fn openvino_runs_where_it_is_named_and_installed_and_fails_elsewhere() {
    let (shop, database) = (program::shop(), Database::new());
    let program = Program::index(shop.path(), &database).args(["--provider", "openvino"]);
    if installed::has_openvino() {
        let told = program.events(0);
        assert_eq!(told.summary()["provider"], "openvino");
        assert_eq!(told.summary()["precision"], "bf16");
        assert_eq!(told.with("indexed").len(), 6);
    } else {
        let ended = program.run();
        assert_eq!(ended.code(), 1);
        let (error, _) = ended.complaint();
        assert!(error.contains("ONNX Runtime cannot be loaded"), "{error}");
    }
}

#[test]
fn openvino_is_not_asked_to_run_eight_bits() {
    let (shop, database) = (program::shop(), Database::new());
    let ended = Program::index(shop.path(), &database)
        .args(["--provider", "openvino", "--precision", "int8"])
        .run();
    assert_eq!(ended.code(), 2);
    assert!(ended.complaint().0.contains("does not run int8"));
}

/// The most that a run on `folder` had resident, in bytes.
fn peak(folder: &Path, arguments: &[&str]) -> u64 {
    let told = Program::index(folder, &Database::new())
        .args(arguments.iter().copied())
        .events(0);
    told.summary()["peak_memory_bytes"].as_u64().unwrap()
}

#[test]
fn both_roles_of_one_model_share_its_session_in_every_form() {
    let shop = program::shop();
    let folder = installed::model().folder();
    for (precision, weights) in [
        ("fp32", "model.onnx.data"),
        ("int8", "model.int8.onnx.data"),
    ] {
        let one = peak(shop.path(), &["--precision", precision, "--roles", "code"]);
        let both = peak(shop.path(), &["--precision", precision]);
        let weights = fs::metadata(folder.join(weights)).unwrap().len();
        assert!(
            both < one + weights / 2,
            "{precision}: {both} for both roles, {one} for one"
        );
    }
}

/// What a line of 50 MB may add to the peak.
const FOR_A_HUGE_LINE: u64 = 100_000_000;

#[test]
fn a_line_of_fifty_megabytes_makes_no_jump() {
    let shop = program::shop();
    let without = peak(shop.path(), &[]);
    let line = format!("var table = '{}';", "abc def ".repeat(50_000_000 / 8));
    program::write(shop.path(), "vendor/table.min.js", line);
    let forced = ["--include", "table.min.js", "--max-file-size", "64M"];
    let told = Program::index(shop.path(), &Database::new())
        .args(forced)
        .events(0);
    let with = told.summary()["peak_memory_bytes"].as_u64().unwrap();
    assert!(
        with < without + FOR_A_HUGE_LINE,
        "{with} with it, {without} without"
    );
    let path = "vendor/table.min.js";
    let table = told.0.iter().find(|event| event["path"] == path).unwrap();
    assert_eq!(table["outcome"], "indexed");
    let notes = table["notes"].to_string();
    assert!(notes.contains("bytes left out"), "{notes}");
}
