//! The size policy: a scope's lines in pieces that fit the model's window.
//!
//! Tokens are counted once for each line. A piece takes as many lines as fit
//! and then gives back up to half of them, to end before the line that begins
//! outermost in the syntax. A single line that does not fit is cut between
//! characters, so that nothing is lost.

use std::ops::Range;

use super::Window;
use super::bounds::MAX_LINE_BYTES;
use super::lines::Lines;
use super::survey::NO_BORDER;
use crate::source::ByteSpan;

/// A line of a scope, or a part of one: what is never cut further.
#[derive(Debug, Clone, Copy)]
pub(super) struct Atom {
    pub(super) span: ByteSpan,
    /// How deep in the syntax it begins; a piece had best end before a low one.
    border: u16,
    /// Whether it is of the doc comment, which the CODE text leaves out.
    pub(super) is_doc: bool,
}

/// What is known of a scope's lines before they become atoms.
pub(super) struct Ground<'a, 's> {
    pub(super) lines: &'a Lines<'s>,
    pub(super) depths: &'a [u16],
    pub(super) docs: &'a [ByteSpan],
}

/// The lines of `segments` that are not blank, and how many bytes of lines
/// that are too long were left out.
pub(super) fn atoms(ground: &Ground, segments: &[ByteSpan]) -> (Vec<Atom>, usize) {
    let mut found = Vec::new();
    let mut cut = 0;
    for segment in segments {
        let first = ground.lines.index_of(segment.start);
        let last = ground
            .lines
            .index_of(segment.end.saturating_sub(1).max(segment.start));
        for index in first..=last {
            let line = ground.lines.span(index);
            let mut span = ByteSpan {
                start: line.start.max(segment.start),
                end: line.end.min(segment.end),
            };
            cut += shorten(&mut span, ground.lines.text);
            found.extend(ground.atom(index, span));
        }
    }
    if found.iter().all(|atom| atom.is_doc) {
        for atom in &mut found {
            atom.is_doc = false;
        }
    }
    (found, cut)
}

/// Cuts a span of data on one line; gives the bytes that were cut off.
fn shorten(span: &mut ByteSpan, text: &str) -> usize {
    let end = text.floor_char_boundary(span.end.min(span.start + MAX_LINE_BYTES));
    let cut = span.end - end;
    span.end = end;
    cut
}

impl Ground<'_, '_> {
    fn atom(&self, line: usize, span: ByteSpan) -> Option<Atom> {
        let text = self.lines.slice(span);
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return None;
        }
        let start = span.start + (text.len() - text.trim_start().len());
        let end = start + trimmed.len();
        let is_doc = self
            .docs
            .iter()
            .any(|doc| doc.start <= start && end <= doc.end);
        let closes = trimmed.starts_with(['}', ')', ']']);
        let border = match self.depths.get(line) {
            Some(depth) if !closes => *depth,
            _ => NO_BORDER,
        };
        Some(Atom {
            span,
            border,
            is_doc,
        })
    }
}

/// Cuts `atoms` into pieces of at most `window.max_tokens`, doc lines not
/// counted; gives the atoms, some of them now parts of lines, and the pieces.
pub(super) fn split(atoms: &[Atom], text: &str, window: Window) -> (Vec<Atom>, Vec<Range<usize>>) {
    let mut whole = Vec::with_capacity(atoms.len());
    let mut costs = Vec::with_capacity(atoms.len());
    for atom in atoms {
        let cost = cost(atom, text, window);
        if cost <= window.max_tokens {
            whole.push(*atom);
            costs.push(cost);
        } else {
            for shard in shards(atom, text, window) {
                costs.push(self::cost(&shard, text, window));
                whole.push(shard);
            }
        }
    }
    let pieces = group(&whole, &costs, window.max_tokens);
    (whole, pieces)
}

fn cost(atom: &Atom, text: &str, window: Window) -> usize {
    if atom.is_doc {
        return 0;
    }
    // With its line break, which is a token to some models.
    let end = text.len().min(atom.span.end + 1);
    let with_break = text.get(atom.span.start..end);
    window.count(with_break.unwrap_or(&text[atom.span.start..atom.span.end]))
}

