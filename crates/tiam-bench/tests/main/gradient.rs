//! Tests that hold for every gradient method.

use crate::common::{distance, driver, problem, rules, train};
use proptest::prelude::*;
use tiam_bench::methods::{GradientParams, GradientProblem, GradientRule, Start, StepSizes};
use tiam_bench::shapes::{Shape, samples};
use tiam_core::{BlockProblem, CoreError, Driver, Inertia, Trace};
use tiam_linalg::Activation::Identity;
use tiam_linalg::{Compute, Gradients, Matrix, loss_gradient};
use tiam_models::TrainingProblem;
use tiam_models::{
    Activation, Architecture, Layer, Loss, Network, NetworkMeasures, Samples, Target,
};

#[test]
fn small_full_steps_never_raise_the_objective() {
    proptest!(ProptestConfig::with_cases(40), |(hidden in prop::collection::vec(1..7_usize, 0..3), n in 1..20_usize, seed in 0..500_u64, classes: bool, ridge in 0.0..1.0_f64)| {
        let loss = if classes { Loss::CrossEntropy } else { Loss::Squared };
        let sizes = [vec![4], hidden, vec![3]].concat();
        let (start, samples) = problem(&sizes, n, loss, Activation::Elu, seed);
        let params = GradientParams::default().rule(GradientRule::GradientDescent);
        let (_, trace) = train(&start, &samples, params.learning_rate(0.01).ridge(ridge), 25);
        for pair in trace.rows.windows(2) {
            prop_assert!(pair[1].objective <= pair[0].objective * (1.0 + 1e-14));
        }
        prop_assert!(trace.rows[25].objective < trace.rows[0].objective);
    });
}

#[test]
fn full_steps_end_where_a_convex_problem_has_no_gradient() {
    let (start, samples) = problem(&[4, 3], 15, Loss::CrossEntropy, Activation::Relu, 3);
    let ridge = 1.5;
    for rule in [GradientRule::GradientDescent, GradientRule::momentum()] {
        let params = GradientParams::default().rule(rule).learning_rate(0.5);
        let (network, _) = train(&start, &samples, params.ridge(ridge), 3000);
        let mut gradients = Gradients::zeros(&network);
        let loss = network.architecture().loss.code().unwrap();
        let (inputs, target) = (samples.inputs(), samples.target().as_loss_target(&*loss));
        let mut compute = Compute::new(1).unwrap();
        let out = &mut gradients;
        loss_gradient(out, &network, Identity, inputs, target, None, &mut compute);
        let (found, w) = (&gradients.layers()[0], &network.layers()[0].weights);
        let of_weights = found.weights.as_slice().iter().zip(w.as_slice());
        assert!(
            of_weights
                .map(|(g, w)| (g + ridge * w).abs())
                .fold(0.0, f64::max)
                < 1e-10
        );
        assert!(found.bias.iter().all(|g| g.abs() < 1e-10));
    }
}

#[test]
fn a_batch_of_all_samples_is_the_full_batch() {
    let (start, samples) = problem(&[4, 6, 3], 15, Loss::CrossEntropy, Activation::Relu, 3);
    for rule in rules() {
        let params = GradientParams::default().rule(rule).learning_rate(0.05);
        let full = train(&start, &samples, params, 6).0;
        for batch_size in [15, 16, 1000] {
            assert_eq!(
                full,
                train(&start, &samples, params.batch_size(batch_size), 6).0
            );
        }
        let smaller = train(&start, &samples, params.batch_size(14), 6).0;
        assert!(distance(&full, &smaller) > 1e-6, "{rule:?}");
    }
}

