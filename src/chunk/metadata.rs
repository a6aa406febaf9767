//! The readers' `metadata`, of each chunk from its own syntax.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::ChunkKind;
use super::bounds::{MAX_LISTED, MAX_METADATA_TEXT};
use super::compose::File;
use super::lines::Lines;
use super::nest::Found;
use super::survey::{Call, Facts, Survey};
use crate::language::{Links, Parameter};
use crate::source::ByteSpan;

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
            .map(|import| (import.stored.as_str(), import.at))
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
        for (at, name) in &facts.identifiers {
            if holds(share, *at)
                && let Some(indices) = self.by_name.get(name)
            {
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

pub(super) fn metadata(subject: &Subject) -> Map<String, Value> {
    let mut map = Map::new();
    let mut set = |key: &str, value: Value| {
        map.insert(key.to_owned(), value);
    };
    set("lsp_type", subject.kind.lsp_type().into());
    set("is_test", subject.file.is_test.into());
    set("loc", subject.loc.into());
    set(
        "imports",
        subject.imports.of(subject.facts, subject.share).into(),
    );
    set("re_exports", re_exports(subject));
    let calls = calls(subject);
    set("calls", names(&calls));
    set(
        "call_contexts",
        calls.iter().map(|call| context(subject, call)).collect(),
    );
    set("complexity", complexity(subject));
    if !subject.doc.is_empty() {
        set("docstring", subject.doc.into());
    }
    if subject.text_shortened {
        set("text_shortened", true.into());
    }
    if subject.piece.1 > 1 {
        set("piece", subject.piece.0.into());
        set("pieces", subject.piece.1.into());
    }
    match subject.definition {
        Some(found) => of_definition(subject, found, &mut map),
        None => {
            map.insert("constants".to_owned(), constants(subject));
        }
    }
    map
}

fn of_definition(subject: &Subject, found: &Found, map: &mut Map<String, Value>) {
    let declaration = &found.declaration;
    let mut set = |key: &str, value: Value| {
        map.insert(key.to_owned(), value);
    };
    set("qualname", found.qualname.as_str().into());
    set(
        "definition_line",
        subject.file.lines.number_of(found.span.start).into(),
    );
    set("exported", found.exported.into());
    set("decorators", declaration.decorators.clone().into());
    if found.kind.is_callable() {
        set("signature", signature(subject, found));
        set(
            "parameters",
            receiverless(declaration.parameters.iter().map(|p| p.name.as_str())),
        );
        set("param_types", param_types(&declaration.parameters));
        if let Some(result) = &declaration.return_type {
            set("return_type", result.as_str().into());
        }
    } else {
        set("signature", json!({ "text": subject.signature }));
        set("bases", declaration.bases.clone().into());
    }
    if !declaration.modifiers.is_empty() {
        set("modifiers", declaration.modifiers.clone().into());
    }
    if !found.overloads.is_empty() {
        let lines = &subject.file.lines;
        let texts = found.overloads.iter().take(MAX_LISTED);
        set(
            "overloads",
            texts
                .map(|header| Value::from(one_line(lines.slice(*header))))
                .collect(),
        );
    }
}

fn receiverless<'p>(names: impl Iterator<Item = &'p str>) -> Value {
    names.take(MAX_LISTED).collect::<Vec<_>>().into()
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
        "text": subject.signature,
        "parameters": parameters,
        "return_type": declaration.return_type,
        "is_async": declaration.is_async,
        "is_generator": declaration.is_generator,
        "decorators": declaration.decorators,
    })
}

fn param_types(parameters: &[Parameter]) -> Value {
    let typed = parameters.iter().take(MAX_LISTED).filter_map(|parameter| {
        let type_text = parameter.type_text.as_deref()?;
        Some((parameter.name.clone(), Value::from(shortened(type_text))))
    });
    Value::Object(typed.collect())
}

fn complexity(subject: &Subject) -> Value {
    let lines = subject.file.lines.slice(subject.range);
    json!({
        "cyclomatic": subject.facts.decisions + 1,
        "cognitive": subject.facts.cognitive,
        "lines_of_code": Lines::of_code(lines),
    })
}

fn calls<'a, 's>(subject: &Subject<'a, 's>) -> Vec<&'a Call<'s>> {
    let calls = subject.facts.calls.iter();
    calls
        .filter(|call| holds(subject.share, call.at))
        .take(MAX_LISTED)
        .collect()
}

/// Distinct callees in the order they are met, functions before constructors.
fn names(calls: &[&Call]) -> Value {
    let mut seen = HashSet::new();
    let called = calls.iter().filter(|call| !call.constructs);
    let constructed = calls.iter().filter(|call| call.constructs);
    let names = called.chain(constructed).map(|call| call.callee);
    names
        .filter(|name| seen.insert(*name))
        .map(|name| Value::from(shortened(name)))
        .collect()
}

fn context(subject: &Subject, call: &Call) -> Value {
    let lines = &subject.file.lines;
    let (scope_type, scope_name) = match subject.definition {
        Some(_) => (subject.kind.lsp_type(), Some(subject.name)),
        None => ("global", None),
    };
    json!({
        "call_name": shortened(call.callee),
        "line_number": lines.number_of(call.at),
        "column": lines.before(call.at).chars().count() + 1,
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
            "symbol": re_export.symbol,
            "source": re_export.source,
            "is_type": re_export.is_type,
        });
        if let Some(original) = &re_export.original {
            object["original"] = original.as_str().into();
        }
        object
    });
    objects.collect()
}

fn constants(subject: &Subject) -> Value {
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
