//! The choice of a solver for each block, by its shape and the accuracy asked for, from counted operations alone.

use crate::step::{Accuracy, Solver};
use crate::weights::{PASS_FLOPS, dual_fits, gram_fits};

/// The shape of a W step, or of an a step, and what it may rely on.
///
/// For W: a layer's outputs, its inputs, N. For a: the next layer's outputs, and its inputs, which are a.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockShape {
    /// n_out.
    pub n_out: usize,
    /// n_in.
    pub n_in: usize,
    /// N.
    pub n_samples: usize,
    /// True where the layer's inputs are the same in every iteration, as the first layer's are.
    pub inputs_fixed: bool,
    /// True where λ > 0.
    pub l1: bool,
}

/// A form, why, and what it should cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Never [`Solver::Auto`], and a form that applies to the shape.
    pub solver: Solver,
    /// In words; it depends on shape and form alone.
    pub reason: String,
    /// Operations of a step, those of proposals done again and a hundredth of the set-up included; an entry of an element-wise pass
    /// counts as 24, since it waits for memory.
    pub flops: f64,
}

/// Operations that an entry of a pass counts as.
#[allow(clippy::cast_precision_loss, reason = "a small number")]
const ENTRY: f64 = PASS_FLOPS as f64;
/// Share of the steps that a guard does again: a third to a half with the default inertia on the data tried (ours).
const REDONE: f64 = 0.4;
/// Iterations that share what a form sets up once.
const ITERATIONS: f64 = 100.0;
/// Another form must take less than this part of the plain one's operations: as a prediction of time the count is no better.
const WORTHWHILE: f64 = 0.9;
/// Conjugate gradients' iterations for each decade of the residual, on standardised inputs (ours).
const CG_ITERATIONS_PER_DECADE: f64 = 5.0;
/// Residuals no solve in the scalar types gets below.
const LEAST_RESIDUAL: f64 = 1e-15;

/// The cheapest form of a W step that gives the accuracy.
///
/// | accuracy | candidates | flops a step, r = 0.4 the share of steps done again |
/// |---|---|---|
/// | gradient step | `Backtracking` | (1 + r) · 4 n_out n_in N |
/// | | `Gram`, inputs fixed | 4 n_out n_in N + (2 + r) · 2 n_out n_in² |
/// | | `Dual`, inputs fixed, n_in ≥ N | (1 + r) · 2 n_out N² |
/// | residual | `Cholesky` | (1 + r) · (4 n_out n_in N + 4 n_out n_in²), or 12 n_out n_in N where n_in > N; n_in² N + n_in³/3 where the inputs change |
/// | | `DualCholesky`, inputs fixed, n_in ≥ N | (1 + r) · 10 n_out N² |
/// | | `ConjugateGradient` | (1 + r) · (4 n_out n_in N + 2 n_out n_in² an iteration) |
///
/// Its element-wise passes, p = 1 + r proposals a step (ours, counted roughly), over entries of matrices
///
/// | form | of the size of W | of the size of W a |
/// |---|---|---|
/// | `Backtracking` | 4p + 4 | 7p + 4 |
/// | `Gram` | 10p + 4 | 5 |
/// | `Dual` | | 20p + 10 |
/// | `Cholesky` | 16p + 4, or 20p + 4 where n_in > N | 11, or 10 |
/// | `DualCholesky` | | 35p + 10 |
/// | `ConjugateGradient`, i iterations | (10 + 12 i) p | 11 |
///
/// A form that replaces the plain one must be a tenth cheaper; with ℓ1 only the plain one applies.
///
/// ```
/// use tiam_linalg::{Accuracy, BlockShape, Solver, choose_weights};
/// // Cora: 7,165 features, 140 samples.
/// let shape = BlockShape { n_out: 100, n_in: 7165, n_samples: 140, inputs_fixed: true, l1: false };
/// assert_eq!(choose_weights(Accuracy::GradientStep, shape).solver, Solver::Dual);
/// let hidden = BlockShape { n_in: 100, inputs_fixed: false, ..shape };
/// assert_eq!(choose_weights(Accuracy::GradientStep, hidden).solver, Solver::Backtracking);
/// ```
pub fn choose_weights(accuracy: Accuracy, shape: BlockShape) -> Choice {
    let plain = match accuracy {
        Accuracy::GradientStep => Solver::Backtracking,
        Accuracy::RelResidual(_) if shape.l1 => Solver::Backtracking,
        Accuracy::RelResidual(_) => Solver::Cholesky,
    };
    let others: &[Solver] = match accuracy {
        Accuracy::GradientStep => &[Solver::Gram, Solver::Dual],
        Accuracy::RelResidual(below) => &[Solver::DualCholesky, conjugate_gradients(below)],
    };
    let mut best = weights_choice(plain, shape);
    let mut limit = WORTHWHILE * best.flops;
    for other in others.iter().filter(|other| shape.applies(**other)) {
        let choice = weights_choice(*other, shape);
        if choice.flops < limit {
            limit = choice.flops;
            best = choice;
        }
    }
    best
}

