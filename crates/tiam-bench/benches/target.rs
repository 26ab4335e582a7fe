//! Bench of the time to a target, f32, two threads. The relaxed methods run until F of the same parameters from the same start reaches a
//! value; TIAM and two gradient methods, each in its published setting, run until the network's training loss does.
//!
//! Evaluation is part of the time, set-up is not. A method that does not get there within the limit of iterations fails the bench.
//! On Cora only where `TIAM_DATA` holds it: a time to a target depends on the data.

#![allow(missing_docs, reason = "criterion's macros")]

mod common;

use std::cell::OnceCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::{between, is_real, short_group, train, training_samples};
use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};
use tiam_bench::methods::{Method, Setup};
use tiam_bench::shapes::Shape;
use tiam_core::{StopReason, Stopping};
use tiam_models::{Band, Samples, TiamParams};

/// F/N at or below which a run ends: from 2.5 at the digits' start; reached in tens of iterations.
const OBJECTIVE: f64 = 0.5;
/// Training loss a sample below which a run ends, from 2.5 as well: TIAM's penalty keeps its network above 0.14 here.
const LOSS: f64 = 0.2;
/// With this band and ρ, F falls at every iteration, and its value says how good the network is; the published ones drive F below any
/// target within an iteration, before the network has learned anything.
const BAND: Band = Band::constant(0.01);
const RHO: f64 = 1.0;
const MAX_ITERATIONS: usize = 2_000;
const MEASURED: Duration = Duration::from_secs(2);

/// A run's end.
#[derive(Clone, Copy)]
enum Target {
    /// F/N.
    Objective(f64),
    /// Training loss a sample.
    Loss(f64),
}

/// Wall-clock time of one run to its target.
fn run(setup: &Setup, samples: &Samples<f32>, target: Target) -> Duration {
    let reached = Arc::new(AtomicBool::new(false));
    let stopping = Stopping::default().max_iterations(MAX_ITERATIONS);
    let (stopping, expected) = match target {
        Target::Objective(mean) => (
            stopping.target_objective(mean * samples.n_samples() as f64),
            StopReason::TargetObjective,
        ),
        Target::Loss(_) => (
            stopping.interrupt(Arc::clone(&reached)),
            StopReason::Interrupted,
        ),
    };
    let trained = train(setup, samples, stopping, &mut |row| {
        if matches!(target, Target::Loss(below) if row.measures.train_loss < below) {
            reached.store(true, Ordering::Relaxed);
        }
    });
    assert_eq!(trained.reason, expected, "{}", setup.method);
    let last = trained.trace.rows.len() - 1;
    between(&trained, 0, last)
}

fn times(criterion: &mut Criterion) {
    for shape in [Shape::Digits, Shape::Cora] {
        if !is_real(shape) {
            continue;
        }
        let mut group = short_group(criterion, shape, MEASURED);
        group.sampling_mode(SamplingMode::Flat);
        let samples = OnceCell::new();
        let mut bench = |name: String, setup: &Setup, target| {
            group.bench_function(name, |bencher| {
                let samples = samples.get_or_init(|| training_samples(shape));
                bencher.iter_custom(|n| (0..n).map(|_| run(setup, samples, target)).sum());
            });
        };
        for method in [Method::Tiam, Method::Am, Method::Mdlam] {
            let setup = Setup::relaxed(method, TiamParams::default().rho(RHO).band(BAND));
            let name = format!("objective_below_{OBJECTIVE}/{method}");
            bench(name, &setup, Target::Objective(OBJECTIVE));
        }
        if shape == Shape::Digits {
            for method in [Method::Tiam, Method::Sgd, Method::Adam] {
                let name = format!("training_loss_below_{LOSS}/{method}");
                bench(name, &Setup::published(method), Target::Loss(LOSS));
            }
        }
        group.finish();
    }
}

criterion_group!(benches, times);
criterion_main!(benches);
