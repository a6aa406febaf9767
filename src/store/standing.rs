//! What stands in the index below a folder, told in the order of the walk, so
//! that one pass says of each file what it was made from, and which files have
//! gone.
//!
//! The server keeps the list, of what stands and of what has gone: here is only
//! a piece of each, whatever the number of files.

use std::cmp::Ordering;
use std::collections::VecDeque;

use postgres::Row;
use postgres::types::ToSql;

use super::error::StoreError;
use super::models::Role;
use super::{Known, Store, known_of};
use crate::embed::Embedding;
use crate::names::RelPath;
use crate::shard::Shard;

/// Rows that are fetched, and paths that are sent, at a time.
const BATCH: usize = 256;

/// Held by the server after its transaction, so that a long run does not keep
/// others from cleaning up. A file that only ever failed stands in its error.
const DECLARE: &str = r#"
    DECLARE standing NO SCROLL CURSOR WITH HOLD FOR
    SELECT file_path, digest, recipe, has_error FROM (
        SELECT f.file_path, f.digest, f.recipe, EXISTS (SELECT FROM indexing_errors e
            WHERE e.repository = $1::text AND e.file_path = f.file_path) AS has_error
        FROM indexed_files f WHERE f.repository = $1::text AND starts_with(f.file_path, $2::text)
        UNION ALL
        SELECT DISTINCT e.file_path, NULL::bytea, NULL::bytea, true
        FROM indexing_errors e WHERE e.repository = $1::text AND starts_with(e.file_path, $2::text)
            AND NOT EXISTS (SELECT FROM indexed_files f
                WHERE f.repository = $1::text AND f.file_path = e.file_path)
    ) known WHERE $3::text IS NULL
        OR string_to_array(file_path, '/') COLLATE "C" > string_to_array($3::text, '/') COLLATE "C"
    ORDER BY string_to_array(file_path, '/') COLLATE "C""#;

/// What a run that was cut short has left.
const CLEAR_GONE: &str = "DELETE FROM retiring WHERE repository = $1";

const CLEAR_GONE_OF_SHARD: &str = "DELETE FROM retiring WHERE repository = $1 AND shard = $2";

const INSERT_GONE: &str = "
    INSERT INTO retiring (repository, file_path, shard) SELECT $1, unnest($2::text[]), $3
    ON CONFLICT (repository, file_path) DO UPDATE SET shard = EXCLUDED.shard
        WHERE retiring.shard <> EXCLUDED.shard";

const COUNT_GONE: &str = "
    SELECT count(*), count(*) FILTER (WHERE EXISTS (SELECT FROM retiring g
        WHERE g.repository = f.repository AND g.file_path = f.file_path))
    FROM indexed_files f WHERE repository = $1";

/// Everything that is stored for the files, and for edges that end in them.
const DELETE_GONE: &str = "
    WITH gone AS (
        DELETE FROM retiring WHERE repository = $1 RETURNING file_path
    ), standing AS (
        SELECT node_id FROM nodes JOIN gone USING (file_path) WHERE repository = $1
    ), outgoing AS (
        DELETE FROM edges USING standing WHERE repository = $1 AND source_node_id = node_id
    ), incoming AS (
        DELETE FROM edges USING standing WHERE repository = $1 AND target_node_id = node_id
    ), chunks AS (
        DELETE FROM code_chunks c USING gone g WHERE c.repository = $1 AND c.file_path = g.file_path
    ), errors AS (
        DELETE FROM indexing_errors e USING gone g WHERE e.repository = $1 AND e.file_path = g.file_path
    ), symbols AS (
        DELETE FROM file_symbols s USING gone g WHERE s.repository = $1 AND s.file_path = g.file_path
    ), open AS (
        DELETE FROM file_references r USING gone g WHERE r.repository = $1 AND r.file_path = g.file_path
    ), nodes AS (
        DELETE FROM nodes n USING gone g WHERE n.repository = $1 AND n.file_path = g.file_path
    )
    DELETE FROM indexed_files f USING gone g WHERE f.repository = $1 AND f.file_path = g.file_path";

/// What stands below a folder, compared with a walk through it.
pub struct Standing {
    store: Store,
    folder: String,
    /// The files that are told of, if not all.
    shard: Option<Shard>,
    /// The connection that the cursor is open in.
    cursor: Option<u64>,
    /// The last path that was fetched.
    fetched: Option<String>,
    /// Fetched, and not yet passed by the walk.
    ahead: VecDeque<Entry>,
    is_fetched: bool,
    /// Where the walk is.
    last: Option<String>,
    /// Could not be looked at: what stands there stays.
    spared: Option<String>,
    /// Whether the walk can be believed to have seen everything.
    is_trusted: bool,
    /// Passed by the walk, and not yet told to the server.
    gone: Vec<String>,
    is_anything_gone: bool,
}

/// How retiring ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retired {
    /// So many files were.
    Files(u64),
    /// None was, since the walk could not see everything; the next one may.
    Withheld,
}

