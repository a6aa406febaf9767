//! Line-wise chunks of a file that was not parsed: said, never silent.

use super::compose::{self, File};
use super::parse::ParseRefusal;
use super::{ChunkKind, ChunkedFile};

pub(super) fn fallback(file: &File, reason: &ParseRefusal) -> ChunkedFile {
    let mut chunked = compose::unparsed(file, ChunkKind::FallbackFixed);
    chunked.notes.insert(0, format!("cut line-wise: {reason}"));
    for chunk in &mut chunked.chunks {
        let why = [
            ("fallback".to_owned(), true.into()),
            ("reason".to_owned(), reason.to_string().into()),
        ];
        chunk.metadata = chunk.metadata.with(why);
    }
    chunked
}
