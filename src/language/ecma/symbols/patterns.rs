//! What patterns bind: names, and parts of objects and arrays.

use tree_sitter::Node;

use super::{Walk, children};
use crate::symbols::{Bound, Expr, ExprId, NONE, Site, TypeId};

/// A stated type and an expression, either of which may be none.
pub(super) type Source = (TypeId, ExprId);

impl<'t> Walk<'_, 't> {
    /// Binds the names in `pattern` to the parts of what `source` gives.
    pub(super) fn bind_pattern(&mut self, pattern: Node<'t>, site: Site, source: Source) {
        self.deeper(|walk| walk.bind_any(pattern, site, source));
    }

    fn bind_any(&mut self, pattern: Node<'t>, site: Site, source: Source) {
        match pattern.kind() {
            "identifier" | "shorthand_property_identifier_pattern" => {
                let name = self.name_of(pattern);
                let to = self.bound(source);
                self.builder.bind(site, name, to);
            }
            "object_pattern" | "object" => self.bind_members(pattern, site, source),
            "array_pattern" | "array" => self.bind_items(pattern, site, source),
            "assignment_pattern" | "object_assignment_pattern" => {
                if let Some(left) = pattern.child_by_field_name("left") {
                    self.bind_pattern(left, site, source);
                }
            }
            "rest_pattern" | "non_null_expression" | "parenthesized_expression" => {
                for child in children(pattern) {
                    self.bind_pattern(child, site, (NONE, NONE));
                }
            }
            _ => {}
        }
    }

    /// A function or class that a name is given stays what it is, whatever type
    /// is stated for it.
    fn bound(&mut self, (stated, value): Source) -> Bound {
        match self.builder.symbols.exprs.get(value as usize) {
            Some(Expr::Function(function)) => {
                let function = *function;
                self.builder.function_mut(function).expected = stated;
                Bound::Function(function)
            }
            Some(Expr::Class(class)) if stated == NONE => Bound::Class(*class),
            _ if stated == NONE && value == NONE => Bound::Opaque,
            _ => Bound::Value(stated, value),
        }
    }

    fn bind_members(&mut self, pattern: Node<'t>, site: Site, source: Source) {
        let whole = self.as_expr(source);
        for child in children(pattern) {
            let (key, inner) = match child.kind() {
                "pair_pattern" | "pair" => (
                    child.child_by_field_name("key"),
                    child.child_by_field_name("value"),
                ),
                "object_assignment_pattern" => {
                    let left = child.child_by_field_name("left");
                    (left, left)
                }
                "rest_pattern" => (None, Some(child)),
                _ => (Some(child), Some(child)),
            };
            let part = match key {
                Some(key) if whole != NONE && key.kind() != "computed_property_name" => {
                    let key = self.name_of(key);
                    self.builder.expr(Expr::Member(whole, key))
                }
                _ => NONE,
            };
            if let Some(inner) = inner {
                self.bind_pattern(inner, site, (NONE, part));
            }
        }
    }

    fn bind_items(&mut self, pattern: Node<'t>, site: Site, source: Source) {
        let whole = self.as_expr(source);
        for (number, child) in children(pattern).into_iter().enumerate() {
            let part = if whole == NONE {
                NONE
            } else {
                let number = self.builder.name(&number.to_string());
                self.builder.expr(Expr::At(whole, number))
            };
            self.bind_pattern(child, site, (NONE, part));
        }
    }

    fn as_expr(&mut self, (stated, value): Source) -> ExprId {
        if stated == NONE {
            return value;
        }
        self.builder.expr(Expr::Typed(stated))
    }
}
