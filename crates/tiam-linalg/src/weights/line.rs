//! The line of a W step: its gradient, its direction, and the six inner products that decide everything else.

use super::{Along, Pending, WeightBlock, WeightProblem};
use crate::compute::{Cols, ColsMut, Compute, WorkerScratch, buffer, for_tiles, tile_cols};
use crate::curvature::InputCurvature;
use crate::kernels::{assemble_gradient, line_terms, proximal_direction, residual_tile};
use crate::matrix::Matrix;
use crate::product::{begin_sums, gather_sums, outer_by_columns, tile_outer, tile_product};
use crate::real::Real;
use crate::reduce::dot;
use crate::step::StepInertia;

/// A candidate W_new = W + c_delta Δ + c_direction E, and what is known along its line.
pub(super) struct Line {
    pub(super) pending: Pending,
    pub(super) trials: usize,
    pub(super) rel_residual: Option<f64>,
    terms: LineTerms,
    /// λ (‖W_new‖₁ − ‖W‖₁).
    l1_increase: f64,
}

impl Line {
    /// True when an entry of W_new, or of its product's change, might not be finite in the scalar type.
    fn overflows<T: Real>(&self, norm_sq: f64) -> bool {
        let (c, d) = (self.pending.c_delta.abs(), self.pending.c_direction.abs());
        let change = |terms: [f64; 3]| c * terms[0].sqrt() + d * terms[2].sqrt();
        let largest = (norm_sq.sqrt() + change(self.terms.matrix)).max(change(self.terms.product));
        largest > 0.25 * T::max_value().to_f64()
    }
}

/// Inner products along the line, of the matrices and of their products with the inputs:
/// [⟨Δ,Δ⟩, ⟨Δ,E⟩, ⟨E,E⟩] each.
#[derive(Clone, Copy, Debug)]
struct LineTerms {
    matrix: [f64; 3],
    product: [f64; 3],
}

impl LineTerms {
    /// ⟨ΔH,Δ⟩, ⟨ΔH,E⟩, ⟨EH,E⟩ with H = ρ a aᵀ + μ I.
    fn curvature(&self, rho: f64, ridge: f64) -> [f64; 3] {
        std::array::from_fn(|i| rho * self.product[i] + ridge * self.matrix[i])
    }
}

/// The quadratic form with terms [xx, xy, yy] at c x + d y.
fn quadratic(terms: [f64; 3], c: f64, d: f64) -> f64 {
    c * c * terms[0] + 2.0 * c * d * terms[1] + d * d * terms[2]
}

impl<T: Real> WeightBlock<T> {
    /// gradient ← ∇φ(Ŵ) of the quadratic part; returns ‖W a + b 1ᵀ − z‖².
    pub(super) fn compute_gradient(
        &mut self,
        problem: &WeightProblem<'_, T>,
        inertia: StepInertia,
        compute: &mut Compute<T>,
    ) -> f64 {
        let (n_out, n_in) = (self.current.n_rows(), self.current.n_cols());
        let residual_sq = if n_in > problem.inputs.n_cols() {
            self.gradient_by_features(problem, inertia, compute)
        } else {
            self.gradient_by_samples(problem, inertia, compute)
        };
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
        self.gradient_terms = compute.sweep(12 * n_out, slab, &body, &add);
        self.gradient = gradient;
        residual_sq
    }

    /// The residual at Ŵ times aᵀ, one sum per thread: for more samples than features.
    fn gradient_by_samples(
        &mut self,
        problem: &WeightProblem<'_, T>,
        inertia: StepInertia,
        compute: &mut Compute<T>,
    ) -> f64 {
        let (n_out, n_in) = (self.current.n_rows(), self.current.n_cols());
        let p = T::from_f64(inertia.gradient);
        begin_sums(compute, n_out * n_in);
        let slab = (
            Cols::new(self.product.as_slice(), n_out),
            Cols::new(self.previous_of(inertia), n_out),
            Cols::new(problem.target.as_slice(), n_out),
            Cols::new(problem.inputs.as_slice(), n_in),
        );
        let tile = tile_cols::<T>(n_out);
        let body = |scratch: &mut WorkerScratch<T>,
                    slab: (Cols<'_, T>, Cols<'_, T>, Cols<'_, T>, Cols<'_, T>)| {
            let mut residual_sq = 0.0;
            for_tiles(slab, tile, |(m, mp, z, a)| {
                let r = buffer(&mut scratch.tile_a, m.data.len());
                residual_sq += residual_tile(r, m.data, mp.data, problem.bias, z.data, p);
                tile_outer(&mut scratch.sum[..n_out * n_in], r, n_out, a.data, n_in);
            });
            residual_sq
        };
        let residual_sq = compute.sweep(2 * n_out * n_in, slab, &body, &|l, r| l + r);
        gather_sums(self.gradient.as_mut_slice(), compute);
        residual_sq
    }

