//! Properties of generated files: text that looks like code, and text that
//! looks like nothing.

use proptest::prelude::*;

use crate::{harness, invariants};

const PATHS: [&str; 5] = ["src/a.ts", "src/b.tsx", "c.js", "pkg/d.py", "e.d.ts"];

/// Pieces of code of three languages, right and wrong.
const WORDS: [&str; 60] = [
    "function f",
    "(a, b)",
    " {\n",
    "}\n",
    "class A",
    " extends B",
    "const x = ",
    "() => ",
    "async ",
    "export ",
    "default ",
    "interface I",
    "type T = ",
    "enum E",
    "namespace N",
    ";\n",
    ",\n",
    "\n",
    "\n\n",
    "    ",
    "  ",
    "\t",
    "def f",
    "(self):\n",
    "class C:\n",
    "    return 1\n",
    "@dec\n",
    "\"\"\"doc\"\"\"\n",
    "# note\n",
    "// note\n",
    "/** doc */\n",
    "/* open",
    "`${",
    "}`",
    "'",
    "\"",
    "if x:\n",
    "else",
    "import { a } from 'b'\n",
    "from a import b\n",
    "<div>",
    "</div>",
    "get y()",
    "static ",
    "[Symbol.iterator]()",
    "é漢字",
    "😀",
    "\u{202e}",
    "\r\n",
    "\r",
    "<<<<<<< HEAD\n",
    "=======\n",
    "x.prototype.y = function",
    "lambda: ",
    "await ",
    "yield ",
    "(",
    ")",
    "[",
    "]",
];

fn code() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&WORDS[..]), 0..120).prop_map(|words| words.concat())
}

fn holds(path: &str, text: &str) {
    let text = text.replace('\0', "\u{fffd}");
    let file = harness::chunk(path, &text);
    invariants::check(&text, &file, harness::windows());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_looks_like_code_is_covered_and_fits(path in prop::sample::select(&PATHS[..]), text in code()) {
        holds(path, &text);
    }

    #[test]
    fn whatever_is_text_is_covered_and_fits(path in prop::sample::select(&PATHS[..]), text in any::<String>()) {
        holds(path, &text);
    }

    #[test]
    fn a_long_line_of_anything_is_cut_on_character_borders(
        path in prop::sample::select(&PATHS[..]),
        words in prop::collection::vec(prop::sample::select(&WORDS[..]), 100..400),
    ) {
        holds(path, &words.concat().replace('\n', " "));
    }
}

#[test]
fn the_same_text_gives_the_same_chunks() {
    let text = "export class A {\n  m() { return 1 }\n}\n".repeat(50);
    let first = harness::chunk("a.ts", &text);
    let second = harness::chunk("a.ts", &text);
    assert_eq!(format!("{first:?}"), format!("{second:?}"));
}
