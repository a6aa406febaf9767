//! The graph of a whole repository: what ties its files together.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::ids;
use super::metrics::{Measures, measure};
use super::packages::{Package, Packages};
use super::place::Place;
use super::resolve::{End, Named, OpenReference, SymbolFile, Tie, resolve};
use super::{Complexity, Edge, Node, NodeType};
use crate::names::{RelPath, RepositoryName};

/// What ties the files of a repository together.
#[derive(Debug)]
pub struct WholeGraph {
    repository: RepositoryName,
    files: Vec<Named>,
    ties: Vec<Tie>,
    open: Vec<Vec<OpenReference>>,
    packages: Vec<(Package, Vec<u32>)>,
    places: Vec<Place>,
    /// The nodes, by file and definition.
    nodes: HashMap<End, u32>,
    measures: Vec<(End, Measures)>,
}

/// What was found, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Edges by relation.
    pub edges: BTreeMap<&'static str, u64>,
    /// Packages.
    pub packages: u64,
    /// References that nobody knows, by relation.
    pub unresolved: BTreeMap<&'static str, u64>,
    /// References to what is outside, by relation.
    pub external: BTreeMap<&'static str, u64>,
    /// Places that were resolved, by how.
    pub resolutions: BTreeMap<&'static str, u64>,
}

/// What a call edge weighs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weight {
    /// Id of the edge.
    pub edge: Uuid,
    /// Places that call.
    pub calls: i32,
    /// Mean of the ranks of both ends.
    pub importance: f64,
}

impl WholeGraph {
    /// Resolves the files, which are in path order, below `root`.
    #[must_use]
    pub fn of(repository: &RepositoryName, root: &Path, files: Vec<SymbolFile>) -> Self {
        let packages = Packages::new(root);
        let resolution = resolve(files, root, &packages);
        let mut members: BTreeMap<Package, Vec<u32>> = BTreeMap::new();
        let mut places = Vec::with_capacity(resolution.files.len());
        for (number, file) in (0..).zip(&resolution.files) {
            let package = packages.of(&file.path);
            places.push(Place::in_package(&file.path, package.as_ref()));
            if let Some(package) = package {
                members.entry(package).or_default().push(number);
            }
        }
        let mut graph = Self {
            repository: repository.clone(),
            files: resolution.files,
            ties: resolution.ties,
            open: resolution.open,
            packages: members.into_iter().collect(),
            places,
            nodes: HashMap::new(),
            measures: Vec::new(),
        };
        graph.measure();
        graph
    }

    fn measure(&mut self) {
        let mut ends = Vec::new();
        for (file, named) in (0..).zip(&self.files) {
            ends.push(End {
                file,
                definition: None,
            });
            let count = u32::try_from(named.definitions.len()).unwrap_or(u32::MAX);
            ends.extend((0..count).map(|definition| End {
                file,
                definition: Some(definition),
            }));
        }
        self.nodes = ends.iter().copied().zip(0..).collect();
        let calls = self.ties.iter().filter(|tie| tie.relation == "calls");
        let calls: Vec<(u32, u32)> = calls
            .map(|tie| (self.nodes[&tie.source], self.nodes[&tie.target]))
            .collect();
        let measures = measure(ends.len(), &calls);
        self.measures = ends.into_iter().zip(measures).collect();
    }

    /// The id of the node that an end is.
    fn id(&self, end: End) -> Uuid {
        let file = &self.files[end.file as usize];
        let definition = end.definition.map(|number| {
            let (kind, qualname, ordinal) = &file.definitions[number as usize];
            (kind.as_str(), qualname.as_str(), *ordinal)
        });
        ids::node(&self.repository, &file.path, definition)
    }

    fn path(&self, end: End) -> &str {
        &self.files[end.file as usize].path
    }

    /// The package nodes.
    pub fn package_nodes(&self) -> impl Iterator<Item = Node> {
        self.packages.iter().map(|(package, _)| Node {
            id: ids::package(&self.repository, package),
            node_type: NodeType::Package,
            label: super::nodes::label_of(&package.name),
            properties: self.package_properties(package),
            chunk: None,
            complexity: Complexity::default(),
        })
    }

    fn package_properties(&self, package: &Package) -> Map<String, Value> {
        object(json!({
            "name": package.name,
            "qualname": package.name,
            "type": "package",
            "node_type": NodeType::Package.as_str(),
            "repository": self.repository.as_str(),
            "folder": package.folder,
            "file_path": package.folder,
            "is_test": false,
            "is_builtin": false,
            "is_stdlib": false,
        }))
    }

    /// The edges, each made as it is asked for.
    pub fn edges(&self) -> impl Iterator<Item = Edge> {
        let of_packages = self.packages.iter().flat_map(move |(package, files)| {
            let source = ids::package(&self.repository, package);
            files
                .iter()
                .map(move |file| self.package_edge(source, *file))
        });
        of_packages.chain(self.ties.iter().map(|tie| self.edge(tie)))
    }

