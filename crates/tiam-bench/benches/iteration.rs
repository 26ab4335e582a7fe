//! Bench of one iteration of every method on each data shape, f32, two threads: `cargo bench -p tiam-bench -- cora` selects a shape,
//! `-- iteration/adam` a method. **For a gradient method an iteration is an epoch**: all samples once, in its published batches.
//!
//! TIAM is timed with each of its solvers. Every method is in its published setting. Evaluation is part of an iteration, set-up and
//! a run's first iteration (which allocates and searches its first step sizes) are not. Generated data stand in for shapes that
//! `TIAM_DATA` does not hold; an iteration's time does not depend on which, and the group's name says so.

#![allow(missing_docs, reason = "criterion's macros")]

mod common;

use std::cell::OnceCell;
use std::time::Duration;

use common::{between, short_group, train, training_samples};
use criterion::{Criterion, criterion_group, criterion_main};
use tiam_bench::methods::{Method, Setup};
use tiam_bench::shapes::Shape;
use tiam_core::Stopping;
use tiam_linalg::Solver;
use tiam_models::{Samples, TiamParams};

/// Iterations after which a measurement starts afresh, so that what is timed is training and not its tail.
const HORIZON: u64 = 50;
const MEASURED: Duration = Duration::from_millis(1500);

/// Wall-clock time of `n` iterations.
fn iterations(setup: &Setup, samples: &Samples<f32>, n: u64) -> Duration {
    let mut spent = Duration::ZERO;
    let mut left = n;
    while left > 0 {
        let timed = left.min(HORIZON);
        let last = timed as usize + 1;
        let stopping = Stopping::default().max_iterations(last);
        let trained = train(setup, samples, stopping, &mut |_| {});
        spent += between(&trained, 1, last);
        left -= timed;
    }
    spent
}

/// TIAM with each solver, the others as they are.
fn setups(shape: Shape) -> Vec<(String, Setup)> {
    let mut setups = Vec::new();
    let gradient_step = [
        Solver::Backtracking,
        Solver::Gram,
        Solver::Dual,
        Solver::AUTO,
    ];
    for solver in [Solver::Cholesky, Solver::DualCholesky, Solver::CG]
        .into_iter()
        .chain(gradient_step)
    {
        // Factors as large as MNIST's are the paper's point, not ours to time on every run. A form that does not apply would time another.
        let wide = shape == Shape::Cora;
        let timed = match solver {
            Solver::Gram => !wide,
            Solver::Dual | Solver::DualCholesky => wide,
            Solver::Cholesky | Solver::ConjugateGradient { .. } => shape != Shape::Mnist,
            _ => true,
        };
        if timed {
            let setup = Setup::relaxed(Method::Tiam, TiamParams::default().solver(solver));
            setups.push((format!("iteration/tiam/{}", solver.name()), setup));
        }
    }
    for &method in Method::compared().iter().filter(|m| **m != Method::Tiam) {
        setups.push((format!("iteration/{method}"), Setup::published(method)));
    }
    setups
}

fn each_method(criterion: &mut Criterion) {
    for shape in [Shape::Digits, Shape::Cora, Shape::Mnist] {
        let mut group = short_group(criterion, shape, MEASURED);
        let samples = OnceCell::new();
        for (name, setup) in setups(shape) {
            group.bench_function(name, |bencher| {
                let samples = samples.get_or_init(|| training_samples(shape));
                bencher.iter_custom(|n| iterations(&setup, samples, n));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, each_method);
criterion_main!(benches);
