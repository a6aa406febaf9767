//! One JSON object: nodes with what is known of them, edges by their ids.

use serde_json::{Value, json};

use crate::store::{StoredEdge, StoredGraph, StoredNode};

/// Grows when a field changes its meaning or goes away, not when one is added.
const SCHEMA: u32 = 1;

pub(super) fn text(graph: &StoredGraph) -> String {
    let nodes: Vec<Value> = graph.nodes.iter().map(node).collect();
    let edges: Vec<Value> = graph.edges.iter().map(|of| edge(graph, of)).collect();
    let mut text = json!({
        "schema": SCHEMA,
        "repository": graph.repository,
        "commit": graph.commit,
        "nodes": nodes,
        "edges": edges,
    })
    .to_string();
    text.push('\n');
    text
}

fn node(node: &StoredNode) -> Value {
    json!({
        "id": node.id.to_string(),
        "kind": node.kind,
        "name": node.name,
        "file_path": node.path,
        "name_path": node.name_path,
        "start_line": node.lines.0,
        "end_line": node.lines.1,
        "lines_of_code": node.lines_of_code,
        "cyclomatic_complexity": node.complexity,
        "pagerank": node.rank,
        "is_test": node.is_test,
    })
}

fn edge(graph: &StoredGraph, edge: &StoredEdge) -> Value {
    json!({
        "source": graph.nodes[edge.source].id.to_string(),
        "target": graph.nodes[edge.target].id.to_string(),
        "relation": edge.relation,
        "sites": edge.sites,
        "resolution": edge.resolution,
    })
}
