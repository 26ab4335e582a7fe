//! Report section of the sensitivity experiment.

use serde_json::Value;

use super::super::number::NumberFormat;
use super::super::palette::SeriesColor;
use super::super::plot::{Axis, Plot, Series, Style};
use super::super::record::Record;
use super::super::report::{Block, Section};
use super::super::selection::{Mean, Selection, percent, text};
use super::super::table::{Cell, Column, Table};

const NAME: &str = "sensitivity";

/// The section.
pub(in super::super) fn section(records: &[Record]) -> Section {
    let runs = Selection::of(records, NAME);
    let mut section = Section::new(NAME, "Sensitivity").with(Block::paragraph(
        "One parameter varied at a time, TIAM's inertias throughout. Depth counts layers of weights (1 is a linear model), width the \
         units of both hidden layers.",
    ));
    section = section
        .with(Block::paragraph(sentence(&runs)))
        .with(table(&runs));
    for parameter in runs.label_values("parameter") {
        section = section.with(plot(
            &runs.label("parameter", parameter.clone()),
            &parameter,
        ));
    }
    section
}

fn plot(runs: &Selection<'_>, parameter: &Value) -> Plot {
    let name = text(parameter);
    let series = runs.data_sets().into_iter().enumerate().map(|(i, data)| {
        let found = runs.data(data).by_label("value", "test_accuracy");
        let points = found.iter().map(|(at, mean)| (*at, mean.mean)).collect();
        let spread = found
            .iter()
            .map(|(_, m)| (m.mean - m.deviation, m.mean + m.deviation));
        Series::line(data, SeriesColor::Other(i), points)
            .styled(Style::LineAndPoints)
            .spread(spread.collect())
    });
    let linear = matches!(name.as_str(), "depth" | "band decay");
    Plot {
        title: format!("Test accuracy by {name}"),
        x: if linear {
            Axis::linear(&name)
        } else {
            Axis::log10(&axis_label(&name))
        },
        y: Axis::percent("test accuracy [%]"),
        series: series.collect(),
        guides: Vec::new(),
    }
}

fn axis_label(parameter: &str) -> String {
    match parameter {
        "rho" => "ρ".to_owned(),
        "ridge" => "μ".to_owned(),
        "band start" => "ε at the start".to_owned(),
        "band floor" => "ε (constant)".to_owned(),
        "width" => "units of a hidden layer".to_owned(),
        other => other.to_owned(),
    }
}

/// Lowest and highest mean accuracy of one parameter on one data set, with the values that gave them.
fn extremes(runs: &Selection<'_>) -> Option<((f64, Mean), (f64, Mean))> {
    let found = runs.by_label("value", "test_accuracy");
    let by_mean = |a: &&(f64, Mean), b: &&(f64, Mean)| a.1.mean.total_cmp(&b.1.mean);
    Some((
        *found.iter().min_by(by_mean)?,
        *found.iter().max_by(by_mean)?,
    ))
}

fn table(runs: &Selection<'_>) -> Table {
    let mut rows = Vec::new();
    for parameter in runs.label_values("parameter") {
        let varied = runs.label("parameter", parameter.clone());
        for data in varied.data_sets() {
            let Some((low, high)) = extremes(&varied.data(data)) else {
                continue;
            };
            rows.push(vec![
                Cell::text(text(&parameter)),
                Cell::text(data),
                Cell::number(high.0),
                Mean::cell(Some(high.1)),
                Cell::number(low.0),
                Mean::cell(Some(low.1)),
            ]);
        }
    }
    let accuracy = |heading| Column::number(heading, "", NumberFormat::Percent(1));
    let value = |heading| Column::number(heading, "", NumberFormat::Auto);
    Table {
        title: "Best and worst value of each parameter".to_owned(),
        columns: vec![
            Column::text("parameter"),
            Column::text("data"),
            value("best value"),
            accuracy("test accuracy there"),
            value("worst value"),
            accuracy("and there"),
        ],
        rows,
        note: "Means and deviations over starts. The test part chooses here, so the best is slightly optimistic.".to_owned(),
    }
}

/// Which parameter matters most, and which least.
fn sentence(runs: &Selection<'_>) -> String {
    let mut found: Vec<(f64, String)> = Vec::new();
    for parameter in runs.label_values("parameter") {
        let varied = runs.label("parameter", parameter.clone());
        for data in varied.data_sets() {
            if let Some((low, high)) = extremes(&varied.data(data)) {
                let range = high.1.mean - low.1.mean;
                found.push((range, format!("{} on {data}", text(&parameter))));
            }
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (Some(most), Some(least)) = (found.first(), found.last()) else {
        return "Nothing was varied in these runs.".to_owned();
    };
    format!(
        "Over the ranges tried, test accuracy moves most with {} ({} between best and worst) and least with {} ({}).",
        most.1,
        percent(most.0).replace('%', "points"),
        least.1,
        percent(least.0).replace('%', "points")
    )
}
