//! Which text belongs to which chunk.
//!
//! A scope owns its lines less the lines of its child definitions, so nothing
//! is lost and nothing is stored twice. A line that a definition shares with
//! other code (`foo(function named() {` … `});`) stays whole in the outer
//! scope, so that every line of code stands whole in some chunk. A class also
//! shows the signatures of its members, in as much [`Detail`] as leaves the
//! stored text of the file near its size.

use super::ChunkKind;
use super::bounds::{MAX_SHARED_LINE_BYTES, SIGNATURE_PERCENT};
use super::lines::Lines;
use super::nest::Found;
use crate::source::ByteSpan;

/// The text of one scope, before it is split.
pub(super) struct Scope {
    /// Its index among the definitions; `None` for the module.
    pub(super) definition: Option<usize>,
    /// Everything it spans, whole lines where it has them to itself.
    pub(super) range: ByteSpan,
    /// What of it is its own, in order.
    pub(super) segments: Vec<ByteSpan>,
}

/// How much of its members' signatures a class shows: all classes of a file the
/// same, and less where the methods are little more than their signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// Every signature, also those of overloads.
    Overloads,
    /// One for each member.
    Signatures,
    /// Its first line.
    FirstLines,
    /// What stands before its parameters.
    Names,
}

impl Detail {
    const MOST_FIRST: [Self; 4] = [
        Self::Overloads,
        Self::Signatures,
        Self::FirstLines,
        Self::Names,
    ];

    /// The most that the file has room for; names are always shown.
    fn choose(lines: &Lines, definitions: &[Found]) -> Self {
        let whole = lines.whole();
        let room = (whole.end - whole.start) * SIGNATURE_PERCENT / 100;
        let is_member = |found: &&Found| {
            let parent = found.parent.map(|parent| definitions[parent].kind);
            parent == Some(ChunkKind::Class)
        };
        let bytes = |detail: Self| -> usize {
            let members = definitions.iter().filter(is_member);
            let shown = members.flat_map(|member| detail.shown(member, lines));
            shown
                .map(|span| lines.before(span.start).len() + span.end - span.start + 1)
                .sum()
        };
        let fits = |detail: &Self| bytes(*detail) <= room;
        Self::MOST_FIRST
            .into_iter()
            .find(fits)
            .unwrap_or(Self::Names)
    }

    /// What is shown of a member, blanks around it left out.
    fn shown(self, member: &Found, lines: &Lines) -> Vec<ByteSpan> {
        let overloads = match self {
            Self::Overloads => member.overloads.as_slice(),
            _ => &[],
        };
        let headers = overloads.iter().chain([&member.declaration.header]);
        headers.map(|header| self.cut(*header, lines)).collect()
    }

    fn cut(self, header: ByteSpan, lines: &Lines) -> ByteSpan {
        let text = lines.slice(header);
        let start = header.start + text.len() - text.trim_start().len();
        let text = text.trim();
        let kept = match self {
            Self::Overloads | Self::Signatures => text,
            Self::FirstLines => text.lines().next().unwrap_or_default(),
            Self::Names => text.split(['(', '\n']).next().unwrap_or_default(),
        };
        ByteSpan {
            start,
            end: start + kept.trim_end().len(),
        }
    }
}

/// Shares the text out: the module first, then every definition in order.
pub(super) fn layout(lines: &Lines, definitions: &[Found], line_comment: &str) -> Vec<Scope> {
    let borders = Borders {
        lines,
        line_comment,
        detail: Detail::choose(lines, definitions),
    };
    let ranges: Vec<ByteSpan> = definitions
        .iter()
        .map(|found| borders.range(found))
        .collect();
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); definitions.len() + 1];
    for (index, found) in definitions.iter().enumerate() {
        children[found.parent.map_or(0, |parent| parent + 1)].push(index);
    }
    let mut scopes = vec![borders.scope(
        None,
        lines.whole(),
        &Inside {
            definitions,
            ranges: &ranges,
            children: &children[0],
        },
    )];
    for (index, range) in ranges.iter().enumerate() {
        let inside = Inside {
            definitions,
            ranges: &ranges,
            children: &children[index + 1],
        };
        scopes.push(borders.scope(Some(index), *range, &inside));
    }
    scopes
}