/// What a W step asked for as `solver` becomes: the form itself where it applies, the plain form of the same step where it does not, and
/// [`choose_weights`]' choice for [`Solver::Auto`].
pub fn weights_choice(solver: Solver, shape: BlockShape) -> Choice {
    if let Solver::Auto { accuracy } = solver {
        return choose_weights(accuracy, shape);
    }
    let solver = match solver {
        asked if shape.applies(asked) => asked,
        Solver::DualCholesky if !shape.l1 => Solver::Cholesky,
        _ => Solver::Backtracking,
    };
    Choice {
        solver,
        reason: weights_reason(solver, shape),
        flops: weights_flops(solver, shape),
    }
}

/// What an a step asked for as `solver` becomes. The band clamps every trial, so that neither line products nor the Gram and dual
/// forms apply: those are backtracking here, and [`Solver::DualCholesky`] is [`Solver::Cholesky`].
///
/// (1 + r) · (6 n_out n_in N + its solve) flops, the solve being 3 n_out n_in N by backtracking, 4 n_in² N + 2 n_in² n_out + n_in³/3 by
/// Cholesky and 2 n_in² N an iteration; (1 + r) · 16 passes over a.
pub fn activations_choice(solver: Solver, shape: BlockShape) -> Choice {
    let solver = match solver {
        Solver::Auto {
            accuracy: Accuracy::RelResidual(_),
        }
        | Solver::DualCholesky => Solver::Cholesky,
        Solver::Auto {
            accuracy: Accuracy::GradientStep,
        }
        | Solver::Gram
        | Solver::Dual => Solver::Backtracking,
        asked => asked,
    };
    let n_in = shape.n_in;
    let reason = match solver {
        Solver::Cholesky => {
            format!(
                "one factor of {n_in} x {n_in} serves all samples; W changes in every iteration"
            )
        }
        Solver::ConjugateGradient { .. } => {
            format!("products with a {n_in} x {n_in} matrix, sample by sample")
        }
        _ => "the band clamps every trial: a product each".to_owned(),
    };
    Choice {
        solver,
        reason,
        flops: activations_flops(solver, shape),
    }
}

fn conjugate_gradients(below: f64) -> Solver {
    let decades = -below.clamp(LEAST_RESIDUAL, 0.1).log10();
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and 15 decades"
    )]
    let expected = (CG_ITERATIONS_PER_DECADE * decades).ceil() as usize;
    Solver::ConjugateGradient {
        // Where the expectation was too low, the solve may go on as long again three times.
        max_iterations: 4 * expected,
        rel_tolerance: below,
    }
}

impl BlockShape {
    /// True where the form can be used as it is.
    fn applies(self, solver: Solver) -> bool {
        let (n_in, n) = (self.n_in, self.n_samples);
        match solver {
            Solver::Backtracking | Solver::UnitBacktracking => true,
            _ if self.l1 => false,
            Solver::Gram => self.inputs_fixed && gram_fits(n_in, n),
            Solver::Dual | Solver::DualCholesky => self.inputs_fixed && dual_fits(n_in, n),
            _ => true,
        }
    }

    /// n_out, n_in, N as numbers.
    #[allow(clippy::cast_precision_loss, reason = "sizes of matrices in memory")]
    fn sizes(self) -> [f64; 3] {
        [self.n_out, self.n_in, self.n_samples].map(|n| n as f64)
    }
}

