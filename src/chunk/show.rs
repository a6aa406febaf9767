//! What the tool sees in one file, for whoever adds a language.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{Chunk, ChunkedFile, Definition, Windows};

/// The file as one line of JSON: `path`, `language`, `lines_of_code`, `notes`,
/// `definitions` and `chunks`, each with its texts and their tokens.
#[must_use]
pub fn to_json(file: &ChunkedFile, windows: Windows) -> String {
    let head = json!({
        "path": file.path,
        "language": file.language.name(),
        "lines_of_code": file.lines_of_code,
        "notes": file.notes,
        "definitions": file.definitions.iter().map(definition).collect::<Value>(),
    });
    // The chunks go in one by one: as one value they would be held twice.
    let mut text = head.to_string();
    text.truncate(text.len() - "}".len());
    text.push_str(",\"chunks\":[");
    for (index, one) in file.chunks.iter().enumerate() {
        text.push_str(if index == 0 { "" } else { "," });
        text.push_str(&chunk(one, windows).to_string());
    }
    text.push_str("]}");
    text
}

fn definition(definition: &Definition) -> Value {
    json!({
        "kind": definition.kind.as_str(),
        "name": definition.name,
        "qualname": definition.qualname,
        "ordinal": definition.ordinal,
        "start_line": definition.lines.start,
        "end_line": definition.lines.end,
        "definition_line": definition.definition_line,
        "parent": definition.parent,
        "chunks": [definition.chunks.start, definition.chunks.end],
    })
}

fn chunk(chunk: &Chunk, windows: Windows) -> Value {
    json!({
        "chunk_type": chunk.kind.as_str(),
        "name": chunk.name,
        "qualname": chunk.qualname,
        "ordinal": chunk.ordinal,
        "name_path": chunk.name_path,
        "start_line": chunk.lines.start,
        "end_line": chunk.lines.end,
        "source_code": chunk.source_code,
        "text_input": chunk.text_input,
        "text_tokens": windows.text.counter.count(&chunk.text_input),
        "code_input": chunk.code_input,
        "code_tokens": windows.code.counter.count(&chunk.code_input),
        "metadata": chunk.metadata.to_object(),
    })
}

/// The file as a table: one line for each chunk, and the notes.
#[must_use]
pub fn to_text(file: &ChunkedFile, windows: Windows) -> String {
    let mut text = format!(
        "{} ({}, {} lines of code)\n",
        file.path,
        file.language.name(),
        file.lines_of_code
    );
    for chunk in &file.chunks {
        let lines = format!("{}-{}", chunk.lines.start, chunk.lines.end);
        let tokens = windows.code.counter.count(&chunk.code_input);
        let (kind, name) = (chunk.kind.as_str(), &chunk.name_path);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{lines:>12}  {tokens:>5} tokens  {kind:<15} {name}");
    }
    for note in &file.notes {
        let _ = writeln!(text, "note: {note}");
    }
    text
}
