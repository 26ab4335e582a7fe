//! Observers: they see every row of a run and may end it.

use crate::{CoreError, StopReason, TraceRow};

/// Sees every row as it is recorded, and may end the run; it changes nothing else. For progress bars, logs, rules over
/// measures.
///
/// It serves every problem with the measures `M`. For what needs the problem too, do the run [step by step](crate::Run).
///
/// An observer is no part of a run's state: a resumed run has the observers, and so the rules, that it is resumed with.
pub trait Observer<M> {
    /// The row of the start, or of a resumed run's last iteration.
    fn on_start(&mut self, _row: &TraceRow<M>) {}

    /// The row of the iteration just done.
    fn on_iteration(&mut self, _row: &TraceRow<M>) {}

    /// A stopping rule: a reason ends the run. It is asked once about the row of the start (or of a resumed run's last
    /// iteration) and of each iteration, after all observers have seen the row, and only while no other rule holds.
    /// [`stop_when`] makes such an observer of a closure.
    fn stop(&mut self, _row: &TraceRow<M>) -> Option<StopReason> {
        None
    }

    /// Once, at the end: why the run stopped, or the error it failed with.
    fn on_finish(&mut self, _end: Result<&StopReason, &CoreError>) {}
}

/// An observer made of a closure; see [`each_iteration`].
pub struct EachIteration<F>(F);

/// An observer that calls `f` after every iteration.
///
/// ```
/// use tiam_core::{Block, BlockChange, BlockProblem, Driver, DriverConfig, Inertia, TraceRow, each_iteration};
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
/// let mut watch = each_iteration(|row: &TraceRow<()>| seen.push(row.objective));
/// let outcome = Driver::new(DriverConfig::default()).observe(&mut watch).run(problem)?;
/// assert_eq!(seen.len(), outcome.iterations);
/// # Ok::<(), tiam_core::Failure<Bowl>>(())
/// ```
pub fn each_iteration<M, F: FnMut(&TraceRow<M>)>(f: F) -> EachIteration<F> {
    EachIteration(f)
}

impl<M, F: FnMut(&TraceRow<M>)> Observer<M> for EachIteration<F> {
    fn on_iteration(&mut self, row: &TraceRow<M>) {
        (self.0)(row);
    }
}

/// A stopping rule made of a closure; see [`stop_when`].
pub struct StopWhen<F> {
    words: String,
    rule: F,
}

/// An observer that ends the run with [`StopReason::Custom`] and these words once `rule` holds for a row; the row of the
/// start counts too.
///
/// A rule that counts (a closure may) starts anew in a resumed run.
///
/// ```
/// use tiam_core::{Block, BlockChange, BlockProblem, Driver, DriverConfig, Inertia, TraceRow, stop_when};
/// # struct Bowl(Block<f64>);
/// # impl BlockProblem for Bowl {
/// #     type Measures = f64;
/// #     fn n_blocks(&self) -> usize { 1 }
/// #     fn block_name(&self, _: usize) -> String { "u".into() }
/// #     fn propose(&mut self, _: usize, inertia: Inertia) -> BlockChange {
/// #         self.0.propose_with(inertia, 0.5, |u, g| g[0] = u[0]);
/// #         BlockChange::between(self.0.current()[0].powi(2) / 2.0, self.0.candidate()[0].powi(2) / 2.0)
/// #     }
/// #     fn accept(&mut self, _: usize) { self.0.accept() }
/// #     fn objective(&mut self) -> f64 { self.0.current()[0].powi(2) / 2.0 }
/// #     fn measures(&mut self) -> f64 { self.0.current()[0].abs() }
/// # }
/// # let problem = Bowl(Block::new(vec![1.0]));
/// // The problem's measure is |u|; u is halved, or more than halved, in every iteration.
/// let mut rule = stop_when("|u| below 0.1", |row: &TraceRow<f64>| row.measures < 0.1);
/// let outcome = Driver::new(DriverConfig::default()).observe(&mut rule).run(problem)?;
/// assert_eq!(outcome.reason.to_string(), "|u| below 0.1");
/// assert!(outcome.iterations <= 4);
/// # Ok::<(), tiam_core::Failure<Bowl>>(())
/// ```
pub fn stop_when<M, F: FnMut(&TraceRow<M>) -> bool>(
    words: impl Into<String>,
    rule: F,
) -> StopWhen<F> {
    let words = words.into();
    StopWhen { words, rule }
}

impl<M, F: FnMut(&TraceRow<M>) -> bool> Observer<M> for StopWhen<F> {
    fn stop(&mut self, row: &TraceRow<M>) -> Option<StopReason> {
        (self.rule)(row).then(|| StopReason::Custom(self.words.clone()))
    }
}
