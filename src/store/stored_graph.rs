//! The graph of one repository, read as it stands at one moment.

use std::collections::HashMap;

use postgres::fallible_iterator::FallibleIterator;
use postgres::{IsolationLevel, Row, Transaction};
use uuid::Uuid;

use super::archive::Archive;
use super::error::StoreError;

const NODES: &str = "
    SELECT n.node_id, n.node_type, coalesce(n.properties ->> 'name', n.label, ''),
        coalesce(n.properties ->> 'file_path', n.file_path, ''), coalesce(n.properties ->> 'name_path', ''),
        coalesce((n.properties ->> 'start_line')::int, 0), coalesce((n.properties ->> 'end_line')::int, 0),
        coalesce(m.lines_of_code, (n.properties ->> 'lines_of_code')::int, 0),
        coalesce(m.cyclomatic_complexity, (n.properties ->> 'cyclomatic_complexity')::int, 0),
        coalesce(m.pagerank_score, 0), coalesce((n.properties ->> 'is_test')::boolean, false)
    FROM nodes n LEFT JOIN computed_metrics m ON m.repository = n.repository AND m.node_id = n.node_id AND m.version = 1
    WHERE n.repository = $1 ORDER BY n.file_path COLLATE \"C\" NULLS FIRST, 6, n.node_id";

const EDGES: &str = "
    SELECT source_node_id, target_node_id, relation_type,
        coalesce(jsonb_array_length(properties -> 'sites'), 1), properties ->> 'resolution'
    FROM edges WHERE repository = $1 ORDER BY source_node_id, target_node_id, relation_type";

const COMMIT: &str = "
    SELECT commit_hash FROM runs WHERE repository = $1 AND exit_code IN (0, 3) ORDER BY started_at DESC LIMIT 1";

const SIZES: &str = "
    SELECT least_bytes, (SELECT coalesce(sum(least(octet_length(source_code), least_bytes)), 0)::int8
        FROM code_chunks WHERE repository = $1) FROM unnest($2::int[]) AS least_bytes ORDER BY 1 DESC";

const SOURCES: &str = "
    SELECT file_path, node_id, start_line, end_line, left(source_code, $2), length(source_code) > $2
    FROM code_chunks WHERE repository = $1 AND node_id IS NOT NULL
    ORDER BY file_path COLLATE \"C\", start_line, end_line, id";

/// All that is drawn of a repository.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredGraph {
    /// The repository's name.
    pub repository: String,
    /// The commit of the last run that came to its end.
    pub commit: Option<String>,
    /// Packages first, then by file and line.
    pub nodes: Vec<StoredNode>,
    /// What ties them.
    pub edges: Vec<StoredEdge>,
}

/// A package, a file or a definition.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredNode {
    /// The same in every run.
    pub id: Uuid,
    /// `Package`, `Module`, `Class`, …
    pub kind: String,
    /// Its name; a module's is its path.
    pub name: String,
    /// The file; a package's folder.
    pub path: String,
    /// Module path and qualname.
    pub name_path: String,
    /// First and last line, from 1; zeros where it has none.
    pub lines: (i32, i32),
    /// Lines that are not blank.
    pub lines_of_code: i32,
    /// Independent paths.
    pub complexity: i32,
    /// Its share of the ranks, which sum to 1.
    pub rank: f64,
    /// Whether it belongs to a test.
    pub is_test: bool,
}

/// One node ties to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEdge {
    /// Where it starts, as index into [`StoredGraph::nodes`].
    pub source: usize,
    /// Where it ends, likewise.
    pub target: usize,
    /// `contains`, `imports`, `calls`, …
    pub relation: String,
    /// At how many places.
    pub sites: i32,
    /// How the first of them was found.
    pub resolution: Option<String>,
}

/// A piece of a node's source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeSource<'a> {
    /// The file.
    pub path: &'a str,
    /// The node.
    pub node: Uuid,
    /// Its first line, from 1; 0 where lines were left out of the text.
    pub line: i32,
    /// The text, perhaps cut.
    pub text: &'a str,
    /// Whether it goes on.
    pub is_cut: bool,
}

/// One repository at one moment, whatever is written meanwhile.
pub struct Snapshot<'a> {
    transaction: Transaction<'a>,
    repository: String,
}

impl Archive {
    /// Holds still what stands of `repository`.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn snapshot(&mut self, repository: &str) -> Result<Snapshot<'_>, StoreError> {
        let transaction = self
            .client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .map_err(StoreError::sql("look at the index"))?;
        Ok(Snapshot {
            transaction,
            repository: repository.to_owned(),
        })
    }
}

