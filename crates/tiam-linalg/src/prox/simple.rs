//! Proximal maps with closed forms, and their losses.

use super::layout::LANES;
use crate::Real;
use crate::elementary::dispatch_kernel;

/// Entries added up in `T` before the sum goes on in `f64`: few enough that `f32` loses nothing that matters.
const BLOCK: usize = 16 * LANES;

/// Σ f(i) over `0..len`: blocks of [`BLOCK`] in [`LANES`] partial sums of `T`, blocks in `f64`.
#[inline(always)]
fn blocked_sum<T: Real>(x: &[T], f: impl Fn(T) -> T) -> f64 {
    let mut total = 0.0;
    for block in x.chunks(BLOCK) {
        let mut sums = [T::zero(); LANES];
        let (rows, tail) = block.as_chunks::<LANES>();
        for row in rows {
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum += f(value);
            }
        }
        for (sum, &value) in sums.iter_mut().zip(tail) {
            *sum += f(value);
        }
        total += sums.iter().fold(0.0, |total, &sum| total + sum.to_f64());
    }
    total
}

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
    dispatch_kernel!(<T: Real> (z: &'a mut [T], center: &'a [T], target: &'a [T], rho: T) -> () {
        // As a weighted mean: 1 + ρ times a value cannot overflow.
        let share = T::one() / (T::one() + rho);
        let rest = rho * share;
        for ((z, &center), &target) in z.iter_mut().zip(center).zip(target) {
            *z = share * target + rest * center;
        }
    });
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
    dispatch_kernel!(<T: Real> (z: &'a [T], target: &'a [T]) -> f64 {
        let mut total = 0.0;
        for (z, target) in z.chunks(BLOCK).zip(target.chunks(BLOCK)) {
            let mut difference = [T::zero(); BLOCK];
            for ((d, &z), &target) in difference.iter_mut().zip(z).zip(target) {
                *d = z - target;
            }
            total += blocked_sum(&difference, |d| d * d);
        }
        0.5 * total
    })
}

/// w_i ← sign(w_i) max(|w_i| − t, 0), the proximal map of t ‖w‖₁.
///
/// For a weight term μ₁ ‖W‖₁ in a step of size 1/θ, t = μ₁/θ. NaN stays NaN. Cost: 3 flops an entry. No scratch.
/// Source: the TIAM paper admits any prox-friendly Ω (arXiv:2503.08489v2); the formula is elementary.
///
/// # Panics
/// If `threshold` is negative or NaN.
///
/// ```
/// let mut w = [3.0_f64, -0.5, -2.0];
/// tiam_linalg::prox::soft_threshold(&mut w, 1.0);
/// assert!((w[0] - 2.0).abs() + w[1].abs() + (w[2] + 1.0).abs() < 1e-15);
/// ```
pub fn soft_threshold<T: Real>(w: &mut [T], threshold: T) {
    T::soft_threshold(w, threshold)
}

pub(crate) fn soft_threshold_generic<T: Real>(w: &mut [T], threshold: T) {
    assert!(
        threshold >= T::zero(),
        "threshold must not be negative, got {threshold}"
    );
    dispatch_kernel!(<T: Real> (w: &'a mut [T], threshold: T) -> () {
        for w in w {
            // w less its projection on [−t, t].
            *w -= clamp(*w, -threshold, threshold);
        }
    });
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
    dispatch_kernel!(<T: Real> (w: &'a [T]) -> f64 { blocked_sum(w, |w| w.abs()) })
}

/// Branch-free; NaN stays NaN.
#[inline(always)]
fn clamp<T: Real>(x: T, low: T, high: T) -> T {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}
