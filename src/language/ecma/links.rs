//! Imports and re-exports, in the form the readers store them.

use tree_sitter::Node;

use crate::language::rules::{Import, ImportKind, Links, ReExport, text_of};

pub(super) fn links(statement: Node, text: &str, links: &mut Links) {
    match statement.kind() {
        "import_statement" => import(statement, text, links),
        "export_statement" => export(statement, text, links),
        _ => {}
    }
}

fn import(statement: Node, text: &str, links: &mut Links) {
    let is_type = has_child(statement, "type");
    let source = statement
        .child_by_field_name("source")
        .map(|node| unquoted(node, text));
    let mut cursor = statement.walk();
    for clause in statement.named_children(&mut cursor) {
        match clause.kind() {
            "import_clause" => {
                let source = source.unwrap_or_default();
                for mut import in clause_imports(clause, source, text) {
                    if is_type {
                        import.kind = ImportKind::TypeOnly;
                    }
                    links.imports.push(import);
                }
            }
            "import_require_clause" => links.imports.extend(require(clause, text)),
            _ => {}
        }
    }
}

/// `import x = require("source")`
fn require(clause: Node, text: &str) -> Option<Import> {
    let source = clause.child_by_field_name("source")?;
    let bound = clause.named_child(0)?;
    Some(Import {
        kind: ImportKind::Namespace,
        stored: unquoted(source, text).to_owned(),
        bound: text_of(bound, text).to_owned(),
        at: clause.start_byte(),
    })
}

fn clause_imports(clause: Node, source: &str, text: &str) -> Vec<Import> {
    let mut found = Vec::new();
    let mut cursor = clause.walk();
    for child in clause.named_children(&mut cursor) {
        let whole = |kind, bound: Node| Import {
            kind,
            stored: source.to_owned(),
            bound: text_of(bound, text).to_owned(),
            at: child.start_byte(),
        };
        match child.kind() {
            "identifier" => found.push(whole(ImportKind::Default, child)),
            "namespace_import" => {
                found.extend(
                    child
                        .named_child(0)
                        .map(|name| whole(ImportKind::Namespace, name)),
                );
            }
            "named_imports" => found.extend(named_imports(child, source, text)),
            _ => {}
        }
    }
    found
}

fn named_imports(list: Node, source: &str, text: &str) -> Vec<Import> {
    let mut cursor = list.walk();
    list.named_children(&mut cursor)
        .filter(|child| child.kind() == "import_specifier")
        .filter_map(|child| {
            let name = child.child_by_field_name("name")?;
            let bound = child.child_by_field_name("alias").unwrap_or(name);
            let is_type = has_child(child, "type");
            Some(Import {
                kind: if is_type {
                    ImportKind::TypeOnly
                } else {
                    ImportKind::Named
                },
                stored: format!("{source}.{}", unquoted(name, text)),
                bound: text_of(bound, text).to_owned(),
                at: child.start_byte(),
            })
        })
        .collect()
}

fn export(statement: Node, text: &str, links: &mut Links) {
    let Some(source) = statement.child_by_field_name("source") else {
        return own_exports(statement, text, links);
    };
    let source = unquoted(source, text);
    let is_type = has_child(statement, "type");
    let mut cursor = statement.walk();
    for child in statement.children(&mut cursor) {
        match child.kind() {
            "*" => links.re_exports.push(wildcard(statement, source, is_type)),
            "namespace_export" => {
                let name = child
                    .named_child(0)
                    .map_or("*", |name| unquoted(name, text));
                let mut all = wildcard(statement, source, is_type);
                all.original = Some(std::mem::replace(&mut all.symbol, name.to_owned()));
                links.re_exports.push(all);
            }
            "export_clause" => {
                for specifier in specifiers(child) {
                    pass_on(
                        specifier,
                        &Passing {
                            source,
                            text,
                            is_type,
                        },
                        links,
                    );
                }
            }
            _ => {}
        }
    }
}

fn wildcard(statement: Node, source: &str, is_type: bool) -> ReExport {
    ReExport {
        symbol: "*".to_owned(),
        original: None,
        source: source.to_owned(),
        is_type,
        at: statement.start_byte(),
    }
}

struct Passing<'s> {
    source: &'s str,
    text: &'s str,
    is_type: bool,
}

fn pass_on(specifier: Node, from: &Passing, links: &mut Links) {
    let Some(name) = specifier.child_by_field_name("name") else {
        return;
    };
    let is_type = from.is_type || has_child(specifier, "type");
    let original = unquoted(name, from.text).to_owned();
    let alias = specifier
        .child_by_field_name("alias")
        .map(|alias| unquoted(alias, from.text).to_owned());
    links.imports.push(Import {
        kind: if is_type {
            ImportKind::TypeOnly
        } else {
            ImportKind::ReExport
        },
        stored: format!("{}.{original}", from.source),
        bound: String::new(),
        at: specifier.start_byte(),
    });
    links.re_exports.push(ReExport {
        original: alias.is_some().then(|| original.clone()),
        symbol: alias.unwrap_or(original),
        source: from.source.to_owned(),
        is_type,
        at: specifier.start_byte(),
    });
}

/// `export { a, b as c }` and `export default a` name what stands elsewhere.
fn own_exports(statement: Node, text: &str, links: &mut Links) {
    if let Some(value) = statement.child_by_field_name("value") {
        if value.kind() == "identifier" {
            links.exported.push(text_of(value, text).to_owned());
        }
        return;
    }
    let mut cursor = statement.walk();
    for clause in statement.named_children(&mut cursor) {
        if clause.kind() == "export_clause" {
            let names = specifiers(clause);
            let names = names
                .iter()
                .filter_map(|child| child.child_by_field_name("name"));
            links
                .exported
                .extend(names.map(|name| text_of(name, text).to_owned()));
        }
    }
}

fn specifiers(clause: Node) -> Vec<Node> {
    let mut cursor = clause.walk();
    clause
        .named_children(&mut cursor)
        .filter(|child| child.kind() == "export_specifier")
        .collect()
}

fn has_child(node: Node, kind: &str) -> bool {
    let mut cursor = node.walk();
    node.children(&mut cursor).any(|child| child.kind() == kind)
}

fn unquoted<'s>(node: Node, text: &'s str) -> &'s str {
    text_of(node, text).trim_matches(['"', '\'', '`'])
}
