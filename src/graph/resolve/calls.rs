//! What calls give, and what functions are given.

use super::Resolver;
use super::value::{Env, EnvId, FileId, Gathered, TypeParameter, Value, Values};
use super::world::Dialect;
use crate::symbols::{
    Argument, Bound, Call, CallKind, Expr, Function, FunctionId, NONE, Parameter, ScopeId, Type,
    TypeId,
};

/// Values that flow into one parameter at most: what is given so many things
/// is made for anything.
const MAX_FLOWS: usize = 12;

impl Resolver {
    /// What a call gives.
    pub(super) fn call_result(&mut self, file: FileId, number: u32) -> Values {
        let call = self.world.file(file).call(number).clone();
        let mut values = Gathered::default();
        for callee in self.expr(file, call.callee).iter() {
            values.extend(&self.result_of_call(file, &call, *callee));
        }
        values.finish()
    }

    fn result_of_call(&mut self, file: FileId, call: &Call, callee: Value) -> Values {
        match callee {
            Value::Function(of, function, env) => {
                let env = self.inferred((of, function, env), file, call);
                let given = self.function_result(of, function, env);
                let found = self.world.file(of).function(function);
                if call.kind == CallKind::New && given.is_empty() && found.definition.is_some() {
                    return self.nothing();
                }
                given
            }
            Value::Class(of, class) => {
                let arguments = call.type_arguments.clone().into_iter();
                let arguments: Vec<Values> = arguments.map(|t| self.stated(file, t, 0)).collect();
                let mut env = self.class_env(of, class, &arguments);
                if env == 0 {
                    env = self.inferred_of_class((of, class), file, call);
                }
                [Value::Instance(of, class, env)].into()
            }
            Value::BuiltinMethod(method, env) => {
                let method = self.world.str(method).to_owned();
                self.builtin_result((&method, env), file, call)
            }
            Value::Global(name) => {
                let name = self.world.str(name).to_owned();
                let arguments: Vec<Values> = if call.type_arguments.is_empty() {
                    let arguments = call.arguments.iter();
                    arguments.map(|a| self.expr(file, a.value)).collect()
                } else {
                    let arguments = call.type_arguments.clone().into_iter();
                    arguments.map(|t| self.stated(file, t, 0)).collect()
                };
                self.global_result(&name, &arguments, call.kind == CallKind::New)
            }
            value => self.result_of(value),
        }
    }

    /// What calling a value gives, whatever it is given.
    pub(super) fn result_of(&mut self, value: Value) -> Values {
        match value {
            Value::Function(file, function, env) => self.function_result(file, function, env),
            Value::Class(file, class) => [Value::Instance(file, class, 0)].into(),
            Value::Instance(..) => {
                let mut values = Gathered::default();
                for method in self.called_on(value).iter() {
                    values.extend(&self.result_of(*method));
                }
                values.finish()
            }
            Value::External(_) => [value].into(),
            _ => self.nothing(),
        }
    }

    /// The method that runs when an instance is called.
    pub(super) fn called_on(&mut self, instance: Value) -> Values {
        for name in ["__call__", "()"] {
            if let Some(name) = self.world.find_text(name) {
                let found = self.member(instance, name);
                if found
                    .iter()
                    .any(|value| matches!(value, Value::Function(..)))
                {
                    return found;
                }
            }
        }
        self.nothing()
    }

    /// What a function returns, by what it states, else by its statements.
    pub(super) fn function_result(&mut self, file: FileId, id: FunctionId, env: EnvId) -> Values {
        if !self.asked.insert((file, id, env)) {
            return self.nothing();
        }
        let found = self.deeper(|resolver| resolver.returned(file, id, env));
        self.asked.remove(&(file, id, env));
        found
    }

