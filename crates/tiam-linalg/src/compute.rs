//! Threads and their scratch: one split of the samples per sweep, sequential products inside.

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::LinalgError;

/// Work (in flops) below which a sweep stays on the calling thread: waking a worker costs tens of microseconds.
pub(crate) const MIN_PARALLEL_FLOPS: usize = 6_000_000;

/// Entries of one tile, so that a product's operands stay in a core's second-level cache.
const TILE_BYTES: usize = 384 * 1024;

/// Columns of a tile with `n_rows` rows of `T`.
pub(crate) fn tile_cols<T>(n_rows: usize) -> usize {
    (TILE_BYTES / (n_rows.max(1) * size_of::<T>())).clamp(16, 4096)
}

/// Something that can be cut at a sample: a range of columns, or a tuple of ranges that are cut together.
pub(crate) trait Slab: Sized + Send {
    fn n_cols(&self) -> usize;
    fn split_at(self, col: usize) -> (Self, Self);
}

/// Columns to read.
#[derive(Clone, Copy)]
pub(crate) struct Cols<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) n_rows: usize,
}

/// Columns to write.
pub(crate) struct ColsMut<'a, T> {
    pub(crate) data: &'a mut [T],
    pub(crate) n_rows: usize,
}

impl<'a, T> Cols<'a, T> {
    pub(crate) fn new(data: &'a [T], n_rows: usize) -> Self {
        Self { data, n_rows }
    }
}

impl<'a, T> ColsMut<'a, T> {
    pub(crate) fn new(data: &'a mut [T], n_rows: usize) -> Self {
        Self { data, n_rows }
    }
}

impl<T: Sync> Slab for Cols<'_, T> {
    fn n_cols(&self) -> usize {
        self.data.len() / self.n_rows
    }
    fn split_at(self, col: usize) -> (Self, Self) {
        let (l, r) = self.data.split_at(col * self.n_rows);
        (Self::new(l, self.n_rows), Self::new(r, self.n_rows))
    }
}

impl<T: Send> Slab for ColsMut<'_, T> {
    fn n_cols(&self) -> usize {
        self.data.len() / self.n_rows
    }
    fn split_at(self, col: usize) -> (Self, Self) {
        let (l, r) = self.data.split_at_mut(col * self.n_rows);
        (Self::new(l, self.n_rows), Self::new(r, self.n_rows))
    }
}

/// Several matrices of columns, cut together.
impl<T: Sync, const K: usize> Slab for [Cols<'_, T>; K] {
    fn n_cols(&self) -> usize {
        self.first().map_or(0, Cols::n_cols)
    }
    fn split_at(self, col: usize) -> (Self, Self) {
        (
            self.each_ref()
                .map(|c| Cols::new(&c.data[..col * c.n_rows], c.n_rows)),
            self.map(|c| Cols::new(&c.data[col * c.n_rows..], c.n_rows)),
        )
    }
}

macro_rules! slab_tuple {
    ($first:ident $($name:ident)*) => {
        impl<$first: Slab, $($name: Slab),*> Slab for ($first, $($name),*) {
            fn n_cols(&self) -> usize {
                self.0.n_cols()
            }
            #[allow(non_snake_case, reason = "the type's name doubles as the variable's")]
            fn split_at(self, col: usize) -> (Self, Self) {
                let ($first, $($name),*) = self;
                let $first = $first.split_at(col);
                $(let $name = $name.split_at(col);)*
                (($first.0, $($name.0),*), ($first.1, $($name.1),*))
            }
        }
    };
}
slab_tuple!(A B);
slab_tuple!(A B C);
slab_tuple!(A B C D);
slab_tuple!(A B C D E);
slab_tuple!(A B C D E F);

/// Calls `body` on consecutive tiles of at most `tile` columns.
pub(crate) fn for_tiles<S: Slab>(mut slab: S, tile: usize, mut body: impl FnMut(S)) {
    while slab.n_cols() > tile {
        let (head, rest) = slab.split_at(tile);
        body(head);
        slab = rest;
    }
    if slab.n_cols() > 0 {
        body(slab);
    }
}

/// One worker's buffers. They grow to what the largest step needs and are then reused.
#[derive(Debug, Default)]
pub(crate) struct WorkerScratch<T> {
    pub(crate) tile_a: Vec<T>,
    pub(crate) tile_b: Vec<T>,
    pub(crate) tile_c: Vec<T>,
    pub(crate) sum: Vec<T>,
    pub(crate) curvature: Vec<T>,
    pub(crate) wide: Vec<f64>,
    pub(crate) labels: Vec<u32>,
}

