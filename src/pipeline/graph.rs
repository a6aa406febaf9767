//! What is found out once all files stand: what ties them to each other.

use std::time::Instant;

use crate::error::AdviseItself;
use crate::graph::WholeGraph;
use crate::graph::packages::Packages;
use crate::outcome::GraphSummary;
use crate::plan::Tree;
use crate::store::Store;

/// Makes the graph of all files that stand, unless it was made from the same.
///
/// # Errors
/// A database that cannot be asked or does not take it.
pub fn make(tree: &Tree, store: &mut Store) -> anyhow::Result<Option<GraphSummary>> {
    let began = Instant::now();
    let root = tree.root;
    let input = store.graph_input().advise()?;
    let settings = Packages::new(root).fingerprint(input.paths.iter().map(String::as_str));
    let made_from = input.with(&settings);
    let stands = store.graph_made_from().advise()?;
    if stands.as_deref() == Some(made_from.as_slice()) && !tree.anew {
        return Ok(None);
    }
    let graph = WholeGraph::of(tree.repository, root, store.symbols(&input.paths)).advise()?;
    store.write_graph(&graph, &made_from).advise()?;
    let counts = graph.counts();
    Ok(Some(GraphSummary {
        edges: counts.edges,
        packages: counts.packages,
        unresolved: counts.unresolved,
        external: counts.external,
        resolutions: counts.resolutions,
        elapsed: began.elapsed(),
    }))
}
