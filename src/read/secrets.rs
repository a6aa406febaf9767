//! Secrets in source text: tokens that say by their form what they are.
//!
//! Only forms that hardly anything else has, as their issuers document them; a
//! password that looks like any other string is not found here. What is masked
//! keeps its bytes' number and its lines, so that every offset stays true, and
//! its first letters, which say what it was.

use std::iter;
use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex, RegexSet};

/// What is known, as patterns over ASCII. A group, where there is one, is the
/// secret; else the whole match.
///
/// Changing anything here changes the recipe: see [`recipe`].
const FORMS: [(&str, &str); 21] = [
    (
        "AWS access key",
        r"(?-u:\b)(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?-u:\b)",
    ),
    (
        "AWS secret key",
        r#"(?i-u)aws_?(?:secret_?)?(?:access_?)?key["']?\s*[:=]\s*["']([a-z0-9/+]{40})["']"#,
    ),
    (
        "GitHub token",
        r"(?-u:\b)gh[opsur]_[A-Za-z0-9]{36,251}(?-u:\b)",
    ),
    (
        "GitHub fine-grained token",
        r"(?-u:\b)github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}(?-u:\b)",
    ),
    (
        "GitLab token",
        r"(?-u:\b)gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct|oas)-[A-Za-z0-9_-]{20,}",
    ),
    (
        "Slack token",
        r"(?-u:\b)xox[abeoprs]-(?:[0-9]{6,}-){1,3}[A-Za-z0-9]{16,}",
    ),
    (
        "Slack app token",
        r"(?-u:\b)xapp-[0-9]-[A-Z0-9]{8,}-[0-9]{8,}-[a-z0-9]{32,}",
    ),
    (
        "Slack webhook",
        r"https://hooks\.slack\.com/services/(T[A-Z0-9]{8,}/B[A-Z0-9]{8,}/[A-Za-z0-9]{24})",
    ),
    (
        "Stripe key",
        r"(?-u:\b)[rs]k_(?:live|test)_[A-Za-z0-9]{24,}",
    ),
    ("Stripe webhook secret", r"(?-u:\b)whsec_[A-Za-z0-9+/]{32,}"),
    ("npm token", r"(?-u:\b)npm_[A-Za-z0-9]{36}(?-u:\b)"),
    (
        "PyPI token",
        r"(?-u:\b)pypi-AgE(?:IcHlwaS5vcmc|NdGVzdC5weXBpLm9yZ)[A-Za-z0-9_-]{50,}",
    ),
    ("Google API key", r"(?-u:\b)AIza[A-Za-z0-9_-]{35}(?-u:\b)"),
    ("Google OAuth secret", r"(?-u:\b)GOCSPX-[A-Za-z0-9_-]{28}"),
    (
        "SendGrid key",
        r"(?-u:\b)SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
    ),
    (
        "DigitalOcean token",
        r"(?-u:\b)do[opr]_v1_[a-f0-9]{64}(?-u:\b)",
    ),
    ("Databricks token", r"(?-u:\b)dapi[a-f0-9]{32}(?-u:\b)"),
    (
        "Shopify token",
        r"(?-u:\b)shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}(?-u:\b)",
    ),
    ("Azure storage key", r"AccountKey=([A-Za-z0-9+/]{86}==)"),
    ("Hugging Face token", r"(?-u:\b)hf_[A-Za-z]{34}(?-u:\b)"),
    // RFC 7519: header and payload are JSON objects, so both begin with {".
    (
        "JSON web token",
        r"(?-u:\b)eyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{20,}",
    ),
];

/// Where a private key begins (RFC 7468), in a file or in a string. Its block is
/// looked for by hand: a pattern that has room for it is a slow one.
const KEY_BEGINS: &str = "-----BEGIN (?:[A-Z0-9]+ ){0,2}PRIVATE KEY(?: BLOCK)?-----";

/// Where it ends, and how far that may be, in bytes.
const KEY_ENDS: (&str, usize) = ("-----END ", 8192);

/// How much of a masked secret is left standing, in bytes.
const LEFT: usize = 4;

/// The shortest run of letters of a key block that is masked, in bytes.
const SHORTEST_RUN: usize = 12;

