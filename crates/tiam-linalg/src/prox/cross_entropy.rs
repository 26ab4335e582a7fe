//! Softmax and its cross-entropy.
#![allow(
    clippy::needless_range_loop,
    reason = "loops over lanes index several rows at once"
)]

use super::layout::{LANES, Layout, Row, SIDE_BY_SIDE_MAX_CLASSES, SUM_BLOCK, SideBySide, larger};
use crate::Real;
use crate::elementary::dispatch_kernel;

/// The loss of a slab, and how many samples it classifies correctly.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LossSum {
    /// The sum (not the mean) over the samples: Σ −log softmax_y(z), or that of another [`Loss`](crate::Loss).
    pub loss: f64,
    /// Samples whose first largest logit is the label's; 0 for values.
    pub correct: usize,
}

impl LossSum {
    /// A loss of values, which classifies nothing.
    #[must_use]
    pub fn of(loss: f64) -> Self {
        Self { loss, correct: 0 }
    }

    /// Sum over two slabs.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self {
            loss: self.loss + other.loss,
            correct: self.correct + other.correct,
        }
    }
}

/// R(z; y) = Σ −log softmax_y(z) and the number of samples classified rightly.
///
/// Shapes: `z` n_classes x n_samples (a sample contiguous), `labels` n_samples. The loss of a sample is
/// ln(1 + Σ') + (max − z_y) with Σ' the sum of all e^(z_j − max) but the largest's, so that losses near 0 keep their digits. A sample with a
/// NaN logit makes the loss NaN and is not correct; likewise one with +∞.
///
/// Cost: about 35 (f32) or 50 (f64) flops an entry. No scratch, no allocation.
/// Source: ours (the paper names the loss only).
///
/// # Panics
/// If `n_classes` is 0, if lengths do not fit, or if a label is not below `n_classes`.
///
/// ```
/// use tiam_linalg::prox::cross_entropy;
/// let sum = cross_entropy(&[0.0_f64, 0.0, 3.0, -1.0], &[0, 1], 2);
/// assert!((sum.loss - (std::f64::consts::LN_2 + (4.0_f64.exp() + 1.0).ln())).abs() < 1e-14);
/// assert_eq!(sum.correct, 1); // of the tie in sample 0 the first counts
/// ```
#[allow(clippy::cast_possible_truncation, reason = "asserted to fit")]
#[must_use]
pub fn cross_entropy<T: Real>(z: &[T], labels: &[u32], n_classes: usize) -> LossSum {
    T::cross_entropy(z, labels, n_classes)
}

pub(crate) fn cross_entropy_generic<T: Real>(z: &[T], labels: &[u32], n_classes: usize) -> LossSum {
    assert!(
        n_classes > 0 && u32::try_from(n_classes).is_ok(),
        "n_classes must be in 1..2^32, got {n_classes}"
    );
    assert_eq!(
        z.len(),
        labels.len() * n_classes,
        "z must hold n_classes values per label"
    );
    assert!(
        labels.iter().all(|&label| label < n_classes as u32),
        "a label is not below n_classes = {n_classes}"
    );
    dispatch_kernel!(<T: Real> (z: &'a [T], labels: &'a [u32], n_classes: usize) -> LossSum {
        let mut sum = LossSum::default();
        if n_classes <= SIDE_BY_SIDE_MAX_CLASSES {
            let mut rows = [[T::zero(); LANES]; SIDE_BY_SIDE_MAX_CLASSES];
            let rows = &mut rows[..n_classes];
            for (z, labels) in z.chunks(LANES * n_classes).zip(labels.chunks(LANES)) {
                SideBySide::load(rows, z, n_classes);
                sum = sum.merge(loss_of_tile(rows, labels));
            }
        } else {
            for (z, &label) in z.chunks_exact(n_classes).zip(labels) {
                sum = sum.merge(loss_of_sample(z, label as usize));
            }
        }
        sum
    })
}

/// Loss of up to [`LANES`] samples side by side.
#[inline(always)]
fn loss_of_tile<T: Real>(rows: &[Row<T>], labels: &[u32]) -> LossSum {
    let mut label = [labels[0]; LANES];
    label[..labels.len()].copy_from_slice(labels);
    let mut max = [T::neg_infinity(); LANES];
    let mut first = [0_u32; LANES];
    for (class, row) in (0_u32..).zip(rows) {
        for lane in 0..LANES {
            first[lane] = if row[lane] > max[lane] {
                class
            } else {
                first[lane]
            };
            max[lane] = larger(row[lane], max[lane]);
        }
    }
    let (mut others, mut margin) = ([T::zero(); LANES], [T::zero(); LANES]);
    for (first_class, block) in (0_u32..).step_by(SUM_BLOCK).zip(rows.chunks(SUM_BLOCK)) {
        let mut sum = [T::zero(); LANES];
        for (class, row) in (first_class..).zip(block) {
            for lane in 0..LANES {
                let shifted = row[lane] - max[lane];
                // 0 for the largest itself, NaN for an infinite one.
                sum[lane] += if class == first[lane] {
                    shifted
                } else {
                    shifted.fast_exp()
                };
                margin[lane] += if class == label[lane] {
                    shifted
                } else {
                    T::zero()
                };
            }
        }
        for lane in 0..LANES {
            others[lane] += sum[lane];
        }
    }
    let mut sum = LossSum::default();
    let mut loss = [T::zero(); LANES];
    for lane in 0..LANES {
        loss[lane] = others[lane].fast_ln_1p() - margin[lane];
    }
    for lane in 0..labels.len() {
        sum.loss += loss[lane].to_f64();
        sum.correct += usize::from(first[lane] == label[lane] && !loss[lane].is_nan());
    }
    sum
}

