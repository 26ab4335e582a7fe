//! The processes of one run: who owns which shard, and how they put totals and sums together.

use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use super::reduction::{MOST_NUMBERS, Total, add_up, tree};
use super::{Compute, n_sample_shards};
use crate::kernels::add_scaled;
use crate::matrix::Matrix;
use crate::real::Real;

/// The processes that train one network together: what a way of sending messages implements.
///
/// Every process calls the same steps in the same order. A sweep over samples is cut into shards as in a single process; a process does
/// the shards it owns, and their sums go up the tree by which a single process adds them. So every process has the same bits, and as many
/// processes as there may be have those of one.
/// [`Compute::with_reduction`](crate::Compute::with_reduction) puts one in place.
///
/// A call returns when the numbers are there. Between two processes numbers arrive in the order they were sent. An implementation ends
/// the process, with its cause, when it can do neither.
pub trait Reduction: Debug + Send + Sync {
    /// The number of this process, from 0.
    fn rank(&self) -> usize;

    /// How many processes there are.
    fn size(&self) -> usize;

    /// Sends the numbers to another process, which receives as many.
    fn send(&self, to: usize, numbers: Numbers<'_>);

    /// Every number ← what another process sent.
    fn receive(&self, from: usize, numbers: Numbers<'_>);

    /// Every number ← that of process `root`; called by all.
    fn broadcast(&self, root: usize, numbers: Numbers<'_>);
}

/// Numbers that processes exchange; only receiving changes them.
#[derive(Debug)]
pub enum Numbers<'a> {
    /// In single precision.
    F32(&'a mut [f32]),
    /// In double precision.
    F64(&'a mut [f64]),
    /// Bits of bf16, the upper half of single precision's.
    Bf16(&'a mut [u16]),
}

impl<T: Real> Compute<T> {
    /// The same threads in one of several processes that share out the samples; `None` for a process alone.
    ///
    /// Matrices of samples have columns for all samples in every process. Those of its own shards are worked on; the others hold what was
    /// there, until they are fetched to be saved.
    #[must_use]
    pub fn with_reduction(self, reduction: impl Into<Option<Arc<dyn Reduction>>>) -> Self {
        let reduction = reduction.into();
        Self { reduction, ..self }
    }

    /// Calls `work` with the same threads, in a process that does all shards itself.
    pub fn apart<R>(&mut self, work: impl FnOnce(&mut Self) -> R) -> R {
        let reduction = self.reduction.take();
        let found = work(self);
        self.reduction = reduction;
        found
    }

    /// Fills the columns of all samples from the processes that own them; called by all processes.
    pub(crate) fn gather(&self, samples: &mut Matrix<T>) {
        let Some(reduction) = &self.reduction else {
            return;
        };
        let (n_rows, n_cols) = (samples.n_rows(), samples.n_cols());
        let n = n_sample_shards(n_cols);
        let cut = |shard| n_cols * shard / n * n_rows;
        for shard in 0..n {
            let own = &mut samples.as_mut_slice()[cut(shard)..cut(shard + 1)];
            reduction.broadcast(owner(&**reduction, n, shard), T::numbers(own));
        }
    }

    /// The other processes that so many shards are shared out among. A shard that is all there is, every process does.
    pub(crate) fn others(&self, n_shards: usize) -> Option<Arc<dyn Reduction>> {
        self.reduction.clone().filter(|_| n_shards > 1)
    }
}

/// The shards of `n` that a process owns.
pub(crate) fn owned(reduction: &dyn Reduction, n: usize) -> Range<usize> {
    let (rank, size) = (reduction.rank(), reduction.size());
    n * rank / size..n * (rank + 1) / size
}

/// The process that owns a shard of `n`.
pub(crate) fn owner(reduction: &dyn Reduction, n: usize, shard: usize) -> usize {
    ((shard + 1) * reduction.size()).div_ceil(n) - 1
}

/// A total's numbers, on their way.
pub(crate) fn with_numbers<R: Total>(total: &mut R, pass: impl FnOnce(&mut [f64])) {
    let (mut numbers, mut n) = ([0.0; MOST_NUMBERS], 0);
    total.visit(&mut |x| {
        numbers[n] = *x;
        n += 1;
    });
    if n == 0 {
        return;
    }
    pass(&mut numbers[..n]);
    let mut at = 0;
    total.visit(&mut |x| {
        *x = numbers[at];
        at += 1;
    });
}

/// The shards' totals and sums, of which each process has its own.
pub(crate) struct Shards<'a, R, U> {
    pub(crate) reduction: &'a dyn Reduction,
    pub(crate) totals: &'a mut [Option<R>],
    /// One a shard, or none.
    pub(crate) sums: &'a mut [Vec<U>],
    /// Entries of a sum.
    pub(crate) len: usize,
    /// For another process's sum.
    pub(crate) received: &'a mut Vec<U>,
}

impl<R: Total, U: Real> Shards<'_, R, U> {
    /// The total of all shards, and their sum in the first one's place, in every process.
    pub(crate) fn put_together(mut self) -> R {
        let n = self.totals.len();
        self.climb(0..n);
        let mut total = self.totals[0].take().unwrap_or_else(R::none);
        let (reduction, root) = (self.reduction, owner(self.reduction, n, 0));
        with_numbers(&mut total, |numbers| {
            reduction.broadcast(root, Numbers::F64(numbers));
        });
        if let Some(sum) = self.sums.first_mut()
            && self.len > 0
        {
            sum.resize(self.len.max(sum.len()), U::zero());
            reduction.broadcast(root, U::numbers(&mut sum[..self.len]));
        }
        total
    }

    /// Puts a branch of the tree together, in the process that owns its first shard.
    fn climb(&mut self, shards: Range<usize>) {
        let (lo, hi) = (shards.start, shards.end);
        let of = |shard| owner(self.reduction, self.totals.len(), shard);
        let (rank, first, last) = (self.reduction.rank(), of(lo), of(hi - 1));
        if rank < first || rank > last {
            return;
        }
        if first == last {
            let total = tree(&mut self.totals[shards.clone()]);
            self.totals[lo] = total;
            if !self.sums.is_empty() {
                add_up(&mut self.sums[shards], self.len);
            }
            return;
        }
        let middle = lo + (hi - lo) / 2;
        let later = of(middle);
        self.climb(lo..middle);
        self.climb(middle..hi);
        if rank == later && rank != first {
            self.send(middle, first);
        } else if rank == first {
            self.add(lo, middle, later);
        }
    }

    fn send(&mut self, shard: usize, to: usize) {
        let reduction = self.reduction;
        if let Some(total) = &mut self.totals[shard] {
            with_numbers(total, |numbers| reduction.send(to, Numbers::F64(numbers)));
        }
        if let Some(sum) = self.sums.get_mut(shard)
            && self.len > 0
        {
            reduction.send(to, U::numbers(&mut sum[..self.len]));
        }
    }

    /// Adds what a later shard holds, in this process or in another.
    fn add(&mut self, shard: usize, later: usize, from: usize) {
        let (reduction, is_here) = (self.reduction, from == self.reduction.rank());
        let found = match is_here {
            true => self.totals[later].take(),
            false => {
                let mut found = R::none();
                with_numbers(&mut found, |numbers| {
                    reduction.receive(from, Numbers::F64(numbers));
                });
                Some(found)
            }
        };
        self.totals[shard] = match (self.totals[shard].take(), found) {
            (Some(total), Some(found)) => Some(total.merge(found)),
            (total, found) => total.or(found),
        };
        if self.sums.is_empty() || self.len == 0 {
            return;
        }
        let (own, rest) = self.sums.split_at_mut(later);
        let added = match is_here {
            true => &rest[0][..self.len],
            false => {
                self.received.resize(self.len, U::zero());
                reduction.receive(from, U::numbers(self.received));
                &self.received[..]
            }
        };
        add_scaled(&mut own[shard][..self.len], added, U::one());
    }
}
