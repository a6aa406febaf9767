//! Puts the chunks of a file together from what the survey and the layout say.

use super::bounds::{MAX_DESCRIBED_CALLS, MAX_LINE_BYTES};
use super::inputs::{self, TextInput};
use super::layout::{self, Scope};
use super::lines::Lines;
use super::metadata::{self, Subject};
use super::nest::Found;
use super::split::{self, Atom, Ground};
use super::survey::{Facts, Survey};
use super::{Chunk, ChunkKind, ChunkedFile, Definition, Window, Windows, file_kind};
use crate::language::{Language, Links};
use crate::names::{NamePath, RelPath};
use crate::source::{ByteSpan, LineSpan, Source};
use crate::symbols::Symbols;

/// The file that is being cut.
pub(super) struct File<'a> {
    pub(super) source: &'a Source,
    pub(super) language: &'static Language,
    pub(super) lines: Lines<'a>,
    pub(super) is_test: bool,
    module_path: Vec<&'a str>,
    windows: Windows<'a>,
}

impl<'a> File<'a> {
    pub(super) fn new(
        source: &'a Source,
        language: &'static Language,
        windows: Windows<'a>,
    ) -> Self {
        let path = &source.file.path;
        Self {
            source,
            language,
            lines: Lines::new(&source.text),
            is_test: file_kind::is_test(path),
            module_path: module_path(path, language),
            windows,
        }
    }

    pub(super) fn path(&self) -> &'a RelPath {
        &self.source.file.path
    }

    /// The file without chunks, as a blank one is.
    pub(super) fn empty(&self) -> ChunkedFile {
        let nul = self.source.nul_replaced;
        ChunkedFile {
            path: self.path().clone(),
            language: self.language,
            digest: self.source.digest,
            lines_of_code: self.lines.of_code(self.lines.whole()),
            definitions: Vec::new(),
            chunks: Vec::new(),
            symbols: Symbols::default().to_bytes(),
            package: None,
            notes: (nul > 0)
                .then(|| format!("{nul} U+0000 replaced"))
                .into_iter()
                .collect(),
        }
    }

    fn name_path(&self, qualname: &str) -> NamePath {
        NamePath::join(self.module_path.iter().copied().chain([qualname]))
    }
}

/// The module's name: its path without the folders and endings that name no
/// module.
fn module_path<'a>(path: &'a RelPath, language: &Language) -> Vec<&'a str> {
    let naming = language.naming();
    let mut parts: Vec<&str> = path
        .folders()
        .skip_while(|folder| naming.roots.contains(folder))
        .collect();
    let name = path.file_name();
    let mut stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    for inner in naming.inner_extensions {
        stem = stem
            .strip_suffix(inner)
            .and_then(|stem| stem.strip_suffix('.'))
            .unwrap_or(stem);
    }
    if stem != naming.index {
        parts.push(stem);
    }
    parts
}

/// Composes the chunks of a parsed file.
pub(super) fn compose(file: &File, survey: &Survey) -> ChunkedFile {
    let kind = module_kind(file, survey);
    let scopes = layout::layout(
        &file.lines,
        &survey.definitions,
        file.language.naming().line_comment,
    );
    let mut composer = Composer::new(file, survey);
    for scope in &scopes {
        match scope.definition {
            None => composer.module(scope, kind),
            Some(index) => composer.definition(scope, &survey.definitions[index]),
        }
    }
    composer.note_omissions();
    composer.finish()
}

/// Composes the chunks of a file without syntax: all of it is the module's.
pub(super) fn unparsed(file: &File, kind: ChunkKind) -> ChunkedFile {
    let survey = Survey::nothing();
    let mut composer = Composer::new(file, &survey);
    let range = file.lines.whole();
    composer.module(
        &Scope {
            definition: None,
            range,
            segments: vec![range],
        },
        kind,
    );
    composer.finish()
}

fn module_kind(file: &File, survey: &Survey) -> ChunkKind {
    if file_kind::is_config(file.path()) {
        return ChunkKind::ConfigModule;
    }
    if file_kind::may_be_barrel(file.path()) && is_mostly_re_exports(file, &survey.links) {
        return ChunkKind::Barrel;
    }
    ChunkKind::Module
}

/// More than four re-exports for every five lines of code, as the readers
/// know a barrel.
fn is_mostly_re_exports(file: &File, links: &Links) -> bool {
    let code = file.source.text.lines().map(str::trim);
    let of_code = code.filter(|line| !line.is_empty() && !line.starts_with("//"));
    !links.re_exports.is_empty() && links.re_exports.len() * 5 > of_code.count() * 4
}

struct Composer<'f, 's> {
    file: &'f File<'f>,
    survey: &'f Survey<'s>,
    imports: metadata::Imports<'f>,
    ordinals: std::collections::HashMap<(ChunkKind, String), u32>,
    chunked: ChunkedFile,
    /// Calls met so far.
    calls: usize,
    cut_bytes: usize,
    cut_line: Option<u32>,
}

