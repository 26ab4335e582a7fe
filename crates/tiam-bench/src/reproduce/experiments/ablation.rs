//! Ablation experiment: each inertia and the guard, switched on and off.

use serde_json::Value;
use tiam_core::{Guard, Inertia};
use tiam_report::{
    Axis, Best, Column, Guide, HeatCell, Heatmap, NumberFormat, Plot, Section, Series, SeriesColor,
    Table, row,
};

use super::super::claims::{Claim, Evidence};
use super::super::library::{DataName, DataSet, Library};
use super::super::record::Record;
use super::super::selection::{Mean, Runs};
use super::super::session::Session;
use super::super::training::Training;
use super::{Size, courses, region};
use crate::error::BenchError;
use crate::methods::{Method, MethodParams, Setup, any_form};

const NAME: &str = "ablation";
const ALL_THREE: &str = "p1+p2+p3";

/// The coefficients that are switched on and off.
const FULL: Inertia = tiam_core::DriverParams::INERTIA;

/// All eight subsets of (p1, p2, p3), by name.
pub(super) fn subsets() -> Vec<(String, Inertia)> {
    let subset = |bits: usize| {
        let has = |n: usize| bits & (1 << n) > 0;
        let take = |n: usize, value: f64| if has(n) { value } else { 0.0 };
        let names = ["p1", "p2", "p3"].into_iter().enumerate();
        let on: Vec<&str> = names.filter(|(n, _)| has(*n)).map(|(_, p)| p).collect();
        let name = if on.is_empty() {
            "none".to_owned()
        } else {
            on.join("+")
        };
        let inertia = Inertia {
            start: take(0, FULL.start),
            gradient: take(1, FULL.gradient),
            correction: take(2, FULL.correction),
        };
        (name, inertia)
    };
    (0..8).map(subset).collect()
}

pub(super) fn run(
    session: &mut Session<'_>,
    library: &mut Library,
    size: Size,
) -> Result<(), BenchError> {
    for data in [DataName::Cora, DataName::Pubmed, DataName::Digits] {
        let Some(set) = library.available(data, NAME, session)? else {
            continue;
        };
        inertias(session, &set, size)?;
    }
    region::run(session, NAME, size)?;
    if let Some(digits) = library.get(DataName::Digits) {
        networks(session, &digits, size)?;
    }
    Ok(())
}

/// TIAM with these coefficients and this guard.
fn setup(inertia: Inertia, guard: Guard) -> Setup {
    let params = any_form().guard(guard);
    Setup {
        params: MethodParams::Relaxed(params.inertia(inertia)),
        ..Setup::published(Method::Tiam)
    }
}

fn inertias(session: &mut Session<'_>, set: &DataSet, size: Size) -> Result<(), BenchError> {
    let iterations = if size.full { 100 } else { 40 };
    for (name, inertia) in subsets() {
        for (guard, guard_name) in [(Guard::On, "on"), (Guard::Off, "off")] {
            let setup = setup(inertia, guard);
            for seed in 0..size.seeds {
                Training::new(NAME, &setup, set, iterations, seed)
                    .case(format!("{name}-{guard_name}"))
                    .label("part", "inertia")
                    .label("inertia", name.as_str())
                    .label("guard", guard_name)
                    .curve(true)
                    .run(session)?;
            }
        }
    }
    Ok(())
}

/// Which (p1 = p2, p3) survive without guard on a network; the quadratic's, where theory is exact, is `region-quadratic`.
fn networks(session: &mut Session<'_>, set: &DataSet, size: Size) -> Result<(), BenchError> {
    let (steps, iterations) = if size.full { (10, 200) } else { (5, 60) };
    for (p, p3) in region::grid(steps) {
        let inertia = Inertia {
            start: p,
            gradient: p,
            correction: p3,
        };
        Training::new(NAME, &setup(inertia, Guard::Off), set, iterations, 0)
            .case(format!("region-{p}-{p3}"))
            .label("part", "region")
            .label("p1", p)
            .label("p3", p3)
            .searching()
            .hidden(vec![30])
            .run(session)?;
    }
    Ok(())
}

fn inertia_runs(records: &[Record]) -> Runs<'_> {
    Runs::of(records, NAME).part("inertia")
}

/// The section.
pub(super) fn section(records: &[Record], detail: bool) -> Section {
    let runs = inertia_runs(records);
    let mut section = Section::new(NAME, "Ablation")
        .text(
            "Each subset of (p1, p2, p3) = (.95, .95, .3) in TIAM's default setting, with and without the guard that repeats a step without \
             inertia where it raised its block's objective.",
        )
        .text(sentence(&runs));
    for (data, of_data) in runs.by_data() {
        section = section.with(table(&of_data, data));
        for guard in ["on", "off"] {
            if detail || guard == "on" {
                section = section.with(curves(&of_data.label("guard", guard), data, guard));
            }
        }
    }
    section
        .text(
            "Where a run is stable without guard: on the network below a cell has diverged if F stopped being finite, rose a \
             million-fold, or ended above its start. The curve is (1 + p3) p1 = 1, the bound for a quadratic.",
        )
        .with(heatmap(&Runs::of(records, NAME).part("region")))
}

