//! What a sweep over samples yields, how shards are added, and how the processes of a distributed run add theirs.

use std::fmt::Debug;

use crate::kernels::add_scaled;
use crate::prox::LossSum;
use crate::real::Real;

/// The other processes of a run whose samples are shared out: what a distributed backend implements.
///
/// Every process holds all parameters and some of the samples. A step sums over its own samples as it does alone and hands
/// the sums over here; everything else is computed by every process from equal numbers, so that the parameters stay equal. Each
/// method is called by all processes in the same order, and must leave the same bits in all of them.
/// [`Compute::with_reduction`](crate::Compute::with_reduction) puts one in place; without one there is a single process.
pub trait Reduction<T>: Debug + Send + Sync {
    /// The number of this process, from 0.
    fn rank(&self) -> usize;

    /// How many processes there are.
    fn size(&self) -> usize;

    /// Every entry of `buffers` and of `numbers` ← its sum over the processes. Either may be empty.
    fn sum(&self, buffers: &mut [&mut [T]], numbers: &mut [f64]);

    /// Every number ← the largest of the processes' ones; NaN where any is NaN.
    fn largest(&self, numbers: &mut [f64]);

    /// Every entry ← that of process `root`.
    fn broadcast(&self, root: usize, buffer: &mut [T]);
}

/// How a number of a total is put together from those of the processes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Sum,
    Largest,
}

/// What a sweep yields: numbers that are put together shard by shard.
pub(crate) trait Total: Send + Sized {
    /// Of this shard and the ones after it.
    fn merge(self, later: Self) -> Self;
    /// Shows every number, always in the same order.
    fn visit(&mut self, see: &mut dyn FnMut(Kind, &mut f64));
}

impl Total for () {
    fn merge(self, (): Self) {}
    fn visit(&mut self, _: &mut dyn FnMut(Kind, &mut f64)) {}
}

impl Total for f64 {
    fn merge(self, later: Self) -> Self {
        self + later
    }
    fn visit(&mut self, see: &mut dyn FnMut(Kind, &mut f64)) {
        see(Kind::Sum, self);
    }
}

impl<const M: usize> Total for [f64; M] {
    fn merge(self, later: Self) -> Self {
        std::array::from_fn(|i| self[i] + later[i])
    }
    fn visit(&mut self, see: &mut dyn FnMut(Kind, &mut f64)) {
        self.iter_mut().for_each(|x| see(Kind::Sum, x));
    }
}

impl<A: Total, B: Total> Total for (A, B) {
    fn merge(self, later: Self) -> Self {
        (self.0.merge(later.0), self.1.merge(later.1))
    }
    fn visit(&mut self, see: &mut dyn FnMut(Kind, &mut f64)) {
        self.0.visit(see);
        self.1.visit(see);
    }
}

/// The largest of some numbers that are not negative; NaN once one of them is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Largest(pub(crate) f64);

impl Total for Largest {
    fn merge(self, later: Self) -> Self {
        // `f64::max` would drop a NaN.
        if later.0 > self.0 || later.0.is_nan() {
            later
        } else {
            self
        }
    }
    fn visit(&mut self, see: &mut dyn FnMut(Kind, &mut f64)) {
        see(Kind::Largest, &mut self.0);
    }
}

/// A number of samples.
impl Total for usize {
    fn merge(self, later: Self) -> Self {
        self + later
    }
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of samples"
    )]
    fn visit(&mut self, see: &mut dyn FnMut(Kind, &mut f64)) {
        let mut number = *self as f64;
        see(Kind::Sum, &mut number);
        *self = number as Self;
    }
}

impl Total for LossSum {
    fn merge(self, later: Self) -> Self {
        Self::merge(self, later)
    }
    fn visit(&mut self, see: &mut dyn FnMut(Kind, &mut f64)) {
        self.loss.visit(see);
        self.correct.visit(see);
    }
}

/// Most numbers of a total.
const MOST_NUMBERS: usize = 16;

/// Puts the processes' totals, and their sums, together.
pub(crate) fn over_processes<T, R: Total>(
    reduction: &dyn Reduction<T>,
    total: &mut R,
    sums: &mut [&mut [T]],
) {
    let mut numbers = [(); 2].map(|()| ([0.0; MOST_NUMBERS], 0));
    total.visit(&mut |kind, x| {
        let (values, n) = &mut numbers[kind as usize];
        values[*n] = *x;
        *n += 1;
    });
    let [(sum, n_sums), (largest, n_largest)] = &mut numbers;
    if *n_sums > 0 || !sums.is_empty() {
        reduction.sum(sums, &mut sum[..*n_sums]);
    }
    if *n_largest > 0 {
        reduction.largest(&mut largest[..*n_largest]);
    }
    let mut at = [0; 2];
    total.visit(&mut |kind, x| {
        *x = numbers[kind as usize].0[at[kind as usize]];
        at[kind as usize] += 1;
    });
}

/// The shards' totals, put together by the tree that halves their range.
pub(crate) fn tree<R: Total>(shards: &mut [Option<R>]) -> Option<R> {
    if let [shard] = shards {
        return shard.take();
    }
    let (left, right) = shards.split_at_mut(shards.len() / 2);
    Some(tree(left)?.merge(tree(right)?))
}

/// Entries added at a time, so that they stay in the first-level cache on their way up the tree.
const STRIP: usize = 1024;

/// The first `len` entries of the first shard's sum ← those of the sum of all, by the same tree as [`tree`]'s.
pub(crate) fn add_up<T: Real>(shards: &mut [Vec<T>], len: usize) {
    for start in (0..len).step_by(STRIP) {
        add_up_strip(shards, start, len.min(start + STRIP));
    }
}

fn add_up_strip<T: Real>(shards: &mut [Vec<T>], start: usize, end: usize) {
    if shards.len() < 2 {
        return;
    }
    let (left, right) = shards.split_at_mut(shards.len() / 2);
    add_up_strip(left, start, end);
    add_up_strip(right, start, end);
    add_scaled(&mut left[0][start..end], &right[0][start..end], T::one());
}
