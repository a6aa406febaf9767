//! Imports of Python: absolute ones from the folders that may be on the path,
//! relative ones from the package of the file.

use std::collections::{BTreeSet, HashSet};

use super::Target;
use crate::graph::packages::{ancestors, is_python};
use crate::graph::resolve::value::FileId;
use crate::graph::resolve::world::World;

/// The Python side of a file tree.
#[derive(Debug)]
pub(in crate::graph::resolve) struct Python {
    /// Folders with modules in them or below.
    folders: HashSet<String>,
    /// Folders that hold the outermost regular packages.
    roots: Vec<String>,
}

impl Python {
    pub fn of(world: &World) -> Self {
        let is_module = |path: &&str| is_python(path);
        let paths = || world.paths();
        let modules = paths().filter(is_module);
        let folders = modules.flat_map(ancestors).map(str::to_owned).collect();
        let tops: BTreeSet<&str> = paths()
            .filter(|path| path.ends_with("__init__.py"))
            .filter_map(|path| ancestors(path).find(|folder| !is_package(world, folder)))
            .collect();
        Self {
            folders,
            roots: tops.into_iter().map(str::to_owned).collect(),
        }
    }

    /// Where `source`, a dotted name with its leading dots, leads from a file.
    pub fn target(&self, world: &mut World, id: FileId, source: &str) -> Target {
        let name = source.trim_start_matches('.');
        let dots = source.len() - name.len();
        if dots == 0 {
            return self.absolute(world, id, name);
        }
        let path = world.path(id).to_owned();
        let Some(folder) = ancestors(&path).nth(dots - 1) else {
            return Target::Missing;
        };
        if name.is_empty() {
            return self.package(world, folder);
        }
        self.along(world, folder, name)
    }

    /// Where the absolute name leads from a file.
    pub fn absolute(&self, world: &mut World, id: FileId, name: &str) -> Target {
        let path = world.path(id).to_owned();
        let first = name.split('.').next().unwrap_or(name);
        // Where all folders are packages, it can only be meant from the root.
        let own = ancestors(&path).find(|folder| !is_package(world, folder));
        let own = own.unwrap_or_default();
        let above = ancestors(own).flat_map(|folder| {
            let src = join(folder, "src");
            [folder.to_owned(), src]
        });
        let near: Vec<String> = std::iter::once(own.to_owned()).chain(above).collect();
        let far = self.roots.iter().filter(|root| !near.contains(root));
        let is_regular = |world: &World, root: &str| matches!(Self::module(world, root, first), Some(file) if world.path(file).contains("__init__."));
        let root = near
            .iter()
            .find(|root| Self::module(world, root, first).is_some())
            .or_else(|| far.clone().find(|root| is_regular(world, root)))
            .or_else(|| {
                near.iter()
                    .find(|root| self.folders.contains(&join(root, first)))
            });
        match root {
            Some(root) => self.along(world, &root.clone(), name),
            None => Target::External(world.text(first)),
        }
    }

    fn along(&self, world: &mut World, folder: &str, name: &str) -> Target {
        let (outer, last) = match name.rsplit_once('.') {
            Some((outer, last)) => (join(folder, &outer.replace('.', "/")), last),
            None => (folder.to_owned(), name),
        };
        self.below(world, &outer, last)
    }

    /// The module of this name in a folder.
    pub fn below(&self, world: &mut World, folder: &str, name: &str) -> Target {
        if let Some(file) = Self::module(world, folder, name) {
            return Target::File(file);
        }
        let folder = join(folder, name);
        if self.folders.contains(&folder) {
            return Target::Folder(world.text(&folder));
        }
        Target::Missing
    }

    fn package(&self, world: &mut World, folder: &str) -> Target {
        match init(world, folder) {
            Some(file) => Target::File(file),
            None if self.folders.contains(folder) => Target::Folder(world.text(folder)),
            None => Target::Missing,
        }
    }

    fn module(world: &World, folder: &str, name: &str) -> Option<FileId> {
        let path = join(folder, name);
        init(world, &path)
            .or_else(|| world.at_path(&format!("{path}.py")))
            .or_else(|| world.at_path(&format!("{path}.pyi")))
    }
}

fn init(world: &World, folder: &str) -> Option<FileId> {
    ["__init__.py", "__init__.pyi"]
        .iter()
        .find_map(|name| world.at_path(&join(folder, name)))
}

fn is_package(world: &World, folder: &str) -> bool {
    init(world, folder).is_some()
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}
