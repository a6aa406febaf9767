//! The readers' `metadata`, of each chunk from its own syntax.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::ChunkKind;
use super::bounds::{MAX_LISTED, MAX_METADATA_DOC, MAX_METADATA_TEXT};
use super::compose::File;
use super::nest::Found;
use super::survey::{Call, Facts, Survey};
use crate::language::{Links, Parameter};
use crate::source::ByteSpan;

/// The metadata of one chunk, an object as JSON text: as a tree of values it
/// takes about five times the memory, for as long as its file is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata(Box<str>);

impl Metadata {
    /// The text of `object`.
    #[must_use]
    pub fn of(object: &Map<String, Value>) -> Self {
        // Maps with text keys always serialize.
        Self(serde_json::to_string(object).unwrap_or_default().into())
    }

    /// The object as it is stored.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// The object as a tree.
    #[must_use]
    pub fn to_object(&self) -> Map<String, Value> {
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// What stands under `key`, if that is there and of this type. Only its own
    /// text becomes a tree.
    #[must_use]
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        let entries: HashMap<&str, &RawValue> = serde_json::from_str(&self.0).ok()?;
        serde_json::from_str(entries.get(key)?.get()).ok()
    }

    /// The same with `more`, which wins where both have a key.
    #[must_use]
    pub fn with(&self, more: impl IntoIterator<Item = (String, Value)>) -> Self {
        let mut object = self.to_object();
        object.extend(more);
        Self::of(&object)
    }
}

/// What the metadata of one chunk is drawn from.
pub(super) struct Subject<'a, 's> {
    pub(super) file: &'a File<'a>,
    pub(super) kind: ChunkKind,
    pub(super) name: &'a str,
    pub(super) definition: Option<&'a Found<'s>>,
    pub(super) facts: &'a Facts<'s>,
    pub(super) survey: &'a Survey<'s>,
    pub(super) imports: &'a Imports<'a>,
    pub(super) signature: &'a str,
    pub(super) doc: &'a str,
    /// The whole of its definition.
    pub(super) range: ByteSpan,
    /// The part whose calls and imports this chunk names.
    pub(super) share: ByteSpan,
    /// Number of the piece, and how many there are.
    pub(super) piece: (usize, usize),
    pub(super) loc: u32,
    /// How many of its calls may be described.
    pub(super) described: usize,
    pub(super) text_shortened: bool,
}

/// The file's imports in the readers' order, by the names they are used under.
pub(super) struct Imports<'a> {
    ordered: Vec<(&'a str, usize)>,
    by_name: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Imports<'a> {
    pub(super) fn new(links: &'a Links) -> Self {
        let mut sorted: Vec<_> = links.imports.iter().collect();
        sorted.sort_by_key(|import| import.kind);
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, import) in sorted.iter().enumerate() {
            if !import.bound.is_empty() {
                by_name.entry(&import.bound).or_default().push(index);
            }
        }
        let ordered = sorted
            .iter()
            .map(|import| (shortened(&import.stored), import.at))
            .collect();
        Self { ordered, by_name }
    }

    /// Those that the code in `share` declares or uses.
    fn of(&self, facts: &Facts, share: ByteSpan) -> Vec<&'a str> {
        let declared = self.ordered.iter().enumerate();
        let mut found: BTreeSet<usize> = declared
            .filter(|(_, (_, at))| holds(share, *at))
            .map(|(index, _)| index)
            .collect();
        for (_, name) in within(&facts.identifiers, share, |(at, _)| *at) {
            if let Some(indices) = self.by_name.get(name) {
                found.extend(indices);
            }
        }
        let mut seen = HashSet::new();
        let stored = found.into_iter().map(|index| self.ordered[index].0);
        stored
            .filter(|stored| seen.insert(*stored))
            .take(MAX_LISTED)
            .collect()
    }
}

fn holds(span: ByteSpan, at: usize) -> bool {
    (span.start..span.end).contains(&at)
}