/// What the patterns can be told by, for the recipe of a file.
#[must_use]
pub fn recipe() -> String {
    patterns().collect::<Vec<_>>().join("\n")
}

/// Masks the secrets of `text`; tells how many they are.
pub(super) fn mask(text: &mut String) -> usize {
    let (secrets, spans) = find(text);
    let mut bytes = std::mem::take(text).into_bytes();
    for span in spans {
        bytes[span].fill(b'*');
    }
    // The spans are of ASCII, so this is still what it was; if not, nothing of it may be shown.
    *text = String::from_utf8(bytes).unwrap_or_default();
    secrets
}

fn patterns() -> impl Iterator<Item = &'static str> {
    let forms = FORMS.iter().map(|(_, pattern)| *pattern);
    forms.chain([KEY_BEGINS])
}

/// How many secrets there are, and the bytes that give them away.
fn find(text: &str) -> (usize, Vec<Range<usize>>) {
    let mut spans = Vec::new();
    let mut secrets: Vec<Range<usize>> = Vec::new();
    for form in set().matches(text) {
        for found in each()[form].captures_iter(text) {
            let (whole, secret) = secret_of(text, form, &found);
            if !secret.is_empty() && secrets.iter().all(|known| !overlap(known, &whole)) {
                spans.extend(secret);
                secrets.push(whole);
            }
        }
    }
    (secrets.len(), spans)
}

/// Where a match stands, and what of it is to be masked.
fn secret_of(text: &str, form: usize, found: &Captures) -> (Range<usize>, Vec<Range<usize>>) {
    let Some(whole) = found.get(0).map(|whole| whole.range()) else {
        return (0..0, Vec::new());
    };
    if form == FORMS.len() {
        return key_block(text, whole);
    }
    let secret = match found.get(1) {
        None => whole.start + LEFT..whole.end,
        Some(group) => group.range(),
    };
    (whole, iter::once(secret).collect())
}

/// The key that begins at `begin`; none if it has no end.
fn key_block(text: &str, begin: Range<usize>) -> (Range<usize>, Vec<Range<usize>>) {
    let (mark, longest) = KEY_ENDS;
    let rest = &text.as_bytes()[begin.end..];
    let rest = &rest[..rest.len().min(longest)];
    let end = rest
        .windows(mark.len())
        .position(|bytes| bytes == mark.as_bytes());
    let Some(end) = end else {
        return (begin, Vec::new());
    };
    (begin.start..begin.end + end, runs(&rest[..end], begin.end))
}

/// The runs of base64 in a key block; what stands between them keeps the text
/// around it well-formed.
fn runs(block: &[u8], start: usize) -> Vec<Range<usize>> {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    let mut runs = Vec::new();
    let mut begin = None;
    for (at, byte) in block.iter().copied().chain([b'\n']).enumerate() {
        match (begin, is_base64(byte)) {
            (None, true) => begin = Some(at),
            (Some(from), false) => {
                runs.push(start + from..start + at);
                begin = None;
            }
            _ => {}
        }
    }
    runs.retain(|run| run.len() >= SHORTEST_RUN);
    runs
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

fn set() -> &'static RegexSet {
    static SET: LazyLock<RegexSet> =
        LazyLock::new(|| RegexSet::new(patterns()).unwrap_or_else(|_| RegexSet::empty()));
    &SET
}

