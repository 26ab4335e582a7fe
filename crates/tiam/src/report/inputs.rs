//! What the model looks at: importance of the columns, and its answers as one of them changes.

use tiam_report::{Axis, BarSeries, Bars, Block, Plot, Section, Series, SeriesColor};

use super::{Answers, ModelReport};
use crate::explain::{Grid, Importance, PartialDependence};

/// Columns, categories and curves that are drawn.
const COLUMNS: usize = 15;
const CATEGORIES: usize = 15;
const CURVES: usize = 4;

pub(super) fn section(report: &ModelReport) -> Option<Section> {
    if report.importance.is_empty() {
        return None;
    }
    let classes = matches!(report.answers, Answers::Classes(_));
    let section = Section::new("inputs", "What it looks at").text(match classes {
        true => {
            "To see how much a column matters, its cells were shuffled among the rows and the model asked again. The bar is the accuracy lost by \
             that, the line its spread over several shuffles. Columns that tell the same can stand in for each other and look unimportant."
        }
        false => {
            "To see how much a column matters, its cells were shuffled among the rows and the model asked again. The bar is how much the typical \
             error (RMSE) grows by that, the line its spread over several shuffles. Columns that tell the same can stand in for each other and look \
             unimportant."
        }
    });
    let mut section = section.with(importance(&report.importance, classes));
    if report.dependence.is_empty() {
        return Some(section);
    }
    section = section.text(
        "The model's mean answer where one column is set to a value in all rows and the other columns stay as they are. It shows what the model \
         does, which need not be what causes the label.",
    );
    let names = outputs(report);
    let shown = report
        .dependence
        .iter()
        .map(|one| dependence(one, &names, report));
    Some(section.with_all(shown))
}

fn importance(found: &[Importance], classes: bool) -> Bars {
    let title = match found.len() > COLUMNS {
        true => format!("The {COLUMNS} columns that matter most"),
        false => "How much each column matters".to_owned(),
    };
    let found = &found[..found.len().min(COLUMNS)];
    let value = |one: &Importance| Some((one.mean, Some(one.deviation)));
    Bars {
        title,
        groups: found.iter().map(|one| one.column.clone()).collect(),
        y: match classes {
            true => Axis::percent("accuracy lost"),
            false => Axis::linear("error gained"),
        },
        series: vec![BarSeries {
            label: String::new(),
            color: SeriesColor::Other(0),
            values: found.iter().map(value).collect(),
        }],
        lying: true,
    }
}

/// Names of the outputs.
fn outputs(report: &ModelReport) -> Vec<String> {
    let encoding = &report.encoding;
    match encoding.class_names.as_slice() {
        [] if encoding.n_outputs == 1 => vec![report.label().to_owned()],
        [] => (1..=encoding.n_outputs)
            .map(|n| format!("target {n}"))
            .collect(),
        names => names.to_vec(),
    }
}

/// The outputs that change most, or the second of two classes.
fn moving(found: &PartialDependence) -> Vec<usize> {
    let n = found.outputs.first().map_or(0, Vec::len);
    if n == 2 {
        return vec![1];
    }
    let range = |output: usize| {
        let values = || found.outputs.iter().map(|point| point[output]);
        values().fold(f64::NEG_INFINITY, f64::max) - values().fold(f64::INFINITY, f64::min)
    };
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| range(*b).total_cmp(&range(*a)));
    order.truncate(CURVES);
    order.sort_unstable();
    order
}

fn dependence(found: &PartialDependence, names: &[String], report: &ModelReport) -> Block {
    let classes = matches!(report.answers, Answers::Classes(_));
    let shown = match classes {
        true => moving(found),
        false => (0..found.outputs.first().map_or(0, Vec::len).min(CURVES)).collect(),
    };
    let name = |output: usize| names.get(output).cloned().unwrap_or_default();
    let y = match (classes, shown.as_slice()) {
        (true, [one]) => Axis::percent(&format!("probability of {}", name(*one))),
        (true, _) => Axis::percent("probability"),
        (false, _) => Axis::linear("mean answer"),
    };
    // A single curve is named by its axis.
    let key = |output: usize| {
        if shown.len() > 1 {
            name(output)
        } else {
            String::new()
        }
    };
    let title = format!("As {} changes", found.column);
    match &found.grid {
        Grid::Numbers(grid) => {
            let points = |output: usize| {
                let values = found.outputs.iter().map(move |point| point[output]);
                grid.iter().copied().zip(values).collect()
            };
            let line = |(n, output): (usize, &usize)| {
                Series::line(&key(*output), SeriesColor::Other(n), points(*output))
            };
            let plot = Plot::new(title, Axis::linear(&found.column), y);
            plot.series(shown.iter().enumerate().map(line)).into()
        }
        Grid::Categories(categories) => {
            let values = |output: usize| {
                let values = found.outputs.iter().take(CATEGORIES);
                values.map(|point| Some((point[output], None))).collect()
            };
            let series = |(n, output): (usize, &usize)| BarSeries {
                label: key(*output),
                color: SeriesColor::Other(n),
                values: values(*output),
            };
            let bars = Bars {
                title,
                groups: categories.iter().take(CATEGORIES).cloned().collect(),
                y,
                series: shown.iter().enumerate().map(series).collect(),
                lying: false,
            };
            bars.into()
        }
    }
}
