//! A splitting method on real data: `TIAM_DATA=... cargo run --release -p tiam-bench --example splitting -- bcd mnist 50 2 300,300,300`.
//!
//! Arguments: method (bcd, dladmm), shape (mnist, cora, digits), iterations, threads, hidden layers, and for dladmm ρ and the deviation of the start.

use std::error::Error;

use tiam_bench::methods::{
    BcdParams, BcdProblem, Biases, DladmmParams, DladmmProblem, Search, Start, TrainingProblem,
};
use tiam_bench::shapes::{Shape, data_folder, samples};
use tiam_core::{Driver, DriverParams, Guard, Inertia, Order, Stopping};
use tiam_linalg::Compute;
use tiam_models::{Activation, Architecture, Init, Samples};

struct Setting {
    iterations: usize,
    threads: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |i: usize, default: &str| -> String {
        arguments
            .get(i)
            .map_or_else(|| default.into(), Clone::clone)
    };
    let shape = match argument(1, "digits").as_str() {
        "mnist" => Shape::Mnist,
        "cora" => Shape::Cora,
        _ => Shape::Digits,
    };
    let setting = Setting {
        iterations: argument(2, "50").parse()?,
        threads: argument(3, "2").parse()?,
    };
    let hidden = argument(4, "100,100");
    let hidden: Result<Vec<usize>, _> = hidden.split(',').map(str::parse).collect();
    let data = samples::<f32>(shape, data_folder().as_deref(), 0)?;
    let (n_in, target) = (data.train.inputs().n_rows(), data.train.target());
    let sizes = Architecture::new(
        n_in,
        &hidden?,
        target.n_outputs(),
        Activation::Relu,
        target.loss(),
    )?;
    println!(
        "{}, real data: {}, {}",
        shape.name(),
        data.real,
        sizes.describe()
    );
    if argument(0, "bcd") == "bcd" {
        let start = Start {
            weights: Init::Normal(0.01),
            biases: Biases::Constant(0.1),
        };
        let config = BcdParams::default().threads(setting.threads).check()?;
        let problem = BcdProblem::new(start.network(sizes, 0)?, &data.train, config)?;
        let order = problem.order();
        run(problem, order, &setting, &data.test)
    } else {
        let rho = argument(5, "1e-6").parse()?;
        let deviation = argument(6, "0.1").parse()?;
        let search = if argument(7, "halved") == "fixed" {
            Search::Fixed
        } else {
            Search::Halved
        };
        let start = Start {
            weights: Init::Normal(deviation),
            biases: Biases::Normal(deviation),
        };
        let config = DladmmParams::default()
            .rho(rho)
            .search(search)
            .threads(setting.threads)
            .check()?;
        let problem = DladmmProblem::new(start.network(sizes, 0)?, &data.train, config)?;
        let order = problem.order();
        run(problem, order, &setting, &data.test)
    }
}

/// Prints a row for every tenth of the run.
fn run<P: TrainingProblem<f32>>(
    problem: P,
    order: Order,
    setting: &Setting,
    test: &Samples<f32>,
) -> Result<(), Box<dyn Error>> {
    let params = DriverParams::default()
        .inertia(Inertia::NONE)
        .guard(Guard::Off)
        .order(order)
        .divergence_factor(f64::INFINITY)
        .stopping(Stopping::default().max_iterations(setting.iterations));
    let mut run = Driver::new(params.check()?)
        .start(problem)
        .map_err(|f| f.to_string())?;
    let mut compute = Compute::new(setting.threads)?;
    while run.step()?.is_continue() {
        let Some(row) = run.trace().last() else { break };
        if row.iteration % (setting.iterations / 10).max(1) != 0 && row.iteration > 1 {
            continue;
        }
        let evaluation = run.problem().network()?.evaluate(test, &mut compute)?;
        println!(
            "{:4} {:8.2} s  objective {:.6e}  violation {:.2e}  loss {:.4}  train {:.4}  test {:.4}",
            row.iteration,
            row.seconds,
            row.objective,
            row.violation,
            row.measures.train_loss,
            row.measures.train_accuracy.unwrap_or(f64::NAN),
            evaluation.accuracy.unwrap_or(f64::NAN),
        );
    }
    Ok(())
}
