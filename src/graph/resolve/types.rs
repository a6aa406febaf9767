//! What stated types stand for.

use std::rc::Rc;

use super::Resolver;
use super::scope::{Side, is_of};
use super::value::{EnvId, FileId, Gathered, Text, TypeParameter, Value, Values};
use crate::symbols::{Bound, NONE, Name, ScopeId, ScopeKind, Type, TypeId};

/// Types that mean what their first argument does.
const TRANSPARENT: [&str; 12] = [
    "Partial",
    "Readonly",
    "Required",
    "NonNullable",
    "Awaited",
    "Omit",
    "Pick",
    "Extract",
    "Exclude",
    "NoInfer",
    "Final",
    "ThisType",
];

/// Types of many of their first argument.
const LISTS: [&str; 15] = [
    "Array",
    "ReadonlyArray",
    "Set",
    "ReadonlySet",
    "WeakSet",
    "Iterable",
    "IterableIterator",
    "Iterator",
    "AsyncIterable",
    "AsyncIterableIterator",
    "AsyncIterator",
    "Generator",
    "AsyncGenerator",
    "ArrayLike",
    "Sequence",
];

/// Types from their first argument to their second.
const MAPS: [&str; 12] = [
    "Map",
    "ReadonlyMap",
    "WeakMap",
    "Record",
    "Dict",
    "dict",
    "Mapping",
    "MutableMapping",
    "DefaultDict",
    "defaultdict",
    "OrderedDict",
    "Counter",
];

/// Types of what is there later.
const PROMISES: [&str; 5] = ["Promise", "PromiseLike", "Awaitable", "Coroutine", "Future"];

impl Resolver {
    /// What something of the stated type is.
    pub(super) fn stated(&mut self, file: FileId, stated: TypeId, env: EnvId) -> Values {
        if stated == NONE {
            return self.nothing();
        }
        self.deeper(|resolver| resolver.any_type(file, stated, env))
    }

    fn any_type(&mut self, file: FileId, stated: TypeId, env: EnvId) -> Values {
        match self.world.file(file).stated(stated).clone() {
            Type::Unknown => self.nothing(),
            Type::Named {
                name,
                members,
                arguments,
                scope,
            } => {
                let arguments: Vec<Values> = arguments
                    .into_iter()
                    .map(|argument| self.stated(file, argument, env))
                    .collect();
                self.named((file, env), (name, &members, scope), &arguments)
            }
            Type::Union(parts) => {
                let mut values = Gathered::default();
                for part in parts {
                    values.extend(&self.stated(file, part, env));
                }
                values.finish()
            }
            Type::List(item) => {
                let items = self.stated(file, item, env);
                [self.many(items)].into()
            }
            Type::Tuple(parts) => {
                let parts: Vec<Values> = parts
                    .into_iter()
                    .map(|part| self.stated(file, part, env))
                    .collect();
                [self.tuple(parts.into_iter())].into()
            }
            Type::Function(function) => [Value::Function(file, function, env)].into(),
            Type::Object(class) => [Value::Instance(file, class, env)].into(),
            Type::Of(expr) => self.expr(file, expr),
            Type::Itself(made) => {
                let made = self.stated(file, made, env);
                let classes = made.iter().filter_map(|value| match value {
                    Value::Instance(file, class, _) => Some(Value::Class(*file, *class)),
                    _ => None,
                });
                classes.collect()
            }
            Type::This(scope) => self.type_of_this(file, scope),
            Type::Member(of, name) => {
                let of = self.stated(file, of, env);
                let name = self.world.file(file).text(name);
                self.members(&of, name)
            }
        }
    }

    fn type_of_this(&mut self, id: FileId, mut scope: ScopeId) -> Values {
        let file = self.world.file(id);
        loop {
            let found = file.scope(scope);
            match found.kind {
                ScopeKind::Class(class) => return [Value::Instance(id, class, 0)].into(),
                _ if found.parent == scope => return self.nothing(),
                _ => scope = found.parent,
            }
        }
    }

