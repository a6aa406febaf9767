//! Functions and classes.

use tree_sitter::Node;

use super::{Context, Walk, children};
use crate::symbols::{
    Argument, Base, Bound, Call, CallKind, Class, ClassId, Expr, ExprId, Function, FunctionId, Is,
    NONE, Parameter, Part, ScopeId, ScopeKind, Site, Traits,
};

impl<'t> Walk<'_, 't> {
    /// A `def` or `class`, and what stands above it.
    pub(super) fn defined(&mut self, node: Node<'t>, above: &[Node<'t>], context: Context) {
        let texts: Vec<&str> = above
            .iter()
            .map(|decorator| self.text(*decorator))
            .collect();
        let Some(name) = node.child_by_field_name("name") else {
            return;
        };
        let is_class = node.kind() == "class_definition";
        let to = if is_class {
            Bound::Class(self.class(node, above, context))
        } else {
            let traits = traits(node, &texts);
            Bound::Function(self.function(node, (traits, above), context))
        };
        let name = self.name_of(name);
        self.builder.bind(context.at(node.end_byte()), name, to);
        let is_second = texts
            .iter()
            .any(|text| text.ends_with(".setter") || text.ends_with(".deleter"));
        if let Some(class) = self.class_at(context.scope)
            && !is_second
        {
            self.add_member(class, name, to);
        }
    }

    fn function(
        &mut self,
        node: Node<'t>,
        (traits, above): (Traits, &[Node<'t>]),
        context: Context,
    ) -> FunctionId {
        let definition = self.definition(node);
        let class = self.class_at(context.scope);
        let function = self.builder.function(Function {
            definition,
            class,
            traits,
            ..Function::default()
        });
        let decorators = self.decorators(above, &Expr::Function(function), context);
        for decorator in decorators {
            self.builder.part(function, Part::Decorator(decorator));
        }
        let scope = self
            .builder
            .scope(context.scope, ScopeKind::Function(function));
        self.own(scope, definition);
        self.builder.function_mut(function).scope = scope;
        self.define(definition, Is::Function(function));
        if let Some(list) = node.child_by_field_name("parameters") {
            self.parameters(list, (scope, function), context);
        }
        if let Some(returns) = node.child_by_field_name("return_type") {
            let returns = self.type_of_text(self.text(returns), scope);
            self.builder.function_mut(function).returns = returns;
        }
        if let Some(body) = node.child_by_field_name("body") {
            let inner = Context {
                scope,
                function: Some(function),
                is_conditional: false,
            };
            self.statements(body, inner);
        }
        function
    }

    /// Defaults are computed where the function is defined.
    pub(super) fn parameters(
        &mut self,
        list: Node<'t>,
        (scope, function): (ScopeId, FunctionId),
        context: Context,
    ) {
        let nodes = children(list)
            .into_iter()
            .filter(|child| !matches!(child.kind(), "keyword_separator" | "positional_separator"));
        for (number, node) in (0..).zip(nodes) {
            let field = |name: &str| node.child_by_field_name(name);
            let typed = || {
                node.named_child(0)
                    .filter(|_| node.kind() == "typed_parameter")
            };
            let pattern = field("name").or_else(typed).unwrap_or(node);
            let is_rest = matches!(
                pattern.kind(),
                "list_splat_pattern" | "dictionary_splat_pattern"
            );
            let pattern = pattern
                .named_child(0)
                .filter(|_| is_rest)
                .unwrap_or(pattern);
            let name = self.name_of(pattern);
            let of_type = field("type").map_or(NONE, |stated| {
                let text = self.text(stated);
                self.type_of_text(text, scope)
            });
            let default = field("value").map_or(NONE, |value| self.expr(value, context));
            let site = Site {
                scope,
                from: node.start_byte(),
                is_conditional: false,
            };
            self.builder
                .bind(site, name, Bound::Parameter(function, number));
            self.builder
                .function_mut(function)
                .parameters
                .push(Parameter {
                    name,
                    of_type,
                    default,
                    is_rest,
                });
        }
    }

    fn class(&mut self, node: Node<'t>, above: &[Node<'t>], context: Context) -> ClassId {
        let definition = self.definition(node);
        let class = self.builder.class(Class {
            definition,
            ..Class::default()
        });
        self.decorators(above, &Expr::Class(class), context);
        let scope = self.builder.scope(context.scope, ScopeKind::Class(class));
        self.own(scope, definition);
        self.define(definition, Is::Class(class));
        self.builder.class_mut(class).scope = scope;
        if let Some(list) = node.child_by_field_name("superclasses") {
            for base in children(list) {
                self.base(base, class, context);
            }
        }
        if let Some(body) = node.child_by_field_name("body") {
            let inner = Context {
                scope,
                function: None,
                is_conditional: false,
            };
            self.statements(body, inner);
        }
        class
    }

    fn base(&mut self, node: Node<'t>, class: ClassId, context: Context) {
        if matches!(
            node.kind(),
            "keyword_argument" | "list_splat" | "dictionary_splat"
        ) {
            if let Some(value) = node.child_by_field_name("value") {
                self.expr(value, context);
            }
            return;
        }
        let text = self.text(node);
        let named = node
            .child_by_field_name("value")
            .filter(|_| node.kind() == "subscript");
        let expr = self.expr(named.unwrap_or(node), context);
        let of_type = self.type_of_text(text, context.scope);
        let base = Base {
            at: self.builder.at(node.start_byte()),
            text: self.builder.name(text),
            expr,
            of_type,
            is_implemented: false,
        };
        self.builder.class_mut(class).bases.push(base);
    }

    /// Calls of the decorators; gives what each of them is.
    fn decorators(&mut self, nodes: &[Node<'t>], what: &Expr, context: Context) -> Vec<ExprId> {
        let mut decorators = Vec::new();
        for (number, node) in nodes.iter().enumerate() {
            let Some(inner) = node.named_child(0) else {
                continue;
            };
            let callee = self.expr(inner, context);
            decorators.push(callee);
            // The others are given what those below them make of it.
            let is_innermost = number + 1 == nodes.len();
            let value = self.builder.expr(what.clone());
            let given = is_innermost.then_some(Argument { value, name: NONE });
            let (mut at, text) = self.callee_place(inner, inner);
            let mut kind = CallKind::Decorator;
            if inner.kind() == "call" {
                // What the call gives is called in turn, at the `@`.
                at = self.builder.at(node.start_byte());
                kind = CallKind::Implied;
            }
            self.builder.call(Call {
                callee,
                text,
                arguments: given.into_iter().collect(),
                kind,
                scope: context.scope,
                at,
                ..Call::default()
            });
        }
        decorators
    }
}

fn traits(node: Node, decorators: &[&str]) -> Traits {
    let last = |text: &&str| {
        let name = text.trim_start_matches('@').trim();
        name.rsplit('.').next().unwrap_or(name).to_owned()
    };
    let names: Vec<String> = decorators.iter().map(last).collect();
    let has = |name: &str| names.iter().any(|found| found == name);
    Traits {
        is_async: node.child(0).is_some_and(|first| first.kind() == "async"),
        is_generator: false,
        is_getter: has("property") || has("cached_property") || has("abstractproperty"),
        is_static: has("staticmethod"),
        is_of_class: has("classmethod"),
        has_own_this: true,
    }
}
