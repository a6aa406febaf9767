//! The graph of a repository, drawn: as a page to look at, or in the forms that
//! other programs read.

mod dot;
mod graphml;
mod json;
mod level;
mod mermaid;
mod page;
mod sources;
mod tree;

use crate::store::StoredGraph;

pub use level::{Level, lifted};
pub use page::{NoPage, Page};
pub use sources::{CUTS, cut_for};

/// A form that other programs read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `GraphML`: XML.
    GraphMl,
    /// Graphviz.
    Dot,
    /// One JSON object.
    Json,
    /// A flowchart that Markdown viewers draw.
    Mermaid,
}

impl Format {
    /// What is drawn where nobody says: what is looked at whole is of files.
    #[must_use]
    pub fn level(self) -> Level {
        match self {
            Self::Dot | Self::Mermaid => Level::Modules,
            Self::GraphMl | Self::Json => Level::Definitions,
        }
    }

    /// `graph` in this form.
    #[must_use]
    pub fn text(self, graph: &StoredGraph) -> String {
        match self {
            Self::GraphMl => graphml::text(graph),
            Self::Dot => dot::text(graph),
            Self::Json => json::text(graph),
            Self::Mermaid => mermaid::text(graph),
        }
    }
}
