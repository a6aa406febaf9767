//! What expressions give.

use super::Resolver;
use super::scope::Side;
use super::value::{FileId, Gathered, Text, Value, Values, nameless};
use super::world::Dialect;
use crate::symbols::{Bound, Expr, ExprId, FunctionId, NONE, Name, ScopeId, ScopeKind};

impl Resolver {
    /// What an expression may give.
    pub(super) fn expr(&mut self, file: FileId, expr: ExprId) -> Values {
        if expr == NONE {
            return self.nothing();
        }
        if let Some(known) = self.exprs.get(file, expr) {
            return Values::clone(known);
        }
        // Whoever asks again on the way learns nothing.
        self.exprs.set(file, expr, &self.none);
        let found = self.deeper(|resolver| resolver.any_expr(file, expr));
        self.exprs.set(file, expr, &found);
        found
    }

    fn any_expr(&mut self, file: FileId, expr: ExprId) -> Values {
        match self.world.file(file).expr(expr).clone() {
            Expr::Unknown => self.nothing(),
            Expr::Name(name, scope, at) => self.name(file, (name, scope), at),
            Expr::Member(object, name) => {
                let name = self.world.file(file).text(name);
                let objects = self.expr(file, object);
                self.members(&objects, name)
            }
            Expr::Call(call) => self.call_result(file, call),
            Expr::This(scope) => self.this(file, scope),
            Expr::Super(scope) => self.parent(file, scope),
            Expr::Function(function) => [Value::Function(file, function, 0)].into(),
            Expr::Class(class) => [Value::Class(file, class)].into(),
            Expr::Awaited(inner) => {
                let inner = self.expr(file, inner);
                self.awaited(&inner)
            }
            Expr::Item(inner) => {
                let inner = self.expr(file, inner);
                self.items(&inner)
            }
            Expr::At(inner, key) => {
                let inner = self.expr(file, inner);
                let key = self.world.file(file).text(key);
                self.at(&inner, key)
            }
            Expr::Either(several) => {
                let mut values = Gathered::default();
                for one in several {
                    values.extend(&self.expr(file, one));
                }
                values.finish()
            }
            Expr::Object(_) | Expr::List(_) => [Value::Literal(file, expr)].into(),
            Expr::Slice(inner) => self.sliced(file, (expr, inner)),
            Expr::Typed(stated) => self.stated(file, stated, 0),
            Expr::Entered(inner) => self.entered(file, inner),
            Expr::Import(import) => self.imported(file, import, Side::Value),
            Expr::Literal(name) => {
                let name = self.world.file(file).text(name);
                [Value::Builtin(name, 0)].into()
            }
        }
    }

    fn name(&mut self, file: FileId, (name, scope): (Name, ScopeId), at: u32) -> Values {
        let bounds = self.look_up(file, (name, scope), at);
        let mut values = Gathered::default();
        for bound in &bounds {
            values.extend(&self.bound(file, *bound));
        }
        let text = self.world.file(file).text(name);
        if bounds.is_empty() {
            return self.unbound(file, text);
        }
        values.finish()
    }

    /// A name that the file does not bind: from a module that is imported
    /// whole, or the language's own.
    fn unbound(&mut self, file: FileId, text: Text) -> Values {
        let mut values = Gathered::default();
        if self.world.file(file).dialect == Dialect::Python {
            for (origin, bound) in self.origins(file, text, Side::Value) {
                values.extend(&self.bound(origin, bound));
            }
        }
        if values.is_empty() {
            values.add(Value::Global(text));
        }
        values.finish()
    }

    /// What a binding gives.
    pub(super) fn bound(&mut self, file: FileId, bound: Bound) -> Values {
        match bound {
            Bound::Opaque | Bound::Global | Bound::Outer | Bound::TypeParameter(_) => {
                self.nothing()
            }
            Bound::Function(function) => self.decorated(file, function),
            Bound::Class(class) => [Value::Class(file, class)].into(),
            Bound::Namespace(scope) => [Value::Namespace(file, scope)].into(),
            Bound::Alias(alias) => [Value::Alias(file, alias)].into(),
            Bound::Parameter(function, number) => self.parameter(file, function, number),
            Bound::Import(import) => self.imported(file, import, Side::Value),
            Bound::Value(stated, value) => {
                let found = self.stated(file, stated, 0);
                if found.is_empty() {
                    return self.expr(file, value);
                }
                found
            }
        }
    }

    /// A decorated function, and what its decorators make of it, as far as they
    /// are in the repository and say so.
    fn decorated(&mut self, file: FileId, function: FunctionId) -> Values {
        let itself = Value::Function(file, function, 0);
        let found = self.world.file(file);
        let decorators: Vec<ExprId> = found.function(function).decorators().collect();
        let mut values = Gathered::default();
        values.add(itself);
        values.extend(&self.decorated_by((file, &decorators), itself));
        values.finish()
    }