impl Snapshot<'_> {
    /// Its nodes and edges.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn graph(&mut self) -> Result<StoredGraph, StoreError> {
        let asked = StoreError::sql("read the graph");
        let name = [self.repository.as_str()];
        let rows = self.transaction.query_raw(NODES, name).map_err(&asked)?;
        let nodes: Vec<_> = rows
            .map(|row| Ok(StoredNode::of(&row)))
            .collect()
            .map_err(&asked)?;
        let index = nodes.iter().enumerate();
        let index: HashMap<Uuid, usize> = index.map(|(at, node)| (node.id, at)).collect();
        let rows = self.transaction.query_raw(EDGES, name).map_err(&asked)?;
        let edges = rows
            .filter_map(|row| Ok(StoredEdge::of(&row, &index)))
            .collect()
            .map_err(&asked)?;
        let commit = self
            .transaction
            .query_opt(COMMIT, &[&self.repository])
            .map_err(&asked)?;
        Ok(StoredGraph {
            repository: self.repository.clone(),
            commit: commit.and_then(|row| row.get(0)),
            nodes,
            edges,
        })
    }

    /// For each of `cuts`, largest first: how many bytes all sources have if no
    /// chunk gives more than that.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn source_bytes(&mut self, cuts: &[i32]) -> Result<Vec<(i32, i64)>, StoreError> {
        self.transaction
            .query(SIZES, &[&self.repository, &cuts])
            .map(|rows| rows.iter().map(|row| (row.get(0), row.get(1))).collect())
            .map_err(StoreError::sql("ask how much source there is"))
    }

    /// Tells of the source of every node, by file and line, each chunk cut
    /// after `cut` characters.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn sources(
        &mut self,
        cut: i32,
        mut tell: impl FnMut(NodeSource<'_>),
    ) -> Result<(), StoreError> {
        let values: [&(dyn postgres::types::ToSql + Sync); 2] = [&self.repository, &cut];
        self.transaction
            .query_raw(SOURCES, values)
            .and_then(|rows| {
                rows.for_each(|row| {
                    let (text, is_cut) = (row.get(4), row.get(5));
                    tell(NodeSource {
                        path: row.get(0),
                        node: row.get(1),
                        line: first_line((row.get(2), row.get(3)), text, is_cut),
                        text,
                        is_cut,
                    });
                    Ok(())
                })
            })
            .map_err(StoreError::sql("read the sources"))
    }
}

/// The line a text begins in, given the first and last it is of; 0 if it is
/// shorter than that, since lines were left out of it.
fn first_line(lines: (Option<i32>, Option<i32>), text: &str, is_cut: bool) -> i32 {
    let (Some(start), Some(end)) = lines else {
        return 0;
    };
    let breaks = text.trim_end_matches('\n').matches('\n').count();
    let is_whole = usize::try_from(end - start).is_ok_and(|lines| lines == breaks);
    if is_cut || is_whole { start } else { 0 }
}

impl StoredNode {
    fn of(row: &Row) -> Self {
        Self {
            id: row.get(0),
            kind: row.get(1),
            name: row.get(2),
            path: row.get(3),
            name_path: row.get(4),
            lines: (row.get(5), row.get(6)),
            lines_of_code: row.get(7),
            complexity: row.get(8),
            rank: row.get(9),
            is_test: row.get(10),
        }
    }
}

impl StoredEdge {
    fn of(row: &Row, index: &HashMap<Uuid, usize>) -> Option<Self> {
        let end = |column: usize| index.get(&row.get::<_, Uuid>(column)).copied();
        Some(Self {
            source: end(0)?,
            target: end(1)?,
            relation: row.get(2),
            sites: row.get(3),
            resolution: row.get(4),
        })
    }
}

impl StoredGraph {
    /// The node around each node: of a definition the one it stands in, of a
    /// module its package.
    #[must_use]
    pub fn parents(&self) -> Vec<Option<usize>> {
        let mut parents = vec![None; self.nodes.len()];
        for edge in self.edges.iter().filter(|edge| edge.is_containment()) {
            parents[edge.target] = Some(edge.source);
        }
        parents
    }
}

impl StoredEdge {
    /// Whether it says what stands inside what.
    #[must_use]
    pub fn is_containment(&self) -> bool {
        self.relation == "contains"
    }
}

#[cfg(test)]
mod tests {
    use super::first_line;

    #[test]
    fn a_text_from_which_lines_were_left_out_has_no_line_numbers() {
        let lines = |start, end| (Some(start), Some(end));
        assert_eq!(first_line(lines(3, 5), "a\nb\nc\n", false), 3);
        assert_eq!(first_line(lines(3, 9), "a\nb\nc", false), 0);
        assert_eq!(first_line(lines(3, 9), "a\nb", true), 3);
        assert_eq!(first_line((None, None), "a", false), 0);
    }
}
