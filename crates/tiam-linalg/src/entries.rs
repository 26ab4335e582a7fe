//! Element-wise operations on matrices of one shape, a column a sample.

use crate::compute::{Cols, ColsMut, Compute, WorkerScratch};
use crate::matrix::Matrix;
use crate::real::Real;
use crate::reduce::LaneSum;
use crate::simd::vectorised;

/// Entries of a column worked on at a time: their terms stay in registers and the first-level cache.
const STRIP: usize = 128;
/// Flops counted for an entry when the pass decides whether threads pay.
const FLOPS: usize = 20;

/// out_ij ← f(out_ij, [x_ij, y_ij, …], r_i); returns the sums over all entries of the M terms that `f` gives beside the value.
///
/// Shapes: `out` and every input n x N; `rows`, a number for each row (biases, say), n. `f` runs in the scalar type and is
/// compiled for the widest instruction set of the machine when it is a closure marked `#[inline(always)]`. Sums are accumulated in
/// double precision. No allocation.
///
/// # Panics
/// When the shapes differ.
///
/// ```
/// use tiam_linalg::{Compute, Matrix, map_entries};
/// let x = Matrix::from_vec(2, 2, vec![1.0, 2.0, 3.0, 4.0])?;
/// let mut out = Matrix::zeros(2, 2);
/// let mut compute = Compute::new(1)?;
/// let f = |_: f64, [x]: [f64; 1], bias: f64| (x + bias, [x * x]);
/// let [norm_sq] = map_entries(&mut out, [&x], &[10.0, 0.0], &mut compute, f);
/// assert_eq!(out.as_slice(), &[11.0, 2.0, 13.0, 4.0]);
/// assert!((norm_sq - 30.0).abs() < 1e-12);
/// # Ok::<(), tiam_linalg::LinalgError>(())
/// ```
pub fn map_entries<T: Real, const K: usize, const M: usize>(
    out: &mut Matrix<T>,
    inputs: [&Matrix<T>; K],
    rows: &[T],
    compute: &mut Compute<T>,
    f: impl Fn(T, [T; K], T) -> (T, [T; M]) + Sync,
) -> [f64; M] {
    let n = rows.len();
    let shape = (n, out.n_cols());
    assert_eq!((out.n_rows(), out.n_cols()), shape, "map_entries: rows");
    let cols = columns(inputs, shape);
    let slab = (out.cols_mut(), cols);
    let body = |_: &mut WorkerScratch<T>, (out, cols): (ColsMut<'_, T>, [Cols<'_, T>; K])| {
        vectorised(
            #[inline(always)]
            || {
                let mut sums = std::array::from_fn::<_, M, _>(|_| LaneSum::new());
                let mut terms = [[T::zero(); STRIP]; M];
                for j in 0..out.data.len() / n {
                    for start in (0..n).step_by(STRIP) {
                        let (len, at) = (STRIP.min(n - start), j * n + start);
                        let y = &mut out.data[at..at + len];
                        let x = cols.each_ref().map(|c| &c.data[at..at + len]);
                        let rows = &rows[start..start + len];
                        for i in 0..len {
                            let (value, term) = f(y[i], x.map(|x| x[i]), rows[i]);
                            y[i] = value;
                            store(&mut terms, i, term);
                        }
                        add(&mut sums, &terms, len);
                    }
                }
                sums.map(LaneSum::finish)
            },
        )
    };
    compute.over_samples(FLOPS * n, slab, &body)
}

/// The sums over all entries of the M terms f([x_ij, y_ij, …], r_i). [`map_entries`] without an output.
///
/// # Panics
/// When the shapes differ.
///
/// ```
/// use tiam_linalg::{Compute, Matrix, sum_entries};
/// let x = Matrix::from_vec(2, 2, vec![1.0, 2.0, 3.0, 4.0])?;
/// let f = |[x]: [f64; 1], row: f64| [x, x * row];
/// let sums = sum_entries([&x], &[1.0, 0.0], &mut Compute::new(1)?, f);
/// assert!((sums[0] - 10.0).abs() + (sums[1] - 4.0).abs() < 1e-12);
/// # Ok::<(), tiam_linalg::LinalgError>(())
/// ```
pub fn sum_entries<T: Real, const K: usize, const M: usize>(
    inputs: [&Matrix<T>; K],
    rows: &[T],
    compute: &mut Compute<T>,
    f: impl Fn([T; K], T) -> [T; M] + Sync,
) -> [f64; M] {
    let n = rows.len();
    let n_cols = inputs.first().map_or(0, |x| x.n_cols());
    let slab = columns(inputs, (n, n_cols));
    let body = |_: &mut WorkerScratch<T>, cols: [Cols<'_, T>; K]| {
        vectorised(
            #[inline(always)]
            || {
                let mut sums = std::array::from_fn::<_, M, _>(|_| LaneSum::new());
                let mut terms = [[T::zero(); STRIP]; M];
                let total = cols.first().map_or(0, |c| c.data.len());
                for j in 0..total / n {
                    for start in (0..n).step_by(STRIP) {
                        let (len, at) = (STRIP.min(n - start), j * n + start);
                        let x = cols.each_ref().map(|c| &c.data[at..at + len]);
                        let rows = &rows[start..start + len];
                        for i in 0..len {
                            store(&mut terms, i, f(x.map(|x| x[i]), rows[i]));
                        }
                        add(&mut sums, &terms, len);
                    }
                }
                sums.map(LaneSum::finish)
            },
        )
    };
    compute.over_samples(FLOPS * n, slab, &body)
}

fn columns<'a, T: Real, const K: usize>(
    inputs: [&'a Matrix<T>; K],
    shape: (usize, usize),
) -> [Cols<'a, T>; K] {
    inputs.map(|x| {
        assert_eq!((x.n_rows(), x.n_cols()), shape, "entries: shapes differ");
        x.cols()
    })
}

#[inline(always)]
fn store<T: Copy, const M: usize>(terms: &mut [[T; STRIP]; M], i: usize, term: [T; M]) {
    for m in 0..M {
        terms[m][i] = term[m];
    }
}

#[inline(always)]
fn add<T: Real, const M: usize>(sums: &mut [LaneSum<T>; M], terms: &[[T; STRIP]; M], len: usize) {
    for (sum, terms) in sums.iter_mut().zip(terms) {
        sum.add([&terms[..len]], |[x]| x);
    }
}
