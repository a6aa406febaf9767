//! How each file ended, and the sum of it. Every path the walk meets ends in
//! exactly one [`FileOutcome`]; the [`Summary`] is a fold over them.

mod record;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::exit::Exit;
use crate::memory::Curve;

pub use record::{FailedFile, RunDetail, RunRecord};

/// How the work on one path ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileOutcome {
    /// Its rows stand in the database as of this run.
    Indexed(Indexed),
    /// Same digest and recipe as last time: nothing was done.
    Unchanged,
    /// Left out on purpose.
    Skipped(SkipReason),
    /// Could not be indexed; what the database held of it stays.
    Failed(FileFailure),
}

/// Why a file was done, and not left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The index did not know it.
    New,
    /// Its bytes are others than last time.
    Changed,
    /// The models, queries, sizes or masking rules are.
    Recipe,
    /// It failed last time.
    Failed,
    /// `--full` asked for it.
    Full,
}

impl Why {
    /// The word in `--json` and the summary.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Recipe => "other_recipe",
            Self::Failed => "failed_before",
            Self::Full => "full",
        }
    }
}

/// What was written for one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Indexed {
    /// Why it was done; `--dry-run` does not know.
    pub why: Option<Why>,
    /// Its size in bytes.
    pub bytes: u64,
    /// Chunks by `chunk_type`.
    pub chunks: BTreeMap<&'static str, u64>,
    /// Nodes by `node_type`.
    pub nodes: BTreeMap<String, u64>,
    /// Edges by `relation_type`.
    pub edges: BTreeMap<String, u64>,
    /// Tokens that went through a model, both roles.
    pub tokens: u64,
    /// Texts whose vectors were there already.
    pub reused: u64,
    /// Secrets that were masked.
    pub masked: u64,
    /// What had to be cut or replaced.
    pub notes: Vec<String>,
}

/// Why a path was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Its name, or a folder's above it, begins with a dot.
    Hidden,
    /// Installed or cached by a package manager (`node_modules`, a virtual environment).
    Vendored,
    /// Holds credentials, by its name (`.env`, `id_rsa`, `.npmrc`).
    Credentials,
    /// A package manager's lock file.
    LockFile,
    /// Written for machines: very long lines, or named `*.min.js`.
    Minified,
    /// Says at its top that a tool wrote it.
    Generated,
    /// Matches `--exclude`.
    Excluded,
    /// A test, and `--exclude-tests` was given.
    Test,
    /// In no language that can be chunked.
    UnsupportedLanguage,
    /// Larger than `--max-file-size`.
    TooLarge,
    /// Not text in an encoding that can be read (UTF-8, or UTF-16 with its mark).
    NotText,
    /// Its path is not UTF-8 and cannot be stored.
    PathNotUtf8,
    /// A symbolic link; its target is indexed where it really stands.
    SymbolicLink,
    /// A pipe, socket or device.
    NotAFile,
    /// Was there when the walk passed and gone when it was to be read.
    Disappeared,
}

impl SkipReason {
    /// The word in `--json` and the summary.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hidden => "hidden",
            Self::Vendored => "vendored",
            Self::Credentials => "credentials",
            Self::LockFile => "lock_file",
            Self::Minified => "minified",
            Self::Generated => "generated",
            Self::Excluded => "excluded",
            Self::Test => "test",
            Self::UnsupportedLanguage => "unsupported_language",
            Self::TooLarge => "too_large",
            Self::NotText => "not_text",
            Self::PathNotUtf8 => "path_not_utf8",
            Self::SymbolicLink => "symbolic_link",
            Self::NotAFile => "not_a_file",
            Self::Disappeared => "disappeared",
        }
    }
}

/// Why a file could not be indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFailure {
    /// The step that failed.
    pub stage: FailedStage,
    /// The whole chain of causes, on one line.
    pub cause: String,
}