    fn returned(&mut self, file: FileId, id: FunctionId, env: EnvId) -> Values {
        let function = self.world.file(file).function(id).clone();
        let mut values = Gathered::default();
        for overload in &function.overloads {
            let returns = self.world.file(file).function(*overload).returns;
            values.extend(&self.stated(file, returns, env));
        }
        if !values.is_empty() {
            return values.finish();
        }
        let stated = self.stated(file, function.returns, env);
        if !stated.is_empty() {
            return stated;
        }
        if !function.yielded.is_empty() {
            return self.yielded(file, &function, env);
        }
        for value in &function.returned {
            values.extend(&self.expr(file, *value));
        }
        if values.is_empty() {
            for expected in self.stated(file, function.expected, env).iter() {
                if *expected != Value::Function(file, id, env) {
                    values.extend(&self.result_of(*expected));
                }
            }
        }
        let values = values.finish();
        self.substituted(&values, env)
    }

    fn yielded(&mut self, file: FileId, function: &Function, env: EnvId) -> Values {
        let mut items = Gathered::default();
        for value in &function.yielded {
            items.extend(&self.expr(file, *value));
        }
        let items = items.finish();
        let items = self.substituted(&items, env);
        [self.many(items)].into()
    }

    /// What a parameter is inside its function.
    pub(super) fn parameter(&mut self, file: FileId, id: FunctionId, number: u32) -> Values {
        if let Some(known) = self.parameters.get(&(file, id, number)) {
            return Values::clone(known);
        }
        let nothing = self.nothing();
        self.parameters.insert((file, id, number), nothing);
        let found = self.deeper(|resolver| resolver.any_parameter(file, id, number));
        self.parameters
            .insert((file, id, number), Values::clone(&found));
        found
    }

    fn any_parameter(&mut self, file: FileId, id: FunctionId, number: u32) -> Values {
        let function = self.world.file(file).function(id).clone();
        let Some(parameter) = function.parameters.get(number as usize).copied() else {
            return self.nothing();
        };
        if parameter.of_type != NONE {
            return self.parameter_of_type(file, parameter, 0);
        }
        if number == 0
            && let Some(receiver) = self.receiver(file, &function)
        {
            return [receiver].into();
        }
        let mut values = Gathered::default();
        for expected in self.stated(file, function.expected, 0).iter() {
            values.extend(&self.parameter_of_function(*expected, number));
        }
        values.extend(&self.in_context(file, id, number));
        values.extend(&self.expr(file, parameter.default));
        if let Some(given) = self.flows.get(&(file, id, number)) {
            values.extend(given);
        }
        values.finish()
    }

    fn parameter_of_type(&mut self, file: FileId, parameter: Parameter, env: EnvId) -> Values {
        let found = self.stated(file, parameter.of_type, env);
        let is_python = self.world.file(file).dialect == Dialect::Python;
        if parameter.is_rest && is_python {
            return [self.many(found)].into();
        }
        found
    }

    /// `self` of a Python method, `cls` of one that belongs to the class.
    fn receiver(&self, file: FileId, function: &Function) -> Option<Value> {
        let class = function.class?;
        let found = self.world.file(file);
        if found.dialect != Dialect::Python || function.traits.is_static {
            return None;
        }
        let definition = function.definition.map(|id| found.definition(id).qualname);
        let qualname = definition.map_or("", |name| self.world.str(found.text(name)));
        let name = qualname.rsplit('.').next().unwrap_or(qualname);
        let is_given_class = matches!(name, "__new__" | "__init_subclass__" | "__class_getitem__");
        if function.traits.is_of_class || is_given_class {
            return Some(Value::Class(file, class));
        }
        Some(Value::Instance(file, class, 0))
    }

