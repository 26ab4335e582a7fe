//! The b, z and a steps against their naive twins, and the band they keep.

use crate::common::hidden::{RHO, Setting, TIGHT, clamp_to};
use crate::common::{along, distance, inertia, map, multiply, random, residual};
use proptest::prelude::*;
use tiam_linalg::Activation::{self, Elu, Identity, LeakyRelu, Relu};
use tiam_linalg::{
    ActivationBand, ActivationBlock, BiasBlock, Compute, Inertia, LastObjective, LossTarget,
    Matrix, Monotone, NextLayer, PreactivationBlock, Prediction, Solver, WeightBlock, activate,
    biased,
};

fn sizes() -> impl Strategy<Value = (usize, usize, usize)> {
    (1..7_usize, 1..6_usize, 1..40_usize)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_a_step_is_the_algorithms_own(
        sizes in sizes(),
        seed in 0..1000_u64,
        p in prop::array::uniform3(0.0..1.0_f64),
        threads in 1..3_usize,
    ) {
        let p = inertia(p[0], p[1], p[2]);
        let steps = [p, p, Inertia::NONE, p];
        prop_assert!(Setting::random(Relu, sizes, seed).compare(&steps, threads) < 1e-9);
        prop_assert!(Setting::random(LeakyRelu, sizes, seed).compare(&steps, threads) < 1e-9);
        prop_assert!(Setting::random(Elu, sizes, seed).compare(&steps, threads) < 1e-9);
        prop_assert!(Setting::random(Identity, sizes, seed).compare(&steps, threads) < 1e-9);
    }

    #[test]
    fn without_inertia_no_solver_raises_the_a_blocks_objective(sizes in sizes(), seed in 0..1000_u64) {
        let setting = Setting::random(Relu, sizes, seed);
        let mut compute = Compute::new(1).unwrap();
        for solver in [Solver::Backtracking, Solver::Cholesky, Solver::CG] {
            let mut next = WeightBlock::new(setting.weights.clone(), sizes.2, solver);
            next.refresh_product(&setting.a, &mut compute);
            let mut block = ActivationBlock::new(setting.a.clone(), sizes.1, solver);
            for _ in 0..3 {
                let view = NextLayer { weights: &next, bias: &setting.bias, target: &setting.target, rho: RHO };
                let band = ActivationBand { center: &setting.z, activation: Relu, epsilon: setting.epsilon };
                let report = block.propose(view, band, Inertia::NONE, &mut compute);
                prop_assert!(report.change.increase <= TIGHT * report.change.before.max(1.0), "{solver:?} {report:?}");
                block.accept(&mut next);
            }
        }
    }

    #[test]
    fn a_hidden_z_step_is_the_projection_of_its_prediction(
        (n, _, n_samples) in sizes(),
        seed in 0..1000_u64,
        p in prop::array::uniform3(0.0..1.0_f64),
    ) {
        let steps = [inertia(p[0], p[1], p[2]); 3];
        hidden_steps(Relu, (n, n_samples), seed, &steps, 1);
        hidden_steps(LeakyRelu, (n, n_samples), seed, &steps, 1);
        hidden_steps(Elu, (n, n_samples), seed, &steps, 1);
        hidden_steps(Identity, (n, n_samples), seed, &steps, 1);
    }

    #[test]
    fn the_b_step_is_the_mean_residual(
        (n, _, n_samples) in sizes(),
        seed in 0..1000_u64,
        p in prop::array::uniform3(0.0..1.0_f64),
        threads in 1..3_usize,
    ) {
        bias_steps((n, n_samples), seed, &[inertia(p[0], p[1], p[2]); 3], threads);
    }
}