    fn package_edge(&self, source: Uuid, file: u32) -> Edge {
        const RELATION: &str = "contains";
        let end = End {
            file,
            definition: None,
        };
        let target = self.id(end);
        Edge {
            id: ids::edge(source, target, RELATION),
            source,
            target,
            relation: RELATION,
            properties: object(json!({
                "hierarchy_level": "package_to_module",
                "target_file": self.path(end),
            })),
        }
    }

    fn edge(&self, tie: &Tie) -> Edge {
        let (source, target) = (self.id(tie.source), self.id(tie.target));
        Edge {
            id: ids::edge(source, target, tie.relation),
            source,
            target,
            relation: tie.relation,
            properties: self.edge_properties(tie),
        }
    }

    fn edge_properties(&self, tie: &Tie) -> Map<String, Value> {
        let sites = &tie.sites;
        let first = &sites[0];
        let mut properties = object(json!({
            "sites": sites.iter().map(|site| [site.at.line, site.at.column]).collect::<Vec<_>>(),
            "resolution": first.how,
            "source_file": self.path(tie.source),
            "target_file": self.path(tie.target),
        }));
        let mut set = |key: &str, value: Value| properties.insert(key.to_owned(), value);
        if sites.iter().any(|site| site.how != first.how) {
            let all: Vec<&str> = sites.iter().map(|site| site.how).collect();
            set("resolutions", json!(all));
        }
        if tie.relation == "calls" {
            set("call_name", json!(first.name));
        } else if !first.name.is_empty() {
            let key = if first.source.is_empty() {
                "name"
            } else {
                "symbol"
            };
            set(key, json!(first.name));
        }
        if !first.source.is_empty() {
            set("import_spec", json!(first.source));
            set("is_type", json!(sites.iter().all(|site| site.is_type)));
        }
        let made = sites.iter().filter_map(|site| site.constructs);
        let made: std::collections::BTreeSet<Uuid> = made.map(|end| self.id(end)).collect();
        if !made.is_empty() {
            let made: Vec<String> = made.iter().map(Uuid::to_string).collect();
            set("constructs", json!(made));
        }
        properties
    }

    /// Path, package and module of each file.
    pub fn places(&self) -> impl Iterator<Item = (&str, &Place)> {
        let paths = self.files.iter().map(|file| file.path.as_str());
        paths.zip(&self.places)
    }

    /// Path of each file, and what in it ties to nothing, as JSON.
    pub fn open(&self) -> impl Iterator<Item = (&str, Value)> {
        self.open.iter().enumerate().map(|(file, open)| {
            let path = self.files[file].path.as_str();
            let list = open
                .iter()
                .map(|reference| self.open_reference(file, reference));
            (path, list.collect())
        })
    }

    fn open_reference(&self, file: usize, reference: &OpenReference) -> Value {
        let end = End {
            file: u32::try_from(file).unwrap_or(u32::MAX),
            definition: reference.source,
        };
        let mut value = json!({
            "node_id": self.id(end).to_string(),
            "relation": reference.relation,
            "name": reference.name,
            "line": reference.at.line,
            "col": reference.at.column,
        });
        if let Some(package) = &reference.package {
            value["package"] = json!(package);
        }
        value
    }

    /// What each node that has measures is worth.
    pub fn measures(&self) -> impl Iterator<Item = (Uuid, Measures)> {
        let measures = self.measures.iter();
        measures.map(|(end, measures)| (self.id(*end), *measures))
    }

    /// What each call edge weighs.
    pub fn weights(&self) -> impl Iterator<Item = Weight> {
        let calls = self.ties.iter().filter(|tie| tie.relation == "calls");
        calls.map(|tie| {
            let (source, target) = (self.id(tie.source), self.id(tie.target));
            let rank = |end: End| self.measures[self.nodes[&end] as usize].1.rank;
            Weight {
                edge: ids::edge(source, target, tie.relation),
                calls: i32::try_from(tie.sites.len()).unwrap_or(i32::MAX),
                importance: f64::midpoint(rank(tie.source), rank(tie.target)),
            }
        })
    }

    /// What was found, counted.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts {
            packages: self.packages.len() as u64,
            ..Counts::default()
        };
        for tie in &self.ties {
            *counts.edges.entry(tie.relation).or_default() += 1;
            for site in &tie.sites {
                if tie.relation == "calls" {
                    *counts.resolutions.entry(site.how).or_default() += 1;
                }
            }
        }
        let in_packages = self.packages.iter().map(|(_, files)| files.len() as u64);
        *counts.edges.entry("contains").or_default() += in_packages.sum::<u64>();
        for reference in self.open.iter().flatten() {
            let kind = match reference.package {
                Some(_) => &mut counts.external,
                None => &mut counts.unresolved,
            };
            *kind.entry(reference.relation).or_default() += 1;
        }
        counts
    }
}

impl Place {
    /// Where the file at `path` stands, in a package that its manifest names.
    fn in_package(path: &str, package: Option<&Package>) -> Self {
        let mut place = RelPath::new(Path::new(""), Path::new(path))
            .map(|path| Self::of(&path))
            .unwrap_or_default();
        if let Some(package) = package {
            place.package = Some(package.name.clone());
        }
        place
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
