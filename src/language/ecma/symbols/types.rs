//! Types, as far as they are stated plainly.

use tree_sitter::Node;

use super::{Walk, children};
use crate::symbols::{Class, Expr, Function, NONE, ScopeId, ScopeKind, Type, TypeId};

impl<'t> Walk<'_, 't> {
    pub(super) fn type_of(&mut self, node: Node<'t>, scope: ScopeId) -> TypeId {
        self.deeper(|walk| walk.any_type(node, scope))
    }

    fn any_type(&mut self, node: Node<'t>, scope: ScopeId) -> TypeId {
        let found = match node.kind() {
            "type_annotation"
            | "parenthesized_type"
            | "readonly_type"
            | "optional_type"
            | "rest_type"
            | "constraint"
            | "omitting_type_annotation"
            | "opting_type_annotation" => {
                return self.inner_type(node, scope);
            }
            "type_identifier"
            | "nested_type_identifier"
            | "predefined_type"
            | "identifier"
            | "nested_identifier"
            | "member_expression" => self.named(node, None, scope),
            "generic_type" => {
                let name = node.child_by_field_name("name").unwrap_or(node);
                let arguments = node.child_by_field_name("type_arguments");
                self.named(name, arguments, scope)
            }
            "array_type" => Type::List(self.inner_type(node, scope)),
            "tuple_type" => Type::Tuple(self.types(node, scope)),
            "union_type" | "intersection_type" => Type::Union(self.types(node, scope)),
            "function_type" => Type::Function(self.function_type(node, scope)),
            "constructor_type" => {
                let made = node.child_by_field_name("type");
                let made = made.map_or(NONE, |made| self.type_of(made, scope));
                Type::Itself(made)
            }
            "object_type" => self.object_type(node, scope),
            "type_query" => self.query(node, scope),
            "this_type" => Type::This(scope),
            "lookup_type" => self.lookup(node, scope),
            "literal_type" => return self.literal_type(node, scope),
            _ => Type::Unknown,
        };
        self.builder.add_type(found)
    }

    fn inner_type(&mut self, node: Node<'t>, scope: ScopeId) -> TypeId {
        let inner = children(node).into_iter().find(|c| c.kind() != "comment");
        inner.map_or(NONE, |inner| self.type_of(inner, scope))
    }

    fn types(&mut self, node: Node<'t>, scope: ScopeId) -> Box<[TypeId]> {
        let nodes = children(node).into_iter().filter(|c| c.kind() != "comment");
        nodes
            .map(|child| {
                let stated = child.child_by_field_name("type").unwrap_or(child);
                self.type_of(stated, scope)
            })
            .collect()
    }

    fn named(&mut self, node: Node<'t>, arguments: Option<Node<'t>>, scope: ScopeId) -> Type {
        let text = self.text(node);
        if matches!(
            text,
            "any" | "unknown" | "void" | "never" | "object" | "undefined"
        ) {
            return Type::Unknown;
        }
        let text = match text {
            "string" => "String",
            "number" => "Number",
            "boolean" => "Boolean",
            other => other,
        };
        let arguments = arguments.map_or(Box::default(), |list| self.types(list, scope));
        self.builder.named_type(text, arguments, scope)
    }

    /// The type that an `extends` clause names as a value.
    pub(super) fn type_of_expression(
        &mut self,
        node: Node<'t>,
        arguments: Option<Node<'t>>,
        scope: ScopeId,
    ) -> TypeId {
        if !matches!(node.kind(), "identifier" | "member_expression") {
            return NONE;
        }
        let named = self.named(node, arguments, scope);
        self.builder.add_type(named)
    }

    pub(super) fn type_arguments(&mut self, node: Node<'t>, scope: ScopeId) -> Box<[TypeId]> {
        let list = node.child_by_field_name("type_arguments");
        list.map_or(Box::default(), |list| self.types(list, scope))
    }

    fn function_type(&mut self, node: Node<'t>, scope: ScopeId) -> u32 {
        let function = self.builder.function(Function::default());
        let inner = self.builder.scope(scope, ScopeKind::Function(function));
        self.builder.function_mut(function).scope = inner;
        self.signature(node, inner, function);
        function
    }

    fn object_type(&mut self, node: Node<'t>, scope: ScopeId) -> Type {
        let class = self.builder.class(Class {
            is_interface: true,
            ..Class::default()
        });
        let inner = self.builder.scope(scope, ScopeKind::Class(class));
        self.class_of(class).scope = inner;
        let context = super::Context {
            scope: inner,
            ..super::Context::default()
        };
        self.members(node, context);
        Type::Object(class)
    }

    /// `typeof x.y`
    fn query(&mut self, node: Node<'t>, scope: ScopeId) -> Type {
        let Some(inner) = children(node).into_iter().next() else {
            return Type::Unknown;
        };
        let text = self.text(inner);
        let mut parts = text.split('.').map(str::trim);
        let first = parts.next().unwrap_or_default();
        if !matches!(inner.kind(), "identifier" | "member_expression") {
            return Type::Unknown;
        }
        let first = self.builder.name(first);
        let mut expr = self.builder.expr(Expr::Name(first, scope, u32::MAX));
        for part in parts {
            let part = self.builder.name(part);
            expr = self.builder.expr(Expr::Member(expr, part));
        }
        Type::Of(expr)
    }

    /// `T["key"]`
    fn lookup(&mut self, node: Node<'t>, scope: ScopeId) -> Type {
        let parts = children(node);
        let [object, key] = parts.as_slice() else {
            return Type::Unknown;
        };
        let of = self.type_of(*object, scope);
        let Some(key) = key.named_child(0).filter(|key| key.kind() == "string") else {
            return Type::Unknown;
        };
        let key = self.name_of(key);
        Type::Member(of, key)
    }

    fn literal_type(&mut self, node: Node<'t>, scope: ScopeId) -> TypeId {
        let name = match node.named_child(0).map(|inner| inner.kind()) {
            Some("string") => "String",
            Some("number") => "Number",
            _ => return NONE,
        };
        let named = self.builder.named_type(name, Box::default(), scope);
        self.builder.add_type(named)
    }
}
