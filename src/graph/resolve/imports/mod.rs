//! Where imports lead, found the way the tools of each language find it.

mod ecma;
mod links;
pub(super) mod python;

use std::path::Path;

use self::ecma::Ecma;
use self::python::Python;
use super::value::{FileId, Text};
use super::world::{Dialect, World};
use crate::graph::packages::Packages;

/// Where an import leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Target {
    /// To a file of the repository.
    File(FileId),
    /// To a folder of Python modules without a file of its own.
    Folder(Text),
    /// To a package outside the repository.
    External(Text),
    /// Nowhere.
    #[default]
    Missing,
}

/// Finds the target of every import.
pub(super) fn resolve(world: &mut World, root: &Path, packages: &Packages) -> Python {
    let python = Python::of(world);
    let ecma = Ecma::new(root, packages, world);
    for id in world.ids() {
        let file = world.file(id);
        let mut targets = Vec::with_capacity(file.symbols().imports.len());
        for import in &file.symbols().imports {
            let source = world.str(file.text(import.source)).to_owned();
            let target = match file.dialect {
                Dialect::Ecma => ecma.target(world, id, &source),
                Dialect::Python => python.target(world, id, &source),
            };
            targets.push(target);
        }
        world.set_targets(id, targets);
    }
    python
}
