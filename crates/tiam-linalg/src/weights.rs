//! The W step: one least-squares block, min over W of ρ/2 ‖W a + b 1ᵀ − z‖² + μ/2 ‖W‖² (+ λ ‖W‖₁).

use crate::compute::{Cols, ColsMut, Compute};
use crate::curvature::InputCurvature;
use crate::kernels::mix_tile;
use crate::matrix::Matrix;
use crate::product::product;
use crate::prox::l1_norm;
use crate::real::Real;
use crate::step::{Inertia, Solver, StepReport};

mod dual;
mod form;
mod gram;
mod line;
mod search;
mod state;

use form::Form;
pub(crate) use form::{dual_fits, gram_fits};

/// The other blocks and the penalties that a W step depends on.
///
/// Shapes: `inputs` n_in x N, `bias` n_out, `target` n_out x N.
#[derive(Clone, Copy, Debug)]
pub struct WeightProblem<'a, T> {
    /// a_{l−1}: one column a sample.
    pub inputs: &'a Matrix<T>,
    /// b_l.
    pub bias: &'a [T],
    /// z_l.
    pub target: &'a Matrix<T>,
    /// ρ, the penalty's weight.
    pub rho: f64,
    /// μ, the weight of ½‖W‖².
    pub ridge: f64,
    /// λ, the weight of ‖W‖₁.
    pub l1: f64,
}

/// A layer's weights with their history, their product with the inputs, and the step under way.
///
/// The step is W̄ = prox(W̃ − ∇φ(Ŵ)/θ) and W_new = W̄ + p3 (W̄ − W), in the metric the [`Solver`] names. Its direction
/// E and the last change Δ = W − W_previous span a line on which everything the step needs is known from six inner
/// products: the backtracking trials, the new product W_new a, and the objective's change cost no further large
/// product. Gradient and E a are the two large products of a step (each 2 n_out n_in N flops); W_previous a is a third where
/// the inputs have changed since. [`Solver::Gram`] and [`Solver::Dual`] compute the same step with other products.
#[derive(Debug)]
pub struct WeightBlock<T> {
    form: Form<T>,
    /// False once the inputs have changed: the dual form's span is that of the first ones.
    inputs_fixed: bool,
    current: Matrix<T>,
    previous: Matrix<T>,
    product: Matrix<T>,
    previous_product: Matrix<T>,
    previous_product_valid: bool,
    drift: Drift,
    has_history: bool,
    gradient: Matrix<T>,
    /// [⟨Δ,Δ⟩, ⟨Δ,G⟩, ⟨G,G⟩] of the gradient G, gathered while it was assembled.
    gradient_terms: [f64; 3],
    /// E where it is not the gradient itself (every form but plain backtracking).
    direction: Option<Matrix<T>>,
    direction_product: Matrix<T>,
    curvature: Option<InputCurvature<T>>,
    solver: Solver,
    theta: f64,
    pending: Option<Pending>,
    norm_sq: f64,
    l1_norm: f64,
}

/// W_new − W = c_delta Δ + c_direction E.
#[derive(Clone, Copy, Debug)]
struct Pending {
    c_delta: f64,
    c_direction: f64,
    along: Along,
    theta: f64,
}

/// How far W a, carried along from step to step, may be from the product of W and a, in units of one step's rounding.
///
/// The error of the product obeys e_next = e + c_delta (e − e_previous) + rounding, whatever the weights do: for
/// (1 + p3) p1 > 1 it grows exponentially even where the guard keeps the iterates stable.
#[derive(Clone, Copy, Debug, Default)]
struct Drift {
    error: f64,
    change: f64,
}

/// Drift at which the products are computed anew: two digits of the scalar type. With (.95, .95, .3) that is two
/// products every nine steps or so; without inertia, every 64.
const MAX_DRIFT: f64 = 64.0;

/// What an entry of a pass over W costs, in flops of a product: such a pass waits for memory.
pub(crate) const PASS_FLOPS: usize = 24;

impl Drift {
    fn after(self, c_delta: f64) -> Self {
        let change = c_delta.abs() * self.change + 1.0;
        Self {
            error: self.error + change,
            change,
        }
    }
}

/// Which matrix E is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Along {
    /// The gradient itself: plain backtracking.
    Gradient,
    /// The `direction` matrix: every other form.
    Direction,
}

