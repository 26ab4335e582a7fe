//! Two interleaved spirals, learnt by full-batch training with and without inertia; the network is then saved and loaded.
//!
//! `cargo run --release -p tiam-models --example spirals`

use std::error::Error;
use std::f64::consts::PI;

use tiam_core::{Inertia, Stopping};
use tiam_linalg::{Compute, Matrix};
use tiam_models::{
    Activation, Architecture, Init, Model, Network, Samples, Target, TiamParams, train,
};

const N: usize = 400;

/// Sample j lies on arm j mod 2; the two features are its coordinates.
fn spirals() -> Matrix<f64> {
    Matrix::from_fn(2, N, |i, j| {
        let along = (j / 2) as f64 / (N / 2) as f64;
        let angle = 3.0 * PI * along + PI * (j % 2) as f64;
        let radius = 0.3 + 2.0 * along;
        radius * if i == 0 { angle.cos() } else { angle.sin() }
    })
}

const ABOUT: &str = "\
Two interleaved spirals, learnt by a 2-50-50-2 network with full-batch TIAM, 300 iterations,
once without inertia and once with triple inertia. The network is then saved and loaded.";

fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1).as_deref() {
        None => {}
        Some("-h" | "--help") => {
            println!("{ABOUT}\n\nThis example takes no arguments.");
            return Ok(());
        }
        Some(other) => {
            eprintln!("error: unexpected argument {other:?}; this example takes no arguments");
            std::process::exit(2);
        }
    }
    println!("{ABOUT}\n");
    println!("inertia (p1, p2, p3)  objective F  training accuracy  restarts  seconds");
    let labels = (0..N).map(|j| u32::from(j % 2 == 1)).collect();
    let samples = Samples::new(
        spirals(),
        Target::Classes {
            labels,
            n_classes: 2,
        },
    )?;
    let loss = samples.target().loss();
    let shape = Architecture::new(2, &[50, 50], 2, Activation::Relu, loss)?;
    let mut last = None;
    for (name, inertia) in [
        ("none (0, 0, 0)", Inertia::NONE),
        ("triple (.95, .95, .3)", Inertia::new(0.95, 0.95, 0.3)?),
    ] {
        let config = TiamParams::default()
            .rho(1e-2)
            .ridge(1e-4)
            .inertia(inertia)
            .stopping(Stopping::default().max_iterations(300))
            .check()?;
        let network = Network::new(shape.clone(), Init::He, 1)?;
        let trained = train(network, &samples, &config, &mut [])?;
        if let Some(row) = trained.trace.last() {
            println!(
                "{name:<21} {:>11.4} {:>16.1} % {:>9} {:>8.2}",
                row.objective,
                100.0 * row.measures.train_accuracy.unwrap_or(f64::NAN),
                trained.restarts,
                trained.seconds
            );
        }
        last = Some(trained.network);
    }
    if let Some(network) = last {
        let path = std::env::temp_dir().join("tiam-spirals.safetensors");
        let model = Model::new(network);
        model.save(&path)?;
        let loaded = Model::<f64>::load(&path)?;
        let classes = loaded.classes(samples.inputs().clone(), &mut Compute::new(1)?)?;
        println!(
            "\nResult: the loaded model {} the saved one; its classes of the first six samples are {:?}.",
            if loaded == model {
                "equals"
            } else {
                "differs from"
            },
            &classes[..6]
        );
        std::fs::remove_file(&path)?;
    }
    Ok(())
}
