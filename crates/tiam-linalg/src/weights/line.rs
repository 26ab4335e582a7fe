//! The plain form of a W step: gradient, direction and the six inner products, from products with the inputs.

use super::search::{Line, LineTerms, displaced};
use super::{Along, PASS_FLOPS, WeightBlock, WeightProblem};
use crate::compute::{Cols, ColsMut, Compute, Total, WorkerScratch, buffer, for_tiles, tile_cols};
use crate::curvature::InputCurvature;
use crate::kernels::{assemble_gradient, line_terms, proximal_direction, residual_tile};
use crate::matrix::Matrix;
use crate::product::{outer_by_columns, tile_outer, tile_product};
use crate::real::Real;
use crate::reduce::dot;
use crate::step::Inertia;

impl<T: Real> WeightBlock<T> {
    /// gradient ← ∇φ(Ŵ) of the quadratic part; returns ‖W a + b 1ᵀ − z‖².
    pub(super) fn compute_gradient(
        &mut self,
        problem: &WeightProblem<'_, T>,
        inertia: Inertia,
        compute: &mut Compute<T>,
    ) -> f64 {
        let residual_sq = self.residual_outer(problem, inertia, compute);
        self.finish_gradient(problem, inertia, compute);
        residual_sq
    }

    /// gradient ← (Ŵ a + b 1ᵀ − z) aᵀ; returns ‖W a + b 1ᵀ − z‖².
    pub(super) fn residual_outer(
        &mut self,
        problem: &WeightProblem<'_, T>,
        inertia: Inertia,
        compute: &mut Compute<T>,
    ) -> f64 {
        if self.current.n_cols() > problem.inputs.n_cols() {
            self.gradient_by_features(problem, inertia, compute)
        } else {
            self.gradient_by_samples(problem, inertia, compute)
        }
    }

    /// gradient ← ρ gradient + μ Ŵ, and its inner products.
    pub(super) fn finish_gradient(
        &mut self,
        problem: &WeightProblem<'_, T>,
        inertia: Inertia,
        compute: &mut Compute<T>,
    ) {
        let n_out = self.current.n_rows();
        let p = T::from_f64(inertia.gradient);
        let (rho, ridge) = (T::from_f64(problem.rho), T::from_f64(problem.ridge));
        let mut gradient = std::mem::take(&mut self.gradient);
        let slab = (
            ColsMut::new(gradient.as_mut_slice(), n_out),
            Cols::new(self.current.as_slice(), n_out),
            Cols::new(self.previous_weights_of(inertia), n_out),
        );
        let body = |_: &mut WorkerScratch<T>, (g, w, wp): (ColsMut<'_, T>, _, _)| {
            let (w, wp): (Cols<'_, T>, Cols<'_, T>) = (w, wp);
            assemble_gradient(g.data, [w.data, wp.data], p, rho, ridge)
        };
        self.gradient_terms = compute.over_units(PASS_FLOPS * n_out, slab, &body);
        self.gradient = gradient;
    }

