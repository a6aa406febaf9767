//! The graph at a level: what lies deeper is taken into what is around it.

use std::collections::BTreeMap;

use crate::store::{StoredEdge, StoredGraph};

/// What the nodes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Packages, and modules that belong to none.
    Packages,
    /// Packages and files.
    Modules,
    /// All there is.
    Definitions,
}

impl Level {
    fn shows(self, kind: &str, has_parent: bool) -> bool {
        match self {
            Self::Packages => kind == "Package" || (kind == "Module" && !has_parent),
            Self::Modules => matches!(kind, "Package" | "Module"),
            Self::Definitions => true,
        }
    }
}

/// `graph` at `level`: edges end at what is shown around their ends, those of
/// one relation between the same two are one, with the places of all.
#[must_use]
pub fn lifted(graph: StoredGraph, level: Level) -> StoredGraph {
    if level == Level::Definitions {
        return graph;
    }
    let parents = graph.parents();
    let shown = |at: usize| level.shows(&graph.nodes[at].kind, parents[at].is_some());
    let mut place = vec![None; graph.nodes.len()];
    let mut nodes = Vec::new();
    for (at, node) in graph.nodes.iter().enumerate().filter(|(at, _)| shown(*at)) {
        place[at] = Some(nodes.len());
        nodes.push(node.clone());
    }
    let above =
        |at: usize| std::iter::successors(Some(at), |at| parents[*at]).find_map(|at| place[at]);
    let mut sites: BTreeMap<(usize, usize, &str), i32> = BTreeMap::new();
    for edge in &graph.edges {
        if let (Some(source), Some(target)) = (above(edge.source), above(edge.target))
            && source != target
        {
            *sites.entry((source, target, &edge.relation)).or_default() += edge.sites;
        }
    }
    let edges = sites
        .into_iter()
        .map(|((source, target, relation), sites)| StoredEdge {
            source,
            target,
            relation: relation.to_owned(),
            sites,
            resolution: None,
        });
    let edges = edges.collect();
    StoredGraph {
        nodes,
        edges,
        ..graph
    }
}
