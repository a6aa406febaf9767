//! The last word on the order: what the rankings cannot know.

use std::collections::HashMap;

use super::{Found, Snippet};
use crate::identifiers::parts;

/// Why a hit stands higher or lower than its rankings put it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The query names it.
    ExactName,
    /// It holds others that stand for themselves: a class, an interface.
    Container,
    /// It is code outside every definition.
    OutsideDefinitions,
    /// It is a test.
    Test,
    /// A tool wrote it.
    Generated,
    /// Better hits of the same file stand above it.
    SameFile,
}

impl Reason {
    /// In words, for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExactName => "exact name",
            Self::Container => "container",
            Self::OutsideDefinitions => "outside definitions",
            Self::Test => "test",
            Self::Generated => "generated",
            Self::SameFile => "same file",
        }
    }

    /// What the score is multiplied by.
    fn factor(self) -> f64 {
        match self {
            Self::ExactName => 3.0,
            Self::Container => 0.8,
            Self::OutsideDefinitions | Self::Test => 0.7,
            Self::Generated => 0.5,
            Self::SameFile => 0.98,
        }
    }
}

/// How the order is made.
#[derive(Debug, Clone, Copy)]
pub struct Ranking<'a> {
    /// What was asked for, as it was typed.
    pub query: &'a str,
    /// Whether tests rank like everything else.
    pub tests: bool,
    /// Whether the rankings' own order stays.
    pub plain: bool,
    /// How many hits are wanted.
    pub limit: usize,
}

/// A chunk in its place.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The chunk.
    pub found: Found,
    /// Its score, by which hits are in order; comparable within one answer only.
    pub score: f64,
    /// Why it is another than that of the rankings.
    pub reasons: Vec<Reason>,
    /// The lines to show.
    pub snippet: Snippet,
}

/// The best of what was found, in order: one hit for each definition.
#[must_use]
pub fn rank(found: Vec<Found>, ranking: Ranking) -> Vec<Hit> {
    let asked = Asked::of(ranking.query);
    let mut hits: Vec<Hit> = found
        .into_iter()
        .map(|found| judged(found, &asked, ranking))
        .collect();
    sort(&mut hits);
    if !ranking.plain {
        only_the_best_piece(&mut hits);
        spread_over_files(&mut hits);
        sort(&mut hits);
    }
    hits.truncate(ranking.limit);
    for hit in &mut hits {
        hit.snippet = Snippet::of(&hit.found, &asked.words);
    }
    hits
}

/// By score; equal ones by place, so that the order is always the same.
fn sort(hits: &mut [Hit]) {
    hits.sort_by(|a, b| {
        let place = |hit: &Hit| (hit.found.file_path.clone(), hit.found.start_line);
        (b.score.total_cmp(&a.score)).then_with(|| place(a).cmp(&place(b)))
    });
}

/// A large definition is stored in pieces: the best of them stands for it.
fn only_the_best_piece(hits: &mut Vec<Hit>) {
    let mut seen = std::collections::HashSet::new();
    hits.retain(|Hit { found, .. }| {
        let Found {
            repository,
            file_path,
            chunk_type,
            qualname,
            ..
        } = found;
        qualname.is_empty()
            || seen.insert([repository, file_path, chunk_type, qualname].map(String::clone))
    });
}

/// Each further hit of a file a little lower, so that one file is not all there is.
fn spread_over_files(hits: &mut [Hit]) {
    let mut counts: HashMap<(String, String), i32> = HashMap::new();
    for hit in hits {
        let file = (hit.found.repository.clone(), hit.found.file_path.clone());
        let above = counts.entry(file).or_insert(0);
        if *above > 0 {
            hit.score *= Reason::SameFile.factor().powi(*above);
            hit.reasons.push(Reason::SameFile);
        }
        *above += 1;
    }
}

fn judged(found: Found, asked: &Asked, ranking: Ranking) -> Hit {
    let mut hit = Hit {
        score: found.score,
        found,
        reasons: Vec::new(),
        snippet: Snippet::default(),
    };
    if ranking.plain {
        return hit;
    }
    if asked.names(&hit.found) {
        hit.weigh(Reason::ExactName);
    }
    match &*hit.found.chunk_type {
        "class" | "interface" => hit.weigh(Reason::Container),
        "module" | "barrel" | "config_module" => hit.weigh(Reason::OutsideDefinitions),
        _ => {}
    }
    if hit.found.is_test && !ranking.tests && !asked.has("test") {
        hit.weigh(Reason::Test);
    }
    if is_generated(&hit.found.file_path) {
        hit.weigh(Reason::Generated);
    }
    hit
}

