//! Puts parts behind a program.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use walkdir::WalkDir;

use super::error::BundleError;
use super::format::{Entry, HEADER, Index, MAGIC, Part, program_end};

/// What is packed.
#[derive(Debug, Clone, Copy)]
pub struct Packing<'a> {
    /// The plain program.
    pub program: &'a Path,
    /// A folder that looks like a home: every `*/*` in it is a part.
    pub parts: &'a Path,
    /// How hard zstd tries, from 1 to 22.
    pub level: i32,
}

/// Writes `output`: the program, and behind it its parts.
///
/// The result depends on the files' names, contents and execution rights alone,
/// and on the version of zstd that is compiled in.
///
/// # Errors
/// [`BundleError::Pack`] for what cannot be read or written, and for a program
/// that carries something already.
pub fn pack(packing: &Packing<'_>, output: &Path) -> Result<(), BundleError> {
    let Packing {
        program,
        parts,
        level,
    } = *packing;
    let program = bare(program).map_err(BundleError::pack(program))?;
    let mut index = Index::default();
    let mut frames = Vec::new();
    for folder in folders(parts) {
        let place = folder.strip_prefix(parts).unwrap_or(&folder);
        let place = place.to_string_lossy().into_owned();
        let entries = entries(&folder).map_err(BundleError::pack(&folder))?;
        let part = Part {
            path: place,
            offset: frames.len() as u64,
            length: 0,
            files: entries,
        };
        let frame = compress(&folder, &part, level).map_err(BundleError::pack(&folder))?;
        index.parts.push(Part {
            length: frame.len() as u64,
            ..part
        });
        frames.extend(frame);
    }
    let packed = [program, head(&index), frames].concat();
    write(output, &packed).map_err(BundleError::pack(output))
}

/// The program's bytes, which must end where its header says.
fn bare(program: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(program)?;
    let end = program_end(&mut file)?;
    let bytes = fs::read(program)?;
    if end == Some(bytes.len() as u64) {
        return Ok(bytes);
    }
    let why = "it is no plain program: not ELF, or something lies behind it already";
    Err(io::Error::new(io::ErrorKind::InvalidInput, why))
}

fn folders(parts: &Path) -> Vec<std::path::PathBuf> {
    let two = WalkDir::new(parts).min_depth(2).max_depth(2);
    let found = two.sort_by_file_name().into_iter().filter_map(Result::ok);
    found.map(walkdir::DirEntry::into_path).collect()
}

fn entries(folder: &Path) -> io::Result<Vec<Entry>> {
    let walk = WalkDir::new(folder).min_depth(1).sort_by_file_name();
    let mut entries = Vec::new();
    for found in walk {
        let found = found?;
        if !found.file_type().is_dir() {
            entries.push(entry(folder, found.path())?);
        }
    }
    Ok(entries)
}

fn entry(folder: &Path, path: &Path) -> io::Result<Entry> {
    let name = path.strip_prefix(folder).unwrap_or(path);
    let name = name.to_string_lossy().into_owned();
    if path.is_symlink() {
        let link = fs::read_link(path)?.to_string_lossy().into_owned();
        return Ok(Entry {
            path: name,
            size: 0,
            digest: String::new(),
            executable: false,
            link: Some(link),
        });
    }
    let bytes = fs::read(path)?;
    Ok(Entry {
        path: name,
        size: bytes.len() as u64,
        digest: blake3::hash(&bytes).to_hex().to_string(),
        executable: fs::metadata(path)?.permissions().mode() & 0o100 != 0,
        link: None,
    })
}

fn compress(folder: &Path, part: &Part, level: i32) -> io::Result<Vec<u8>> {
    let mut frame = zstd::Encoder::new(Vec::new(), level)?;
    frame.include_checksum(false)?;
    for entry in part.files.iter().filter(|entry| entry.link.is_none()) {
        let mut file = File::open(folder.join(&entry.path))?.take(entry.size);
        io::copy(&mut file, &mut frame)?;
    }
    frame.finish()
}

fn head(index: &Index) -> Vec<u8> {
    let index = serde_json::to_vec(index).unwrap_or_default();
    let mut head = Vec::with_capacity(HEADER + index.len());
    head.extend_from_slice(MAGIC);
    head.extend_from_slice(&(index.len() as u64).to_le_bytes());
    head.extend_from_slice(blake3::hash(&index).as_bytes());
    head.extend(index);
    head
}

fn write(output: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(output)?;
    file.write_all(bytes)?;
    file.set_permissions(fs::Permissions::from_mode(0o755))
}