/// The metadata of one chunk. What is said of a whole definition stands on its
/// first piece; the further ones have what is theirs.
pub(super) fn metadata(subject: &Subject) -> Metadata {
    let mut map = of_piece(subject);
    if let Some(found) = subject.definition {
        map.extend(of_definition(subject, found));
    }
    if subject.piece.0 == 0 {
        map.extend(described(subject));
    }
    Metadata::of(&map)
}

/// A map of the entries that have a value.
fn entries<const N: usize>(entries: [(&str, Value); N]) -> Map<String, Value> {
    let with_value = entries.into_iter().filter(|(_, value)| !value.is_null());
    with_value
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

/// What each piece has of its own.
fn of_piece(subject: &Subject) -> Map<String, Value> {
    let calls = calls(subject);
    let contexts = calls.iter().take(subject.described);
    let (number, count) = subject.piece;
    let of_many = |value: usize| if count > 1 { value.into() } else { Value::Null };
    entries([
        ("lsp_type", subject.kind.lsp_type().into()),
        ("is_test", subject.file.is_test.into()),
        ("loc", subject.loc.into()),
        (
            "imports",
            subject.imports.of(subject.facts, subject.share).into(),
        ),
        ("re_exports", re_exports(subject)),
        ("calls", names(calls)),
        (
            "call_contexts",
            contexts.map(|call| context(subject, call)).collect(),
        ),
        ("complexity", complexity(subject)),
        ("constants", constants(subject)),
        ("piece", of_many(number)),
        ("pieces", of_many(count)),
    ])
}

/// What tells a definition apart, on each of its pieces.
fn of_definition(subject: &Subject, found: &Found) -> Map<String, Value> {
    let line = subject.file.lines.number_of(found.span.start);
    let result = found.declaration.return_type.as_deref();
    entries([
        ("qualname", found.qualname.as_str().into()),
        ("definition_line", line.into()),
        ("exported", found.exported.into()),
        ("return_type", result.map(shortened).into()),
    ])
}

/// What describes a whole definition or module.
fn described(subject: &Subject) -> Map<String, Value> {
    let doc = &subject.doc[..subject.doc.floor_char_boundary(MAX_METADATA_DOC)];
    let mut map = entries([
        ("docstring", Some(doc).filter(|doc| !doc.is_empty()).into()),
        (
            "text_shortened",
            subject.text_shortened.then_some(true).into(),
        ),
    ]);
    let Some(found) = subject.definition else {
        return map;
    };
    let declaration = &found.declaration;
    map.extend(entries([
        ("decorators", listed(declaration.decorators.iter())),
        (
            "modifiers",
            unless_empty(listed(declaration.modifiers.iter())),
        ),
        ("overloads", unless_empty(overloads(subject, found))),
    ]));
    if found.kind.is_callable() {
        let names = declaration
            .parameters
            .iter()
            .map(|parameter| &parameter.name);
        map.extend(entries([
            ("signature", signature(subject, found)),
            ("parameters", listed(names)),
            ("param_types", param_types(&declaration.parameters)),
        ]));
    } else {
        map.extend(entries([
            ("signature", json!({ "text": shortened(subject.signature) })),
            ("bases", listed(declaration.bases.iter())),
        ]));
    }
    map
}

fn listed<'t>(texts: impl Iterator<Item = &'t String>) -> Value {
    let bounded = texts.take(MAX_LISTED);
    bounded.map(|text| Value::from(shortened(text))).collect()
}

fn unless_empty(list: Value) -> Value {
    match list {
        Value::Array(values) if values.is_empty() => Value::Null,
        list => list,
    }
}

fn overloads(subject: &Subject, found: &Found) -> Value {
    let headers = found.overloads.iter().take(MAX_LISTED);
    let texts = headers.map(|header| one_line(subject.file.lines.slice(*header)));
    texts.map(|text| Value::from(shortened(&text))).collect()
}

