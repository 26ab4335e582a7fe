//! The start's pieces against bisection and the sums written out.

use super::super::layout::{OneSample, SideBySide};
use super::super::newton::Lanes;
use super::super::newton::tests::{Rows, numbers};
use super::*;

/// Root of an increasing function.
fn bisect(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    while high - low > 1e-13 * (1.0 + high.abs()) {
        let middle = 0.5 * (low + high);
        if f(middle) > 0.0 {
            high = middle
        } else {
            low = middle
        }
    }
    high
}

/// v with e^v + v = x.
fn omega(x: f64) -> f64 {
    bisect(x.min(0.0) - 2.0, x.max(1.0), |v| v.exp() + v - x)
}

#[test]
fn the_scalar_equation_is_solved_to_a_hundredth() {
    for i in -600..6000 {
        let x = f64::from(i) * 0.05;
        let (found, wanted) = (log_omega(x), omega(x));
        assert!((found - wanted).abs() <= 0.01, "{x}: {found} for {wanted}");
    }
    for x in [-1e6, -1e3, 1e4, 1e8, 1e30] {
        let found = log_omega(x);
        assert!(
            (found - omega(x)).abs() <= 0.01 * (1.0 + found.abs()).min(100.0),
            "{x}: {found}"
        );
    }
}

/// Of one sample: c, its label, and λ.
struct Sample {
    center: Vec<f64>,
    label: usize,
    rho: f64,
}

impl Sample {
    /// u_j + ln ρ... the scalar unknown v_j at λ, so that ln p_j = v_j + ln ρ.
    fn root(&self, j: usize, lambda: f64) -> f64 {
        let bonus = if j == self.label { 1.0 / self.rho } else { 0.0 };
        omega(self.center[j] + bonus - lambda - self.rho.ln())
    }

    fn probability(&self, j: usize, lambda: f64) -> f64 {
        self.rho * self.root(j, lambda).exp()
    }

    /// Σ p_j(λ) − 1.
    fn excess(&self, lambda: f64) -> f64 {
        (0..self.center.len())
            .map(|j| self.probability(j, lambda))
            .sum::<f64>()
            - 1.0
    }

    /// Σ ρ p/(p + ρ).
    fn slope(&self, lambda: f64) -> f64 {
        let term = |j| {
            let p = self.probability(j, lambda);
            self.rho * p / (p + self.rho)
        };
        (0..self.center.len()).map(term).sum()
    }

    fn log_sum(&self) -> f64 {
        self.center.iter().map(|c| c.exp()).sum::<f64>().ln()
    }

    /// max(c_y, log Σ e^c − 1/ρ).
    fn bound(&self) -> f64 {
        self.center[self.label].max(self.log_sum() - 1.0 / self.rho)
    }

    fn minimiser(&self) -> Vec<f64> {
        let lambda = bisect(
            self.bound() - 1.0,
            self.log_sum() + 1.0 + 1.0 / self.rho,
            |lambda| -self.excess(lambda),
        );
        let z = |j| self.root(j, lambda) + self.rho.ln() + lambda;
        (0..self.center.len()).map(z).collect()
    }
}

/// Samples of a tile, and its rows with z far away.
fn samples<L: Layout>(n_classes: usize, rho: f64) -> (Vec<Sample>, Rows) {
    let n = L::SAMPLES * n_classes;
    let (z, center) = (numbers(n, 1e4, 0.2), numbers(n, 4.0, 0.6));
    let labels: Vec<u32> = (0..L::SAMPLES as u32)
        .map(|s| (s * 3 + 1) % n_classes as u32)
        .collect();
    let of = |(center, label): (&[f64], &u32)| Sample {
        center: center.to_vec(),
        label: *label as usize,
        rho,
    };
    let samples = center.chunks(n_classes).zip(&labels).map(of).collect();
    (samples, Rows::new::<L>([&z, &center], &labels, rho))
}