/// What the chunks of one scope have in common.
struct Topic<'f, 's> {
    kind: ChunkKind,
    name: &'f str,
    qualname: &'f str,
    definition: Option<&'f Found<'s>>,
    facts: &'f Facts<'s>,
    signature: String,
    doc: String,
    range: ByteSpan,
}

impl<'f, 's> Composer<'f, 's> {
    fn new(file: &'f File<'f>, survey: &'f Survey<'s>) -> Self {
        Self {
            file,
            survey,
            imports: metadata::Imports::new(&survey.links),
            ordinals: std::collections::HashMap::new(),
            chunked: file.empty(),
            calls: 0,
            cut_bytes: 0,
            cut_line: None,
        }
    }

    /// The doc comments as prose, the longest first: of overloads it is the
    /// one that explains, the others say what differs.
    fn prose(&self, docs: &[ByteSpan]) -> String {
        let prose = self.file.language.rules().prose;
        let between = |c: char| c == ';' || c.is_whitespace();
        let mut texts: Vec<String> = docs
            .iter()
            .map(|span| prose(self.file.lines.slice(*span).trim_start_matches(between)))
            .filter(|text| !text.is_empty())
            .collect();
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        texts.dedup();
        texts.join("\n").trim_end().to_owned()
    }

    fn module(&mut self, scope: &Scope, kind: ChunkKind) {
        if scope.segments.is_empty() {
            return;
        }
        let name = file_kind::module_name(self.file.path(), kind);
        let topic = Topic {
            kind,
            name: &name,
            qualname: "",
            definition: None,
            facts: &self.survey.module,
            signature: String::new(),
            doc: self.prose(self.survey.module_doc.as_slice()),
            range: scope.range,
        };
        self.pieces(&topic, &scope.segments, self.survey.module_doc.as_slice());
    }

    fn definition(&mut self, scope: &Scope, found: &Found<'s>) {
        let docs: Vec<ByteSpan> = found.doc.iter().chain(&found.inner_docs).copied().collect();
        let topic = Topic {
            kind: found.kind,
            name: &found.name,
            qualname: &found.qualname,
            definition: Some(found),
            facts: &found.facts,
            signature: one_line(self.file.lines.slice(found.declaration.header)),
            doc: self.prose(&docs),
            range: scope.range,
        };
        let first = self.chunked.chunks.len();
        let segments = if scope.segments.is_empty() {
            // All its lines are shared with others; its chunk still shows it.
            std::slice::from_ref(&scope.range)
        } else {
            &scope.segments
        };
        self.pieces(&topic, segments, &docs);
        self.chunked.definitions.push(Definition {
            kind: found.kind,
            name: found.name.clone(),
            qualname: found.qualname.clone(),
            ordinal: found.ordinal,
            lines: self.file.lines.numbers(scope.range),
            definition_line: self.file.lines.number_of(found.span.start),
            parent: found.parent,
            chunks: first..self.chunked.chunks.len(),
        });
    }

    /// Cuts a scope into pieces and makes a chunk of each.
    fn pieces(&mut self, topic: &Topic, segments: &[ByteSpan], docs: &[ByteSpan]) {
        let file = self.file;
        let ground = Ground {
            lines: &file.lines,
            depths: &self.survey.depths,
            docs,
        };
        let (atoms, cut) = split::atoms(&ground, segments);
        if cut > 0 {
            self.cut_bytes += cut;
            self.cut_line
                .get_or_insert(file.lines.number_of(topic.range.start));
        }
        let window = file.windows.code;
        let header = inputs::header(&[file.path().as_str(), topic.qualname], window);
        let code = code_input(&header, &atoms, (&file.source.text, window));
        if inputs::fits(&code, window) {
            return self.chunk(
                topic,
                &Piece {
                    atoms: &atoms,
                    code,
                    number: 0,
                    count: 1,
                },
            );
        }
        let signature = inputs::brief(&topic.signature, window);
        let header = inputs::header(&[file.path().as_str(), topic.qualname, signature], window);
        let fitted = Fitter {
            header,
            text: &file.source.text,
            window,
        }
        .fit(&atoms);
        let count = fitted.len();
        for (number, (atoms, code)) in fitted.into_iter().enumerate() {
            self.chunk(
                topic,
                &Piece {
                    atoms: &atoms,
                    code,
                    number,
                    count,
                },
            );
        }
    }