fn hidden_steps(
    h: Activation,
    (n, n_samples): (usize, usize),
    seed: u64,
    steps: &[Inertia],
    threads: usize,
) {
    let setting = Setting::random(h, (n, 1, n_samples), seed);
    let product: Matrix<f64> = map(&random(n, n_samples, seed + 9), |x| 3.0 * x);
    let bias = random::<f64>(n, 1, seed + 10).into_vec();
    let m = Matrix::from_fn(n, n_samples, |i, j| product[(i, j)] + bias[i]);
    let low = map(&setting.a, |a| h.preimage_low(a - setting.epsilon));
    let high = map(&setting.a, |a| h.preimage_high(a + setting.epsilon));
    let mut compute = Compute::new(threads).unwrap();
    let mut block = PreactivationBlock::new(setting.z.clone());
    let (mut z, mut previous) = (setting.z.clone(), setting.z.clone());
    for p in steps {
        let prediction = Prediction {
            product: &product,
            bias: &bias,
            rho: RHO,
        };
        let report =
            block.propose_hidden(prediction, &setting.a, h, setting.epsilon, *p, &mut compute);
        block.accept();
        let tilde = along(&z, p.start, &z, &previous);
        let hat = along(&z, p.gradient, &z, &previous);
        let bar = clamp_to(&along(&tilde, -1.0, &hat, &m), &low, &high);
        let next = clamp_to(&along(&bar, p.correction, &bar, &z), &low, &high);
        let value = |z| 0.5 * RHO * along(&map(&m, |_| 0.0), 1.0, z, &m).norm_sq();
        assert!((report.change.before - value(&z)).abs() < TIGHT * value(&z).max(1.0));
        assert!((report.change.after() - value(&next)).abs() < TIGHT * value(&next).max(1.0));
        (previous, z) = (z, next);
        assert!(distance(block.values(), &z) < TIGHT * z.norm_sq().max(1.0));
    }
}

fn bias_steps((n, n_samples): (usize, usize), seed: u64, steps: &[Inertia], threads: usize) {
    let product: Matrix<f64> = random(n, n_samples, seed);
    let target: Matrix<f64> = random(n, n_samples, seed + 1);
    let start = random::<f64>(n, 1, seed + 2).into_vec();
    let mut compute = Compute::new(threads).unwrap();
    let mut block = BiasBlock::new(start.clone());
    let (mut b, mut previous) = (start.clone(), start);
    for p in steps {
        let report = block.propose(&product, &target, RHO, *p, &mut compute);
        block.accept();
        let value = |b: &[f64]| {
            let r = Matrix::from_fn(n, n_samples, |i, j| product[(i, j)] + b[i] - target[(i, j)]);
            0.5 * RHO * r.norm_sq()
        };
        let next: Vec<f64> = (0..n)
            .map(|i| {
                let delta = b[i] - previous[i];
                let hat = b[i] + p.gradient * delta;
                let residual = (0..n_samples).map(|j| product[(i, j)] + hat - target[(i, j)]);
                let mean = residual.sum::<f64>() / n_samples as f64;
                let bar = b[i] + p.start * delta - mean;
                bar + p.correction * (bar - b[i])
            })
            .collect();
        assert!((report.change.before - value(&b)).abs() < TIGHT * value(&b).max(1.0));
        assert!((report.change.after() - value(&next)).abs() < TIGHT * value(&next).max(1.0));
        (previous, b) = (b, next);
        let worst = b
            .iter()
            .zip(block.values())
            .map(|(x, y)| (x - y).abs())
            .fold(0.0, f64::max);
        assert!(worst < TIGHT);
    }
}

#[test]
fn the_last_z_step_of_the_squared_loss_is_its_closed_form() {
    let (n, n_samples) = (3, 25);
    let product: Matrix<f64> = random(n, n_samples, 1);
    let y: Matrix<f64> = random(n, n_samples, 2);
    let bias = vec![0.1, 0.2, 0.3];
    let mut block = PreactivationBlock::new(random(n, n_samples, 3));
    let mut compute = Compute::new(2).unwrap();
    let prediction = Prediction {
        product: &product,
        bias: &bias,
        rho: RHO,
    };
    let (report, LastObjective { loss, penalty }) = block.propose_last(
        prediction,
        LossTarget::values(&y),
        Inertia::NONE,
        &mut compute,
    );
    block.accept();
    let closed = Matrix::from_fn(n, n_samples, |i, j| {
        (y[(i, j)] + RHO * (product[(i, j)] + bias[i])) / (1.0 + RHO)
    });
    assert!(distance(block.values(), &closed) < TIGHT);
    assert!(report.change.increase < 0.0);
    let half_distance = 0.5 * along(&map(&y, |_| 0.0), 1.0, &closed, &y).norm_sq();
    assert!((loss - half_distance).abs() < TIGHT);
    assert!((loss + penalty - report.change.after()).abs() < TIGHT);
}

