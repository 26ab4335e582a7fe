//! The trait that a block problem implements.

use serde::Serialize;

use crate::{Inertia, StopReason};

/// The change of a block's own objective φ by a candidate, all other blocks fixed.
///
/// The guard takes an increase up to `rounding` for none. An objective of two nearly equal terms has the rounding of those
/// terms and not that of its own value: state it by [`BlockChange::with_rounding`].
///
/// ```
/// use tiam_core::BlockChange;
/// let change = BlockChange::between(2.0, 1.5);
/// assert_eq!((change.increase, change.after()), (-0.5, 1.5));
/// assert!(BlockChange::between(1.0, 1.0 + 2.0 * f64::EPSILON).improves());
/// assert!(!BlockChange::between(0.0, 1e-16).improves());
/// // φ = ‖z − m‖² at z = m = 1, where each entry of m is rounded.
/// assert!(BlockChange::between(0.0, 1e-32).with_rounding(f64::EPSILON.powi(2)).improves());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlockChange {
    /// φ(uᵏ), at the current value.
    pub before: f64,
    /// φ(candidate) − φ(uᵏ).
    pub increase: f64,
    /// The largest increase that may be rounding in the computation of `increase`; 0 or above.
    pub rounding: f64,
}

impl BlockChange {
    /// From the objective at the current value and at the candidate. `rounding` is 64 ε of the larger one: what sums of some
    /// thousand terms of one sign leave in double precision.
    #[must_use]
    pub fn between(before: f64, after: f64) -> Self {
        let rounding = ROUNDING_EPSILONS * f64::EPSILON * before.abs().max(after.abs());
        Self::new(before, after - before).with_rounding(rounding)
    }

    /// From an increase that was computed without the difference of two objectives; `rounding` is 0, so that every increase
    /// counts.
    #[must_use]
    pub fn new(before: f64, increase: f64) -> Self {
        Self {
            before,
            increase,
            rounding: 0.0,
        }
    }

    /// The same with this `rounding`.
    #[must_use]
    pub fn with_rounding(self, rounding: f64) -> Self {
        Self { rounding, ..self }
    }

    /// φ(candidate) = before + increase. It is a finite number only if both are.
    #[must_use]
    pub fn after(&self) -> f64 {
        self.before + self.increase
    }

    /// Whether φ is finite at the candidate and its increase is at most `rounding`. NaN never improves.
    #[must_use]
    pub fn improves(&self) -> bool {
        self.after().is_finite() && self.increase <= self.rounding
    }
}

/// Differences below this many ε × the compared objectives are rounding.
pub(crate) const ROUNDING_EPSILONS: f64 = 64.0;

/// An objective over blocks of variables, each of which can be improved while the others are fixed.
///
/// The problem owns its numbers: per block the current value uᵏ, the previous value uᵏ⁻¹ and a candidate
/// ([`Block`](crate::Block) holds such a triple). The [`Driver`](crate::Driver) owns order, coefficients, guard, stopping
/// and trace, and calls only the methods below. The [crate's first page](crate) has a full example.
pub trait BlockProblem {
    /// The problem's own numbers for each row of the trace (an accuracy, say); `()` if there are none.
    type Measures: Clone + Serialize;

    /// How many blocks there are; they are numbered from 0.
    fn n_blocks(&self) -> usize;

    /// The block's name, for messages.
    fn block_name(&self, block: usize) -> String;

    /// Called before the sweep over the blocks, for example to move a constraint with the iteration; `iteration` is 0 for
    /// the first.
    fn begin_iteration(&mut self, _iteration: usize) {}

    /// Computes a candidate for the block from its current and previous value, without changing either. It may be called
    /// again for the same block (the guard does, with [`Inertia::NONE`]); then the last candidate counts.
    ///
    /// A candidate with an entry that is not finite must show as an `increase` that is not finite.
    fn propose(&mut self, block: usize, inertia: Inertia) -> BlockChange;

    /// Makes the last candidate current, and the current value previous.
    fn accept(&mut self, block: usize);

    /// F at the current values of all blocks.
    fn objective(&mut self) -> f64;

    /// The violation of the constraints that `propose` does not enforce: a finite number, 0 if there are none.
    fn violation(&mut self) -> f64 {
        0.0
    }

    /// The problem's own numbers at the current values.
    fn measures(&mut self) -> Self::Measures;

    /// The name and value of a measure that is not finite, if there is one. Such a measure ends the run; no row holds it.
    fn non_finite(&self, _measures: &Self::Measures) -> Option<(&'static str, f64)> {
        None
    }

    /// A stopping rule of the problem's own, asked after every iteration while none of [`Stopping`](crate::Stopping)'s holds: early
    /// stopping on a validation part, say. A rule that needs only the rows is an observer: [`stop_when`](crate::stop_when).
    fn stop(&self) -> Option<StopReason> {
        None
    }
}

/// Lets a caller keep the problem: `driver.run(&mut problem)`.
impl<P: BlockProblem + ?Sized> BlockProblem for &mut P {
    type Measures = P::Measures;

    fn n_blocks(&self) -> usize {
        (**self).n_blocks()
    }

    fn block_name(&self, block: usize) -> String {
        (**self).block_name(block)
    }

    fn begin_iteration(&mut self, iteration: usize) {
        (**self).begin_iteration(iteration);
    }

    fn propose(&mut self, block: usize, inertia: Inertia) -> BlockChange {
        (**self).propose(block, inertia)
    }

    fn accept(&mut self, block: usize) {
        (**self).accept(block);
    }

    fn objective(&mut self) -> f64 {
        (**self).objective()
    }

    fn violation(&mut self) -> f64 {
        (**self).violation()
    }

    fn measures(&mut self) -> Self::Measures {
        (**self).measures()
    }

    fn non_finite(&self, measures: &Self::Measures) -> Option<(&'static str, f64)> {
        (**self).non_finite(measures)
    }

    fn stop(&self) -> Option<StopReason> {
        (**self).stop()
    }
}
