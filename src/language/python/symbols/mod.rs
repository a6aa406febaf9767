//! The symbols of a Python file, by one walk along its syntax.
//!
//! The walk is recursive and bounded by [`MAX_DEPTH`]: what nests deeper says
//! nothing.

mod definitions;
mod expressions;
mod imports;
mod items;
mod statements;
mod types;

use std::collections::HashMap;

use tree_sitter::Node;

use crate::language::rules::{SymbolInput, text_of};
use crate::symbols::{
    Builder, ClassId, DefinitionId, ExprId, FunctionId, Is, Name, ScopeId, ScopeKind, Site, Symbols,
};

/// Levels of syntax that are looked into; code that people write stays below
/// a hundred.
const MAX_DEPTH: u32 = 300;

pub(super) fn symbols(input: &SymbolInput) -> Symbols {
    let mut walk = Walk {
        builder: Builder::new(input.text),
        input,
        depth: 0,
        literals: HashMap::new(),
    };
    walk.builder.symbols.definitions = input.symbols_of_definitions(&mut walk.builder);
    walk.statements(input.root, Context::default());
    walk.builder.finish()
}

/// Where the walk is.
#[derive(Debug, Clone, Copy, Default)]
struct Context {
    scope: ScopeId,
    /// The function whose `return` it would be.
    function: Option<FunctionId>,
    /// Whether it stands in a branch or loop of its scope.
    is_conditional: bool,
}

impl Context {
    fn at(self, from: usize) -> Site {
        Site {
            scope: self.scope,
            from,
            is_conditional: self.is_conditional,
        }
    }

    fn conditional(self) -> Self {
        Self {
            is_conditional: true,
            ..self
        }
    }
}

struct Walk<'a, 't> {
    builder: Builder<'a>,
    input: &'a SymbolInput<'a, 't>,
    depth: u32,
    /// The literals that names of scopes stand for, where that is certain.
    literals: HashMap<(ScopeId, Name), ExprId>,
}

impl<'a> Walk<'a, '_> {
    /// Goes one level deeper, or not at all.
    fn deeper<T: Default>(&mut self, walk: impl FnOnce(&mut Self) -> T) -> T {
        if self.depth >= MAX_DEPTH {
            return T::default();
        }
        self.depth += 1;
        let found = walk(self);
        self.depth -= 1;
        found
    }

    fn text(&self, node: Node) -> &'a str {
        text_of(node, self.input.text)
    }

    fn name_of(&mut self, node: Node) -> Name {
        let text = self.text(node);
        self.builder.name(text)
    }

    fn definition(&self, node: Node) -> Option<DefinitionId> {
        self.input.definitions.get(&node.id()).copied()
    }

    /// Notes what a definition is.
    fn define(&mut self, definition: Option<DefinitionId>, is: Is) {
        if let Some(definition) = definition {
            self.builder.symbols.definitions[definition as usize].is = is;
        }
    }

    /// Makes a scope that of a definition.
    fn own(&mut self, scope: ScopeId, definition: Option<DefinitionId>) {
        if definition.is_some() {
            self.builder.symbols.scopes[scope as usize].definition = definition;
        }
    }

    /// The class whose body `scope` is.
    fn class_at(&self, scope: ScopeId) -> Option<ClassId> {
        match self.builder.symbols.scopes[scope as usize].kind {
            ScopeKind::Class(class) => Some(class),
            _ => None,
        }
    }
}

fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .filter(|child| child.kind() != "comment")
        .collect()
}

fn fields<'t>(node: Node<'t>, field: &str) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    node.children_by_field_name(field, &mut cursor).collect()
}
