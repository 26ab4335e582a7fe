//! The crate's error type.

use crate::Inertia;

/// The errors of this crate. Reaching a limit is not an error: see [`StopReason`](crate::StopReason).
///
/// ```
/// use tiam_core::{CoreError, Inertia};
/// let error = Inertia::new(1.5, 0.0, 0.0).unwrap_err();
/// assert_eq!(error.to_string(), "start is 1.5, allowed is a number in [0, 1]");
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CoreError {
    /// A parameter is outside its range; NaN is outside every range.
    #[error("{name} is {value}, allowed is {allowed}")]
    Parameter {
        /// The parameter, as its field is called.
        name: &'static str,
        /// The value given.
        value: f64,
        /// The allowed range in words.
        allowed: &'static str,
    },
    /// No schedule has this name.
    #[error("no schedule is called {name:?}; there are constant, nesterov and fista")]
    UnknownSchedule {
        /// The name given.
        name: String,
    },
    /// A user's schedule returned coefficients outside [0, 1].
    #[error(
        "the schedule returned {inertia:?} for iteration {iteration}, allowed are numbers in [0, 1]"
    )]
    Schedule {
        /// The iteration about to be done; the first is 1.
        iteration: usize,
        /// What the schedule returned.
        inertia: Inertia,
    },
    /// A user's order named a block the problem does not have.
    #[error("the order names block {block} in iteration {iteration}, the problem has {n_blocks}")]
    Order {
        /// The iteration about to be done; the first is 1.
        iteration: usize,
        /// The index named.
        block: usize,
        /// Blocks there are.
        n_blocks: usize,
    },
    /// The start's objective, violation or a measure is not a finite number.
    #[error("the {quantity} of the start is {value}")]
    NonFiniteStart {
        /// "objective", "violation", or a measure's name.
        quantity: &'static str,
        /// Its value.
        value: f64,
    },
    /// A block's candidate has an objective that is not finite, without inertia or with the guard off. It was not
    /// accepted.
    #[error(
        "block {block} has no finite candidate in iteration {iteration}: its objective would change by {increase}"
    )]
    NonFinite {
        /// The block's name.
        block: String,
        /// The iteration; the first is 1.
        iteration: usize,
        /// The change of the block's objective.
        increase: f64,
    },
    /// The constraint violation stopped being a finite number.
    #[error("the violation after iteration {iteration} is {violation}; block {block} rose most")]
    NonFiniteViolation {
        /// The block whose own objective rose most in this iteration, or fell least.
        block: String,
        /// The iteration; the first is 1.
        iteration: usize,
        /// The violation.
        violation: f64,
    },
    /// A measure of the problem's own stopped being a finite number.
    #[error("the {measure} after iteration {iteration} is {value}; block {block} rose most")]
    NonFiniteMeasure {
        /// The block whose own objective rose most in this iteration, or fell least.
        block: String,
        /// The iteration; the first is 1.
        iteration: usize,
        /// The measure.
        measure: &'static str,
        /// Its value.
        value: f64,
    },
    /// The objective is not finite, or exceeds the divergence factor times max(|F₀|, 1).
    #[error(
        "diverged in iteration {iteration}: the objective is {objective}, it started at {start}; block {block} rose most"
    )]
    Diverged {
        /// The block whose own objective rose most in this iteration, or fell least.
        block: String,
        /// The iteration; the first is 1.
        iteration: usize,
        /// The objective after it.
        objective: f64,
        /// The objective F₀ of the start.
        start: f64,
    },
    /// A run cannot go on from a trace without rows.
    #[error("a trace without rows cannot be resumed")]
    EmptyTrace,
    /// A rate fit begins after the end of the trace.
    #[error(
        "the rate fit begins at iteration {from}; the trace has {n_rows} rows and ends with iteration {last}"
    )]
    FitBeyondTrace {
        /// The iteration that the fit was to begin at.
        from: usize,
        /// Rows of the trace.
        n_rows: usize,
        /// Iteration of the last row.
        last: usize,
    },
    /// Too few objectives lie above the limit, by more than rounding, to fit a rate.
    #[error(
        "a rate fit needs {needed} points, there are {n_points}: of {n_objectives} objectives from iteration \
         {first_iteration} on, the first {n_points} are above the limit {limit} by more than rounding"
    )]
    TooFewPoints {
        /// Usable points.
        n_points: usize,
        /// Points needed.
        needed: usize,
        /// Objectives from `first_iteration` on.
        n_objectives: usize,
        /// The first iteration that can be fitted.
        first_iteration: usize,
        /// The limit; the smallest objective if it is estimated.
        limit: f64,
    },
    /// The limit given for a rate fit is not below the objectives, so that too few of them have a gap.
    #[error(
        "the limit {limit} is above the objective, which reaches {smallest}: a rate fit needs {needed} points above \
         the limit, before the first that is not there are {n_points}"
    )]
    LimitTooHigh {
        /// The limit given.
        limit: f64,
        /// The smallest objective.
        smallest: f64,
        /// Usable points.
        n_points: usize,
        /// Points needed.
        needed: usize,
    },
    /// The objective does not decay, so it has no rate.
    #[error(
        "the objective does not decay: it is {first} after iteration {first_iteration} and {last} after iteration {last_iteration}"
    )]
    NoDecay {
        /// The first iteration fitted.
        first_iteration: usize,
        /// Its objective.
        first: f64,
        /// The last iteration fitted.
        last_iteration: usize,
        /// Its objective.
        last: f64,
    },
}

/// `Ok` where `value` is a number in [0, 1].
pub(crate) fn check_unit(name: &'static str, value: f64) -> Result<(), CoreError> {
    check(
        name,
        value,
        (0.0..=1.0).contains(&value),
        "a number in [0, 1]",
    )
}

/// `Ok` where `allowed` holds.
pub(crate) fn check(
    name: &'static str,
    value: f64,
    holds: bool,
    allowed: &'static str,
) -> Result<(), CoreError> {
    if holds {
        Ok(())
    } else {
        Err(CoreError::Parameter {
            name,
            value,
            allowed,
        })
    }
}
