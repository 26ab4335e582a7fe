//! Tests of BCD: its equations, its claims, and training on the digits.

use crate::splitting::bcd::{ALPHA, RIDGE, State, config, config_with, problem};
use crate::splitting::{
    Case, accuracy, cases, close, digits, distance, dot, h, iterate, map, plus, relabelled,
    relu_network, run, shuffled, visits,
};
use proptest::prelude::*;
use tiam_bench::methods::{BcdParams, BcdProblem, Biases, Start};
use tiam_core::{BlockProblem, Inertia};
use tiam_models::TrainingProblem;
use tiam_models::{Activation, Init, Network, Samples};

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
                twin.sweep();
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

/// There the first layer's system is solved in its dual form, whose ridge enters in another way.
#[test]
fn iterations_agree_with_the_equations_where_samples_are_fewer_than_features() {
    for (n_features, n_samples) in [(11, 5), (6, 5), (5, 1)] {
        for ridge in [0.0, RIDGE, 3.0] {
            let case = Case {
                n_features,
                n_samples,
                ..Case::small(Activation::Relu, true)
            };
            let samples = case.samples();
            let network = case.network(&samples);
            let mut problem = BcdProblem::new(network, &samples, config_with(ridge)).unwrap();
            let order = problem.order();
            let mut twin = State::of(&problem, &samples);
            twin.ridge = ridge;
            for k in 0..4 {
                iterate(&mut problem, &order, k);
                twin.sweep();
                assert!(close(problem.objective(), twin.objective(), 1e-7));
            }
            let found = problem.network().unwrap();
            for (layer, expected) in found.layers().iter().zip(&twin.w) {
                let apart = distance(&layer.weights, expected);
                assert!(apart < 1e-6, "{n_features} x {n_samples}, {ridge}: {apart}");
            }
        }
    }
}

