//! The forms of a W step: the choice of the one that applies, and the change from one to another.

use super::dual::DualForm;
use super::gram::GramForm;
use super::search::Line;
use super::{MAX_DRIFT, WeightBlock, WeightProblem};
use crate::compute::Compute;
use crate::matrix::Matrix;
use crate::product::product;
use crate::prox::l1_norm;
use crate::real::Real;
use crate::step::{Inertia, Solver};

/// Where W is, and what its step is computed from.
///
/// Buffers that only another form needs are empty: `previous`, `gradient`, `direction` and `current` in dual form, the previous product and
/// the direction's in Gram form.
#[derive(Debug)]
pub(super) enum Form<T> {
    Plain,
    Gram(Box<GramForm<T>>),
    Dual(Box<DualForm<T>>),
}

/// The Gram form's square matrix may have this many times the rows of what it replaces; a smaller one than [`GRAM_ALWAYS`] always may.
const GRAM_GROWTH: usize = 4;
/// See [`GRAM_GROWTH`].
const GRAM_ALWAYS: usize = 1024;

/// True where a aᵀ, n_in x n_in, may be kept beside the inputs.
pub(crate) fn gram_fits(n_in: usize, n_samples: usize) -> bool {
    n_in <= GRAM_ALWAYS.max(GRAM_GROWTH.saturating_mul(n_samples))
}

/// True where W may be kept as c W_start + C aᵀ: for more samples than features C aᵀ is small where C is not, and the inner products
/// cancel (the step's θ then differs from the plain form's as soon as the gradient is small).
pub(crate) fn dual_fits(n_in: usize, n_samples: usize) -> bool {
    n_samples <= n_in
}

impl<T: Real> WeightBlock<T> {
    /// The form of the last step: the solver asked for, or the plain form of the same step where that one does not apply.
    pub fn solver(&self) -> Solver {
        match (&self.form, self.solver) {
            (Form::Plain, Solver::Gram | Solver::Dual) => Solver::Backtracking,
            (Form::Plain, Solver::DualCholesky) => Solver::Cholesky,
            (_, solver) => solver,
        }
    }

    /// The solver asked for, chosen, or restored with a run's state.
    pub fn solver_asked(&self) -> Solver {
        self.solver
    }

    /// Turns the dual form into the plain one.
    pub(super) fn leave_form(&mut self) {
        if let Form::Dual(dual) = &self.form {
            self.current = dual.weights().clone();
            self.previous = dual.previous().clone();
            self.norm_sq = self.current.norm_sq();
            self.l1_norm = l1_norm(self.current.as_slice());
            self.form = Form::Plain;
        }
    }

    /// The span of the weights and the inputs as they are, whose product is known.
    pub(super) fn enter_dual_form(&mut self, inputs: &Matrix<T>, compute: &mut Compute<T>) {
        let start = std::mem::take(&mut self.current);
        let start_product = self.product.clone();
        let dual = DualForm::new(start, start_product, inputs, self.solver, compute);
        self.form = Form::Dual(Box::new(dual));
    }

    /// Puts the form in place that this step is to be computed in, with its buffers.
    pub(super) fn enter_form(&mut self, problem: &WeightProblem<'_, T>, compute: &mut Compute<T>) {
        let (n_in, n) = (problem.inputs.n_rows(), problem.inputs.n_cols());
        let smooth = problem.l1 <= 0.0;
        if !smooth {
            self.leave_form();
            self.form = Form::Plain;
        }
        let fresh = matches!(self.form, Form::Plain) && smooth;
        let n_out = self.product.n_rows();
        let starting = self.inputs_fixed && !self.has_history;
        if fresh && self.solver.is_dual() && starting && dual_fits(n_in, n) {
            self.enter_dual_form(problem.inputs, compute);
        } else if fresh && self.solver == Solver::Gram && gram_fits(n_in, n) {
            self.form = Form::Gram(Box::new(GramForm::new(n_out, n_in)));
        }
        if !matches!(self.form, Form::Dual(_)) && self.gradient.n_rows() == 0 {
            self.gradient = Matrix::zeros(n_out, n_in);
            if !self.has_history {
                self.previous = self.current.clone();
            }
        }
        let in_gram = matches!(self.form, Form::Gram(_)) && n_in <= n;
        if !in_gram && self.direction_product.n_rows() == 0 {
            self.direction_product = Matrix::zeros(n_out, n);
            self.previous_product = Matrix::zeros(n_out, n);
        }
    }

    /// Computes the products anew that have drifted or are missing.
    pub(super) fn refresh_products(
        &mut self,
        problem: &WeightProblem<'_, T>,
        inertia: Inertia,
        compute: &mut Compute<T>,
    ) {
        if self.drift.error > MAX_DRIFT {
            self.refresh_product(problem.inputs, compute);
            self.previous_product_valid = matches!(self.form, Form::Dual(_));
        }
        let needs_previous = !inertia.ignores_previous() && !matches!(self.form, Form::Gram(_));
        if needs_previous && !self.previous_product_valid {
            product(
                &mut self.previous_product,
                &self.previous,
                problem.inputs,
                compute,
            );
            self.previous_product_valid = true;
        }
    }

    pub(super) fn plain_line(
        &mut self,
        problem: &WeightProblem<'_, T>,
        inertia: Inertia,
        compute: &mut Compute<T>,
    ) -> (f64, Line) {
        let residual_sq = self.compute_gradient(problem, inertia, compute);
        let line = if problem.l1 > 0.0 {
            self.proximal_line(problem, inertia, compute)
        } else if self.solver.is_backtracking() {
            self.gradient_line(problem, inertia, compute)
        } else {
            self.solved_line(problem, inertia, compute)
        };
        (residual_sq, line)
    }
}
