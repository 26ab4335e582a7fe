//! Drawing of series over two axes.

use super::axis::Span;
use super::canvas::{Canvas, Ink};
use super::frame::{
    Area, Bottom, Furniture, Key, Sample, empty, framed, guide_ink, guide_keys, guide_path, ink_of,
};
use super::marks::{clipped, error_bar, marker};
use super::{Course, Medium, Plot, Series, Style};

/// The dash of [`Style::Dashed`] where the look has none.
const DASH: &[f64] = &[6.0, 4.0];
/// Opacity of a band.
const BAND: f64 = 0.18;
/// A line has no more markers than this.
const N_MARKERS: usize = 14;

pub(super) fn draw(plot: &Plot, medium: Medium) -> String {
    let Some((x, y)) = spans(plot) else {
        return empty(&plot.title, medium);
    };
    let shown = |series: &Series| {
        series
            .points
            .iter()
            .any(|&(px, py)| x.place(px).is_some() && y.place(py).is_some())
    };
    let mut keys: Vec<Key> = plot
        .series
        .iter()
        .filter(|series| !series.label.is_empty())
        .map(|series| key(series, shown(series)))
        .collect();
    keys.extend(guide_keys(&plot.guides));
    let furniture = Furniture {
        title: &plot.title,
        keys,
        bottom: Bottom::Axis(&x, &plot.x.label),
        y: &y,
        y_label: &plot.y.label,
        right: 0.0,
        grid: true,
    };
    framed(&furniture, medium, |canvas, area| {
        for (n, guide) in plot.guides.iter().enumerate() {
            for part in clipped(&guide_path(&guide.course, &x, &y, area), area) {
                canvas.path(&part, guide_ink(n), 1.4);
            }
        }
        let mut series: Vec<&Series> = plot.series.iter().collect();
        series.sort_by(|a, b| a.color.look().width.total_cmp(&b.color.look().width));
        for (n, series) in series.into_iter().enumerate() {
            Placed {
                series,
                x: &x,
                y: &y,
                area,
            }
            .draw(canvas, n);
        }
    })
}

/// The ranges of both axes: of the points that can be shown, their spreads, and straight guides.
fn spans(plot: &Plot) -> Option<(Span, Span)> {
    // A point counts only where both of its values have a place.
    let whole_x = Span::of(
        &plot.x,
        plot.series
            .iter()
            .flat_map(|series| &series.points)
            .map(|point| point.0),
        true,
    )?;
    let whole_y = Span::of(
        &plot.y,
        plot.series
            .iter()
            .flat_map(|series| &series.points)
            .map(|point| point.1),
        true,
    )?;
    let (mut xs, mut ys) = (Vec::new(), Vec::new());
    for series in &plot.series {
        for (n, &(px, py)) in series.points.iter().enumerate() {
            if whole_x.place(px).is_some() && whole_y.place(py).is_some() {
                xs.push(px);
                ys.push(py);
                ys.extend(
                    series
                        .spread
                        .iter()
                        .filter_map(|spread| spread.get(n))
                        .flat_map(|&(low, high)| [low, high]),
                );
            }
        }
    }
    if xs.is_empty() {
        return None;
    }
    for guide in &plot.guides {
        match guide.course {
            Course::Horizontal(value) => ys.push(value),
            Course::Vertical(value) => xs.push(value),
            Course::Curve(_) => {}
        }
    }
    Some((
        Span::of(&plot.x, xs.into_iter(), true).unwrap_or(whole_x),
        Span::of(&plot.y, ys.into_iter(), true).unwrap_or(whole_y),
    ))
}

fn line_ink(series: &Series) -> Ink {
    let look = series.color.look();
    let ink = ink_of(&look, true);
    if series.style == Style::Dashed && look.dash.is_empty() {
        ink.dashed(DASH)
    } else {
        ink
    }
}

fn key(series: &Series, shown: bool) -> Key {
    let look = series.color.look();
    let ink = line_ink(series);
    let sample = match series.style {
        Style::Line | Style::Dashed => Sample::Line(ink, look.width),
        Style::Points => Sample::Marker(ink.dashed(&[]), look.marker),
        Style::LineAndPoints => Sample::MarkedLine(ink, look.width, look.marker),
    };
    let label = if shown {
        series.label.clone()
    } else {
        format!("{} (no data)", series.label)
    };
    Key { label, sample }
}

/// A series, its axes and its frame.
struct Placed<'a> {
    series: &'a Series,
    x: &'a Span,
    y: &'a Span,
    area: &'a Area,
}

