//! Python, sources and stubs.

mod declaration;
mod links;
mod symbols;

use std::sync::OnceLock;

use tree_sitter::Node;

use super::rules::{Ancestors, Site, text_of};
use super::{Heading, Language, Naming, Role, Rules, Tag};
use crate::language::ChunkKind;
use crate::source::ByteSpan;

pub(super) static PYTHON: Language = Language {
    name: "python",
    extensions: &["py", "pyi"],
    naming: Naming {
        roots: &["api", "src"],
        index: "__init__",
        inner_extensions: &[],
        line_comment: "#",
    },
    grammar: || tree_sitter_python::LANGUAGE.into(),
    tags: &[include_str!("tags.scm")],
    roles: &[ROLES],
    rules: Rules {
        place,
        declaration: declaration::declaration,
        callee,
        links: links::links,
        bindings,
        inner_doc,
        prose,
        mend: None,
        symbols: symbols::symbols,
    },
    compiled: OnceLock::new(),
};

const ROLES: &[(&str, Role)] = &[
    ("comment", Role::Comment),
    ("identifier", Role::Identifier),
    ("import_statement", Role::Import),
    ("import_from_statement", Role::Import),
    ("if_statement", Role::If),
    ("elif_clause", Role::ElseIf),
    ("else_clause", Role::Else),
    ("for_statement", Role::Loop),
    ("while_statement", Role::Loop),
    ("match_statement", Role::Switch),
    ("case_clause", Role::Case),
    ("try_statement", Role::Try),
    ("except_clause", Role::Catch),
    ("conditional_expression", Role::Ternary),
    ("and", Role::Logical(1)),
    ("or", Role::Logical(2)),
    ("for_in_clause", Role::Comprehension),
    ("if_clause", Role::Comprehension),
    ("lambda", Role::Closure),
    ("expression_statement", Role::Binding),
];

fn place<'t>(heading: &Heading<'t>, above: &Ancestors<'_, 't>) -> Option<Site<'t>> {
    let node = heading.node;
    let declares = match node.kind() {
        "decorated_definition" => node.child_by_field_name("definition")?,
        _ if above.node(1)?.kind() == "decorated_definition" => return None,
        _ => node,
    };
    let name = above.text_of(heading.name?).to_owned();
    Some(Site {
        kind: kind(heading, declares, above),
        exported: above.enclosing == 0 && !name.starts_with('_'),
        name,
        path: Vec::new(),
        outward: 0,
        declares,
        bodiless: false,
        is_static: false,
    })
}

fn kind(heading: &Heading, declares: Node, above: &Ancestors) -> ChunkKind {
    if heading.tag == Tag::Definition(ChunkKind::Class) {
        return ChunkKind::Class;
    }
    if is_in_class(above) {
        return ChunkKind::Method;
    }
    match declares.child(0) {
        Some(first) if first.kind() == "async" => ChunkKind::AsyncFunction,
        _ => ChunkKind::Function,
    }
}

/// Whether the nearest enclosing definition is a class: a method may stand
/// below an `if` of the class body.
fn is_in_class(above: &Ancestors) -> bool {
    above
        .frames
        .iter()
        .rev()
        .map(Node::kind)
        .find(|kind| matches!(*kind, "class_definition" | "function_definition" | "lambda"))
        == Some("class_definition")
}

/// `run` and `os.getpid` as written; of a longer chain, the last name.
fn callee<'s>(node: Node, text: &'s str, _constructs: bool) -> &'s str {
    match node.kind() {
        "identifier" => text_of(node, text),
        "attribute" => {
            let object = node.child_by_field_name("object");
            if object.is_some_and(|object| object.kind() == "identifier") {
                return text_of(node, text);
            }
            node.child_by_field_name("attribute")
                .map_or("", |name| text_of(name, text))
        }
        _ => "",
    }
}

/// The names that `A = B = 1` binds.
fn bindings(statement: Node, text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut next = statement.named_child(0);
    while let Some(assignment) = next.filter(|node| node.kind() == "assignment") {
        let left = assignment.child_by_field_name("left");
        if let Some(left) = left.filter(|left| left.kind() == "identifier") {
            names.push(text_of(left, text).to_owned());
        }
        next = assignment.child_by_field_name("right");
    }
    names
}

/// The docstring of a function, class or module.
fn inner_doc(node: Node) -> Option<ByteSpan> {
    let block = match node.kind() {
        "module" => node,
        _ => node.child_by_field_name("body")?,
    };
    let mut cursor = block.walk();
    let first = block
        .named_children(&mut cursor)
        .find(|child| child.kind() != "comment")?;
    let string = first
        .named_child(0)
        .filter(|_| first.kind() == "expression_statement")?;
    let is_doc = matches!(string.kind(), "string" | "concatenated_string");
    is_doc.then(|| ByteSpan {
        start: string.start_byte(),
        end: string.end_byte(),
    })
}

/// A docstring without its quotes and margin, or comments without `#`.
fn prose(doc: &str) -> String {
    let doc = doc.trim();
    if doc.starts_with('#') {
        let lines = doc
            .lines()
            .map(|line| line.trim().trim_start_matches('#').trim());
        return lines.collect::<Vec<_>>().join("\n").trim().to_owned();
    }
    let inner = doc.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let inner = ["\"\"\"", "'''", "\"", "'"]
        .iter()
        .find_map(|quote| inner.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(inner);
    let lines = inner.trim().lines().map(str::trim);
    lines.collect::<Vec<_>>().join("\n")
}
