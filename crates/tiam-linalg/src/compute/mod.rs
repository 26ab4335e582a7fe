//! Worker threads with their scratch memory. A sweep cuts the samples into shards, which the workers share out.

use std::ops::Range;
use std::sync::Arc;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::LinalgError;
use crate::product::first_product;
use crate::real::Real;
use crate::sparse::ByRow;
use crate::stochastic::Factors;

mod processes;
mod reduction;
mod slab;

pub use processes::{Numbers, Reduction};
pub(crate) use processes::{Shards, owned, owner, with_numbers};
use reduction::add_up;
pub(crate) use reduction::{Largest, Total, tree};
pub(crate) use slab::{Cols, ColsMut, Slab, for_tiles, tile_cols};

/// Work (in flops) below which a sweep is one shard: waking a worker costs tens of microseconds.
pub(crate) const MIN_SHARD_FLOPS: usize = 6_000_000;

/// The numbers of shards there may be: shared out evenly by as many numbers of threads as possible.
const SHARDS: [usize; 6] = [1, 2, 4, 6, 12, MAX_SHARDS];
/// The largest of [`SHARDS`].
pub(crate) const MAX_SHARDS: usize = 24;

/// Fewest columns of a shard that has a sum of its own: fewer are not worth adding the sums.
pub(crate) const LEAST_SUMMED: usize = 96;

/// Into how many shards a sweep is cut: by its shape alone, so that its sums have the same bits on every number of threads.
/// Each has at least so many columns.
pub(crate) fn n_shards_of(least_cols: usize, n_cols: usize, flops_per_col: usize) -> usize {
    let worthwhile = worthwhile(n_cols, flops_per_col);
    let fits = |n: &usize| *n <= worthwhile && *n * least_cols <= n_cols;
    SHARDS.into_iter().rev().find(fits).unwrap_or(1)
}

/// Into how many shards sweeps over samples are cut: by their number alone, so that a sample is in the same shard in all of them, and one process can
/// own it.
pub(crate) fn n_sample_shards(n_samples: usize) -> usize {
    n_shards_of(LEAST_SUMMED, n_samples, MIN_SHARD_FLOPS)
}

/// The most workers that a sweep is worth waking.
fn worthwhile(n_cols: usize, flops_per_col: usize) -> usize {
    n_cols.saturating_mul(flops_per_col) / MIN_SHARD_FLOPS + 1
}

/// One worker's buffers. They grow to what the largest step needs and are then reused.
#[derive(Debug, Default)]
pub(crate) struct WorkerScratch<T> {
    pub(crate) tile_a: Vec<T>,
    pub(crate) tile_b: Vec<T>,
    pub(crate) tile_c: Vec<T>,
    pub(crate) labels: Vec<u32>,
    /// Of a batch's tile.
    pub(crate) factors: Factors<T>,
    /// Sparse inputs, transposed.
    pub(crate) by_row: ByRow<T>,
}

/// The first `len` entries of a buffer, which grows when it is too short (so only the first time).
pub(crate) fn buffer<T: Copy + Default>(v: &mut Vec<T>, len: usize) -> &mut [T] {
    v.resize(v.len().max(len), T::default());
    &mut v[..len]
}

/// What is called on a shard with a worker's scratch and the shard's part.
type Sharing<'b, T, P, S, R> = dyn Fn(&mut WorkerScratch<T>, &mut P, S) -> R + Sync + 'b;

/// What is called on a shard with a worker's scratch and the shard's sum.
type Summing<'b, T, U, S, R> = dyn Fn(&mut WorkerScratch<T>, &mut [U], S) -> R + Sync + 'b;

