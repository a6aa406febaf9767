//! Whether a database keeps its own promises.

use postgres::fallible_iterator::FallibleIterator;

use super::archive::Archive;
use super::error::StoreError;
use crate::source::Digest;

/// Each promise: what breaks it, and the question for the places where it is
/// broken and how. One statement sees one state of the database, so a run that
/// goes on meanwhile is no fault.
const PROMISES: [(&str, &str); 11] = [
    (
        "half_file",
        "SELECT f.file_path, format('%s chunks instead of %s', count(c.id), f.chunk_count)
         FROM indexed_files f LEFT JOIN code_chunks c USING (repository, file_path)
         WHERE f.repository = $1 GROUP BY f.file_path, f.chunk_count HAVING count(c.id) <> f.chunk_count
         UNION ALL SELECT f.file_path, 'it has no module node' FROM indexed_files f
         WHERE f.repository = $1 AND NOT EXISTS (SELECT FROM nodes n WHERE n.repository = $1
            AND n.file_path = f.file_path AND n.node_type = 'Module')",
    ),
    (
        "orphan_chunks",
        "SELECT c.file_path, format('%s chunks of a file that is not indexed', count(*)) FROM code_chunks c
         WHERE c.repository = $1 AND NOT EXISTS (SELECT FROM indexed_files f WHERE f.repository = $1
            AND f.file_path = c.file_path) GROUP BY c.file_path",
    ),
    (
        "orphan_nodes",
        "SELECT n.file_path, format('%s nodes of a file that is not indexed', count(*)) FROM nodes n
         WHERE n.repository = $1 AND n.node_type <> 'Package' AND NOT EXISTS (SELECT FROM indexed_files f
            WHERE f.repository = $1 AND f.file_path = n.file_path) GROUP BY n.file_path",
    ),
    (
        "lost_chunk",
        "SELECT n.file_path, format('the chunk of %s %s is not there', n.node_type, n.label) FROM nodes n
         WHERE n.repository = $1 AND n.properties ? 'chunk_id' AND NOT EXISTS (SELECT FROM code_chunks c
            WHERE c.repository = $1 AND c.id::text = n.properties ->> 'chunk_id')",
    ),
    (
        "lost_node",
        "SELECT c.file_path, format('the node of %s %s is not there', c.chunk_type, c.name) FROM code_chunks c
         WHERE c.repository = $1 AND NOT EXISTS (SELECT FROM nodes n
            WHERE n.repository = $1 AND n.node_id = c.node_id)",
    ),
    (
        "edge_without_end",
        "SELECT e.edge_id::text, format('%s from %s to %s', e.relation_type, e.source_node_id, e.target_node_id)
         FROM edges e WHERE e.repository = $1 AND (
            NOT EXISTS (SELECT FROM nodes n WHERE n.repository = $1 AND n.node_id = e.source_node_id)
            OR NOT EXISTS (SELECT FROM nodes n WHERE n.repository = $1 AND n.node_id = e.target_node_id))",
    ),
    (
        "lost_symbols",
        "SELECT f.file_path, 'what it says to other files is not there' FROM indexed_files f
         WHERE f.repository = $1 AND NOT EXISTS (SELECT FROM file_symbols s
            WHERE s.repository = $1 AND s.file_path = f.file_path)
         UNION ALL SELECT s.file_path, 'symbols of a file that is not indexed' FROM file_symbols s
         WHERE s.repository = $1 AND NOT EXISTS (SELECT FROM indexed_files f
            WHERE f.repository = $1 AND f.file_path = s.file_path)",
    ),
    (
        "reference_without_end",
        "SELECT r.file_path, format('%s references from nodes that are not there', count(*)) FROM open_references r
         WHERE r.repository = $1
            AND NOT EXISTS (SELECT FROM nodes n WHERE n.repository = $1 AND n.node_id = r.node_id)
         GROUP BY r.file_path",
    ),
    (
        "lost_weight",
        "SELECT e.edge_id::text, 'a call without its weight' FROM edges e
         WHERE e.repository = $1 AND e.relation_type = 'calls' AND NOT EXISTS (SELECT FROM edge_weights w
            WHERE w.repository = $1 AND w.edge_id = e.edge_id)",
    ),
    (
        "lost_vector",
        "SELECT file_path, 'some chunks have vectors and some have none' FROM code_chunks WHERE repository = $1
         GROUP BY file_path HAVING count(embedding_text) NOT IN (0, count(*))
            OR count(embedding_code) NOT IN (0, count(*)) OR count(embedding_text_half) <> count(embedding_text)
            OR count(embedding_code_half) <> count(embedding_code)",
    ),
    (
        "bad_vector",
        "SELECT c.file_path, format('%s %s: %s dimensions instead of %s, norm %s', c.chunk_type, c.name,
            vector_dims(v.vector), m.width, vector_norm(v.vector))
         FROM code_chunks c CROSS JOIN LATERAL (VALUES ('text', c.embedding_text), ('code', c.embedding_code))
            AS v (role, vector) JOIN embedding_models m USING (role)
         WHERE c.repository = $1 AND v.vector IS NOT NULL AND (vector_dims(v.vector) <> m.width
            OR vector_norm(v.vector) IN ('NaN', 'Infinity'))",
    ),
];

const FILES: &str = "
    SELECT file_path, digest FROM indexed_files WHERE repository = $1 AND starts_with(file_path, $2) ORDER BY 1";

/// A promise that is broken somewhere.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// In which repository.
    pub repository: String,
    /// What is broken.
    pub kind: &'static str,
    /// Which file, or which edge.
    pub place: String,
    /// How.
    pub detail: String,
}

impl Archive {
    /// Tells of every fault in `repository`.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn verify(
        &mut self,
        repository: &str,
        mut tell: impl FnMut(Fault),
    ) -> Result<(), StoreError> {
        for (kind, question) in PROMISES {
            self.client
                .query_raw(question, [repository])
                .and_then(|rows| {
                    rows.for_each(|row| {
                        tell(Fault {
                            repository: repository.to_owned(),
                            kind,
                            place: row.get::<_, Option<String>>(0).unwrap_or_default(),
                            detail: row.get(1),
                        });
                        Ok(())
                    })
                })
                .map_err(StoreError::sql("verify the index"))?;
        }
        Ok(())
    }

    /// Tells of every file below `folder` that stands in the index, with the
    /// digest of what it was made from.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn files(
        &mut self,
        repository: &str,
        folder: &str,
        mut tell: impl FnMut(&str, Option<Digest>),
    ) -> Result<(), StoreError> {
        self.client
            .query_raw(FILES, [repository, folder])
            .and_then(|rows| {
                rows.for_each(|row| {
                    tell(row.get(0), Digest::from_slice(row.get(1)));
                    Ok(())
                })
            })
            .map_err(StoreError::sql("ask which files are indexed"))
    }
}
