//! The rules that end a run, and the reasons why it ended.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::check;
use crate::{CoreError, Trace};

/// Why a run stopped. None of these is an error.
///
/// As JSON a fixed reason is its name in snake case, and a rule of the user's own is an object with its words.
///
/// ```
/// use tiam_core::StopReason;
/// let own = StopReason::Custom("loss below 0.1".into());
/// assert_eq!(own.to_string(), "loss below 0.1");
/// assert_eq!(serde_json::to_string(&own)?, r#"{"custom":"loss below 0.1"}"#);
/// assert_eq!(serde_json::to_string(&StopReason::TimeLimit)?, r#""time_limit""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StopReason {
    /// The objective reached [`Stopping::target_objective`].
    TargetObjective,
    /// The objective changed by at most [`Stopping::rel_change`], [`Stopping::patience`] iterations in a row.
    RelChange,
    /// The flag of [`Stopping::interrupt`] was set.
    Interrupted,
    /// [`Stopping::time_limit`] passed.
    TimeLimit,
    /// [`Stopping::max_iterations`] were done.
    MaxIterations,
    /// The problem's own rule held ([`BlockProblem::stop`](crate::BlockProblem::stop)): its watched measure no longer improves.
    NoImprovement,
    /// The caller finished a step-by-step run before any rule held.
    Caller,
    /// A rule of the user's own, in its own words: see [`stop_when`](crate::stop_when).
    Custom(String),
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TargetObjective => "target objective reached",
            Self::RelChange => "objective no longer changes",
            Self::Interrupted => "interrupted",
            Self::TimeLimit => "time limit reached",
            Self::MaxIterations => "iteration limit reached",
            Self::NoImprovement => "no longer improves on the validation part",
            Self::Caller => "finished by the caller",
            Self::Custom(words) => words,
        })
    }
}

/// The rules that end a run. They are checked at the start and after every iteration, in the order of the table; the first
/// that holds is the reason. When none holds, [`BlockProblem::stop`](crate::BlockProblem::stop) is asked, then
/// [`Observer::stop`](crate::Observer::stop).
///
/// | name | default | range | holds when | source |
/// |---|---|---|---|---|
/// | `target_objective` | none | finite | F ≤ `target_objective` | ours |
/// | `rel_change`, `patience` | none, 1 | finite and ≥ 0, ≥ 1 | the relative change of F is ≤ `rel_change`, `patience` iterations in a row | ours |
/// | `interrupt` | none | | the flag is set; the iteration under way is finished | ours |
/// | `time_limit` | none | | this time has passed, over all sessions of a resumed run | ours |
/// | `max_iterations` | 100 | | this many iterations are done, over all sessions | ours |
/// | `max_violation` | none | ≥ 0 | not a rule of its own: the first two rules hold only while the violation is ≤ `max_violation` | ours |
///
/// ```
/// use tiam_core::Stopping;
/// let stopping = Stopping::default().max_iterations(500).rel_change(1e-9).patience(3);
/// assert_eq!(stopping.max_iterations, 500);
/// assert!(stopping.check().is_ok());
/// assert!(Stopping::default().rel_change(f64::NAN).check().is_err());
/// ```
#[derive(Clone, Debug)]
pub struct Stopping {
    /// Maximum number of iterations.
    pub max_iterations: usize,
    /// Objective at or below which the run stops.
    pub target_objective: Option<f64>,
    /// Relative change of the objective at or below which it counts as unchanged.
    pub rel_change: Option<f64>,
    /// Number of unchanged iterations in a row that ends the run.
    pub patience: usize,
    /// Largest violation at which target and relative change are tested.
    pub max_violation: Option<f64>,
    /// Maximum wall-clock time.
    pub time_limit: Option<Duration>,
    /// Flag that another thread or a signal handler sets to end the run.
    pub interrupt: Option<Arc<AtomicBool>>,
}

impl Default for Stopping {
    fn default() -> Self {
        Self {
            max_iterations: Self::MAX_ITERATIONS,
            target_objective: None,
            rel_change: None,
            patience: 1,
            max_violation: None,
            time_limit: None,
            interrupt: None,
        }
    }
}

