//! Finding chunks, as far as it takes no SQL: what is asked for, words,
//! globs, the last word on the order, and the lines to show.
//!
//! The store joins three rankings — by the vectors of both roles and by words —
//! and gives more than is shown; [`rank()`] orders what it gave.

mod glob;
mod rank;
mod snippet;
mod words;

use uuid::Uuid;

use crate::names::RepositoryName;

pub use glob::to_regex;
pub use rank::{Hit, Ranking, Reason, rank};
pub use snippet::Snippet;
pub use words::words;

/// Of how words are made and kept: part of every file's recipe, so that what
/// stands in an index goes with what is asked of it.
pub const VERSION: u32 = 1;

/// Which chunks are looked at; what is empty leaves none out.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this repository.
    pub repository: Option<RepositoryName>,
    /// In this language.
    pub language: Option<String>,
    /// Of these kinds.
    pub kinds: Option<Vec<String>>,
    /// Whose path this expression matches; see [`to_regex`].
    pub path: Option<String>,
}

/// How much each ranking counts; one that counts nothing is not asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// By the vectors of names, signatures and doc comments.
    pub text: f64,
    /// By the vectors of code.
    pub code: f64,
    /// By words.
    pub lexical: f64,
}

/// What the store is asked.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// Words to find, identifiers taken apart; see [`words()`].
    pub words: &'a str,
    /// The vector to be near to in the TEXT role.
    pub text: Option<&'a [f32]>,
    /// The vector to be near to in the CODE role.
    pub code: Option<&'a [f32]>,
    /// How much each of them counts.
    pub weights: Weights,
    /// What is looked at.
    pub filter: &'a Filter,
    /// A chunk that is no answer.
    pub except: Option<Uuid>,
    /// How many answers are wanted.
    pub count: usize,
}

/// A chunk that the store found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Its repository.
    pub repository: String,
    /// Its file.
    pub file_path: String,
    /// Its language.
    pub language: String,
    /// Its first line, from 1.
    pub start_line: u32,
    /// Its last line.
    pub end_line: u32,
    /// What it is, in the readers' words.
    pub chunk_type: String,
    /// The name of its definition.
    pub name: String,
    /// Dotted path inside the file; empty outside every definition.
    pub qualname: String,
    /// Module path and qualname.
    pub name_path: String,
    /// Whether its file is a test.
    pub is_test: bool,
    /// Its text.
    pub source_code: String,
    /// The joint score of the rankings.
    pub score: f64,
    /// Its place in each of them, from 1; none where it is not among the first.
    pub places: Places,
}

/// Places in the rankings, from 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Places {
    /// By the vectors of names, signatures and doc comments.
    pub text: Option<i64>,
    /// By the vectors of code.
    pub code: Option<i64>,
    /// By words.
    pub lexical: Option<i64>,
}
