//! The z steps of the last layer with history and inertia, and what every z step reports.

use crate::common::{along, distance, inertia, map, noise, plus, random};
use tiam_core::Scalar;
use tiam_linalg::Activation::Identity;
use tiam_linalg::{Compute, Inertia, LossTarget, Matrix, PreactivationBlock, Prediction, penalty};

const RHO: f64 = 0.7;

/// One layer's product and bias, with m = W a + b 1ᵀ.
struct Layer {
    product: Matrix<f64>,
    bias: Vec<f64>,
    m: Matrix<f64>,
}

impl Layer {
    fn random(n: usize, n_samples: usize, seed: u64) -> Self {
        let product: Matrix<f64> = map(&random(n, n_samples, seed), |x| 2.0 * x);
        let bias = random::<f64>(n, 1, seed + 1).into_vec();
        let m = Matrix::from_fn(n, n_samples, |i, j| product[(i, j)] + bias[i]);
        Self { product, bias, m }
    }

    fn prediction(&self) -> Prediction<'_, f64> {
        Prediction {
            product: &self.product,
            bias: &self.bias,
            rho: RHO,
        }
    }

    /// ρ/2 ‖z − m‖².
    fn apart(&self, z: &Matrix<f64>) -> f64 {
        0.5 * RHO * plus(z, -1.0, &self.m).norm_sq()
    }
}

fn softmax(z: &[f64]) -> Vec<f64> {
    let largest = z.iter().fold(f64::NEG_INFINITY, |m, z| m.max(*z));
    let sum: f64 = z.iter().map(|z| (z - largest).exp()).sum();
    z.iter().map(|z| (z - largest).exp() / sum).collect()
}

fn cross_entropy(z: &Matrix<f64>, labels: &[u32]) -> f64 {
    let of = |(j, y): (usize, &u32)| -softmax(z.col(j))[*y as usize].ln();
    labels.iter().enumerate().map(of).sum()
}

/// Steps with all coefficients apart, of which the first has no history yet.
fn steps() -> [Inertia; 4] {
    [
        (0.5, 0.2, 0.3),
        (0.6, 0.1, 0.2),
        (0.1, 0.7, 0.0),
        (0.3, 0.4, 0.5),
    ]
    .map(|(p1, p2, p3)| inertia(p1, p2, p3))
}

