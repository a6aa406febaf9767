//! What resolution finds, in little room: texts are numbers into one table.

use std::rc::Rc;

use super::value::{FileId, Text};
use crate::symbols::{At, DefinitionId};

/// What a whole repository says of itself.
#[derive(Debug)]
pub struct Resolution {
    /// The ties, ordered by their ends and relation.
    pub ties: Vec<Tie>,
    /// For each file, what ties to nothing.
    pub open: Vec<Vec<OpenReference>>,
    /// The paths and definitions that ends speak of.
    pub files: Vec<Named>,
    /// The texts behind the numbers; the first is empty.
    pub texts: Vec<Rc<str>>,
}

impl Resolution {
    /// The text of a number.
    #[must_use]
    pub fn text(&self, text: Text) -> &str {
        &self.texts[text as usize]
    }
}

/// A file by what the ids of its nodes are made from.
#[derive(Debug)]
pub struct Named {
    /// Its path below the root.
    pub path: String,
    /// Kind, qualname and ordinal of its definitions.
    pub definitions: Vec<(Text, Text, u32)>,
}

/// One end of a tie: a definition of a file, or the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct End {
    /// Number of the file in path order.
    pub file: u32,
    /// Its definition; none for the file itself.
    pub definition: Option<u32>,
}

impl End {
    /// A file itself.
    pub(super) fn file(file: FileId) -> Self {
        Self {
            file,
            definition: None,
        }
    }

    /// A definition of a file.
    pub(super) fn definition(file: FileId, definition: DefinitionId) -> Self {
        Self {
            file,
            definition: Some(definition),
        }
    }
}

/// One definition or file refers to another, in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tie {
    /// Who refers.
    pub source: End,
    /// To whom.
    pub target: End,
    /// How: `calls`, `imports`, ….
    pub relation: &'static str,
    /// Where, in order.
    pub sites: Box<[SiteOf]>,
}

/// One place that makes a tie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SiteOf {
    /// Where.
    pub at: At,
    /// How it was resolved.
    pub how: &'static str,
    /// What is named there.
    pub name: Text,
    /// The source of an import; 0 of anything else.
    pub source: Text,
    /// An import of types only.
    pub is_type: bool,
    /// The class that a constructor makes.
    pub constructs: Option<End>,
}

/// A reference that ties to nothing in the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenReference {
    /// Where.
    pub at: At,
    /// The definition it stands in; none for the file itself.
    pub source: Option<u32>,
    /// How it would tie.
    pub relation: &'static str,
    /// The text as written.
    pub name: Text,
    /// The package that it is of; none if nobody knows.
    pub package: Option<Text>,
}
