//! A dense matrix, contiguous and column-major: in this workspace a column is a sample.

use std::ops::{Index, IndexMut};

use faer::{MatMut, MatRef};

use crate::compute::{Cols, ColsMut};
use crate::error::LinalgError;
use crate::real::Real;

/// A dense `n_rows` x `n_cols` matrix, column after column without padding.
///
/// Samples are columns throughout the workspace, so one sample's values are contiguous and a range of samples
/// is a slice.
///
/// ```
/// use tiam_linalg::Matrix;
/// let m = Matrix::from_vec(2, 3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
/// assert_eq!(m.col(1), &[3.0, 4.0]);
/// assert_eq!(m[(1, 2)], 6.0);
/// # Ok::<(), tiam_linalg::LinalgError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matrix<T> {
    data: Vec<T>,
    n_rows: usize,
    n_cols: usize,
}

impl<T: Copy> Matrix<T> {
    /// Takes `n_rows * n_cols` values, column after column.
    ///
    /// # Errors
    /// [`LinalgError::Shape`] when the number of values differs.
    pub fn from_vec(n_rows: usize, n_cols: usize, data: Vec<T>) -> Result<Self, LinalgError> {
        if n_rows.checked_mul(n_cols) != Some(data.len()) {
            return Err(LinalgError::Shape {
                n_rows,
                n_cols,
                found: data.len(),
            });
        }
        Ok(Self {
            data,
            n_rows,
            n_cols,
        })
    }

    /// The matrix whose entry (i, j) is `f(i, j)`.
    pub fn from_fn(n_rows: usize, n_cols: usize, mut f: impl FnMut(usize, usize) -> T) -> Self {
        let mut data = Vec::with_capacity(n_rows * n_cols);
        for j in 0..n_cols {
            data.extend((0..n_rows).map(|i| f(i, j)));
        }
        Self {
            data,
            n_rows,
            n_cols,
        }
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Number of columns (samples, where the matrix holds data).
    pub fn n_cols(&self) -> usize {
        self.n_cols
    }

    /// All entries, column after column.
    pub fn as_slice(&self) -> &[T] {
        &self.data
    }

    /// All entries, column after column, to write.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.data
    }

    /// All entries, column after column, without a copy.
    pub fn into_vec(self) -> Vec<T> {
        self.data
    }

    /// Column `j`: `n_rows` entries.
    ///
    /// # Panics
    /// When `j >= n_cols`.
    pub fn col(&self, j: usize) -> &[T] {
        &self.data[j * self.n_rows..(j + 1) * self.n_rows]
    }

    /// Column `j`, to write.
    ///
    /// # Panics
    /// When `j >= n_cols`.
    pub fn col_mut(&mut self, j: usize) -> &mut [T] {
        &mut self.data[j * self.n_rows..(j + 1) * self.n_rows]
    }

    /// The transpose, copied.
    pub fn transposed(&self) -> Self {
        Self::from_fn(self.n_cols, self.n_rows, |i, j| self[(j, i)])
    }
}

impl<T: Real> Matrix<T> {
    /// All entries zero.
    pub fn zeros(n_rows: usize, n_cols: usize) -> Self {
        Self {
            data: vec![T::zero(); n_rows * n_cols],
            n_rows,
            n_cols,
        }
    }

    /// Gives the matrix another shape; its entries are then unspecified. Memory is asked for only when it never held as many.
    pub fn reshape(&mut self, n_rows: usize, n_cols: usize) {
        self.data.resize(n_rows * n_cols, T::zero());
        (self.n_rows, self.n_cols) = (n_rows, n_cols);
    }

    /// ‖·‖_F², summed in double precision.
    pub fn norm_sq(&self) -> f64 {
        crate::reduce::dot(&self.data, &self.data)
    }

    /// The columns, to be cut among workers.
    pub(crate) fn cols(&self) -> Cols<'_, T> {
        Cols::new(&self.data, self.n_rows)
    }

    pub(crate) fn cols_mut(&mut self) -> ColsMut<'_, T> {
        ColsMut::new(&mut self.data, self.n_rows)
    }

    pub(crate) fn view(&self) -> MatRef<'_, T> {
        view(&self.data, self.n_rows)
    }

    pub(crate) fn view_mut(&mut self) -> MatMut<'_, T> {
        view_mut(&mut self.data, self.n_rows)
    }
}

/// Columns of `n_rows` contiguous entries as a faer view.
pub(crate) fn view<T: Real>(data: &[T], n_rows: usize) -> MatRef<'_, T> {
    MatRef::from_column_major_slice(data, n_rows, data.len() / n_rows.max(1))
}

/// Columns of `n_rows` contiguous entries as a faer view, to write.
pub(crate) fn view_mut<T: Real>(data: &mut [T], n_rows: usize) -> MatMut<'_, T> {
    let n_cols = data.len() / n_rows.max(1);
    MatMut::from_column_major_slice_mut(data, n_rows, n_cols)
}

impl<T: Copy> Index<(usize, usize)> for Matrix<T> {
    type Output = T;
    fn index(&self, (i, j): (usize, usize)) -> &T {
        &self.col(j)[i]
    }
}

impl<T: Copy> IndexMut<(usize, usize)> for Matrix<T> {
    fn index_mut(&mut self, (i, j): (usize, usize)) -> &mut T {
        &mut self.col_mut(j)[i]
    }
}
