//! Items of lists and dictionaries: which are put there, and which are taken.
//!
//! A name that was given a literal means, from where an item is put into it, a
//! literal with that item.

use tree_sitter::Node;

use super::{Context, Walk, fields};
use crate::symbols::{Argument, Bound, Expr, ExprId, NONE, Name, Site};

/// Items of a literal that is written anew with one more.
const MAX_ITEMS: usize = 64;

impl<'t> Walk<'_, 't> {
    /// Remembers which literal a name stands for.
    pub(super) fn note_literal(&mut self, site: Site, name: Name, value: ExprId) {
        let found = self.builder.symbols.exprs.get(value as usize);
        let is_literal = matches!(found, Some(Expr::Object(_) | Expr::List(_)));
        let is_certain = !site.is_conditional && self.class_at(site.scope).is_none();
        if is_literal && is_certain {
            self.literals.insert((site.scope, name), value);
        } else {
            self.literals.remove(&(site.scope, name));
        }
    }

    /// The name before all keys, and the literal that it stands for.
    fn literal_of(&mut self, node: Node<'t>, site: Site) -> Option<(Name, ExprId)> {
        if node.kind() != "identifier" {
            return None;
        }
        let name = self.name_of(node);
        let literal = self.literals.get(&(site.scope, name)).copied()?;
        Some((name, literal))
    }

    /// `d["a"]["b"] = value`
    pub(super) fn put(&mut self, target: Node<'t>, site: Site, value: ExprId) {
        let context = Context {
            scope: site.scope,
            function: None,
            is_conditional: site.is_conditional,
        };
        self.expr(target, context);
        let (mut keys, mut node) = (Vec::new(), target);
        while node.kind() == "subscript"
            && let Some(inner) = node.child_by_field_name("value")
        {
            keys.insert(0, self.key_of(node));
            node = inner;
        }
        if let Some((name, literal)) = self.literal_of(node, site)
            && let Some(whole) = self.with_item(literal, &keys, value)
        {
            self.rebind(site, name, whole);
        }
    }

    /// `d.update({"a": value})`
    pub(super) fn update(&mut self, callee: Node<'t>, arguments: &[Argument], site: Site) {
        let field = |name| callee.child_by_field_name(name);
        let (Some(object), Some(method), [given]) =
            (field("object"), field("attribute"), arguments)
        else {
            return;
        };
        if self.text(method) != "update" || given.name != NONE {
            return;
        }
        let Expr::Object(pairs) = self.builder.symbols.exprs[given.value as usize].clone() else {
            return;
        };
        let Some((name, mut whole)) = self.literal_of(object, site) else {
            return;
        };
        for (key, value) in pairs {
            match self.with_item(whole, &[key], value) {
                Some(with) => whole = with,
                None => return,
            }
        }
        self.rebind(site, name, whole);
    }

    fn rebind(&mut self, site: Site, name: Name, whole: ExprId) {
        self.builder.bind(site, name, Bound::Value(NONE, whole));
        self.note_literal(site, name, whole);
    }

    /// A literal like this one, with a value where the keys lead.
    fn with_item(&mut self, literal: ExprId, keys: &[Name], value: ExprId) -> Option<ExprId> {
        let Some((key, rest)) = keys.split_first() else {
            return Some(value);
        };
        let whole = match self.builder.symbols.exprs[literal as usize].clone() {
            Expr::Object(pairs) if pairs.len() < MAX_ITEMS => {
                let mut pairs = pairs.into_vec();
                let is_known = |pair: &&mut (Name, ExprId)| pair.0 == *key && *key != NONE;
                match pairs.iter_mut().find(is_known) {
                    Some((_, known)) => *known = self.with_item(*known, rest, value)?,
                    None if rest.is_empty() => pairs.push((*key, value)),
                    None => return None,
                }
                Expr::Object(pairs.into())
            }
            Expr::List(mut items) if items.len() < MAX_ITEMS => {
                let number: usize = self.builder.symbols.name(*key).parse().ok()?;
                let known = items.get_mut(number)?;
                *known = self.with_item(*known, rest, value)?;
                Expr::List(items)
            }
            _ => return None,
        };
        Some(self.builder.expr(whole))
    }

    /// The key of `d["a"]` or `l[0]`; none if it is computed.
    pub(super) fn key_of(&mut self, node: Node<'t>) -> Name {
        match fields(node, "subscript").as_slice() {
            [key] if matches!(key.kind(), "string" | "integer") => self.key(*key),
            _ => NONE,
        }
    }

    /// A literal key without quotes; a string that looks like a number has them,
    /// since it is not the same.
    pub(super) fn key(&mut self, node: Node<'t>) -> Name {
        let text = self.text(node);
        let bare = text.trim_matches(['"', '\'']);
        if node.kind() == "string" && bare.parse::<i64>().is_ok() {
            return self.builder.name(&format!("'{bare}'"));
        }
        self.builder.name(bare)
    }

    /// An expression, or the literal that it is the name of.
    fn written(&self, value: ExprId) -> &Expr {
        let exprs = &self.builder.symbols.exprs;
        let found = &exprs[value as usize];
        let literal = match found {
            Expr::Name(name, scope, _) => self.literals.get(&(*scope, *name)),
            _ => None,
        };
        literal.map_or(found, |literal| &exprs[*literal as usize])
    }

    /// `l[1:3]`: those items of a literal list whose bounds are written, else some.
    pub(super) fn slice(&mut self, slice: Node<'t>, value: ExprId) -> ExprId {
        if value == NONE {
            return NONE;
        }
        let items = match self.written(value) {
            Expr::List(items) => {
                bounds(self.text(slice), items.len()).map(|(from, to)| items[from..to].into())
            }
            _ => None,
        };
        let part = items.map_or(Expr::Slice(value), Expr::List);
        self.builder.expr(part)
    }

    /// `a, *b, c = value`
    pub(super) fn unpack(&mut self, parts: &[Node<'t>], site: Site, value: ExprId) {
        let starred = parts
            .iter()
            .position(|part| part.kind() == "list_splat_pattern");
        for (number, part) in parts.iter().enumerate() {
            let after = parts.len() - 1 - number;
            let item = match starred {
                _ if value == NONE => NONE,
                Some(at) if number == at => self.middle(value, (at, after)),
                Some(at) if number > at => self.behind(value, after),
                _ => {
                    let number = self.builder.name(&number.to_string());
                    self.builder.expr(Expr::At(value, number))
                }
            };
            let part = match part.named_child(0) {
                Some(inner) if starred == Some(number) => inner,
                _ => *part,
            };
            self.bind_target(part, site, (NONE, item));
        }
    }

    /// What is left between so many items before and after.
    fn middle(&mut self, value: ExprId, (before, after): (usize, usize)) -> ExprId {
        let rest = match self.written(value) {
            Expr::List(items) if items.len() >= before + after => {
                Expr::List(items[before..items.len() - after].into())
            }
            _ => Expr::Slice(value),
        };
        self.builder.expr(rest)
    }

    /// The item before so many others; of what is not written, any.
    fn behind(&mut self, value: ExprId, after: usize) -> ExprId {
        if let Expr::List(items) = self.written(value) {
            let found = items.len().checked_sub(after + 1);
            return found.map_or(NONE, |at| items[at]);
        }
        self.builder.expr(Expr::Item(value))
    }
}

/// The bounds of `1:3` in a list of this length, if they are written and inside.
fn bounds(slice: &str, length: usize) -> Option<(usize, usize)> {
    let (from, to) = slice.split_once(':')?;
    let bound = |text: &str, otherwise: usize| match text.trim() {
        "" => Some(otherwise),
        text => text.parse().ok(),
    };
    let (from, to) = (bound(from, 0)?, bound(to, length)?.min(length));
    (from <= to).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::bounds;

    #[test]
    fn bounds_that_are_written_are_known() {
        assert_eq!(bounds("1:3", 5), Some((1, 3)));
        assert_eq!(bounds(" : ", 5), Some((0, 5)));
        assert_eq!(bounds("1:9", 5), Some((1, 5)));
        assert_eq!(bounds("n:3", 5), None);
        assert_eq!(bounds("::2", 5), None);
        assert_eq!(bounds("3:1", 5), None);
    }
}
