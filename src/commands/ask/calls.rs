//! `callers` and `callees`.

use std::collections::HashSet;
use std::fmt::Write;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::tree::{self, Ask, Entry, Next, Tree};
use super::{Found, text};
use crate::error::AdviseItself;
use crate::plan::Bounds;
use crate::report::{SCHEMA, print};
use crate::store::{Archive, Call, Definition, Direction, Listed, Open};

/// The calls of one repository, in one direction.
struct Calls<'a> {
    archive: &'a mut Archive,
    repository: &'a str,
    direction: Direction,
}

impl Ask for Calls<'_> {
    fn calls(&mut self, of: &[Uuid], limit: u32) -> anyhow::Result<Vec<Call>> {
        self.archive
            .calls(self.direction, (self.repository, of), limit)
            .advise()
    }

    fn with_calls(&mut self, of: &[Uuid]) -> anyhow::Result<HashSet<Uuid>> {
        self.archive
            .with_calls(self.direction, (self.repository, of))
            .advise()
    }
}

/// What is told of one definition's calls.
struct Answer<'a> {
    direction: Direction,
    limit: u32,
    of: &'a Definition,
    tree: Tree,
    maybe: Listed<Open>,
    outside: Vec<(String, i64)>,
}

pub(super) fn show(
    archive: &mut Archive,
    found: &Found,
    (direction, bounds, as_json): (Direction, Bounds, bool),
) -> anyhow::Result<()> {
    let of = &found.definition;
    let mut calls = Calls {
        archive,
        repository: &of.repository,
        direction,
    };
    let tree = tree::grow(of.id, bounds, &mut calls)?;
    let answer = Answer {
        direction,
        limit: bounds.limit,
        of,
        tree,
        maybe: archive.maybe(direction, of).advise()?,
        outside: match direction {
            Direction::Callers => Vec::new(),
            Direction::Callees => archive.outside(of).advise()?,
        },
    };
    if as_json {
        answer.print_json();
    } else {
        print(&answer.as_text(&found.others));
    }
    Ok(())
}

impl Answer<'_> {
    fn as_text(&self, others: &[Definition]) -> String {
        let mut told = format!(
            "{} of {}",
            self.direction.as_str(),
            text::definition(self.of)
        );
        for entry in self.tree.in_order() {
            let _ = write!(told, "\n{}", line(entry));
        }
        let _ = write!(told, "\n{}", self.sum());
        let maybe = match self.direction {
            Direction::Callers => "maybe called by",
            Direction::Callees => "maybe calls",
        };
        for more in [
            text::maybe(maybe, &self.maybe),
            outside(&self.outside),
            text::others(others),
        ] {
            let _ = more.map(|more| write!(told, "\n{more}"));
        }
        told
    }

    fn sum(&self) -> String {
        if self.tree.is_cut {
            return format!(
                "cut at {} calls, the nearest: more with --limit",
                self.limit
            );
        }
        let deeper = self.tree.entries.iter();
        let deeper = deeper.filter(|entry| entry.next == Next::Deeper).count();
        let more = match deeper {
            0 => String::new(),
            _ => format!(", {deeper} of which go on: more with --depth"),
        };
        format!(
            "{} {}{more}",
            self.tree.definitions(),
            self.direction.as_str()
        )
    }

    fn print_json(&self) {
        for (number, entry) in self.tree.entries.iter().enumerate() {
            print(&as_json(number + 1, entry).to_string());
        }
        let outside: Map<String, Value> = self
            .outside
            .iter()
            .map(|(package, count)| (package.clone(), json!(count)))
            .collect();
        print(
            &json!({
                "event": self.direction.as_str(),
                "schema": SCHEMA,
                "of": self.of,
                "definitions": self.tree.definitions(),
                "cut": self.tree.is_cut,
                "maybe": self.maybe,
                "outside": outside,
            })
            .to_string(),
        );
    }
}

fn line(entry: &Entry) -> String {
    let Call {
        end, call_sites, ..
    } = &entry.call;
    let indent = "  ".repeat(entry.depth as usize);
    let (name, kind) = (&end.name_path, &end.chunk_type);
    let mark = match entry.next {
        Next::Calls => "",
        Next::Deeper => "  (goes on)",
        Next::Cycle => "  (cycle)",
        Next::Elsewhere => "  (followed elsewhere)",
    };
    format!("{indent}{name}  {kind}  {}{mark}", text::sites(call_sites))
}

fn as_json(number: usize, entry: &Entry) -> Value {
    let mut object = json!(entry.call);
    object["event"] = json!("call");
    object["schema"] = json!(SCHEMA);
    object["number"] = json!(number);
    object["parent"] = json!(entry.parent.map_or(0, |parent| parent + 1));
    object["depth"] = json!(entry.depth);
    object["next"] = json!(entry.next.as_str());
    object
}

/// What lies outside the repository, by package.
pub(super) fn outside(packages: &[(String, i64)]) -> Option<String> {
    let sum: i64 = packages.iter().map(|(_, count)| count).sum();
    let packages: Vec<String> = packages
        .iter()
        .map(|(package, count)| format!("{count} {package}"))
        .collect();
    (sum > 0).then(|| format!("calls outside {sum}: {}", packages.join(", ")))
}
