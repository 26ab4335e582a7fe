//! Measurements of training by batches: the effect of each of its parts, and the time of an epoch against size.
//!
//!     cargo run --release -p tiam-bench --example stochastic -- ablation DIR [SEEDS]
//!     cargo run --release -p tiam-bench --example stochastic -- scaling
//!
//! `DIR` holds `mnist/`; without it the digits are used. Two threads, f32.

#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a program for measuring"
)]

mod common;

use std::time::Instant;

use tiam_core::Inertia;
use tiam_data::{Dataset, LoadParams, digits, load};
use tiam_linalg::Matrix;
use tiam_models::{
    Activation, Architecture, CurvatureChoice, Init, Network, Samples, StepSchedule,
    StochasticData, StochasticParams, Target, train_stochastic,
};

const THREADS: usize = 2;

const USAGE: &str = "\
Measures training by batches. Tables are Markdown.

usage: stochastic ablation [DIR [SEEDS]]
           test accuracy and seconds with each part of the method left out or replaced
       stochastic scaling
           seconds of an epoch against the numbers of samples and parameters
  DIR    folder that holds mnist/; the embedded digits if not given
  SEEDS  runs of each variant, from 1; 5 if not given";

fn main() {
    let given = common::arguments(USAGE, 3);
    match given.first().map(String::as_str) {
        Some("ablation") => {
            let positive: (fn(&u64) -> bool, &str) = (|n| *n > 0, "a whole number above 0");
            let seeds = common::value(USAGE, &given, (2, "SEEDS"), 5, positive);
            ablation(given.get(1).map(String::as_str), seeds);
        }
        Some("scaling") if given.len() == 1 => scaling(),
        Some("scaling") => common::refuse(USAGE, "scaling takes no further arguments"),
        Some(other) => common::refuse(USAGE, format!("there is no measurement {other:?}")),
        None => common::refuse(USAGE, "no measurement is named"),
    }
}

fn network(samples: &Samples<f32>, hidden: &[usize], seed: u64) -> Network<f32> {
    let (n_in, target) = (samples.inputs().n_rows(), samples.target());
    let (n_out, loss) = (target.n_outputs(), target.loss());
    let shape = Architecture::new(n_in, hidden, n_out, Activation::Relu, loss).unwrap();
    Network::new(shape, Init::He, seed).unwrap()
}

const DEFAULT: &str = "as by default";

/// Every part left out or replaced in turn, all else as by default.
fn variants() -> Vec<(&'static str, StochasticParams)> {
    let base = StochasticParams::default;
    let inertia = |p1, p2, p3| base().inertia(Inertia::new(p1, p2, p3).unwrap());
    vec![
        (DEFAULT, base()),
        ("no averaging of the iterates", base().averaging(0.0)),
        ("all samples go backward", base().error_tolerance(None)),
        ("no trust region", base().trust(None)),
        ("no third inertia (.8, .8, 0)", inertia(0.8, 0.8, 0.0)),
        ("heavy ball (.92, 0, 0)", inertia(0.92, 0.0, 0.0)),
        ("Nesterov's (.92, .92, 0)", inertia(0.92, 0.92, 0.0)),
        ("no inertia", inertia(0.0, 0.0, 0.0)),
        (
            "no curvature, η = 0.1",
            base().curvature(CurvatureChoice::Identity).step(0.1),
        ),
        (
            "all of the curvature",
            base().curvature(CurvatureChoice::Full),
        ),
        (
            "sketches of rank 8",
            base().curvature(CurvatureChoice::Sketch).rank(8),
        ),
        ("curvature every batch", base().refresh(1)),
        ("curvature every 100 batches", base().refresh(100)),
        (
            "constant step",
            base().step_schedule(StepSchedule::Constant),
        ),
        ("batches of 250", base().batch_size(250)),
        ("batches of 1000", base().batch_size(1000)),
    ]
}

