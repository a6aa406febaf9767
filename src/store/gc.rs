//! Frees what nothing uses: records of old runs, what runs that were cut short
//! left, what belongs to nothing, and the space of rows that are gone.
//!
//! Vectors are not among it: one goes with the last chunk that has it.

use super::archive::Archive;
use super::error::StoreError;

/// Of each repository, the newest runs stay, and the one that goes on.
const OLD_RUNS: &str = "
    DELETE FROM runs r USING (
        SELECT repository, run_id, row_number() OVER (PARTITION BY repository ORDER BY started_at DESC) AS age
        FROM runs
    ) aged WHERE r.repository = aged.repository AND r.run_id = aged.run_id AND aged.age > $1";

/// Lists of files to retire, and failed files, of repositories of which nothing
/// else is left.
const LEFT_LISTS: &str = "
    DELETE FROM retiring g WHERE NOT EXISTS (SELECT FROM indexed_files f WHERE f.repository = g.repository)";

const LEFT_ERRORS: &str = "
    DELETE FROM indexing_errors e WHERE NOT EXISTS (SELECT FROM indexed_files f WHERE f.repository = e.repository)
        AND NOT EXISTS (SELECT FROM runs r WHERE r.repository = e.repository)";

const SIZE: &str = "SELECT pg_database_size(current_database())";

/// What was freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Freed {
    /// Records of runs.
    pub runs: u64,
    /// Other rows.
    pub rows: u64,
    /// Bytes of the database before.
    pub before: i64,
    /// And after.
    pub after: i64,
}

impl Archive {
    /// Frees what nothing uses, but for the newest `keep_runs` runs of each
    /// repository.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the server refuses.
    pub fn collect_garbage(&mut self, keep_runs: u32) -> Result<Freed, StoreError> {
        let before = self.size()?;
        let runs = self.delete(OLD_RUNS, &[&i64::from(keep_runs)])?;
        let rows = self.delete(LEFT_LISTS, &[])? + self.delete(LEFT_ERRORS, &[])?;
        self.client
            .batch_execute("VACUUM (ANALYZE) code_chunks, nodes, edges, detailed_metadata, computed_metrics, indexed_files, indexing_errors, retiring, runs")
            .map_err(StoreError::sql("give back the space of rows that are gone"))?;
        let after = self.size()?;
        Ok(Freed {
            runs,
            rows,
            before,
            after,
        })
    }

    fn delete(
        &mut self,
        statement: &str,
        values: &[&(dyn postgres::types::ToSql + Sync)],
    ) -> Result<u64, StoreError> {
        self.client
            .execute(statement, values)
            .map_err(StoreError::sql("delete what nothing uses"))
    }

    fn size(&mut self) -> Result<i64, StoreError> {
        self.client
            .query_one(SIZE, &[])
            .map(|row| row.get(0))
            .map_err(StoreError::sql("ask how large the database is"))
    }
}
