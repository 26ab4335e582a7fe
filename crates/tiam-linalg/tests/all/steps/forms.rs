//! Which form a W step takes, what it keeps, and when it computes its products anew.

use super::tape::Tape;
use crate::common::{LeastSquares, inertia, random};
use tiam_core::Scalar;
use tiam_linalg::{Compute, Inertia, Matrix, Solver, WeightBlock, WeightProblem};

/// The form in which one row of weights takes its first step.
fn form_of(solver: Solver, n_in: usize, n: usize) -> Solver {
    let (a, z) = (random::<f32>(n_in, n, 80), random::<f32>(1, n, 81));
    let problem = WeightProblem {
        inputs: &a,
        bias: &[0.0],
        target: &z,
        rho: 1.0,
        ridge: 0.0,
        l1: 0.0,
    };
    let mut compute = Compute::new(1).unwrap();
    let mut block = WeightBlock::new(Matrix::zeros(1, n_in), n, solver);
    block.propose(&problem, Inertia::NONE, &mut compute);
    block.solver()
}

#[test]
fn the_gram_matrix_is_kept_up_to_1024_features_and_up_to_four_times_the_samples() {
    assert_eq!(form_of(Solver::Gram, 1024, 2), Solver::Gram);
    assert_eq!(form_of(Solver::Gram, 1025, 2), Solver::Backtracking);
    assert_eq!(form_of(Solver::Gram, 1028, 257), Solver::Gram);
    assert_eq!(form_of(Solver::Gram, 1029, 257), Solver::Backtracking);
}

#[test]
fn the_dual_form_takes_no_more_samples_than_features() {
    let cases = [
        (Solver::Dual, Solver::Backtracking),
        (Solver::DualCholesky, Solver::Cholesky),
    ];
    for (dual, plain) in cases {
        for n in [1, 2, 9] {
            assert_eq!(form_of(dual, n, n), dual);
            assert_eq!(form_of(dual, n + 1, n), dual);
            assert_eq!(form_of(dual, n, n + 1), plain);
        }
    }
}

#[test]
fn the_gradients_norm_is_the_gradients_in_every_form_and_in_the_middle_of_a_run() {
    let solvers = [
        Solver::Backtracking,
        Solver::Gram,
        Solver::Dual,
        Solver::Cholesky,
        Solver::DualCholesky,
        Solver::CG,
    ];
    for solver in solvers {
        for (n_in, n) in [(5, 30), (30, 5)] {
            let mut p = LeastSquares::random(3, n_in, n, 82);
            let mut compute = Compute::new(1).unwrap();
            let mut block = WeightBlock::new(random(3, n_in, 83), n, solver);
            block.refresh_product(&p.a, &mut compute);
            for k in 0..3 {
                // Solved or not, the next gradient is another one.
                p.b[0] += 0.5;
                let norm = p.gradient(block.weights()).norm_sq().sqrt();
                let found = block.gradient_norm(&p.problem(), &mut compute);
                assert!(
                    (found - norm).abs() < 1e-10 * norm.max(1.0),
                    "{solver:?} {k}"
                );
                block.propose(&p.problem(), inertia(0.3, 0.2, 0.1), &mut compute);
                block.accept(&p.a, &mut compute);
            }
        }
    }
}

/// (error, change) of the carried product, in units of one step's rounding, as the state has it.
fn drift(
    block: &mut WeightBlock<f64>,
    inputs: &Matrix<f64>,
    compute: &mut Compute<f64>,
) -> [f64; 2] {
    let mut tape = Tape::default();
    block.visit_state("w", inputs, &mut tape, compute);
    ["w.drift.error", "w.drift.change"].map(|name| tape.number(name))
}

/// The error of the carried product: e_next = e + |c| (e − e_previous) + 1 with c the coefficient of W − W_previous, from nothing
/// again once it has passed 64.
#[test]
fn the_carried_product_is_computed_anew_once_its_error_may_have_passed_64_roundings() {
    let far = inertia(0.9, 0.8, 0.3);
    let cases = [
        (Solver::Backtracking, far, 1.3 * 0.9, (4, 9)),
        (Solver::Dual, far, 1.3 * 0.9, (9, 4)),
        // These start from Ŵ.
        (Solver::Cholesky, far, 1.3 * 0.8, (4, 9)),
        (Solver::DualCholesky, far, 1.3 * 0.8, (9, 4)),
        (Solver::Backtracking, Inertia::NONE, 0.0, (4, 9)),
    ];
    for (solver, s, c, (n_in, n)) in cases {
        let p = LeastSquares::random(2, n_in, n, 84);
        let mut compute = Compute::new(1).unwrap();
        let mut block = WeightBlock::new(random(2, n_in, 85), n, solver);
        block.refresh_product(&p.a, &mut compute);
        let (mut error, mut change, mut refreshed) = (0.0_f64, 0.0, 0);
        for k in 0..150 {
            if error > 64.0 {
                (error, change) = (0.0, 0.0);
                refreshed += 1;
            }
            change = c * change + 1.0;
            error += change;
            // A run away from the minimiser for a hundred steps: what counts here is the count of steps.
            block.propose(&p.problem(), s, &mut compute);
            block.accept(&p.a, &mut compute);
            let found = drift(&mut block, &p.a, &mut compute);
            let apart = (found[0] - error).abs() + (found[1] - change).abs();
            assert!(apart < 1e-9, "{solver:?} {k}: {found:?} {error} {change}");
        }
        assert!(refreshed >= 2, "{solver:?}");
        block.refresh_product(&p.a, &mut compute);
        let found = drift(&mut block, &p.a, &mut compute);
        assert!(found.iter().all(|x| x.abs() <= 0.0));
    }
}

#[test]
fn a_product_made_in_every_step_does_not_drift() {
    let p = LeastSquares::random(2, 4, 9, 86);
    let mut compute = Compute::new(1).unwrap();
    let mut block = WeightBlock::new(random(2, 4, 87), 9, Solver::Gram);
    block.refresh_product(&p.a, &mut compute);
    for _ in 0..3 {
        block.propose(&p.problem(), inertia(0.5, 0.4, 0.3), &mut compute);
        block.accept(&p.a, &mut compute);
        let found = drift(&mut block, &p.a, &mut compute);
        assert!(found.iter().all(|x| x.abs() <= 0.0));
    }
}

#[test]
fn a_report_names_the_rounding_of_its_scalar_type() {
    let (a, z) = (random::<f32>(3, 8, 88), random::<f32>(2, 8, 89));
    let problem = WeightProblem {
        inputs: &a,
        bias: &[0.5, -0.5],
        target: &z,
        rho: 3.0,
        ridge: 0.1,
        l1: 0.0,
    };
    let mut compute = Compute::new(1).unwrap();
    let mut block = WeightBlock::new(random(2, 3, 90), 8, Solver::Backtracking);
    block.refresh_product(&a, &mut compute);
    let report = block.propose(&problem, Inertia::NONE, &mut compute);
    let noise = f64::from(f32::EPS) * report.change.before;
    assert!(report.change.before > 1.0 && (report.change.rounding / noise - 1.0).abs() < 1e-12);
}
