//! The answer to a search.

use std::fmt::Write;
use std::time::Duration;

use serde_json::json;

use super::{SCHEMA, print};
use crate::search::{Hit, Places, Reason};

/// What was found for one query.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The query's number, from 1.
    pub number: u64,
    /// The query; empty if it was a place.
    pub query: &'a str,
    /// What was found, best first.
    pub hits: &'a [Hit],
    /// From the query to the last hit, models loaded meanwhile included.
    pub elapsed: Duration,
}

/// How answers are told.
#[derive(Debug, Clone, Copy)]
pub struct AnswerForm {
    /// NDJSON instead of text.
    pub json: bool,
    /// Colours in the text.
    pub color: bool,
    /// Whether hits may be of several repositories.
    pub repository: bool,
}

impl AnswerForm {
    /// Tells it on standard output.
    pub fn tell(self, answer: &Answer) {
        if self.json {
            for (rank, hit) in (1..).zip(answer.hits) {
                print(&as_json(answer.number, (rank, hit)));
            }
            print(&conclusion(answer));
        } else if answer.hits.is_empty() {
            print("nothing was found");
        } else {
            let hits: Vec<String> = answer.hits.iter().map(|hit| self.text(hit)).collect();
            print(&hits.join("\n\n"));
        }
    }

    fn text(self, hit: &Hit) -> String {
        let found = &hit.found;
        let mut text = String::new();
        if self.repository {
            let _ = write!(text, "{} ", self.paint(&found.repository, "34"));
        }
        let place = format!("{}:{}", found.file_path, found.start_line);
        let _ = write!(
            text,
            "{}  {}  {}  {}",
            self.paint(&place, "35"),
            found.chunk_type,
            self.paint(&found.name_path, "1"),
            self.paint(&format!("{:.4} {}", hit.score, why(hit)), "2"),
        );
        for (number, line) in (hit.snippet.first..).zip(&hit.snippet.lines) {
            let line = if self.color {
                hit.snippet.marked(line, |word| self.paint(word, "1;33"))
            } else {
                line.clone()
            };
            let number = self.paint(&format!("{number:>6}"), "2");
            let _ = write!(text, "\n{number}  {line}");
        }
        text
    }

    fn paint(self, text: &str, code: &str) -> String {
        if self.color {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Its places in the rankings, and what moved it from there.
fn why(hit: &Hit) -> String {
    let Places {
        text,
        code,
        lexical,
    } = hit.found.places;
    let places = [("text", text), ("code", code), ("lexical", lexical)];
    let places = places
        .into_iter()
        .filter_map(|(name, place)| Some(format!("{name} {}", place?)));
    let reasons = hit.reasons.iter().map(|reason| reason.as_str().to_owned());
    let all: Vec<String> = places.chain(reasons).collect();
    format!("({})", all.join(", "))
}

fn as_json(query: u64, (rank, hit): (u64, &Hit)) -> String {
    let found = &hit.found;
    let reasons: &[Reason] = &hit.reasons;
    json!({
        "event": "hit",
        "schema": SCHEMA,
        "query": query,
        "rank": rank,
        "score": rounded(hit.score),
        "repository": found.repository,
        "file_path": found.file_path,
        "start_line": found.start_line,
        "end_line": found.end_line,
        "language": found.language,
        "chunk_type": found.chunk_type,
        "qualname": found.qualname,
        "name_path": found.name_path,
        "snippet": hit.snippet.text(),
        "snippet_line": hit.snippet.first,
        "places": found.places,
        "reasons": reasons,
    })
    .to_string()
}

fn conclusion(answer: &Answer) -> String {
    let ms = answer.elapsed.as_secs_f64() * 1e3;
    json!({
        "event": "answer",
        "schema": SCHEMA,
        "query": answer.number,
        "text": answer.query,
        "hits": answer.hits.len(),
        "ms": (ms * 10.0).round() / 10.0,
    })
    .to_string()
}

/// Six digits tell any two places apart.
fn rounded(score: f64) -> f64 {
    (score * 1e6).round() / 1e6
}
