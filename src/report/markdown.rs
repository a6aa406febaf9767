//! The report as a file, for whoever reads a build afterwards.

use std::fmt::Write;

use super::{RunFacts, text};
use crate::outcome::{FailedFile, Summary};

/// The summary of a run as Markdown: how it ended, what was done, and the files
/// that failed, as far as they are given.
#[must_use]
pub fn markdown(facts: RunFacts, summary: &Summary, ended: &str, failed: &[FailedFile]) -> String {
    let mut text = format!(
        "# mnemo-index: {}\n\n{}\n\n",
        facts.repository,
        inline(ended)
    );
    text.push_str("| | |\n|---|---|\n");
    for (name, value) in text::rows(facts, summary) {
        let _ = writeln!(text, "| {name} | {} |", cell(&value));
    }
    if failed.is_empty() {
        return text;
    }
    text.push_str("\n## Files that failed\n\n| file | why |\n|---|---|\n");
    for file in failed {
        let _ = writeln!(text, "| {} | {} |", cell(&file.path), cell(&file.cause));
    }
    let more = summary.failed.saturating_sub(failed.len() as u64);
    if more > 0 {
        let _ = writeln!(text, "\nAnd {more} more; `mnemo-index status` knows them.");
    }
    text
}

fn cell(text: &str) -> String {
    inline(text).replace('|', "\\|")
}

/// On one line, and nothing in it is taken for HTML.
fn inline(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_the_table() {
        assert_eq!(cell("a|b\n<c>"), "a\\|b &lt;c>");
    }
}
