//! Sums of other processes that are some iterations old, by the full batch: a trial, with what it shows.

use proptest::prelude::*;
use tiam_core::{Guard, Inertia, Stopping};
use tiam_linalg::Matrix;
use tiam_models::{
    Activation, Architecture, Band, Init, Network, Samples, Target, TiamParams, train,
};

use crate::channels::in_processes;
use crate::common::stale::{self, End, Stale};

fn samples(n: usize, seed: u64) -> Samples<f64> {
    let x = Matrix::from_fn(20, n, |i, j| ((i * 7 + j * 13) as f64 + seed as f64).sin());
    let labels = (0..n)
        .map(|j| u32::from(x[(0, j)] * x[(1, j)] > 0.1))
        .collect();
    let target = Target::Classes {
        labels,
        n_classes: 2,
    };
    Samples::new(x, target).unwrap()
}

fn network(samples: &Samples<f64>, seed: u64) -> Network<f64> {
    let loss = samples.target().loss();
    let shape = Architecture::new(20, &[18], 2, Activation::Relu, loss).unwrap();
    Network::new(shape, Init::He, seed).unwrap()
}

fn params(iterations: usize) -> TiamParams {
    let band = Band {
        start: 0.1,
        decay: 1.0,
        floor: 0.1,
    };
    TiamParams::default()
        .band(band)
        .stopping(Stopping::default().max_iterations(iterations))
}

fn run(size: usize, staleness: usize, guard: Guard, params: &TiamParams, seed: u64) -> End {
    let samples = samples(400, seed);
    let mut ends = in_processes(size, |process| {
        let processes = Stale::new(process, staleness);
        stale::train(
            network(&samples, seed),
            &samples,
            params.clone(),
            guard,
            processes,
        )
    });
    let first = ends.remove(0);
    assert!(ends.iter().all(|end| *end == first));
    first
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn the_guard_on_fresh_totals_lets_no_objective_rise(
        size in 2..5_usize, staleness in 0..6_usize, p in prop::array::uniform3(0.0..1.0), seed in 0..99_u64,
    ) {
        let inertia = Inertia::new(p[0], p[1], p[2]).unwrap();
        let end = run(size, staleness, Guard::On, &params(25).inertia(inertia), seed);
        prop_assert_eq!(end.objectives.len(), 26);
        for pair in end.objectives.windows(2) {
            prop_assert!(pair[1] <= pair[0] * (1.0 + 1e-12), "{:?}", pair);
        }
    }
}

#[test]
fn sums_that_are_not_late_are_those_of_the_library() {
    let samples = samples(400, 1);
    let config = params(15).check().unwrap();
    let alone = train(network(&samples, 1), &samples, &config, &mut []).unwrap();
    let end = run(3, 0, Guard::On, &params(15), 1);
    assert_eq!(end.network, alone.network);
    assert_eq!(end.objectives, alone.trace.objectives());
    assert_ne!(run(3, 1, Guard::On, &params(15), 1).network, alone.network);
}

#[test]
fn without_the_guard_late_sums_raise_the_objective() {
    let end = run(4, 4, Guard::Off, &params(25), 1);
    assert!(end.objectives.windows(2).any(|pair| pair[1] > pair[0]));
}