    /// The same split over the features: for more features than samples, where the residual is small.
    fn gradient_by_features(
        &mut self,
        problem: &WeightProblem<'_, T>,
        inertia: StepInertia,
        compute: &mut Compute<T>,
    ) -> f64 {
        // The direction's product is computed only after the gradient: until then its buffer is free.
        let mut residual = std::mem::take(&mut self.direction_product);
        let residual_sq = residual_tile(
            residual.as_mut_slice(),
            self.product.as_slice(),
            self.previous_of(inertia),
            problem.bias,
            problem.target.as_slice(),
            T::from_f64(inertia.gradient),
        );
        outer_by_columns(&mut self.gradient, &residual, problem.inputs, compute);
        self.direction_product = residual;
        residual_sq
    }

    /// W_previous a, or W a where the step makes no use of the previous value (Δ a is then exactly 0).
    fn previous_of(&self, inertia: StepInertia) -> &[T] {
        if inertia.ignores_previous() {
            self.product.as_slice()
        } else {
            self.previous_product.as_slice()
        }
    }

    /// W_previous, or W where the step makes no use of it.
    fn previous_weights_of(&self, inertia: StepInertia) -> &[T] {
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
        inertia: StepInertia,
        compute: &mut Compute<T>,
    ) -> Line {
        let terms = self.line_terms(Along::Gradient, problem, inertia, compute);
        let curvature = terms.curvature(problem.rho, problem.ridge);
        let apart = inertia.start - inertia.gradient;
        let mut theta = self.solver.first_trial::<T>(self.theta);
        let mut trials = 1;
        // D = W̄ − Ŵ = (p1 − p2) Δ − E/θ. A comparison with NaN is false: it ends the search.
        while quadratic(curvature, apart, -1.0 / theta)
            > theta * quadratic(terms.matrix, apart, -1.0 / theta)
            && let Some(larger) = self.solver.next_trial(theta, trials)
        {
            theta = larger;
            trials += 1;
        }
        let scale = 1.0 + inertia.correction;
        let pending = Pending {
            c_delta: scale * inertia.start,
            c_direction: -scale / theta,
            along: Along::Gradient,
            theta,
        };
        Line {
            pending,
            trials,
            rel_residual: None,
            terms,
            l1_increase: 0.0,
        }
    }

    /// With ℓ1: W̄ = soft(W̃ − G/θ, λ/θ) is not on the line, so E = W̄ − Ŵ, one product a trial.
    pub(super) fn proximal_line(
        &mut self,
        problem: &WeightProblem<'_, T>,
        inertia: StepInertia,
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
            l1_increase,
        }
    }

    /// Exact or CG: E = D = (p1 − p2) Δ − ∇φ(Ŵ) H⁻¹.
    pub(super) fn solved_line(
        &mut self,
        problem: &WeightProblem<'_, T>,
        inertia: StepInertia,
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
        inertia: StepInertia,
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
                sums = add(sums, line_terms(m.data, mp.data, e.data));
            });
            sums
        };
        let product = compute.sweep(2 * n_out * n_in, slab, &body, &add);
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
                compute.sweep(8 * n_out, slab, &body, &add)
            }
        };
        self.direction_product = direction_product;
        LineTerms { matrix, product }
    }

    /// φ(W_new) − φ(W), from the slope at Ŵ and the curvature along the line: no difference of large numbers.
    pub(super) fn line_increase(
        &self,
        problem: &WeightProblem<'_, T>,
        inertia: StepInertia,
        line: &Line,
    ) -> f64 {
        let (c, d) = (line.pending.c_delta, line.pending.c_direction);
        let curvature = line.terms.curvature(problem.rho, problem.ridge);
        let [slope_delta, slope_direction] = match (&self.direction, line.pending.along) {
            (Some(direction), Along::Direction) => {
                let gradient = self.gradient.as_slice();
                [self.gradient_terms[1], dot(gradient, direction.as_slice())]
            }
            _ => [line.terms.matrix[1], line.terms.matrix[2]],
        };
        if line.overflows::<T>(self.norm_sq) {
            return f64::INFINITY;
        }
        // ∇φ(W) = ∇φ(Ŵ) − p2 Δ H.
        let bend = inertia.gradient * (c * curvature[0] + d * curvature[1]);
        c * slope_delta + d * slope_direction - bend
            + 0.5 * quadratic(curvature, c, d)
            + line.l1_increase
    }
}

/// W_new − W = (1 + p3)(W̄ − W) = (1 + p3)(p2 Δ + D) for a direction D = W̄ − Ŵ.
fn displaced(inertia: StepInertia, theta: f64) -> Pending {
    let scale = 1.0 + inertia.correction;
    Pending {
        c_delta: scale * inertia.gradient,
        c_direction: scale,
        along: Along::Direction,
        theta,
    }
}

fn add(l: [f64; 3], r: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|i| l[i] + r[i])
}
