//! The a step: what it reports, its solves column by column, its fallback, and the repair tile by tile.

use crate::common::hidden::{RHO, Setting, clamp_to};
use crate::common::{along, distance, inertia, map, multiply, noise, plus, random, residual};
use tiam_linalg::Activation::{Elu, Identity, Relu};
use tiam_linalg::{
    ActivationBand, ActivationBlock, Compute, Inertia, Matrix, NextLayer, Solver, WeightBlock,
    WeightProblem,
};

const TIGHT: f64 = 1e-11;

/// H = ρ Wᵀ W + δ I, δ a thousandth of the mean diagonal of ρ Wᵀ W.
fn hessian(s: &Setting) -> Matrix<f64> {
    let bent = map(&multiply(&s.weights.transposed(), &s.weights), |x| RHO * x);
    let n = bent.n_rows();
    let trace: f64 = (0..n).map(|i| bent[(i, i)]).sum();
    let damping = 1e-3 * trace / n as f64;
    Matrix::from_fn(n, n, |i, j| {
        bent[(i, j)] + if i == j { damping } else { 0.0 }
    })
}

/// ρ Wᵀ (W a + b 1ᵀ − z).
fn gradient(s: &Setting, a: &Matrix<f64>) -> Matrix<f64> {
    let r = residual(&s.weights, a, &s.bias, &s.target);
    map(&multiply(&s.weights.transposed(), &r), |x| RHO * x)
}

/// H x = g for one column as textbooks have it: x, the iterations taken, and the residual left.
fn textbook(h: &Matrix<f64>, g: &Matrix<f64>, max: usize, tolerance: f64) -> (Matrix<f64>, usize) {
    let mut x = map(g, |_| 0.0);
    let (mut r, mut s) = (g.clone(), g.clone());
    let mut k = 0;
    while k < max && r.norm_sq().sqrt() > tolerance * g.norm_sq().sqrt() {
        let image = multiply(h, &s);
        let bend = multiply(&s.transposed(), &image)[(0, 0)];
        let alpha = r.norm_sq() / bend;
        x = plus(&x, alpha, &s);
        let next = plus(&r, -alpha, &image);
        s = plus(&next, next.norm_sq() / r.norm_sq(), &s);
        (r, k) = (next, k + 1);
    }
    (x, k)
}

fn column(x: &Matrix<f64>, j: usize) -> Matrix<f64> {
    Matrix::from_vec(x.n_rows(), 1, x.col(j).to_vec()).unwrap()
}

/// Every column of H x = g by itself: x, the most iterations, and the residual's share of g's norm.
fn solved(
    h: &Matrix<f64>,
    g: &Matrix<f64>,
    max: usize,
    tolerance: f64,
) -> (Matrix<f64>, usize, f64) {
    let mut x = map(g, |_| 0.0);
    let mut most = 0;
    for j in 0..g.n_cols() {
        let (of_column, k) = textbook(h, &column(g, j), max, tolerance);
        x.col_mut(j).copy_from_slice(of_column.as_slice());
        most = most.max(k);
    }
    let left = plus(&multiply(h, &x), -1.0, g).norm_sq() / g.norm_sq();
    (x, most, left.sqrt())
}

/// Steps with conjugate gradients or a factor against ā = Π(ã − H⁻¹ ∇φ(â)), Π(ā + p3 (ā − a)).
fn compare_solves(sizes: (usize, usize, usize), limits: (usize, f64), exact: bool, threads: usize) {
    let s = Setting {
        epsilon: 50.0,
        ..Setting::random(Identity, sizes, 41)
    };
    let (max_iterations, rel_tolerance) = limits;
    let solver = if exact {
        Solver::Cholesky
    } else {
        Solver::ConjugateGradient {
            max_iterations,
            rel_tolerance,
        }
    };
    let mut compute = Compute::new(threads).unwrap();
    let (mut next, mut block) = s.blocks(solver, &mut compute);
    let (mut a, mut previous) = (s.a.clone(), s.a.clone());
    for (p1, p2, p3) in [(0.4, 0.3, 0.2), (0.1, 0.5, 0.3), (0.6, 0.2, 0.0)] {
        let p = inertia(p1, p2, p3);
        let report = block.propose(s.next(&next), s.band(), p, &mut compute);
        block.accept(&mut next);
        let hat = along(&a, p2, &a, &previous);
        let g = gradient(&s, &hat);
        let (x, most, left) = solved(&hessian(&s), &g, max_iterations, rel_tolerance);
        let bar = plus(&along(&a, p1, &a, &previous), -1.0, &x);
        let bar = clamp_to(&bar, &s.low(), &s.high());
        let stepped = clamp_to(&along(&bar, p3, &bar, &a), &s.low(), &s.high());
        let before = s.value(&a);
        assert!((report.change.before / before - 1.0).abs() < TIGHT);
        assert!((report.change.after() - s.value(&stepped)).abs() < 1e-8 * before);
        assert!(
            (report.change.rounding
                / noise(&report, before, f64::EPSILON, RHO, s.target.norm_sq())
                - 1.0)
                .abs()
                < TIGHT
        );
        assert_eq!(report.trials, if exact { 1 } else { most });
        assert!(
            (report.rel_residual.unwrap() - left).abs() < 1e-8,
            "{report:?} {left}"
        );
        // Nothing was searched: τ is the first one still.
        assert!(report.inverse_step.is_nan() && (block.tau() - 1.0).abs() <= 0.0);
        (previous, a) = (a, stepped);
        assert!(distance(block.values(), &a) < 1e-8);
        assert!(distance(next.product(), &multiply(&s.weights, &a)) < 1e-8);
    }
}

