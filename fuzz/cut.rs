//! Cuts arbitrary bytes as a file and checks every promise.

use std::path::{Path, PathBuf};

use mnemo_index::chunk::{Chunker, CountTokens, Window, Windows};
use mnemo_index::language;
use mnemo_index::names::RelPath;
use mnemo_index::source::{Digest, Source, SourceFile};

#[path = "../tests/chunk/invariants.rs"]
mod invariants;

/// Counts runs of letters and single other characters, as tokenizers begin to.
struct Words;

impl CountTokens for Words {
    fn count(&self, text: &str) -> usize {
        let mut inside = false;
        let starts = text.chars().filter(|c| {
            let was_inside = std::mem::replace(&mut inside, c.is_alphanumeric());
            !c.is_whitespace() && !(was_inside && inside)
        });
        starts.count()
    }
}

pub fn cut(path: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).replace('\0', "\u{fffd}");
    let path = RelPath::new(Path::new(""), Path::new(path)).expect("a path inside");
    let language = language::detect(&path).expect("a known extension");
    let absolute = PathBuf::from(path.as_str());
    let file = SourceFile { path, absolute, size: bytes.len() as u64, forced: false };
    let source = Source { file, digest: Digest::of(bytes), text, nul_replaced: 0 };
    // Small, so that small inputs are split.
    let window = Window { counter: &Words, max_tokens: 40 };
    let windows = Windows { text: window, code: window };
    let chunked = Chunker::new(windows).chunk(&source, language).expect("a sound language");
    invariants::check(&source.text, &chunked, windows);
}
