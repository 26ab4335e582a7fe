//! Solved W steps: against the minimiser, textbook conjugate gradients, and solves whose refinement can be followed by hand.

use crate::common::{LeastSquares, along, distance, inertia, multiply, plus, random};
use tiam_linalg::{Compute, Inertia, Matrix, Solver, WeightBlock};

fn conjugate_gradient(max_iterations: usize, rel_tolerance: f64) -> Solver {
    Solver::ConjugateGradient {
        max_iterations,
        rel_tolerance,
    }
}

fn start(p: &LeastSquares, solver: Solver, compute: &mut Compute<f64>) -> WeightBlock<f64> {
    let weights = random(p.z.n_rows(), p.a.n_rows(), 31);
    let mut block = WeightBlock::new(weights, p.a.n_cols(), solver);
    block.refresh_product(&p.a, compute);
    block
}

const SOLVERS: [Solver; 3] = [
    Solver::Cholesky,
    Solver::DualCholesky,
    Solver::ConjugateGradient {
        max_iterations: 100,
        rel_tolerance: 1e-14,
    },
];

/// From Ŵ the exact direction leads to the minimiser W*, so W̄ = W* + (p1 − p2)(W − W_previous), whatever the step before was.
#[test]
fn a_solved_step_is_the_minimiser_and_what_the_inertias_add() {
    for solver in SOLVERS {
        for (n_in, n) in [(7, 40), (40, 7), (7, 7), (1, 1), (1, 5), (5, 1)] {
            let p = LeastSquares::random(3, n_in, n, 70);
            let mut compute = Compute::new(1).unwrap();
            let mut block = start(&p, solver, &mut compute);
            let (mut w, mut previous) = (block.weights().clone(), block.weights().clone());
            let steps = [(0.5, 0.2, 0.3), (0.1, 0.6, 0.0), (0.7, 0.4, 0.1)];
            for s in steps.map(|(p1, p2, p3)| inertia(p1, p2, p3)) {
                let report = block.propose(&p.problem(), s, &mut compute);
                block.accept(&p.a, &mut compute);
                let bar = along(&p.minimiser(), s.start - s.gradient, &w, &previous);
                let next = along(&bar, s.correction, &bar, &w);
                let (before, after) = (p.value(&w), p.value(&next));
                assert!((report.change.before - before).abs() < 1e-11 * before);
                assert!((report.change.increase - (after - before)).abs() < 1e-10 * before);
                assert!(report.inverse_step.is_nan() && report.rel_residual.unwrap() < 1e-12);
                // Well-conditioned, and without Woodbury's cancellation: nothing to refine.
                if block.solver() == Solver::DualCholesky
                    || (block.solver() == Solver::Cholesky && n_in <= n)
                {
                    assert_eq!(report.trials, 1);
                }
                (previous, w) = (w, next);
                assert!(distance(block.weights(), &w) < 1e-9, "{solver:?}");
                assert!(distance(block.product(), &multiply(&w, &p.a)) < 1e-9);
                assert!((block.penalty(2.0, 0.0) - w.norm_sq()).abs() < 1e-8);
                // No step size was accepted: the first one is still there.
                assert!((block.theta() - 1.0).abs() <= 0.0);
            }
        }
    }
}

#[test]
fn a_solve_follows_the_weights_of_its_terms_and_its_inputs() {
    for solver in SOLVERS {
        for (n_in, n) in [(6, 25), (25, 6)] {
            let mut p = LeastSquares::random(2, n_in, n, 71);
            let mut compute = Compute::new(1).unwrap();
            let mut block = start(&p, solver, &mut compute);
            for (rho, ridge) in [(0.7, 0.05), (1.9, 0.05), (1.9, 0.3), (0.4, 0.6), (0.4, 0.6)] {
                (p.rho, p.ridge) = (rho, ridge);
                let report = block.propose(&p.problem(), Inertia::NONE, &mut compute);
                block.accept(&p.a, &mut compute);
                assert!(distance(block.weights(), &p.minimiser()) < 1e-10);
                // A step from the minimiser of the same problem has nothing left to solve but rounding.
                assert!(report.rel_residual.unwrap().is_finite());
            }
            p.a = random(n_in, n, 72);
            block.inputs_changed();
            block.refresh_product(&p.a, &mut compute);
            block.propose(&p.problem(), Inertia::NONE, &mut compute);
            block.accept(&p.a, &mut compute);
            assert!(distance(block.weights(), &p.minimiser()) < 1e-10);
        }
    }
}

