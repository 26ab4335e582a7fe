//! Tests of the driver: order of the blocks, guard and errors.

use std::error::Error;

use crate::common::{Quadratic, SOME, Scripted, config, params, run};
use tiam_core::{
    Block, BlockChange, BlockProblem, CoreError, Driver, Guard, Inertia, Order, Schedule,
};

#[test]
fn blocks_are_visited_in_the_order_asked_for() {
    let log = |order: Order| {
        let params = params(SOME, Schedule::Constant, Guard::On, 2).order(order);
        run(params, Scripted::new(3, &[], &[1.0])).problem.log()
    };
    assert_eq!(
        log(Order::Forward),
        "k0 p0 a0 p1 a1 p2 a2 k1 p0 a0 p1 a1 p2 a2"
    );
    assert_eq!(
        log(Order::Backward),
        "k0 p2 a2 p1 a1 p0 a0 k1 p2 a2 p1 a1 p0 a0"
    );
    let drops_and_repeats = Order::custom(|k, blocks| {
        if k == 0 {
            blocks.truncate(1)
        } else {
            blocks.push(1)
        }
    });
    assert_eq!(
        log(drops_and_repeats),
        "k0 p0 a0 k1 p0 a0 p1 a1 p2 a2 p1 a1"
    );
}

#[test]
fn an_order_that_names_no_block_is_an_error() {
    let order = Order::custom(|k, blocks| blocks.push(if k == 1 { 7 } else { 0 }));
    let config = params(SOME, Schedule::Constant, Guard::On, 5)
        .order(order)
        .check()
        .unwrap();
    let failure = Driver::new(config)
        .run(Scripted::new(2, &[], &[1.0]))
        .unwrap_err();
    assert_eq!(
        failure.error,
        CoreError::Order {
            iteration: 2,
            block: 7,
            n_blocks: 2
        }
    );
    assert_eq!(failure.trace.rows.len(), 2);
}

#[test]
fn guard_repeats_a_step_that_does_not_improve_without_inertia() {
    for bad in [1e-300, 1.0, f64::INFINITY, f64::NAN, f64::NEG_INFINITY] {
        let guarded = Driver::new(config(1, Guard::On))
            .run(Scripted::new(2, &[bad, 0.5], &[1.0]))
            .unwrap();
        assert_eq!(
            guarded.problem.log(),
            "k0 p0 p0- a0 p1 a1",
            "{bad}: a finite increase of the second is accepted"
        );
        assert_eq!(guarded.restarts, 1);
        assert_eq!(guarded.trace.rows[1].restarts, 1);
    }
    for good in [0.0, -0.0, -1e-300, -1.0] {
        let guarded = Driver::new(config(1, Guard::On))
            .run(Scripted::new(1, &[good], &[1.0]))
            .unwrap();
        assert_eq!(
            (guarded.problem.log().as_str(), guarded.restarts),
            ("k0 p0 a0", 0)
        );
    }
    let unguarded = Driver::new(config(1, Guard::Off))
        .run(Scripted::new(1, &[1.0], &[1.0]))
        .unwrap();
    assert_eq!(
        (unguarded.problem.log().as_str(), unguarded.restarts),
        ("k0 p0 a0", 0)
    );
}

#[test]
fn an_increase_up_to_its_rounding_is_no_restart() {
    for (increase, restarts) in [(-1.0, 0), (0.25, 0), (0.25 + 1e-16, 1), (f64::NAN, 1)] {
        let mut problem = Scripted::new(1, &[increase, -1.0], &[1.0]);
        problem.rounding = 0.25;
        let outcome = run(params(SOME, Schedule::Constant, Guard::On, 1), problem);
        assert_eq!(outcome.restarts, restarts, "{increase}");
    }
}

/// F(u) = 1000 + Σ (ln cosh(u − i/1000) + ...) over 1000 terms, to be minimised to the last bit.
struct ManyTerms {
    block: Block<f64>,
    knows_rounding: bool,
}

