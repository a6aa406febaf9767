//! Rows of one file as columns: an array for each, so that a table is filled by
//! one statement for as many rows as are given.
//!
//! This is also the last place before SQL, so what `text` and `jsonb` cannot
//! hold, or an index not take, is made to fit here. Objects become JSON text at
//! once: as trees of values they take several times its memory.

use std::borrow::Cow;
use std::ops::Range;

use pgvector::Vector;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::error::StoreError;
use super::models::{Models, Role};
use crate::chunk::{Chunk, Metadata};
use crate::embed::{EmbeddedFile, Embedding, RoleVectors};
use crate::graph::ids::{self, FileIds};
use crate::graph::{Edge, Node};
use crate::search::words;

/// The longest value of a column with a B-tree index, in bytes: PostgreSQL
/// takes a third of a page, and one index also holds the repository's name.
const LONGEST_INDEXED: usize = 2_000;

/// Metadata that readers keep in an indexed column.
const INDEXED_METADATA: [&str; 2] = ["name", "return_type"];

/// The columns of `code_chunks`.
#[derive(Debug, Default)]
pub(super) struct ChunkRows<'a> {
    pub ids: Vec<Uuid>,
    pub kinds: Vec<&'static str>,
    pub names: Vec<Cow<'a, str>>,
    pub name_paths: Vec<Cow<'a, str>>,
    pub sources: Vec<Cow<'a, str>>,
    pub starts: Vec<i32>,
    pub ends: Vec<i32>,
    pub texts: Vec<Option<Vector>>,
    pub codes: Vec<Option<Vector>>,
    pub metadata: Vec<Cow<'a, str>>,
    pub nodes: Vec<Uuid>,
}

/// What `search_words` is made of: the words of each part of a chunk.
#[derive(Debug, Default)]
pub(super) struct WordRows {
    pub names: Vec<String>,
    pub paths: Vec<String>,
    pub texts: Vec<String>,
    pub codes: Vec<String>,
}

/// Some of a file's chunks, and the nodes of all of them.
pub(super) type Part<'a> = (Range<usize>, &'a [Uuid]);

/// The columns of `nodes`.
#[derive(Debug, Default)]
pub(super) struct NodeRows<'a> {
    pub ids: Vec<Uuid>,
    pub types: Vec<&'static str>,
    pub labels: Vec<Cow<'a, str>>,
    pub properties: Vec<String>,
}

/// The columns of `edges`.
#[derive(Debug, Default)]
pub(super) struct EdgeRows {
    pub ids: Vec<Uuid>,
    pub sources: Vec<Uuid>,
    pub targets: Vec<Uuid>,
    pub relations: Vec<&'static str>,
    pub properties: Vec<String>,
}

/// The columns of `detailed_metadata` and `computed_metrics`, a row for each
/// node that has a chunk.
#[derive(Debug, Default)]
pub(super) struct DetailRows {
    pub metadata_ids: Vec<Uuid>,
    pub metric_ids: Vec<Uuid>,
    pub nodes: Vec<Uuid>,
    pub chunks: Vec<Uuid>,
    pub cyclomatic: Vec<i32>,
    pub cognitive: Vec<i32>,
    pub lines_of_code: Vec<i32>,
}

impl<'a> ChunkRows<'a> {
    /// Of the chunks in `range`, with the nodes that they belong to.
    pub fn of(ids: &FileIds<'_>, embedded: &'a EmbeddedFile, (range, owners): Part<'_>) -> Self {
        let mut rows = Self {
            nodes: owners[range.clone()].to_vec(),
            ..Self::default()
        };
        let chunks = &embedded.file.chunks[range.clone()];
        for (chunk, vectors) in chunks.iter().zip(&embedded.vectors[range]) {
            rows.push(ids, chunk, vectors);
        }
        rows
    }

