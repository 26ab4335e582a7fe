//! Property tests of every method, on random problems, shapes, activations and schedules.
//!
//! Claims of a single method are tested in its own file, those of TIAM with its published band in `tiam-models`.

use crate::splitting::{Case, M, cases, close, distance, map, plus, relabelled, shuffled};
use proptest::prelude::*;
use tiam_bench::methods::{Method, MethodParams, RunParams, Setup};
use tiam_bench::shapes::{Shape, samples};
use tiam_core::{Inertia, Schedule, Stopping};
use tiam_linalg::Activation::Identity;
use tiam_linalg::{Compute, Gradients, Solver, loss_gradient};
use tiam_models::{
    Activation, Architecture, Band, Network, OutputStart, Samples, Target, TiamParams, Trained,
};

/// Rounding of one iteration's objective: some thousand terms in double precision.
const ROUNDING: f64 = 1e-12;
const RELAXED: [Method; 3] = [Method::Tiam, Method::Am, Method::Mdlam];

fn seeded(cases: u32) -> ProptestConfig {
    ProptestConfig {
        rng_seed: proptest::test_runner::RngSeed::Fixed(0),
        ..ProptestConfig::with_cases(cases)
    }
}

fn run_of(iterations: usize) -> RunParams {
    RunParams::new(5, 1, Stopping::default().max_iterations(iterations))
}

fn train(setup: &Setup, case: &Case, samples: &Samples<f64>, run: RunParams) -> Trained<f64> {
    let (n_out, loss) = (case.n_outputs, samples.target().loss());
    let sizes = Architecture::new(case.n_features, &case.hidden, n_out, case.activation, loss);
    let trained = setup.train(sizes.unwrap(), samples, run, &mut |_| {});
    trained.unwrap_or_else(|error| panic!("{} {case:?}: {error}", setup.method))
}

fn solvers() -> [Solver; 7] {
    [
        Solver::Backtracking,
        Solver::UnitBacktracking,
        Solver::Gram,
        Solver::Dual,
        Solver::Cholesky,
        Solver::DualCholesky,
        Solver::CG,
    ]
}

/// A relaxed method's parameters: every schedule, inertia, solver and start, ρ over three decades.
fn relaxed() -> impl Strategy<Value = TiamParams> {
    let schedules = vec![Schedule::Constant, Schedule::Nesterov, Schedule::Fista];
    let starts = vec![OutputStart::Forward, OutputStart::Targets];
    let one = || 0.0..=1.0_f64;
    (
        (one(), one(), one()),
        prop::sample::select(schedules),
        prop::sample::select(solvers().to_vec()),
        prop::sample::select(starts),
        (-2.0..=1.0_f64, 0.0..=0.5_f64),
    )
        .prop_map(|((a, b, c), schedule, solver, start, (log_rho, ridge))| {
            TiamParams::default()
                .inertia(Inertia::new(a, b, c).unwrap())
                .schedule(schedule)
                .solver(solver)
                .output_start(start)
                .rho(10_f64.powf(log_rho))
                .ridge(ridge)
        })
}

/// These parameters as they are: [`Setup::relaxed`] would set the method's own inertia.
fn as_given(params: TiamParams) -> Setup {
    Setup {
        params: MethodParams::Relaxed(params),
        ..Setup::published(Method::Tiam)
    }
}

