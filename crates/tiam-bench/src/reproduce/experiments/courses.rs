//! Courses of runs as curves: the median over starts, in a band from the lowest to the highest.

use tiam_report::{Axis, Series, SeriesColor, method_title};

use crate::reproduce::record::{Curve, Record};
use crate::reproduce::selection::{Runs, median};

/// What a course is drawn against: a value for every recorded iteration.
pub(super) type Against = fn(&Record, &Curve) -> Vec<f64>;

/// The iterations, an epoch of a stochastic method being one.
#[allow(clippy::cast_precision_loss, reason = "counts of iterations")]
pub(super) fn iterations(_: &Record, curve: &Curve) -> Vec<f64> {
    curve.iteration.iter().map(|k| *k as f64).collect()
}

/// The times that every sample has been visited: dlADMM sweeps backward and forward, SAMT goes back once a layer.
pub(super) fn passes(record: &Record, curve: &Curve) -> Vec<f64> {
    let each = match record.method.as_str() {
        "dladmm" => 2.0,
        "samt" => 3.0,
        _ => 1.0,
    };
    let iterations = iterations(record, curve).into_iter();
    iterations.map(|k| each * k).collect()
}

/// Seconds since the start.
pub(super) fn seconds(_: &Record, curve: &Curve) -> Vec<f64> {
    curve.seconds.clone()
}

/// A series for each of these methods.
pub(super) fn medians<'a>(
    methods: impl IntoIterator<Item = (&'a str, Runs<'a>)>,
    x: Against,
    y: fn(&Curve) -> &[f64],
) -> Vec<Series> {
    let methods = methods.into_iter();
    methods
        .map(|(name, runs)| {
            let color = SeriesColor::method(name);
            course(method_title(name), color, &runs, x, y)
        })
        .collect()
}

/// One series: the median over these runs, as far as the shortest of them goes.
pub(super) fn course(
    label: &str,
    color: SeriesColor,
    runs: &Runs<'_>,
    x: Against,
    y: fn(&Curve) -> &[f64],
) -> Series {
    let curves = runs.0.iter().filter_map(|r| Some((*r, r.curve.as_ref()?)));
    let curves: Vec<(Vec<f64>, &[f64])> = curves.map(|(r, c)| (x(r, c), y(c))).collect();
    let length = curves.iter().map(|(x, y)| x.len().min(y.len())).min();
    let (mut points, mut spread) = (Vec::new(), Vec::new());
    for i in 0..length.unwrap_or(0) {
        let ys: Vec<f64> = curves.iter().map(|(_, y)| y[i]).collect();
        let ends = (
            ys.iter().copied().fold(f64::INFINITY, f64::min),
            ys.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        );
        let at = median(curves.iter().map(|(x, _)| x[i]).collect());
        if let (Some(at), Some(middle)) = (at, median(ys)) {
            points.push((at, middle));
            spread.push(ends);
        }
    }
    let series = Series::line(label, color, points);
    match curves.len() {
        0 | 1 => series,
        _ => series.spread(spread),
    }
}

/// Courses fall by powers of ten at first, and what matters is where they end: at most so many times the largest last value is shown.
const SHOWN: f64 = 30.0;

/// A logarithmic axis on which the ends of these series can be told apart.
pub(super) fn axis(label: &str, series: &[Series]) -> Axis {
    let ends = series.iter().filter_map(|s| Some(s.points.last()?.1));
    let last = ends.filter(|y| y.is_finite()).fold(0.0, f64::max);
    let all = || series.iter().flat_map(|s| &s.points).map(|point| point.1);
    let least = all().filter(|y| *y > 0.0).fold(f64::INFINITY, f64::min);
    let most = all().filter(|y| y.is_finite()).fold(0.0, f64::max);
    let cut = SHOWN * last;
    let is_cut = cut > least && most > cut;
    Axis {
        range: is_cut.then_some((0.9 * least, cut)),
        ..Axis::log10(label)
    }
}

#[cfg(test)]
#[path = "../../../tests/unit/reproduce_experiments_courses.rs"]
mod tests;
