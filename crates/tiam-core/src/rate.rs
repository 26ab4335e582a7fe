//! Rate estimation: linear and sublinear laws fitted to the gap above the limit.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::check;
use crate::problem::ROUNDING_EPSILONS;
use crate::regress::{Line, fit_line};
use crate::student;
use crate::{CoreError, Trace, TraceRow};

/// The limit F* of the objective.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// The value is known. A wrong value distorts the tail of the log gap.
    Known(f64),
    /// The limit is fitted together with the rate, for each law separately.
    Estimated,
}

/// A law of decay of the gap F_k − F*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecayLaw {
    /// F_k − F* = C qᵏ.
    Linear,
    /// F_k − F* = C k⁻ᵖ.
    Sublinear,
}

/// One law fitted to the logarithm of the gap by least squares.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateFit {
    /// The law.
    pub law: DecayLaw,
    /// q of the linear law (per iteration), or p of the sublinear one.
    pub rate: f64,
    /// Standard error of `rate`, an estimated limit's uncertainty included. It takes the residuals as independent;
    /// ripples of inertia make neighbours alike, and then it is too small.
    pub std_error: f64,
    /// 95 % confidence interval of `rate` (Student's t), lower end first; the same caution holds.
    pub interval: [f64; 2],
    /// Share of the variance of the log gap that the law explains, 1 at best.
    pub r_squared: f64,
    /// C.
    pub constant: f64,
    /// F*, known or estimated.
    pub limit: f64,
    /// Log-likelihood of the objectives under the law with normal residuals of the log gap, up to a constant that the two
    /// laws share. It compares them even when their limits differ, which R² does not.
    pub log_likelihood: f64,
    /// Points fitted.
    pub n_points: usize,
}

impl RateFit {
    /// The gap F_k − F* that the law predicts after `k` iterations (k ≥ 1).
    #[must_use]
    pub fn gap(&self, k: f64) -> f64 {
        self.constant
            * match self.law {
                DecayLaw::Linear => self.rate.powf(k),
                DecayLaw::Sublinear => k.powf(-self.rate),
            }
    }
}

impl fmt::Display for RateFit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (law, letter) = match self.law {
            DecayLaw::Linear => ("linear C q^k", 'q'),
            DecayLaw::Sublinear => ("sublinear C k^-p", 'p'),
        };
        let Self {
            rate,
            interval: [low, high],
            r_squared,
            n_points,
            ..
        } = self;
        write!(
            f,
            "{law}: {letter} = {rate:.6} (95 % {low:.6} to {high:.6}), R² = {r_squared:.6}, {n_points} points"
        )
    }
}

/// Both laws fitted to the same points.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateReport {
    /// F_k − F* = C qᵏ.
    pub linear: RateFit,
    /// F_k − F* = C k⁻ᵖ.
    pub sublinear: RateFit,
}

impl RateReport {
    /// The law with the larger likelihood.
    #[must_use]
    pub fn better(&self) -> &RateFit {
        if self.linear.log_likelihood >= self.sublinear.log_likelihood {
            &self.linear
        } else {
            &self.sublinear
        }
    }
}

/// Minimum number of points for a fit.
pub const MIN_RATE_POINTS: usize = 8;

/// The limit is sought down to this many times the objective's whole fall below its smallest value.
const FARTHEST_LIMIT: f64 = 1e4;
/// Trial limits, spaced evenly in the logarithm, before refinement.
const N_TRIAL_LIMITS: usize = 400;
/// Golden-section steps of the refinement; 0.618⁸⁰ < 1e-16.
const N_REFINEMENTS: usize = 80;