    fn named(
        &mut self,
        (file, env): (FileId, EnvId),
        (first, rest, scope): (Name, &[Name], ScopeId),
        arguments: &[Values],
    ) -> Values {
        let bounds = self.type_bindings(file, (first, scope));
        let last = rest.last().copied().unwrap_or(first);
        let last = self.world.file(file).text(last);
        let first = self.world.file(file).text(first);
        if bounds.is_empty() {
            return self.language_type(last, arguments);
        }
        let mut entities = Gathered::default();
        for (bound, at) in bounds {
            match bound {
                Bound::TypeParameter(limit) => {
                    let parameter = TypeParameter {
                        file,
                        scope: at,
                        name: first,
                    };
                    return self.parameter_type(file, (parameter, limit), env);
                }
                bound => entities.extend(&self.type_bound(file, bound)),
            }
        }
        let mut entities = entities.finish();
        for part in rest {
            let part = self.world.file(file).text(*part);
            entities = self.type_members(&entities, part);
        }
        let mut values = Gathered::default();
        for entity in entities.iter() {
            values.extend(&self.instantiated((*entity, last), arguments));
        }
        values.finish()
    }

    /// What stands behind the name of a type: classes, aliases, or what is
    /// outside.
    pub(super) fn entities(&mut self, file: FileId, stated: TypeId) -> Values {
        let stated = self.world.file(file).stated(stated).clone();
        let Type::Named {
            name,
            members,
            scope,
            ..
        } = stated
        else {
            return self.nothing();
        };
        let bounds = self.type_bindings(file, (name, scope));
        let mut entities = Gathered::default();
        for (bound, _) in &bounds {
            entities.extend(&self.type_bound(file, *bound));
        }
        if bounds.is_empty() {
            entities.add(Value::Global(self.world.file(file).text(name)));
        }
        let mut entities = entities.finish();
        for part in members {
            let part = self.world.file(file).text(part);
            entities = self.type_members(&entities, part);
        }
        entities
    }

    fn type_members(&mut self, entities: &[Value], part: Text) -> Values {
        let mut found = Gathered::default();
        for entity in entities {
            found.extend(&self.type_member(*entity, part));
        }
        found.finish()
    }

    /// What a binding gives as a type.
    pub(super) fn type_bound(&mut self, file: FileId, bound: Bound) -> Values {
        match bound {
            Bound::Import(import) => self.imported(file, import, Side::Type),
            bound => self.bound(file, bound),
        }
    }

    /// What a name is bound to as a type: in the nearest scope that has it.
    fn type_bindings(&self, file: FileId, (name, scope): (Name, ScopeId)) -> Vec<(Bound, ScopeId)> {
        let found = self.world.file(file);
        let mut here = scope;
        loop {
            let bindings = found.bindings(here, name);
            let types = bindings.iter().filter(|binding| {
                matches!(
                    binding.to,
                    Bound::Class(_)
                        | Bound::Alias(_)
                        | Bound::TypeParameter(_)
                        | Bound::Import(_)
                        | Bound::Namespace(_)
                        | Bound::Value(..)
                )
            });
            let mut types: Vec<_> = types.map(|binding| (binding.to, here)).collect();
            if types
                .iter()
                .any(|(bound, _)| is_of(&found, *bound, Side::Type))
            {
                types.retain(|(bound, _)| is_of(&found, *bound, Side::Type));
            }
            let parent = found.scope(here).parent;
            if !types.is_empty() || parent == here {
                return types;
            }
            here = parent;
        }
    }

    fn parameter_type(
        &mut self,
        file: FileId,
        (parameter, limit): (TypeParameter, TypeId),
        env: EnvId,
    ) -> Values {
        let env = Rc::clone(self.bindings.get(env));
        if let Some((_, values)) = env.iter().find(|(known, _)| *known == parameter) {
            return Values::clone(values);
        }
        let mut values = Gathered::default();
        values.add(Value::Parameter(parameter));
        values.extend(&self.stated(file, limit, 0));
        values.finish()
    }

    /// Something of what a type's name stands for.
    fn instantiated(&mut self, (entity, name): (Value, Text), arguments: &[Values]) -> Values {
        match entity {
            Value::Class(of, class) => {
                let env = self.class_env(of, class, arguments);
                [Value::Instance(of, class, env)].into()
            }
            Value::Alias(of, alias) => {
                let alias = self.world.file(of).alias(alias).clone();
                let env = self.env_of(of, (alias.scope, &alias.type_parameters), arguments);
                self.stated(of, alias.of, env)
            }
            Value::External(_) => {
                let known = self.language_type(name, arguments);
                let is_container = known.iter().any(|v| {
                    matches!(v, Value::Many(_)) || matches!(v, Value::Builtin(_, env) if *env != 0)
                });
                if is_container {
                    return known;
                }
                [entity].into()
            }
            _ => self.nothing(),
        }
    }

