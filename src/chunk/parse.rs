//! Parsing within bounds.

use std::ops::ControlFlow;

use thiserror::Error;
use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

use super::bounds::{MAX_PARSED_BYTES, MAX_TREE_DEPTH, PARSE_STEPS_BASE, PARSE_STEPS_PER_KIB};

/// Why a file was not parsed; said in its notes.
#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum ParseRefusal {
    #[error("{bytes} bytes are more than the {MAX_PARSED_BYTES} that are parsed")]
    Large { bytes: usize },
    #[error("brackets nest {depth} deep, more than the {MAX_TREE_DEPTH} that are parsed")]
    Deep { depth: usize },
    #[error("parsing took too many steps")]
    Hard,
}

pub(super) fn parse(parser: &mut Parser, text: &str) -> Result<Tree, ParseRefusal> {
    let bytes = text.len();
    if bytes > MAX_PARSED_BYTES {
        return Err(ParseRefusal::Large { bytes });
    }
    let depth = bracket_depth(text);
    if depth > MAX_TREE_DEPTH {
        return Err(ParseRefusal::Deep { depth });
    }
    let mut steps_left = PARSE_STEPS_BASE + (bytes >> 10) * PARSE_STEPS_PER_KIB;
    let mut count_down = |_: &ParseState| match steps_left.checked_sub(1) {
        Some(left) => {
            steps_left = left;
            ControlFlow::Continue(())
        }
        None => ControlFlow::Break(()),
    };
    let options = ParseOptions::new().progress_callback(&mut count_down);
    let mut rest = |at: usize, _| text.as_bytes().get(at..).unwrap_or_default();
    let tree = parser.parse_with_options(&mut rest, None, Some(options));
    // A stopped parse would otherwise go on with the next file's text.
    parser.reset();
    tree.ok_or(ParseRefusal::Hard)
}

/// The most brackets open at one place, those in strings counted as well: a
/// cheap look ahead, since a tree that deep costs its memory before anyone can
/// see how deep it is.
fn bracket_depth(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut deepest = 0;
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_a_row_are_not_deep() {
        assert_eq!(bracket_depth("()()[[]]"), 2);
        assert_eq!(bracket_depth("))))(("), 2);
    }
}