/// The step in which a file failed, in the vocabulary of `indexing_errors`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum FailedStage {
    /// It could not be read.
    #[serde(rename = "encoding_error")]
    Read,
    /// It could not be cut into chunks.
    #[serde(rename = "chunking_error")]
    Chunk,
    /// A model gave no vectors for it.
    #[serde(rename = "embedding_error")]
    Embed,
    /// The database did not take it.
    #[serde(rename = "persistence_error")]
    Store,
}

impl FailedStage {
    /// The `error_type` of the readers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "encoding_error",
            Self::Chunk => "chunking_error",
            Self::Embed => "embedding_error",
            Self::Store => "persistence_error",
        }
    }
}

impl FileOutcome {
    /// The word in `--json` and the summary.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Indexed(_) => "indexed",
            Self::Unchanged => "unchanged",
            Self::Skipped(_) => "skipped",
            Self::Failed(_) => "failed",
        }
    }

    /// Why, where there is a why.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Indexed(_) | Self::Unchanged => None,
            Self::Skipped(reason) => Some(reason.as_str()),
            Self::Failed(failure) => Some(failure.stage.as_str()),
        }
    }
}

/// How many failures are acceptable before the run counts as incomplete.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MaxFailed {
    /// At most so many files.
    Files(u64),
    /// At most this share of the files looked at, in percent.
    Percent(f64),
}

/// Wall time that each stage was busy. Stages overlap, so their sum may
/// exceed the run's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StageTimes {
    /// Walking and reading.
    pub read: Duration,
    /// Parsing, cutting and tokenizing.
    pub chunk: Duration,
    /// Inference, summed over its threads.
    pub embed: Duration,
    /// Writing to the database.
    pub store: Duration,
}

/// What ties the files of the repository to each other, all of it counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GraphSummary {
    /// Edges by `relation_type`, those inside files left out.
    pub edges: BTreeMap<&'static str, u64>,
    /// Package nodes.
    pub packages: u64,
    /// References that could not be resolved, by relation.
    pub unresolved: BTreeMap<&'static str, u64>,
    /// References to what is outside the repository, by relation.
    pub external: BTreeMap<&'static str, u64>,
    /// Places that call, by how the callee was found.
    pub resolutions: BTreeMap<&'static str, u64>,
    /// How long it took.
    pub elapsed: Duration,
}

/// The sum of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files indexed.
    pub indexed: u64,
    /// The same, by why they were done.
    pub why: BTreeMap<Why, u64>,
    /// What of the recipe is another than in the last run.
    pub changed_recipe: Vec<String>,
    /// Files unchanged.
    pub unchanged: u64,
    /// Paths left out, by reason. A folder that was left out whole counts once.
    pub skipped: BTreeMap<SkipReason, u64>,
    /// Files that failed.
    pub failed: u64,
    /// Files taken out of the index: deleted, renamed or newly left out.
    pub retired: u64,
    /// Chunks written, by `chunk_type`.
    pub chunks: BTreeMap<&'static str, u64>,
    /// Nodes written, by `node_type`.
    pub nodes: BTreeMap<String, u64>,
    /// Edges written, by `relation_type`.
    pub edges: BTreeMap<String, u64>,
    /// Tokens embedded, both roles.
    pub tokens: u64,
    /// Texts whose vectors were there already, both roles.
    pub reused: u64,
    /// Secrets that were masked.
    pub masked: u64,
    /// Bytes of the files indexed.
    pub bytes: u64,
    /// What ties the files, if that was looked at anew.
    pub graph: Option<GraphSummary>,
    /// Time by stage.
    pub times: StageTimes,
    /// Wall time of the run.
    pub wall: Duration,
    /// The highest resident memory of this process, in bytes.
    pub peak_memory: Option<u64>,
    /// Resident memory against files done.
    pub memory: Curve,
    /// How near to its limit memory came.
    pub memory_state: MemoryState,
}

/// How near to its limit memory came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MemoryState {
    /// Below 80 %.
    #[default]
    Ample,
    /// At 80 % or above.
    Tight,
    /// At the limit, where the run ended.
    Over,
}

