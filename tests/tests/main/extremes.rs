//! Problems at the edge of what is legal: every method trains on them or says why not, and hands back nothing that is not finite.

use std::thread;

use tiam_bench::methods::{Method, RunParams, Setup};
use tiam_core::Stopping;
use tiam_linalg::{Matrix, Real};
use tiam_models::{
    Activation, Architecture, ModelError, Network, Samples, Target, TrainError, Trained,
};

const METHODS: [Method; 6] = [
    Method::Stochastic,
    Method::Tiam,
    Method::Gd,
    Method::Adam,
    Method::Dladmm,
    Method::Bcd,
];

fn train<T: tiam::Scalar>(
    method: Method,
    samples: &Samples<T>,
    seed: u64,
) -> Result<Trained<T>, TrainError<T>> {
    let target = samples.target();
    let n_inputs = samples.inputs().n_rows();
    let shape = Architecture::new(
        n_inputs,
        &[6],
        target.n_outputs(),
        Activation::Relu,
        target.loss(),
    );
    let run = RunParams::new(seed, 1, Stopping::default().max_iterations(8));
    Setup::published(method).train(shape?, samples, run, &mut |_| {})
}

fn is_finite<T: Real>(network: &Network<T>) -> bool {
    let finite = |values: &[T]| values.iter().all(|x| x.is_finite());
    let layers = network.layers().iter();
    layers.fold(true, |ok, l| {
        ok && finite(l.weights.as_slice()) && finite(&l.bias)
    })
}

/// Two classes on either side of 0 in the first of `n_in` features, `scale` apart; the others are noise of a fixed pattern.
fn two_classes<T: Real>(n: usize, n_in: usize, scale: f64) -> Samples<T> {
    let inputs = Matrix::from_fn(n_in, n, |i, j| {
        let noise = ((i * 31 + j * 17) % 13) as f64 / 13.0 - 0.5;
        let side = if j % 2 == 0 { 1.0 } else { -1.0 };
        T::from_f64(scale * if i == 0 { side + 0.3 * noise } else { noise })
    });
    classes(inputs, (0..n).map(|j| (j % 2) as u32).collect(), 2)
}

fn classes<T: Real>(inputs: Matrix<T>, labels: Vec<u32>, n_classes: usize) -> Samples<T> {
    Samples::new(inputs, Target::Classes { labels, n_classes }).unwrap()
}

fn problems<T: Real>() -> Vec<(&'static str, Samples<T>)> {
    let plain = |j: usize| T::from_f64((j % 7) as f64 / 7.0);
    vec![
        ("features scaled by 1e6", two_classes(40, 3, 1e6)),
        ("features scaled by 1e-6", two_classes(40, 3, 1e-6)),
        (
            "constant columns",
            classes(
                Matrix::from_fn(3, 20, |_, _| T::one()),
                (0..20).map(|j| j % 2).collect(),
                2,
            ),
        ),
        (
            "columns of zeros",
            classes(
                Matrix::from_fn(3, 20, |_, _| T::zero()),
                (0..20).map(|j| j % 2).collect(),
                2,
            ),
        ),
        (
            "duplicate samples with both labels",
            classes(
                Matrix::from_fn(2, 30, |i, _| plain(i)),
                (0..30).map(|j| j % 2).collect(),
                2,
            ),
        ),
        (
            "one class absent",
            classes(
                Matrix::from_fn(2, 12, |i, j| plain(i + j)),
                (0..12).map(|j| 2 * (j % 2)).collect(),
                4,
            ),
        ),
        (
            "one class only",
            classes(Matrix::from_fn(2, 12, |i, j| plain(i + j)), vec![1; 12], 2),
        ),
        (
            "one sample",
            classes(Matrix::from_fn(3, 1, |i, _| plain(i)), vec![1], 2),
        ),
        (
            "10,000 classes",
            classes(
                Matrix::from_fn(2, 50, |i, j| plain(i + j)),
                (0..50).map(|j| 199 * j).collect(),
                10_000,
            ),
        ),
        ("far more features than samples", two_classes(6, 5_000, 1.0)),
        (
            "values of 1e6",
            Samples::new(
                Matrix::from_fn(2, 20, |i, j| plain(i + j)),
                Target::Values(Matrix::from_fn(1, 20, |_, j| T::from_f64(1e6 * j as f64))),
            )
            .unwrap(),
        ),
    ]
}