fn never_rises(trained: &Trained<f64>) -> Result<(), TestCaseError> {
    for pair in trained.trace.rows.windows(2) {
        let (before, after) = (pair[0].objective, pair[1].objective);
        prop_assert!(
            after <= before * (1.0 + ROUNDING) + ROUNDING,
            "{before} then {after}"
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(seeded(96))]

    #[test]
    fn a_constant_band_and_the_guard_make_the_objective_fall(
        case in cases(), params in relaxed(), width in 0.01..1.0_f64,
    ) {
        let samples = case.samples();
        let setup = as_given(params.band(Band::constant(width)));
        never_rises(&train(&setup, &case, &samples, run_of(12)))?;
    }

    #[test]
    fn every_iterate_lies_in_its_band(
        case in cases(), params in relaxed(), decay in 0.3..=1.0_f64, width in 0.01..10.0_f64,
    ) {
        let samples = case.samples();
        let band = Band { start: width, decay, floor: 0.1 * width };
        let trained = train(&as_given(params.band(band)), &case, &samples, run_of(12));
        for row in &trained.trace.rows[1..] {
            let width = band.width(row.iteration - 1);
            prop_assert!(row.violation <= width * (1.0 + ROUNDING) + ROUNDING, "{} of {width}", row.violation);
        }
    }

    #[test]
    fn published_relaxed_methods_fall_once_their_band_is_constant(case in cases(), at in 0..3_usize) {
        let samples = case.samples();
        let mut setup = Setup::published(RELAXED[at]);
        if let MethodParams::Relaxed(params) = &mut setup.params {
            *params = params.clone().band(Band::constant(0.3));
        }
        never_rises(&train(&setup, &case, &samples, run_of(25)))?;
    }
}

/// F's gradient in W and b where z is its own minimiser: no hidden layer and the squared loss make R and the penalty together
/// ρ/(1+ρ) R(W X + b).
fn largest_gradient(network: &Network<f64>, samples: &Samples<f64>, rho: f64, ridge: f64) -> f64 {
    let mut gradients = Gradients::zeros(network);
    let loss = network.architecture().loss.code().unwrap();
    let (inputs, target) = (samples.inputs(), samples.target().as_loss_target(&*loss));
    let mut compute = Compute::new(1).unwrap();
    loss_gradient(
        &mut gradients,
        network,
        Identity,
        inputs,
        target,
        None,
        &mut compute,
    );
    let (found, weights) = (&gradients.layers()[0], &network.layers()[0].weights);
    let scale = rho / (1.0 + rho);
    let of_weights = plus(&map(&found.weights, |g| scale * g), ridge, weights);
    let entries = of_weights.as_slice().iter().copied();
    let of_bias = found.bias.iter().map(|g| scale * g);
    entries.chain(of_bias).map(f64::abs).fold(0.0, f64::max)
}

/// A problem with one minimum.
fn flat_cases() -> impl Strategy<Value = Case> {
    cases().prop_map(|case| Case {
        hidden: vec![],
        values: true,
        ..case
    })
}

const FLAT_RHO: f64 = 1.0;
const FLAT_RIDGE: f64 = 0.5;

fn flat_params() -> TiamParams {
    TiamParams::default().rho(FLAT_RHO).ridge(FLAT_RIDGE)
}

proptest! {
    #![proptest_config(seeded(24))]

    #[test]
    fn relaxed_methods_end_where_a_convex_problem_has_no_gradient(case in flat_cases()) {
        let samples = case.samples();
        for method in RELAXED {
            let setup = Setup::relaxed(method, flat_params());
            let trained = train(&setup, &case, &samples, run_of(1500));
            let start = largest_gradient(&train(&setup, &case, &samples, run_of(0)).network, &samples, FLAT_RHO, FLAT_RIDGE);
            let end = largest_gradient(&trained.network, &samples, FLAT_RHO, FLAT_RIDGE);
            prop_assert!(end < 1e-6 * (1.0 + start), "{method}: {start} to {end}");
        }
    }

    #[test]
    fn all_solvers_end_at_the_same_network(case in flat_cases()) {
        let samples = case.samples();
        let end = |solver| {
            let setup = Setup::relaxed(Method::Am, flat_params().solver(solver));
            train(&setup, &case, &samples, run_of(1500))
        };
        let [first, others @ ..] = solvers().map(end);
        let expected = &first.network.layers()[0];
        for other in others {
            let found = &other.network.layers()[0];
            prop_assert!(distance(&expected.weights, &found.weights) < 1e-6);
            let (f, g) = (first.trace.last().unwrap().objective, other.trace.last().unwrap().objective);
            prop_assert!(close(f, g, 1e-11), "{f} {g}");
        }
    }
}

fn relaxed_objectives(network: Network<f64>, samples: &Samples<f64>, method: Method) -> Vec<f64> {
    let setup = Setup::relaxed(method, TiamParams::default().rho(0.5).ridge(0.1));
    let MethodParams::Relaxed(params) = setup.params else {
        panic!("{method} is relaxed");
    };
    let stopping = Stopping::default().max_iterations(8);
    let config = params.stopping(stopping).check().unwrap();
    let trained = tiam_models::train(network, samples, &config, &mut []);
    trained.unwrap().trace.objectives()
}

proptest! {
    #![proptest_config(seeded(48))]

    #[test]
    fn relaxed_methods_see_neither_the_samples_order_nor_the_classes_numbers(case in cases(), turn in 0..20_usize) {
        let samples = case.samples();
        let network = case.network(&samples);
        let n = case.n_samples;
        // Turned and mirrored.
        let order: Vec<usize> = (0..n).map(|j| n - 1 - (j + turn) % n).collect();
        for method in RELAXED {
            let expected = relaxed_objectives(network.clone(), &samples, method);
            let mut found = vec![relaxed_objectives(network.clone(), &shuffled(&samples, &order), method)];
            if !case.values {
                let to: Vec<usize> = (0..case.n_outputs).map(|c| (c + 1) % case.n_outputs).collect();
                let (relabelled, renamed) = relabelled(&samples, &network, &to);
                found.push(relaxed_objectives(renamed, &relabelled, method));
            }
            for found in found {
                let agree = found.iter().zip(&expected).all(|(x, y)| close(*x, *y, 1e-9));
                prop_assert!(agree, "{method} {found:?} {expected:?}");
            }
        }
    }
}

/// Problems at the edge of what is a problem, and their samples.
fn edges() -> Vec<(&'static str, Case, Samples<f64>)> {
    let base = Case::small(Activation::Relu, false);
    let sized = |n_features, n_samples| Case {
        n_features,
        n_samples,
        ..base.clone()
    };
    let labels_all_0 = |samples: Samples<f64>| {
        let labels = vec![0; samples.n_samples()];
        let target = Target::Classes {
            labels,
            n_classes: 2,
        };
        Samples::new(samples.inputs().clone(), target).unwrap()
    };
    let zero_sample = |samples: Samples<f64>| {
        let x = samples.inputs();
        let at = |i: usize, j: usize| if j == 4 { 0.0 } else { x[(i, j)] };
        let inputs = M::from_fn(x.n_rows(), x.n_cols(), at);
        Samples::new(inputs, samples.target().clone()).unwrap()
    };
    vec![
        ("one sample", sized(3, 1), sized(3, 1).samples()),
        ("one class", base.clone(), labels_all_0(base.samples())),
        ("few samples", sized(11, 4), sized(11, 4).samples()),
        ("many samples", sized(2, 40), sized(2, 40).samples()),
        (
            "a sample of zeros",
            base.clone(),
            zero_sample(base.samples()),
        ),
    ]
}

#[test]
fn every_method_lowers_its_objective_at_the_edges() {
    for (name, case, samples) in edges() {
        for &method in Method::compared() {
            let trained = train(&Setup::published(method), &case, &samples, run_of(30));
            let rows = &trained.trace.rows;
            assert!(rows.iter().all(|row| row.objective.is_finite()));
            let (first, last) = (&rows[0], &rows[30]);
            assert!(
                last.objective < first.objective,
                "{name}, {method}: {} to {}",
                first.objective,
                last.objective
            );
        }
    }
}

#[test]
fn the_seed_alone_decides() {
    let case = Case {
        n_samples: 300,
        ..Case::small(Activation::Elu, false)
    };
    let samples = case.samples();
    for &method in Method::compared() {
        let end = |seed| {
            let run = RunParams { seed, ..run_of(4) };
            train(&Setup::published(method), &case, &samples, run).network
        };
        assert_eq!(end(1), end(1), "{method}");
        assert_ne!(end(1), end(2), "{method}");
    }
}

#[test]
fn nothing_but_a_ridge_moves_the_weights_of_a_feature_that_is_always_zero() {
    const ZERO: usize = 1;
    for n_samples in [2, 9] {
        let case = Case {
            n_samples,
            ..Case::small(Activation::LeakyRelu, false)
        };
        let samples = case.samples::<f64>();
        let x = samples.inputs();
        let at = |i: usize, j: usize| if i == ZERO { 0.0 } else { x[(i, j)] };
        let inputs = M::from_fn(x.n_rows(), x.n_cols(), at);
        let samples = Samples::new(inputs, samples.target().clone()).unwrap();
        for &method in Method::compared() {
            let column = |iterations| -> Vec<f64> {
                let setup = Setup::published(method);
                let network = train(&setup, &case, &samples, run_of(iterations)).network;
                let weights = &network.layers()[0].weights;
                (0..weights.n_rows()).map(|i| weights[(i, ZERO)]).collect()
            };
            let (start, end) = (column(0), column(10));
            if method.is_relaxed() {
                let shrunk = start.iter().zip(&end).all(|(s, e)| e.abs() < s.abs());
                assert!(shrunk, "{method}: {start:?} {end:?}");
            } else {
                assert_eq!(start, end, "{method}, {n_samples} samples");
            }
        }
    }
}

#[test]
fn names_and_records_name_the_method() {
    for &method in Method::compared() {
        let setup = Setup::published(method);
        assert_eq!(setup.method, method);
        assert_eq!(method.to_string().parse::<Method>().unwrap(), method);
        assert_eq!(setup.config()["method"], method.name());
        assert_eq!(
            serde_json::from_value::<Method>(setup.config()["method"].clone()).unwrap(),
            method
        );
    }
    assert!("TIAM".parse::<Method>().is_err() && "".parse::<Method>().is_err());
}

#[test]
fn the_published_mdlam_code_never_moves_its_second_bias() {
    let digits = samples::<f64>(Shape::Digits, None, 0).unwrap();
    let sizes = || {
        let loss = digits.train.target().loss();
        Architecture::new(64, &[6, 5], 10, Activation::Relu, loss).unwrap()
    };
    let setup = Setup::mdlam_code();
    let start = setup.start.network::<f64>(sizes(), 3).unwrap();
    let run = RunParams {
        seed: 3,
        ..run_of(4)
    };
    let trained = setup
        .train(sizes(), &digits.train, run, &mut |_| {})
        .unwrap();
    for (l, (before, after)) in start
        .layers()
        .iter()
        .zip(trained.network.layers())
        .enumerate()
    {
        assert_eq!(before.bias == after.bias, l == 1, "layer {l}");
        assert_ne!(before.weights, after.weights, "layer {l}");
    }
}
