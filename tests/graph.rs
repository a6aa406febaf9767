//! What ties the files of small trees together: cases as text in
//! `graph/<language>/*.txt`.
//!
//! A case is a name, the files of a tree, and the ties that are expected:
//!
//! ```text
//! ====
//! a barrel passes a function on
//! ====
//! --- a.ts
//! export function f() {}
//! --- b.ts
//! …
//! ---
//! calls b.ts 2:1 b.ts -> a.ts f [re_export]
//! ```
//!
//! Each line below the files is one place: relation, file, line and column, who
//! refers, to what, and how that was found; `open` for what ties to nothing,
//! with its package or `?`. A case lists the relations named in its head, calls
//! if there is none. With `MNEMO_CORPUS_UPDATE=1` the listings are written anew.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on should say where; it is set up by the environment"
)]

#[path = "chunk/harness.rs"]
mod harness;

use std::convert::Infallible;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use mnemo_index::graph::packages::Packages;
use mnemo_index::graph::resolve::{End, Relation, Resolution, SymbolFile, resolve};
use mnemo_index::language;

struct Case {
    title: String,
    relations: Vec<String>,
    files: Vec<(String, String)>,
    expected: Vec<String>,
}

#[test]
fn every_tree_is_tied_as_expected() {
    let mut failures = Vec::new();
    for file in case_files() {
        let mut cases = read(&file);
        assert!(!cases.is_empty(), "{} holds no case", file.display());
        for case in &mut cases {
            let found = listing(case);
            if std::env::var_os("MNEMO_CORPUS_UPDATE").is_some() {
                case.expected = found;
            } else if found != case.expected {
                let (found, expected) = (found.join("\n"), case.expected.join("\n"));
                let title = &case.title;
                failures.push(format!(
                    "{title}\n  found:\n{found}\n  expected:\n{expected}\n"
                ));
            }
        }
        if std::env::var_os("MNEMO_CORPUS_UPDATE").is_some() {
            std::fs::write(&file, written(&cases)).unwrap();
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn the_same_files_always_give_the_same() {
    for case in case_files().iter().flat_map(|file| read(file)) {
        assert_eq!(listing(&case), listing(&case), "{}", case.title);
    }
}

fn case_files() -> Vec<PathBuf> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/graph");
    let folders = std::fs::read_dir(corpus).unwrap();
    let mut files: Vec<PathBuf> = folders
        .flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn read(file: &Path) -> Vec<Case> {
    let text = format!("\n{}", std::fs::read_to_string(file).unwrap());
    let blocks: Vec<&str> = text.split("\n====\n").skip(1).collect();
    blocks
        .chunks_exact(2)
        .map(|pair| case(pair[0], pair[1]))
        .collect()
}

fn case(head: &str, body: &str) -> Case {
    let mut head = head.lines();
    let title = head.next().unwrap().to_owned();
    let relations = head.next().unwrap_or("calls");
    let (trees, expected) = body.rsplit_once("\n---\n").expect("files and a listing");
    let files = format!("\n{trees}");
    let files = files.split("\n--- ").skip(1).map(|file| {
        let (path, text) = file.split_once('\n').unwrap_or((file, ""));
        (path.trim().to_owned(), format!("{text}\n"))
    });
    Case {
        title,
        relations: relations.split(' ').map(str::to_owned).collect(),
        files: files.collect(),
        expected: expected
            .lines()
            .filter(|l| !l.is_empty())
            .map(str::to_owned)
            .collect(),
    }
}

fn written(cases: &[Case]) -> String {
    let mut text = String::new();
    for case in cases {
        let _ = write!(text, "====\n{}\n", case.title);
        if case.relations != ["calls"] {
            let _ = writeln!(text, "{}", case.relations.join(" "));
        }
        let _ = writeln!(text, "====");
        for (path, source) in &case.files {
            let _ = write!(text, "--- {path}\n{source}");
        }
        let _ = write!(text, "---\n{}\n\n", case.expected.join("\n"));
    }
    text
}

/// The ties of a tree that is on disk for as long as this takes.
fn listing(case: &Case) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (path, text) in &case.files {
        let on_disk = folder.path().join(path);
        std::fs::create_dir_all(on_disk.parent().unwrap()).unwrap();
        std::fs::write(&on_disk, text).unwrap();
        if language::detect(&harness::source(path, text).file.path).is_some() {
            let symbols = harness::chunk(path, text).symbols.into_vec();
            let path = path.clone();
            files.push(SymbolFile { path, symbols });
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let root = folder.path().canonicalize().unwrap();
    let files = files.into_iter().map(Ok::<_, Infallible>);
    let Ok(found) = resolve(files, &root, &Packages::new(&root));
    lines(case, &found)
}

fn lines(case: &Case, found: &Resolution) -> Vec<String> {
    let is_wanted = |relation: Relation| {
        case.relations
            .iter()
            .any(|wanted| wanted == relation.as_str())
    };
    let mut lines = Vec::new();
    for tie in found.ties.iter().filter(|tie| is_wanted(tie.relation)) {
        let (source, target) = (name(found, tie.source), name(found, tie.target));
        let file = &found.files[tie.source.file as usize].path;
        for site in found.sites(tie) {
            let place = format!("{}:{}", site.at.line, site.at.column);
            let ends = format!("{source} -> {target} [{}]", site.how.as_str());
            lines.push((
                file.clone(),
                site.at,
                format!("{} {file} {place} {ends}", tie.relation.as_str()),
            ));
        }
    }
    for file in &found.files {
        let open = found.open(file).iter();
        for reference in open.filter(|open| is_wanted(open.relation)) {
            let place = format!("{}:{}", reference.at.line, reference.at.column);
            let package = reference.package.map_or("?", |package| found.text(package));
            let what = format!(
                "{} {}",
                found.text(reference.name).replace('\n', " "),
                package
            );
            let path = &file.path;
            let line = format!("open {} {path} {place} {what}", reference.relation.as_str());
            lines.push((path.clone(), reference.at, line));
        }
    }
    lines.sort();
    lines.into_iter().map(|(_, _, line)| line).collect()
}

fn name(found: &Resolution, end: End) -> String {
    let file = &found.files[end.file as usize];
    match end.definition {
        None => file.path.clone(),
        Some(number) => {
            let (_, qualname, ordinal) = file.definitions[number as usize];
            let qualname = found.text(qualname);
            let ordinal = if ordinal == 0 {
                String::new()
            } else {
                format!("~{ordinal}")
            };
            format!("{} {qualname}{ordinal}", file.path)
        }
    }
}