    /// What the function that a lambda is given to says that it will hand it.
    fn in_context(&mut self, file: FileId, id: FunctionId, number: u32) -> Values {
        let Some((call, place)) = self.world.contexts.get(&(file, id)).copied() else {
            return self.nothing();
        };
        let is_named = self.world.file(file).function(id).definition.is_some();
        if is_named && self.world.file(file).dialect == Dialect::Python {
            return self.nothing();
        }
        let call = self.world.file(file).call(call).clone();
        let mut values = Gathered::default();
        for callee in self.expr(file, call.callee).iter() {
            match *callee {
                Value::BuiltinMethod(method, env) => {
                    let method = self.world.str(method).to_owned();
                    values.extend(&self.handed((&method, env), number));
                }
                Value::Function(of, function, env) => {
                    let env = self.inferred((of, function, env), file, &call);
                    values.extend(&self.expected((of, function, env), place, number));
                }
                Value::Class(of, class) => {
                    let constructors = self.constructors(Value::Class(of, class));
                    for constructor in constructors.iter() {
                        if let Value::Function(of, function, env) = *constructor {
                            let arguments = call.type_arguments.clone().into_iter();
                            let arguments: Vec<Values> =
                                arguments.map(|t| self.stated(file, t, 0)).collect();
                            let given = self.class_env(of, class, &arguments);
                            let env = self.joined(given, env);
                            values.extend(&self.expected((of, function, env), place, number));
                        }
                    }
                }
                _ => {}
            }
        }
        values.finish()
    }

    /// The type of parameter `number` of the function that parameter `place`
    /// of the called one has to be.
    fn expected(
        &mut self,
        (file, id, env): (FileId, FunctionId, EnvId),
        place: usize,
        number: u32,
    ) -> Values {
        let function = self.world.file(file).function(id).clone();
        let mut values = Gathered::default();
        for signature in function.overloads.iter().chain([&id]) {
            let found = self.world.file(file).function(*signature).clone();
            let Some(parameter) = parameter_at(&found.parameters, place) else {
                continue;
            };
            let expected = self.stated(file, parameter.of_type, env);
            let expected = if parameter.is_rest {
                self.items(&expected)
            } else {
                expected
            };
            for value in expected.iter() {
                values.extend(&self.parameter_of_function(*value, number));
            }
            if !values.is_empty() {
                break;
            }
        }
        values.finish()
    }

    fn parameter_of_function(&mut self, function: Value, number: u32) -> Values {
        match function {
            Value::Function(file, id, env) => {
                let parameters = self.world.file(file).function(id).parameters.clone();
                let Some(parameter) = parameter_at(&parameters, number as usize) else {
                    return self.nothing();
                };
                let found = self.stated(file, parameter.of_type, env);
                if parameter.is_rest {
                    return self.items(&found);
                }
                found
            }
            Value::Instance(..) => {
                let mut values = Gathered::default();
                for method in self.called_on(function).iter() {
                    values.extend(&self.parameter_of_function(*method, number));
                }
                values.finish()
            }
            _ => self.nothing(),
        }
    }

    /// The constructor that runs for a class, its own or inherited.
    pub(super) fn constructors(&mut self, class: Value) -> Values {
        let (file, id, skip_static) = match class {
            Value::Class(file, id) | Value::Super(file, id, _) => (file, id, class),
            _ => return self.nothing(),
        };
        let name = match self.world.file(file).dialect {
            Dialect::Python => "__init__",
            Dialect::Ecma => "constructor",
        };
        let Some(name) = self.world.find_text(name) else {
            return self.nothing();
        };
        match skip_static {
            Value::Super(..) => self.member(Value::Super(file, id, false), name),
            _ => self.member(Value::Instance(file, id, 0), name),
        }
    }

    /// What the type parameters of a function are in one call of it.
    fn inferred(
        &mut self,
        (of, id, env): (FileId, FunctionId, EnvId),
        file: FileId,
        call: &Call,
    ) -> EnvId {
        let function = self.world.file(of).function(id).clone();
        let mut env = env;
        for signature in function.overloads.iter().chain([&id]) {
            let found = self.world.file(of).function(*signature).clone();
            if found.type_parameters.is_empty() {
                continue;
            }
            let own = (of, found.scope);
            let inner = if call.type_arguments.is_empty() {
                self.inferred_from(own, &found.parameters, (file, &call.arguments))
            } else {
                let arguments = call.type_arguments.clone().into_iter();
                let arguments: Vec<Values> = arguments.map(|t| self.stated(file, t, 0)).collect();
                self.env_of(of, (found.scope, &found.type_parameters), &arguments)
            };
            env = self.joined(env, inner);
        }
        env
    }

