//! What every language must be able to say about its own syntax.

use std::collections::HashMap;

use tree_sitter::Node;

use super::Heading;
use crate::language::ChunkKind;
use crate::source::ByteSpan;
use crate::symbols::{self, Builder, DefinitionId, Is, Symbols};

/// The questions that a query cannot answer, one function each.
#[derive(Debug)]
pub(crate) struct Rules {
    /// Where a definition stands and what it is called; `None` for what the
    /// query caught but is no definition (a callback, a value's inner node).
    pub(crate) place: for<'a, 't> fn(&Heading<'t>, &Ancestors<'a, 't>) -> Option<Site<'t>>,
    /// How a definition declares itself: the facts of its signature.
    pub(crate) declaration: for<'t> fn(&Declared<'t>, &str) -> Declaration,
    /// The name a call is stored under, from its captured callee.
    pub(crate) callee: for<'s> fn(Node, &'s str, bool) -> &'s str,
    /// The imports and re-exports of one statement.
    pub(crate) links: fn(Node, &str, &mut Links),
    /// The names that a statement at module level binds, for the constants.
    pub(crate) bindings: fn(Node, &str) -> Vec<String>,
    /// The doc comment that stands inside a definition or module.
    pub(crate) inner_doc: fn(Node) -> Option<ByteSpan>,
    /// A comment or docstring without its marks, as prose.
    pub(crate) prose: fn(&str) -> String,
    /// Of a text with syntax errors, one of equal length and lines that says the
    /// same in words the grammar knows, if there is something to try.
    pub(crate) mend: Option<fn(&str) -> Option<String>>,
    /// What the file says to the others.
    pub(crate) symbols: fn(&SymbolInput) -> Symbols,
}

/// What the symbols of a file are drawn from.
pub(crate) struct SymbolInput<'a, 't> {
    pub(crate) root: Node<'t>,
    pub(crate) text: &'a str,
    /// The definitions in the chunker's order: kind, qualname and ordinal.
    pub(crate) named: Vec<(ChunkKind, &'a str, u32)>,
    /// The definition that each node declares, by the node's id.
    pub(crate) definitions: &'a HashMap<usize, DefinitionId>,
}

impl SymbolInput<'_, '_> {
    /// The definitions, of which nothing else is known yet.
    pub(crate) fn symbols_of_definitions(&self, builder: &mut Builder) -> Vec<symbols::Definition> {
        let named = self.named.iter();
        named
            .map(|(kind, qualname, ordinal)| symbols::Definition {
                kind: builder.name(kind.as_str()),
                qualname: builder.whole(qualname),
                ordinal: *ordinal,
                is: Is::Nothing,
            })
            .collect()
    }
}

/// The nodes above a definition, innermost last, and the text they are of.
pub(crate) struct Ancestors<'a, 't> {
    /// From the root to the parent of the node in question, which is last.
    pub(crate) frames: &'a [Node<'t>],
    /// How many of them belong to the enclosing definition, its own included.
    pub(crate) enclosing: usize,
    pub(crate) text: &'a str,
}

/// Where a definition stands.
#[derive(Debug, Clone)]
pub(crate) struct Site<'t> {
    pub(crate) kind: ChunkKind,
    pub(crate) name: String,
    /// Names between the enclosing definition's and its own (`api` of `api.get`).
    pub(crate) path: Vec<String>,
    /// How many frames outwards its text begins: 0 is the captured node itself.
    pub(crate) outward: usize,
    /// The node whose fields are its parameters, result and body.
    pub(crate) declares: Node<'t>,
    /// A signature without a body, which the next one of its name may have.
    pub(crate) bodiless: bool,
    /// Whether it belongs to the class itself: overloads join only their like.
    pub(crate) is_static: bool,
    pub(crate) exported: bool,
}

/// The nodes that a definition declares itself with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Declared<'t> {
    /// The node its text begins with, `export` or decorators included.
    pub(crate) outer: Node<'t>,
    /// The node whose fields are its parameters, result and body.
    pub(crate) inner: Node<'t>,
    /// First byte of the decorators that stand before `outer` as siblings.
    pub(crate) decorators: Option<usize>,
}

/// How a definition declares itself.
#[derive(Debug, Clone)]
pub(crate) struct Declaration {
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) return_type: Option<String>,
    pub(crate) decorators: Vec<String>,
    /// Base classes and interfaces, as written.
    pub(crate) bases: Vec<String>,
    pub(crate) is_async: bool,
    pub(crate) is_generator: bool,
    /// `public`, `static`, `abstract`, `readonly`, `get`, … as written.
    pub(crate) modifiers: Vec<String>,
    /// From its first keyword to where its body begins.
    pub(crate) header: ByteSpan,
}

/// One parameter of a function.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) type_text: Option<String>,
    pub(crate) default_value: Option<String>,
    pub(crate) is_optional: bool,
}

/// The imports and re-exports of one file, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Links {
    pub(crate) imports: Vec<Import>,
    pub(crate) re_exports: Vec<ReExport>,
    /// Names that the file exports apart from where they are declared.
    pub(crate) exported: Vec<String>,
}

/// The order in which the readers list imports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ImportKind {
    Named,
    Namespace,
    Default,
    ReExport,
    TypeOnly,
}

/// One imported name.
#[derive(Debug, Clone)]
pub(crate) struct Import {
    pub(crate) kind: ImportKind,
    /// As stored: `source.Name`, or the source alone.
    pub(crate) stored: String,
    /// The name by which this file refers to it; empty for a re-export.
    pub(crate) bound: String,
    /// Where it stands.
    pub(crate) at: usize,
}

/// One name that a file passes on from another.
#[derive(Debug, Clone)]
pub(crate) struct ReExport {
    pub(crate) symbol: String,
    pub(crate) original: Option<String>,
    pub(crate) source: String,
    pub(crate) is_type: bool,
    pub(crate) at: usize,
}

impl<'a, 't> Ancestors<'a, 't> {
    /// The node `outward` steps above the one in question; 1 is its parent.
    pub(crate) fn node(&self, outward: usize) -> Option<Node<'t>> {
        let index = self.frames.len().checked_sub(outward)?;
        self.frames.get(index).copied()
    }

    /// Whether the step `outward` still lies inside the enclosing definition.
    pub(crate) fn is_inside(&self, outward: usize) -> bool {
        self.frames.len() >= self.enclosing + outward
    }

    /// The text of `node`.
    pub(crate) fn text_of(&self, node: Node) -> &'a str {
        text_of(node, self.text)
    }
}

/// The part of `text` that `node` spans.
pub(crate) fn text_of<'s>(node: Node, text: &'s str) -> &'s str {
    text.get(node.byte_range()).unwrap_or_default()
}