/// What is known of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entered {
    /// What its rows were made from; none if it only ever failed.
    pub made_from: Option<Known>,
    /// Whether it failed last time.
    pub has_error: bool,
}

struct Entry {
    path: String,
    entered: Entered,
}

impl Standing {
    /// Asks what stands below `folder`, a path relative to the root with `/`
    /// at its end; everything if it is empty.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn open(store: Store, folder: &str) -> Result<Self, StoreError> {
        Self::of_shard(store, folder, None)
    }

    /// The same, of the files of a shard alone.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn of_shard(
        mut store: Store,
        folder: &str,
        shard: Option<Shard>,
    ) -> Result<Self, StoreError> {
        store.persist(|store| store.forget_gone(shard))?;
        let mut standing = Self {
            store,
            folder: folder.to_owned(),
            shard,
            cursor: None,
            fetched: None,
            ahead: VecDeque::new(),
            is_fetched: false,
            last: None,
            spared: None,
            is_trusted: true,
            gone: Vec::new(),
            is_anything_gone: false,
        };
        // Now, so that what this run writes is not part of it.
        standing.fetch()?;
        Ok(standing)
    }

    /// What is known of `path`, to be asked in the order of the walk: what
    /// stands before it and was not asked for has gone.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn look_up(&mut self, path: &RelPath) -> Result<Option<Entered>, StoreError> {
        let path = path.as_str();
        if self
            .last
            .as_deref()
            .is_some_and(|last| order(last, path).is_ge())
        {
            // Out of order: known or not cannot be told, so nothing is gone.
            self.is_trusted = false;
            return Ok(None);
        }
        self.last = Some(path.to_owned());
        self.pass(Some(path))?;
        let found = self.take_if(|found| found == path);
        Ok(found.map(|entry| entry.entered))
    }

    /// The file was looked up, and turned out not to belong into the index.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the server cannot be told.
    pub fn leave_out(&mut self, path: &RelPath) -> Result<(), StoreError> {
        self.add_gone(path.to_string())
    }

    /// The place could not be looked at: what stands there and below it stays.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn spare(&mut self, path: &str) -> Result<(), StoreError> {
        // Neither the folder that was walked nor a name that is not UTF-8 can
        // be told apart from what stands there.
        if matches!(path, "" | ".") || path.contains(char::REPLACEMENT_CHARACTER) {
            self.is_trusted = false;
            return Ok(());
        }
        self.pass(Some(path))?;
        self.spared = Some(path.to_owned());
        Ok(())
    }

    /// The file is as it was: that it failed in between is over.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the server cannot be told.
    pub fn forgive(&mut self, path: &RelPath) -> Result<(), StoreError> {
        self.store.clear_errors(path.as_str())
    }

    /// The vectors of `texts` as far as they are in the index, in their order.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn vectors(
        &mut self,
        role: Role,
        texts: &[&str],
    ) -> Result<Vec<Option<Embedding>>, StoreError> {
        self.store.vectors(role, texts)
    }

    /// Ends a walk that saw everything: in one transaction, deletes what has
    /// gone.
    ///
    /// # Errors
    /// [`StoreError::Shrinks`] if more than half would go and `allow_shrink` is
    /// not set; nothing is deleted then.
    pub fn retire(mut self, allow_shrink: bool) -> Result<Retired, StoreError> {
        self.pass(None)?;
        self.send_gone()?;
        if !self.is_trusted {
            return Ok(Retired::Withheld);
        }
        if !self.is_anything_gone {
            return Ok(Retired::Files(0));
        }
        self.store.retire_told(allow_shrink)
    }

    /// Ends a walk of a shard: the server knows what has gone, and nothing is
    /// deleted. False if the walk could not see everything.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the server cannot be told.
    pub fn leave(mut self) -> Result<bool, StoreError> {
        self.pass(None)?;
        self.send_gone()?;
        Ok(self.is_trusted)
    }

    /// Leaves behind what stands before `path`, or all: it has gone, unless it
    /// could not be looked at.
    fn pass(&mut self, path: Option<&str>) -> Result<(), StoreError> {
        loop {
            self.fetch()?;
            let is_before = |found: &str| path.is_none_or(|path| order(found, path).is_lt());
            let Some(entry) = self.take_if(is_before) else {
                return Ok(());
            };
            if !self
                .spared
                .as_deref()
                .is_some_and(|place| is_at(place, &entry.path))
            {
                self.add_gone(entry.path)?;
            }
        }
    }

    fn take_if(&mut self, is_wanted: impl Fn(&str) -> bool) -> Option<Entry> {
        let is_wanted = self
            .ahead
            .front()
            .is_some_and(|entry| is_wanted(&entry.path));
        is_wanted.then(|| self.ahead.pop_front()).flatten()
    }

    fn fetch(&mut self) -> Result<(), StoreError> {
        // A piece may hold nothing of the shard.
        while !self.is_fetched && self.ahead.is_empty() {
            self.fetch_piece()?;
        }
        Ok(())
    }

    fn fetch_piece(&mut self) -> Result<(), StoreError> {
        let Self {
            store,
            folder,
            cursor,
            fetched,
            ..
        } = self;
        let rows = store.persist(|store| {
            if *cursor != Some(store.reconnections) {
                store.open_cursor(folder, fetched.as_deref())?;
                *cursor = Some(store.reconnections);
            }
            // After a fetch that failed the cursor is of no use.
            store.fetch().inspect_err(|_| *cursor = None)
        })?;
        self.is_fetched = rows.len() < BATCH;
        let mut entries: Vec<Entry> = rows.iter().map(Entry::of).collect();
        if let Some(last) = entries.last() {
            self.fetched = Some(last.path.clone());
        }
        let shard = self.shard;
        entries.retain(|entry| shard.is_none_or(|shard| shard.holds(&entry.path)));
        self.ahead.extend(entries);
        Ok(())
    }

    fn add_gone(&mut self, path: String) -> Result<(), StoreError> {
        self.gone.push(path);
        if self.gone.len() < BATCH {
            return Ok(());
        }
        self.send_gone()
    }

    fn send_gone(&mut self) -> Result<(), StoreError> {
        if self.gone.is_empty() {
            return Ok(());
        }
        let gone = std::mem::take(&mut self.gone);
        self.is_anything_gone = true;
        let shard = self.shard;
        self.store.persist(|store| store.tell_gone(&gone, shard))
    }
}

