//! The shards of a batch in several processes: each does its own, and then all have all of them.

use super::pass::{Shard, StochasticBatch};
use super::units::UnitLayout;
use crate::compute::{MAX_SHARDS, Reduction, owner, tree, whole, with_numbers};
use crate::prox::LossSum;
use crate::real::Real;

/// The loss of each shard that this process has done.
pub(super) type Totals = [Option<LossSum>; MAX_SHARDS];

/// What the shards of a batch hold, in all processes.
pub(super) struct Sharing<'a, T: Real> {
    pub(super) reduction: &'a dyn Reduction,
    pub(super) layout: &'a UnitLayout,
    pub(super) batch: StochasticBatch<'a, T>,
    /// Entries of a shard's gradient; 0 where the factors are kept.
    pub(super) n_gradient: usize,
    /// Entries of a shard's sum of the curvature.
    pub(super) n_curvature: usize,
}

impl<T: Real> Sharing<'_, T> {
    /// Fills every shard from the process that has done it; returns the batch's loss.
    pub(super) fn exchange(&self, shards: &mut [Shard<T>], mut totals: Totals) -> LossSum {
        let (n, len) = (shards.len(), self.batch.indices.len());
        for (i, (shard, total)) in shards.iter_mut().zip(&mut totals).enumerate() {
            let root = owner(self.reduction, n, i);
            let mut numbers = total.unwrap_or_default();
            with_numbers(&mut numbers, |numbers| {
                self.reduction.broadcast(root, f64::numbers(numbers));
            });
            *total = Some(numbers);
            for (sum, n_entries) in [
                (&mut shard.gradient, self.n_gradient),
                (&mut shard.curvature, self.n_curvature),
            ] {
                sum.resize(n_entries, T::zero());
                if n_entries > 0 {
                    self.reduction.broadcast(root, T::numbers(sum));
                }
            }
            if self.n_gradient == 0 {
                let indices = &self.batch.indices[len * i / n..len * (i + 1) / n];
                let samples = (self.batch.inputs, indices);
                let from = (self.reduction, root);
                shard.factors.exchange(from, samples, self.layout);
            }
        }
        whole(tree(&mut totals[..n]))
    }
}
