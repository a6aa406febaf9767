//! Shows what the chunker sees in each file named on standard input, one JSON
//! object a line. A door for `scripts/eval` and for whoever adds a language.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::io::BufRead;
use std::path::{Path, PathBuf};

use mnemo_index::chunk::{Chunker, CountTokens, Window, Windows, to_json};
use mnemo_index::language;
use mnemo_index::names::RelPath;
use mnemo_index::source::{Digest, Source, SourceFile};

struct Tokens(tokenizers::Tokenizer);

impl CountTokens for Tokens {
    fn count(&self, text: &str) -> usize {
        self.0.encode_fast(text, false).unwrap().len()
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let (root, tokenizer) = (PathBuf::from(args.next().unwrap()), args.next().unwrap());
    let mut tokenizer = tokenizers::Tokenizer::from_file(tokenizer).unwrap();
    tokenizer.with_truncation(None).unwrap();
    tokenizer.with_padding(None);
    let counter = Tokens(tokenizer);
    let window = Window {
        counter: &counter,
        max_tokens: 254,
    };
    let windows = Windows {
        text: window,
        code: window,
    };
    let mut chunker = Chunker::new(windows);
    for path in std::io::stdin().lock().lines() {
        let source = read(&root, Path::new(&path.unwrap()));
        if let Some(language) = language::detect(&source.file.path) {
            let file = chunker.chunk(&source, language).unwrap();
            println!("{}", to_json(&file, windows));
        }
    }
}

fn read(root: &Path, path: &Path) -> Source {
    let absolute = root.join(path);
    let bytes = std::fs::read(&absolute).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    let path = RelPath::new(root, &absolute).unwrap();
    let file = SourceFile {
        path,
        absolute,
        size: bytes.len() as u64,
    };
    let text = text.trim_start_matches('\u{feff}').to_owned();
    Source {
        file,
        text,
        digest: Digest::of(&bytes),
        nul_replaced: 0,
    }
}