    fn chunk(&mut self, topic: &Topic, piece: &Piece) {
        let file = self.file;
        let (Some(first), Some(last)) = (piece.atoms.first(), piece.atoms.last()) else {
            return;
        };
        let span = ByteSpan {
            start: first.span.start,
            end: last.span.end,
        };
        let source_code = split::text_of(piece.atoms, &file.source.text);
        let name_path = file.name_path(topic.qualname);
        let head = [name_path.as_str(), topic.signature.as_str()];
        let head = head
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("\n");
        let TextInput { text, shortened } =
            inputs::text_input(&head, &topic.doc, file.windows.text);
        let subject = Subject {
            file,
            kind: topic.kind,
            name: topic.name,
            definition: topic.definition,
            facts: topic.facts,
            survey: self.survey,
            imports: &self.imports,
            signature: &topic.signature,
            doc: &topic.doc,
            range: topic.range,
            // The pieces of a definition share out what is said of it.
            share: if piece.count == 1 { topic.range } else { span },
            piece: (piece.number, piece.count),
            loc: split::line_count(piece.atoms, &file.lines),
            described: MAX_DESCRIBED_CALLS.saturating_sub(self.calls),
            text_shortened: shortened,
        };
        self.calls += metadata::calls(&subject).len();
        let metadata = metadata::metadata(&subject);
        let ordinal = self.ordinal(topic.kind, topic.qualname);
        self.chunked.chunks.push(Chunk {
            kind: topic.kind,
            name: topic.name.to_owned(),
            qualname: topic.qualname.to_owned(),
            ordinal,
            name_path,
            lines: self.line_span(topic, piece, span),
            source_code,
            text_input: text,
            code_input: piece.code.clone(),
            metadata,
        });
    }

    /// The lines of a piece; of a whole definition all its lines, though its
    /// last ones may belong to a member.
    fn line_span(&self, topic: &Topic, piece: &Piece, span: ByteSpan) -> LineSpan {
        match topic.definition {
            Some(_) if piece.count == 1 => self.file.lines.numbers(topic.range),
            _ => self.file.lines.numbers(span),
        }
    }

    fn ordinal(&mut self, kind: ChunkKind, qualname: &str) -> u32 {
        let next = self
            .ordinals
            .entry((kind, qualname.to_owned()))
            .or_default();
        *next += 1;
        *next - 1
    }

    fn note_omissions(&mut self) {
        let omissions = &self.survey.omissions;
        if let Some(line) = omissions.first_error {
            let count = omissions.errors;
            let plural = if count == 1 { "" } else { "s" };
            self.chunked.notes.push(format!(
                "{count} syntax error{plural}, the first on line {}",
                line + 1
            ));
        }
        if omissions.definitions > 0 {
            let count = omissions.definitions;
            self.chunked.notes.push(format!(
                "{count} definitions beyond the bounds stay in the text around them"
            ));
        }
    }

    fn finish(mut self) -> ChunkedFile {
        if let Some(count) = self.calls.checked_sub(MAX_DESCRIBED_CALLS + 1) {
            let count = count + 1;
            self.chunked.notes.push(format!(
                "{count} calls beyond the bounds are named but not described"
            ));
        }
        if let Some(line) = self.cut_line {
            let cut = self.cut_bytes;
            self.chunked.notes.push(format!(
                "line {line} and others longer than {MAX_LINE_BYTES} bytes: {cut} bytes left out"
            ));
        }
        self.chunked
    }
}

/// One chunk to be.
struct Piece<'a> {
    atoms: &'a [Atom],
    code: String,
    number: usize,
    count: usize,
}

/// Cuts until every CODE text fits.
struct Fitter<'a> {
    header: String,
    text: &'a str,
    window: Window<'a>,
}

impl Fitter<'_> {
    fn fit(&self, atoms: &[Atom]) -> Vec<(Vec<Atom>, String)> {
        let room = inputs::room_below(self.window, &self.header);
        let (atoms, pieces) = split::split(atoms, self.text, room);
        let mut fitted = Vec::new();
        // Lines are counted one by one, which may differ from all together; a
        // piece that turns out too long is halved.
        let pieces = pieces.iter().rev();
        let mut waiting: Vec<Vec<Atom>> =
            pieces.map(|piece| atoms[piece.clone()].to_vec()).collect();
        while let Some(piece) = waiting.pop() {
            let code = code_input(&self.header, &piece, (self.text, self.window));
            match split::halves(&piece, self.text) {
                Some([first, second]) if !inputs::fits(&code, self.window) => {
                    waiting.extend([second, first]);
                }
                _ => fitted.push((piece, code)),
            }
        }
        fitted
    }
}

/// The header line and the source without its doc comment, as the model of the
/// window reads them.
fn code_input(header: &str, atoms: &[Atom], (text, window): (&str, Window)) -> String {
    let code: Vec<Atom> = atoms.iter().filter(|atom| !atom.is_doc).copied().collect();
    let code = format!("{header}\n{}", split::text_of(&code, text));
    window.counter.legible(&code).into_owned()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