impl Stopping {
    /// The default of `max_iterations`.
    pub const MAX_ITERATIONS: usize = 100;

    /// Sets the maximum number of iterations; 0 evaluates the start only.
    #[must_use]
    pub fn max_iterations(mut self, n: usize) -> Self {
        self.max_iterations = n;
        self
    }

    /// Sets the objective at which to stop.
    #[must_use]
    pub fn target_objective(mut self, objective: f64) -> Self {
        self.target_objective = Some(objective);
        self
    }

    /// Sets the relative change at or below which to stop.
    #[must_use]
    pub fn rel_change(mut self, tolerance: f64) -> Self {
        self.rel_change = Some(tolerance);
        self
    }

    /// Sets the number of unchanged iterations in a row that ends the run.
    #[must_use]
    pub fn patience(mut self, n: usize) -> Self {
        self.patience = n;
        self
    }

    /// Sets the largest violation at which target and relative change are tested.
    #[must_use]
    pub fn max_violation(mut self, violation: f64) -> Self {
        self.max_violation = Some(violation);
        self
    }

    /// Sets the maximum wall-clock time.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// Sets the flag that ends the run between two iterations.
    #[must_use]
    pub fn interrupt(mut self, flag: Arc<AtomicBool>) -> Self {
        self.interrupt = Some(flag);
        self
    }

    /// Checks the ranges of the table.
    ///
    /// # Errors
    /// [`CoreError::Parameter`] with the first value outside its range.
    pub fn check(&self) -> Result<(), CoreError> {
        type Range = fn(f64) -> bool;
        let patience = Some(self.patience as f64);
        let rules: [(_, _, Range, _); 4] = [
            (
                "target_objective",
                self.target_objective,
                f64::is_finite,
                "a finite number",
            ),
            (
                "rel_change",
                self.rel_change,
                |x| x.is_finite() && x >= 0.0,
                "a finite number >= 0",
            ),
            ("patience", patience, |x| x >= 1.0, "an integer >= 1"),
            (
                "max_violation",
                self.max_violation,
                |x| x >= 0.0,
                "a number >= 0",
            ),
        ];
        for (name, value, range, allowed) in rules {
            if let Some(value) = value {
                check(name, value, range(value), allowed)?;
            }
        }
        Ok(())
    }

    /// Whether the interrupt flag is set.
    pub(crate) fn interrupted(&self) -> bool {
        self.interrupt
            .as_ref()
            .is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    /// The first rule that holds for the trace's last row.
    pub(crate) fn reason<M>(&self, trace: &Trace<M>) -> Option<StopReason> {
        let row = trace.last()?;
        let feasible = self.max_violation.is_none_or(|max| row.violation <= max);
        let reached = |target| row.objective <= target;
        let unchanged = |tolerance| self.is_unchanged(trace, tolerance);
        let passed = |limit: Duration| row.seconds >= limit.as_secs_f64();
        let rules = [
            (
                feasible && self.target_objective.is_some_and(reached),
                StopReason::TargetObjective,
            ),
            (
                feasible && self.rel_change.is_some_and(unchanged),
                StopReason::RelChange,
            ),
            (self.interrupted(), StopReason::Interrupted),
            (self.time_limit.is_some_and(passed), StopReason::TimeLimit),
            (
                row.iteration >= self.max_iterations,
                StopReason::MaxIterations,
            ),
        ];
        rules
            .into_iter()
            .find(|(holds, _)| *holds)
            .map(|(_, reason)| reason)
    }

    /// Whether the last `patience` rows changed by at most `tolerance` each. The trace alone decides, so a resumed run agrees.
    fn is_unchanged<M>(&self, trace: &Trace<M>, tolerance: f64) -> bool {
        let mut rows = trace.rows.iter().rev();
        rows.by_ref()
            .take(self.patience)
            .filter(|row| row.rel_change.is_some_and(|change| change <= tolerance))
            .count()
            == self.patience
    }
}