fn inner(x: &Matrix<f64>, y: &Matrix<f64>) -> f64 {
    let pairs = x.as_slice().iter().zip(y.as_slice());
    pairs.map(|(x, y)| x * y).sum()
}

/// X H = G as textbooks have it, all rows together, from zero: X, the iterations taken, and the residual's share of G's norm.
fn textbook(
    h: &Matrix<f64>,
    g: &Matrix<f64>,
    max: usize,
    tolerance: f64,
) -> (Matrix<f64>, usize, f64) {
    let mut x = plus(g, -1.0, g);
    let (mut r, mut s) = (g.clone(), g.clone());
    let mut k = 0;
    while k < max && r.norm_sq().sqrt() > tolerance * g.norm_sq().sqrt() {
        let image = multiply(&s, h);
        let alpha = r.norm_sq() / inner(&s, &image);
        x = plus(&x, alpha, &s);
        let next = plus(&r, -alpha, &image);
        s = plus(&next, next.norm_sq() / r.norm_sq(), &s);
        (r, k) = (next, k + 1);
    }
    (x, k, (r.norm_sq() / g.norm_sq()).sqrt())
}

#[test]
fn conjugate_gradients_are_the_textbooks_and_stop_where_they_are_told_to() {
    for (n_in, n) in [(12, 30), (30, 12)] {
        let p = LeastSquares::random(3, n_in, n, 73);
        let mut counts = Vec::new();
        let limits = [
            (3, 0.0),
            (90, 0.5),
            (90, 0.2),
            (90, 0.03),
            (90, 1e-3),
            (90, 1e-7),
        ];
        for (max, tolerance) in limits {
            let mut compute = Compute::new(1).unwrap();
            let mut block = start(&p, conjugate_gradient(max, tolerance), &mut compute);
            let w = block.weights().clone();
            let report = block.propose(&p.problem(), Inertia::NONE, &mut compute);
            block.accept(&p.a, &mut compute);
            let (x, iterations, residual) = textbook(&p.hessian(), &p.gradient(&w), max, tolerance);
            assert_eq!(report.trials, iterations, "{max} {tolerance}");
            assert!((report.rel_residual.unwrap() - residual).abs() < 1e-9);
            assert!(distance(block.weights(), &plus(&w, -1.0, &x)) < 1e-9);
            counts.push(iterations);
        }
        assert!(
            counts[1..].is_sorted() && counts[5] > counts[1] + 3,
            "{counts:?}"
        );
    }
}

#[test]
fn nothing_to_solve_is_a_solve_without_residual_or_iterations() {
    for solver in SOLVERS {
        for (n_in, n) in [(3, 5), (5, 3)] {
            let mut p = LeastSquares::random(2, n_in, n, 74);
            (p.b, p.z) = (vec![0.0; 2], Matrix::zeros(2, n));
            let mut compute = Compute::new(1).unwrap();
            let mut block = WeightBlock::new(Matrix::zeros(2, n_in), n, solver);
            let report = block.propose(&p.problem(), inertia(0.5, 0.4, 0.3), &mut compute);
            assert_eq!(report.rel_residual, Some(0.0), "{solver:?}");
            let iterates = matches!(solver, Solver::ConjugateGradient { .. });
            assert_eq!(report.trials, usize::from(!iterates));
            block.accept(&p.a, &mut compute);
            assert!(block.weights().norm_sq() <= 0.0);
        }
    }
}

