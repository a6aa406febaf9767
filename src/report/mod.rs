//! What is told of a run: a line per file and the summary on standard output, as
//! text for people or as NDJSON for machines; all of it as Markdown or as a page.

mod answer;
mod json;
mod markdown;
mod memory_profile;
mod page;
mod text;

use std::io::{self, Write};
use std::sync::OnceLock;
use std::time::Duration;

use crate::outcome::{FileOutcome, Summary};

pub use answer::{Answer, AnswerForm};
pub use json::SCHEMA;
pub use markdown::markdown;
pub use memory_profile::{ProfileError, write_memory_profile};
pub use page::page;

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text {
        /// Also a line for each file.
        files: bool,
    },
    /// One JSON object per line.
    Json,
    /// Nothing.
    Silent,
}

/// A path that came to its end.
#[derive(Debug, Clone, Copy)]
pub struct FileEvent<'a> {
    /// Relative path; a folder's ends with `/`.
    pub path: &'a str,
    /// How it ended.
    pub outcome: &'a FileOutcome,
    /// From the first byte read to the commit.
    pub elapsed: Duration,
}

/// What the run was about.
#[derive(Debug, Clone, Copy)]
pub struct RunFacts<'a> {
    /// The repository's name.
    pub repository: &'a str,
    /// The execution provider.
    pub provider: &'a str,
    /// In which numbers it computes.
    pub precision: &'a str,
    /// What the run may hold in memory, in bytes.
    pub memory_limit: Option<u64>,
    /// The models by role, `-` for a role that is off.
    pub models: [&'a str; 2],
    /// Whether files went one at a time.
    pub sequential: bool,
    /// Whether it was only said what would be done.
    pub dry_run: bool,
}

/// Standard output.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    format: Format,
}

impl Report {
    /// A report of this form.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self { format }
    }

    /// Tells how one path ended.
    pub fn file(self, event: FileEvent) {
        match self.format {
            Format::Json => print(&json::file(event)),
            Format::Text { files: true } => print(&text::file(event)),
            Format::Text { files: false } | Format::Silent => {}
        }
    }

    /// Tells how the run ended.
    pub fn summary(self, facts: RunFacts, summary: &Summary) {
        match self.format {
            Format::Json => print(&json::summary(facts, summary)),
            Format::Text { .. } => print(&text::summary(facts, summary)),
            Format::Silent => {}
        }
    }

    /// Warns machines; people read it on standard error.
    pub fn warning(self, message: &str) {
        if self.format == Format::Json {
            print(&json::warning(message));
        }
    }

    /// Tells machines that the run failed; people read it on standard error.
    pub fn error(self, error: &anyhow::Error) {
        if self.format == Format::Json {
            print(&json::error(error));
        }
    }
}

/// What kept standard output from being written, if anything did.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// Prints a line.
pub fn print(text: &str) {
    note(writeln!(io::stdout().lock(), "{text}"));
}

/// Prints what ends in lines of its own.
pub fn print_bytes(bytes: &[u8]) {
    note(io::stdout().lock().write_all(bytes));
}

/// Why some of what was printed did not get to where it goes.
#[must_use]
pub fn lost() -> Option<&'static io::Error> {
    LOST.get()
}

/// Whoever closed standard output does not want to read on; that is no error.
fn note(written: io::Result<()>) {
    if let Err(error) = written
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        // The first one tells enough.
        let _ = LOST.set(error);
    }
}
