//! Shells and manuals know the whole command line: what is tested here follows
//! from the clap tree, so that a new option is tested with it.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::Path;

use clap::{Command, CommandFactory};
use mnemo_index::cli::Args;

use crate::cluster::Database;
use crate::program::{self, Program};

/// Every command that is not hidden, with the words that lead to it.
fn commands() -> Vec<(Vec<String>, Command)> {
    let mut program = Args::command();
    program.build();
    let mut open = vec![(vec!["mnemo-index".to_owned()], program)];
    let mut commands = Vec::new();
    while let Some((words, command)) = open.pop() {
        let below = command
            .get_subcommands()
            .filter(|below| below.get_name() != "help");
        for below in below.filter(|below| !below.is_hide_set()) {
            let words = words.iter().cloned().chain([below.get_name().to_owned()]);
            open.push((words.collect(), below.clone()));
        }
        commands.push((words, command));
    }
    assert!(commands.len() > 15, "{}", commands.len());
    commands
}

fn options(command: &Command) -> impl Iterator<Item = String> {
    let shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
    shown.filter_map(|arg| Some(format!("--{}", arg.get_long()?)))
}

fn names(command: &Command) -> impl Iterator<Item = String> {
    let shown = command
        .get_subcommands()
        .filter(|below| !below.is_hide_set());
    shown.map(|below| below.get_name().to_owned())
}

/// What bash is answered after `words`, the last of which is being typed.
fn offered(program: Program, words: &[&str]) -> BTreeSet<String> {
    let last = (words.len() - 1).to_string();
    let ended = program
        .args(["--"])
        .args(words.iter().copied())
        .env("MNEMO_COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", last)
        .env("_CLAP_IFS", "\n")
        .run();
    assert_eq!(
        (ended.code(), ended.stderr().as_str()),
        (0, ""),
        "{words:?}"
    );
    ended.stdout().lines().map(str::to_owned).collect()
}

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn every_command_and_option_is_offered() {
    for (words, command) in commands() {
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        words.push("--");
        let found = offered(Program::new([]), &words);
        for option in options(&command) {
            assert!(
                found.contains(&option),
                "{words:?} lacks {option}: {found:?}"
            );
        }
        *words.last_mut().unwrap() = "";
        let found = offered(Program::new([]), &words);
        for name in names(&command) {
            assert!(found.contains(&name), "{words:?} lacks {name}: {found:?}");
        }
    }
}

#[test]
fn every_command_and_option_is_in_the_manual() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    let ended = Program::new(["man", "--output", pages.to_str().unwrap()]).run();
    assert_eq!(ended.code(), 0, "{}", ended.stderr());
    let page = |words: &[String]| {
        let page = fs::read_to_string(pages.join(format!("{}.1", words.join("-"))));
        page.unwrap_or_else(|error| panic!("{words:?}: {error}"))
            .replace("\\-", "-")
    };
    let commands = commands();
    for (words, command) in &commands {
        let page = page(words);
        for told in options(command).chain(names(command)) {
            assert!(page.contains(&told), "{words:?} lacks {told}");
        }
    }
    assert_eq!(fs::read_dir(&pages).unwrap().count(), commands.len());
    let printed = Program::new(["man"]).run().stdout();
    assert_eq!(
        printed.replace("\\-", "-"),
        page(&["mnemo-index".to_owned()])
    );
}

#[test]
fn a_manual_that_cannot_be_written_is_told() {
    let folder = program::tree(&[("file", "")]);
    let file = folder.path().join("file");
    let ended = Program::new(["man", "--output", file.to_str().unwrap()]).run();
    assert_eq!(ended.code(), 1);
    assert!(ended.complaint().0.starts_with("cannot write "));
}

#[test]
fn neither_needs_a_place_for_data() {
    for arguments in [&["man"][..], &["completions", "zsh"]] {
        let program = Program::new(arguments.iter().copied()).env("MNEMO_HOME", "");
        assert_eq!(program.run().code(), 0, "{arguments:?}");
    }
}

/// What bash itself offers, with the script sourced as the documents say.
fn in_bash(line: &[&str], url: &str) -> BTreeSet<String> {
    let binary = Path::new(env!("CARGO_BIN_EXE_mnemo-index"))
        .parent()
        .unwrap();
    let script = r#"
        PATH=$1:$PATH; shift
        source <(mnemo-index completions bash)
        complete -p mnemo-index > /dev/null || exit 1
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_TYPE=9
        _clap_complete_mnemo_index mnemo-index "${@: -1}" "${@: -2:1}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let ended = std::process::Command::new("bash")
        .args(["--norc", "-c", script, "bash"])
        .arg(binary)
        .args(line)
        .env("DATABASE_URL", url)
        .output()
        .unwrap();
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    let told = String::from_utf8(ended.stdout).unwrap();
    told.lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_names_that_only_the_index_knows() {
    let (shop, database) = (program::shop(), Database::new());
    Program::index(shop.path(), &database).events(0);
    let folder = shop.path().to_str().unwrap();
    let other = Program::on(&database, [folder, "--repository", "salad bar"]).run();
    assert_eq!(other.code(), 0, "{}", other.stderr());
    let url = database.url.expose();
    let bash = |line: &[&str]| in_bash(line, url);
    assert_eq!(bash(&["mnemo-index", "sta"]), set(&["status"]));
    assert_eq!(
        bash(&["mnemo-index", "status", "--repository", "sa"]),
        set(&["salad bar", "sample"])
    );
    assert_eq!(bash(&["mnemo-index", "forget", "sam"]), set(&["sample"]));
    assert_eq!(
        bash(&["mnemo-index", "callers", "x", "--repository=sam"]),
        set(&["--repository=sample"])
    );
    assert_eq!(
        bash(&["mnemo-index", "models", "fetch", "nomic"]),
        set(&["nomic-embed-text-v1.5"])
    );
    assert_eq!(
        bash(&["mnemo-index", ".", "--code-model", "jina"]),
        set(&["jina-embeddings-v2-base-code"])
    );
    assert_eq!(bash(&["mnemo-index", "completions", "z"]), set(&["zsh"]));
}

#[test]
fn each_shell_gets_a_script_of_its_own() {
    for (shell, sign) in [
        ("bash", "complete -o nospace"),
        ("zsh", "#compdef mnemo-index"),
        ("fish", "complete --keep-order"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let script = Program::new(["completions", shell]).run().stdout();
        assert!(
            script.contains(sign) && script.contains("MNEMO_COMPLETE"),
            "{script}"
        );
    }
    assert_eq!(Program::new(["completions", "tcsh"]).run().code(), 2);
}

#[test]
fn no_server_is_started_and_none_is_waited_for() {
    let words = ["mnemo-index", "status", "--repository", ""];
    let home = program::home();
    let asleep = Program::new([]).env("MNEMO_HOME", home.path());
    assert_eq!(offered(asleep, &words), set(&[]));
    assert!(!home.path().join("cluster").exists());

    // It takes connections and says nothing, ever.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgresql://me@{}/db", mute.local_addr().unwrap());
    assert_eq!(
        offered(Program::new([]).env("DATABASE_URL", url), &words),
        set(&[])
    );
    for url in ["postgresql://me@127.0.0.1:1/db", "nonsense"] {
        assert_eq!(
            offered(Program::new([]).env("DATABASE_URL", url), &words),
            set(&[])
        );
    }
}
