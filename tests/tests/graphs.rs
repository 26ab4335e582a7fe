//! Accuracy on the citation graphs, where their files are: five seeds each, the settings of the guide.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;

use tiam_data::{Dataset, LoadParams, Targets, load};
use tiam_linalg::{Compute, Matrix};
use tiam_models::{Activation, Architecture, Init, Network, Samples, Target, TiamParams, train};

/// The folder of the larger data: `TIAM_DATA`, or one beside the workspace.
fn data_file(name: &str) -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("TIAM_DATA").map_or(beside, PathBuf::from);
    let path = folder.join(name);
    if !path.exists() {
        println!("skipped: no {name}; set TIAM_DATA to the folder that holds it");
        return None;
    }
    Some(path)
}

fn samples(data: Dataset<f32>) -> Samples<f32> {
    let (features, targets) = data.into_features_and_targets();
    let (rows, cols) = (features.n_features(), features.n_samples());
    let inputs = Matrix::from_vec(rows, cols, features.into_values()).unwrap();
    let Targets::Classes { labels, names } = targets else {
        panic!("a graph has classes")
    };
    Samples::new(
        inputs,
        Target::Classes {
            labels,
            n_classes: names.len(),
        },
    )
    .unwrap()
}

/// Mean test accuracy of seeds 0 to 4.
fn mean_accuracy(path: PathBuf, rho: f64, ridge: f64) -> f64 {
    let data: Dataset<f32> = load(path, &LoadParams::default()).unwrap();
    let split = data.split().unwrap().clone();
    let parts = data.into_parts(&split).unwrap();
    let (train_part, test_part) = (samples(parts.train), samples(parts.test));
    let config = TiamParams::default()
        .rho(rho)
        .ridge(ridge)
        .threads(2)
        .check()
        .unwrap();
    let mut compute = Compute::new(2).unwrap();
    let (n_in, n_out) = (
        train_part.inputs().n_rows(),
        train_part.target().n_outputs(),
    );
    let sizes = Architecture::new(
        n_in,
        &[100, 100],
        n_out,
        Activation::Relu,
        train_part.target().loss(),
    );
    let sizes = sizes.unwrap();
    let accuracies: Vec<f64> = (0..5)
        .map(|seed| {
            let network = Network::new(sizes.clone(), Init::He, seed).unwrap();
            let trained = train(network, &train_part, &config, &mut []).unwrap();
            trained
                .network
                .evaluate(&test_part, &mut compute)
                .unwrap()
                .accuracy
                .unwrap()
        })
        .collect();
    println!("test accuracy of five seeds: {accuracies:?}");
    accuracies.iter().sum::<f64>() / 5.0
}

#[test]
fn cora_reaches_78_percent() {
    let Some(path) = data_file("cora.npz") else {
        return;
    };
    let mean = mean_accuracy(path, 1e-3, 1e-2);
    println!("Cora: mean {mean}");
    assert!(mean >= 0.78, "{mean}");
}

#[test]
fn citeseer_reaches_72_percent() {
    let Some(path) = data_file("citeseer.npz") else {
        return;
    };
    let mean = mean_accuracy(path, 1e-4, 1e-2);
    println!("Citeseer: mean {mean}");
    assert!(mean >= 0.72, "{mean}");
}
