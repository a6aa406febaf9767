//! From the definitions of one file to its nodes and what contains what.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::ids::{self, FileIds};
use super::place::Place;
use super::{Complexity, Edge, FileGraph, Node, NodeType};
use crate::chunk::{Chunk, ChunkKind, ChunkedFile, Definition};
use crate::names::RepositoryName;

/// The longest label of the readers, in characters.
const LONGEST_LABEL: usize = 100;

/// Metadata keys that a node takes over from its first chunk as they are.
const INHERITED: [&str; 3] = ["signature", "complexity", "exported"];

/// Gathers the graph of one file.
pub(super) struct Builder<'a> {
    ids: FileIds<'a>,
    file: &'a ChunkedFile,
    place: Place,
    graph: FileGraph,
}

impl<'a> Builder<'a> {
    pub fn new(repository: &'a RepositoryName, file: &'a ChunkedFile) -> Self {
        let ids = FileIds {
            repository,
            path: &file.path,
        };
        let owners = vec![ids.module(); file.chunks.len()];
        let graph = FileGraph {
            nodes: Vec::new(),
            edges: Vec::new(),
            owners,
        };
        let place = Place::of(&file.path);
        Self {
            ids,
            file,
            place: Place {
                package: file.package.clone().or(place.package),
                ..place
            },
            graph,
        }
    }

    pub fn build(mut self) -> FileGraph {
        self.add_module();
        self.add_config();
        for definition in &self.file.definitions {
            self.add_definition(definition);
        }
        self.graph
    }

    fn add_module(&mut self) {
        let outside = self.outside_definitions();
        let thing = Thing {
            node_type: NodeType::Module,
            chunk_type: outside.map_or("module", |chunk| chunk.kind.as_str()),
            name: self.file.path.as_str(),
            qualname: "",
            lines: (1, self.last_line()),
            name_path: self.module_path(),
            chunk: (!self.file.chunks.is_empty()).then_some(0),
            complexity: Complexity {
                lines_of_code: count(self.file.lines_of_code),
                ..outside.map(complexity_of).unwrap_or_default()
            },
        };
        self.push(self.ids.module(), &thing, self.module_properties());
    }

    /// What the readers' page of modules asks for.
    fn module_properties(&self) -> Map<String, Value> {
        let chunks = &self.file.chunks;
        let exports = self.file.definitions.iter().filter(|definition| {
            definition.parent.is_none() && self.first_chunk(definition).is_some_and(is_exported)
        });
        let mut properties = Map::new();
        properties.insert("imports".to_owned(), distinct_strings(chunks, "imports"));
        properties.insert("exports_count".to_owned(), json!(exports.count()));
        properties.insert("loc".to_owned(), json!(self.file.lines_of_code));
        properties.insert("chunk_count".to_owned(), json!(chunks.len()));
        if let Some(barrel) = chunks.iter().find(|chunk| chunk.kind == ChunkKind::Barrel) {
            properties.insert("is_barrel".to_owned(), json!(true));
            if let Some(re_exports) = barrel.metadata.get("re_exports") {
                properties.insert("re_exports".to_owned(), re_exports);
            }
        }
        properties
    }

    fn add_config(&mut self) {
        let of_config = |chunk: &Chunk| chunk.kind == ChunkKind::ConfigModule;
        let Some(index) = self.file.chunks.iter().position(of_config) else {
            return;
        };
        let chunk = &self.file.chunks[index];
        let id = self.ids.config();
        let thing = Thing {
            node_type: NodeType::Config,
            chunk_type: chunk.kind.as_str(),
            name: &chunk.name,
            qualname: &chunk.qualname,
            lines: (chunk.lines.start, chunk.lines.end),
            name_path: chunk.name_path.to_string(),
            chunk: Some(index),
            complexity: complexity_of(chunk),
        };
        self.push(id, &thing, Map::new());
        self.contain(self.ids.module(), id);
        for (owner, chunk) in self.graph.owners.iter_mut().zip(&self.file.chunks) {
            if of_config(chunk) {
                *owner = id;
            }
        }
    }

    fn add_definition(&mut self, definition: &'a Definition) {
        let id = self.ids.definition(definition);
        let chunk = self.first_chunk(definition);
        let thing = Thing {
            node_type: node_type_of(definition.kind),
            chunk_type: definition.kind.as_str(),
            name: &definition.name,
            qualname: &definition.qualname,
            lines: (definition.lines.start, definition.lines.end),
            name_path: chunk
                .map(|chunk| chunk.name_path.to_string())
                .unwrap_or_default(),
            chunk: chunk.map(|_| definition.chunks.start),
            complexity: chunk.map(complexity_of).unwrap_or_default(),
        };
        let mut more = chunk.map(inherited).unwrap_or_default();
        more.insert(
            "definition_line".to_owned(),
            json!(definition.definition_line),
        );
        self.push(id, &thing, more);
        self.contain(self.parent_of(definition), id);
        for owner in self
            .graph
            .owners
            .get_mut(definition.chunks.clone())
            .into_iter()
            .flatten()
        {
            *owner = id;
        }
    }