fn ablation(folder: Option<&str>, seeds: u64) {
    let data: Dataset<f32> = match folder {
        Some(folder) => load(format!("{folder}/mnist"), &LoadParams::default())
            .unwrap_or_else(|error| common::refuse(USAGE, error)),
        None => digits().unwrap(),
    };
    let source = data.source().to_owned();
    let drawn = data.make_split(0.0, 0.2, 0).unwrap();
    let split = data.split().cloned().unwrap_or(drawn);
    let parts = data.into_parts(&split).unwrap();
    let (train, test) = (
        tiam::samples(parts.train).unwrap(),
        tiam::samples(parts.test).unwrap(),
    );
    println!(
        "Training by batches, 100-100 hidden units, with one part changed at a time: {source}\n"
    );
    println!(
        "| what is different | test accuracy after each epoch, mean of {seeds} seeds (%) | seconds an epoch |"
    );
    println!("| :--- | :--- | ---: |");
    let mut ends = Vec::new();
    for (name, params) in variants() {
        let mut curves: Vec<Vec<f64>> = Vec::new();
        let mut seconds = f64::INFINITY;
        for seed in 0..seeds {
            let config = params.clone().seed(seed).threads(THREADS).check().unwrap();
            let data = StochasticData {
                test: Some(&test),
                ..StochasticData::new(&train)
            };
            let network = network(&train, &[100, 100], seed);
            // Without a trust region a run may blow up: it then counts with what it had.
            let rows = match train_stochastic(network, data, &config, &mut []) {
                Ok(trained) => trained.trace.rows,
                Err(tiam_models::TrainError::Failed { trace, .. }) => trace.rows,
                Err(refused) => panic!("{refused}"),
            };
            let accuracy = |m: tiam_models::NetworkMeasures| m.test.unwrap().accuracy.unwrap();
            curves.push(rows[1..].iter().map(|row| accuracy(row.measures)).collect());
            let time = rows.last().unwrap().measures.training_seconds.unwrap();
            seconds = seconds.min(time / (rows.len() - 1).max(1) as f64);
        }
        let shown = match curves.iter().map(Vec::len).min() {
            Some(0) | None => "failed".to_owned(),
            Some(epochs) => {
                let mean = |e: usize| curves.iter().map(|c| c[e]).sum::<f64>() / seeds as f64;
                ends.push((100.0 * mean(epochs - 1), name));
                let all: Vec<String> = (0..epochs)
                    .map(|e| format!("{:.2}", 100.0 * mean(e)))
                    .collect();
                all.join(" ")
            }
        };
        println!("| {name} | {shown} | {seconds:.3} |");
    }
    let default = ends.iter().find(|(_, name)| *name == DEFAULT);
    let worst = ends.iter().min_by(|a, b| a.0.total_cmp(&b.0));
    if let (Some((default, _)), Some((worst, name))) = (default, worst) {
        println!(
            "\nResult: the defaults end at {default:.2} %; the largest loss is {:.2} points, with: {name}.",
            default - worst
        );
    }
}

/// Least seconds of three epochs on generated data.
fn epoch_seconds(n: usize, n_in: usize, hidden: usize) -> f64 {
    let inputs = Matrix::from_fn(n_in, n, |i, j| {
        ((i * 7919 + j * 104_729) % 2003) as f32 / 1001.0 - 1.0
    });
    let labels = (0..n).map(|j| (j % 10) as u32).collect();
    let target = Target::Classes {
        labels,
        n_classes: 10,
    };
    let samples = Samples::new(inputs, target).unwrap();
    // All go backward, so that every epoch does the same work.
    let params = StochasticParams::default()
        .epochs(3)
        .batch_size(500)
        .error_tolerance(None);
    let config = params.threads(THREADS).check().unwrap();
    let network = network(&samples, &[hidden, hidden], 0);
    let clock = Instant::now();
    let trained =
        train_stochastic(network, StochasticData::new(&samples), &config, &mut []).unwrap();
    let times: Vec<f64> = trained
        .trace
        .rows
        .iter()
        .map(|r| r.measures.training_seconds.unwrap())
        .collect();
    let least = times
        .windows(2)
        .map(|w| w[1] - w[0])
        .fold(f64::INFINITY, f64::min);
    assert!(least <= clock.elapsed().as_secs_f64());
    least
}

fn scaling() {
    println!("Time of an epoch of training by batches on generated data, {THREADS} threads, f32\n");
    println!(
        "| samples x features, hidden | parameters | seconds an epoch | ns a sample and parameter |"
    );
    println!("| :--- | ---: | ---: | ---: |");
    let by_samples = [10_000, 100_000, 1_000_000].map(|n| (n, 100, 100));
    let by_parameters =
        [(25, 45), (100, 170), (250, 570), (400, 1850)].map(|(i, h)| (20_000, i, h));
    let mut units = Vec::new();
    for (n, n_in, hidden) in by_samples.into_iter().chain(by_parameters) {
        let parameters = (n_in + 1) * hidden + (hidden + 1) * hidden + (hidden + 1) * 10;
        let seconds = epoch_seconds(n, n_in, hidden);
        let unit = 1e9 * seconds / (n * parameters) as f64;
        println!("| {n} x {n_in}, {hidden}-{hidden} | {parameters} | {seconds:.3} | {unit:.4} |");
        units.push(unit);
    }
    let (least, most) = (
        units.iter().copied().fold(f64::INFINITY, f64::min),
        units.iter().copied().fold(0.0, f64::max),
    );
    println!(
        "\nResult: {least:.4} to {most:.4} ns a sample and parameter over all sizes; equal figures mean linear growth."
    );
}
