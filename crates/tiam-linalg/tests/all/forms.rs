//! The Gram and dual forms of the W step against the plain one.

use crate::common::{LeastSquares, distance, inertia, multiply, random};
use proptest::prelude::*;
use tiam_core::Scalar;
use tiam_linalg::{Compute, Inertia, Matrix, Solver, WeightBlock, WeightProblem};

fn problem(p: &LeastSquares) -> WeightProblem<'_, f64> {
    WeightProblem {
        inputs: &p.a,
        bias: &p.b,
        target: &p.z,
        rho: p.rho,
        ridge: p.ridge,
        l1: 0.0,
    }
}

fn block(p: &LeastSquares, solver: Solver, compute: &mut Compute<f64>) -> WeightBlock<f64> {
    let weights = random(p.z.n_rows(), p.a.n_rows(), 77);
    let mut block = WeightBlock::new(weights, p.a.n_cols(), solver);
    block.refresh_product(&p.a, compute);
    block
}

/// Takes `steps` steps side by side with the plain form, redone without inertia where that one rises and `guard` says so; the target
/// moves as a z step would move it. Returns the largest relative deviation of anything a caller sees.
fn deviation(
    p: &mut LeastSquares,
    (solver, plain): (Solver, Solver),
    step: impl Fn(usize) -> Inertia,
    steps: usize,
    guard: bool,
    threads: usize,
) -> f64 {
    let mut compute = Compute::new(threads).unwrap();
    let mut reference = block(p, plain, &mut compute);
    let mut other = block(p, solver, &mut compute);
    let mut worst = 0.0_f64;
    for k in 0..steps {
        let mut report = reference.propose(&problem(p), step(k), &mut compute);
        let mut found = other.propose(&problem(p), step(k), &mut compute);
        if guard && report.change.increase > 0.0 {
            report = reference.propose(&problem(p), Inertia::NONE, &mut compute);
            found = other.propose(&problem(p), Inertia::NONE, &mut compute);
        }
        reference.accept(&p.a, &mut compute);
        other.accept(&p.a, &mut compute);
        let scale = report.change.before.abs().max(1e-3);
        worst = worst.max((report.change.before - found.change.before).abs() / scale);
        worst = worst.max((report.change.increase - found.change.increase).abs() / scale);
        if report.inverse_step.is_finite() {
            let apart = (report.inverse_step - found.inverse_step).abs();
            worst = worst.max(apart / report.inverse_step);
        }
        let scale = reference.product().norm_sq().sqrt().max(1e-3);
        worst = worst.max(distance(reference.product(), other.product()) / scale);
        let shift = 0.1 / (k + 1) as f64;
        for (z, m) in
            p.z.as_mut_slice()
                .iter_mut()
                .zip(reference.product().as_slice())
        {
            *z += shift * (m - *z);
        }
    }
    let scale = reference.weights().norm_sq().sqrt().max(1e-3);
    worst = worst.max(distance(reference.previous(), other.previous()) / scale);
    worst = worst.max(distance(reference.weights(), other.weights()) / scale);
    worst = worst.max(distance(reference.previous(), other.previous()) / scale);
    worst.max(distance(other.product(), &multiply(other.weights(), &p.a)) / scale)
}

/// Some sixty steps' rounding where the iterates are stable.
const TIGHT: f64 = 1e-9;