impl MemoryState {
    /// The word in `--json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ample => "ample",
            Self::Tight => "tight",
            Self::Over => "over",
        }
    }
}

impl Summary {
    /// Adds one file's outcome.
    pub fn add(&mut self, outcome: &FileOutcome) {
        match outcome {
            FileOutcome::Indexed(indexed) => self.add_indexed(indexed),
            FileOutcome::Unchanged => self.unchanged += 1,
            FileOutcome::Skipped(reason) => *self.skipped.entry(*reason).or_default() += 1,
            FileOutcome::Failed(_) => self.failed += 1,
        }
    }

    fn add_indexed(&mut self, indexed: &Indexed) {
        self.indexed += 1;
        if let Some(why) = indexed.why {
            *self.why.entry(why).or_default() += 1;
        }
        self.tokens += indexed.tokens;
        self.reused += indexed.reused;
        self.masked += indexed.masked;
        self.bytes += indexed.bytes;
        for (kind, count) in &indexed.chunks {
            *self.chunks.entry(kind).or_default() += count;
        }
        add_counts(&mut self.nodes, &indexed.nodes);
        add_counts(&mut self.edges, &indexed.edges);
    }

    /// Takes note of what ties the files, with its nodes and edges.
    pub fn tie(&mut self, graph: GraphSummary) {
        let ties = graph.edges.iter().filter(|(_, count)| **count > 0);
        for (relation, count) in ties {
            *self.edges.entry((*relation).to_owned()).or_default() += count;
        }
        if graph.packages > 0 {
            *self.nodes.entry("Package".to_owned()).or_default() += graph.packages;
        }
        self.graph = Some(graph);
    }

    /// Files that belong into the index: indexed, unchanged or failed.
    #[must_use]
    pub fn files(&self) -> u64 {
        self.indexed + self.unchanged + self.failed
    }

    /// Paths left out, for whatever reason.
    #[must_use]
    pub fn skipped_total(&self) -> u64 {
        self.skipped.values().sum()
    }

    /// The exit code of a run that came to its end.
    #[must_use]
    pub fn exit(&self, allowed: MaxFailed) -> Exit {
        let too_many = match allowed {
            MaxFailed::Files(most) => self.failed > most,
            MaxFailed::Percent(most) => self.failed as f64 * 100.0 > most * self.files() as f64,
        };
        if self.memory_state == MemoryState::Over {
            Exit::MemoryLimit
        } else if too_many {
            Exit::Incomplete
        } else {
            Exit::Success
        }
    }
}

fn add_counts(sum: &mut BTreeMap<String, u64>, counts: &BTreeMap<String, u64>) {
    for (kind, count) in counts {
        *sum.entry(kind.clone()).or_default() += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed() -> FileOutcome {
        FileOutcome::Failed(FileFailure {
            stage: FailedStage::Read,
            cause: "permission denied".to_owned(),
        })
    }

    #[test]
    fn one_failed_file_makes_the_run_incomplete_unless_it_is_allowed() {
        let mut summary = Summary::default();
        summary.add(&FileOutcome::Unchanged);
        summary.add(&failed());
        assert_eq!(summary.exit(MaxFailed::Files(0)), Exit::Incomplete);
        assert_eq!(summary.exit(MaxFailed::Files(1)), Exit::Success);
        assert_eq!(summary.exit(MaxFailed::Percent(49.0)), Exit::Incomplete);
        assert_eq!(summary.exit(MaxFailed::Percent(50.0)), Exit::Success);
    }

    #[test]
    fn nothing_to_do_is_success() {
        assert_eq!(
            Summary::default().exit(MaxFailed::Percent(0.0)),
            Exit::Success
        );
    }

    #[test]
    fn a_skipped_file_is_counted_by_its_reason_and_is_no_failure() {
        let mut summary = Summary::default();
        summary.add(&FileOutcome::Skipped(SkipReason::Minified));
        assert_eq!(summary.skipped[&SkipReason::Minified], 1);
        assert_eq!(summary.exit(MaxFailed::Files(0)), Exit::Success);
    }
}
