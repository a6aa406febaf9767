//! The graph as a tree one can open: the repository, its packages, their
//! folders, the files in them, the definitions in those.

use std::collections::{BTreeMap, HashMap};

use crate::store::StoredGraph;

/// The kind of a row that stands for the whole.
pub(super) const REPOSITORY: &str = "Repository";
/// The kind of a row that stands for a folder.
pub(super) const FOLDER: &str = "Folder";

/// A line of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// The row around this one, which stands before it; the first is its own.
    pub parent: usize,
    /// What it stands for.
    pub kind: String,
    /// What it is called below its parent.
    pub name: String,
    /// Its node, if it has one.
    pub node: Option<usize>,
}

/// The rows, each after the one around it and before what follows that.
pub(super) fn rows(graph: &StoredGraph) -> Vec<Row> {
    let parents = graph.parents();
    let mut builder = Builder {
        graph,
        members: members(&parents),
        rows: vec![Row {
            parent: 0,
            kind: REPOSITORY.to_owned(),
            name: graph.repository.clone(),
            node: None,
        }],
    };
    for (package, modules) in packages(graph, &parents) {
        let (around, folder) = match package {
            None => (0, ""),
            Some(at) => (
                builder.node(0, &graph.nodes[at].name, at),
                &*graph.nodes[at].path,
            ),
        };
        builder.add_files(around, folder, modules);
    }
    joined(builder.rows)
}

/// The nodes right inside each node.
fn members(parents: &[Option<usize>]) -> HashMap<usize, Vec<usize>> {
    let mut members: HashMap<usize, Vec<usize>> = HashMap::new();
    for (at, parent) in parents.iter().enumerate() {
        if let Some(parent) = parent {
            members.entry(*parent).or_default().push(at);
        }
    }
    members
}

/// The modules of each package; first those that belong to none.
fn packages(graph: &StoredGraph, parents: &[Option<usize>]) -> BTreeMap<Option<usize>, Vec<usize>> {
    let mut packages: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (at, node) in graph.nodes.iter().enumerate() {
        match node.kind.as_str() {
            "Package" => drop(packages.entry(Some(at)).or_default()),
            "Module" => packages.entry(parents[at]).or_default().push(at),
            _ => {}
        }
    }
    packages
}

struct Builder<'a> {
    graph: &'a StoredGraph,
    members: HashMap<usize, Vec<usize>>,
    rows: Vec<Row>,
}

impl Builder<'_> {
    fn push(&mut self, row: Row) -> usize {
        self.rows.push(row);
        self.rows.len() - 1
    }

    fn node(&mut self, parent: usize, name: &str, at: usize) -> usize {
        self.push(Row {
            parent,
            kind: self.graph.nodes[at].kind.clone(),
            name: name.to_owned(),
            node: Some(at),
        })
    }

    /// Files below `folder`, each in the folders on its way, folders first.
    fn add_files(&mut self, around: usize, folder: &str, mut modules: Vec<usize>) {
        let graph = self.graph;
        modules.sort_by_cached_key(|at| order(inside(&graph.nodes[*at].path, folder)));
        let mut open: Vec<(&str, usize)> = Vec::new();
        for at in modules {
            let mut parts: Vec<&str> = inside(&graph.nodes[at].path, folder).split('/').collect();
            let file = parts.pop().unwrap_or_default();
            let same = open
                .iter()
                .zip(&parts)
                .take_while(|((name, _), part)| name == *part);
            let same = same.count();
            open.truncate(same);
            for part in &parts[same..] {
                let parent = open.last().map_or(around, |(_, row)| *row);
                let row = Row {
                    parent,
                    kind: FOLDER.to_owned(),
                    name: (*part).to_owned(),
                    node: None,
                };
                open.push((part, self.push(row)));
            }
            let parent = open.last().map_or(around, |(_, row)| *row);
            self.add_module(parent, file, at);
        }
    }

    /// A file and all in it, by a stack of its own: nesting has no bound.
    fn add_module(&mut self, parent: usize, name: &str, module: usize) {
        let graph = self.graph;
        let mut stack = vec![(parent, name, module)];
        while let Some((parent, name, at)) = stack.pop() {
            let row = self.node(parent, name, at);
            let inside = self.members.get(&at).into_iter().flatten().rev();
            stack.extend(inside.map(|at| (row, graph.nodes[*at].name.as_str(), *at)));
        }
    }
}

/// A path below a folder that it is in.
fn inside<'a>(path: &'a str, folder: &str) -> &'a str {
    let rest = path.strip_prefix(folder).unwrap_or(path);
    rest.trim_start_matches('/')
}

