//! What is known about each programming language.
//!
//! A language is one folder and one line in [`ALL`]. Its `tags.scm` says
//! *what* is worth naming, in tree-sitter's own tag vocabulary; its [`Role`]
//! table says what each kind of node means to the metrics; its rules say
//! *where* a name stands and how its declaration reads.

mod ecma;
mod javascript;
mod kind;
mod python;
mod rules;
mod tags;
mod typescript;

use std::sync::OnceLock;

pub use kind::ChunkKind;
pub(crate) use rules::{
    Ancestors, Declaration, Declared, Links, Parameter, Rules, Site, SymbolInput,
};
pub use tags::TagsError;
pub(crate) use tags::{Heading, Tag, Tags};

use crate::names::RelPath;

/// Every language, each once for each of its grammars.
pub static ALL: [&Language; 4] = [
    &typescript::TYPESCRIPT,
    &typescript::TSX,
    &javascript::JAVASCRIPT,
    &python::PYTHON,
];

/// A language that can be cut along its syntax.
#[derive(Debug)]
pub struct Language {
    name: &'static str,
    extensions: &'static [&'static str],
    naming: Naming,
    grammar: fn() -> tree_sitter::Language,
    tags: &'static [&'static str],
    roles: &'static [&'static [(&'static str, Role)]],
    rules: Rules,
    compiled: OnceLock<Result<Tags, TagsError>>,
}

/// How file names become module names.
#[derive(Debug)]
pub(crate) struct Naming {
    /// Leading folders that are no part of a module's name.
    pub(crate) roots: &'static [&'static str],
    /// The file that stands for its folder.
    pub(crate) index: &'static str,
    /// Second extensions that are no part of a module's name (`.d` of `.d.ts`).
    pub(crate) inner_extensions: &'static [&'static str],
    /// What starts a comment that runs to the end of its line.
    pub(crate) line_comment: &'static str,
}

/// What a kind of node means to the walk over a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Role {
    /// Nothing of its own.
    #[default]
    Plain,
    /// A comment; it may be the doc of what follows.
    Comment,
    /// A decorator that stands before what it decorates.
    Decorator,
    /// A name that may refer to an import.
    Identifier,
    /// A statement that imports.
    Import,
    /// A statement that exports, perhaps what another module has.
    Export,
    /// A conditional statement.
    If,
    /// The part of a conditional that holds when its condition does not.
    Else,
    /// A further condition of the same conditional.
    ElseIf,
    /// A loop.
    Loop,
    /// A choice among cases.
    Switch,
    /// One case of a choice.
    Case,
    /// A statement whose errors may be handled.
    Try,
    /// A handler of errors.
    Catch,
    /// A conditional expression.
    Ternary,
    /// The token of a logical operator; the number tells operators apart.
    Logical(u8),
    /// A jump that names its target.
    LabelledJump,
    /// A function without a name of its own in the index.
    Closure,
    /// A loop or filter inside a comprehension.
    Comprehension,
    /// A place where statements are declared at module level: `const x = 1`.
    Binding,
    /// Text that the grammar could not place.
    Error,
}

impl Language {
    /// The name that is stored: `typescript`, `javascript`, `python`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The extensions it is detected by, without their dot.
    #[must_use]
    pub fn extensions(&self) -> &'static [&'static str] {
        self.extensions
    }

    /// The texts that its query is put together from, an ingredient of what is
    /// stored.
    #[must_use]
    pub fn query_texts(&self) -> &'static [&'static str] {
        self.tags
    }

    /// Its compiled query and tables.
    ///
    /// # Errors
    /// [`TagsError`] if `tags.scm` does not fit the grammar or uses a capture
    /// outside the vocabulary.
    pub(crate) fn tags(&self) -> Result<&Tags, &TagsError> {
        // A query takes milliseconds to compile, so it is done once a process.
        self.compiled
            .get_or_init(|| Tags::compile((self.grammar)(), &self.tags.concat(), self.roles))
            .as_ref()
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    pub(crate) fn naming(&self) -> &Naming {
        &self.naming
    }
}

/// The language of `path` by its extension, `None` if no language claims it.
#[must_use]
pub fn detect(path: &RelPath) -> Option<&'static Language> {
    let (stem, extension) = path.file_name().rsplit_once('.')?;
    if stem.is_empty() {
        return None;
    }
    ALL.into_iter()
        .find(|language| language.extensions.contains(&extension))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn detected(path: &str) -> Option<&'static str> {
        let path = RelPath::new(Path::new(""), Path::new(path)).unwrap();
        detect(&path).map(Language::name)
    }

    #[test]
    fn every_query_compiles_and_uses_only_the_vocabulary() {
        for language in ALL {
            language.tags().unwrap();
        }
    }

    #[test]
    fn no_extension_belongs_to_two_languages() {
        let mut all: Vec<_> = ALL.iter().flat_map(|l| l.extensions).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn a_language_is_known_by_the_extension_alone() {
        assert_eq!(detected("src/a.d.ts"), Some("typescript"));
        assert_eq!(detected("src/a.tsx"), Some("typescript"));
        assert_eq!(detected("a.mjs"), Some("javascript"));
        assert_eq!(detected("stubs/a.pyi"), Some("python"));
        assert_eq!(detected("ts"), None);
        assert_eq!(detected(".py"), None);
        assert_eq!(detected("python/readme.md"), None);
    }
}
