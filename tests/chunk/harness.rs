//! The real tokenizer, and files that exist only in a test.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use mnemo_index::chunk::{ChunkedFile, Chunker, Window, Windows};
use mnemo_index::embed::TextTokenizer;
use mnemo_index::language;
use mnemo_index::names::RelPath;
use mnemo_index::source::{Digest, Source, SourceFile};

static TOKENIZER: LazyLock<TextTokenizer> = LazyLock::new(|| {
    let path = home().join("models/all-minilm-l6-v2/tokenizer.json");
    TextTokenizer::open(&path, "", 256).unwrap_or_else(|error| panic!("{error}; run scripts/setup"))
});

fn home() -> PathBuf {
    let folder = |name| std::env::var_os(name).map(PathBuf::from);
    folder("MNEMO_HOME").unwrap_or_else(|| {
        let data = folder("XDG_DATA_HOME")
            .or_else(|| folder("HOME").map(|home| home.join(".local/share")))
            .expect("a home folder");
        data.join("mnemo-index")
    })
}

/// The windows of the small model, for both roles.
pub fn windows() -> Windows<'static> {
    let window = Window {
        counter: &*TOKENIZER,
        max_tokens: TOKENIZER.room(),
    };
    Windows {
        text: window,
        code: window,
    }
}

/// A file with `text` at `path`.
pub fn source(path: &str, text: &str) -> Source {
    let path = RelPath::new(Path::new(""), Path::new(path)).expect("a path inside");
    let absolute = PathBuf::from(path.as_str());
    let file = SourceFile {
        path,
        absolute,
        size: text.len() as u64,
        forced: false,
    };
    let digest = Digest::of(text.as_bytes());
    Source {
        file,
        text: text.to_owned(),
        digest,
        nul_replaced: 0,
    }
}

/// Cuts a file with `text` at `path`.
pub fn chunk(path: &str, text: &str) -> ChunkedFile {
    let source = source(path, text);
    let language = language::detect(&source.file.path).expect("a known extension");
    Chunker::new(windows())
        .chunk(&source, language)
        .expect("a language without mistakes")
}
