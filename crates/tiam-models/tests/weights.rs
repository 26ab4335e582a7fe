//! The weights of samples and of classes in training by batches.

use tiam_linalg::Matrix;
use tiam_models::{
    Activation, Architecture, ClassWeights, Init, Network, Samples, StochasticData,
    StochasticParams, Target, train_stochastic,
};

/// Three samples of class 0, one of class 1, none of class 2.
fn samples() -> Samples<f64> {
    let labels = vec![0, 0, 0, 1];
    let target = Target::Classes {
        labels,
        n_classes: 3,
    };
    Samples::new(Matrix::from_fn(1, 4, |_, j| j as f64), target).unwrap()
}

/// The network after some epochs, where the weights are taken.
fn trained(
    samples: &Samples<f64>,
    own: Option<&[f64]>,
    of_classes: ClassWeights,
) -> Option<Network<f64>> {
    let (target, relu) = (samples.target(), Activation::Relu);
    let shape = Architecture::new(1, &[4], target.n_outputs(), relu, target.loss()).unwrap();
    let network = Network::new(shape, Init::He, 0).unwrap();
    let params = StochasticParams::default()
        .epochs(3)
        .class_weights(of_classes);
    let data = StochasticData {
        weights: own,
        ..StochasticData::new(samples)
    };
    let trained = train_stochastic(network, data, &params.check().unwrap(), &mut []);
    trained.ok().map(|trained| trained.network)
}

#[test]
fn balanced_classes_count_alike_and_the_mean_is_one() {
    let samples = samples();
    let balanced = ClassWeights::Balanced.of(samples.target()).unwrap();
    let balanced = balanced.unwrap();
    assert!((3.0 * balanced[0] - balanced[1]).abs() < 1e-12);
    // Doubled weights have the same ratios: with a mean of one they are the same to the bit.
    let weights = [1.0, 1.0, 1.0, 3.0];
    let doubled = weights.map(|weight| 2.0 * weight);
    let of = |weights: &[f64]| trained(&samples, Some(weights), ClassWeights::Equal).unwrap();
    assert_eq!(of(&weights), of(&doubled));
    assert_ne!(of(&weights), of(&[1.0; 4]));
}

#[test]
fn class_and_sample_weights_multiply() {
    let given = ClassWeights::Given(vec![1.0, 3.0, 7.0]);
    let both = trained(&samples(), Some(&[1.0, 2.0, 0.0, 1.0]), given);
    let product = trained(&samples(), Some(&[1.0, 2.0, 0.0, 3.0]), ClassWeights::Equal);
    assert!(both.is_some());
    assert_eq!(both, product);
}

#[test]
fn weights_that_mean_nothing_are_refused() {
    let samples = samples();
    let equal = || ClassWeights::Equal;
    assert!(equal().of(samples.target()).unwrap().is_none());
    assert!(trained(&samples, None, equal()).is_some());
    for bad in [&[1.0; 3][..], &[0.0; 4], &[-1.0; 4], &[f64::NAN; 4]] {
        assert!(trained(&samples, Some(bad), equal()).is_none());
    }
    let two = ClassWeights::Given(vec![1.0; 2]);
    assert!(trained(&samples, None, two).is_none());
    let values = Target::Values(Matrix::zeros(1, 2));
    let values = Samples::new(Matrix::zeros(1, 2), values).unwrap();
    assert!(trained(&values, None, equal()).is_some());
    assert!(trained(&values, None, ClassWeights::Balanced).is_none());
}
