//! What an index holds of a repository, and how its last run went.

use std::collections::BTreeMap;

use postgres::Row;
use serde::Serialize;
use serde_json::Value;

use super::archive::Archive;
use super::error::StoreError;
use super::lock;

/// Failed files that are named; all are counted.
const NAMED: i64 = 20;

const LAST_RUN: &str = "
    SELECT to_jsonb(r) - 'repository' - 'recipe' - 'recipes' - 'ingredients' - 'detail', recipes FROM runs r
    WHERE repository = $1 ORDER BY started_at DESC LIMIT 1";

const FILES: &str = "
    SELECT count(*), coalesce(sum(chunk_count), 0)::int8, coalesce(sum(lines_of_code), 0)::int8,
        count(*) FILTER (WHERE encode(recipe, 'hex') IS DISTINCT FROM $2::jsonb ->> language), count(*) FILTER (WHERE EXISTS (
            SELECT FROM indexing_errors e WHERE e.repository = f.repository AND e.file_path = f.file_path))
    FROM indexed_files f WHERE repository = $1";

const LANGUAGES: &str =
    "SELECT language, count(*) FROM indexed_files WHERE repository = $1 GROUP BY language";

const FAILED: &str = "
    SELECT file_path, error_type, error_message, count(*) OVER () FROM indexing_errors
    WHERE repository = $1 ORDER BY file_path LIMIT $2";

const SIZES: &str = "
    SELECT relname::text, pg_total_relation_size(oid)::int8 FROM pg_class
    WHERE oid IN ('code_chunks'::regclass, 'nodes'::regclass, 'edges'::regclass, 'detailed_metadata'::regclass,
        'computed_metrics'::regclass, 'indexed_files'::regclass, 'indexing_errors'::regclass, 'runs'::regclass)";

/// What an index holds of one repository.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RepositoryStatus {
    /// Its name.
    pub repository: String,
    /// Whether its last run goes on.
    pub state: RunState,
    /// All that is known of that run; the columns of `runs`.
    pub last_run: Value,
    /// Files that stand in the index.
    pub files: i64,
    /// Their chunks.
    pub chunks: i64,
    /// Their lines of code.
    pub lines_of_code: i64,
    /// Files by language.
    pub languages: BTreeMap<String, i64>,
    /// Files whose rows are not what the next run would write.
    pub stale: Stale,
    /// Files that failed and have not succeeded since.
    pub failed: i64,
    /// The first of them.
    pub failures: Vec<KnownFailure>,
}

/// Why what stands for a file is not the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stale {
    /// Made by another recipe than the last run's.
    pub recipe: i64,
    /// The file changed, and what it is now failed.
    pub failed: i64,
}

/// Whether a run is over, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// There was none.
    Never,
    /// It holds the repository now.
    Running,
    /// It did not come to its end.
    Killed,
    /// It ended, with an exit code.
    Ended,
}

/// A file that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KnownFailure {
    /// The file.
    pub path: String,
    /// In which stage, in the readers' words.
    pub reason: String,
    /// The whole cause.
    pub message: String,
}

impl Archive {
    /// What the index holds of `repository`.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn status(&mut self, repository: &str) -> Result<RepositoryStatus, StoreError> {
        let asked = StoreError::sql("ask what the index holds");
        let run = self
            .client
            .query_opt(LAST_RUN, &[&repository])
            .map_err(&asked)?;
        let recipes: Option<Value> = run.as_ref().and_then(|run| run.get(1));
        let last_run = run.map_or(Value::Null, |run| run.get(0));
        let files = self
            .client
            .query_one(FILES, &[&repository, &recipes])
            .map_err(&asked)?;
        let languages = self
            .client
            .query(LANGUAGES, &[&repository])
            .map_err(&asked)?;
        let failed = self
            .client
            .query(FAILED, &[&repository, &NAMED])
            .map_err(&asked)?;
        Ok(RepositoryStatus {
            repository: repository.to_owned(),
            state: self.state(repository, &last_run)?,
            last_run,
            files: files.get(0),
            chunks: files.get(1),
            lines_of_code: files.get(2),
            languages: counts(&languages),
            stale: Stale {
                recipe: files.get(3),
                failed: files.get(4),
            },
            failed: failed.first().map_or(0, |row| row.get(3)),
            failures: failed.iter().map(KnownFailure::of).collect(),
        })
    }

    /// Bytes on the server's disk by table, of all repositories, indexes included.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn sizes(&mut self) -> Result<BTreeMap<String, i64>, StoreError> {
        self.client
            .query(SIZES, &[])
            .map(|rows| counts(&rows))
            .map_err(StoreError::sql("ask how large the tables are"))
    }

    fn state(&mut self, repository: &str, last_run: &Value) -> Result<RunState, StoreError> {
        if lock::is_held(&mut self.client, repository)? {
            return Ok(RunState::Running);
        }
        Ok(match last_run {
            Value::Null => RunState::Never,
            run if run["ended_at"].is_null() => RunState::Killed,
            _ => RunState::Ended,
        })
    }
}

fn counts(rows: &[Row]) -> BTreeMap<String, i64> {
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

impl KnownFailure {
    fn of(row: &Row) -> Self {
        Self {
            path: row.get(0),
            reason: row.get(1),
            message: row.get(2),
        }
    }
}