fn bounds_and_steps_are_the_equations<L: Layout>(n_classes: usize, rho: f64) {
    let (samples, mut rows) = samples::<L>(n_classes, rho);
    let tile = rows.tile();
    let bound = lower_bound::<L, f64>(&tile);
    let change = lambda_step::<L, f64>(&tile, &bound);
    for (lane, sample) in samples.iter().enumerate() {
        let wanted = sample.bound();
        assert!(
            (bound[lane] - wanted).abs() <= 1e-13 * (10.0 + 1.0 / rho),
            "{wanted}"
        );
        // Left of the root, with roots good to a hundredth.
        let excess = sample.excess(wanted);
        assert!(excess >= -1e-9, "{excess}");
        let wanted = excess / sample.slope(wanted);
        assert!(
            (change[lane] - wanted).abs() <= 0.02 * (1.0 + wanted),
            "{} for {wanted}, {n_classes} {rho}",
            change[lane]
        );
    }
}

#[test]
fn lambda_starts_left_of_its_root_and_takes_newtons_steps() {
    for rho in [1e-4, 0.01, 0.1, 0.3, 0.9] {
        for n_classes in [1, 2, 3, 31, 40] {
            bounds_and_steps_are_the_equations::<SideBySide>(n_classes, rho);
            bounds_and_steps_are_the_equations::<OneSample>(n_classes, rho);
        }
    }
}

fn the_start_is_near<L: Layout>(n_classes: usize, rho: f64) {
    let (samples, mut rows) = samples::<L>(n_classes, rho);
    let before = rows.z.clone();
    // A tile of one sample is chosen whole.
    let chosen = std::array::from_fn(|lane| L::SAMPLES == 1 || lane % 3 != 1);
    let GlobalStart { steps } = global_start::<L, f64>(&mut rows.tile(), &chosen);
    let (z, before) = (
        Rows::stored::<L>(&rows.z, n_classes),
        Rows::stored::<L>(&before, n_classes),
    );
    for (lane, sample) in samples.iter().enumerate() {
        let at = lane * n_classes..(lane + 1) * n_classes;
        if !chosen[lane] {
            assert_eq!((steps[lane], &z[at.clone()]), (0, &before[at]));
            continue;
        }
        assert!((1..=12).contains(&steps[lane]), "{} steps", steps[lane]);
        for (z, wanted) in z[at].iter().zip(sample.minimiser()) {
            assert!(
                (z - wanted).abs() <= 0.05,
                "{z} for {wanted}, {n_classes} {rho}"
            );
        }
    }
}

#[test]
fn the_start_is_near_the_minimiser_wherever_z_was() {
    for rho in [1e-4, 0.01, 0.1, 0.9] {
        the_start_is_near::<SideBySide>(2, rho);
        the_start_is_near::<SideBySide>(5, rho);
        the_start_is_near::<OneSample>(3, rho);
        the_start_is_near::<OneSample>(40, rho);
    }
}

#[test]
fn from_a_penalty_of_one_on_the_start_is_the_center() {
    for rho in [1.0, 7.5] {
        let (samples, mut rows) = samples::<SideBySide>(3, rho);
        let before = Rows::stored::<SideBySide>(&rows.z, 3);
        let chosen = std::array::from_fn(|lane| lane % 2 == 0);
        let GlobalStart { steps } = global_start::<SideBySide, f64>(&mut rows.tile(), &chosen);
        assert_eq!(steps, [0; LANES]);
        let z = Rows::stored::<SideBySide>(&rows.z, 3);
        for (lane, sample) in samples.iter().enumerate() {
            let at = lane * 3..lane * 3 + 3;
            let wanted = if chosen[lane] {
                &sample.center[..]
            } else {
                &before[at.clone()]
            };
            assert_eq!(&z[at], wanted);
        }
    }
}

#[test]
fn a_start_that_is_not_a_number_ends() {
    let center = [f64::NAN, 1.0, 2.0];
    let mut rows = Rows::new::<SideBySide>([&[0.0; 3], &center], &[1], 0.1);
    let GlobalStart { steps } = global_start::<SideBySide, f64>(&mut rows.tile(), &[true; LANES]);
    assert_eq!(steps[0], 1);
    let mut lanes = Lanes::new(&rows.tile(), 1);
    rows.tile().minimise::<SideBySide>(&mut lanes);
    assert!(lanes.residual[0].is_nan());
}