/// The definitions directly inside a scope.
struct Inside<'a, 's> {
    definitions: &'a [Found<'s>],
    ranges: &'a [ByteSpan],
    children: &'a [usize],
}

struct Borders<'a, 's> {
    lines: &'a Lines<'s>,
    line_comment: &'a str,
    detail: Detail,
}

impl Borders<'_, '_> {
    /// The text of a definition: whole lines where nothing else stands on them.
    fn range(&self, found: &Found) -> ByteSpan {
        let start = found.doc.map_or(found.span.start, |doc| doc.start);
        let before = self.lines.before(start);
        let start = if before.trim().is_empty() {
            start - before.len()
        } else {
            start
        };
        let after = self.lines.after(found.span.end);
        let end = found.span.end + if self.is_idle(after) { after.len() } else { 0 };
        ByteSpan { start, end }
    }

    /// Whether what follows a definition on its last line is no code.
    fn is_idle(&self, after: &str) -> bool {
        let rest = after.trim_start_matches([' ', '\t', ';', ',', '\r', '\u{c}']);
        rest.is_empty() || rest.starts_with(self.line_comment)
    }

    /// What of `range` its outer scope leaves out; `None` if it shares all its lines.
    fn left_out(&self, range: ByteSpan) -> Option<ByteSpan> {
        let first = self.lines.span(self.lines.index_of(range.start));
        let last = self.lines.span(self.lines.index_of(range.end));
        let is_short = |line: ByteSpan| line.end - line.start <= MAX_SHARED_LINE_BYTES;
        let start = if range.start > first.start && is_short(first) {
            first.end + 1
        } else {
            range.start
        };
        let end = if range.end < last.end && is_short(last) {
            last.start
        } else {
            range.end
        };
        (start < end).then_some(ByteSpan { start, end })
    }

    fn scope(&self, definition: Option<usize>, range: ByteSpan, inside: &Inside) -> Scope {
        let is_class =
            definition.is_some_and(|index| inside.definitions[index].kind == ChunkKind::Class);
        let mut segments = Vec::new();
        let mut at = range.start;
        for child in inside.children {
            let Some(gap) = self.left_out(inside.ranges[*child]) else {
                continue;
            };
            self.push(
                &mut segments,
                ByteSpan {
                    start: at,
                    end: gap.start.min(range.end),
                },
            );
            at = at.max(gap.end);
            if is_class {
                self.push_signatures(&mut segments, &inside.definitions[*child], gap);
            }
        }
        self.push(
            &mut segments,
            ByteSpan {
                start: at,
                end: range.end,
            },
        );
        Scope {
            definition,
            range,
            segments,
        }
    }

    /// The signatures of a member that was left out, with their margins.
    fn push_signatures(&self, segments: &mut Vec<ByteSpan>, member: &Found, gap: ByteSpan) {
        for ByteSpan { start, end } in self.detail.shown(member, self.lines) {
            let before = self.lines.before(start);
            let margin = if before.trim().is_empty() {
                before.len()
            } else {
                0
            };
            if start >= gap.start && end <= gap.end {
                let start = start - margin;
                self.push(segments, ByteSpan { start, end });
            }
        }
    }

    /// Adds what of `span` is not blank, as whole lines.
    fn push(&self, segments: &mut Vec<ByteSpan>, span: ByteSpan) {
        let text = self.lines.slice(span);
        let Some(first) = text.find(|c: char| !c.is_whitespace()) else {
            return;
        };
        let start = span.start + text[..first].rfind('\n').map_or(0, |newline| newline + 1);
        let end = span.start + text.trim_end().len();
        segments.push(ByteSpan { start, end });
    }
}
