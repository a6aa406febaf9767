//! Which of the things that the query caught are definitions, and what they
//! are called.
//!
//! Named things only: a function passed as an argument is a callback and stays
//! in the text around it. A member of an object literal counts where the
//! object has a place of its own: bound to a name, assigned, exported by
//! default or returned, but not where it is an argument of a call.

use tree_sitter::Node;

use crate::language::ChunkKind;
use crate::language::rules::{Ancestors, Site};
use crate::language::{Heading, Tag};

pub(super) fn place<'t>(heading: &Heading<'t>, above: &Ancestors<'_, 't>) -> Option<Site<'t>> {
    let node = heading.node;
    match node.kind() {
        "function_expression" | "generator_function" | "class" => expression(heading, above),
        "variable_declarator" => bound(heading, above),
        "assignment_expression" => assigned(heading, above),
        "export_statement" => default_export(heading, above),
        "ambient_declaration" => {
            let name = "global".to_owned();
            Some(site(
                heading,
                above,
                Named {
                    name,
                    path: Vec::new(),
                    inner: node,
                },
            ))
        }
        "pair" => {
            let inner = node.child_by_field_name("value")?;
            member(heading, above, inner)
        }
        "field_definition" | "public_field_definition" => {
            let inner = node.child_by_field_name("value")?;
            member(heading, above, inner)
        }
        "method_definition" | "method_signature" | "abstract_method_signature" => {
            member(heading, above, node)
        }
        _ => declared(heading, above),
    }
}

struct Named<'t> {
    name: String,
    path: Vec<String>,
    inner: Node<'t>,
}

fn site<'t>(heading: &Heading<'t>, above: &Ancestors<'_, 't>, named: Named<'t>) -> Site<'t> {
    let (outward, exported) = reach(heading.node, above);
    Site {
        kind: refine(heading, named.inner),
        name: named.name,
        path: named.path,
        outward,
        declares: named.inner,
        bodiless: matches!(
            heading.node.kind(),
            "function_signature" | "method_signature" | "abstract_method_signature"
        ),
        is_static: has_token(heading.node, "static"),
        exported,
    }
}

/// A declaration under its own name.
fn declared<'t>(heading: &Heading<'t>, above: &Ancestors<'_, 't>) -> Option<Site<'t>> {
    let name = property_name(heading.name?, above);
    let inner = heading.node;
    Some(site(
        heading,
        above,
        Named {
            name,
            path: Vec::new(),
            inner,
        },
    ))
}

/// A function or class expression under its own name, unless what it is bound
/// to has named it already.
fn expression<'t>(heading: &Heading<'t>, above: &Ancestors<'_, 't>) -> Option<Site<'t>> {
    let is_value_of_a_definition = above.enclosing > 0 && !above.is_inside(1);
    if is_value_of_a_definition {
        return None;
    }
    declared(heading, above)
}

/// `const f = …`
fn bound<'t>(heading: &Heading<'t>, above: &Ancestors<'_, 't>) -> Option<Site<'t>> {
    let name = above.text_of(heading.name?).to_owned();
    let inner = heading.node.child_by_field_name("value")?;
    Some(site(
        heading,
        above,
        Named {
            name,
            path: Vec::new(),
            inner,
        },
    ))
}

/// `f = …`, `Foo.prototype.bar = …`, `module.exports = …`
fn assigned<'t>(heading: &Heading<'t>, above: &Ancestors<'_, 't>) -> Option<Site<'t>> {
    let inner = heading.node.child_by_field_name("right")?;
    let target = Target::of(heading.name?, above);
    let mut path = target.path;
    let name = match (path.pop(), inner.child_by_field_name("name")) {
        (Some(name), _) => name,
        (None, Some(own)) => above.text_of(own).to_owned(),
        (None, None) => "default".to_owned(),
    };
    let mut site = site(heading, above, Named { name, path, inner });
    site.exported = target.exported;
    if target.of_prototype && site.kind != ChunkKind::Class {
        site.kind = ChunkKind::Method;
    }
    Some(site)
}

/// `export default () => …`
fn default_export<'t>(heading: &Heading<'t>, above: &Ancestors<'_, 't>) -> Option<Site<'t>> {
    let inner = heading.node.child_by_field_name("value")?;
    let name = match inner.child_by_field_name("name") {
        Some(own) => above.text_of(own).to_owned(),
        None => "default".to_owned(),
    };
    let mut site = site(
        heading,
        above,
        Named {
            name,
            path: Vec::new(),
            inner,
        },
    );
    site.exported = true;
    Some(site)
}

/// A member of a class or of an object literal.
fn member<'t>(
    heading: &Heading<'t>,
    above: &Ancestors<'_, 't>,
    inner: Node<'t>,
) -> Option<Site<'t>> {
    let path = match above.node(1)?.kind() {
        "class_body" if !above.is_inside(2) => Vec::new(),
        "class_body" => path_of_value(above, 2)?,
        "object" => path_of_value(above, 1)?,
        // A signature in an interface or an object type stays in its chunk.
        _ => return None,
    };
    let name = property_name(heading.name?, above);
    Some(site(heading, above, Named { name, path, inner }))
}

