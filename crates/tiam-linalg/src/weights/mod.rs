//! The W step: one least-squares block, min over W of ρ/2 ‖W a + b 1ᵀ − z‖² + μ/2 ‖W‖² (+ λ ‖W‖₁).

use crate::compute::{Cols, ColsMut, Compute};
use crate::kernels::mix_tile;
use crate::matrix::Matrix;
use crate::product::product_of_samples;
use crate::prox::l1_norm;
use crate::real::Real;
use crate::step::{Form, Inertia, Solver, Step, StepReport};

mod dual;
mod gram;
mod line;
mod primal;
mod state;

use dual::Dual;
use gram::Gram;
use line::Pending;
use primal::Primal;

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
/// The step is W̄ = prox(W̃ − ∇φ(Ŵ)/θ) and W_new = W̄ + p3 (W̄ − W), in the metric the [`Step`] names. Its direction
/// E and the last change Δ = W − W_previous span a line on which everything the step needs is known from six inner
/// products: the backtracking trials, the new product W_new a, and the objective's change cost no further large
/// product. Gradient and E a are the two large products of a step (each 2 n_out n_in N flops); W_previous a is a third where
/// the inputs have changed since. [`Form::Gram`] and [`Form::Dual`] compute the same step with other products.
#[derive(Debug)]
pub struct WeightBlock<T> {
    state: State<T>,
    products: Products<T>,
    /// False once the inputs have changed: the dual form's span is that of the first ones.
    inputs_fixed: bool,
    has_history: bool,
    solver: Solver,
    theta: f64,
    pending: Option<Pending>,
    norm_sq: f64,
    l1_norm: f64,
}

/// W and W_previous, with what their form of the step needs.
#[derive(Debug)]
enum State<T> {
    /// As matrices: the plain form, and the Gram form.
    Primal(Box<Primal<T>>),
    /// In the span of a start and the inputs.
    Dual(Box<Dual<T>>),
}

/// The products of W, W_previous and E with the inputs, n_out x N each; the last two are made when a form needs them.
#[derive(Debug)]
struct Products<T> {
    current: Matrix<T>,
    previous: Matrix<T>,
    previous_valid: bool,
    direction: Matrix<T>,
    drift: Drift,
}

impl<T: Real> Products<T> {
    /// W_previous a, or W a where the step makes no use of the previous value (Δ a is then exactly 0).
    fn previous_of(&self, inertia: Inertia) -> &Matrix<T> {
        if inertia.ignores_previous() {
            &self.current
        } else {
            &self.previous
        }
    }
}

