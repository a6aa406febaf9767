//! Which definitions stand behind what was found.

use super::Resolver;
use super::resolution::End;
use super::value::{FileId, Value};
use crate::symbols::{Bound, ClassId, Expr, NONE, ScopeId};

impl Resolver {
    /// The definitions that run when a value is called, with the class that is
    /// made by them.
    pub(super) fn run_definitions(&mut self, value: Value) -> Vec<(End, Option<End>)> {
        match value {
            Value::Function(..) => self.function_ends(&[value]),
            Value::Class(file, class) => self.constructor_ends(file, class),
            Value::Super(file, class, _) => {
                // As written: the class above, whoever its constructor is from.
                let lineage = self.lineage(file, class);
                let above = lineage.get(1).copied();
                above.map_or(Vec::new(), |(file, class, _)| {
                    self.constructor_ends(file, class)
                })
            }
            Value::Instance(..) => {
                let methods = self.called_on(value);
                self.function_ends(&methods)
            }
            _ => Vec::new(),
        }
    }

    fn function_ends(&self, values: &[Value]) -> Vec<(End, Option<End>)> {
        let ends = values.iter().filter_map(|value| self.function_end(*value));
        ends.map(|end| (end, None)).collect()
    }

    fn function_end(&self, value: Value) -> Option<End> {
        let Value::Function(file, function, _) = value else {
            return None;
        };
        let definition = self.world.file(file).function(function).definition?;
        Some(End::definition(file, definition))
    }

    /// The constructor that a class declares itself, else the class: an
    /// inherited one is not what the call names.
    fn constructor_ends(&mut self, file: FileId, class: ClassId) -> Vec<(End, Option<End>)> {
        let itself = class_end(self, file, class);
        let constructors = self.constructors(Value::Class(file, class));
        let is_own = |value: &&Value| match **value {
            Value::Function(of, function, _) => {
                of == file && self.world.file(of).function(function).class == Some(class)
            }
            _ => false,
        };
        let own = constructors.iter().filter(is_own);
        let runs: Vec<End> = own.filter_map(|value| self.function_end(*value)).collect();
        if runs.is_empty() {
            return itself.map(|itself| (itself, None)).into_iter().collect();
        }
        runs.into_iter().map(|run| (run, itself)).collect()
    }
}

/// The definition whose code a scope is in, else the file.
pub(super) fn source_of(resolver: &Resolver, file: FileId, scope: ScopeId) -> End {
    let definition = resolver.world.file(file).scope(scope).definition;
    End { file, definition }
}

/// The definition of a class; none of one without a name.
fn class_end(resolver: &Resolver, file: FileId, class: ClassId) -> Option<End> {
    let definition = resolver.world.file(file).class(class).definition;
    definition.map(|definition| End::definition(file, definition))
}

/// The definitions of what is named as a base.
pub(super) fn base_targets(resolver: &Resolver, values: &[Value]) -> Vec<End> {
    let ends = values.iter().filter_map(|value| match *value {
        Value::Class(file, class) | Value::Instance(file, class, _) => {
            class_end(resolver, file, class)
        }
        Value::Alias(file, alias) => {
            let definition = resolver.world.file(file).alias(alias).definition?;
            Some(End::definition(file, definition))
        }
        _ => None,
    });
    let mut found = Vec::new();
    for end in ends {
        if !found.contains(&end) {
            found.push(end);
        }
    }
    found
}

/// The definition that a name is bound to.
pub(super) fn definition_of(resolver: &Resolver, file: FileId, bound: Bound) -> Option<End> {
    let found = resolver.world.file(file);
    let definition = match bound {
        Bound::Function(function) => found.function(function).definition,
        Bound::Class(class) => found.class(class).definition,
        Bound::Alias(alias) => found.alias(alias).definition,
        Bound::Namespace(scope) => found.scope(scope).definition,
        Bound::Value(NONE, value) => match *found.expr(value) {
            Expr::Function(function) => found.function(function).definition,
            Expr::Class(class) => found.class(class).definition,
            Expr::Name(name, scope, at) => {
                let bounds = resolver.look_up(file, (name, scope), at);
                let plain = |bound: &&Bound| !matches!(bound, Bound::Value(..) | Bound::Import(_));
                let bound = bounds.iter().find(plain)?;
                return definition_of(resolver, file, *bound);
            }
            _ => None,
        },
        _ => None,
    };
    definition.map(|definition| End::definition(file, definition))
}
