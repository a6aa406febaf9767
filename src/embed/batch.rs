//! Texts that go through the model together, padded to the longest.

use ndarray::Array2;

use super::tokens::Tokens;

/// The padded inputs of one run; every array is texts × tokens.
#[derive(Debug)]
pub(super) struct Batch {
    pub ids: Array2<i64>,
    pub mask: Array2<i64>,
    pub types: Array2<i64>,
}

impl Batch {
    /// Pads `texts`, of which there is at least one, with zeros; `padded` says
    /// to how many tokens, given those of the longest.
    pub fn new(texts: &[Tokens], padded: impl FnOnce(usize) -> usize) -> Self {
        let longest = texts.iter().map(Tokens::len).max().unwrap_or(0);
        let shape = (texts.len(), padded(longest));
        let (mut ids, mut mask) = (Array2::zeros(shape), Array2::zeros(shape));
        for (row, tokens) in texts.iter().enumerate() {
            for (column, id) in tokens.ids().enumerate() {
                ids[(row, column)] = id;
                mask[(row, column)] = 1;
            }
        }
        Self {
            ids,
            mask,
            types: Array2::zeros(shape),
        }
    }

    /// Texts in the batch.
    pub fn rows(&self) -> usize {
        self.ids.nrows()
    }

    /// Tokens of the longest text, padding included.
    pub fn columns(&self) -> usize {
        self.ids.ncols()
    }
}

/// How many of `texts`, from the first, make the next run: as many as stay
/// within `budget` tokens with padding, and at least one.
pub(super) fn take(texts: &[Tokens], budget: usize) -> usize {
    let mut longest = 0;
    let fits = texts.iter().enumerate().take_while(|(index, tokens)| {
        longest = longest.max(tokens.len());
        longest * (index + 1) <= budget
    });
    fits.count().max(1).min(texts.len())
}
