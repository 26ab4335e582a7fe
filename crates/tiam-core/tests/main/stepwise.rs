//! Tests of observers, and of runs done step by step or in sessions.

use std::ops::ControlFlow;

use crate::common::{Quadratic, Scripted, bowl, config, params};
use tiam_core::{
    CoreError, Driver, DriverConfig, Guard, Inertia, Observer, Schedule, StopReason, Stopping,
    Trace, TraceRow, each_iteration,
};

fn triple(n: usize) -> DriverConfig {
    let inertia = Inertia::new(0.9, 0.9, 0.3).unwrap();
    params(inertia, Schedule::Fista, Guard::On, n)
        .check()
        .unwrap()
}

/// Rows without their clock.
fn timeless<M: Clone>(trace: &Trace<M>) -> Vec<TraceRow<M>> {
    trace
        .rows
        .iter()
        .cloned()
        .map(|row| TraceRow {
            seconds: 0.0,
            ..row
        })
        .collect()
}

/// Writes down everything it is shown.
#[derive(Default)]
struct Recorder {
    rows: Vec<usize>,
    ends: Vec<String>,
}

impl<M> Observer<M> for Recorder {
    fn on_start(&mut self, row: &TraceRow<M>) {
        self.rows.push(row.iteration);
    }
    fn on_iteration(&mut self, row: &TraceRow<M>) {
        self.rows.push(row.iteration);
    }
    fn on_finish(&mut self, end: Result<&StopReason, &CoreError>) {
        self.ends
            .push(end.map_or_else(ToString::to_string, |reason| reason.to_string()));
    }
}

#[test]
fn observers_see_every_row_and_change_nothing() {
    let unwatched = Driver::new(triple(30)).run(bowl()).unwrap();
    assert!(unwatched.restarts > 0);
    let (mut recorder, mut seen) = (Recorder::default(), Vec::new());
    let mut closure = each_iteration(|row: &TraceRow<()>| seen.push(row.objective));
    let watched = Driver::new(triple(30))
        .observe(&mut recorder)
        .observe(&mut closure)
        .run(bowl())
        .unwrap();
    assert_eq!(watched.problem.x(), unwatched.problem.x());
    assert_eq!(timeless(&watched.trace), timeless(&unwatched.trace));
    assert_eq!(recorder.rows, (0..=30).collect::<Vec<_>>());
    assert_eq!(recorder.ends, ["iteration limit reached"]);
    assert_eq!(seen, watched.trace.objectives()[1..]);
    // The same observer serves another problem with these measures.
    let other = Quadratic::diagonal(&[1.0], &[1], &[1.0]);
    let mut anyone: Vec<&mut dyn Observer<()>> = vec![&mut recorder];
    Driver::new(triple(2))
        .observe(anyone.remove(0))
        .run(other)
        .unwrap();
    assert_eq!(recorder.rows[31..], [0, 1, 2]);
}

#[test]
fn observers_are_told_of_every_end_once() {
    let mut recorder = Recorder::default();
    let driver = Driver::new(config(9, Guard::Off)).observe(&mut recorder);
    driver
        .run(Scripted::new(1, &[f64::NAN], &[1.0]))
        .unwrap_err();
    let driver = Driver::new(config(9, Guard::Off)).observe(&mut recorder);
    driver.run(Scripted::new(1, &[], &[f64::NAN])).unwrap_err();
    let driver = Driver::new(config(9, Guard::Off)).observe(&mut recorder);
    driver
        .start(Scripted::new(1, &[], &[1.0]))
        .unwrap()
        .finish()
        .unwrap();
    let driver = Driver::new(config(9, Guard::Off)).observe(&mut recorder);
    driver
        .resume(Scripted::new(1, &[], &[1.0]), Trace::new())
        .map(|_| ())
        .unwrap_err();
    assert_eq!(
        recorder.ends,
        [
            "block b0 has no finite candidate in iteration 1: its objective would change by NaN",
            "the objective of the start is NaN",
            "finished by the caller",
            "a trace without rows cannot be resumed",
        ]
    );
}