/// Loss of one sample, vectorised over its classes.
#[inline(always)]
fn loss_of_sample<T: Real>(z: &[T], label: usize) -> LossSum {
    let max = max_of_sample(z);
    let first = z.iter().position(|&value| value >= max);
    let smaller = sum_over_lanes(z, |value| {
        if value >= max {
            T::zero()
        } else {
            (value - max).fast_exp()
        }
    });
    let n_largest = sum_over_lanes(z, |value| if value >= max { T::one() } else { T::zero() });
    // The last term: NaN if the largest is infinite.
    let others = smaller + (n_largest - T::one()) + T::zero() * max;
    let margin = z[label] - max;
    let loss = others.fast_ln_1p() - margin;
    LossSum {
        loss: loss.to_f64(),
        correct: usize::from(first == Some(label) && !loss.is_nan()),
    }
}

/// Largest logit, NaN passed over.
#[inline(always)]
fn max_of_sample<T: Real>(z: &[T]) -> T {
    let mut max = [T::neg_infinity(); LANES];
    let (rows, tail) = z.as_chunks::<LANES>();
    for row in rows {
        for lane in 0..LANES {
            max[lane] = larger(row[lane], max[lane]);
        }
    }
    let max = max.iter().fold(T::neg_infinity(), |a, &b| larger(b, a));
    tail.iter().fold(max, |a, &b| larger(b, a))
}

/// Σ f(z_j), in [`LANES`] partial sums.
#[inline(always)]
fn sum_over_lanes<T: Real>(z: &[T], f: impl Fn(T) -> T) -> T {
    let mut sums = [T::zero(); LANES];
    let (rows, tail) = z.as_chunks::<LANES>();
    for row in rows {
        for lane in 0..LANES {
            sums[lane] += f(row[lane]);
        }
    }
    let total = tail.iter().fold(T::zero(), |a, &b| a + f(b));
    sums.iter().fold(total, |a, &b| a + b)
}

/// Per sample z ← softmax(z), p_j = e^{z_j} / Σ_i e^{z_i}.
///
/// Shape: `z` n_classes x n_samples (a sample contiguous). A sample with a NaN or +∞ becomes NaN.
/// Cost: about 30 (f32) or 45 (f64) flops an entry. No scratch, no allocation. Source: ours.
///
/// # Panics
/// If `n_classes` is 0 or does not divide the length of `z`.
///
/// ```
/// let mut z = [0.0_f64, 3.0_f64.ln()];
/// tiam_linalg::prox::softmax_in_place(&mut z, 2);
/// assert!((z[0] - 0.25).abs() < 1e-15 && (z[1] - 0.75).abs() < 1e-15);
/// ```
pub fn softmax_in_place<T: Real>(z: &mut [T], n_classes: usize) {
    T::softmax_in_place(z, n_classes)
}

pub(crate) fn softmax_in_place_generic<T: Real>(z: &mut [T], n_classes: usize) {
    assert!(
        n_classes > 0 && z.len().is_multiple_of(n_classes),
        "n_classes = {n_classes} must divide the length {}",
        z.len()
    );
    dispatch_kernel!(<T: Real> (z: &'a mut [T], n_classes: usize) -> () {
        // A single sample of few classes is summed in the same order either way, and is faster by itself.
        let alone = z.len() == n_classes && n_classes < LANES;
        if n_classes <= SIDE_BY_SIDE_MAX_CLASSES && !alone {
            let mut rows = [[T::zero(); LANES]; SIDE_BY_SIDE_MAX_CLASSES];
            let rows = &mut rows[..n_classes];
            for z in z.chunks_mut(LANES * n_classes) {
                SideBySide::load(rows, z, n_classes);
                softmax_of_tile(rows);
                SideBySide::store(rows, z, n_classes);
            }
        } else {
            for z in z.chunks_exact_mut(n_classes) {
                let max = max_of_sample(z);
                for value in z.iter_mut() {
                    *value = (*value - max).fast_exp();
                }
                let inverse = T::one() / sum_over_lanes(z, |value| value);
                for value in z {
                    *value *= inverse;
                }
            }
        }
    });
}

#[inline(always)]
fn softmax_of_tile<T: Real>(rows: &mut [Row<T>]) {
    let mut max = [T::neg_infinity(); LANES];
    for row in rows.iter() {
        for lane in 0..LANES {
            max[lane] = larger(row[lane], max[lane]);
        }
    }
    let mut total = [T::zero(); LANES];
    for row in rows.iter_mut() {
        for lane in 0..LANES {
            row[lane] = (row[lane] - max[lane]).fast_exp();
            total[lane] += row[lane];
        }
    }
    let mut inverse = [T::one(); LANES];
    for lane in 0..LANES {
        inverse[lane] /= total[lane];
    }
    for row in rows {
        for lane in 0..LANES {
            row[lane] *= inverse[lane];
        }
    }
}