impl<T: Real> WeightBlock<T> {
    /// Starts at `weights` (n_out x n_in), for `n_samples` samples, without history and with θ = 1.
    ///
    /// [`Solver::Auto`] is decided beforehand, by [`choose_weights`](crate::choose_weights); here it is the form that fits every shape.
    pub fn new(weights: Matrix<T>, n_samples: usize, solver: Solver) -> Self {
        Self {
            form: Form::Plain,
            inputs_fixed: true,
            previous: Matrix::default(),
            gradient: Matrix::default(),
            gradient_terms: [0.0; 3],
            product: Matrix::zeros(weights.n_rows(), n_samples),
            previous_product: Matrix::default(),
            direction_product: Matrix::default(),
            previous_product_valid: false,
            drift: Drift::default(),
            has_history: false,
            direction: None,
            curvature: None,
            solver: solver.without_choice(),
            theta: 1.0,
            pending: None,
            norm_sq: weights.norm_sq(),
            l1_norm: l1_norm(weights.as_slice()),
            current: weights,
        }
    }

    /// W, n_out x n_in. In dual form it is formed here, 2 n_out n_in N flops the first time after a step.
    pub fn weights(&self) -> &Matrix<T> {
        match &self.form {
            Form::Dual(dual) => dual.weights(),
            _ => &self.current,
        }
    }

    /// The weights one step earlier; what holds for [`WeightBlock::weights`] holds for them.
    pub fn previous(&self) -> &Matrix<T> {
        match &self.form {
            Form::Dual(dual) => dual.previous(),
            _ if self.has_history => &self.previous,
            _ => &self.current,
        }
    }

    /// W a, n_out x N, without the bias.
    pub fn product(&self) -> &Matrix<T> {
        &self.product
    }

    /// θ: the reciprocal step size last accepted.
    pub fn theta(&self) -> f64 {
        self.theta
    }

    /// μ/2 ‖W‖² + λ ‖W‖₁.
    pub fn penalty(&self, ridge: f64, l1: f64) -> f64 {
        0.5 * ridge * self.norm_sq + l1 * self.l1_norm
    }

    /// Computes W a (2 n_out n_in N flops; 2 n_out N² in dual form); needed once, before the first step.
    pub fn refresh_product(&mut self, inputs: &Matrix<T>, compute: &mut Compute<T>) {
        T::refresh_weights_product(self, inputs, compute)
    }

    pub(crate) fn refresh_product_generic(&mut self, inputs: &Matrix<T>, compute: &mut Compute<T>) {
        if let Form::Dual(dual) = &self.form {
            let products = [&mut self.product, &mut self.previous_product];
            dual.products(products, compute);
        } else {
            product(&mut self.product, &self.current, inputs, compute);
        }
        self.drift = Drift::default();
    }

    /// Takes W a for new inputs from whoever has just computed it, by swapping the buffers.
    pub fn swap_product(&mut self, fresh: &mut Matrix<T>) {
        std::mem::swap(&mut self.product, fresh);
        self.drift = Drift::default();
        self.inputs_changed();
    }

    /// Says that the inputs differ from those of the last step; the dual form ends here, as its span is that of the old ones.
    pub fn inputs_changed(&mut self) {
        T::weights_inputs_changed(self)
    }

    pub(crate) fn inputs_changed_generic(&mut self) {
        self.inputs_fixed = false;
        self.previous_product_valid = false;
        self.leave_form();
        if let Form::Gram(gram) = &mut self.form {
            gram.invalidate();
        }
        if let Some(curvature) = &mut self.curvature {
            curvature.invalidate();
        }
    }

    pub(crate) fn product_mut(&mut self) -> (&Matrix<T>, &mut Matrix<T>) {
        self.leave_form();
        (&self.current, &mut self.product)
    }

    /// Computes a candidate without changing the weights; the last candidate counts. A proposal that follows another without an acceptance
    /// between them is for the same problem.
    ///
    /// With `Inertia::NONE` the candidate never raises the block's objective beyond rounding.
    pub fn propose(
        &mut self,
        problem: &WeightProblem<'_, T>,
        inertia: Inertia,
        compute: &mut Compute<T>,
    ) -> StepReport {
        T::propose_weights(self, problem, inertia, compute)
    }

    pub(crate) fn propose_generic(
        &mut self,
        problem: &WeightProblem<'_, T>,
        inertia: Inertia,
        compute: &mut Compute<T>,
    ) -> StepReport {
        let inertia = if self.has_history {
            inertia
        } else {
            Inertia {
                start: 0.0,
                gradient: 0.0,
                ..inertia
            }
        };
        self.enter_form(problem, compute);
        self.refresh_products(problem, inertia, compute);
        let (residual_sq, line) = match std::mem::replace(&mut self.form, Form::Plain) {
            Form::Gram(mut gram) => {
                let line = self.gram_line(&mut gram, problem, inertia, compute);
                self.form = Form::Gram(gram);
                line
            }
            Form::Dual(mut dual) => {
                let line = self.dual_line(&mut dual, problem, inertia, compute);
                self.form = Form::Dual(dual);
                line
            }
            Form::Plain => self.plain_line(problem, inertia, compute),
        };
        let before = 0.5 * problem.rho * residual_sq + self.penalty(problem.ridge, problem.l1);
        self.pending = Some(line.pending);
        let weights = [problem.rho, problem.ridge];
        StepReport {
            before,
            increase: line.increase::<T>(inertia, weights, self.norm_sq),
            noise: T::EPS.to_f64() * before,
            inverse_step: line.pending.theta,
            trials: line.trials,
            rel_residual: line.rel_residual,
        }
    }

