//! `shards`: what each shard of a walk was about and how far it came, until
//! `finish` has done what needs all of them.

use postgres::types::ToSql;
use postgres::{Row, Transaction};

use super::Store;
use super::error::StoreError;
use super::lock::{OF_SHARDS, RepositoryLock, host};
use super::rows::storable;
use super::runs::{RunId, RunStart};
use super::standing::Retired;
use crate::shard::Shard;

/// The number of shards is looked at and entered by one process at a time.
const ALONE: &str = "SELECT pg_advisory_xact_lock(hashtextextended('mnemo-index ' || $1, 2))";

/// Another number of shards that is being worked on now.
const OTHERS: &str = "
    SELECT s.shards FROM shards s WHERE s.repository = $1 AND s.shards <> $2 AND EXISTS (
        SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND l.pid <> pg_backend_pid()
            AND (l.classid::int8 << 32) | l.objid::int8
                = hashtextextended('mnemo-index ' || s.shard || ' ' || s.repository, $3))
    LIMIT 1";

/// Shards of another number cannot come to a whole any more, and those of a walk
/// that was finished belong to none that goes on.
const CLEAR: &str = "
    WITH lists AS (DELETE FROM retiring WHERE repository = $1 AND shard > $2)
    DELETE FROM shards WHERE repository = $1 AND (shards <> $2 OR finished_at IS NOT NULL)";

const ENTER: &str = "
    INSERT INTO shards (repository, shard, shards, run_id, commit_hash, folder, recipe, rules)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (repository, shard) DO UPDATE SET shards = EXCLUDED.shards, run_id = EXCLUDED.run_id,
        commit_hash = EXCLUDED.commit_hash, folder = EXCLUDED.folder, recipe = EXCLUDED.recipe,
        rules = EXCLUDED.rules, started_at = EXCLUDED.started_at, ended_at = NULL, withheld = false, finished_at = NULL";

const FORGET: &str = "DELETE FROM shards WHERE repository = $1";

const END: &str = "
    UPDATE shards SET ended_at = now(), withheld = $3 WHERE repository = $1 AND shard = $2";

/// The newest first: the others are compared with it.
const ALL: &str = "
    SELECT shard, shards, commit_hash, folder, recipe, rules, ended_at IS NOT NULL, withheld,
        finished_at IS NOT NULL
    FROM shards WHERE repository = $1 ORDER BY started_at DESC, shard";

const STANDING: &str = r#"
    SELECT file_path FROM indexed_files f WHERE repository = $1 AND starts_with(file_path, $2)
        AND ($3::text IS NULL OR file_path COLLATE "C" > $3)
        AND NOT EXISTS (SELECT FROM retiring g WHERE g.repository = f.repository AND g.file_path = f.file_path)
    ORDER BY file_path COLLATE "C" LIMIT 1000"#;

/// One run of all files, as its shards' runs add up.
const CLOSE: &str = "
    WITH parts AS (
        SELECT r.* FROM runs r JOIN shards s USING (repository, run_id) WHERE r.repository = $1
    ), closed AS (
        UPDATE shards SET finished_at = now() WHERE repository = $1
    )
    INSERT INTO runs (repository, ended_at, exit_code, version, host, pid, folder, commit_hash, branch, dirty,
        recipe, provider, text_model, code_model, sequential, ingredients, recipes, shards,
        indexed, unchanged, failed, retired, chunks, tokens, skipped, times)
    SELECT $1, clock_timestamp(), sums.exit_code, $2, $3, $4, p.folder, p.commit_hash, p.branch, p.dirty,
        p.recipe, p.provider, p.text_model, p.code_model, p.sequential, p.ingredients, p.recipes, p.shards,
        sums.indexed, sums.unchanged, sums.failed, $5, sums.chunks, sums.tokens,
        coalesce((SELECT jsonb_object_agg(key, files) FROM (
            SELECT key, sum(value::int8) AS files FROM parts, jsonb_each_text(skipped) GROUP BY key) t), '{}'),
        coalesce((SELECT jsonb_object_agg(key, millis) FROM (
            SELECT key, CASE key WHEN 'wall' THEN max(value::int8) ELSE sum(value::int8) END AS millis
            FROM parts, jsonb_each_text(times) GROUP BY key) t), '{}')
    FROM (SELECT max(exit_code) AS exit_code, sum(indexed)::int8 AS indexed, sum(unchanged)::int8 AS unchanged,
            sum(failed)::int8 AS failed, sum(chunks)::int8 AS chunks, sum(tokens)::int8 AS tokens FROM parts) sums,
        (SELECT * FROM parts ORDER BY started_at DESC LIMIT 1) p";

