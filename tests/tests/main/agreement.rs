//! The same training by other means: other numbers of threads, the other precision, other solvers. What must agree, and how closely.
//!
//! `cargo test -p tiam-tests --test main agreement -- --nocapture` prints how closely it does.

use tiam::Scalar;
use tiam_bench::methods::{Method, MethodParams, RunParams, Setup};
use tiam_core::Stopping;
use tiam_data::digits;
use tiam_linalg::{Real, Solver};
use tiam_models::{Activation, Architecture, CurvatureChoice, Layer, Network, Samples, Trained};

/// Between the precisions.
const PRECISIONS: f64 = 2e-4;
/// As above, by batches with the whole curvature, of which some twenty steps an epoch make an inverse.
const PRECISIONS_BY_BATCHES: f64 = 5e-3;
/// The last objective by batches with a sketched curvature: its system is damped by the precision's rounding, so that single and double
/// precision take different steps, to the same end.
const PRECISIONS_SKETCHED: f64 = 2e-2;

/// All the digits: enough that their samples are shared out.
const MANY: usize = usize::MAX;
/// Fewer digits than they have pixels.
const FEW: usize = 50;

/// The first `n` of the digits.
fn samples<T: Scalar>(n: usize) -> Samples<T> {
    let data = digits::<T>().unwrap();
    let first: Vec<usize> = (0..n.min(data.n_samples())).collect();
    tiam::samples(data.subset(&first).unwrap()).unwrap()
}

fn train<T: Scalar>(setup: &Setup, n: usize, threads: usize) -> Trained<T> {
    let samples = samples::<T>(n);
    let shape = Architecture::new(
        samples.inputs().n_rows(),
        &[50, 30],
        10,
        Activation::Relu,
        samples.target().loss(),
    );
    let run = RunParams::new(3, threads, Stopping::default().max_iterations(6));
    setup
        .train(shape.unwrap(), &samples, run, &mut |_| {})
        .unwrap()
}

/// How far two trainings are apart: the largest relative difference of an iteration's objective and loss, and of a final weight or bias,
/// relative to the largest of its layer.
fn apart<S: Real, T: Real>(one: &Trained<S>, other: &Trained<T>) -> f64 {
    assert_eq!(one.trace.rows.len(), other.trace.rows.len());
    let rows = one.trace.rows.iter().zip(&other.trace.rows);
    let figures = rows.flat_map(|(a, b)| {
        let loss = (a.measures.train_loss, b.measures.train_loss);
        [(a.objective, b.objective), loss]
    });
    let courses = largest(figures.map(|(a, b)| (a - b).abs() / a.abs()));
    largest([courses, networks_apart(&one.network, &other.network)].into_iter())
}

fn networks_apart<S: Real, T: Real>(one: &Network<S>, other: &Network<T>) -> f64 {
    let layers = one.layers().iter().zip(other.layers());
    largest(layers.map(|(a, b)| {
        let (a, b) = (numbers(a), numbers(b));
        let scale = largest(a.iter().map(|a| a.abs()));
        largest(a.iter().zip(&b).map(|(a, b)| (a - b).abs())) / scale
    }))
}

fn numbers<T: Real>(layer: &Layer<T>) -> Vec<f64> {
    let all = layer.weights.as_slice().iter().chain(&layer.bias);
    all.map(|x| (*x).to_f64()).collect()
}

/// NaN where one is.
fn largest(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.fold(0.0, |most, x| if x <= most { most } else { x })
}

fn check(what: &str, found: f64, tolerance: f64) {
    println!("{what}: {found:.1e} (allowed {tolerance:.0e})");
    assert!(found <= tolerance, "{what}: {found:e}");
}