/// The names under which the value `outward` steps above has a place; `None`
/// if it has none.
fn path_of_value(above: &Ancestors, outward: usize) -> Option<Vec<String>> {
    let mut path = Vec::new();
    let mut step = outward + 1;
    while above.is_inside(step) {
        let node = above.node(step)?;
        match node.kind() {
            "parenthesized_expression"
            | "as_expression"
            | "satisfies_expression"
            | "type_assertion"
            | "non_null_expression" => step += 1,
            "pair" => {
                path.push(property_name(node.child_by_field_name("key")?, above));
                step += 2;
            }
            "arrow_function" | "return_statement" => break,
            _ => {
                path.extend(name_of_holder(node, above)?.into_iter().rev());
                break;
            }
        }
    }
    path.reverse();
    Some(path)
}

/// The names that a statement gives to the value it holds.
fn name_of_holder(node: Node, above: &Ancestors) -> Option<Vec<String>> {
    match node.kind() {
        "variable_declarator" => {
            let name = node.child_by_field_name("name")?;
            (name.kind() == "identifier").then(|| vec![above.text_of(name).to_owned()])
        }
        "assignment_expression" => {
            let left = node.child_by_field_name("left")?;
            // What is put under a computed key has no name to go by.
            let is_named = matches!(left.kind(), "identifier" | "member_expression");
            is_named.then(|| Target::of(left, above).path)
        }
        "field_definition" => Some(vec![property_name(
            node.child_by_field_name("property")?,
            above,
        )]),
        "public_field_definition" => Some(vec![property_name(
            node.child_by_field_name("name")?,
            above,
        )]),
        "export_statement" => Some(vec!["default".to_owned()]),
        _ => None,
    }
}

/// The left side of an assignment.
struct Target {
    /// Its names, without `this`, `prototype`, `exports` and `module.exports`.
    path: Vec<String>,
    exported: bool,
    of_prototype: bool,
}

impl Target {
    fn of(left: Node, above: &Ancestors) -> Self {
        let mut names = Vec::new();
        let mut node = left;
        while node.kind() == "member_expression" {
            let (Some(object), Some(property)) = (
                node.child_by_field_name("object"),
                node.child_by_field_name("property"),
            ) else {
                break;
            };
            names.push(above.text_of(property));
            node = object;
        }
        if node.kind() == "identifier" {
            names.push(above.text_of(node));
        }
        names.reverse();
        Self::of_names(&names)
    }

    fn of_names(names: &[&str]) -> Self {
        let exported = match names {
            ["module", "exports", ..] => 2,
            ["exports", _, ..] => 1,
            _ => 0,
        };
        let rest = &names[exported..];
        Self {
            path: rest
                .iter()
                .filter(|n| **n != "prototype")
                .map(|n| (*n).to_owned())
                .collect(),
            exported: exported > 0,
            of_prototype: rest.contains(&"prototype"),
        }
    }
}

/// How many steps outwards the text of a definition begins, and whether one
/// of them exports it.
fn reach(node: Node, above: &Ancestors) -> (usize, bool) {
    let mut outward = 0;
    let mut exported = false;
    let mut inner = node;
    while above.is_inside(outward + 1)
        && let Some(outer) = above.node(outward + 1)
        && belongs_to(outer, inner)
    {
        exported |= outer.kind() == "export_statement";
        inner = outer;
        outward += 1;
    }
    (outward, exported)
}

fn belongs_to(outer: Node, inner: Node) -> bool {
    match outer.kind() {
        "export_statement" | "ambient_declaration" => inner.kind() != "statement_block",
        "lexical_declaration" | "variable_declaration" => is_only_declarator(outer),
        "expression_statement" => {
            matches!(inner.kind(), "assignment_expression" | "internal_module")
        }
        _ => false,
    }
}

fn is_only_declarator(declaration: Node) -> bool {
    let mut cursor = declaration.walk();
    declaration
        .named_children(&mut cursor)
        .filter(|child| child.kind() == "variable_declarator")
        .take(2)
        .count()
        == 1
}

fn refine(heading: &Heading, inner: Node) -> ChunkKind {
    let Tag::Definition(kind) = heading.tag else {
        return ChunkKind::Function;
    };
    if kind != ChunkKind::Function {
        return kind;
    }
    match inner.kind() {
        "arrow_function" => ChunkKind::ArrowFunction,
        "generator_function" | "generator_function_declaration" => ChunkKind::Generator,
        _ if has_token(inner, "async") => ChunkKind::AsyncFunction,
        _ => ChunkKind::Function,
    }
}

/// Whether `node` has the keyword `token` before its name or parameters.
fn has_token(node: Node, token: &str) -> bool {
    let mut cursor = node.walk();
    node.children(&mut cursor)
        .take_while(|child| !matches!(child.kind(), "formal_parameters" | "statement_block"))
        .any(|child| child.kind() == token)
}

/// A property's name: quotes of a string dropped, a computed name as written.
fn property_name(node: Node, above: &Ancestors) -> String {
    let text = above.text_of(node);
    match node.kind() {
        "string" => text.trim_matches(['"', '\'']).to_owned(),
        _ => text.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}