#[test]
fn every_update_minimises_its_block_and_reports_what_it_did() {
    for activation in Activation::ALL {
        let case = Case::small(activation, false);
        let samples = case.samples();
        let mut problem = problem(&case, &samples);
        let order = problem.order();
        iterate(&mut problem, &order, 0);
        for block in visits(&order, problem.n_blocks()) {
            let mut before = State::of(&problem, &samples);
            let change = problem.propose(block, Inertia::NONE);
            problem.accept(block);
            let mut after = State::of(&problem, &samples);
            let moved = after.objective() - before.objective();
            let name = problem.block_name(block);
            assert!(
                (moved - change.increase).abs() < 1e-11,
                "{name}: {moved} {change:?}"
            );
            assert!(change.before > 0.0 && change.before <= before.objective() + 1e-11);
            let alpha = if before.has_proximal_term(block) {
                ALPHA
            } else {
                0.0
            };
            let old = before.block(block).clone();
            let value = |state: &mut State| {
                let apart = plus(state.block(block), -1.0, &old).norm_sq();
                state.objective() + 0.5 * alpha * apart
            };
            let least = value(&mut after);
            for at in 0..old.as_slice().len() {
                let mut at_offset = |offset: f64| {
                    after.block(block).as_mut_slice()[at] += offset;
                    let there = value(&mut after);
                    after.block(block).as_mut_slice()[at] -= offset;
                    there
                };
                for offset in [1e-4, 1e-2, 0.3, 1.0, 3.0] {
                    for offset in [offset, -offset] {
                        let there = at_offset(offset);
                        assert!(
                            there >= least - 1e-12,
                            "{name}[{at}] {offset}: {there} < {least}"
                        );
                    }
                }
                if block % 4 != 1 {
                    // Quadratic: the central difference is the gradient.
                    let slope = at_offset(0.5) - at_offset(-0.5);
                    assert!(slope.abs() < 1e-10, "{name}[{at}]: {slope}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whole_iterations_never_raise_the_objective(case in cases()) {
        let samples = case.samples::<f64>();
        let problem = problem(&case, &samples);
        let order = problem.order();
        let objectives = run(problem, order, 12).trace.objectives();
        for pair in objectives.windows(2) {
            prop_assert!(pair[1] <= pair[0] * (1.0 + 1e-12), "{objectives:?}");
        }
        prop_assert!(objectives[12] < objectives[0] || objectives[0] < 1e-12);
    }
}

#[test]
fn iterates_stop_moving_at_a_critical_point() {
    // A small α and one hidden layer: the change falls linearly within the run.
    let case = Case {
        hidden: vec![3],
        ..Case::small(Activation::Relu, true)
    };
    let samples = case.samples();
    let config = BcdParams::default()
        .alpha(0.1)
        .ridge(RIDGE)
        .check()
        .unwrap();
    let mut problem = BcdProblem::new(case.network(&samples), &samples, config).unwrap();
    let order = problem.order();
    let mut moved = Vec::new();
    for k in 0..4000 {
        let mut before = State::of(&problem, &samples);
        iterate(&mut problem, &order, k);
        let mut after = State::of(&problem, &samples);
        let blocks = 0..problem.n_blocks();
        let step = |i| plus(after.block(i), -1.0, before.block(i)).norm_sq();
        moved.push(blocks.map(step).sum::<f64>().sqrt());
    }
    let (first, last) = (moved[0], moved[moved.len() - 1]);
    assert!(last < 1e-6 * first, "{first} {last} {}", moved[2000]);
}

#[test]
fn threads_agree() {
    let data = digits::<f64>();
    let start = Start {
        weights: Init::Normal(0.1),
        biases: Biases::Constant(0.1),
    };
    let objectives = |threads| {
        let network = relu_network(&data.train, &[40, 30], start);
        let config = BcdParams::default().threads(threads).check().unwrap();
        let problem = BcdProblem::new(network, &data.train, config).unwrap();
        let order = problem.order();
        run(problem, order, 3).trace.objectives()
    };
    let (one, three) = (objectives(1), objectives(3));
    assert!(
        one.iter().zip(&three).all(|(x, y)| close(*x, *y, 1e-10)),
        "{one:?} {three:?}"
    );
    assert!(three.iter().eq(objectives(3).iter()), "not repeatable");
}

fn objectives(network: Network<f64>, samples: &Samples<f64>) -> Vec<f64> {
    let problem = BcdProblem::new(network, samples, config()).unwrap();
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
    let one_class = Case {
        n_outputs: 1,
        ..base.clone()
    };
    let flat = Case {
        hidden: vec![],
        ..base
    };
    for case in [one_sample, one_class, flat] {
        let samples = case.samples();
        let problem = problem(&case, &samples);
        let order = problem.order();
        let outcome = run(problem, order, 60);
        let objectives = outcome.trace.objectives();
        assert!(objectives[60] < objectives[0], "{case:?}");
    }
}

#[test]
fn a_candidate_that_is_not_finite_shows_and_changes_nothing() {
    let case = Case::small(Activation::Relu, true);
    let small = case.samples::<f64>();
    let inputs = map(small.inputs(), |x| 1e170 * x);
    let samples = Samples::new(inputs, small.target().clone()).unwrap();
    let mut problem = problem(&case, &samples);
    let before = problem.network().unwrap();
    for block in 0..problem.n_blocks() {
        let change = problem.propose(block, Inertia::NONE);
        if problem.block_name(block).starts_with('W') {
            assert!(!change.increase.is_finite());
        }
    }
    assert_eq!(problem.network().unwrap(), before);
}

#[test]
fn only_the_block_last_proposed_can_be_accepted() {
    let case = Case::small(Activation::Relu, true);
    let samples = case.samples();
    let mut problem = problem(&case, &samples);
    problem.propose(2, Inertia::NONE);
    problem.propose(1, Inertia::NONE);
    let before = problem.network().unwrap();
    problem.accept(2);
    assert_eq!(problem.network().unwrap(), before);
    assert!(dot(problem.u(0), problem.u(0)) > 0.0);
}

#[test]
fn violation_is_the_largest_gap_of_the_splitting() {
    let case = Case::small(Activation::LeakyRelu, false);
    let samples = case.samples();
    let mut problem = problem(&case, &samples);
    assert!(problem.violation() < 1e-15);
    let order = problem.order();
    iterate(&mut problem, &order, 0);
    let state = State::of(&problem, &samples);
    let gap = |l: usize| distance(&state.v[l], &map(&state.u[l], |u| h(state.h_of(l), u)));
    let expected = (0..3).map(gap).fold(0.0, f64::max);
    assert!(expected > 1e-3 && (problem.violation() - expected).abs() < 1e-14);
}

#[test]
fn parameters_outside_their_range_are_refused() {
    let base = BcdParams::default;
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(base().rho(bad).check().is_err());
        assert!(base().gamma(bad).check().is_err());
        assert!(base().alpha(bad).check().is_err());
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
        weights: Init::Normal(0.01),
        biases: Biases::Constant(0.1),
    };
    let network = relu_network(&data.train, &[100], start);
    let config = BcdParams::default().check().unwrap();
    let problem = BcdProblem::new(network, &data.train, config).unwrap();
    let order = problem.order();
    let outcome = run(problem, order, 30);
    // 0.9415 measured.
    assert!(accuracy(&outcome.problem.network().unwrap(), &data.test) > 0.93);
}
