//! A run as it is remembered: what its report shows, whether it is made as the
//! run ends or from the database long after.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{FileOutcome, Summary};

/// The slowest and the largest files that are named.
const MOST_NAMED: usize = 20;

/// Failures that are kept; all are counted.
const MOST_FAILED: usize = 500;

/// Bytes of a failure's cause that are kept.
const LONGEST_CAUSE: usize = 4000;

/// A run; the names are those of the columns of `runs`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunRecord {
    /// Of which repository.
    pub repository: String,
    /// Its id; none before it was noted.
    pub run_id: Option<String>,
    /// When it began.
    pub started_at: Option<String>,
    /// When it ended; none if it goes on or was killed.
    pub ended_at: Option<String>,
    /// The code the program ended with.
    pub exit_code: Option<u8>,
    /// Why it failed, in one line.
    pub error: Option<String>,
    /// The program's version.
    pub version: String,
    /// The commit of the checkout.
    pub commit_hash: Option<String>,
    /// Its branch.
    pub branch: Option<String>,
    /// The execution provider.
    pub provider: String,
    /// The model of the text role, if it was on.
    pub text_model: Option<String>,
    /// The model of the code role, if it was on.
    pub code_model: Option<String>,
    /// Whether files went one at a time.
    pub sequential: bool,
    /// Files indexed.
    pub indexed: u64,
    /// Files unchanged.
    pub unchanged: u64,
    /// Files that failed.
    pub failed: u64,
    /// Files taken out.
    pub retired: u64,
    /// Paths left out, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// Chunks written.
    pub chunks: u64,
    /// Tokens embedded.
    pub tokens: u64,
    /// Milliseconds: `wall`, and by stage.
    pub times: BTreeMap<String, u64>,
    /// The highest resident memory, in bytes.
    pub peak_memory: Option<u64>,
    /// What sums do not tell; none of a run that was killed.
    pub detail: Option<RunDetail>,
}

/// What sums do not tell of a run, bounded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunDetail {
    /// Files done and resident bytes, at most 256 pairs.
    pub memory: Vec<(u64, u64)>,
    /// Bytes by which memory grew with each file; none if there were too few.
    pub growth: Option<f64>,
    /// Bytes of the files indexed.
    pub bytes: u64,
    /// Paths and milliseconds, the most first.
    pub slowest: Vec<(String, u64)>,
    /// Paths and bytes, the most first.
    pub largest: Vec<(String, u64)>,
    /// The first files that failed.
    pub failed: Vec<FailedFile>,
}

/// A file that failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedFile {
    /// Its path.
    pub path: String,
    /// In which stage, in the readers' words.
    pub stage: String,
    /// The whole cause.
    pub cause: String,
}

impl RunDetail {
    /// Takes note of how a path ended.
    pub fn note(&mut self, path: &str, outcome: &FileOutcome, elapsed: Duration) {
        match outcome {
            FileOutcome::Indexed(indexed) => {
                add(&mut self.slowest, path, millis(elapsed));
                add(&mut self.largest, path, indexed.bytes);
            }
            FileOutcome::Failed(failure) if self.failed.len() < MOST_FAILED => {
                let cause = &failure.cause;
                self.failed.push(FailedFile {
                    path: path.to_owned(),
                    stage: failure.stage.as_str().to_owned(),
                    cause: cause[..cause.floor_char_boundary(LONGEST_CAUSE)].to_owned(),
                });
            }
            _ => {}
        }
    }

    /// Takes over what the summary knows.
    pub fn close(&mut self, summary: &Summary) {
        let samples = summary.memory.samples().iter();
        self.memory = samples
            .map(|sample| (sample.files, sample.resident))
            .collect();
        self.growth = summary.memory.growth();
        self.bytes = summary.bytes;
    }
}

/// Keeps the largest, in their order.
fn add(list: &mut Vec<(String, u64)>, path: &str, value: u64) {
    let at = list.partition_point(|(_, known)| *known >= value);
    if at < MOST_NAMED {
        list.insert(at, (path.to_owned(), value));
        list.truncate(MOST_NAMED);
    }
}

impl RunRecord {
    /// The sums of a run.
    #[must_use]
    pub fn of(summary: &Summary) -> Self {
        let times = &summary.times;
        let times = [
            ("wall", summary.wall),
            ("read", times.read),
            ("chunk", times.chunk),
            ("embed", times.embed),
            ("store", times.store),
        ];
        let skipped = summary.skipped.iter();
        Self {
            indexed: summary.indexed,
            unchanged: summary.unchanged,
            failed: summary.failed,
            retired: summary.retired,
            skipped: skipped
                .map(|(reason, count)| (reason.as_str().to_owned(), *count))
                .collect(),
            chunks: summary.chunks.values().sum(),
            tokens: summary.tokens,
            times: times
                .map(|(stage, time)| (stage.to_owned(), millis(time)))
                .into(),
            peak_memory: summary.peak_memory,
            ..Self::default()
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{FailedStage, FileFailure, Indexed};

    #[test]
    fn the_slowest_and_largest_files_are_kept_in_their_order() {
        let mut detail = RunDetail::default();
        for number in 0..100 {
            let indexed = FileOutcome::Indexed(Indexed {
                bytes: number * 7 % 100,
                ..Indexed::default()
            });
            let path = format!("{number}.ts");
            detail.note(&path, &indexed, Duration::from_millis(number * 3 % 100));
        }
        let slowest: Vec<u64> = detail.slowest.iter().map(|(_, ms)| *ms).collect();
        assert_eq!(slowest, (80..100).rev().collect::<Vec<_>>());
        assert_eq!(detail.largest[0], ("57.ts".to_owned(), 99));
    }

    #[test]
    fn failures_are_bounded() {
        let failure = FileOutcome::Failed(FileFailure {
            stage: FailedStage::Chunk,
            cause: "ä".repeat(LONGEST_CAUSE),
        });
        let mut detail = RunDetail::default();
        for _ in 0..=MOST_FAILED {
            detail.note("a.ts", &failure, Duration::ZERO);
        }
        assert_eq!(detail.failed.len(), MOST_FAILED);
        assert_eq!(detail.failed[0].cause.len(), LONGEST_CAUSE);
        assert_eq!(detail.failed[0].stage, "chunking_error");
    }
}
