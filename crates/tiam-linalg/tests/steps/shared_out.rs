//! From which work on samples are shared out among threads, and that their sums are added in the order of the ranges.
//!
//! Sums of single precision are rounded where one range ends: to the bit, a sum over two ranges is not the sum over all.

use std::ops::Range;

use crate::common::random;
use tiam_linalg::Activation::Identity;
use tiam_linalg::{
    ActivationBlock, Band, BiasBlock, Compute, Inertia, LossTarget, Matrix, NextLayer,
    PreactivationBlock, Prediction, Real, Solver, WeightBlock, WeightProblem, map_entries,
    outer_product, penalty, sum_entries,
};

/// Flops from which a sweep is shared out.
const SHARED_FROM: usize = 6_000_000;

const NONE: Inertia = Inertia::NONE;

/// Asserts that `sum`, of a range of samples by so many threads, is of two halves exactly from the number of samples on at which the work is
/// [`SHARED_FROM`].
fn assert_shared_out<T: Real>(flops: usize, sum: impl Fn(Range<usize>, usize) -> T) {
    let n = SHARED_FROM / flops;
    assert_eq!(n * flops, SHARED_FROM, "the case is at the bound");
    for (n, is_shared) in [(n, true), (n - 1, false)] {
        let whole = sum(0..n, 1);
        let halves = sum(0..n / 2, 1) + sum(n / 2..n, 1);
        assert_ne!(whole, halves, "{flops}: rounding tells nothing");
        let expected = if is_shared { halves } else { whole };
        let found = sum(0..n, 2);
        assert!(
            (found - expected).abs() <= T::zero(),
            "{flops}, {n}: {whole} {halves} {found}"
        );
    }
}

/// Columns of a matrix.
fn cut(x: &Matrix<f32>, of: &Range<usize>) -> Matrix<f32> {
    let n = x.n_rows();
    let data = x.as_slice()[of.start * n..of.end * n].to_vec();
    Matrix::from_vec(n, of.len(), data).unwrap()
}

fn compute(threads: usize) -> Compute<f32> {
    Compute::new(threads).unwrap()
}

/// A layer of ten units with as many samples as its cheapest pass needs to be shared out.
struct Samples {
    product: Matrix<f32>,
    z: Matrix<f32>,
    bias: Vec<f32>,
}

impl Samples {
    fn new() -> Self {
        Self {
            product: random(10, 150_000, 1),
            z: random(10, 150_000, 2),
            bias: random::<f32>(10, 1, 3).into_vec(),
        }
    }

    /// ρ = 2: the objectives are the sums themselves.
    fn predict<'a>(&'a self, product: &'a Matrix<f32>) -> Prediction<'a, f32> {
        Prediction {
            product,
            bias: &self.bias,
            rho: 2.0,
        }
    }
}

#[test]
fn passes_over_preactivations_are_shared_out_by_their_flops() {
    let all = Samples::new();
    let case = |of: &Range<usize>| (cut(&all.product, of), cut(&all.z, of));
    assert_shared_out(4 * 10, |of, threads| {
        let (product, z) = case(&of);
        penalty(&z, all.predict(&product), &mut compute(threads))
    });
    assert_shared_out(20 * 10, |of, threads| {
        let (product, z) = case(&of);
        let mut block = PreactivationBlock::new(z.clone());
        let c = &mut compute(threads);
        let report = block.propose_hidden(all.predict(&product), &z, Identity, 0.5, NONE, c);
        report.before
    });
    assert_shared_out(200 * 10, |of, threads| {
        let (product, z) = case(&of);
        let mut block = PreactivationBlock::new(z.clone());
        let target = LossTarget::values(&z);
        let c = &mut compute(threads);
        block
            .propose_last(all.predict(&product), target, NONE, c)
            .1
            .loss
    });
    assert_shared_out(6 * 10, |of, threads| {
        let (product, z) = case(&of);
        let mut block = BiasBlock::new(all.bias.clone());
        let report = block.propose(&product, &z, 2.0, NONE, &mut compute(threads));
        report.before
    });
    assert_shared_out(20 * 10, |of, threads| {
        let [sum] = sum_entries(
            [&case(&of).1],
            &all.bias,
            &mut compute(threads),
            |[z], b| [z * z + b],
        );
        sum
    });
    assert_shared_out(20 * 10, |of, threads| {
        let (product, mut z) = case(&of);
        let f = |z: f32, [x]: [f32; 1], b: f32| (x, [z * z * b]);
        let [sum] = map_entries(&mut z, [&product], &all.bias, &mut compute(threads), f);
        assert_eq!(z, product);
        sum
    });
}

