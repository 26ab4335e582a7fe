//! The W step against the algorithm's text, with and without ℓ1, in every form that takes the gradient step.

use crate::common::{LeastSquares, along, distance, inertia, map, multiply, plus, random};
use tiam_linalg::{Compute, Inertia, Matrix, Solver, WeightBlock, WeightProblem};

/// Rounding of products of a hundred terms below 1, relative to sums of them.
const TIGHT: f64 = 1e-11;

/// The iterates and θ by the algorithm's text.
struct Twin {
    current: Matrix<f64>,
    previous: Matrix<f64>,
    theta: f64,
}

fn soft(x: f64, threshold: f64) -> f64 {
    x.signum() * (x.abs() - threshold).max(0.0)
}

fn l1_norm(w: &Matrix<f64>) -> f64 {
    w.as_slice().iter().map(|w| w.abs()).sum()
}

impl Twin {
    fn new(start: &Matrix<f64>) -> Self {
        Self {
            current: start.clone(),
            previous: start.clone(),
            theta: 1.0,
        }
    }

    /// W̄ = soft(W̃ − ∇φ(Ŵ)/θ, λ/θ) with the least θ among half the last one and its doublings for which
    /// ρ ‖D a‖² + μ ‖D‖² ≤ θ ‖D‖², D = W̄ − Ŵ; then W̄ + p3 (W̄ − W). Returns it with θ and the number tried.
    fn step(&self, p: &LeastSquares, l1: f64, s: Inertia) -> (Matrix<f64>, f64, usize) {
        let (w, previous) = (&self.current, &self.previous);
        let tilde = along(w, s.start, w, previous);
        let hat = along(w, s.gradient, w, previous);
        let g = p.gradient(&hat);
        let (mut theta, mut trials) = (0.5 * self.theta, 1);
        loop {
            let bar = map(&plus(&tilde, -1.0 / theta, &g), |x| soft(x, l1 / theta));
            let d = plus(&bar, -1.0, &hat);
            if p.curvature(&d) <= theta * d.norm_sq() {
                return (along(&bar, s.correction, &bar, w), theta, trials);
            }
            (theta, trials) = (2.0 * theta, trials + 1);
        }
    }

    fn advance(&mut self, next: Matrix<f64>, theta: f64) {
        self.previous = std::mem::replace(&mut self.current, next);
        self.theta = theta;
    }
}

fn start(p: &LeastSquares, solver: Solver, compute: &mut Compute<f64>) -> (WeightBlock<f64>, Twin) {
    let weights = random(p.z.n_rows(), p.a.n_rows(), 31);
    let twin = Twin::new(&weights);
    let mut block = WeightBlock::new(weights, p.a.n_cols(), solver);
    block.refresh_product(&p.a, compute);
    (block, twin)
}

fn assert_near(x: f64, y: f64, scale: f64, what: &str) {
    assert!((x - y).abs() <= TIGHT * scale, "{what}: {x} {y}");
}

/// One step of both; everything a caller sees of the block is the twin's.
fn step(
    (block, twin): (&mut WeightBlock<f64>, &mut Twin),
    p: &LeastSquares,
    l1: f64,
    s: Inertia,
    compute: &mut Compute<f64>,
) {
    let report = block.propose(&WeightProblem { l1, ..p.problem() }, s, compute);
    block.accept(&p.a, compute);
    let (next, theta, trials) = twin.step(p, l1, s);
    let value = |w: &Matrix<f64>| p.value(w) + l1 * l1_norm(w);
    let (before, after) = (value(&twin.current), value(&next));
    assert_near(report.change.before, before, before, "before");
    assert_near(report.change.increase, after - before, before, "increase");
    let eps = f64::EPSILON;
    assert_near(report.change.rounding, eps * before, eps * before, "noise");
    assert_near(report.inverse_step, theta, theta, "θ");
    assert_eq!((report.trials, report.rel_residual), (trials, None));
    twin.advance(next, theta);
    let scale = twin.current.norm_sq().sqrt().max(1.0);
    assert_near(block.theta(), theta, theta, "θ kept");
    assert!(distance(block.previous(), &twin.previous) <= TIGHT * scale);
    assert!(distance(block.weights(), &twin.current) <= TIGHT * scale);
    let product = multiply(&twin.current, &p.a);
    assert!(distance(block.product(), &product) <= TIGHT * scale);
    let ridge_part = 0.5 * 0.3 * twin.current.norm_sq();
    let l1_part = match block.solver() {
        // The dual form never has the entries.
        Solver::Dual => 0.0,
        _ => 0.7 * l1_norm(&twin.current),
    };
    let found = block.penalty(0.3, if l1_part > 0.0 { 0.7 } else { 0.0 });
    assert_near(found, ridge_part + l1_part, 1.0 + ridge_part, "penalty");
}

/// All coefficients apart, so that none can stand for another.
fn steps() -> [Inertia; 4] {
    [
        inertia(0.5, 0.3, 0.2),
        Inertia::NONE,
        inertia(0.4, 0.6, 0.1),
        inertia(0.2, 0.5, 0.3),
    ]
}

fn compare(solver: Solver, sizes: (usize, usize, usize), l1: f64) {
    let p = LeastSquares::random(sizes.0, sizes.1, sizes.2, 40);
    let mut compute = Compute::new(1).unwrap();
    let (mut block, mut twin) = start(&p, solver, &mut compute);
    assert_eq!(block.previous(), block.weights());
    for s in steps() {
        step((&mut block, &mut twin), &p, l1, s, &mut compute);
    }
}

