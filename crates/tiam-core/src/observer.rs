//! Observers, which see every row of a run as it is recorded.

use std::marker::PhantomData;

use crate::{BlockProblem, CoreError, StopReason, TraceRow};

/// Sees every row as it is recorded and cannot change the run: for progress bars, logs and checkpoints.
///
/// To stop a run from here, set the flag given to [`Stopping::interrupt`](crate::Stopping::interrupt).
pub trait Observer<P: BlockProblem> {
    /// The row of the start, or of a resumed run's last iteration.
    fn on_start(&mut self, _row: &TraceRow<P::Measures>, _problem: &P) {}

    /// The row of the iteration just done.
    fn on_iteration(&mut self, _row: &TraceRow<P::Measures>, _problem: &P) {}

    /// Called once at the end, with the reason why the run stopped or the error that ended it.
    fn on_finish(&mut self, _end: Result<StopReason, &CoreError>, _problem: &P) {}
}

/// An observer made of a closure; see [`each_iteration`].
pub struct EachIteration<P, F> {
    f: F,
    problem: PhantomData<fn(&P)>,
}

/// An observer that calls `f` after every iteration.
///
/// ```
/// use tiam_core::{Block, BlockChange, BlockProblem, Driver, DriverConfig, Inertia, each_iteration};
/// # struct Bowl(Block<f64>);
/// # impl BlockProblem for Bowl {
/// #     type Measures = ();
/// #     fn n_blocks(&self) -> usize { 1 }
/// #     fn block_name(&self, _: usize) -> String { "u".into() }
/// #     fn propose(&mut self, _: usize, inertia: Inertia) -> BlockChange {
/// #         self.0.propose_with(inertia, 0.5, |u, g| g[0] = u[0]);
/// #         BlockChange::between(self.0.current()[0].powi(2) / 2.0, self.0.candidate()[0].powi(2) / 2.0)
/// #     }
/// #     fn accept(&mut self, _: usize) { self.0.accept() }
/// #     fn objective(&mut self) -> f64 { self.0.current()[0].powi(2) / 2.0 }
/// #     fn measures(&mut self) {}
/// # }
/// # let problem = Bowl(Block::new(vec![1.0]));
/// let mut seen = Vec::new();
/// let mut watch = each_iteration(|row, _| seen.push(row.objective));
/// let outcome = Driver::new(DriverConfig::default()).observe(&mut watch).run(problem)?;
/// assert_eq!(seen.len(), outcome.iterations);
/// # Ok::<(), tiam_core::Failure<Bowl>>(())
/// ```
pub fn each_iteration<P, F>(f: F) -> EachIteration<P, F>
where
    P: BlockProblem,
    F: FnMut(&TraceRow<P::Measures>, &P),
{
    EachIteration {
        f,
        problem: PhantomData,
    }
}

impl<P, F> Observer<P> for EachIteration<P, F>
where
    P: BlockProblem,
    F: FnMut(&TraceRow<P::Measures>, &P),
{
    fn on_iteration(&mut self, row: &TraceRow<P::Measures>, problem: &P) {
        (self.f)(row, problem);
    }
}
