//! The curvature of the W step, H = ρ a aᵀ + μ I, and the solves with it.

use crate::cholesky::Factor;
use crate::compute::Compute;
use crate::matrix::Matrix;
use crate::product::{feature_gram, outer_product, product, sample_gram};
use crate::real::Real;
use crate::reduce::dot;
use crate::step::Solve;
use crate::weights::WeightProblem;

/// Corrections of an exact solve by its own residual: two recover in single precision what the squared
/// condition of a aᵀ costs.
const REFINEMENTS: usize = 2;
/// An exact solve is refined while its relative residual is above this multiple of eps.
const REFINE_ABOVE_EPS: f64 = 100.0;

/// How a solve ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Solved {
    /// ‖X H − G‖ / ‖G‖, recomputed from X.
    pub(crate) rel_residual: f64,
    pub(crate) iterations: usize,
}

/// What the kept factor was asked for, and the ridge it has.
#[derive(Clone, Copy, Debug)]
struct FactorOf {
    rho: f64,
    ridge: f64,
    used: f64,
}

impl FactorOf {
    fn fits(self, rho: f64, ridge: f64) -> bool {
        self.rho.to_bits() == rho.to_bits() && self.ridge.to_bits() == ridge.to_bits()
    }
}

/// H in the smaller of its two forms, kept while the inputs stay the same.
///
/// Primal (features ≤ samples): a aᵀ, n_in x n_in. Dual (more features than samples): aᵀ a, N x N, by Woodbury
/// H⁻¹ = (I − ρ a (μ I + ρ aᵀ a)⁻¹ aᵀ)/μ. No form ever holds the larger of the two matrices.
#[derive(Debug)]
pub(crate) struct InputCurvature<T> {
    dual: bool,
    gram: Matrix<T>,
    gram_valid: bool,
    factor: Factor<T>,
    factor_of: Option<FactorOf>,
    residual: Matrix<T>,
    search: Matrix<T>,
    image: Matrix<T>,
    through: Matrix<T>,
}

impl<T: Real> InputCurvature<T> {
    pub(crate) fn new(n_in: usize, n_samples: usize) -> Self {
        let dual = n_in > n_samples;
        let n = n_in.min(n_samples);
        Self {
            dual,
            gram: Matrix::zeros(n, n),
            gram_valid: false,
            factor: Factor::new(n),
            factor_of: None,
            residual: Matrix::default(),
            search: Matrix::default(),
            image: Matrix::default(),
            through: Matrix::default(),
        }
    }

    /// Says that the inputs have changed.
    pub(crate) fn invalidate(&mut self) {
        self.gram_valid = false;
        self.factor_of = None;
    }

    /// x ← X with X H ≈ `gradient`; the residual is recomputed from the result.
    pub(crate) fn solve(
        &mut self,
        how: Solve,
        x: &mut Matrix<T>,
        gradient: &Matrix<T>,
        problem: &WeightProblem<'_, T>,
        compute: &mut Compute<T>,
    ) -> Solved {
        self.reserve(gradient, problem.inputs.n_cols());
        let exact = how == Solve::Cholesky;
        // CG in dual shape works with products alone; every other form needs the Gram matrix.
        if (exact || !self.dual) && !self.gram_valid {
            if self.dual {
                sample_gram(&mut self.gram, problem.inputs, compute);
            } else {
                feature_gram(&mut self.gram, problem.inputs, compute);
            }
            self.gram_valid = true;
        }
        match how {
            Solve::Cholesky => self.solve_exactly(x, gradient, problem, compute),
            Solve::ConjugateGradient {
                max_iterations,
                rel_tolerance,
            } => {
                let until = (max_iterations, rel_tolerance);
                self.conjugate_gradients(x, gradient, until, problem, compute)
            }
        }
    }

    /// Sizes the work matrices at the first use; later calls find them in place.
    fn reserve(&mut self, gradient: &Matrix<T>, n_samples: usize) {
        let (n_out, n_in) = (gradient.n_rows(), gradient.n_cols());
        if self.residual.n_rows() != n_out {
            self.residual = Matrix::zeros(n_out, n_in);
            self.search = Matrix::zeros(n_out, n_in);
            self.image = Matrix::zeros(n_out, n_in);
            self.through = Matrix::zeros(n_out, if self.dual { n_samples } else { 0 });
        }
    }

    /// The ridge the solve works with: μ, or so little that the factor exists where μ is smaller still.
    fn effective_ridge(&self, problem: &WeightProblem<'_, T>) -> f64 {
        let n = self.gram.n_rows();
        let trace: f64 = (0..n).map(|i| self.gram[(i, i)].to_f64()).sum();
        let least = T::EPS.to_f64() * problem.rho * trace;
        problem.ridge.max(least)
    }