    /// What decorators, the outermost first, make of a function: what the first
    /// of them gives that puts another in its place, else the function.
    pub(super) fn decorated_by(
        &mut self,
        (file, decorators): (FileId, &[ExprId]),
        function: Value,
    ) -> Values {
        for decorator in decorators {
            let mut made = Gathered::default();
            for value in self.expr(file, *decorator).iter() {
                let given = self.flows_of(*value);
                let result = self.deeper(|resolver| resolver.result_of(*value));
                let functions = result.iter().filter(|v| matches!(v, Value::Function(..)));
                // What it was given, it only passes on.
                let own = functions.filter(|function| !given.contains(function));
                own.for_each(|function| made.add(*function));
            }
            if !made.is_empty() {
                return made.finish();
            }
        }
        [function].into()
    }

    /// What flows into the first parameter of a function.
    fn flows_of(&self, function: Value) -> Values {
        let flows = match function {
            Value::Function(file, function, _) => self.flows.get(&(file, function, 0)),
            _ => None,
        };
        flows.map_or_else(|| self.nothing(), Values::clone)
    }

    /// The instance or class whose code `scope` is in.
    fn this(&mut self, id: FileId, mut scope: ScopeId) -> Values {
        let file = self.world.file(id);
        let mut is_static = false;
        loop {
            let found = file.scope(scope);
            match found.kind {
                ScopeKind::Class(class) if is_static => return [Value::Class(id, class)].into(),
                ScopeKind::Class(class) => return [Value::Instance(id, class, 0)].into(),
                ScopeKind::Function(function) => {
                    let function = file.function(function);
                    if function.receiver != NONE {
                        return self.stated(id, function.receiver, 0);
                    }
                    if function.traits.has_own_this && function.class.is_none() {
                        return match function.holder {
                            NONE => self.nothing(),
                            holder => [Value::Literal(id, holder)].into(),
                        };
                    }
                    is_static |= function.traits.is_static;
                }
                _ if found.parent == scope => return self.nothing(),
                _ => {}
            }
            scope = found.parent;
        }
    }

    fn parent(&mut self, id: FileId, mut scope: ScopeId) -> Values {
        let file = self.world.file(id);
        let mut is_static = false;
        loop {
            let found = file.scope(scope);
            match found.kind {
                ScopeKind::Class(class) => return [Value::Super(id, class, is_static)].into(),
                ScopeKind::Function(function) => {
                    let traits = file.function(function).traits;
                    is_static |= traits.is_static || traits.is_of_class;
                }
                _ if found.parent == scope => return self.nothing(),
                _ => {}
            }
            scope = found.parent;
        }
    }

    /// What a context manager gives to `as`.
    fn entered(&mut self, file: FileId, inner: ExprId) -> Values {
        let inner = self.expr(file, inner);
        let mut values = Gathered::default();
        for value in inner.iter() {
            match value {
                Value::Many(env) => {
                    if let Some(items) = self.bindings.nth(*env, 0) {
                        values.extend(&items);
                    }
                }
                Value::Instance(..) => {
                    for name in ["__enter__", "__aenter__"] {
                        if let Some(name) = self.world.find_text(name) {
                            for method in self.member(*value, name).iter() {
                                values.extend(&self.result_of(*method));
                            }
                        }
                    }
                }
                Value::External(_) => values.add(*value),
                _ => {}
            }
        }
        values.finish()
    }

    /// What `await` makes of it.
    pub(super) fn awaited(&mut self, inner: &[Value]) -> Values {
        let mut values = Gathered::default();
        for value in inner {
            match value {
                Value::Builtin(name, env) if self.world.str(*name) == "Promise" => {
                    if let Some(given) = self.bindings.nth(*env, 0) {
                        values.extend(&given);
                    }
                }
                value => values.add(*value),
            }
        }
        values.finish()
    }

    /// What comes out when it is iterated.
    pub(super) fn items(&mut self, over: &[Value]) -> Values {
        let mut values = Gathered::default();
        for value in over {
            match *value {
                Value::Many(env) => {
                    if let Some(items) = self.bindings.nth(env, 0) {
                        values.extend(&items);
                    }
                }
                Value::Literal(file, expr) => {
                    values.extend(&self.items_of_literal(file, expr));
                }
                Value::Builtin(name, env) if self.world.str(name) == "Tuple" => {
                    let parts = self.bindings.get(env).clone();
                    for (_, part) in parts.iter() {
                        values.extend(part);
                    }
                }
                Value::Builtin(name, env) if self.world.str(name) == "Map" => {
                    let parts = self.bindings.get(env).clone();
                    values.add(self.tuple(parts.iter().map(|(_, part)| Values::clone(part))));
                }
                Value::External(_) => values.add(*value),
                Value::Builtin(name, _) if self.world.str(name) == "str" => values.add(*value),
                Value::Instance(..) => values.extend(&self.iterated(*value)),
                _ => {}
            }
        }
        values.finish()
    }

