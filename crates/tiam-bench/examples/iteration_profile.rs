//! Time of each part of a full-batch iteration: `cargo run --release -p tiam-bench --example iteration_profile -- mnist 20 2`.
//!
//! Arguments: shape (mnist, cora, digits), iterations, threads. Real data join when `TIAM_DATA` names their folder.

mod common;

use std::error::Error;

use tiam_bench::shapes::{Shape, data_folder, samples};
use tiam_bench::timed::Timed;
use tiam_core::{Driver, DriverParams, Stopping};
use tiam_models::{Activation, Architecture, Init, Network, NetworkProblem, TiamParams};

const USAGE: &str = "\
Measures the time of each part of a full-batch TIAM iteration.

usage: iteration_profile [SHAPE [ITERATIONS [THREADS]]]
  SHAPE       digits (default), mnist or cora; TIAM_DATA names the folder of the real data,
              generated data of the same size stand in without it
  ITERATIONS  20 if not given
  THREADS     2 if not given";

fn main() -> Result<(), Box<dyn Error>> {
    let given = common::arguments(USAGE, 3);
    let shape = match given.first().map(String::as_str) {
        Some("mnist") => Shape::Mnist,
        Some("cora") => Shape::Cora,
        None | Some("digits") => Shape::Digits,
        Some(other) => common::refuse(USAGE, format!("there is no shape {other:?}")),
    };
    let positive: (fn(&usize) -> bool, &str) = (|n| *n > 0, "a whole number above 0");
    let iterations = common::value(USAGE, &given, (1, "ITERATIONS"), 20, positive);
    let threads = common::value(USAGE, &given, (2, "THREADS"), 2, positive);
    let prepared = samples::<f32>(shape, data_folder().as_deref(), 0)?;
    let (n_in, n_out) = (
        prepared.train.inputs().n_rows(),
        prepared.train.target().n_outputs(),
    );
    let loss = prepared.train.target().loss();
    let sizes = Architecture::new(n_in, &[100, 100], n_out, Activation::Relu, loss)?;
    let config = TiamParams::default().threads(threads).check()?;
    let network = Network::<f32>::new(sizes, Init::He, 0)?;
    let problem = Timed::new(NetworkProblem::new(network, &prepared.train, config)?);
    let stopping = Stopping::default().max_iterations(iterations);
    let outcome = Driver::new(DriverParams::default().stopping(stopping).check()?)
        .run(problem)
        .map_err(|f| f.to_string())?;
    println!(
        "Time of the parts of full-batch TIAM: {} ({} data), {n_in}-100-100-{n_out}, {iterations} iterations, threads: {threads}\n",
        shape.name(),
        if prepared.real { "real" } else { "generated" },
    );
    println!(
        "{:<14} {:>6} {:>11} {:>11}",
        "part", "calls", "total ms", "ms a call"
    );
    for (name, spent) in outcome.problem.spent() {
        let total = 1e3 * spent.time.as_secs_f64();
        let each = total / spent.calls as f64;
        println!("{name:<14} {:>6} {total:>11.2} {each:>11.3}", spent.calls);
    }
    let last = outcome.trace.last().ok_or("no iteration was done")?;
    println!(
        "\nResult: {:.2} ms an iteration; {} restarts, objective {:.6e}, training accuracy {:.1} %.",
        1e3 * outcome.seconds / iterations as f64,
        outcome.restarts,
        last.objective,
        100.0 * last.measures.train_accuracy.unwrap_or(f64::NAN),
    );
    Ok(())
}
