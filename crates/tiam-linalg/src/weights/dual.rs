//! The dual form of a W step: W = c W_start + C aᵀ, for more features than samples, while the inputs do not change.
//!
//! The gradient ρ (Ŵ a + b 1ᵀ − z) aᵀ + μ Ŵ lies in the same span, and so does every step. A matrix is a pair (c, C) here, its
//! product with the inputs c P + C K with P = W_start a and K = aᵀ a, and
//! ⟨(c, C), (d, D)⟩ = d (c ‖W_start‖² + ⟨P, C⟩) + ⟨c P + C K, D⟩. Only K's and P's making, and W's, touch the features.

use std::sync::OnceLock;

use super::line::{Line, LineDirection, LineTerms, Pending, along_direction};
use super::{Products, Request, WeightProblem, mix};
use crate::cholesky::Factor;
use crate::compute::Compute;
use crate::curvature::relative;
use crate::kernels::{add_scaled, assemble_gradient, dual_terms, line_terms, residual_tile};
use crate::matrix::Matrix;
use crate::product::{product, sample_gram};
use crate::real::Real;
use crate::reduce::dot;
use crate::state::StateVisitor;
use crate::step::Inertia;

/// A matrix of the span: c W_start + C aᵀ, C n_out x N.
#[derive(Debug)]
struct Coordinates<T> {
    start: f64,
    samples: Matrix<T>,
}

impl<T: Real> Coordinates<T> {
    fn zero(n_out: usize, n_samples: usize) -> Self {
        Self {
            start: 0.0,
            samples: Matrix::zeros(n_out, n_samples),
        }
    }
}

/// W_previous, or W where the step makes no use of it.
fn base<T>([current, previous]: [&Coordinates<T>; 2], inertia: Inertia) -> &Coordinates<T> {
    if inertia.ignores_previous() {
        current
    } else {
        previous
    }
}

/// The span, and the iterates in it.
#[derive(Debug)]
pub(super) struct Dual<T> {
    inputs: Matrix<T>,
    start: Matrix<T>,
    start_product: Matrix<T>,
    start_norm_sq: f64,
    kernel: Matrix<T>,
    current: Coordinates<T>,
    previous: Coordinates<T>,
    gradient: Coordinates<T>,
    gradient_norm_sq: f64,
    exact: Option<Exact<T>>,
    /// W and W_previous, made when they are asked for.
    formed: [OnceLock<Matrix<T>>; 2],
}

/// What the exact solve needs beside.
#[derive(Debug)]
struct Exact<T> {
    direction: Coordinates<T>,
    residual: Matrix<T>,
    factor: Factor<T>,
    /// ρ, the ridge asked for, and the one the factor has.
    factor_of: Option<[f64; 3]>,
}

impl<T: Real> Dual<T> {
    /// The span of `start` and of a copy of `inputs`; `start_product` is their product. 2 n_in N² flops.
    pub(super) fn new(
        start: Matrix<T>,
        start_product: Matrix<T>,
        inputs: &Matrix<T>,
        solves: bool,
        compute: &mut Compute<T>,
    ) -> Self {
        let (n_out, n) = (start.n_rows(), inputs.n_cols());
        let mut kernel = Matrix::zeros(n, n);
        sample_gram(&mut kernel, inputs, compute);
        let at_start = || Coordinates {
            start: 1.0,
            ..Coordinates::zero(n_out, n)
        };
        let exact = solves.then(|| Exact {
            direction: Coordinates::zero(n_out, n),
            residual: Matrix::zeros(n_out, n),
            factor: Factor::new(n),
            factor_of: None,
        });
        Self {
            start_norm_sq: start.norm_sq(),
            inputs: inputs.clone(),
            start,
            start_product,
            kernel,
            current: at_start(),
            previous: at_start(),
            gradient: Coordinates::zero(n_out, n),
            gradient_norm_sq: 0.0,
            exact,
            formed: Default::default(),
        }
    }

    /// W, n_out x n_in: 2 n_out n_in N flops after every step in which it is asked for.
    pub(super) fn weights(&self) -> &Matrix<T> {
        self.formed[0].get_or_init(|| self.form(&self.current))
    }

    /// W_previous, at the same cost.
    pub(super) fn previous(&self) -> &Matrix<T> {
        self.formed[1].get_or_init(|| self.form(&self.previous))
    }

    /// The coordinates of W and W_previous.
    pub(super) fn visit_state(&mut self, name: &str, visitor: &mut dyn StateVisitor<T>) {
        for (part, of) in [
            ("current", &mut self.current),
            ("previous", &mut self.previous),
        ] {
            visitor.number(&format!("{name}.{part}.start"), &mut of.start);
            let samples = of.samples.as_mut_slice();
            visitor.values(&format!("{name}.{part}.samples"), samples);
        }
        self.formed = Default::default();
    }

