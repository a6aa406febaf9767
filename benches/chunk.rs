//! How fast files are cut, on one thread, and where the time goes.
//!
//!     scripts/eval/definitions rxjs django    # fetches the sources
//!     cargo bench --bench chunk
//!
//! Times are of the processor, not of the clock on the wall, so that a busy
//! machine does not count. Tokenizing is stated apart: first all files are cut
//! by a counter that costs nothing, then by the model's own tokenizer.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints, and stops where it cannot go on"
)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use mnemo_index::chunk::{ChunkedFile, Chunker, CountTokens, Timings, Window, Windows};
use mnemo_index::embed::TextTokenizer;
use mnemo_index::language;
use mnemo_index::names::RelPath;
use mnemo_index::source::{Digest, Source, SourceFile};

/// One token for each four bytes: what the tokenizer says of code on average.
struct Quarter;

impl CountTokens for Quarter {
    fn count(&self, text: &str) -> usize {
        text.len().div_ceil(4)
    }
}

fn main() {
    let cache = folder("MNEMO_EVAL", ".cache", "mnemo-index/eval");
    let tokenizer = folder("MNEMO_HOME", ".local/share", "mnemo-index")
        .join("models/all-minilm-l6-v2/tokenizer.json");
    let tokenizer = TextTokenizer::open(&tokenizer, "", 256).expect("run scripts/setup first");
    println!("| tree | MB | chunks | MB/s | parse | survey | compose | with tokenizing, MB/s |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let mut all = Vec::new();
    for (name, root) in [
        ("rxjs 7.8.2", "rxjs-7.8.2/src"),
        ("Django 5.2.4", "django-5.2.4"),
    ] {
        let sources = read(&cache.join(root));
        assert!(
            !sources.is_empty(),
            "run scripts/eval/definitions rxjs django first"
        );
        report(name, &sources, &tokenizer);
        all.extend(sources);
    }
    report("both", &all, &tokenizer);
}

fn report(name: &str, sources: &[Source], tokenizer: &TextTokenizer) {
    let bytes: usize = sources.iter().map(|source| source.text.len()).sum();
    let megabytes = bytes as f64 / 1e6;
    let free = Window {
        counter: &Quarter,
        max_tokens: 254,
    };
    let (chunks, time, timings) = cut(sources, free);
    let real = Window {
        counter: tokenizer,
        max_tokens: tokenizer.room(),
    };
    let (_, with_tokens, _) = cut(sources, real);
    let total = timings.parse + timings.survey + timings.compose;
    let share =
        |part: Duration| format!("{:.0} %", 100.0 * part.as_secs_f64() / total.as_secs_f64());
    println!(
        "| {name} | {megabytes:.1} | {chunks} | {:.1} | {} | {} | {} | {:.1} |",
        megabytes / time.as_secs_f64(),
        share(timings.parse),
        share(timings.survey),
        share(timings.compose),
        megabytes / with_tokens.as_secs_f64(),
    );
}

/// Cuts all `sources`; gives the chunks, the processor time and its shares.
fn cut(sources: &[Source], window: Window) -> (usize, Duration, Timings) {
    let mut chunker = Chunker::new(Windows {
        text: window,
        code: window,
    });
    let start = processor_time();
    let mut chunks = 0;
    for source in sources {
        let language = language::detect(&source.file.path).unwrap();
        let file: ChunkedFile = chunker.chunk(source, language).unwrap();
        chunks += file.chunks.len();
    }
    (chunks, processor_time() - start, chunker.timings())
}

/// What this thread has had of the processor.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}

fn folder(variable: &str, below_home: &str, name: &str) -> PathBuf {
    std::env::var_os(variable).map_or_else(
        || {
            PathBuf::from(std::env::var_os("HOME").unwrap())
                .join(below_home)
                .join(name)
        },
        PathBuf::from,
    )
}

fn read(root: &Path) -> Vec<Source> {
    let files = walkdir::WalkDir::new(root).sort_by_file_name();
    let files = files
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file());
    files
        .filter_map(|entry| source(root, entry.path()))
        .collect()
}

/// The file at `path`, if it is of a language and not minified.
fn source(root: &Path, path: &Path) -> Option<Source> {
    let name = RelPath::new(root, path).ok()?;
    language::detect(&name).filter(|_| !name.as_str().contains(".min."))?;
    let bytes = std::fs::read(path).ok()?;
    let digest = Digest::of(&bytes);
    let text = String::from_utf8(bytes).ok()?;
    let size = text.len() as u64;
    let file = SourceFile {
        path: name,
        absolute: path.to_owned(),
        size,
        forced: false,
    };
    Some(Source {
        file,
        text,
        digest,
        nul_replaced: 0,
    })
}
