//! The logistic loss: several answers of yes or no.

use crate::loss::{Loss, TargetKind, Targets};
use crate::prox::LossSum;
use crate::real::Real;

/// Binary cross-entropy of probabilities y in [0, 1], each output for itself: r(z; y) = Σ ln(1 + eᶻ) − y z.
#[derive(Clone, Copy, Debug, Default)]
pub struct Logistic;

/// The probability that z stands for: 1 / (1 + e⁻ᶻ).
///
/// ```
/// assert_eq!(tiam_linalg::sigmoid(0.0_f64), 0.5);
/// assert!(tiam_linalg::sigmoid(-800.0_f64) >= 0.0 && tiam_linalg::sigmoid(800.0_f32) <= 1.0);
/// ```
pub fn sigmoid<T: Real>(z: T) -> T {
    let e = (-z.abs()).fast_exp();
    let tail = e / (T::one() + e);
    if z >= T::zero() {
        T::one() - tail
    } else {
        tail
    }
}

/// ln(1 + eᶻ) − y z without overflow.
fn value_of<T: Real>(z: T, y: T) -> f64 {
    let tail = (-z.abs()).fast_exp().fast_ln_1p();
    (z.max(T::zero()) - y * z + tail).to_f64()
}

/// Most steps of the search for a minimiser; fewer than twenty are taken.
const MOST_STEPS: usize = 64;

/// argmin_z ln(1 + eᶻ) − y z + ρ/2 (z − c)²: Newton's steps in double precision; the bracket is halved where one leaves it or is more than half of
/// the step before (with a small ρ Newton's steps alone go to and fro between the two flat sides of σ).
fn minimiser(c: f64, y: f64, rho: f64) -> f64 {
    let (mut low, mut high) = (c + (y - 1.0) / rho, c + y / rho);
    let mut z = c.clamp(low, high);
    let mut before = high - low;
    for _ in 0..MOST_STEPS {
        let p = sigmoid(z);
        let slope = p - y + rho * (z - c);
        if slope > 0.0 {
            high = z;
        } else {
            low = z;
        }
        let newton = z - slope / (p * (1.0 - p) + rho);
        let step = (newton - z).abs();
        // Tested before the bracket: at the minimiser a step of nothing is not inside it.
        if step <= f64::EPSILON * z.abs().max(1.0) {
            return newton;
        }
        let next = if newton > low && newton < high && step <= 0.5 * before {
            newton
        } else {
            0.5 * (low + high)
        };
        before = (next - z).abs();
        z = next;
    }
    z
}

impl<T: Real> Loss<T> for Logistic {
    fn name(&self) -> String {
        "logistic".to_owned()
    }

    fn takes(&self) -> TargetKind {
        TargetKind::Values
    }

    fn value(&self, z: &[T], targets: Targets<'_, T>) -> LossSum {
        let pairs = z.iter().zip(targets.values());
        LossSum::of(pairs.map(|(z, y)| value_of(*z, *y)).sum())
    }

    /// σ(z) − y.
    fn gradient(&self, z: &mut [T], targets: Targets<'_, T>) {
        for (z, y) in z.iter_mut().zip(targets.values()) {
            *z = sigmoid(*z) - *y;
        }
    }

    fn prox(&self, z: &mut [T], center: &[T], targets: Targets<'_, T>, rho: T, _: &mut [T]) {
        for ((z, c), y) in z.iter_mut().zip(center).zip(targets.values()) {
            *z = T::from_f64(minimiser((*c).to_f64(), (*y).to_f64(), rho.to_f64()));
        }
    }
}
