//! Drawing of grouped bars.

use super::axis::Span;
use super::frame::{Area, Frame, Key, Sample, empty, ink_of};
use super::marks::{error_bar, marker};
use super::svg::{Canvas, Ink, shortened};
use super::{Axis, Bars, Medium, NumberFormat, Scale};

/// The share of a group's width its bars take.
const FILLED: f64 = 0.84;
/// No bar is wider.
const WIDEST: f64 = 46.0;

pub(super) fn draw(bars: &Bars, medium: Medium) -> String {
    let Some(y) = span(bars).filter(|_| !bars.groups.is_empty()) else {
        return empty(&bars.title, medium);
    };
    let standing = y.shows_zero();
    let named = bars.series.iter().filter(|series| !series.label.is_empty());
    let keys = named.map(|series| {
        let look = series.color.look();
        let ink = ink_of(&look, false);
        Key {
            label: series.label.clone(),
            sample: if standing {
                Sample::Swatch(ink)
            } else {
                Sample::Marker(ink, look.marker)
            },
        }
    });
    let room = 400.0 / bars.groups.len() as f64;
    let groups = bars.groups.iter().map(|name| shortened(name, room, 12.0));
    let frame = Frame {
        title: &bars.title,
        keys: keys.collect(),
        x: &Span::of_groups(groups.collect()),
        x_label: "",
        y: &y,
        y_label: &bars.y.label,
        colors: None,
    };
    frame.draw(medium, |canvas, area| {
        for group in 0..bars.groups.len() {
            draw_group(canvas, bars, group, &y, area);
        }
        if let Some(zero) = y.place(0.0).filter(|_| standing) {
            let line = [area.at(0.0, zero), area.at(1.0, zero)];
            canvas.path(&line, Ink::AXIS, 1.0);
        }
    })
}

/// The vertical axis: from zero on a linear one without a range of its own.
fn span(bars: &Bars) -> Option<Span> {
    let shown = bars.series.iter().flat_map(|series| {
        let values = series.values.iter().take(bars.groups.len());
        values.flatten()
    });
    let values: Vec<f64> = shown
        .flat_map(|&(value, deviation)| {
            let deviation = deviation.unwrap_or(0.0);
            [value, value - deviation, value + deviation]
        })
        .filter(|value| value.is_finite())
        .collect();
    if bars.y.range.is_some() || bars.y.scale == Scale::Log10 || values.is_empty() {
        let values = values.into_iter();
        return Span::of(&bars.y, values.clone(), true).filter(|_| values.len() > 0);
    }
    let low = values.iter().copied().fold(0.0, f64::min);
    let mut high = values.iter().copied().fold(0.0, f64::max);
    let room = |end: f64| (1.05 * end).clamp(-1e300, 1e300);
    // Shares end at 1: an axis to 105% would promise what cannot be.
    high = match bars.y.format {
        NumberFormat::Percent(_) if high <= 1.0 => room(high).min(1.0),
        _ => room(high),
    };
    let axis = Axis {
        range: Some((room(low), high)),
        ..bars.y.clone()
    };
    Span::of(&axis, values.into_iter(), false)
}

fn draw_group(canvas: &Canvas<'_>, bars: &Bars, group: usize, y: &Span, area: &Area) {
    let n_series = bars.series.len().max(1) as f64;
    let room = area.width / bars.groups.len() as f64;
    let width = (FILLED * room / n_series).min(WIDEST);
    let first = area.left + (group as f64 + 0.5) * room - 0.5 * width * n_series;
    let height = |value: f64| area.at(0.0, y.place(value).unwrap_or(-1.0)).1;
    let standing = y.shows_zero();
    for (n, series) in bars.series.iter().enumerate() {
        let found = series.values.get(group).copied().flatten();
        let Some((value, deviation)) = found.filter(|found| y.place(found.0).is_some()) else {
            continue;
        };
        let left = first + n as f64 * width;
        let middle = left + 0.5 * width;
        let look = series.color.look();
        let ink = ink_of(&look, false);
        let end = height(value);
        if standing {
            let (zero, gap) = (height(0.0), 0.06 * width);
            let from = (left + gap, end.min(zero).max(area.top));
            let to = (left + width - gap, end.max(zero).min(area.bottom()));
            canvas.rectangle(from, to, ink);
        }
        if let Some(deviation) = deviation.filter(|d| d.is_finite() && *d > 0.0) {
            let ink = if standing { Ink::page(0.85) } else { ink };
            let ends = (height(value - deviation), height(value + deviation));
            error_bar(canvas, area, middle, ends, ink);
        }
        if !standing && area.holds((middle, end)) {
            marker(canvas, look.marker, (middle, end), ink);
        }
    }
}
