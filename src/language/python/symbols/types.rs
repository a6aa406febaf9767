//! Annotations, read as text: a forward reference is a string, and one small
//! parser reads both.

use super::Walk;
use crate::symbols::{Function, NONE, ScopeId, ScopeKind, Type, TypeId};

/// Levels of brackets that are looked into.
const MAX_BRACKETS: u32 = 12;

/// Names whose arguments are what is meant.
const TRANSPARENT: [&str; 8] = [
    "Optional",
    "Union",
    "ClassVar",
    "Final",
    "Annotated",
    "Required",
    "NotRequired",
    "ReadOnly",
];

/// Names of what gives its argument when it is iterated.
const ITERABLE: [&str; 22] = [
    "List",
    "list",
    "Sequence",
    "MutableSequence",
    "Iterable",
    "Iterator",
    "Collection",
    "Set",
    "set",
    "FrozenSet",
    "frozenset",
    "AbstractSet",
    "MutableSet",
    "Deque",
    "deque",
    "Generator",
    "AsyncIterator",
    "AsyncIterable",
    "AsyncGenerator",
    "Reversible",
    "KeysView",
    "ValuesView",
];

impl Walk<'_, '_> {
    pub(super) fn type_of_text(&mut self, text: &str, scope: ScopeId) -> TypeId {
        self.parse_type(text, scope, 0)
    }

    fn parse_type(&mut self, text: &str, scope: ScopeId, depth: u32) -> TypeId {
        let text = text.trim().trim_matches(['"', '\'']).trim();
        if depth > MAX_BRACKETS || text.is_empty() {
            return NONE;
        }
        let parts = split(text, '|');
        if parts.len() > 1 {
            let parts = parts
                .iter()
                .map(|part| self.parse_type(part, scope, depth + 1));
            let parts = parts.collect();
            return self.builder.add_type(Type::Union(parts));
        }
        let (name, arguments) = match text.split_once('[') {
            Some((name, rest)) => (name.trim(), split(rest.trim_end_matches(']'), ',')),
            None => (text, Vec::new()),
        };
        let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        if name.is_empty() || !name.chars().all(is_name) || name == "None" {
            return NONE;
        }
        self.named(name, &arguments, (scope, depth))
    }

    fn named(&mut self, name: &str, arguments: &[&str], (scope, depth): (ScopeId, u32)) -> TypeId {
        let last = name.rsplit('.').next().unwrap_or(name);
        if last == "Callable" {
            return self.callable(arguments, (scope, depth));
        }
        let types = |walk: &mut Self| -> Box<[TypeId]> {
            let types = arguments
                .iter()
                .map(|a| walk.parse_type(a, scope, depth + 1));
            types.collect()
        };
        let found = match last {
            "Any" | "object" | "NoReturn" => Type::Unknown,
            "Self" => Type::This(scope),
            "Type" | "type" if !arguments.is_empty() => Type::Itself(types(self)[0]),
            "Annotated" if !arguments.is_empty() => Type::Union([types(self)[0]].into()),
            _ if TRANSPARENT.contains(&last) => Type::Union(types(self)),
            _ if ITERABLE.contains(&last) && !arguments.is_empty() => Type::List(types(self)[0]),
            "Tuple" | "tuple" if arguments.last().is_some_and(|a| a.trim() == "...") => {
                Type::List(types(self)[0])
            }
            "Tuple" | "tuple" if !arguments.is_empty() => Type::Tuple(types(self)),
            _ => {
                let arguments = types(self);
                self.builder.named_type(name, arguments, scope)
            }
        };
        self.builder.add_type(found)
    }

    /// `Callable[[A], B]`
    fn callable(&mut self, arguments: &[&str], (scope, depth): (ScopeId, u32)) -> TypeId {
        let function = self.builder.function(Function::default());
        let inner = self.builder.scope(scope, ScopeKind::Function(function));
        let returns = arguments
            .get(1)
            .map_or(NONE, |a| self.parse_type(a, inner, depth + 1));
        let found = self.builder.function_mut(function);
        found.scope = inner;
        found.returns = returns;
        self.builder.add_type(Type::Function(function))
    }
}

/// Parts of `text` between `separator`s outside of brackets.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    for (at, c) in text.char_indices() {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth -= 1,
            _ if c == separator && depth == 0 => {
                parts.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn separators_inside_brackets_do_not_separate() {
        assert_eq!(split("A[B, C], D", ','), ["A[B, C]", " D"]);
        assert_eq!(split("A | B[C | D]", '|'), ["A ", " B[C | D]"]);
    }
}
