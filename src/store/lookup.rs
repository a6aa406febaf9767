//! From what somebody calls a definition to the definition.
//!
//! A name is a whole name path (`shop.cart.Cart.add`) or the end of one from a
//! dot on (`Cart.add`), a file's path or the end of it from a slash on, or a
//! place in a file. What is named most exactly wins: a definition by its whole
//! name path, then one by its whole qualname, then a module, then an end.

use postgres::Row;
use postgres::fallible_iterator::FallibleIterator;
use serde::Serialize;
use thiserror::Error;
use uuid::Uuid;

use super::archive::Archive;
use super::error::StoreError;
use crate::error::KnowsAdvice;
use crate::exit::Exit;

/// Names that are offered where one is unknown.
const NEAREST: usize = 5;

/// How alike names must be to be offered: the share of characters that stay if
/// one is edited into the other.
const ALIKE: f64 = 0.7;

/// More candidates than anybody reads.
const CANDIDATES: i64 = 1_000;

/// The columns of a [`Definition`]; `n` is its node.
pub(super) const COLUMNS: &str = "
    n.repository, n.node_id, n.properties ->> 'type', n.properties ->> 'name_path', n.properties ->> 'qualname',
    n.file_path, coalesce(n.properties ->> 'definition_line', n.properties ->> 'start_line')::int4,
    (n.properties ->> 'start_line')::int4, (n.properties ->> 'end_line')::int4";

/// $2 is the name, $3 its last part: by it an index finds definitions, and of
/// files there are not many.
const NAMED: &str = "
    CASE WHEN n.node_type = 'Module' THEN CASE WHEN $2 IN (n.properties ->> 'name_path', n.file_path) THEN 2 ELSE 3 END
         WHEN n.properties ->> 'name_path' = $2 THEN 0
         WHEN n.properties ->> 'qualname' = $2 THEN 1 ELSE 3 END AS rank
    FROM nodes n WHERE n.repository = ANY($1) AND (
        n.properties ->> 'name' = $3 AND n.node_type NOT IN ('Module', 'Package')
            AND ($2 IN (n.properties ->> 'name_path', n.properties ->> 'qualname')
                OR right(n.properties ->> 'name_path', length($2) + 1) = '.' || $2)
        OR n.node_type = 'Module'
            AND ($2 IN (n.properties ->> 'name_path', n.file_path)
                OR right(n.properties ->> 'name_path', length($2) + 1) = '.' || $2
                OR right(n.file_path, length($2) + 1) = '/' || $2))
    ORDER BY rank, n.repository, n.file_path, 7 LIMIT $4";

const FILES: &str = "
    0 AS rank FROM nodes n WHERE n.repository = ANY($1) AND n.node_type = 'Module'
        AND (n.file_path = $2 OR right(n.file_path, length($2) + 1) = '/' || $2)
    ORDER BY n.file_path <> $2, n.repository, n.file_path LIMIT $3";

/// The innermost around a line; what is one line long is told from what holds
/// it by its longer name.
const AROUND: &str = "
    0 AS rank FROM nodes n WHERE n.repository = $1 AND n.file_path = $2 AND n.node_type <> 'Package'
        AND $3 BETWEEN (n.properties ->> 'start_line')::int4 AND (n.properties ->> 'end_line')::int4
    ORDER BY (n.properties ->> 'end_line')::int4 - (n.properties ->> 'start_line')::int4,
        length(n.properties ->> 'qualname') DESC LIMIT 1";

const ALL_NAMES: &str = "
    SELECT DISTINCT properties ->> 'name_path' FROM nodes
    WHERE repository = ANY($1) AND node_type <> 'Package' AND properties ->> 'name_path' <> ''";

/// What somebody asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Its name, or the end of it.
    Name(String),
    /// The innermost definition around a line, counted from 1.
    Place(String, i32),
}

/// Why nothing can be looked up under a text.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum AskedError {
    /// There is nothing but blanks and dots.
    #[error("the name of a definition is empty")]
    Empty,
    /// No name holds such a character.
    #[error("the name {0:?} holds a control character")]
    Control(String),
    /// Lines are counted from 1.
    #[error("{0:?} has no line 0: the first is 1")]
    LineZero(String),
}

impl Asked {
    /// Understands `FILE:LINE`, `FILE:LINE:COLUMN`, and all else as a name.
    ///
    /// # Errors
    /// [`AskedError`] if no definition can be called so.
    pub fn new(text: &str) -> Result<Self, AskedError> {
        let text = text.trim();
        if text.trim_matches('.').is_empty() {
            return Err(AskedError::Empty);
        }
        if text.contains(char::is_control) {
            return Err(AskedError::Control(text.to_owned()));
        }
        match place(text) {
            Some((file, 0)) => Err(AskedError::LineZero(file.to_owned())),
            Some((file, line)) => Ok(Self::Place(below_here(file), line)),
            None => Ok(Self::Name(below_here(text))),
        }
    }
}

