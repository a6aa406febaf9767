//! The words of code: `parseHTTPResponse2` is also `parse`, `http` and
//! `response`. Chunks and queries go through the same, so that they meet.

use crate::identifiers::parts;

/// The longest word that is kept, in bytes: what is longer is data.
const LONGEST: usize = 64;

/// The words of `text`, lower-case, a space between them: of each identifier
/// its parts, and the whole of it where it has several.
#[must_use]
pub fn words(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    let names = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    for name in names.filter(|name| name.len() <= LONGEST) {
        let parts = parts(name);
        for part in parts.iter().filter(|part| is_telling(part)) {
            push(part, &mut words);
        }
        if parts.len() > 1 {
            push(&parts.concat(), &mut words);
        }
    }
    words
}

/// Whether a part says anything: a single letter or digit does not.
fn is_telling(part: &str) -> bool {
    part.len() > 1
}

fn push(word: &str, words: &mut String) {
    if !words.is_empty() {
        words.push(' ');
    }
    words.extend(word.chars().flat_map(char::to_lowercase));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_taken_apart_and_kept_whole() {
        for (name, expected) in [
            ("retry", "retry"),
            (
                "parseHTTPResponse2",
                "parse http response parsehttpresponse2",
            ),
            ("_get_user_name", "get user name getusername"),
            ("utf8Decoder", "utf decoder utf8decoder"),
            ("MAX_RETRIES", "max retries maxretries"),
            ("x", ""),
            ("größeÄndern", "größe ändern größeändern"),
        ] {
            assert_eq!(words(name), expected, "{name}");
        }
    }

    #[test]
    fn code_is_a_text_of_identifiers() {
        assert_eq!(
            words("if (this.retryCount > 3) { await sleep_for(10); }"),
            "if this retry count retrycount await sleep for sleepfor 10"
        );
    }

    #[test]
    fn data_is_no_word() {
        let data = "a1B2".repeat(40);
        assert_eq!(words(&format!("key = '{data}'")), "key");
    }
}
