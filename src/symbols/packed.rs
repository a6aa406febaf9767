//! What a file says, in little room, for as long as others are looked at.

use serde::{Deserialize, Serialize};

use super::Symbols;

/// Of Zstandard: the fastest, which takes a third off (Django: 12.3 to 8.7 MB).
const LEVEL: i32 = 1;

/// Symbols whose names are told by the numbers of texts that all files share.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Interned {
    /// The number of each of [`Symbols::names`].
    pub texts: Vec<u32>,
    /// Everything else; no names.
    pub symbols: Symbols,
}

/// The same as compressed bytes.
#[derive(Debug)]
pub struct Packed {
    bytes: Box<[u8]>,
    length: usize,
}

impl Packed {
    // Nothing here can fail: the writer refuses neither bytes nor a length that
    // is not known, and what is unpacked was packed here.

    /// Packs what a file says.
    #[must_use]
    pub fn new(file: &Interned) -> Self {
        let plain = postcard::to_allocvec(file).unwrap_or_default();
        Self {
            bytes: zstd::bulk::compress(&plain, LEVEL)
                .unwrap_or_default()
                .into(),
            length: plain.len(),
        }
    }

    /// What was packed.
    #[must_use]
    pub fn unpacked(&self) -> Interned {
        let plain = zstd::bulk::decompress(&self.bytes, self.length).unwrap_or_default();
        postcard::from_bytes(&plain).unwrap_or_default()
    }

    /// Bytes before compression.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbols::{At, Call};

    #[test]
    fn what_is_packed_comes_out_again_and_takes_less_room() {
        let call = |line| Call {
            at: At { line, column: 5 },
            ..Call::default()
        };
        let file = Interned {
            texts: (0..300).collect(),
            symbols: Symbols {
                calls: (0..300).map(call).collect(),
                ..Symbols::default()
            },
        };
        let packed = Packed::new(&file);
        let found = packed.unpacked();
        assert_eq!(found.texts, file.texts);
        assert_eq!(found.symbols, file.symbols);
        assert!(packed.bytes.len() < packed.length());
    }
}
