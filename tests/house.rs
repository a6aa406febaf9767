//! The walls of the house: who may know whom, and who may know which library.
//! The architecture page in `src/lib.rs` says why.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// What every room may use.
const SHARED: &[&str] = &[
    "names",
    "identifiers",
    "source",
    "shard",
    "outcome",
    "error",
    "exit",
    "heap",
    "lock",
    "memory",
];

/// What else a room may use of the others: the types at its doors, and for
/// those who join rooms together, the rooms.
const MAY_USE: &[(&str, &[&str])] = &[
    ("main", &["cli", "commands"]),
    ("cli", &[]),
    ("commands", &["*"]),
    (
        "plan",
        &[
            "bundle", "chunk", "cli", "embed", "hub", "language", "picture", "read", "search",
            "store", "terminal", "walk",
        ],
    ),
    (
        "pipeline",
        &[
            "chunk", "embed", "graph", "language", "plan", "read", "report", "signal", "store",
            "terminal", "walk",
        ],
    ),
    ("walk", &[]),
    ("read", &[]),
    ("symbols", &[]),
    ("language", &["symbols"]),
    ("chunk", &["language", "symbols"]),
    ("bundle", &[]),
    ("embed", &["bundle", "chunk"]),
    ("hub", &["embed"]),
    ("graph", &["chunk", "language", "symbols"]),
    ("store", &["chunk", "embed", "graph", "language", "symbols"]),
    ("picture", &["store"]),
    ("report", &[]),
    ("search", &[]),
    (
        "store",
        &["chunk", "embed", "graph", "language", "search", "symbols"],
    ),
    ("report", &["search"]),
    ("terminal", &[]),
    ("signal", &[]),
];

/// The only rooms that may name a library.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("postgres::", &["store"]),
    ("pgvector::", &["store"]),
    ("refinery::", &["store"]),
    ("ort::", &["embed"]),
    ("tokenizers::", &["embed"]),
    ("tree_sitter::", &["language", "chunk", "graph"]),
    ("clap::", &["cli", "main"]),
    ("clap_complete::", &["cli"]),
    ("clap_mangen::", &["cli"]),
    ("strsim::", &["store"]),
    ("indicatif::", &["terminal"]),
    ("ignore::", &["walk"]),
    ("regex::", &["read", "language"]),
    ("rustls::", &["store", "embed"]),
    ("rustls_native_certs::", &["store", "embed", "hub"]),
    ("hf_hub::", &["hub"]),
    ("ureq::", &["embed", "hub"]),
    ("flate2::", &["picture"]),
    ("base64::", &["picture", "report"]),
    ("zstd::", &["bundle", "symbols"]),
    ("string_interner::", &["graph"]),
    ("postcard::", &["symbols"]),
    ("oxc_resolver::", &["graph"]),
    ("thread::spawn", &["pipeline"]),
    ("thread::scope", &["pipeline"]),
    ("crossbeam_channel::", &["pipeline"]),
    ("std::env::", &["plan"]),
];

struct Room {
    name: String,
    path: PathBuf,
    code: String,
}

/// Every source file, without its tests and comments.
fn rooms() -> Vec<Room> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    WalkDir::new(&src)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| {
            entry
                .path()
                .extension()
                .is_some_and(|ending| ending == "rs")
        })
        .map(|entry| {
            let inside = entry.path().strip_prefix(&src).unwrap();
            let first = inside
                .components()
                .next()
                .unwrap()
                .as_os_str()
                .to_string_lossy();
            let name = first.trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(entry.path()).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let code = code
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            Room {
                name,
                path: inside.to_owned(),
                code: code.collect::<Vec<_>>().join("\n"),
            }
        })
        .collect()
}

/// The rooms that `code` names: `crate::walk::…`, `crate::{chunk, embed}`.
fn used(code: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for (start, marker) in ["crate::", "mnemo_index::"]
        .iter()
        .flat_map(|marker| code.match_indices(marker))
    {
        let rest = &code[start + marker.len()..];
        let list = rest.strip_prefix('{').map_or_else(
            || {
                rest.split(|c: char| !c.is_alphanumeric() && c != '_')
                    .take(1)
                    .collect::<Vec<_>>()
            },
            |list| {
                list.split('}')
                    .next()
                    .unwrap_or_default()
                    .split(',')
                    .collect()
            },
        );
        let names = list
            .iter()
            .map(|name| name.trim().split("::").next().unwrap_or_default());
        rooms.extend(names.filter(|name| !name.is_empty()).map(str::to_owned));
    }
    rooms
}

#[test]
fn a_room_uses_only_what_its_doors_allow() {
    let allowed: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    let mut faults = Vec::new();
    for room in rooms() {
        if SHARED.contains(&room.name.as_str()) || room.name == "lib" {
            continue;
        }
        let may_use = allowed.get(room.name.as_str());
        let Some(may_use) = may_use else {
            faults.push(format!("{} is in no row of MAY_USE", room.path.display()));
            continue;
        };
        for other in used(&room.code) {
            let is_free = other == room.name || SHARED.contains(&other.as_str());
            if !is_free && !may_use.contains(&"*") && !may_use.contains(&other.as_str()) {
                faults.push(format!("{} uses {other}", room.path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn what_all_may_use_uses_no_room() {
    for room in rooms()
        .iter()
        .filter(|room| SHARED.contains(&room.name.as_str()))
    {
        let others: Vec<_> = used(&room.code)
            .into_iter()
            .filter(|other| *other != room.name && !SHARED.contains(&other.as_str()))
            .collect();
        assert!(others.is_empty(), "{} uses {others:?}", room.path.display());
    }
}

#[test]
fn a_library_is_known_in_its_rooms_only() {
    let mut faults = Vec::new();
    for room in rooms() {
        for (library, homes) in LIBRARIES {
            let named = room.code.match_indices(library).any(|(at, _)| {
                // `tree_sitter_python::` and the like are other names.
                !room.code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
            });
            if named && !homes.contains(&room.name.as_str()) {
                faults.push(format!("{} names {library}", room.path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_walls_would_be_noticed_if_they_fell() {
    assert_eq!(
        used("use crate::walk::Walk; crate::{chunk::A, embed}"),
        ["walk", "chunk", "embed"]
    );
    assert!(
        rooms()
            .iter()
            .any(|room| room.name == "store" && room.code.contains("postgres::"))
    );
}

#[test]
fn main_stays_a_table_of_contents() {
    let main =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/main.rs")).unwrap();
    assert!(main.lines().count() <= 40);
}
