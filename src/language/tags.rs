//! A language's `tags.scm`, compiled, with the table of what each kind of
//! node means.

use thiserror::Error;
use tree_sitter::{Node, Query, QueryCursor, StreamingIterator};

use super::Role;
use crate::language::ChunkKind;

/// The captures a `tags.scm` may use, and what each makes of its node.
const VOCABULARY: [(&str, Capture); 11] = [
    (
        "definition.function",
        Capture::Definition(ChunkKind::Function),
    ),
    ("definition.method", Capture::Definition(ChunkKind::Method)),
    ("definition.class", Capture::Definition(ChunkKind::Class)),
    (
        "definition.interface",
        Capture::Definition(ChunkKind::Interface),
    ),
    ("definition.type", Capture::Definition(ChunkKind::TypeAlias)),
    ("definition.enum", Capture::Definition(ChunkKind::Enum)),
    (
        "definition.module",
        Capture::Definition(ChunkKind::Namespace),
    ),
    ("reference.call", Capture::Call),
    ("reference.class", Capture::Construction),
    ("name", Capture::Name),
    ("doc", Capture::Doc),
];

/// Why a language's query cannot be used; always a mistake in its folder.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TagsError {
    /// The query does not fit the grammar.
    #[error("tags.scm, line {line}: {message}")]
    Query {
        /// 1-based line of the query.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
    /// A capture that nobody reads.
    #[error("tags.scm uses @{name}; the captures are: {}", allowed())]
    Capture {
        /// The unknown capture.
        name: String,
    },
    /// A pattern that does not begin with one kind of node.
    #[error("tags.scm: the pattern {text:?} must begin with one kind of node")]
    Head {
        /// How the pattern begins.
        text: String,
    },
}

fn allowed() -> String {
    VOCABULARY.map(|(name, _)| format!("@{name}")).join(", ")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Capture {
    Definition(ChunkKind),
    Call,
    Construction,
    Name,
    Doc,
}

/// What the query says of one node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heading<'t> {
    pub(crate) node: Node<'t>,
    pub(crate) tag: Tag,
    pub(crate) name: Option<Node<'t>>,
}

/// The outer capture of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    Definition(ChunkKind),
    Call { constructs: bool },
}

/// A compiled `tags.scm` and the meaning of each kind of node.
///
/// The query is asked only at nodes whose kind begins one of its patterns:
/// running it over a whole tree visits each node a second time, which costs a
/// third of the time that parsing takes.
#[derive(Debug)]
pub(crate) struct Tags {
    pub(crate) grammar: tree_sitter::Language,
    query: Query,
    captures: Vec<Capture>,
    kinds: Vec<Kind>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Kind {
    pub(crate) role: Role,
    /// Whether a pattern of the query begins with it.
    pub(crate) heads: bool,
}

impl Tags {
    pub(super) fn compile(
        grammar: tree_sitter::Language,
        text: &str,
        roles: &[&[(&str, Role)]],
    ) -> Result<Self, TagsError> {
        let query = Query::new(&grammar, text).map_err(|error| TagsError::Query {
            line: error.row + 1,
            message: error.message,
        })?;
        let captures = query
            .capture_names()
            .iter()
            .map(|name| capture(name))
            .collect::<Result<_, _>>()?;
        let heads = heads(&query, text)?;
        let kinds = (0..=u16::MAX)
            .take(grammar.node_kind_count())
            .map(|id| kind(&grammar, id, roles, &heads))
            .collect();
        Ok(Self {
            grammar,
            query,
            captures,
            kinds,
        })
    }

    /// What nodes of kind `id` mean.
    #[inline]
    pub(crate) fn kind(&self, id: u16) -> Kind {
        match self.kinds.get(usize::from(id)) {
            Some(kind) => *kind,
            // Error nodes have the one id outside the grammar's table.
            None => Kind {
                role: Role::Error,
                heads: false,
            },
        }
    }

    /// What the first pattern that fits `node` itself says of it.
    pub(crate) fn ask<'t>(
        &self,
        cursor: &mut QueryCursor,
        node: Node<'t>,
        text: &str,
    ) -> Option<Heading<'t>> {
        cursor.set_max_start_depth(Some(0));
        let mut matches = cursor.matches(&self.query, node, text.as_bytes());
        let mut best: Option<(usize, Heading<'t>)> = None;
        while let Some(found) = matches.next() {
            if best.is_none_or(|(pattern, _)| found.pattern_index < pattern)
                && let Some(heading) = self.heading(node, found.captures)
            {
                best = Some((found.pattern_index, heading));
            }
        }
        best.map(|(_, heading)| heading)
    }

    fn heading<'t>(
        &self,
        node: Node<'t>,
        captures: &[tree_sitter::QueryCapture<'t>],
    ) -> Option<Heading<'t>> {
        let mut tag = None;
        let mut name = None;
        for capture in captures {
            match self.captures.get(capture.index as usize)? {
                Capture::Definition(kind) => tag = Some(Tag::Definition(*kind)),
                Capture::Call => tag = Some(Tag::Call { constructs: false }),
                Capture::Construction => tag = Some(Tag::Call { constructs: true }),
                Capture::Name => name = Some(capture.node),
                Capture::Doc => {}
            }
        }
        tag.map(|tag| Heading { node, tag, name })
    }
}

fn capture(name: &str) -> Result<Capture, TagsError> {
    VOCABULARY
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, capture)| *capture)
        .ok_or_else(|| TagsError::Capture {
            name: name.to_owned(),
        })
}

/// The kinds of node that the patterns of `query` begin with.
fn heads<'q>(query: &Query, text: &'q str) -> Result<Vec<&'q str>, TagsError> {
    (0..query.pattern_count())
        .map(|pattern| {
            let start = query.start_byte_for_pattern(pattern);
            let rest = text.get(start..).unwrap_or_default();
            let word = rest
                .strip_prefix('(')
                .map(str::trim_start)
                .and_then(|rest| {
                    rest.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                        .next()
                });
            word.filter(|word| word.len() > 1)
                .ok_or_else(|| TagsError::Head {
                    text: rest.chars().take(40).collect(),
                })
        })
        .collect()
}

fn kind(
    grammar: &tree_sitter::Language,
    id: u16,
    roles: &[&[(&str, Role)]],
    heads: &[&str],
) -> Kind {
    let name = grammar.node_kind_for_id(id).unwrap_or_default();
    let named = grammar.node_kind_is_named(id);
    let role = roles
        .iter()
        .copied()
        .flatten()
        .find(|(known, role)| *known == name && named != matches!(role, Role::Logical(_)))
        .map_or(Role::Plain, |(_, role)| *role);
    Kind {
        role,
        heads: named && heads.contains(&name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(text: &str) -> Result<Tags, TagsError> {
        Tags::compile(tree_sitter_python::LANGUAGE.into(), text, &[])
    }

    #[test]
    fn an_unknown_capture_is_refused_with_the_known_ones() {
        let error = compile("(call) @reference.magic").unwrap_err();
        let message = error.to_string();
        assert!(
            message.starts_with(
                "tags.scm uses @reference.magic; the captures are: @definition.function"
            ),
            "{message}"
        );
    }

    #[test]
    fn a_pattern_without_one_head_is_refused() {
        assert!(matches!(
            compile("[(call) (lambda)] @reference.call"),
            Err(TagsError::Head { .. })
        ));
        assert!(matches!(
            compile("(no_such_node) @name"),
            Err(TagsError::Query { line: 1, .. })
        ));
    }
}
