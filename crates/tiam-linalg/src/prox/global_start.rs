//! A starting point for Newton's method when z is far away: the proximal map of softmax cross-entropy is solved as one equation in one unknown.
//!
//! At the minimiser, with λ = log Σ_j e^{z_j} and u_j = z_j − λ = ln p_j, optimality reads p_j + ρ (u_j + λ) = ρ c_j + y_j. For a given λ each
//! class has its own scalar equation: with v = u − ln ρ, e^v + v = x, x = c_j + y_j/ρ − λ − ln ρ (Wright's omega function). What is
//! left is Σ_j p_j(λ) = 1, decreasing and convex in λ with slope −Σ ρ p/(p + ρ), the same sum as in Sherman and Morrison's
//! denominator. Newton from the left of the root converges monotonically. Left of it are c_y and log Σ e^c − 1/ρ, because
//! z_y ≥ c_y and z_j ≥ c_j − 1/ρ. The scalar equations are solved to about a hundredth: Newton on z does the rest.
//!
//! For ρ ≥ 1 there is nothing to solve: z = c is within 1/ρ ≤ 1 of the minimiser in every entry. For ρ < 1 the slope is at least a half in
//! units of ρ, so that rounding never hides the root.
#![allow(
    clippy::needless_range_loop,
    reason = "loops over lanes index several rows at once"
)]

use super::layout::{LANES, Layout, Row, larger};
use super::newton::Tile;
use crate::Real;

/// λ is close enough when it moves by less than this.
const LAMBDA_TOLERANCE: f64 = 0.03;

/// Far more than the logarithms of ρ and of the number of classes call for.
const MAX_LAMBDA_STEPS: u32 = 40;

/// What [`global_start`] did.
pub(super) struct GlobalStart {
    /// Newton steps on λ, per lane.
    pub(super) steps: Row<u32>,
}

/// Replaces z in the chosen lanes by a point about a hundredth from the minimiser, wherever z was.
#[inline(always)]
pub(super) fn global_start<L: Layout, T: Real>(
    tile: &mut Tile<'_, T>,
    chosen: &Row<bool>,
) -> GlobalStart {
    let mut steps = [0; LANES];
    if tile.rho >= T::one() {
        for (z, center) in tile.z.iter_mut().zip(tile.center) {
            for lane in 0..LANES {
                z[lane] = if chosen[lane] { center[lane] } else { z[lane] };
            }
        }
        return GlobalStart { steps };
    }
    let mut lambda = lower_bound::<L, T>(tile);
    let mut moving = *chosen;
    while moving.contains(&true) {
        let change = lambda_step::<L, T>(tile, &lambda);
        for lane in 0..LANES {
            if moving[lane] {
                steps[lane] += 1;
                lambda[lane] += if change[lane].is_finite() {
                    change[lane]
                } else {
                    T::zero()
                };
                moving[lane] = change[lane].abs() > T::from_f64(LAMBDA_TOLERANCE)
                    && steps[lane] < MAX_LAMBDA_STEPS;
            }
        }
    }
    let (log_rho, inverse_rho) = (tile.rho.ln(), tile.rho.recip());
    for (index, (found, center)) in tile.prob.iter_mut().zip(tile.center).enumerate() {
        for lane in 0..LANES {
            let bonus = if L::class(index, lane) == tile.label[lane] {
                inverse_rho
            } else {
                T::zero()
            };
            found[lane] = log_omega((center[lane] - lambda[lane] - log_rho) + bonus)
                + (log_rho + lambda[lane]);
        }
    }
    // Apart from the loop above: a loop that stores under a condition is not vectorised.
    for (z, found) in tile.z.iter_mut().zip(tile.prob.iter()) {
        for lane in 0..LANES {
            z[lane] = if chosen[lane] { found[lane] } else { z[lane] };
        }
    }
    GlobalStart { steps }
}

/// max(c_y, log Σ e^c − 1/ρ).
#[inline(always)]
fn lower_bound<L: Layout, T: Real>(tile: &Tile<'_, T>) -> Row<T> {
    let (mut max, mut at_label, mut total) = (
        [T::neg_infinity(); LANES],
        [T::zero(); LANES],
        [T::zero(); LANES],
    );
    for (index, center) in tile.center.iter().enumerate() {
        for lane in 0..LANES {
            max[lane] = larger(center[lane], max[lane]);
            at_label[lane] += if L::class(index, lane) == tile.label[lane] {
                center[lane]
            } else {
                T::zero()
            };
        }
    }
    L::max(&mut max);
    L::sum(&mut at_label);
    for center in tile.center {
        for lane in 0..LANES {
            total[lane] += (center[lane] - max[lane]).fast_exp();
        }
    }
    L::sum(&mut total);
    for lane in 0..LANES {
        let log_sum = max[lane] + (total[lane] - T::one()).fast_ln_1p();
        at_label[lane] = larger(at_label[lane], log_sum - tile.rho.recip());
    }
    at_label
}

/// (Σ_j p_j(λ) − 1) / Σ ρ p/(p + ρ), the numerator as Σ_{j≠y} p_j − ρ (z_y − c_y) so that small ρ does not drown it in rounding.
#[inline(always)]
fn lambda_step<L: Layout, T: Real>(tile: &Tile<'_, T>, lambda: &Row<T>) -> Row<T> {
    let (log_rho, inverse_rho) = (tile.rho.ln(), tile.rho.recip());
    let (mut excess, mut slope) = ([T::zero(); LANES], [T::zero(); LANES]);
    for (index, center) in tile.center.iter().enumerate() {
        for lane in 0..LANES {
            let is_label = L::class(index, lane) == tile.label[lane];
            let bonus = if is_label { inverse_rho } else { T::zero() };
            let root = log_omega((center[lane] - lambda[lane] - log_rho) + bonus);
            let scaled = root.fast_exp();
            let missing = (root + (log_rho + lambda[lane])) - center[lane];
            excess[lane] += if is_label { -missing } else { scaled };
            slope[lane] += scaled / (scaled + T::one());
        }
    }
    L::sum(&mut excess);
    L::sum(&mut slope);
    for lane in 0..LANES {
        excess[lane] /= slope[lane];
    }
    excess
}

/// v with e^v + v = x, to about a hundredth: one step of Halley's method from a guess that is never too small.
#[inline(always)]
fn log_omega<T: Real>(x: T) -> T {
    let one = T::one();
    let half = T::from_f64(0.5);
    // The tangent at x = 1, and the two asymptotes.
    let tangent = (x - one) * half;
    let asymptote = if x > one {
        (larger(x, one) - one).fast_ln_1p()
    } else {
        x
    };
    let guess = if tangent < asymptote {
        tangent
    } else {
        asymptote
    };
    let power = guess.fast_exp();
    let excess = (power - x) + guess;
    guess - excess / ((power + one) - half * excess * power / (power + one))
}

#[cfg(test)]
#[path = "../../tests/unit/global_start.rs"]
mod tests;
