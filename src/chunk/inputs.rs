//! The texts that are embedded, each within its model's window.

use super::Window;
use super::bounds::HEADER_SIGNATURE_TOKENS;

/// The window less the tokens of `header`, for what stands below it.
pub(super) fn room_below<'a>(window: Window<'a>, header: &str) -> Window<'a> {
    let used = window.count(header) + 1;
    Window {
        max_tokens: window.max_tokens.saturating_sub(used).max(1),
        ..window
    }
}

/// The header line of a CODE text, which takes at most a quarter of the window:
/// every piece of a definition repeats it.
pub(super) fn header(parts: &[&str], window: Window) -> String {
    let parts: Vec<&str> = parts
        .iter()
        .copied()
        .filter(|part| !part.is_empty())
        .collect();
    let line = parts
        .join(" ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let quarter = Window {
        max_tokens: window.max_tokens / 4,
        ..window
    };
    clip(&line, quarter).to_owned()
}

/// The beginning of a signature, for the header that each piece repeats.
pub(super) fn brief<'s>(signature: &'s str, window: Window) -> &'s str {
    let few = HEADER_SIGNATURE_TOKENS.min(window.max_tokens / 4);
    clip(
        signature,
        Window {
            max_tokens: few,
            ..window
        },
    )
    .trim_end()
}

/// Whether `text` fits.
pub(super) fn fits(text: &str, window: Window) -> bool {
    // No tokenizer makes more tokens than bytes.
    text.len() <= window.max_tokens || window.count(text) <= window.max_tokens
}

/// A TEXT input, and whether the end of its doc comment was dropped.
pub(super) struct TextInput {
    pub(super) text: String,
    pub(super) shortened: bool,
}

/// The name path, signature and doc comment, in that order of weight.
pub(super) fn text_input(head: &str, doc: &str, window: Window) -> TextInput {
    let whole = if doc.is_empty() {
        head.to_owned()
    } else {
        format!("{head}\n{doc}")
    };
    let whole = window.counter.legible(&whole).into_owned();
    if fits(&whole, window) {
        return TextInput {
            text: whole,
            shortened: false,
        };
    }
    TextInput {
        text: clip(&whole, window).trim_end().to_owned(),
        shortened: true,
    }
}

/// The beginning of `text` that fits: whole lines, then words of the line that
/// does not fit, so that little more is counted than is kept.
fn clip<'s>(text: &'s str, window: Window) -> &'s str {
    if text.len() <= window.max_tokens {
        return text;
    }
    let mut left = window.max_tokens;
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        let tokens = window.count(line);
        if tokens > left {
            let max_tokens = left;
            end += words_that_fit(
                line,
                Window {
                    max_tokens,
                    ..window
                },
            );
            break;
        }
        left -= tokens;
        end += line.len();
    }
    // Words counted one by one may differ from all together.
    while end > 0 && !fits(&text[..end], window) {
        end = text.floor_char_boundary(end - end.div_ceil(10));
    }
    &text[..end]
}

/// Bytes of the words of `line` that fit.
fn words_that_fit(line: &str, window: Window) -> usize {
    let mut left = window.max_tokens;
    let mut end = 0;
    for word in line.split_inclusive(char::is_whitespace) {
        let tokens = window.count(word);
        if tokens > left {
            // No tokenizer makes more tokens than bytes.
            return line.floor_char_boundary(end + left.min(word.len()));
        }
        left -= tokens;
        end += word.len();
    }
    end
}
