//! Drawing of heat maps: coloured cells over two axes.

use super::axis::Span;
use super::frame::{Area, Frame, Key, Sample, crossed, draw_scale, empty, guide_path};
use super::svg::{Canvas, Ink, Spot, text_width};
use super::{HeatCell, Heatmap, Medium, Scale};
use crate::palette::Dash;

/// Colours of values from low to high (viridis).
const COLORS: [[f64; 3]; 9] = [
    [68.0, 1.0, 84.0],
    [71.0, 44.0, 122.0],
    [59.0, 81.0, 139.0],
    [44.0, 113.0, 142.0],
    [33.0, 144.0, 141.0],
    [39.0, 173.0, 129.0],
    [92.0, 200.0, 99.0],
    [170.0, 220.0, 50.0],
    [253.0, 231.0, 37.0],
];
/// A guide over cells: a dark line on a light one stands out from all of [`COLORS`].
const HALO: Ink = Ink::solid([0xff; 3]);
const GUIDE: Ink = Ink::solid([0x10, 0x14, 0x18]);
const GUIDE_DASHES: [Dash; 3] = [Dash::Solid, Dash::Middle, Dash::Dotted];

/// Size of printed values, and height of a map that prints them.
const PRINT: f64 = 11.0;
const PRINTED_HEIGHT: f64 = 360.0;
/// Share of the scale from which [`COLORS`] are light.
const LIGHT_FROM: f64 = 0.55;

pub(super) fn draw(map: &Heatmap, medium: Medium) -> String {
    let (columns, rows) = (edges(&map.xs, map.x.scale), edges(&map.ys, map.y.scale));
    let ends = |edges: &[Option<(f64, f64)>]| -> Vec<f64> {
        let ends = edges.iter().copied().flatten();
        ends.flat_map(<[f64; 2]>::from).collect()
    };
    let x = Span::of(&map.x, ends(&columns).into_iter(), false);
    let y = Span::of(&map.y, ends(&rows).into_iter(), false);
    let cells = || map.cells.iter().flatten();
    let has_data = cells().any(|cell| *cell != HeatCell::Missing);
    let Some((x, y)) = x.zip(y).filter(|_| has_data) else {
        return empty(&map.title, medium);
    };
    let values = cells().filter_map(|cell| match cell {
        HeatCell::Value(value) => Some(*value),
        _ => None,
    });
    let scale = Span::of(&map.value, values, false);
    let frame = Frame {
        title: &map.title,
        keys: keys(map),
        x: &x,
        x_label: &map.x.label,
        y: &y,
        y_label: &map.y.label,
        colors: scale
            .as_ref()
            .map(|scale| (scale, map.value.label.as_str())),
        height: map.print.map(|_| PRINTED_HEIGHT),
    };
    frame.draw(medium, |canvas, area| {
        for (row, ends_y) in map.cells.iter().zip(&rows) {
            for (cell, ends_x) in row.iter().zip(&columns) {
                if let Some((from, to)) = corners(*ends_x, *ends_y, (&x, &y), area) {
                    draw_cell(canvas, *cell, scale.as_ref(), from, to);
                    if let Some((format, HeatCell::Value(value))) = map.print.zip(Some(*cell)) {
                        let at = scale.as_ref().and_then(|scale| scale.place(value));
                        print(canvas, &format.print(value), at.unwrap_or(0.0), from, to);
                    }
                }
            }
        }
        for (n, guide) in map.guides.iter().enumerate() {
            for part in guide_path(guide, &x, &y, area) {
                canvas.path(&part, HALO.faint(0.9), 4.0);
                canvas.path(&part, guide_ink(n), 1.8);
            }
        }
        if let Some(colors) = frame.colors {
            draw_scale(canvas, colors, (area, frame.keys.len()), color);
        }
    })
}

/// The value within its cell, where there is room.
fn print(canvas: &Canvas<'_>, text: &str, at: f64, from: Spot, to: Spot) {
    let (width, height) = (to.0 - from.0, to.1 - from.1);
    if text_width(text, PRINT) < width && PRINT < height {
        let middle = (0.5 * (from.0 + to.0), 0.5 * (from.1 + to.1));
        let on_dark = at < LIGHT_FROM;
        let ink = if on_dark {
            [0xff; 3]
        } else {
            [0x10, 0x14, 0x18]
        };
        canvas.text_about(text, middle, PRINT, ink);
    }
}

