//! Texts of equal length for what the grammar cannot read and the compiler can.
//!
//! Tried only on files that have syntax errors otherwise, and kept only if
//! fewer remain, so that a wrong guess costs time and nothing else.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// A line that begins with type parameters, which without a semicolon before it
/// is read as the type arguments of what stands above. Elements of JSX hardly
/// ever go on like this.
static CALL_SIGNATURE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?m)^([ \t]*)[ \t](<\s*(?:(?:const\s+)?[A-Za-z_$][\w$]*\s*(?:,|=[^>]|extends\b|>\s*\()|$))",
    )
    .ok()
});

/// `in` and `out` before a type parameter.
static VARIANCE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"([<,]\s*)((?:in\s+)?(?:out\s+)?)([A-Za-z_$])").ok());

/// A text in which the grammar reads what the compiler does, every byte at its
/// place; `None` if nothing of that kind is there.
pub(super) fn mend(text: &str) -> Option<String> {
    let parted = CALL_SIGNATURE.as_ref()?.replace_all(text, "$1;$2");
    let mended = VARIANCE.as_ref()?.replace_all(&parted, |found: &Captures| {
        format!("{}{}{}", &found[1], blanks(&found[2]), &found[3])
    });
    (mended != text).then(|| mended.into_owned())
}

/// As many blanks as `text` has bytes; its lines stay.
fn blanks(text: &str) -> String {
    let blank = |c: char| if c.is_whitespace() { c } else { ' ' };
    text.chars().map(blank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_signature_is_parted_from_the_line_above() {
        let mended = mend("interface A {\n  (x: T): T\n  <T>(x: T): T\n}").unwrap();
        assert_eq!(mended, "interface A {\n  (x: T): T\n ;<T>(x: T): T\n}");
        let over_lines = mend("\n  <\n    T,\n  >(x: T): T").unwrap();
        assert_eq!(over_lines, "\n ;<\n    T,\n  >(x: T): T");
    }

    #[test]
    fn variance_is_blanked() {
        let mended = mend("interface A<in out T, out\tU = in_> {}").unwrap();
        assert_eq!(mended, "interface A<       T,    \tU = in_> {}");
    }

    #[test]
    fn elements_and_comparisons_stay() {
        for text in [
            "(\n  <View style={a}>\n    <Text>a</Text>\n  </View>\n)",
            "a\n  < b",
            "f(a, inner, output)",
        ] {
            assert_eq!(mend(text), None, "{text}");
        }
    }
}