#[test]
fn any_number_of_threads_gives_the_same_bits_in_every_method_and_precision() {
    for method in Method::ALL {
        let setup = Setup::published(method);
        let (double, single) = (train::<f64>(&setup, MANY, 1), train::<f32>(&setup, MANY, 1));
        for threads in [2, 3, 8] {
            let what = |precision| format!("{method}, {threads} threads, {precision}");
            let found = apart(&double, &train::<f64>(&setup, MANY, threads));
            check(&what("f64"), found, 0.0);
            let found = apart(&single, &train::<f32>(&setup, MANY, threads));
            check(&what("f32"), found, 0.0);
        }
        let what = format!("{method}, f32 against f64");
        let (double, single) = if method == Method::Samt {
            let setup = samt_in_short_steps();
            (train::<f64>(&setup, MANY, 1), train::<f32>(&setup, MANY, 1))
        } else {
            (double, single)
        };
        if method == Method::Stochastic {
            let ends = (
                double.trace.last().unwrap().objective,
                single.trace.last().unwrap().objective,
            );
            let found = (ends.0 - ends.1).abs() / ends.0;
            check(&format!("{what}, sketched"), found, PRECISIONS_SKETCHED);
        } else {
            check(&what, apart(&double, &single), PRECISIONS);
        }
    }
}

/// SAMT at a tenth of its rate. At the whole rate its trained step sizes lead to steps that magnify a rounding: two precisions agree to
/// 1e-8 after the first epoch, and to 1 % after the last.
fn samt_in_short_steps() -> Setup {
    let mut setup = Setup::published(Method::Samt);
    if let MethodParams::Gradient(params) = &mut setup.params {
        *params = params.learning_rate(0.01);
    }
    setup
}

#[test]
fn by_batches_the_precisions_agree_where_nothing_is_sketched() {
    for (curvature, tolerance) in [
        (CurvatureChoice::Full, PRECISIONS_BY_BATCHES),
        (CurvatureChoice::Identity, PRECISIONS),
    ] {
        let mut setup = Setup::published(Method::Stochastic);
        if let MethodParams::Stochastic(params) = &mut setup.params {
            *params = params.clone().curvature(curvature);
        }
        let found = apart(
            &train::<f64>(&setup, MANY, 1),
            &train::<f32>(&setup, MANY, 1),
        );
        check(&format!("{curvature}, f32 against f64"), found, tolerance);
    }
}

/// A form of a step, with what it may differ by in double and in single precision.
type Form = (Solver, f64, f64);

/// Against a plain form others that take the same step. They differ by rounding; where systems are solved by that, times their condition;
/// by what an iterative solve leaves.
const FORMS: [(Solver, &[Form]); 2] = [
    (
        Solver::Backtracking,
        &[
            (Solver::Gram, 2e-13, 1e-4),
            (Solver::Dual, 2e-13, 1e-4),
            (Solver::AUTO, 2e-13, 1e-4),
        ],
    ),
    (
        Solver::Cholesky,
        &[
            (Solver::DualCholesky, 2e-12, 2e-2),
            (
                Solver::ConjugateGradient {
                    max_iterations: 500,
                    rel_tolerance: 1e-12,
                },
                1e-6,
                0.2,
            ),
        ],
    ),
];

fn by(solver: Solver) -> Setup {
    let mut setup = Setup::published(Method::Tiam);
    if let MethodParams::Relaxed(params) = &mut setup.params {
        *params = params.clone().solver(solver);
    }
    setup
}

#[test]
fn every_form_of_a_step_agrees_with_the_plain_one_in_both_precisions() {
    for ((plain, others), n) in FORMS.into_iter().flat_map(|row| [(row, MANY), (row, FEW)]) {
        let (double, single) = (
            train::<f64>(&by(plain), n, 1),
            train::<f32>(&by(plain), n, 1),
        );
        for &(solver, f64_tolerance, f32_tolerance) in others {
            let n_samples = n.min(1797);
            let what = format!("{solver:?} against {plain:?}, {n_samples} samples");
            let found = apart(&double, &train::<f64>(&by(solver), n, 1));
            check(&format!("{what}, f64"), found, f64_tolerance);
            let found = apart(&single, &train::<f32>(&by(solver), n, 2));
            check(&format!("{what}, f32"), found, f32_tolerance);
        }
    }
}
