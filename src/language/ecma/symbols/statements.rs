//! Statements: what they declare, and the expressions in them.

use tree_sitter::Node;

use super::{Context, Walk, children, has_token};
use crate::symbols::{Alias, Bound, Expr, Is, Part, ScopeKind};

impl<'t> Walk<'_, 't> {
    pub(super) fn statements(&mut self, parent: Node<'t>, context: Context) {
        for child in children(parent) {
            self.statement(child, context);
        }
    }

    pub(super) fn statement(&mut self, node: Node<'t>, context: Context) {
        self.deeper(|walk| walk.any_statement(node, context));
    }

    fn any_statement(&mut self, node: Node<'t>, context: Context) {
        match node.kind() {
            "comment" => {}
            "import_statement" => self.import(node, context),
            "export_statement" => self.export(node, context),
            "function_declaration" | "generator_function_declaration" | "function_signature" => {
                self.function_declaration(node, context);
            }
            "class_declaration" | "abstract_class_declaration" | "interface_declaration" => {
                self.class_declaration(node, context);
            }
            "type_alias_declaration" => self.alias(node, context),
            "enum_declaration" => self.enumeration(node, context),
            "internal_module" | "module" => self.namespace(node, context),
            "ambient_declaration" => self.ambient(node, context),
            "lexical_declaration" | "variable_declaration" => self.variables(node, context),
            "return_statement" => self.returns(node, context),
            "statement_block" => self.block(node, context),
            "for_in_statement" => self.iteration(node, context),
            "catch_clause" => self.handler(node, context),
            "if_statement" | "for_statement" | "while_statement" | "do_statement"
            | "switch_statement" | "try_statement" => {
                self.branches(node, context);
            }
            "switch_body"
            | "switch_case"
            | "switch_default"
            | "else_clause"
            | "finally_clause"
            | "labeled_statement"
            | "expression_statement"
            | "throw_statement"
            | "with_statement" => self.statements(node, context),
            _ => {
                self.expr(node, context);
            }
        }
    }

    fn function_declaration(&mut self, node: Node<'t>, context: Context) {
        let function = self.function(node, context, None);
        if let Some(name) = node.child_by_field_name("name") {
            let name = self.name_of(name);
            self.builder
                .bind(context.hoisted(), name, Bound::Function(function));
        }
    }

    fn class_declaration(&mut self, node: Node<'t>, context: Context) {
        let class = self.class(node, context);
        if let Some(name) = node.child_by_field_name("name") {
            let name = self.name_of(name);
            self.builder
                .bind(context.hoisted(), name, Bound::Class(class));
        }
    }

    fn alias(&mut self, node: Node<'t>, context: Context) {
        let scope = self.builder.scope(context.scope, ScopeKind::Block);
        let definition = self.definition(node);
        self.own(scope, definition);
        let type_parameters = self.type_parameters(node, scope);
        let value = node.child_by_field_name("value");
        let of = value.map_or(0, |value| self.type_of(value, scope));
        let alias = self.builder.alias(Alias {
            definition,
            scope,
            type_parameters,
            of,
        });
        self.define(definition, Is::Alias(alias));
        if let Some(name) = node.child_by_field_name("name") {
            let name = self.name_of(name);
            self.builder
                .bind(context.hoisted(), name, Bound::Alias(alias));
        }
    }

    fn enumeration(&mut self, node: Node<'t>, context: Context) {
        let scope = self.named_scope(node, context);
        let Some(body) = node.child_by_field_name("body") else {
            return;
        };
        let inner = context.in_scope(scope);
        for member in children(body) {
            if let Some(value) = member.child_by_field_name("value") {
                self.expr(value, inner);
            }
        }
    }

    fn namespace(&mut self, node: Node<'t>, context: Context) {
        let scope = self.named_scope(node, context);
        if let Some(body) = node.child_by_field_name("body") {
            self.statements(body, context.in_scope(scope));
        }
    }

    /// A scope that is bound to the name of `node`.
    fn named_scope(&mut self, node: Node<'t>, context: Context) -> u32 {
        let definition = self.definition(node);
        let scope = self.builder.scope(context.scope, ScopeKind::Block);
        self.own(scope, definition);
        self.define(definition, Is::Namespace(scope));
        if let Some(name) = node.child_by_field_name("name")
            && name.kind() != "string"
        {
            let name = self.name_of(name);
            self.builder
                .bind(context.hoisted(), name, Bound::Namespace(scope));
        }
        scope
    }

    /// `declare …`; what `declare global` adds belongs to no scope of the file.
    fn ambient(&mut self, node: Node<'t>, context: Context) {
        let definition = self.definition(node);
        if definition.is_some() && has_token(node, "statement_block") {
            let scope = self.builder.scope(context.scope, ScopeKind::Block);
            self.own(scope, definition);
            self.define(definition, Is::Namespace(scope));
            return self.statements(node, context.in_scope(scope));
        }
        self.statements(node, context);
    }

    fn variables(&mut self, node: Node<'t>, context: Context) {
        for declarator in children(node) {
            if declarator.kind() == "variable_declarator" {
                self.variable(declarator, context);
            }
        }
    }

    fn variable(&mut self, node: Node<'t>, context: Context) {
        let stated = node.child_by_field_name("type");
        let stated = stated.map_or(0, |stated| self.type_of(stated, context.scope));
        let value = node.child_by_field_name("value");
        let value = value.map_or(0, |value| self.expr(value, context));
        if let Some(pattern) = node.child_by_field_name("name") {
            let from = node.start_byte();
            self.bind_pattern(pattern, context.at(from), (stated, value));
        }
    }

    fn returns(&mut self, node: Node<'t>, context: Context) {
        for child in children(node) {
            let value = self.expr(child, context);
            if let Some(function) = context.function
                && value != 0
            {
                self.builder.part(function, Part::Returned(value));
            }
        }
    }

    pub(super) fn block(&mut self, node: Node<'t>, context: Context) {
        let scope = self.builder.scope(context.scope, ScopeKind::Block);
        self.statements(node, context.in_scope(scope));
    }

    fn branches(&mut self, node: Node<'t>, context: Context) {
        let scope = self.builder.scope(context.scope, ScopeKind::Block);
        self.statements(node, context.in_scope(scope).conditional());
    }

    /// `for (const x of xs)`
    fn iteration(&mut self, node: Node<'t>, context: Context) {
        let scope = self.builder.scope(context.scope, ScopeKind::Block);
        let inner = context.in_scope(scope).conditional();
        let over = node.child_by_field_name("right");
        let over = over.map_or(0, |over| self.expr(over, inner));
        let item = if over != 0 && has_token(node, "of") {
            self.builder.expr(Expr::Item(over))
        } else {
            0
        };
        if let Some(pattern) = node.child_by_field_name("left") {
            self.bind_pattern(pattern, inner.at(node.start_byte()), (0, item));
        }
        if let Some(body) = node.child_by_field_name("body") {
            self.statement(body, inner);
        }
    }

    fn handler(&mut self, node: Node<'t>, context: Context) {
        let scope = self.builder.scope(context.scope, ScopeKind::Block);
        let inner = context.in_scope(scope).conditional();
        if let Some(pattern) = node.child_by_field_name("parameter") {
            self.bind_pattern(pattern, inner.at(node.start_byte()), (0, 0));
        }
        if let Some(body) = node.child_by_field_name("body") {
            self.statement(body, inner);
        }
    }
}
