//! What calls give, and what parameters are inside their functions.

use super::Resolver;
use super::value::{EnvId, FileId, Gathered, Value, Values};
use super::world::Dialect;
use crate::symbols::{Call, CallKind, Function, FunctionId, NONE, Parameter};

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
                let is_named = || self.world.file(of).function(function).definition.is_some();
                if call.kind == CallKind::New && given.is_empty() && is_named() {
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
        if function.yielded().next().is_some() {
            return self.yielded(file, &function, env);
        }
        for value in function.returned() {
            values.extend(&self.expr(file, value));
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
        for value in function.yielded() {
            items.extend(&self.expr(file, value));
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
        let Some((call, place)) = self.world.file(file).context(id) else {
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
}

/// The parameter that takes the argument at `place`.
pub(super) fn parameter_at(parameters: &[Parameter], place: usize) -> Option<Parameter> {
    let last = parameters.last().filter(|last| last.is_rest);
    parameters.get(place).or(last).copied()
}
