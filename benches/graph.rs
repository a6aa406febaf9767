//! How long the graph of a whole tree takes, and how much memory: what is
//! stored is read, resolved and written, first into an empty database and then
//! again after one file changed.
//!
//! `cargo bench --bench graph -- FOLDER`, with a folder that `scripts/trees`
//! composed; the vectors cost nothing here.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark that cannot go on should say where"
)]

use std::path::{Path, PathBuf};
use std::time::Instant;

use mnemo_index::chunk::{Chunker, CountTokens, Window, Windows};
use mnemo_index::embed::{EmbeddedFile, Embedding, RoleVectors};
use mnemo_index::graph::WholeGraph;
use mnemo_index::language;
use mnemo_index::memory;
use mnemo_index::names::{ModelId, RelPath, RepositoryName};
use mnemo_index::source::{Digest, Recipe, Source, SourceFile};
use mnemo_index::store::embedded::{Cluster, ClusterConfig};
use mnemo_index::store::{Models, RoleModel, Store, StoreConfig};
use walkdir::WalkDir;

struct Quarter;

impl CountTokens for Quarter {
    fn count(&self, text: &str) -> usize {
        text.len() / 4
    }
}

fn main() {
    // Cargo itself passes `--bench`; without a folder there is nothing to do.
    let Some(root) = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"))
    else {
        return;
    };
    let root = Path::new(&root).canonicalize().unwrap();
    let home = tempfile::tempdir().unwrap();
    let cluster = Cluster::acquire(&ClusterConfig {
        home: home.path().to_owned(),
        binaries: std::env::var_os("MNEMO_PG_BIN").map(PathBuf::from),
        runtime_dir: None,
        settings: Vec::new(),
    })
    .unwrap();
    cluster.create_database("bench").unwrap();
    let model = RoleModel {
        id: ModelId::new("none").unwrap(),
        digest: "none".to_owned(),
        width: 3,
    };
    let repository = RepositoryName::new("bench").unwrap();
    let mut store = Store::open(&StoreConfig {
        url: cluster.url("bench"),
        repository: repository.clone(),
        models: Models {
            text: None,
            code: Some(model),
        },
        commit: None,
        patience: std::time::Duration::from_secs(10),
        vector_index: mnemo_index::store::VectorIndex::default(),
    })
    .unwrap();
    let (files, definitions) = commit_all(&mut store, &root);
    println!("{files} files with {definitions} definitions committed");
    for round in ["first", "nothing changed"] {
        forget_peak();
        let before = megabytes();
        let began = Instant::now();
        let input = store.graph_input().unwrap();
        let mut bytes = 0;
        let symbols = store.symbols(&input.paths).inspect(|file| {
            bytes += file.as_ref().map_or(0, |file| file.symbols.len());
        });
        let graph = WholeGraph::of(&repository, &root, symbols).unwrap();
        let resolved = (began.elapsed(), megabytes());
        let began = Instant::now();
        store.write_graph(&graph, &input.with(&[0; 32])).unwrap();
        let written = (began.elapsed(), megabytes());
        println!("{round}: {before} MB before, {bytes} bytes of symbols");
        println!(
            "  {} bytes stored for a definition",
            bytes / definitions.max(1)
        );
        for (what, (time, peak)) in [("resolved", resolved), ("written", written)] {
            println!(
                "  {what} {time:?}, peak {} MB above",
                peak.saturating_sub(before)
            );
        }
        println!("  {:?}", graph.counts().edges);
        let counts = graph.counts();
        let places = counts.resolutions.values().sum::<u64>();
        let open = counts.external.values().chain(counts.unresolved.values());
        println!(
            "  {places} resolved calls, {} open references",
            open.sum::<u64>()
        );
    }
    drop(store);
    cluster.release().unwrap();
}

/// Lets the highest resident memory start from what is resident now.
fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

/// The highest resident memory since then.
fn megabytes() -> u64 {
    memory::peak().unwrap_or_default() / 1_000_000
}

/// How many files there are, and how many definitions in them.
fn commit_all(store: &mut Store, root: &Path) -> (usize, usize) {
    let window = Window {
        counter: &Quarter,
        max_tokens: 10_000,
    };
    let mut chunker = Chunker::new(Windows {
        text: window,
        code: window,
    });
    let mut count = (0, 0);
    for entry in WalkDir::new(root).sort_by_file_name() {
        let entry = entry.unwrap();
        if !entry.file_type().is_file() {
            continue;
        }
        let path = RelPath::new(root, entry.path()).unwrap();
        let Some(language) = language::detect(&path) else {
            continue;
        };
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let source = Source {
            digest: Digest::of(text.as_bytes()),
            file: SourceFile {
                path,
                absolute: entry.path().to_owned(),
                size: text.len() as u64,
                forced: false,
            },
            text,
            nul_replaced: 0,
        };
        let file = chunker.chunk(&source, language).unwrap();
        count.0 += 1;
        count.1 += file.definitions.len();
        let vector = || RoleVectors {
            text: None,
            code: Some(Embedding::new(vec![1.0, 0.0, 0.0])),
        };
        let vectors = file.chunks.iter().map(|_| vector()).collect();
        let recipe = Recipe::of(&["bench"]);
        store
            .commit(&EmbeddedFile { file, vectors }, &recipe)
            .unwrap();
    }
    count
}
