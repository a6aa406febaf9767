//! How functions, methods, classes and types declare themselves.

use tree_sitter::Node;

use crate::language::rules::{Declaration, Declared, Parameter, text_of};
use crate::source::ByteSpan;

const MODIFIERS: [&str; 10] = [
    "static", "abstract", "readonly", "declare", "get", "set", "accessor", "const", "override",
    "async",
];

pub(super) fn declaration(declared: &Declared, text: &str) -> Declaration {
    let inner = declared.inner;
    Declaration {
        parameters: parameters(inner, text),
        return_type: inner
            .child_by_field_name("return_type")
            .map(|node| annotation(node, text)),
        decorators: decorators(declared, text),
        bases: bases(inner, text),
        is_async: tokens(inner, text).contains(&"async"),
        is_generator: inner.kind().starts_with("generator_function")
            || tokens(inner, text).contains(&"*"),
        modifiers: modifiers(declared, text),
        header: header(declared),
    }
}

/// The keywords before the name and parameters of `node`.
fn tokens<'s>(node: Node, text: &'s str) -> Vec<&'s str> {
    let mut cursor = node.walk();
    node.children(&mut cursor)
        .take_while(|child| {
            !matches!(
                child.kind(),
                "formal_parameters"
                    | "statement_block"
                    | "class_body"
                    | "identifier"
                    | "property_identifier"
                    | "type_identifier"
                    | "=>"
                    | "="
            )
        })
        .filter(|child| child.kind() != "decorator")
        .map(|child| text_of(child, text))
        .collect()
}

fn modifiers(declared: &Declared, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for node in [declared.outer, declared.inner] {
        for token in tokens(node, text) {
            let is_modifier =
                MODIFIERS.contains(&token) || matches!(token, "public" | "private" | "protected");
            if is_modifier && !found.iter().any(|known| known == token) {
                found.push(token.to_owned());
            }
        }
    }
    found
}

/// From the first keyword, after any decorators, to the body.
fn header(declared: &Declared) -> ByteSpan {
    let mut start = declared.outer.start_byte();
    for node in [declared.outer, declared.inner] {
        let mut cursor = node.walk();
        let last = node
            .children(&mut cursor)
            .take_while(|child| matches!(child.kind(), "decorator" | "comment"))
            .last();
        if let Some(last) = last
            && node.start_byte() <= start
        {
            start = last.end_byte();
        }
    }
    let body = ["body", "value"]
        .iter()
        .find_map(|field| declared.inner.child_by_field_name(field));
    let block = || {
        let mut cursor = declared.inner.walk();
        declared
            .inner
            .children(&mut cursor)
            .find(|child| child.kind() == "statement_block")
    };
    let end = body
        .or_else(block)
        .map_or(declared.outer.end_byte(), |node| node.start_byte());
    ByteSpan {
        start,
        end: end.max(start),
    }
}

fn decorators(declared: &Declared, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut sibling = declared.outer;
    let first = declared.decorators.unwrap_or(usize::MAX);
    while sibling.start_byte() > first
        && let Some(previous) = sibling.prev_sibling()
    {
        sibling = previous;
        if sibling.kind() == "decorator" {
            found.push(name_of_decorator(sibling, text));
        }
    }
    found.reverse();
    for node in [declared.outer, declared.inner] {
        let mut cursor = node.walk();
        let own = node
            .children(&mut cursor)
            .filter(|child| child.kind() == "decorator");
        found.extend(own.map(|child| name_of_decorator(child, text)));
        if declared.outer == declared.inner {
            break;
        }
    }
    found
}

fn name_of_decorator(node: Node, text: &str) -> String {
    text_of(node, text)
        .trim_start_matches('@')
        .trim()
        .to_owned()
}

fn bases(node: Node, text: &str) -> Vec<String> {
    let mut cursor = node.walk();
    let heritage: Vec<Node> = node
        .named_children(&mut cursor)
        .filter(|child| matches!(child.kind(), "class_heritage" | "extends_type_clause"))
        .collect();
    let mut found = Vec::new();
    for clause in heritage {
        collect_bases(clause, text, &mut found);
    }
    found
}

fn collect_bases(clause: Node, text: &str, found: &mut Vec<String>) {
    let mut cursor = clause.walk();
    for child in clause.named_children(&mut cursor) {
        match child.kind() {
            "extends_clause" | "implements_clause" => {
                let mut inner = child.walk();
                let names = child.named_children(&mut inner);
                found.extend(
                    names
                        .filter(|name| !matches!(name.kind(), "type_arguments" | "comment"))
                        .map(|name| text_of(name, text).to_owned()),
                );
            }
            "type_arguments" | "comment" => {}
            _ => found.push(text_of(child, text).to_owned()),
        }
    }
}

fn parameters(node: Node, text: &str) -> Vec<Parameter> {
    if let Some(single) = node.child_by_field_name("parameter") {
        return vec![Parameter {
            name: text_of(single, text).to_owned(),
            ..Parameter::default()
        }];
    }
    let Some(list) = node.child_by_field_name("parameters") else {
        return Vec::new();
    };
    let mut cursor = list.walk();
    list.named_children(&mut cursor)
        .filter(|child| !matches!(child.kind(), "comment" | "decorator"))
        .map(|child| parameter(child, text))
        .collect()
}

fn parameter(node: Node, text: &str) -> Parameter {
    let field = |name: &str| node.child_by_field_name(name);
    let pattern = field("pattern").or_else(|| field("left")).unwrap_or(node);
    let name = text_of(pattern, text).trim_start_matches("...").to_owned();
    let default_value = field("value")
        .or_else(|| field("right"))
        .map(|v| text_of(v, text).to_owned());
    Parameter {
        type_text: field("type").map(|node| annotation(node, text)),
        is_optional: node.kind() == "optional_parameter" || default_value.is_some(),
        default_value,
        name,
    }
}

/// A type annotation without its colon.
fn annotation(node: Node, text: &str) -> String {
    text_of(node, text)
        .trim_start_matches(':')
        .trim()
        .to_owned()
}
