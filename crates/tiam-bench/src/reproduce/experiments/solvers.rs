//! Comparison of the solvers of the W and a steps: time of an iteration, and time to a common objective.

use std::time::{Duration, Instant};

use serde_json::json;
use tiam_core::Stopping;
use tiam_data::digits;
use tiam_linalg::Solver;
use tiam_models::{Band, Samples, TiamParams};

use super::super::session::{Finding, Session, Task};
use super::cost::{IterationTime, generated, start};
use super::{Experiment, Size};
use crate::error::BenchError;

/// Backtracking first: it sets the target.
const SOLVERS: [Solver; 3] = [Solver::Backtracking, Solver::Cholesky, Solver::CG];
const HIDDEN: [usize; 2] = [100, 100];

/// Data of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// 1,797 x 64, embedded.
    Digits,
    /// Generated: samples, features, classes.
    Blobs(usize, usize, usize),
}

/// The shapes compared, and the lengths of the runs.
#[derive(Clone, Debug)]
struct Extent {
    shapes: Vec<(&'static str, Shape)>,
    /// Iterations of backtracking that set the target.
    iterations: usize,
    budget: Duration,
}

/// A solver may take this many times the iterations of backtracking.
const PATIENCE: usize = 4;
/// The time of iterations alone is measured with no target.
const UNBOUNDED: usize = 100_000;

pub(super) fn run(session: &mut Session<'_>, size: Size) -> Result<(), BenchError> {
    let mut shapes = vec![
        ("digits", Shape::Digits),
        ("many-samples", Shape::Blobs(8000, 100, 10)),
    ];
    if size.full {
        shapes.push(("many-features", Shape::Blobs(140, 7165, 7)));
    } else {
        let why = "part of the full size only (--full)";
        session.skip(Experiment::Cost.name(), "solvers on many-features", why);
    }
    let extent = Extent {
        shapes,
        iterations: if size.full { 100 } else { 20 },
        budget: Duration::from_millis(if size.full { 2000 } else { 300 }),
    };
    run_extent(session, &extent)
}

fn run_extent(session: &mut Session<'_>, extent: &Extent) -> Result<(), BenchError> {
    for &(name, shape) in &extent.shapes {
        let mut target = None;
        for solver in SOLVERS {
            let case = Case {
                name,
                shape,
                solver,
            };
            let found = case.run(session, extent, target)?;
            target = target.or(found);
        }
    }
    Ok(())
}

/// One solver on one shape.
#[derive(Clone, Copy, Debug)]
struct Case {
    name: &'static str,
    shape: Shape,
    solver: Solver,
}

impl Case {
    /// Figures: those of [`IterationTime`]; `target_objective`, F of backtracking after its iterations; `iterations_to_target` and
    /// `seconds_to_target` where it was reached within four times as many; `objective`, the F reached. Returns the target.
    fn run(
        &self,
        session: &mut Session<'_>,
        extent: &Extent,
        target: Option<f64>,
    ) -> Result<Option<f64>, BenchError> {
        let solver = self.solver.name();
        let params = self.params();
        let config = json!({
            "params": params, "hidden": HIDDEN, "iterations": extent.iterations,
            "budget": extent.budget.as_secs_f64(),
        });
        let key = format!("solver-{}-{solver}", self.name);
        let task = Task::new(Experiment::Cost.name(), key, self.name)
            .label("part", "solver")
            .label("value", solver)
            .config(config)
            .weight(2.0 * extent.budget.as_secs_f64() + 0.1);
        let (threads, stopping) = (session.threads(), session.stopping(UNBOUNDED));
        let params = params.threads(threads);
        let record = session.run(task, || self.find(&params, &stopping, extent, target))?;
        Ok(record.figure("target_objective"))
    }

    /// A constant band, so that the objective is the same in every iteration.
    fn params(&self) -> TiamParams {
        let width = match self.shape {
            Shape::Blobs(samples, features, _) if features > samples => 1.0,
            _ => 0.03,
        };
        TiamParams::default()
            .rho(1e-3)
            .band(Band::constant(width))
            .solver(self.solver)
    }

    fn samples(&self) -> Result<Samples<f32>, BenchError> {
        match self.shape {
            Shape::Digits => Ok(tiam::samples(digits()?)?),
            Shape::Blobs(n, features, classes) => generated(n, features, classes),
        }
    }

    fn find(
        &self,
        params: &TiamParams,
        stopping: &Stopping,
        extent: &Extent,
        target: Option<f64>,
    ) -> Result<Finding, BenchError> {
        let samples = self.samples()?;
        let begin =
            |stopping: Stopping| start(&samples, &HIDDEN, params.clone().stopping(stopping));
        let mut timed = begin(stopping.clone())?;
        let mut finding = IterationTime::measure(&mut timed, extent.budget)?.finding();
        drop(timed);
        let limit = match target {
            Some(target) => stopping
                .clone()
                .max_iterations(PATIENCE * extent.iterations)
                .target_objective(target),
            None => stopping.clone().max_iterations(extent.iterations),
        };
        let mut run = begin(limit)?;
        let begun = Instant::now();
        while run.step()?.is_continue() {}
        let seconds = begun.elapsed().as_secs_f64();
        let Some(last) = run.trace().last() else {
            return Ok(finding);
        };
        let target = target.unwrap_or(last.objective);
        let reached = last.objective <= target;
        finding.put([("target_objective", target), ("objective", last.objective)]);
        if reached {
            #[allow(clippy::cast_precision_loss, reason = "a number of iterations")]
            let iterations = last.iteration as f64;
            finding.put([
                ("iterations_to_target", iterations),
                ("seconds_to_target", seconds),
            ]);
        } else {
            finding.reason = "target not reached".to_owned();
        }
        Ok(finding)
    }
}

#[cfg(test)]
mod tests {
    use super::super::cost::section;
    use super::super::testing::{done_twice, table_rows};
    use super::*;

    #[test]
    fn solvers_are_planned_done_and_kept_and_share_a_target() {
        let extent = Extent {
            shapes: vec![("small", Shape::Blobs(60, 8, 3))],
            iterations: 5,
            budget: Duration::ZERO,
        };
        let records = done_twice(|session| run_extent(session, &extent));
        assert_eq!(records.len(), SOLVERS.len());
        assert_eq!(table_rows(section(&records)), [SOLVERS.len()]);
        let target = records[0].figures["target_objective"];
        for record in &records {
            assert_eq!(
                record.figures["target_objective"].to_bits(),
                target.to_bits()
            );
            assert!(record.figures["seconds_per_iteration"] > 0.0);
        }
        assert!(records[0].figures.contains_key("iterations_to_target"));
        // The exact steps go further in an iteration than those of backtracking.
        let exact = records[1].figures["iterations_to_target"];
        assert!(exact <= 5.0, "{exact}");
    }
}