/// A fixed number of threads with the scratch each of them needs; every step takes it as an argument.
///
/// Samples are cut into at most 24 contiguous shards, as many as their number asks for. Each shard is summed in order, and the shards
/// are added by one fixed tree: results have the same bits on any number of threads and of [processes](Reduction) (of processors with
/// the same vector instructions). Once every step has run once, no step allocates.
///
/// ```
/// use tiam_linalg::Compute;
/// let compute = Compute::<f32>::new(2)?;
/// assert_eq!(compute.n_threads(), 2);
/// # Ok::<(), tiam_linalg::LinalgError>(())
/// ```
#[derive(Debug)]
pub struct Compute<T> {
    pool: Option<Arc<ThreadPool>>,
    workers: Vec<WorkerScratch<T>>,
    /// The shards' sums, of the last sweep that had some.
    sums: Vec<Vec<T>>,
    wide_sums: Vec<Vec<f64>>,
    reduction: Option<Arc<dyn Reduction>>,
    /// Of other processes.
    received: Vec<T>,
    wide_received: Vec<f64>,
}

impl<T: Real> Compute<T> {
    /// Starts `n_threads` workers (none for 1: everything then runs on the caller's thread).
    ///
    /// # Errors
    /// [`LinalgError::Parameter`] for 0, [`LinalgError::Threads`] when the system refuses.
    pub fn new(n_threads: usize) -> Result<Self, LinalgError> {
        if n_threads == 0 {
            return Err(LinalgError::Parameter {
                parameter: "n_threads",
                value: "0".into(),
                allowed: "at least 1",
            });
        }
        let pool = if n_threads > 1 {
            let built = ThreadPoolBuilder::new().num_threads(n_threads).build();
            let pool = built.map_err(|e| LinalgError::Threads {
                n_threads,
                reason: e.to_string(),
            })?;
            // A thread's first product makes it a buffer. On a busy machine a worker may have nothing to do until many steps are done, and would
            // make it then.
            pool.broadcast(|_| first_product());
            Some(Arc::new(pool))
        } else {
            None
        };
        Ok(Self {
            pool,
            workers: (0..n_threads).map(|_| WorkerScratch::default()).collect(),
            sums: Vec::new(),
            wide_sums: Vec::new(),
            reduction: None,
            received: Vec::new(),
            wide_received: Vec::new(),
        })
    }

    /// Number of threads, 1 or more.
    pub fn n_threads(&self) -> usize {
        self.workers.len()
    }

    /// Runs `f` inside the pool, so that the sweeps within it need not enter it each time.
    pub fn install<R: Send>(&mut self, f: impl FnOnce(&mut Self) -> R + Send) -> R {
        match self.pool.clone() {
            Some(pool) => pool.install(|| f(self)),
            None => f(self),
        }
    }

    /// Calls `body` on every shard of samples, and puts together what it yields, over all processes.
    /// `flops_per_col` decides how many workers pay.
    pub(crate) fn over_samples<S: Slab, R: Total>(
        &mut self,
        flops_per_col: usize,
        slab: S,
        body: &(dyn Fn(&mut WorkerScratch<T>, S) -> R + Sync),
    ) -> R {
        let n = n_sample_shards(slab.n_cols());
        let parts = &mut [(); MAX_SHARDS][..n];
        let body = |scratch: &mut WorkerScratch<T>, (): &mut (), slab: S| body(scratch, slab);
        let mut totals = self.own_shards(flops_per_col, slab, parts, &body);
        match self.others(n) {
            None => whole(tree(&mut totals[..n])),
            Some(reduction) => Shards::<_, T> {
                reduction: &*reduction,
                totals: &mut totals[..n],
                sums: &mut [],
                len: 0,
                received: &mut self.received,
            }
            .put_together(),
        }
    }

    /// Calls `body` on every shard of what each process has all of: the units or the features of a layer. `flops_per_col` decides how many
    /// shards pay.
    pub(crate) fn over_units<S: Slab, R: Total>(
        &mut self,
        flops_per_col: usize,
        slab: S,
        body: &(dyn Fn(&mut WorkerScratch<T>, S) -> R + Sync),
    ) -> R {
        self.over_units_of(1, flops_per_col, slab, body)
    }

