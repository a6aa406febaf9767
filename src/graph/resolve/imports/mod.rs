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
use crate::symbols::NONE;

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
        let imports = world.file(id).symbols().imports.len();
        let mut targets = Vec::with_capacity(imports);
        for number in 0..imports {
            let import = world.file(id).import(u32::try_from(number).unwrap_or(NONE));
            let source = world.str(world.file(id).text(import.source)).to_owned();
            let target = match world.file(id).dialect {
                Dialect::Ecma => ecma.target(world, id, &source),
                Dialect::Python => python.target(world, id, &source),
            };
            targets.push(target);
        }
        world.files[id as usize].targets = targets;
    }
    python
}
