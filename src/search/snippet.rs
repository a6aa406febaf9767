//! The lines of a chunk that say most about a query.

use super::Found;
use super::rank::alike;
use crate::identifiers::parts;

/// Lines that are shown.
const LINES: usize = 4;

/// The longest line that is shown, in characters.
const WIDTH: usize = 160;

/// Lines of a chunk, and where they stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snippet {
    /// The number of the first, from 1.
    pub first: u32,
    /// The lines, long ones cut.
    pub lines: Vec<String>,
    /// The words of the query that were looked for in them.
    asked: Vec<String>,
}

impl Snippet {
    /// Those around the line of `found` with the most of `words`; its first
    /// ones if no line has any.
    pub(super) fn of(found: &Found, words: &[String]) -> Self {
        let lines: Vec<&str> = found.source_code.lines().collect();
        let asked: Vec<String> = words
            .iter()
            .filter(|word| word.len() > 2)
            .cloned()
            .collect();
        let count = |line: &str| {
            let has =
                |word: &&String| identifiers(line).any(|name| is_asked(name, &[(*word).clone()]));
            asked.iter().filter(has).count()
        };
        let counts: Vec<usize> = lines.iter().map(|line| count(line)).collect();
        let most = counts.iter().copied().max().unwrap_or(0);
        let best = counts.iter().position(|count| *count == most).unwrap_or(0);
        let start = best
            .saturating_sub(1)
            .min(lines.len().saturating_sub(LINES));
        let shown = lines[start..].iter().take(LINES);
        Self {
            first: found.start_line + u32::try_from(start).unwrap_or(0),
            lines: shown.map(|line| clipped(line)).collect(),
            asked,
        }
    }

    /// The lines as one text.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// A line with `mark` around each identifier that has a word of the query.
    pub fn marked(&self, line: &str, mark: impl Fn(&str) -> String) -> String {
        let mut marked = String::with_capacity(line.len());
        let mut rest = line;
        for name in identifiers(line) {
            let at = rest.find(name).unwrap_or(0);
            marked.push_str(&rest[..at]);
            if is_asked(name, &self.asked) {
                marked.push_str(&mark(name));
            } else {
                marked.push_str(name);
            }
            rest = &rest[at + name.len()..];
        }
        marked.push_str(rest);
        marked
    }
}

fn identifiers(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|name| !name.is_empty())
}

fn is_asked(name: &str, asked: &[String]) -> bool {
    let parts = parts(name);
    let mut parts = parts.iter().map(|part| part.to_lowercase());
    parts.any(|part| asked.iter().any(|word| alike(word, &part)))
}

fn clipped(line: &str) -> String {
    match line.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snippet(source: &str, words: &[&str]) -> Snippet {
        let found = Found {
            source_code: source.to_owned(),
            start_line: 10,
            ..Found::default()
        };
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Snippet::of(&found, &words)
    }

    #[test]
    fn the_line_with_most_of_the_words_is_shown_with_what_is_around_it() {
        let source = "def f():\n  a\n  b\n  max_retries = 3\n  d\n  e\n  f\n";
        let snippet = snippet(source, &["max", "retry"]);
        assert_eq!(
            (snippet.first, &*snippet.lines[1]),
            (12, "  max_retries = 3")
        );
    }

    #[test]
    fn without_a_match_it_is_the_beginning() {
        let snippet = snippet("one\ntwo", &["three"]);
        assert_eq!((snippet.first, snippet.text().as_str()), (10, "one\ntwo"));
    }

    #[test]
    fn words_of_the_query_are_marked_where_they_hide() {
        let snippet = snippet("x", &["retry"]);
        let line = snippet.marked("  let retryCount = counter;", |name| format!("<{name}>"));
        assert_eq!(line, "  let <retryCount> = counter;");
    }
}