/// A point on the canvas and the ends of its spread.
type Spot = ((f64, f64), Option<(f64, f64)>);

impl Placed<'_> {
    /// The runs of points that follow each other without a gap.
    fn runs(&self) -> Vec<Vec<Spot>> {
        let mut runs: Vec<Vec<Spot>> = vec![Vec::new()];
        for (n, &(px, py)) in self.series.points.iter().enumerate() {
            match self.x.place(px).zip(self.y.place(py)) {
                Some((at_x, at_y)) => {
                    let spot = (self.area.at(at_x, at_y), self.spread(n));
                    if let Some(run) = runs.last_mut() {
                        run.push(spot);
                    }
                }
                None if runs.last().is_some_and(|run| !run.is_empty()) => runs.push(Vec::new()),
                None => {}
            }
        }
        runs
    }

    /// Where the spread at a point ends; a lower end without a place is below the frame.
    fn spread(&self, n: usize) -> Option<(f64, f64)> {
        let (low, high) = *self.series.spread.as_ref()?.get(n)?;
        let high = self.y.place(high)?;
        let low = if low.is_nan() {
            return None;
        } else {
            self.y.place(low).unwrap_or(-1.0)
        };
        Some((self.area.at(0.0, low).1, self.area.at(0.0, high).1))
    }

    fn draw(&self, canvas: &mut Canvas<'_>, order: usize) {
        let look = self.series.color.look();
        let ink = line_ink(self.series);
        let solid = ink.dashed(&[]);
        let runs = self.runs();
        let joined = self.series.style != Style::Points;
        for run in &runs {
            if joined {
                self.band(canvas, run, solid.faint(BAND));
                let points: Vec<(f64, f64)> = run.iter().map(|(at, _)| *at).collect();
                for part in clipped(&points, self.area) {
                    canvas.path(&part, ink, look.width);
                }
            }
        }
        let lone = |run: &Vec<Spot>| run.len() == 1;
        for run in runs.iter().filter(|run| !joined || lone(run)) {
            for (at, spread) in run {
                if let Some(spread) = spread.filter(|_| self.inside(*at)) {
                    error_bar(canvas, self.area, at.0, spread, solid);
                }
            }
        }
        for at in self
            .marked(&runs, order)
            .into_iter()
            .filter(|at| self.inside(*at))
        {
            marker(canvas, look.marker, at, solid);
        }
    }

    /// Which points have a marker: all, some along a line, or those no line would show.
    fn marked(&self, runs: &[Vec<Spot>], order: usize) -> Vec<(f64, f64)> {
        let all: Vec<(f64, f64)> = runs.iter().flatten().map(|(at, _)| *at).collect();
        match self.series.style {
            Style::Points => all,
            Style::LineAndPoints => {
                let step = all.len().div_ceil(N_MARKERS).max(1);
                // Neighbours' markers start at different points, so that they do not hide each other.
                all.into_iter()
                    .skip(if step > 1 { order * step / 5 % step } else { 0 })
                    .step_by(step)
                    .collect()
            }
            Style::Line | Style::Dashed => runs
                .iter()
                .filter(|run| run.len() == 1)
                .flatten()
                .map(|(at, _)| *at)
                .collect(),
        }
    }

    fn inside(&self, (x, y): (f64, f64)) -> bool {
        let Area {
            left,
            top,
            width,
            height,
        } = *self.area;
        (left - 0.5..=left + width + 0.5).contains(&x)
            && (top - 0.5..=top + height + 0.5).contains(&y)
    }

    fn band(&self, canvas: &mut Canvas<'_>, run: &[Spot], ink: Ink) {
        let (left, right) = (self.area.left, self.area.left + self.area.width);
        let (top, bottom) = (self.area.top, self.area.top + self.area.height);
        let edges: Vec<(f64, f64, f64)> = run
            .iter()
            .filter(|(at, _)| (left..=right).contains(&at.0))
            .filter_map(|(at, spread)| {
                spread.map(|(low, high)| (at.0, low.clamp(top, bottom), high.clamp(top, bottom)))
            })
            .collect();
        if edges.len() < 2 {
            return;
        }
        let lower = edges.iter().map(|&(x, low, _)| (x, low));
        let upper = edges.iter().rev().map(|&(x, _, high)| (x, high));
        canvas.area(&lower.chain(upper).collect::<Vec<_>>(), ink);
    }
}