#[test]
fn gradients_are_shared_out_by_the_flops_of_their_products() {
    let (n_out, n_in) = (4, 25);
    let (a, z) = (
        random::<f32>(n_in, 30_000, 4),
        random::<f32>(n_out, 30_000, 5),
    );
    let (weights, bias) = (random::<f32>(n_out, n_in, 6), vec![0.5; n_out]);
    assert_shared_out(2 * n_out * n_in, |of, threads| {
        let (a, z) = (cut(&a, &of), cut(&z, &of));
        let problem = WeightProblem {
            inputs: &a,
            bias: &bias,
            target: &z,
            rho: 2.0,
            ridge: 0.0,
            l1: 0.0,
        };
        let mut c = compute(threads);
        let mut block = WeightBlock::new(weights.clone(), of.len(), Solver::Backtracking);
        block.refresh_product(&a, &mut c);
        block.propose(&problem, NONE, &mut c).before
    });
    assert_shared_out(4 * n_out * n_in, |of, threads| {
        let (a, z) = (cut(&a, &of), cut(&z, &of));
        let mut c = compute(threads);
        let mut next = WeightBlock::new(weights.clone(), of.len(), Solver::Backtracking);
        next.refresh_product(&a, &mut c);
        let view = NextLayer {
            weights: &next,
            bias: &bias,
            target: &z,
            rho: 2.0,
        };
        let band = Band {
            center: &a,
            activation: Identity,
            epsilon: 0.5,
        };
        let mut block = ActivationBlock::new(a.clone(), n_out, Solver::Backtracking);
        block.propose(view, band, NONE, &mut c).before
    });
    assert_shared_out(2 * n_out * n_in, |of, threads| {
        let (a, z) = (cut(&a, &of), cut(&z, &of));
        let mut out = Matrix::zeros(n_out, n_in);
        outer_product(&mut out, &z, &a, &mut compute(threads));
        out[(1, 2)]
    });
}

/// A pass over W counts 24 flops an entry; ‖W‖² is known from the pass that made W.
#[test]
fn passes_over_the_weights_are_shared_out_over_features() {
    for (n_in, is_shared) in [(25_000, true), (24_999, false)] {
        let (a, z) = (random::<f32>(n_in, 1, 7), random::<f32>(10, 1, 8));
        let problem = WeightProblem {
            inputs: &a,
            bias: &[0.0; 10],
            target: &z,
            rho: 1.0,
            ridge: 0.1,
            l1: 0.0,
        };
        let mut c = compute(2);
        let mut block = WeightBlock::new(random(10, n_in, 9), 1, Solver::Backtracking);
        block.refresh_product(&a, &mut c);
        block.propose(&problem, NONE, &mut c);
        block.accept(&a, &mut c);
        let w = block.weights();
        let halves = cut(w, &(0..n_in / 2)).norm_sq() + cut(w, &(n_in / 2..n_in)).norm_sq();
        let whole = w.norm_sq();
        assert_ne!(whole.to_bits(), halves.to_bits(), "rounding tells nothing");
        let expected = if is_shared { halves } else { whole };
        assert!((block.penalty(2.0, 0.0) - expected).abs() <= 0.0, "{n_in}");
    }
}

/// Three steps with every coefficient apart; what a caller sees of them.
fn run(solver: Solver, (n_out, n_in, n): (usize, usize, usize), threads: usize) -> Vec<f64> {
    let (a, z) = (random::<f64>(n_in, n, 10), random::<f64>(n_out, n, 11));
    let bias = random::<f64>(n_out, 1, 12).into_vec();
    let problem = WeightProblem {
        inputs: &a,
        bias: &bias,
        target: &z,
        rho: 0.7,
        ridge: 0.3,
        l1: 0.0,
    };
    let mut c = Compute::new(threads).unwrap();
    let mut block = WeightBlock::new(random(n_out, n_in, 13), n, solver);
    block.refresh_product(&a, &mut c);
    let mut seen = Vec::new();
    for (start, gradient, correction) in [(0.5, 0.2, 0.3), (0.3, 0.6, 0.1), (0.4, 0.1, 0.2)] {
        let step = Inertia {
            start,
            gradient,
            correction,
        };
        let report = block.propose(&problem, step, &mut c);
        block.accept(&a, &mut c);
        seen.extend([report.before, report.increase, block.penalty(2.0, 0.0)]);
        seen.push(block.gradient_norm(&problem, &mut c));
        if report.inverse_step.is_finite() {
            seen.push(report.inverse_step);
        }
    }
    seen.extend(block.weights().as_slice());
    seen.extend(block.product().as_slice());
    seen
}

/// More samples than features, more features than samples, and so many weights that passes over them are shared out too.
#[test]
fn every_form_of_the_w_step_is_the_same_with_any_number_of_threads() {
    let cases = [
        (Solver::Backtracking, (20, 30, 7_000)),
        (Solver::Gram, (20, 30, 7_000)),
        (Solver::Cholesky, (10, 40, 5_000)),
        (Solver::Backtracking, (20, 13_000, 12)),
        (Solver::Cholesky, (20, 13_000, 12)),
        (Solver::CG, (20, 13_000, 12)),
        (Solver::Dual, (300, 400, 200)),
        (Solver::DualCholesky, (300, 400, 200)),
    ];
    for (solver, sizes) in cases {
        let one = run(solver, sizes, 1);
        for threads in [2, 4] {
            let several = run(solver, sizes, threads);
            for (x, y) in one.iter().zip(&several) {
                assert!(
                    (x - y).abs() <= 1e-9 * x.abs().max(1.0),
                    "{solver:?}: {x} {y}"
                );
            }
        }
    }
}
