//! All files of a repository side by side.

use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use super::imports::Target;
use super::shelf::Shelf;
use super::texts::Texts;
use super::value::{FileId, Text};
use crate::graph::packages::is_python;
use crate::names::RelPath;
use crate::symbols::packed::{Interned, Packed};
use crate::symbols::{
    Alias, Binding, Call, Class, Definition, Expr, Function, FunctionId, Import, Name, Scope,
    ScopeId, ScopeKind, Symbols, Type,
};

/// A file and what it says.
#[derive(Debug)]
pub struct SymbolFile {
    /// Its path below the root.
    pub path: String,
    /// What it says, as [`Symbols::to_bytes`] gives it.
    pub symbols: Vec<u8>,
}

/// The dialect that decides how names are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Ecma,
    Python,
}

/// One file among the others, unpacked.
#[derive(Debug)]
pub(super) struct File {
    pub path: Rc<str>,
    pub dialect: Dialect,
    pub is_test: bool,
    symbols: Symbols,
    /// The repository's number of each text of the file.
    texts: Vec<Text>,
    /// Where each import leads.
    targets: Rc<[Target]>,
    /// The call and the number of the argument that each lambda is.
    contexts: HashMap<FunctionId, (u32, usize)>,
}

/// The repository.
#[derive(Debug, Default)]
pub(super) struct World {
    files: Vec<Waiting>,
    shelf: Shelf<File>,
    texts: Texts,
    by_path: HashMap<Rc<str>, FileId>,
}

/// A file as it waits to be asked for.
#[derive(Debug)]
struct Waiting {
    path: Rc<str>,
    packed: Packed,
    targets: Rc<[Target]>,
    expressions: usize,
}

impl World {
    /// Takes the files in path order.
    pub fn new<E>(files: impl IntoIterator<Item = Result<SymbolFile, E>>) -> Result<Self, E> {
        let mut world = Self::default();
        world.text("");
        for file in files {
            world.add(file?);
        }
        Ok(world)
    }

    fn add(&mut self, file: SymbolFile) {
        // Written in another form: the recipe has changed, and the file comes
        // anew.
        let mut symbols = Symbols::from_bytes(&file.symbols).unwrap_or_default();
        let names = std::mem::take(&mut symbols.names);
        let texts = names.iter().map(|name| self.text(name)).collect();
        let expressions = symbols.exprs.len();
        let path: Rc<str> = file.path.into();
        let id = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        self.by_path.insert(Rc::clone(&path), id);
        self.files.push(Waiting {
            path,
            packed: Packed::new(&Interned { texts, symbols }),
            targets: Rc::default(),
            expressions,
        });
    }

    /// The number of a text.
    pub fn text(&mut self, text: &str) -> Text {
        self.texts.number(text)
    }

    /// The number of a text, if there is such a text.
    pub fn find_text(&self, text: &str) -> Option<Text> {
        self.texts.find(text)
    }

    /// The text of this number.
    pub fn str(&self, text: Text) -> &str {
        self.texts.text(text)
    }

    /// All texts, by their numbers; nothing else is left.
    pub fn into_texts(self) -> Texts {
        self.texts
    }

    /// The file at a path.
    pub fn at_path(&self, path: &str) -> Option<FileId> {
        self.by_path.get(path).copied()
    }

    /// The path of a file, which need not be unpacked for it.
    pub fn path(&self, file: FileId) -> &str {
        &self.files[file as usize].path
    }

    /// The paths of all files, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| &*file.path)
    }

    /// A file, to ask it; it stays as long as it is held.
    pub fn file(&self, file: FileId) -> Rc<File> {
        let waiting = &self.files[file as usize];
        let make = |symbols| waiting.opened(symbols);
        self.shelf.file(file, &waiting.packed, make)
    }

    /// Sets where each import of a file leads.
    pub fn set_targets(&mut self, file: FileId, targets: Vec<Target>) {
        self.files[file as usize].targets = targets.into();
        self.shelf.forget(file);
    }

    /// How many expressions each file has.
    pub fn expressions(&self) -> impl Iterator<Item = usize> {
        self.files.iter().map(|file| file.expressions)
    }

    /// The ids of all files, in path order.
    pub fn ids(&self) -> std::ops::Range<FileId> {
        0..u32::try_from(self.files.len()).unwrap_or(u32::MAX)
    }
}