fn group(atoms: &[Atom], costs: &[usize], max: usize) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = 0;
    while start < atoms.len() {
        let mut sum = 0;
        let fitting = costs[start..].iter().take_while(|cost| {
            sum += **cost;
            sum <= max
        });
        let full = start + fitting.count().max(1);
        let end = if full == atoms.len() {
            full
        } else {
            outermost(atoms, start, full)
        };
        pieces.push(start..end);
        start = end;
    }
    pieces
}

/// Where between the middle and the end of `start..full` to end a piece.
fn outermost(atoms: &[Atom], start: usize, full: usize) -> usize {
    let middle = start + (full - start).div_ceil(2);
    (middle..=full)
        .rev()
        .min_by_key(|next| atoms.get(*next).map_or(0, |atom| atom.border))
        .unwrap_or(full)
}

/// The parts of a line that does not fit, cut between words where there are any.
fn shards(atom: &Atom, text: &str, window: Window) -> Vec<Atom> {
    let mut found = Vec::new();
    let mut at = atom.span.start;
    while at < atom.span.end {
        let rest = ByteSpan {
            start: at,
            end: atom.span.end,
        };
        let end = shard_end(rest, text, window);
        let border = if found.is_empty() {
            atom.border
        } else {
            NO_BORDER
        };
        found.push(Atom {
            span: ByteSpan { start: at, end },
            border,
            is_doc: false,
        });
        at = end;
    }
    found
}

fn shard_end(rest: ByteSpan, text: &str, window: Window) -> usize {
    // Four bytes a token is more than code has on average; from there down.
    let mut length = (rest.end - rest.start).min(window.max_tokens * 4);
    loop {
        let end = text.floor_char_boundary(rest.start + length);
        let end = if end <= rest.start {
            // Not even one character: take it whole.
            return text.ceil_char_boundary(rest.start + 1).min(rest.end);
        } else {
            word_end(rest, end, text)
        };
        let tokens = window.count(&text[rest.start..end]);
        if tokens < window.max_tokens || end - rest.start <= 1 {
            return end;
        }
        length = ((end - rest.start) * window.max_tokens / (tokens + 1)).min(end - rest.start - 1);
    }
}

/// The last border between words before `end`, if the last quarter has one.
fn word_end(rest: ByteSpan, end: usize, text: &str) -> usize {
    if end == rest.end {
        return end;
    }
    let quarter = text.ceil_char_boundary(end - (end - rest.start) / 4);
    let tail = text.get(quarter..end).unwrap_or_default();
    tail.rfind(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '}' | ')'))
        .map_or(end, |at| text.ceil_char_boundary(quarter + at + 1))
}

/// A piece in two: between its lines, or within its only line; `None` if it is
/// a single character.
pub(super) fn halves(piece: &[Atom], text: &str) -> Option<[Vec<Atom>; 2]> {
    if piece.len() > 1 {
        let (first, second) = piece.split_at(piece.len() / 2);
        return Some([first.to_vec(), second.to_vec()]);
    }
    let [only] = piece else {
        return None;
    };
    let ByteSpan { start, end } = only.span;
    let middle = text.ceil_char_boundary(usize::midpoint(start, end).max(start + 1));
    let part = |start, end| {
        vec![Atom {
            span: ByteSpan { start, end },
            ..*only
        }]
    };
    (middle < end).then(|| [part(start, middle), part(middle, end)])
}

/// How many lines `atoms` are of.
pub(super) fn line_count(atoms: &[Atom], lines: &Lines) -> u32 {
    let mut count = 0;
    let mut last = 0;
    for atom in atoms {
        let line = lines.number_of(atom.span.start);
        count += u32::from(line != last);
        last = line;
    }
    count
}

/// The text of `atoms` as it stands in the file: with the blank lines between
/// them, and one line break where something was left out.
pub(super) fn text_of(atoms: &[Atom], text: &str) -> String {
    let mut joined = String::new();
    let mut last: Option<usize> = None;
    for atom in atoms {
        if let Some(end) = last {
            let between = text.get(end..atom.span.start);
            let is_blank = |between: &&str| between.chars().all(char::is_whitespace);
            joined.push_str(between.filter(is_blank).unwrap_or("\n"));
        }
        joined.push_str(&text[atom.span.start..atom.span.end]);
        last = Some(atom.span.end);
    }
    joined
}
