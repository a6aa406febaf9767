//! Classes, interfaces and object types: what they build on, their members.

use tree_sitter::Node;

use super::{Context, Walk, children, has_token};
use crate::symbols::{
    Base, Bound, Call, CallKind, Class, ClassId, Expr, Is, Member, NONE, ScopeKind,
};

impl<'t> Walk<'_, 't> {
    /// A class or interface; its name is bound by whoever asks.
    pub(super) fn class(&mut self, node: Node<'t>, context: Context) -> ClassId {
        let definition = self.definition(node);
        let class = self.builder.class(Class {
            definition,
            is_interface: node.kind() == "interface_declaration",
            ..Class::default()
        });
        self.decorators(node, context);
        let scope = self.builder.scope(context.scope, ScopeKind::Class(class));
        self.own(scope, definition);
        self.define(definition, Is::Class(class));
        let type_parameters = self.type_parameters(node, scope);
        let found = self.class_of(class);
        found.scope = scope;
        found.type_parameters = type_parameters;
        let inner = Context {
            scope,
            function: None,
            is_conditional: false,
        };
        self.heritage(node, context.in_scope(scope));
        if let Some(body) = node.child_by_field_name("body") {
            self.members(body, inner);
        }
        class
    }

    /// The calls of the decorators of a class, and of what `export` stands before.
    pub(super) fn decorators(&mut self, node: Node<'t>, context: Context) {
        let outer = node.parent().filter(|p| p.kind() == "export_statement");
        let nodes: Vec<Node> = outer.into_iter().chain([node]).flat_map(children).collect();
        for decorator in nodes.into_iter().filter(|n| n.kind() == "decorator") {
            self.decorator(decorator, context);
        }
    }

    /// `@name` calls it; `@name(…)` calls what is called already.
    fn decorator(&mut self, node: Node<'t>, context: Context) {
        let Some(inner) = node.named_child(0) else {
            return;
        };
        let callee = self.expr(inner, context);
        if inner.kind() == "call_expression" {
            return;
        }
        let (at, text) = self.callee_place(inner, inner);
        self.builder.call(Call {
            callee,
            text,
            kind: CallKind::Decorator,
            scope: context.scope,
            at,
            ..Call::default()
        });
    }

    fn heritage(&mut self, node: Node<'t>, context: Context) {
        for clause in children(node) {
            match clause.kind() {
                "class_heritage" => {
                    let clauses = children(clause);
                    let is_typescript = clauses
                        .iter()
                        .any(|c| matches!(c.kind(), "extends_clause" | "implements_clause"));
                    if !is_typescript {
                        for base in clauses {
                            self.base(base, (None, false), context);
                        }
                        continue;
                    }
                    for inner in clauses {
                        self.heritage_clause(inner, context);
                    }
                }
                "extends_type_clause" => self.heritage_clause(clause, context),
                _ => {}
            }
        }
    }

    fn heritage_clause(&mut self, clause: Node<'t>, context: Context) {
        let is_implemented = clause.kind() == "implements_clause";
        let parts = children(clause);
        for (number, base) in parts.iter().enumerate() {
            if matches!(base.kind(), "type_arguments" | "comment") {
                continue;
            }
            let arguments = parts
                .get(number + 1)
                .filter(|next| next.kind() == "type_arguments");
            self.base(*base, (arguments.copied(), is_implemented), context);
        }
    }

    fn base(
        &mut self,
        node: Node<'t>,
        (arguments, is_implemented): (Option<Node<'t>>, bool),
        context: Context,
    ) {
        let is_value = matches!(
            node.kind(),
            "identifier" | "member_expression" | "call_expression" | "parenthesized_expression"
        );
        let (expr, of_type) = if is_value {
            let expr = self.expr(node, context);
            (
                expr,
                self.type_of_expression(node, arguments, context.scope),
            )
        } else {
            (NONE, self.type_of(node, context.scope))
        };
        let text = self.builder.name(self.text(node));
        let at = self.builder.at(node.start_byte());
        let base = Base {
            at,
            text,
            expr,
            of_type,
            is_implemented,
        };
        if let Some(class) = self.class_at(context.scope) {
            self.class_of(class).bases.push(base);
        }
    }

    pub(super) fn members(&mut self, body: Node<'t>, context: Context) {
        for member in children(body) {
            match member.kind() {
                "method_definition" | "method_signature" | "abstract_method_signature" => {
                    self.method(member, context);
                }
                "public_field_definition" | "field_definition" | "property_signature" => {
                    self.field(member, context);
                }
                "call_signature" => self.unnamed(member, "()", context),
                "construct_signature" => self.unnamed(member, "new", context),
                "class_static_block" => self.statements(member, context),
                "statement_block" => self.block(member, context),
                _ => {}
            }
        }
    }

    fn method(&mut self, node: Node<'t>, context: Context) {
        let class = self.class_at(context.scope);
        let function = self.function(node, context, class);
        self.decorators_of_member(node, context);
        if let Some(name) = node.child_by_field_name("name") {
            let name = self.name_of(name);
            self.add_member((context, node), name, Bound::Function(function));
        }
    }

    /// Those inside a field, or before a method.
    fn decorators_of_member(&mut self, node: Node<'t>, context: Context) {
        let mut nodes: Vec<Node> = children(node);
        let mut before = node.prev_named_sibling();
        while let Some(sibling) = before.filter(|s| s.kind() == "decorator") {
            nodes.push(sibling);
            before = sibling.prev_named_sibling();
        }
        for decorator in nodes.into_iter().filter(|n| n.kind() == "decorator") {
            self.decorator(decorator, context);
        }
    }

    fn field(&mut self, node: Node<'t>, context: Context) {
        let class = self.class_at(context.scope);
        self.decorators_of_member(node, context);
        let stated = node.child_by_field_name("type");
        let stated = stated.map_or(NONE, |stated| self.type_of(stated, context.scope));
        let value = node.child_by_field_name("value");
        let value = value.map_or(NONE, |value| {
            if is_function(value) {
                let function = self.function(value, context, class);
                self.builder.function_mut(function).expected = stated;
                return self.builder.expr(Expr::Function(function));
            }
            self.expr(value, context)
        });
        let name = node
            .child_by_field_name("name")
            .or_else(|| node.child_by_field_name("property"));
        if let Some(name) = name {
            let name = self.name_of(name);
            let is = match self.builder.symbols.exprs[value as usize] {
                Expr::Function(function) => Bound::Function(function),
                _ => Bound::Value(stated, value),
            };
            self.add_member((context, node), name, is);
        }
    }

    fn unnamed(&mut self, node: Node<'t>, name: &str, context: Context) {
        let function = self.function(node, context, None);
        let name = self.builder.name(name);
        self.add_member((context, node), name, Bound::Function(function));
    }

    fn add_member(&mut self, (context, node): (Context, Node<'t>), name: u32, is: Bound) {
        let is_static = has_token(node, "static");
        if let Some(class) = self.class_at(context.scope) {
            self.class_of(class).members.push(Member {
                name,
                is_static,
                is,
            });
        }
    }
}

pub(super) fn is_function(node: Node) -> bool {
    matches!(
        node.kind(),
        "arrow_function" | "function_expression" | "generator_function"
    )
}
