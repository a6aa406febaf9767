//! From a name to what it is bound to: along the scopes of its file, and
//! through what files pass on to each other.

use super::Resolver;
use super::imports::Target;
use super::value::{FileId, Gathered, Text, Value, Values};
use super::world::{Dialect, File};
use crate::symbols::{Binding, Bound, Exported, Imported, NONE, Name, ScopeId, ScopeKind};

/// Which meaning of a name is asked for: an interface and a constant may share
/// one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// As a value.
    Value,
    /// As a type.
    Type,
}

/// Something bound in a file, the one where it is defined.
pub(super) type Origin = (FileId, Bound);

/// How many files a name is passed through at most.
const MAX_HOPS: usize = 64;

impl Resolver {
    /// What a name means where it is used: all that it may be bound to then.
    pub(super) fn look_up(
        &self,
        file: FileId,
        (name, scope): (Name, ScopeId),
        at: u32,
    ) -> Vec<Bound> {
        let file = self.world.file(file);
        let mut here = scope;
        loop {
            let found = file.scope(here);
            let hides = here != scope && matches!(found.kind, ScopeKind::Class(_));
            let bindings = file.bindings(here, name);
            let hides = hides && file.dialect == Dialect::Python;
            let bindings = standing(&file, bindings, (here, scope), at);
            match bindings.first().map(|first| first.to) {
                Some(Bound::Global) if here != 0 => here = 0,
                Some(Bound::Outer) => here = found.parent,
                Some(_) if !hides => {
                    let is_same_run = file.is_same_run(scope, here);
                    return chosen(&file, bindings, is_same_run.then_some(at), Side::Value);
                }
                _ if found.parent == here => return Vec::new(),
                _ => here = found.parent,
            }
        }
    }

    /// Everything that a file gives away under a name, where it is defined.
    pub(super) fn origins(&self, file: FileId, text: Text, side: Side) -> Vec<Origin> {
        let mut visited = Visited {
            names: Vec::new(),
            side,
        };
        self.exported(file, text, &mut visited)
    }

    fn exported(&self, id: FileId, text: Text, visited: &mut Visited) -> Vec<Origin> {
        if visited.names.contains(&(id, text)) || visited.names.len() > MAX_HOPS {
            return Vec::new();
        }
        visited.names.push((id, text));
        let file = self.world.file(id);
        let mut found = Vec::new();
        if let Some(name) = file.name(text) {
            if file.dialect == Dialect::Python {
                for bound in chosen(&file, file.bindings(0, name), None, visited.side) {
                    found.extend(self.followed(id, bound, visited));
                }
            } else {
                let exports = &file.symbols().exports;
                for export in exports.iter().filter(|e| e.name == name && name != NONE) {
                    found.extend(self.given(id, export.what, visited));
                }
            }
        }
        if found.is_empty() && self.world.str(text) != "default" {
            found = self.passed_on(id, text, visited);
        }
        found
    }

    fn given(&self, id: FileId, what: Exported, visited: &mut Visited) -> Vec<Origin> {
        match what {
            Exported::Value(value) => vec![(id, Bound::Value(NONE, value))],
            Exported::Import(import) => self.followed(id, Bound::Import(import), visited),
            Exported::Local(name) => {
                let file = self.world.file(id);
                let bounds = chosen(&file, file.bindings(0, name), None, visited.side);
                let origins = bounds.into_iter();
                origins
                    .flat_map(|bound| self.followed(id, bound, visited))
                    .collect()
            }
        }
    }

    /// Through `export *` and `from … import *`.
    fn passed_on(&self, id: FileId, text: Text, visited: &mut Visited) -> Vec<Origin> {
        let file = self.world.file(id);
        for export in &file.symbols().exports {
            if let (NONE, Exported::Import(import)) = (export.name, export.what)
                && let Target::File(next) = file.target(import)
            {
                let found = self.exported(next, text, visited);
                if !found.is_empty() {
                    return found;
                }
            }
        }
        Vec::new()
    }

    /// What stands behind a binding, if that is an import.
    fn followed(&self, id: FileId, bound: Bound, visited: &mut Visited) -> Vec<Origin> {
        let Bound::Import(import) = bound else {
            return vec![(id, bound)];
        };
        let file = self.world.file(id);
        let (Imported::Name(name), Target::File(next)) =
            (file.import(import).what, file.target(import))
        else {
            return vec![(id, bound)];
        };
        let text = file.text(name);
        let found = self.exported(next, text, visited);
        if found.is_empty() {
            return vec![(id, bound)];
        }
        found
    }

    /// Where an import leads in the end.
    pub(super) fn import_origins(&self, id: FileId, import: u32, side: Side) -> Vec<Origin> {
        let mut visited = Visited {
            names: Vec::new(),
            side,
        };
        self.followed(id, Bound::Import(import), &mut visited)
    }

    /// What an import gives.
    pub(super) fn imported(&mut self, id: FileId, import: u32, side: Side) -> Values {
        let mut values = Gathered::default();
        for (origin, bound) in self.import_origins(id, import, side) {
            match bound {
                Bound::Import(import) => values.extend(&self.imported_whole(origin, import)),
                bound => values.extend(&self.bound(origin, bound)),
            }
        }
        values.finish()
    }

