//! Large matrix products, computed in tiles of samples; each tile is sequential.

use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, MatRef, Par};

use crate::compute::{Cols, ColsMut, Compute, Slab, WorkerScratch, for_tiles, tile_cols};
use crate::matrix::{Matrix, view, view_mut};
use crate::real::Real;

/// out = left · right for one tile of columns, sequentially.
pub(crate) fn tile_product<T: Real>(out: &mut [T], left: MatRef<'_, T>, right: &[T]) {
    let right = view(right, left.ncols());
    matmul(
        view_mut(out, left.nrows()),
        Accum::Replace,
        left,
        right,
        T::one(),
        Par::Seq,
    );
}

/// A product large enough for the thread's buffer, which is for every scalar type.
pub(crate) fn first_product() {
    const N: usize = 64;
    let ones = Matrix::from_fn(N, N, |_, _| 1.0_f32);
    let mut out = Matrix::zeros(N, N);
    tile_product(out.as_mut_slice(), ones.view(), ones.as_slice());
}

/// sum += left · rightᵀ for one tile of columns, sequentially; `sum` is `left_rows` x `right_rows`.
pub(crate) fn tile_outer<T: Real>(
    sum: &mut [T],
    left: &[T],
    left_rows: usize,
    right: &[T],
    right_rows: usize,
) {
    tile_outer_into(sum, Accum::Add, (left, left_rows), (right, right_rows));
}

/// [`tile_outer`], which may replace what `sum` holds; each side with its number of rows.
pub(crate) fn tile_outer_into<T: Real>(
    sum: &mut [T],
    accum: Accum,
    (left, left_rows): (&[T], usize),
    (right, right_rows): (&[T], usize),
) {
    let (left, right) = (view(left, left_rows), view(right, right_rows));
    let sum = view_mut(sum, left_rows);
    matmul(sum, accum, left, right.transpose(), T::one(), Par::Seq);
}

/// The lower triangle of sum += a aᵀ for one tile of columns of n entries, sequentially; above it nothing is touched.
pub(crate) fn tile_gram<T: Real>(sum: &mut [T], a: &[T], n: usize) {
    let columns = view(a, n);
    triangular::matmul(
        view_mut(sum, n),
        BlockStructure::TriangularLower,
        Accum::Add,
        columns,
        BlockStructure::Rectangular,
        columns.transpose(),
        BlockStructure::Rectangular,
        T::one(),
        Par::Seq,
    );
}

/// out = left · right, split over the columns of `right` (samples).
///
/// Shapes: `left` m x k, `right` k x N, `out` m x N. 2mkN flops; scratch only inside the product.
///
/// # Panics
/// When the shapes do not fit.
///
/// ```
/// use tiam_linalg::{Compute, Matrix, product};
/// let left = Matrix::from_vec(1, 2, vec![1.0, 2.0])?;
/// let right = Matrix::from_vec(2, 2, vec![1.0, 1.0, 0.0, 3.0])?;
/// let mut out = Matrix::zeros(1, 2);
/// product(&mut out, &left, &right, &mut Compute::new(1)?);
/// assert_eq!(out.as_slice(), &[3.0, 6.0]);
/// # Ok::<(), tiam_linalg::LinalgError>(())
/// ```
pub fn product<T: Real>(
    out: &mut Matrix<T>,
    left: &Matrix<T>,
    right: &Matrix<T>,
    compute: &mut Compute<T>,
) {
    T::product(out, left, right, compute)
}

pub(crate) fn product_generic<T: Real>(
    out: &mut Matrix<T>,
    left: &Matrix<T>,
    right: &Matrix<T>,
    compute: &mut Compute<T>,
) {
    assert_eq!(left.n_cols(), right.n_rows(), "product: inner sizes differ");
    assert_eq!(out.n_rows(), left.n_rows(), "product: rows differ");
    assert_eq!(out.n_cols(), right.n_cols(), "product: columns differ");
    let (m, k) = (left.n_rows(), left.n_cols());
    let slab = (out.cols_mut(), right.cols());
    let tile = tile_cols::<T>(m);
    compute.for_each(2 * m * k, slab, &|_, slab| {
        for_tiles(slab, tile, |(out, right)| {
            tile_product(out.data, left.view(), right.data)
        });
    });
}

/// [`product`] for samples, of which a process has its own.
pub(crate) fn product_of_samples<T: Real>(
    out: &mut Matrix<T>,
    left: &Matrix<T>,
    samples: &Matrix<T>,
    compute: &mut Compute<T>,
) {
    let (m, k) = (left.n_rows(), left.n_cols());
    let slab = (out.cols_mut(), samples.cols());
    let tile = tile_cols::<T>(m);
    let body = |_: &mut WorkerScratch<T>, slab: (ColsMut<'_, T>, Cols<'_, T>)| {
        for_tiles(slab, tile, |(out, samples)| {
            tile_product(out.data, left.view(), samples.data);
        });
    };
    compute.over_samples(2 * m * k, slab, &body);
}

/// out = leftᵀ · right, split over the columns of `right` (samples).
///
/// Shapes: `left` m x k, `right` m x N, `out` k x N. 2mkN flops; scratch only inside the product.
///
/// # Panics
/// When the shapes do not fit.
///
/// ```
/// use tiam_linalg::{Compute, Matrix, product_transposed};
/// let left = Matrix::from_vec(2, 1, vec![1.0, 2.0])?;
/// let right = Matrix::from_vec(2, 2, vec![1.0, 1.0, 0.0, 3.0])?;
/// let mut out = Matrix::zeros(1, 2);
/// product_transposed(&mut out, &left, &right, &mut Compute::new(1)?);
/// assert_eq!(out.as_slice(), &[3.0, 6.0]);
/// # Ok::<(), tiam_linalg::LinalgError>(())
/// ```
pub fn product_transposed<T: Real>(
    out: &mut Matrix<T>,
    left: &Matrix<T>,
    right: &Matrix<T>,
    compute: &mut Compute<T>,
) {
    T::product_transposed(out, left, right, compute)
}

