//! Imports, in the form the readers store them: `module.name`.

use tree_sitter::Node;

use crate::language::rules::{Import, ImportKind, Links, text_of};

pub(super) fn links(statement: Node, text: &str, links: &mut Links) {
    match statement.kind() {
        "import_statement" => modules(statement, text, links),
        "import_from_statement" => names(statement, text, links),
        _ => {}
    }
}

/// `import os.path, json as j`
fn modules(statement: Node, text: &str, links: &mut Links) {
    for (name, alias) in imported(statement) {
        let stored = text_of(name, text);
        let bound = match alias {
            Some(alias) => text_of(alias, text),
            None => stored.split('.').next().unwrap_or(stored),
        };
        links.imports.push(Import {
            kind: ImportKind::Namespace,
            stored: stored.to_owned(),
            bound: bound.to_owned(),
            at: name.start_byte(),
        });
    }
}

/// `from .a import b as c`
fn names(statement: Node, text: &str, links: &mut Links) {
    let Some(module) = statement.child_by_field_name("module_name") else {
        return;
    };
    let module = text_of(module, text);
    let dot = if module.ends_with('.') { "" } else { "." };
    for (name, alias) in imported(statement) {
        let written = text_of(name, text);
        links.imports.push(Import {
            kind: ImportKind::Named,
            stored: format!("{module}{dot}{written}"),
            bound: alias
                .map_or(written, |alias| text_of(alias, text))
                .to_owned(),
            at: name.start_byte(),
        });
    }
}

fn imported(statement: Node) -> Vec<(Node, Option<Node>)> {
    let mut cursor = statement.walk();
    statement
        .children_by_field_name("name", &mut cursor)
        .filter_map(|child| match child.kind() {
            "aliased_import" => Some((
                child.child_by_field_name("name")?,
                child.child_by_field_name("alias"),
            )),
            _ => Some((child, None)),
        })
        .collect()
}
