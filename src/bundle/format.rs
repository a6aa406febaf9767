//! How parts lie behind a program.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use serde::{Deserialize, Serialize};

/// What the bytes behind a packaged program begin with; ends in the version.
pub(super) const MAGIC: &[u8; 16] = b"mnemo-index-pk 1";

/// Magic, the index' length (u64, little-endian), its BLAKE3 digest.
pub(super) const HEADER: usize = 16 + 8 + 32;

/// The largest index that is believed in, in bytes: a thousand files take 150 kB.
const MAX_INDEX: u64 = 16 << 20;

/// All parts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Index {
    pub parts: Vec<Part>,
}

/// One folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    /// Its place below the home, such as `postgres/18.4`.
    pub path: String,
    /// Where its frame begins, in bytes from the end of the index.
    pub offset: u64,
    /// The frame's length in bytes.
    pub length: u64,
    /// In the order of their contents in the frame.
    pub files: Vec<Entry>,
}

/// A file or link of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Below the part's folder.
    pub path: String,
    /// In bytes; 0 for a link.
    #[serde(default)]
    pub size: u64,
    /// BLAKE3 in hexadecimal; empty for a link.
    #[serde(default)]
    pub digest: String,
    /// Whether it is a program.
    #[serde(default)]
    pub executable: bool,
    /// What it points to, if it is a link.
    #[serde(default)]
    pub link: Option<String>,
}

impl Part {
    /// Bytes of its files once they are unpacked.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|entry| entry.size).sum()
    }

    /// Stands for the part's content, wherever it lies in the file.
    pub fn identity(&self) -> String {
        let files = serde_json::to_vec(&self.files).unwrap_or_default();
        blake3::hash(&files).to_hex().to_string()
    }
}

/// Where the parts begin, and the index; none if nothing of ours lies behind
/// the program.
pub(super) fn read(file: &mut File) -> io::Result<Option<(u64, Index)>> {
    let Some(end) = program_end(file)? else {
        return Ok(None);
    };
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(end))?;
    let mut header = Vec::new();
    file.take(HEADER as u64).read_to_end(&mut header)?;
    if !header.starts_with(MAGIC) {
        return Ok(None);
    }
    let index = read_index(file, &header)?;
    let start = file.stream_position()?;
    let parts = index.parts.iter();
    let wanted = parts.map(|part| start + part.offset + part.length).max();
    match wanted {
        Some(wanted) if wanted > length => Err(cut_short(length, wanted)),
        _ => Ok(Some((start, index))),
    }
}

fn read_index(file: &mut File, header: &[u8]) -> io::Result<Index> {
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "its index is not whole");
    let (size, digest) = header[MAGIC.len()..]
        .split_first_chunk()
        .filter(|(_, digest)| digest.len() == 32)
        .ok_or_else(damaged)?;
    let size = u64::from_le_bytes(*size);
    let mut index = Vec::new();
    file.take(size.min(MAX_INDEX)).read_to_end(&mut index)?;
    if blake3::hash(&index).as_bytes() != digest {
        return Err(damaged());
    }
    serde_json::from_slice(&index).map_err(|_| damaged())
}

fn cut_short(found: u64, wanted: u64) -> io::Error {
    let why = format!("it has {found} bytes, and should have {wanted}");
    io::Error::new(io::ErrorKind::UnexpectedEof, why)
}

/// Where an ELF file for 64 bits ends by its own account: behind the table of
/// its sections, which linkers write last. None for anything else.
pub(super) fn program_end(file: &mut File) -> io::Result<Option<u64>> {
    let mut head = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(64).read_to_end(&mut head)?;
    // Class 2 is 64 bits, data 1 is little-endian.
    if head.len() < 64 || !head.starts_with(b"\x7fELF\x02\x01") {
        return Ok(None);
    }
    let number = |at: usize| u64::from(u16::from_le_bytes([head[at], head[at + 1]]));
    let table = head[0x28..0x30].iter().rev();
    let table = table.fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
    let sections = number(0x3A) * number(0x3C);
    Ok((table > 0).then(|| table + sections))
}
