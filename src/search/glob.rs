//! Git's globs as PostgreSQL's regular expressions.

/// The expression that a path matches if the glob matches it or a folder above
/// it: at any depth, unless the glob begins with `/`.
#[must_use]
pub fn to_regex(glob: &str) -> String {
    let anchored = glob.strip_prefix('/');
    let mut regex = String::from(if anchored.is_some() { "^" } else { "(^|/)" });
    let mut rest = anchored.unwrap_or(glob).trim_end_matches('/');
    while !rest.is_empty() {
        let (piece, length) = piece(rest);
        regex.push_str(&piece);
        rest = &rest[length..];
    }
    regex.push_str("(/|$)");
    regex
}

/// The expression of what a glob begins with, and how many bytes that is.
fn piece(glob: &str) -> (String, usize) {
    if glob.starts_with("**/") {
        return ("(.*/)?".to_owned(), 3);
    }
    if glob.starts_with("**") {
        return (".*".to_owned(), 2);
    }
    if let Some(set) = set(glob) {
        return set;
    }
    let Some(first) = glob.chars().next() else {
        return (String::new(), 0);
    };
    match (first, glob[1.min(glob.len())..].chars().next()) {
        ('*', _) => ("[^/]*".to_owned(), 1),
        ('?', _) => ("[^/]".to_owned(), 1),
        ('\\', Some(escaped)) => (literal(escaped), 1 + escaped.len_utf8()),
        _ => (literal(first), first.len_utf8()),
    }
}

/// `[a-z]` or `[!a-z]`; one that is not closed is a bracket.
fn set(glob: &str) -> Option<(String, usize)> {
    let inside = glob.strip_prefix('[')?;
    let (end, _) = inside.char_indices().skip(1).find(|(_, c)| *c == ']')?;
    let members = &inside[..end];
    let (not, members) = match members.strip_prefix(['!', '^']) {
        Some(members) => ("^", members),
        None => ("", members),
    };
    let members = members.replace('\\', r"\\").replace('[', r"\[");
    Some((format!("[{not}{members}]"), end + 2))
}

fn literal(c: char) -> String {
    if c.is_alphanumeric() || matches!(c, '_' | '/' | '-' | ' ') || !c.is_ascii() {
        c.to_string()
    } else {
        format!("\\{c}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::Regex;

    #[test]
    fn a_glob_matches_as_gits_do() {
        for (glob, path, expected) in [
            ("*.ts", "src/a.ts", true),
            ("*.ts", "src/a.tsx", false),
            ("operators", "src/internal/operators/map.ts", true),
            ("operators/", "src/internal/operators/map.ts", true),
            ("operators", "src/operators.ts", false),
            ("/src", "src/a.ts", true),
            ("/internal", "src/internal/a.ts", false),
            ("src/*.ts", "src/deep/a.ts", false),
            ("src/**/*.ts", "src/deep/er/a.ts", true),
            ("src/**/*.ts", "src/a.ts", true),
            ("src/**", "src/deep/a.ts", true),
            ("?.ts", "src/a.ts", true),
            ("[!a]*.ts", "src/a.ts", false),
            ("[a-c].ts", "b.ts", true),
            ("a+b(1).ts", "a+b(1).ts", true),
            (r"\*.ts", "x/*.ts", true),
            (r"\*.ts", "x/a.ts", false),
            ("größe.py", "m/größe.py", true),
            ("[id].tsx", "pages/i.tsx", true),
        ] {
            let regex = Regex::new(&to_regex(glob)).unwrap();
            assert_eq!(regex.is_match(path), expected, "{glob} on {path}");
        }
    }
}
