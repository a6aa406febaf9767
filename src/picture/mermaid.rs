//! A Mermaid flowchart, with the limits of viewers raised in its front matter.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::store::StoredGraph;

pub(super) fn text(graph: &StoredGraph) -> String {
    let ties = ties(graph);
    let mut text = format!(
        "---\nconfig:\n  maxEdges: {}\n  maxTextSize: 10000000\n---\nflowchart LR\n",
        ties.len().max(500)
    );
    for (at, node) in graph.nodes.iter().enumerate() {
        let _ = writeln!(text, "  n{at}[\"{}\"]", escaped(&node.name));
    }
    for ((source, target), relations) in ties {
        let _ = match relations.as_slice() {
            ["contains"] => writeln!(text, "  n{source} --- n{target}"),
            relations => writeln!(text, "  n{source} -->|{}| n{target}", relations.join(", ")),
        };
    }
    text
}

/// One arrow for all that ties the same two.
fn ties(graph: &StoredGraph) -> BTreeMap<(usize, usize), Vec<&str>> {
    let mut ties: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for edge in &graph.edges {
        let relations = ties.entry((edge.source, edge.target)).or_default();
        relations.push(&edge.relation);
    }
    ties
}

/// Entities are what Mermaid takes in a quoted label.
fn escaped(text: &str) -> String {
    text.replace('#', "#35;")
        .replace('&', "#amp;")
        .replace('"', "#quot;")
        .replace('<', "#lt;")
        .replace('>', "#gt;")
        .replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_label() {
        assert_eq!(escaped("a\"] --> b<c>"), "a#quot;] --#gt; b#lt;c#gt;");
    }
}