impl Waiting {
    fn opened(&self, Interned { texts, symbols }: Interned) -> File {
        let is_test = RelPath::new(Path::new(""), Path::new(&*self.path))
            .is_ok_and(|path| crate::chunk::is_test(&path));
        File {
            path: Rc::clone(&self.path),
            dialect: if is_python(&self.path) {
                Dialect::Python
            } else {
                Dialect::Ecma
            },
            is_test,
            contexts: contexts(&symbols),
            symbols,
            texts,
            targets: Rc::clone(&self.targets),
        }
    }
}

/// The call and the number of the argument that each lambda is.
fn contexts(symbols: &Symbols) -> HashMap<FunctionId, (u32, usize)> {
    let mut contexts = HashMap::new();
    for (number, call) in (0..).zip(&symbols.calls) {
        for (place, argument) in call.arguments.iter().enumerate() {
            if let Some(Expr::Function(function)) = symbols.exprs.get(argument.value as usize) {
                contexts.insert(*function, (number, place));
            }
        }
    }
    contexts
}

impl File {
    /// The repository's number of a text of the file.
    pub fn text(&self, name: Name) -> Text {
        self.texts.get(name as usize).copied().unwrap_or(0)
    }

    /// The file's number of a text, if it has it.
    pub fn name(&self, text: Text) -> Option<Name> {
        let found = self.texts.iter().position(|known| *known == text);
        found.and_then(|found| u32::try_from(found).ok())
    }

    /// The call that a lambda is given to, and the number of the argument.
    pub fn context(&self, function: FunctionId) -> Option<(u32, usize)> {
        self.contexts.get(&function).copied()
    }

    pub fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    pub fn expr(&self, id: u32) -> &Expr {
        &self.symbols.exprs[id as usize]
    }

    pub fn stated(&self, id: u32) -> &Type {
        &self.symbols.types[id as usize]
    }

    pub fn function(&self, id: u32) -> &Function {
        &self.symbols.functions[id as usize]
    }

    pub fn class(&self, id: u32) -> &Class {
        &self.symbols.classes[id as usize]
    }

    pub fn alias(&self, id: u32) -> &Alias {
        &self.symbols.aliases[id as usize]
    }

    pub fn call(&self, id: u32) -> &Call {
        &self.symbols.calls[id as usize]
    }

    pub fn scope(&self, id: u32) -> &Scope {
        &self.symbols.scopes[id as usize]
    }

    pub fn import(&self, id: u32) -> &Import {
        &self.symbols.imports[id as usize]
    }

    pub fn definition(&self, id: u32) -> &Definition {
        &self.symbols.definitions[id as usize]
    }

    pub fn target(&self, import: u32) -> Target {
        self.targets
            .get(import as usize)
            .copied()
            .unwrap_or(Target::Missing)
    }

    /// What a name is bound to in a scope, in the order of the text.
    pub fn bindings(&self, scope: ScopeId, name: Name) -> &[Binding] {
        let all = &self.symbols.bindings;
        let key = |binding: &Binding| (binding.scope, binding.name);
        let start = all.partition_point(|binding| key(binding) < (scope, name));
        let length = all[start..].partition_point(|binding| key(binding) == (scope, name));
        &all[start..start + length]
    }

    /// Whether nothing between the scope and the outer one is a function.
    pub fn is_same_run(&self, mut scope: ScopeId, outer: ScopeId) -> bool {
        while scope != outer {
            let found = self.scope(scope);
            if matches!(found.kind, ScopeKind::Function(_)) || found.parent == scope {
                return false;
            }
            scope = found.parent;
        }
        true
    }
}
