//! The lines of a text: where each begins, and what stands around a byte.

use crate::source::{ByteSpan, LineSpan};

/// Where the lines of a text begin. A line ends at `\n`, as everywhere in the
/// index.
pub(super) struct Lines<'s> {
    pub(super) text: &'s str,
    starts: Vec<usize>,
}

impl<'s> Lines<'s> {
    pub(super) fn new(text: &'s str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0)
            .chain(breaks.map(|(at, _)| at + 1))
            .collect();
        Self { text, starts }
    }

    /// The 0-based line that holds the byte `at`.
    pub(super) fn index_of(&self, at: usize) -> usize {
        self.starts
            .partition_point(|start| *start <= at)
            .saturating_sub(1)
    }

    /// The 1-based number of that line.
    pub(super) fn number_of(&self, at: usize) -> u32 {
        u32::try_from(self.index_of(at) + 1).unwrap_or(u32::MAX)
    }

    /// The bytes of the 0-based line `index`, without its `\n`.
    pub(super) fn span(&self, index: usize) -> ByteSpan {
        let start = self.starts[index];
        let end = self
            .starts
            .get(index + 1)
            .map_or(self.text.len(), |next| next - 1);
        ByteSpan { start, end }
    }

    /// The lines that `span` touches; its end is exclusive.
    pub(super) fn numbers(&self, span: ByteSpan) -> LineSpan {
        let last = span.end.saturating_sub(1).max(span.start);
        LineSpan {
            start: self.number_of(span.start),
            end: self.number_of(last),
        }
    }

    /// The whole text as a span.
    pub(super) fn whole(&self) -> ByteSpan {
        ByteSpan {
            start: 0,
            end: self.text.len(),
        }
    }

    pub(super) fn slice(&self, span: ByteSpan) -> &'s str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// What stands on the line of `at` before it.
    pub(super) fn before(&self, at: usize) -> &'s str {
        let start = self.starts[self.index_of(at)];
        self.text.get(start..at).unwrap_or_default()
    }

    /// What stands on the line of `at` from it on.
    pub(super) fn after(&self, at: usize) -> &'s str {
        let end = self.span(self.index_of(at)).end;
        self.text.get(at..end).unwrap_or_default()
    }

    /// Lines with something on them.
    pub(super) fn of_code(text: &str) -> u32 {
        let count = text
            .split('\n')
            .filter(|line| !line.trim().is_empty())
            .count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_the_newline_and_only_there() {
        let lines = Lines::new("a\r\nbc\rd\n\ne");
        assert_eq!(lines.number_of(0), 1);
        assert_eq!(lines.number_of(6), 2);
        assert_eq!(lines.slice(lines.span(1)), "bc\rd");
        assert_eq!(lines.slice(lines.span(2)), "");
        assert_eq!(lines.number_of(9), 4);
        assert_eq!(Lines::of_code("a\n \n\nb"), 2);
    }

    #[test]
    fn a_span_that_ends_with_a_newline_ends_on_that_line() {
        let lines = Lines::new("ab\ncd\n");
        assert_eq!(
            lines.numbers(ByteSpan { start: 0, end: 3 }),
            LineSpan { start: 1, end: 1 }
        );
        assert_eq!(lines.before(4), "c");
        assert_eq!(lines.after(4), "d");
    }
}
