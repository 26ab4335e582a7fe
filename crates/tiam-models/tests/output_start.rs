//! Where z_L starts.

use tiam_core::BlockProblem;
use tiam_linalg::Matrix;
use tiam_models::{
    Activation, Architecture, Init, Network, NetworkProblem, OutputStart, Samples, Target,
    TiamParams,
};

const RHO: f64 = 0.5;

/// F at the start of a linear network with all weights 0, whose prediction is 0 throughout.
fn objective(target: Target<f64>, start: OutputStart) -> f64 {
    let samples = Samples::new(Matrix::from_fn(2, 4, |i, j| (i + j) as f64), target).unwrap();
    let (outputs, loss) = (samples.target().n_outputs(), samples.target().loss());
    let shape = Architecture::new(2, &[], outputs, Activation::Relu, loss).unwrap();
    let network = Network::new(shape, Init::Normal(0.0), 0).unwrap();
    let config = TiamParams::default()
        .rho(RHO)
        .output_start(start)
        .check()
        .unwrap();
    NetworkProblem::new(network, &samples, config)
        .unwrap()
        .objective()
}

#[test]
fn classes_start_one_above_and_one_below_zero() {
    let target = || Target::Classes {
        labels: vec![0, 1, 2, 0],
        n_classes: 3,
    };
    let uniform = 4.0 * 3.0_f64.ln();
    assert!((objective(target(), OutputStart::Forward) - uniform).abs() < 1e-13);
    // −log(e / (e + 2/e)) a sample, and ρ/2 for each of the twelve entries.
    let e = 1.0_f64.exp();
    let at_targets = 4.0 * (1.0 + 2.0 / (e * e)).ln() + 0.5 * RHO * 12.0;
    assert!((objective(target(), OutputStart::Targets) - at_targets).abs() < 1e-13);
}

#[test]
fn values_start_at_themselves() {
    let target = || Target::Values(Matrix::from_vec(1, 4, vec![1.0, -2.0, 3.0, 0.0]).unwrap());
    assert!((objective(target(), OutputStart::Forward) - 7.0).abs() < 1e-13);
    assert!((objective(target(), OutputStart::Targets) - 7.0 * RHO).abs() < 1e-13);
}
