//! Damped Newton's method on a tile of samples; Sherman and Morrison's formula inverts the Hessian. The method is described at
//! [`prox_cross_entropy`](super::prox_cross_entropy).
#![allow(
    clippy::needless_range_loop,
    reason = "loops over lanes index several rows at once"
)]

use super::global_start::{GlobalStart, global_start};
use super::layout::{LANES, Layout, Row, SUM_BLOCK, larger};
use crate::Real;

/// Newton steps after which a sample that still takes shortened ones is started anew from
/// [`global_start`]. That costs as much as five steps; with 6, cold starts from logits of ±10 hardly need it.
const PATIENCE: usize = 6;

/// No sample takes more steps. The most seen, over 60,000 slabs of all scales, was 26 with those on λ.
const MAX_SWEEPS: usize = 40;

/// Working rows of one tile, and the data of its lanes.
pub(super) struct Tile<'a, T> {
    pub(super) z: &'a mut [Row<T>],
    pub(super) center: &'a [Row<T>],
    /// e^(z − max), then p, then p / (p + ρ).
    pub(super) prob: &'a mut [Row<T>],
    /// g / (p + ρ), then the Newton step.
    pub(super) step: &'a mut [Row<T>],
    pub(super) label: Row<u32>,
    pub(super) rho: T,
}

/// Where each lane's iteration stands. Lanes never look at each other.
pub(super) struct Lanes<T> {
    /// Result is final; z is left alone.
    done: Row<bool>,
    /// The last step was short enough to be the last.
    settled: Row<bool>,
    restarted: Row<bool>,
    pub(super) steps: Row<u32>,
    /// A step this short is the last.
    short: Row<T>,
    pub(super) residual: Row<T>,
    pub(super) loss: Row<T>,
}

impl<T: Real> Lanes<T> {
    #[inline(always)]
    pub(super) fn new(tile: &Tile<'_, T>, n_active: usize) -> Self {
        let mut size = [T::one(); LANES];
        for row in tile.center {
            for lane in 0..LANES {
                let entry = row[lane].abs();
                // Padding is larger than this.
                size[lane] = if entry < T::max_value() / T::from_f64(8.0) {
                    larger(entry, size[lane])
                } else {
                    size[lane]
                };
            }
        }
        let (quadratic, noise) = (T::EPS.sqrt() * T::from_f64(0.5), T::EPS * T::from_f64(8.0));
        let mut short = [quadratic; LANES];
        for lane in 0..LANES {
            short[lane] = larger(noise * size[lane], quadratic);
        }
        let mut done = [false; LANES];
        done[n_active..].fill(true);
        Self {
            done,
            settled: [false; LANES],
            restarted: [false; LANES],
            steps: [0; LANES],
            short,
            residual: [T::zero(); LANES],
            loss: [T::zero(); LANES],
        }
    }

    /// Marks lanes final whose last step was short (or that cannot go on) and notes their residual and loss.
    #[inline(always)]
    fn settle(&mut self, at: &Gradient<T>, give_up: bool) -> bool {
        let mut all = true;
        for lane in 0..LANES {
            let broken = !at.correction[lane].is_finite();
            if !self.done[lane] && (self.settled[lane] || broken || give_up) {
                self.done[lane] = true;
                self.residual[lane] = if broken { T::nan() } else { at.residual[lane] };
                self.loss[lane] = if broken { T::nan() } else { at.loss[lane] };
            }
            all &= self.done[lane];
        }
        all
    }

    /// Length of each lane's step as a factor on Newton's; 0 for a lane that stays. Also which lanes want the global start.
    #[inline(always)]
    fn lengths(&mut self, fall: &Row<T>, rise: &Row<T>, sweep: usize) -> (Row<T>, Row<bool>) {
        let mut factor = [T::one(); LANES];
        let mut lost = [false; LANES];
        for lane in 0..LANES {
            let range = rise[lane] + fall[lane];
            let safe = range.fast_ln_1p() / range;
            let damped = if self.restarted[lane] {
                safe
            } else {
                safe + safe
            };
            factor[lane] = if range > T::one() && damped < T::one() {
                damped
            } else {
                T::one()
            };
        }
        for lane in 0..LANES {
            lost[lane] = factor[lane] < T::one()
                && sweep >= PATIENCE
                && !self.restarted[lane]
                && !self.done[lane];
            self.restarted[lane] |= lost[lane];
            self.settled[lane] |= larger(rise[lane], fall[lane]) <= self.short[lane];
            let stays = self.done[lane] || lost[lane];
            factor[lane] = if stays { T::zero() } else { factor[lane] };
            self.steps[lane] += u32::from(!stays);
        }
        (factor, lost)
    }
}

/// Softmax pieces of a tile, per lane; the exponentials are in `prob`.
struct Softmax<T> {
    /// Σ_{j≠y} e^(z_j − max).
    others: Row<T>,
    /// e^(z_y − max).
    at_label: Row<T>,
    /// z_y − max.
    margin: Row<T>,
}

/// Gradient pieces of a tile, per lane; its entries over (p + ρ) are in `step`.
struct Gradient<T> {
    residual: Row<T>,
    loss: Row<T>,
    /// (pᵀ D⁻¹ g) / (1 − pᵀ D⁻¹ p).
    correction: Row<T>,
}