impl Hit {
    fn weigh(&mut self, reason: Reason) {
        self.score *= reason.factor();
        self.reasons.push(reason);
    }
}

/// What a file's name says of it: generated files are left out of an index
/// unless they were asked for.
fn is_generated(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    [".min.js", ".d.ts", "_pb2.py", "_pb2.pyi"]
        .iter()
        .any(|ending| name.ends_with(ending))
        || path.split('/').any(|folder| folder == "generated")
}

/// A query, taken apart.
struct Asked {
    /// Its identifiers and words, as they stand.
    names: Vec<String>,
    /// The parts of all of them, lower-case.
    words: Vec<String>,
}

impl Asked {
    fn of(query: &str) -> Self {
        let is_of_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$');
        let names = query.split(|c: char| !is_of_path(c));
        let names = names.map(|name| name.trim_matches('.').to_owned());
        let words = query.split(|c: char| !c.is_alphanumeric() && c != '_');
        let words = words.flat_map(parts).map(str::to_lowercase);
        Self {
            names: names.filter(|name| !name.is_empty()).collect(),
            words: words.collect(),
        }
    }

    /// Whether the query names it: by a qualname, by a name that is no plain
    /// word, unless it is all that was asked for, or by the words of its name
    /// and no others.
    fn names(&self, found: &Found) -> bool {
        // The lines of a file outside its definitions bear the file's name.
        if found.qualname.is_empty() {
            return false;
        }
        let is_alone = self.names.len() == 1;
        self.spells(&found.name)
            || self.names.iter().any(|name| {
                let is_path = name.contains('.');
                let is_identifier = is_alone || parts(name).len() > 1;
                is_path && (*name == found.qualname || *name == found.name_path)
                    || is_identifier && *name == found.name
            })
    }

    fn spells(&self, name: &str) -> bool {
        let parts = parts(name).into_iter().map(str::to_lowercase);
        self.words.len() > 1 && parts.eq(self.words.iter().cloned())
    }

    fn has(&self, word: &str) -> bool {
        self.words.iter().any(|asked| alike(asked, word))
    }
}

/// Whether two words are one, up to an ending: `retry` and `retries` are, `set`
/// and `settle` are not.
pub(super) fn alike(a: &str, b: &str) -> bool {
    let common = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let longer = a.chars().count().max(b.chars().count());
    a == b || common >= 4 && longer - common <= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, name: &str, score: f64) -> Found {
        Found {
            file_path: path.to_owned(),
            name: name.to_owned(),
            qualname: name.to_owned(),
            chunk_type: "function".to_owned(),
            score,
            ..Found::default()
        }
    }

    fn order(query: &str, found: Vec<Found>) -> Vec<String> {
        let ranking = Ranking {
            query,
            tests: false,
            plain: false,
            limit: 10,
        };
        let hits = rank(found, ranking);
        hits.into_iter().map(|hit| hit.found.name).collect()
    }

    #[test]
    fn whoever_types_a_name_wants_what_has_it() {
        let there = vec![
            found("a", "retryLater", 0.05),
            found("b", "retryWhen", 0.03),
        ];
        assert_eq!(order("how does retryWhen stop", there)[0], "retryWhen");
    }

    #[test]
    fn whoever_spells_a_name_in_words_wants_what_has_it() {
        let there = vec![
            found("a", "scheduler", 0.05),
            found("b", "VirtualTimeScheduler", 0.03),
        ];
        assert_eq!(
            order("virtual time scheduler", there.clone())[0],
            "VirtualTimeScheduler"
        );
        assert_eq!(order("time of a scheduler", there)[0], "scheduler");
    }

    #[test]
    fn a_test_stands_below_what_it_tests_unless_tests_were_asked_for() {
        let mut test = found("a.test.ts", "parses", 0.05);
        test.is_test = true;
        let there = vec![test, found("a.ts", "reads", 0.045)];
        assert_eq!(order("json", there.clone()), ["reads", "parses"]);
        assert_eq!(order("test of json", there), ["parses", "reads"]);
    }

    #[test]
    fn the_pieces_of_a_definition_are_one_hit() {
        let there = vec![found("a", "large", 0.05), found("a", "large", 0.04)];
        assert_eq!(order("x", there), ["large"]);
    }

    #[test]
    fn words_are_alike_up_to_an_ending() {
        assert!(alike("retry", "retries") && alike("parse", "parser") && alike("get", "get"));
        assert!(!alike("set", "settle") && !alike("value", "variable"));
    }
}