    /// What an import gives that leads to no name of a file.
    fn imported_whole(&mut self, id: FileId, import: u32) -> Vec<Value> {
        let file = self.world.file(id);
        let found = file.import(import);
        let (what, source) = (found.what, file.text(found.source));
        match (what, file.target(import)) {
            (_, Target::External(package)) => vec![Value::External(package)],
            (Imported::Root, _) => self.root_of(id, source),
            (Imported::Name(name), target) => self.part_of(id, file.text(name), target),
            (Imported::Module, Target::File(next)) => vec![Value::Module(next)],
            (Imported::Module, Target::Folder(folder)) => vec![Value::Folder(folder)],
            _ => Vec::new(),
        }
    }

    /// `import a.b.c` binds `a`.
    fn root_of(&mut self, id: FileId, source: Text) -> Vec<Value> {
        let source = self.world.str(source);
        let first = source.split('.').next().unwrap_or(source).to_owned();
        match self.python.absolute(&mut self.world, id, &first) {
            Target::File(next) => vec![Value::Module(next)],
            Target::Folder(folder) => vec![Value::Folder(folder)],
            Target::External(package) => vec![Value::External(package)],
            Target::Missing => Vec::new(),
        }
    }

    /// A name that is not one of a file: a module in a folder, or what
    /// `CommonJS` gives away.
    fn part_of(&mut self, id: FileId, name: Text, target: Target) -> Vec<Value> {
        if self.world.file(id).dialect == Dialect::Python {
            let part = match target {
                Target::File(next) => self.submodule(Value::Module(next), name),
                Target::Folder(folder) => self.submodule(Value::Folder(folder), name),
                _ => None,
            };
            return part.into_iter().collect();
        }
        let Target::File(next) = target else {
            return Vec::new();
        };
        match self.world.str(name) {
            "export=" => {
                let default = self.world.find_text("default");
                let origins = default.map_or(Vec::new(), |default| {
                    self.origins(next, default, Side::Value)
                });
                let mut values = vec![Value::Module(next)];
                for (file, bound) in origins {
                    values.extend(self.bound(file, bound).iter());
                }
                values
            }
            "default" => {
                let whole = self.world.find_text("export=");
                let origins =
                    whole.map_or(Vec::new(), |whole| self.origins(next, whole, Side::Value));
                let mut values = Vec::new();
                for (file, bound) in origins {
                    values.extend(self.bound(file, bound).iter());
                }
                values
            }
            _ => {
                // A member of what is given away as a whole.
                let whole = self.world.find_text("export=");
                let origins =
                    whole.map_or(Vec::new(), |whole| self.origins(next, whole, Side::Value));
                let mut values = Vec::new();
                for (file, bound) in origins {
                    for value in self.bound(file, bound).iter() {
                        values.extend(self.member(*value, name).iter());
                    }
                }
                values
            }
        }
    }

    /// The module of this name in a package.
    pub(super) fn submodule(&mut self, package: Value, name: Text) -> Option<Value> {
        let folder = match package {
            Value::Module(file) => {
                let path = self.world.path(file);
                let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
                (name.starts_with("__init__.")).then(|| folder.to_owned())?
            }
            Value::Folder(folder) => self.world.str(folder).to_owned(),
            _ => return None,
        };
        let name = self.world.str(name).to_owned();
        match self.python.below(&mut self.world, &folder, &name) {
            Target::File(file) => Some(Value::Module(file)),
            Target::Folder(folder) => Some(Value::Folder(folder)),
            _ => None,
        }
    }
}

/// The way that was taken through the files.
struct Visited {
    names: Vec<(FileId, Text)>,
    side: Side,
}

/// In the body of a Python class a name means what stands above in it, else
/// what it means outside.
fn standing<'b>(
    file: &File,
    bindings: &'b [Binding],
    (here, scope): (ScopeId, ScopeId),
    at: u32,
) -> &'b [Binding] {
    let is_class = matches!(file.scope(here).kind, ScopeKind::Class(_));
    if here != scope || !is_class || file.dialect != Dialect::Python {
        return bindings;
    }
    &bindings[..bindings.iter().take_while(|b| b.from <= at).count()]
}

/// Which of several bindings of a name may hold: `at` a place of the same run
/// through the code, or at any time after it.
fn chosen(file: &File, bindings: &[Binding], at: Option<u32>, side: Side) -> Vec<Bound> {
    let sided: Vec<Binding>;
    let mut bindings = bindings;
    if file.dialect == Dialect::Ecma && bindings.len() > 1 {
        let fits = |binding: &&Binding| is_of(file, binding.to, side);
        sided = bindings.iter().filter(fits).copied().collect();
        if !sided.is_empty() {
            bindings = &sided;
        }
    }
    let states_type = |b: &&Binding| matches!(b.to, Bound::Value(stated, _) if stated != NONE);
    if let Some(typed) = bindings.iter().find(states_type) {
        return vec![typed.to];
    }
    let before = at.map_or(bindings.len(), |at| {
        bindings
            .iter()
            .take_while(|binding| binding.from <= at)
            .count()
    });
    let held = if before == 0 {
        bindings
    } else {
        &bindings[..before]
    };
    let mut chosen = Vec::new();
    for binding in held.iter().rev() {
        chosen.push(binding.to);
        if !binding.is_conditional && binding.to != Bound::Opaque {
            break;
        }
    }
    chosen
}

/// Whether what is bound has a meaning on this side.
pub(super) fn is_of(file: &File, bound: Bound, side: Side) -> bool {
    match (bound, side) {
        (Bound::Import(_) | Bound::Namespace(_), _) => true,
        (Bound::Class(class), Side::Value) => !file.class(class).is_interface,
        (Bound::Class(_) | Bound::Alias(_) | Bound::TypeParameter(_), side) => side == Side::Type,
        (_, side) => side == Side::Value,
    }
}