/// Inputs diag(1, s) with s² = 2^−52 2^e, beside `n_in` − 2 features that are zero: without μ the factor's ridge is eps times the trace, and
/// along the second feature every solve leaves r/(s² + r) of the gradient, which lies along it. Refinement multiplies by it again.
fn slow_to_refine(n_in: usize, e: i32) -> LeastSquares {
    let mut a = Matrix::zeros(n_in, 2);
    (a[(0, 0)], a[(1, 1)]) = (1.0, 2.0_f64.powi((e - 52) / 2));
    LeastSquares {
        a,
        b: vec![0.0],
        z: Matrix::from_vec(1, 2, vec![0.0, 1.0]).unwrap(),
        rho: 1.0,
        ridge: 0.0,
    }
}

#[test]
fn an_exact_solve_refines_at_most_twice_and_only_what_is_not_solved_yet() {
    // A solve is good enough at 100 eps = 2^−45.4; a refinement that leaves as much as there was, for s² far below r, is taken back.
    let cases = [
        (-60, 1),
        (0, 3),
        (10, 3),
        (24, 2),
        (30, 2),
        (44, 2),
        (46, 1),
        (50, 1),
    ];
    for (e, solves) in cases {
        // Woodbury's form, for n_in > 2, cancels where s² is far above r: what it leaves there is rounding.
        for n_in in if e <= 24 { 2..=3 } else { 2..=2 } {
            let p = slow_to_refine(n_in, e);
            let mut compute = Compute::new(1).unwrap();
            let mut block = WeightBlock::new(Matrix::zeros(1, n_in), 2, Solver::Cholesky);
            block.refresh_product(&p.a, &mut compute);
            let report = block.propose(&p.problem(), Inertia::NONE, &mut compute);
            block.accept(&p.a, &mut compute);
            assert_eq!(
                report.trials,
                usize::try_from(solves).unwrap(),
                "{e} {n_in}"
            );
            let share = 1.0 / (1.0 + 2.0_f64.powi(e));
            let left = share.powi(solves);
            // What is left is computed from a difference: a few roundings of the gradient remain of it.
            let found = report.rel_residual.unwrap();
            assert!(
                (found - left).abs() < 1e-9 * left + 1e-15,
                "{e}: {found} {left}"
            );
            // The first solve, and its share again with every refinement.
            let first = share * p.a[(1, 1)] / f64::EPSILON;
            let solution: f64 = (0..solves).map(|k| first * share.powi(k)).sum();
            assert!((block.weights()[(0, 1)] / solution - 1.0).abs() < 1e-9);
        }
    }
}

/// Features that repeat others, or more of them than samples: H is singular, and no ridge is asked for. (With more features than samples
/// Woodbury's form of `Cholesky` cancels here: it solves worse, and says so.)
#[test]
fn singular_systems_of_any_scale_are_solved_where_they_can_be() {
    let cases = [
        (Solver::Cholesky, (6, 20), 3),
        (Solver::DualCholesky, (20, 6), 20),
    ];
    for (solver, (n_in, n), n_distinct) in cases {
        let scales = [
            (1.0, 1.0),
            (1e-10, 1.0),
            (1e10, 1.0),
            (1.0, 1e-6),
            (1.0, 1e6),
        ];
        for (rho, scale) in scales {
            let all: Matrix<f64> = random(n_in, n, 75);
            let mut p = LeastSquares::random(2, n_in, n, 76);
            p.a = Matrix::from_fn(n_in, n, |i, j| scale * all[(i % n_distinct, j)]);
            (p.rho, p.ridge) = (rho, 0.0);
            let mut compute = Compute::new(1).unwrap();
            let mut block = start(&p, solver, &mut compute);
            let first = p.gradient(block.weights()).norm_sq().sqrt();
            let report = block.propose(&p.problem(), Inertia::NONE, &mut compute);
            block.accept(&p.a, &mut compute);
            let left = p.gradient(block.weights()).norm_sq().sqrt() / first;
            let what = format!("{solver:?} {rho} {scale}: {left} {report:?}");
            assert!(left < 1e-8 && report.rel_residual.unwrap() < 1e-8, "{what}");
        }
    }
}
