//! How Python functions and classes declare themselves.

use tree_sitter::Node;

use crate::language::rules::{Declaration, Declared, Parameter, text_of};
use crate::source::ByteSpan;

pub(super) fn declaration(declared: &Declared, text: &str) -> Declaration {
    let inner = declared.inner;
    let is_async = inner.child(0).is_some_and(|first| first.kind() == "async");
    Declaration {
        parameters: parameters(inner, text),
        return_type: inner
            .child_by_field_name("return_type")
            .map(|node| text_of(node, text).to_owned()),
        decorators: decorators(declared.outer, text),
        bases: bases(inner, text),
        is_async,
        is_generator: false,
        modifiers: Vec::new(),
        header: header(inner),
    }
}

/// From `def` or `class` to its colon.
fn header(node: Node) -> ByteSpan {
    let mut cursor = node.walk();
    let colon = node
        .children(&mut cursor)
        .filter(|child| child.kind() == ":")
        .last();
    let end = colon.map_or(node.end_byte(), |colon| colon.end_byte());
    ByteSpan {
        start: node.start_byte(),
        end,
    }
}

fn decorators(outer: Node, text: &str) -> Vec<String> {
    let mut cursor = outer.walk();
    outer
        .named_children(&mut cursor)
        .filter(|child| child.kind() == "decorator")
        .map(|child| {
            text_of(child, text)
                .trim_start_matches('@')
                .trim()
                .to_owned()
        })
        .collect()
}

fn bases(node: Node, text: &str) -> Vec<String> {
    let Some(list) = node.child_by_field_name("superclasses") else {
        return Vec::new();
    };
    let mut cursor = list.walk();
    list.named_children(&mut cursor)
        .filter(|child| child.kind() != "comment")
        .map(|child| text_of(child, text).to_owned())
        .collect()
}

fn parameters(node: Node, text: &str) -> Vec<Parameter> {
    let Some(list) = node.child_by_field_name("parameters") else {
        return Vec::new();
    };
    let mut cursor = list.walk();
    list.named_children(&mut cursor)
        .filter(|child| {
            !matches!(
                child.kind(),
                "comment" | "keyword_separator" | "positional_separator"
            )
        })
        .map(|child| parameter(child, text))
        .collect()
}

fn parameter(node: Node, text: &str) -> Parameter {
    let field = |name: &str| node.child_by_field_name(name);
    let name = field("name")
        .or_else(|| {
            node.named_child(0)
                .filter(|_| node.kind() == "typed_parameter")
        })
        .unwrap_or(node);
    let default_value = field("value").map(|value| text_of(value, text).to_owned());
    Parameter {
        name: text_of(name, text).to_owned(),
        type_text: field("type").map(|node| text_of(node, text).to_owned()),
        is_optional: default_value.is_some(),
        default_value,
    }
}