fn weights_flops(solver: Solver, shape: BlockShape) -> f64 {
    let [m, k, n] = shape.sizes();
    let large = 2.0 * m * k * n;
    let proposals = 1.0 + REDONE;
    let once = |flops: f64| {
        if shape.inputs_fixed {
            flops / ITERATIONS
        } else {
            flops
        }
    };
    // Passes over matrices of the size of W and of W a: those of a proposal, those of an acceptance.
    let passes = |w: f64, wa: f64| w * m * k + wa * m * n;
    let (flops, entries) = match solver {
        Solver::Gram => {
            let small = 2.0 * m * k * k;
            let flops = 2.0 * large + (1.0 + proposals) * small + once(k * k * n);
            (flops, passes(10.0 * proposals + 4.0, 5.0))
        }
        Solver::Dual => {
            let flops = proposals * 2.0 * m * n * n + once(2.0 * k * n * n);
            (flops, passes(0.0, 20.0 * proposals + 10.0))
        }
        Solver::DualCholesky => {
            let flops = proposals * 10.0 * m * n * n + once(2.0 * k * n * n + n * n * n / 3.0);
            (flops, passes(0.0, 35.0 * proposals + 10.0))
        }
        Solver::Cholesky if k > n => {
            let solve = 4.0 * large + 2.0 * m * n * n;
            let flops = proposals * (2.0 * large + solve) + once(2.0 * k * n * n + n * n * n / 3.0);
            (flops, passes(20.0 * proposals + 4.0, 10.0))
        }
        Solver::Cholesky => {
            let flops = proposals * (2.0 * large + 4.0 * m * k * k);
            let set_up = once(k * k * n + k * k * k / 3.0);
            (flops + set_up, passes(16.0 * proposals + 4.0, 11.0))
        }
        Solver::ConjugateGradient { rel_tolerance, .. } => {
            let iterations =
                CG_ITERATIONS_PER_DECADE * -rel_tolerance.clamp(LEAST_RESIDUAL, 0.1).log10();
            let (step, set_up) = if k > n {
                (2.0 * large, 0.0)
            } else {
                (2.0 * m * k * k, once(k * k * n))
            };
            let flops = proposals * (2.0 * large + iterations * step) + set_up;
            (flops, passes(proposals * (10.0 + 12.0 * iterations), 11.0))
        }
        _ => {
            let passes = passes(4.0 * proposals + 4.0, 7.0 * proposals + 4.0);
            (proposals * 2.0 * large, passes)
        }
    };
    flops + ENTRY * entries
}

fn activations_flops(solver: Solver, shape: BlockShape) -> f64 {
    let [m, k, n] = shape.sizes();
    let large = 2.0 * m * k * n;
    let proposals = 1.0 + REDONE;
    let solve = match solver {
        Solver::Cholesky => 4.0 * k * k * n + 2.0 * k * k * m + k * k * k / 3.0,
        Solver::ConjugateGradient { max_iterations, .. } => {
            #[allow(clippy::cast_precision_loss, reason = "a number of iterations")]
            let iterations = max_iterations as f64;
            2.0 * iterations * k * k * n
        }
        // A trial, and now and then a second.
        _ => 1.5 * large,
    };
    proposals * (3.0 * large + solve + ENTRY * 16.0 * k * n)
}

fn weights_reason(solver: Solver, shape: BlockShape) -> String {
    let BlockShape {
        n_out,
        n_in,
        n_samples: n,
        ..
    } = shape;
    let [_, features, samples] = shape.sizes();
    let percent = |part: f64, whole: f64| format!("{:.3}", 100.0 * part / whole);
    match solver {
        _ if shape.l1 => "λ > 0: the proximal step, one product a trial".to_owned(),
        Solver::Gram => format!(
            "fixed inputs, {n} samples of {n_in} features: a step done again costs products with a aᵀ, {} % of those with the inputs",
            percent(features, samples)
        ),
        Solver::Dual => format!(
            "fixed inputs, {n_in} features of {n} samples: products with aᵀ a take {} % of the flops of those with the inputs",
            percent(samples, 2.0 * features)
        ),
        Solver::DualCholesky => format!(
            "fixed inputs, {n_in} features of {n} samples: one factor of {n} x {n}, W in the span of its start and the inputs"
        ),
        Solver::Cholesky => {
            let size = n_in.min(n);
            let kept = if shape.inputs_fixed {
                "kept, as the inputs stay"
            } else {
                "made anew, as the inputs change"
            };
            format!("one factor of {size} x {size}, {kept}")
        }
        Solver::ConjugateGradient { max_iterations, .. } => {
            format!("at most {max_iterations} products in place of a factor")
        }
        _ if shape.inputs_fixed => {
            format!("fixed inputs, products of {n_out} x {n_in} x {n}")
        }
        _ => "the inputs change in every iteration: nothing of them can be kept".to_owned(),
    }
}
