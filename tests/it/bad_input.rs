//! Bad input: one clear line, a hint, the right exit code, and nothing lost.

use std::fs;
use std::os::unix::fs::symlink;

use crate::cluster::Database;
use crate::program::{self, Program};

/// Runs on the small code base; must end with `code`, and say so.
fn refused(arguments: &[&str], code: i32) -> (String, String) {
    let (shop, database) = (program::shop(), Database::new());
    let ended = Program::index(shop.path(), &database)
        .args(arguments.iter().copied())
        .run();
    assert_eq!(ended.code(), code, "{}", ended.stderr());
    assert_eq!(ended.stdout(), "");
    ended.complaint()
}

#[test]
fn without_an_argument_there_is_help() {
    let ended = Program::new([]).run();
    assert_eq!(ended.code(), 2);
    assert!(
        ended
            .stderr()
            .contains("Usage: mnemo-index [OPTIONS] <DIR>")
    );
}

#[test]
fn help_shows_a_worked_example_and_the_exit_codes() {
    let help = Program::new(["--help"]).run();
    assert_eq!(help.code(), 0);
    let told = help.stdout();
    for part in [
        "$ mnemo-index ./rxjs --repository rxjs",
        mnemo_index::exit::TABLE,
    ] {
        assert!(told.contains(part), "{told}");
    }
}

#[test]
fn the_readme_has_the_same_exit_codes() {
    let readme = include_str!("../../README.md");
    for row in mnemo_index::exit::TABLE.lines().skip(1) {
        let (code, meaning) = row.trim().split_once("  ").unwrap();
        let row = format!("| {} | {} |", code, meaning.trim());
        assert!(readme.contains(&row), "README lacks {row}");
    }
}

#[test]
fn an_unknown_flag_is_bad_usage() {
    let ended = Program::new([".", "--no-such-flag"]).run();
    assert_eq!(ended.code(), 2);
    assert!(
        ended
            .stderr()
            .starts_with("error: unexpected argument '--no-such-flag'")
    );
}

#[test]
fn an_answer_that_cannot_be_written_is_no_success() {
    let (shop, database) = (program::shop(), Database::new());
    Program::index(shop.path(), &database).events(0);
    for arguments in [&["status"][..], &["show", "Cart"], &["verify"], &["man"]] {
        let mut command = Program::on(&database, arguments.iter().copied()).command();
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let ended = command.stdout(full).output().unwrap();
        let told = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{arguments:?}: {told}");
        assert!(
            told.starts_with("error: standard output could not be written: No space left"),
            "{told}"
        );
        assert!(told.contains("hint: free space"), "{told}");
    }
}

#[test]
fn whoever_reads_no_further_is_no_error() {
    let (shop, database) = (program::shop(), Database::new());
    Program::index(shop.path(), &database).events(0);
    let folder = shop.path().to_str().unwrap();
    for arguments in [
        &["status"][..],
        &["show", "Cart"],
        &["callers", "formatPrice", "--json"],
        &["models", "list"],
        &["verify"],
        &[folder, "--repository", "sample", "-v", "--full"],
    ] {
        let mut command = Program::on(&database, arguments.iter().copied()).command();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = command.stdout(writer).output().unwrap();
        let told = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(0), "{arguments:?}: {told}");
        assert!(
            !told.contains("error") && !told.contains("panicked"),
            "{told}"
        );
    }
}

#[test]
fn an_empty_name_is_bad_usage_and_the_hint_fits_the_command() {
    for (arguments, hint) in [
        (
            &["forget", ""][..],
            "`mnemo-index status` shows those in the index",
        ),
        (
            &["status", "--repository", " "],
            "`mnemo-index status` shows those in the index",
        ),
        (
            &["models", "path", ""],
            "a model's id is the name of its folder",
        ),
        (
            &["db", "create", ""],
            "a name has 1 to 63 bytes and no control characters",
        ),
        (&["show", ""], "such as src/cart.ts:12"),
    ] {
        let ended = Program::new(arguments.iter().copied()).run();
        assert_eq!(ended.code(), 2, "{arguments:?}: {}", ended.stderr());
        let told = ended.complaint().1;
        assert!(told.ends_with(hint), "{arguments:?}: {told}");
    }
}

#[test]
fn a_folder_is_told_from_a_file_by_chunk_too() {
    let shop = program::shop();
    let ended = Program::new(["chunk", shop.path().to_str().unwrap()]).run();
    assert_eq!(ended.code(), 1);
    let (error, hint) = ended.complaint();
    assert!(error.ends_with(" is a directory, not a file"), "{error}");
    assert!(hint.contains("--dry-run"), "{hint}");
}

#[test]
fn what_the_system_says_is_said_once() {
    let file = program::tree(&[("file", "")]);
    let home = file.path().join("file/home");
    let ended = Program::new(["status"]).env("MNEMO_HOME", &home).run();
    assert_eq!(ended.code(), 1);
    let (error, _) = ended.complaint();
    assert_eq!(error.matches("Not a directory").count(), 1, "{error}");
}

#[test]
fn a_directory_that_is_missing_or_a_file_changes_nothing() {
    let (shop, database) = (program::shop(), Database::new());
    Program::index(shop.path(), &database).events(0);
    let before = database.count("SELECT count(*) FROM code_chunks");

    let missing = Program::index(&shop.path().join("gone"), &database).run();
    assert_eq!(missing.code(), 1);
    assert!(missing.complaint().0.contains("No such file or directory"));

    let file = Program::index(&shop.path().join("src/cart.ts"), &database).run();
    assert_eq!(file.code(), 1);
    assert!(file.complaint().0.ends_with("is a file, not a directory"));
    assert_eq!(database.count("SELECT count(*) FROM code_chunks"), before);
}

