//! The file tree as it looks once a package manager has linked the packages of
//! a workspace into `node_modules`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use oxc_resolver::{FileMetadata, FileSystem, FileSystemOs, ResolveError};

/// The folder of installed packages.
const INSTALLED: &str = "node_modules";

/// The disk, with the repository's own packages installed at its root.
#[derive(Clone, Default)]
pub(super) struct Linked {
    installed: PathBuf,
    /// The folder of each package, by its name.
    packages: Arc<HashMap<String, PathBuf>>,
}

impl Linked {
    pub fn of(root: &Path, packages: HashMap<String, PathBuf>) -> Self {
        Self {
            installed: root.join(INSTALLED),
            packages: Arc::new(packages),
        }
    }

    /// Where a path really is.
    pub fn real<'p>(&self, path: &'p Path) -> Cow<'p, Path> {
        self.inside(path)
            .and_then(|inside| {
                let (name, rest) = parted(inside)?;
                let folder = self.packages.get(name)?;
                let real = if rest.is_empty() {
                    folder.clone()
                } else {
                    folder.join(rest)
                };
                Some(Cow::Owned(real))
            })
            .unwrap_or(Cow::Borrowed(path))
    }

    fn inside<'p>(&self, path: &'p Path) -> Option<&'p str> {
        path.strip_prefix(&self.installed).ok()?.to_str()
    }

    /// Whether it is a folder that only the links make.
    fn is_made(&self, path: &Path) -> bool {
        self.inside(path).is_some_and(|inside| {
            let is_scope = inside.starts_with('@') && !inside.contains('/');
            !self.packages.is_empty() && (inside.is_empty() || is_scope)
        })
    }
}

/// `@scope/name/rest` or `name/rest`, between name and rest.
fn parted(inside: &str) -> Option<(&str, &str)> {
    let parts = if inside.starts_with('@') { 2 } else { 1 };
    match inside.match_indices('/').nth(parts - 1) {
        Some((at, _)) => Some((&inside[..at], &inside[at + 1..])),
        None if inside.is_empty() => None,
        None => Some((inside, "")),
    }
}

impl FileSystem for Linked {
    fn new() -> Self {
        Self::default()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        FileSystemOs.read(&self.real(path))
    }

    fn read_to_string(&self, path: &Path) -> io::Result<String> {
        FileSystemOs.read_to_string(&self.real(path))
    }

    fn metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        if self.is_made(path) {
            return Ok(FileMetadata::new(false, true, false));
        }
        FileSystemOs.metadata(&self.real(path))
    }

    fn symlink_metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        if self.is_made(path) {
            return Ok(FileMetadata::new(false, true, false));
        }
        FileSystemOs.symlink_metadata(&self.real(path))
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, ResolveError> {
        FileSystemOs.read_link(&self.real(path))
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        FileSystemOs.canonicalize(&self.real(path))
    }
}

#[cfg(test)]
mod tests {
    use super::parted;

    #[test]
    fn a_scope_belongs_to_the_name() {
        assert_eq!(parted("@a/b/c/d"), Some(("@a/b", "c/d")));
        assert_eq!(parted("a/b"), Some(("a", "b")));
        assert_eq!(parted("@a/b"), Some(("@a/b", "")));
        assert_eq!(parted(""), None);
    }
}
