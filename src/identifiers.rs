//! Identifiers taken apart: `parseHTTPResponse2` is `parse`, `HTTP`, `Response`
//! and `2`.

use std::borrow::Cow;

/// The parts of an identifier, as they stand in it.
#[must_use]
pub fn parts(name: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for piece in name.split('_').filter(|piece| !piece.is_empty()) {
        let mut start = 0;
        let mut before = None;
        let mut rest = piece.char_indices().peekable();
        while let Some((at, this)) = rest.next() {
            let this = Sort::of(this);
            let after = rest.peek().map(|(_, next)| Sort::of(*next));
            if before.is_some_and(|before| begins(before, this, after)) {
                parts.push(&piece[start..at]);
                start = at;
            }
            before = Some(this);
        }
        parts.push(&piece[start..]);
    }
    parts
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Upper,
    Lower,
    Digit,
}

impl Sort {
    fn of(c: char) -> Self {
        if c.is_uppercase() {
            Self::Upper
        } else if c.is_numeric() {
            Self::Digit
        } else {
            Self::Lower
        }
    }
}

/// Whether a part begins at `this`.
fn begins(before: Sort, this: Sort, after: Option<Sort>) -> bool {
    match (before, this) {
        // The last capital of an acronym begins the next word: `HTTPResponse`.
        (Sort::Upper, Sort::Upper) => after == Some(Sort::Lower),
        (Sort::Upper, Sort::Lower) => false,
        _ => before != this,
    }
}

/// `text` with a space where a word begins inside an identifier, its letters as
/// they were: `fromEvent(x)` is `from Event(x)`. For models that fold case, to
/// which `fromEvent` is `fromevent`, and no word of theirs. Digits stay with what
/// they follow.
#[must_use]
pub fn spaced(text: &str) -> Cow<'_, str> {
    let mut spaced = String::new();
    let mut start = 0;
    let mut before = None;
    let sort = |c: char| c.is_alphanumeric().then(|| Sort::of(c));
    let mut rest = text.char_indices().peekable();
    while let Some((at, this)) = rest.next() {
        let this = sort(this);
        let after = rest.peek().and_then(|(_, next)| sort(*next));
        if let (Some(before), Some(Sort::Upper)) = (before, this)
            && begins(before, Sort::Upper, after)
        {
            spaced.push_str(&text[start..at]);
            spaced.push(' ');
            start = at;
        }
        before = this;
    }
    if start == 0 {
        return Cow::Borrowed(text);
    }
    spaced.push_str(&text[start..]);
    Cow::Owned(spaced)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_inside_an_identifier_gets_room() {
        for (text, expected) in [
            (
                "fromEvent(element, 'keyUp')",
                "from Event(element, 'key Up')",
            ),
            ("parseHTTPResponse2", "parse HTTP Response2"),
            ("get_user_name(MAX_RETRIES)", "get_user_name(MAX_RETRIES)"),
            ("utf8Decoder", "utf8 Decoder"),
            ("größeÄndern", "größe Ändern"),
            ("a.B = C.D", "a.B = C.D"),
            ("", ""),
        ] {
            assert_eq!(spaced(text), expected);
            assert_eq!(spaced(expected), expected, "once is enough");
        }
    }
}
