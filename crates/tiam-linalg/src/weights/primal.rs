//! W as a matrix, and its step from products with the inputs: gradient, direction and the six inner products.

use super::gram::Gram;
use super::line::{Line, LineDirection, LineTerms, Pending, along_direction};
use super::{PASS_FLOPS, Products, Request, mix};
use crate::compute::{Cols, ColsMut, Compute, Total, WorkerScratch, buffer, for_tiles, tile_cols};
use crate::curvature::InputCurvature;
use crate::kernels::{assemble_gradient, line_terms, proximal_direction, residual_tile};
use crate::matrix::Matrix;
use crate::product::{outer_by_columns, tile_outer, tile_product};
use crate::real::Real;
use crate::reduce::dot;
use crate::step::{Inertia, Solve, Step};

/// W and W_previous with what their step needs; buffers are made at the first step.
#[derive(Debug)]
pub(super) struct Primal<T> {
    pub(super) current: Matrix<T>,
    pub(super) previous: Matrix<T>,
    pub(super) gradient: Matrix<T>,
    /// [⟨Δ,Δ⟩, ⟨Δ,G⟩, ⟨G,G⟩] of the gradient G, gathered while it was assembled.
    pub(super) gradient_terms: [f64; 3],
    /// E where it is not the gradient itself.
    direction: Option<Matrix<T>>,
    curvature: Option<InputCurvature<T>>,
    /// a aᵀ with what is computed from it, in Gram form.
    pub(super) gram: Option<Box<Gram<T>>>,
}

impl<T: Real> Primal<T> {
    pub(super) fn new(weights: Matrix<T>) -> Self {
        Self {
            current: weights,
            previous: Matrix::default(),
            gradient: Matrix::default(),
            gradient_terms: [0.0; 3],
            direction: None,
            curvature: None,
            gram: None,
        }
    }

    /// Says that the inputs have changed.
    pub(super) fn inputs_changed(&mut self) {
        if let Some(gram) = &mut self.gram {
            gram.invalidate();
        }
        if let Some(curvature) = &mut self.curvature {
            curvature.invalidate();
        }
    }

    /// ‖W a + b 1ᵀ − z‖² and the candidate's line.
    pub(super) fn line(
        &mut self,
        products: &mut Products<T>,
        request: &Request<'_, T>,
        compute: &mut Compute<T>,
    ) -> (f64, Line) {
        if let Some(mut gram) = self.gram.take() {
            let found = self.gram_line(&mut gram, products, request, compute);
            self.gram = Some(gram);
            return found;
        }
        let residual_sq = self.compute_gradient(products, request, compute);
        let line = match request.step {
            _ if request.problem.l1 > 0.0 => self.proximal_line(products, request, compute),
            Step::Solve(how) => self.solved_line(how, products, request, compute),
            _ => {
                let terms = self.line_terms(LineDirection::Gradient, products, request, compute);
                terms.backtracked(request)
            }
        };
        (residual_sq, line)
    }

    /// Makes the candidate current; returns ‖W‖².
    pub(super) fn accept(&mut self, pending: Pending, compute: &mut Compute<T>) -> f64 {
        let direction = match (&self.direction, pending.along) {
            (Some(direction), LineDirection::Direction) => direction,
            _ => &self.gradient,
        };
        let norm_sq = mix(
            &mut self.previous,
            &self.current,
            direction,
            pending,
            compute,
        );
        std::mem::swap(&mut self.previous, &mut self.current);
        norm_sq
    }

    /// gradient ← ∇φ(Ŵ) of the quadratic part; returns ‖W a + b 1ᵀ − z‖².
    pub(super) fn compute_gradient(
        &mut self,
        products: &mut Products<T>,
        request: &Request<'_, T>,
        compute: &mut Compute<T>,
    ) -> f64 {
        let residual_sq = self.residual_outer(products, request, compute);
        self.finish_gradient(request, compute);
        residual_sq
    }

