//! `GraphML`, as <http://graphml.graphdrawing.org> describes it.

use std::fmt::Write;

use crate::store::StoredGraph;

/// Key, what it is of, and the type of its values.
const KEYS: [(&str, &str, &str); 11] = [
    ("label", "node", "string"),
    ("kind", "node", "string"),
    ("file_path", "node", "string"),
    ("name_path", "node", "string"),
    ("start_line", "node", "int"),
    ("end_line", "node", "int"),
    ("lines_of_code", "node", "int"),
    ("cyclomatic_complexity", "node", "int"),
    ("pagerank", "node", "double"),
    ("relation", "edge", "string"),
    ("sites", "edge", "int"),
];

pub(super) fn text(graph: &StoredGraph) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n",
    );
    // Writing to a string does not fail, here and below.
    for (name, of, kind) in KEYS {
        let _ = writeln!(
            text,
            "  <key id=\"{name}\" for=\"{of}\" attr.name=\"{name}\" attr.type=\"{kind}\"/>"
        );
    }
    let name = escaped(&graph.repository);
    let _ = writeln!(text, "  <graph id=\"{name}\" edgedefault=\"directed\">");
    for node in &graph.nodes {
        let _ = write!(text, "    <node id=\"{}\">", node.id);
        let values = [
            escaped(&node.name),
            escaped(&node.kind),
            escaped(&node.path),
            escaped(&node.name_path),
            node.lines.0.to_string(),
            node.lines.1.to_string(),
            node.lines_of_code.to_string(),
            node.complexity.to_string(),
            node.rank.to_string(),
        ];
        for ((key, ..), value) in KEYS.iter().zip(values) {
            let _ = write!(text, "<data key=\"{key}\">{value}</data>");
        }
        text.push_str("</node>\n");
    }
    for edge in &graph.edges {
        let (source, target) = (graph.nodes[edge.source].id, graph.nodes[edge.target].id);
        let _ = writeln!(
            text,
            "    <edge source=\"{source}\" target=\"{target}\"><data key=\"relation\">{}</data>\
             <data key=\"sites\">{}</data></edge>",
            escaped(&edge.relation),
            edge.sites
        );
    }
    text.push_str("  </graph>\n</graphml>\n");
    text
}

/// As text or attribute of XML 1.0, which cannot hold most control characters.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c if c.is_control() && !matches!(c, '\t' | '\n' | '\r') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        assert_eq!(
            escaped("a<b> & \"c\"\u{1}"),
            "a&lt;b&gt; &amp; &quot;c&quot;\u{fffd}"
        );
    }
}