fn guide_ink(n: usize) -> Ink {
    GUIDE.dashed(GUIDE_DASHES[n % GUIDE_DASHES.len()])
}

fn is_diverged(cell: &HeatCell) -> bool {
    match cell {
        HeatCell::Value(value) => !value.is_finite(),
        cell => *cell == HeatCell::Diverged,
    }
}

fn keys(map: &Heatmap) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut add = |label: &str, sample| {
        keys.push(Key {
            label: label.to_owned(),
            sample,
        });
    };
    if map.cells.iter().flatten().any(is_diverged) {
        add("diverged", Sample::Crossed);
    }
    for (n, guide) in map.guides.iter().enumerate() {
        if !guide.label.is_empty() {
            add(&guide.label, Sample::HaloedLine(HALO, guide_ink(n)));
        }
    }
    keys
}

/// The ends of every cell along an axis: half-way to its neighbours in the axis' own measure. `None` where a centre has no
/// place.
fn edges(centers: &[f64], scale: Scale) -> Vec<Option<(f64, f64)>> {
    let log = scale == Scale::Log10;
    let places: Vec<Option<f64>> = centers
        .iter()
        .map(|&center| {
            let at = if log { center.log10() } else { center };
            Some(at).filter(|at| at.is_finite())
        })
        .collect();
    let back = |at: f64| if log { 10_f64.powf(at) } else { at };
    let get = |n: Option<usize>| n.and_then(|n| places.get(n).copied().flatten());
    let first = centers.first().copied().unwrap_or(1.0);
    let alone = if log {
        0.5
    } else {
        0.5 * first.abs().max(1e-3)
    };
    let ends = |n: usize| {
        let center = get(Some(n))?;
        let half = |neighbour: Option<f64>| neighbour.map(|other| 0.5 * (other - center).abs());
        let (before, after) = (half(get(n.checked_sub(1))), half(get(Some(n + 1))));
        let below = before.or(after).unwrap_or(alone);
        let above = after.or(before).unwrap_or(alone);
        Some((back(center - below), back(center + above)))
    };
    (0..places.len()).map(ends).collect()
}

/// A cell's corners on the canvas, upper left and lower right, a hair's breadth apart from its neighbours'.
fn corners(
    ends_x: Option<(f64, f64)>,
    ends_y: Option<(f64, f64)>,
    (x, y): (&Span, &Span),
    area: &Area,
) -> Option<(Spot, Spot)> {
    let ((left, right), (low, high)) = (ends_x?, ends_y?);
    let within = |at: f64| at.clamp(0.0, 1.0);
    let from = area.at(within(x.place(left)?), within(y.place(high)?));
    let to = area.at(within(x.place(right)?), within(y.place(low)?));
    let is_wide = to.0 - from.0 > 6.0 && to.1 - from.1 > 6.0;
    let gap = if is_wide { 0.4 } else { 0.0 };
    Some(((from.0 + gap, from.1 + gap), (to.0 - gap, to.1 - gap)))
}

fn draw_cell(canvas: &Canvas<'_>, cell: HeatCell, scale: Option<&Span>, from: Spot, to: Spot) {
    match cell {
        HeatCell::Value(value) if value.is_finite() => {
            // A value the scale has no place for (zero on a logarithmic one) is at its lower end.
            let at = scale.and_then(|scale| scale.place(value)).unwrap_or(0.0);
            canvas.rectangle(from, to, Ink::solid(color(at)));
        }
        HeatCell::Value(_) | HeatCell::Diverged => crossed(canvas, from, to),
        HeatCell::Missing => {}
    }
}

/// The colour at a share of the scale.
fn color(at: f64) -> [u8; 3] {
    let place = at.clamp(0.0, 1.0) * (COLORS.len() - 1) as f64;
    let below = (place.floor() as usize).min(COLORS.len() - 2);
    let share = place - below as f64;
    std::array::from_fn(|n| {
        (COLORS[below][n] + share * (COLORS[below + 1][n] - COLORS[below][n])).round() as u8
    })
}