impl std::fmt::Display for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Place(file, line) => write!(f, "{file}:{line}"),
        }
    }
}

fn place(text: &str) -> Option<(&str, i32)> {
    let (file, line) = numbered(text)?;
    Some(numbered(file).unwrap_or((file, line)))
}

fn numbered(text: &str) -> Option<(&str, i32)> {
    let (before, number) = text.rsplit_once(':')?;
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !before.is_empty()).then_some((before, number.parse().ok()?))
}

fn below_here(path: &str) -> String {
    path.trim_start_matches("./").to_owned()
}

/// A definition, a module, or the settings in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Definition {
    /// The repository it is in.
    pub repository: String,
    /// Its node.
    #[serde(skip)]
    pub id: Uuid,
    /// What it is, in the words of `code_chunks.chunk_type`.
    pub chunk_type: String,
    /// Its whole name.
    pub name_path: String,
    /// Its name inside its file; empty for a module.
    pub qualname: String,
    /// Its file.
    pub file_path: String,
    /// The line where it begins, after its doc comment.
    pub line: i32,
    /// Its first line, doc comment included.
    pub start_line: i32,
    /// Its last line.
    pub end_line: i32,
}

impl Definition {
    /// From the columns of [`COLUMNS`], which are the row's first.
    pub(super) fn of(row: &Row) -> Self {
        let text = |column| row.get::<_, Option<String>>(column).unwrap_or_default();
        let line = |column| row.get::<_, Option<i32>>(column).unwrap_or(1);
        Self {
            repository: row.get(0),
            id: row.get(1),
            chunk_type: text(2),
            name_path: text(3),
            qualname: text(4),
            file_path: text(5),
            line: line(6),
            start_line: line(7),
            end_line: line(8),
        }
    }

    /// The last part of its name.
    #[must_use]
    pub fn name(&self) -> &str {
        last_part(&self.name_path)
    }
}

/// What was found under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// What is named the most exactly; several if the name does not tell them apart.
    pub best: Vec<Definition>,
    /// What else has a name that ends so.
    pub others: Vec<Definition>,
}

