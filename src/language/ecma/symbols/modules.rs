//! What a file imports and what it exports.

use tree_sitter::Node;

use super::{Context, Walk, children, has_token};
use crate::symbols::{
    Bound, Export, Exported, Expr, ExprId, Import, Imported, NONE, Name, ScopeId,
};

/// The name under which `CommonJS` gives away a module as a whole.
const WHOLE: &str = "export=";

impl<'t> Walk<'_, 't> {
    pub(super) fn import(&mut self, node: Node<'t>, context: Context) {
        let is_type = has_token(node, "type");
        for clause in children(node) {
            if clause.kind() == "import_require_clause" {
                return self.import_require(clause, context);
            }
        }
        let Some(source) = node.child_by_field_name("source") else {
            return;
        };
        let clause = children(node)
            .into_iter()
            .find(|child| child.kind() == "import_clause");
        let Some(clause) = clause else {
            self.add_import(source, source, (Imported::Nothing, is_type));
            return;
        };
        for child in children(clause) {
            match child.kind() {
                "identifier" => {
                    let default = self.builder.name("default");
                    self.bind_import(source, (child, child), (Imported::Name(default), is_type));
                }
                "namespace_import" => {
                    if let Some(name) = child.named_child(0) {
                        self.bind_import(source, (name, name), (Imported::Module, is_type));
                    }
                }
                "named_imports" => self.named_imports(source, child, is_type),
                _ => {}
            }
        }
    }

    fn named_imports(&mut self, source: Node<'t>, list: Node<'t>, is_type: bool) {
        for specifier in children(list) {
            let Some(name) = specifier.child_by_field_name("name") else {
                continue;
            };
            let alias = specifier.child_by_field_name("alias").unwrap_or(name);
            let is_type = is_type || has_token(specifier, "type");
            let what = Imported::Name(self.name_of(name));
            self.bind_import(source, (name, alias), (what, is_type));
        }
    }

    /// `import x = require("source")`
    fn import_require(&mut self, clause: Node<'t>, _: Context) {
        if let (Some(source), Some(name)) =
            (clause.child_by_field_name("source"), clause.named_child(0))
        {
            let whole = self.builder.name(WHOLE);
            self.bind_import(source, (name, name), (Imported::Name(whole), false));
        }
    }

    fn bind_import(
        &mut self,
        source: Node<'t>,
        (name, alias): (Node<'t>, Node<'t>),
        import: (Imported, bool),
    ) {
        let import = self.add_import(source, name, import);
        let bound = self.name_of(alias);
        self.builder
            .bind(Context::default().hoisted(), bound, Bound::Import(import));
    }

    /// Notes an import: what of it, and whether only types.
    fn add_import(
        &mut self,
        source: Node<'t>,
        name: Node<'t>,
        (what, is_type): (Imported, bool),
    ) -> u32 {
        let text = self.text(source).trim_matches(['"', '\'', '`']);
        let import = Import {
            source: self.builder.name(text),
            what,
            at: self.builder.at(source.start_byte()),
            name_at: self.builder.at(name.start_byte()),
            is_type,
            is_re_export: false,
        };
        let imports = &mut self.builder.symbols.imports;
        imports.push(import);
        u32::try_from(imports.len() - 1).unwrap_or(u32::MAX)
    }

    /// `require("source")` and `import("source")`
    pub(super) fn called_import(&mut self, call: Node<'t>, callee: Node<'t>) -> Option<ExprId> {
        let is_dynamic = callee.kind() == "import";
        if !is_dynamic && self.text(callee) != "require" {
            return None;
        }
        let list = call.child_by_field_name("arguments")?;
        let source = list.named_child(0)?;
        let is_plain = source.kind() == "string"
            || source.kind() == "template_string" && source.named_child_count() == 0;
        let what = if is_dynamic {
            Imported::Module
        } else {
            Imported::Name(self.builder.name(WHOLE))
        };
        is_plain.then(|| {
            let import = self.add_import(source, source, (what, false));
            self.builder.expr(Expr::Import(import))
        })
    }

    pub(super) fn export(&mut self, node: Node<'t>, context: Context) {
        if let Some(source) = node.child_by_field_name("source") {
            return self.re_export(node, source);
        }
        if let Some(declaration) = node.child_by_field_name("declaration") {
            return self.export_declared(node, declaration, context);
        }
        let name = if has_token(node, "default") {
            Some("default")
        } else {
            has_token(node, "=").then_some(WHOLE)
        };
        if let Some(name) = name {
            return self.export_value(node, name, context);
        }
        for clause in children(node) {
            if clause.kind() == "export_clause" {
                self.export_clause(clause);
            }
        }
    }

    fn export_declared(&mut self, node: Node<'t>, declaration: Node<'t>, context: Context) {
        let before = self.builder.symbols.bindings.len();
        self.statement(declaration, context);
        let is_default = has_token(node, "default");
        let names = self.bound_since(before, context.scope);
        for local in names {
            let name = if is_default {
                self.builder.name("default")
            } else {
                local
            };
            self.add_export(name, Exported::Local(local), context);
        }
    }

    /// The names that were bound in `scope` since there were `before`.
    fn bound_since(&self, before: usize, scope: ScopeId) -> Vec<Name> {
        let bindings = &self.builder.symbols.bindings[before..];
        let own = bindings.iter().filter(|binding| binding.scope == scope);
        own.map(|binding| binding.name).collect()
    }

    fn export_value(&mut self, node: Node<'t>, name: &str, context: Context) {
        let value = node.child_by_field_name("value");
        let value = value.or_else(|| children(node).into_iter().next_back());
        let Some(value) = value else {
            return;
        };
        let value = self.expr(value, context);
        let name = self.builder.name(name);
        self.add_export(name, Exported::Value(value), context);
    }

    fn export_clause(&mut self, clause: Node<'t>) {
        for specifier in children(clause) {
            let Some(name) = specifier.child_by_field_name("name") else {
                continue;
            };
            let alias = specifier.child_by_field_name("alias").unwrap_or(name);
            let (local, alias) = (self.name_of(name), self.name_of(alias));
            self.add_export(alias, Exported::Local(local), Context::default());
        }
    }

    fn re_export(&mut self, node: Node<'t>, source: Node<'t>) {
        let is_type = has_token(node, "type");
        if has_token(node, "*") {
            return self.pass_on(source, (source, NONE), (Imported::All, is_type));
        }
        for child in children(node) {
            match child.kind() {
                "namespace_export" => {
                    if let Some(name) = child.named_child(0) {
                        let alias = self.name_of(name);
                        self.pass_on(source, (name, alias), (Imported::Module, is_type));
                    }
                }
                "export_clause" => self.re_export_clause(source, child, is_type),
                _ => {}
            }
        }
    }

    fn re_export_clause(&mut self, source: Node<'t>, clause: Node<'t>, is_type: bool) {
        for specifier in children(clause) {
            let Some(name) = specifier.child_by_field_name("name") else {
                continue;
            };
            let alias = specifier.child_by_field_name("alias").unwrap_or(name);
            let what = Imported::Name(self.name_of(name));
            let alias = self.name_of(alias);
            let is_type = is_type || has_token(specifier, "type");
            self.pass_on(source, (name, alias), (what, is_type));
        }
    }

    fn pass_on(
        &mut self,
        source: Node<'t>,
        (name, alias): (Node<'t>, Name),
        import: (Imported, bool),
    ) {
        let import = self.add_import(source, name, import);
        self.builder.symbols.imports[import as usize].is_re_export = true;
        self.add_export(alias, Exported::Import(import), Context::default());
    }

    /// What a namespace exports can be seen in its scope.
    fn add_export(&mut self, name: Name, what: Exported, context: Context) {
        if context.scope == 0 {
            self.builder.symbols.exports.push(Export { name, what });
        }
    }

    /// `module.exports = …`, `exports.name = …`
    pub(super) fn assigned_export(&mut self, left: Node<'t>, name: Name, value: ExprId) {
        let object = left.child_by_field_name("object");
        let object = object.map_or("", |object| self.text(object));
        let whole = self.builder.name(WHOLE);
        let name = match object {
            "module" if self.builder.symbols.name(name) == "exports" => whole,
            "exports" | "module.exports" => name,
            _ => return,
        };
        self.add_export(name, Exported::Value(value), Context::default());
    }
}