    /// The residual at Ŵ times aᵀ, one sum a shard: for more samples than features.
    fn gradient_by_samples(
        &mut self,
        problem: &WeightProblem<'_, T>,
        inertia: Inertia,
        compute: &mut Compute<T>,
    ) -> f64 {
        let (n_out, n_in) = (self.current.n_rows(), self.current.n_cols());
        let p = T::from_f64(inertia.gradient);
        let slab = (
            Cols::new(self.product.as_slice(), n_out),
            Cols::new(self.previous_of(inertia), n_out),
            Cols::new(problem.target.as_slice(), n_out),
            Cols::new(problem.inputs.as_slice(), n_in),
        );
        let tile = tile_cols::<T>(n_out);
        type Slabs<'a, T> = (Cols<'a, T>, Cols<'a, T>, Cols<'a, T>, Cols<'a, T>);
        let body = |scratch: &mut WorkerScratch<T>, sum: &mut [T], slab: Slabs<'_, T>| {
            let mut residual_sq = 0.0;
            for_tiles(slab, tile, |(m, mp, z, a)| {
                let r = buffer(&mut scratch.tile_a, m.data.len());
                residual_sq += residual_tile(r, m.data, mp.data, problem.bias, z.data, p);
                tile_outer(sum, r, n_out, a.data, n_in);
            });
            residual_sq
        };
        let len = n_out * n_in;
        let (residual_sq, sum) = compute.sum_over_samples(len, 2 * len, slab, &body);
        self.gradient.as_mut_slice().copy_from_slice(sum);
        residual_sq
    }

    /// The same split over the features: for more features than samples, where the residual is small.
    fn gradient_by_features(
        &mut self,
        problem: &WeightProblem<'_, T>,
        inertia: Inertia,
        compute: &mut Compute<T>,
    ) -> f64 {
        // The direction's product is computed only after the gradient: until then its buffer is free.
        let mut residual = std::mem::take(&mut self.direction_product);
        let mut residual_sq = residual_tile(
            residual.as_mut_slice(),
            self.product.as_slice(),
            self.previous_of(inertia),
            problem.bias,
            problem.target.as_slice(),
            T::from_f64(inertia.gradient),
        );
        compute.over_processes(&mut residual_sq, &mut []);
        outer_by_columns(&mut self.gradient, &residual, problem.inputs, compute);
        self.direction_product = residual;
        residual_sq
    }

    /// W_previous a, or W a where the step makes no use of the previous value (Δ a is then exactly 0).
    pub(super) fn previous_of(&self, inertia: Inertia) -> &[T] {
        if inertia.ignores_previous() {
            self.product.as_slice()
        } else {
            self.previous_product.as_slice()
        }
    }

    /// W_previous, or W where the step makes no use of it.
    pub(super) fn previous_weights_of(&self, inertia: Inertia) -> &[T] {
        if inertia.ignores_previous() {
            self.current.as_slice()
        } else {
            self.previous.as_slice()
        }
    }

    /// The plain form: E = ∇φ(Ŵ), θ by backtracking on the inner products alone.
    pub(super) fn gradient_line(
        &mut self,
        problem: &WeightProblem<'_, T>,
        inertia: Inertia,
        compute: &mut Compute<T>,
    ) -> Line {
        let terms = self.line_terms(Along::Gradient, problem, inertia, compute);
        let weights = [problem.rho, problem.ridge];
        terms.backtracked::<T>(inertia, weights, self.solver, self.theta)
    }

    /// With ℓ1: W̄ = soft(W̃ − G/θ, λ/θ) is not on the line, so E = W̄ − Ŵ, one product a trial.
    pub(super) fn proximal_line(
        &mut self,
        problem: &WeightProblem<'_, T>,
        inertia: Inertia,
        compute: &mut Compute<T>,
    ) -> Line {
        let mut direction = self.take_direction();
        let mut theta = self.solver.first_trial::<T>(self.theta);
        let mut trials = 1;
        let (mut terms, mut l1_norm);
        loop {
            l1_norm = proximal_direction(
                direction.as_mut_slice(),
                [
                    self.current.as_slice(),
                    self.previous_weights_of(inertia),
                    self.gradient.as_slice(),
                ],
                [inertia.start, inertia.gradient, inertia.correction],
                1.0 / theta,
                problem.l1 / theta,
            );
            self.direction = Some(direction);
            terms = self.line_terms(Along::Direction, problem, inertia, compute);
            let needed = terms.curvature(problem.rho, problem.ridge)[2];
            // A comparison with NaN is false: it ends the search.
            let too_long = needed > theta * terms.matrix[2];
            let Some(larger) = self.solver.next_trial(theta, trials).filter(|_| too_long) else {
                break;
            };
            theta = larger;
            trials += 1;
            direction = self.take_direction();
        }
        let l1_increase = problem.l1 * (l1_norm - self.l1_norm);
        Line {
            pending: displaced(inertia, theta),
            trials,
            rel_residual: None,
            terms,
            slopes: self.direction_slopes(),
            l1_increase,
        }
    }

    /// Exact or CG: E = D = (p1 − p2) Δ − ∇φ(Ŵ) H⁻¹.
    pub(super) fn solved_line(
        &mut self,
        problem: &WeightProblem<'_, T>,
        inertia: Inertia,
        compute: &mut Compute<T>,
    ) -> Line {
        let mut direction = self.take_direction();
        let (solver, samples) = (self.solver, problem.inputs.n_cols());
        let curvature = self
            .curvature
            .get_or_insert_with(|| InputCurvature::new(problem.inputs.n_rows(), samples, solver));
        let solved = curvature.solve(&mut direction, &self.gradient, problem, compute);
        let apart = T::from_f64(inertia.start - inertia.gradient);
        let deltas = self
            .current
            .as_slice()
            .iter()
            .zip(self.previous_weights_of(inertia));
        for (d, (w, wp)) in direction.as_mut_slice().iter_mut().zip(deltas) {
            *d = apart * (*w - *wp) - *d;
        }
        self.direction = Some(direction);
        let terms = self.line_terms(Along::Direction, problem, inertia, compute);
        Line {
            pending: displaced(inertia, f64::NAN),
            trials: solved.iterations,
            rel_residual: Some(solved.rel_residual),
            terms,
            slopes: self.direction_slopes(),
            l1_increase: 0.0,
        }
    }

    /// The direction's buffer, made at its first use.
    fn take_direction(&mut self) -> Matrix<T> {
        self.direction
            .take()
            .unwrap_or_else(|| Matrix::zeros(self.current.n_rows(), self.current.n_cols()))
    }

    /// E a and the inner products along Δ and E.
    fn line_terms(
        &mut self,
        along: Along,
        problem: &WeightProblem<'_, T>,
        inertia: Inertia,
        compute: &mut Compute<T>,
    ) -> LineTerms {
        let (n_out, n_in) = (self.current.n_rows(), self.current.n_cols());
        let mut direction_product = std::mem::take(&mut self.direction_product);
        let direction = match (&self.direction, along) {
            (Some(direction), Along::Direction) => direction,
            _ => &self.gradient,
        };
        let slab = (
            ColsMut::new(direction_product.as_mut_slice(), n_out),
            Cols::new(problem.inputs.as_slice(), n_in),
            Cols::new(self.product.as_slice(), n_out),
            Cols::new(self.previous_of(inertia), n_out),
        );
        let tile = tile_cols::<T>(n_out);
        let body = |_: &mut _, slab: (ColsMut<'_, T>, Cols<'_, T>, Cols<'_, T>, Cols<'_, T>)| {
            let mut sums = [0.0; 3];
            for_tiles(slab, tile, |(e, a, m, mp)| {
                tile_product(e.data, direction.view(), a.data);
                sums = sums.merge(line_terms(m.data, mp.data, e.data));
            });
            sums
        };
        let product = compute.over_samples(2 * n_out * n_in, slab, &body);
        let matrix = match along {
            Along::Gradient => self.gradient_terms,
            Along::Direction => {
                let slab = (
                    Cols::new(self.current.as_slice(), n_out),
                    Cols::new(self.previous_weights_of(inertia), n_out),
                    Cols::new(direction.as_slice(), n_out),
                );
                let body = |_: &mut _, (w, wp, e): (Cols<'_, T>, Cols<'_, T>, Cols<'_, T>)| {
                    line_terms(w.data, wp.data, e.data)
                };
                compute.over_units(PASS_FLOPS * n_out, slab, &body)
            }
        };
        self.direction_product = direction_product;
        LineTerms { matrix, product }
    }

    /// ⟨∇φ(Ŵ), Δ⟩ and ⟨∇φ(Ŵ), E⟩ where E is the direction.
    fn direction_slopes(&self) -> [f64; 2] {
        let direction = self.direction.as_ref().map_or(&[][..], Matrix::as_slice);
        [
            self.gradient_terms[1],
            dot(self.gradient.as_slice(), direction),
        ]
    }
}
