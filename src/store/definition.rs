//! All that an index holds of one definition but its calls.

use postgres::Row;
use serde::Serialize;
use serde_json::Value;

use super::archive::Archive;
use super::calls::Sites;
use super::error::StoreError;
use super::listed::Listed;
use super::lookup::{COLUMNS, Definition};

/// Members and imports that are named; all are counted.
const NAMED: i64 = 50;

const PIECES: &str = "
    SELECT source_code, start_line, end_line, metadata #>> '{signature,text}', metadata ->> 'docstring'
    FROM code_chunks WHERE repository = $1 AND file_path = $2 AND node_id = $3 ORDER BY start_line, id";

const MEMBERS: &str = "
    count(*) OVER () FROM edges e JOIN nodes n ON n.repository = $1 AND n.node_id = e.target_node_id
    WHERE e.repository = $1 AND e.source_node_id = $2 AND e.relation_type = 'contains' ORDER BY 7, 2 LIMIT $3";

/// What is passed on is imported as well, at the same places: told once.
const IMPORTS: &str = "
    SELECT relation_type, properties, count(*) OVER () FROM edges e
    WHERE repository = $1 AND target_node_id = $2 AND relation_type IN ('imports', 're_exports')
        AND NOT (relation_type = 'imports' AND EXISTS (
            SELECT FROM edges r WHERE r.repository = $1 AND r.target_node_id = $2
                AND r.source_node_id = e.source_node_id AND r.relation_type = 're_exports'
                AND r.properties -> 'sites' = e.properties -> 'sites'))
    ORDER BY properties ->> 'source_file', relation_type, edge_id LIMIT $3";

/// What stands in a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Its declaration on one line; empty for a module.
    pub signature: String,
    /// Its doc comment as prose.
    pub doc: String,
    /// Its text, in the order of the lines.
    pub pieces: Vec<Piece>,
}

/// A part of a definition's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// Its first line.
    pub start_line: i32,
    /// Its last line.
    pub end_line: i32,
    /// Whether `text` is every line of that. If not, the lines of definitions
    /// inside are left out, and a class shows the beginnings of its members.
    pub whole: bool,
    /// The text.
    pub text: String,
}

/// A place that imports a definition or passes it on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Import {
    /// `imports` or `re_exports`.
    pub relation: String,
    /// What is named: empty for the module as a whole.
    pub symbol: String,
    /// The source as written.
    pub import_spec: String,
    /// Where.
    #[serde(flatten)]
    pub at: Sites,
}

impl Archive {
    /// The text of `of`.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn source(&mut self, of: &Definition) -> Result<Source, StoreError> {
        let rows = self
            .client
            .query(PIECES, &[&of.repository, &of.file_path, &of.id])
            .map_err(StoreError::sql("ask for the source"))?;
        let first = |column| {
            let text: Option<String> = rows.first().and_then(|row| row.get(column));
            text.unwrap_or_default()
        };
        Ok(Source {
            signature: first(3),
            doc: first(4),
            pieces: rows.iter().map(Piece::of).collect(),
        })
    }

    /// What is defined directly inside `of`.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn members(&mut self, of: &Definition) -> Result<Listed<Definition>, StoreError> {
        let statement = format!("SELECT {COLUMNS}, {MEMBERS}");
        self.client
            .query(&statement, &[&of.repository, &of.id, &NAMED])
            .map(|rows| Listed::of(&rows, 9, Definition::of))
            .map_err(StoreError::sql("ask for the members"))
    }

    /// Where `of` is imported or passed on.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn imports(&mut self, of: &Definition) -> Result<Listed<Import>, StoreError> {
        self.client
            .query(IMPORTS, &[&of.repository, &of.id, &NAMED])
            .map(|rows| Listed::of(&rows, 2, Import::of))
            .map_err(StoreError::sql("ask for the imports"))
    }
}

impl Piece {
    fn of(row: &Row) -> Self {
        let text: String = row.get(0);
        let line = |column| row.get::<_, Option<i32>>(column).unwrap_or(1);
        let (start_line, end_line) = (line(1), line(2));
        let lines = i32::try_from(text.lines().count()).unwrap_or(i32::MAX);
        Self {
            start_line,
            end_line,
            whole: lines == end_line - start_line + 1,
            text,
        }
    }
}

impl Import {
    fn of(row: &Row) -> Self {
        let edge: Value = row.get(1);
        let text = |key: &str| edge[key].as_str().unwrap_or_default().to_owned();
        Self {
            relation: row.get(0),
            symbol: text("symbol"),
            import_spec: text("import_spec"),
            at: Sites::of(&edge),
        }
    }
}
