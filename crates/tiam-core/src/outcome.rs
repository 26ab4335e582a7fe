//! The result of a run: an outcome, or a failure with the last finite iterate.

use std::error::Error;
use std::fmt;

use crate::{BlockProblem, CoreError, StopReason, Trace};

/// A run that stopped.
pub struct Outcome<P: BlockProblem> {
    /// Why it stopped.
    pub reason: StopReason,
    /// The problem at its last iterate, which is finite.
    pub problem: P,
    /// One row for the start and one for each iteration.
    pub trace: Trace<P::Measures>,
    /// Iterations done.
    pub iterations: usize,
    /// Restarts by the guard.
    pub restarts: usize,
    /// Wall-clock seconds, of all sessions.
    pub seconds: f64,
}

impl<P: BlockProblem> fmt::Debug for Outcome<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("reason", &self.reason)
            .field("iterations", &self.iterations)
            .field("restarts", &self.restarts)
            .field("seconds", &self.seconds)
            .finish_non_exhaustive()
    }
}

/// A run that failed. It implements [`Error`] for every `P`, and it is as large as `P`: pass `&mut P` to the driver where size matters.
pub struct Failure<P: BlockProblem> {
    /// What went wrong.
    pub error: CoreError,
    /// The problem at its last finite iterate: a candidate that is not finite is never accepted.
    pub problem: P,
    /// The rows recorded; all their numbers are finite.
    pub trace: Trace<P::Measures>,
}

impl<P: BlockProblem> fmt::Debug for Failure<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("error", &self.error)
            .field("rows", &self.trace.rows.len())
            .finish_non_exhaustive()
    }
}

impl<P: BlockProblem> fmt::Display for Failure<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<P: BlockProblem> Error for Failure<P> {}
