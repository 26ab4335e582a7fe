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
#[path = "../tests/unit/cholesky.rs"]
mod tests;
