//! The driver, which runs a problem from start to end.

use crate::{BlockProblem, DriverConfig, Failure, Observer, Outcome, Run, Trace};

/// Runs block alternating minimisation with triple inertia.
///
/// One iteration k = 0, 1, ... is: [`begin_iteration`](BlockProblem::begin_iteration); for each block in the order,
/// [`propose`](BlockProblem::propose) with the schedule's coefficients, the guard, [`accept`](BlockProblem::accept); then
/// objective, violation and measures make a row of the trace, which the observers see; then the stopping rules, the observers' last.
///
/// The [crate's first page](crate) has an example.
pub struct Driver<'o, P: BlockProblem> {
    pub(crate) config: DriverConfig,
    pub(crate) observers: Vec<&'o mut dyn Observer<P::Measures>>,
}

impl<'o, P: BlockProblem> Driver<'o, P> {
    /// A driver without observers.
    #[must_use]
    pub fn new(config: DriverConfig) -> Self {
        Self {
            config,
            observers: Vec::new(),
        }
    }

    /// Adds an observer. They are called in the order in which they were added.
    #[must_use]
    pub fn observe(mut self, observer: &'o mut dyn Observer<P::Measures>) -> Self {
        self.observers.push(observer);
        self
    }

    /// Runs until a stopping rule holds.
    ///
    /// # Errors
    /// A [`Failure`] with the last finite iterate: the objective diverged or a candidate, the violation or the start is
    /// not finite, or a user's schedule or order returned something not allowed.
    pub fn run(self, problem: P) -> Result<Outcome<P>, Failure<P>> {
        let mut run = self.start(problem)?;
        // An error ends the loop too; `finish` hands it back together with the problem.
        while run.step().is_ok_and(|flow| flow.is_continue()) {}
        run.finish()
    }

    /// Evaluates the start and returns the run, to be done step by step.
    ///
    /// # Errors
    /// A [`Failure`] if the objective or the violation of the start is not finite.
    pub fn start(self, problem: P) -> Result<Run<'o, P>, Failure<P>> {
        Run::start(self, problem)
    }

    /// Goes on with a run from its trace and the problem as it was after the trace's last row (every block's current
    /// *and* previous value). It does what the run would have done uninterrupted; iterations, restarts, seconds and
    /// patience count on.
    ///
    /// # Errors
    /// A [`Failure`] if the trace has no rows.
    pub fn resume(self, problem: P, trace: Trace<P::Measures>) -> Result<Run<'o, P>, Failure<P>> {
        Run::resume(self, problem, trace)
    }
}