    /// gradient ← (Ŵ a + b 1ᵀ − z) aᵀ; returns ‖W a + b 1ᵀ − z‖².
    pub(super) fn residual_outer(
        &mut self,
        products: &mut Products<T>,
        request: &Request<'_, T>,
        compute: &mut Compute<T>,
    ) -> f64 {
        if self.current.n_cols() > request.problem.inputs.n_cols() {
            self.gradient_by_features(products, request, compute)
        } else {
            self.gradient_by_samples(products, request, compute)
        }
    }

    /// gradient ← ρ gradient + μ Ŵ, and its inner products.
    pub(super) fn finish_gradient(&mut self, request: &Request<'_, T>, compute: &mut Compute<T>) {
        let Request {
            problem, inertia, ..
        } = *request;
        let n_out = self.current.n_rows();
        let p = T::from_f64(inertia.gradient);
        let (rho, ridge) = (T::from_f64(problem.rho), T::from_f64(problem.ridge));
        let mut gradient = std::mem::take(&mut self.gradient);
        let slab = (
            gradient.cols_mut(),
            [&self.current, self.previous_of(inertia)].map(Matrix::cols),
        );
        let body = |_: &mut WorkerScratch<T>, (g, [w, wp]): (ColsMut<'_, T>, [Cols<'_, T>; 2])| {
            assemble_gradient(g.data, [w.data, wp.data], p, rho, ridge)
        };
        self.gradient_terms = compute.over_units(PASS_FLOPS * n_out, slab, &body);
        self.gradient = gradient;
    }

    /// The residual at Ŵ times aᵀ, one sum a shard: for more samples than features.
    fn gradient_by_samples(
        &mut self,
        products: &mut Products<T>,
        request: &Request<'_, T>,
        compute: &mut Compute<T>,
    ) -> f64 {
        let Request {
            problem, inertia, ..
        } = *request;
        let (n_out, n_in) = (self.current.n_rows(), self.current.n_cols());
        let p = T::from_f64(inertia.gradient);
        let previous = products.previous_of(inertia);
        let slab = [&products.current, previous, problem.target, problem.inputs].map(Matrix::cols);
        let tile = tile_cols::<T>(n_out);
        let body = |scratch: &mut WorkerScratch<T>, sum: &mut [T], slab: [Cols<'_, T>; 4]| {
            let mut residual_sq = 0.0;
            for_tiles(slab, tile, |[m, mp, z, a]| {
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
        products: &mut Products<T>,
        request: &Request<'_, T>,
        compute: &mut Compute<T>,
    ) -> f64 {
        let Request {
            problem, inertia, ..
        } = *request;
        // The direction's product is computed only after the gradient: until then its buffer is free.
        let mut residual = std::mem::take(&mut products.direction);
        let residual_sq = residual_tile(
            residual.as_mut_slice(),
            products.current.as_slice(),
            products.previous_of(inertia).as_slice(),
            problem.bias,
            problem.target.as_slice(),
            T::from_f64(inertia.gradient),
        );
        outer_by_columns(&mut self.gradient, &residual, problem.inputs, compute);
        products.direction = residual;
        residual_sq
    }

    /// W_previous, or W where the step makes no use of it.
    pub(super) fn previous_of(&self, inertia: Inertia) -> &Matrix<T> {
        if inertia.ignores_previous() {
            &self.current
        } else {
            &self.previous
        }
    }

    /// With ℓ1: W̄ = soft(W̃ − G/θ, λ/θ) is not on the line, so E = W̄ − Ŵ, one product a trial.
    fn proximal_line(
        &mut self,
        products: &mut Products<T>,
        request: &Request<'_, T>,
        compute: &mut Compute<T>,
    ) -> Line {
        let (problem, inertia, step) = (request.problem, request.inertia, request.step);
        let mut direction = self.take_direction();
        let mut theta = step.first_trial::<T>(request.last_theta);
        let mut trials = 1;
        let (mut terms, mut l1_norm);
        loop {
            l1_norm = proximal_direction(
                direction.as_mut_slice(),
                [&self.current, self.previous_of(inertia), &self.gradient].map(Matrix::as_slice),
                [inertia.start, inertia.gradient, inertia.correction],
                1.0 / theta,
                problem.l1 / theta,
            );
            self.direction = Some(direction);
            terms = self.line_terms(LineDirection::Direction, products, request, compute);
            let needed = terms.curvature(request)[2];
            // A comparison with NaN is false: it ends the search.
            let too_long = needed > theta * terms.matrix[2];
            let Some(larger) = step.next_trial(theta, trials).filter(|_| too_long) else {
                break;
            };
            theta = larger;
            trials += 1;
            direction = self.take_direction();
        }
        let l1_increase = problem.l1 * (l1_norm - request.l1_norm);
        Line {
            pending: along_direction(inertia, theta),
            trials,
            rel_residual: None,
            terms,
            slopes: self.direction_slopes(),
            l1_increase,
        }
    }

    /// Exact or CG: E = D = (p1 − p2) Δ − ∇φ(Ŵ) H⁻¹.
    fn solved_line(
        &mut self,
        how: Solve,
        products: &mut Products<T>,
        request: &Request<'_, T>,
        compute: &mut Compute<T>,
    ) -> Line {
        let (problem, inertia) = (request.problem, request.inertia);
        let mut direction = self.take_direction();
        let (n_in, n) = (problem.inputs.n_rows(), problem.inputs.n_cols());
        let curvature = self
            .curvature
            .get_or_insert_with(|| InputCurvature::new(n_in, n));
        let solved = curvature.solve(how, &mut direction, &self.gradient, problem, compute);
        let p1_minus_p2 = T::from_f64(inertia.start - inertia.gradient);
        let previous = self.previous_of(inertia).as_slice();
        let deltas = self.current.as_slice().iter().zip(previous);
        for (d, (w, wp)) in direction.as_mut_slice().iter_mut().zip(deltas) {
            *d = p1_minus_p2 * (*w - *wp) - *d;
        }
        self.direction = Some(direction);
        let terms = self.line_terms(LineDirection::Direction, products, request, compute);
        Line {
            pending: along_direction(inertia, f64::NAN),
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
        along: LineDirection,
        products: &mut Products<T>,
        request: &Request<'_, T>,
        compute: &mut Compute<T>,
    ) -> LineTerms {
        let (problem, inertia) = (request.problem, request.inertia);
        let (n_out, n_in) = (self.current.n_rows(), self.current.n_cols());
        let mut direction_product = std::mem::take(&mut products.direction);
        let direction = match (&self.direction, along) {
            (Some(direction), LineDirection::Direction) => direction,
            _ => &self.gradient,
        };
        let previous = products.previous_of(inertia);
        let slab = (
            direction_product.cols_mut(),
            [problem.inputs, &products.current, previous].map(Matrix::cols),
        );
        let tile = tile_cols::<T>(n_out);
        let body = |_: &mut _, slab: (ColsMut<'_, T>, [Cols<'_, T>; 3])| {
            let mut sums = [0.0; 3];
            for_tiles(slab, tile, |(e, [a, m, mp])| {
                tile_product(e.data, direction.view(), a.data);
                sums = sums.merge(line_terms(m.data, mp.data, e.data));
            });
            sums
        };
        let product = compute.over_samples(2 * n_out * n_in, slab, &body);
        let matrix = match along {
            LineDirection::Gradient => self.gradient_terms,
            LineDirection::Direction => {
                let slab = [&self.current, self.previous_of(inertia), direction].map(Matrix::cols);
                let body =
                    |_: &mut _, [w, wp, e]: [Cols<'_, T>; 3]| line_terms(w.data, wp.data, e.data);
                compute.over_units(PASS_FLOPS * n_out, slab, &body)
            }
        };
        products.direction = direction_product;
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
