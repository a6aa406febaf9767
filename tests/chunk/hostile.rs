//! Files that end other tools: each is cut within bounds, and a note says what
//! could not be done.

use std::fmt::Write;

use mnemo_index::chunk::{ChunkKind, ChunkedFile};

use crate::{harness, invariants};

fn cut(path: &str, text: &str) -> ChunkedFile {
    let file = harness::chunk(path, text);
    invariants::check(text, &file, harness::windows());
    file
}

#[test]
fn a_blank_file_has_no_chunks_and_is_no_error() {
    for text in ["", "\n\n", " \t\r\n", "\u{a0}"] {
        assert!(cut("a.py", text).chunks.is_empty());
    }
}

#[test]
fn ten_thousand_nested_functions_stay_small() {
    let mut text = String::new();
    for number in 0..10_000 {
        write!(text, "function f{number}() {{ ").unwrap();
    }
    text.push_str(&"}".repeat(10_000));
    let file = cut("deep.js", &text);
    assert_eq!(file.chunks[0].kind, ChunkKind::FallbackFixed);
    assert!(
        file.notes[0].starts_with("cut line-wise: brackets nest 10000 deep"),
        "{:?}",
        file.notes
    );
}

#[test]
fn definitions_nest_only_so_deep() {
    let mut text = String::new();
    for number in 0..200 {
        writeln!(text, "{}def f{number}():", " ".repeat(number)).unwrap();
    }
    writeln!(text, "{}pass", " ".repeat(200)).unwrap();
    let file = cut("deep.py", &text);
    assert_eq!(file.definitions.len(), 32);
    assert_eq!(
        file.notes,
        ["168 definitions beyond the bounds stay in the text around them"]
    );
}

#[test]
fn nested_brackets_are_not_parsed() {
    let text = format!("x = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    for path in ["a.py", "a.ts", "a.tsx", "a.js"] {
        let file = cut(path, &text);
        assert_eq!(file.chunks[0].kind, ChunkKind::FallbackFixed);
        assert_eq!(file.chunks[0].metadata.get("fallback"), Some(true));
    }
}

#[test]
fn fifty_thousand_functions_are_kept_and_the_rest_is_counted() {
    let mut text = String::new();
    for number in 0..50_000 {
        writeln!(text, "def f{number}(): pass").unwrap();
    }
    let file = harness::chunk("many.py", &text);
    assert_eq!(file.definitions.len(), 10_000);
    assert!(
        file.notes[0].starts_with("40000 definitions beyond"),
        "{:?}",
        file.notes
    );
    let last = file
        .chunks
        .iter()
        .any(|chunk| chunk.source_code.contains("def f49999()"));
    assert!(last, "what is beyond the bound stays in the module chunk");
}

#[test]
fn a_line_of_twenty_megabytes_is_cut_and_said() {
    let text = format!("var data = '{}';", "abcdefgh ".repeat(20_000_000 / 9));
    let file = harness::chunk("data.js", &text);
    assert!(
        file.notes[0].starts_with("cut line-wise:"),
        "{:?}",
        file.notes
    );
    assert!(
        file.notes[1].contains("longer than 262144 bytes"),
        "{:?}",
        file.notes
    );
    let stored: usize = file
        .chunks
        .iter()
        .map(|chunk| chunk.source_code.len())
        .sum();
    assert_eq!(stored, 262_144);
}

#[test]
fn a_function_of_thirty_thousand_lines_keeps_true_lines() {
    let mut text = "def big():\n".to_owned();
    for number in 0..30_000 {
        writeln!(text, "    call_{number}(value_{number}, other={number})").unwrap();
    }
    let file = cut("big.py", &text);
    assert_eq!(file.definitions.len(), 1);
    assert!(file.chunks.len() > 500);
    let last = file.chunks.last().unwrap();
    assert_eq!(last.lines.end, 30_001);
    assert!(
        last.source_code
            .ends_with("call_29999(value_29999, other=29999)")
    );
    assert!(
        last.code_input.starts_with("big.py big def big():\n"),
        "{}",
        last.code_input
    );
}

#[test]
fn syntax_errors_lose_no_text() {
    let text = "function ok() { return 1 }\n)))] }\nclass { { {\nconst f = () => {\n";
    let file = cut("broken.ts", text);
    assert!(
        file.definitions
            .iter()
            .any(|definition| definition.qualname == "ok")
    );
    assert!(file.notes[0].contains("syntax error"), "{:?}", file.notes);
}

#[test]
fn merge_conflict_markers_lose_no_text() {
    let text =
        "<<<<<<< HEAD\ndef a():\n    return 1\n=======\ndef b():\n    return 2\n>>>>>>> other\n";
    let file = cut("conflict.py", text);
    assert!(
        file.chunks
            .iter()
            .any(|chunk| chunk.source_code.contains(">>>>>>> other"))
    );
}

#[test]
fn a_minified_file_is_cut_into_pieces_that_fit() {
    let mut text = String::new();
    for number in 0..3_000 {
        write!(
            text,
            "function f{number}(a,b){{return a+b*{number}}}var v{number}=f{number}(1,2);"
        )
        .unwrap();
    }
    let file = cut("jquery.min.js", &text);
    assert_eq!(file.definitions.len(), 3_000);
}
