//! What TypeScript and JavaScript have in common: the kinds of node of both
//! grammars carry the same names, so one set of rules reads them.

mod declaration;
mod links;
mod place;
mod symbols;

use tree_sitter::Node;

use super::rules::text_of;
use super::{Naming, Role, Rules};

/// The patterns that fit both grammars.
pub(super) const TAGS: &str = include_str!("tags.scm");

pub(super) const NAMING: Naming = Naming {
    roots: &["src"],
    index: "index",
    inner_extensions: &["d"],
    line_comment: "//",
};

pub(super) const RULES: Rules = Rules {
    place: place::place,
    declaration: declaration::declaration,
    callee,
    links: links::links,
    bindings,
    inner_doc: |_| None,
    prose,
    mend: None,
    symbols: symbols::symbols,
};

pub(super) const ROLES: &[(&str, Role)] = &[
    ("comment", Role::Comment),
    ("html_comment", Role::Comment),
    ("decorator", Role::Decorator),
    ("identifier", Role::Identifier),
    ("type_identifier", Role::Identifier),
    ("shorthand_property_identifier", Role::Identifier),
    ("import_statement", Role::Import),
    ("export_statement", Role::Export),
    ("if_statement", Role::If),
    ("else_clause", Role::Else),
    ("for_statement", Role::Loop),
    ("for_in_statement", Role::Loop),
    ("while_statement", Role::Loop),
    ("do_statement", Role::Loop),
    ("switch_statement", Role::Switch),
    ("switch_case", Role::Case),
    ("try_statement", Role::Try),
    ("catch_clause", Role::Catch),
    ("ternary_expression", Role::Ternary),
    ("&&", Role::Logical(1)),
    ("||", Role::Logical(2)),
    ("break_statement", Role::LabelledJump),
    ("continue_statement", Role::LabelledJump),
    ("arrow_function", Role::Closure),
    ("function_expression", Role::Closure),
    ("generator_function", Role::Closure),
    ("lexical_declaration", Role::Binding),
    ("variable_declaration", Role::Binding),
];

/// `a.b.run` is stored as `run`; what `new` constructs, as it is written.
fn callee<'s>(node: Node, text: &'s str, constructs: bool) -> &'s str {
    if constructs {
        return text_of(node, text);
    }
    let mut node = node;
    loop {
        let inner = match node.kind() {
            "member_expression" => node.child_by_field_name("property"),
            "call_expression" => node.child_by_field_name("function"),
            "subscript_expression" => node.child_by_field_name("object"),
            "parenthesized_expression" | "non_null_expression" | "instantiation_expression" => {
                node.named_child(0)
            }
            "identifier"
            | "property_identifier"
            | "private_property_identifier"
            | "super"
            | "import" => return text_of(node, text),
            _ => return "",
        };
        match inner {
            Some(inner) => node = inner,
            None => return "",
        }
    }
}

/// The names that `const a = 1, b = 2` binds, functions and classes left out.
fn bindings(node: Node, text: &str) -> Vec<String> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .filter(|child| child.kind() == "variable_declarator")
        .filter(|child| {
            !child
                .child_by_field_name("value")
                .is_some_and(is_callable_or_class)
        })
        .filter_map(|child| child.child_by_field_name("name"))
        .filter(|name| name.kind() == "identifier")
        .map(|name| text_of(name, text).to_owned())
        .collect()
}

fn is_callable_or_class(node: Node) -> bool {
    matches!(
        node.kind(),
        "arrow_function" | "function_expression" | "generator_function" | "class"
    )
}

/// A comment without `/**`, `*/`, `//` and the stars at the margin.
fn prose(comment: &str) -> String {
    let mut lines = Vec::new();
    for line in comment.lines() {
        let line = line.trim();
        let line = line.strip_suffix("*/").unwrap_or(line);
        let line = line
            .strip_prefix("/**")
            .or_else(|| line.strip_prefix("/*"))
            .or_else(|| line.strip_prefix("///"))
            .or_else(|| line.strip_prefix("//"))
            .or_else(|| line.strip_prefix('*'))
            .unwrap_or(line);
        lines.push(line.trim());
    }
    lines.join("\n").trim().to_owned()
}