/// The first `len` entries of a buffer, which grows when it is too short (so only the first time).
pub(crate) fn buffer<T: Copy + Default>(v: &mut Vec<T>, len: usize) -> &mut [T] {
    if v.len() < len {
        v.resize(len, T::default());
    }
    &mut v[..len]
}

/// A fixed number of threads with the scratch each of them needs; every step takes it as an argument.
///
/// Samples are split into as many contiguous ranges as there are threads and partial sums are added in the
/// order of the ranges, so the same number of threads gives the same result to the bit. Once every step has run
/// once, no step allocates.
///
/// ```
/// use tiam_linalg::Compute;
/// let compute = Compute::<f32>::new(2)?;
/// assert_eq!(compute.n_threads(), 2);
/// # Ok::<(), tiam_linalg::LinalgError>(())
/// ```
#[derive(Debug)]
pub struct Compute<T> {
    pool: Option<ThreadPool>,
    scratch: Vec<WorkerScratch<T>>,
}

impl<T: Default + Send + Sync> Compute<T> {
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
            Some(built.map_err(|e| LinalgError::Threads {
                n_threads,
                reason: e.to_string(),
            })?)
        } else {
            None
        };
        let scratch = (0..n_threads).map(|_| WorkerScratch::default()).collect();
        Ok(Self { pool, scratch })
    }

    /// Number of threads, 1 or more.
    pub fn n_threads(&self) -> usize {
        self.scratch.len()
    }

    /// Runs `f` inside the pool, so that the sweeps within it need not enter it each time.
    pub fn install<R: Send>(&mut self, f: impl FnOnce(&mut Self) -> R + Send) -> R {
        match self.pool.take() {
            Some(pool) => {
                let result = pool.install(|| f(self));
                self.pool = Some(pool);
                result
            }
            None => f(self),
        }
    }

    /// Cuts `slab` into one range per thread, calls `body` on each with that thread's scratch, and merges the
    /// results in order. `flops_per_col` decides whether splitting pays at all.
    pub(crate) fn sweep<S: Slab, R: Send>(
        &mut self,
        flops_per_col: usize,
        slab: S,
        body: &(impl Fn(&mut WorkerScratch<T>, S) -> R + Sync),
        merge: &(impl Fn(R, R) -> R + Sync),
    ) -> R {
        let n_cols = slab.n_cols();
        let worthwhile = n_cols.saturating_mul(flops_per_col) / MIN_PARALLEL_FLOPS + 1;
        let parts = self.scratch.len().min(worthwhile).min(n_cols.max(1));
        let scratch = &mut self.scratch[..parts];
        match &self.pool {
            Some(pool) if parts > 1 => pool.install(|| divide(scratch, slab, body, merge)),
            _ => divide(scratch, slab, body, merge),
        }
    }

    /// [`Compute::sweep`] for work that yields nothing.
    pub(crate) fn for_each<S: Slab>(
        &mut self,
        flops_per_col: usize,
        slab: S,
        body: &(impl Fn(&mut WorkerScratch<T>, S) + Sync),
    ) {
        self.sweep(flops_per_col, slab, body, &|(), ()| ());
    }

    /// All workers' scratch, to gather what a sweep left there.
    pub(crate) fn scratch(&mut self) -> &mut [WorkerScratch<T>] {
        &mut self.scratch
    }
}

fn divide<T: Send, S: Slab, R: Send>(
    scratch: &mut [WorkerScratch<T>],
    slab: S,
    body: &(impl Fn(&mut WorkerScratch<T>, S) -> R + Sync),
    merge: &(impl Fn(R, R) -> R + Sync),
) -> R {
    if scratch.len() == 1 {
        return body(&mut scratch[0], slab);
    }
    let left_parts = scratch.len() / 2;
    let cut = slab.n_cols() * left_parts / scratch.len();
    let (left_scratch, right_scratch) = scratch.split_at_mut(left_parts);
    let (left, right) = slab.split_at(cut);
    let (l, r) = rayon::join(
        || divide(left_scratch, left, body, merge),
        || divide(right_scratch, right, body, merge),
    );
    merge(l, r)
}
