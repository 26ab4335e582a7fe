//! The encodings of inputs that a search tries, fitted on training data.

use serde::{Deserialize, Serialize};
use tiam_linalg::Matrix;
use tiam_models::{AffineScaling, InputEncoding};

use crate::error::Result;
use crate::scalar::Scalar;

/// An encoding of the inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inputs {
    /// Mean 0, deviation 1.
    Standard,
    /// Median 0, a scale from the quartiles, clipped smoothly (RealMLP, arXiv:2407.04491).
    Clipped,
    /// Standardised, with the place among 16 quantile bins beside it (arXiv:2203.05556).
    Bins,
}

tiam_models::names!(Inputs, "inputs": Standard = "standard", Clipped = "clipped", Bins = "bins");

/// Quantile bins of a feature.
const N_BINS: usize = 16;
/// Samples at most, evenly spread, that quantiles are taken from.
const MOST_SAMPLES: usize = 20_000;

impl Inputs {
    /// Fitted on features (features x N).
    pub(super) fn fit<T: Scalar>(self, features: &Matrix<T>) -> Result<InputEncoding> {
        let (mut offset, mut scale, mut knots) = (Vec::new(), Vec::new(), Vec::new());
        for feature in 0..features.n_rows() {
            let column = sorted(features, feature);
            let (mean, deviation) = mean_and_deviation(&column);
            match self {
                Self::Clipped => {
                    offset.push(quantile(&column, 0.5));
                    scale.push(robust_scale(&column));
                }
                _ => {
                    offset.push(mean);
                    scale.push(deviation);
                }
            }
            let of_feature = match self {
                Self::Bins => bins(&column),
                _ => Vec::new(),
            };
            for pair in of_feature.windows(2) {
                let place = |x: &f64| ((x - pair[0]) / (pair[1] - pair[0])).clamp(0.0, 1.0);
                let places: Vec<f64> = column.iter().map(place).collect();
                let (mean, deviation) = mean_and_deviation(&places);
                offset.push(mean);
                scale.push(deviation);
            }
            knots.push(of_feature);
        }
        let scaling = AffineScaling::new(offset, scale)?;
        Ok(InputEncoding::new(scaling, knots, self == Self::Clipped)?)
    }
}

/// A feature's values in order, of some samples where there are many.
fn sorted<T: Scalar>(features: &Matrix<T>, feature: usize) -> Vec<f64> {
    let (n, step) = (features.n_cols(), features.n_cols().div_ceil(MOST_SAMPLES));
    let value = |j: usize| tiam_core::Scalar::to_f64(features[(feature, j)]);
    let mut column: Vec<f64> = (0..n).step_by(step.max(1)).map(value).collect();
    column.sort_by(f64::total_cmp);
    column
}

#[allow(clippy::cast_precision_loss, reason = "a number of samples")]
pub(super) fn mean_and_deviation(column: &[f64]) -> (f64, f64) {
    let n = column.len().max(1) as f64;
    let mean = column.iter().sum::<f64>() / n;
    let squares: f64 = column.iter().map(|x| (x - mean) * (x - mean)).sum();
    (mean, positive((squares / n).sqrt()))
}

/// A scale that divides: 1 for none.
fn positive(scale: f64) -> f64 {
    if scale.is_finite() && scale > 0.0 {
        scale
    } else {
        1.0
    }
}

/// Of ascending values, with linear interpolation.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a position among samples"
)]
fn quantile(column: &[f64], share: f64) -> f64 {
    let Some(last) = column.len().checked_sub(1) else {
        return 0.0;
    };
    let at = share * last as f64;
    let low = (at.floor() as usize).min(last);
    let (below, above) = (column[low], column[(low + 1).min(last)]);
    below + (at - low as f64) * (above - below)
}

/// The distance of the quartiles; half the range where they coincide.
fn robust_scale(column: &[f64]) -> f64 {
    let between = |low, high| quantile(column, high) - quantile(column, low);
    match between(0.25, 0.75) {
        range if range > 0.0 => positive(range),
        _ => positive(0.5 * between(0.0, 1.0)),
    }
}

/// Knots at the quantiles, or at the values themselves where they are few; none for two values or one.
#[allow(clippy::cast_precision_loss, reason = "a number of bins")]
fn bins(column: &[f64]) -> Vec<f64> {
    let mut values = column.to_vec();
    values.dedup();
    if values.len() > N_BINS + 1 {
        let at = |k: usize| quantile(column, k as f64 / N_BINS as f64);
        values = (0..=N_BINS).map(at).collect();
        values.dedup();
    }
    if values.len() < 3 {
        values.clear();
    }
    values
}