/// Fits both laws to `objectives[i]` = F after iteration `first_iteration + i` (ours).
///
/// ln(F_k − F*) is regressed on k (linear law) and on ln k (sublinear law) with equal weights. Iteration 0 is left out,
/// since ln 0 is not a number, and so is everything from the first point on whose gap is within rounding of the limit. An
/// unknown limit is the one of largest likelihood: it minimises (n/2) ln RSS + Σ ln(F_k − F*), the second term being what
/// makes residuals of different limits comparable. Inertial traces ripple and begin with a transient: leave the latter out.
///
/// # Errors
/// [`CoreError::Parameter`] for an objective or a limit that is not finite, [`CoreError::TooFewPoints`] below
/// [`MIN_RATE_POINTS`] usable points, [`CoreError::LimitTooHigh`] where that is because the limit is not below the objectives,
/// [`CoreError::NoDecay`] if the last usable one is not below the first.
///
/// ```
/// use tiam_core::{DecayLaw, Limit, fit_rates};
/// let objectives: Vec<f64> = (0..40).map(|k| 2.0 + 5.0 * 0.8f64.powi(k)).collect();
/// let report = fit_rates(0, &objectives, Limit::Estimated)?;
/// assert_eq!(report.better().law, DecayLaw::Linear);
/// assert!((report.linear.rate - 0.8).abs() < 1e-6);
/// assert!((report.linear.limit - 2.0).abs() < 1e-6);
/// # Ok::<(), tiam_core::CoreError>(())
/// ```
pub fn fit_rates(
    first_iteration: usize,
    objectives: &[f64],
    limit: Limit,
) -> Result<RateReport, CoreError> {
    for &objective in objectives {
        check(
            "objective",
            objective,
            objective.is_finite(),
            "a finite number",
        )?;
    }
    if let Limit::Known(limit) = limit {
        check("limit", limit, limit.is_finite(), "a finite number")?;
    }
    let skipped = usize::from(first_iteration == 0).min(objectives.len());
    let first_iteration = first_iteration + usize::from(first_iteration == 0);
    let values = usable(&objectives[skipped..], first_iteration, limit)?;
    let (first, last) = (values[0], values[values.len() - 1]);
    if last >= first {
        return Err(CoreError::NoDecay {
            first_iteration,
            first,
            last_iteration: first_iteration + values.len() - 1,
            last,
        });
    }
    let iterations: Vec<f64> = (0..values.len())
        .map(|i| (first_iteration + i) as f64)
        .collect();
    let logs: Vec<f64> = iterations.iter().map(|k| k.ln()).collect();
    Ok(RateReport {
        linear: fit_law(DecayLaw::Linear, &iterations, values, limit),
        sublinear: fit_law(DecayLaw::Sublinear, &logs, values, limit),
    })
}

impl<M> Trace<M> {
    /// [`fit_rates`] of the rows from iteration `from` on.
    ///
    /// # Errors
    /// As [`fit_rates`], and [`CoreError::FitBeyondTrace`] if the trace ends before `from`.
    pub fn fit_rates(&self, from: usize, limit: Limit) -> Result<RateReport, CoreError> {
        let beyond = |row: &TraceRow<M>| row.iteration < from;
        let skipped = self.rows.iter().take_while(|row| beyond(row)).count();
        let rows = &self.rows[skipped..];
        match (rows.first(), self.rows.last()) {
            (None, Some(last)) => Err(CoreError::FitBeyondTrace {
                from,
                n_rows: self.rows.len(),
                last: last.iteration,
            }),
            (first, _) => {
                let objectives: Vec<f64> = rows.iter().map(|row| row.objective).collect();
                fit_rates(first.map_or(from, |row| row.iteration), &objectives, limit)
            }
        }
    }
}

/// The points whose gap is above rounding, [`MIN_RATE_POINTS`] at least.
fn usable(objectives: &[f64], first_iteration: usize, limit: Limit) -> Result<&[f64], CoreError> {
    let smallest = objectives.iter().copied().fold(f64::INFINITY, f64::min);
    let (bottom, estimated) = match limit {
        Limit::Known(limit) => (limit, false),
        Limit::Estimated => (smallest, true),
    };
    let floor = noise(objectives, bottom);
    let n_above = objectives
        .iter()
        .take_while(|&&objective| objective - bottom > floor)
        .count();
    // With the limit unknown, the smallest value is above it. It is left out only where the trace goes on flat after it.
    let keeps_last = estimated && n_above + 1 == objectives.len();
    let (n_points, needed) = (n_above + usize::from(keeps_last), MIN_RATE_POINTS);
    if n_points >= needed {
        Ok(&objectives[..n_points])
    } else if bottom - smallest > floor {
        Err(CoreError::LimitTooHigh {
            limit: bottom,
            smallest,
            n_points,
            needed,
        })
    } else {
        Err(CoreError::TooFewPoints {
            n_points,
            needed,
            n_objectives: objectives.len(),
            first_iteration,
            limit: bottom,
        })
    }
}