const SUMS: &str = "
    SELECT coalesce(sum(r.indexed), 0)::int8, coalesce(sum(r.unchanged), 0)::int8,
        coalesce(sum(r.failed), 0)::int8, coalesce(max(r.exit_code), 0::int2)
    FROM shards s JOIN runs r USING (repository, run_id) WHERE s.repository = $1";

/// What a finish expects the shards to have walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardWalk<'a> {
    /// The commit, if it is a checkout.
    pub commit: Option<&'a str>,
    /// The directory relative to the root; empty for the root.
    pub folder: &'a str,
}

/// The shards of a walk, all of which ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shards {
    /// How many there are.
    pub number: i32,
    /// Some walk could not see everything.
    pub withheld: bool,
    /// They were finished before.
    pub finished: bool,
}

/// What the shards of a walk did together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// Files.
    pub indexed: i64,
    /// Files that were as they are.
    pub unchanged: i64,
    /// Files.
    pub failed: i64,
    /// The worst that a shard ended with: 0 or 3.
    pub exit_code: i16,
}

/// Makes sure that nobody does another number of shards, and clears away what
/// cannot be finished any more.
pub(super) fn make_room(
    transaction: &mut Transaction<'_>,
    repository: &str,
    shard: Shard,
) -> Result<(), StoreError> {
    let failed = StoreError::sql("look at the other shards");
    transaction
        .execute(ALONE, &[&repository])
        .map_err(&failed)?;
    let others = transaction
        .query_opt(OTHERS, &[&repository, &shard.of(), &OF_SHARDS])
        .map_err(&failed)?;
    if let Some(other) = others {
        return Err(StoreError::OtherShards {
            repository: repository.to_owned(),
            found: other.get(0),
            wanted: shard.of(),
        });
    }
    transaction
        .execute(CLEAR, &[&repository, &shard.of()])
        .map(drop)
        .map_err(&failed)
}

pub(super) fn enter(
    transaction: &mut Transaction<'_>,
    repository: &str,
    (start, shard, run): (&RunStart<'_>, Shard, RunId),
) -> Result<(), StoreError> {
    let recipe = start.ingredients.recipe();
    let values: [&(dyn ToSql + Sync); 8] = [
        &repository,
        &shard.number(),
        &shard.of(),
        &run.0,
        &start.checkout.commit,
        &storable(start.folder),
        &recipe.as_bytes().as_slice(),
        &start.rules.as_bytes().as_slice(),
    ];
    transaction
        .execute(ENTER, &values)
        .map(drop)
        .map_err(StoreError::sql("note that a shard began"))
}

/// A run of all files needs no shards.
pub(super) fn forget(
    transaction: &mut Transaction<'_>,
    repository: &str,
) -> Result<(), StoreError> {
    transaction
        .execute(FORGET, &[&repository])
        .map(drop)
        .map_err(StoreError::sql("forget earlier shards"))
}

impl RepositoryLock {
    /// Notes that this shard came to its end, and whether its walk saw everything.
    ///
    /// # Errors
    /// [`StoreError`] if the database does not take it.
    pub fn end_shard(&mut self, saw_all: bool) -> Result<(), StoreError> {
        let number = self.shard.map_or(0, Shard::number);
        self.client
            .execute(END, &[&self.repository.as_str(), &number, &!saw_all])
            .map(drop)
            .map_err(StoreError::sql("note that a shard ended"))
    }

    /// The shards of the last walk, if all of them ended, and ended the walk that
    /// is expected.
    ///
    /// # Errors
    /// [`StoreError::Unfinished`] with what is missing; [`StoreError::NoShards`].
    pub fn shards(&mut self, walk: ShardWalk<'_>) -> Result<Shards, StoreError> {
        let repository = self.repository.to_string();
        let rows = self
            .client
            .query(ALL, &[&repository])
            .map_err(StoreError::sql("ask for the shards"))?;
        let entries: Vec<Entry> = rows.iter().map(Entry::of).collect();
        let Some(newest) = entries.first() else {
            return Err(StoreError::NoShards { repository });
        };
        let faults = faults(&entries, newest, walk);
        if !faults.is_empty() {
            let reason = format!("of {} shards, {}", newest.shards, faults.join("; "));
            return Err(StoreError::Unfinished { repository, reason });
        }
        Ok(Shards {
            number: newest.shards,
            withheld: entries.iter().any(|entry| entry.withheld),
            finished: entries.iter().all(|entry| entry.finished),
        })
    }

    /// What the shards did together.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn sum_of_shards(&mut self) -> Result<Finished, StoreError> {
        self.client
            .query_one(SUMS, &[&self.repository.as_str()])
            .map(|row| Finished {
                indexed: row.get(0),
                unchanged: row.get(1),
                failed: row.get(2),
                exit_code: row.get(3),
            })
            .map_err(StoreError::sql("add up the shards"))
    }

    /// Closes the walk with the record of one run, that of all files.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database does not take it.
    pub fn close_shards(&mut self, retired: u64) -> Result<(), StoreError> {
        let values: [&(dyn ToSql + Sync); 5] = [
            &self.repository.as_str(),
            &env!("CARGO_PKG_VERSION"),
            &host(),
            &i64::from(std::process::id()),
            &i64::try_from(retired).unwrap_or(i64::MAX),
        ];
        self.client
            .execute(CLOSE, &values)
            .map(drop)
            .map_err(StoreError::sql("close the run of all shards"))
    }
}

