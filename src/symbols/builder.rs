//! Fills the lists of one file.

use std::collections::{HashMap, HashSet};

use super::{
    Alias, AliasId, At, Binding, Bound, Call, Class, ClassId, Expr, ExprId, Function, FunctionId,
    Name, Part, Scope, ScopeId, ScopeKind, Symbols, Type, TypeId,
};

/// Bytes of a name that are kept: a computed member can be a whole program.
const MAX_NAME_BYTES: usize = 200;

/// Gathers symbols while the tree is walked.
#[derive(Debug)]
pub struct Builder<'s> {
    /// The text that is walked.
    pub text: &'s str,
    /// What was gathered.
    pub symbols: Symbols,
    known: HashMap<String, Name>,
    /// First byte of each line.
    lines: Vec<usize>,
}

/// Where a name begins to hold.
#[derive(Debug, Clone, Copy)]
pub struct Site {
    /// The scope.
    pub scope: ScopeId,
    /// The byte from which it holds.
    pub from: usize,
    /// Whether it stands in a branch or loop.
    pub is_conditional: bool,
}

impl<'s> Builder<'s> {
    /// A builder of a file with nothing but its own scope.
    #[must_use]
    pub fn new(text: &'s str) -> Self {
        let starts = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let mut builder = Self {
            text,
            symbols: Symbols::default(),
            known: HashMap::new(),
            lines: std::iter::once(0)
                .chain(starts.map(|(at, _)| at + 1))
                .collect(),
        };
        builder.name("");
        builder.symbols.exprs.push(Expr::Unknown);
        builder.symbols.types.push(Type::Unknown);
        builder.symbols.scopes.push(Scope {
            parent: 0,
            kind: ScopeKind::Module,
            definition: None,
        });
        builder
    }

    /// The symbols, with their bindings in order.
    #[must_use]
    pub fn finish(mut self) -> Symbols {
        self.move_globals();
        let bindings = &mut self.symbols.bindings;
        bindings.sort_by_key(|binding| (binding.scope, binding.name, binding.from));
        self.symbols
    }

    /// What is bound to a name that means the file's is bound there.
    fn move_globals(&mut self) {
        let bindings = &mut self.symbols.bindings;
        let globals: HashSet<(ScopeId, Name)> = bindings
            .iter()
            .filter(|binding| binding.to == Bound::Global)
            .map(|binding| (binding.scope, binding.name))
            .collect();
        for binding in bindings {
            let is_global = globals.contains(&(binding.scope, binding.name));
            if is_global && binding.to != Bound::Global {
                binding.scope = 0;
                binding.is_conditional = true;
            }
        }
    }

    /// The number of a name, of which only the beginning is kept.
    pub fn name(&mut self, text: &str) -> Name {
        self.whole(&text[..text.floor_char_boundary(MAX_NAME_BYTES)])
    }

    /// The number of a text that has to stay as it is.
    pub fn whole(&mut self, text: &str) -> Name {
        if let Some(name) = self.known.get(text) {
            return *name;
        }
        let name = index(self.symbols.names.len());
        self.symbols.names.push(text.to_owned());
        self.known.insert(text.to_owned(), name);
        name
    }

    /// Adds an expression.
    pub fn expr(&mut self, expr: Expr) -> ExprId {
        if expr == Expr::Unknown {
            return 0;
        }
        self.symbols.exprs.push(expr);
        index(self.symbols.exprs.len() - 1)
    }

    /// Adds a type.
    pub fn add_type(&mut self, stated: Type) -> TypeId {
        if stated == Type::Unknown {
            return 0;
        }
        self.symbols.types.push(stated);
        index(self.symbols.types.len() - 1)
    }

    /// The type of a dotted name.
    pub fn named_type(&mut self, path: &str, arguments: Box<[TypeId]>, scope: ScopeId) -> Type {
        let mut parts = path.split('.').map(str::trim);
        Type::Named {
            name: self.name(parts.next().unwrap_or_default()),
            members: parts.map(|part| self.name(part)).collect(),
            arguments,
            scope,
        }
    }

    /// Opens a scope below `parent`; it belongs to the same definition.
    pub fn scope(&mut self, parent: ScopeId, kind: ScopeKind) -> ScopeId {
        let definition = self.symbols.scopes[parent as usize].definition;
        self.symbols.scopes.push(Scope {
            parent,
            kind,
            definition,
        });
        index(self.symbols.scopes.len() - 1)
    }

    /// Adds a function.
    pub fn function(&mut self, function: Function) -> FunctionId {
        self.symbols.functions.push(function);
        index(self.symbols.functions.len() - 1)
    }

    /// The function of this number.
    pub fn function_mut(&mut self, id: FunctionId) -> &mut Function {
        &mut self.symbols.functions[id as usize]
    }

    /// Notes what decides what a function gives.
    pub fn part(&mut self, function: FunctionId, part: Part) {
        self.function_mut(function).parts.push(part);
    }

    /// Adds a class.
    pub fn class(&mut self, class: Class) -> ClassId {
        self.symbols.classes.push(class);
        index(self.symbols.classes.len() - 1)
    }

    /// Adds a name for a type.
    pub fn alias(&mut self, alias: Alias) -> AliasId {
        self.symbols.aliases.push(alias);
        index(self.symbols.aliases.len() - 1)
    }

    /// The class of this number.
    pub fn class_mut(&mut self, id: ClassId) -> &mut Class {
        &mut self.symbols.classes[id as usize]
    }

    /// Binds a name.
    pub fn bind(&mut self, site: Site, name: Name, to: Bound) {
        if name == 0 {
            return;
        }
        self.symbols.bindings.push(Binding {
            scope: site.scope,
            name,
            from: index(site.from),
            is_conditional: site.is_conditional,
            to,
        });
    }

    /// Adds a call; the expression is what it gives.
    pub fn call(&mut self, call: Call) -> ExprId {
        self.symbols.calls.push(call);
        let call = index(self.symbols.calls.len() - 1);
        self.expr(Expr::Call(call))
    }

    /// The place of a byte.
    #[must_use]
    pub fn at(&self, byte: usize) -> At {
        let line = self.lines.partition_point(|start| *start <= byte);
        let start = self.lines[line.saturating_sub(1)];
        let before = self.text.get(start..byte).unwrap_or_default();
        At {
            line: index(line),
            column: index(before.chars().count() + 1),
        }
    }
}

/// Files end at some megabytes, so no list reaches 2³².
fn index(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
