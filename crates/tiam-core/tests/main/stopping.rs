//! Tests of every stopping rule and of the ranges of all parameters.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::common::{SOME, Scripted, bowl, params};
use tiam_core::{
    CoreError, Driver, DriverConfig, DriverParams, Guard, Inertia, Observer, Schedule, StopReason,
    Stopping, TraceRow, stop_when,
};

fn stopping(stopping: Stopping) -> DriverConfig {
    params(SOME, Schedule::Constant, Guard::On, 0)
        .stopping(stopping)
        .check()
        .unwrap()
}

#[test]
fn every_rule_stops_with_its_reason() {
    let objectives = [10.0, 8.0, 8.0, 7.0, 7.0, 7.0, 1.0];
    let ends = |rules| {
        let outcome = Driver::new(stopping(rules))
            .run(Scripted::new(1, &[], &objectives))
            .unwrap();
        assert_eq!(outcome.trace.rows.len(), outcome.iterations + 1);
        (outcome.reason, outcome.iterations)
    };
    let rules = || Stopping::default().max_iterations(50);
    assert_eq!(ends(rules()), (StopReason::MaxIterations, 50));
    assert_eq!(
        ends(Stopping::default().max_iterations(0)),
        (StopReason::MaxIterations, 0)
    );
    assert_eq!(
        ends(rules().target_objective(7.5)),
        (StopReason::TargetObjective, 3)
    );
    assert_eq!(
        ends(rules().target_objective(10.0)),
        (StopReason::TargetObjective, 0)
    );
    assert_eq!(ends(rules().rel_change(0.0)), (StopReason::RelChange, 2));
    assert_eq!(ends(rules().rel_change(0.2)), (StopReason::RelChange, 1));
    assert_eq!(
        ends(rules().rel_change(0.0).patience(2)),
        (StopReason::RelChange, 5)
    );
    assert_eq!(
        ends(rules().rel_change(0.0).patience(3)),
        (StopReason::RelChange, 9)
    );
    assert_eq!(
        ends(rules().time_limit(Duration::ZERO)),
        (StopReason::TimeLimit, 0)
    );
    assert_eq!(
        ends(rules().time_limit(Duration::from_secs(3600))),
        (StopReason::MaxIterations, 50)
    );
    assert_eq!(
        ends(rules().interrupt(Arc::new(AtomicBool::new(true)))),
        (StopReason::Interrupted, 0)
    );
    // The first of the table wins.
    let all = Stopping::default()
        .max_iterations(0)
        .target_objective(10.0)
        .time_limit(Duration::ZERO);
    assert_eq!(ends(all), (StopReason::TargetObjective, 0));
}

#[test]
fn violated_constraints_keep_the_objective_from_counting() {
    let ends = |rules| {
        let problem = Scripted::new(1, &[], &[1.0]).violating(&[1.0, 1.0, 1.0, 0.1]);
        let outcome = Driver::new(stopping(rules)).run(problem).unwrap();
        (outcome.reason, outcome.iterations)
    };
    let rules = Stopping::default().max_iterations(50).max_violation(0.1);
    assert_eq!(
        ends(rules.clone().target_objective(2.0)),
        (StopReason::TargetObjective, 3)
    );
    assert_eq!(
        ends(rules.clone().rel_change(0.0)),
        (StopReason::RelChange, 3)
    );
    assert_eq!(
        ends(rules.max_violation(0.05).target_objective(2.0)),
        (StopReason::MaxIterations, 50)
    );
}