#[test]
fn step_by_step_equals_run() {
    let whole = Driver::new(triple(25)).run(bowl()).unwrap();
    let mut steps = Driver::new(triple(25)).start(bowl()).unwrap();
    for k in 0..25 {
        assert_eq!(steps.trace().rows.len(), k + 1);
        let flow = steps.step().unwrap();
        assert_eq!(flow.is_break(), k == 24);
        assert_eq!(
            steps.trace().rows[k + 1].objective,
            steps.problem().value(&steps.problem().x())
        );
    }
    assert_eq!(
        steps.step().unwrap(),
        ControlFlow::Break(StopReason::MaxIterations),
        "asked again"
    );
    let outcome = steps.finish().unwrap();
    assert_eq!(
        (outcome.reason, outcome.iterations, outcome.restarts),
        (whole.reason, 25, whole.restarts)
    );
    assert_eq!(outcome.problem.x(), whole.problem.x());
    assert_eq!(timeless(&outcome.trace), timeless(&whole.trace));

    let mut early = Driver::new(triple(25)).start(bowl()).unwrap();
    assert!(early.step().unwrap().is_continue());
    let early = early.finish().unwrap();
    assert_eq!((early.reason, early.iterations), (StopReason::Caller, 1));
}

#[test]
fn a_failed_step_repeats_its_error_and_finish_hands_back_the_problem() {
    let mut steps = Driver::new(config(9, Guard::Off))
        .start(Scripted::new(1, &[-1.0, f64::NAN], &[1.0]))
        .unwrap();
    assert!(steps.step().unwrap().is_continue());
    let error = steps.step().unwrap_err().to_string();
    assert_eq!(steps.step().unwrap_err().to_string(), error);
    let failure = steps.finish().unwrap_err();
    assert_eq!(failure.to_string(), error);
    assert_eq!(failure.problem.log(), "k0 p0 a0 k1 p0");
    assert_eq!(failure.trace.rows.len(), 2);
}

#[test]
fn resumed_run_equals_uninterrupted_run() {
    let rules = || {
        Stopping::default()
            .max_iterations(60)
            .rel_change(0.56)
            .patience(6)
    };
    let config = |rules| triple(60).params().clone().stopping(rules).check().unwrap();
    let whole = Driver::new(config(rules())).run(bowl()).unwrap();
    assert_eq!(
        whole.reason,
        StopReason::RelChange,
        "patience must bridge the cuts"
    );
    for cut in 0..whole.iterations {
        let first = Driver::new(config(rules().max_iterations(cut)))
            .run(bowl())
            .unwrap();
        let text = serde_json::to_string(&first.trace).unwrap();
        let trace: Trace<()> = serde_json::from_str(&text).unwrap();
        let mut second = Driver::new(config(rules()))
            .resume(first.problem, trace)
            .unwrap();
        while second.step().unwrap().is_continue() {}
        let second = second.finish().unwrap();
        assert_eq!(
            (second.reason, second.iterations),
            (whole.reason.clone(), whole.iterations),
            "cut at {cut}"
        );
        assert_eq!(second.problem.x(), whole.problem.x());
        assert_eq!(timeless(&second.trace), timeless(&whole.trace));
        assert!(
            second
                .trace
                .rows
                .windows(2)
                .all(|rows| rows[0].seconds <= rows[1].seconds)
        );
    }
}

#[test]
fn a_borrowed_problem_runs_like_an_owned_one() {
    let mut problem = bowl();
    let reason = Driver::new(triple(12)).run(&mut problem).unwrap().reason;
    assert_eq!(reason, StopReason::MaxIterations);
    assert_eq!(
        problem.x(),
        Driver::new(triple(12)).run(bowl()).unwrap().problem.x()
    );
    let mut scripted = Scripted::new(1, &[], &[2.0]).violating(&[0.5]);
    let outcome = Driver::new(config(1, Guard::On))
        .run(&mut scripted)
        .unwrap();
    let row = outcome.trace.last().unwrap();
    assert_eq!((row.objective, row.violation, row.measures), (2.0, 0.5, 1));
    assert_eq!(scripted.log(), "k0 p0 a0");
}