pub(crate) fn product_transposed_generic<T: Real>(
    out: &mut Matrix<T>,
    left: &Matrix<T>,
    right: &Matrix<T>,
    compute: &mut Compute<T>,
) {
    assert_eq!(
        left.n_rows(),
        right.n_rows(),
        "product_transposed: inner sizes differ"
    );
    assert_eq!(
        out.n_rows(),
        left.n_cols(),
        "product_transposed: rows differ"
    );
    assert_eq!(
        out.n_cols(),
        right.n_cols(),
        "product_transposed: columns differ"
    );
    let (m, k) = (left.n_rows(), left.n_cols());
    let slab = (out.cols_mut(), right.cols());
    let tile = tile_cols::<T>(k);
    compute.for_each(2 * m * k, slab, &|_, slab| {
        for_tiles(slab, tile, |(out, right)| {
            tile_product(out.data, left.view().transpose(), right.data)
        });
    });
}

/// out = left · rightᵀ, summed over samples: `left` m x N, `right` k x N, `out` m x k.
///
/// Split over samples when there are more of them than rows of `right`, otherwise over the columns of `out`.
/// 2mkN flops; scratch: one m x k sum a shard in the first form.
///
/// # Panics
/// When the shapes do not fit.
pub fn outer_product<T: Real>(
    out: &mut Matrix<T>,
    left: &Matrix<T>,
    right: &Matrix<T>,
    compute: &mut Compute<T>,
) {
    T::outer_product(out, left, right, compute)
}

pub(crate) fn outer_product_generic<T: Real>(
    out: &mut Matrix<T>,
    left: &Matrix<T>,
    right: &Matrix<T>,
    compute: &mut Compute<T>,
) {
    assert_eq!(
        left.n_cols(),
        right.n_cols(),
        "outer_product: samples differ"
    );
    assert_eq!(out.n_rows(), left.n_rows(), "outer_product: rows differ");
    assert_eq!(
        out.n_cols(),
        right.n_rows(),
        "outer_product: columns differ"
    );
    let (m, k) = (left.n_rows(), right.n_rows());
    if k > left.n_cols() {
        outer_by_columns(out, left, right, compute);
        return;
    }
    let slab = [left.cols(), right.cols()];
    let tile = tile_cols::<T>(m);
    let body = |_: &mut WorkerScratch<T>, sum: &mut [T], slab| {
        for_tiles(slab, tile, |[left, right]: [Cols<'_, T>; 2]| {
            tile_outer(sum, left.data, m, right.data, k);
        });
    };
    let ((), sum) = compute.sum_over_samples(m * k, 2 * m * k, slab, &body);
    out.as_mut_slice().copy_from_slice(sum);
}

/// [`outer_product`] split over the columns of `out`: for more features than samples.
pub(crate) fn outer_by_columns<T: Real>(
    out: &mut Matrix<T>,
    left: &Matrix<T>,
    right: &Matrix<T>,
    compute: &mut Compute<T>,
) {
    let (m, k, n) = (left.n_rows(), right.n_rows(), left.n_cols());
    // The range of columns of `out` a worker holds is the range of rows of `right` it needs.
    let columns = (out.cols_mut(), RowRange { start: 0, len: k });
    compute.for_each(2 * m * n, columns, &|_, (out, rows)| {
        let right = right.view().subrows(rows.start, rows.len).transpose();
        matmul(
            view_mut(out.data, m),
            Accum::Replace,
            left.view(),
            right,
            T::one(),
            Par::Seq,
        );
    });
}

/// out = aᵀ a for samples a (n_in x N): the N x N Gram matrix between samples. 2 n_in N² flops.
pub(crate) fn sample_gram<T: Real>(
    out: &mut Matrix<T>,
    samples: &Matrix<T>,
    compute: &mut Compute<T>,
) {
    let (n_in, n) = (samples.n_rows(), samples.n_cols());
    let slab = (out.cols_mut(), samples.cols());
    compute.for_each(2 * n_in * n, slab, &|_, (out, right)| {
        tile_product(out.data, samples.view().transpose(), right.data);
    });
}

/// out = a aᵀ for samples a (n_in x N): the n_in x n_in Gram matrix between features, by the product of one triangle. About
/// n_in² N flops, split over samples; scratch: one n_in x n_in sum a shard.
pub(crate) fn feature_gram<T: Real>(
    out: &mut Matrix<T>,
    samples: &Matrix<T>,
    compute: &mut Compute<T>,
) {
    let n = samples.n_rows();
    let body = |_: &mut WorkerScratch<T>, sum: &mut [T], slab: Cols<'_, T>| {
        tile_gram(sum, slab.data, n);
    };
    let ((), sum) = compute.sum_over_samples(n * n, n * n, samples.cols(), &body);
    out.as_mut_slice().copy_from_slice(sum);
    for j in 1..n {
        for i in 0..j {
            out[(i, j)] = out[(j, i)];
        }
    }
}

/// A range of row numbers, cut together with columns.
pub(crate) struct RowRange {
    pub(crate) start: usize,
    pub(crate) len: usize,
}

impl Slab for RowRange {
    fn n_cols(&self) -> usize {
        self.len
    }
    fn split_at(self, at: usize) -> (Self, Self) {
        let head = Self {
            start: self.start,
            len: at,
        };
        (
            head,
            Self {
                start: self.start + at,
                len: self.len - at,
            },
        )
    }
}
