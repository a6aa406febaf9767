//! Runs as they are remembered.

use serde_json::Value;

use super::archive::Archive;
use super::error::StoreError;
use crate::outcome::RunRecord;

/// Without what only the next run asks for.
const RUNS: &str = "
    SELECT to_jsonb(r) - 'recipe' - 'recipes' - 'ingredients' FROM runs r
    WHERE repository = $1 AND starts_with(run_id::text, $2) ORDER BY started_at DESC LIMIT $3";

impl Archive {
    /// The newest runs of a repository whose ids begin with `start`, newest
    /// first, at most `most`.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn runs(
        &mut self,
        repository: &str,
        start: &str,
        most: i64,
    ) -> Result<Vec<RunRecord>, StoreError> {
        let rows = self
            .client
            .query(RUNS, &[&repository, &start, &most])
            .map_err(StoreError::sql("ask for the runs"))?;
        // What another version wrote and this one cannot read is left out.
        let read = |value: Value| serde_json::from_value(value).unwrap_or_default();
        Ok(rows.iter().map(|row| read(row.get(0))).collect())
    }
}
