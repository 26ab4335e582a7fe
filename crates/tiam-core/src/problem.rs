//! The trait that a block problem implements.

use serde::Serialize;

use crate::{Inertia, StopReason};

/// The change of a block's own objective φ by a candidate, all other blocks fixed.
///
/// ```
/// use tiam_core::BlockChange;
/// let change = BlockChange::between(2.0, 1.5);
/// assert_eq!(change.increase, -0.5);
/// assert_eq!(change.after(), 1.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlockChange {
    /// φ(uᵏ), at the current value.
    pub before: f64,
    /// φ(candidate) − φ(uᵏ), as accurately as the problem can compute it: the guard compares it with 0, and the
    /// difference of two nearly equal numbers would restart on rounding alone.
    pub increase: f64,
}

impl BlockChange {
    /// From the objective at the current value and at the candidate.
    #[must_use]
    pub fn between(before: f64, after: f64) -> Self {
        Self {
            before,
            increase: after - before,
        }
    }

    /// φ(candidate) = before + increase. It is a finite number only if both are.
    #[must_use]
    pub fn after(&self) -> f64 {
        self.before + self.increase
    }
}

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