    /// [`Compute::over_units`] with at least so many columns in each shard.
    pub(crate) fn over_units_of<S: Slab, R: Total>(
        &mut self,
        least_cols: usize,
        flops_per_col: usize,
        slab: S,
        body: &(dyn Fn(&mut WorkerScratch<T>, S) -> R + Sync),
    ) -> R {
        let n = n_shards_of(least_cols, slab.n_cols(), flops_per_col);
        let body = |scratch: &mut WorkerScratch<T>, (): &mut (), slab: S| body(scratch, slab);
        self.sweep(slab, &mut [(); MAX_SHARDS][..n], &body)
    }

    /// [`Compute::over_units`] for work that yields nothing.
    pub(crate) fn for_each<S: Slab>(
        &mut self,
        flops_per_col: usize,
        slab: S,
        body: &(dyn Fn(&mut WorkerScratch<T>, S) + Sync),
    ) {
        self.over_units(flops_per_col, slab, body);
    }

    /// [`Compute::over_samples`] for a body that adds to a sum of `len` entries, one a shard, at first zero; gives the sum of all of them.
    pub(crate) fn sum_over_samples<S: Slab, R: Total>(
        &mut self,
        len: usize,
        flops_per_col: usize,
        slab: S,
        body: &Summing<'_, T, T, S, R>,
    ) -> (R, &[T]) {
        let mut sums = std::mem::take(&mut self.sums);
        let mut received = std::mem::take(&mut self.received);
        let buffers = (&mut sums, &mut received);
        let total = self.summed(buffers, len, flops_per_col, slab, body);
        (self.sums, self.received) = (sums, received);
        (total, &self.sums[0][..len])
    }

    /// [`Compute::sum_over_samples`] with a sum in double precision.
    pub(crate) fn wide_sum_over_samples<S: Slab, R: Total>(
        &mut self,
        len: usize,
        flops_per_col: usize,
        slab: S,
        body: &Summing<'_, T, f64, S, R>,
    ) -> (R, &[f64]) {
        let mut sums = std::mem::take(&mut self.wide_sums);
        let mut received = std::mem::take(&mut self.wide_received);
        let buffers = (&mut sums, &mut received);
        let total = self.summed(buffers, len, flops_per_col, slab, body);
        (self.wide_sums, self.wide_received) = (sums, received);
        (total, &self.wide_sums[0][..len])
    }

    /// One sum a shard, then all of them in the first.
    fn summed<U: Real, S: Slab, R: Total>(
        &mut self,
        (sums, received): (&mut Vec<Vec<U>>, &mut Vec<U>),
        len: usize,
        flops_per_col: usize,
        slab: S,
        body: &Summing<'_, T, U, S, R>,
    ) -> R {
        let n = n_sample_shards(slab.n_cols());
        sums.resize_with(n.max(sums.len()), Vec::new);
        let sums = &mut sums[..n];
        let body = |scratch: &mut WorkerScratch<T>, sum: &mut Vec<U>, slab: S| {
            let sum = buffer(sum, len);
            sum.fill(U::zero());
            body(scratch, sum, slab)
        };
        let mut totals = self.own_shards(flops_per_col, slab, sums, &body);
        let totals = &mut totals[..n];
        let Some(reduction) = self.others(n) else {
            add_up(sums, len);
            return whole(tree(totals));
        };
        let shards = Shards {
            reduction: &*reduction,
            totals,
            sums,
            len,
            received,
        };
        shards.put_together()
    }

    /// [`Compute::sweep`] over samples, of which this process does its own shards; gives what each of them yields.
    pub(crate) fn own_shards<S: Slab, P: Send, R: Total>(
        &mut self,
        flops_per_col: usize,
        slab: S,
        parts: &mut [P],
        body: &Sharing<'_, T, P, S, R>,
    ) -> [Option<R>; MAX_SHARDS] {
        let n = parts.len();
        let own = self
            .others(n)
            .map_or(0..n, |reduction| owned(&*reduction, n));
        let most = worthwhile(slab.n_cols(), flops_per_col);
        self.shards(own, most, slab, parts, body)
    }