impl<T: Real> Tile<'_, T> {
    #[inline(always)]
    pub(super) fn minimise<L: Layout>(&mut self, lanes: &mut Lanes<T>) {
        for sweep in 0..=MAX_SWEEPS {
            let softmax = self.exponentials::<L>();
            let gradient = self.gradient::<L>(&softmax);
            if lanes.settle(&gradient, sweep == MAX_SWEEPS) {
                return;
            }
            let (fall, rise) = self.direction::<L>(&gradient.correction);
            let (factor, lost) = lanes.lengths(&fall, &rise, sweep);
            self.advance(&factor);
            if lost.contains(&true) {
                let GlobalStart { steps } = global_start::<L, T>(self, &lost);
                for lane in 0..LANES {
                    lanes.steps[lane] += steps[lane];
                }
            }
        }
    }

    #[inline(always)]
    fn exponentials<L: Layout>(&mut self) -> Softmax<T> {
        let mut max = [T::neg_infinity(); LANES];
        for z in self.z.iter() {
            for lane in 0..LANES {
                max[lane] = larger(z[lane], max[lane]);
            }
        }
        L::max(&mut max);
        let (mut others, mut at_label, mut margin) =
            ([T::zero(); LANES], [T::zero(); LANES], [T::zero(); LANES]);
        let blocks = self
            .prob
            .chunks_mut(SUM_BLOCK)
            .zip(self.z.chunks(SUM_BLOCK));
        for (block, (prob, z)) in blocks.enumerate() {
            let mut sum = [T::zero(); LANES];
            for (index, (e, z)) in prob.iter_mut().zip(z).enumerate() {
                for lane in 0..LANES {
                    let shifted = z[lane] - max[lane];
                    e[lane] = shifted.fast_exp();
                    let is_label = L::class(block * SUM_BLOCK + index, lane) == self.label[lane];
                    sum[lane] += if is_label { T::zero() } else { e[lane] };
                    at_label[lane] += if is_label { e[lane] } else { T::zero() };
                    margin[lane] += if is_label { shifted } else { T::zero() };
                }
            }
            for lane in 0..LANES {
                others[lane] += sum[lane];
            }
        }
        L::sum(&mut others);
        L::sum(&mut at_label);
        L::sum(&mut margin);
        Softmax {
            others,
            at_label,
            margin,
        }
    }

    #[inline(always)]
    fn gradient<L: Layout>(&mut self, softmax: &Softmax<T>) -> Gradient<T> {
        let mut residual = [T::zero(); LANES];
        let (mut numerator, mut denominator) = ([T::zero(); LANES], [T::zero(); LANES]);
        let (mut inverse, mut missing) = ([T::zero(); LANES], [T::zero(); LANES]);
        for lane in 0..LANES {
            inverse[lane] = T::one() / (softmax.others[lane] + softmax.at_label[lane]);
            missing[lane] = softmax.others[lane] * inverse[lane];
        }
        let rows = self
            .prob
            .iter_mut()
            .zip(self.step.iter_mut())
            .zip(self.z.iter().zip(self.center));
        for (index, ((prob, step), (z, center))) in rows.enumerate() {
            for lane in 0..LANES {
                let p = prob[lane] * inverse[lane];
                let is_label = L::class(index, lane) == self.label[lane];
                let g =
                    if is_label { -missing[lane] } else { p } + self.rho * (z[lane] - center[lane]);
                let weight = T::one() / (p + self.rho);
                residual[lane] = larger(g.abs(), residual[lane]);
                step[lane] = g * weight;
                prob[lane] = p * weight;
                numerator[lane] += p * step[lane];
                denominator[lane] += prob[lane];
            }
        }
        L::max(&mut residual);
        L::sum(&mut numerator);
        L::sum(&mut denominator);
        let (mut loss, mut correction) = ([T::zero(); LANES], [T::zero(); LANES]);
        for lane in 0..LANES {
            let others = softmax.others[lane] + (softmax.at_label[lane] - T::one());
            loss[lane] = others.fast_ln_1p() - softmax.margin[lane];
            correction[lane] = numerator[lane] / (self.rho * denominator[lane]);
        }
        Gradient {
            residual,
            loss,
            correction,
        }
    }

    /// Newton step d = −H⁻¹ g; max −d and max d.
    #[inline(always)]
    fn direction<L: Layout>(&mut self, correction: &Row<T>) -> (Row<T>, Row<T>) {
        let (mut high, mut negated_low) = ([T::neg_infinity(); LANES], [T::neg_infinity(); LANES]);
        for (step, prob) in self.step.iter_mut().zip(self.prob.iter()) {
            for lane in 0..LANES {
                let d = -(step[lane] + prob[lane] * correction[lane]);
                step[lane] = d;
                high[lane] = larger(d, high[lane]);
                negated_low[lane] = larger(-d, negated_low[lane]);
            }
        }
        L::max(&mut high);
        L::max(&mut negated_low);
        (negated_low, high)
    }

    #[inline(always)]
    fn advance(&mut self, factor: &Row<T>) {
        for (z, step) in self.z.iter_mut().zip(self.step.iter()) {
            for lane in 0..LANES {
                let moved = z[lane] + factor[lane] * step[lane];
                z[lane] = if factor[lane] > T::zero() {
                    moved
                } else {
                    z[lane]
                };
            }
        }
    }
}

#[cfg(test)]
#[path = "../../tests/unit/newton.rs"]
pub(super) mod tests;
