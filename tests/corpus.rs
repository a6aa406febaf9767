//! What the chunker makes of small files: cases as text in
//! `corpus/<language>/*.txt`, properties of generated files, hostile files.
//!
//! A case is a name, a path, a source and the chunks that are expected:
//!
//! ```text
//! ====
//! getters and setters share a name
//! src/a.ts
//! ====
//! class A { … }
//! ---
//! class A 1-4 @1
//!   exported = false
//! ```
//!
//! Each line of the listing is a chunk: its type, qualname, number (if not 0),
//! lines, and the definition's own line. Below it may stand what to check of
//! it: `key = JSON` for its metadata, `name_path`, `source_code`, `code_input` or
//! `text_input`; a line `note: …` is one of the file's notes. With
//! `MNEMO_CORPUS_UPDATE=1` the listings are written anew.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on should say where; it is set up by the environment"
)]

#[path = "chunk/harness.rs"]
mod harness;
#[path = "chunk/hostile.rs"]
mod hostile;
#[path = "chunk/invariants.rs"]
mod invariants;
#[path = "chunk/properties.rs"]
mod properties;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use mnemo_index::chunk::{Chunk, ChunkedFile};
use serde_json::Value;

struct Case {
    title: String,
    path: String,
    source: String,
    expected: Vec<String>,
}

#[test]
fn every_case_of_the_corpus_is_cut_as_expected() {
    let mut failures = Vec::new();
    for file in case_files() {
        let mut cases = read(&file);
        for case in &mut cases {
            let chunked = harness::chunk(&case.path, &case.source);
            invariants::check(&case.source, &chunked, harness::windows());
            if let Err(report) = compare(case, &chunked) {
                failures.push(format!("{}: {}\n{report}", file.display(), case.title));
            }
        }
        if std::env::var_os("MNEMO_CORPUS_UPDATE").is_some() {
            std::fs::write(&file, written(&cases)).unwrap();
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn every_language_has_cases() {
    for language in mnemo_index::language::ALL {
        let folder = corpus().join(language.name());
        assert!(folder.is_dir(), "{} is missing", folder.display());
    }
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

fn case_files() -> Vec<PathBuf> {
    let folders = std::fs::read_dir(corpus())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = folders
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn read(file: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(file).unwrap();
    let text = format!("\n{text}");
    // A line of exactly four signs: a merge conflict has seven.
    let blocks: Vec<&str> = text.split("\n====\n").skip(1).collect();
    blocks
        .chunks_exact(2)
        .map(|pair| case(pair[0], pair[1]))
        .collect()
}

fn case(head: &str, body: &str) -> Case {
    let (title, path) = head.trim().split_once('\n').expect("a title and a path");
    let (source, expected) = body.rsplit_once("\n---\n").expect("a source and a listing");
    let expected = expected.lines().filter(|line| !line.is_empty());
    Case {
        title: title.to_owned(),
        path: path.to_owned(),
        source: unescaped(source),
        expected: expected.map(str::to_owned).collect(),
    }
}

/// Characters that an editor would hide or change are written `⟪cr⟫`, `⟪bom⟫`, `⟪nul⟫`.
fn unescaped(source: &str) -> String {
    MARKS.iter().fold(source.to_owned(), |text, (mark, real)| {
        text.replace(mark, real)
    })
}

const MARKS: [(&str, &str); 2] = [("⟪cr⟫", "\r"), ("⟪nul⟫", "\u{fffd}")];

fn escaped(source: &str) -> String {
    MARKS.iter().fold(source.to_owned(), |text, (mark, real)| {
        text.replace(real, mark)
    })
}

fn written(cases: &[Case]) -> String {
    let mut text = String::new();
    for case in cases {
        let expected = case.expected.join("\n");
        let (title, path, source) = (&case.title, &case.path, escaped(&case.source));
        writeln!(
            text,
            "====\n{title}\n{path}\n====\n{source}\n---\n{expected}\n"
        )
        .unwrap();
    }
    text
}

/// Compares, and leaves in the case what should have been expected.
fn compare(case: &mut Case, file: &ChunkedFile) -> Result<(), String> {
    let is_head = |line: &&String| !line.starts_with(' ');
    let expected: Vec<String> = case.expected.iter().filter(is_head).cloned().collect();
    let found = listing(file);
    let mut report = String::new();
    if expected != found {
        let (expected, found) = (expected.join("\n"), found.join("\n"));
        writeln!(report, "expected:\n{expected}\nfound:\n{found}").unwrap();
    }
    for (line, chunk) in checks(&case.expected, file) {
        if let Err(wrong) = check(line, chunk) {
            writeln!(report, "{line}\n{wrong}").unwrap();
        }
    }
    case.expected = updated(&case.expected, &found);
    if report.is_empty() {
        Ok(())
    } else {
        Err(report)
    }
}

fn listing(file: &ChunkedFile) -> Vec<String> {
    let mut lines: Vec<String> = file
        .chunks
        .iter()
        .enumerate()
        .map(|(at, chunk)| {
            let definition = file.definitions.iter().find(|d| d.chunks.contains(&at));
            let number = if chunk.ordinal > 0 {
                format!("#{}", chunk.ordinal)
            } else {
                String::new()
            };
            let at = definition.map_or(String::new(), |d| format!(" @{}", d.definition_line));
            let name = if chunk.qualname.is_empty() {
                "."
            } else {
                &chunk.qualname
            };
            let (start, end) = (chunk.lines.start, chunk.lines.end);
            format!("{} {name}{number} {start}-{end}{at}", chunk.kind.as_str())
        })
        .collect();
    lines.extend(file.notes.iter().map(|note| format!("note: {note}")));
    lines
}

/// The lines that check something, each with the chunk it stands below.
fn checks<'a>(expected: &'a [String], file: &'a ChunkedFile) -> Vec<(&'a str, &'a Chunk)> {
    let mut found = Vec::new();
    let mut index = 0;
    for line in expected {
        if !line.starts_with(' ') {
            index += 1;
        } else if let Some(chunk) = file.chunks.get(index - 1) {
            found.push((line.as_str(), chunk));
        }
    }
    found
}

fn check(line: &str, chunk: &Chunk) -> Result<(), String> {
    let (key, expected) = line
        .trim()
        .split_once(" = ")
        .ok_or("a check is `key = JSON`")?;
    let expected: Value = serde_json::from_str(expected).map_err(|error| error.to_string())?;
    let found = match key {
        "name" => chunk.name.as_str().into(),
        "name_path" => chunk.name_path.as_str().into(),
        "source_code" => chunk.source_code.as_str().into(),
        "code_input" => chunk.code_input.as_str().into(),
        "text_input" => chunk.text_input.as_str().into(),
        _ => {
            let pointer = format!("/{}", key.replace('.', "/"));
            let metadata = Value::Object(chunk.metadata.to_object());
            metadata.pointer(&pointer).cloned().unwrap_or(Value::Null)
        }
    };
    if found == expected {
        Ok(())
    } else {
        Err(format!("found {found}"))
    }
}

/// The listing as it is now, each line followed by its checks.
fn updated(expected: &[String], found: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    for head in found {
        lines.push(head.clone());
        let old = expected.iter().position(|line| line == head);
        let below = old.into_iter().flat_map(|at| &expected[at + 1..]);
        lines.extend(below.take_while(|line| line.starts_with(' ')).cloned());
    }
    lines
}
