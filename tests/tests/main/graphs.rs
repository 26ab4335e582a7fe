//! Accuracy on the citation graphs, where their files are: five seeds each, the settings of docs/parameters.md.

use std::path::PathBuf;

use tiam_data::{Dataset, LoadParams, load};
use tiam_linalg::{Compute, Real, Solver};
use tiam_models::{Activation, Architecture, Init, Network, Samples, TiamParams, train};

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

/// Mean test accuracy of seeds 0 to 4.
fn mean_accuracy(path: PathBuf, rho: f64, ridge: f64) -> f64 {
    let data: Dataset<f32> = load(path, &LoadParams::default()).unwrap();
    let split = data.split().unwrap().clone();
    let parts = data.into_parts(&split).unwrap();
    let (train_part, test_part) = (
        tiam::samples(parts.train).unwrap(),
        tiam::samples(parts.test).unwrap(),
    );
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

/// F after 100 iterations from seed 0.
fn objective<T: Real>(train_part: &Samples<T>, solver: Solver) -> f64 {
    let target = train_part.target();
    let (n_in, n_out, loss) = (
        train_part.inputs().n_rows(),
        target.n_outputs(),
        target.loss(),
    );
    let sizes = Architecture::new(n_in, &[100, 100], n_out, Activation::Relu, loss).unwrap();
    let network = Network::new(sizes, Init::He, 0).unwrap();
    let config = TiamParams::default()
        .solver(solver)
        .threads(2)
        .check()
        .unwrap();
    let trained = train(network, train_part, &config, &mut []).unwrap();
    for choice in &trained.solvers {
        println!("{choice:?}");
    }
    trained.trace.last().unwrap().objective
}

fn training_samples<T: tiam::Scalar>(path: PathBuf) -> Samples<T> {
    let data: Dataset<T> = load(path, &LoadParams::default()).unwrap();
    let split = data.split().unwrap().clone();
    tiam::samples(data.into_parts(&split).unwrap().train).unwrap()
}

#[test]
fn on_cora_the_dual_form_ends_at_the_plain_forms_objective() {
    let Some(path) = data_file("cora.npz") else {
        return;
    };
    let double = training_samples::<f64>(path.clone());
    let [plain, dual] = [Solver::Backtracking, Solver::Dual].map(|s| objective(&double, s));
    println!("f64: plain {plain}, dual {dual}");
    assert!((plain - dual).abs() < 1e-9 * plain);
    let single = training_samples::<f32>(path);
    let [rough, rough_dual] = [Solver::Backtracking, Solver::Dual].map(|s| objective(&single, s));
    println!("f32: plain {rough}, dual {rough_dual}");
    // A hundred iterations of guard decisions enlarge the rounding of single precision itself.
    let rounding = (rough - plain).abs().max(1e-4 * plain);
    assert!((rough_dual - rough).abs() <= 2.0 * rounding);
    let chosen = objective(&double, Solver::AUTO);
    assert!((chosen - plain).abs() < 1e-9 * plain);
}
