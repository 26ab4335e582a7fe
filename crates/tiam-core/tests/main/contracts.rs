//! Tests of single types: a block's steps, a borrowed problem, the report of a rate.

use crate::common::{Quadratic, params, run};
use tiam_core::{
    Block, BlockChange, BlockProblem, CoreError, DecayLaw, Driver, Guard, Inertia, Limit, Schedule,
    StopReason, Trace, TraceRow, fit_rates,
};

/// A bowl that ends its run as soon as its objective is below 1.
struct Ending(Quadratic);

impl BlockProblem for Ending {
    type Measures = ();
    fn n_blocks(&self) -> usize {
        self.0.n_blocks()
    }
    fn block_name(&self, block: usize) -> String {
        self.0.block_name(block)
    }
    fn propose(&mut self, block: usize, inertia: Inertia) -> BlockChange {
        self.0.propose(block, inertia)
    }
    fn accept(&mut self, block: usize) {
        self.0.accept(block);
    }
    fn objective(&mut self) -> f64 {
        self.0.objective()
    }
    fn measures(&mut self) {}
    fn stop(&self) -> Option<StopReason> {
        (self.0.value(&self.0.x()) < 1.0).then_some(StopReason::NoImprovement)
    }
}

fn bowl() -> Quadratic {
    Quadratic::diagonal(&[1.0, 3.0, 7.0], &[2, 1], &[1.0, -2.0, 3.0])
}

/// A bowl whose one measure is its value, and is no number once that is below 1.
struct Measured(Quadratic);

impl BlockProblem for Measured {
    type Measures = f64;
    fn n_blocks(&self) -> usize {
        self.0.n_blocks()
    }
    fn block_name(&self, block: usize) -> String {
        self.0.block_name(block)
    }
    fn propose(&mut self, block: usize, inertia: Inertia) -> BlockChange {
        self.0.propose(block, inertia)
    }
    fn accept(&mut self, block: usize) {
        self.0.accept(block);
    }
    fn objective(&mut self) -> f64 {
        self.0.objective()
    }
    fn measures(&mut self) -> f64 {
        let value = self.0.value(&self.0.x());
        if value < 1.0 { f64::NAN } else { value }
    }
    fn non_finite(&self, measures: &f64) -> Option<(&'static str, f64)> {
        (!measures.is_finite()).then_some(("value", *measures))
    }
}

#[test]
fn a_measure_that_is_not_finite_ends_the_run_without_a_row() {
    let run = |mut problem: Measured| {
        let params = params(Inertia::NONE, Schedule::Constant, Guard::On, 50);
        // Lent, so that what passes the question on is asked too.
        let failed = Driver::new(params.check().unwrap()).run(&mut problem);
        let failed = failed
            .map(|_| ())
            .map_err(|f| (f.error, f.trace.rows.len()));
        failed.unwrap_err()
    };
    let (error, rows) = run(Measured(bowl()));
    let CoreError::NonFiniteMeasure {
        block,
        iteration,
        measure,
        value,
    } = error
    else {
        panic!("{error}")
    };
    assert!(value.is_nan() && !block.is_empty(), "{block}");
    assert_eq!((measure, rows), ("value", iteration));
    let near = Quadratic::diagonal(&[1.0, 3.0, 7.0], &[2, 1], &[0.1, 0.1, 0.1]);
    let (error, rows) = run(Measured(near));
    assert!(
        matches!(
            error,
            CoreError::NonFiniteStart {
                quantity: "value",
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(rows, 0);
}

#[test]
fn a_step_of_the_callers_own_is_what_gets_accepted() {
    let mut block = Block::new(vec![1.0, 2.0]);
    block.candidate_mut().copy_from_slice(&[5.0, 6.0]);
    block.accept();
    assert_eq!(block.current(), [5.0, 6.0]);
    assert_eq!(block.previous(), [1.0, 2.0]);
}

#[test]
fn a_borrowed_problem_is_the_problem() {
    let mut problem = bowl();
    let names: Vec<String> = (0..2).map(|i| problem.block_name(i)).collect();
    fn names_of<P: BlockProblem>(problem: P) -> Vec<String> {
        (0..problem.n_blocks())
            .map(|i| problem.block_name(i))
            .collect()
    }
    assert_eq!(names_of(&mut problem), names);
    let plain = params(Inertia::NONE, Schedule::Constant, Guard::On, 9);
    let owned = run(plain.clone(), Ending(bowl()));
    let mut lent = Ending(bowl());
    let borrowed = run(plain, &mut lent);
    assert_eq!(owned.reason, StopReason::NoImprovement);
    assert_eq!(
        (borrowed.reason, borrowed.trace.rows.len()),
        (owned.reason, owned.trace.rows.len())
    );
}

#[test]
fn a_problem_without_constraints_violates_none() {
    let outcome = run(
        params(Inertia::NONE, Schedule::Constant, Guard::On, 4),
        bowl(),
    );
    assert!(outcome.trace.rows.iter().all(|row| row.violation == 0.0));
}

#[test]
fn a_rate_prints_its_law_its_number_and_its_interval() {
    let halves: Vec<f64> = (0..30).map(|k| 0.5f64.powi(k)).collect();
    let report = fit_rates(0, &halves, Limit::Known(0.0)).unwrap();
    let text = report.linear.to_string();
    assert!(
        text.starts_with("linear C q^k: q = 0.500000 (95 % 0.500000 to 0.500000)"),
        "{text}"
    );
    assert!(text.ends_with("29 points"), "{text}");
    assert!(
        report
            .sublinear
            .to_string()
            .starts_with("sublinear C k^-p: p = ")
    );
}

#[test]
fn the_ends_of_an_interval_lie_about_its_rate_in_order() {
    let bumpy = |k: i32| 1.0 + 0.05 * f64::from(k * k).sin();
    let linear: Vec<f64> = (1..40).map(|k| bumpy(k) * 0.8f64.powi(k)).collect();
    let power: Vec<f64> = (1..40)
        .map(|k| bumpy(k) * f64::from(k).powf(-1.5))
        .collect();
    let fitted = |values: &[f64], limit| fit_rates(1, values, limit).unwrap();
    // Student's t of 39 points less two parameters, or three.
    for (fit, t) in [
        (fitted(&linear, Limit::Known(0.0)).linear, 2.0262),
        (fitted(&power, Limit::Known(0.0)).sublinear, 2.0262),
        (fitted(&linear, Limit::Estimated).linear, 2.0281),
    ] {
        let [low, high] = fit.interval;
        assert!(low < fit.rate && fit.rate < high, "{fit}");
        assert_eq!(fit.n_points, 39);
        // Half the interval is t standard errors; for q in the logarithm.
        let half = match fit.law {
            DecayLaw::Linear => 0.5 * (high / low).ln() * fit.rate,
            DecayLaw::Sublinear => 0.5 * (high - low),
        };
        assert!((half / fit.std_error - t).abs() < 1e-3, "{fit}");
    }
}

#[test]
fn a_trace_fitted_from_an_iteration_counts_from_that_iteration() {
    let rows = (0..60).map(|k: usize| TraceRow {
        iteration: k,
        objective: (k.max(1) as f64).powf(-1.5),
        violation: 0.0,
        restarts: 0,
        rel_change: None,
        seconds: 0.0,
        inertia: Inertia::NONE,
        measures: (),
    });
    let trace = Trace {
        rows: rows.collect(),
    };
    let fit = trace.fit_rates(20, Limit::Known(0.0)).unwrap().sublinear;
    assert_eq!(fit.n_points, 40);
    assert!((fit.rate - 1.5).abs() < 1e-12, "{fit}");
}
