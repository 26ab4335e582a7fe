//! Small problems for the tests, trained by a gradient method.

#![allow(dead_code, reason = "each test file uses a part")]

use tiam_bench::methods::{GradientParams, GradientProblem, GradientRule, Start, StepSizes};
use tiam_core::{Driver, DriverConfig, DriverParams, Guard, Stopping, Trace};
use tiam_linalg::Matrix;
use tiam_models::TrainingProblem;
use tiam_models::{Activation, Architecture, Loss, Network, NetworkMeasures, Samples, Target};

pub(crate) fn rules() -> [GradientRule; 6] {
    [
        GradientRule::GradientDescent,
        GradientRule::momentum(),
        GradientRule::Adagrad {
            epsilon: 1e-3,
            initial: 0.2,
        },
        GradientRule::adadelta(),
        GradientRule::adam(),
        // With a step size each, entries have steps of their own, as by the other rules.
        GradientRule::Samt {
            sizes: StepSizes::Element,
            meta_rate: 0.3,
        },
    ]
}

pub(crate) fn driver(iterations: usize) -> DriverConfig {
    let stopping = Stopping::default().max_iterations(iterations);
    let params = DriverParams::default().guard(Guard::Off).stopping(stopping);
    params.check().unwrap()
}

pub(crate) fn train<T: tiam_linalg::Real>(
    start: &Network<T>,
    samples: &Samples<T>,
    params: GradientParams,
    epochs: usize,
) -> (Network<T>, Trace<NetworkMeasures>) {
    let config = params.check().unwrap();
    let problem = GradientProblem::new(start.clone(), samples, config).unwrap();
    let outcome = Driver::new(driver(epochs)).run(problem);
    let outcome = outcome.map_err(|failure| failure.error).unwrap();
    (outcome.problem.network().unwrap(), outcome.trace)
}

/// In [−1, 1], scattered.
pub(crate) fn wave(i: usize, j: usize, seed: u64) -> f64 {
    ((i * 7919 + j * 104_729 + seed as usize * 611_953) as f64 * 0.618).sin()
}

pub(crate) fn problem(
    sizes: &[usize],
    n: usize,
    loss: Loss,
    activation: Activation,
    seed: u64,
) -> (Network<f64>, Samples<f64>) {
    let (n_in, n_out) = (sizes[0], sizes[sizes.len() - 1]);
    let hidden = &sizes[1..sizes.len() - 1];
    let classes = loss == Loss::CrossEntropy;
    let shape = Architecture::new(n_in, hidden, n_out, activation, loss).unwrap();
    let network = Start::default().network(shape, seed).unwrap();
    let inputs = Matrix::from_fn(n_in, n, |i, j| wave(i, j, seed));
    let target = if classes {
        Target::Classes {
            labels: (0..n)
                .map(|j| ((j * 5 + seed as usize) % n_out) as u32)
                .collect(),
            n_classes: n_out,
        }
    } else {
        Target::Values(Matrix::from_fn(n_out, n, |i, j| wave(i + 9, j, seed)))
    };
    (network, Samples::new(inputs, target).unwrap())
}

/// Largest difference between two networks' parameters.
pub(crate) fn distance(a: &Network<f64>, b: &Network<f64>) -> f64 {
    let entries = |network: &Network<f64>| -> Vec<f64> {
        let layers = network.layers().iter();
        layers
            .flat_map(|l| [l.weights.as_slice(), &l.bias].concat())
            .collect()
    };
    let (a, b) = (entries(a), entries(b));
    a.iter()
        .zip(&b)
        .map(|(x, y)| (x - y).abs())
        .fold(0.0, f64::max)
}
