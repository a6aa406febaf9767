//! The graph of a whole repository: what ties its files together.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::ids;
use super::metrics::{Measures, measure};
use super::packages::{Package, Packages};
use super::place::Place;
use super::resolve::{End, OpenReference, Relation, Resolution, SymbolFile, Tie, resolve};
use super::{Complexity, Edge, Node, NodeType};
use crate::names::{RelPath, RepositoryName};

/// What ties the files of a repository together.
#[derive(Debug)]
pub struct WholeGraph {
    repository: RepositoryName,
    found: Resolution,
    packages: Vec<(Package, Vec<u32>)>,
    places: Vec<Place>,
    /// The number of each file's own node; those of its definitions follow.
    firsts: Vec<usize>,
    /// By number of the node.
    measures: Vec<Measures>,
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
    /// Resolves the files, which come in path order, below `root`. They are
    /// taken one by one, so that not all of them need be there at once.
    ///
    /// # Errors
    /// The first that `files` gives.
    pub fn of<E>(
        repository: &RepositoryName,
        root: &Path,
        files: impl IntoIterator<Item = Result<SymbolFile, E>>,
    ) -> Result<Self, E> {
        let packages = Packages::new(root);
        let resolution = resolve(files, root, &packages)?;
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
            found: resolution,
            packages: members.into_iter().collect(),
            places,
            firsts: Vec::new(),
            measures: Vec::new(),
        };
        graph.measure();
        Ok(graph)
    }

    fn measure(&mut self) {
        let mut count = 0;
        for file in &self.found.files {
            self.firsts.push(count);
            count += 1 + file.definitions.len();
        }
        let number = |end| u32::try_from(self.number(end)).unwrap_or(u32::MAX);
        let calls = self.calls();
        let calls: Vec<(u32, u32)> = calls
            .map(|tie| (number(tie.source), number(tie.target)))
            .collect();
        self.measures = measure(count, &calls);
    }

    fn calls(&self) -> impl Iterator<Item = &Tie> {
        self.found
            .ties
            .iter()
            .filter(|tie| tie.relation == Relation::Calls)
    }

    /// The number of the node that an end is.
    fn number(&self, end: End) -> usize {
        let below = end.definition.map_or(0, |number| number as usize + 1);
        self.firsts[end.file as usize] + below
    }

    /// The end of each node, in the order of their numbers.
    fn ends(&self) -> impl Iterator<Item = End> {
        (0..).zip(&self.found.files).flat_map(|(file, named)| {
            let count = u32::try_from(named.definitions.len()).unwrap_or(u32::MAX);
            let definitions = std::iter::once(None).chain((0..count).map(Some));
            definitions.map(move |definition| End { file, definition })
        })
    }

    /// The id of the node that an end is.
    fn id(&self, end: End) -> Uuid {
        let file = &self.found.files[end.file as usize];
        let definition = end.definition.map(|number| {
            let (kind, qualname, ordinal) = &file.definitions[number as usize];
            (self.found.text(*kind), self.found.text(*qualname), *ordinal)
        });
        ids::node(&self.repository, &file.path, definition)
    }

    fn path(&self, end: End) -> &str {
        &self.found.files[end.file as usize].path
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
        of_packages.chain(self.found.ties.iter().map(|tie| self.edge(tie)))
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
            id: ids::edge(source, target, tie.relation.as_str()),
            source,
            target,
            relation: tie.relation.as_str(),
            properties: self.edge_properties(tie),
        }
    }

    fn edge_properties(&self, tie: &Tie) -> Map<String, Value> {
        let sites = self.found.sites(tie);
        let first = &sites[0];
        let mut properties = object(json!({
            "sites": sites.iter().map(|site| [site.at.line, site.at.column]).collect::<Vec<_>>(),
            "resolution": first.how.as_str(),
            "source_file": self.path(tie.source),
            "target_file": self.path(tie.target),
        }));
        let mut set = |key: &str, value: Value| properties.insert(key.to_owned(), value);
        let (name, source) = (self.found.text(first.name), self.found.text(first.source));
        if sites.iter().any(|site| site.how != first.how) {
            let all: Vec<&str> = sites.iter().map(|site| site.how.as_str()).collect();
            set("resolutions", json!(all));
        }
        if tie.relation == Relation::Calls {
            set("call_name", json!(name));
        } else if !name.is_empty() {
            let key = if source.is_empty() { "name" } else { "symbol" };
            set(key, json!(name));
        }
        if !source.is_empty() {
            set("import_spec", json!(source));
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
        let paths = self.found.files.iter().map(|file| file.path.as_str());
        paths.zip(&self.places)
    }

    /// Path of each file, and what in it ties to nothing, as JSON.
    pub fn open(&self) -> impl Iterator<Item = (&str, Value)> {
        (0..).zip(&self.found.files).map(|(number, file)| {
            let open = self.found.open(file).iter();
            let list = open.map(|reference| self.open_reference(number, reference));
            (file.path.as_str(), list.collect())
        })
    }

    fn open_reference(&self, file: u32, reference: &OpenReference) -> Value {
        let end = End {
            file,
            definition: reference.source,
        };
        let mut value = json!({
            "node_id": self.id(end).to_string(),
            "relation": reference.relation.as_str(),
            "name": self.found.text(reference.name),
            "line": reference.at.line,
            "col": reference.at.column,
        });
        if let Some(package) = reference.package {
            value["package"] = json!(self.found.text(package));
        }
        value
    }

    /// What each node that has measures is worth.
    pub fn measures(&self) -> impl Iterator<Item = (Uuid, Measures)> {
        let measures = self.measures.iter().copied();
        self.ends().map(|end| self.id(end)).zip(measures)
    }

    /// What each call edge weighs.
    pub fn weights(&self) -> impl Iterator<Item = Weight> {
        self.calls().map(|tie| {
            let (source, target) = (self.id(tie.source), self.id(tie.target));
            let rank = |end: End| self.measures[self.number(end)].rank;
            Weight {
                edge: ids::edge(source, target, tie.relation.as_str()),
                calls: i32::try_from(self.found.sites(tie).len()).unwrap_or(i32::MAX),
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
        for tie in &self.found.ties {
            *counts.edges.entry(tie.relation.as_str()).or_default() += 1;
            if tie.relation == Relation::Calls {
                for site in self.found.sites(tie) {
                    *counts.resolutions.entry(site.how.as_str()).or_default() += 1;
                }
            }
        }
        let in_packages = self.packages.iter().map(|(_, files)| files.len() as u64);
        *counts.edges.entry("contains").or_default() += in_packages.sum::<u64>();
        for reference in self.found.all_open() {
            let kind = match reference.package {
                Some(_) => &mut counts.external,
                None => &mut counts.unresolved,
            };
            *kind.entry(reference.relation.as_str()).or_default() += 1;
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
