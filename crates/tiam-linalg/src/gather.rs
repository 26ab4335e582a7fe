//! Copies the samples of a batch.

use crate::matrix::Matrix;
use crate::real::Real;

/// Columns of `out` ← the columns of `from` that `indices` name.
pub(crate) fn copy_columns<T: Real>(out: &mut [T], from: &Matrix<T>, indices: &[usize]) {
    for (out, &j) in out.chunks_exact_mut(from.n_rows().max(1)).zip(indices) {
        out.copy_from_slice(from.col(j));
    }
}

/// out ← the columns of `from` that `indices` name, in their order: n_rows x `indices.len()`.
///
/// `out` takes that shape whatever it was; it allocates only when it has never been as large. No flops.
///
/// # Panics
/// When an index is not below the number of columns.
///
/// ```
/// use tiam_linalg::{Matrix, gather_columns};
/// let from = Matrix::from_vec(2, 3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
/// let mut out = Matrix::default();
/// gather_columns(&mut out, &from, &[2, 0]);
/// assert_eq!((out.n_cols(), out.as_slice()), (2, &[5.0, 6.0, 1.0, 2.0][..]));
/// # Ok::<(), tiam_linalg::LinalgError>(())
/// ```
pub fn gather_columns<T: Real>(out: &mut Matrix<T>, from: &Matrix<T>, indices: &[usize]) {
    out.reshape(from.n_rows(), indices.len());
    copy_columns(out.as_mut_slice(), from, indices);
}

/// out ← the labels that `indices` name, in their order; allocates only when `out` has never been as long.
///
/// # Panics
/// When an index is not below the number of labels.
///
/// ```
/// let mut out = Vec::new();
/// tiam_linalg::gather_labels(&mut out, &[7, 8, 9], &[2, 0]);
/// assert_eq!(out, [9, 7]);
/// ```
pub fn gather_labels(out: &mut Vec<u32>, from: &[u32], indices: &[usize]) {
    out.clear();
    out.extend(indices.iter().map(|&i| from[i]));
}
