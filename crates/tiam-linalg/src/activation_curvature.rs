//! The curvature of the a step, H = ρ Wᵀ W + δ I, and the solves with it.

use crate::activations::NextLayer;
use crate::cholesky::Factor;
use crate::compute::{ColsMut, Compute, Largest, WorkerScratch, buffer, for_tiles, tile_cols};
use crate::curvature::{Solved, relative};
use crate::matrix::Matrix;
use crate::product::tile_product;
use crate::real::Real;
use crate::reduce::dot;
use crate::step::Solve;

/// δ relative to the mean diagonal of ρ Wᵀ W. W has fewer rows than columns in a narrowing network, so the curvature is
/// singular; this much makes the solve well-posed without slowing the directions that matter (ours).
const DAMPING: f64 = 1e-3;

/// H with its factor, refreshed at every step (W has changed since).
#[derive(Debug)]
pub(crate) struct ActivationCurvature<T> {
    gram: Matrix<T>,
    factor: Factor<T>,
    solve: Solve,
}

impl<T: Real> ActivationCurvature<T> {
    pub(crate) fn new(n: usize, solve: Solve) -> Self {
        Self {
            gram: Matrix::zeros(n, n),
            factor: Factor::new(n),
            solve,
        }
    }

    /// x ← H⁻¹ x for the gradient x (n x N), column by column; the residual is recomputed from the result.
    pub(crate) fn solve(
        &mut self,
        x: &mut Matrix<T>,
        next: NextLayer<'_, T>,
        compute: &mut Compute<T>,
    ) -> Solved {
        self.refresh(next);
        let n = x.n_rows();
        let this = &*self;
        let slab = x.cols_mut();
        let body = |scratch: &mut WorkerScratch<T>, slab: ColsMut<'_, T>| {
            let (mut error_sq, mut whole_sq, mut iterations) = (0.0, 0.0, 0);
            for_tiles(slab, tile_cols::<T>(n), |tile| {
                let len = tile.data.len();
                let right = buffer(&mut scratch.tile_a, len);
                right.copy_from_slice(tile.data);
                whole_sq += dot(right, right);
                let work = buffer(&mut scratch.tile_b, 3 * len);
                let taken = this.solve_tile(tile.data, right, work);
                iterations = iterations.max(taken);
                let image = &mut work[..len];
                tile_product(image, this.gram.view(), tile.data);
                for (y, b) in image.iter_mut().zip(right.iter()) {
                    *y -= *b;
                }
                error_sq += dot(image, image);
            });
            #[allow(clippy::cast_precision_loss, reason = "a number of iterations")]
            ([error_sq, whole_sq], Largest(iterations as f64))
        };
        let ([error_sq, whole_sq], Largest(iterations)) =
            compute.over_samples(2 * n * n, slab, &body);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of iterations"
        )]
        Solved {
            rel_residual: relative(error_sq, whole_sq),
            iterations: iterations as usize,
        }
    }

    /// gram ← ρ Wᵀ W + δ I, and its factor where one is asked for.
    fn refresh(&mut self, next: NextLayer<'_, T>) {
        let weights = next.weights.weights();
        let n = self.gram.n_rows();
        tile_product(
            self.gram.as_mut_slice(),
            weights.view().transpose(),
            weights.as_slice(),
        );
        let rho = T::from_f64(next.rho);
        for g in self.gram.as_mut_slice() {
            *g *= rho;
        }
        let trace: f64 = (0..n).map(|i| self.gram[(i, i)].to_f64()).sum();
        #[allow(clippy::cast_precision_loss, reason = "a layer's width")]
        let damping = (DAMPING * trace / n as f64).max(T::min_positive_value().to_f64());
        for i in 0..n {
            self.gram[(i, i)] += T::from_f64(damping);
        }
        if self.solve == Solve::Cholesky {
            self.factor.factor(&self.gram, 1.0, 0.0);
        }
    }

    /// x ← H⁻¹ x for one tile, `right` its copy; returns the iterations taken.
    fn solve_tile(&self, x: &mut [T], right: &[T], work: &mut [T]) -> usize {
        match self.solve {
            Solve::ConjugateGradient {
                max_iterations,
                rel_tolerance,
            } => self.conjugate_gradients(x, right, work, max_iterations, rel_tolerance),
            Solve::Cholesky => {
                self.factor.solve_columns(x);
                1
            }
        }
    }

    /// Conjugate gradients on every column by itself, so that no sample's solution depends on its neighbours.
    fn conjugate_gradients(
        &self,
        x: &mut [T],
        right: &[T],
        work: &mut [T],
        max_iterations: usize,
        rel_tolerance: f64,
    ) -> usize {
        let n = self.gram.n_rows();
        let (residual, rest) = work.split_at_mut(x.len());
        let (search, image) = rest.split_at_mut(x.len());
        x.fill(T::zero());
        residual.copy_from_slice(right);
        search.copy_from_slice(right);
        for iteration in 0..max_iterations {
            tile_product(image, self.gram.view(), search);
            let mut active = false;
            let columns = x
                .chunks_exact_mut(n)
                .zip(residual.chunks_exact_mut(n))
                .zip(search.chunks_exact_mut(n))
                .zip(image.chunks_exact(n))
                .zip(right.chunks_exact(n));
            for ((((x, r), s), y), b) in columns {
                active |= advance(x, r, s, y, dot(b, b) * rel_tolerance * rel_tolerance);
            }
            if !active {
                return iteration;
            }
        }
        max_iterations
    }
}

/// One step of conjugate gradients on one column; false when the column needs none.
fn advance<T: Real>(x: &mut [T], r: &mut [T], s: &mut [T], image: &[T], small: f64) -> bool {
    let residual_sq = dot(r, r);
    let curvature = dot(s, image);
    if !(residual_sq > small && curvature > 0.0) {
        return false;
    }
    let alpha = T::from_f64(residual_sq / curvature);
    for i in 0..x.len() {
        x[i] += alpha * s[i];
        r[i] -= alpha * image[i];
    }
    let beta = T::from_f64(dot(r, r) / residual_sq);
    for i in 0..x.len() {
        s[i] = r[i] + beta * s[i];
    }
    true
}
