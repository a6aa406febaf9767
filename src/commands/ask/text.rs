//! Definitions and places as people read them.

use std::fmt::Write;

use crate::store::{Definition, Listed, Open, Sites};

/// Call sites that are shown of one caller.
const SITES: usize = 4;

/// On one line, for a list to choose from.
pub(super) fn candidate(of: &Definition) -> String {
    format!("{}  {}", definition(of), of.repository)
}

/// On one line.
pub(super) fn definition(of: &Definition) -> String {
    let Definition {
        name_path,
        chunk_type,
        file_path,
        line,
        ..
    } = of;
    format!("{name_path}  {chunk_type}  {file_path}:{line}")
}

/// `src/main.ts:4, 5, 9 and 2 more  import`: the places of one file, and how
/// they were resolved.
pub(super) fn sites(of: &Sites) -> String {
    let mut lines: Vec<String> = of.sites.iter().map(|(line, _)| line.to_string()).collect();
    lines.dedup();
    let shown = &lines[..lines.len().min(SITES)];
    let more = match lines.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let how = of.resolutions.join(", ");
    format!("{}:{}{more}  {how}", of.file_path, shown.join(", "))
}

/// Unresolved references with their places; nothing if there are none.
pub(super) fn maybe(what: &str, open: &Listed<Open>) -> Option<String> {
    let places: Vec<String> = open.first.iter().map(place).collect();
    let more = open.count - i64::try_from(places.len()).unwrap_or(i64::MAX);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let (count, places) = (open.count, places.join(", "));
    (count > 0).then(|| format!("{what} {count}: {places}{more}"))
}

/// A title with a count, and a line for each; nothing if there are none.
pub(super) fn listed(
    title: &str,
    count: i64,
    lines: impl ExactSizeIterator<Item = String>,
) -> String {
    if count == 0 {
        return String::new();
    }
    let more = count - i64::try_from(lines.len()).unwrap_or(i64::MAX);
    let more = (more > 0).then(|| format!("\n  and {more} more"));
    let mut told = format!("\n\n{title} {count}");
    for line in lines {
        let _ = write!(told, "\n  {line}");
    }
    told + &more.unwrap_or_default()
}

/// What else the name may have meant.
pub(super) fn others(others: &[Definition]) -> Option<String> {
    let first = others.first()?;
    let more = match others.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (name, path, line) = (&first.name_path, &first.file_path, first.line);
    Some(format!("also called so: {name} {path}:{line}{more}"))
}

fn place(open: &Open) -> String {
    /// A callee may be a whole function.
    const LONGEST: usize = 40;
    let name = open.name.split_whitespace().collect::<Vec<_>>().join(" ");
    let name = match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name,
    };
    format!("{name} {}:{}", open.file_path, open.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_places_are_counted() {
        let of = |lines: std::ops::Range<u32>| Sites {
            file_path: "a.ts".to_owned(),
            sites: lines.flat_map(|line| [(line, 1), (line, 9)]).collect(),
            resolutions: vec!["import".to_owned(), "typed".to_owned()],
        };
        assert_eq!(sites(&of(3..5)), "a.ts:3, 4  import, typed");
        assert_eq!(
            sites(&of(1..7)),
            "a.ts:1, 2, 3, 4 and 2 more  import, typed"
        );
    }

    #[test]
    fn a_callee_without_a_name_is_shown_by_its_beginning() {
        let open = Open {
            file_path: "a.ts".to_owned(),
            line: 7,
            name: format!("(function () {{\n  {}\n}})", "x ".repeat(40)),
        };
        let told = maybe(
            "maybe",
            &Listed {
                count: 3,
                first: vec![open],
            },
        )
        .unwrap();
        assert!(told.starts_with("maybe 3: (function () { x x"), "{told}");
        assert!(told.ends_with("… a.ts:7 and 2 more"), "{told}");
    }
}