    fn form(&self, of: &Coordinates<T>) -> Matrix<T> {
        let mut out = self.start.clone();
        let c = T::from_f64(of.start);
        for w in out.as_mut_slice() {
            *w *= c;
        }
        faer::linalg::matmul::matmul(
            out.view_mut(),
            faer::Accum::Add,
            of.samples.view(),
            self.inputs.view().transpose(),
            T::one(),
            faer::Par::Seq,
        );
        out
    }

    /// out ← W a of the current iterate, and of the previous one: 2 n_out N² flops each.
    pub(super) fn products(&self, out: [&mut Matrix<T>; 2], compute: &mut Compute<T>) {
        let [current, previous] = out;
        self.apply(current, &self.current, compute);
        self.apply(previous, &self.previous, compute);
    }

    /// out ← c P + C K.
    fn apply(&self, out: &mut Matrix<T>, of: &Coordinates<T>, compute: &mut Compute<T>) {
        product(out, &of.samples, &self.kernel, compute);
        let c = T::from_f64(of.start);
        add_scaled(out.as_mut_slice(), self.start_product.as_slice(), c);
    }

    /// ‖W‖² from W's product with the inputs.
    pub(super) fn norm_sq(&self, product: &Matrix<T>) -> f64 {
        self.inner(&self.current, product, &self.current)
    }

    /// ⟨x, y⟩ from x's product with the inputs.
    fn inner(&self, x: &Coordinates<T>, product: &Matrix<T>, y: &Coordinates<T>) -> f64 {
        let along_start =
            x.start * self.start_norm_sq + dot(self.start_product.as_slice(), x.samples.as_slice());
        y.start * along_start + dot(product.as_slice(), y.samples.as_slice())
    }

    /// ‖∇φ(Ŵ)‖ of the last step proposed.
    pub(super) fn gradient_norm(&self) -> f64 {
        self.gradient_norm_sq.max(0.0).sqrt()
    }

    /// Makes the candidate current.
    pub(super) fn accept(&mut self, pending: Pending, compute: &mut Compute<T>) {
        let direction = match (&self.exact, pending.along) {
            (Some(exact), LineDirection::Direction) => &exact.direction,
            _ => &self.gradient,
        };
        let (c, p) = (self.current.start, self.previous.start);
        self.previous.start = c + pending.c_delta * (c - p) + pending.c_direction * direction.start;
        mix(
            &mut self.previous.samples,
            &self.current.samples,
            &direction.samples,
            pending,
            compute,
        );
        std::mem::swap(&mut self.previous, &mut self.current);
        self.formed = Default::default();
    }

    /// gradient ← ∇φ(Ŵ); returns ‖W a + b 1ᵀ − z‖². `previous_product` is W a where the step ignores the previous value.
    fn compute_gradient(
        &mut self,
        problem: &WeightProblem<'_, T>,
        inertia: Inertia,
        [product, previous_product]: [&[T]; 2],
    ) -> f64 {
        let p = T::from_f64(inertia.gradient);
        let gradient = self.gradient.samples.as_mut_slice();
        let target = problem.target.as_slice();
        let residual_sq =
            residual_tile(gradient, product, previous_product, problem.bias, target, p);
        let current = &self.current;
        let previous = base([current, &self.previous], inertia);
        let (rho, ridge) = (T::from_f64(problem.rho), T::from_f64(problem.ridge));
        let hat = current.start + inertia.gradient * (current.start - previous.start);
        let samples = [current.samples.as_slice(), previous.samples.as_slice()];
        assemble_gradient(self.gradient.samples.as_mut_slice(), samples, p, rho, ridge);
        self.gradient.start = problem.ridge * hat;
        residual_sq
    }

    /// The inner products along Δ and `direction`, from the products of W, W_previous and the direction with the inputs.
    fn line_terms(
        &self,
        direction: &Coordinates<T>,
        inertia: Inertia,
        products: [&[T]; 3],
    ) -> LineTerms {
        let previous = base([&self.current, &self.previous], inertia);
        let delta = self.current.start - previous.start;
        let samples = [
            self.current.samples.as_slice(),
            previous.samples.as_slice(),
            direction.samples.as_slice(),
        ];
        let [sd, se, dd, de, ee] = dual_terms(self.start_product.as_slice(), samples, products);
        let delta_along_start = delta * self.start_norm_sq + sd;
        let direction_along_start = direction.start * self.start_norm_sq + se;
        let [product, previous_product, direction_product] = products;
        LineTerms {
            matrix: [
                delta * delta_along_start + dd,
                direction.start * delta_along_start + de,
                direction.start * direction_along_start + ee,
            ],
            product: line_terms(product, previous_product, direction_product),
        }
    }
}

