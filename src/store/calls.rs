//! What calls a definition and what it calls, and what may: references of the
//! same name that tie to nothing.

use std::collections::HashSet;

use postgres::Row;
use serde::Serialize;
use uuid::Uuid;

use super::archive::Archive;
use super::error::StoreError;
use super::listed::Listed;
use super::lookup::{COLUMNS, Definition};

/// A class is called where it is constructed, too: an edge to its constructor
/// says so.
const CALLERS: &str = "
    WITH asked AS (SELECT * FROM unnest($2::uuid[]) WITH ORDINALITY AS row (id, at)),
    targets AS (
        SELECT id, at, id AS target FROM asked
        UNION ALL SELECT a.id, a.at, c.target_node_id FROM asked a
            JOIN edges c ON c.repository = $1 AND c.source_node_id = a.id AND c.relation_type = 'contains')
    SELECT {columns}, t.id AS asked, e.properties
    FROM targets t
    JOIN edges e ON e.repository = $1 AND e.target_node_id = t.target AND e.relation_type = 'calls'
    JOIN nodes n ON n.repository = $1 AND n.node_id = e.source_node_id
    WHERE t.id = t.target OR e.properties -> 'constructs' ? t.id::text
    ORDER BY t.at, n.file_path, 7, n.node_id LIMIT $3";

const CALLEES: &str = "
    SELECT {columns}, t.id AS asked, e.properties
    FROM unnest($2::uuid[]) WITH ORDINALITY AS t (id, at)
    JOIN edges e ON e.repository = $1 AND e.source_node_id = t.id AND e.relation_type = 'calls'
    JOIN nodes n ON n.repository = $1 AND n.node_id = e.target_node_id
    ORDER BY t.at, e.properties #> '{sites,0,0}', e.properties #> '{sites,0,1}', n.node_id LIMIT $3";

/// References of that name: a whole file is asked first, since most have none.
const MAYBE_CALLERS: &str = "
    SELECT file_path, line, name, count(*) OVER () FROM open_references
    WHERE repository = $1 AND relation = 'calls' AND package IS NULL
        AND (name = $2 OR right(name, length($2) + 1) = '.' || $2)
    ORDER BY file_path, line, col LIMIT $3";

const MAYBE_CALLEES: &str = "
    SELECT file_path, line, name, count(*) OVER () FROM open_references
    WHERE repository = $1 AND relation = 'calls' AND package IS NULL AND file_path = $2 AND node_id = $3
    ORDER BY line, col LIMIT $4";

const OUTSIDE: &str = "
    SELECT package, count(*) FROM open_references
    WHERE repository = $1 AND relation = 'calls' AND package IS NOT NULL AND file_path = $2 AND node_id = $3
    GROUP BY package ORDER BY 2 DESC, 1";

const HAS_GRAPH: &str = "SELECT EXISTS (SELECT FROM graphs WHERE repository = $1)";

/// Open references that are named; all are counted.
const NAMED: i64 = 5;

/// Which way calls are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From what is called to what calls it.
    Callers,
    /// From what calls to what it calls.
    Callees,
}

impl Direction {
    /// The word for the other end, and the name of the command.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Callers => "callers",
            Self::Callees => "callees",
        }
    }

    fn calls(self) -> String {
        let statement = match self {
            Self::Callers => CALLERS,
            Self::Callees => CALLEES,
        };
        statement.replace("{columns}", COLUMNS)
    }
}

/// One definition that calls another, or is called by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    /// The one that was asked about.
    #[serde(skip)]
    pub of: Uuid,
    /// The other end.
    #[serde(flatten)]
    pub end: Definition,
    /// Where the calls stand.
    pub call_sites: Sites,
}

/// Places in one file that refer to one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sites {
    /// The file.
    pub file_path: String,
    /// Line and column of each, from 1.
    pub sites: Vec<(u32, u32)>,
    /// How they were resolved, each way once.
    pub resolutions: Vec<String>,
}

/// A reference that ties to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Open {
    /// Its file.
    pub file_path: String,
    /// Its line.
    pub line: i32,
    /// What is called, as written.
    pub name: String,
}

impl Archive {
    /// What calls the definitions `of` one repository, or what they call: at
    /// most `limit`, in their order.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn calls(
        &mut self,
        direction: Direction,
        (repository, of): (&str, &[Uuid]),
        limit: u32,
    ) -> Result<Vec<Call>, StoreError> {
        self.client
            .query(&direction.calls(), &[&repository, &of, &i64::from(limit)])
            .map(|rows| rows.iter().map(Call::of).collect())
            .map_err(StoreError::sql("ask for calls"))
    }

    /// Those of the definitions `of` one repository that have such calls.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn with_calls(
        &mut self,
        direction: Direction,
        (repository, of): (&str, &[Uuid]),
    ) -> Result<HashSet<Uuid>, StoreError> {
        let statement = format!("SELECT DISTINCT asked FROM ({}) AS call", direction.calls());
        self.client
            .query(&statement, &[&repository, &of, &None::<i64>])
            .map(|rows| rows.iter().map(|row| row.get(0)).collect())
            .map_err(StoreError::sql("ask for calls"))
    }

    /// Calls that nobody could resolve and that may be of `of`, or stand in it.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn maybe(
        &mut self,
        direction: Direction,
        of: &Definition,
    ) -> Result<Listed<Open>, StoreError> {
        let (repository, path) = (&of.repository, &of.file_path);
        let rows = match direction {
            Direction::Callers => self
                .client
                .query(MAYBE_CALLERS, &[repository, &of.name(), &NAMED]),
            Direction::Callees => self
                .client
                .query(MAYBE_CALLEES, &[repository, path, &of.id, &NAMED]),
        };
        rows.map(|rows| Listed::of(&rows, 3, Open::of))
            .map_err(StoreError::sql("ask for unresolved calls"))
    }

    /// How often `of` calls what is outside, by package.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn outside(&mut self, of: &Definition) -> Result<Vec<(String, i64)>, StoreError> {
        self.client
            .query(OUTSIDE, &[&of.repository, &of.file_path, &of.id])
            .map(|rows| rows.iter().map(|row| (row.get(0), row.get(1))).collect())
            .map_err(StoreError::sql("ask for calls to the outside"))
    }

    /// Whether the graph of the repository was ever made.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn has_graph(&mut self, repository: &str) -> Result<bool, StoreError> {
        self.client
            .query_one(HAS_GRAPH, &[&repository])
            .map(|row| row.get(0))
            .map_err(StoreError::sql("ask for the graph"))
    }
}

impl Call {
    fn of(row: &Row) -> Self {
        Self {
            end: Definition::of(row),
            of: row.get(9),
            call_sites: Sites::of(&row.get(10)),
        }
    }
}

impl Sites {
    /// From the properties of an edge.
    pub(super) fn of(edge: &serde_json::Value) -> Self {
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        let sites = serde_json::from_value(edge["sites"].clone());
        let all = edge["resolutions"].as_array();
        let mut resolutions: Vec<String> = match all {
            Some(all) => all.iter().filter_map(text).collect(),
            None => text(&edge["resolution"]).into_iter().collect(),
        };
        resolutions.sort_unstable();
        resolutions.dedup();
        Self {
            file_path: text(&edge["source_file"]).unwrap_or_default(),
            sites: sites.unwrap_or_default(),
            resolutions,
        }
    }
}

impl Open {
    fn of(row: &Row) -> Self {
        Self {
            file_path: row.get(0),
            line: row.get(1),
            name: row.get(2),
        }
    }
}
