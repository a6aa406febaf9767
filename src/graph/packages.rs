//! Which package a file belongs to, as the manifests above it say.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Manifests larger than this are not read.
const MAX_MANIFEST_BYTES: u64 = 1 << 20;

/// A package: its name and the folder that it begins in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Package {
    /// As its manifest or its folder names it.
    pub name: String,
    /// Below the root, with `/`; empty for the root itself.
    pub folder: String,
}

/// The packages below a root, each looked at once.
#[derive(Debug)]
pub struct Packages {
    root: PathBuf,
    npm: RefCell<HashMap<String, Option<String>>>,
    python: RefCell<HashMap<String, Option<String>>>,
}

impl Packages {
    /// The packages below `root`.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            npm: RefCell::default(),
            python: RefCell::default(),
        }
    }

    /// The package of the file at `path`: of the nearest manifest that names
    /// one; in Python else the outermost regular package around it.
    #[must_use]
    pub fn of(&self, path: &str) -> Option<Package> {
        let is_python = is_python(path);
        let named = ancestors(path).find_map(|folder| {
            let name = if is_python {
                self.distribution(folder)
            } else {
                self.npm(folder)
            };
            name.map(|name| Package {
                name,
                folder: folder.to_owned(),
            })
        });
        named.or_else(|| is_python.then(|| self.top_package(path)).flatten())
    }

    /// The name in the `package.json` of a folder.
    #[must_use]
    pub fn npm(&self, folder: &str) -> Option<String> {
        let mut known = self.npm.borrow_mut();
        if let Some(name) = known.get(folder) {
            return name.clone();
        }
        let name = self.read(folder, "package.json").and_then(|text| {
            let manifest: Value = serde_json::from_str(&text).ok()?;
            let name = manifest.get("name")?.as_str()?;
            (!name.is_empty()).then(|| name.to_owned())
        });
        known.insert(folder.to_owned(), name.clone());
        name
    }

    /// The name of the Python distribution that a folder is of.
    fn distribution(&self, folder: &str) -> Option<String> {
        let mut known = self.python.borrow_mut();
        if let Some(name) = known.get(folder) {
            return name.clone();
        }
        let name = self
            .read(folder, "pyproject.toml")
            .and_then(|text| name_in_pyproject(&text))
            .or_else(|| {
                self.read(folder, "setup.cfg")
                    .and_then(|text| name_in_cfg(&text))
            });
        known.insert(folder.to_owned(), name.clone());
        name
    }

    fn top_package(&self, path: &str) -> Option<Package> {
        let has_init = |folder: &&str| {
            !folder.is_empty() && self.root.join(folder).join("__init__.py").is_file()
        };
        let top = ancestors(path).take_while(has_init).last()?;
        let name = top.rsplit('/').next().unwrap_or(top).to_owned();
        let folder = top.to_owned();
        Some(Package { name, folder })
    }

    fn read(&self, folder: &str, name: &str) -> Option<String> {
        let path = self.root.join(folder).join(name);
        let size = fs::metadata(&path).ok()?.len();
        (size <= MAX_MANIFEST_BYTES)
            .then(|| fs::read_to_string(path).ok())
            .flatten()
    }

    /// A hash of everything besides the sources that decides where imports lead
    /// and what packages are called: the manifests and settings in the folders
    /// of `paths` and above.
    pub fn fingerprint<'a>(&self, paths: impl Iterator<Item = &'a str>) -> [u8; 32] {
        let folders: BTreeSet<&str> = paths.flat_map(ancestors).collect();
        let mut hasher = blake3::Hasher::new();
        for folder in folders {
            for name in self.settings(folder) {
                if let Some(text) = self.read(folder, &name) {
                    for part in [folder, &name, &text] {
                        hasher.update(&(part.len() as u64).to_le_bytes());
                        hasher.update(part.as_bytes());
                    }
                }
            }
        }
        *hasher.finalize().as_bytes()
    }

    fn settings(&self, folder: &str) -> BTreeSet<String> {
        let entries = fs::read_dir(self.root.join(folder));
        let names = entries.into_iter().flatten().filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            let is_settings = matches!(
                name.as_str(),
                "package.json" | "pyproject.toml" | "setup.cfg"
            ) || has_ending(&name, &["json"])
                && ["tsconfig", "jsconfig"]
                    .iter()
                    .any(|start| name.starts_with(start));
            is_settings.then_some(name)
        });
        names.collect()
    }
}

/// Whether a path is one of a Python file.
pub(super) fn is_python(path: &str) -> bool {
    has_ending(path, &["py", "pyi"])
}

fn has_ending(path: &str, endings: &[&str]) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, ending)| endings.contains(&ending))
}

/// The folders above a file, innermost first; the root is empty.
pub(super) fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(path);
    std::iter::from_fn(move || {
        let here = rest?;
        if here.is_empty() {
            rest = None;
            return None;
        }
        let folder = here.rsplit_once('/').map_or("", |(folder, _)| folder);
        rest = Some(folder);
        Some(folder)
    })
}

fn name_in_pyproject(text: &str) -> Option<String> {
    let manifest: toml::Value = toml::from_str(text).ok()?;
    let project = manifest.get("project");
    let poetry = || manifest.get("tool")?.get("poetry");
    let name = project.or_else(poetry)?.get("name")?.as_str()?;
    Some(name.to_owned())
}

/// `name = …` below `[metadata]`.
fn name_in_cfg(text: &str) -> Option<String> {
    let mut lines = text.lines().map(str::trim);
    lines.find(|line| *line == "[metadata]")?;
    let own = lines.take_while(|line| !line.starts_with('['));
    own.filter_map(|line| line.split_once('='))
        .find(|(key, _)| key.trim() == "name")
        .map(|(_, name)| name.trim().to_owned())
        .filter(|name| !name.is_empty() && !name.contains("attr:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_above_a_file_end_with_the_root() {
        assert_eq!(ancestors("a/b/c.ts").collect::<Vec<_>>(), ["a/b", "a", ""]);
        assert_eq!(ancestors("c.ts").collect::<Vec<_>>(), [""]);
    }

    #[test]
    fn a_distribution_is_named_by_its_manifest() {
        let project = "[project]\nname = \"celery\"\n";
        assert_eq!(name_in_pyproject(project).as_deref(), Some("celery"));
        let poetry = "[tool.poetry]\nname = \"kombu\"\n";
        assert_eq!(name_in_pyproject(poetry).as_deref(), Some("kombu"));
        let cfg = "[flake8]\nname = no\n[metadata]\nname = billiard\n";
        assert_eq!(name_in_cfg(cfg).as_deref(), Some("billiard"));
    }

    #[test]
    fn the_nearest_manifest_counts_and_one_without_a_name_does_not() {
        let tree = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = tree.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("package.json", r#"{"name": "all"}"#);
        write("packages/a/package.json", r#"{"name": "@all/a"}"#);
        write("packages/a/src/package.json", r#"{"type": "module"}"#);
        write("py/lib/__init__.py", "");
        let packages = Packages::new(tree.path());
        let name = |path: &str| packages.of(path).map(|package| package.name);
        assert_eq!(name("packages/a/src/x.ts").as_deref(), Some("@all/a"));
        assert_eq!(name("tools/x.js").as_deref(), Some("all"));
        assert_eq!(name("py/lib/x.py").as_deref(), Some("lib"));
        assert_eq!(name("py/x.py"), None);
    }
}
