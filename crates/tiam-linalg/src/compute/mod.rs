//! Worker threads with their scratch memory. A sweep cuts the samples into shards, which the workers share out.

use std::sync::Arc;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::LinalgError;
use crate::product::first_product;
use crate::real::Real;
use crate::sparse::ByRow;
use crate::stochastic::Factors;

mod reduction;
mod slab;

pub use reduction::Reduction;
use reduction::add_up;
pub(crate) use reduction::{Largest, Total};
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
    let worthwhile = n_cols.saturating_mul(flops_per_col) / MIN_SHARD_FLOPS + 1;
    let fits = |n: &usize| *n <= worthwhile && *n * least_cols <= n_cols;
    SHARDS.into_iter().rev().find(fits).unwrap_or(1)
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

/// What is called on a shard with a worker's scratch and the shard's sum.
type Summing<'b, T, U, S, R> = dyn Fn(&mut WorkerScratch<T>, &mut [U], S) -> R + Sync + 'b;

/// A fixed number of threads with the scratch each of them needs; every step takes it as an argument.
///
/// Samples are cut into at most 24 contiguous shards, as many as their shape asks for. Each shard is summed in order, and the shards
/// are added by one fixed tree: results have the same bits on any number of threads (of processors with the same
/// vector instructions). Once every step has run once, no step allocates.
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
    reduction: Option<Arc<dyn Reduction<T>>>,
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
        })
    }

    /// The same threads in one of several processes that share out the samples.
    #[must_use]
    pub fn with_reduction(self, reduction: Arc<dyn Reduction<T>>) -> Self {
        let reduction = Some(reduction);
        Self { reduction, ..self }
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

    /// Calls `body` on every shard of samples, and puts together what it yields, over all processes. `flops_per_col` decides how many shards pay.
    pub(crate) fn over_samples<S: Slab, R: Total>(
        &mut self,
        flops_per_col: usize,
        slab: S,
        body: &(dyn Fn(&mut WorkerScratch<T>, S) -> R + Sync),
    ) -> R {
        let mut total = self.over_units(flops_per_col, slab, body);
        self.over_processes(&mut total, &mut []);
        total
    }

    /// [`Compute::over_samples`] for what every process has all of: the units or the features of a layer.
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
        let mut total = self.summed(&mut sums, len, flops_per_col, slab, body);
        self.over_processes(&mut total, &mut [&mut sums[0][..len]]);
        self.sums = sums;
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
        let mut total = self.summed(&mut sums, len, flops_per_col, slab, body);
        if let Some(reduction) = &self.reduction {
            reduction.sum(&mut [], &mut sums[0][..len]);
        }
        self.over_processes(&mut total, &mut []);
        self.wide_sums = sums;
        (total, &self.wide_sums[0][..len])
    }

    /// One sum a shard, then all of them in the first.
    fn summed<U: Real, S: Slab, R: Total>(
        &mut self,
        sums: &mut Vec<Vec<U>>,
        len: usize,
        flops_per_col: usize,
        slab: S,
        body: &Summing<'_, T, U, S, R>,
    ) -> R {
        let n = n_shards_of(LEAST_SUMMED, slab.n_cols(), flops_per_col);
        sums.resize_with(n.max(sums.len()), Vec::new);
        let body = |scratch: &mut WorkerScratch<T>, sum: &mut Vec<U>, slab: S| {
            let sum = buffer(sum, len);
            sum.fill(U::zero());
            body(scratch, sum, slab)
        };
        let total = self.sweep(slab, &mut sums[..n], &body);
        add_up(&mut sums[..n], len);
        total
    }

    /// True in one of several processes.
    pub(crate) fn is_shared(&self) -> bool {
        self.reduction.is_some()
    }

    /// Puts this process's totals and sums together with those of the others.
    pub(crate) fn over_processes<R: Total>(&self, total: &mut R, sums: &mut [&mut [T]]) {
        if let Some(reduction) = &self.reduction {
            reduction::over_processes(&**reduction, total, sums);
        }
    }

    /// Cuts `slab` into as many shards as there are `parts`, calls `body` on each with its part and the scratch of the worker it falls to,
    /// and puts together what it yields.
    pub(crate) fn sweep<S: Slab, P: Send, R: Total>(
        &mut self,
        slab: S,
        parts: &mut [P],
        body: &(dyn Fn(&mut WorkerScratch<T>, &mut P, S) -> R + Sync),
    ) -> R {
        if let [part] = parts {
            return body(&mut self.workers[0], part, slab);
        }
        let (n, n_cols) = (parts.len(), slab.n_cols());
        let mut totals = [const { None }; MAX_SHARDS];
        let totals = &mut totals[..n];
        let mut shards = [const { None }; MAX_SHARDS];
        let mut rest = slab;
        let each = shards.iter_mut().zip(parts).zip(totals.iter_mut());
        for (i, ((shard, part), total)) in each.enumerate() {
            // Where a cut falls depends on the shard's number alone, even where a slab is cut later than asked for.
            let done = n_cols - rest.n_cols();
            let (slab, after) = rest.split_at((n_cols * (i + 1) / n).saturating_sub(done));
            rest = after;
            let mut slab = Some(slab);
            *shard = Some(move |worker: &mut WorkerScratch<T>| {
                *total = slab.take().map(|slab| body(worker, part, slab));
            });
        }
        let mut tasks = [const { None }; MAX_SHARDS];
        for (task, shard) in tasks.iter_mut().zip(&mut shards[..n]) {
            *task = shard.as_mut().map(|shard| shard as &mut Task<T>);
        }
        self.run(&mut tasks[..n]);
        // The tree has a total where every shard has.
        match reduction::tree(totals) {
            Some(total) => total,
            None => unreachable!("a shard without a total"),
        }
    }

    /// Runs the tasks in the pool.
    fn run(&mut self, tasks: &mut [Option<&mut Task<T>>]) {
        let n_workers = self.workers.len().min(tasks.len());
        let workers = &mut self.workers[..n_workers];
        match &self.pool {
            Some(pool) if pool.current_thread_index().is_none() => {
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