    /// What every node tells, whatever it is.
    fn properties_of(&self, thing: &Thing<'_>) -> Map<String, Value> {
        let path = self.file.path.as_str();
        let mut properties = object(json!({
            "name": thing.name,
            "qualname": thing.qualname,
            "type": thing.chunk_type,
            "node_type": thing.node_type.as_str(),
            "name_path": thing.name_path,
            "file": path,
            "file_path": path,
            "language": self.file.language.name(),
            "repository": self.ids.repository.as_str(),
            "start_line": thing.lines.0,
            "end_line": thing.lines.1,
            "parent_folder": self.place.folder,
            "cyclomatic_complexity": thing.complexity.cyclomatic,
            "lines_of_code": thing.complexity.lines_of_code,
            "is_test": self.is_test(),
            "is_builtin": false,
            "is_stdlib": false,
        }));
        let optional = [
            ("parent_package", self.place.package.clone()),
            ("parent_module", self.place.module.clone()),
            (
                "chunk_id",
                thing
                    .chunk
                    .map(|index| self.ids.chunk(&self.file.chunks[index]).to_string()),
            ),
        ];
        for (key, value) in optional {
            properties.extend(value.map(|text| (key.to_owned(), Value::String(text))));
        }
        properties
    }

    fn push(&mut self, id: Uuid, thing: &Thing<'_>, more: Map<String, Value>) {
        let mut properties = self.properties_of(thing);
        properties.extend(more);
        self.graph.nodes.push(Node {
            id,
            node_type: thing.node_type,
            label: label_of(thing.name),
            properties,
            chunk: thing.chunk,
            complexity: thing.complexity,
        });
    }

    fn contain(&mut self, outer: Uuid, inner: Uuid) {
        const RELATION: &str = "contains";
        let level = if outer == self.ids.module() {
            "file_to_entity"
        } else {
            "entity_to_entity"
        };
        let path = self.file.path.as_str();
        self.graph.edges.push(Edge {
            id: ids::edge(outer, inner, RELATION),
            source: outer,
            target: inner,
            relation: RELATION,
            properties: object(json!({
                "hierarchy_level": level, "source_file": path, "target_file": path,
            })),
        });
    }

    fn parent_of(&self, definition: &Definition) -> Uuid {
        let parent = definition
            .parent
            .and_then(|index| self.file.definitions.get(index));
        parent.map_or_else(|| self.ids.module(), |parent| self.ids.definition(parent))
    }

    fn first_chunk(&self, definition: &Definition) -> Option<&'a Chunk> {
        self.file.chunks.get(definition.chunks.start)
    }

    /// The chunk of the code that belongs to no definition.
    fn outside_definitions(&self) -> Option<&'a Chunk> {
        let first_owned = self
            .file
            .definitions
            .iter()
            .map(|definition| definition.chunks.start)
            .min();
        self.file.chunks.first().filter(|_| first_owned != Some(0))
    }

    /// The part that the name paths of all chunks begin with.
    fn module_path(&self) -> String {
        let module = |chunk: &Chunk| {
            let whole = chunk.name_path.as_str();
            whole
                .strip_suffix(&chunk.qualname)
                .unwrap_or(whole)
                .trim_end_matches('.')
                .to_owned()
        };
        self.file.chunks.first().map(module).unwrap_or_default()
    }

    fn last_line(&self) -> u32 {
        self.file
            .chunks
            .iter()
            .map(|chunk| chunk.lines.end)
            .max()
            .unwrap_or(1)
    }

    fn is_test(&self) -> bool {
        let tells = |chunk: &Chunk| chunk.metadata.get("is_test");
        self.file.chunks.iter().find_map(tells).unwrap_or(false)
    }
}

/// What the properties of a node are made from.
struct Thing<'a> {
    node_type: NodeType,
    chunk_type: &'a str,
    name: &'a str,
    qualname: &'a str,
    lines: (u32, u32),
    name_path: String,
    chunk: Option<usize>,
    complexity: Complexity,
}

fn node_type_of(kind: ChunkKind) -> NodeType {
    match kind {
        ChunkKind::Function
        | ChunkKind::ArrowFunction
        | ChunkKind::AsyncFunction
        | ChunkKind::Generator => NodeType::Function,
        ChunkKind::Method => NodeType::Method,
        ChunkKind::Class => NodeType::Class,
        ChunkKind::Interface => NodeType::Interface,
        ChunkKind::TypeAlias => NodeType::TypeAlias,
        ChunkKind::Enum => NodeType::Enum,
        ChunkKind::Namespace => NodeType::Namespace,
        ChunkKind::ConfigModule => NodeType::Config,
        ChunkKind::Module | ChunkKind::Barrel | ChunkKind::FallbackFixed => NodeType::Module,
    }
}

/// Cut as the readers cut it.
pub(super) fn label_of(name: &str) -> String {
    if name.chars().count() <= LONGEST_LABEL {
        return name.to_owned();
    }
    let kept: String = name.chars().take(LONGEST_LABEL - 3).collect();
    format!("{kept}...")
}

fn complexity_of(chunk: &Chunk) -> Complexity {
    let told: Map<String, Value> = chunk.metadata.get("complexity").unwrap_or_default();
    let measure = |key: &str| told.get(key).and_then(Value::as_u64).map_or(0, count);
    Complexity {
        cyclomatic: measure("cyclomatic"),
        cognitive: measure("cognitive"),
        lines_of_code: measure("lines_of_code"),
    }
}

/// A count for the readers' `integer` columns, which end at 2³¹ − 1.
fn count(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}

fn inherited(chunk: &Chunk) -> Map<String, Value> {
    let value_of = |key: &str| Some((key.to_owned(), chunk.metadata.get(key)?));
    INHERITED.into_iter().filter_map(value_of).collect()
}

fn is_exported(chunk: &Chunk) -> bool {
    chunk.metadata.get("exported").unwrap_or(false)
}

/// The strings in the lists under `key`, each once, in the order of the chunks.
fn distinct_strings(chunks: &[Chunk], key: &str) -> Value {
    let mut seen = std::collections::HashSet::new();
    let lists = chunks
        .iter()
        .filter_map(|chunk| chunk.metadata.get::<Vec<String>>(key));
    lists
        .flatten()
        .filter(|text| seen.insert(text.clone()))
        .collect()
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