#[test]
fn an_interrupt_finishes_the_iteration_under_way() {
    struct Setter(Arc<AtomicBool>);
    impl<M> Observer<M> for Setter {
        fn on_iteration(&mut self, row: &TraceRow<M>) {
            self.0.store(row.iteration == 4, Ordering::Relaxed);
        }
    }
    let flag = Arc::new(AtomicBool::new(false));
    let config = stopping(Stopping::default().interrupt(Arc::clone(&flag)));
    let outcome = Driver::new(config.clone())
        .observe(&mut Setter(Arc::clone(&flag)))
        .run(bowl())
        .unwrap();
    assert_eq!(
        (outcome.reason, outcome.iterations),
        (StopReason::Interrupted, 4)
    );
    let plain = Driver::new(stopping(Stopping::default().max_iterations(4)))
        .run(bowl())
        .unwrap();
    assert_eq!(outcome.problem.x(), plain.problem.x());
    // Set between two steps: no further iteration begins.
    flag.store(false, Ordering::Relaxed);
    let mut steps = Driver::new(config).start(bowl()).unwrap();
    assert_eq!(steps.step().unwrap(), ControlFlow::Continue(()));
    flag.store(true, Ordering::Relaxed);
    assert_eq!(
        steps.step().unwrap(),
        ControlFlow::Break(StopReason::Interrupted)
    );
    assert_eq!(steps.finish().unwrap().iterations, 1);
}

#[test]
fn a_rule_of_the_users_own_ends_the_run_with_its_words() {
    let whole = Driver::new(stopping(Stopping::default().max_iterations(9)))
        .run(bowl())
        .unwrap();
    let least = whole.trace.rows[3].objective;
    let rule = || {
        stop_when("low enough", move |row: &TraceRow<()>| {
            row.objective <= least
        })
    };
    let limit = |n| stopping(Stopping::default().max_iterations(n));
    let (mut first, mut second) = (rule(), stop_when("never", |_: &TraceRow<()>| false));
    let run = Driver::new(limit(9));
    let run = run.observe(&mut second).observe(&mut first);
    let ended = run.run(bowl()).unwrap();
    assert_eq!(ended.reason, StopReason::Custom("low enough".into()));
    assert_eq!(ended.iterations, 3);
    // The driver's own rules go first, and the start counts.
    let limited = Driver::new(limit(3)).observe(&mut rule()).run(bowl());
    let limited = limited.unwrap();
    assert_eq!(limited.reason, StopReason::MaxIterations);
    let mut at_once = stop_when("at once", |_: &TraceRow<()>| true);
    let none = Driver::new(limit(9)).observe(&mut at_once).run(bowl());
    let none = none.unwrap();
    assert_eq!(
        (none.reason.to_string(), none.iterations),
        ("at once".into(), 0)
    );
    // No part of the state: resumed with the rule the run has ended, without it goes on.
    let mut again = rule();
    let run = Driver::new(limit(9)).observe(&mut again);
    let mut run = run.resume(ended.problem, ended.trace).unwrap();
    assert_eq!(
        run.step().unwrap(),
        ControlFlow::Break(StopReason::Custom("low enough".into()))
    );
    let stopped = run.finish().unwrap();
    let on = Driver::new(limit(9));
    let mut on = on.resume(stopped.problem, stopped.trace).unwrap();
    while on.step().unwrap().is_continue() {}
    let on = on.finish().unwrap();
    assert_eq!((on.reason, on.iterations), (StopReason::MaxIterations, 9));
    assert_eq!(on.problem.x(), whole.problem.x());
}

#[test]
fn parameters_outside_their_range_are_refused() {
    let name = |params: DriverParams| match params.check() {
        Err(CoreError::Parameter { name, .. }) => name,
        other => panic!("{other:?}"),
    };
    let with = |stopping| DriverParams::default().stopping(stopping);
    for bad in [f64::NAN, 0.999, -1.0, f64::NEG_INFINITY] {
        assert_eq!(
            name(DriverParams::default().divergence_factor(bad)),
            "divergence_factor"
        );
    }
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(
            name(with(Stopping::default().target_objective(bad))),
            "target_objective"
        );
        assert_eq!(
            name(with(Stopping::default().rel_change(bad))),
            "rel_change"
        );
    }
    assert_eq!(
        name(with(Stopping::default().rel_change(-1e-9))),
        "rel_change"
    );
    assert_eq!(
        name(with(Stopping::default().max_violation(f64::NAN))),
        "max_violation"
    );
    assert_eq!(
        name(with(Stopping::default().max_violation(-1.0))),
        "max_violation"
    );
    assert_eq!(name(with(Stopping::default().patience(0))), "patience");
    assert_eq!(
        name(DriverParams::default().inertia(Inertia {
            correction: f64::NAN,
            ..SOME
        })),
        "correction"
    );
    assert!(DriverParams::default().check().is_ok());
}
