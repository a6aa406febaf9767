//! Graphviz: packages and modules as clusters around what stands in them.

use std::fmt::Write;

use crate::store::StoredGraph;

pub(super) fn text(graph: &StoredGraph) -> String {
    let mut text = format!("digraph {} {{\n  rankdir=LR;\n", quoted(&graph.repository));
    text.push_str("  node [shape=box, style=filled, fillcolor=white, fontname=\"sans-serif\"];\n");
    text.push_str("  graph [fontname=\"sans-serif\"];\n");
    nest(graph, &mut text);
    for edge in graph.edges.iter().filter(|edge| !edge.is_containment()) {
        let _ = writeln!(
            text,
            "  n{} -> n{} [class={}, style={}, weight={}];",
            edge.source,
            edge.target,
            quoted(&edge.relation),
            style(&edge.relation),
            edge.sites
        );
    }
    text.push_str("}\n");
    text
}

/// Clusters by a walk of its own stack: nesting has no bound.
fn nest(graph: &StoredGraph, text: &mut String) {
    let parents = graph.parents();
    let mut members = vec![Vec::new(); graph.nodes.len()];
    let mut open: Vec<(usize, bool)> = Vec::new();
    for (at, parent) in parents.iter().enumerate().rev() {
        match parent {
            Some(parent) => members[*parent].push(at),
            None => open.push((at, false)),
        }
    }
    while let Some((at, is_done)) = open.pop() {
        if is_done {
            text.push_str("  }\n");
            continue;
        }
        let node = &graph.nodes[at];
        if !members[at].is_empty() {
            let _ = writeln!(
                text,
                "  subgraph cluster_{at} {{\n  label={};",
                quoted(&node.name)
            );
            open.push((at, true));
        }
        let _ = writeln!(
            text,
            "  n{at} [label={}, class={}];",
            quoted(&node.name),
            quoted(&node.kind)
        );
        open.extend(members[at].iter().map(|member| (*member, false)));
    }
}

fn style(relation: &str) -> &'static str {
    match relation {
        "imports" | "re_exports" => "dashed",
        "extends" | "implements" => "bold",
        _ => "solid",
    }
}

/// A quoted id, in which only the quote needs its backslash; the backslash
/// itself would begin an escape.
fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", text.replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_a_name_stays_inside() {
        assert_eq!(quoted("a \"b\" \\"), r#""a \"b\" \\""#);
    }
}