#[test]
fn conjugate_gradients_are_the_textbooks_in_every_column_and_report_the_most_iterations() {
    for limits in [(2, 0.0), (40, 0.3), (40, 0.05), (40, 1e-3), (40, 1e-8)] {
        compare_solves((6, 9, 12), limits, false, 1);
        compare_solves((9, 6, 12), limits, false, 1);
    }
    compare_solves((1, 1, 1), (10, 1e-9), false, 1);
}

#[test]
fn factored_solves_are_damped_newton_steps_with_the_inertias_around_them() {
    // The twin's conjugate gradients are run to the end.
    compare_solves((6, 9, 12), (60, 1e-13), true, 1);
    compare_solves((9, 6, 12), (60, 1e-13), true, 1);
}

/// 4096 samples are walked at a time, and 6 million flops go to two threads.
#[test]
fn solves_of_many_samples_are_those_of_each() {
    compare_solves((5, 6, 4097), (3, 1e-2), false, 1);
    compare_solves((50, 20, 1_300), (3, 1e-2), false, 2);
}

#[test]
fn no_samples_solution_depends_on_its_neighbours() {
    let solver = Solver::ConjugateGradient {
        max_iterations: 30,
        rel_tolerance: 0.02,
    };
    let s = Setting::random(Relu, (7, 8, 10), 42);
    let mut compute = Compute::new(1).unwrap();
    let step = |s: &Setting, compute: &mut Compute<f64>| {
        let (next, mut block) = s.blocks(solver, compute);
        // With inertia, so that there is no fallback.
        let report = block.propose(s.next(&next), s.band(), inertia(0.0, 0.0, 0.1), compute);
        block.accept(&mut s.blocks(solver, compute).0);
        (block.values().clone(), report.trials)
    };
    let (all, most) = step(&s, &mut compute);
    let mut alone = Vec::new();
    for j in 0..10 {
        let one = Setting {
            h: Relu,
            epsilon: s.epsilon,
            z: column(&s.z, j),
            a: column(&s.a, j),
            weights: s.weights.clone(),
            bias: s.bias.clone(),
            target: column(&s.target, j),
        };
        let (a, trials) = step(&one, &mut compute);
        let apart = distance(&a, &column(&all, j));
        assert!(apart < 1e-10, "{j}: {apart}");
        alone.push(trials);
    }
    assert_eq!(alone.iter().max(), Some(&most));
    assert!(alone.iter().min() < alone.iter().max(), "{alone:?}");
}

/// Strips of 1024 entries are summed at a time, tiles of 4096 samples walked.
#[test]
fn steps_of_more_entries_than_one_pass_holds_are_the_algorithms_own() {
    let steps = [
        inertia(0.5, 0.3, 0.2),
        inertia(0.2, 0.6, 0.3),
        Inertia::NONE,
    ];
    for sizes in [(7, 5, 150), (8, 5, 128), (3, 2, 4096), (2, 3, 4097)] {
        let apart = Setting::random(Elu, sizes, 43).compare(&steps, 1);
        assert!(apart < 1e-8, "{sizes:?}: {apart}");
    }
}

#[test]
fn a_searched_step_reports_its_trials_its_rounding_and_keeps_its_step_size() {
    let mut s = Setting::random(Relu, (6, 5, 40), 44);
    s.weights = map(&s.weights, |w| 3.0 * w);
    let mut compute = Compute::new(1).unwrap();
    let (mut next, mut block) = s.blocks(Solver::Backtracking, &mut compute);
    let (mut a, mut tau) = (s.a.clone(), 1.0_f64);
    for _ in 0..3 {
        let none = Inertia::NONE;
        let report = block.propose(s.next(&next), s.band(), none, &mut compute);
        // Starting from half of τ, every further trial is a doubling.
        let doublings = (report.inverse_step / (0.5 * tau)).log2();
        assert!(
            (doublings - (report.trials as f64 - 1.0)).abs() < 1e-12,
            "{report:?}"
        );
        assert!(
            (report.change.rounding
                / noise(&report, s.value(&a), f64::EPSILON, RHO, s.target.norm_sq())
                - 1.0)
                .abs()
                < TIGHT
        );
        assert_eq!(report.rel_residual, None);
        assert!(
            (block.tau() - tau).abs() <= 0.0,
            "a proposal changes nothing"
        );
        block.accept(&mut next);
        (a, tau) = (block.values().clone(), report.inverse_step);
        assert!((block.tau() - tau).abs() <= 0.0);
    }
    assert!((tau - 1.0).abs() > 0.1, "τ has moved");
}