/// N = 1, n_in = 1, and either far larger than the other.
fn shapes() -> impl Strategy<Value = (usize, usize, usize)> {
    let sizes = prop::sample::select(vec![
        (1, 1),
        (1, 9),
        (9, 1),
        (1, 120),
        (120, 1),
        (4, 90),
        (90, 4),
        (12, 15),
        (15, 12),
    ]);
    (1..5_usize, sizes).prop_map(|(n_out, (n_in, n))| (n_out, n_in, n))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn gram_and_dual_take_the_plain_forms_steps(
        (n_out, n_in, n) in shapes(),
        seed in 0..1000_u64,
        [p1, p2, p3] in prop::array::uniform3(0.0..1.0_f64),
        (guard, threads) in (any::<bool>(), 1..3_usize),
    ) {
        // Without a guard only moderate inertia is stable.
        let moderate = if guard { 1.0 } else { 0.6 };
        let step = |k: usize| {
            let share = k as f64 / (k as f64 + 3.0);
            inertia(moderate * p1 * share, moderate * p2 * share, 0.3 * p3)
        };
        for solver in [Solver::Gram, Solver::Dual] {
            let mut p = LeastSquares::random(n_out, n_in, n, seed);
            let apart = deviation(&mut p, (solver, Solver::Backtracking), step, 60, guard, threads);
            prop_assert!(apart < TIGHT, "{solver:?}: {apart}");
        }
    }

    #[test]
    fn the_dual_solve_is_choleskys(
        (n_out, n_in, n) in shapes(),
        seed in 0..1000_u64,
        [p1, p2, p3] in prop::array::uniform3(0.0..1.0_f64),
    ) {
        let step = |_| inertia(0.6 * p1, 0.6 * p2, 0.3 * p3);
        let mut p = LeastSquares::random(n_out, n_in, n, seed);
        let pair = (Solver::DualCholesky, Solver::Cholesky);
        let apart = deviation(&mut p, pair, step, 20, true, 1);
        prop_assert!(apart < 1e-8, "{apart}");
    }
}

/// Found at random: with 120 samples of one feature the dual form's θ was twice the plain one's once the gradient was small.
#[test]
fn the_dual_form_leaves_many_samples_of_few_features_to_the_plain_one() {
    let mut p = LeastSquares::random(1, 1, 120, 208);
    let pair = (Solver::Dual, Solver::Backtracking);
    let apart = deviation(&mut p, pair, |_| Inertia::NONE, 60, false, 1);
    assert!(apart < TIGHT, "{apart}");
    let mut compute = Compute::new(1).unwrap();
    let mut many = block(&p, Solver::Dual, &mut compute);
    many.propose(&problem(&p), Inertia::NONE, &mut compute);
    assert_eq!(many.solver(), Solver::Backtracking);
}

#[test]
fn a_dual_solve_reports_a_true_residual() {
    let p = LeastSquares::random(3, 30, 8, 3);
    let mut compute = Compute::new(1).unwrap();
    let mut dual = block(&p, Solver::DualCholesky, &mut compute);
    let report = dual.propose(&problem(&p), Inertia::NONE, &mut compute);
    dual.accept(&p.a, &mut compute);
    assert!(report.rel_residual.unwrap() < 1e-12);
    let left = p.gradient(dual.weights()).norm_sq().sqrt();
    assert!(left < 1e-11, "{left}");
    assert!((dual.gradient_norm(&problem(&p), &mut compute) - left).abs() < 1e-6);
}

#[test]
fn without_a_ridge_both_forms_still_take_the_plain_steps() {
    for solver in [Solver::Gram, Solver::Dual] {
        let mut p = LeastSquares::random(2, 20, 7, 4);
        p.ridge = 0.0;
        let step = |_| inertia(0.9, 0.8, 0.3);
        let apart = deviation(&mut p, (solver, Solver::Backtracking), step, 50, true, 1);
        assert!(apart < TIGHT, "{solver:?}: {apart}");
    }
}

/// Steps with the first inputs, then with others, then with ℓ1, then without it again.
fn through_changes(solver: Solver) -> (Matrix<f64>, Vec<Solver>) {
    let mut compute = Compute::new(1).unwrap();
    let mut p = LeastSquares::random(3, 12, 6, 9);
    let mut block = block(&p, solver, &mut compute);
    let mut forms = Vec::new();
    for (stage, l1) in [0.0, 0.0, 0.2, 0.0].into_iter().enumerate() {
        if stage == 1 {
            p.a = random(12, 6, 99);
            block.inputs_changed();
            block.refresh_product(&p.a, &mut compute);
        }
        for _ in 0..5 {
            let problem = WeightProblem { l1, ..problem(&p) };
            let report = block.propose(&problem, inertia(0.7, 0.7, 0.2), &mut compute);
            if report.change.increase > 0.0 {
                block.propose(&problem, Inertia::NONE, &mut compute);
            }
            block.accept(&p.a, &mut compute);
        }
        forms.push(block.solver());
    }
    (block.weights().clone(), forms)
}

