//! From the vectors of tokens to the vector of a text, for models whose graph
//! leaves that to the caller.

use ndarray::{ArrayView1, ArrayView2};

use super::Embedding;
use super::manifest::Pooling;

/// Pools `tokens` (tokens × dimensions) over those that `mask` keeps.
pub(super) fn pool(pooling: Pooling, tokens: &ArrayView2<f32>, mask: &ArrayView1<i64>) -> Vec<f32> {
    match pooling {
        Pooling::Cls => tokens.row(0).to_vec(),
        Pooling::Mean => mean(tokens, mask),
    }
}

fn mean(tokens: &ArrayView2<f32>, mask: &ArrayView1<i64>) -> Vec<f32> {
    let mut sum = vec![0.0_f32; tokens.ncols()];
    let mut kept = 0_u16;
    for (row, _) in tokens
        .rows()
        .into_iter()
        .zip(mask)
        .filter(|(_, keep)| **keep == 1)
    {
        for (sum, value) in sum.iter_mut().zip(row) {
            *sum += value;
        }
        kept += 1;
    }
    let count = f32::from(kept.max(1));
    for value in &mut sum {
        *value /= count;
    }
    sum
}

/// Brings `values` to length 1; a vector of zeros stays as it is.
pub(super) fn normalize(mut values: Vec<f32>) -> Embedding {
    let norm = values.iter().map(|value| value * value).sum::<f32>().sqrt();
    if norm > 0.0 {
        for value in &mut values {
            *value /= norm;
        }
    }
    Embedding::new(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn padding_has_no_part_in_the_mean() {
        let tokens = array![[1.0, 0.0], [3.0, 4.0], [9.0, 9.0]];
        let mask = array![1, 1, 0];
        assert_eq!(
            pool(Pooling::Mean, &tokens.view(), &mask.view()),
            [2.0, 2.0]
        );
        assert_eq!(pool(Pooling::Cls, &tokens.view(), &mask.view()), [1.0, 0.0]);
    }

    #[test]
    fn a_vector_of_zeros_is_not_divided_by_its_length() {
        assert_eq!(normalize(vec![0.0, 0.0]).as_slice(), [0.0, 0.0]);
        assert_eq!(normalize(vec![3.0, 4.0]).as_slice(), [0.6, 0.8]);
    }
}