/// Takes the steps; each z̄ (the correction undone) goes to `optimal` with its centre c = z̃ − (ẑ − m), and what is reported is compared
/// with the loss.
fn last_steps(
    (layer, target): (&Layer, LossTarget<'_, f64>),
    threads: usize,
    loss: impl Fn(&Matrix<f64>) -> f64,
    optimal: impl Fn(&Matrix<f64>, &Matrix<f64>),
) {
    let (n, n_samples) = (layer.m.n_rows(), layer.m.n_cols());
    let mut compute = Compute::new(threads).unwrap();
    let start: Matrix<f64> = random(n, n_samples, 9);
    let mut block = PreactivationBlock::new(start.clone());
    let (mut z, mut previous) = (start.clone(), start);
    for s in steps() {
        let (report, found) = block.propose_last(layer.prediction(), target, s, &mut compute);
        assert_eq!(block.values(), &z, "a proposal changes nothing");
        block.accept();
        let next = block.values().clone();
        let center = along(&layer.m, s.start - s.gradient, &z, &previous);
        let share = 1.0 / (1.0 + s.correction);
        let bar = plus(&map(&next, |x| share * x), 1.0 - share, &z);
        optimal(&bar, &center);
        let (before, after) = (loss(&z) + layer.apart(&z), loss(&next) + layer.apart(&next));
        assert!((report.change.before / before - 1.0).abs() < 1e-11);
        assert!((report.change.after() / after - 1.0).abs() < 1e-11);
        let noise = noise(
            &report,
            before,
            f64::EPSILON,
            layer.prediction().rho,
            z.norm_sq(),
        );
        assert!((report.change.rounding / noise - 1.0).abs() < 1e-11);
        assert!((found.loss / loss(&next) - 1.0).abs() < 1e-11);
        assert_eq!((report.trials, report.rel_residual), (1, None));
        assert!(report.inverse_step.is_nan());
        (previous, z) = (z, next);
    }
}

#[test]
fn last_steps_of_the_cross_entropy_meet_their_optimality_conditions() {
    // 4096 samples of 3 classes are walked at a time.
    for (n, n_samples, threads) in [(2, 1, 1), (5, 40, 1), (3, 4097, 1), (3, 11_000, 2)] {
        let layer = Layer::random(n, n_samples, 20);
        let classes = u32::try_from(n).unwrap();
        let labels: Vec<u32> = (0..)
            .map(|j| (j * 7 + j / 5) % classes)
            .take(n_samples)
            .collect();
        // softmax(z̄) − y + ρ (z̄ − c) = 0.
        let optimal = |bar: &Matrix<f64>, center: &Matrix<f64>| {
            for (j, y) in labels.iter().enumerate() {
                for (i, p) in softmax(bar.col(j)).into_iter().enumerate() {
                    let hit = if i == *y as usize { 1.0 } else { 0.0 };
                    let left = p - hit + RHO * (bar[(i, j)] - center[(i, j)]);
                    assert!(left.abs() < 1e-12, "{left}");
                }
            }
        };
        let target = LossTarget::classes(&labels, n);
        last_steps(
            (&layer, target),
            threads,
            |z| cross_entropy(z, &labels),
            optimal,
        );
    }
}

#[test]
fn last_steps_of_the_squared_loss_are_the_weighted_mean() {
    for (n, n_samples, threads) in [(1, 1, 1), (3, 25, 1), (3, 4097, 1), (3, 11_000, 2)] {
        let layer = Layer::random(n, n_samples, 21);
        let y: Matrix<f64> = random(n, n_samples, 22);
        // z̄ − y + ρ (z̄ − c) = 0.
        let optimal = |bar: &Matrix<f64>, center: &Matrix<f64>| {
            let mean = plus(&y, RHO, center);
            assert!(distance(&map(bar, |z| (1.0 + RHO) * z), &mean) < 1e-13);
        };
        let loss = |z: &Matrix<f64>| 0.5 * plus(z, -1.0, &y).norm_sq();
        last_steps((&layer, LossTarget::values(&y)), threads, loss, optimal);
    }
}

#[test]
fn the_penalty_is_half_rho_times_the_squared_distance() {
    for (n, n_samples, threads) in [(1, 1, 1), (3, 0, 1), (7, 300, 2), (20, 80_000, 3)] {
        let layer = Layer::random(n, n_samples, 23);
        let z: Matrix<f64> = random(n, n_samples, 24);
        let mut compute = Compute::new(threads).unwrap();
        let found = penalty(&z, layer.prediction(), &mut compute);
        assert!((found - layer.apart(&z)).abs() <= 1e-12 * found);
    }
}

#[test]
fn a_hidden_step_reports_rounding_and_that_it_searches_no_step_size() {
    let layer = Layer::random(3, 20, 25);
    let z: Matrix<f64> = random(3, 20, 26);
    let mut block = PreactivationBlock::new(z.clone());
    let mut compute = Compute::new(1).unwrap();
    // So wide a band leaves the prediction as it is.
    let report = block.propose_hidden(
        layer.prediction(),
        &z,
        Identity,
        100.0,
        Inertia::NONE,
        &mut compute,
    );
    assert!((report.change.before / layer.apart(&z) - 1.0).abs() < 1e-12);
    assert!((report.change.rounding / (f64::EPS * report.change.before) - 1.0).abs() < 1e-12);
    assert!(report.change.after().abs() < 1e-12 && report.inverse_step.is_nan());
    assert_eq!((report.trials, report.rel_residual), (1, None));
    block.accept();
    assert!(distance(block.values(), &layer.m) < 1e-14);
}
