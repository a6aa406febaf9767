//! The page: one file with the data, the program that shows it, and nothing
//! that is fetched.

use std::collections::HashMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

use super::sources::Sources;
use super::tree::{self, Row};
use crate::error::KnowsAdvice;
use crate::store::{NodeSource, StoredGraph};

/// What build.rs made of `web/`: empty where npm could not be run.
const SCRIPT: &str = include_str!(concat!(env!("OUT_DIR"), "/graph.js"));
const STYLE: &str = include_str!(concat!(env!("OUT_DIR"), "/graph.css"));
const BODY: &str = include_str!("../../web/src/graph/body.html");

/// The build had no npm.
#[derive(Debug, Error)]
#[error("this build has no graph page")]
pub struct NoPage;

impl KnowsAdvice for NoPage {
    fn advice(&self) -> Option<String> {
        let hint =
            "build it where Node.js 20 or newer and npm are on the PATH; --format needs neither";
        Some(hint.to_owned())
    }
}

/// A page in the making.
#[derive(Debug)]
pub struct Page<'a> {
    graph: &'a StoredGraph,
    rows: Vec<Row>,
    /// The row of each node.
    places: HashMap<Uuid, usize>,
    sources: Sources,
}

impl<'a> Page<'a> {
    /// The page of `graph`, so far without sources.
    ///
    /// # Errors
    /// [`NoPage`] if the build made none.
    pub fn of(graph: &'a StoredGraph) -> Result<Self, NoPage> {
        if SCRIPT.is_empty() {
            return Err(NoPage);
        }
        let rows = tree::rows(graph);
        let nodes = rows.iter().enumerate();
        let places = nodes
            .filter_map(|(at, row)| Some((graph.nodes[row.node?].id, at)))
            .collect();
        Ok(Self {
            graph,
            rows,
            places,
            sources: Sources::default(),
        })
    }

    /// Adds the source of a node; that of one file comes together.
    pub fn add_source(&mut self, piece: NodeSource<'_>) {
        if let Some(row) = self.places.get(&piece.node) {
            self.sources.add(*row, piece);
        }
    }

    /// All of it, as HTML.
    #[must_use]
    pub fn finish(self) -> String {
        let title = escaped(&self.graph.repository);
        let policy = format!(
            "default-src 'none'; script-src '{}'; style-src '{}'; img-src data:; base-uri 'none'; form-action 'none'",
            hash(SCRIPT),
            hash(STYLE)
        );
        let (data, blocks) = self.data();
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <link rel=\"icon\" href=\"data:,\">\n\
             <title>{title} · graph</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{BODY}\
             <script type=\"application/json\" id=\"graph\">{}</script>\n\
             <script type=\"application/json\" id=\"sources\">{}</script>\n\
             <script>{SCRIPT}</script>\n</body>\n</html>\n",
            inline(&data),
            inline(&blocks)
        )
    }

    /// Column by column, so that no name of a field is written twice; and the
    /// sources.
    fn data(self) -> (Value, Value) {
        let Self {
            graph,
            rows,
            places,
            sources,
        } = self;
        let (blocks, files) = sources.finish();
        let mut kinds = Words::default();
        let mut relations = Words::default();
        let node = |row: &Row| row.node.map(|at| &graph.nodes[at]);
        let columns = json!({
            "parent": column(&rows, |row| row.parent),
            "kind": rows.iter().map(|row| kinds.number(&row.kind)).collect::<Vec<_>>(),
            "name": column(&rows, |row| row.name.clone()),
            "start": column(&rows, |row| node(row).map_or(0, |node| node.lines.0)),
            "end": column(&rows, |row| node(row).map_or(0, |node| node.lines.1)),
            "lines": column(&rows, |row| node(row).map_or(0, |node| node.lines_of_code)),
            "complexity": column(&rows, |row| node(row).map_or(0, |node| node.complexity)),
            "rank": column(&rows, |row| node(row).map_or(0, |node| nano(node.rank))),
            "test": column(&rows, |row| u8::from(node(row).is_some_and(|node| node.is_test))),
        });
        let ties = graph.edges.iter().filter(|edge| !edge.is_containment());
        let ties: Vec<[usize; 4]> = ties
            .filter_map(|edge| {
                let end = |at: usize| places.get(&graph.nodes[at].id).copied();
                let sites = usize::try_from(edge.sites).unwrap_or_default();
                let relation = relations.number(&edge.relation);
                Some([end(edge.source)?, end(edge.target)?, relation, sites])
            })
            .collect();
        let path = |row: &Row| node(row).map_or("", |node| node.path.as_str()).to_owned();
        let of_kind = |kind: &'static str| {
            rows.iter()
                .enumerate()
                .filter(move |(_, row)| row.kind == kind)
        };
        let folders: HashMap<usize, String> = of_kind("Package")
            .map(|(at, row)| (at, path(row)))
            .collect();
        let blocks_of: HashMap<usize, usize> = of_kind("Module")
            .filter_map(|(at, row)| Some((at, *files.get(&path(row))?)))
            .collect();
        let data = json!({
            "repository": graph.repository,
            "commit": graph.commit,
            "version": env!("CARGO_PKG_VERSION"),
            "kinds": kinds.words,
            "relations": relations.words,
            "rows": columns,
            "folders": folders,
            "edges": ties,
            "blocks": blocks_of,
        });
        (data, json!(blocks))
    }
}

fn column<T>(rows: &[Row], of: impl Fn(&Row) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}

/// Ranks in billionths: short as text, and exact enough to be compared.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rank is between 0 and 1"
)]
fn nano(rank: f64) -> u32 {
    (rank * 1e9).round() as u32
}

/// Words by the numbers they are written as.
#[derive(Default)]
struct Words {
    words: Vec<String>,
}

impl Words {
    fn number(&mut self, word: &str) -> usize {
        let known = self.words.iter().position(|known| known == word);
        known.unwrap_or_else(|| {
            self.words.push(word.to_owned());
            self.words.len() - 1
        })
    }
}

/// JSON inside a script element: nothing in it can end the element or begin a
/// comment.
fn inline(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c")
}

/// As a policy names a script or style by its content.
fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_can_end_the_data() {
        let text = inline(&json!("</script><!--"));
        assert!(!text.contains('<'));
        assert_eq!(
            serde_json::from_str::<String>(&text).unwrap(),
            "</script><!--"
        );
    }

    #[test]
    fn a_policy_names_a_script_by_the_hash_of_its_text() {
        let empty = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(hash(""), empty);
    }
}
