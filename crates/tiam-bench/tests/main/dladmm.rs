//! Tests of dlADMM: its equations, its claims, and training on the digits.

use crate::splitting::dladmm::{RHO, State, config, problem};
use crate::splitting::{
    Case, accuracy, cases, close, digits, distance, h, iterate, map, mul, plus, relabelled,
    relu_network, run, shuffled, visits,
};
use proptest::prelude::*;
use tiam_bench::methods::{Biases, DladmmParams, DladmmProblem, Search, Start};
use tiam_core::{BlockProblem, Inertia};
use tiam_models::TrainingProblem;
use tiam_models::{Activation, Init, Network, Samples};

#[test]
fn the_order_is_back_and_forth_and_then_the_dual() {
    let case = Case {
        hidden: vec![2],
        ..Case::small(Activation::Relu, false)
    };
    let samples = case.samples();
    let problem = problem(&case, &samples);
    let names: Vec<String> = visits(&problem.order(), problem.n_blocks())
        .into_iter()
        .map(|block| problem.block_name(block))
        .collect();
    let expected = "z_2 b_2 W_2 a_1 z_1 b_1 W_1 W_1 b_1 z_1 a_1 W_2 b_2 z_2 u";
    assert_eq!(names.join(" "), expected);
}

#[test]
fn iterations_agree_with_the_equations() {
    for activation in Activation::ALL {
        for values in [false, true] {
            let case = Case::small(activation, values);
            let samples = case.samples();
            let mut problem = problem(&case, &samples);
            let order = problem.order();
            let mut twin = State::of(&problem, &samples);
            for k in 0..4 {
                assert!(close(problem.objective(), twin.objective(), 1e-7));
                iterate(&mut problem, &order, k);
                for block in visits(&order, problem.n_blocks()) {
                    twin.update(block);
                }
            }
            let mut found = State::of(&problem, &samples);
            for block in 0..problem.n_blocks() {
                let apart = distance(found.block(block), twin.block(block));
                assert!(
                    apart < 1e-6,
                    "{activation} {}: {apart}",
                    problem.block_name(block)
                );
            }
        }
    }
}

