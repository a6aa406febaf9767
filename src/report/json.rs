//! NDJSON: `start` never, `file` for each path, `warning` where there is one,
//! `summary` or `error` last.

use serde_json::{Value, json};

use super::{FileEvent, RunFacts};
use crate::error;
use crate::memory::Sample;
use crate::outcome::{FileOutcome, GraphSummary, Indexed, Summary, Why};

/// Grows when a field changes its meaning or goes away, not when one is added.
pub const SCHEMA: u32 = 1;

pub(super) fn file(event: FileEvent) -> String {
    let mut object = json!({
        "event": "file",
        "schema": SCHEMA,
        "path": event.path,
        "outcome": event.outcome.as_str(),
        "reason": event.outcome.reason(),
        "ms": millis(event.elapsed),
    });
    match event.outcome {
        FileOutcome::Indexed(indexed) => add_counts(&mut object, indexed),
        FileOutcome::Failed(failure) => object["message"] = json!(failure.cause),
        FileOutcome::Unchanged | FileOutcome::Skipped(_) => {}
    }
    object.to_string()
}

fn add_counts(object: &mut Value, indexed: &Indexed) {
    object["why"] = json!(indexed.why.map(Why::as_str));
    object["bytes"] = json!(indexed.bytes);
    object["chunks"] = json!(indexed.chunks.values().sum::<u64>());
    object["nodes"] = json!(indexed.nodes.values().sum::<u64>());
    object["tokens"] = json!(indexed.tokens);
    object["reused"] = json!(indexed.reused);
    object["masked"] = json!(indexed.masked);
    if !indexed.notes.is_empty() {
        object["notes"] = json!(indexed.notes);
    }
}

pub(super) fn summary(facts: RunFacts, summary: &Summary) -> String {
    let skipped: serde_json::Map<String, Value> = summary
        .skipped
        .iter()
        .map(|(reason, count)| (reason.as_str().to_owned(), json!(count)))
        .collect();
    let why: serde_json::Map<String, Value> = summary
        .why
        .iter()
        .map(|(why, count)| (why.as_str().to_owned(), json!(count)))
        .collect();
    let times = &summary.times;
    json!({
        "event": "summary",
        "schema": SCHEMA,
        "repository": facts.repository,
        "provider": facts.provider,
        "precision": facts.precision,
        "models": {"text": facts.models[0], "code": facts.models[1]},
        "sequential": facts.sequential,
        "dry_run": facts.dry_run,
        "files": {
            "indexed": summary.indexed,
            "why": why,
            "changed_recipe": summary.changed_recipe,
            "unchanged": summary.unchanged,
            "failed": summary.failed,
            "retired": summary.retired,
            "skipped": skipped,
        },
        "chunks": summary.chunks,
        "nodes": summary.nodes,
        "edges": summary.edges,
        "bytes": summary.bytes,
        "graph": summary.graph.as_ref().map(graph),
        "tokens": summary.tokens,
        "reused": summary.reused,
        "masked": summary.masked,
        "ms": {
            "wall": millis(summary.wall),
            "read": millis(times.read),
            "chunk": millis(times.chunk),
            "embed": millis(times.embed),
            "store": millis(times.store),
        },
        "peak_memory_bytes": summary.peak_memory,
        "memory": {
            "limit_bytes": facts.memory_limit,
            "state": summary.memory_state.as_str(),
            "growth_bytes_per_file": summary.memory.growth(),
            "files_and_bytes": curve(summary),
        },
    })
    .to_string()
}

/// Pairs of files done and resident bytes, at most 256.
fn curve(summary: &Summary) -> Vec<(u64, u64)> {
    let pair = |sample: &Sample| (sample.files, sample.resident);
    summary.memory.samples().iter().map(pair).collect()
}

pub(super) fn warning(message: &str) -> String {
    json!({"event": "warning", "schema": SCHEMA, "message": message}).to_string()
}

fn graph(graph: &GraphSummary) -> Value {
    json!({
        "edges": graph.edges,
        "packages": graph.packages,
        "unresolved": graph.unresolved,
        "external": graph.external,
        "resolutions": graph.resolutions,
        "ms": millis(graph.elapsed),
    })
}

pub(super) fn error(failure: &anyhow::Error) -> String {
    json!({
        "event": "error",
        "schema": SCHEMA,
        "exit": error::exit_of(failure).code(),
        "message": error::one_line(failure),
        "hint": error::hint_of(failure),
    })
    .to_string()
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