    /// Cuts `slab` into as many shards as there are `parts`, calls `body` on each with its part and the scratch of the worker it falls to,
    /// and puts together what it yields.
    pub(crate) fn sweep<S: Slab, P: Send, R: Total>(
        &mut self,
        slab: S,
        parts: &mut [P],
        body: &Sharing<'_, T, P, S, R>,
    ) -> R {
        if let [part] = parts {
            return body(&mut self.workers[0], part, slab);
        }
        let n = parts.len();
        let mut totals = self.shards(0..n, n, slab, parts, body);
        whole(tree(&mut totals[..n]))
    }

    /// What `body` yields for the shards in `own`, by at most so many workers.
    fn shards<S: Slab, P: Send, R: Total>(
        &mut self,
        own: Range<usize>,
        most_workers: usize,
        slab: S,
        parts: &mut [P],
        body: &Sharing<'_, T, P, S, R>,
    ) -> [Option<R>; MAX_SHARDS] {
        let (n, n_cols) = (parts.len(), slab.n_cols());
        let mut totals = [const { None }; MAX_SHARDS];
        let mut shards = [const { None }; MAX_SHARDS];
        let mut rest = slab;
        let each = shards.iter_mut().zip(parts).zip(totals.iter_mut());
        for (i, ((shard, part), total)) in each.enumerate() {
            // Where a cut falls depends on the shard's number alone, even where a slab is cut later than asked for.
            let done = n_cols - rest.n_cols();
            let (slab, after) = rest.split_at((n_cols * (i + 1) / n).saturating_sub(done));
            rest = after;
            let mut slab = own.contains(&i).then_some(slab);
            *shard = Some(move |worker: &mut WorkerScratch<T>| {
                *total = slab.take().map(|slab| body(worker, part, slab));
            });
        }
        let mut tasks = [const { None }; MAX_SHARDS];
        for (task, shard) in tasks.iter_mut().zip(&mut shards[own.clone()]) {
            *task = shard.as_mut().map(|shard| shard as &mut Task<T>);
        }
        self.run(&mut tasks[..own.len()], most_workers);
        totals
    }

    /// Runs the tasks by at most so many workers: in the pool, where there are several.
    fn run(&mut self, tasks: &mut [Option<&mut Task<T>>], most_workers: usize) {
        let n_workers = self.workers.len().min(tasks.len()).min(most_workers);
        let workers = &mut self.workers[..n_workers.max(1)];
        match &self.pool {
            Some(pool) if n_workers > 1 && pool.current_thread_index().is_none() => {
                pool.install(|| share_out(workers, tasks));
            }
            _ => share_out(workers, tasks),
        }
    }

    /// The first worker's scratch, for what is not shared out.
    pub(crate) fn scratch(&mut self) -> &mut WorkerScratch<T> {
        &mut self.workers[0]
    }
}

/// The tree has a total where every shard has.
pub(crate) fn whole<R>(total: Option<R>) -> R {
    match total {
        Some(total) => total,
        None => unreachable!("a shard without a total"),
    }
}

/// The work on a shard. It has no type of its own, so that what shares it out is compiled once.
type Task<'a, T> = dyn FnMut(&mut WorkerScratch<T>) + Send + 'a;

/// Gives every worker its run of shards.
fn share_out<T: Send>(workers: &mut [WorkerScratch<T>], tasks: &mut [Option<&mut Task<'_, T>>]) {
    if let [worker] = workers {
        tasks.iter_mut().flatten().for_each(|task| task(worker));
        return;
    }
    let half = workers.len() / 2;
    let cut = tasks.len() * half / workers.len();
    let (left_workers, right_workers) = workers.split_at_mut(half);
    let (left, right) = tasks.split_at_mut(cut);
    rayon::join(
        || share_out(left_workers, left),
        || share_out(right_workers, right),
    );
}

#[cfg(test)]
#[path = "../../tests/unit/compute.rs"]
mod tests;
