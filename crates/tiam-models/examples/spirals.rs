//! Two interleaved spirals, with and without inertia, then saved and loaded.
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

fn main() -> Result<(), Box<dyn Error>> {
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
        ("none", Inertia::NONE),
        ("triple", Inertia::new(0.95, 0.95, 0.3)?),
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
                "inertia {name:6}: F = {:9.4}, training accuracy {:.3}, {} restarts, {:.2} s",
                row.objective,
                row.measures.train_accuracy.unwrap_or(f64::NAN),
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
            "saved and loaded alike: {}; first classes {:?}",
            loaded == model,
            &classes[..6]
        );
        std::fs::remove_file(&path)?;
    }
    Ok(())
}
