//! The report for people.

use std::fmt::{Display, Write};
use std::time::Duration;

use super::{FileEvent, RunFacts};
use crate::outcome::{FileOutcome, Summary};

pub(super) fn file(event: FileEvent) -> String {
    let FileEvent {
        path,
        outcome,
        elapsed,
    } = event;
    let word = outcome.as_str();
    match outcome {
        FileOutcome::Indexed(indexed) => {
            let chunks: u64 = indexed.chunks.values().sum();
            let mut line = format!("{word:<9} {path}  {chunks} chunks, {}", seconds(elapsed));
            for note in &indexed.notes {
                let _ = write!(line, "; {note}");
            }
            line
        }
        FileOutcome::Unchanged => format!("{word:<9} {path}"),
        FileOutcome::Skipped(reason) => format!("{word:<9} {path}  {}", reason.as_str()),
        FileOutcome::Failed(failure) => format!("{word:<9} {path}  {}", failure.cause),
    }
}

pub(super) fn summary(facts: RunFacts, summary: &Summary) -> String {
    let rows = [
        ("repository", facts.repository.to_owned()),
        ("files", files(summary)),
        (
            "skipped",
            counts(
                summary
                    .skipped
                    .iter()
                    .map(|(reason, n)| (reason.as_str(), *n)),
            ),
        ),
        (
            "chunks",
            counts(summary.chunks.iter().map(|(kind, n)| (*kind, *n))),
        ),
        (
            "nodes",
            counts(summary.nodes.iter().map(|(kind, n)| (kind.as_str(), *n))),
        ),
        (
            "edges",
            counts(summary.edges.iter().map(|(kind, n)| (kind.as_str(), *n))),
        ),
        ("graph", graph(summary)),
        ("open", open(summary)),
        ("reused", reused(summary)),
        ("models", models(facts)),
        ("time", times(summary)),
        (
            "memory",
            summary
                .peak_memory
                .map(|peak| format!("peak {}", megabytes(peak)))
                .unwrap_or_default(),
        ),
    ];
    let lines = rows.iter().filter(|(_, value)| !value.is_empty());
    let lines: Vec<String> = lines
        .map(|(name, value)| format!("{name:<11} {value}"))
        .collect();
    lines.join("\n")
}

fn files(summary: &Summary) -> String {
    let mut text = format!(
        "{} indexed, {} unchanged",
        summary.indexed, summary.unchanged
    );
    let _ = write!(
        text,
        ", {} failed, {} skipped",
        summary.failed,
        summary.skipped_total()
    );
    if summary.retired > 0 {
        let _ = write!(text, ", {} retired", summary.retired);
    }
    text
}

/// `12 (7 class, 5 function)`; nothing if there is nothing.
fn counts<K: Display>(counts: impl Iterator<Item = (K, u64)>) -> String {
    let mut counts: Vec<(K, u64)> = counts.collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let total: u64 = counts.iter().map(|(_, count)| count).sum();
    if total == 0 {
        return String::new();
    }
    let parts: Vec<String> = counts
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    format!("{total} ({})", parts.join(", "))
}

fn graph(summary: &Summary) -> String {
    let Some(graph) = &summary.graph else {
        return String::new();
    };
    let ties = counts(graph.edges.iter().map(|(relation, n)| (*relation, *n)));
    format!("{ties} in {}", seconds(graph.elapsed))
}

/// References that tie to nothing in the repository.
fn open(summary: &Summary) -> String {
    let Some(graph) = &summary.graph else {
        return String::new();
    };
    let sum = |counts: &std::collections::BTreeMap<_, u64>| counts.values().sum::<u64>();
    format!(
        "{} references unresolved, {} to what is outside",
        sum(&graph.unresolved),
        sum(&graph.external)
    )
}

fn reused(summary: &Summary) -> String {
    match summary.reused {
        0 => String::new(),
        texts => format!("{texts} vectors of texts that were embedded before"),
    }
}

fn models(facts: RunFacts) -> String {
    let [text, code] = facts.models;
    format!("text {text}, code {code}, on {}", facts.provider)
}

fn times(summary: &Summary) -> String {
    let times = &summary.times;
    let stages = [
        ("read", times.read),
        ("chunk", times.chunk),
        ("embed", times.embed),
        ("store", times.store),
    ];
    let stages: Vec<String> = stages
        .iter()
        .map(|(name, time)| format!("{name} {}", seconds(*time)))
        .collect();
    format!("{} ({})", seconds(summary.wall), stages.join(", "))
}

fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_comes_first_and_nothing_is_left_out() {
        assert_eq!(
            counts([("class", 2), ("function", 5)].into_iter()),
            "7 (5 function, 2 class)"
        );
        assert_eq!(counts(std::iter::empty::<(&str, u64)>()), "");
    }
}
