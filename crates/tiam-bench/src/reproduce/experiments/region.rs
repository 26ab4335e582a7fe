//! Region of (p1 = p2, p3) in which a quadratic is stable without guard, beside the exact region.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde_json::json;
use tiam_core::{Guard, Inertia, Stopping};

use super::Size;
use super::ablation::bound;
use super::quadratic::{Quadratic, curvatures, measure, theoretical_rate};
use crate::error::BenchError;
use crate::reproduce::record::Record;
use crate::reproduce::session::{Finding, Session, Task};
use tiam_report::{Axis, HeatCell, Heatmap};

const KEY: &str = "region-quadratic";

const KAPPA: f64 = 1000.0;
const DIRECTIONS: u32 = 50;
/// Long enough that 0.999 an iteration, the slowest factor on the grid that is not 1, has left nothing beside a standstill.
const ITERATIONS: usize = 30_000;
/// A factor this near to 1 counts as 1: neither growth nor decay.
const STANDSTILL: f64 = 1e-6;

/// The grid as one run, `region-quadratic`.
///
/// Figures: `p1=0.05,p3=0.10` holds the measured factor of the gap an iteration, `theory p1=0.05,p3=0.10` the exact one;
/// `cells`, how many there are; `as_theory`, in how many growth, decay and standstill are as the exact factor has them;
/// `as_claimed`, in how many the gap decays exactly where (1 + p3) p1 (1 − λ_min/θ) < 1 and p3 < 1 (at p3 = 1 the direction of
/// curvature θ has the root −1, so the gap comes to a standstill or grows); `as_bound`, in how many it decays exactly where
/// (1 + p3) p1 < 1, which does not know λ_min.
pub(super) fn run(
    session: &mut Session<'_>,
    experiment: &'static str,
    size: Size,
) -> Result<(), BenchError> {
    let steps = if size.full { 20 } else { 10 };
    let config = json!({ "steps": steps, "directions": DIRECTIONS, "iterations": ITERATIONS });
    let task = Task::new(experiment, KEY.to_owned(), "quadratic")
        .label("part", KEY)
        .label("kappa", KAPPA)
        .config(config)
        .weight(f64::from((steps + 1) * (steps + 1)) * 4e-3);
    let interrupt = session.interrupt();
    session.run(task, || find(steps, &interrupt)).map(drop)
}

/// All (p1, p3) with so many steps from 0 to 1 each.
pub(super) fn grid(steps: i32) -> impl Iterator<Item = (f64, f64)> {
    let share = move |i: i32| f64::from(i) / f64::from(steps);
    (0..=steps).flat_map(move |i| (0..=steps).map(move |j| (share(i), share(j))))
}

/// The course of the gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    Falls,
    Stays,
    Grows,
}

fn course(factor: f64) -> Course {
    if factor < 1.0 - STANDSTILL {
        Course::Falls
    } else if factor > 1.0 + STANDSTILL {
        Course::Grows
    } else {
        Course::Stays
    }
}

fn find(steps: i32, interrupt: &Arc<AtomicBool>) -> Result<Finding, BenchError> {
    let d = curvatures(KAPPA, DIRECTIONS);
    let mut finding = Finding::new("done");
    let (mut cells, mut as_theory, mut as_claimed, mut as_bound) = (0, 0, 0, 0);
    for (p1, p3) in grid(steps) {
        let inertia = Inertia::new(p1, p1, p3)?;
        let stopping = Stopping::default()
            .max_iterations(ITERATIONS)
            .interrupt(Arc::clone(interrupt));
        let problem = Quadratic::new(d.clone(), 1);
        let found = measure(problem, inertia, Guard::Off, stopping)?;
        let factor = found.growth.unwrap_or(f64::NAN);
        let theory = theoretical_rate(&d, 1, inertia);
        let falls = course(factor) == Course::Falls;
        let product = (1.0 + p3) * p1;
        cells += 1;
        as_theory += i32::from(course(factor) == course(theory));
        as_claimed += i32::from(falls == (product * (1.0 - 1.0 / KAPPA) < 1.0 && p3 < 1.0));
        as_bound += i32::from(falls == (product < 1.0));
        let cell = format!("p1={p1:.2},p3={p3:.2}");
        finding.put([(&format!("theory {cell}"), theory), (&cell, factor)]);
    }
    finding.put([
        ("cells", f64::from(cells)),
        ("as_theory", f64::from(as_theory)),
        ("as_claimed", f64::from(as_claimed)),
        ("as_bound", f64::from(as_bound)),
    ]);
    Ok(finding)
}

/// The grid as a figure with what it shows, where it was run.
pub(super) fn figure(records: &[Record]) -> Option<(String, Heatmap)> {
    let record = records
        .iter()
        .find(|r| r.key == KEY && !r.figures.is_empty())?;
    let count = |name: &str| record.figure(name).unwrap_or(f64::NAN);
    let steps = record
        .config
        .get("steps")
        .and_then(serde_json::Value::as_i64)?;
    let steps = i32::try_from(steps).ok().filter(|&n| n > 0)?;
    let values: Vec<f64> = (0..=steps)
        .map(|i| f64::from(i) / f64::from(steps))
        .collect();
    let cell = |p1: &f64, p3: f64| match record.figure(&format!("p1={p1:.2},p3={p3:.2}")) {
        Some(factor) if course(factor) == Course::Grows => HeatCell::Diverged,
        Some(factor) => HeatCell::Value(factor),
        None => HeatCell::Missing,
    };
    let row = |&p3: &f64| values.iter().map(|p1| cell(p1, p3)).collect();
    let text = format!(
        "Without guard, growth, decay and standstill on a quadratic with κ = {KAPPA} are as the exact factor has them in {} of {} \
         cells. F − F* falls exactly where (1 + p3) p1 (1 − λ_min/θ) < 1 and p3 < 1 in {}, and exactly where (1 + p3) p1 < 1 in {}.",
        count("as_theory"),
        count("cells"),
        count("as_claimed"),
        count("as_bound"),
    );
    let map = Heatmap {
        title: "Stable without guard: factor of F − F* an iteration on a quadratic".to_owned(),
        x: Axis::linear("p1 = p2"),
        y: Axis::linear("p3"),
        cells: values.iter().map(row).collect(),
        xs: values.clone(),
        ys: values,
        value: Axis::linear("factor an iteration"),
        guides: vec![bound()],
        ..Heatmap::default()
    };
    Some((text, map))
}

#[cfg(test)]
#[path = "../../../tests/unit/reproduce_experiments_region.rs"]
mod tests;
