//! An index that is there, opened to look at it or to take from it: no models
//! are needed, and nothing is set up where there is none.

use postgres::Client;

use super::connect::DatabaseUrl;
use super::error::StoreError;
use super::migrate;
use crate::names::RepositoryName;

/// Everything that is stored of a repository. What is told about chunks and
/// nodes goes with them.
const FORGET: &str = "
    WITH edges AS (DELETE FROM edges WHERE repository = $1),
        chunks AS (DELETE FROM code_chunks WHERE repository = $1),
        nodes AS (DELETE FROM nodes WHERE repository = $1),
        symbols AS (DELETE FROM file_symbols WHERE repository = $1),
        open AS (DELETE FROM file_references WHERE repository = $1),
        graphs AS (DELETE FROM graphs WHERE repository = $1),
        errors AS (DELETE FROM indexing_errors WHERE repository = $1),
        runs AS (DELETE FROM runs WHERE repository = $1),
        retiring AS (DELETE FROM retiring WHERE repository = $1),
        shards AS (DELETE FROM shards WHERE repository = $1)
    DELETE FROM indexed_files WHERE repository = $1";

const REPOSITORIES: &str =
    "SELECT repository FROM indexed_files UNION SELECT repository FROM runs ORDER BY 1";

/// The names of the repositories in a database as it is; nothing is set up or
/// brought up to date.
///
/// # Errors
/// [`StoreError`] if it cannot be reached, or holds no index.
pub fn repositories(url: &DatabaseUrl) -> Result<Vec<String>, StoreError> {
    names(&mut url.connect()?)
}

fn names(client: &mut Client) -> Result<Vec<String>, StoreError> {
    client
        .query(REPOSITORIES, &[])
        .map(|rows| rows.iter().map(|row| row.get(0)).collect())
        .map_err(StoreError::sql("ask for the repositories"))
}

/// A database that holds an index.
pub struct Archive {
    pub(super) client: Client,
    url: DatabaseUrl,
}

impl Archive {
    /// Connects to a database that was indexed into before.
    ///
    /// # Errors
    /// [`StoreError::NoIndex`] if it never was.
    pub fn open(url: &DatabaseUrl) -> Result<Self, StoreError> {
        let mut client = url.connect()?;
        client
            .batch_execute("SET client_min_messages = warning; SET jit = off")
            .map_err(StoreError::sql("set up the session"))?;
        if !migrate::bring_up_to_date(&mut client)? {
            let server = url.clone();
            return Err(StoreError::NoIndex { server });
        }
        let url = url.clone();
        Ok(Self { client, url })
    }

    /// The database it is in.
    #[must_use]
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// The repositories that were indexed, or tried to be, by name.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn repositories(&mut self) -> Result<Vec<String>, StoreError> {
        names(&mut self.client)
    }

    /// The named repository, or all there are.
    ///
    /// # Errors
    /// [`StoreError::NoRepository`] if the named one is not there.
    pub fn chosen(&mut self, name: Option<&RepositoryName>) -> Result<Vec<String>, StoreError> {
        let known = self.repositories()?;
        match name.map(RepositoryName::as_str) {
            None => Ok(known),
            Some(name) if known.iter().any(|known| known == name) => Ok(vec![name.to_owned()]),
            Some(name) => Err(StoreError::NoRepository {
                name: name.to_owned(),
                known,
            }),
        }
    }

    /// Takes all of a repository out, in one transaction; tells how many files
    /// that were. Whoever calls it holds the repository's lock.
    ///
    /// # Errors
    /// [`StoreError::NoRepository`] if it is not there.
    pub fn forget(&mut self, name: &RepositoryName) -> Result<u64, StoreError> {
        self.chosen(Some(name))?;
        self.client
            .execute(FORGET, &[&name.as_str()])
            .map_err(StoreError::sql("forget the repository"))
    }
}
