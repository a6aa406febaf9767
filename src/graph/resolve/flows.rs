//! What flows into parameters that state no type: whatever they are given
//! where their functions are called.

use std::collections::HashMap;

use super::Resolver;
use super::value::{FileId, Value};
use super::world::Dialect;
use crate::symbols::{Call, Expr, ExprId, FunctionId, NONE};

/// Values that flow into one parameter at most: what is given so many things
/// is made for anything.
const MAX_FLOWS: usize = 12;

type Flows = HashMap<(FileId, FunctionId, u32), Vec<Value>>;

impl Resolver {
    /// Notes what functions are given wherever they are called.
    pub(super) fn note_flows(&mut self) {
        let mut flows = HashMap::new();
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
        let found = self.world.file(file);
        if found.dialect != Dialect::Python {
            return;
        }
        for (number, function) in (0..).zip(&found.symbols().functions) {
            let decorators: Vec<ExprId> = function.decorators().collect();
            for (place, decorator) in decorators.iter().enumerate() {
                let below = (file, &decorators[place + 1..]);
                let given = self.decorated_by(below, Value::Function(file, number, 0));
                for value in self.expr(file, *decorator).iter() {
                    if let Value::Function(of, function, _) = *value {
                        note(flows, (of, function, 0), &given);
                    }
                }
            }
        }
    }
}

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
