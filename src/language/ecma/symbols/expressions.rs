//! Expressions: what they give, and the calls in them.

use tree_sitter::Node;

use super::classes::is_function;
use super::{Context, Walk, children, has_token};
use crate::symbols::{
    Argument, At, Bound, Call, CallKind, Expr, ExprId, Member, NONE, Name, Part, ScopeKind, Site,
};

impl<'t> Walk<'_, 't> {
    pub(super) fn expr(&mut self, node: Node<'t>, context: Context) -> ExprId {
        self.deeper(|walk| walk.any_expr(node, context))
    }

    fn any_expr(&mut self, node: Node<'t>, context: Context) -> ExprId {
        match node.kind() {
            "identifier" | "shorthand_property_identifier" => self.used_name(node, context),
            "member_expression" => self.member(node, context),
            "subscript_expression" => self.subscript(node, context),
            "call_expression" => self.call(node, context),
            "new_expression" => self.construction(node, context),
            "arrow_function" | "function_expression" | "generator_function" => {
                let function = self.function(node, context, None);
                self.own_name(node, function);
                self.builder.expr(Expr::Function(function))
            }
            "class" => {
                let class = self.class(node, context);
                self.builder.expr(Expr::Class(class))
            }
            "this" => self.builder.expr(Expr::This(context.scope)),
            "super" => self.builder.expr(Expr::Super(context.scope)),
            "parenthesized_expression" | "non_null_expression" | "satisfies_expression" => {
                self.first_of(node, context)
            }
            "as_expression" | "type_assertion" => self.assertion(node, context),
            "await_expression" => {
                let inner = self.first_of(node, context);
                self.wrap(inner, Expr::Awaited)
            }
            "assignment_expression" | "augmented_assignment_expression" => {
                self.assignment(node, context)
            }
            "ternary_expression" => self.ternary(node, context),
            "binary_expression" => self.binary(node, context),
            "object" => self.object(node, context),
            "array" => {
                let items = children(node);
                let items = items.into_iter().map(|i| self.expr(i, context)).collect();
                self.builder.expr(Expr::List(items))
            }
            "yield_expression" => self.yields(node, context),
            "string" | "template_string" | "number" | "regex" | "true" | "false" => {
                self.literal(node, context)
            }
            "jsx_element" | "jsx_self_closing_element" => self.element(node, context),
            "statement_block" => {
                self.block(node, context);
                NONE
            }
            "comment" | "property_identifier" => NONE,
            kind if kind.ends_with("_statement") || kind.ends_with("_declaration") => {
                self.statement(node, context);
                NONE
            }
            _ => {
                for child in children(node) {
                    self.expr(child, context);
                }
                NONE
            }
        }
    }

    /// `function f() { f() }` knows itself.
    fn own_name(&mut self, node: Node<'t>, function: u32) {
        if let Some(name) = node.child_by_field_name("name") {
            let name = self.name_of(name);
            let scope = self.builder.symbols.functions[function as usize].scope;
            let site = Site {
                scope,
                from: 0,
                is_conditional: false,
            };
            self.builder.bind(site, name, Bound::Function(function));
        }
    }

    fn wrap(&mut self, inner: ExprId, wrap: impl FnOnce(ExprId) -> Expr) -> ExprId {
        if inner == NONE {
            return NONE;
        }
        self.builder.expr(wrap(inner))
    }

    fn first_of(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let inner = children(node).into_iter().find(|c| c.kind() != "comment");
        inner.map_or(NONE, |inner| self.expr(inner, context))
    }

    fn used_name(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let text = self.text(node);
        if text == "undefined" {
            return NONE;
        }
        let name = self.builder.name(text);
        let at = u32::try_from(node.start_byte()).unwrap_or(u32::MAX);
        self.builder.expr(Expr::Name(name, context.scope, at))
    }

    fn member(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let object = node.child_by_field_name("object");
        let object = object.map_or(NONE, |object| self.expr(object, context));
        let Some(property) = node.child_by_field_name("property") else {
            return NONE;
        };
        let name = self.name_of(property);
        self.wrap(object, |object| Expr::Member(object, name))
    }

    fn subscript(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let object = node.child_by_field_name("object");
        let object = object.map_or(NONE, |object| self.expr(object, context));
        let mut key = NONE;
        if let Some(index) = node.child_by_field_name("index") {
            if matches!(index.kind(), "string" | "number") {
                key = self.name_of(index);
            }
            self.expr(index, context);
        }
        self.wrap(object, |object| Expr::At(object, key))
    }

    fn call(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let Some(function) = node.child_by_field_name("function") else {
            return NONE;
        };
        if let Some(import) = self.called_import(node, function) {
            return import;
        }
        let callee = self.expr(function, context);
        let list = node.child_by_field_name("arguments");
        let arguments = match list {
            Some(list) if list.kind() == "arguments" => self.arguments(list, context),
            Some(template) => {
                self.expr(template, context);
                Box::default()
            }
            None => Box::default(),
        };
        let (at, text) = self.callee_place(function, list.unwrap_or(node));
        let type_arguments = self.type_arguments(node, context.scope);
        self.builder.call(Call {
            callee,
            text,
            arguments,
            type_arguments,
            kind: CallKind::Plain,
            scope: context.scope,
            at,
        })
    }

    fn construction(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let Some(constructor) = node.child_by_field_name("constructor") else {
            return NONE;
        };
        let callee = self.expr(constructor, context);
        let list = node.child_by_field_name("arguments");
        let arguments = list.map_or(Box::default(), |list| self.arguments(list, context));
        let (at, text) = self.callee_place(constructor, list.unwrap_or(constructor));
        let type_arguments = self.type_arguments(node, context.scope);
        self.builder.call(Call {
            callee,
            text,
            arguments,
            type_arguments,
            kind: CallKind::New,
            scope: context.scope,
            at,
        })
    }

    fn arguments(&mut self, list: Node<'t>, context: Context) -> Box<[Argument]> {
        let nodes = children(list).into_iter();
        nodes
            .filter(|node| node.kind() != "comment")
            .map(|node| Argument {
                value: self.expr(node, context),
                name: NONE,
            })
            .collect()
    }

    /// Where the last name of a callee stands, and its text.
    pub(super) fn callee_place(&mut self, callee: Node<'t>, otherwise: Node<'t>) -> (At, Name) {
        let text = self.text(callee);
        let text = self.builder.name(&text[..text.floor_char_boundary(100)]);
        let mut node = callee;
        let place = loop {
            node = match node.kind() {
                "parenthesized_expression"
                | "non_null_expression"
                | "as_expression"
                | "instantiation_expression"
                | "satisfies_expression" => match node.named_child(0) {
                    Some(inner) => inner,
                    None => break otherwise,
                },
                "member_expression" => break node.child_by_field_name("property").unwrap_or(node),
                "nested_identifier" => match node.child_by_field_name("property") {
                    Some(property) => break property,
                    None => break node,
                },
                "identifier" | "super" | "this" | "import" => break node,
                _ => break otherwise,
            };
        };
        (self.builder.at(place.start_byte()), text)
    }

    fn assertion(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let parts = children(node);
        let is_prefix = node.kind() == "type_assertion";
        let (value, stated) = match parts.as_slice() {
            [stated, value] if is_prefix => (*value, Some(*stated)),
            [value, stated] => (*value, Some(*stated)),
            [value] => (*value, None),
            _ => return NONE,
        };
        let value = self.expr(value, context);
        let stated = stated.map_or(NONE, |stated| {
            let stated = stated
                .named_child(0)
                .filter(|_| is_prefix)
                .unwrap_or(stated);
            self.type_of(stated, context.scope)
        });
        if stated == NONE {
            return value;
        }
        self.builder.expr(Expr::Typed(stated))
    }

    fn assignment(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let (Some(left), Some(right)) = (
            node.child_by_field_name("left"),
            node.child_by_field_name("right"),
        ) else {
            return NONE;
        };
        let value = match self.class_of_this(left, context) {
            Some(class) if is_function(right) => {
                let function = self.function(right, context, Some(class));
                self.builder.expr(Expr::Function(function))
            }
            _ => self.expr(right, context),
        };
        let is_whole = node.kind() == "assignment_expression";
        match left.kind() {
            "identifier" => {
                let site = self.declaring(left, context);
                self.bind_pattern(left, site, (NONE, value));
            }
            "member_expression" => {
                self.expr(left, context);
                self.assigned_member(left, value, context);
            }
            "object_pattern" | "array_pattern" if is_whole => {
                self.bind_pattern(left, context.at(node.start_byte()), (NONE, value));
            }
            _ => {
                self.expr(left, context);
            }
        }
        value
    }

    /// The scope that declares the assigned name; from within another
    /// function it may or may not happen.
    fn declaring(&mut self, left: Node<'t>, context: Context) -> Site {
        let name = self.name_of(left);
        let mut site = context.at(left.start_byte());
        let symbols = &self.builder.symbols;
        let mut scope = context.scope;
        loop {
            let is_bound = |b: &crate::symbols::Binding| b.scope == scope && b.name == name;
            if symbols.bindings.iter().rev().any(is_bound) {
                site.scope = scope;
                return site;
            }
            let found = symbols.scopes[scope as usize];
            site.is_conditional |= matches!(found.kind, ScopeKind::Function(_));
            if found.parent == scope {
                return context.at(left.start_byte());
            }
            scope = found.parent;
        }
    }

    /// The class whose `this` is assigned a member.
    fn class_of_this(&self, left: Node<'t>, context: Context) -> Option<u32> {
        let object = left.child_by_field_name("object")?;
        if object.kind() != "this" {
            return None;
        }
        let symbols = &self.builder.symbols;
        let mut scope = context.scope;
        loop {
            let found = symbols.scopes[scope as usize];
            match found.kind {
                ScopeKind::Class(class) => return Some(class),
                _ if found.parent == scope => return None,
                _ => scope = found.parent,
            }
        }
    }

    fn assigned_member(&mut self, left: Node<'t>, value: ExprId, context: Context) {
        let Some(property) = left.child_by_field_name("property") else {
            return;
        };
        let name = self.name_of(property);
        if let Some(class) = self.class_of_this(left, context) {
            if value != NONE {
                self.class_of(class).members.push(Member {
                    name,
                    is_static: false,
                    is: Bound::Value(NONE, value),
                });
            }
            return;
        }
        self.assigned_export(left, name, value);
    }

    fn ternary(&mut self, node: Node<'t>, context: Context) -> ExprId {
        if let Some(condition) = node.child_by_field_name("condition") {
            self.expr(condition, context);
        }
        let branches = ["consequence", "alternative"]
            .into_iter()
            .filter_map(|field| node.child_by_field_name(field));
        let branches = branches.map(|b| self.expr(b, context)).collect();
        self.builder.expr(Expr::Either(branches))
    }

    /// Chains of operators nest to the left as deep as they are long.
    fn binary(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let chooses = ["||", "??", "&&"].iter().find(|sign| has_token(node, sign));
        let mut operands = Vec::new();
        let mut next = Some(node);
        while let Some(node) = next {
            if node.kind() != "binary_expression" {
                operands.push(self.expr(node, context));
                break;
            }
            if let Some(right) = node.child_by_field_name("right") {
                operands.push(self.expr(right, context));
            }
            next = node.child_by_field_name("left");
        }
        match chooses {
            Some(&"&&") => operands.first().copied().unwrap_or(NONE),
            Some(_) => {
                operands.reverse();
                self.builder.expr(Expr::Either(operands.into()))
            }
            None => NONE,
        }
    }

    fn object(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let mut pairs = Vec::new();
        for child in children(node) {
            match child.kind() {
                "pair" => {
                    let value = child.child_by_field_name("value");
                    let value = value.map_or(NONE, |value| self.expr(value, context));
                    if let Some(key) = child.child_by_field_name("key") {
                        if key.kind() == "computed_property_name" {
                            self.expr(key, context);
                        }
                        pairs.push((self.name_of(key), value));
                    }
                }
                "method_definition" => {
                    let function = self.function(child, context, None);
                    let value = self.builder.expr(Expr::Function(function));
                    if let Some(name) = child.child_by_field_name("name") {
                        pairs.push((self.name_of(name), value));
                    }
                }
                "shorthand_property_identifier" => {
                    let value = self.used_name(child, context);
                    pairs.push((self.name_of(child), value));
                }
                _ => {
                    self.expr(child, context);
                }
            }
        }
        let functions: Vec<u32> = pairs
            .iter()
            .filter_map(
                |(_, value)| match self.builder.symbols.exprs[*value as usize] {
                    Expr::Function(function) => Some(function),
                    _ => None,
                },
            )
            .collect();
        let object = self.builder.expr(Expr::Object(pairs.into()));
        for function in functions {
            self.builder.function_mut(function).holder = object;
        }
        object
    }

    fn yields(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let value = self.first_of(node, context);
        if let Some(function) = context.function
            && value != NONE
            && !has_token(node, "*")
        {
            self.builder.part(function, Part::Yielded(value));
        }
        NONE
    }

    fn literal(&mut self, node: Node<'t>, context: Context) -> ExprId {
        if node.kind() == "template_string" {
            for child in children(node) {
                self.expr(child, context);
            }
        }
        let name = match node.kind() {
            "string" | "template_string" => "String",
            "number" => "Number",
            "regex" => "RegExp",
            _ => "Boolean",
        };
        let name = self.builder.name(name);
        self.builder.expr(Expr::Literal(name))
    }

    /// `<Component …>`; lower-case tags are the platform's own.
    fn element(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let opening = node.child_by_field_name("open_tag").unwrap_or(node);
        let tag = opening.child_by_field_name("name");
        let is_component = tag.is_some_and(|tag| {
            tag.kind() != "identifier" || !self.text(tag).starts_with(char::is_lowercase)
        });
        let callee = tag
            .filter(|_| is_component)
            .map(|tag| (tag, self.expr(tag, context)));
        for child in children(opening) {
            if Some(child) != tag {
                self.expr(child, context);
            }
        }
        if opening != node {
            let closing = node.child_by_field_name("close_tag");
            for child in children(node) {
                if child != opening && Some(child) != closing {
                    self.expr(child, context);
                }
            }
        }
        let Some((tag, callee)) = callee else {
            return NONE;
        };
        let (at, text) = self.callee_place(tag, tag);
        self.builder.call(Call {
            callee,
            text,
            kind: CallKind::Element,
            scope: context.scope,
            at,
            ..Call::default()
        })
    }
}
