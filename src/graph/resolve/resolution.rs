//! What resolution finds, in little room: texts are numbers into one table, and
//! what there is many of lies in a few long lists.

use std::ops::Range;

use super::texts::Texts;
use super::value::{FileId, Text};
use crate::symbols::{At, DefinitionId};

/// What a whole repository says of itself.
#[derive(Debug, Default)]
pub struct Resolution {
    /// The ties, ordered by their ends and relation.
    pub ties: Vec<Tie>,
    /// The paths and definitions that ends speak of.
    pub files: Vec<Named>,
    /// The texts behind the numbers; the first is empty.
    pub texts: Texts,
    /// The places of all ties, one tie after the other.
    pub(super) sites: Vec<SiteOf>,
    /// What ties to nothing, one file after the other.
    pub(super) open: Vec<OpenReference>,
}

impl Resolution {
    /// The text of a number.
    #[must_use]
    pub fn text(&self, text: Text) -> &str {
        self.texts.text(text)
    }

    /// The places that make a tie, in order; at least one.
    #[must_use]
    pub fn sites(&self, tie: &Tie) -> &[SiteOf] {
        &self.sites[within(&tie.sites)]
    }

    /// What in a file ties to nothing, in order.
    #[must_use]
    pub fn open(&self, file: &Named) -> &[OpenReference] {
        &self.open[within(&file.open)]
    }

    /// All that ties to nothing.
    #[must_use]
    pub fn all_open(&self) -> &[OpenReference] {
        &self.open
    }
}

fn within(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

/// A file by what the ids of its nodes are made from.
#[derive(Debug)]
pub struct Named {
    /// Its path below the root.
    pub path: String,
    /// Kind, qualname and ordinal of its definitions.
    pub definitions: Box<[(Text, Text, u32)]>,
    /// Where its open references lie.
    pub(super) open: Range<u32>,
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

/// How one definition or file refers to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// It calls it.
    Calls,
    /// It is a class of it.
    Extends,
    /// It is a class that keeps to it.
    Implements,
    /// It brings it in.
    Imports,
    /// It passes it on.
    ReExports,
}

impl Relation {
    /// The readers' `relation_type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Extends => "extends",
            Self::Implements => "implements",
            Self::Imports => "imports",
            Self::ReExports => "re_exports",
        }
    }
}

/// How what a reference names was found, the plainest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// It is of the same file.
    Local,
    /// On the object itself, or on its class.
    Itself,
    /// By an import from the file that defines it.
    Import,
    /// By an import from a file that passes it on.
    ReExport,
    /// As a member of a module or namespace.
    Namespace,
    /// As a member of a class.
    Static,
    /// By the type of what it is a member of.
    Typed,
    /// Through values.
    Flow,
}

impl How {
    /// The readers' `resolution`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Itself => "self",
            Self::Import => "import",
            Self::ReExport => "re_export",
            Self::Namespace => "namespace",
            Self::Static => "static",
            Self::Typed => "typed",
            Self::Flow => "flow",
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
    /// How.
    pub relation: Relation,
    /// Where its places lie.
    pub(super) sites: Range<u32>,
}

/// One place that makes a tie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SiteOf {
    /// Where.
    pub at: At,
    /// How it was resolved.
    pub how: How,
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
    pub relation: Relation,
    /// The text as written.
    pub name: Text,
    /// The package that it is of; none if nobody knows.
    pub package: Option<Text>,
}
