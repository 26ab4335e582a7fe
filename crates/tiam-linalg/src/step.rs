//! Inertia, solver and report: the parameters and the result of every block step.

use tiam_core::BlockChange;
pub use tiam_core::Inertia;

use crate::compute::{Cols, Compute, WorkerScratch};
use crate::matrix::Matrix;
use crate::real::Real;
use crate::reduce::dot;
use crate::state::StateVisitor;

/// What a step found: the change of the block's own objective, and how the step was computed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// The block's objective before the step, and its change by the candidate. Its rounding is that of the objectives, and, for an increase,
    /// that of the terms of the residual.
    pub change: BlockChange,
    /// θ (τ for activations): the reciprocal of the step size that was accepted; NaN for solves that use none.
    pub inverse_step: f64,
    /// Step sizes tried by the backtracking, or iterations taken by the solve.
    pub trials: usize,
    /// ‖D H + ∇φ(û)‖ / ‖∇φ(û)‖, recomputed from the solution and not from a recurrence, for the solves
    /// (D the direction, H the curvature); `None` for backtracking, which solves no system.
    pub rel_residual: Option<f64>,
}

impl StepReport {
    /// A report of a change whose rounding is eps times the objective before it.
    pub(crate) fn of<T: Real>(before: f64, increase: f64) -> Self {
        let rounding = T::EPS.to_f64() * before.abs();
        Self {
            change: BlockChange::new(before, increase).with_rounding(rounding),
            inverse_step: f64::NAN,
            trials: 1,
            rel_residual: None,
        }
    }

    /// With the rounding of a residual m − z, z the `target`, in an objective that contains ρ/2 ‖m − z‖²: where a step has just
    /// made the residual vanish, what is left of it is rounding of m. The target is read only where that can matter.
    pub(crate) fn against<T: Real>(
        self,
        target: &Matrix<T>,
        rho: f64,
        compute: &mut Compute<T>,
    ) -> Self {
        let BlockChange {
            increase, rounding, ..
        } = self.change;
        if increase > rounding {
            let n = target.n_rows();
            let body = |_: &mut WorkerScratch<T>, z: Cols<'_, T>| dot(z.data, z.data);
            let target_sq = compute.over_samples(2 * n, target.cols(), &body);
            let lost = RESIDUAL_EPSILONS * T::EPS.to_f64();
            let rounding = rounding + 0.5 * rho * lost * lost * target_sq;
            let change = self.change.with_rounding(rounding);
            Self { change, ..self }
        } else {
            self
        }
    }
}

/// A residual below this many eps times the terms it is a difference of is rounding: the sum over 1,000 inputs leaves about √1000.
const RESIDUAL_EPSILONS: f64 = 64.0;

/// How the least-squares steps of weights and activations are computed.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Solver {
    /// One gradient step whose size is found by backtracking (the paper's: no matrix is inverted). θ (τ) starts at half its last
    /// value, so that it follows the curvature both ways (ours).
    Backtracking,
    /// Backtracking from θ = 1 (τ = 1) at every step, with at most ten doublings; where these do not suffice, the block stays
    /// as it is. The form of mDLAM's published code: where the curvature is below 1, steps are that much shorter.
    UnitBacktracking,
    /// [`Solver::Backtracking`]'s step from a aᵀ, for W where the inputs stay and samples outnumber features by far: a step done again
    /// costs no large product (ours). Where the inputs change, a aᵀ is made anew. Plain where ℓ1 weighs, and for a.
    Gram,
    /// [`Solver::Backtracking`]'s step with W = c W_start + C aᵀ, for W where the inputs stay and features outnumber samples: one product
    /// n_out x N x N a step, and W is formed only when asked for (ours). Plain for more samples than features, from where the inputs change
    /// or ℓ1 weighs, and for a.
    Dual,
    /// The curvature factored by Cholesky: the exact minimiser of the block when p1 = p2 (ours).
    Cholesky,
    /// [`Solver::Cholesky`]'s step with W as [`Solver::Dual`] has it; `Cholesky` where that is plain, and for a (ours).
    DualCholesky,
    /// Conjugate gradients started from the extrapolated block, stopped by iterations or residual (ours).
    ConjugateGradient {
        /// Most iterations of one solve, at least 1.
        max_iterations: usize,
        /// Stops once the residual has fallen below this fraction of the first one.
        rel_tolerance: f64,
    },
    /// The cheapest of the forms that give what is asked for, block by block: see [`choose_weights`](crate::choose_weights).
    Auto {
        /// What is asked for.
        accuracy: Accuracy,
    },
}

/// The accuracy that [`Solver::Auto`] must give.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Accuracy {
    /// The paper's gradient step: backtracking, plain, Gram or dual, which differ by rounding alone.
    GradientStep,
    /// A minimiser: the residual of the block's linear system below this fraction of its gradient, in (0, 1).
    RelResidual(f64),
}

impl Solver {
    /// [`Solver::Auto`] for the paper's gradient step.
    pub const AUTO: Self = Self::Auto {
        accuracy: Accuracy::GradientStep,
    };

    /// Ten iterations or a residual of 1e-3, whichever comes first: enough for the W step to be as good as exact
    /// on standardised inputs, at a few products' cost.
    pub const CG: Self = Self::ConjugateGradient {
        max_iterations: 10,
        rel_tolerance: 1e-3,
    };