/// Why there is no definition.
#[derive(Debug, Error)]
pub enum LookupError {
    /// Nothing has such a name.
    #[error("no definition is called {asked}")]
    NoDefinition {
        /// The name as it was given.
        asked: String,
        /// Names that are like it.
        nearest: Vec<String>,
    },
    /// The index holds no such file.
    #[error("the index holds no file {asked}")]
    NoFile {
        /// The path as it was given.
        asked: String,
    },
    /// The file is shorter.
    #[error("{file} has no line {line} that was indexed")]
    NoLine {
        /// The file.
        file: String,
        /// The line as it was given.
        line: i32,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl KnowsAdvice for LookupError {
    fn advice(&self) -> Option<String> {
        let hint = match self {
            Self::NoDefinition { nearest, .. } if nearest.is_empty() => {
                "a name ends at a dot: Cart.add, not art.add; FILE:LINE names what stands there"
            }
            Self::NoDefinition { nearest, .. } => {
                return Some(format!("there is {}", nearest.join(", ")));
            }
            Self::NoFile { .. } => "paths are relative to the root of the repository",
            Self::NoLine { .. } => "index the file again if it has grown since",
            Self::Store(error) => return error.advice(),
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Store(error) => error.exit(),
            _ => Exit::NotFound,
        }
    }
}

impl Archive {
    /// What is called so in the repositories.
    ///
    /// # Errors
    /// [`LookupError`] if nothing is, with names that are like it.
    pub fn look_up(&mut self, asked: &Asked, among: &[String]) -> Result<Match, LookupError> {
        match asked {
            Asked::Name(name) => self.named(name, among),
            Asked::Place(file, line) => self.at(file, *line, among),
        }
    }

    fn named(&mut self, name: &str, among: &[String]) -> Result<Match, LookupError> {
        let statement = format!("SELECT {COLUMNS}, {NAMED}");
        let rows = self
            .client
            .query(&statement, &[&among, &name, &last_part(name), &CANDIDATES])
            .map_err(StoreError::sql("look the name up"))?;
        let rank = |row: &Row| row.get::<_, i32>("rank");
        let Some(best) = rows.first().map(rank) else {
            return Err(LookupError::NoDefinition {
                asked: name.to_owned(),
                nearest: self.nearest(name, among)?,
            });
        };
        let (best, others): (Vec<_>, Vec<_>) = rows.iter().partition(|row| rank(row) == best);
        Ok(Match {
            best: best.into_iter().map(Definition::of).collect(),
            others: others.into_iter().map(Definition::of).collect(),
        })
    }

    fn at(&mut self, file: &str, line: i32, among: &[String]) -> Result<Match, LookupError> {
        let statement = format!("SELECT {COLUMNS}, {FILES}");
        let files = self
            .client
            .query(&statement, &[&among, &file, &CANDIDATES])
            .map_err(StoreError::sql("look the file up"))?;
        let mut files: Vec<_> = files.iter().map(Definition::of).collect();
        if files.iter().any(|found| found.file_path == file) {
            files.retain(|found| found.file_path == file);
        }
        let best = match &files[..] {
            [] => {
                return Err(LookupError::NoFile {
                    asked: file.to_owned(),
                });
            }
            [file] => vec![self.around(file, line)?],
            _ => files,
        };
        Ok(Match {
            best,
            others: Vec::new(),
        })
    }

    fn around(&mut self, file: &Definition, line: i32) -> Result<Definition, LookupError> {
        let statement = format!("SELECT {COLUMNS}, {AROUND}");
        let found = self
            .client
            .query_opt(&statement, &[&file.repository, &file.file_path, &line])
            .map_err(StoreError::sql("look the line up"))?;
        found.as_ref().map(Definition::of).ok_or_else(|| {
            let file = file.file_path.clone();
            LookupError::NoLine { file, line }
        })
    }

    /// The names most like an unknown one, as many parts of them as it has. All
    /// names go by, and none but these is held.
    fn nearest(&mut self, asked: &str, among: &[String]) -> Result<Vec<String>, StoreError> {
        let failed = StoreError::sql("look for names that are like it");
        let parts = asked.matches('.').count() + 1;
        let mut nearest = Nearest::to(asked);
        let mut names = self
            .client
            .query_raw(ALL_NAMES, [&among])
            .map_err(&failed)?;
        while let Some(row) = names.next().map_err(&failed)? {
            nearest.offer(last_parts(row.get(0), parts));
        }
        Ok(nearest.found.into_iter().map(|(_, name)| name).collect())
    }
}

struct Nearest {
    asked: String,
    /// The best first, with how alike they are.
    found: Vec<(f64, String)>,
}

impl Nearest {
    fn to(asked: &str) -> Self {
        Self {
            asked: asked.to_lowercase(),
            found: Vec::new(),
        }
    }

    fn offer(&mut self, name: &str) {
        let alike = strsim::normalized_damerau_levenshtein(&self.asked, &name.to_lowercase());
        if alike < ALIKE || self.found.iter().any(|(_, found)| found == name) {
            return;
        }
        let at = self.found.partition_point(|(other, found)| {
            let better = alike.total_cmp(other);
            better.then_with(|| found.as_str().cmp(name)).is_lt()
        });
        self.found.insert(at, (alike, name.to_owned()));
        self.found.truncate(NEAREST);
    }
}

/// `c` of `a.b.c`.
pub(super) fn last_part(name: &str) -> &str {
    last_parts(name, 1)
}

fn last_parts(name: &str, parts: usize) -> &str {
    name.rmatch_indices('.')
        .nth(parts - 1)
        .map_or(name, |(dot, _)| &name[dot + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_a_place_are_told_apart() {
        let place = |file: &str, line| Ok(Asked::Place(file.to_owned(), line));
        let name = |name: &str| Ok(Asked::Name(name.to_owned()));
        assert_eq!(Asked::new("src/cart.ts:12"), place("src/cart.ts", 12));
        assert_eq!(Asked::new("./src/cart.ts:12:5"), place("src/cart.ts", 12));
        assert_eq!(Asked::new(" Cart.add "), name("Cart.add"));
        assert_eq!(Asked::new("a:b"), name("a:b"));
        assert_eq!(Asked::new(":5"), name(":5"));
        assert_eq!(Asked::new("cart.ts:"), name("cart.ts:"));
        assert_eq!(
            Asked::new("cart.ts:99999999999"),
            name("cart.ts:99999999999")
        );
    }

    #[test]
    fn what_can_be_no_name_is_refused() {
        assert_eq!(Asked::new("  "), Err(AskedError::Empty));
        assert_eq!(Asked::new("."), Err(AskedError::Empty));
        assert!(matches!(Asked::new("a\0b"), Err(AskedError::Control(_))));
        assert!(matches!(Asked::new("a.ts:0"), Err(AskedError::LineZero(_))));
    }

    #[test]
    fn the_names_most_alike_come_first_and_each_once() {
        let mut nearest = Nearest::to("Cart.ad");
        for name in ["Cart.pay", "Card.add", "Cart.add", "stock", "Cart.add"] {
            nearest.offer(name);
        }
        let names: Vec<_> = nearest.found.iter().map(|(_, name)| name).collect();
        assert_eq!(names[..2], ["Cart.add", "Card.add"]);
        assert!(!names.contains(&&"stock".to_owned()));
    }

    #[test]
    fn a_name_is_taken_from_its_end() {
        assert_eq!(last_part("a.b.c"), "c");
        assert_eq!(last_parts("a.b.c", 2), "b.c");
        assert_eq!(last_parts("a.b.c", 9), "a.b.c");
    }
}
