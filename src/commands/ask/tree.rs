//! Calls of calls as a tree: level by level, so that what is near is never
//! left out for what is far, with every definition followed once.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::plan::Bounds;
use crate::store::Call;

/// Calls around one definition.
#[derive(Debug)]
pub(super) struct Tree {
    /// A parent stands before its children.
    pub entries: Vec<Entry>,
    /// Whether there are more than the limit.
    pub is_cut: bool,
}

/// One call.
#[derive(Debug)]
pub(super) struct Entry {
    /// The entry whose end this is a call of; none for the definition itself.
    pub parent: Option<usize>,
    /// 1 for calls of the definition itself.
    pub depth: u32,
    /// The call.
    pub call: Call,
    /// What is below it.
    pub next: Next,
}

/// How a branch goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// With its own calls, all of which are there.
    Calls,
    /// With calls that are too deep.
    Deeper,
    /// Not: it is on the way here, so this is a cycle.
    Cycle,
    /// Elsewhere, where it was met first.
    Elsewhere,
}

impl Next {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Deeper => "deeper",
            Self::Cycle => "cycle",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// Answers what the calls of some definitions are.
pub(super) trait Ask {
    /// Their calls, at most so many.
    fn calls(&mut self, of: &[Uuid], limit: u32) -> anyhow::Result<Vec<Call>>;

    /// Those of them that have any.
    fn with_calls(&mut self, of: &[Uuid]) -> anyhow::Result<HashSet<Uuid>>;
}

/// Follows the calls of `root`.
pub(super) fn grow(root: Uuid, bounds: Bounds, ask: &mut impl Ask) -> anyhow::Result<Tree> {
    let mut tree = Tree {
        entries: Vec::new(),
        is_cut: false,
    };
    let mut met = Met::from([(root, None)]);
    let mut level = vec![root];
    for depth in 1..=bounds.depth {
        if level.is_empty() || tree.is_cut {
            break;
        }
        let left = bounds.limit.saturating_sub(count(tree.entries.len()));
        let mut calls = ask.calls(&level, left.saturating_add(1))?;
        tree.is_cut = count(calls.len()) > left;
        calls.truncate(left as usize);
        let calls = calls.into_iter();
        level = calls
            .filter_map(|call| tree.add(call, depth, &mut met))
            .collect();
    }
    if !level.is_empty() {
        for deeper in ask.with_calls(&level)? {
            if let Some(Some(entry)) = met.get(&deeper) {
                tree.entries[*entry].next = Next::Deeper;
            }
        }
    }
    Ok(tree)
}

/// Where each definition was met first; none for the one that was asked about.
type Met = HashMap<Uuid, Option<usize>>;

impl Tree {
    /// Adds a call; gives its end if that is to be followed.
    fn add(&mut self, call: Call, depth: u32, met: &mut Met) -> Option<Uuid> {
        let parent = met.get(&call.of).copied().flatten();
        let end = call.end.id;
        let next = self.next(parent, end, met);
        if next == Next::Calls {
            met.insert(end, Some(self.entries.len()));
        }
        self.entries.push(Entry {
            parent,
            depth,
            call,
            next,
        });
        (next == Next::Calls).then_some(end)
    }

    fn next(&self, parent: Option<usize>, end: Uuid, met: &Met) -> Next {
        let mut above = parent;
        while let Some(entry) = above.map(|at| &self.entries[at]) {
            if entry.call.end.id == end {
                return Next::Cycle;
            }
            above = entry.parent;
        }
        match met.get(&end) {
            None => Next::Calls,
            Some(None) => Next::Cycle,
            Some(Some(_)) => Next::Elsewhere,
        }
    }

    /// The entries with each below its parent.
    pub fn in_order(&self) -> impl Iterator<Item = &Entry> {
        let mut below: HashMap<Option<usize>, Vec<usize>> = HashMap::new();
        for (number, entry) in self.entries.iter().enumerate().rev() {
            below.entry(entry.parent).or_default().push(number);
        }
        let mut open = below.remove(&None).unwrap_or_default();
        std::iter::from_fn(move || {
            let number = open.pop()?;
            open.extend(below.remove(&Some(number)).unwrap_or_default());
            Some(&self.entries[number])
        })
    }

