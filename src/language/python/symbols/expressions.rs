//! Expressions: what they give, and the calls in them.

use tree_sitter::Node;

use super::{Context, Walk, children, fields};
use crate::symbols::{Argument, At, Call, Expr, ExprId, Function, NONE, Name, Part, ScopeKind};

impl<'t> Walk<'_, 't> {
    pub(super) fn expr(&mut self, node: Node<'t>, context: Context) -> ExprId {
        self.deeper(|walk| walk.any_expr(node, context))
    }

    fn any_expr(&mut self, node: Node<'t>, context: Context) -> ExprId {
        match node.kind() {
            "identifier" => {
                let name = self.name_of(node);
                let at = u32::try_from(node.start_byte()).unwrap_or(u32::MAX);
                self.builder.expr(Expr::Name(name, context.scope, at))
            }
            "attribute" => self.attribute(node, context),
            "call" => self.call(node, context),
            "subscript" => self.subscript(node, context),
            "lambda" => self.lambda(node, context),
            "await" => {
                let inner = self.first_of(node, context);
                self.wrap(inner, Expr::Awaited)
            }
            "parenthesized_expression" | "expression_list" | "type" => self.grouped(node, context),
            "conditional_expression" => self.ternary(node, context),
            "boolean_operator" => self.boolean(node, context),
            "named_expression" => self.walrus(node, context),
            "list" | "tuple" | "set" => {
                let items = children(node).into_iter();
                let items = items.map(|item| self.expr(item, context)).collect();
                self.builder.expr(Expr::List(items))
            }
            "dictionary" => self.dictionary(node, context),
            "list_comprehension"
            | "set_comprehension"
            | "generator_expression"
            | "dictionary_comprehension" => self.comprehension(node, context),
            "yield" => self.yields(node, context),
            "string" | "concatenated_string" => self.string(node, context),
            "integer" => self.literal("int"),
            "float" => self.literal("float"),
            "true" | "false" => self.literal("bool"),
            "assignment" | "augmented_assignment" => self.assignment(node, context),
            _ => {
                for child in children(node) {
                    self.expr(child, context);
                }
                NONE
            }
        }
    }

    fn wrap(&mut self, inner: ExprId, wrap: impl FnOnce(ExprId) -> Expr) -> ExprId {
        if inner == NONE {
            return NONE;
        }
        self.builder.expr(wrap(inner))
    }

    fn literal(&mut self, name: &str) -> ExprId {
        let name = self.builder.name(name);
        self.builder.expr(Expr::Literal(name))
    }

    fn first_of(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let first = children(node).into_iter().next();
        first.map_or(NONE, |inner| self.expr(inner, context))
    }

    /// `(x)` is x; `x, y` is a tuple.
    fn grouped(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let items: Vec<ExprId> = children(node)
            .into_iter()
            .map(|item| self.expr(item, context))
            .collect();
        match items.as_slice() {
            [one] if node.kind() != "expression_list" => *one,
            _ => self.builder.expr(Expr::List(items.into())),
        }
    }

    fn attribute(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let object = node.child_by_field_name("object");
        let object = object.map_or(NONE, |object| self.expr(object, context));
        let Some(attribute) = node.child_by_field_name("attribute") else {
            return NONE;
        };
        let name = self.name_of(attribute);
        self.wrap(object, |object| Expr::Member(object, name))
    }

    fn subscript(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let value = node.child_by_field_name("value");
        let value = value.map_or(NONE, |value| self.expr(value, context));
        let indices = fields(node, "subscript");
        for index in &indices {
            self.expr(*index, context);
        }
        if let [slice] = indices.as_slice()
            && slice.kind() == "slice"
        {
            return self.slice(*slice, value);
        }
        let key = self.key_of(node);
        self.wrap(value, |value| Expr::At(value, key))
    }

    fn call(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let Some(function) = node.child_by_field_name("function") else {
            return NONE;
        };
        let callee = self.expr(function, context);
        let list = node.child_by_field_name("arguments");
        let arguments = list.map_or(Box::default(), |list| self.arguments(list, context));
        self.update(function, &arguments, context.at(node.end_byte()));
        let (at, text) = self.callee_place(function, list.unwrap_or(node));
        let given = self.builder.call(Call {
            callee,
            text,
            arguments,
            scope: context.scope,
            at,
            ..Call::default()
        });
        if self.text(function) == "super" {
            return self.builder.expr(Expr::Super(context.scope));
        }
        given
    }

    fn arguments(&mut self, list: Node<'t>, context: Context) -> Box<[Argument]> {
        if list.kind() != "argument_list" {
            let value = self.expr(list, context);
            return [Argument { value, name: NONE }].into();
        }
        let nodes = children(list).into_iter();
        nodes
            .map(|node| {
                let name = match node.child_by_field_name("name") {
                    Some(name) if node.kind() == "keyword_argument" => self.name_of(name),
                    _ => NONE,
                };
                let value = node
                    .child_by_field_name("value")
                    .filter(|_| node.kind() == "keyword_argument")
                    .unwrap_or(node);
                Argument {
                    value: self.expr(value, context),
                    name,
                }
            })
            .collect()
    }

    /// Where the last name of a callee stands, and its text.
    pub(super) fn callee_place(&mut self, callee: Node<'t>, otherwise: Node<'t>) -> (At, Name) {
        let text = self.text(callee);
        let text = self.builder.name(&text[..text.floor_char_boundary(100)]);
        let mut node = callee;
        let place = loop {
            match node.kind() {
                "parenthesized_expression" => match node.named_child(0) {
                    Some(inner) => node = inner,
                    None => break otherwise,
                },
                "attribute" => break node.child_by_field_name("attribute").unwrap_or(node),
                "identifier" => break node,
                _ => break otherwise,
            }
        };
        (self.builder.at(place.start_byte()), text)
    }

    fn lambda(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let function = self.builder.function(Function::default());
        let scope = self
            .builder
            .scope(context.scope, ScopeKind::Function(function));
        self.builder.function_mut(function).scope = scope;
        if let Some(list) = node.child_by_field_name("parameters") {
            self.parameters(list, (scope, function), context);
        }
        if let Some(body) = node.child_by_field_name("body") {
            let inner = Context {
                scope,
                function: Some(function),
                is_conditional: false,
            };
            let value = self.expr(body, inner);
            self.builder.part(function, Part::Returned(value));
        }
        self.builder.expr(Expr::Function(function))
    }

    /// `a if b else c`
    fn ternary(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let parts: Vec<ExprId> = children(node)
            .into_iter()
            .map(|part| self.expr(part, context))
            .collect();
        match parts.as_slice() {
            [first, _, last] => self.builder.expr(Expr::Either([*first, *last].into())),
            _ => NONE,
        }
    }

    /// Chains of operators nest to the left as deep as they are long.
    fn boolean(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let mut operands = Vec::new();
        let mut next = Some(node);
        while let Some(node) = next {
            if node.kind() != "boolean_operator" {
                operands.push(self.expr(node, context));
                break;
            }
            if let Some(right) = node.child_by_field_name("right") {
                operands.push(self.expr(right, context));
            }
            next = node.child_by_field_name("left");
        }
        operands.reverse();
        self.builder.expr(Expr::Either(operands.into()))
    }

    fn walrus(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let value = node.child_by_field_name("value");
        let value = value.map_or(NONE, |value| self.expr(value, context));
        if let Some(name) = node.child_by_field_name("name") {
            self.bind_target(name, context.at(node.end_byte()), (NONE, value));
        }
        value
    }

    fn dictionary(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let mut pairs = Vec::new();
        for child in children(node) {
            let (Some(key), Some(value)) = (
                child.child_by_field_name("key"),
                child.child_by_field_name("value"),
            ) else {
                self.expr(child, context);
                continue;
            };
            self.expr(key, context);
            let value = self.expr(value, context);
            let key = if matches!(key.kind(), "string" | "integer") {
                self.key(key)
            } else {
                NONE
            };
            pairs.push((key, value));
        }
        self.builder.expr(Expr::Object(pairs.into()))
    }

    fn comprehension(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let scope = self.builder.scope(context.scope, ScopeKind::Block);
        let inner = Context { scope, ..context };
        let body = node.child_by_field_name("body");
        for clause in children(node) {
            if clause.kind() == "for_in_clause" {
                self.clause(clause, inner);
            } else if Some(clause) != body {
                self.expr(clause, inner);
            }
        }
        let value = body.map_or(NONE, |body| self.expr(body, inner));
        if node.kind() == "dictionary_comprehension" {
            return self.literal("dict");
        }
        if value == NONE {
            return NONE;
        }
        let one = self.builder.expr(Expr::List([value].into()));
        self.builder.expr(Expr::Slice(one))
    }

    fn clause(&mut self, node: Node<'t>, context: Context) {
        let over = node.child_by_field_name("right");
        let over = over.map_or(NONE, |over| self.expr(over, context));
        let item = self.iterated(over, node, context);
        if let Some(left) = node.child_by_field_name("left") {
            self.bind_target(left, context.at(left.start_byte()), (NONE, item));
        }
    }

    fn yields(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let value = self.first_of(node, context);
        if let Some(function) = context.function {
            self.builder.function_mut(function).traits.is_generator = true;
            if value != NONE {
                self.builder.part(function, Part::Yielded(value));
            }
        }
        NONE
    }

    /// What f-strings hold.
    fn string(&mut self, node: Node<'t>, context: Context) -> ExprId {
        for part in children(node) {
            if matches!(part.kind(), "interpolation" | "string") {
                self.expr(part, context);
            }
        }
        self.literal("str")
    }
}