    fn push(&mut self, ids: &FileIds<'_>, chunk: &'a Chunk, vectors: &RoleVectors) {
        self.ids.push(ids.chunk(chunk));
        self.kinds.push(chunk.kind.as_str());
        self.names.push(indexable(&chunk.name));
        self.name_paths.push(indexable(chunk.name_path.as_str()));
        self.sources.push(storable(&chunk.source_code));
        self.starts.push(line(chunk.lines.start));
        self.ends.push(line(chunk.lines.end));
        self.texts.push(vectors.text.as_ref().map(vector));
        self.codes.push(vectors.code.as_ref().map(vector));
        self.metadata.push(metadata(&chunk.metadata));
    }
}

impl WordRows {
    pub fn of(chunks: &[Chunk]) -> Self {
        let mut rows = Self::default();
        for chunk in chunks {
            rows.names.push(words(&chunk.name));
            rows.paths.push(words(chunk.name_path.as_str()));
            rows.texts.push(words(&chunk.text_input));
            rows.codes.push(words(&chunk.code_input));
        }
        rows
    }
}

impl<'a> NodeRows<'a> {
    pub fn of(nodes: &'a [Node]) -> Self {
        let mut rows = Self::default();
        for node in nodes {
            rows.ids.push(node.id);
            rows.types.push(node.node_type.as_str());
            rows.labels.push(storable(&node.label));
            rows.properties.push(json(&node.properties));
        }
        rows
    }
}

impl EdgeRows {
    pub fn of(edges: &[Edge]) -> Self {
        let mut rows = Self::default();
        for edge in edges {
            rows.ids.push(edge.id);
            rows.sources.push(edge.source);
            rows.targets.push(edge.target);
            rows.relations.push(edge.relation);
            rows.properties.push(json(&edge.properties));
        }
        rows
    }
}

impl DetailRows {
    pub fn of(ids: &FileIds<'_>, chunks: &[Chunk], nodes: &[Node]) -> Self {
        let mut rows = Self::default();
        for node in nodes {
            let Some(chunk) = node.chunk.and_then(|index| chunks.get(index)) else {
                continue;
            };
            rows.metadata_ids
                .push(ids::about_node("detailed_metadata", node.id));
            rows.metric_ids
                .push(ids::about_node("computed_metrics", node.id));
            rows.nodes.push(node.id);
            rows.chunks.push(ids.chunk(chunk));
            rows.cyclomatic.push(node.complexity.cyclomatic);
            rows.cognitive.push(node.complexity.cognitive);
            rows.lines_of_code.push(node.complexity.lines_of_code);
        }
        rows
    }
}

/// Makes sure that every chunk has the vectors that the models give.
pub(super) fn check_vectors(embedded: &EmbeddedFile, models: &Models) -> Result<(), StoreError> {
    let unfit = |reason: String| StoreError::Unfit {
        path: embedded.file.path.to_string(),
        reason,
    };
    let (chunks, vectors) = (embedded.file.chunks.len(), embedded.vectors.len());
    if chunks != vectors {
        return Err(unfit(format!(
            "it has {chunks} chunks and the vectors of {vectors}"
        )));
    }
    for (number, vectors) in embedded.vectors.iter().enumerate() {
        let roles = [(Role::Text, &vectors.text), (Role::Code, &vectors.code)];
        for (role, vector) in roles {
            fault_of(vector.as_ref(), models.of(role).map(|model| model.width))
                .map_or(Ok(()), |fault| {
                    Err(unfit(format!("chunk {number}, {role}: {fault}")))
                })?;
        }
    }
    Ok(())
}

fn fault_of(vector: Option<&Embedding>, width: Option<usize>) -> Option<String> {
    match (vector.map(Embedding::as_slice), width) {
        (None, Some(_)) => Some("the vector is missing".to_owned()),
        (Some(_), None) => Some("a vector of a role that is turned off".to_owned()),
        (Some(values), Some(width)) if values.len() != width => Some(format!(
            "the vector has {} dimensions instead of {width}",
            values.len()
        )),
        (Some(values), _) if !values.iter().all(|value| value.is_finite()) => {
            Some("the vector has a component that is not a finite number".to_owned())
        }
        _ => None,
    }
}

