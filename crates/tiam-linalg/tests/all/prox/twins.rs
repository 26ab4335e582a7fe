//! Slow twins in f64 that read like the equations, and random cases.

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tiam_linalg::Real;
use tiam_linalg::prox::{ProxReport, prox_cross_entropy, prox_cross_entropy_scratch_len};

/// Root of an increasing function by bisection, to the last bit.
pub(crate) fn bisect(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return middle;
        }
        if f(middle) > 0.0 {
            high = middle
        } else {
            low = middle
        }
    }
}

/// A sum without the rounding of long sums: halves are summed first.
pub(crate) fn sum(x: &[f64]) -> f64 {
    match x {
        [] => 0.0,
        [x] => *x,
        _ => sum(&x[..x.len() / 2]) + sum(&x[x.len() / 2..]),
    }
}

pub(crate) fn log_sum_exp(z: &[f64]) -> f64 {
    let max = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    max + sum(&z.iter().map(|z| (z - max).exp()).collect::<Vec<_>>()).ln()
}

/// The proximal map of one sample through λ = log Σ eᶻ: for each λ every class solves its own
/// equation, and λ is such that the probabilities sum to 1. Written so that the result is good to
/// some eps·|z| for any ρ: the label's unknown is q = 1 − p_y (q = ρ (z_y − c_y)), and p is taken from
/// whichever of e^(z − λ) and ρ (c − z) loses less.
pub(crate) fn reference_prox(center: &[f64], label: usize, rho: f64) -> Vec<f64> {
    let missing = |lambda: f64| {
        let push = rho * (lambda - center[label]);
        bisect(0.0, 1.0, |q| q - push - rho * (-q).ln_1p())
    };
    let other = |j: usize, lambda: f64| {
        let c = center[j];
        bisect(c - 1.0 / rho, c, |z| (z - lambda).exp() + rho * (z - c))
    };
    let others = (0..center.len()).filter(|&j| j != label);
    let excess = |lambda: f64| -> f64 {
        let probability = |j| {
            let z = other(j, lambda);
            let p = (z - lambda).exp();
            if p < rho { p } else { rho * (center[j] - z) }
        };
        others.clone().map(probability).sum::<f64>() - missing(lambda)
    };
    let bound = log_sum_exp(center);
    let lambda = bisect(
        center[label].max(bound - 1.0 / rho),
        bound + 1.0 / rho + 1.0,
        |lambda| -excess(lambda),
    );
    let mut z: Vec<f64> = (0..center.len()).map(|j| other(j, lambda)).collect();
    z[label] = center[label] + missing(lambda) / rho;
    z
}

pub(crate) fn softmax(z: &[f64]) -> Vec<f64> {
    let max = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let e: Vec<f64> = z.iter().map(|z| (z - max).exp()).collect();
    let total = sum(&e);
    e.iter().map(|e| e / total).collect()
}

/// ‖p − y + ρ (z − c)‖∞ of one sample, 1 − p_y as the sum of the others.
pub(crate) fn reference_residual(z: &[f64], center: &[f64], label: usize, rho: f64) -> f64 {
    let p = softmax(z);
    let others = sum(&p[..label]) + sum(&p[label + 1..]);
    let term = |j: usize| {
        let slope = if j == label { -others } else { p[j] };
        (slope + rho * (z[j] - center[j])).abs()
    };
    (0..z.len()).map(term).fold(0.0, f64::max)
}

#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) n_classes: usize,
    pub(crate) n_samples: usize,
    pub(crate) rho: f64,
    pub(crate) scale: f64,
    pub(crate) warm_scale: f64,
    pub(crate) seed: u64,
}

pub(crate) struct Slab<T> {
    pub(crate) center: Vec<T>,
    pub(crate) warm: Vec<T>,
    pub(crate) labels: Vec<u32>,
}

impl Case {
    pub(crate) fn slab<T: Real>(&self) -> Slab<T> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let n = self.n_classes * self.n_samples;
        let mut draw = |scale: f64| T::from_f64(scale * rng.random_range(-1.0..=1.0));
        let center = (0..n).map(|_| draw(self.scale)).collect();
        let warm = (0..n).map(|_| draw(self.warm_scale)).collect();
        let labels = (0..self.n_samples)
            .map(|_| rng.random_range(0..self.n_classes as u32))
            .collect();
        Slab {
            center,
            warm,
            labels,
        }
    }
}

pub(crate) fn case(
    n_classes: impl Strategy<Value = usize>,
    max_samples: usize,
) -> impl Strategy<Value = Case> {
    (
        n_classes,
        1..=max_samples,
        -8.0..4.0_f64,
        -3.0..3.0_f64,
        -3.0..6.0_f64,
        any::<u64>(),
    )
        .prop_map(
            |(n_classes, n_samples, rho, scale, warm_scale, seed)| Case {
                n_classes,
                n_samples,
                rho: 10.0_f64.powf(rho),
                scale: 10.0_f64.powf(scale),
                warm_scale: 10.0_f64.powf(warm_scale),
                seed,
            },
        )
}

pub(crate) fn solve<T: Real>(slab: &Slab<T>, n_classes: usize, rho: T) -> (Vec<T>, ProxReport) {
    let mut z = slab.warm.clone();
    // Scratch of any content will do.
    let mut scratch = vec![T::nan(); prox_cross_entropy_scratch_len(n_classes)];
    let report = prox_cross_entropy(
        &mut z,
        &slab.center,
        &slab.labels,
        n_classes,
        rho,
        &mut scratch,
    );
    (z, report)
}

pub(crate) fn wide<T: Real>(x: &[T]) -> Vec<f64> {
    x.iter().map(|&x| x.to_f64()).collect()
}

pub(crate) fn bits<T: Real>(x: &[T]) -> Vec<u64> {
    x.iter().map(|&x| x.to_f64().to_bits()).collect()
}