impl<T: Real> Dual<T> {
    /// ‖W a + b 1ᵀ − z‖² and the candidate's line; the direction's product becomes that of the line's direction.
    pub(super) fn line(
        &mut self,
        products: &mut Products<T>,
        request: &Request<'_, T>,
        compute: &mut Compute<T>,
    ) -> (f64, Line) {
        let Request {
            problem, inertia, ..
        } = *request;
        let mut gradient_product = std::mem::take(&mut products.direction);
        let known = [&products.current, products.previous_of(inertia)].map(Matrix::as_slice);
        let residual_sq = self.compute_gradient(problem, inertia, known);
        self.apply(&mut gradient_product, &self.gradient, compute);
        let [current, previous] = known;
        let all = [current, previous, gradient_product.as_slice()];
        let terms = self.line_terms(&self.gradient, inertia, all);
        self.gradient_norm_sq = terms.matrix[2];
        let line = match self.exact.take() {
            None => terms.backtracked(request),
            Some(mut exact) => {
                let along = (&mut gradient_product, terms);
                let line = self.solved_line(&mut exact, request, known, along, compute);
                self.exact = Some(exact);
                line
            }
        };
        products.direction = gradient_product;
        (residual_sq, line)
    }

    /// E = D = (p1 − p2) Δ − G H⁻¹ with (c, C) H⁻¹ = (c/μ, (C − (ρ c/μ) P)(μ I + ρ K)⁻¹), by Woodbury without its cancellation.
    ///
    /// `gradient` holds the product of G with the inputs, and then that of D; beside it the terms along G.
    fn solved_line(
        &self,
        exact: &mut Exact<T>,
        request: &Request<'_, T>,
        [product, previous_product]: [&[T]; 2],
        (gradient, along): (&mut Matrix<T>, LineTerms),
        compute: &mut Compute<T>,
    ) -> Line {
        let Request {
            problem, inertia, ..
        } = *request;
        let ridge = exact.refresh(&self.kernel, problem);
        let Exact {
            direction,
            residual,
            factor,
            ..
        } = exact;
        direction.start = self.gradient.start / ridge;
        let c = T::from_f64(-problem.rho * direction.start);
        let samples = &mut direction.samples;
        samples
            .as_mut_slice()
            .copy_from_slice(self.gradient.samples.as_slice());
        add_scaled(samples.as_mut_slice(), self.start_product.as_slice(), c);
        factor.solve_right(samples);
        // The residual (cg − μ x, Cg − ρ X a − μ X) with x, X the solution so far, from its own product.
        self.apply(gradient, direction, compute);
        let entries = residual.as_mut_slice().iter_mut().zip(gradient.as_slice());
        let solution = self.gradient.samples.as_slice().iter();
        let (rho, mu) = (T::from_f64(problem.rho), T::from_f64(problem.ridge));
        for ((r, y), (g, x)) in entries.zip(solution.zip(direction.samples.as_slice())) {
            *r = *g - rho * *y - mu * *x;
        }
        let left = Coordinates {
            start: self.gradient.start - problem.ridge * direction.start,
            samples: std::mem::take(residual),
        };
        self.apply(gradient, &left, compute);
        let rel_residual = relative(self.inner(&left, gradient, &left).max(0.0), along.matrix[2]);
        *residual = left.samples;
        // D = (p1 − p2) Δ − x.
        let p1_minus_p2 = inertia.start - inertia.gradient;
        let previous = base([&self.current, &self.previous], inertia);
        direction.start = p1_minus_p2 * (self.current.start - previous.start) - direction.start;
        let p1_minus_p2 = T::from_f64(p1_minus_p2);
        let deltas = self
            .current
            .samples
            .as_slice()
            .iter()
            .zip(previous.samples.as_slice());
        for (d, (w, wp)) in direction.samples.as_mut_slice().iter_mut().zip(deltas) {
            *d = p1_minus_p2 * (*w - *wp) - *d;
        }
        self.apply(gradient, direction, compute);
        let products = [product, previous_product, gradient.as_slice()];
        let terms = self.line_terms(direction, inertia, products);
        let slopes = [
            along.matrix[1],
            self.inner(direction, gradient, &self.gradient),
        ];
        Line {
            pending: along_direction(inertia, f64::NAN),
            trials: 1,
            rel_residual: Some(rel_residual),
            terms,
            slopes,
            l1_increase: 0.0,
        }
    }
}

impl<T: Real> Exact<T> {
    /// The factor of μ I + ρ K, made where it is not at hand; returns its ridge: μ, or so little that the factor exists.
    fn refresh(&mut self, kernel: &Matrix<T>, problem: &WeightProblem<'_, T>) -> f64 {
        if let Some([rho, ridge, used]) = self.factor_of
            && rho.to_bits() == problem.rho.to_bits()
            && ridge.to_bits() == problem.ridge.to_bits()
        {
            return used;
        }
        let trace: f64 = (0..kernel.n_rows()).map(|i| kernel[(i, i)].to_f64()).sum();
        let least = T::EPS.to_f64() * problem.rho * trace;
        let used = self
            .factor
            .factor(kernel, problem.rho, problem.ridge.max(least));
        self.factor_of = Some([problem.rho, problem.ridge, used]);
        used
    }
}
