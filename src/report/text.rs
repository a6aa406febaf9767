//! The report for people.

use std::fmt::{Display, Write};
use std::time::Duration;

use super::{FileEvent, RunFacts};
use crate::outcome::{FileOutcome, MemoryState, Summary, Why};

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
            let mut line = format!("{word:<9} {path}  ");
            let _ = match chunks {
                // Only `--dry-run` knows a file and no chunks of it.
                0 if indexed.tokens > 0 => {
                    write!(
                        line,
                        "{} bytes, about {} tokens",
                        indexed.bytes, indexed.tokens
                    )
                }
                _ => write!(line, "{chunks} chunks, {}", seconds(elapsed)),
            };
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
    let lines = rows(facts, summary).into_iter();
    let lines: Vec<String> = lines
        .map(|(name, value)| format!("{name:<11} {value}"))
        .collect();
    lines.join("\n")
}

/// What is told, each with its name; what there is nothing of is left out.
pub(super) fn rows(facts: RunFacts, summary: &Summary) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("repository", facts.repository.to_owned()),
        ("files", files(summary)),
        ("changed", summary.changed_recipe.join(", ")),
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
        ("estimate", estimate(facts, summary)),
        ("graph", graph(summary)),
        ("open", open(summary)),
        ("reused", reused(summary)),
        ("masked", masked(summary)),
        ("models", models(facts)),
        ("time", times(summary)),
        ("memory", memory(facts, summary)),
    ];
    rows.retain(|(_, value)| !value.is_empty());
    rows
}

fn estimate(facts: RunFacts, summary: &Summary) -> String {
    if !facts.dry_run {
        return String::new();
    }
    let (bytes, tokens) = (summary.bytes, summary.tokens);
    format!("{bytes} bytes, about {tokens} tokens; nothing was done")
}

fn files(summary: &Summary) -> String {
    let mut text = format!("{} indexed", summary.indexed);
    if summary.why.keys().any(|why| *why != Why::New) {
        let parts = summary.why.iter();
        let parts: Vec<String> = parts
            .map(|(why, count)| format!("{count} {}", why.as_str().replace('_', " ")))
            .collect();
        let _ = write!(text, " ({})", parts.join(", "));
    }
    let _ = write!(text, ", {} unchanged", summary.unchanged);
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
    let found = counts(graph.resolutions.iter().map(|(how, n)| (*how, *n)));
    let elapsed = seconds(graph.elapsed);
    if found.is_empty() {
        return format!("no call resolved, in {elapsed}");
    }
    format!("calls resolved: {found}, in {elapsed}")
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

fn masked(summary: &Summary) -> String {
    match summary.masked {
        0 => String::new(),
        1 => "1 secret, here and in what is embedded".to_owned(),
        secrets => format!("{secrets} secrets, here and in what is embedded"),
    }
}

fn models(facts: RunFacts) -> String {
    let [text, code] = facts.models;
    let (provider, precision) = (facts.provider, facts.precision);
    format!("text {text}, code {code}, on {provider} in {precision}")
}

fn memory(facts: RunFacts, summary: &Summary) -> String {
    let Some(peak) = summary.peak_memory else {
        return String::new();
    };
    let mut text = format!("peak {}", megabytes(peak));
    let limit = facts.memory_limit.map_or_else(String::new, megabytes);
    match summary.memory_state {
        MemoryState::Ample => {}
        MemoryState::Tight => {
            let _ = write!(text, ", above 80 % of the limit of {limit}");
        }
        MemoryState::Over => {
            let _ = write!(text, ", stopped at the limit of {limit}");
        }
    }
    text
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
