//! `show`: a definition, and what is around it.

use std::fmt::Write;

use serde_json::json;

use super::calls::outside;
use super::{Found, text};
use crate::error::AdviseItself;
use crate::report::{SCHEMA, print};
use crate::store::{Archive, Call, Definition, Direction, Import, Listed, Open, Piece, Source};

/// Callers and callees that are shown.
const CALLS: u32 = 30;

/// All that is told of a definition.
struct Page<'a> {
    of: &'a Definition,
    source: Source,
    members: Listed<Definition>,
    callers: Around,
    callees: Around,
    outside: Vec<(String, i64)>,
    imports: Listed<Import>,
}

/// Calls in one direction.
struct Around {
    calls: Vec<Call>,
    is_cut: bool,
    maybe: Listed<Open>,
}

pub(super) fn show(archive: &mut Archive, found: &Found, as_json: bool) -> anyhow::Result<()> {
    let page = Page::of(archive, &found.definition)?;
    print(&if as_json {
        page.as_json()
    } else {
        page.as_text(&found.others)
    });
    Ok(())
}

impl Around {
    fn of(
        archive: &mut Archive,
        definition: &Definition,
        direction: Direction,
    ) -> anyhow::Result<Self> {
        let of = (definition.repository.as_str(), &[definition.id][..]);
        let mut calls = archive.calls(direction, of, CALLS + 1).advise()?;
        let is_cut = calls.len() > CALLS as usize;
        calls.truncate(CALLS as usize);
        Ok(Self {
            calls,
            is_cut,
            maybe: archive.maybe(direction, definition).advise()?,
        })
    }

    fn as_text(&self, title: &str, maybe: &str) -> String {
        let mut told = String::new();
        if !self.calls.is_empty() {
            let more = if self.is_cut { "more than " } else { "" };
            let _ = write!(told, "\n\n{title} {more}{}", self.calls.len());
        }
        for call in &self.calls {
            let end = &call.end;
            let (name, kind) = (&end.name_path, &end.chunk_type);
            let _ = write!(
                told,
                "\n  {name}  {kind}  {}",
                text::sites(&call.call_sites)
            );
        }
        let _ = text::maybe(maybe, &self.maybe).map(|maybe| write!(told, "\n\n{maybe}"));
        told
    }
}

impl<'a> Page<'a> {
    fn of(archive: &mut Archive, of: &'a Definition) -> anyhow::Result<Self> {
        Ok(Self {
            of,
            source: archive.source(of).advise()?,
            members: archive.members(of).advise()?,
            callers: Around::of(archive, of, Direction::Callers)?,
            callees: Around::of(archive, of, Direction::Callees)?,
            outside: archive.outside(of).advise()?,
            imports: archive.imports(of).advise()?,
        })
    }

    fn as_text(&self, others: &[Definition]) -> String {
        let mut told = format!("{}  {}", text::definition(self.of), self.of.repository);
        if !self.source.signature.is_empty() {
            let _ = write!(told, "\n{}", self.source.signature);
        }
        let mut end = None;
        for piece in &self.source.pieces {
            let follows = end == Some(piece.start_line) && piece.whole;
            let between = if follows { "" } else { "\n" };
            let _ = write!(told, "\n{between}{}", numbered(piece));
            end = Some(piece.end_line + 1);
        }
        told.push_str(&self.members());
        told.push_str(&self.callers.as_text("called by", "maybe called by"));
        told.push_str(&self.callees.as_text("calls", "maybe calls"));
        let _ = outside(&self.outside).map(|outside| write!(told, "\n\n{outside}"));
        told.push_str(&self.imported());
        let _ = text::others(others).map(|others| write!(told, "\n\n{others}"));
        told
    }

    fn members(&self) -> String {
        let lines = self.members.first.iter().map(text::definition);
        text::listed("holds", self.members.count, lines)
    }

    fn imported(&self) -> String {
        let lines = self.imports.first.iter().map(|import| {
            let what = match (import.relation.as_str(), import.symbol.as_str()) {
                ("re_exports", "") => "passed on whole",
                ("re_exports", _) => "passed on",
                (_, "") => "whole",
                (_, symbol) => symbol,
            };
            format!(
                "{}  {what} from {:?}",
                text::sites(&import.at),
                import.import_spec
            )
        });
        text::listed("imported by", self.imports.count, lines)
    }

    fn as_json(&self) -> String {
        let around = |around: &Around| json!({"first": around.calls, "cut": around.is_cut, "maybe": around.maybe});
        let mut object = json!(self.of);
        object["event"] = json!("definition");
        object["schema"] = json!(SCHEMA);
        object["signature"] = json!(self.source.signature);
        object["doc"] = json!(self.source.doc);
        object["source"] = json!(self.source.pieces);
        object["members"] = json!(self.members);
        object["callers"] = around(&self.callers);
        object["callees"] = around(&self.callees);
        object["callees"]["outside"] = self.outside.iter().cloned().collect();
        object["imported_by"] = json!(self.imports);
        object.to_string()
    }
}

/// With its numbers before its lines, where no line is left out.
fn numbered(piece: &Piece) -> String {
    let (start, end) = (piece.start_line, piece.end_line);
    if !piece.whole {
        let text = piece.text.replace('\n', "\n        ");
        return format!(
            "  lines {start} to {end}, without what is defined inside:\n        {text}"
        );
    }
    let lines = (start..).zip(piece.text.lines());
    let lines: Vec<String> = lines
        .map(|(number, line)| format!("{number:>6}  {line}").trim_end().to_owned())
        .collect();
    lines.join("\n")
}
