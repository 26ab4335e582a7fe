//! Code shared by the two splitting methods, dlADMM and BCD.

use tiam_core::BlockChange;
use tiam_linalg::{Compute, Matrix, Real, StateVisitor, activate, biased, product};
use tiam_models::{Network, NetworkMeasures, Samples};

/// A layer's variables at the network's own forward pass.
pub(crate) struct Forward<T> {
    /// W_l a_{l−1}.
    pub(crate) product: Matrix<T>,
    /// z_l = W_l a_{l−1} + b_l 1ᵀ.
    pub(crate) z: Matrix<T>,
    /// h(z_l); z_l itself in the last layer.
    pub(crate) a: Matrix<T>,
}

/// The network's own forward pass, every layer's variables kept.
pub(crate) fn forward_variables<T: Real>(
    network: &Network<T>,
    samples: &Samples<T>,
    compute: &mut Compute<T>,
) -> Vec<Forward<T>> {
    let n_samples = samples.n_samples();
    let n_layers = network.layers().len();
    let mut variables: Vec<Forward<T>> = Vec::with_capacity(n_layers);
    for (l, parameters) in network.layers().iter().enumerate() {
        let n = parameters.weights.n_rows();
        let inputs = variables
            .last()
            .map_or(samples.inputs(), |before| &before.a);
        let mut wa = Matrix::zeros(n, n_samples);
        product(&mut wa, &parameters.weights, inputs, compute);
        let mut z = Matrix::zeros(n, n_samples);
        biased(&mut z, &wa, &parameters.bias);
        let mut a = z.clone();
        if l + 1 < n_layers {
            activate(&mut a, &z, network.architecture().activation);
        }
        variables.push(Forward { product: wa, z, a });
    }
    variables
}

/// The numbers of the network's own forward pass; NaN where it cannot be evaluated, which the driver ends a run for.
pub(crate) fn measures<T: Real>(
    network: &Network<T>,
    samples: &Samples<T>,
    compute: &mut Compute<T>,
) -> NetworkMeasures {
    let (train_loss, train_accuracy) = match network.evaluate(samples, compute) {
        Ok(evaluation) => (evaluation.loss, evaluation.accuracy),
        Err(_) => (f64::NAN, None),
    };
    NetworkMeasures::of_training(train_loss, train_accuracy)
}

/// The change of a block whose candidate could not be computed.
pub(crate) fn refused(before: f64) -> BlockChange {
    BlockChange::new(before, f64::NAN)
}

/// A change of c times a sum.
pub(crate) fn scaled(c: f64, before: f64, increase: f64) -> BlockChange {
    BlockChange::new(c * before, c * increase)
}

/// The change of two terms together.
pub(crate) fn sum(a: BlockChange, b: BlockChange) -> BlockChange {
    BlockChange::new(a.before + b.before, a.increase + b.increase)
}

/// W_l's entries and b_l, to write.
pub(crate) fn parameters<T: Real>(
    network: &mut Network<T>,
    l: usize,
) -> Option<(&mut [T], &mut [T])> {
    network.parameters_mut().nth(l)
}

/// The larger of two; NaN if either is (`f64::max` drops it).
pub(crate) fn max_or_nan(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

/// Some matrices of layer `l`, counted from 1, as parts of a run's state.
pub(crate) fn visit_matrices<T: Real>(
    l: usize,
    matrices: [(&str, &mut Matrix<T>); 3],
    visitor: &mut dyn StateVisitor<T>,
) {
    for (name, matrix) in matrices {
        visitor.values(&format!("{name}_{l}"), matrix.as_mut_slice());
    }
}

/// to ← from, of one shape.
pub(crate) fn copy<T: Real>(to: &mut Matrix<T>, from: &Matrix<T>) {
    to.as_mut_slice().copy_from_slice(from.as_slice());
}