impl Store {
    fn open_cursor(&mut self, folder: &str, after: Option<&str>) -> Result<(), StoreError> {
        let values: [&(dyn ToSql + Sync); 3] = [&self.repository.as_str(), &folder, &after];
        self.client
            .batch_execute("CLOSE ALL")
            .and_then(|()| self.client.execute(DECLARE, &values))
            .map(drop)
            .map_err(StoreError::sql("ask what stands in the index"))
    }

    fn fetch(&mut self) -> Result<Vec<Row>, StoreError> {
        self.client
            .query(&format!("FETCH {BATCH} FROM standing"), &[])
            .map_err(StoreError::sql("ask what stands in the index"))
    }

    fn forget_gone(&mut self, shard: Option<Shard>) -> Result<(), StoreError> {
        let repository = self.repository.as_str();
        let cleared = match shard {
            None => self.client.execute(CLEAR_GONE, &[&repository]),
            Some(shard) => {
                let values: [&(dyn ToSql + Sync); 2] = [&repository, &shard.number()];
                self.client.execute(CLEAR_GONE_OF_SHARD, &values)
            }
        };
        cleared
            .map(drop)
            .map_err(StoreError::sql("clear the list of files that have gone"))
    }

    fn tell_gone(&mut self, gone: &[String], shard: Option<Shard>) -> Result<(), StoreError> {
        let shard = shard.map_or(0, Shard::number);
        self.client
            .execute(INSERT_GONE, &[&self.repository.as_str(), &gone, &shard])
            .map(drop)
            .map_err(StoreError::sql("note the files that have gone"))
    }

    /// Deletes what the server was told has gone.
    ///
    /// # Errors
    /// As [`Standing::retire`].
    pub(super) fn retire_told(&mut self, allow_shrink: bool) -> Result<Retired, StoreError> {
        let (gone, stored) = self.persist(Self::count_gone)?;
        if gone > stored - gone && !allow_shrink {
            return Err(StoreError::Shrinks { gone, stored });
        }
        self.persist(Self::retire_gone)?;
        // Not what the deletion said: an answer may be lost, and the second is 0.
        Ok(Retired::Files(gone.unsigned_abs()))
    }

    /// How many indexed files have gone, and how many there are.
    fn count_gone(&mut self) -> Result<(i64, i64), StoreError> {
        self.client
            .query_one(COUNT_GONE, &[&self.repository.as_str()])
            .map(|row| (row.get(1), row.get(0)))
            .map_err(StoreError::sql("count the files that have gone"))
    }

    fn retire_gone(&mut self) -> Result<(), StoreError> {
        self.client
            .execute(DELETE_GONE, &[&self.repository.as_str()])
            .map(drop)
            .map_err(StoreError::sql("retire the files that have gone"))
    }
}

impl Entry {
    fn of(row: &Row) -> Self {
        Self {
            path: row.get(0),
            entered: Entered {
                made_from: known_of(row),
                has_error: row.get(3),
            },
        }
    }
}

/// The order of a walk: by name within each folder.
fn order(a: &str, b: &str) -> Ordering {
    a.split('/').cmp(b.split('/'))
}

/// Whether `path` is `place` or below it.
fn is_at(place: &str, path: &str) -> bool {
    path.strip_prefix(place)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_comes_before_a_file_that_its_name_begins() {
        assert_eq!(order("a/z.ts", "a.ts"), Ordering::Less);
        assert_eq!(order("a/b", "a/b"), Ordering::Equal);
        assert_eq!(order("é.ts", "z.ts"), Ordering::Greater);
    }

    #[test]
    fn a_place_is_not_what_its_name_only_begins() {
        assert!(is_at("a/b", "a/b") && is_at("a/b", "a/b/c.ts"));
        assert!(!is_at("a/b", "a/bc.ts"));
    }
}
