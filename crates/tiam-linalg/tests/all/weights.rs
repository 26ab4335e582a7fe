//! The W step against its naive twin, its solvers against each other.

use crate::common::{LeastSquares, distance, inertia, multiply, random, widen};
use proptest::prelude::*;
use tiam_core::Scalar;
use tiam_linalg::{Compute, Inertia, Matrix, Solver, StepReport, WeightBlock, WeightProblem};

/// Rounding of a few products of tens of terms, in double precision.
const TIGHT: f64 = 1e-11;

fn block(
    p: &LeastSquares,
    seed: u64,
    solver: Solver,
    compute: &mut Compute<f64>,
) -> WeightBlock<f64> {
    let weights = random(p.z.n_rows(), p.a.n_rows(), seed + 3);
    let mut block = WeightBlock::new(weights, p.a.n_cols(), solver);
    block.refresh_product(&p.a, compute);
    block
}

/// Takes `steps` steps with the block and with the naive twin, side by side.
fn compare_with_twin(p: &LeastSquares, seed: u64, steps: &[Inertia], threads: usize) {
    let mut compute = Compute::new(threads).unwrap();
    let mut block = block(p, seed, Solver::Backtracking, &mut compute);
    let (mut w, mut previous, mut theta) = (block.weights().clone(), block.weights().clone(), 1.0);
    for &step in steps {
        let report = block.propose(&p.problem(), step, &mut compute);
        block.accept(&p.a, &mut compute);
        let (next, next_theta) = p.step(&w, &previous, theta, step);
        let scale = p.value(&w).max(1.0);
        assert!((report.change.before - p.value(&w)).abs() <= TIGHT * scale);
        assert!((report.change.increase - (p.value(&next) - p.value(&w))).abs() <= TIGHT * scale);
        assert!((report.inverse_step - next_theta).abs() <= TIGHT * next_theta);
        (previous, w, theta) = (w, next, next_theta);
        assert!(distance(block.weights(), &w) <= TIGHT * w.norm_sq().max(1.0));
        assert!(distance(block.product(), &multiply(&w, &p.a)) <= TIGHT * scale);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_step_is_the_algorithms_own(
        (n_out, n_in, n) in (1..6_usize, 1..9_usize, 1..40_usize),
        seed in 0..1000_u64,
        p in prop::array::uniform3(0.0..1.0_f64),
        threads in 1..3_usize,
    ) {
        let problem = LeastSquares::random(n_out, n_in, n, seed);
        let [p1, p2, p3] = p;
        let moderate = inertia(0.6 * p1, 0.6 * p2, 0.3 * p3);
        compare_with_twin(&problem, seed, &[moderate, moderate, Inertia::NONE, moderate], threads);
    }

    #[test]
    fn without_inertia_no_solver_raises_the_objective(
        (n_out, n_in, n) in (1..5_usize, 1..12_usize, 1..12_usize),
        seed in 0..1000_u64,
    ) {
        let p = LeastSquares::random(n_out, n_in, n, seed);
        let mut compute = Compute::new(1).unwrap();
        for solver in [Solver::Backtracking, Solver::Cholesky, Solver::CG] {
            let mut block = block(&p, seed, solver, &mut compute);
            for _ in 0..3 {
                let report = block.propose(&p.problem(), Inertia::NONE, &mut compute);
                prop_assert!(report.change.increase <= TIGHT * report.change.before, "{solver:?} {report:?}");
                block.accept(&p.a, &mut compute);
            }
        }
    }
}

#[test]
fn a_second_proposal_replaces_the_first() {
    let p = LeastSquares::random(3, 4, 20, 5);
    let mut compute = Compute::new(1).unwrap();
    let mut twice = block(&p, 5, Solver::Backtracking, &mut compute);
    let mut once = block(&p, 5, Solver::Backtracking, &mut compute);
    for step in [inertia(0.9, 0.9, 0.3), inertia(0.9, 0.8, 0.3)] {
        twice.propose(&p.problem(), step, &mut compute);
        twice.propose(&p.problem(), Inertia::NONE, &mut compute);
        once.propose(&p.problem(), Inertia::NONE, &mut compute);
        twice.accept(&p.a, &mut compute);
        once.accept(&p.a, &mut compute);
        assert_eq!(twice.weights(), once.weights());
    }
}

/// One solve from the start, with the two forms of the curvature: features ≤ samples and features > samples.
fn solve_once(p: &LeastSquares, solver: Solver) -> (WeightBlock<f64>, StepReport) {
    let mut compute = Compute::new(2).unwrap();
    let mut block = block(p, 1, solver, &mut compute);
    let report = block.propose(&p.problem(), Inertia::NONE, &mut compute);
    block.accept(&p.a, &mut compute);
    (block, report)
}

#[test]
fn cholesky_finds_the_minimiser_in_primal_and_dual_form() {
    for (n_in, n) in [(4, 30), (30, 4), (7, 7), (1, 1)] {
        let p = LeastSquares::random(3, n_in, n, 11);
        let (block, report) = solve_once(&p, Solver::Cholesky);
        assert!(
            distance(block.weights(), &p.minimiser()) < 1e-10,
            "{n_in} x {n}"
        );
        assert!(report.rel_residual.unwrap() < 1e-12);
    }
}

#[test]
fn conjugate_gradients_converge_to_cholesky() {
    for (n_in, n) in [(6, 40), (40, 6)] {
        let p = LeastSquares::random(3, n_in, n, 12);
        let solver = Solver::ConjugateGradient {
            max_iterations: 60,
            rel_tolerance: 1e-13,
        };
        let (block, report) = solve_once(&p, solver);
        assert!(
            distance(block.weights(), &p.minimiser()) < 1e-9,
            "{n_in} x {n}"
        );
        assert!(report.rel_residual.unwrap() < 1e-12);
    }
}

#[test]
fn a_truncated_solve_reports_its_true_residual() {
    for (n_in, n) in [(12, 40), (40, 12)] {
        let p = LeastSquares::random(2, n_in, n, 13);
        let solver = Solver::ConjugateGradient {
            max_iterations: 2,
            rel_tolerance: 0.0,
        };
        let (block, report) = solve_once(&p, solver);
        assert_eq!(report.trials, 2);
        // From W, a step D leaves the gradient ∇φ(W) + D H; relative to ∇φ(W) that is the residual.
        let start = random(2, n_in, 1 + 3);
        let left = p.gradient(block.weights()).norm_sq() / p.gradient(&start).norm_sq();
        let reported = report.rel_residual.unwrap();
        assert!(reported > 1e-6, "two iterations cannot solve it");
        assert!((left.sqrt() - reported).abs() < 1e-9 * reported.max(1e-3));
    }
}

#[test]
fn with_equal_first_inertias_cholesky_ignores_them() {
    let p = LeastSquares::random(3, 5, 30, 14);
    let mut compute = Compute::new(1).unwrap();
    let mut block = block(&p, 14, Solver::Cholesky, &mut compute);
    for step in [
        Inertia::NONE,
        inertia(0.9, 0.9, 0.0),
        inertia(0.9, 0.9, 0.0),
    ] {
        block.propose(&p.problem(), step, &mut compute);
        block.accept(&p.a, &mut compute);
        assert!(distance(block.weights(), &p.minimiser()) < 1e-10);
    }
}

#[test]
fn l1_steps_reach_the_lasso_optimality_conditions() {
    let p = LeastSquares::random(3, 8, 40, 15);
    let l1 = 2.0;
    let problem = WeightProblem { l1, ..p.problem() };
    let mut compute = Compute::new(1).unwrap();
    let mut block = block(&p, 15, Solver::Backtracking, &mut compute);
    for _ in 0..600 {
        let report = block.propose(&problem, Inertia::NONE, &mut compute);
        assert!(report.change.increase <= TIGHT * report.change.before);
        block.accept(&p.a, &mut compute);
    }
    let g = p.gradient(block.weights());
    let mut zeros = 0;
    for (w, g) in block.weights().as_slice().iter().zip(g.as_slice()) {
        if w.abs() > 0.0 {
            assert!((g + l1 * w.signum()).abs() < 1e-8, "{w} {g}");
        } else {
            zeros += 1;
            assert!(g.abs() <= l1 + 1e-8);
        }
    }
    assert!(zeros > 0, "the weight is large enough to drop some entries");
}

/// Largest difference between a run in single and one in double precision, relative to the weights.
fn single_against_double(solver: Solver) -> f64 {
    let p = LeastSquares::random(4, 10, 200, 16);
    let narrow =
        |m: &Matrix<f64>| Matrix::from_fn(m.n_rows(), m.n_cols(), |i, j| f32::from_f64(m[(i, j)]));
    let (a, z) = (narrow(&p.a), narrow(&p.z));
    let b: Vec<f32> = p.b.iter().map(|x| f32::from_f64(*x)).collect();
    let mut compute = Compute::new(2).unwrap();
    let mut double = block(&p, 16, solver, &mut Compute::new(2).unwrap());
    let mut single = WeightBlock::new(narrow(double.weights()), 200, solver);
    single.refresh_product(&a, &mut compute);
    for step in [inertia(0.5, 0.5, 0.2); 5] {
        double.propose(&p.problem(), step, &mut Compute::new(2).unwrap());
        double.accept(&p.a, &mut Compute::new(2).unwrap());
        let problem = WeightProblem {
            inputs: &a,
            bias: &b,
            target: &z,
            rho: p.rho,
            ridge: p.ridge,
            l1: 0.0,
        };
        single.propose(&problem, step, &mut compute);
        single.accept(&a, &mut compute);
    }
    distance(&widen(single.weights()), double.weights())
}

#[test]
fn single_precision_follows_double() {
    for solver in [Solver::Backtracking, Solver::Cholesky, Solver::CG] {
        // Some hundred roundings of 6e-8 on entries of order 1.
        let apart = single_against_double(solver);
        assert!(apart < 2e-5, "{solver:?}: {apart}");
    }
}

#[test]
fn nan_inputs_end_the_backtracking() {
    let mut p = LeastSquares::random(2, 3, 10, 17);
    p.z[(0, 0)] = f64::NAN;
    let mut compute = Compute::new(1).unwrap();
    for solver in [Solver::Backtracking, Solver::Cholesky, Solver::CG] {
        let mut block = block(&p, 17, solver, &mut compute);
        let report = block.propose(&p.problem(), Inertia::NONE, &mut compute);
        assert!(!report.change.after().is_finite(), "{solver:?}");
    }
}

#[test]
fn the_carried_product_stays_the_product_of_weights_and_inputs() {
    // (1 + p3) p1 = 1.235: the recurrence of the product's error has that root, and 1.235^200 would swamp everything.
    let p = LeastSquares::random(3, 6, 50, 18);
    let mut compute = Compute::new(1).unwrap();
    let mut block = block(&p, 18, Solver::Backtracking, &mut compute);
    for k in 0..200 {
        let report = block.propose(&p.problem(), inertia(0.95, 0.95, 0.3), &mut compute);
        if report.change.increase > 0.0 {
            block.propose(&p.problem(), Inertia::NONE, &mut compute);
        }
        block.accept(&p.a, &mut compute);
        let apart = distance(block.product(), &multiply(block.weights(), &p.a));
        assert!(apart < 1e-13, "step {k}: {apart}");
    }
}

#[test]
fn a_long_standstill_keeps_the_step_size_finite() {
    // Nothing to fit and nothing to shrink: every gradient is zero.
    let (a, z) = (random::<f32>(3, 5, 19), Matrix::<f32>::zeros(2, 5));
    let problem = WeightProblem {
        inputs: &a,
        bias: &[0.0, 0.0],
        target: &z,
        rho: 1.0,
        ridge: 0.1,
        l1: 1.0,
    };
    let mut compute = Compute::new(1).unwrap();
    for l1 in [0.0, 1.0] {
        let problem = WeightProblem { l1, ..problem };
        let mut block = WeightBlock::new(Matrix::zeros(2, 3), 5, Solver::Backtracking);
        for _ in 0..400 {
            let report = block.propose(&problem, Inertia::NONE, &mut compute);
            assert!(report.change.after().abs() < 1e-30);
            block.accept(&a, &mut compute);
        }
        assert!(block.theta() > 0.0 && (1.0 / block.theta()).is_finite());
        assert!(block.weights().as_slice().iter().all(|w| w.is_finite()));
    }
}

#[test]
fn a_candidate_beyond_the_scalar_types_range_is_reported_as_such() {
    let a = Matrix::from_vec(1, 1, vec![1e-19_f32]).unwrap();
    let z = Matrix::from_vec(1, 1, vec![3e38_f32]).unwrap();
    let problem = WeightProblem {
        inputs: &a,
        bias: &[0.0],
        target: &z,
        rho: 1e18,
        ridge: 0.0,
        l1: 0.0,
    };
    let mut compute = Compute::new(1).unwrap();
    let mut block = WeightBlock::new(Matrix::zeros(1, 1), 1, Solver::Backtracking);
    block.refresh_product(&a, &mut compute);
    let report = block.propose(&problem, Inertia::NONE, &mut compute);
    assert!(!report.change.after().is_finite() || !report.change.increase.is_finite());
}

/// φ(W) = ρ/2 ‖W a − z‖² with one weight: curvature ρ a².
fn scalar_steps(solver: Solver, input: f64, steps: usize) -> (Vec<StepReport>, f64) {
    let mut compute = Compute::new(1).unwrap();
    let (a, z) = (
        Matrix::from_vec(1, 1, vec![input]).unwrap(),
        Matrix::from_vec(1, 1, vec![1.0]).unwrap(),
    );
    let problem = WeightProblem {
        inputs: &a,
        bias: &[0.0],
        target: &z,
        rho: 1.0,
        ridge: 0.0,
        l1: 0.0,
    };
    let mut block = WeightBlock::new(Matrix::zeros(1, 1), 1, solver);
    block.refresh_product(&a, &mut compute);
    let mut reports = Vec::new();
    for _ in 0..steps {
        reports.push(block.propose(&problem, Inertia::NONE, &mut compute));
        block.accept(&a, &mut compute);
    }
    (reports, block.weights()[(0, 0)])
}

#[test]
fn unit_backtracking_tries_one_first_in_every_step() {
    // Curvature 0.01: a step of size 1 is a hundredth of the best one, and what is left of the gradient falls by 0.99.
    let (reports, w) = scalar_steps(Solver::UnitBacktracking, 0.1, 3);
    for report in &reports {
        assert!((report.inverse_step - 1.0).abs() < 1e-15 && report.trials == 1);
    }
    assert!((w - 10.0 * (1.0 - 0.99_f64.powi(3))).abs() < 1e-13, "{w}");
    let (reports, _) = scalar_steps(Solver::Backtracking, 0.1, 3);
    assert!((reports[2].inverse_step - 0.125).abs() < 1e-15);
    // Curvature 100: seven doublings, anew in every step.
    let (reports, _) = scalar_steps(Solver::UnitBacktracking, 10.0, 2);
    for report in &reports {
        assert!((report.inverse_step - 128.0).abs() < 1e-12 && report.trials == 8);
    }
}

#[test]
fn unit_backtracking_leaves_a_block_that_ten_doublings_do_not_serve() {
    // 1024 is the last θ tried.
    let (reports, w) = scalar_steps(Solver::UnitBacktracking, 31.0, 1);
    assert!((reports[0].inverse_step - 1024.0).abs() < 1e-9 && w > 0.0);
    let (reports, w) = scalar_steps(Solver::UnitBacktracking, 33.0, 2);
    for report in reports {
        assert!(report.inverse_step.is_infinite() && report.change.increase.abs() <= 0.0);
    }
    assert!(w.abs() <= 0.0);
}

#[test]
fn one_coefficient_is_enough_for_inertia() {
    assert!(Inertia::NONE.is_none());
    for one in [
        inertia(0.3, 0.0, 0.0),
        inertia(0.0, 0.3, 0.0),
        inertia(0.0, 0.0, 0.3),
    ] {
        assert!(!one.is_none(), "{one:?}");
    }
}