/// Rounding of the objectives.
fn noise(objectives: &[f64], limit: f64) -> f64 {
    let scale = objectives
        .iter()
        .fold(limit.abs(), |most, objective| most.max(objective.abs()));
    (ROUNDING_EPSILONS * f64::EPSILON * scale).max(f64::MIN_POSITIVE)
}

/// Fits one law; `x` is k or ln k.
fn fit_law(law: DecayLaw, x: &[f64], values: &[f64], limit: Limit) -> RateFit {
    let smallest = values.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut gaps = vec![0.0; values.len()];
    let line = match limit {
        Limit::Known(limit) => line_for(x, values, limit, 0.0, &mut gaps),
        Limit::Estimated => {
            let mut badness = |ln_margin: f64| {
                -line_for(x, values, smallest, ln_margin.exp(), &mut gaps).log_likelihood()
            };
            let low = noise(values, smallest).ln();
            let high = (FARTHEST_LIMIT * (largest - smallest)).ln().max(low);
            let ln_margin = minimise(&mut badness, low, high);
            line_for(x, values, smallest, ln_margin.exp(), &mut gaps)
        }
    };
    let estimated = limit == Limit::Estimated;
    let slope_error = line.slope_error(
        x,
        if estimated {
            Some(gaps.as_slice())
        } else {
            None
        },
    );
    let margin = student::quantile_975(values.len() - 2 - usize::from(estimated)) * slope_error;
    let (rate, std_error, interval) = match law {
        DecayLaw::Linear => {
            let rate = line.slope.exp();
            (
                rate,
                rate * slope_error,
                [(line.slope - margin).exp(), (line.slope + margin).exp()],
            )
        }
        DecayLaw::Sublinear => (
            -line.slope,
            slope_error,
            [-line.slope - margin, -line.slope + margin],
        ),
    };
    RateFit {
        law,
        rate,
        std_error,
        interval,
        r_squared: line.r_squared(),
        constant: line.intercept.exp(),
        limit: values[0] - gaps[0],
        log_likelihood: line.log_likelihood(),
        n_points: values.len(),
    }
}

/// The regression of ln(F − (bottom − margin)) on x; fills `gaps`.
fn line_for(x: &[f64], values: &[f64], bottom: f64, margin: f64, gaps: &mut [f64]) -> Line {
    for (gap, &value) in gaps.iter_mut().zip(values) {
        *gap = (value - bottom) + margin;
    }
    fit_line(x, gaps)
}

/// Grid, then golden section around the best grid point.
fn minimise(f: &mut impl FnMut(f64) -> f64, low: f64, high: f64) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let spacing = (high - low) / (N_TRIAL_LIMITS - 1) as f64;
    let (mut best, mut best_value) = (low, f64::INFINITY);
    for i in 0..N_TRIAL_LIMITS {
        let at = low + spacing * i as f64;
        let value = f(at);
        if value < best_value {
            (best, best_value) = (at, value);
        }
    }
    let (mut left, mut right) = ((best - spacing).max(low), (best + spacing).min(high));
    for _ in 0..N_REFINEMENTS {
        let (a, b) = (
            right - GOLDEN * (right - left),
            left + GOLDEN * (right - left),
        );
        if f(a) <= f(b) {
            right = b;
        } else {
            left = a;
        }
    }
    let refined = f64::midpoint(left, right);
    if f(refined) <= best_value {
        refined
    } else {
        best
    }
}
