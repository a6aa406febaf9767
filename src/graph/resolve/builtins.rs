//! The little that has to be known of what the languages bring: which methods
//! of their containers give items, and what they hand to callbacks.

use super::Resolver;
use super::value::{EnvId, FileId, Gathered, Value, Values};
use crate::symbols::Call;

/// The package under which the language's own names are listed.
pub(super) const PACKAGE: &str = "builtins";

impl Resolver {
    /// What a method of a container gives.
    pub(super) fn builtin_result(
        &mut self,
        (method, env): (&str, EnvId),
        file: FileId,
        call: &Call,
    ) -> Values {
        let entries = self.bindings.get(env).len();
        let item = || entries.checked_sub(1);
        let nth = |resolver: &Self, number: Option<usize>| {
            let found = number.and_then(|number| resolver.bindings.nth(env, number));
            found.unwrap_or_else(|| resolver.nothing())
        };
        match method {
            "find" | "findLast" | "pop" | "shift" | "at" | "get" | "popleft" | "setdefault"
            | "next" => nth(self, item()),
            "filter" | "slice" | "concat" | "reverse" | "sort" | "splice" | "toSorted"
            | "toReversed" | "copy" | "union" => [Value::Many(env)].into(),
            "values" => {
                let items = nth(self, item());
                [self.many(items)].into()
            }
            "keys" => {
                let items = nth(self, Some(0).filter(|_| entries == 2));
                [self.many(items)].into()
            }
            "entries" | "items" if entries == 2 => {
                let pair = [nth(self, Some(0)), nth(self, Some(1))];
                let pair = self.tuple(pair.into_iter());
                [self.many([pair].into())].into()
            }
            "map" | "flatMap" => {
                let given = self.callback_result(file, call);
                let items = if method == "flatMap" {
                    self.items(&given)
                } else {
                    given
                };
                [self.many(items)].into()
            }
            "then" | "catch" | "finally" => {
                let given = self.callback_result(file, call);
                let given = self.awaited(&given);
                [self.builtin("Promise", std::iter::once(given))].into()
            }
            // What holds nothing of ours gives nothing of ours.
            _ if entries == 0 => {
                let package = self.world.text(PACKAGE);
                [Value::External(package)].into()
            }
            _ => self.nothing(),
        }
    }

    fn callback_result(&mut self, file: FileId, call: &Call) -> Values {
        let mut given = Gathered::default();
        if let Some(first) = call.arguments.first() {
            for value in self.expr(file, first.value).iter() {
                given.extend(&self.result_of(*value));
            }
        }
        given.finish()
    }

    /// What a method of a container hands to parameter `number` of its callback.
    pub(super) fn handed(&mut self, (method, env): (&str, EnvId), number: u32) -> Values {
        let entries = self.bindings.get(env).len();
        let is_folding = matches!(method, "reduce" | "reduceRight");
        let is_comparing = matches!(method, "sort" | "toSorted");
        let is_visiting = is_comparing
            || matches!(
                method,
                "forEach"
                    | "map"
                    | "flatMap"
                    | "filter"
                    | "find"
                    | "findIndex"
                    | "findLast"
                    | "some"
                    | "every"
            );
        let place = match number {
            0 if method == "then" => Some(0),
            0 if is_visiting => entries.checked_sub(1),
            1 if is_folding || is_comparing => entries.checked_sub(1),
            1 if method == "forEach" && entries == 2 => Some(0),
            _ => None,
        };
        let found = place.and_then(|place| self.bindings.nth(env, place));
        found.unwrap_or_else(|| self.nothing())
    }

    /// What calling a name of the language gives.
    pub(super) fn global_result(
        &mut self,
        name: &str,
        arguments: &[Values],
        is_new: bool,
    ) -> Values {
        let first = || arguments.first().cloned();
        match name {
            "Map" | "WeakMap" => [self.builtin("Map", arguments.iter().cloned())].into(),
            "Promise" => [self.builtin("Promise", arguments.iter().cloned())].into(),
            "Set" | "WeakSet" | "Array" => {
                let items = first().unwrap_or_else(|| self.nothing());
                [self.many(items)].into()
            }
            "iter" | "reversed" | "sorted" | "list" | "set" | "tuple" | "frozenset" => {
                let items = first().unwrap_or_else(|| self.nothing());
                let items = self.items(&items);
                [self.many(items)].into()
            }
            "next" => {
                let items = first().unwrap_or_else(|| self.nothing());
                self.items(&items)
            }
            "enumerate" => {
                let items = first().unwrap_or_else(|| self.nothing());
                let items = self.items(&items);
                let nothing = self.nothing();
                let pair = self.tuple([nothing, items].into_iter());
                [self.many([pair].into())].into()
            }
            "zip" => {
                let items: Vec<Values> = arguments.iter().map(|a| self.items(a)).collect();
                let each = self.tuple(items.into_iter());
                [self.many([each].into())].into()
            }
            "type" => {
                let classes = first().into_iter().flat_map(|first| first.to_vec());
                let classes = classes.filter_map(|value| match value {
                    Value::Instance(file, class, _) => Some(Value::Class(file, class)),
                    _ => None,
                });
                classes.collect()
            }
            "str" | "int" | "float" | "bool" | "bytes" | "dict" | "String" | "Number"
            | "Boolean" => [self.builtin(name, std::iter::empty())].into(),
            _ if is_new => [self.builtin(name, std::iter::empty())].into(),
            _ => self.nothing(),
        }
    }
}
