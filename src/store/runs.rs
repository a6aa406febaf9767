//! `runs`: what each run was about, and how it ended. Written on the connection
//! that holds the repository, so that a run that lost its others can still be
//! closed.

use std::time::Duration;

use postgres::Transaction;
use postgres::types::ToSql;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::again::persist;
use super::error::StoreError;
use super::lock::{RepositoryLock, host};
use super::models::{Models, Role};
use super::rows::{self, storable};
use super::shards;
use crate::exit::Exit;
use crate::language;
use crate::outcome::{RunDetail, Summary};
use crate::shard::Shard;
use crate::source::{Digest, Ingredients};

/// What a run that failed for its database gives it to take the record.
const ONCE_MORE: Duration = Duration::from_secs(1);

const BEGIN: &str = "
    INSERT INTO runs (repository, version, host, pid, folder, commit_hash, branch, dirty, recipe, provider,
        text_model, code_model, sequential, ingredients, recipes, shard, shards)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) RETURNING run_id";

/// What the last run that came to its end made its files from.
const LAST: &str = "
    SELECT ingredients FROM runs WHERE repository = $1 AND exit_code IN (0, 3) AND ingredients IS NOT NULL
    ORDER BY started_at DESC LIMIT 1";

const END: &str = "
    UPDATE runs SET ended_at = now(), exit_code = $3, error = $4, indexed = $5, unchanged = $6, failed = $7,
        retired = $8, skipped = $9, chunks = $10, tokens = $11, times = $12, peak_memory = $13,
        detail = $14
    WHERE repository = $1 AND run_id = $2";

/// What a run is about.
#[derive(Debug, Clone)]
pub struct RunStart<'a> {
    /// The directory that is walked, relative to the root; empty for the root.
    pub folder: &'a str,
    /// The checkout, if it is one.
    pub checkout: &'a CheckoutState,
    /// What decides the rows of a file besides its bytes.
    pub ingredients: &'a Ingredients,
    /// The execution provider.
    pub provider: &'a str,
    /// The models by role.
    pub models: &'a Models,
    /// Whether files go one at a time.
    pub sequential: bool,
    /// A hash of the options that decide which files belong.
    pub rules: &'a Digest,
}

/// What git says of the checkout; nothing of what is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckoutState {
    /// The commit.
    pub commit: Option<String>,
    /// The branch, unless the commit was checked out by itself.
    pub branch: Option<String>,
    /// Whether there are changes that are not committed.
    pub dirty: Option<bool>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy)]
pub struct RunEnd<'a> {
    /// What was done.
    pub summary: &'a Summary,
    /// What the summary does not tell.
    pub detail: &'a RunDetail,
    /// The code the program ends with.
    pub exit: Exit,
    /// Why it failed, in one line, if it did.
    pub error: Option<&'a str>,
    /// How long a server that went away is waited for.
    pub patience: Duration,
}

/// A run that began and has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunId(pub(super) Uuid);

impl RepositoryLock {
    /// Notes that a run began, and for a shard, which walk it belongs to.
    ///
    /// # Errors
    /// [`StoreError`] if the database does not take it;
    /// [`StoreError::OtherShards`] if others do another number of shards.
    pub fn begin_run(&mut self, start: &RunStart<'_>) -> Result<RunId, StoreError> {
        let Self {
            client,
            repository,
            shard,
            ..
        } = self;
        let name = repository.as_str();
        let mut transaction = client.transaction().map_err(StoreError::sql(BEGINS))?;
        if let Some(shard) = shard {
            shards::make_room(&mut transaction, name, *shard)?;
        }
        let run = insert_run(&mut transaction, name, (start, *shard))?;
        match shard {
            Some(shard) => shards::enter(&mut transaction, name, (start, *shard, run))?,
            None => shards::forget(&mut transaction, name)?,
        }
        transaction.commit().map_err(StoreError::sql(BEGINS))?;
        Ok(run)
    }

