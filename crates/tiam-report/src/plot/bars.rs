//! Drawing of grouped bars.

use super::axis::Span;
use super::frame::{Area, Frame, Key, Sample, empty, ink_of};
use super::marks::{error_bar, marker};
use super::svg::{Canvas, Ink, Spot};
use super::{Axis, Bars, Medium, NumberFormat, Scale};

/// The share of a group's width its bars take.
const FILLED: f64 = 0.84;
/// No bar is wider.
const WIDEST: f64 = 46.0;
/// Room of lying bars' title and axis, and of each group.
const LYING: (f64, f64) = (100.0, 19.0);

pub(super) fn draw(bars: &Bars, medium: Medium) -> String {
    let Some(values) = span(bars).filter(|_| !bars.groups.is_empty()) else {
        return empty(&bars.title, medium);
    };
    let standing = values.shows_zero();
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
    let mut groups = bars.groups.clone();
    if bars.lying {
        groups.reverse();
    }
    let groups = Span::of_groups(groups);
    let label = bars.y.label.as_str();
    let ((x, x_label), (y, y_label)) = match bars.lying {
        true => ((&values, label), (&groups, "")),
        false => ((&groups, ""), (&values, label)),
    };
    let (room, each) = LYING;
    let frame = Frame {
        title: &bars.title,
        keys: keys.collect(),
        x,
        x_label,
        y,
        y_label,
        colors: None,
        height: bars.lying.then_some(room + each * bars.groups.len() as f64),
    };
    frame.draw(medium, |canvas, area| {
        let sheet = Sheet {
            bars,
            values: &values,
            area,
        };
        for group in 0..bars.groups.len() {
            sheet.draw_group(canvas, group);
        }
        if standing {
            let line = [sheet.spot(0.0, 0.0), sheet.spot(1.0, 0.0)];
            canvas.path(&line, Ink::AXIS, 1.0);
        }
    })
}

/// The axis of values: from zero on a linear one without a range of its own.
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

/// Bars within their frame.
struct Sheet<'a> {
    bars: &'a Bars,
    values: &'a Span,
    area: &'a Area,
}

impl Sheet<'_> {
    /// Where a value stands at a share of the groups' axis.
    fn spot(&self, along: f64, value: f64) -> Spot {
        let height = self.values.place(value).unwrap_or(-1.0);
        match self.bars.lying {
            true => self.area.at(height, 1.0 - along),
            false => self.area.at(along, height),
        }
    }

    fn draw_group(&self, canvas: &Canvas<'_>, group: usize) {
        let (bars, area) = (self.bars, self.area);
        let length = if bars.lying { area.height } else { area.width };
        let n_series = bars.series.len().max(1) as f64;
        let room = length / bars.groups.len() as f64;
        let width = (FILLED * room / n_series).min(WIDEST);
        let first = (group as f64 + 0.5) * room - 0.5 * width * n_series;
        let standing = self.values.shows_zero();
        for (n, series) in bars.series.iter().enumerate() {
            let found = series.values.get(group).copied().flatten();
            let shown = |value: f64| self.values.place(value).is_some();
            let Some((value, deviation)) = found.filter(|found| shown(found.0)) else {
                continue;
            };
            let left = first + n as f64 * width;
            let look = series.color.look();
            let ink = ink_of(&look, false);
            if standing {
                let gap = 0.06 * width;
                let a = self.spot((left + gap) / length, 0.0);
                let b = self.spot((left + width - gap) / length, value);
                let within = |(x, y): Spot| {
                    (
                        x.clamp(area.left, area.right()),
                        y.clamp(area.top, area.bottom()),
                    )
                };
                let (from, to) = ((a.0.min(b.0), a.1.min(b.1)), (a.0.max(b.0), a.1.max(b.1)));
                canvas.rectangle(within(from), within(to), ink);
            }
            let middle = (left + 0.5 * width) / length;
            let end = self.spot(middle, value);
            if let Some(deviation) = deviation.filter(|d| d.is_finite() && *d > 0.0) {
                let ink = if standing { Ink::page(0.85) } else { ink };
                let ends = [value - deviation, value + deviation].map(|x| self.spot(middle, x));
                match bars.lying {
                    true => canvas.path(&ends, ink, 1.2),
                    false => error_bar(canvas, area, end.0, (ends[0].1, ends[1].1), ink),
                }
            }
            if !standing && area.holds(end) {
                marker(canvas, look.marker, end, ink);
            }
        }
    }
}
