//! The graph of a code base: what its nodes are and how they are tied.
//!
//! What can be said from one file alone is built from its definitions, and
//! stored in the file's own transaction: its nodes, and the `contains` edges
//! between them ([`FileGraph`]). What ties files to each other is found after
//! them, from what each said ([`WholeGraph`]).

pub mod ids;
pub mod metrics;
mod nodes;
pub mod packages;
mod place;
pub mod resolve;
mod whole;

use std::collections::BTreeMap;
use std::fmt;

pub use place::Place;
pub use whole::{Counts, Weight, WholeGraph};

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::chunk::ChunkedFile;
use crate::names::RepositoryName;

/// What a node stands for, in the readers' words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NodeType {
    /// A workspace package, Python distribution or top-level package.
    Package,
    /// A file; exactly one for each.
    Module,
    /// The settings that a configuration file makes.
    Config,
    /// A class.
    Class,
    /// An interface or protocol.
    Interface,
    /// A function.
    Function,
    /// A function that belongs to a class, interface or object.
    Method,
    /// A name for a type.
    TypeAlias,
    /// An enumeration.
    Enum,
    /// A named scope inside a file.
    Namespace,
}

impl NodeType {
    /// The text of the `node_type` column.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Package => "Package",
            Self::Module => "Module",
            Self::Config => "Config",
            Self::Class => "Class",
            Self::Interface => "Interface",
            Self::Function => "Function",
            Self::Method => "Method",
            Self::TypeAlias => "TypeAlias",
            Self::Enum => "Enum",
            Self::Namespace => "Namespace",
        }
    }
}

impl fmt::Display for NodeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A file or a definition in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The same for the same definition in every run.
    pub id: Uuid,
    /// What it stands for.
    pub node_type: NodeType,
    /// Its name, at most 100 characters.
    pub label: String,
    /// What the readers ask of it.
    pub properties: Map<String, Value>,
    /// Its first chunk, as index into [`ChunkedFile::chunks`].
    pub chunk: Option<usize>,
    /// How complex it is.
    pub complexity: Complexity,
}

/// Measures of one definition; zero where its chunk does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Complexity {
    /// Independent paths: 1 and one more for each branch.
    pub cyclomatic: i32,
    /// Branches, counted more the deeper they nest.
    pub cognitive: i32,
    /// Lines that are not blank.
    pub lines_of_code: i32,
}

/// One node ties to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    /// The same for the same tie in every run.
    pub id: Uuid,
    /// Where it starts.
    pub source: Uuid,
    /// Where it ends.
    pub target: Uuid,
    /// The readers' `relation_type`.
    pub relation: &'static str,
    /// What the readers ask of it.
    pub properties: Map<String, Value>,
}

/// What one file adds to the graph by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct FileGraph {
    /// The file's own node first, then its definitions in source order.
    pub nodes: Vec<Node>,
    /// `contains` edges; a file's node is the root of them.
    pub edges: Vec<Edge>,
    /// For each chunk of the file, the node it belongs to.
    pub owners: Vec<Uuid>,
}

impl FileGraph {
    /// The graph of `file` in `repository`.
    #[must_use]
    pub fn of(repository: &RepositoryName, file: &ChunkedFile) -> Self {
        nodes::Builder::new(repository, file).build()
    }

    /// How many nodes there are of each type.
    #[must_use]
    pub fn nodes_by_type(&self) -> BTreeMap<NodeType, u64> {
        let mut counts = BTreeMap::new();
        for node in &self.nodes {
            *counts.entry(node.node_type).or_insert(0) += 1;
        }
        counts
    }
}
