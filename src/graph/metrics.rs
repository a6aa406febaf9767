//! Measures of the whole graph: how many depend on a node, on how many it
//! depends, and how much it matters.

/// The share of importance that follows the calls; the rest is spread evenly
/// (Brin and Page, 1998).
const DAMPING: f64 = 0.85;

/// Rounds stop when all ranks together move less than this.
const TOLERANCE: f64 = 1e-12;

/// At 0.85 the rest shrinks below the tolerance in some 170 rounds.
const MAX_ROUNDS: usize = 300;

/// The measures of one node.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Measures {
    /// Nodes that call it.
    pub afferent: u32,
    /// Nodes that it calls.
    pub efferent: u32,
    /// `PageRank`; those of all nodes sum to 1.
    pub rank: f64,
}

/// Measures `count` nodes with these distinct ties, each from one to another.
#[must_use]
pub fn measure(count: usize, ties: &[(u32, u32)]) -> Vec<Measures> {
    let mut measures = vec![Measures::default(); count];
    for (source, target) in ties {
        measures[*source as usize].efferent += 1;
        measures[*target as usize].afferent += 1;
    }
    let ranks = page_rank(&measures, ties);
    for (measure, rank) in measures.iter_mut().zip(ranks) {
        measure.rank = rank;
    }
    measures
}

/// One pass over the ties a round. What a node without calls of its own holds
/// is spread evenly, so that the sum stays 1.
fn page_rank(measures: &[Measures], ties: &[(u32, u32)]) -> Vec<f64> {
    let count = measures.len() as f64;
    let mut ranks = vec![1.0 / count; measures.len()];
    let mut next = ranks.clone();
    for _ in 0..MAX_ROUNDS {
        let dangling = measures.iter().zip(&ranks);
        let dangling: f64 = dangling
            .filter(|(measure, _)| measure.efferent == 0)
            .map(|(_, rank)| rank)
            .sum();
        next.fill((1.0 - DAMPING + DAMPING * dangling) / count);
        for (source, target) in ties {
            let source = *source as usize;
            next[*target as usize] +=
                DAMPING * ranks[source] / f64::from(measures[source].efferent);
        }
        let moved: f64 = ranks.iter().zip(&next).map(|(a, b)| (a - b).abs()).sum();
        std::mem::swap(&mut ranks, &mut next);
        if moved < TOLERANCE {
            break;
        }
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_call_matters_most_and_nothing_gets_lost() {
        let measures = measure(4, &[(0, 2), (1, 2), (2, 3)]);
        assert_eq!((measures[2].afferent, measures[2].efferent), (2, 1));
        let sum: f64 = measures.iter().map(|measure| measure.rank).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        assert!(measures[3].rank > measures[2].rank && measures[2].rank > measures[0].rank);
        assert!((measures[0].rank - measures[1].rank).abs() < 1e-15);
    }

    #[test]
    fn two_that_call_each_other_are_worth_the_same() {
        for measure in measure(2, &[(0, 1), (1, 0)]) {
            assert!((measure.rank - 0.5).abs() < 1e-9);
        }
        assert!(measure(0, &[]).is_empty());
    }
}