    fn items_of_literal(&mut self, file: FileId, expr: ExprId) -> Values {
        let mut values = Gathered::default();
        match self.world.file(file).expr(expr).clone() {
            Expr::List(items) => {
                for item in items {
                    values.extend(&self.expr(file, item));
                }
            }
            Expr::Slice(inner) => values.extend(&self.items_of_literal(file, inner)),
            _ => {}
        }
        values.finish()
    }

    /// What a part of something is that has as many items as one likes.
    fn sliced(&mut self, file: FileId, (expr, inner): (ExprId, ExprId)) -> Values {
        if matches!(self.world.file(file).expr(inner), Expr::List(_)) {
            return [Value::Literal(file, expr)].into();
        }
        let mut values = Gathered::default();
        for value in self.expr(file, inner).iter() {
            match *value {
                Value::Builtin(name, _) if self.world.str(name) != "Tuple" => values.add(*value),
                Value::Builtin(..) | Value::Literal(..) => {
                    let items = self.items(&[*value]);
                    values.add(self.many(items));
                }
                Value::Instance(..) => values.extend(&self.at(&[*value], 0)),
                Value::Many(_) | Value::External(_) => values.add(*value),
                _ => {}
            }
        }
        values.finish()
    }

    /// An object that says how it is iterated.
    fn iterated(&mut self, value: Value) -> Values {
        let Some(name) = self.world.find_text("__iter__") else {
            return self.nothing();
        };
        let mut values = Gathered::default();
        for method in self.member(value, name).iter() {
            let given = self.result_of(*method);
            if given.contains(&value) {
                let next = self.world.find_text("__next__");
                let next = next.map(|next| self.member(value, next));
                for method in next.into_iter().flat_map(|next| next.to_vec()) {
                    values.extend(&self.result_of(method));
                }
            } else {
                values.extend(&self.deeper(|resolver| resolver.items(&given)));
            }
        }
        values.finish()
    }

    /// The part of this number or key; all parts if it is not known.
    fn at(&mut self, whole: &[Value], key: Text) -> Values {
        let mut values = Gathered::default();
        for value in whole {
            match *value {
                Value::Literal(file, expr) => values.extend(&self.part(file, expr, key)),
                Value::Builtin(name, env) if self.world.str(name) == "Tuple" => {
                    let number = self.world.str(key).parse().ok();
                    let part = number.and_then(|number| self.bindings.nth(env, number));
                    values.extend(&part.unwrap_or_else(|| self.nothing()));
                }
                Value::Builtin(name, env) if self.world.str(name) == "Map" => {
                    let part = self.bindings.nth(env, 1);
                    values.extend(&part.unwrap_or_else(|| self.nothing()));
                }
                Value::Instance(..) => {
                    if let Some(name) = self.world.find_text("__getitem__") {
                        for method in self.member(*value, name).iter() {
                            values.extend(&self.result_of(*method));
                        }
                    }
                    if key != 0 {
                        values.extend(&self.member(*value, key));
                    }
                }
                value => values.extend(&self.items(&[value])),
            }
        }
        values.finish()
    }

    fn part(&mut self, file: FileId, expr: ExprId, key: Text) -> Values {
        let parts: Vec<(Text, ExprId)> = match self.world.file(file).expr(expr).clone() {
            Expr::Slice(_) => return self.items_of_literal(file, expr),
            Expr::List(items) => {
                let number: Option<usize> = self.world.str(key).parse().ok();
                let wanted = |at: usize| number.is_none_or(|number| number == at);
                let items = items.into_iter().enumerate();
                let items = items.filter(|(at, _)| wanted(*at));
                items.map(|(_, item)| (key, item)).collect()
            }
            Expr::Object(pairs) => {
                let pairs = pairs.into_iter();
                let texts = pairs.map(|(name, value)| (self.world.file(file).text(name), value));
                texts.collect()
            }
            _ => Vec::new(),
        };
        let is_there = parts.iter().any(|(name, _)| *name == key);
        let mut values = Gathered::default();
        for (name, value) in parts {
            if name == key || !is_there && (name == 0 || key == 0) {
                values.extend(&self.expr(file, value));
            }
        }
        values.finish()
    }

    /// Several of these.
    pub(super) fn many(&mut self, items: Values) -> Value {
        Value::Many(self.bindings.intern(vec![(nameless(0), items)]))
    }

    /// One of each of these.
    pub(super) fn tuple(&mut self, parts: impl Iterator<Item = Values>) -> Value {
        self.builtin("Tuple", parts)
    }

    /// Something of a type that the language brings, with its arguments.
    pub(super) fn builtin(&mut self, name: &str, arguments: impl Iterator<Item = Values>) -> Value {
        let name = self.world.text(name);
        let env = (0..).map(nameless).zip(arguments).collect();
        Value::Builtin(name, self.bindings.intern(env))
    }
}
