//! Backtracking gradient step of a quadratic.

use tiam_core::BlockChange;
use tiam_linalg::{Real, StateVisitor};

use super::Search;

/// The smallest θ that a search starts from, because a block that no longer moves would halve θ to 0. Ours.
fn floor<T: Real>() -> f64 {
    T::min_positive_value().to_f64().sqrt()
}

/// The step size of a block, from which its next search starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct StepSize {
    /// The value last accepted.
    last: f64,
    /// θ (τ) of the whole run.
    start: f64,
    first: bool,
}

impl StepSize {
    pub(super) fn new(start: f64) -> Self {
        Self {
            last: start,
            start,
            first: true,
        }
    }

    pub(super) fn visit_state<T: Real>(&mut self, name: &str, visitor: &mut dyn StateVisitor<T>) {
        visitor.number(&format!("{name}.last"), &mut self.last);
        visitor.number(&format!("{name}.start"), &mut self.start);
        visitor.flag(&format!("{name}.first"), &mut self.first);
    }

    /// θ (τ) for a step along −G of a quadratic with ⟨G, H G⟩ = `curvature`: doubled from the search's start until
    /// ⟨G, H G⟩ ≤ θ ‖G‖².
    pub(super) fn search<T: Real>(&self, search: Search, curvature: f64, gradient_sq: f64) -> f64 {
        let mut theta = match search {
            Search::Halved if !self.first => 0.5 * self.last,
            Search::Halved | Search::Fixed => self.start,
        };
        theta = theta.max(floor::<T>());
        while curvature > theta * gradient_sq && theta.is_finite() {
            theta *= 2.0;
        }
        theta
    }

    pub(super) fn accept(&mut self, theta: f64) {
        (self.last, self.first) = (theta, false);
    }

    /// Multiplies the step size, as the published code does when the training cost rises.
    pub(super) fn raise(&mut self, factor: f64) {
        self.last *= factor;
        self.start *= factor;
    }
}

/// The change of the quadratic by a step −G/θ: −‖G‖²/θ + ⟨G, H G⟩/(2θ²), never positive for a θ that the search accepted.
pub(super) fn change(before: f64, theta: f64, curvature: f64, gradient_sq: f64) -> BlockChange {
    BlockChange::new(before, (0.5 * curvature / theta - gradient_sq) / theta)
}
