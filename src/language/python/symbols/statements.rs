//! Statements: what they bind, and the expressions in them.

use tree_sitter::Node;

use super::{Context, Walk, children, fields};
use crate::symbols::{
    Bound, Call, CallKind, ClassId, Export, Exported, Expr, ExprId, Member, NONE, Part, ScopeKind,
    Site, TypeId,
};

impl<'t> Walk<'_, 't> {
    pub(super) fn statements(&mut self, parent: Node<'t>, context: Context) {
        for child in children(parent) {
            self.statement(child, context);
        }
    }

    fn statement(&mut self, node: Node<'t>, context: Context) {
        self.deeper(|walk| walk.any_statement(node, context));
    }

    fn any_statement(&mut self, node: Node<'t>, context: Context) {
        match node.kind() {
            "import_statement" => self.import(node, context),
            "import_from_statement" | "future_import_statement" => self.import_from(node, context),
            "function_definition" | "class_definition" => self.defined(node, &[], context),
            "decorated_definition" => self.decorated(node, context),
            "return_statement" => self.returns(node, context),
            "raise_statement" => self.raises(node, context),
            "if_statement" | "while_statement" | "match_statement" => {
                self.statements(node, context.conditional());
            }
            "for_statement" => self.iteration(node, context.conditional()),
            "try_statement" => self.attempt(node, context),
            "with_statement" => self.with(node, context),
            "global_statement" => self.elsewhere(node, Bound::Global, context),
            "nonlocal_statement" => self.elsewhere(node, Bound::Outer, context),
            "block"
            | "elif_clause"
            | "else_clause"
            | "finally_clause"
            | "except_clause"
            | "except_group_clause"
            | "case_clause"
            | "expression_statement" => {
                self.statements(node, context);
            }
            "as_pattern" => self.alias(node, context),
            "assignment" | "augmented_assignment" => {
                self.assignment(node, context);
            }
            _ => {
                self.expr(node, context);
            }
        }
    }

    fn returns(&mut self, node: Node<'t>, context: Context) {
        for child in children(node) {
            let value = self.expr(child, context);
            if let Some(function) = context.function
                && value != NONE
            {
                self.builder.part(function, Part::Returned(value));
            }
        }
    }

    /// `raise Error` makes one; `raise error` passes one on.
    fn raises(&mut self, node: Node<'t>, context: Context) {
        for (number, child) in children(node).into_iter().enumerate() {
            let callee = self.expr(child, context);
            if number == 0 && matches!(child.kind(), "identifier" | "attribute") {
                let (at, text) = self.callee_place(child, child);
                self.builder.call(Call {
                    callee,
                    text,
                    kind: CallKind::Raise,
                    scope: context.scope,
                    at,
                    ..Call::default()
                });
            }
        }
    }

    fn iteration(&mut self, node: Node<'t>, context: Context) {
        let over = node.child_by_field_name("right");
        let over = over.map_or(NONE, |over| self.expr(over, context));
        let item = self.iterated(over, node, context);
        if let Some(left) = node.child_by_field_name("left") {
            self.bind_target(left, context.at(left.start_byte()), (NONE, item));
        }
        for field in ["body", "alternative"] {
            if let Some(body) = node.child_by_field_name(field) {
                self.statement(body, context);
            }
        }
    }

    /// An item of what a loop goes over, and the calls that get it.
    pub(super) fn iterated(&mut self, over: ExprId, node: Node<'t>, context: Context) -> ExprId {
        if over == NONE {
            return NONE;
        }
        let (iter, next) = if is_async(node) {
            ("__aiter__", "__anext__")
        } else {
            ("__iter__", "__next__")
        };
        let iterator = self.implied((over, iter), node, context);
        self.implied((iterator, next), node, context);
        self.builder.expr(Expr::Item(over))
    }

    /// A call that a statement makes without saying so, at its first word.
    fn implied(
        &mut self,
        (object, method): (ExprId, &str),
        node: Node<'t>,
        context: Context,
    ) -> ExprId {
        let text = self.builder.name(method);
        let callee = self.builder.expr(Expr::Member(object, text));
        let at = self.builder.at(node.start_byte());
        self.builder.call(Call {
            callee,
            text,
            kind: CallKind::Implied,
            scope: context.scope,
            at,
            ..Call::default()
        })
    }

    /// What is tried is expected to happen; the handlers are for when not.
    fn attempt(&mut self, node: Node<'t>, context: Context) {
        for child in children(node) {
            let is_tried = child.kind() == "block";
            let inner = if is_tried {
                context
            } else {
                context.conditional()
            };
            self.statement(child, inner);
        }
    }

    fn with(&mut self, node: Node<'t>, context: Context) {
        for clause in children(node) {
            if clause.kind() != "with_clause" {
                self.statement(clause, context);
                continue;
            }
            for item in children(clause) {
                let Some(value) = item.child_by_field_name("value") else {
                    continue;
                };
                let manager = match value.kind() {
                    "as_pattern" => self.entered(value, context),
                    _ => self.expr(value, context),
                };
                self.managed(manager, node, context);
            }
        }
    }

    /// The calls that enter and leave what `with` is given.
    fn managed(&mut self, manager: ExprId, node: Node<'t>, context: Context) {
        let methods = if is_async(node) {
            ["__aenter__", "__aexit__"]
        } else {
            ["__enter__", "__exit__"]
        };
        for method in methods.into_iter().filter(|_| manager != NONE) {
            self.implied((manager, method), node, context);
        }
    }

    /// `open(path) as file`: what is opened.
    fn entered(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let parts = children(node);
        let value = parts
            .first()
            .map_or(NONE, |value| self.expr(*value, context));
        let given = if value == NONE {
            NONE
        } else {
            self.builder.expr(Expr::Entered(value))
        };
        if let Some(target) = parts.last().and_then(|target| target.named_child(0)) {
            self.bind_target(target, context.at(target.start_byte()), (NONE, given));
        }
        value
    }

    /// `except Error as error`: an instance of it.
    fn alias(&mut self, node: Node<'t>, context: Context) {
        let parts = children(node);
        if let Some(value) = parts.first() {
            self.expr(*value, context);
        }
        if let Some(target) = parts.last().and_then(|target| target.named_child(0)) {
            let stated = parts.first().map_or("", |value| self.text(*value));
            let stated = self.type_of_text(stated.trim_matches(['(', ')']), context.scope);
            self.bind_target(target, context.at(target.start_byte()), (stated, NONE));
        }
    }

    fn elsewhere(&mut self, node: Node<'t>, to: Bound, context: Context) {
        for name in children(node) {
            let name = self.name_of(name);
            let site = Site {
                scope: context.scope,
                from: 0,
                is_conditional: false,
            };
            self.builder.bind(site, name, to);
        }
    }

    pub(super) fn assignment(&mut self, node: Node<'t>, context: Context) -> ExprId {
        let stated = node.child_by_field_name("type");
        let stated = stated.map_or(NONE, |stated| {
            let text = self.text(stated);
            self.type_of_text(text, context.scope)
        });
        let right = node.child_by_field_name("right");
        let value = right.map_or(NONE, |right| match right.kind() {
            "assignment" => self.assignment(right, context),
            _ => self.expr(right, context),
        });
        let is_plain = node.kind() == "assignment";
        if let Some(left) = node.child_by_field_name("left") {
            if is_plain {
                self.bind_target(left, context.at(node.end_byte()), (stated, value));
            } else {
                self.expr(left, context);
            }
            self.note_all(left, right, context);
        }
        value
    }

    /// `__all__ = […]` and `__all__ += […]`
    fn note_all(&mut self, left: Node<'t>, right: Option<Node<'t>>, context: Context) {
        let Some(list) = right.filter(|_| context.scope == 0 && self.text(left) == "__all__")
        else {
            return;
        };
        for item in children(list) {
            if item.kind() == "string" {
                let text = self.text(item).trim_matches(['"', '\'']);
                let name = self.builder.name(text);
                let what = Exported::Local(name);
                self.builder.symbols.exports.push(Export { name, what });
            }
        }
    }

    /// Binds a target of an assignment, a loop or a `with`.
    pub(super) fn bind_target(&mut self, target: Node<'t>, site: Site, source: (TypeId, ExprId)) {
        self.deeper(|walk| walk.bind_any(target, site, source));
    }

    fn bind_any(&mut self, target: Node<'t>, site: Site, (stated, value): (TypeId, ExprId)) {
        match target.kind() {
            "identifier" => {
                let name = self.name_of(target);
                let to = match self.builder.symbols.exprs.get(value as usize) {
                    _ if stated != NONE => Bound::Value(stated, value),
                    Some(Expr::Function(function)) => Bound::Function(*function),
                    _ if value == NONE => Bound::Opaque,
                    _ => Bound::Value(NONE, value),
                };
                self.builder.bind(site, name, to);
                self.note_literal(site, name, value);
                if let Some(class) = self.class_at(site.scope) {
                    self.add_member(class, name, to);
                }
            }
            "attribute" => self.bind_attribute(target, site, (stated, value)),
            "pattern_list" | "tuple_pattern" | "list_pattern" | "tuple" | "list" => {
                self.unpack(&children(target), site, value);
            }
            "subscript" => self.put(target, site, value),
            "list_splat_pattern" | "parenthesized_expression" | "as_pattern_target" => {
                for part in children(target) {
                    self.bind_target(part, site, (NONE, NONE));
                }
            }
            _ => {
                let context = Context {
                    scope: site.scope,
                    function: None,
                    is_conditional: site.is_conditional,
                };
                self.expr(target, context);
            }
        }
    }

    /// `self.x = …` declares a member of the class.
    fn bind_attribute(&mut self, target: Node<'t>, site: Site, source: (TypeId, ExprId)) {
        let context = Context {
            scope: site.scope,
            function: None,
            is_conditional: site.is_conditional,
        };
        self.expr(target, context);
        let (Some(object), Some(name)) = (
            target.child_by_field_name("object"),
            target.child_by_field_name("attribute"),
        ) else {
            return;
        };
        let name = self.name_of(name);
        if let Some(class) = self.class_of_receiver(object, site.scope)
            && source != (NONE, NONE)
        {
            self.add_member(class, name, Bound::Value(source.0, source.1));
        }
    }

    pub(super) fn add_member(&mut self, class: ClassId, name: u32, is: Bound) {
        self.builder.class_mut(class).members.push(Member {
            name,
            is_static: false,
            is,
        });
    }

    /// The class of the method whose receiver `object` is.
    fn class_of_receiver(&mut self, object: Node<'t>, scope: u32) -> Option<ClassId> {
        if object.kind() != "identifier" {
            return None;
        }
        let name = self.name_of(object);
        let symbols = &self.builder.symbols;
        let mut scope = scope;
        loop {
            let found = symbols.scopes[scope as usize];
            if let ScopeKind::Function(function) = found.kind {
                let function = &symbols.functions[function as usize];
                let receiver = function.parameters.first().map(|first| first.name);
                if receiver == Some(name) {
                    return function.class.filter(|_| !function.traits.is_static);
                }
            }
            if found.parent == scope {
                return None;
            }
            scope = found.parent;
        }
    }

    fn decorated(&mut self, node: Node<'t>, context: Context) {
        let decorators: Vec<Node> = children(node)
            .into_iter()
            .filter(|child| child.kind() == "decorator")
            .collect();
        if let Some(definition) = fields(node, "definition").first() {
            self.defined(*definition, &decorators, context);
        }
    }
}

/// `async for`, `async with`.
fn is_async(node: Node) -> bool {
    node.child(0).is_some_and(|first| first.kind() == "async")
}
