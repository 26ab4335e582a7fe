//! The candidates and folds of a search, within a number of counted operations.

use tiam_linalg::Matrix;
use tiam_models::StochasticParams;

use super::candidate::{Candidate, Effort};
use super::inputs::Inputs;
use crate::scalar::Scalar;

/// What is tried, and on which folds.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) candidates: Vec<Candidate>,
    pub(super) folds: usize,
    /// Folds that are held out, each for a network of every candidate.
    pub(super) held_out: usize,
}

/// What the plan depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Data {
    pub(super) n_samples: usize,
    pub(super) n_outputs: usize,
    pub(super) is_values: bool,
    /// Positive values with a long tail.
    pub(super) is_skewed: bool,
}

/// Multiplications that a search may take whatever a single network takes: a second or two on two cores.
const ALWAYS: f64 = 4e10;
/// Trainings of a single network on all samples that a search may take.
const SINGLE_FITS: f64 = 5.0;
/// How many times more is spent on the best model.
const BEST: f64 = 10.0;
const FOLDS: usize = 4;
const HOLDOUT_FOLDS: usize = 10;
/// Skewness from which on a tail is long.
const SKEWED: f64 = 1.0;

/// The candidates in the order in which they are tried.
fn all(effort: Effort, data: Data) -> Vec<Candidate> {
    let (standard, bins): (&[f64], &[f64]) = match data.is_values {
        false => (&[1e-2, 1e-3, 5e-2], &[2e-2, 3e-3, 1e-1]),
        true => (&[1e-3, 1e-2, 1e-4, 1e-1], &[3e-3, 3e-2, 3e-4, 3e-1]),
    };
    let mut found = Vec::new();
    for at in 0..standard.len().max(bins.len()) {
        for (inputs, ridges) in [(Inputs::Standard, standard), (Inputs::Bins, bins)] {
            let Some(ridge) = ridges.get(at) else {
                continue;
            };
            let plain = Candidate::new(inputs, *ridge);
            if data.is_skewed {
                found.push(Candidate {
                    logarithm: true,
                    ..plain.clone()
                });
            }
            found.push(plain);
        }
    }
    let _ = effort;
    found
}

impl Plan {
    pub(super) fn new(effort: Effort, data: Data, widths: impl Fn(Inputs) -> usize) -> Self {
        let n = data.n_samples;
        let cost = |candidate: &Candidate, n: usize| {
            operations(candidate, data, n, widths(candidate.inputs))
        };
        let single = cost(
            &Candidate::new(Inputs::Standard, StochasticParams::RIDGE),
            n,
        );
        let factor = if effort == Effort::Best { BEST } else { 1.0 };
        let budget = factor * (SINGLE_FITS * single).max(ALWAYS);
        let all = all(effort, data);
        let folds = FOLDS.min(n);
        let within = |held_out: usize, folds: usize| {
            let n_train = n - n / folds.max(1);
            let mut left = budget;
            let mut fits = |candidate: &&Candidate| {
                left -= held_out as f64 * cost(candidate, n_train);
                left >= 0.0
            };
            all.iter()
                .take_while(|c| fits(c))
                .cloned()
                .collect::<Vec<_>>()
        };
        let candidates = within(folds, folds);
        if candidates.len() >= 2 || n < 2 * HOLDOUT_FOLDS {
            return Self {
                candidates,
                folds,
                held_out: folds,
            };
        }
        let mut candidates = within(1, HOLDOUT_FOLDS);
        if candidates.is_empty() {
            candidates.extend(all.into_iter().next());
        }
        Self {
            candidates,
            folds: HOLDOUT_FOLDS,
            held_out: 1,
        }
    }
}

/// Multiplications of a training, as counted: rows x parameters x epochs.
#[allow(clippy::cast_precision_loss, reason = "large numbers")]
fn operations(candidate: &Candidate, data: Data, n_samples: usize, n_inputs: usize) -> f64 {
    let mut sizes = vec![n_inputs];
    sizes.extend(&candidate.hidden);
    sizes.push(data.n_outputs);
    let parameters: usize = sizes.windows(2).map(|pair| (pair[0] + 1) * pair[1]).sum();
    let rows = n_samples as f64 * candidate.n_epochs(n_samples) as f64;
    rows * parameters as f64
}

/// True for positive values whose skewness is large, all outputs alike.
#[allow(clippy::cast_precision_loss, reason = "a number of samples")]
pub(super) fn is_skewed<T: Scalar>(values: &Matrix<T>) -> bool {
    (0..values.n_rows()).all(|output| {
        let column: Vec<f64> = (0..values.n_cols())
            .map(|j| tiam_core::Scalar::to_f64(values[(output, j)]))
            .collect();
        let n = column.len() as f64;
        let mean = column.iter().sum::<f64>() / n;
        let moment = |k: i32| column.iter().map(|y| (y - mean).powi(k)).sum::<f64>() / n;
        column.iter().all(|y| *y > 0.0) && moment(3) > SKEWED * moment(2).powf(1.5)
    })
}