/// 2048 entries are summed in the scalar type before the sum goes on, and 4096 samples are walked at a time.
#[test]
fn steps_of_more_entries_and_samples_than_one_pass_holds_are_the_algorithms_own() {
    for sizes in [(45, 60, 80), (45, 80, 60), (2, 3, 4096), (2, 3, 4097)] {
        compare(Solver::Backtracking, sizes, 0.0);
    }
    compare(Solver::Gram, (45, 60, 80), 0.0);
    compare(Solver::Gram, (30, 80, 70), 0.0);
    compare(Solver::Dual, (45, 80, 60), 0.0);
}

#[test]
fn steps_with_l1_are_the_algorithms_own() {
    for solver in [Solver::Backtracking, Solver::Gram, Solver::Dual] {
        for sizes in [(1, 1, 1), (3, 9, 40), (3, 40, 9), (45, 60, 70)] {
            compare(solver, sizes, 0.8);
        }
    }
}

/// ρ a² + μ is a power of two: at that θ both sides of the test for enough curvature are equal, and equality is enough.
#[test]
fn a_step_size_that_is_just_enough_is_taken() {
    for (l1, curvature) in [(0.0, 1.0), (0.0, 4.0), (0.25, 1.0), (0.25, 4.0)] {
        let one = |x: f64| Matrix::from_vec(1, 1, vec![x]).unwrap();
        let p = LeastSquares {
            a: one(1.0),
            b: vec![0.0],
            z: one(8.0),
            rho: 0.75 * curvature,
            ridge: 0.25 * curvature,
        };
        for solver in [Solver::Backtracking, Solver::Gram, Solver::Dual] {
            let mut compute = Compute::new(1).unwrap();
            let mut block = WeightBlock::new(one(0.0), 1, solver);
            block.refresh_product(&p.a, &mut compute);
            let problem = WeightProblem { l1, ..p.problem() };
            let report = block.propose(&problem, Inertia::NONE, &mut compute);
            assert!((report.inverse_step - curvature).abs() <= 0.0, "{report:?}");
            // A half is tried first.
            let trials = if curvature > 1.0 { 4 } else { 2 };
            assert_eq!(report.trials, trials);
        }
    }
}

#[test]
fn new_inputs_and_weights_of_the_terms_are_taken_up_in_the_middle_of_a_run() {
    for solver in [Solver::Backtracking, Solver::Gram, Solver::Dual] {
        for (n_in, n) in [(6, 20), (20, 6)] {
            let mut p = LeastSquares::random(3, n_in, n, 50);
            let mut compute = Compute::new(1).unwrap();
            let (mut block, mut twin) = start(&p, solver, &mut compute);
            for change in 0..4 {
                match change {
                    1 => {
                        p.a = random(n_in, n, 60);
                        block.inputs_changed();
                        block.refresh_product(&p.a, &mut compute);
                    }
                    2 => p.rho = 2.0,
                    3 => {
                        p.ridge = 0.4;
                        (p.z, p.b) = (random(3, n, 61), vec![0.1, 0.2, 0.3]);
                    }
                    _ => {}
                }
                for s in [inertia(0.4, 0.5, 0.2), inertia(0.5, 0.3, 0.1)] {
                    step((&mut block, &mut twin), &p, 0.0, s, &mut compute);
                }
            }
        }
    }
}

#[test]
fn a_product_handed_over_is_the_one_the_next_step_works_with() {
    let mut p = LeastSquares::random(3, 6, 20, 52);
    let mut compute = Compute::new(1).unwrap();
    let (mut block, mut twin) = start(&p, Solver::Backtracking, &mut compute);
    for seed in [53, 54] {
        step((&mut block, &mut twin), &p, 0.0, steps()[0], &mut compute);
        p.a = random(6, 20, seed);
        let mut fresh = multiply(&twin.current, &p.a);
        let old = block.product().clone();
        block.swap_product(&mut fresh);
        assert_eq!(fresh, old);
        step((&mut block, &mut twin), &p, 0.0, steps()[2], &mut compute);
    }
}

#[test]
fn without_a_candidate_acceptance_changes_nothing() {
    let p = LeastSquares::random(3, 8, 6, 55);
    let mut compute = Compute::new(1).unwrap();
    for solver in [Solver::Backtracking, Solver::Gram, Solver::Dual] {
        let (mut block, mut twin) = start(&p, solver, &mut compute);
        step((&mut block, &mut twin), &p, 0.0, steps()[0], &mut compute);
        let (weights, previous) = (block.weights().clone(), block.previous().clone());
        block.accept(&p.a, &mut compute);
        assert_eq!((block.weights(), block.previous()), (&weights, &previous));
        // Nor after the norm of the gradient was asked for, which drops the candidate.
        block.propose(&p.problem(), steps()[2], &mut compute);
        let norm = p.gradient(&twin.current).norm_sq().sqrt();
        let found = block.gradient_norm(&p.problem(), &mut compute);
        assert_near(found, norm, norm, "‖∇φ‖");
        block.accept(&p.a, &mut compute);
        assert_eq!((block.weights(), block.previous()), (&weights, &previous));
        for s in steps() {
            step((&mut block, &mut twin), &p, 0.0, s, &mut compute);
        }
    }
}
