//! Reads one file: bounded, decoded, with its digest.
//!
//! Between the walk and this moment a file may have gone or turned into
//! something else; that is normal, and a reason to leave it out.

mod secrets;

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::outcome::SkipReason;
use crate::source::{Digest, Source, SourceFile};

pub use secrets::recipe;

/// How files are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadOptions {
    /// At most so many bytes of one.
    pub max_bytes: u64,
    /// Whether secrets in it are masked.
    pub mask: bool,
}

/// A file that was read, of which no more can be had than its digest until its
/// secrets are masked.
#[derive(Debug)]
pub struct Opened {
    source: Source,
    mask: bool,
}

impl Opened {
    /// The digest of its bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.source.digest
    }

    /// The file, with its secrets masked if they are to be.
    #[must_use]
    pub fn masked(self) -> Reading {
        let mut source = self.source;
        let masked = if self.mask {
            secrets::mask(&mut source.text)
        } else {
            0
        };
        Reading { source, masked }
    }
}

/// A file that was read.
#[derive(Debug)]
pub struct Reading {
    /// The file.
    pub source: Source,
    /// How many secrets in it were masked.
    pub masked: usize,
}

/// Why a file was not read.
#[derive(Debug)]
pub enum NotRead {
    /// It does not belong into the index.
    Skipped(SkipReason),
    /// It does, and could not be read.
    Failed(io::Error),
}

/// How much of a file's top is searched for the mark of a generator, in lines.
const GENERATED_WITHIN_LINES: usize = 12;

/// A mean line length above which code was written for machines, in bytes.
/// Hand-written TypeScript and Python stays below 60; minifiers and bundlers
/// put thousands of bytes on a line.
const MINIFIED_MEAN_LINE: usize = 250;

/// Shorter files are never taken for minified ones, in bytes.
const MINIFIED_FROM: usize = 2048;

/// Reads `file`. Its digest is that of the bytes, whatever is masked of them.
///
/// # Errors
/// [`NotRead::Skipped`] if it is gone, too large, no text, or written by a
/// tool (the last not for files that `--include` brought in);
/// [`NotRead::Failed`] if the system refused.
pub fn read(file: SourceFile, options: ReadOptions) -> Result<Opened, NotRead> {
    let bytes = read_bytes(&file, options.max_bytes)?;
    let digest = Digest::of(&bytes);
    let text = decode(bytes).ok_or(NotRead::Skipped(SkipReason::NotText))?;
    if let Some(reason) = written_by_a_tool(&text).filter(|_| !file.forced) {
        return Err(NotRead::Skipped(reason));
    }
    let nul_replaced = text.bytes().filter(|byte| *byte == 0).count();
    let text = if nul_replaced == 0 {
        text
    } else {
        text.replace('\0', "\u{FFFD}")
    };
    let source = Source {
        file,
        text,
        digest,
        nul_replaced,
    };
    Ok(Opened {
        source,
        mask: options.mask,
    })
}

fn read_bytes(file: &SourceFile, max_bytes: u64) -> Result<Vec<u8>, NotRead> {
    let opened = open(&file.absolute).map_err(not_opened)?;
    let metadata = opened.metadata().map_err(NotRead::Failed)?;
    if !metadata.is_file() {
        return Err(NotRead::Skipped(SkipReason::NotAFile));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len().min(max_bytes)).unwrap_or(0));
    opened
        .take(max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(NotRead::Failed)?;
    if bytes.len() as u64 > max_bytes {
        return Err(NotRead::Skipped(SkipReason::TooLarge));
    }
    Ok(bytes)
}

/// The digest of a file as it is now, of whatever size.
///
/// # Errors
/// What the system refused with.
pub fn digest(path: &Path) -> io::Result<Digest> {
    Digest::of_all(open(path)?)
}

fn open(path: &Path) -> io::Result<File> {
    // Without NONBLOCK, opening a pipe that took the file's place would hang.
    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW;
    OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
}

fn not_opened(error: io::Error) -> NotRead {
    let reason = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => SkipReason::Disappeared,
        _ => match Errno::from_io_error(&error) {
            Some(Errno::LOOP) => SkipReason::SymbolicLink,
            // What opening a socket gives.
            Some(Errno::NXIO) => SkipReason::NotAFile,
            _ => return NotRead::Failed(error),
        },
    };
    NotRead::Skipped(reason)
}

/// UTF-8 with or without its mark, or UTF-16 with one; nothing else is guessed.
fn decode(bytes: Vec<u8>) -> Option<String> {
    match bytes.as_slice() {
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => String::from_utf8(bytes).ok(),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .collect::<Result<_, _>>()
        .ok()
}

fn written_by_a_tool(text: &str) -> Option<SkipReason> {
    if is_minified(text) {
        Some(SkipReason::Minified)
    } else if text
        .lines()
        .take(GENERATED_WITHIN_LINES)
        .any(marks_generated)
    {
        Some(SkipReason::Generated)
    } else {
        None
    }
}

fn is_minified(text: &str) -> bool {
    let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
    text.len() >= MINIFIED_FROM && text.len() / lines.max(1) > MINIFIED_MEAN_LINE
}

/// `@generated`, or the line that Go made a convention of: `Code generated …
/// DO NOT EDIT`; only in a comment.
fn marks_generated(line: &str) -> bool {
    let line = line.trim_start();
    let is_comment = ["//", "#", "/*", "*", "\"\"\""]
        .iter()
        .any(|mark| line.starts_with(mark));
    if !is_comment {
        return false;
    }
    let words = line.to_ascii_lowercase();
    let told_off = words.contains("do not edit") || words.contains("do not modify");
    words.split_whitespace().any(|word| word == "@generated")
        || (words.contains("generated") && told_off)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        assert_eq!(decode(b"\xEF\xBB\xBFlet".to_vec()).unwrap(), "let");
        assert_eq!(decode(vec![0xFF, 0xFE, b'a', 0]).unwrap(), "a");
        assert_eq!(decode(vec![0xFE, 0xFF, 0, b'a']).unwrap(), "a");
    }

    #[test]
    fn latin_1_and_half_a_utf_16_unit_are_not_text() {
        assert_eq!(decode(b"caf\xE9".to_vec()), None);
        assert_eq!(decode(vec![0xFF, 0xFE, b'a']), None);
    }

    #[test]
    fn a_generator_is_believed_only_in_a_comment() {
        assert!(marks_generated("// Code generated by protoc. DO NOT EDIT."));
        assert!(marks_generated("# @generated by a tool"));
        assert!(!marks_generated(
            "const banner = '// generated, do not edit';"
        ));
        assert!(!marks_generated("// ids are generated by the server"));
    }

    #[test]
    fn long_lines_make_a_file_minified_but_one_long_string_does_not() {
        assert!(is_minified(&"var a=1;".repeat(1000)));
        let table = format!(
            "{}\nconst x = '{}';\n",
            "let a = 1;\n".repeat(60),
            "y".repeat(3000)
        );
        assert!(!is_minified(&table));
        assert!(!is_minified("short();"));
    }
}