#[test]
fn exact_updates_minimise_their_block() {
    for activation in Activation::ALL {
        let case = Case::small(activation, false);
        let samples = case.samples();
        let mut problem = problem(&case, &samples);
        let order = problem.order();
        for k in 0..2 {
            iterate(&mut problem, &order, k);
        }
        let exact = |block: &usize| block % 4 == 1 || block % 4 == 2;
        for block in visits(&order, problem.n_blocks()).into_iter().filter(exact) {
            problem.propose(block, Inertia::NONE);
            problem.accept(block);
            let mut state = State::of(&problem, &samples);
            let (least, name) = (state.objective(), problem.block_name(block));
            for at in 0..state.block(block).as_slice().len() {
                for offset in [1e-4, 1e-2, 0.3, 1.0, 3.0, -1e-4, -1e-2, -0.3, -1.0, -3.0] {
                    state.block(block).as_mut_slice()[at] += offset;
                    let there = state.objective();
                    state.block(block).as_mut_slice()[at] -= offset;
                    assert!(
                        there >= least - 1e-12,
                        "{name}[{at}] {offset}: {there} < {least}"
                    );
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_step_but_the_duals_raises_the_lagrangian_and_each_reports_what_it_did(case in cases()) {
        let samples = case.samples::<f64>();
        let mut problem = problem(&case, &samples);
        let order = problem.order();
        for k in 0..6 {
            problem.begin_iteration(k);
            for block in visits(&order, problem.n_blocks()) {
                let before = problem.objective();
                let change = problem.propose(block, Inertia::NONE);
                problem.accept(block);
                let moved = problem.objective() - before;
                let name = problem.block_name(block);
                prop_assert!(close(before + change.increase, before + moved, 1e-11), "{name} {change:?} {moved}");
                let tolerance = 1e-12 * (1.0 + before.abs());
                if name == "u" {
                    prop_assert!(change.increase >= 0.0);
                } else {
                    prop_assert!(change.increase <= tolerance, "{name} {change:?}");
                }
            }
        }
    }
}

#[test]
fn the_fixed_search_never_takes_a_longer_step_than_its_start() {
    let case = Case::small(Activation::Relu, false);
    let samples = case.samples();
    let theta = 1e6;
    let params = DladmmParams::default()
        .rho(RHO)
        .theta(theta)
        .search(Search::Fixed);
    let config = params.check().unwrap();
    let mut problem = DladmmProblem::new(case.network(&samples), &samples, config).unwrap();
    for _ in 0..5 {
        let before = State::of(&problem, &samples);
        let gradient = mul(&before.residual(0), &before.x.transposed());
        // At the start every residual is 0: move z first.
        problem.propose(0, Inertia::NONE);
        problem.accept(0);
        let after = State::of(&problem, &samples);
        let expected = plus(&before.w[0], -1.0 / theta, &gradient);
        assert!(distance(&after.w[0], &expected) < 1e-15);
        problem.propose(3, Inertia::NONE);
        problem.accept(3);
        problem.propose(2 + 4 * 2, Inertia::NONE);
        problem.accept(2 + 4 * 2);
        problem.propose(3 + 4, Inertia::NONE);
        problem.accept(3 + 4);
        problem.propose(2, Inertia::NONE);
        problem.accept(2);
    }
}

#[test]
fn a_training_cost_that_rises_three_times_raises_rho() {
    // A ρ so small against a wide start that the first steps make the network worse.
    let data = digits::<f64>();
    let start = Start {
        weights: Init::Normal(0.1),
        biases: Biases::Normal(0.1),
    };
    let network = relu_network(&data.train, &[10], start);
    let config = DladmmParams::default().check().unwrap();
    let mut problem = DladmmProblem::new(network, &data.train, config).unwrap();
    let order = problem.order();
    let (mut costs, mut rho) = (vec![], 1e-6_f64);
    let mut raised = 0;
    for k in 0..60 {
        costs.push(problem.measures().train_loss);
        iterate(&mut problem, &order, k);
        let rises = costs.len() > 3 && costs[costs.len() - 4..].windows(2).all(|c| c[1] > c[0]);
        if rises {
            rho = (10.0 * rho).min(0.1);
            raised += 1;
        }
        assert!((problem.rho() - rho).abs() <= 1e-12 * rho, "iteration {k}");
    }
    assert!(raised > 0, "{costs:?}");
}

#[test]
fn threads_agree() {
    let data = digits::<f64>();
    let start = Start {
        weights: Init::Normal(0.1),
        biases: Biases::Normal(0.1),
    };
    let objectives = |threads| {
        let network = relu_network(&data.train, &[40, 30], start);
        let config = DladmmParams::default()
            .rho(1e-3)
            .threads(threads)
            .check()
            .unwrap();
        let problem = DladmmProblem::new(network, &data.train, config).unwrap();
        let order = problem.order();
        run(problem, order, 3).trace.objectives()
    };
    let (one, three) = (objectives(1), objectives(3));
    assert!(
        one.iter().zip(&three).all(|(x, y)| close(*x, *y, 1e-9)),
        "{one:?} {three:?}"
    );
    assert!(three.iter().eq(objectives(3).iter()), "not repeatable");
}

fn objectives(network: Network<f64>, samples: &Samples<f64>) -> Vec<f64> {
    let problem = DladmmProblem::new(network, samples, config()).unwrap();
    let order = problem.order();
    run(problem, order, 5).trace.objectives()
}

#[test]
fn neither_the_samples_order_nor_the_classes_numbers_matter() {
    let mut case = Case::small(Activation::Elu, false);
    case.n_outputs = 3;
    let samples = case.samples();
    let network = case.network(&samples);
    let expected = objectives(network.clone(), &samples);
    let order: Vec<usize> = (0..case.n_samples)
        .map(|j| (4 * j + 3) % case.n_samples)
        .collect();
    let (relabelled, renamed) = relabelled(&samples, &network, &[2, 0, 1]);
    for found in [
        objectives(network, &shuffled(&samples, &order)),
        objectives(renamed, &relabelled),
    ] {
        assert!(
            found
                .iter()
                .zip(&expected)
                .all(|(x, y)| close(*x, *y, 1e-10))
        );
    }
}

#[test]
fn one_sample_one_class_and_no_hidden_layer_work() {
    let base = Case::small(Activation::Relu, false);
    let one_sample = Case {
        n_samples: 1,
        ..base.clone()
    };
    let flat = Case {
        hidden: vec![],
        ..base.clone()
    };
    for case in [one_sample, flat] {
        let samples = case.samples();
        let problem = problem(&case, &samples);
        let order = problem.order();
        let rows = run(problem, order, 60).trace.rows;
        assert!(
            rows[60].measures.train_loss < rows[0].measures.train_loss,
            "{case:?}"
        );
    }
    // With one class every network is perfect.
    let case = Case {
        n_outputs: 1,
        ..base
    };
    let samples = case.samples();
    let problem = problem(&case, &samples);
    let order = problem.order();
    let rows = run(problem, order, 5).trace.rows;
    assert!(rows.iter().all(|row| row.measures.train_loss.abs() < 1e-12));
}

#[test]
fn a_candidate_that_is_not_finite_shows_and_changes_nothing() {
    let case = Case::small(Activation::Relu, true);
    let small = case.samples::<f64>();
    let inputs = map(small.inputs(), |x| 1e170 * x);
    let samples = Samples::new(inputs, small.target().clone()).unwrap();
    let mut problem = problem(&case, &samples);
    problem.propose(3, Inertia::NONE);
    let before = problem.network().unwrap();
    // z_3 moves a long way at once; then the gradient of W_3 overflows when squared.
    problem.propose(10, Inertia::NONE);
    problem.accept(10);
    assert!(!problem.propose(8, Inertia::NONE).increase.is_finite());
    assert_eq!(problem.network().unwrap(), before);
}

#[test]
fn violation_is_the_largest_gap_of_the_hidden_layers() {
    let case = Case::small(Activation::LeakyRelu, false);
    let samples = case.samples();
    let mut problem = problem(&case, &samples);
    assert!(problem.violation() < 1e-15);
    let order = problem.order();
    iterate(&mut problem, &order, 0);
    let state = State::of(&problem, &samples);
    let gap = |l: usize| distance(&state.a[l], &map(&state.z[l], |z| h(state.activation, z)));
    let expected = gap(0).max(gap(1));
    assert!(expected > 1e-4 && (problem.violation() - expected).abs() < 1e-14);
}

#[test]
fn parameters_outside_their_range_are_refused() {
    let base = DladmmParams::default;
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(base().rho(bad).check().is_err());
        assert!(base().rho_limit(bad).check().is_err());
        assert!(base().theta(bad).check().is_err());
        assert!(base().tau(bad).check().is_err());
        assert_eq!(
            base().ridge(bad).check().is_err(),
            bad.abs() > 0.0 || bad.is_nan()
        );
    }
    assert!(base().threads(0).check().is_err());
}

#[test]
fn the_published_setting_learns_the_digits() {
    let data = digits::<f32>();
    let start = Start {
        weights: Init::Normal(0.1),
        biases: Biases::Normal(0.1),
    };
    let network = relu_network(&data.train, &[100, 100], start);
    let config = DladmmParams::default().check().unwrap();
    let problem = DladmmProblem::new(network, &data.train, config).unwrap();
    let order = problem.order();
    let outcome = run(problem, order, 100);
    // 0.9331 measured.
    assert!(accuracy(&outcome.problem.network().unwrap(), &data.test) > 0.92);
}