    /// Makes the last candidate current, and updates W a along with it (2 n_out n_in N flops in Gram form, for the `inputs` of the proposal;
    /// no product in the others); does nothing without a candidate.
    pub fn accept(&mut self, inputs: &Matrix<T>, compute: &mut Compute<T>) {
        T::accept_weights(self, inputs, compute)
    }

    pub(crate) fn accept_generic(&mut self, inputs: &Matrix<T>, compute: &mut Compute<T>) {
        let Some(pending) = self.pending.take() else {
            return;
        };
        if let Form::Dual(dual) = &mut self.form {
            dual.accept(pending, compute);
        } else {
            self.accept_weights(pending, compute);
        }
        if let Form::Gram(gram) = &mut self.form {
            gram.end_step();
            self.refresh_product(inputs, compute);
            self.previous_product_valid = false;
        } else {
            // Where the previous product is stale the step had no use for it, and its coefficient is zero.
            mix(
                &mut self.previous_product,
                &self.product,
                &self.direction_product,
                pending,
                compute,
            );
            std::mem::swap(&mut self.previous_product, &mut self.product);
            self.previous_product_valid = true;
            self.drift = self.drift.after(pending.c_delta);
        }
        if let Form::Dual(dual) = &self.form {
            self.norm_sq = dual.norm_sq(&self.product);
        }
        self.has_history = true;
        if pending.theta.is_finite() {
            self.theta = pending.theta;
        }
    }

    fn accept_weights(&mut self, pending: Pending, compute: &mut Compute<T>) {
        let direction = match (&self.direction, pending.along) {
            (Some(direction), Along::Direction) => direction,
            _ => &self.gradient,
        };
        self.norm_sq = mix(
            &mut self.previous,
            &self.current,
            direction,
            pending,
            compute,
        );
        std::mem::swap(&mut self.previous, &mut self.current);
        self.l1_norm = l1_norm(self.current.as_slice());
    }

    /// ‖∇φ(W)‖_F at the current weights: 0 at the block's minimiser. One product of 2 n_out n_in N flops.
    pub fn gradient_norm(
        &mut self,
        problem: &WeightProblem<'_, T>,
        compute: &mut Compute<T>,
    ) -> f64 {
        T::weights_gradient_norm(self, problem, compute)
    }

    pub(crate) fn gradient_norm_generic(
        &mut self,
        problem: &WeightProblem<'_, T>,
        compute: &mut Compute<T>,
    ) -> f64 {
        self.pending = None;
        self.enter_form(problem, compute);
        if let Form::Dual(mut dual) = std::mem::replace(&mut self.form, Form::Plain) {
            self.dual_line(&mut dual, problem, Inertia::NONE, compute);
            let norm = dual.gradient_norm();
            self.form = Form::Dual(dual);
            return norm;
        }
        if let Form::Gram(gram) = &mut self.form {
            gram.end_step();
        }
        self.compute_gradient(problem, Inertia::NONE, compute);
        self.gradient.norm_sq().sqrt()
    }
}

/// previous ← current + c_delta (current − previous) + c_direction direction; returns ‖result‖².
fn mix<T: Real>(
    previous: &mut Matrix<T>,
    current: &Matrix<T>,
    direction: &Matrix<T>,
    pending: Pending,
    compute: &mut Compute<T>,
) -> f64 {
    let n_rows = current.n_rows();
    let (c_delta, c_direction) = (
        T::from_f64(pending.c_delta),
        T::from_f64(pending.c_direction),
    );
    let slab = (
        ColsMut::new(previous.as_mut_slice(), n_rows),
        Cols::new(current.as_slice(), n_rows),
        Cols::new(direction.as_slice(), n_rows),
    );
    let body = |_: &mut _, (p, c, d): (ColsMut<'_, T>, Cols<'_, T>, Cols<'_, T>)| {
        mix_tile(p.data, c.data, d.data, c_delta, c_direction)
    };
    compute.over_units(PASS_FLOPS * n_rows, slab, &body)
}
