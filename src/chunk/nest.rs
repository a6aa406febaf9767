//! How definitions nest: qualnames, ordinals, and overloads that join their
//! implementation.

use std::collections::{HashMap, HashSet};

use super::ChunkKind;
use super::bounds::MAX_NAME_BYTES;
use super::survey::Facts;
use crate::language::{Declaration, Site};
use crate::source::ByteSpan;

/// A definition as the walk found it.
pub(super) struct Found<'s> {
    pub(super) kind: ChunkKind,
    pub(super) name: String,
    pub(super) qualname: String,
    pub(super) ordinal: u32,
    pub(super) parent: Option<usize>,
    /// The comments directly above it.
    pub(super) doc: Option<ByteSpan>,
    /// Its other doc comments: the docstring inside it, or those between its
    /// overloads.
    pub(super) inner_docs: Vec<ByteSpan>,
    /// From its first decorator or keyword to its end.
    pub(super) span: ByteSpan,
    pub(super) declaration: Declaration,
    /// Headers of the overloads before it.
    pub(super) overloads: Vec<ByteSpan>,
    pub(super) bodiless: bool,
    pub(super) is_static: bool,
    pub(super) exported: bool,
    /// The definition that was last found directly in it.
    pub(super) last_child: Option<usize>,
    pub(super) facts: Facts<'s>,
}

/// Adds `found`, or joins it to the overload directly before it; gives its index.
pub(super) fn add<'s>(definitions: &mut Vec<Found<'s>>, found: Found<'s>, text: &str) -> usize {
    let earlier = match found.parent {
        Some(parent) => definitions[parent].last_child,
        None => definitions
            .iter()
            .rposition(|earlier| earlier.parent.is_none()),
    };
    if let Some(index) = earlier
        && joins(&definitions[index], &found, text)
    {
        join(&mut definitions[index], found);
        return index;
    }
    let index = definitions.len();
    if let Some(parent) = found.parent {
        definitions[parent].last_child = Some(index);
    }
    definitions.push(found);
    index
}

/// The dotted path of a definition at `site`, directly inside `parent`.
pub(super) fn qualname(parent: Option<&Found>, site: &Site) -> String {
    let outer = parent.map(|parent| parent.qualname.as_str());
    let own = site.path.iter().chain([&site.name]);
    let parts = outer.into_iter().chain(own.map(|name| bounded(name)));
    parts.collect::<Vec<_>>().join(".")
}

fn joins(earlier: &Found, found: &Found, text: &str) -> bool {
    earlier.bodiless
        && earlier.qualname == found.qualname
        && earlier.is_static == found.is_static
        && earlier.kind.is_callable()
        && found.kind.is_callable()
        && is_idle(text.get(earlier.span.end..found.span.start).unwrap_or("?"))
}

/// Whether `between` holds only blanks, semicolons and comments.
fn is_idle(between: &str) -> bool {
    let mut rest = between;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ';');
        let after = if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/").map(|(_, after)| after)
        } else if let Some(comment) = rest.strip_prefix("//") {
            Some(comment.split_once('\n').map_or("", |(_, after)| after))
        } else {
            return rest.is_empty();
        };
        match after {
            Some(after) => rest = after,
            None => return false,
        }
    }
}

fn join<'s>(overload: &mut Found<'s>, found: Found<'s>) {
    overload.overloads.push(overload.declaration.header);
    let between = ByteSpan {
        start: overload.span.end,
        end: found.span.start,
    };
    overload.inner_docs.push(between);
    overload.declaration = found.declaration;
    overload.kind = found.kind;
    overload.span.end = found.span.end;
    overload.bodiless = found.bodiless;
    overload.exported |= found.exported;
}

/// Marks what `export { a }` and `export default a` name.
pub(super) fn export(definitions: &mut [Found], names: &[String]) {
    let names: HashSet<&str> = names.iter().map(String::as_str).collect();
    if names.is_empty() {
        return;
    }
    for found in definitions
        .iter_mut()
        .filter(|found| found.parent.is_none())
    {
        found.exported |= names.contains(found.qualname.as_str());
    }
}

/// Numbers the definitions of equal kind and qualname.
pub(super) fn number(definitions: &mut [Found]) {
    let mut counts: HashMap<(ChunkKind, &str), u32> = HashMap::new();
    let mut ordinals = Vec::with_capacity(definitions.len());
    for found in definitions.iter() {
        let count = counts.entry((found.kind, &found.qualname)).or_default();
        ordinals.push(*count);
        *count += 1;
    }
    for (found, ordinal) in definitions.iter_mut().zip(ordinals) {
        found.ordinal = ordinal;
    }
}

/// `name` cut to the length that is kept.
pub(super) fn bounded(name: &str) -> &str {
    &name[..name.floor_char_boundary(MAX_NAME_BYTES)]
}