fn trains_or_says_why<T: tiam::Scalar>() {
    for (name, samples) in problems::<T>() {
        for method in METHODS {
            match train(method, &samples, 1) {
                Ok(trained) => {
                    assert!(is_finite(&trained.network), "{name}, {method}");
                    for row in &trained.trace.rows {
                        let numbers = [row.objective, row.violation, row.measures.train_loss];
                        assert!(
                            numbers.iter().all(|x| x.is_finite()),
                            "{name}, {method}: {row:?}"
                        );
                    }
                }
                Err(TrainError::Failed { error, network, .. }) => {
                    assert!(is_finite(&network), "{name}, {method}: {error}");
                    let told = error.to_string();
                    assert!(
                        told.contains("iteration") && told.contains("block"),
                        "{name}, {method}: {told}"
                    );
                }
                Err(TrainError::Refused(error)) => assert!(!error.to_string().is_empty()),
                Err(other) => panic!("{name}, {method}: {other}"),
            }
        }
    }
}

#[test]
fn extreme_problems_train_or_say_why_in_single_precision() {
    trains_or_says_why::<f32>();
}

#[test]
fn extreme_problems_train_or_say_why_in_double_precision() {
    trains_or_says_why::<f64>();
}

/// Features a million times too large are no harder to learn by batches. Raw ones of 1e-6 are: beside the constant input of the bias their
/// curvature is nothing, and the damping is relative to both together; scaling them, as the command does, is the answer.
#[test]
fn stochastic_tiam_learns_from_large_features() {
    for scale in [1.0, 1e3, 1e6] {
        for n_in in [1, 3] {
            let trained =
                train::<f32>(Method::Stochastic, &two_classes(60, n_in, scale), 2).unwrap();
            let last = trained.trace.last().unwrap().measures;
            assert!(last.train_accuracy > Some(0.95), "{scale} {n_in}: {last:?}");
        }
    }
}

#[test]
fn what_is_not_finite_in_the_data_is_refused_with_its_place() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let inputs = Matrix::from_fn(2, 3, |i, j| if (i, j) == (1, 2) { bad } else { 0.0 });
        let target = Target::Classes {
            labels: vec![0, 1, 0],
            n_classes: 2,
        };
        let refused = Samples::new(inputs, target);
        assert!(matches!(
            refused,
            Err(ModelError::NonFinite {
                row: 1,
                sample: 2,
                ..
            })
        ));
    }
}

/// 32 threads of one process, each with models of its own: the same bits as one after the other.
#[test]
fn a_thousand_models_trained_at_once_are_those_trained_alone() {
    const THREADS: u64 = 32;
    const MODELS: u64 = 1000;
    let samples = two_classes::<f32>(24, 3, 1.0);
    let method = |seed: u64| METHODS[usize::try_from(seed).unwrap() % METHODS.len()];
    let network = |seed| train(method(seed), &samples, seed).unwrap().network;
    let at_once: Vec<(u64, Network<f32>)> = thread::scope(|scope| {
        let network = &network;
        let start = |t| {
            scope.spawn(move || {
                let seeds = (t..MODELS).step_by(usize::try_from(THREADS).unwrap());
                seeds.map(|seed| (seed, network(seed))).collect::<Vec<_>>()
            })
        };
        let threads: Vec<_> = (0..THREADS).map(start).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(at_once.len() as u64, MODELS);
    for (seed, found) in &at_once {
        assert_eq!(*found, network(*seed), "{seed}");
    }
}
