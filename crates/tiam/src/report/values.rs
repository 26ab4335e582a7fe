//! Predicted values against true ones, and their errors.

use tiam_report::{Axis, BarSeries, Bars, Guide, Plot, Section, Series, SeriesColor, Style};

use super::{ModelReport, number};

/// Targets, points and bins that are drawn.
const TARGETS: usize = 4;
const POINTS: usize = 400;
const BINS: usize = 21;
/// The bins reach from this quantile of the errors to that as far from the other end.
const OUTERMOST: usize = 100;

pub(super) fn section(report: &ModelReport, targets: &[Vec<(f64, f64)>]) -> Section {
    let mut section = Section::new("right-and-wrong", "Right and wrong").text(
        "In the first figure each point is a row: on the dashed line the answer is exactly right, above it the model answers too much, below too \
         little. The second shows how often errors of each size occur: they should crowd around 0.",
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

#[allow(clippy::cast_precision_loss, reason = "numbers of rows and bins")]
fn errors(name: &str, pairs: &[(f64, f64)]) -> Bars {
    let mut errors: Vec<f64> = pairs.iter().map(|(answer, truth)| answer - truth).collect();
    errors.sort_by(f64::total_cmp);
    let cut = errors.len() / OUTERMOST;
    let inner = &errors[cut..errors.len() - cut];
    let reach = inner.iter().map(|x| x.abs()).fold(0.0, f64::max);
    let width = round_width(reach);
    // Bins about whole multiples of the width, so that one is about 0.
    let bins = (reach / width).round().max(1.0);
    let middles: Vec<f64> = (0..=BINS)
        .map(|n| n as f64 - bins)
        .filter(|n| *n <= bins)
        .collect();
    let share = |n: &f64| {
        let from = errors.partition_point(|x| *n > -bins && *x < (n - 0.5) * width);
        let to = errors.partition_point(|x| *n >= bins || *x < (n + 0.5) * width);
        Some(((to - from) as f64 / errors.len().max(1) as f64, None))
    };
    Bars {
        title: format!("Errors of {name}: answer less truth"),
        groups: middles.iter().map(|n| number(n * width)).collect(),
        y: Axis::percent("share of rows"),
        series: vec![BarSeries {
            label: String::new(),
            color: SeriesColor::Other(0),
            values: middles.iter().map(share).collect(),
        }],
        lying: false,
    }
}

/// A round width of bins, of which at most [`BINS`] reach as far to either side.
fn round_width(reach: f64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a small number")]
    let least = (2.0 * reach / (BINS - 1) as f64).max(f64::MIN_POSITIVE);
    let power = 10_f64.powf(least.log10().floor());
    let round = [1.0, 2.0, 2.5, 5.0, 10.0].map(|step| step * power);
    let fits = round.into_iter().find(|width| *width >= least);
    fits.filter(|width| *width > 0.0).unwrap_or(1.0)
}