#[test]
fn the_forms_give_way_where_they_do_not_apply() {
    use Solver::{Backtracking, Cholesky, Dual, DualCholesky, Gram};
    let (plain, _) = through_changes(Backtracking);
    let (gram, forms) = through_changes(Gram);
    assert_eq!(forms, [Gram, Gram, Backtracking, Gram]);
    assert!(distance(&plain, &gram) < TIGHT);
    let (dual, forms) = through_changes(Dual);
    assert_eq!(forms, [Dual, Backtracking, Backtracking, Backtracking]);
    assert!(distance(&plain, &dual) < TIGHT);
    let (solved, _) = through_changes(Cholesky);
    let (dual, forms) = through_changes(DualCholesky);
    assert_eq!(forms, [DualCholesky, Cholesky, Cholesky, Cholesky]);
    assert!(distance(&solved, &dual) < 1e-8);
}

#[test]
fn in_single_precision_the_dual_form_is_as_near_to_double_as_the_plain_one() {
    let p = LeastSquares::random(4, 300, 20, 16);
    let narrow = |m: &Matrix<f64>| Matrix::from_fn(m.n_rows(), m.n_cols(), |i, j| m[(i, j)] as f32);
    let (a, z) = (narrow(&p.a), narrow(&p.z));
    let b: Vec<f32> = p.b.iter().map(|x| *x as f32).collect();
    let mut compute = Compute::new(1).unwrap();
    let mut compute_double = Compute::new(1).unwrap();
    let mut double = block(&p, Solver::Backtracking, &mut compute_double);
    let start = narrow(double.weights());
    let mut singles = [Solver::Backtracking, Solver::Dual].map(|solver| {
        let mut block = WeightBlock::new(start.clone(), 20, solver);
        block.refresh_product(&a, &mut compute);
        block
    });
    for _ in 0..100 {
        let step = inertia(0.9, 0.9, 0.05);
        double.propose(&problem(&p), step, &mut compute_double);
        double.accept(&p.a, &mut compute_double);
        for single in &mut singles {
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
    }
    let apart =
        singles.map(|single| distance(&crate::common::widen(single.weights()), double.weights()));
    println!("plain, dual: {apart:?}");
    assert!(
        apart[1] < 2.0 * apart[0].max(100.0 * f64::from(f32::EPS)),
        "{apart:?}"
    );
}

#[test]
fn two_hundred_thousand_features_take_eight_samples_memory() {
    let (n_in, n) = (200_000, 8);
    let a = Matrix::from_fn(n_in, n, |i, j| {
        ((i * 7 + j * 13) % 101) as f32 / 101.0 - 0.5
    });
    let z = random::<f32>(2, n, 5);
    let problem = WeightProblem {
        inputs: &a,
        bias: &[0.0; 2],
        target: &z,
        rho: 1.0,
        ridge: 0.1,
        l1: 0.0,
    };
    let mut compute = Compute::new(1).unwrap();
    for solver in [Solver::Dual, Solver::DualCholesky] {
        let mut block = WeightBlock::new(Matrix::zeros(2, n_in), n, solver);
        block.refresh_product(&a, &mut compute);
        let first = block
            .propose(&problem, Inertia::NONE, &mut compute)
            .change
            .before;
        block.accept(&a, &mut compute);
        for _ in 0..200 {
            block.propose(&problem, Inertia::NONE, &mut compute);
            block.accept(&a, &mut compute);
        }
        let last = block
            .propose(&problem, Inertia::NONE, &mut compute)
            .change
            .before;
        assert!(last < 0.1 * first, "{solver:?}: {first} {last}");
    }
}

#[test]
fn nan_targets_end_the_step_in_every_form() {
    let mut p = LeastSquares::random(2, 5, 10, 17);
    p.z[(0, 0)] = f64::NAN;
    let mut compute = Compute::new(1).unwrap();
    for solver in [Solver::Gram, Solver::Dual, Solver::DualCholesky] {
        let mut block = block(&p, solver, &mut compute);
        let report = block.propose(&problem(&p), Inertia::NONE, &mut compute);
        assert!(!report.change.after().is_finite(), "{solver:?}");
    }
}
