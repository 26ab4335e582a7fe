//! Where an iteration's time goes: `cargo run --release -p tiam-bench --example iteration_profile -- mnist 20 2`.
//!
//! Arguments: shape (mnist, cora, digits), iterations, threads. Real data join when `TIAM_DATA` names their folder.

use std::error::Error;

use tiam_bench::shapes::{Shape, data_folder, samples};
use tiam_bench::timed::Timed;
use tiam_core::{Driver, DriverParams, Stopping};
use tiam_models::{Activation, Architecture, Init, Network, NetworkProblem, TiamParams};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let shape = match arguments.first().map(String::as_str) {
        Some("mnist") => Shape::Mnist,
        Some("cora") => Shape::Cora,
        _ => Shape::Digits,
    };
    let iterations = arguments.get(1).map_or(Ok(20), |s| s.parse())?;
    let threads = arguments.get(2).map_or(Ok(2), |s| s.parse())?;
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
        "{} (real data: {}), {iterations} iterations, {threads} threads, {} restarts, {:.2} ms an iteration",
        shape.name(),
        prepared.real,
        outcome.restarts,
        1e3 * outcome.seconds / iterations as f64,
    );
    for (name, spent) in outcome.problem.spent() {
        let total = 1e3 * spent.time.as_secs_f64();
        let each = total / spent.calls as f64;
        println!(
            "{name:14} {:4} calls {total:9.2} ms {each:9.3} ms each",
            spent.calls
        );
    }
    let last = outcome
        .trace
        .last()
        .map(|row| (row.objective, row.measures.train_accuracy));
    println!("objective and training accuracy {last:?}");
    Ok(())
}