#[test]
fn values_that_make_no_sense_are_bad_usage() {
    for arguments in [
        ["--max-file-size", "huge"],
        ["--max-failed", "some"],
        ["--threads", "0"],
        ["--text-model", "../x"],
        ["--exclude", "[z-a]"],
    ] {
        let (shop, database) = (program::shop(), Database::new());
        let ended = Program::index(shop.path(), &database).args(arguments).run();
        assert_eq!(
            (ended.code(), ended.stdout()),
            (2, String::new()),
            "{}",
            ended.stderr()
        );
        assert!(ended.stderr().starts_with("error: "), "{}", ended.stderr());
    }
}

#[test]
fn an_unknown_model_is_refused_with_the_known_ones() {
    let (error, _) = refused(&["--code-model", "no-such-model"], 2);
    assert!(error.contains("all-minilm-l6-v2"), "{error}");
}

#[test]
fn a_provider_that_cannot_run_here_is_never_replaced_in_silence() {
    // Without a device, or without the library: the reason differs.
    let (error, hint) = refused(&["--provider", "cuda"], 1);
    assert!(
        error.contains("cuda provider cannot run here") || error.contains("cannot be loaded"),
        "{error}"
    );
    assert!(hint.contains("scripts/setup"), "{hint}");
}

#[test]
fn memory_of_a_gpu_that_is_no_size_is_refused() {
    let (error, _) = refused(&["--provider", "cuda", "--gpu-memory", "3X"], 2);
    assert!(error.contains("\"3X\" is not a size"), "{error}");
}

#[test]
fn a_server_that_is_down_is_named_without_its_password() {
    let shop = program::shop();
    let ended = Program::new([shop.path().to_str().unwrap()])
        .env("DATABASE_URL", "postgresql://me:sesame@127.0.0.1:1/x")
        .run();
    assert_eq!(ended.code(), 1);
    let (error, _) = ended.complaint();
    assert!(
        error.contains("127.0.0.1:1") && !ended.stderr().contains("sesame"),
        "{error}"
    );
}

#[test]
fn a_database_of_another_width_is_refused_with_both_and_keeps_its_rows() {
    let (shop, database) = (program::shop(), Database::of_mnemolite());
    let ended = Program::index(shop.path(), &database).run();
    assert_eq!(ended.code(), 1);
    let (error, hint) = ended.complaint();
    assert!(error.contains("768") && error.contains("384"), "{error}");
    assert!(hint.contains("mnemo-index db create"), "{hint}");
}

#[test]
fn a_model_that_is_missing_or_truncated_is_refused_before_anything_is_written() {
    let (shop, database) = (program::shop(), Database::new());
    let models = tempfile::tempdir().unwrap();
    let run = || {
        let folder = models.path().to_str().unwrap().to_owned();
        let ended = Program::index(shop.path(), &database)
            .env("MNEMO_MODELS_DIR", folder)
            .run();
        assert_eq!(ended.code(), 1, "{}", ended.stderr());
        ended.complaint()
    };
    let (error, hint) = run();
    assert!(
        error.contains("tokenizer.json") && hint.contains("scripts/setup"),
        "{error} {hint}"
    );

    let (here, there) = (
        models.path().join("all-minilm-l6-v2"),
        crate::installed::model().folder(),
    );
    fs::create_dir(&here).unwrap();
    for file in fs::read_dir(&there).unwrap() {
        let name = file.unwrap().file_name();
        symlink(there.join(&name), here.join(&name)).unwrap();
    }
    fs::remove_file(here.join("model.onnx")).unwrap();
    fs::write(here.join("model.onnx"), "half").unwrap();
    let (error, _) = run();
    assert!(
        error.contains("model.onnx") && error.contains("truncated"),
        "{error}"
    );
    assert_eq!(database.count("SELECT count(*) FROM code_chunks"), 0);
}

#[test]
fn a_missing_onnx_runtime_is_named_with_the_way_out() {
    let (shop, database) = (program::shop(), Database::new());
    let ended = Program::index(shop.path(), &database)
        .env("ORT_DYLIB_PATH", "/nonexistent/lib.so")
        .run();
    assert_eq!(ended.code(), 1);
    let (error, hint) = ended.complaint();
    assert!(
        error.contains("/nonexistent/lib.so") && hint.contains("scripts/setup"),
        "{error} {hint}"
    );
}

#[test]
fn machines_get_the_error_as_json() {
    let ended = Program::new(["/nonexistent", "--json"]).run();
    assert_eq!(ended.code(), 1);
    let event: serde_json::Value = serde_json::from_str(ended.stdout().trim()).unwrap();
    assert_eq!(
        (&event["event"], &event["exit"]),
        (&"error".into(), &1.into())
    );
    assert!(event["hint"].is_string());
}

#[test]
fn one_file_can_be_looked_at_without_weights_or_a_database() {
    let shop = program::shop();
    let file = shop.path().join("src/cart.ts");
    let shown = Program::new(["chunk", file.to_str().unwrap(), "--json"]).run();
    assert_eq!(shown.code(), 0, "{}", shown.stderr());
    let file: serde_json::Value = serde_json::from_str(shown.stdout().trim()).unwrap();
    let names: Vec<_> = file["definitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["qualname"])
        .collect();
    assert!(names.contains(&&"Cart.add".into()), "{names:?}");
}
