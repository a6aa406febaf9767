//! What a packaged program carries inside: ONNX Runtime, the small model, a
//! private PostgreSQL, the notices of all of them.
//!
//! `scripts/package` makes one file of the program and its *parts*. A part is a
//! folder with the place it has below `$MNEMO_HOME` (`postgres/18.4`), so that a
//! home that a packaged program unpacked and one that `scripts/setup` filled
//! look the same to the rest of the program.
//!
//! ```text
//! the program, an ELF file
//! header   16 bytes of magic, length and digest of the index
//! index    JSON: the parts, their files with sizes and digests
//! parts    each the contents of its files, in order, as one zstd frame
//! ```
//!
//! **Why behind the program, and not compiled in.** The same build is the plain
//! program and the packaged one, so what is tested is what is packed, a test can
//! pack a debug build in a second, and nothing of the parts is in the address
//! space of a program that does not need it. The ELF header itself says where the program
//! ends: no trailer has to be found, and a copy that was cut short is known from
//! the index and named as such. `strip` would drop what lies behind the program;
//! release builds are stripped by their profile, before they are packed.
//!
//! **Trust.** Every file is compared with its digest as it is unpacked, and again
//! before each use: what was damaged since is unpacked anew. Parts are written
//! beside their place and renamed into it, under the lock that the set-up takes,
//! too. A folder that the program did not unpack is never touched.

mod error;
mod format;
mod library;
mod pack;
mod unpack;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

pub use error::BundleError;
pub use library::{Library, Loadable};
pub use pack::{Packing, pack};

use format::{Entry, Index, Part};

/// What is behind a program.
#[derive(Debug, Clone)]
pub struct Bundle {
    program: PathBuf,
    /// Where in the file the first part begins, in bytes.
    start: u64,
    index: Index,
}

impl Bundle {
    /// What is packed behind the program at `program`; none if it is a plain one.
    ///
    /// # Errors
    /// [`BundleError::Damaged`] if there is something that is not whole.
    pub fn of(program: &Path) -> Result<Option<Self>, BundleError> {
        let read = |file: &mut File| format::read(file);
        let found = File::open(program).and_then(|mut file| read(&mut file));
        match found {
            Ok(None) => Ok(None),
            Ok(Some((start, index))) => Ok(Some(Self {
                program: program.to_owned(),
                start,
                index,
            })),
            Err(source) => Err(BundleError::damaged(program)(source)),
        }
    }

    /// The places of its parts that begin with `kind`, such as `models`.
    pub fn parts<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a str> {
        let paths = self.index.parts.iter().map(|part| part.path.as_str());
        paths.filter(move |path| path.split('/').next() == Some(kind))
    }

    /// Whether `part` is in it and holds `file`.
    #[must_use]
    pub fn holds(&self, part: &str, file: &str) -> bool {
        let part = self.part(part);
        part.is_some_and(|part| part.files.iter().any(|entry| entry.path == file))
    }

    /// The part of a kind that holds `file`.
    fn holder<'a>(&'a self, kind: &'a str, file: &str) -> Option<&'a str> {
        self.parts(kind).find(|part| self.holds(part, file))
    }

    /// Makes `part` whole below `home`, unless it is, or somebody else put it
    /// there.
    ///
    /// # Errors
    /// [`BundleError`] if it is not packed or damaged, or cannot be written.
    pub fn unpack(&self, part: &str, home: &Path) -> Result<PathBuf, BundleError> {
        unpack::ensure(self, self.known(part)?, home)
    }

    /// The bytes of one file of `part`.
    ///
    /// # Errors
    /// [`BundleError`] if it is not packed, or damaged.
    pub fn contents(&self, part: &str, file: &str) -> Result<Vec<u8>, BundleError> {
        let mut bytes = Vec::new();
        self.copy(part, file, &mut bytes)?;
        Ok(bytes)
    }

    /// Writes one file of `part` to `target`.
    fn copy(&self, part: &str, file: &str, target: &mut impl io::Write) -> Result<(), BundleError> {
        let part = self.known(part)?;
        let mut stream = self.stream(part)?;
        for entry in part.files.iter().filter(|entry| entry.link.is_none()) {
            if entry.path == file {
                return self.pour(&mut stream, entry, target);
            }
            self.pour(&mut stream, entry, &mut io::sink())?;
        }
        Err(BundleError::NotPacked(format!("{}/{file}", part.path)))
    }

    /// Copies the next file of a part, and compares it with its digest.
    fn pour(
        &self,
        stream: &mut impl Read,
        entry: &Entry,
        target: &mut impl io::Write,
    ) -> Result<(), BundleError> {
        let damaged = BundleError::damaged(&self.program);
        let mut read = Checked {
            source: stream.take(entry.size),
            hasher: blake3::Hasher::new(),
            failed: false,
        };
        match io::copy(&mut read, target) {
            Err(error) if read.failed => Err(damaged(error)),
            Err(error) => Err(BundleError::Copy(error)),
            Ok(_) if read.hasher.finalize().to_hex().as_str() == entry.digest => Ok(()),
            Ok(_) => {
                let why = format!("{} is not what was packed", entry.path);
                Err(damaged(io::Error::other(why)))
            }
        }
    }

    fn stream(&self, part: &Part) -> Result<impl Read + use<>, BundleError> {
        let open = || -> io::Result<_> {
            let mut file = File::open(&self.program)?;
            file.seek(SeekFrom::Start(self.start + part.offset))?;
            zstd::Decoder::new(file.take(part.length))
        };
        open().map_err(BundleError::damaged(&self.program))
    }

    fn part(&self, path: &str) -> Option<&Part> {
        self.index.parts.iter().find(|part| part.path == path)
    }

    fn known(&self, path: &str) -> Result<&Part, BundleError> {
        self.part(path)
            .ok_or_else(|| BundleError::NotPacked(path.to_owned()))
    }
}

/// Takes the digest of what is read, and remembers whether it was the reading
/// that failed.
struct Checked<R> {
    source: R,
    hasher: blake3::Hasher,
    failed: bool,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer);
        self.failed |= count.is_err();
        self.hasher.update(&buffer[..*count.as_ref().unwrap_or(&0)]);
        count
    }
}

#[cfg(test)]
mod tests;
