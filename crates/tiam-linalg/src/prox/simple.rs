//! Proximal maps with closed forms, and their losses.

use crate::Real;
use crate::reduce::LaneSum;
use crate::simd::vectorised;

/// z ← argmin_z ½ ‖z − t‖² + ρ/2 ‖z − c‖² = (t + ρ c) / (1 + ρ), t the target.
///
/// Shapes: three slabs of one length. Cost: 3 flops an entry. No scratch.
/// Source: the TIAM paper's z_L block for the squared loss (arXiv:2503.08489v2); the closed form is elementary.
///
/// # Panics
/// If lengths differ or `rho` is not positive and finite.
///
/// ```
/// let mut z = [0.0_f64];
/// tiam_linalg::prox::prox_squared(&mut z, &[1.0], &[4.0], 2.0);
/// assert!((z[0] - 2.0).abs() < 1e-15);
/// ```
pub fn prox_squared<T: Real>(z: &mut [T], center: &[T], target: &[T], rho: T) {
    T::prox_squared(z, center, target, rho)
}

pub(crate) fn prox_squared_generic<T: Real>(z: &mut [T], center: &[T], target: &[T], rho: T) {
    assert!(
        z.len() == center.len() && z.len() == target.len(),
        "z, center and target must have the same length"
    );
    assert!(
        rho > T::zero() && rho.is_finite(),
        "rho must be positive and finite, got {rho}"
    );
    // As a weighted mean: 1 + ρ times a value cannot overflow.
    let share = T::one() / (T::one() + rho);
    let rest = rho * share;
    vectorised(
        #[inline(always)]
        || {
            for ((z, &center), &target) in z.iter_mut().zip(center).zip(target) {
                *z = share * target + rest * center;
            }
        },
    );
}

/// ½ ‖z − t‖², t the target, summed over the slab.
///
/// Cost: 3 flops an entry. No scratch.
///
/// # Panics
/// If lengths differ.
///
/// ```
/// assert!((tiam_linalg::prox::squared_loss(&[1.0_f32, 5.0], &[4.0, 1.0]) - 12.5).abs() < 1e-12);
/// ```
#[must_use]
pub fn squared_loss<T: Real>(z: &[T], target: &[T]) -> f64 {
    T::squared_loss(z, target)
}

pub(crate) fn squared_loss_generic<T: Real>(z: &[T], target: &[T]) -> f64 {
    assert_eq!(
        z.len(),
        target.len(),
        "z and target must have the same length"
    );
    const N: usize = LaneSum::<f64>::FLUSH;
    let sum_sq = vectorised(
        #[inline(always)]
        || {
            let mut sum = LaneSum::new();
            for (z, target) in z.chunks(N).zip(target.chunks(N)) {
                sum.add([z, target], |[z, t]| (z - t) * (z - t));
            }
            sum.finish()
        },
    );
    0.5 * sum_sq
}

/// ‖w‖₁ = Σ |w_i|. Cost: 2 flops an entry. No scratch.
///
/// ```
/// assert!((tiam_linalg::prox::l1_norm(&[3.0_f32, -4.0]) - 7.0).abs() < 1e-12);
/// ```
#[must_use]
pub fn l1_norm<T: Real>(w: &[T]) -> f64 {
    T::l1_norm(w)
}

pub(crate) fn l1_norm_generic<T: Real>(w: &[T]) -> f64 {
    vectorised(
        #[inline(always)]
        || {
            let mut sum = LaneSum::new();
            for w in w.chunks(LaneSum::<T>::FLUSH) {
                sum.add([w], |[w]| w.abs());
            }
            sum.finish()
        },
    )
}
