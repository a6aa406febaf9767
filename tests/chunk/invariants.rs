//! What holds for every file, whatever it contains. Shared by the corpus, the
//! property tests and the fuzz targets.

use std::collections::HashSet;

use mnemo_index::chunk::{Chunk, ChunkedFile, Windows};

/// Lines longer than this may be cut where definitions share them.
const SHARED_LINE_BYTES: usize = 400;

/// Panics with what is wrong if `file`, cut from `text`, breaks a promise.
pub fn check(text: &str, file: &ChunkedFile, windows: Windows) {
    let lines: Vec<&str> = text.split('\n').collect();
    assert_eq!(
        file.chunks.is_empty(),
        text.trim().is_empty(),
        "chunks of a file with text"
    );
    for chunk in &file.chunks {
        fits(chunk, windows);
        stands_in_its_lines(chunk, &lines);
    }
    identities_are_unique(file);
    definitions_are_whole(file, lines.len());
    covers(file, &lines, windows);
    stays_small(text, file);
}

fn fits(chunk: &Chunk, windows: Windows) {
    let code = windows.code.counter.count(&chunk.code_input);
    assert!(
        code <= windows.code.max_tokens,
        "CODE of {} has {code} tokens",
        chunk.qualname
    );
    let text = windows.text.counter.count(&chunk.text_input);
    assert!(
        text <= windows.text.max_tokens,
        "TEXT of {} has {text} tokens",
        chunk.qualname
    );
}

fn stands_in_its_lines(chunk: &Chunk, lines: &[&str]) {
    let (start, end) = (chunk.lines.start as usize, chunk.lines.end as usize);
    assert!(
        1 <= start && start <= end && end <= lines.len(),
        "lines {start}-{end}"
    );
    let own = &lines[start - 1..end];
    let whole: HashSet<&str> = own.iter().map(|line| line.trim()).collect();
    for line in chunk.source_code.split('\n').map(str::trim) {
        let stands = whole.contains(line) || own.iter().any(|own| own.contains(line));
        assert!(stands, "{line:?} is not in lines {start}-{end}");
    }
}

fn identities_are_unique(file: &ChunkedFile) {
    let mut seen = HashSet::new();
    for chunk in &file.chunks {
        let id = (chunk.kind, &chunk.qualname, chunk.ordinal);
        assert!(seen.insert(id), "two chunks are {id:?}");
    }
    let mut seen = HashSet::new();
    for definition in &file.definitions {
        let id = (definition.kind, &definition.qualname, definition.ordinal);
        assert!(seen.insert(id), "two definitions are {id:?}");
    }
}

fn definitions_are_whole(file: &ChunkedFile, line_count: usize) {
    let module_chunks = file
        .chunks
        .iter()
        .take_while(|chunk| chunk.qualname.is_empty())
        .count();
    let mut next = module_chunks;
    for (index, definition) in file.definitions.iter().enumerate() {
        assert_eq!(
            definition.chunks.start, next,
            "chunks of {}",
            definition.qualname
        );
        assert!(
            !definition.chunks.is_empty(),
            "{} has no chunk",
            definition.qualname
        );
        next = definition.chunks.end;
        assert!(definition.parent.is_none_or(|parent| parent < index));
        assert!(definition.lines.start <= definition.definition_line);
        assert!(definition.definition_line <= definition.lines.end);
        assert!(definition.lines.end as usize <= line_count);
        for chunk in &file.chunks[definition.chunks.clone()] {
            assert_eq!(
                (chunk.kind, &chunk.qualname),
                (definition.kind, &definition.qualname)
            );
        }
    }
    assert_eq!(next, file.chunks.len(), "chunks that belong to nothing");
}

/// Every line of code stands in a chunk that names it, unless it is too long
/// to stand anywhere whole.
fn covers(file: &ChunkedFile, lines: &[&str], windows: Windows) {
    let mut missing: Vec<bool> = lines.iter().map(|line| !line.trim().is_empty()).collect();
    for chunk in &file.chunks {
        let own: HashSet<&str> = chunk.source_code.split('\n').map(str::trim).collect();
        for at in chunk.lines.start as usize - 1..chunk.lines.end as usize {
            missing[at] &= !own.contains(lines[at].trim());
        }
    }
    for (at, _) in missing.iter().enumerate().filter(|(_, missing)| **missing) {
        let line = lines[at];
        let too_long = line.len() > SHARED_LINE_BYTES
            || windows.code.counter.count(line) + 2 > windows.code.max_tokens / 2;
        assert!(too_long, "line {} is in no chunk: {line:?}", at + 1);
    }
}

/// Nothing multiplies: the stored text stays within a factor of the file.
fn stays_small(text: &str, file: &ChunkedFile) {
    let stored: usize = file
        .chunks
        .iter()
        .map(|chunk| chunk.source_code.len())
        .sum();
    assert!(
        stored <= 40 * text.len() + 1000,
        "{stored} bytes stored of {}",
        text.len()
    );
}
