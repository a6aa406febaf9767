//! The first of some rows, and how many there are.

use postgres::Row;
use serde::Serialize;

/// The first of some things, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed<T> {
    /// How many.
    pub count: i64,
    /// The first of them.
    pub first: Vec<T>,
}

impl<T> Listed<T> {
    /// From rows that each tell in `column` how many there are.
    pub(super) fn of(rows: &[Row], column: usize, read: impl Fn(&Row) -> T) -> Self {
        Self {
            count: rows.first().map_or(0, |row| row.get(column)),
            first: rows.iter().map(read).collect(),
        }
    }
}
