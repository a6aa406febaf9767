//! The sources for the page: packed in blocks that it unpacks one at a time.

use std::collections::HashMap;
use std::io::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::store::NodeSource;

/// After how many characters the source of a chunk may be cut, so that the page
/// stays small.
pub const CUTS: [i32; 6] = [1 << 20, 8000, 4000, 2000, 1000, 400];

/// Source that a page may hold before it is packed; packed as text it takes
/// about a third of it.
const MOST_BYTES: i64 = 24_000_000;

/// Bytes of source in a block: what one click unpacks.
const BLOCK: usize = 128 << 10;

/// The cut that keeps all sources small enough, given how many bytes there are
/// with each, largest first.
#[must_use]
pub fn cut_for(bytes: &[(i32, i64)]) -> i32 {
    let small_enough = bytes.iter().find(|(_, bytes)| *bytes <= MOST_BYTES);
    small_enough
        .or(bytes.last())
        .map_or(CUTS[0], |(cut, _)| *cut)
}

/// A piece of source: row, first line, text, and whether it goes on.
type Piece = (usize, i32, String, bool);

/// Collects the sources of a repository, file after file.
#[derive(Debug, Default)]
pub(super) struct Sources {
    blocks: Vec<String>,
    /// Which block a file's sources are in.
    places: HashMap<String, usize>,
    file: String,
    open: Vec<Piece>,
    bytes: usize,
}

impl Sources {
    /// Takes one piece, of `row`; those of one file come together.
    pub fn add(&mut self, row: usize, piece: NodeSource<'_>) {
        if piece.path != self.file {
            if self.bytes >= BLOCK {
                self.close();
            }
            piece.path.clone_into(&mut self.file);
            self.places.insert(self.file.clone(), self.blocks.len());
        }
        let text = whole_lines(piece.text, piece.is_cut);
        self.bytes += text.len();
        self.open
            .push((row, piece.line, text.to_owned(), piece.is_cut));
    }

    /// The blocks, each base64 of raw DEFLATE of JSON `[[row, line, text, is
    /// cut], …]`, and the block of each file.
    pub fn finish(mut self) -> (Vec<String>, HashMap<String, usize>) {
        self.close();
        (self.blocks, self.places)
    }

    fn close(&mut self) {
        self.bytes = 0;
        let pieces = std::mem::take(&mut self.open);
        self.blocks.push(packed(&pieces));
    }
}

/// Up to the last line's end, if more than that was cut off.
fn whole_lines(text: &str, is_cut: bool) -> &str {
    match text.rfind('\n') {
        Some(end) if is_cut => &text[..end],
        _ => text,
    }
}

fn packed(pieces: &[Piece]) -> String {
    let json = serde_json::to_vec(pieces).unwrap_or_default();
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    // Writing to memory does not fail.
    let _ = encoder.write_all(&json);
    BASE64_STANDARD.encode(encoder.finish().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::DeflateDecoder;
    use uuid::Uuid;

    fn piece<'a>(path: &'a str, text: &'a str) -> NodeSource<'a> {
        NodeSource {
            path,
            node: Uuid::nil(),
            line: 3,
            text,
            is_cut: true,
        }
    }

    #[test]
    fn the_largest_cut_that_fits_is_taken_and_else_the_smallest() {
        assert_eq!(cut_for(&[(8000, 30_000_000), (4000, 20_000_000)]), 4000);
        assert_eq!(cut_for(&[(8000, 90_000_000), (400, 80_000_000)]), 400);
        assert_eq!(cut_for(&[]), CUTS[0]);
    }

    #[test]
    fn what_is_packed_can_be_unpacked() {
        let mut sources = Sources::default();
        sources.add(7, piece("a.ts", "one\ntwo\nthr"));
        let (blocks, places) = sources.finish();
        let bytes = BASE64_STANDARD.decode(&blocks[places["a.ts"]]).unwrap();
        let text = std::io::read_to_string(DeflateDecoder::new(&*bytes)).unwrap();
        assert_eq!(text, r#"[[7,3,"one\ntwo",true]]"#);
    }

    #[test]
    fn a_file_stands_in_one_block() {
        let long = "x".repeat(BLOCK + 1);
        let mut sources = Sources::default();
        for path in ["a.ts", "a.ts", "b.ts"] {
            sources.add(0, piece(path, &long));
        }
        let (blocks, places) = sources.finish();
        assert_eq!((blocks.len(), places["a.ts"], places["b.ts"]), (2, 0, 1));
    }
}
