//! One full-batch iteration on each data shape, f32, two threads: `cargo bench -- mnist` selects one.
//!
//! Without `TIAM_DATA` the larger shapes run on generated data; an iteration's time does not depend on which.

#![allow(missing_docs, reason = "criterion's macros")]

use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use tiam_bench::shapes::{Prepared, Shape, data_folder, samples};
use tiam_core::{Driver, DriverParams, Stopping};
use tiam_linalg::Solver;
use tiam_models::{Activation, Architecture, Init, Network, NetworkProblem, TiamParams};

const HIDDEN: [usize; 2] = [100, 100];
const THREADS: usize = 2;
/// Iterations after which a measurement starts afresh, so that what is timed is training and not its tail.
const HORIZON: usize = 50;

/// Wall-clock time of `n` iterations, evaluation included, set-up not.
fn iterations(prepared: &Prepared<f32>, solver: Solver, n: u64) -> Duration {
    let (n_in, target) = (prepared.train.inputs().n_rows(), prepared.train.target());
    let sizes = Architecture::new(
        n_in,
        &HIDDEN,
        target.n_outputs(),
        Activation::Relu,
        target.loss(),
    );
    let config = TiamParams::default()
        .solver(solver)
        .threads(THREADS)
        .check();
    let (Ok(sizes), Ok(config)) = (sizes, config) else {
        return Duration::ZERO;
    };
    let stopping = Stopping::default().max_iterations(HORIZON);
    let mut spent = Duration::ZERO;
    let mut left = n;
    while left > 0 {
        let Ok(network) = Network::<f32>::new(sizes.clone(), Init::He, 0) else {
            break;
        };
        let Ok(problem) = NetworkProblem::new(network, &prepared.train, config.clone()) else {
            break;
        };
        let Ok(driver) = DriverParams::default().stopping(stopping.clone()).check() else {
            break;
        };
        let Ok(mut run) = Driver::new(driver).start(problem) else {
            break;
        };
        let start = Instant::now();
        while left > 0 && run.step().is_ok_and(|flow| flow.is_continue()) {
            left -= 1;
        }
        spent += start.elapsed();
        // The step that reached the horizon has been done too.
        left = left.saturating_sub(1);
    }
    spent
}

fn full_batch(criterion: &mut Criterion) {
    let solvers = [Solver::Backtracking, Solver::Cholesky, Solver::CG];
    for shape in [Shape::Digits, Shape::Cora, Shape::Mnist] {
        let mut group = criterion.benchmark_group(shape.name());
        group
            .sample_size(10)
            .measurement_time(Duration::from_secs(5));
        let mut prepared = None;
        for solver in solvers {
            // The factor of 7,165 features is the paper's point, not ours to time at MNIST's size on every run.
            if shape == Shape::Mnist && solver != Solver::Backtracking {
                continue;
            }
            let name = format!("full_batch_iteration/{}", solver.name());
            group.bench_function(name, |bencher| {
                let prepared = prepared
                    .get_or_insert_with(|| samples::<f32>(shape, data_folder().as_deref(), 0));
                if let Ok(prepared) = prepared {
                    bencher.iter_custom(|n| iterations(prepared, solver, n));
                }
            });
        }
        group.finish();
    }
}

criterion_group!(benches, full_batch);
criterion_main!(benches);
