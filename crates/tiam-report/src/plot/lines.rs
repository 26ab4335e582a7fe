//! Drawing of series over two axes.

use super::axis::Span;
use super::frame::{Area, Frame, Key, Sample, empty, guide_ink, guide_path, ink_of};
use super::marks::{clipped, error_bar, marker};
use super::svg::{Canvas, Ink, Spot};
use super::{Medium, Plot, Series, Style};
use crate::palette::Dash;

/// Opacity of a band.
const BAND: f64 = 0.18;
/// A line has no more markers than this.
const N_MARKERS: usize = 14;

pub(super) fn draw(plot: &Plot, medium: Medium) -> String {
    let Some((x, y)) = spans(plot) else {
        return empty(&plot.title, medium);
    };
    let named = plot.series.iter().filter(|series| !series.label.is_empty());
    let mut keys: Vec<Key> = named.map(|series| key(series, &x, &y)).collect();
    for (n, guide) in plot.guides.iter().enumerate() {
        if !guide.label.is_empty() {
            keys.push(Key {
                label: guide.label.clone(),
                sample: Sample::Line(guide_ink(n), 1.4, None),
            });
        }
    }
    let frame = Frame {
        title: &plot.title,
        keys,
        x: &x,
        x_label: &plot.x.label,
        y: &y,
        y_label: &plot.y.label,
        colors: None,
        height: None,
    };
    frame.draw(medium, |canvas, area| {
        for (n, guide) in plot.guides.iter().enumerate() {
            for part in guide_path(guide, &x, &y, area) {
                canvas.path(&part, guide_ink(n), 1.4);
            }
        }
        let mut series: Vec<&Series> = plot.series.iter().collect();
        series.sort_by(|a, b| a.color.look().width.total_cmp(&b.color.look().width));
        for (n, series) in series.into_iter().enumerate() {
            let runs = runs(series, &x, &y, area);
            draw_series(canvas, series, &runs, area, n);
        }
    })
}

/// The ranges of both axes: of the points that can be shown, and their spreads.
fn spans(plot: &Plot) -> Option<(Span, Span)> {
    let points = || plot.series.iter().flat_map(|series| &series.points);
    let whole_x = Span::of(&plot.x, points().map(|point| point.0), true)?;
    let whole_y = Span::of(&plot.y, points().map(|point| point.1), true)?;
    let (mut xs, mut ys) = (Vec::new(), Vec::new());
    for series in &plot.series {
        for (n, &(x, y)) in series.points.iter().enumerate() {
            // A point counts only where both of its values have a place.
            if whole_x.place(x).is_some() && whole_y.place(y).is_some() {
                xs.push(x);
                ys.push(y);
                if let Some(&(low, high)) = series.spread.as_ref().and_then(|s| s.get(n)) {
                    ys.extend([low, high]);
                }
            }
        }
    }
    if xs.is_empty() {
        return None;
    }
    let x = Span::of(&plot.x, xs.into_iter(), true)?;
    Some((x, Span::of(&plot.y, ys.into_iter(), true)?))
}

fn key(series: &Series, x: &Span, y: &Span) -> Key {
    let look = series.color.look();
    let ink = ink_of(&look, true);
    let sample = match series.style {
        Style::Line => Sample::Line(ink, look.width, None),
        Style::Points => Sample::Marker(ink.dashed(Dash::Solid), look.marker),
        Style::LineAndPoints => Sample::Line(ink, look.width, Some(look.marker)),
    };
    let mut label = series.label.clone();
    let shown = |&(px, py): &(f64, f64)| x.place(px).is_some() && y.place(py).is_some();
    if !series.points.iter().any(shown) {
        label.push_str(" (no data)");
    }
    Key { label, sample }
}

/// A point on the canvas, and the heights at which its spread ends.
type Point = (Spot, Option<(f64, f64)>);

/// The runs of points that follow each other without a gap.
fn runs(series: &Series, x: &Span, y: &Span, area: &Area) -> Vec<Vec<Point>> {
    let height = |at: f64| area.at(0.0, at).1;
    let spread = |n: usize| {
        let (low, high) = *series.spread.as_ref()?.get(n)?;
        // A lower end without a place is below the frame.
        let low = Some(low).filter(|low| !low.is_nan())?;
        let low = y.place(low).unwrap_or(-1.0);
        Some((height(low), height(y.place(high)?)))
    };
    let points = series.points.iter().enumerate();
    let points: Vec<Option<Point>> = points
        .map(|(n, &(px, py))| Some((area.at(x.place(px)?, y.place(py)?), spread(n))))
        .collect();
    let runs = points.split(Option::is_none);
    runs.map(|run| run.iter().flatten().copied().collect())
        .collect()
}

fn draw_series(
    canvas: &Canvas<'_>,
    series: &Series,
    runs: &[Vec<Point>],
    area: &Area,
    order: usize,
) {
    let look = series.color.look();
    let ink = ink_of(&look, true);
    let solid = ink.dashed(Dash::Solid);
    let joined = series.style != Style::Points;
    for run in runs {
        if joined {
            band(canvas, run, area, solid.faint(BAND));
            let points: Vec<Spot> = run.iter().map(|(at, _)| *at).collect();
            for part in clipped(&points, area) {
                canvas.path(&part, ink, look.width);
            }
        }
        if !joined || run.len() == 1 {
            for (at, spread) in run.iter().filter(|(at, _)| area.holds(*at)) {
                if let Some(spread) = *spread {
                    error_bar(canvas, area, at.0, spread, solid);
                }
            }
        }
    }
    let marked = marked(series.style, runs, order).into_iter();
    for at in marked.filter(|at| area.holds(*at)) {
        marker(canvas, look.marker, at, solid);
    }
}

/// Which points have a marker: all, some along a line, or those no line would show.
fn marked(style: Style, runs: &[Vec<Point>], order: usize) -> Vec<Spot> {
    let all = |runs: &mut dyn Iterator<Item = &Vec<Point>>| -> Vec<Spot> {
        runs.flatten().map(|(at, _)| *at).collect()
    };
    match style {
        Style::Points => all(&mut runs.iter()),
        Style::Line => all(&mut runs.iter().filter(|run| run.len() == 1)),
        Style::LineAndPoints => {
            let all = all(&mut runs.iter());
            let step = all.len().div_ceil(N_MARKERS).max(1);
            // Neighbours' markers start at different points, so that they do not hide each other.
            let first = order * step / 5 % step;
            all.into_iter().skip(first).step_by(step).collect()
        }
    }
}

/// The area between the ends of the spreads, cut at the frame.
fn band(canvas: &Canvas<'_>, run: &[Point], area: &Area, ink: Ink) {
    let cut = |y: f64| y.clamp(area.top, area.bottom());
    let edges: Vec<(f64, f64, f64)> = run
        .iter()
        .filter(|(at, _)| (area.left..=area.right()).contains(&at.0))
        .filter_map(|(at, spread)| spread.map(|(low, high)| (at.0, cut(low), cut(high))))
        .collect();
    if edges.len() < 2 {
        return;
    }
    let lower = edges.iter().map(|&(x, low, _)| (x, low));
    let upper = edges.iter().rev().map(|&(x, _, high)| (x, high));
    canvas.area(&lower.chain(upper).collect::<Vec<_>>(), ink);
}