    fn inferred_of_class(
        &mut self,
        (of, class): (FileId, u32),
        file: FileId,
        call: &Call,
    ) -> EnvId {
        let found = self.world.file(of).class(class).clone();
        if found.type_parameters.is_empty() {
            return 0;
        }
        for constructor in self.constructors(Value::Class(of, class)).iter() {
            if let Value::Function(maker, id, _) = *constructor
                && maker == of
            {
                let parameters = self.world.file(of).function(id).parameters.clone();
                return self.inferred_from((of, found.scope), &parameters, (file, &call.arguments));
            }
        }
        0
    }

    fn inferred_from(
        &mut self,
        own: Own,
        parameters: &[Parameter],
        (file, arguments): (FileId, &[Argument]),
    ) -> EnvId {
        let mut env = Vec::new();
        for (place, argument) in arguments.iter().enumerate() {
            let Some(parameter) = parameter_at(parameters, place) else {
                continue;
            };
            if parameter.of_type == NONE || argument.value == NONE {
                continue;
            }
            let given = self.expr(file, argument.value);
            self.unify((own, parameter.of_type), &given, &mut env);
        }
        self.bindings.intern(env)
    }

    /// Finds what the type parameters of `own` are where `given` is of `stated`.
    fn unify(&mut self, (own, stated): (Own, TypeId), given: &[Value], env: &mut Env) {
        if given.is_empty() || self.depth >= super::MAX_DEPTH {
            return;
        }
        self.depth += 1;
        match self.world.file(own.0).stated(stated).clone() {
            Type::Named {
                path, arguments, ..
            } => {
                let parameter = match path.as_slice() {
                    [name] => self.type_parameter(own, *name),
                    _ => None,
                };
                if let Some(parameter) = parameter {
                    if !env.iter().any(|(known, _)| *known == parameter) {
                        env.push((parameter, given.into()));
                    }
                } else {
                    self.unify_arguments((own, &arguments), given, env);
                }
            }
            Type::List(item) => {
                let items = self.items(given);
                self.unify((own, item), &items, env);
            }
            Type::Union(parts) => {
                for part in parts {
                    self.unify((own, part), given, env);
                }
            }
            Type::Function(function) => {
                let returns = self.world.file(own.0).function(function).returns;
                let mut results = Gathered::default();
                for value in given {
                    if let Value::Function(..) | Value::Class(..) = value {
                        results.extend(&self.result_of(*value));
                    }
                }
                self.unify((own, returns), &results.finish(), env);
            }
            _ => {}
        }
        self.depth -= 1;
    }

    /// The arguments of a named type, by those of the instances given.
    fn unify_arguments(
        &mut self,
        (own, arguments): (Own, &[TypeId]),
        given: &[Value],
        env: &mut Env,
    ) {
        for value in given {
            let (Value::Instance(_, _, inner) | Value::Many(inner) | Value::Builtin(_, inner)) =
                *value
            else {
                continue;
            };
            let entries = self.bindings.get(inner).to_vec();
            for (argument, (_, values)) in arguments.iter().zip(entries) {
                self.unify((own, *argument), &values, env);
            }
        }
    }

    fn type_parameter(&self, (id, scope): Own, name: u32) -> Option<TypeParameter> {
        let file = self.world.file(id);
        let is_own = file
            .bindings(scope, name)
            .iter()
            .any(|binding| matches!(binding.to, Bound::TypeParameter(_)));
        is_own.then(|| TypeParameter {
            file: id,
            scope,
            name: file.text(name),
        })
    }

    /// Notes what functions are given wherever they are called.
    pub(super) fn note_flows(&mut self) {
        let mut flows = std::collections::HashMap::new();
        for file in self.world.ids() {
            for number in 0..self.world.file(file).symbols().calls.len() {
                let number = u32::try_from(number).unwrap_or(NONE);
                self.note_flow(file, number, &mut flows);
            }
            self.note_decorated(file, &mut flows);
        }
        let flows = flows.into_iter();
        let few = flows.filter(|(_, values): &(_, Vec<Value>)| values.len() <= MAX_FLOWS);
        self.flows = few.map(|(key, values)| (key, values.into())).collect();
    }