fn table(runs: &Runs<'_>, data: &str) -> Table {
    let mut rows = Vec::new();
    for (inertia, of_inertia) in runs.by("inertia") {
        for (guard, of) in of_inertia.by("guard") {
            #[allow(clippy::cast_precision_loss, reason = "a few runs")]
            let n_failed = of.n_failed() as f64;
            rows.push(row![
                &inertia,
                guard,
                of.cell("objective"),
                of.cell("test_accuracy"),
                of.cell("restarts"),
                n_failed,
            ]);
        }
    }
    let columns = [
        Column::text("inertias"),
        Column::text("guard"),
        Column::number("last F", "", NumberFormat::Auto).mark(Best::Smallest),
        Column::percent("test accuracy", 1),
        Column::fixed("restarts", 0),
        Column::fixed("failed runs", 0),
    ];
    Table::new(format!("Inertias and guard, {data}"), columns)
        .rows(rows)
        .note("Means and deviations over the starts whose run did not fail.")
}

fn curves(runs: &Runs<'_>, data: &str, guard: &str) -> Plot {
    let by_inertia = runs.by("inertia").into_iter().enumerate();
    let series = by_inertia.map(|(i, (name, runs))| {
        let color = match name.as_str() {
            ALL_THREE => SeriesColor::method("tiam"),
            _ => SeriesColor::Other(i),
        };
        // Eight bands would hide each other.
        Series {
            spread: None,
            ..courses::course(&name, color, &runs, courses::iterations, |c| &c.objective)
        }
    });
    let series: Vec<Series> = series.collect();
    let title = format!("F by inertias, {data}, guard {guard}");
    let y = courses::axis("F, median over starts", &series);
    Plot::new(title, Axis::linear("iteration"), y).series(series)
}

/// The network's region of stability.
fn heatmap(runs: &Runs<'_>) -> Heatmap {
    let axis = |name: &str| {
        let values = runs.groups(|r| r.labels.get(name).and_then(Value::as_f64));
        let mut values: Vec<f64> = values.into_iter().filter_map(|(value, _)| value).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let (xs, ys) = (axis("p1"), axis("p3"));
    let cell = |p1: f64, p3: f64| {
        let found = runs.label("p1", p1).label("p3", p3);
        let of = |record: &Record| {
            if diverged(record) {
                return HeatCell::Diverged;
            }
            let objective = record.figure("objective");
            objective.map_or(HeatCell::Missing, HeatCell::Value)
        };
        found.first().map_or(HeatCell::Missing, of)
    };
    let row = |p3: &f64| xs.iter().map(|p1| cell(*p1, *p3)).collect();
    Heatmap {
        title: "Last F without guard, a network on the digits".to_owned(),
        x: Axis::linear("p1 = p2"),
        y: Axis::linear("p3"),
        cells: ys.iter().map(row).collect(),
        xs,
        ys,
        value: Axis::log10("last F"),
        guides: vec![bound()],
        ..Heatmap::default()
    }
}

/// (1 + p3) p1 = 1, seen along p3.
pub(super) fn bound() -> Guide {
    let points = (0..=50).map(|i| {
        let p3 = f64::from(i) / 50.0;
        (1.0 / (1.0 + p3), p3)
    });
    Guide::curve("(1 + p3) p1 = 1", points.collect())
}

fn diverged(record: &Record) -> bool {
    let last = record.figure("objective");
    let rose = last.zip(record.figure("start_objective"));
    record.failed() || rose.is_none_or(|(last, start)| last > start)
}

fn sentence(runs: &Runs<'_>) -> String {
    let found = runs.by_data().into_iter().filter_map(|(data, runs)| {
        let guarded = runs.label("guard", "on");
        let of = |name: &str| guarded.label("inertia", name).mean("objective");
        let (all, none) = (of(ALL_THREE)?, of("none")?);
        let (best, lowest) = lowest(&guarded)?;
        Some(format!(
            "{data}: last F {:.4} with all three against {:.4} without inertia; lowest with {best} ({lowest:.4})",
            all.mean, none.mean
        ))
    });
    let found: Vec<String> = found.collect();
    let unguarded = runs.label("guard", "off");
    format!(
        "With guard, {}. Without guard {} of {} runs failed.",
        found.join("; "),
        unguarded.n_failed(),
        unguarded.0.len()
    )
}

/// The subset with the lowest mean F.
fn lowest(guarded: &Runs<'_>) -> Option<(String, f64)> {
    let by_inertia = guarded.by("inertia").into_iter();
    let means = by_inertia.filter_map(|(name, runs)| Some((name, runs.mean("objective")?.mean)));
    means.min_by(|a, b| a.1.total_cmp(&b.1))
}

/// The paper's claims that these runs test. F is compared by its logarithm.
pub(super) fn claims(records: &[Record]) -> Vec<Claim> {
    let mut claims = Vec::new();
    for (data, runs) in inertia_runs(records).by_data() {
        let guarded = runs.label("guard", "on");
        let all = guarded.label("inertia", ALL_THREE);
        for (subset, others) in guarded.by("inertia") {
            let pairs = all.pairs(&others, "objective");
            if subset == ALL_THREE || pairs.is_empty() {
                continue;
            }
            let logs: Vec<f64> = pairs
                .iter()
                .map(|(own, other)| (other / own).ln())
                .collect();
            let mean = |of: fn(&(f64, f64)) -> f64| {
                Mean::of(pairs.iter().map(of)).map_or(f64::NAN, |found| found.mean)
            };
            claims.push(Claim {
                text: "All three inertias lead to a lower F than fewer".to_owned(),
                tested_on: format!("{data}, against {subset}"),
                figures: format!("{:.4} against {:.4}", mean(|p| p.0), mean(|p| p.1)),
                evidence: Evidence::paired(&logs),
            });
        }
    }
    claims
}