    /// How many definitions are at the ends.
    pub fn definitions(&self) -> usize {
        let ends = self.entries.iter().map(|entry| entry.call.end.id);
        ends.collect::<HashSet<_>>().len()
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Definition, Sites};

    /// Calls by the letters of both ends.
    struct Letters(&'static [(u8, u8)]);

    fn id(letter: u8) -> Uuid {
        Uuid::from_u128(u128::from(letter))
    }

    fn letter(id: Uuid) -> char {
        char::from(id.as_bytes()[15])
    }

    fn call((from, to): (u8, u8)) -> Call {
        Call {
            of: id(from),
            end: Definition {
                repository: String::new(),
                id: id(to),
                chunk_type: String::new(),
                name_path: String::new(),
                qualname: String::new(),
                file_path: String::new(),
                line: 1,
                start_line: 1,
                end_line: 1,
            },
            call_sites: Sites {
                file_path: String::new(),
                sites: Vec::new(),
                resolutions: Vec::new(),
            },
        }
    }

    impl Ask for Letters {
        fn calls(&mut self, of: &[Uuid], limit: u32) -> anyhow::Result<Vec<Call>> {
            let of_one = |one: &Uuid| {
                let one = *one;
                self.0.iter().filter(move |(from, _)| id(*from) == one)
            };
            let calls = of.iter().flat_map(of_one).map(|pair| call(*pair));
            Ok(calls.take(limit as usize).collect())
        }

        fn with_calls(&mut self, of: &[Uuid]) -> anyhow::Result<HashSet<Uuid>> {
            Ok(self
                .calls(of, u32::MAX)?
                .iter()
                .map(|call| call.of)
                .collect())
        }
    }

    /// Each line is the depth, the end, and how it goes on.
    fn told(calls: &'static [(u8, u8)], depth: u32, limit: u32) -> (Vec<String>, bool) {
        let tree = grow(id(b'a'), Bounds { depth, limit }, &mut Letters(calls)).unwrap();
        let line = |entry: &Entry| {
            let end = letter(entry.call.end.id);
            format!("{} {end} {}", entry.depth, entry.next.as_str())
        };
        (tree.in_order().map(line).collect(), tree.is_cut)
    }

    #[test]
    fn what_is_met_twice_is_followed_once() {
        let calls = &[
            (b'a', b'b'),
            (b'a', b'c'),
            (b'b', b'd'),
            (b'c', b'd'),
            (b'd', b'e'),
        ];
        let lines = [
            "1 b calls",
            "2 d calls",
            "3 e calls",
            "1 c calls",
            "2 d elsewhere",
        ];
        assert_eq!(
            told(calls, 9, 99),
            (lines.map(str::to_owned).to_vec(), false)
        );
    }

    #[test]
    fn a_cycle_ends_where_it_closes() {
        let calls = &[
            (b'a', b'a'),
            (b'a', b'b'),
            (b'b', b'c'),
            (b'c', b'b'),
            (b'c', b'a'),
        ];
        let lines = [
            "1 a cycle",
            "1 b calls",
            "2 c calls",
            "3 b cycle",
            "3 a cycle",
        ];
        assert_eq!(
            told(calls, 9, 99),
            (lines.map(str::to_owned).to_vec(), false)
        );
    }

    #[test]
    fn what_is_too_deep_is_told_and_what_ends_is_not() {
        let calls = &[(b'a', b'b'), (b'a', b'c'), (b'b', b'd')];
        let lines = ["1 b deeper", "1 c calls"];
        assert_eq!(
            told(calls, 1, 99),
            (lines.map(str::to_owned).to_vec(), false)
        );
    }

    #[test]
    fn the_nearest_calls_stay_when_there_are_too_many() {
        let calls = &[(b'a', b'b'), (b'b', b'c'), (b'b', b'd'), (b'a', b'e')];
        let (lines, is_cut) = told(calls, 9, 3);
        assert_eq!(
            (lines, is_cut),
            (
                ["1 b calls", "2 c calls", "1 e calls"]
                    .map(str::to_owned)
                    .to_vec(),
                true
            )
        );
        assert!(!told(calls, 9, 4).1);
    }
}