fn vector(embedding: &Embedding) -> Vector {
    Vector::from(embedding.as_slice().to_vec())
}

fn line(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// `text` cannot hold U+0000.
pub(super) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Cut to what a B-tree takes.
fn indexable(text: &str) -> Cow<'_, str> {
    storable(&text[..text.floor_char_boundary(LONGEST_INDEXED)])
}

/// A chunk's metadata as JSON text that `jsonb` takes.
fn metadata(metadata: &Metadata) -> Cow<'_, str> {
    let text = metadata.as_json();
    // No value in a shorter text is too long for an index.
    if text.contains("\\u0000") || text.len() > LONGEST_INDEXED {
        Cow::Owned(json(&metadata.to_object()))
    } else {
        Cow::Borrowed(text)
    }
}

/// The object as JSON text that `jsonb` takes.
pub(super) fn json(object: &Map<String, Value>) -> String {
    // Maps with text keys always serialize.
    let text = |object| serde_json::to_string(object).unwrap_or_default();
    let as_it_is = text(object);
    let is_too_long =
        |key| matches!(object.get(key), Some(Value::String(text)) if text.len() > LONGEST_INDEXED);
    if as_it_is.contains("\\u0000") || INDEXED_METADATA.into_iter().any(is_too_long) {
        text(&storable_object(object))
    } else {
        as_it_is
    }
}

/// Any value as JSON text that `jsonb` takes.
pub(super) fn json_value(value: &Value) -> String {
    let text = value.to_string();
    if text.contains("\\u0000") {
        storable_value(value).to_string()
    } else {
        text
    }
}

fn storable_object(object: &Map<String, Value>) -> Map<String, Value> {
    let mut fit: Map<String, Value> = object
        .iter()
        .map(|(key, value)| (storable(key).into_owned(), storable_value(value)))
        .collect();
    for key in INDEXED_METADATA {
        if let Some(Value::String(text)) = fit.get_mut(key) {
            text.truncate(text.floor_char_boundary(LONGEST_INDEXED));
        }
    }
    fit
}

/// JSON that `jsonb` takes.
pub(super) fn storable_value(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(storable(text).into_owned()),
        Value::Array(items) => items.iter().map(storable_value).collect(),
        Value::Object(object) => object
            .iter()
            .map(|(key, value)| (storable(key).into_owned(), storable_value(value)))
            .collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_text_cannot_hold_is_replaced_wherever_it_hides() {
        let object = serde_json::json!({"a\0": ["b\0", {"c": "\0"}], "d": 1});
        let text = json(object.as_object().unwrap());
        let fit: Value = serde_json::from_str(&text).unwrap();
        assert!(!text.contains("\\u0000"));
        assert_eq!(fit["d"], 1);
        assert_eq!(fit["a\u{fffd}"][0], "b\u{fffd}");
    }

    #[test]
    fn a_name_too_long_for_an_index_is_cut_between_characters() {
        let name = "é".repeat(3_000);
        assert_eq!(indexable(&name).len(), LONGEST_INDEXED);
        assert_eq!(indexable("short"), "short");
    }

    #[test]
    fn a_vector_must_be_there_and_whole() {
        let vector = Embedding::new(vec![0.5, 0.5]);
        assert_eq!(fault_of(Some(&vector), Some(2)), None);
        assert_eq!(fault_of(None, None), None);
        for fault in [
            fault_of(Some(&vector), Some(3)),
            fault_of(None, Some(2)),
            fault_of(Some(&vector), None),
            fault_of(Some(&Embedding::new(vec![f32::NAN, 0.0])), Some(2)),
        ] {
            assert!(fault.is_some());
        }
    }
}
