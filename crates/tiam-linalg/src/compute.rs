//! Worker threads with their scratch memory: a sweep splits the samples between them once, and each works sequentially.

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::LinalgError;
use crate::product::first_product;

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
    v.resize(v.len().max(len), T::default());
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
            let pool = built.map_err(|e| LinalgError::Threads {
                n_threads,
                reason: e.to_string(),
            })?;
            // A thread's first product makes it a buffer. On a busy machine a worker may have nothing to do until many steps are done, and would
            // make it then.
            pool.broadcast(|_| first_product());
            Some(pool)
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    /// What a slab holds, of columns of two entries.
    fn entries(slab: &Cols<'_, usize>) -> Vec<usize> {
        assert_eq!(slab.n_rows, 2);
        slab.data.to_vec()
    }

    #[test]
    fn a_tile_fills_its_share_of_the_cache() {
        // Between the least and the most columns a tile may have, one column more would not fit.
        for n_rows in [97, 200, 1000, 3001] {
            for (tile, size) in [(tile_cols::<f32>(n_rows), 4), (tile_cols::<f64>(n_rows), 8)] {
                let column = n_rows * size;
                assert!(
                    tile * column <= 384 * 1024 && (tile + 1) * column > 384 * 1024,
                    "{tile} columns of {n_rows} rows"
                );
            }
        }
        let ends = [0, 1, 24, 25, 6143, 6144, 6145, 1_000_000].map(tile_cols::<f32>);
        assert_eq!(ends, [4096, 4096, 4096, 3932, 16, 16, 16, 16]);
    }

    #[test]
    fn a_cut_keeps_every_column_and_its_rows() {
        let (data, long): (Vec<usize>, Vec<usize>) = ((0..14).collect(), (20..41).collect());
        for at in 0..=7 {
            let (head, tail) = Cols::new(&data, 2).split_at(at);
            assert_eq!((head.n_cols(), tail.n_cols()), (at, 7 - at));
            assert_eq!([entries(&head), entries(&tail)].concat(), data);
            let mut written = data.clone();
            let (head, tail) = ColsMut::new(&mut written, 2).split_at(at);
            assert_eq!((head.n_cols(), tail.n_cols()), (at, 7 - at));
            assert_eq!((head.n_rows, tail.n_rows), (2, 2));
            assert_eq!(([head.data, tail.data]).concat(), data);
            // Several at once, whose columns have different lengths.
            let (head, tail) = [Cols::new(&data[..], 2), Cols::new(&long[..], 3)].split_at(at);
            assert_eq!((head.n_cols(), tail.n_cols()), (at, 7 - at));
            assert_eq!([entries(&head[0]), entries(&tail[0])].concat(), data);
            assert_eq!((head[1].n_cols(), tail[1].n_cols()), (at, 7 - at));
            assert_eq!([head[1].data, tail[1].data].concat(), long);
            assert_eq!((head[1].n_rows, tail[1].n_rows), (3, 3));
        }
        let none: [Cols<'_, usize>; 0] = [];
        assert_eq!(none.n_cols(), 0);
    }

    #[test]
    fn tiles_follow_each_other_and_none_is_empty() {
        let data: Vec<usize> = (0..16).collect();
        for n in 0..=8 {
            for tile in 1..=9 {
                let mut seen = Vec::new();
                for_tiles(Cols::new(&data[..2 * n], 2), tile, |slab| {
                    assert!(slab.n_cols() > 0 && slab.n_cols() <= tile);
                    // Only the last may be short.
                    assert!(seen.len() % (2 * tile) == 0);
                    seen.extend(entries(&slab));
                });
                assert_eq!(seen, data[..2 * n]);
            }
        }
    }

    #[test]
    fn a_buffer_grows_when_it_is_too_short_and_never_shrinks() {
        let mut v = vec![5, 6];
        assert_eq!(buffer(&mut v, 1), [5]);
        assert_eq!(buffer(&mut v, 2), [5, 6]);
        assert_eq!(buffer(&mut v, 3), [5, 6, 0]);
        assert_eq!(buffer(&mut v, 0), [0; 0]);
        assert_eq!(v, [5, 6, 0]);
    }

    /// The ranges a sweep over columns is cut into.
    fn cuts(threads: usize, n_cols: usize, flops_per_col: usize) -> Vec<usize> {
        let mut compute = Compute::<f64>::new(threads).unwrap();
        let data: Vec<usize> = (0..n_cols).collect();
        let body = |_: &mut WorkerScratch<f64>, slab: Cols<'_, usize>| vec![slab.data.to_vec()];
        let ranges = compute.sweep(flops_per_col, Cols::new(&data, 1), &body, &|l, r| {
            [l, r].concat()
        });
        assert_eq!(ranges.concat(), data);
        ranges.iter().map(Vec::len).collect()
    }

    #[test]
    fn a_sweep_is_cut_evenly_once_that_pays() {
        let worth = MIN_PARALLEL_FLOPS;
        assert_eq!(cuts(1, 12, worth), [12]);
        assert_eq!(cuts(3, 12, worth), [4, 4, 4]);
        assert_eq!(cuts(4, 13, worth), [3, 3, 3, 4]);
        assert_eq!(cuts(5, 12, worth), [2, 2, 2, 3, 3]);
        // As many ranges as whole shares of that work, and one.
        assert_eq!(cuts(4, 4, worth / 4 - 1), [4]);
        assert_eq!(cuts(4, 4, worth / 4), [2, 2]);
        assert_eq!(cuts(4, 4, worth / 2), [1, 1, 2]);
        assert_eq!(cuts(4, 4, worth), [1, 1, 1, 1]);
        // No more than columns, and one even of none.
        assert_eq!(cuts(4, 2, worth), [1, 1]);
        assert_eq!(cuts(4, 1, worth), [1]);
        assert_eq!(cuts(4, 0, worth), [0]);
        assert_eq!(cuts(2, 2, usize::MAX), [1, 1]);
    }

    #[test]
    fn work_that_is_split_runs_in_the_pool_and_other_work_stays_with_the_caller() {
        // A number of threads that no machine's default pool has.
        const THREADS: usize = 41;
        let mut compute = Compute::<f64>::new(THREADS).unwrap();
        assert_eq!(compute.n_threads(), THREADS);
        let data = [0_u8; 2];
        let mut wheres = |flops_per_col| {
            let body = |_: &mut WorkerScratch<f64>, _: Cols<'_, u8>| {
                let inside = rayon::current_thread_index().is_some();
                vec![(inside, rayon::current_num_threads())]
            };
            let merge = |l, r| [l, r].concat();
            compute.sweep(flops_per_col, Cols::new(&data, 1), &body, &merge)
        };
        assert_eq!(wheres(MIN_PARALLEL_FLOPS), [(true, THREADS); 2]);
        let alone = wheres(1);
        assert!(alone.len() == 1 && !alone[0].0);
        // Installed, everything is within the pool, which is there again afterwards.
        let within = |c: &mut Compute<f64>| (c.n_threads(), rayon::current_num_threads());
        assert_eq!(compute.install(within), (THREADS, THREADS));
        assert_eq!(compute.install(within), (THREADS, THREADS));
        assert_eq!(
            Compute::<f32>::new(1).unwrap().install(|c| c.n_threads()),
            1
        );
    }

    #[test]
    fn no_thread_is_refused() {
        let refused = Compute::<f32>::new(0).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "n_threads = 0 is not allowed: it must be at least 1"
        );
    }
}
