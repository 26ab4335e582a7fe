//! Solves with a symmetric positive definite matrix.

use crate::cholesky::Factor;
use crate::compute::{Compute, for_tiles, tile_cols};
use crate::error::LinalgError;
use crate::matrix::Matrix;
use crate::real::Real;

/// The Cholesky factor of M = c G + r I for a symmetric n x n matrix G, made anew in place by every [`SpdFactor::factor`].
///
/// For normal equations, where G is a Gram matrix a aᵀ ([`outer_product`](crate::outer_product)). Only the lower triangle of G is read. Memory: n² entries and the
/// factorisation's scratch, both taken at construction.
///
/// ```
/// use tiam_linalg::{Compute, Matrix, SpdFactor};
/// let gram = Matrix::from_vec(2, 2, vec![3.0, 1.0, 1.0, 3.0])?;
/// let mut factor = SpdFactor::new(2);
/// factor.factor(&gram, 1.0, 1.0)?; // M = [4 1; 1 4]
/// let mut x = Matrix::from_vec(2, 1, vec![5.0, 5.0])?;
/// factor.solve(&mut x, &mut Compute::new(1)?);
/// assert!((x[(0, 0)] - 1.0_f64).abs() < 1e-15);
/// # Ok::<(), tiam_linalg::LinalgError>(())
/// ```
#[derive(Debug)]
pub struct SpdFactor<T> {
    factor: Factor<T>,
}

impl<T: Real> SpdFactor<T> {
    /// Room for the factor of an n x n matrix; until [`SpdFactor::factor`] succeeds every solution is NaN.
    pub fn new(n: usize) -> Self {
        Self {
            factor: Factor::new(n),
        }
    }

    /// n.
    pub fn n(&self) -> usize {
        self.factor.n()
    }

    /// Factors M = c·`gram` + ridge·I. n³/3 flops, sequential.
    ///
    /// # Errors
    /// [`LinalgError::NotPositiveDefinite`] when a pivot is not positive (or not a number); nothing is added to make it so,
    /// and every solution is NaN until a later factorisation succeeds.
    ///
    /// # Panics
    /// When `gram` is not n x n.
    pub fn factor(&mut self, gram: &Matrix<T>, c: f64, ridge: f64) -> Result<(), LinalgError> {
        T::factor_spd(self, gram, c, ridge)
    }

    pub(crate) fn factor_generic(
        &mut self,
        gram: &Matrix<T>,
        c: f64,
        ridge: f64,
    ) -> Result<(), LinalgError> {
        let n = self.n();
        assert_eq!(
            (gram.n_rows(), gram.n_cols()),
            (n, n),
            "SpdFactor: shapes differ"
        );
        let result = self.factor.try_factor(gram, c, ridge);
        result.map_err(|pivot| LinalgError::NotPositiveDefinite { n, pivot })
    }

    /// x ← M⁻¹ x for x of n rows, split over its columns (samples). 2n² flops a column.
    ///
    /// # Panics
    /// When x has another number of rows.
    pub fn solve(&self, x: &mut Matrix<T>, compute: &mut Compute<T>) {
        T::solve_spd(self, x, compute)
    }

    pub(crate) fn solve_generic(&self, x: &mut Matrix<T>, compute: &mut Compute<T>) {
        let n = self.n();
        assert_eq!(x.n_rows(), n, "SpdFactor: rows differ");
        let columns = x.cols_mut();
        compute.for_each(2 * n * n, columns, &|_, columns| {
            for_tiles(columns, tile_cols::<T>(n), |tile| {
                self.factor.solve_columns(tile.data);
            });
        });
    }

    /// x ← x M⁻¹ for x of n columns. 2n² flops a row, sequential.
    ///
    /// # Panics
    /// When x has another number of columns.
    pub fn solve_right(&self, x: &mut Matrix<T>) {
        T::solve_spd_right(self, x)
    }

    pub(crate) fn solve_right_generic(&self, x: &mut Matrix<T>) {
        assert_eq!(x.n_cols(), self.n(), "SpdFactor: columns differ");
        self.factor.solve_right(x);
    }
}
