//! The line of a W step: its step size, its candidate and the objective's change, from inner products along it.

use super::Request;
use crate::real::Real;
use crate::step::Inertia;

/// W_new − W = c_delta Δ + c_direction E.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    pub(super) c_delta: f64,
    pub(super) c_direction: f64,
    pub(super) along: LineDirection,
    pub(super) theta: f64,
}

/// Which matrix E is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum LineDirection {
    /// The gradient itself: plain backtracking.
    Gradient,
    /// The direction's own matrix: every other step.
    Direction,
}

/// A candidate W_new = W + c_delta Δ + c_direction E, and what is known along its line.
pub(super) struct Line {
    pub(super) pending: Pending,
    pub(super) trials: usize,
    pub(super) rel_residual: Option<f64>,
    pub(super) terms: LineTerms,
    /// ⟨∇φ(Ŵ), Δ⟩ and ⟨∇φ(Ŵ), E⟩.
    pub(super) slopes: [f64; 2],
    /// λ (‖W_new‖₁ − ‖W‖₁).
    pub(super) l1_increase: f64,
}

impl Line {
    /// True when an entry of W_new, or of its product's change, might not be finite in the scalar type.
    fn overflows<T: Real>(&self, norm_sq: f64) -> bool {
        let (c, d) = (self.pending.c_delta.abs(), self.pending.c_direction.abs());
        let change = |terms: [f64; 3]| c * terms[0].sqrt() + d * terms[2].sqrt();
        let largest = (norm_sq.sqrt() + change(self.terms.matrix)).max(change(self.terms.product));
        largest > 0.25 * T::max_value().to_f64()
    }

    /// φ(W_new) − φ(W), from the slope at Ŵ and the curvature along the line: no difference of large numbers. Infinite where
    /// W_new is beyond the scalar type; `norm_sq` is ‖W‖².
    pub(super) fn increase<T: Real>(&self, request: &Request<'_, T>, norm_sq: f64) -> f64 {
        if self.overflows::<T>(norm_sq) {
            return f64::INFINITY;
        }
        let (c, d) = (self.pending.c_delta, self.pending.c_direction);
        let curvature = self.terms.curvature(request);
        // ∇φ(W) = ∇φ(Ŵ) − p2 Δ H.
        let from_hat = request.inertia.gradient * (c * curvature[0] + d * curvature[1]);
        c * self.slopes[0] + d * self.slopes[1] - from_hat
            + 0.5 * quadratic(curvature, c, d)
            + self.l1_increase
    }
}

/// Inner products along the line, of the matrices and of their products with the inputs:
/// [⟨Δ,Δ⟩, ⟨Δ,E⟩, ⟨E,E⟩] each.
#[derive(Clone, Copy, Debug)]
pub(super) struct LineTerms {
    pub(super) matrix: [f64; 3],
    pub(super) product: [f64; 3],
}

impl LineTerms {
    /// ⟨ΔH,Δ⟩, ⟨ΔH,E⟩, ⟨EH,E⟩ with H = ρ a aᵀ + μ I.
    pub(super) fn curvature<T>(&self, request: &Request<'_, T>) -> [f64; 3] {
        let (rho, ridge) = (request.problem.rho, request.problem.ridge);
        std::array::from_fn(|i| rho * self.product[i] + ridge * self.matrix[i])
    }

    /// The paper's step for E = ∇φ(Ŵ), θ by backtracking on the inner products alone.
    pub(super) fn backtracked<T: Real>(self, request: &Request<'_, T>) -> Line {
        let (inertia, step) = (request.inertia, request.step);
        let curvature = self.curvature(request);
        let p1_minus_p2 = inertia.start - inertia.gradient;
        let mut theta = step.first_trial::<T>(request.last_theta);
        let mut trials = 1;
        // D = W̄ − Ŵ = (p1 − p2) Δ − E/θ. A comparison with NaN is false: it ends the search.
        while quadratic(curvature, p1_minus_p2, -1.0 / theta)
            > theta * quadratic(self.matrix, p1_minus_p2, -1.0 / theta)
            && let Some(larger) = step.next_trial(theta, trials)
        {
            theta = larger;
            trials += 1;
        }
        let scale = 1.0 + inertia.correction;
        Line {
            pending: Pending {
                c_delta: scale * inertia.start,
                c_direction: -scale / theta,
                along: LineDirection::Gradient,
                theta,
            },
            trials,
            rel_residual: None,
            slopes: [self.matrix[1], self.matrix[2]],
            terms: self,
            l1_increase: 0.0,
        }
    }
}

/// The quadratic form with terms [xx, xy, yy] at c x + d y.
fn quadratic(terms: [f64; 3], c: f64, d: f64) -> f64 {
    c * c * terms[0] + 2.0 * c * d * terms[1] + d * d * terms[2]
}

/// W_new − W = (1 + p3)(W̄ − W) = (1 + p3)(p2 Δ + D) for a direction D = W̄ − Ŵ.
pub(super) fn along_direction(inertia: Inertia, theta: f64) -> Pending {
    let scale = 1.0 + inertia.correction;
    Pending {
        c_delta: scale * inertia.gradient,
        c_direction: scale,
        along: LineDirection::Direction,
        theta,
    }
}