fn each() -> &'static [Regex] {
    static EACH: LazyLock<Vec<Regex>> =
        LazyLock::new(|| patterns().map(Regex::new).filter_map(Result::ok).collect());
    &EACH
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> (String, usize) {
        let mut text = text.to_owned();
        let secrets = mask(&mut text);
        (text, secrets)
    }

    /// Put together here, so that no scanner takes this file for a leak.
    fn token(parts: &[&str]) -> String {
        parts.concat()
    }

    #[test]
    fn every_pattern_is_one() {
        assert_eq!(
            (set().len(), each().len()),
            (FORMS.len() + 1, FORMS.len() + 1)
        );
    }

    #[test]
    fn each_form_is_found_once_and_nothing_else_of_the_line_changes() {
        let jwt = [
            "eyJ",
            "hbGciOiJIUzI1NiJ9.eyJ",
            "zdWIiOiIxMjM0NTY3ODkwIn0.",
            &"Sf".repeat(20),
        ];
        let tokens = [
            token(&["AKIA", "IOSFODNN7EXAMPLE"]),
            token(&["ghp", "_", &"a1".repeat(18)]),
            token(&["github", "_pat_", &"A".repeat(22), "_", &"b".repeat(59)]),
            token(&["glpat", "-", &"x".repeat(20)]),
            token(&["xoxb", "-123456789012-123456789012-", &"q".repeat(24)]),
            token(&["xapp", "-1-A012345678-1234567890123-", &"0a".repeat(32)]),
            token(&["sk_", "live_", &"4e".repeat(12)]),
            token(&["whsec", "_", &"4e".repeat(16)]),
            token(&["npm", "_", &"Z9".repeat(18)]),
            token(&["pypi", "-AgEIcHlwaS5vcmc", &"C".repeat(60)]),
            token(&["AIza", &"S-_d7".repeat(7)]),
            token(&["GOCSPX", "-", &"p".repeat(28)]),
            token(&["SG", ".", &"p".repeat(22), ".", &"r".repeat(43)]),
            token(&["dop", "_v1_", &"f0".repeat(32)]),
            token(&["dapi", &"0f".repeat(16)]),
            token(&["shpat", "_", &"0F".repeat(16)]),
            token(&["hf", "_", &"Qr".repeat(17)]),
            token(&jwt),
        ];
        for token in tokens {
            let line = format!("const key = \"{token}\"; // é\n");
            let (text, secrets) = masked(&line);
            let left = &token[..LEFT];
            let expected = format!(
                "const key = \"{left}{}\"; // é\n",
                "*".repeat(token.len() - LEFT)
            );
            assert_eq!((text, secrets), (expected, 1), "{left}");
        }
    }

    #[test]
    fn where_only_a_part_is_the_secret_the_rest_stays() {
        let key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let (text, secrets) = masked(&format!("aws_secret_access_key = '{key}'"));
        assert_eq!(
            (text, secrets),
            (format!("aws_secret_access_key = '{}'", "*".repeat(40)), 1)
        );
        let hook = token(&[
            "https://hooks.slack",
            ".com/services/T01234567/B01234567/",
            &"z".repeat(24),
        ]);
        assert!(
            masked(&hook)
                .0
                .starts_with("https://hooks.slack.com/services/****")
        );
        let azure = token(&["Account", "Key=", &"k".repeat(86), "==;Suffix=x"]);
        assert_eq!(
            masked(&azure).0,
            format!("AccountKey={};Suffix=x", "*".repeat(88))
        );
    }

    #[test]
    fn a_key_block_keeps_its_lines() {
        let body = format!("{}\n{}\n", "MIIEow".repeat(10), "Ab/+9=".repeat(8));
        let key = format!(
            "-----BEGIN RSA {}-----\n{body}-----END RSA PRIVATE KEY-----\n",
            "PRIVATE KEY"
        );
        let (text, secrets) = masked(&key);
        assert_eq!(
            (secrets, text.len(), text.lines().count()),
            (1, key.len(), key.lines().count())
        );
        assert!(!text.contains("MIIE") && !text.contains("Ab/"), "{text}");
        let in_a_string = key.replace('\n', "\\n");
        let (text, secrets) = masked(&in_a_string);
        assert!(secrets == 1 && !text.contains("MIIE"), "{text}");
    }

    #[test]
    fn what_only_looks_like_it_stays() {
        for text in [
            "import { npm_config_registry } from './env';",
            "const sha = 'da39a3ee5e6b4b0d3255bfef95601890afd80709';",
            "pk_live_51H8xYzKJh2mN3pQ4rS5tU6vW", // public by design
            "const id = 'AKIA';",
            "glpatience-and-other-words-of-that-kind",
            "task_live_streaming_of_the_whole_afternoon",
            "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----",
        ] {
            assert_eq!(masked(text), (text.to_owned(), 0));
        }
    }

    #[test]
    fn a_key_that_never_ends_costs_no_more_than_its_bound() {
        let text = format!("-----BEGIN {}-----{}", "PRIVATE KEY", "a ".repeat(200_000));
        assert_eq!(masked(&text).1, 0);
    }
}