#[test]
fn the_order_of_the_samples_does_not_matter_to_full_batches() {
    let (start, samples) = problem(&[4, 6, 3], 15, Loss::CrossEntropy, Activation::Elu, 3);
    let Target::Classes { labels, n_classes } = samples.target() else {
        panic!("classes were asked for");
    };
    let from = |j: usize| j * 4 % 15;
    let inputs = Matrix::from_fn(4, 15, |i, j| samples.inputs()[(i, from(j))]);
    let target = Target::Classes {
        labels: (0..15).map(|j| labels[from(j)]).collect(),
        n_classes: *n_classes,
    };
    let reordered = Samples::new(inputs, target).unwrap();
    for rule in rules() {
        let params = GradientParams::default().rule(rule).learning_rate(0.05);
        let (one, other) = (
            train(&start, &samples, params, 10).0,
            train(&start, &reordered, params, 10).0,
        );
        assert!(distance(&one, &other) < 1e-11, "{rule:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_does_not() {
    let (start, samples) = problem(&[4, 6, 3], 15, Loss::CrossEntropy, Activation::Relu, 3);
    let params = GradientParams::default().batch_size(4).seed(1);
    let (one, trace) = train(&start, &samples, params, 10);
    let (again, trace_again) = train(&start, &samples, params, 10);
    assert_eq!(one, again);
    let objectives = |trace: &Trace<NetworkMeasures>| -> Vec<u64> {
        let rows = trace.rows.iter();
        rows.map(|row| row.objective.to_bits()).collect()
    };
    assert_eq!(objectives(&trace), objectives(&trace_again));
    assert_ne!(one, train(&start, &samples, params.seed(2), 10).0);
}

/// Row i of the outputs becomes row (i + 1) mod 3, in the network and in the labels.
#[test]
fn renaming_the_classes_renames_the_outputs() {
    let (start, samples) = problem(&[4, 6, 3], 15, Loss::CrossEntropy, Activation::Elu, 3);
    let renamed = |network: &Network<f64>| {
        let mut layers = network.layers().to_vec();
        let (last, old) = (layers.len() - 1, network.layers());
        let from = |i: usize| (i + 2) % 3;
        let Layer { weights, bias } = &old[last];
        layers[last].weights = Matrix::from_fn(3, 6, |i, j| weights[(from(i), j)]);
        layers[last].bias = (0..3).map(|i| bias[from(i)]).collect();
        Network::from_layers(network.architecture().clone(), layers).unwrap()
    };
    let Target::Classes { labels, n_classes } = samples.target() else {
        panic!("classes were asked for");
    };
    let target = Target::Classes {
        labels: labels.iter().map(|label| (label + 1) % 3).collect(),
        n_classes: *n_classes,
    };
    let renamed_samples = Samples::new(samples.inputs().clone(), target).unwrap();
    for rule in rules() {
        for batch_size in [None, Some(4)] {
            let params = GradientParams::default().rule(rule).batch_size(batch_size);
            let params = params.learning_rate(0.05);
            let expected = renamed(&train(&start, &samples, params, 8).0);
            let found = train(&renamed(&start), &renamed_samples, params, 8).0;
            assert!(distance(&expected, &found) < 1e-10, "{rule:?}");
        }
    }
}

#[test]
fn one_sample_and_one_class_train() {
    for (sizes, n) in [(&[4, 5, 3], 1), (&[4, 5, 1], 7)] {
        let (start, samples) = problem(sizes, n, Loss::CrossEntropy, Activation::Relu, 3);
        for rule in rules() {
            for batch_size in [None, Some(1), Some(3)] {
                let params = GradientParams::default().rule(rule).batch_size(batch_size);
                let (network, trace) = train(&start, &samples, params, 20);
                let last = trace.last().unwrap();
                assert!(last.objective <= trace.rows[0].objective);
                // One class alone is certain: there is nothing to learn, and nothing may move.
                assert_eq!(network == start, sizes[2] == 1, "{rule:?}");
            }
        }
    }
}

#[test]
fn an_epoch_that_is_not_finite_leaves_the_last_finite_network() {
    for (loss, rate) in [
        (Loss::Squared, 1e200),
        (Loss::CrossEntropy, 1e308),
        (Loss::Squared, 1e308),
    ] {
        let (start, samples) = problem(&[4, 6, 3], 15, loss, Activation::Relu, 3);
        for batch_size in [None, Some(4)] {
            let params = GradientParams::default().rule(GradientRule::momentum());
            let config = params.learning_rate(rate).batch_size(batch_size).check();
            let problem = GradientProblem::new(start.clone(), &samples, config.unwrap()).unwrap();
            let Err(failure) = Driver::new(driver(50)).run(problem) else {
                panic!("a rate of {rate:e} cannot end well");
            };
            assert!(matches!(
                failure.error,
                CoreError::NonFinite { .. } | CoreError::Diverged { .. }
            ));
            let kept = failure.problem.network().unwrap();
            let evaluation = kept
                .evaluate(&samples, &mut Compute::new(1).unwrap())
                .unwrap();
            let last = failure.trace.last().unwrap();
            assert!((evaluation.loss - last.measures.train_loss).abs() <= 1e-12 * evaluation.loss);
        }
    }
}

/// One step sends the hidden unit's weight to −∞, where the ReLU hides it: the loss is then 0.
#[test]
fn parameters_that_are_not_finite_show_even_when_the_loss_is() {
    let shape = Architecture::new(1, &[1], 2, Activation::Relu, Loss::CrossEntropy).unwrap();
    let layer = |weights: Vec<f64>| Layer {
        bias: vec![0.0; weights.len()],
        weights: Matrix::from_vec(weights.len(), 1, weights).unwrap(),
    };
    let layers = vec![layer(vec![0.01]), layer(vec![-10.0, 0.0])];
    let start = Network::from_layers(shape, layers).unwrap();
    let inputs = Matrix::from_vec(1, 1, vec![10.0]).unwrap();
    let target = Target::Classes {
        labels: vec![0],
        n_classes: 2,
    };
    let samples = Samples::new(inputs, target).unwrap();
    let params = GradientParams::default().rule(GradientRule::GradientDescent);
    let config = params.learning_rate(1e308).check().unwrap();
    let mut problem = GradientProblem::new(start.clone(), &samples, config).unwrap();
    assert!(problem.propose(0, Inertia::NONE).increase.is_nan());
    assert_eq!(problem.network().unwrap(), start);
}

#[test]
fn an_epoch_proposed_again_is_the_same_epoch() {
    let (start, samples) = problem(&[4, 6, 3], 15, Loss::CrossEntropy, Activation::Relu, 3);
    for rule in rules() {
        for batch_size in [None, Some(4)] {
            let params = GradientParams::default().rule(rule).batch_size(batch_size);
            let config = params.check().unwrap();
            let expected = train(&start, &samples, params, 3).0;
            let mut problem = GradientProblem::new(start.clone(), &samples, config).unwrap();
            for _ in 0..3 {
                let objective = problem.objective();
                let first = problem.propose(0, Inertia::NONE);
                let second = problem.propose(0, Inertia::NONE);
                assert_eq!(first, second);
                assert!((first.before - objective).abs() < 1e-15);
                assert!((problem.objective() - objective).abs() < 1e-15);
                problem.accept(0);
                assert!((problem.objective() - first.after()).abs() < 1e-12);
            }
            assert_eq!(problem.network().unwrap(), expected);
        }
    }
}

#[test]
fn the_measures_are_those_of_a_forward_pass() {
    for batch_size in [None, Some(4)] {
        let (start, samples) = problem(&[4, 6, 3], 15, Loss::CrossEntropy, Activation::Relu, 3);
        let params = GradientParams::default().batch_size(batch_size).ridge(0.3);
        let (network, trace) = train(&start, &samples, params, 5);
        let mut compute = Compute::new(1).unwrap();
        for (network, row) in [(&start, &trace.rows[0]), (&network, &trace.rows[5])] {
            let expected = network.evaluate(&samples, &mut compute).unwrap();
            assert!((row.measures.train_loss - expected.loss).abs() < 1e-14);
            assert_eq!(row.measures.train_accuracy, expected.accuracy);
        }
    }
}

#[test]
fn every_method_learns_the_digits() {
    let data = samples::<f32>(Shape::Digits, None, 0).unwrap();
    let shape = Architecture::new(64, &[50], 10, Activation::Relu, Loss::CrossEntropy).unwrap();
    let start = Start::default().network::<f32>(shape, 0).unwrap();
    let runs = [
        (
            GradientParams::default().rule(GradientRule::GradientDescent),
            300,
        ),
        (
            GradientParams::default()
                .rule(GradientRule::momentum())
                .batch_size(32),
            20,
        ),
        (
            GradientParams::default()
                .rule(GradientRule::adagrad())
                .batch_size(32),
            20,
        ),
        (
            GradientParams::default()
                .rule(GradientRule::adadelta())
                .batch_size(32),
            20,
        ),
        (GradientParams::default().batch_size(32), 20),
    ];
    for (params, epochs) in runs {
        let (network, _) = train(&start, &data.train, params.threads(2), epochs);
        let mut compute = Compute::new(1).unwrap();
        let accuracy = network.evaluate(&data.test, &mut compute).unwrap().accuracy;
        println!("{params:?}: {accuracy:?}");
        assert!(accuracy > Some(0.93), "{params:?}: {accuracy:?}");
    }
}

#[test]
fn samt_of_one_layer_with_fixed_step_sizes_is_gradient_descent() {
    let (start, samples) = problem(&[4, 3], 15, Loss::CrossEntropy, Activation::Relu, 3);
    let (sizes, meta_rate) = (StepSizes::Scalar, 0.0);
    for batch_size in [None, Some(4)] {
        let params = |rule| GradientParams::default().rule(rule).ridge(0.3);
        let end = |rule| {
            let params = params(rule).batch_size(batch_size).learning_rate(0.2);
            train(&start, &samples, params, 5).0
        };
        let samt = end(GradientRule::Samt { sizes, meta_rate });
        assert_eq!(samt, end(GradientRule::GradientDescent));
    }
}

#[test]
fn samt_learns_the_digits_with_every_form_of_step_sizes() {
    let data = samples::<f32>(Shape::Digits, None, 0).unwrap();
    let shape = Architecture::new(64, &[50], 10, Activation::Relu, Loss::CrossEntropy).unwrap();
    let start = Start::default().network::<f32>(shape, 0).unwrap();
    for sizes in [
        StepSizes::Scalar,
        StepSizes::Row,
        StepSizes::Column,
        StepSizes::Element,
    ] {
        let meta_rate = 0.1;
        let rule = GradientRule::Samt { sizes, meta_rate };
        let params = GradientParams::default().rule(rule).batch_size(32);
        let (network, trace) = train(&start, &data.train, params, 8);
        let loss = |i: usize| trace.rows[i].measures.train_loss;
        assert!(loss(1) < 0.5 * loss(0) && loss(8) < 0.3 * loss(1));
        let mut compute = Compute::new(1).unwrap();
        let accuracy = network.evaluate(&data.test, &mut compute).unwrap().accuracy;
        assert!(accuracy > Some(0.93), "{sizes:?}: {accuracy:?}");
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let data = samples::<f32>(Shape::Digits, None, 0).unwrap();
    let shape = Architecture::new(64, &[50], 10, Activation::Relu, Loss::CrossEntropy).unwrap();
    let start = Start::default().network::<f32>(shape, 0).unwrap();
    for rule in rules().into_iter().chain([GradientRule::samt()]) {
        let params = GradientParams::default().rule(rule).batch_size(300);
        let one = train(&start, &data.train, params, 3).0;
        for threads in [2, 3] {
            let params = params.threads(threads);
            assert_eq!(one, train(&start, &data.train, params, 3).0, "{rule:?}");
        }
    }
}

#[test]
fn parameters_return_from_their_records() {
    for rule in rules() {
        let params = GradientParams::default().rule(rule).learning_rate(0.3);
        let params = params.batch_size(32).ridge(0.01);
        let record = serde_json::to_string(&params).unwrap();
        assert_eq!(
            serde_json::from_str::<GradientParams>(&record).unwrap(),
            params
        );
    }
}
