//! Parsing within bounds.

use std::ops::ControlFlow;

use thiserror::Error;
use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

use super::bounds::{
    MAX_PARSED_BYTES, MAX_PARSED_WORDS, MAX_TREE_DEPTH, PARSE_STEPS_BASE, PARSE_STEPS_PER_KIB,
};

/// Why a file was not parsed; said in its notes.
#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum ParseRefusal {
    #[error("{bytes} bytes are more than the {MAX_PARSED_BYTES} that are parsed")]
    Large { bytes: usize },
    #[error("{words} words and signs are more than the {MAX_PARSED_WORDS} that are parsed")]
    Dense { words: usize },
    #[error("brackets nest {depth} deep, more than the {MAX_TREE_DEPTH} that are parsed")]
    Deep { depth: usize },
    #[error("parsing took too many steps")]
    Hard,
}

/// What a language does for texts that its grammar cannot read.
pub(super) type Mend = Option<fn(&str) -> Option<String>>;

/// The tree of `text`; of a mended text of equal length, if it has fewer errors.
pub(super) fn parse(parser: &mut Parser, text: &str, mend: Mend) -> Result<Tree, ParseRefusal> {
    let bytes = text.len();
    if bytes > MAX_PARSED_BYTES {
        return Err(ParseRefusal::Large { bytes });
    }
    look_ahead(text)?;
    let mut steps_left = PARSE_STEPS_BASE + (bytes >> 10) * PARSE_STEPS_PER_KIB;
    let tree = within(&mut steps_left, parser, text).ok_or(ParseRefusal::Hard)?;
    if !tree.root_node().has_error() {
        return Ok(tree);
    }
    let mended = mend.and_then(|mend| mend(text));
    let other = mended.and_then(|mended| within(&mut steps_left, parser, &mended));
    Ok(match other {
        Some(other) if errors(&other) < errors(&tree) => other,
        _ => tree,
    })
}

/// The tree of `text`, unless it takes more steps than are left.
fn within(steps_left: &mut usize, parser: &mut Parser, text: &str) -> Option<Tree> {
    let mut count_down = |_: &ParseState| match steps_left.checked_sub(1) {
        Some(left) => {
            *steps_left = left;
            ControlFlow::Continue(())
        }
        None => ControlFlow::Break(()),
    };
    let options = ParseOptions::new().progress_callback(&mut count_down);
    let mut rest = |at: usize, _| text.as_bytes().get(at..).unwrap_or_default();
    let tree = parser.parse_with_options(&mut rest, None, Some(options));
    // A stopped parse would otherwise go on with the next file's text.
    parser.reset();
    tree
}

/// How much of a tree is wrong: the bytes of its outermost errors, and one for
/// each sign that is missing.
fn errors(tree: &Tree) -> usize {
    let mut cursor = tree.walk();
    let mut wrong = 0;
    loop {
        let node = cursor.node();
        let ends_here = node.is_error() || node.is_missing() || !node.has_error();
        if node.is_error() || node.is_missing() {
            wrong += node.byte_range().len() + 1;
        }
        if !ends_here && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return wrong;
            }
        }
    }
}

/// Refuses what would make a tree too deep or too large, strings and comments
/// counted like code: a cheap look, since a tree costs its memory before anyone
/// can see how large it is.
fn look_ahead(text: &str) -> Result<(), ParseRefusal> {
    let Shape { depth, words } = shape(text);
    if depth > MAX_TREE_DEPTH {
        return Err(ParseRefusal::Deep { depth });
    }
    if words > MAX_PARSED_WORDS {
        return Err(ParseRefusal::Dense { words });
    }
    Ok(())
}

/// What can be seen of a tree before it is made.
#[derive(Debug, PartialEq, Eq)]
struct Shape {
    /// The most brackets open at one place.
    depth: usize,
    /// Runs of letters and digits, and other signs one by one.
    words: usize,
}

fn shape(text: &str) -> Shape {
    let (mut depth, mut words) = (0_usize, 0);
    let (mut deepest, mut in_word) = (0, false);
    for byte in text.bytes() {
        let continues = byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii();
        let begins = if continues {
            !in_word
        } else {
            !byte.is_ascii_whitespace()
        };
        words += usize::from(begins);
        in_word = continues;
        match byte {
            b'(' | b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Shape {
        depth: deepest,
        words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_a_row_are_not_deep() {
        assert_eq!(shape("()()[[]]").depth, 2);
        assert_eq!(shape("))))((").depth, 2);
    }

    #[test]
    fn a_word_counts_once_and_a_sign_each_time() {
        assert_eq!(shape("let größe_2 = a+++b;").words, 9);
    }
}
