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
    /// Values, not classes.
    pub(super) is_values: bool,
    /// Positive values with a long tail.
    pub(super) is_skewed: bool,
}

/// Multiplications that a search may take whatever a single network takes: three seconds on two cores.
const ALWAYS: f64 = 6e10;
/// Trainings of a single network on all samples that a search may take.
const SINGLE_FITS: f64 = 5.0;
/// How many times more is spent on the best model.
const BEST: f64 = 10.0;
/// Folds, each held out in turn. Eight took twice the time and were better on 24 of 46 splits of small tables.
const FOLDS: usize = 4;
const BEST_FOLDS: usize = 8;
/// Folds of which one is held out, where there is no time for more.
const HOLDOUT_FOLDS: usize = 10;
/// Encoded inputs of all samples at most.
const MOST_ENTRIES: usize = 1 << 28;
/// Skewness from which on a tail is long.
const SKEWED: f64 = 1.0;

/// Ridges with standardised inputs and with bins, the most useful first; smaller ones for more samples.
const RIDGES: [[f64; 2]; 3] = [[1e-2, 2e-2], [1e-3, 3e-3], [5e-2, 1e-1]];
/// Samples up to which the ridges are these, and the exponent by which they fall beyond: on tables of 5,000 samples the smallest were
/// chosen nearly alone, on those of 700 all alike, and 60,000 images did best with 3e-4.
const RIDGES_FOR: f64 = 700.0;
const RIDGE_EXPONENT: f64 = 0.7;

/// By what the ridges are multiplied for n samples: a power of a half.
#[allow(clippy::cast_precision_loss, reason = "a number of samples")]
fn ridge_factor(n: usize) -> f64 {
    let halvings = RIDGE_EXPONENT * (n as f64 / RIDGES_FOR).log2();
    (-halvings.round().max(0.0)).exp2()
}

/// The candidates in the order in which they are tried.
fn all(effort: Effort, data: Data) -> Vec<Candidate> {
    let epochs = match StochasticParams::default_epochs(data.n_samples) {
        few if few < FEW_EPOCHS => 1.0,
        _ => SHARE_OF_EPOCHS,
    };
    let factor = ridge_factor(data.n_samples);
    let of = |inputs, at: usize| {
        RIDGES.iter().map(move |line| Candidate {
            epochs,
            ..Candidate::new(inputs, factor * line[at])
        })
    };
    let pairs = of(Inputs::Standard, 0).zip(of(Inputs::Bins, 1));
    let mut found: Vec<Candidate> = pairs.flat_map(<[Candidate; 2]>::from).collect();
    if data.is_values {
        // Outliers draw a fit of values away, one of classes hardly.
        let clipped: Vec<Candidate> = of(Inputs::Clipped, 0).take(CLIPPED).collect();
        found.splice(2..2, clipped);
    }
    if effort == Effort::Best {
        let usual = found.clone();
        let tried = if data.is_values { CLIPPED } else { 0 };
        found.extend(of(Inputs::Clipped, 0).skip(tried));
        for (hidden, epochs) in BEST_FORMS {
            let form = |candidate: &Candidate| Candidate {
                hidden: hidden.to_vec(),
                epochs,
                ..candidate.clone()
            };
            found.extend(usual.iter().map(form));
        }
    }
    if data.is_skewed {
        let both = |plain: Candidate| {
            let logarithm = Candidate {
                logarithm: true,
                ..plain.clone()
            };
            [logarithm, plain]
        };
        found = found.into_iter().flat_map(both).collect();
    }
    found
}

/// Candidates with clipped inputs, where values are learnt.
const CLIPPED: usize = 2;
/// Epochs of a candidate, of those of a single network: on folds of small tables a half was as good as all of them.
const SHARE_OF_EPOCHS: f64 = 0.5;
/// Fewer epochs than these, as large tables have, are all done.
const FEW_EPOCHS: usize = 20;
/// Hidden layers and epochs that the best effort tries too.
const BEST_FORMS: [(&[usize], f64); 3] = [(&[256, 256], 0.5), (&[32], 1.0), (&[100, 100], 2.0)];

impl Plan {
    #[allow(clippy::cast_precision_loss, reason = "a number of folds")]
    pub(super) fn new(effort: Effort, data: Data, width: impl Fn(Inputs) -> usize) -> Self {
        let n = data.n_samples;
        let cost = |candidate: &Candidate, n: usize| {
            operations(candidate, data, n, width(candidate.inputs))
        };
        let single = cost(&Candidate::new(Inputs::Standard, RIDGES[0][0]), n);
        let factor = if effort == Effort::Best { BEST } else { 1.0 };
        let budget = factor * (SINGLE_FITS * single).max(ALWAYS);
        let mut all = all(effort, data);
        all.retain(|candidate| {
            candidate.inputs == Inputs::Standard
                || n.saturating_mul(width(candidate.inputs)) <= MOST_ENTRIES
        });
        let within = |held_out: usize, folds: usize| {
            let n_train = n - n / folds.max(1);
            let mut left = budget;
            // A cheaper one may still fit where a dear one does not.
            let mut fits = |candidate: &&Candidate| {
                let cost = held_out as f64 * cost(candidate, n_train);
                let fits = cost <= left;
                left -= if fits { cost } else { 0.0 };
                fits
            };
            let candidates = all.iter().filter(|candidate| fits(candidate)).cloned();
            Self {
                candidates: candidates.collect(),
                folds,
                held_out,
            }
        };
        let usual = within(FOLDS.min(n), FOLDS.min(n));
        if effort == Effort::Best {
            // More folds where there is time for as many candidates on them.
            let more = within(BEST_FOLDS.min(n), BEST_FOLDS.min(n));
            if more.candidates.len() >= usual.candidates.len().min(2 * RIDGES.len()) {
                return more;
            }
        }
        if usual.candidates.len() >= 2 || n < 2 * HOLDOUT_FOLDS {
            return usual;
        }
        let mut one = within(1, HOLDOUT_FOLDS);
        if one.candidates.is_empty() {
            one.candidates.extend(all.into_iter().next());
        }
        one
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
