//! What one walk over the tree finds: the definitions, the facts of each, and
//! how deep in the syntax each line begins.

mod walk;

use std::collections::HashMap;

use tree_sitter::{QueryCursor, Tree};

use self::walk::Walk;
use super::nest::{self, Found};
use crate::language::{Language, Links, SymbolInput, Tags};
use crate::source::ByteSpan;

/// What the walk needs besides the tree.
pub(super) struct Tools<'s, 'c> {
    pub(super) text: &'s str,
    pub(super) line_count: usize,
    pub(super) language: &'static Language,
    pub(super) tags: &'c Tags,
    pub(super) cursor: &'c mut QueryCursor,
}

/// What the walk found.
pub(super) struct Survey<'s> {
    /// In source order, outer before inner.
    pub(super) definitions: Vec<Found<'s>>,
    /// The definition that each node declares, by the node's id; those of
    /// overloads are one.
    pub(super) declared: HashMap<usize, u32>,
    /// The facts of the code outside definitions.
    pub(super) module: Facts<'s>,
    pub(super) module_doc: Option<ByteSpan>,
    pub(super) links: Links,
    pub(super) constants: Vec<Constant>,
    /// For each line, how deep the outermost node lies that begins on it.
    pub(super) depths: Vec<u16>,
    pub(super) omissions: Omissions,
}

/// A constant of the module and where it stands.
pub(super) struct Constant {
    pub(super) name: String,
    pub(super) at: usize,
}

/// What the walk had to pass over.
#[derive(Default)]
pub(super) struct Omissions {
    /// Definitions beyond the bounds, left in the text around them.
    pub(super) definitions: usize,
    pub(super) errors: usize,
    /// 0-based line of the first syntax error.
    pub(super) first_error: Option<usize>,
}

/// The line depth of a line on which nothing begins.
pub(super) const NO_BORDER: u16 = u16::MAX;

/// What the code of one scope does, nested definitions left out.
#[derive(Default)]
pub(super) struct Facts<'s> {
    pub(super) calls: Vec<Call<'s>>,
    /// Identifiers, any of which may name an import.
    pub(super) identifiers: Vec<(usize, &'s str)>,
    /// Decisions; the cyclomatic complexity is one more.
    pub(super) decisions: u32,
    pub(super) cognitive: u32,
}

/// One place that calls or constructs something.
pub(super) struct Call<'s> {
    pub(super) callee: &'s str,
    pub(super) at: usize,
    pub(super) arguments: usize,
    pub(super) constructs: bool,
    pub(super) around: Around,
}

/// What encloses a place within its definition.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Around {
    pub(super) conditional: bool,
    pub(super) looped: bool,
    pub(super) tried: bool,
}

/// Walks over the whole tree.
pub(super) fn survey<'s>(tree: &Tree, tools: &mut Tools<'s, '_>) -> Survey<'s> {
    let mut survey = Walk::new(tree, tools).run(tree);
    nest::export(&mut survey.definitions, &survey.links.exported);
    nest::number(&mut survey.definitions);
    survey
}

impl Survey<'_> {
    /// What the symbols of the file are drawn from.
    pub(super) fn symbol_input<'a, 't>(
        &'a self,
        tree: &'t Tree,
        text: &'a str,
    ) -> SymbolInput<'a, 't> {
        let named = self.definitions.iter();
        SymbolInput {
            root: tree.root_node(),
            text,
            named: named
                .map(|found| (found.kind, found.qualname.as_str(), found.ordinal))
                .collect(),
            definitions: &self.declared,
        }
    }

    /// What is known of a text without a tree.
    pub(super) fn nothing() -> Self {
        Self {
            definitions: Vec::new(),
            declared: HashMap::new(),
            module: Facts::default(),
            module_doc: None,
            links: Links::default(),
            constants: Vec::new(),
            depths: Vec::new(),
            omissions: Omissions::default(),
        }
    }
}
