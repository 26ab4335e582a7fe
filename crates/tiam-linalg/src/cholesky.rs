//! A Cholesky factorisation that keeps its memory: a new matrix is factored in place.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::LltError;
use faer::linalg::cholesky::llt::factor::{
    LltRegularization, cholesky_in_place, cholesky_in_place_scratch,
};
use faer::linalg::cholesky::llt::solve::solve_in_place;
use faer::{Par, Spec};

use crate::matrix::{Matrix, view_mut};
use crate::real::Real;

/// Factor by which the ridge grows when a pivot is not positive.
const RIDGE_GROWTH: f64 = 100.0;
/// Attempts before the factorisation gives up: ridge from eps to beyond the matrix itself.
const MAX_ATTEMPTS: usize = 16;

/// L with L Lᵀ = c G + r I for a symmetric G; its buffers are made once.
pub(crate) struct Factor<T> {
    lower: Matrix<T>,
    scratch: MemBuffer,
    usable: bool,
}

impl<T> std::fmt::Debug for Factor<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Factor")
            .field("usable", &self.usable)
            .finish_non_exhaustive()
    }
}

impl<T: Real> Factor<T> {
    pub(crate) fn new(n: usize) -> Self {
        let request = cholesky_in_place_scratch::<T>(n, Par::Seq, Spec::default());
        Self {
            lower: Matrix::zeros(n, n),
            scratch: MemBuffer::new(request),
            usable: false,
        }
    }

    /// Factors c·`gram` + ridge·I (n³/3 flops). Where rounding leaves no positive pivot the ridge grows until
    /// there is one; a matrix with non-finite entries gives a factor that turns every solution into NaN. Returns the
    /// ridge of the factor.
    pub(crate) fn factor(&mut self, gram: &Matrix<T>, c: f64, ridge: f64) -> f64 {
        let mut ridge = ridge.max(f64::MIN_POSITIVE);
        for _ in 0..MAX_ATTEMPTS {
            if self.try_factor(gram, c, ridge).is_ok() {
                return ridge;
            }
            ridge *= RIDGE_GROWTH;
        }
        ridge
    }

    /// Factors c·`gram` + ridge·I; the error is the number of the pivot that is not positive. Without a factor every solution is NaN.
    pub(crate) fn try_factor(&mut self, gram: &Matrix<T>, c: f64, ridge: f64) -> Result<(), usize> {
        let n = gram.n_rows();
        self.usable = false;
        for (l, g) in self.lower.as_mut_slice().iter_mut().zip(gram.as_slice()) {
            *l = T::from_f64(c) * *g;
        }
        for i in 0..n {
            self.lower[(i, i)] += T::from_f64(ridge);
        }
        let stack = MemStack::new(&mut self.scratch);
        let plain = LltRegularization::default();
        let lower = view_mut(self.lower.as_mut_slice(), n);
        match cholesky_in_place(lower, plain, Par::Seq, stack, Spec::default()) {
            Ok(_) => {
                self.usable = true;
                Ok(())
            }
            Err(LltError::NonPositivePivot { index }) => Err(index),
        }
    }

    /// Number of rows.
    pub(crate) fn n(&self) -> usize {
        self.lower.n_rows()
    }

    /// x ← x (L Lᵀ)⁻¹, x of n columns. 2n² flops a row.
    pub(crate) fn solve_right(&self, x: &mut Matrix<T>) {
        self.solve(x.view_mut().transpose_mut());
    }

    /// x ← (L Lᵀ)⁻¹ x for columns of n contiguous entries. 2n² flops a column.
    pub(crate) fn solve_columns(&self, x: &mut [T]) {
        let n = self.lower.n_rows();
        self.solve(view_mut(x, n));
    }

    fn solve(&self, mut x: faer::MatMut<'_, T>) {
        if self.usable {
            // The solve asks for no scratch in this version of faer; an empty stack proves it.
            let stack = MemStack::new(&mut []);
            solve_in_place(self.lower.view(), x, Par::Seq, stack);
        } else {
            x.fill(T::nan());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Factor;
    use crate::matrix::Matrix;

    fn diagonal(entries: [f64; 3]) -> Matrix<f64> {
        Matrix::from_fn(3, 3, |i, j| if i == j { entries[i] } else { 0.0 })
    }

    #[test]
    fn the_ridge_grows_a_hundredfold_until_there_is_a_factor_and_is_returned() {
        let mut factor = Factor::new(3);
        let definite = diagonal([2.0, 1.0, 4.0]);
        for ridge in [0.0, 0.5] {
            let used = factor.factor(&definite, 3.0, ridge);
            assert!((used - ridge).abs() < 1e-300);
            let mut x = [12.0, 6.0, 24.0];
            factor.solve_columns(&mut x);
            for (x, d) in x.iter().zip([2.0, 1.0, 4.0]) {
                assert!((x - 6.0 * d / (3.0 * d + ridge)).abs() < 4e-15);
            }
        }
        // 3 · −1000 + 0.5 · 100² is the first diagonal above 0.
        let used = factor.factor(&diagonal([2.0, -1000.0, 4.0]), 3.0, 0.5);
        assert!((used - 5000.0).abs() < 1e-9);
        let mut x = [0.0, 2000.0, 0.0];
        factor.solve_columns(&mut x);
        assert!((x[1] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn without_a_factor_every_solution_is_nan() {
        let mut factor = Factor::new(3);
        factor.factor(&diagonal([1.0, f64::NAN, 1.0]), 1.0, 0.5);
        let mut x = Matrix::from_fn(2, 3, |_, _| 1.0);
        factor.solve_right(&mut x);
        assert!(x.as_slice().iter().all(|x| x.is_nan()));
        factor.factor(&diagonal([1.0; 3]), 1.0, 1.0);
        let mut x = Matrix::from_fn(2, 3, |i, j| (i + 2 * j) as f64);
        factor.solve_right(&mut x);
        let twin = Matrix::from_fn(2, 3, |i, j| (i + 2 * j) as f64 / 2.0);
        let pairs = x.as_slice().iter().zip(twin.as_slice());
        assert!(pairs.map(|(x, y)| (x - y).abs()).fold(0.0, f64::max) < 1e-15);
    }
}
