//! Measurements of bounded staleness by the full batch, a trial: on digits, W and b steps take the other processes' sums as they were some iterations
//! ago.
//!
//!     cargo run --release -p tiam-mpi --example staleness -- [SEEDS [ITERATIONS]]
//!
//! One hidden layer of 100 units, f64, processes in threads (no MPI), a constant band; 3 seeds and 100 iterations if not given. The table is Markdown, its
//! figures are means over the seeds.

#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a program for measuring"
)]

#[path = "../../tiam-linalg/tests/all/common/channels.rs"]
mod channels;
#[path = "../../tiam-models/tests/common/stale.rs"]
mod stale;

use tiam::{Holdout, Mlp, Prepared, Table};
use tiam_core::{DriverParams, Guard, Inertia, Stopping};
use tiam_linalg::Compute;
use tiam_models::{Activation, Architecture, Band, Init, Network, TiamParams};

use self::channels::in_processes;
use self::stale::{End, Stale};

fn main() {
    let mut given = std::env::args().skip(1);
    let mut number = |default| given.next().map_or(default, |text| text.parse().unwrap());
    let (seeds, iterations) = (number(3), number(100));
    let digits = Mlp::default().prepare::<f64>(Table::digits(), &Holdout::Fraction(0.2));
    let digits = digits.unwrap();
    println!(
        "| inertia | guard | processes | staleness | F | test accuracy (%) | restarts | F rose in | failed |"
    );
    println!("| :--- | :--- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (name, inertia) in [
        ("0.95, 0.95, 0.3", DriverParams::INERTIA),
        ("none", Inertia::NONE),
    ] {
        for guard in [Guard::On, Guard::Off] {
            for size in [2, 4] {
                for staleness in [0, 1, 2, 4] {
                    let runs: Vec<Numbers> = (0..seeds as u64)
                        .map(|seed| {
                            let how = (iterations, inertia, guard);
                            run(&digits, how, (size, staleness), seed)
                        })
                        .collect();
                    let mean = |of: fn(&Numbers) -> f64| {
                        runs.iter().map(of).sum::<f64>() / runs.len() as f64
                    };
                    println!(
                        "| {name} | {guard:?} | {size} | {staleness} | {:.5} | {:.2} | {:.0} | {:.1} | {:.1} |",
                        mean(|run| run.objective),
                        mean(|run| run.accuracy),
                        mean(|run| run.restarts),
                        mean(|run| run.rises),
                        mean(|run| run.failed),
                    );
                }
            }
        }
    }
}

fn params(iterations: usize, inertia: Inertia) -> TiamParams {
    let band = Band {
        start: 0.03,
        decay: 1.0,
        floor: 0.03,
    };
    TiamParams::default()
        .rho(0.001)
        .band(band)
        .inertia(inertia)
        .stopping(Stopping::default().max_iterations(iterations))
}

/// What the table shows.
struct Numbers {
    objective: f64,
    accuracy: f64,
    restarts: f64,
    rises: f64,
    failed: f64,
}

fn run(
    digits: &Prepared<f64>,
    (iterations, inertia, guard): (usize, Inertia, Guard),
    (size, staleness): (usize, usize),
    seed: u64,
) -> Numbers {
    let target = digits.train.target();
    let (n_in, n_out) = (digits.train.inputs().n_rows(), target.n_outputs());
    let shape = Architecture::new(n_in, &[100], n_out, Activation::Relu, target.loss()).unwrap();
    let network = Network::new(shape, Init::He, seed).unwrap();
    let params = params(iterations, inertia);
    let End {
        network,
        objectives,
        restarts,
    } = in_processes(size, |process| {
        let processes = Stale::new(process, staleness);
        stale::train(
            network.clone(),
            &digits.train,
            params.clone(),
            guard,
            processes,
        )
    })
    .swap_remove(0);
    let test = digits.test.as_ref().unwrap();
    let found = network.evaluate(test, &mut Compute::new(1).unwrap());
    let rises = objectives
        .windows(2)
        .filter(|pair| pair[1] > pair[0] * (1.0 + 1e-12));
    Numbers {
        objective: *objectives.last().unwrap(),
        accuracy: 100.0 * found.unwrap().accuracy.unwrap(),
        restarts: restarts as f64,
        rises: rises.count() as f64,
        failed: f64::from(u8::from(objectives.len() <= iterations)),
    }
}
