//! Report section of the ablation experiment.

use super::super::claims::{Claim, Verdict};
use super::super::number::NumberFormat;
use super::super::palette::SeriesColor;
use super::super::plot::{Axis, Guide, HeatCell, Heatmap, Plot, Series};
use super::super::record::Record;
use super::super::report::{Block, Section};
use super::super::selection::{Mean, Selection, failed, text};
use super::super::table::{Best, Cell, Column, Table};

const NAME: &str = "ablation";

fn inertia_runs(records: &[Record]) -> Selection<'_> {
    Selection::of(records, NAME).label("part", "inertia")
}

/// The section.
pub(in super::super) fn section(records: &[Record], detail: bool) -> Section {
    let runs = inertia_runs(records);
    let mut section = Section::new(NAME, "Ablation").with(Block::paragraph(
        "Each subset of (p1, p2, p3) = (.95, .95, .3) in TIAM's default setting, with and without the guard that repeats a step without \
         inertia where it raised its block's objective.",
    ));
    section = section.with(Block::paragraph(sentence(&runs)));
    for data in runs.data_sets() {
        section = section.with(table(&runs.data(data), data));
        for guard in ["on", "off"] {
            if detail || guard == "on" {
                section = section.with(curves(&runs.data(data).label("guard", guard), data, guard));
            }
        }
    }
    section
        .with(Block::paragraph(
            "Where a run is stable without guard: on the network below a cell has diverged if F stopped being finite, rose a \
             million-fold, or ended above its start. The curve is (1 + p3) p1 = 1, the bound for a quadratic.",
        ))
        .with(region(records))
}

fn table(runs: &Selection<'_>, data: &str) -> Table {
    let mut rows = Vec::new();
    for inertia in runs.label_values("inertia") {
        for guard in ["on", "off"] {
            let of = runs.label("inertia", inertia.clone()).label("guard", guard);
            if of.is_empty() {
                continue;
            }
            #[allow(clippy::cast_precision_loss, reason = "a few runs")]
            let n_failed = of.n_failed() as f64;
            rows.push(vec![
                Cell::text(text(&inertia)),
                Cell::text(guard),
                Mean::cell(of.mean("objective")),
                Mean::cell(of.mean("test_accuracy")),
                Mean::cell(of.mean("restarts")),
                Cell::number(n_failed),
            ]);
        }
    }
    Table {
        title: format!("Inertias and guard, {data}"),
        columns: vec![
            Column::text("inertias"),
            Column::text("guard"),
            Column::number("last F", "", NumberFormat::Auto).mark(Best::Smallest),
            Column::number("test accuracy", "", NumberFormat::Percent(1)),
            Column::number("restarts", "", NumberFormat::Fixed(0)),
            Column::number("failed runs", "", NumberFormat::Fixed(0)),
        ],
        rows,
        note: "Means and deviations over the starts whose run did not fail.".to_owned(),
    }
}

fn curves(runs: &Selection<'_>, data: &str, guard: &str) -> Plot {
    let names = runs.label_values("inertia");
    let series = names.iter().enumerate().filter_map(|(i, name)| {
        let first = runs.label("inertia", name.clone()).seed(0);
        let curve = first.0.first()?.curve.as_ref()?;
        let points = curve
            .iteration
            .iter()
            .map(|k| *k as f64)
            .zip(curve.objective.clone());
        let color = if text(name) == "p1+p2+p3" {
            SeriesColor::method("tiam")
        } else {
            SeriesColor::Other(i)
        };
        Some(Series::line(&text(name), color, points.collect()))
    });
    Plot {
        title: format!("F by inertias, {data}, guard {guard}"),
        x: Axis::linear("iteration"),
        y: Axis::log10("F"),
        series: series.collect(),
        guides: Vec::new(),
    }
}

/// The network's region of stability.
fn region(records: &[Record]) -> Heatmap {
    let runs = Selection::of(records, NAME).label("part", "region");
    let axis = |name: &str| {
        let mut values: Vec<f64> = runs
            .label_values(name)
            .iter()
            .filter_map(serde_json::Value::as_f64)
            .collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let (xs, ys) = (axis("p1"), axis("p3"));
    let cell = |p1: f64, p3: f64| {
        let found = runs.label("p1", p1).label("p3", p3);
        match found.0.first() {
            None => HeatCell::Missing,
            Some(record) if diverged(record) => HeatCell::Diverged,
            Some(record) => match record.figures.get("objective") {
                Some(f) => HeatCell::Value(*f),
                None => HeatCell::Missing,
            },
        }
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
    let figure = |name: &str| record.figures.get(name).copied();
    let rose = match (figure("objective"), figure("start_objective")) {
        (Some(last), Some(start)) => last > start,
        _ => true,
    };
    failed(record) || rose
}

fn sentence(runs: &Selection<'_>) -> String {
    let parts: Vec<String> = runs
        .data_sets()
        .iter()
        .filter_map(|data| {
            let guarded = runs.data(data).label("guard", "on");
            let of = |name: &str| guarded.label("inertia", name).mean("objective");
            let (all, none) = (of("p1+p2+p3")?, of("none")?);
            let (best, lowest) = lowest(&guarded)?;
            Some(format!(
                "{data}: last F {:.4} with all three against {:.4} without inertia; lowest with {best} ({lowest:.4})",
                all.mean, none.mean
            ))
        })
        .collect();
    let failures: usize = runs.label("guard", "off").n_failed();
    format!(
        "With guard, {}. Without guard {failures} of {} runs failed.",
        parts.join("; "),
        runs.label("guard", "off").0.len()
    )
}

/// The subset with the lowest mean F.
fn lowest(guarded: &Selection<'_>) -> Option<(String, f64)> {
    let names = guarded.label_values("inertia");
    let mean = |name: &serde_json::Value| {
        let found = guarded.label("inertia", name.clone()).mean("objective")?;
        Some((text(name), found.mean))
    };
    let all = names.iter().filter_map(mean);
    all.min_by(|a, b| a.1.total_cmp(&b.1))
}

/// The paper's claims that these runs test.
pub(in super::super) fn claims(records: &[Record]) -> Vec<Claim> {
    let runs = inertia_runs(records);
    let claim = |data: &&str| {
        let guarded = runs.data(data).label("guard", "on");
        let all = guarded.label("inertia", "p1+p2+p3").mean("objective")?;
        let (best, lowest) = lowest(&guarded)?;
        Some(Claim {
            text: "All three inertias together give the lowest F".to_owned(),
            tested_on: (*data).to_owned(),
            verdict: Verdict::of(best == "p1+p2+p3"),
            figures: format!("all three {:.4}, lowest {best} {lowest:.4}", all.mean),
        })
    };
    runs.data_sets().iter().filter_map(claim).collect()
}