/// ρ w² is a power of two: at that τ both sides of the test for enough curvature are equal, and equality is enough.
#[test]
fn a_step_size_that_is_just_enough_is_taken() {
    let one = |x: f64| Matrix::from_vec(1, 1, vec![x]).unwrap();
    for (curvature, trials) in [(0.5, 1), (1.0, 2), (4.0, 4)] {
        let (weights, z) = (one(1.0), one(0.0));
        let mut compute = Compute::new(1).unwrap();
        let mut next = WeightBlock::new(weights, 1, Solver::Backtracking);
        next.refresh_product(&one(0.0), &mut compute);
        let mut block = ActivationBlock::new(one(0.0), 1, Solver::Backtracking);
        let view = NextLayer {
            weights: &next,
            bias: &[0.0],
            target: &one(8.0),
            rho: curvature,
        };
        let band = ActivationBand {
            center: &z,
            activation: Identity,
            epsilon: 100.0,
        };
        let report = block.propose(view, band, Inertia::NONE, &mut compute);
        assert!((report.inverse_step - curvature).abs() <= 0.0);
        assert_eq!(report.trials, trials);
    }
}

/// What a vanished residual is known to: rounding against z, and nothing of the objective, which is zero.
#[test]
fn where_nothing_is_left_the_rounding_of_the_products_is() {
    let mut s = Setting::random(Identity, (6, 5, 40), 45);
    let mut compute = Compute::new(1).unwrap();
    let (mut next, mut block) = s.blocks(Solver::Backtracking, &mut compute);
    block.propose(s.next(&next), s.band(), Inertia::NONE, &mut compute);
    block.accept(&mut next);
    s.target = Matrix::from_fn(5, 40, |i, j| next.product()[(i, j)] + s.bias[i]);
    let still = block.propose(s.next(&next), s.band(), Inertia::NONE, &mut compute);
    assert_eq!(
        (
            still.change.before,
            still.change.increase,
            still.change.rounding
        ),
        (0.0, 0.0, 0.0)
    );
    // Inertia alone moves away.
    let moved = block.propose(
        s.next(&next),
        s.band(),
        inertia(0.5, 0.0, 0.0),
        &mut compute,
    );
    assert!(moved.change.before.abs() <= 0.0 && moved.change.increase > 0.0);
    let lost = 0.5 * RHO * (64.0 * f64::EPSILON).powi(2) * s.target.norm_sq();
    assert!((moved.change.rounding / lost - 1.0).abs() < TIGHT);
}

/// Two nearly parallel columns of W: the solve goes far along their difference, and the band cuts it where the objective is higher.
#[test]
fn a_solve_that_the_band_makes_worse_is_replaced_by_the_searched_step() {
    let mut replaced = 0;
    for seed in 0..12 {
        let mut s = Setting::random(Relu, (4, 3, 2), 50 + seed);
        s.epsilon = 0.4;
        for i in 0..3 {
            s.weights[(i, 1)] = s.weights[(i, 0)] * 1.05;
        }
        let mut compute = Compute::new(1).unwrap();
        let (_, tau) = s.step(&s.a, &s.a, 1.0, Inertia::NONE);
        let (searched, _) = s.step(&s.a, &s.a, 1.0, Inertia::NONE);
        let newton = {
            let g = gradient(&s, &s.a);
            let (x, _, _) = solved(&hessian(&s), &g, 60, 1e-13);
            clamp_to(&plus(&s.a, -1.0, &x), &s.low(), &s.high())
        };
        let worse = s.value(&newton) > s.value(&s.a);
        replaced += usize::from(worse);
        let (mut next, mut block) = s.blocks(Solver::Cholesky, &mut compute);
        let none = Inertia::NONE;
        let report = block.propose(s.next(&next), s.band(), none, &mut compute);
        block.accept(&mut next);
        let expected = if worse { &searched } else { &newton };
        assert!(distance(block.values(), expected) < 1e-9, "{seed}");
        assert_eq!(report.rel_residual.is_none(), worse);
        assert_eq!(report.inverse_step.is_nan(), !worse);
        assert!((block.tau() - if worse { tau } else { 1.0 }).abs() < 1e-12);
        // With inertia it is the guard that looks after it.
        let (next, mut block) = s.blocks(Solver::Cholesky, &mut compute);
        let p = inertia(0.0, 0.0, 0.1);
        let report = block.propose(s.next(&next), s.band(), p, &mut compute);
        assert!(report.rel_residual.is_some());
    }
    assert!(replaced > 0 && replaced < 12, "{replaced}");
}

