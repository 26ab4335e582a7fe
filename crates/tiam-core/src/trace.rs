//! The trace: one row for the start and one for each iteration.

use serde::{Deserialize, Serialize};

use crate::Inertia;

/// The figures after one iteration, or at the start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceRow<M> {
    /// Iterations done; 0 is the start.
    pub iteration: usize,
    /// The objective F.
    pub objective: f64,
    /// [`BlockProblem::violation`](crate::BlockProblem::violation).
    pub violation: f64,
    /// Restarts by the guard so far, over all blocks and iterations.
    pub restarts: usize,
    /// |Fₖ − Fₖ₋₁| / max(|Fₖ|, |Fₖ₋₁|), 0 if both are 0; none for the start.
    pub rel_change: Option<f64>,
    /// Wall-clock seconds since the start, observers' time included, over all sessions of a resumed run.
    pub seconds: f64,
    /// The coefficients the iteration began with; none for the start.
    pub inertia: Inertia,
    /// The problem's own numbers.
    pub measures: M,
}

/// All rows of a run; the first is the start, before any iteration.
///
/// All numbers are finite. A JSON file may hold further fields beside the rows; reading ignores them.
///
/// ```
/// use tiam_core::{Inertia, Trace, TraceRow};
/// let start = TraceRow {
///     iteration: 0, objective: 2.0, violation: 0.0, restarts: 0, rel_change: None, seconds: 0.0,
///     inertia: Inertia::NONE, measures: (),
/// };
/// let trace = Trace { rows: vec![start] };
/// let text = serde_json::to_string(&trace)?;
/// assert_eq!(serde_json::from_str::<Trace<()>>(&text)?, trace);
/// assert_eq!(trace.objectives(), [2.0]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trace<M> {
    /// Row i is the state after i iterations.
    pub rows: Vec<TraceRow<M>>,
}

impl<M> Trace<M> {
    /// No rows.
    #[must_use]
    pub fn new() -> Self {
        Self { rows: Vec::new() }
    }

    /// The row of the start.
    #[must_use]
    pub fn first(&self) -> Option<&TraceRow<M>> {
        self.rows.first()
    }

    /// The row of the last iteration.
    #[must_use]
    pub fn last(&self) -> Option<&TraceRow<M>> {
        self.rows.last()
    }

    /// The objective of every row.
    #[must_use]
    pub fn objectives(&self) -> Vec<f64> {
        self.rows.iter().map(|row| row.objective).collect()
    }
}

impl<M> Default for Trace<M> {
    fn default() -> Self {
        Self::new()
    }
}

/// |a − b| / max(|a|, |b|), 0 if both are 0.
pub(crate) fn rel_change(before: f64, after: f64) -> f64 {
    let scale = before.abs().max(after.abs());
    // Divided first, so that two large numbers of unlike sign do not overflow.
    if scale > 0.0 {
        (after / scale - before / scale).abs()
    } else {
        0.0
    }
}
