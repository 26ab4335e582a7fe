//! The figures of an evaluation follow their formulas.

use tiam::Evaluation;
use tiam::linalg::{Compute, Matrix};
use tiam::models::{Activation, Architecture, Layer, Loss, Network, Samples, Target};

/// A linear network whose outputs are its inputs times a factor.
fn scaling(n: usize, factor: f64, loss: Loss) -> Network<f64> {
    let shape = Architecture::new(n, &[], n, Activation::Relu, loss).unwrap();
    let layer = Layer {
        weights: Matrix::from_fn(n, n, |i, j| if i == j { factor } else { 0.0 }),
        bias: vec![0.0; n],
    };
    Network::from_layers(shape, vec![layer]).unwrap()
}

fn of_values(predicted: &[f64], targets: &[f64]) -> Evaluation {
    let row = |values: &[f64]| Matrix::from_vec(1, values.len(), values.to_vec()).unwrap();
    let samples = Samples::new(row(predicted), Target::Values(row(targets))).unwrap();
    let network = scaling(1, 1.0, Loss::Squared);
    let mut compute = Compute::new(1).unwrap();
    Evaluation::measure(&network, &samples, None, &mut compute).unwrap()
}

/// Of the softmax of factor x scores, classes x samples.
fn of_classes(scores: Matrix<f64>, factor: f64, labels: &[u32], names: &[&str]) -> Evaluation {
    let n_classes = scores.n_rows();
    let labels = labels.to_vec();
    let samples = Samples::new(scores, Target::Classes { labels, n_classes }).unwrap();
    let network = scaling(n_classes, factor, Loss::CrossEntropy);
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut compute = Compute::new(1).unwrap();
    Evaluation::measure_classes(&network, &samples, &names, None, &mut compute).unwrap()
}

#[test]
fn values_are_compared_as_the_formulas_say() {
    let found = of_values(&[1.0, 2.0, 3.0, 6.0], &[1.0, 2.0, 3.0, 4.0]);
    // Squared error 4, spread 2 (1.5² + 0.5²) = 5, absolute error 2.
    assert!((found.loss - 0.5).abs() < 1e-15);
    assert!((found.rmse.unwrap() - 1.0).abs() < 1e-15);
    assert!((found.r2.unwrap() - 0.2).abs() < 1e-15);
    assert!((found.mae.unwrap() - 0.5).abs() < 1e-15);
    assert_eq!(of_values(&[3.0, 3.0], &[3.0, 3.0]).r2, None);
}

#[test]
fn classes_are_counted_as_the_formulas_say() {
    // Scores of class 1: 0.9, 0.4, 0.6, 0.2 for the labels 1, 1, 0, 0: three of four pairs are ordered rightly.
    let ones: [f64; 4] = [0.9, 0.4, 0.6, 0.2];
    let score = |i: usize, j: usize| if i == 1 { ones[j] } else { 1.0 - ones[j] };
    let scores = Matrix::from_fn(2, 4, |i, j| score(i, j).ln());
    let found = of_classes(scores, 1.0, &[1, 1, 0, 0], &["no", "yes"]);
    assert_eq!(found.accuracy, Some(0.5));
    let found = found.classes.unwrap();
    assert_eq!(found.names, ["no", "yes"]);
    assert_eq!(found.confusion, [[1, 1], [1, 1]]);
    assert_eq!(found.roc_auc, Some(0.75));
    assert_eq!(
        (found.recall(1), found.precision(1)),
        (Some(0.5), Some(0.5))
    );
    assert_eq!((found.f1(0), found.largest_share()), (Some(0.5), Some(0.5)));
}

#[test]
fn what_cannot_be_told_is_left_out() {
    let scores = Matrix::from_fn(3, 2, |i, _| if i == 0 { 0.6 } else { 0.2 });
    let found = of_classes(scores, 1.0, &[0, 1], &[]).classes.unwrap();
    assert_eq!(
        (found.recall(2), found.precision(1), found.f1(2)),
        (None, None, None)
    );
    assert_eq!((found.roc_auc, found.names[2].as_str()), (None, "2"));
}

#[test]
fn ties_count_half_in_the_area() {
    let area = |scores: &[f64], factor: f64, labels: &[u32]| {
        let scores = Matrix::from_fn(2, scores.len(), |i, j| if i == 1 { scores[j] } else { 0.0 });
        let found = of_classes(scores, factor, labels, &[]);
        found.classes.unwrap().roc_auc
    };
    assert_eq!(area(&[1.0, 1.0, 1.0], 1.0, &[1, 0, 0]), Some(0.5));
    assert_eq!(area(&[2.0, 1.0, 3.0], 1.0, &[1, 0, 0]), Some(0.5));
    assert_eq!(area(&[1.0, 2.0], 1.0, &[1, 1]), None);
    // A logit that overflows gives a probability that is not a number.
    assert_eq!(area(&[1e300, 1.0], 1e300, &[1, 0]), None);
}

#[test]
fn log_loss_clips_probabilities_and_counts_rows_alike() {
    let probable = |p: f64| [(1.0 - p).ln(), p.ln()];
    let scores = |ps: &[f64]| Matrix::from_fn(2, ps.len(), |i, j| probable(ps[j])[i]);
    let found = of_classes(scores(&[0.8, 0.25]), 1.0, &[1, 0], &[]);
    let expected = -0.5 * (0.8_f64.ln() + 0.75_f64.ln());
    assert!((found.log_loss().unwrap() - expected).abs() < 1e-14);
    // A sure mistake costs -ln(2^-52), whatever the score.
    let sure = Matrix::from_vec(2, 1, vec![5000.0, 0.0]).unwrap();
    let found = of_classes(sure, 1.0, &[1], &[]);
    assert!((found.log_loss().unwrap() - 52.0 * 2.0_f64.ln()).abs() < 1e-12);
    assert!((found.loss - 5000.0).abs() < 1e-9);
    assert_eq!(of_values(&[1.0], &[1.0]).log_loss(), None);
}

#[test]
fn accuracy_that_misleads_is_told_from_one_that_does_not() {
    // Nine of class 0 and one of class 1, all taken for class 0.
    let labels = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let scores = Matrix::from_fn(3, 10, |i, _| if i == 0 { 1.0 } else { 0.0 });
    let found = of_classes(scores, 1.0, &labels, &["a", "b", "c"]);
    assert_eq!((found.accuracy, found.majority()), (Some(0.9), Some(0.9)));
    let classes = found.classes.unwrap();
    // The class without samples does not count.
    assert_eq!(classes.balanced_accuracy(), Some(0.5));
    assert_eq!(classes.most_confused(), [(1, 0, 1)]);
}

#[test]
fn each_target_has_errors_of_its_own() {
    let predicted = Matrix::from_vec(2, 2, vec![1.0, 30.0, 2.0, 10.0]).unwrap();
    let targets = Matrix::from_vec(2, 2, vec![1.0, 20.0, 3.0, 10.0]).unwrap();
    let samples = Samples::new(predicted, Target::Values(targets)).unwrap();
    let network = scaling(2, 1.0, Loss::Squared);
    let mut compute = Compute::new(1).unwrap();
    let found = Evaluation::measure(&network, &samples, None, &mut compute).unwrap();
    let each: Vec<_> = found
        .targets
        .iter()
        .map(|one| (one.mae, one.r2.unwrap()))
        .collect();
    assert_eq!(each, [(0.5, 0.5), (5.0, -1.0)]);
    assert_eq!(found.mae, Some(2.75));
}
