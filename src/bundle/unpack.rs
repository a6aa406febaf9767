//! Brings a part into the home, once.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::format::{Entry, Part};
use super::{Bundle, BundleError};
use crate::lock::LockFile;

/// Says that a folder was unpacked by the program, and from what.
const MARK: &str = ".unpacked";

/// Where a part is written before it is renamed to its place: one for all, as
/// it is used under the lock alone, and what a killed process left goes with the next.
const SCRATCH: &str = ".unpacking";

/// The lock that `scripts/setup` holds while it works.
const LOCK: &str = ".setup.lock";

pub(super) fn ensure(bundle: &Bundle, part: &Part, home: &Path) -> Result<PathBuf, BundleError> {
    let folder = home.join(&part.path);
    if !is_settled(part, &folder) {
        // What the home refuses is told with the home's name; what is wrong
        // with the program itself stays as it is.
        bring(bundle, part, home).map_err(|error| match error {
            BundleError::Copy(source) => BundleError::Home {
                path: home.to_owned(),
                needed: part.size(),
                source,
            },
            other => other,
        })?;
    }
    Ok(folder)
}

fn bring(bundle: &Bundle, part: &Part, home: &Path) -> Result<(), BundleError> {
    fs::create_dir_all(home).map_err(BundleError::Copy)?;
    let lock = LockFile::open(&home.join(LOCK)).map_err(BundleError::Copy)?;
    lock.take().map_err(BundleError::Copy)?;
    let folder = home.join(&part.path);
    // Another process may have done it while this one waited.
    if is_settled(part, &folder) {
        return Ok(());
    }
    let scratch = home.join(SCRATCH);
    let done = remove(&scratch)
        .map_err(BundleError::Copy)
        .and_then(|()| write(bundle, part, &scratch.join("new")))
        .and_then(|()| put(&scratch, &folder).map_err(BundleError::Copy));
    let cleared = remove(&scratch).map_err(BundleError::Copy);
    done.and(cleared)
}

/// Whether nothing is to be done: the part is whole, or the folder is not ours.
fn is_settled(part: &Part, folder: &Path) -> bool {
    match fs::read_to_string(folder.join(MARK)) {
        Ok(mark) => mark == part.identity() && part.files.iter().all(|e| is_whole(e, folder)),
        Err(_) => folder.exists(),
    }
}

fn is_whole(entry: &Entry, folder: &Path) -> bool {
    let path = folder.join(&entry.path);
    if let Some(link) = &entry.link {
        return fs::read_link(path).is_ok_and(|found| found == Path::new(link));
    }
    let digest = || -> io::Result<_> {
        let file = File::open(&path)?;
        if file.metadata()?.len() != entry.size {
            return Ok(None);
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(file)?;
        Ok(Some(hasher.finalize().to_hex()))
    };
    digest().is_ok_and(|found| found.is_some_and(|found| found.as_str() == entry.digest))
}

fn write(bundle: &Bundle, part: &Part, folder: &Path) -> Result<(), BundleError> {
    let mut stream = bundle.stream(part)?;
    for entry in &part.files {
        let path = folder.join(&entry.path);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(BundleError::Copy)?;
        if let Some(link) = &entry.link {
            symlink(link, &path).map_err(BundleError::Copy)?;
            continue;
        }
        let mut file = File::create(&path).map_err(BundleError::Copy)?;
        bundle.pour(&mut stream, entry, &mut file)?;
        // Whatever the umask: the server may have to run as another user.
        let mode = if entry.executable { 0o755 } else { 0o644 };
        let mode = fs::Permissions::from_mode(mode);
        file.set_permissions(mode).map_err(BundleError::Copy)?;
    }
    fs::write(folder.join(MARK), part.identity()).map_err(BundleError::Copy)
}

/// Puts what was written in its place, and what stood there aside. Nothing is
/// waited for on the disk: what a power cut leaves half is noticed by its digest.
fn put(scratch: &Path, folder: &Path) -> io::Result<()> {
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent)?;
    }
    if folder.exists() {
        fs::rename(folder, scratch.join("old"))?;
    }
    fs::rename(scratch.join("new"), folder)
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