#[test]
fn weights_of_zero_leave_the_activations_where_they_are() {
    for solver in [Solver::Backtracking, Solver::Cholesky, Solver::CG] {
        let mut s = Setting::random(Relu, (4, 3, 10), 46);
        s.weights = Matrix::zeros(3, 4);
        let mut compute = Compute::new(1).unwrap();
        let (mut next, mut block) = s.blocks(solver, &mut compute);
        let report = block.propose(s.next(&next), s.band(), Inertia::NONE, &mut compute);
        block.accept(&mut next);
        assert!(report.change.increase.abs() <= 0.0 && report.change.before > 0.0);
        assert!(distance(block.values(), &s.a) < 1e-15);
    }
}

#[test]
fn repair_refreshes_the_product_of_the_samples_it_moved() {
    let s = Setting::random(Relu, (5, 4, 150), 47);
    let mut compute = Compute::new(1).unwrap();
    let cases: [&[usize]; 5] = [&[], &[63], &[64], &[149], &[0, 1, 128]];
    for low in cases {
        let mut s = Setting {
            a: map(&s.z, |z| z.max(0.0)),
            z: s.z.clone(),
            weights: s.weights.clone(),
            bias: s.bias.clone(),
            target: s.target.clone(),
            ..s
        };
        for j in low {
            (s.z[(2, *j)], s.a[(2, *j)]) = (-1.0, -0.5);
        }
        let (mut next, mut block) = s.blocks(Solver::Backtracking, &mut compute);
        let moved = block.repair(s.band(), &mut next, &mut compute);
        assert_eq!(moved, !low.is_empty());
        let lifted = map(&s.a, |a| a.max(-s.epsilon));
        assert!(distance(block.values(), &lifted) <= 0.0);
        assert!(distance(next.product(), &multiply(&s.weights, &lifted)) < 1e-14);
    }
}

/// On the bound is within the band; and where nothing moved, what the next layer knows of its inputs still holds.
#[test]
fn repair_that_moves_nothing_leaves_the_next_layer_as_it_was() {
    for solver in [Solver::Backtracking, Solver::Dual] {
        for moved in [false, true] {
            let mut s = Setting::random(Relu, (8, 4, 6), 49);
            s.a = map(&s.z, |z| z.max(0.0));
            let below = if moved { 0.125 } else { 0.0 };
            (s.z[(1, 2)], s.a[(1, 2)]) = (-1.0, -s.epsilon - below);
            let mut compute = Compute::new(1).unwrap();
            let (mut next, mut block) = s.blocks(solver, &mut compute);
            let touched = block.repair(s.band(), &mut next, &mut compute);
            assert_eq!(touched, moved);
            assert!((block.values()[(1, 2)] + s.epsilon).abs() <= 0.0);
            let problem = WeightProblem {
                inputs: block.values(),
                bias: &s.bias,
                target: &s.target,
                rho: RHO,
                ridge: 0.1,
                l1: 0.0,
            };
            next.propose(&problem, Inertia::NONE, &mut compute);
            // The dual form is for inputs that have not changed.
            let plain = moved || solver != Solver::Dual;
            let form = if plain { Solver::Backtracking } else { solver };
            assert_eq!(next.solver(), form);
        }
    }
}

#[test]
fn repair_of_samples_shared_out_moves_all_of_them() {
    let (n, n_samples) = (10, 160_000);
    let z = Matrix::from_fn(n, n_samples, |i, j| ((i + j) % 5) as f32 - 2.0);
    let a = Matrix::from_fn(n, n_samples, |i, j| z[(i, j)].max(0.0) - 1.0);
    let weights = random::<f32>(1, n, 48);
    for threads in [1, 3] {
        let mut compute = Compute::new(threads).unwrap();
        let mut next = WeightBlock::new(weights.clone(), n_samples, Solver::Backtracking);
        let mut block = ActivationBlock::new(a.clone(), 1, Solver::Backtracking);
        let band = ActivationBand {
            center: &z,
            activation: Relu,
            epsilon: 0.25,
        };
        let touched = block.repair(band, &mut next, &mut compute);
        assert!(touched, "{threads} threads");
        let low = block.values().as_slice().iter().filter(|a| **a < -0.25);
        assert_eq!(low.count(), 0);
    }
}