#[test]
fn repair_lifts_what_a_shrinking_band_left_below_and_refreshes_its_product() {
    let setting = Setting::random(Relu, (5, 4, 300), 7);
    let mut compute = Compute::new(2).unwrap();
    let mut next = WeightBlock::new(setting.weights.clone(), 300, Solver::Backtracking);
    next.refresh_product(&setting.a, &mut compute);
    let mut block = ActivationBlock::new(setting.a.clone(), 4, Solver::Backtracking);
    let narrow = ActivationBand {
        center: &setting.z,
        activation: Relu,
        epsilon: 0.01,
    };
    assert!(block.repair(narrow, &mut next, &mut compute));
    let expected = Matrix::from_fn(5, 300, |i, j| {
        setting.a[(i, j)].max(Relu.apply(setting.z[(i, j)].min(0.0)) - 0.01)
    });
    assert!(distance(block.values(), &expected) < 1e-15);
    assert!(distance(next.product(), &multiply(&setting.weights, &expected)) < TIGHT);
    assert!(!block.repair(narrow, &mut next, &mut compute));
}

#[test]
fn every_preimage_is_the_activations_inverse() {
    fn check(h: Activation) {
        for k in -40..40 {
            let bound = f64::from(k) * 0.05;
            let (low, high) = (h.preimage_low(bound), h.preimage_high(bound));
            for (z, side) in [(low, 1.0), (high, -1.0)] {
                // Below the range of h no z has h(z) ≤ bound; the repair keeps the steps from asking.
                let in_range = h.apply(-1e6) <= bound;
                if in_range && z.is_finite() {
                    assert!(side * (h.apply(z) - bound) >= -1e-12, "{bound} {z}");
                    assert!(
                        side * (h.apply(z - side * 1e-6) - bound) <= 1e-6,
                        "{bound} {z}"
                    );
                }
            }
        }
    }
    check(Relu);
    check(LeakyRelu);
    check(Elu);
    check(Identity);
}

#[test]
fn activations_are_applied_entry_by_entry() {
    let z = Matrix::from_vec(1, 3, vec![-2.0, 0.0, 3.0]).unwrap();
    let mut a = Matrix::zeros(1, 3);
    activate(&mut a, &z, Elu);
    assert!((a[(0, 0)] - ((-2.0_f64).exp() - 1.0)).abs() < 1e-15);
    assert_eq!(&a.as_slice()[1..], &[0.0, 3.0]);
}

#[test]
fn saturated_elu_units_keep_finite_pre_activations() {
    // h(−40) is −1 in double precision; at the band's lower edge a + ε may round to −1 or below.
    for epsilon in [0.3, 0.01, 0.7] {
        let z = Matrix::from_vec(1, 1, vec![-40.0_f64]).unwrap();
        let a = Matrix::from_vec(1, 1, vec![Elu.apply(-40.0_f64) - epsilon - 1e-16]).unwrap();
        let product = Matrix::from_vec(1, 1, vec![-39.0]).unwrap();
        let mut compute = Compute::new(1).unwrap();
        let mut block = PreactivationBlock::new(z);
        let prediction = Prediction {
            product: &product,
            bias: &[0.0],
            rho: 1.0,
        };
        let none = Inertia::NONE;
        let report = block.propose_hidden(prediction, &a, Elu, epsilon, none, &mut compute);
        block.accept();
        assert!(report.change.after().is_finite());
        assert!(
            block.values().as_slice()[0].abs() < 50.0,
            "{:?}",
            block.values()
        );
    }
}

/// So many samples that every sweep is cut, and each part's sums count.
#[test]
fn samples_shared_out_among_threads_take_the_algorithms_own_steps() {
    let steps = [inertia(0.4, 0.6, 0.3); 2];
    hidden_steps(Relu, (40, 40_000), 5, &steps, 2);
    bias_steps((40, 40_000), 6, &steps, 2);
    let compared = Setting::random(Relu, (20, 20, 8_000), 7).compare(&steps[..1], 2);
    assert!(compared < 1e-7, "{compared}");
}