    /// Name as users write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Backtracking => "backtracking",
            Self::UnitBacktracking => "unit_backtracking",
            Self::Gram => "gram",
            Self::Dual => "dual",
            Self::Cholesky => "cholesky",
            Self::DualCholesky => "dual_cholesky",
            Self::ConjugateGradient { .. } => "cg",
            Self::Auto { .. } => "auto",
        }
    }

    /// What is computed; for [`Solver::Auto`] the step that fits every shape.
    pub fn step(self) -> Step {
        match self {
            Self::Backtracking | Self::Gram | Self::Dual => Step::Backtracking,
            Self::UnitBacktracking => Step::UnitBacktracking,
            Self::Cholesky | Self::DualCholesky => Step::Solve(Solve::Cholesky),
            Self::ConjugateGradient {
                max_iterations,
                rel_tolerance,
            } => Step::Solve(Solve::ConjugateGradient {
                max_iterations,
                rel_tolerance,
            }),
            Self::Auto {
                accuracy: Accuracy::GradientStep,
            } => Step::Backtracking,
            Self::Auto {
                accuracy: Accuracy::RelResidual(_),
            } => Step::Solve(Solve::Cholesky),
        }
    }

    /// From what it is computed; plain for [`Solver::Auto`].
    pub fn form(self) -> Form {
        match self {
            Self::Gram => Form::Gram,
            Self::Dual | Self::DualCholesky => Form::Dual,
            _ => Form::Plain,
        }
    }

    /// The solver that computes `step` in the plain form.
    pub fn plain(step: Step) -> Self {
        match step {
            Step::Backtracking => Self::Backtracking,
            Step::UnitBacktracking => Self::UnitBacktracking,
            Step::Solve(Solve::Cholesky) => Self::Cholesky,
            Step::Solve(Solve::ConjugateGradient {
                max_iterations,
                rel_tolerance,
            }) => Self::ConjugateGradient {
                max_iterations,
                rel_tolerance,
            },
        }
    }
}

/// A least-squares step, whatever it is computed from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// The gradient step of [`Solver::Backtracking`].
    Backtracking,
    /// That of [`Solver::UnitBacktracking`].
    UnitBacktracking,
    /// The solution of the block's linear system.
    Solve(Solve),
}

/// A solution of a block's linear system.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Solve {
    /// By a factor of the curvature.
    Cholesky,
    /// By conjugate gradients, as [`Solver::ConjugateGradient`] says.
    ConjugateGradient {
        /// Most iterations.
        max_iterations: usize,
        /// Stops below this fraction of the first residual.
        rel_tolerance: f64,
    },
}

/// From what a W step is computed. The same step in another form differs by rounding alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Products with the inputs.
    Plain,
    /// a aᵀ: [`Solver::Gram`].
    Gram,
    /// W = c W_start + C aᵀ: [`Solver::Dual`].
    Dual,
}

impl Step {
    /// The first θ to try after a step with `last`.
    pub(crate) fn first_trial<T: Real>(self, last: f64) -> f64 {
        match self {
            Self::UnitBacktracking => 1.0,
            _ => halved::<T>(last),
        }
    }

    /// The θ to try once `trials` of them, the last being `theta`, were too small; infinite for a block that is to stay.
    pub(crate) fn next_trial(self, theta: f64, trials: usize) -> Option<f64> {
        match self {
            Self::UnitBacktracking if trials > UNIT_DOUBLINGS => Some(f64::INFINITY),
            _ => (trials < MAX_DOUBLINGS).then_some(2.0 * theta),
        }
    }
}

/// Doublings of [`Solver::UnitBacktracking`].
const UNIT_DOUBLINGS: usize = 10;

/// Doublings after which backtracking gives up; from 1 that reaches beyond any finite curvature.
const MAX_DOUBLINGS: usize = 1100;

/// Where backtracking starts: half the last θ (τ). A standstill passes every test and would halve it away; the floor keeps its
/// reciprocal finite (ours).
fn halved<T: Real>(theta: f64) -> f64 {
    (0.5 * theta).max(T::min_positive_value().to_f64().sqrt())
}

/// A block's current and previous value, and the candidate of the step under way.
#[derive(Clone, Debug)]
pub(crate) struct Iterate<T> {
    pub(crate) current: Matrix<T>,
    pub(crate) previous: Matrix<T>,
    pub(crate) candidate: Matrix<T>,
}

impl<T: Real> Iterate<T> {
    /// Current and previous value both `start`.
    pub(crate) fn new(start: Matrix<T>) -> Self {
        let candidate = Matrix::zeros(start.n_rows(), start.n_cols());
        Self {
            previous: start.clone(),
            current: start,
            candidate,
        }
    }

    pub(crate) fn visit_state(&mut self, name: &str, visitor: &mut dyn StateVisitor<T>) {
        let current = self.current.as_mut_slice();
        visitor.values(&format!("{name}.current"), current);
        let previous = self.previous.as_mut_slice();
        visitor.values(&format!("{name}.previous"), previous);
    }

    /// Fetches the samples of the other processes.
    pub(crate) fn gather(&mut self, compute: &Compute<T>) {
        for matrix in [&mut self.current, &mut self.previous] {
            compute.gather(matrix);
        }
    }

    /// Candidate becomes current, current becomes previous.
    pub(crate) fn accept(&mut self) {
        std::mem::swap(&mut self.previous, &mut self.current);
        std::mem::swap(&mut self.current, &mut self.candidate);
    }
}

#[cfg(test)]
#[path = "../tests/unit/step.rs"]
mod tests;