    /// The ingredients that are others than in the last run that came to its end.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be asked.
    pub fn changed_since_last(
        &mut self,
        ingredients: &Ingredients,
    ) -> Result<Vec<String>, StoreError> {
        let last = self
            .client
            .query_opt(LAST, &[&self.repository.as_str()])
            .map_err(StoreError::sql("ask for the last run"))?;
        let Some(last) = last.map(|row| row.get::<_, Value>(0)) else {
            return Ok(Vec::new());
        };
        let mut changed = ingredients.digests();
        changed.retain(|name, digest| last[name.as_str()] != json!(digest));
        Ok(changed.into_keys().collect())
    }

    /// Notes how it ended, over a new connection if this one was lost.
    ///
    /// # Errors
    /// [`StoreError`] if the database does not take it.
    pub fn end_run(&mut self, run: RunId, end: &RunEnd<'_>) -> Result<(), StoreError> {
        persist(end.patience.max(ONCE_MORE), || {
            if self.client.is_closed() {
                self.client = self.url.connect()?;
            }
            self.write_end(run, end)
        })
    }

    fn write_end(&mut self, run: RunId, end: &RunEnd<'_>) -> Result<(), StoreError> {
        let summary = end.summary;
        self.client
            .execute(
                END,
                &[
                    &self.repository.as_str(),
                    &run.0,
                    &i16::from(end.exit.code()),
                    &end.error.map(storable),
                    &count(summary.indexed),
                    &count(summary.unchanged),
                    &count(summary.failed),
                    &count(summary.retired),
                    &skipped(summary),
                    &count(summary.chunks.values().sum()),
                    &count(summary.tokens),
                    &times(summary),
                    &summary.peak_memory.map(count),
                    &rows::storable_value(&json!(end.detail)),
                ],
            )
            .map(drop)
            .map_err(StoreError::sql("note how the run ended"))
    }
}

const BEGINS: &str = "note that a run began";

fn insert_run(
    transaction: &mut Transaction<'_>,
    repository: &str,
    (start, shard): (&RunStart<'_>, Option<Shard>),
) -> Result<RunId, StoreError> {
    let model = |role| start.models.of(role).map(|model| model.id.as_str());
    let CheckoutState {
        commit,
        branch,
        dirty,
    } = start.checkout;
    let recipe = start.ingredients.recipe();
    let values: [&(dyn ToSql + Sync); 17] = [
        &repository,
        &env!("CARGO_PKG_VERSION"),
        &host(),
        &i64::from(std::process::id()),
        &storable(start.folder),
        commit,
        branch,
        dirty,
        &recipe.as_bytes().as_slice(),
        &start.provider,
        &model(Role::Text),
        &model(Role::Code),
        &start.sequential,
        &json!(start.ingredients.digests()),
        &recipes(start.ingredients),
        &shard.map(Shard::number),
        &shard.map(Shard::of),
    ];
    transaction
        .query_one(BEGIN, &values)
        .map(|row| RunId(row.get(0)))
        .map_err(StoreError::sql(BEGINS))
}

/// By language.
fn recipes(ingredients: &Ingredients) -> Value {
    let names = language::ALL.iter().map(|language| language.name());
    let recipes = names.map(|name| {
        let recipe = ingredients.recipe_of(name);
        (name.to_owned(), json!(recipe.to_string()))
    });
    Value::Object(recipes.collect())
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn skipped(summary: &Summary) -> Value {
    let reasons = summary
        .skipped
        .iter()
        .map(|(reason, count)| (reason.as_str().to_owned(), json!(count)));
    Value::Object(reasons.collect::<Map<_, _>>())
}

fn times(summary: &Summary) -> Value {
    let times = &summary.times;
    let stages = [
        ("wall", summary.wall),
        ("read", times.read),
        ("chunk", times.chunk),
        ("embed", times.embed),
        ("store", times.store),
    ];
    let stages = stages.map(|(name, time)| {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        (name.to_owned(), json!(millis))
    });
    Value::Object(stages.into_iter().collect())
}