    fn note_flow(&mut self, file: FileId, number: u32, flows: &mut Flows) {
        let call = self.world.file(file).call(number).clone();
        if call.arguments.is_empty() {
            return;
        }
        for callee in self.expr(file, call.callee).iter() {
            for (of, function, skipped) in self.run_by(*callee, file, &call) {
                // What tests give says little about what is given in earnest.
                if self.world.file(file).is_test && !self.world.file(of).is_test {
                    continue;
                }
                let found = self.world.file(of).function(function).clone();
                for (place, argument) in call.arguments.iter().enumerate() {
                    let place = if argument.name == NONE {
                        Some(place + skipped)
                    } else {
                        let text = self.world.file(file).text(argument.name);
                        let known = self.world.file(of).name(text);
                        found.parameters.iter().position(|p| Some(p.name) == known)
                    };
                    let Some(place) = place else { continue };
                    let is_open = found
                        .parameters
                        .get(place)
                        .is_some_and(|p| p.of_type == NONE && !p.is_rest);
                    if is_open {
                        let given = self.expr(file, argument.value);
                        note(flows, (of, function, place), &given);
                    }
                }
            }
        }
    }

    /// The functions that a call runs, and how many parameters they are given
    /// without being written.
    fn run_by(
        &mut self,
        value: Value,
        from: FileId,
        call: &Call,
    ) -> Vec<(FileId, FunctionId, usize)> {
        let values = match value {
            Value::Class(..) | Value::Super(..) => self.constructors(value),
            Value::Instance(..) => self.called_on(value),
            other => [other].into(),
        };
        let is_construction = !matches!(value, Value::Function(..));
        let mut found = Vec::new();
        for run in values.iter() {
            if let Value::Function(file, function, _) = *run {
                let of = self.world.file(file).function(function).clone();
                let is_python = self.world.file(file).dialect == Dialect::Python;
                let takes_receiver = is_python && of.class.is_some() && !of.traits.is_static;
                let is_on_class =
                    !is_construction && self.is_class_access(from, call) && !of.traits.is_of_class;
                let skipped = usize::from(takes_receiver && !is_on_class);
                found.push((file, function, skipped));
            }
        }
        found
    }

    /// Whether a Python method is called on its class: `Base.run(self)`.
    fn is_class_access(&mut self, file: FileId, call: &Call) -> bool {
        let Expr::Member(object, _) = *self.world.file(file).expr(call.callee) else {
            return false;
        };
        let objects = self.expr(file, object);
        objects
            .iter()
            .any(|value| matches!(value, Value::Class(..)))
    }

    /// What decorators are given.
    fn note_decorated(&mut self, file: FileId, flows: &mut Flows) {
        if self.world.file(file).dialect != Dialect::Python {
            return;
        }
        for number in 0..self.world.file(file).symbols().functions.len() {
            let number = u32::try_from(number).unwrap_or(NONE);
            let decorators = self.world.file(file).function(number).decorators.clone();
            for decorator in decorators {
                for value in self.expr(file, decorator).iter() {
                    if let Value::Function(of, function, _) = *value {
                        let given = [Value::Function(file, number, 0)];
                        note(flows, (of, function, 0), &given);
                    }
                }
            }
        }
    }
}

/// A file, and the scope in it that has the type parameters asked for.
type Own = (FileId, ScopeId);

type Flows = std::collections::HashMap<(FileId, FunctionId, u32), Vec<Value>>;

fn note(flows: &mut Flows, (file, function, place): (FileId, FunctionId, usize), given: &[Value]) {
    let place = u32::try_from(place).unwrap_or(u32::MAX);
    for value in given {
        let is_of_use = matches!(
            value,
            Value::Function(..) | Value::Class(..) | Value::Instance(..) | Value::Literal(..)
        );
        let known = flows.entry((file, function, place)).or_default();
        if is_of_use && !known.contains(value) {
            known.push(*value);
        }
    }
}

/// The parameter that takes the argument at `place`.
fn parameter_at(parameters: &[Parameter], place: usize) -> Option<Parameter> {
    let last = parameters.last().filter(|last| last.is_rest);
    parameters.get(place).or(last).copied()
}