fn many_terms(u: f64) -> f64 {
    (0..1000)
        .map(|i| 1.0 + (u - f64::from(i) / 1000.0).cosh().ln())
        .sum()
}

impl BlockProblem for ManyTerms {
    type Measures = ();
    fn n_blocks(&self) -> usize {
        1
    }
    fn block_name(&self, _: usize) -> String {
        "u".into()
    }
    fn propose(&mut self, _: usize, inertia: Inertia) -> BlockChange {
        let slope = |u: &[f64], out: &mut [f64]| {
            out[0] = (0..1000)
                .map(|i| (u[0] - f64::from(i) / 1000.0).tanh())
                .sum();
        };
        self.block.propose_with(inertia, 2e-4, slope);
        let [before, after] =
            [self.block.current(), self.block.candidate()].map(|u| many_terms(u[0]));
        if self.knows_rounding {
            BlockChange::between(before, after)
        } else {
            BlockChange::new(before, after - before)
        }
    }
    fn accept(&mut self, _: usize) {
        self.block.accept();
    }
    fn objective(&mut self) -> f64 {
        many_terms(self.block.current()[0])
    }
    fn measures(&mut self) {}
}

#[test]
fn without_inertia_rounding_restarts_nothing_at_the_minimum() {
    let restarts = |knows_rounding| {
        let plain = params(Inertia::NONE, Schedule::Constant, Guard::On, 500);
        let block = Block::new(vec![3.0]);
        run(
            plain,
            ManyTerms {
                block,
                knows_rounding,
            },
        )
        .restarts
    };
    assert_eq!(restarts(true), 0);
    assert!(
        restarts(false) > 10,
        "{}: the problem is too easy to tell",
        restarts(false)
    );
}

#[test]
fn a_candidate_that_is_not_finite_is_never_accepted() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let unguarded = Driver::new(config(1, Guard::Off))
            .run(Scripted::new(2, &[-1.0, bad], &[1.0]))
            .unwrap_err();
        assert_eq!(unguarded.problem.log(), "k0 p0 a0 p1");
        let guarded = Driver::new(config(3, Guard::On))
            .run(Scripted::new(2, &[-1.0, bad, bad], &[1.0]))
            .unwrap_err();
        assert_eq!(guarded.problem.log(), "k0 p0 a0 p1 p1-");
        let CoreError::NonFinite {
            block, iteration, ..
        } = &guarded.error
        else {
            panic!("{guarded}")
        };
        assert_eq!((block.as_str(), *iteration), ("b1", 1));
        assert_eq!(guarded.trace.rows.len(), 1);
    }
}

#[test]
fn start_and_objective_that_are_not_finite_are_errors() {
    let failed = |problem| Driver::new(config(5, Guard::On)).run(problem).unwrap_err();
    for bad in [f64::NAN, f64::INFINITY] {
        let failure = failed(Scripted::new(1, &[], &[bad]));
        assert!(
            matches!(
                failure.error,
                CoreError::NonFiniteStart {
                    quantity: "objective",
                    ..
                }
            ),
            "{failure}"
        );
        assert!(failure.trace.rows.is_empty());
        let failure = failed(Scripted::new(1, &[], &[1.0, 0.5, bad]));
        assert!(
            matches!(
                failure.error,
                CoreError::Diverged {
                    iteration: 2,
                    start: 1.0,
                    ..
                }
            ),
            "{failure}"
        );
        assert_eq!(failure.trace.objectives(), [1.0, 0.5]);
        let failure = failed(Scripted::new(1, &[], &[1.0]).violating(&[0.0, bad]));
        assert!(
            matches!(
                failure.error,
                CoreError::NonFiniteViolation { iteration: 1, .. }
            ),
            "{failure}"
        );
        let failure = failed(Scripted::new(1, &[], &[1.0]).violating(&[bad]));
        assert!(
            matches!(
                failure.error,
                CoreError::NonFiniteStart {
                    quantity: "violation",
                    ..
                }
            ),
            "{failure}"
        );
    }
}

