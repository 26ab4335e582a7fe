//! What a sweep over samples yields, and how shards are added.

use crate::kernels::add_scaled;
use crate::prox::LossSum;
use crate::real::Real;

/// What a sweep yields: numbers that are put together shard by shard.
pub(crate) trait Total: Send + Sized {
    /// Of no sample.
    fn none() -> Self;
    /// Of this shard and the ones after it.
    fn merge(self, later: Self) -> Self;
    /// Shows every number, always in the same order, at most [`MOST_NUMBERS`].
    fn visit(&mut self, see: &mut dyn FnMut(&mut f64));
}

/// Most numbers of a total.
pub(crate) const MOST_NUMBERS: usize = 16;

impl Total for () {
    fn none() {}
    fn merge(self, (): Self) {}
    fn visit(&mut self, _: &mut dyn FnMut(&mut f64)) {}
}

impl Total for f64 {
    fn none() -> Self {
        0.0
    }
    fn merge(self, later: Self) -> Self {
        self + later
    }
    fn visit(&mut self, see: &mut dyn FnMut(&mut f64)) {
        see(self);
    }
}

impl<const M: usize> Total for [f64; M] {
    fn none() -> Self {
        [0.0; M]
    }
    fn merge(self, later: Self) -> Self {
        std::array::from_fn(|i| self[i] + later[i])
    }
    fn visit(&mut self, see: &mut dyn FnMut(&mut f64)) {
        self.iter_mut().for_each(see);
    }
}

impl<A: Total, B: Total> Total for (A, B) {
    fn none() -> Self {
        (A::none(), B::none())
    }
    fn merge(self, later: Self) -> Self {
        (self.0.merge(later.0), self.1.merge(later.1))
    }
    fn visit(&mut self, see: &mut dyn FnMut(&mut f64)) {
        self.0.visit(see);
        self.1.visit(see);
    }
}

/// The largest of some numbers that are not negative; NaN once one of them is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Largest(pub(crate) f64);

impl Total for Largest {
    fn none() -> Self {
        Self::default()
    }
    fn merge(self, later: Self) -> Self {
        // `f64::max` would drop a NaN.
        if later.0 > self.0 || later.0.is_nan() {
            later
        } else {
            self
        }
    }
    fn visit(&mut self, see: &mut dyn FnMut(&mut f64)) {
        see(&mut self.0);
    }
}

/// A number of samples.
impl Total for usize {
    fn none() -> Self {
        0
    }
    fn merge(self, later: Self) -> Self {
        self + later
    }
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of samples"
    )]
    fn visit(&mut self, see: &mut dyn FnMut(&mut f64)) {
        let mut number = *self as f64;
        see(&mut number);
        *self = number as Self;
    }
}

impl Total for LossSum {
    fn none() -> Self {
        Self::default()
    }
    fn merge(self, later: Self) -> Self {
        Self::merge(self, later)
    }
    fn visit(&mut self, see: &mut dyn FnMut(&mut f64)) {
        self.loss.visit(see);
        self.correct.visit(see);
    }
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