fn signature(subject: &Subject, found: &Found) -> Value {
    let declaration = &found.declaration;
    let parameters: Vec<Value> = declaration
        .parameters
        .iter()
        .take(MAX_LISTED)
        .map(|parameter| {
            json!({
                "name": shortened(&parameter.name),
                "type": parameter.type_text.as_deref().map(shortened),
                "is_optional": parameter.is_optional,
                "default_value": parameter.default_value.as_deref().map(shortened),
            })
        })
        .collect();
    json!({
        "function_name": found.name,
        "text": shortened(subject.signature),
        "parameters": parameters,
        "return_type": declaration.return_type.as_deref().map(shortened),
        "is_async": declaration.is_async,
        "is_generator": declaration.is_generator,
        "decorators": listed(declaration.decorators.iter()),
    })
}

fn param_types(parameters: &[Parameter]) -> Value {
    let typed = parameters.iter().take(MAX_LISTED).filter_map(|parameter| {
        let type_text = parameter.type_text.as_deref()?;
        let name = shortened(&parameter.name).to_owned();
        Some((name, Value::from(shortened(type_text))))
    });
    Value::Object(typed.collect())
}

fn complexity(subject: &Subject) -> Value {
    json!({
        "cyclomatic": subject.facts.decisions + 1,
        "cognitive": subject.facts.cognitive,
        "lines_of_code": subject.file.lines.of_code(subject.range),
    })
}

/// The calls of a piece, as many as are listed.
pub(super) fn calls<'a, 's>(subject: &Subject<'a, 's>) -> &'a [Call<'s>] {
    let calls = within(&subject.facts.calls, subject.share, |call| call.at);
    &calls[..calls.len().min(MAX_LISTED)]
}

/// The part of `facts` that stands in `share`: the walk meets them in order,
/// and a file of one function has thousands of pieces to ask for.
fn within<T>(facts: &[T], share: ByteSpan, at: impl Fn(&T) -> usize) -> &[T] {
    let start = facts.partition_point(|fact| at(fact) < share.start);
    let length = facts[start..].partition_point(|fact| at(fact) < share.end);
    &facts[start..start + length]
}

/// Distinct callees in the order they are met, functions before constructors.
fn names(calls: &[Call]) -> Value {
    let mut seen = HashSet::new();
    let called = calls.iter().filter(|call| !call.constructs);
    let constructed = calls.iter().filter(|call| call.constructs);
    let names = called.chain(constructed).map(|call| call.callee);
    names
        .filter(|name| seen.insert(*name))
        .map(|name| Value::from(shortened(name)))
        .collect()
}

/// One place of a call; its column is 1-based and counts bytes, as syntax
/// trees do, since counting characters of a long line would take its square.
fn context(subject: &Subject, call: &Call) -> Value {
    let lines = &subject.file.lines;
    let (scope_type, scope_name) = match subject.definition {
        Some(_) => (subject.kind.lsp_type(), Some(subject.name)),
        None => ("global", None),
    };
    json!({
        "call_name": shortened(call.callee),
        "line_number": lines.number_of(call.at),
        "column": lines.before(call.at).len() + 1,
        "scope_type": scope_type,
        "scope_name": scope_name,
        "is_conditional": call.around.conditional,
        "is_loop": call.around.looped,
        "is_try_catch": call.around.tried,
        "arguments_count": call.arguments,
    })
}

fn re_exports(subject: &Subject) -> Value {
    if subject.definition.is_some() {
        return Value::Array(Vec::new());
    }
    let all = subject.survey.links.re_exports.iter();
    let here = all.filter(|re_export| holds(subject.share, re_export.at));
    let objects = here.take(MAX_LISTED).map(|re_export| {
        let mut object = json!({
            "symbol": shortened(&re_export.symbol),
            "source": shortened(&re_export.source),
            "is_type": re_export.is_type,
        });
        if let Some(original) = &re_export.original {
            object["original"] = shortened(original).into();
        }
        object
    });
    objects.collect()
}

fn constants(subject: &Subject) -> Value {
    if subject.definition.is_some() {
        return Value::Null;
    }
    let all = subject.survey.constants.iter();
    let here = all.filter(|constant| holds(subject.share, constant.at));
    here.take(MAX_LISTED)
        .map(|constant| Value::from(constant.name.as_str()))
        .collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The beginning of a text that would weigh down the metadata.
fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_METADATA_TEXT)]
}
