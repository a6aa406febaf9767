//! What a file imports.

use tree_sitter::Node;

use super::{Context, Walk, children, fields};
use crate::symbols::{Bound, Export, Exported, Import, Imported};

impl<'t> Walk<'_, 't> {
    /// `import a.b, c as d`
    pub(super) fn import(&mut self, node: Node<'t>, context: Context) {
        for child in fields(node, "name") {
            let (name, alias) = parts(child);
            let text = self.text(name);
            let (what, bound) = match alias {
                Some(alias) => (Imported::Module, self.text(alias)),
                None if text.contains('.') => {
                    (Imported::Root, text.split('.').next().unwrap_or(text))
                }
                None => (Imported::Module, text),
            };
            let import = self.add_import(text, (name, name), what);
            self.bind_import((child, bound), import, context);
        }
    }

    /// `from .a import b as c`
    pub(super) fn import_from(&mut self, node: Node<'t>, context: Context) {
        let Some(module) = node.child_by_field_name("module_name") else {
            return;
        };
        let source = self.text(module);
        for child in fields(node, "name") {
            let (name, alias) = parts(child);
            let what = Imported::Name(self.name_of(name));
            let import = self.add_import(source, (module, name), what);
            let bound = self.text(alias.unwrap_or(name));
            self.bind_import((child, bound), import, context);
        }
        if children(node).iter().any(|c| c.kind() == "wildcard_import") {
            let import = self.add_import(source, (module, module), Imported::All);
            let what = Exported::Import(import);
            self.builder.symbols.exports.push(Export { name: 0, what });
        }
    }

    fn bind_import(&mut self, (node, bound): (Node<'t>, &str), import: u32, context: Context) {
        let bound = self.builder.name(bound);
        let to = Bound::Import(import);
        self.builder.bind(context.at(node.start_byte()), bound, to);
        if let Some(class) = self.class_at(context.scope) {
            self.add_member(class, bound, to);
        }
    }

    fn add_import(
        &mut self,
        source: &str,
        (module, name): (Node<'t>, Node<'t>),
        what: Imported,
    ) -> u32 {
        let import = Import {
            source: self.builder.name(source),
            what,
            at: self.builder.at(module.start_byte()),
            name_at: self.builder.at(name.start_byte()),
            is_type: false,
            is_re_export: false,
        };
        let imports = &mut self.builder.symbols.imports;
        imports.push(import);
        u32::try_from(imports.len() - 1).unwrap_or(u32::MAX)
    }
}

fn parts(node: Node<'_>) -> (Node<'_>, Option<Node<'_>>) {
    let alias = node.child_by_field_name("alias");
    let name = node.child_by_field_name("name");
    match node.kind() {
        "aliased_import" => (name.unwrap_or(node), alias),
        _ => (node, None),
    }
}
