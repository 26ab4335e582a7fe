#![allow(clippy::float_cmp, reason = "these numbers are exact")]

use super::*;

const SOLVED: Solver = Solver::Auto {
    accuracy: Accuracy::RelResidual(1e-3),
};

#[test]
fn a_reports_rounding_is_that_of_its_objective() {
    let report = StepReport::of::<f64>(-8.0, 3.0);
    assert_eq!((report.change.before, report.change.increase), (-8.0, 3.0));
    assert_eq!(report.change.after(), -5.0);
    assert_eq!(report.change.rounding, 8.0 * f64::EPSILON);
    assert_eq!((report.trials, report.rel_residual), (1, None));
    assert!(report.inverse_step.is_nan());
    let single = StepReport::of::<f32>(-8.0, 3.0);
    assert_eq!(single.change.rounding, 8.0 * f64::from(f32::EPSILON));
}

#[test]
fn what_rounding_leaves_of_a_vanished_residual_is_no_increase() {
    // m = z = 1, and 1 + 4 eps after the step.
    let (target, mut compute) = (Matrix::from_fn(3, 2, |_, _| 1.0), Compute::new(1).unwrap());
    let left = 0.5 * 6.0 * (4.0 * f64::EPSILON).powi(2);
    let report = StepReport::of::<f64>(0.0, left);
    assert!(!report.change.improves());
    let judged = report.against(&target, 1.0, &mut compute);
    assert_eq!(judged.change.rounding, 256.0 * left);
    assert!(judged.change.improves());
    let descent = StepReport::of::<f64>(left, -left);
    assert_eq!(
        descent.against(&target, 1.0, &mut compute).change.rounding,
        descent.change.rounding
    );
}

#[test]
fn a_solver_is_a_step_in_a_form() {
    let (cholesky, cg) = (Step::Solve(Solve::Cholesky), Solver::CG.step());
    let table = [
        (
            Solver::Backtracking,
            "backtracking",
            Step::Backtracking,
            Form::Plain,
        ),
        (
            Solver::UnitBacktracking,
            "unit_backtracking",
            Step::UnitBacktracking,
            Form::Plain,
        ),
        (Solver::Gram, "gram", Step::Backtracking, Form::Gram),
        (Solver::Dual, "dual", Step::Backtracking, Form::Dual),
        (Solver::Cholesky, "cholesky", cholesky, Form::Plain),
        (Solver::DualCholesky, "dual_cholesky", cholesky, Form::Dual),
        (Solver::CG, "cg", cg, Form::Plain),
        (Solver::AUTO, "auto", Step::Backtracking, Form::Plain),
        (SOLVED, "auto", cholesky, Form::Plain),
    ];
    for (solver, name, step, form) in table {
        assert_eq!(solver.name(), name);
        assert_eq!((solver.step(), solver.form()), (step, form), "{name}");
        if form == Form::Plain && name != "auto" {
            assert_eq!(Solver::plain(step), solver);
        }
    }
}

#[test]
fn backtracking_starts_at_half_and_doubles() {
    let (plain, unit) = (Step::Backtracking, Step::UnitBacktracking);
    assert_eq!(plain.first_trial::<f64>(12.0), 6.0);
    assert_eq!(unit.first_trial::<f64>(12.0), 1.0);
    assert_eq!(plain.next_trial(6.0, 1), Some(12.0));
    assert_eq!(unit.next_trial(6.0, 1), Some(12.0));
    // Ten doublings, then the block stays; the others give up beyond any finite curvature.
    assert_eq!(unit.next_trial(512.0, 10), Some(1024.0));
    assert_eq!(unit.next_trial(1024.0, 11), Some(f64::INFINITY));
    assert_eq!(plain.next_trial(6.0, 1099), Some(12.0));
    assert_eq!(plain.next_trial(6.0, 1100), None);
}

#[test]
fn the_first_trial_keeps_a_finite_reciprocal() {
    let single = f64::from(f32::MIN_POSITIVE).sqrt();
    assert_eq!(
        Step::Backtracking.first_trial::<f64>(0.0),
        f64::MIN_POSITIVE.sqrt()
    );
    assert_eq!(Step::Backtracking.first_trial::<f32>(0.0), single);
    assert_eq!(
        Step::Backtracking.first_trial::<f32>(3.0 * single),
        1.5 * single
    );
}

#[test]
fn accepting_moves_candidate_to_current_and_current_to_previous() {
    let one = |x: f64| Matrix::from_fn(1, 1, |_, _| x);
    let mut iterate = Iterate::new(one(1.0));
    assert_eq!(
        (&iterate.current, &iterate.previous),
        (&one(1.0), &one(1.0))
    );
    iterate.candidate = one(2.0);
    iterate.accept();
    assert_eq!(
        (&iterate.current, &iterate.previous),
        (&one(2.0), &one(1.0))
    );
    iterate.candidate = one(3.0);
    iterate.accept();
    assert_eq!(
        (&iterate.current, &iterate.previous),
        (&one(3.0), &one(2.0))
    );
}
