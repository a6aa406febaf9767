//! Functions: parameters, results, bodies.

use tree_sitter::Node;

use super::{Context, Walk, child_of_kind, children, has_token};
use crate::symbols::{
    Bound, ClassId, Expr, Function, FunctionId, Is, Member, NONE, Name, Parameter, Part, ScopeId,
    ScopeKind, Site, Traits,
};

impl<'t> Walk<'_, 't> {
    /// A function, method or signature; its name is bound by whoever asks.
    pub(super) fn function(
        &mut self,
        node: Node<'t>,
        context: Context,
        class: Option<ClassId>,
    ) -> FunctionId {
        let definition = self.definition(node);
        let earlier = definition.map(|id| self.builder.symbols.definitions[id as usize].is);
        let function = self.builder.function(Function {
            definition,
            class,
            traits: traits(node),
            ..Function::default()
        });
        let scope = self
            .builder
            .scope(context.scope, ScopeKind::Function(function));
        self.own(scope, definition);
        self.builder.function_mut(function).scope = scope;
        self.overload(earlier, function);
        self.define(definition, Is::Function(function));
        self.signature(node, scope, function);
        self.body(node, scope, function);
        function
    }

    /// A definition that was met before is one of several signatures.
    fn overload(&mut self, earlier: Option<Is>, function: FunctionId) {
        if let Some(Is::Function(earlier)) = earlier {
            let mut overloads = std::mem::take(&mut self.builder.function_mut(earlier).overloads);
            overloads.push(earlier);
            self.builder.function_mut(function).overloads = overloads;
        }
    }

    pub(super) fn signature(&mut self, node: Node<'t>, scope: ScopeId, function: FunctionId) {
        let names = self.type_parameters(node, scope);
        self.builder.function_mut(function).type_parameters = names.into();
        let single = node.child_by_field_name("parameter");
        let list = node.child_by_field_name("parameters").map(children);
        let nodes = single.map(|node| vec![node]).or(list).unwrap_or_default();
        let mut number = 0;
        for parameter in nodes {
            if matches!(parameter.kind(), "comment" | "decorator") {
                continue;
            }
            if self.is_this(parameter) {
                let stated = parameter.child_by_field_name("type");
                let stated = stated.map_or(NONE, |stated| self.type_of(stated, scope));
                self.builder.function_mut(function).receiver = stated;
                continue;
            }
            self.parameter(parameter, scope, (function, number));
            number += 1;
        }
        let returns = node.child_by_field_name("return_type");
        let returns = returns.map_or(NONE, |stated| self.type_of(stated, scope));
        self.builder.function_mut(function).returns = returns;
    }

    fn is_this(&self, parameter: Node<'t>) -> bool {
        let pattern = parameter.child_by_field_name("pattern");
        pattern.is_some_and(|pattern| self.text(pattern) == "this")
    }

    fn parameter(&mut self, node: Node<'t>, scope: ScopeId, (function, number): (FunctionId, u32)) {
        let field = |name: &str| node.child_by_field_name(name);
        let pattern = field("pattern").or_else(|| field("left")).unwrap_or(node);
        let is_rest = pattern.kind() == "rest_pattern";
        let pattern = if is_rest {
            pattern.named_child(0).unwrap_or(pattern)
        } else {
            pattern
        };
        let of_type = field("type").map_or(NONE, |stated| self.type_of(stated, scope));
        let inner = Context {
            scope,
            function: Some(function),
            is_conditional: false,
        };
        let default = field("value").or_else(|| field("right"));
        let default = default.map_or(NONE, |value| self.expr(value, inner));
        let site = Site {
            scope,
            from: node.start_byte(),
            is_conditional: false,
        };
        let name = self.parameter_name(pattern, number);
        self.builder
            .bind(site, name, Bound::Parameter(function, number));
        if pattern.kind() != "identifier" {
            let whole = self.builder.expr(Expr::Name(name, scope, u32::MAX));
            self.bind_pattern(pattern, site, (NONE, whole));
        }
        self.builder
            .function_mut(function)
            .parameters
            .push(Parameter {
                name,
                of_type,
                default,
                is_rest,
            });
        self.parameter_field(node, name, (function, of_type, scope));
    }

    /// A pattern gets a name that nobody can write.
    fn parameter_name(&mut self, pattern: Node<'t>, number: u32) -> Name {
        if pattern.kind() == "identifier" {
            return self.name_of(pattern);
        }
        self.builder.name(&format!("({number})"))
    }

    /// `constructor(private x: X)` declares a field.
    fn parameter_field(
        &mut self,
        node: Node<'t>,
        name: Name,
        (function, of_type, scope): (FunctionId, u32, ScopeId),
    ) {
        let is_field = has_token(node, "accessibility_modifier")
            || has_token(node, "readonly")
            || has_token(node, "override_modifier");
        let class = self.builder.symbols.functions[function as usize].class;
        if let (true, Some(class)) = (is_field, class) {
            let value = self.builder.expr(Expr::Name(name, scope, u32::MAX));
            self.class_of(class).members.push(Member {
                name,
                is_static: false,
                is: Bound::Value(of_type, value),
            });
        }
    }

    pub(super) fn type_parameters(&mut self, node: Node<'t>, scope: ScopeId) -> Vec<Name> {
        let Some(list) = node.child_by_field_name("type_parameters") else {
            return Vec::new();
        };
        let mut names = Vec::new();
        for parameter in children(list) {
            let Some(name) = parameter.child_by_field_name("name") else {
                continue;
            };
            let name = self.name_of(name);
            let bound = parameter
                .child_by_field_name("constraint")
                .and_then(|constraint| constraint.named_child(0))
                .map_or(NONE, |constraint| self.type_of(constraint, scope));
            let site = Site {
                scope,
                from: 0,
                is_conditional: false,
            };
            self.builder.bind(site, name, Bound::TypeParameter(bound));
            names.push(name);
        }
        names
    }

    fn body(&mut self, node: Node<'t>, scope: ScopeId, function: FunctionId) {
        let Some(body) = node.child_by_field_name("body") else {
            return;
        };
        let context = Context {
            scope,
            function: Some(function),
            is_conditional: false,
        };
        if body.kind() == "statement_block" {
            return self.statements(body, context);
        }
        let value = self.expr(body, context);
        self.builder.part(function, Part::Returned(value));
    }
}

fn traits(node: Node) -> Traits {
    Traits {
        is_async: has_token(node, "async"),
        is_generator: has_token(node, "*") || node.kind().starts_with("generator_function"),
        is_getter: child_of_kind(node, "get").is_some(),
        is_static: has_token(node, "static"),
        is_of_class: false,
        has_own_this: node.kind() != "arrow_function",
    }
}
