//! What the documents tell people to type can be typed.

use clap::Parser;
use mnemo_index::cli::Args;

/// The calls of the program in the code blocks of a document.
fn calls(document: &str) -> Vec<Vec<String>> {
    let blocks = document.split("```").skip(1).step_by(2);
    let lines = blocks.flat_map(str::lines);
    let calls = lines.filter_map(|line| {
        let start = line
            .find("mnemo-index ")
            .filter(|at| *at == 0 || line[..*at].ends_with([' ', '/']))?;
        let call = line[start..].split(" | ").next().unwrap_or_default();
        let call = call.split(" # ").next().unwrap_or_default();
        Some(
            call.split_whitespace()
                .map(|word| word.trim_matches(['"', '\'']).to_owned())
                .collect(),
        )
    });
    calls.collect()
}

#[test]
fn every_call_in_the_examples_is_one() {
    let document = concat!(
        include_str!("../../docs/unattended.md"),
        include_str!("../../docs/shards.md"),
        include_str!("../../docs/package.md"),
        "```\n",
        include_str!("../../deploy/shards-github-actions.yml"),
        "```\n",
    );
    let document = document
        // The image's entry point.
        .replace("\"$IMAGE\"", "mnemo-index")
        .replace("${{ matrix.shard }}", "2")
        .replace("${{ strategy.job-total }}", "4");
    let calls = calls(&document);
    assert!(calls.len() >= 11, "{calls:?}");
    for call in calls {
        if let Err(error) = Args::try_parse_from(&call) {
            panic!("{call:?}: {error}");
        }
    }
}

#[test]
fn every_option_is_in_the_readme() {
    let help = crate::program::Program::new(["--help"]).run().stdout();
    let readme = include_str!("../../README.md");
    let options = help.lines().filter_map(|line| {
        let option = line
            .split_whitespace()
            .find(|word| word.starts_with("--"))?;
        line.starts_with("  ")
            .then(|| option.trim_end_matches("..."))
    });
    let missing: Vec<&str> = options.filter(|option| !readme.contains(option)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