    /// The environment of an instance with these type arguments.
    pub(super) fn class_env(&mut self, file: FileId, class: u32, arguments: &[Values]) -> EnvId {
        let class = self.world.file(file).class(class).clone();
        self.env_of(file, (class.scope, &class.type_parameters), arguments)
    }

    pub(super) fn env_of(
        &mut self,
        file: FileId,
        (scope, names): (ScopeId, &[Name]),
        arguments: &[Values],
    ) -> EnvId {
        if arguments.is_empty() || names.is_empty() {
            return 0;
        }
        let parameter = |name: &Name| TypeParameter {
            file,
            scope,
            name: self.world.file(file).text(*name),
        };
        let env = names.iter().map(parameter).zip(arguments.iter().cloned());
        let env = env.collect();
        self.bindings.intern(env)
    }

    /// A type that the language brings.
    fn language_type(&mut self, name: Text, arguments: &[Values]) -> Values {
        let text = self.world.str(name).to_owned();
        let first = || arguments.first().cloned();
        if TRANSPARENT.contains(&text.as_str()) {
            return first().unwrap_or_else(|| self.nothing());
        }
        if LISTS.contains(&text.as_str()) {
            let items = first().unwrap_or_else(|| self.nothing());
            return [self.many(items)].into();
        }
        if MAPS.contains(&text.as_str()) {
            return [self.builtin("Map", arguments.iter().cloned())].into();
        }
        if PROMISES.contains(&text.as_str()) {
            return [self.builtin("Promise", arguments.iter().cloned())].into();
        }
        [Value::Builtin(name, 0)].into()
    }

    /// The values with what their type parameters stand for.
    pub(super) fn substituted(&mut self, values: &[Value], env: EnvId) -> Values {
        if env == 0 || !values.iter().any(|value| is_open(*value)) {
            return values.into();
        }
        let known = Rc::clone(self.bindings.get(env));
        let mut found = Gathered::default();
        for value in values {
            match *value {
                Value::Parameter(parameter) => {
                    match known.iter().find(|(known, _)| *known == parameter) {
                        Some((_, values)) => found.extend(values),
                        None => found.add(*value),
                    }
                }
                Value::Instance(file, class, inner) => {
                    found.add(Value::Instance(file, class, self.narrowed(inner, env)));
                }
                Value::Function(file, function, inner) => {
                    let env = if inner == 0 {
                        env
                    } else {
                        self.narrowed(inner, env)
                    };
                    found.add(Value::Function(file, function, env));
                }
                Value::Many(inner) => found.add(Value::Many(self.narrowed(inner, env))),
                Value::Builtin(name, inner) => {
                    found.add(Value::Builtin(name, self.narrowed(inner, env)));
                }
                value => found.add(value),
            }
        }
        found.finish()
    }

    /// An environment whose own values are substituted.
    pub(super) fn narrowed(&mut self, inner: EnvId, env: EnvId) -> EnvId {
        if inner == 0 || env == 0 || self.depth >= super::MAX_DEPTH {
            return inner;
        }
        self.depth += 1;
        let known = Rc::clone(self.bindings.get(inner));
        let narrowed = known
            .iter()
            .map(|(parameter, values)| (*parameter, self.substituted(values, env)))
            .collect();
        self.depth -= 1;
        self.bindings.intern(narrowed)
    }

    /// Two environments in one; the first counts.
    pub(super) fn joined(&mut self, first: EnvId, second: EnvId) -> EnvId {
        if first == 0 || second == 0 {
            return first.max(second);
        }
        let mut env = self.bindings.get(first).to_vec();
        for entry in self.bindings.get(second).iter() {
            if !env.iter().any(|(known, _)| *known == entry.0) {
                env.push(entry.clone());
            }
        }
        self.bindings.intern(env)
    }
}

/// Whether type parameters may be in it.
fn is_open(value: Value) -> bool {
    match value {
        Value::Parameter(_) | Value::Function(..) => true,
        Value::Instance(_, _, env) | Value::Many(env) | Value::Builtin(_, env) => env != 0,
        _ => false,
    }
}
