//! The index in PostgreSQL: what is known of a file, and one transaction that
//! replaces it. The only room that speaks SQL.

pub mod embedded;

mod again;
mod archive;
mod calls;
mod commit;
mod connect;
mod definition;
mod distribute;
mod error;
mod failures;
mod gc;
mod graph;
mod listed;
mod lock;
mod lookup;
mod migrate;
mod models;
mod reuse;
mod rows;
mod run_records;
mod runs;
mod search;
mod shards;
mod standing;
mod status;
mod stored_graph;
mod tls;
mod vector_index;
mod verify;

use std::time::Duration;

use postgres::{Client, Row};

pub use archive::{Archive, repositories};
pub use calls::{Call, Direction, Open, Sites};
pub use commit::Committed;
pub use connect::{DatabaseUrl, check_database_name, create_database};
pub use definition::{Import, Piece, Source};
pub use distribute::Distribution;
pub use error::{Blame, StoreError};
pub use gc::Freed;
pub use graph::GraphInput;
pub use listed::Listed;
pub use lock::{Holder, RepositoryLock};
pub use lookup::{Asked, AskedError, Definition, LookupError, Match};
pub use models::{Models, Role, RoleModel, StoredModel};
pub use runs::{CheckoutState, RunEnd, RunId, RunStart};
pub use search::Example;
pub use shards::{Finished, ShardWalk, Shards};
pub use standing::{Entered, Retired, Standing};
pub use status::{KnownFailure, RepositoryStatus, RunState, Stale};
pub use stored_graph::{NodeSource, Snapshot, StoredEdge, StoredGraph, StoredNode};
pub use vector_index::VectorIndex;
pub use verify::Fault;

use crate::names::RepositoryName;
use crate::source::{Digest, Recipe};

/// What a [`Store`] is opened for.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// The database.
    pub url: DatabaseUrl,
    /// The repository whose files are read and written.
    pub repository: RepositoryName,
    /// The models that make the vectors.
    pub models: Models,
    /// The commit of the checkout, stored with each chunk.
    pub commit: Option<String>,
    /// How long a server that goes away is waited for.
    pub patience: Duration,
    /// How the vectors are indexed where no index stands yet.
    pub vector_index: VectorIndex,
}

/// What a file's rows were made from: it is unchanged if both are.
pub type Known = (Digest, Recipe);

/// An open database that agrees with the models of the run.
pub struct Store {
    client: Client,
    url: DatabaseUrl,
    patience: Duration,
    /// The connection broke, and is to be opened anew.
    is_lost: bool,
    /// How often it was opened anew: what a session holds went each time.
    reconnections: u64,
    repository: RepositoryName,
    commit: Option<String>,
    models: Models,
    vector_index: VectorIndex,
    shape: Shape,
    writing: Option<commit::Statements>,
    /// Files of this run that were committed.
    committed: u64,
}

/// What differs between a database of ours, one that MnemoLite made, and one of
/// many machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    /// Keys hold the repository: we made the tables.
    ours: bool,
    /// `code_chunks.repository` follows from the metadata and must not be written.
    repository_is_generated: bool,
    /// Citus is there, whether the tables are distributed or not.
    of_many_machines: bool,
}

impl Store {
    /// Connects, brings the tables up to date, and makes sure that widths and
    /// models are those of this run.
    ///
    /// # Errors
    /// [`StoreError`]; each one that a user can mend has a hint.
    pub fn open(config: &StoreConfig) -> Result<Self, StoreError> {
        let mut client = config.url.connect_for_work()?;
        vector_index::check(&mut client, config.vector_index)?;
        let shape = migrate::locked(&mut client, |client| {
            migrate::run(client)?;
            let shape = Shape::of(client)?;
            models::agree(client, &config.models, shape.ours)?;
            Ok(shape)
        })?;
        Ok(Self {
            client,
            url: config.url.clone(),
            patience: config.patience,
            is_lost: false,
            reconnections: 0,
            repository: config.repository.clone(),
            commit: config.commit.clone(),
            models: config.models.clone(),
            vector_index: config.vector_index,
            shape,
            writing: None,
            committed: 0,
        })
    }

    /// Ends a run: builds the vector indexes if they are missing, and lets the
    /// planner know the sizes of the tables. Tells how many indexes were built.
    ///
    /// # Errors
    /// [`StoreError`] if an index cannot be built; what was committed stays.
    pub fn finish(&mut self) -> Result<usize, StoreError> {
        self.persist(|store| {
            let index = store.vector_index;
            let built = migrate::locked(&mut store.client, |client| {
                vector_index::build_missing(client, index)
            })?;
            if built > 0 {
                store.analyze()?;
            }
            Ok(built)
        })
    }

    fn analyze(&mut self) -> Result<(), StoreError> {
        self.client
            .batch_execute("ANALYZE code_chunks, nodes, edges, computed_metrics, detailed_metadata, indexed_files")
            .map_err(StoreError::sql("analyze the tables"))
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("repository", &self.repository)
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

impl Shape {
    fn of(client: &mut Client) -> Result<Self, StoreError> {
        client
            .query_one(
                "SELECT (SELECT indnkeyatts = 2 FROM pg_index WHERE indrelid = 'nodes'::regclass AND indisprimary),
                        (SELECT attgenerated <> '' FROM pg_attribute
                         WHERE attrelid = 'code_chunks'::regclass AND attname = 'repository'),
                        EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')",
                &[],
            )
            .map(|row| Self {
                ours: row.get(0),
                repository_is_generated: row.get(1),
                of_many_machines: row.get(2),
            })
            .map_err(StoreError::sql("read the shape of the tables"))
    }
}

/// From the second and the third column.
fn known_of(row: &Row) -> Option<Known> {
    Some((
        Digest::from_slice(row.get::<_, Option<_>>(1)?)?,
        Recipe::from_slice(row.get::<_, Option<_>>(2)?)?,
    ))
}
