//! What type parameters stand for in one call.

use super::Resolver;
use super::calls::parameter_at;
use super::value::{Env, EnvId, FileId, Gathered, TypeParameter, Value, Values};
use crate::symbols::{Argument, Bound, Call, FunctionId, NONE, Parameter, ScopeId, Type, TypeId};

/// A file, and the scope in it that has the type parameters asked for.
type Own = (FileId, ScopeId);

impl Resolver {
    /// What the type parameters of a function are in one call of it.
    pub(super) fn inferred(
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

    pub(super) fn inferred_of_class(
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
                name,
                members,
                arguments,
                ..
            } => {
                let parameter = self
                    .type_parameter(own, name)
                    .filter(|_| members.is_empty());
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
}