/// What a proposal is asked for.
#[derive(Clone, Copy)]
struct Request<'a, T> {
    problem: &'a WeightProblem<'a, T>,
    inertia: Inertia,
    step: Step,
    last_theta: f64,
    /// ‖W‖₁.
    l1_norm: f64,
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
    /// Starts at `weights` (n_out x n_in), for `n_samples` samples, without history and with θ = 1.
    ///
    /// [`Solver::Auto`] is decided beforehand, by [`choose_weights`](crate::choose_weights); here it is the solver that fits every shape.
    pub fn new(weights: Matrix<T>, n_samples: usize, solver: Solver) -> Self {
        let solver = match solver {
            Solver::Auto { .. } => Solver::plain(solver.step()),
            chosen => chosen,
        };
        Self {
            products: Products {
                current: Matrix::zeros(weights.n_rows(), n_samples),
                previous: Matrix::default(),
                previous_valid: false,
                direction: Matrix::default(),
                drift: Drift::default(),
            },
            inputs_fixed: true,
            has_history: false,
            solver,
            theta: 1.0,
            pending: None,
            norm_sq: weights.norm_sq(),
            l1_norm: l1_norm(weights.as_slice()),
            state: State::Primal(Box::new(Primal::new(weights))),
        }
    }

    /// W, n_out x n_in. In dual form it is formed here, 2 n_out n_in N flops the first time after a step.
    pub fn weights(&self) -> &Matrix<T> {
        match &self.state {
            State::Primal(primal) => &primal.current,
            State::Dual(dual) => dual.weights(),
        }
    }

    /// The weights one step earlier; what holds for [`WeightBlock::weights`] holds for them.
    pub fn previous(&self) -> &Matrix<T> {
        match &self.state {
            State::Primal(primal) if self.has_history => &primal.previous,
            State::Primal(primal) => &primal.current,
            State::Dual(dual) => dual.previous(),
        }
    }

    /// W a, n_out x N, without the bias.
    pub fn product(&self) -> &Matrix<T> {
        &self.products.current
    }

    /// θ: the reciprocal step size last accepted.
    pub fn theta(&self) -> f64 {
        self.theta
    }

    /// The solver of the last step: the one asked for, or that of the same step in plain form where its form does not apply.
    pub fn solver(&self) -> Solver {
        match (&self.state, self.solver.form()) {
            (State::Primal(primal), Form::Gram) if primal.gram.is_some() => self.solver,
            (State::Primal(_), Form::Gram | Form::Dual) => Solver::plain(self.solver.step()),
            _ => self.solver,
        }
    }

    /// The solver asked for, chosen, or restored with a run's state.
    pub fn solver_asked(&self) -> Solver {
        self.solver
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
        let Products {
            current, previous, ..
        } = &mut self.products;
        match &self.state {
            State::Primal(primal) => {
                product_of_samples(current, &primal.current, inputs, compute);
            }
            State::Dual(dual) => dual.products([current, previous], compute),
        }
        self.products.drift = Drift::default();
    }

    /// Takes W a for new inputs from whoever has just computed it, by swapping the buffers.
    pub fn swap_product(&mut self, fresh: &mut Matrix<T>) {
        std::mem::swap(&mut self.products.current, fresh);
        self.products.drift = Drift::default();
        self.inputs_changed();
    }

    /// Says that the inputs differ from those of the last step; the dual form ends here, as its span is that of the old ones.
    pub fn inputs_changed(&mut self) {
        T::weights_inputs_changed(self)
    }

    pub(crate) fn inputs_changed_generic(&mut self) {
        self.inputs_fixed = false;
        self.products.previous_valid = false;
        self.leave_dual();
        if let State::Primal(primal) = &mut self.state {
            primal.inputs_changed();
        }
    }

    pub(crate) fn product_mut(&mut self) -> (&Matrix<T>, &mut Matrix<T>) {
        self.leave_dual();
        let weights = match &self.state {
            State::Primal(primal) => &primal.current,
            State::Dual(dual) => dual.weights(),
        };
        (weights, &mut self.products.current)
    }

    /// Makes W and W_previous matrices again, where they are in dual form.
    fn leave_dual(&mut self) {
        if let State::Dual(dual) = &self.state {
            let mut primal = Primal::new(dual.weights().clone());
            primal.previous = dual.previous().clone();
            self.norm_sq = primal.current.norm_sq();
            self.l1_norm = l1_norm(primal.current.as_slice());
            self.state = State::Primal(Box::new(primal));
        }
    }

    /// The span of the weights and the inputs as they are, whose product is known.
    fn enter_dual(&mut self, inputs: &Matrix<T>, compute: &mut Compute<T>) {
        let State::Primal(primal) = &mut self.state else {
            return;
        };
        let solves = matches!(self.solver.step(), Step::Solve(_));
        let start = std::mem::take(&mut primal.current);
        let start_product = self.products.current.clone();
        let dual = Dual::new(start, start_product, inputs, solves, compute);
        self.state = State::Dual(Box::new(dual));
    }

    /// Puts the form in place that this step is to be computed in, with its buffers.
    fn enter_form(&mut self, problem: &WeightProblem<'_, T>, compute: &mut Compute<T>) {
        let (n_in, n) = (problem.inputs.n_rows(), problem.inputs.n_cols());
        let n_out = self.products.current.n_rows();
        let starting = self.inputs_fixed && !self.has_history;
        let (form, smooth) = (self.solver.form(), problem.l1 <= 0.0);
        if !smooth {
            self.leave_dual();
        } else if form == Form::Dual && starting && dual_fits(n_in, n) {
            self.enter_dual(problem.inputs, compute);
        }
        let mut in_gram = false;
        if let State::Primal(primal) = &mut self.state {
            if !smooth {
                primal.gram = None;
            } else if form == Form::Gram && gram_fits(n_in, n) {
                let gram = || Box::new(Gram::new(n_out, n_in));
                primal.gram.get_or_insert_with(gram);
            }
            in_gram = primal.gram.is_some() && n_in <= n;
            if primal.gradient.n_rows() == 0 {
                primal.gradient = Matrix::zeros(n_out, n_in);
                if !self.has_history {
                    primal.previous = primal.current.clone();
                }
            }
        }
        if !in_gram && self.products.direction.n_rows() == 0 {
            self.products.direction = Matrix::zeros(n_out, n);
            self.products.previous = Matrix::zeros(n_out, n);
        }
    }

    /// Computes the products anew that have drifted or are missing.
    fn refresh_products(
        &mut self,
        problem: &WeightProblem<'_, T>,
        inertia: Inertia,
        compute: &mut Compute<T>,
    ) {
        if self.products.drift.error > MAX_DRIFT {
            self.refresh_product(problem.inputs, compute);
            self.products.previous_valid = matches!(self.state, State::Dual(_));
        }
        if inertia.ignores_previous() || self.products.previous_valid {
            return;
        }
        if let State::Primal(primal) = &self.state
            && primal.gram.is_none()
        {
            let previous = &mut self.products.previous;
            product_of_samples(previous, &primal.previous, problem.inputs, compute);
            self.products.previous_valid = true;
        }
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
        let request = self.request(problem, inertia);
        let products = &mut self.products;
        let (residual_sq, line) = match &mut self.state {
            State::Primal(primal) => primal.line(products, &request, compute),
            State::Dual(dual) => dual.line(products, &request, compute),
        };
        let before = 0.5 * problem.rho * residual_sq + self.penalty(problem.ridge, problem.l1);
        self.pending = Some(line.pending);
        let report = StepReport {
            inverse_step: line.pending.theta,
            trials: line.trials,
            rel_residual: line.rel_residual,
            ..StepReport::of::<T>(before, line.increase(&request, self.norm_sq))
        };
        report.against(problem.target, problem.rho, compute)
    }

    fn request<'a>(&self, problem: &'a WeightProblem<'a, T>, inertia: Inertia) -> Request<'a, T> {
        Request {
            problem,
            inertia,
            step: self.solver.step(),
            last_theta: self.theta,
            l1_norm: self.l1_norm,
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
        let mut in_gram = false;
        match &mut self.state {
            State::Primal(primal) => {
                self.norm_sq = primal.accept(pending, compute);
                self.l1_norm = l1_norm(primal.current.as_slice());
                if let Some(gram) = &mut primal.gram {
                    gram.end_step();
                    in_gram = true;
                }
            }
            State::Dual(dual) => dual.accept(pending, compute),
        }
        if in_gram {
            self.refresh_product(inputs, compute);
            self.products.previous_valid = false;
        } else {
            // Where the previous product is stale the step had no use for it, and its coefficient is zero.
            let Products {
                current,
                previous,
                direction,
                ..
            } = &mut self.products;
            mix_products(previous, current, direction, pending, compute);
            std::mem::swap(previous, current);
            self.products.previous_valid = true;
            self.products.drift = self.products.drift.after(pending.c_delta);
        }
        if let State::Dual(dual) = &self.state {
            self.norm_sq = dual.norm_sq(&self.products.current);
        }
        self.has_history = true;
        if pending.theta.is_finite() {
            self.theta = pending.theta;
        }
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
        let request = self.request(problem, Inertia::NONE);
        let products = &mut self.products;
        match &mut self.state {
            State::Primal(primal) => {
                if let Some(gram) = &mut primal.gram {
                    gram.end_step();
                }
                primal.compute_gradient(products, &request, compute);
                primal.gradient.norm_sq().sqrt()
            }
            State::Dual(dual) => {
                dual.line(products, &request, compute);
                dual.gradient_norm()
            }
        }
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
    let slab = (previous.cols_mut(), current.cols(), direction.cols());
    let body = |_: &mut _, (p, c, d): (ColsMut<'_, T>, Cols<'_, T>, Cols<'_, T>)| {
        mix_tile(p.data, c.data, d.data, c_delta, c_direction)
    };
    compute.over_units(PASS_FLOPS * n_rows, slab, &body)
}

/// [`mix`] for products with the samples, without their norm.
fn mix_products<T: Real>(
    previous: &mut Matrix<T>,
    current: &Matrix<T>,
    direction: &Matrix<T>,
    pending: Pending,
    compute: &mut Compute<T>,
) {
    let c = [pending.c_delta, pending.c_direction].map(T::from_f64);
    let slab = (previous.cols_mut(), [current, direction].map(Matrix::cols));
    let body = |_: &mut _, (p, [m, d]): (ColsMut<'_, T>, [Cols<'_, T>; 2])| {
        mix_tile(p.data, m.data, d.data, c[0], c[1]);
    };
    compute.over_samples(PASS_FLOPS * current.n_rows(), slab, &body);
}
