//! All files of a repository side by side.

use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use super::imports::Target;
use super::value::{FileId, Text};
use crate::graph::packages::is_python;
use crate::names::RelPath;
use crate::symbols::{
    Alias, Binding, Call, Class, Definition, Expr, Function, FunctionId, Import, Name, Scope,
    ScopeId, ScopeKind, Symbols, Type,
};

/// A file and what it says.
#[derive(Debug)]
pub struct SymbolFile {
    /// Its path below the root.
    pub path: String,
    /// What it says, as [`Symbols::to_bytes`] gives it: several times smaller
    /// than what is made of it, one file after the other.
    pub symbols: Vec<u8>,
}

/// The dialect that decides how names are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Ecma,
    Python,
}

/// One file among the others.
#[derive(Debug)]
pub(super) struct File {
    pub path: String,
    pub dialect: Dialect,
    pub is_test: bool,
    symbols: Symbols,
    /// The repository's number of each text of the file.
    texts: Vec<Text>,
    /// Where each import leads.
    pub targets: Vec<Target>,
}

/// The repository.
#[derive(Debug)]
pub(super) struct World {
    pub files: Vec<File>,
    texts: Vec<Rc<str>>,
    known: HashMap<Rc<str>, Text>,
    by_path: HashMap<String, FileId>,
    /// The call and the number of the argument that each lambda is.
    pub contexts: HashMap<(FileId, FunctionId), (u32, usize)>,
}

impl World {
    /// Takes the files in path order.
    pub fn new(files: Vec<SymbolFile>) -> Self {
        let mut world = Self {
            files: Vec::with_capacity(files.len()),
            texts: Vec::new(),
            known: HashMap::new(),
            by_path: HashMap::new(),
            contexts: HashMap::new(),
        };
        world.text("");
        for file in files {
            world.add(file);
        }
        world
    }

    fn add(&mut self, file: SymbolFile) {
        // Written in another form: the recipe has changed, and the file comes
        // anew.
        let mut symbols = Symbols::from_bytes(&file.symbols).unwrap_or_default();
        let names = std::mem::take(&mut symbols.names);
        let texts = names.iter().map(|name| self.text(name)).collect();
        let id = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        for (number, call) in (0..).zip(&symbols.calls) {
            for (place, argument) in call.arguments.iter().enumerate() {
                if let Some(Expr::Function(function)) = symbols.exprs.get(argument.value as usize) {
                    self.contexts.insert((id, *function), (number, place));
                }
            }
        }
        let is_python = is_python(&file.path);
        let is_test = RelPath::new(Path::new(""), Path::new(&file.path))
            .is_ok_and(|path| crate::chunk::is_test(&path));
        self.by_path.insert(file.path.clone(), id);
        self.files.push(File {
            path: file.path,
            dialect: if is_python {
                Dialect::Python
            } else {
                Dialect::Ecma
            },
            is_test,
            symbols,
            texts,
            targets: Vec::new(),
        });
    }

    /// The number of a text.
    pub fn text(&mut self, text: &str) -> Text {
        if let Some(known) = self.known.get(text) {
            return *known;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        let text: Rc<str> = text.into();
        self.texts.push(Rc::clone(&text));
        self.known.insert(text, number);
        number
    }

    /// The number of a text, if there is such a text.
    pub fn find_text(&self, text: &str) -> Option<Text> {
        self.known.get(text).copied()
    }

    /// The text of this number.
    pub fn str(&self, text: Text) -> &str {
        &self.texts[text as usize]
    }

    /// All texts, by their numbers, and the files; nothing else is left.
    pub fn into_parts(self) -> (Vec<Rc<str>>, Vec<File>) {
        (self.texts, self.files)
    }

    /// The file at a path.
    pub fn at_path(&self, path: &str) -> Option<FileId> {
        self.by_path.get(path).copied()
    }

    pub fn file(&self, file: FileId) -> &File {
        &self.files[file as usize]
    }

    /// The ids of all files, in path order.
    pub fn ids(&self) -> std::ops::Range<FileId> {
        0..u32::try_from(self.files.len()).unwrap_or(u32::MAX)
    }
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
