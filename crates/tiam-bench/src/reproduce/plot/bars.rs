//! Drawing of grouped bars.

use super::axis::Span;
use super::canvas::{Canvas, Ink};
use super::frame::{Area, Bottom, Furniture, Key, Sample, empty, framed, ink_of};
use super::marks::{error_bar, marker};
use super::{Axis, Bars, Medium, Scale};

/// The share of a group's width its bars take.
const FILLED: f64 = 0.84;
/// No bar is wider.
const WIDEST: f64 = 46.0;

pub(super) fn draw(bars: &Bars, medium: Medium) -> String {
    let Some(y) = span(bars).filter(|_| !bars.groups.is_empty()) else {
        return empty(&bars.title, medium);
    };
    let standing = y.shows_zero();
    let keys = bars
        .series
        .iter()
        .filter(|series| !series.label.is_empty())
        .map(|series| {
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
        })
        .collect();
    let furniture = Furniture {
        title: &bars.title,
        keys,
        bottom: Bottom::Groups(&bars.groups),
        y: &y,
        y_label: &bars.y.label,
        right: 0.0,
        grid: true,
    };
    framed(&furniture, medium, |canvas, area| {
        for group in 0..bars.groups.len() {
            draw_group(canvas, bars, group, &y, area);
        }
        if standing {
            canvas.path(
                &[area.at(0.0, y.base()), area.at(1.0, y.base())],
                Ink::AXIS,
                1.0,
            );
        }
    })
}

/// The vertical axis: from zero on a linear one without a range of its own.
fn span(bars: &Bars) -> Option<Span> {
    let values: Vec<f64> = bars
        .series
        .iter()
        .flat_map(|series| series.values.iter().take(bars.groups.len()).flatten())
        .flat_map(|&(value, deviation)| {
            let deviation = deviation.unwrap_or(0.0);
            [value, value - deviation, value + deviation]
        })
        .filter(|value| value.is_finite() && (bars.y.scale == Scale::Linear || *value > 0.0))
        .collect();
    if values.is_empty() {
        return None;
    }
    if bars.y.range.is_some() || bars.y.scale == Scale::Log10 {
        return Span::of(&bars.y, values.into_iter(), true);
    }
    let (low, high) = values
        .iter()
        .fold((0.0_f64, 0.0_f64), |(low, high), value| {
            (low.min(*value), high.max(*value))
        });
    let room = |end: f64| (1.05 * end).clamp(-1e300, 1e300);
    // Shares end at 1: an axis to 105% would promise what cannot be.
    let top = if matches!(bars.y.format, super::NumberFormat::Percent(_)) && high <= 1.0 {
        room(high).min(1.0)
    } else {
        room(high)
    };
    let axis = Axis {
        range: Some((room(low), top)),
        ..bars.y.clone()
    };
    Span::of(&axis, values.into_iter(), false)
}

fn draw_group(canvas: &mut Canvas<'_>, bars: &Bars, group: usize, y: &Span, area: &Area) {
    let n_series = bars.series.len().max(1) as f64;
    let room = area.width / bars.groups.len() as f64;
    let width = (FILLED * room / n_series).min(WIDEST);
    let first = area.left + (group as f64 + 0.5) * room - 0.5 * width * n_series;
    let (top, bottom) = (area.top, area.top + area.height);
    for (n, series) in bars.series.iter().enumerate() {
        let Some((value, deviation)) = series.values.get(group).copied().flatten() else {
            continue;
        };
        let Some(at) = y.place(value) else {
            continue;
        };
        let left = first + n as f64 * width;
        let middle = left + 0.5 * width;
        let look = series.color.look();
        let ink = ink_of(&look, false);
        let (_, end) = area.at(0.0, at);
        if y.shows_zero() {
            let (_, zero) = area.at(0.0, y.base());
            let gap = 0.06 * width;
            canvas.rectangle(
                (left + gap, end.min(zero).max(top)),
                (left + width - gap, end.max(zero).min(bottom)),
                ink,
            );
        }
        if let Some(deviation) =
            deviation.filter(|deviation| deviation.is_finite() && *deviation > 0.0)
        {
            let place = |value: f64| area.at(0.0, y.place(value).unwrap_or(-1.0)).1;
            let ink = if y.shows_zero() { Ink::page(0.85) } else { ink };
            error_bar(
                canvas,
                area,
                middle,
                (place(value - deviation), place(value + deviation)),
                ink,
            );
        }
        if !y.shows_zero() && (top - 0.5..=bottom + 0.5).contains(&end) {
            marker(canvas, look.marker, (middle, end), ink);
        }
    }
}