    fn solve_exactly(
        &mut self,
        x: &mut Matrix<T>,
        gradient: &Matrix<T>,
        problem: &WeightProblem<'_, T>,
        compute: &mut Compute<T>,
    ) -> Solved {
        let ridge = self.effective_ridge(problem);
        let factor_of = match self.factor_of {
            Some(of) if of.fits(problem.rho, ridge) => of,
            _ => {
                let used = self.factor.factor(&self.gram, problem.rho, ridge);
                FactorOf {
                    rho: problem.rho,
                    ridge,
                    used,
                }
            }
        };
        self.factor_of = Some(factor_of);
        let ridge = factor_of.used;
        x.as_mut_slice().copy_from_slice(gradient.as_slice());
        self.apply_inverse(x, ridge, problem, compute);
        let mut rel_residual = self.compute_residual(x, gradient, problem, compute);
        let mut iterations = 1;
        while iterations <= REFINEMENTS && rel_residual > REFINE_ABOVE_EPS * T::EPS.to_f64() {
            let mut correction = std::mem::take(&mut self.residual);
            self.apply_inverse(&mut correction, ridge, problem, compute);
            sum_into(&mut self.search, x, &correction);
            self.residual = correction;
            std::mem::swap(x, &mut self.search);
            let refined = self.compute_residual(x, gradient, problem, compute);
            if refined < rel_residual {
                rel_residual = refined;
                iterations += 1;
            } else {
                std::mem::swap(x, &mut self.search);
                break;
            }
        }
        Solved {
            rel_residual,
            iterations,
        }
    }

    /// x ← x (H + (ridge − μ) I)⁻¹ by the factor.
    fn apply_inverse(
        &mut self,
        x: &mut Matrix<T>,
        ridge: f64,
        problem: &WeightProblem<'_, T>,
        compute: &mut Compute<T>,
    ) {
        if !self.dual {
            self.factor.solve_right(x);
            return;
        }
        product(&mut self.through, x, problem.inputs, compute);
        self.factor.solve_right(&mut self.through);
        // x ← (x − ρ through aᵀ)/μ.
        outer_product(&mut self.image, &self.through, problem.inputs, compute);
        let (rho, inverse) = (T::from_f64(problem.rho), T::from_f64(1.0 / ridge));
        for (x, y) in x.as_mut_slice().iter_mut().zip(self.image.as_slice()) {
            *x = (*x - rho * *y) * inverse;
        }
    }

    /// image ← x H.
    fn apply(&mut self, x: &Matrix<T>, problem: &WeightProblem<'_, T>, compute: &mut Compute<T>) {
        if self.dual {
            product(&mut self.through, x, problem.inputs, compute);
            outer_product(&mut self.image, &self.through, problem.inputs, compute);
        } else {
            product(&mut self.image, x, &self.gram, compute);
        }
        let (rho, ridge) = (T::from_f64(problem.rho), T::from_f64(problem.ridge));
        for (y, x) in self.image.as_mut_slice().iter_mut().zip(x.as_slice()) {
            *y = rho * *y + ridge * *x;
        }
    }

    /// residual ← G − x H; returns its norm relative to G's (0 for G = 0).
    fn compute_residual(
        &mut self,
        x: &Matrix<T>,
        gradient: &Matrix<T>,
        problem: &WeightProblem<'_, T>,
        compute: &mut Compute<T>,
    ) -> f64 {
        self.apply(x, problem, compute);
        let pairs = gradient.as_slice().iter().zip(self.image.as_slice());
        for (r, (g, y)) in self.residual.as_mut_slice().iter_mut().zip(pairs) {
            *r = *g - *y;
        }
        relative(self.residual.norm_sq(), gradient.norm_sq())
    }

    /// Conjugate gradients on all rows together, from x = 0: that is W = Ŵ, the warm start.
    fn conjugate_gradients(
        &mut self,
        x: &mut Matrix<T>,
        gradient: &Matrix<T>,
        (max_iterations, rel_tolerance): (usize, f64),
        problem: &WeightProblem<'_, T>,
        compute: &mut Compute<T>,
    ) -> Solved {
        x.as_mut_slice().fill(T::zero());
        self.residual
            .as_mut_slice()
            .copy_from_slice(gradient.as_slice());
        self.search
            .as_mut_slice()
            .copy_from_slice(gradient.as_slice());
        let first = gradient.norm_sq();
        let mut residual_sq = first;
        let mut iterations = 0;
        while iterations < max_iterations && residual_sq > rel_tolerance * rel_tolerance * first {
            let search = std::mem::take(&mut self.search);
            self.apply(&search, problem, compute);
            self.search = search;
            let curvature = dot(self.search.as_slice(), self.image.as_slice());
            if !(curvature > 0.0 && curvature.is_finite()) {
                break;
            }
            let alpha = T::from_f64(residual_sq / curvature);
            add_scaled(x, &self.search, alpha);
            add_scaled(&mut self.residual, &self.image, -alpha);
            let next = self.residual.norm_sq();
            let beta = T::from_f64(next / residual_sq);
            for (s, r) in self
                .search
                .as_mut_slice()
                .iter_mut()
                .zip(self.residual.as_slice())
            {
                *s = *r + beta * *s;
            }
            residual_sq = next;
            iterations += 1;
        }
        let rel_residual = self.compute_residual(x, gradient, problem, compute);
        Solved {
            rel_residual,
            iterations,
        }
    }
}

/// √(part/whole), and 0 where both vanish.
pub(crate) fn relative(part: f64, whole: f64) -> f64 {
    if whole > 0.0 {
        (part / whole).sqrt()
    } else {
        part.sqrt()
    }
}

/// y ← y + c x.
fn add_scaled<T: Real>(y: &mut Matrix<T>, x: &Matrix<T>, c: T) {
    for (y, x) in y.as_mut_slice().iter_mut().zip(x.as_slice()) {
        *y += c * *x;
    }
}

/// out ← x + y.
fn sum_into<T: Real>(out: &mut Matrix<T>, x: &Matrix<T>, y: &Matrix<T>) {
    let pairs = x.as_slice().iter().zip(y.as_slice());
    for (o, (x, y)) in out.as_mut_slice().iter_mut().zip(pairs) {
        *o = *x + *y;
    }
}
