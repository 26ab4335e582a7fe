//! Candidates near and beyond the end of the scalar type's range: one weight in single precision, powers of two throughout.

use super::tape::Tape;
use tiam_linalg::{Compute, Inertia, Matrix, Solver, StepReport, WeightBlock, WeightProblem};

fn exp2(e: i32) -> f32 {
    2.0_f32.powi(e)
}

fn one(x: f32) -> Matrix<f32> {
    Matrix::from_vec(1, 1, vec![x]).unwrap()
}

/// A step from W with input 2^−63 and ρ = 2^63, so that the curvature is 2^−63, the least θ there is; W a is nearly 0 and the
/// gradient −`target`. θ is put at its place by way of the state, as long standstill would.
fn least_theta(w: f32, target: f32, correction: f64) -> (StepReport, f32) {
    let (a, z) = (one(exp2(-63)), one(target));
    let problem = WeightProblem {
        inputs: &a,
        bias: &[0.0],
        target: &z,
        rho: 2.0_f64.powi(63),
        ridge: 0.0,
        l1: 0.0,
    };
    let mut compute = Compute::new(1).unwrap();
    let fresh = |compute: &mut Compute<f32>| {
        let mut block = WeightBlock::new(one(w), 1, Solver::Backtracking);
        block.refresh_product(&a, compute);
        block
    };
    let mut tape = Tape::default();
    fresh(&mut compute).visit_state("w", &a, &mut tape, &mut compute);
    tape.set("w.theta", 2.0_f64.powi(-62));
    let mut block = fresh(&mut compute);
    block.visit_state("w", &a, &mut tape.rewound(), &mut compute);
    let step = Inertia {
        correction,
        ..Inertia::NONE
    };
    let report = block.propose(&problem, step, &mut compute);
    assert!(
        (report.inverse_step / 2.0_f64.powi(-63) - 1.0).abs() <= 0.0,
        "{report:?}"
    );
    block.accept(&a, &mut compute);
    (report, block.weights()[(0, 0)])
}

#[test]
fn large_candidates_within_the_range_are_reported_with_their_increase() {
    for (w, target) in [(0.0, exp2(40)), (exp2(62), exp2(40)), (exp2(50), exp2(60))] {
        let (report, reached) = least_theta(w, target, 0.0);
        // W a = `target` at the minimiser, which a step at θ = ρ a² reaches.
        assert!(
            (reached / (target * exp2(63)) - 1.0).abs() < 1e-6,
            "{reached}"
        );
        assert!(
            report.change.increase.is_finite()
                && (report.change.increase / report.change.before + 1.0).abs() < 1e-6
        );
    }
}

#[test]
fn a_candidate_out_of_range_is_an_infinite_increase() {
    // The step alone leads beyond the range, or the correction does.
    for (w, target, correction) in [(0.0, exp2(63), 3.0), (exp2(62), exp2(62), 7.0)] {
        let (report, reached) = least_theta(w, target, correction);
        assert!(reached.is_infinite(), "{reached}");
        assert!(
            report.change.increase.is_infinite() && report.change.increase > 0.0,
            "{report:?}"
        );
    }
}

#[test]
fn inertia_out_of_range_is_an_infinite_increase() {
    let (a, z) = (one(1.0), one(0.0));
    let problem = WeightProblem {
        inputs: &a,
        bias: &[0.0],
        target: &z,
        rho: 1.0,
        ridge: 0.0,
        l1: 0.0,
    };
    let mut compute = Compute::new(1).unwrap();
    let mut block = WeightBlock::new(one(exp2(30)), 1, Solver::Backtracking);
    block.refresh_product(&a, &mut compute);
    // From 2^30 to 0 at θ = 1, the curvature; that far again, 2^100 times over.
    block.propose(&problem, Inertia::NONE, &mut compute);
    block.accept(&a, &mut compute);
    assert!(block.weights()[(0, 0)].abs() <= 0.0);
    let step = Inertia {
        start: 2.0_f64.powi(100),
        ..Inertia::NONE
    };
    let report = block.propose(&problem, step, &mut compute);
    assert!(
        report.change.increase.is_infinite() && report.change.increase > 0.0,
        "{report:?}"
    );
    // 2^90 of it is within the range, and so is its image; its square is not, but that is taken in double precision.
    let step = Inertia {
        start: 2.0_f64.powi(60),
        ..Inertia::NONE
    };
    let report = block.propose(&problem, step, &mut compute);
    let reached = 2.0_f64.powi(90);
    assert!(
        (report.change.increase / (0.5 * reached * reached) - 1.0).abs() < 1e-6,
        "{report:?}"
    );
}