#[test]
fn the_last_z_steps_report_is_its_objective_before_and_after() {
    for (n, n_samples, threads) in [(3, 25, 1), (30, 60_000, 2)] {
        let product: Matrix<f64> = random(n, n_samples, 1);
        let y: Matrix<f64> = random(n, n_samples, 2);
        let start: Matrix<f64> = random(n, n_samples, 3);
        let bias = random::<f64>(n, 1, 4).into_vec();
        let m = Matrix::from_fn(n, n_samples, |i, j| product[(i, j)] + bias[i]);
        let apart = |z: &Matrix<f64>, from: &Matrix<f64>| {
            0.5 * along(&map(z, |_| 0.0), 1.0, z, from).norm_sq()
        };
        let mut block = PreactivationBlock::new(start.clone());
        let prediction = Prediction {
            product: &product,
            bias: &bias,
            rho: RHO,
        };
        let mut compute = Compute::new(threads).unwrap();
        let p = inertia(0.2, 0.4, 0.3);
        let (report, LastObjective { loss, penalty }) =
            block.propose_last(prediction, LossTarget::values(&y), p, &mut compute);
        block.accept();
        let z = block.values();
        let (before, after) = (
            apart(&start, &y) + RHO * apart(&start, &m),
            apart(z, &y) + RHO * apart(z, &m),
        );
        assert!((report.change.before / before - 1.0).abs() < TIGHT);
        assert!((report.change.after() / after - 1.0).abs() < TIGHT);
        assert!((loss / apart(z, &y) - 1.0).abs() < TIGHT);
        assert!((penalty / (RHO * apart(z, &m)) - 1.0).abs() < TIGHT);
    }
}

#[test]
fn conjugate_gradients_solved_tightly_and_cholesky_take_the_same_a_step() {
    // Wider next layers make Wᵀ W regular; a wide band leaves the solution as it is.
    let setting = Setting {
        epsilon: 50.0,
        ..Setting::random(Identity, (5, 9, 30), 11)
    };
    let tight = Solver::ConjugateGradient {
        max_iterations: 100,
        rel_tolerance: 1e-13,
    };
    let mut compute = Compute::new(1).unwrap();
    let solved = [tight, Solver::Cholesky].map(|solver| {
        let mut next = WeightBlock::new(setting.weights.clone(), 30, solver);
        next.refresh_product(&setting.a, &mut compute);
        let mut block = ActivationBlock::new(setting.a.clone(), 9, solver);
        let view = NextLayer {
            weights: &next,
            bias: &setting.bias,
            target: &setting.target,
            rho: RHO,
        };
        let band = ActivationBand {
            center: &setting.z,
            activation: Identity,
            epsilon: setting.epsilon,
        };
        block.propose(view, band, Inertia::NONE, &mut compute);
        block.accept(&mut next);
        block.values().clone()
    });
    assert!(distance(&solved[0], &solved[1]) < 1e-9);
    // And it is the damped Newton step: (H + δ I) (a − a_new) = ∇φ(a), H = ρ Wᵀ W, δ a thousandth of H's mean diagonal.
    let step = along(&setting.a, -1.0, &solved[1], &map(&setting.a, |_| 0.0));
    let (w, transposed) = (&setting.weights, setting.weights.transposed());
    let damping = 1e-3 * RHO * w.norm_sq() / 5.0;
    let bent = map(&multiply(&transposed, &multiply(w, &step)), |x| RHO * x);
    let r = residual(w, &setting.a, &setting.bias, &setting.target);
    let gradient = map(&multiply(&transposed, &r), |x| RHO * x);
    let zero = map(&step, |_| 0.0);
    assert!(distance(&along(&bent, damping, &step, &zero), &gradient) < 1e-9);
}

#[test]
fn a_bias_is_added_to_every_sample() {
    let product: Matrix<f64> = random(3, 7, 1);
    let bias = [0.5, -2.0, 3.0];
    let mut out = map(&product, |_| f64::NAN);
    biased(&mut out, &product, &bias);
    let expected = Matrix::from_fn(3, 7, |i, j| product[(i, j)] + bias[i]);
    assert!(distance(&out, &expected) <= 0.0);
}