impl Store {
    /// Takes out of the index what no shard found.
    ///
    /// # Errors
    /// [`StoreError::Shrinks`] as in [`super::Standing::retire`].
    pub fn retire_of_shards(&mut self, allow_shrink: bool) -> Result<Retired, StoreError> {
        self.retire_told(allow_shrink)
    }

    /// The first file below `folder` that the shards left in the index and that
    /// `is_there` does not find.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn first_missing(
        &mut self,
        folder: &str,
        is_there: impl Fn(&str) -> bool,
    ) -> Result<Option<String>, StoreError> {
        let mut last: Option<String> = None;
        loop {
            let rows = self.persist(|store| {
                let values: [&(dyn ToSql + Sync); 3] = [&store.repository.as_str(), &folder, &last];
                store
                    .client
                    .query(STANDING, &values)
                    .map_err(StoreError::sql("ask which files stand in the index"))
            })?;
            let mut paths = rows.iter().map(|row| row.get::<_, String>(0));
            if let Some(missing) = paths.find(|path| !is_there(path)) {
                return Ok(Some(missing));
            }
            match rows.last() {
                Some(row) => last = row.get(0),
                None => return Ok(None),
            }
        }
    }
}

/// A row of the table.
struct Entry {
    shard: i32,
    shards: i32,
    commit: Option<String>,
    folder: String,
    recipe: Vec<u8>,
    rules: Vec<u8>,
    ended: bool,
    withheld: bool,
    finished: bool,
}

impl Entry {
    fn of(row: &Row) -> Self {
        Self {
            shard: row.get(0),
            shards: row.get(1),
            commit: row.get(2),
            folder: row.get(3),
            recipe: row.get(4),
            rules: row.get(5),
            ended: row.get(6),
            withheld: row.get(7),
            finished: row.get(8),
        }
    }

    /// What is other than in the newest shard.
    fn differs(&self, newest: &Self) -> Option<&'static str> {
        let parts = [
            (self.commit != newest.commit, "commit"),
            (self.folder != newest.folder, "directory"),
            (self.recipe != newest.recipe, "recipe (models, versions)"),
            (self.rules != newest.rules, "choice of files"),
        ];
        let mut other = parts.into_iter().filter(|(differs, _)| *differs);
        other.next().map(|(_, what)| what)
    }
}

fn faults(entries: &[Entry], newest: &Entry, walk: ShardWalk<'_>) -> Vec<String> {
    let of = |number| entries.iter().find(|entry| entry.shard == number);
    let mut faults: Vec<String> = (1..=newest.shards)
        .filter_map(|number| match of(number) {
            None => Some(format!("shard {number} is missing")),
            Some(entry) if !entry.ended => Some(format!("shard {number} has not come to its end")),
            Some(entry) => {
                let what = entry.differs(newest)?;
                Some(format!("shard {number} is of another {what}"))
            }
        })
        .collect();
    let commit = |commit: Option<&str>| commit.unwrap_or("no commit").to_owned();
    if newest.commit.as_deref() != walk.commit {
        let (found, wanted) = (commit(newest.commit.as_deref()), commit(walk.commit));
        faults.push(format!(
            "the newest is of {found}, and the directory is at {wanted}"
        ));
    } else if newest.folder != walk.folder {
        let (found, wanted) = (&newest.folder, walk.folder);
        faults.push(format!(
            "the newest walked {found:?}, and the directory is {wanted:?}"
        ));
    }
    faults
}