/// Each part with whether it is the file.
fn order(path: &str) -> Vec<(bool, String)> {
    let last = path.matches('/').count();
    let parts = path.split('/').enumerate();
    parts
        .map(|(at, part)| (at == last, part.to_owned()))
        .collect()
}

/// Without the folders that hold nothing but a folder: `a`, `b` become `a/b`.
fn joined(mut rows: Vec<Row>) -> Vec<Row> {
    let mut inside = vec![0_usize; rows.len()];
    for row in &rows[1..] {
        inside[row.parent] += 1;
    }
    let mut is_joined = vec![false; rows.len()];
    for at in 1..rows.len() {
        let parent = rows[at].parent;
        let is_only = inside[parent] == 1 && rows[parent].kind == FOLDER;
        if rows[at].kind == FOLDER && is_only {
            is_joined[parent] = true;
            rows[at].name = format!("{}/{}", rows[parent].name, rows[at].name);
            rows[at].parent = rows[parent].parent;
        }
    }
    let mut place = vec![0; rows.len()];
    let mut kept = Vec::new();
    for (at, mut row) in rows
        .into_iter()
        .enumerate()
        .filter(|(at, _)| !is_joined[*at])
    {
        place[at] = kept.len();
        row.parent = place[row.parent];
        kept.push(row);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{StoredEdge, StoredNode};
    use uuid::Uuid;

    /// Kind, name and path of each node, and what contains what.
    fn graph(nodes: &[(&str, &str, &str)], contains: &[(usize, usize)]) -> StoredGraph {
        let nodes = nodes.iter().map(|(kind, name, path)| StoredNode {
            id: Uuid::nil(),
            kind: (*kind).to_owned(),
            name: (*name).to_owned(),
            path: (*path).to_owned(),
            name_path: String::new(),
            lines: (1, 2),
            lines_of_code: 2,
            complexity: 1,
            rank: 0.0,
            is_test: false,
        });
        let edges = contains.iter().map(|(source, target)| StoredEdge {
            source: *source,
            target: *target,
            relation: "contains".to_owned(),
            sites: 1,
            resolution: None,
        });
        StoredGraph {
            repository: "all".to_owned(),
            commit: None,
            nodes: nodes.collect(),
            edges: edges.collect(),
        }
    }

    /// Each row with those around it.
    fn lines(graph: &StoredGraph) -> Vec<String> {
        let rows = rows(graph);
        let mut lines: Vec<String> = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            let around = (at > 0).then(|| format!("{} > ", lines[row.parent]));
            lines.push(format!("{}{}", around.unwrap_or_default(), row.name));
        }
        lines
    }

    #[test]
    fn packages_hold_folders_and_those_files_and_those_definitions() {
        let nodes = [
            ("Package", "zoo", "lib"),
            ("Module", "lib/src/deep/a.ts", "lib/src/deep/a.ts"),
            ("Class", "A", "lib/src/deep/a.ts"),
            ("Method", "run", "lib/src/deep/a.ts"),
            ("Module", "lib/src/deep/b.ts", "lib/src/deep/b.ts"),
            ("Module", "lib/main.ts", "lib/main.ts"),
            ("Module", "top.py", "top.py"),
        ];
        let contains = [(0, 1), (1, 2), (2, 3), (0, 4), (0, 5)];
        let expected = [
            "all",
            "all > top.py",
            "all > zoo",
            "all > zoo > src/deep",
            "all > zoo > src/deep > a.ts",
            "all > zoo > src/deep > a.ts > A",
            "all > zoo > src/deep > a.ts > A > run",
            "all > zoo > src/deep > b.ts",
            "all > zoo > main.ts",
        ];
        assert_eq!(lines(&graph(&nodes, &contains)), expected);
    }

    #[test]
    fn a_row_stands_after_the_one_around_it_however_deep() {
        let deep = 20_000;
        let mut nodes = vec![("Module", "a.ts", "a.ts")];
        nodes.resize(deep, ("Function", "f", "a.ts"));
        let contains: Vec<_> = (1..deep).map(|at| (at - 1, at)).collect();
        let rows = rows(&graph(&nodes, &contains));
        assert_eq!(rows.len(), deep + 1);
        assert!(
            rows.iter()
                .enumerate()
                .skip(1)
                .all(|(at, row)| row.parent < at)
        );
    }

    #[test]
    fn a_repository_without_files_is_one_row() {
        assert_eq!(lines(&graph(&[], &[])), ["all"]);
    }
}
