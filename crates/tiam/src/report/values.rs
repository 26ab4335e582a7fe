//! Predicted values against true ones, and their errors.

use tiam_report::{Axis, BarSeries, Bars, Guide, Plot, Section, Series, SeriesColor, Style};

use super::{ModelReport, number};

/// Targets, points and bins that are drawn.
const TARGETS: usize = 4;
const POINTS: usize = 400;
const BINS: usize = 15;
/// The bins reach from this quantile of the errors to that as far from the other end.
const OUTERMOST: usize = 100;

pub(super) fn section(report: &ModelReport, targets: &[Vec<(f64, f64)>]) -> Section {
    let mut section = Section::new("right-and-wrong", "Right and wrong").text(
        "Left, each point is a row: on the dashed line the answer is exactly right, above it the model answers too much, below too little. Right, \
         how often errors of each size occur: they should crowd around 0.",
    );
    for (n, pairs) in targets.iter().enumerate().take(TARGETS) {
        let name = match (targets.len(), report.label()) {
            (1, "") => "value".to_owned(),
            (1, label) => label.to_owned(),
            _ => format!("target {}", n + 1),
        };
        section = section
            .with(scatter(&name, pairs))
            .with(errors(&name, pairs));
    }
    section
}

fn scatter(name: &str, pairs: &[(f64, f64)]) -> Plot {
    let points: Vec<(f64, f64)> = pairs
        .iter()
        .take(POINTS)
        .map(|(answer, truth)| (*truth, *answer))
        .collect();
    let truths = || points.iter().map(|point| point.0);
    let (low, high) = (
        truths().fold(f64::INFINITY, f64::min),
        truths().fold(f64::NEG_INFINITY, f64::max),
    );
    let title = format!("Answer against truth, {name}");
    let plot = Plot::new(title, Axis::linear("truth"), Axis::linear("answer"));
    let rows = Series::line("rows", SeriesColor::Other(0), points).styled(Style::Points);
    plot.series([rows]).guide(Guide::curve(
        "exactly right",
        vec![(low, low), (high, high)],
    ))
}

fn errors(name: &str, pairs: &[(f64, f64)]) -> Bars {
    let mut errors: Vec<f64> = pairs.iter().map(|(answer, truth)| answer - truth).collect();
    errors.sort_by(f64::total_cmp);
    let cut = errors.len() / OUTERMOST;
    let inner = &errors[cut..errors.len() - cut];
    let reach = inner
        .iter()
        .map(|x| x.abs())
        .fold(0.0, f64::max)
        .max(f64::MIN_POSITIVE);
    #[allow(clippy::cast_precision_loss, reason = "a small number of bins")]
    let edge = |bin: usize| reach * (2.0 * bin as f64 / BINS as f64 - 1.0);
    let share = |bin: usize| {
        let from = errors.partition_point(|x| *x < edge(bin) && bin > 0);
        let to = errors.partition_point(|x| *x < edge(bin + 1) || bin + 1 == BINS);
        #[allow(clippy::cast_precision_loss, reason = "numbers of rows")]
        let share = (to - from) as f64 / errors.len().max(1) as f64;
        Some((share, None))
    };
    Bars {
        title: format!("Errors of {name}: answer less truth"),
        groups: (0..BINS)
            .map(|bin| number(0.5 * (edge(bin) + edge(bin + 1))))
            .collect(),
        y: Axis::percent("share of rows"),
        series: vec![BarSeries {
            label: String::new(),
            color: SeriesColor::Other(0),
            values: (0..BINS).map(share).collect(),
        }],
        lying: false,
    }
}