#[test]
fn divergence_names_the_block_that_rose_most() {
    let failed = |increases: &[f64], objectives: &[f64], violations: &[f64]| {
        let problem = Scripted::new(3, increases, objectives).violating(violations);
        let driver = Driver::new(config(5, Guard::Off));
        driver.run(problem).unwrap_err().error.to_string()
    };
    for (increases, block) in [
        ([1.0, 5.0, 2.0], "b1"),
        ([-3.0, -2.0, -1.0], "b2"),
        ([4.0, 4.0, 4.0], "b0"),
    ] {
        let rose = format!("block {block} rose most");
        let error = failed(&increases, &[1.0, f64::INFINITY], &[0.0]);
        assert!(
            error.starts_with("diverged in iteration 1") && error.contains(&rose),
            "{error}"
        );
        let error = failed(&increases, &[1.0], &[0.0, f64::NAN]);
        assert!(
            error.starts_with("the violation after iteration 1") && error.contains(&rose),
            "{error}"
        );
    }
    // Of the failing iteration alone.
    let error = failed(
        &[9.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        &[1.0, 1.0, f64::NAN],
        &[0.0],
    );
    assert!(error.contains("block b1 rose most"), "{error}");
}

#[test]
fn divergence_is_measured_against_the_start() {
    let ends = |start: f64, then: f64| {
        let params = params(SOME, Schedule::Constant, Guard::On, 1).divergence_factor(10.0);
        Driver::new(params.check().unwrap())
            .run(Scripted::new(1, &[], &[start, then]))
            .map(|outcome| outcome.reason)
    };
    assert!(ends(2.0, 20.0).is_ok() && ends(-2.0, 20.0).is_ok() && ends(0.0, 10.0).is_ok());
    for (start, then) in [(2.0, 20.1), (-2.0, 20.1), (0.0, 10.1)] {
        let failure = ends(start, then).unwrap_err();
        assert_eq!(
            failure.error,
            CoreError::Diverged {
                block: "b0".to_owned(),
                iteration: 1,
                objective: then,
                start
            }
        );
        assert_eq!(failure.trace.objectives(), [start, then]);
    }
}

#[test]
fn a_failure_is_an_error_whatever_the_problem() {
    // Scripted is neither Debug nor Display.
    let failure = Driver::new(config(1, Guard::Off))
        .run(Scripted::new(1, &[f64::NAN], &[1.0]))
        .unwrap_err();
    let boxed: Box<dyn Error> = Box::new(failure);
    assert_eq!(
        boxed.to_string(),
        "block b0 has no finite candidate in iteration 1: its objective would change by NaN"
    );
}

#[test]
fn a_schedule_that_leaves_the_range_is_an_error() {
    for bad in [f64::NAN, 1.5, -0.1] {
        let schedule = Schedule::custom(move |k, base| {
            if k == 2 {
                Inertia { start: bad, ..base }
            } else {
                base
            }
        });
        let config = params(SOME, schedule, Guard::On, 5).check().unwrap();
        let failure = Driver::new(config)
            .run(Scripted::new(1, &[], &[1.0]))
            .unwrap_err();
        assert!(
            matches!(failure.error, CoreError::Schedule { iteration: 3, .. }),
            "{failure}"
        );
        assert_eq!(failure.trace.rows.len(), 3);
    }
}

#[test]
fn a_problem_without_blocks_or_entries_runs() {
    let none = Driver::new(config(3, Guard::On))
        .run(Scripted::new(0, &[], &[1.0]))
        .unwrap();
    assert_eq!(
        (none.iterations, none.problem.log().as_str()),
        (3, "k0 k1 k2")
    );
    let empty = Quadratic::new(Vec::new(), Vec::new(), &[0], &[]);
    assert_eq!(
        Driver::new(config(3, Guard::On))
            .run(empty)
            .unwrap()
            .trace
            .objectives(),
        [0.0; 4]
    );
    let single = Quadratic::diagonal(&[1.0], &[1], &[1.0]);
    assert!(
        Driver::new(config(3, Guard::On))
            .run(single)
            .unwrap()
            .trace
            .objectives()[3]
            < 0.5
    );
}
