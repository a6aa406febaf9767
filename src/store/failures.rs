//! `indexing_errors`: which files could not be indexed, and why, in the readers'
//! words. A file's entry goes when the file succeeds or is retired.

use std::path::Path;

use postgres::types::ToSql;

use super::Store;
use super::error::StoreError;
use super::rows::storable;
use crate::language::{self, Language};
use crate::names::RelPath;
use crate::outcome::FileFailure;

const INSERT: &str = "
    WITH before AS (DELETE FROM indexing_errors WHERE repository = $1 AND file_path = $2)
    INSERT INTO indexing_errors (repository, file_path, error_type, error_message, language)
    VALUES ($1, $2, $3, $4, $5)";

const CLEAR: &str = "DELETE FROM indexing_errors WHERE repository = $1 AND file_path = $2";

impl Store {
    /// Notes that the file at `path` failed, instead of what was noted before.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database does not take it.
    pub fn record_failure(&mut self, path: &str, failure: &FileFailure) -> Result<(), StoreError> {
        let language = RelPath::new(Path::new(""), Path::new(path))
            .ok()
            .and_then(|path| language::detect(&path))
            .map(Language::name);
        let (path, cause) = (storable(path), storable(&failure.cause));
        self.persist(|store| {
            let values: [&(dyn ToSql + Sync); 5] = [
                &store.repository.as_str(),
                &path,
                &failure.stage.as_str(),
                &cause,
                &language,
            ];
            store
                .client
                .execute(INSERT, &values)
                .map(drop)
                .map_err(StoreError::sql("note that a file failed"))
        })
    }

    /// Forgets that the file at `path` failed.
    pub(super) fn clear_errors(&mut self, path: &str) -> Result<(), StoreError> {
        self.persist(|store| {
            store
                .client
                .execute(CLEAR, &[&store.repository.as_str(), &path])
                .map(drop)
                .map_err(StoreError::sql("forget that a file failed"))
        })
    }
}
