//! Drawing of heat maps: coloured cells over two axes.

use super::axis::Span;
use super::canvas::{Anchor, Canvas, Ink, Setting, text_width};
use super::frame::{
    Area, Bottom, Furniture, Key, SMALL, Sample, crossed, empty, framed, guide_path,
};
use super::marks::clipped;
use super::{Axis, HeatCell, Heatmap, Medium, Scale};

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
/// The colour of cells that converged.
const CONVERGED: [u8; 3] = [0x2a, 0x9d, 0x8f];
/// The colours of a guide over cells: a dark line on a light one stands out from all of [`COLORS`].
const GUIDE: ([u8; 3], [u8; 3]) = ([0xff, 0xff, 0xff], [0x10, 0x14, 0x18]);
const GUIDE_DASHES: [&[f64]; 3] = [&[], &[6.0, 3.0], &[1.5, 2.5]];
const BAR: f64 = 12.0;
const N_BAR_STEPS: usize = 48;

pub(super) fn draw(map: &Heatmap, medium: Medium) -> String {
    let (columns, rows) = (edges(&map.xs, map.x.scale), edges(&map.ys, map.y.scale));
    let spans = Span::of(
        &map.x,
        columns.iter().copied().flatten().flat_map(<[f64; 2]>::from),
        false,
    )
    .zip(Span::of(
        &map.y,
        rows.iter().copied().flatten().flat_map(<[f64; 2]>::from),
        false,
    ));
    let Some((x, y)) = spans.filter(|_| {
        map.cells
            .iter()
            .flatten()
            .any(|cell| *cell != HeatCell::Missing)
    }) else {
        return empty(&map.title, medium);
    };
    let values = map.cells.iter().flatten().filter_map(|cell| {
        if let HeatCell::Value(value) = cell {
            Some(*value)
        } else {
            None
        }
    });
    let scale = Span::of(&map.value, values, false);
    let (ticks, _) = scale.map_or_else(Default::default, |scale| scale.ticks(6));
    let widest = ticks
        .iter()
        .map(|tick| text_width(&tick.label, SMALL))
        .fold(0.0, f64::max);
    let right = if scale.is_some() {
        14.0 + BAR + 6.0 + widest + 30.0
    } else {
        0.0
    };
    let furniture = Furniture {
        title: &map.title,
        keys: keys(map),
        bottom: Bottom::Axis(&x, &map.x.label),
        y: &y,
        y_label: &map.y.label,
        right,
        grid: false,
    };
    framed(&furniture, medium, |canvas, area| {
        for (row, ends_y) in map.cells.iter().zip(&rows) {
            for (cell, ends_x) in row.iter().zip(&columns) {
                if let Some((from, to)) = corners(*ends_x, *ends_y, &x, &y, area) {
                    draw_cell(canvas, *cell, scale.as_ref(), from, to);
                }
            }
        }
        draw_guides(canvas, map, &x, &y, area);
        if scale.is_some() {
            draw_bar(canvas, map, &ticks, area);
        }
    })
}

fn draw_guides(canvas: &mut Canvas<'_>, map: &Heatmap, x: &Span, y: &Span, area: &Area) {
    for (n, guide) in map.guides.iter().enumerate() {
        for part in clipped(&guide_path(&guide.course, x, y, area), area) {
            canvas.path(&part, Ink::solid(GUIDE.0).faint(0.9), 4.0);
            canvas.path(&part, guide_ink(n), 1.8);
        }
    }
}

fn guide_ink(n: usize) -> Ink {
    Ink::solid(GUIDE.1).dashed(GUIDE_DASHES[n % GUIDE_DASHES.len()])
}

fn keys(map: &Heatmap) -> Vec<Key> {
    let has = |wanted: fn(&HeatCell) -> bool| map.cells.iter().flatten().any(wanted);
    let mut keys = Vec::new();
    if has(|cell| *cell == HeatCell::Converged) {
        keys.push(Key {
            label: "converged".to_owned(),
            sample: Sample::Swatch(Ink::solid(CONVERGED)),
        });
    }
    if has(|cell| {
        *cell == HeatCell::Diverged || matches!(cell, HeatCell::Value(value) if !value.is_finite())
    }) {
        keys.push(Key {
            label: "diverged".to_owned(),
            sample: Sample::Crossed,
        });
    }
    let guides = map
        .guides
        .iter()
        .enumerate()
        .filter(|(_, guide)| !guide.label.is_empty());
    keys.extend(guides.map(|(n, guide)| Key {
        label: guide.label.clone(),
        sample: Sample::HaloedLine(Ink::solid(GUIDE.0), guide_ink(n)),
    }));
    keys
}

/// The ends of every cell along an axis: half-way to its neighbours in the axis' own measure. `None` where a centre has no
/// place.
fn edges(centers: &[f64], scale: Scale) -> Vec<Option<(f64, f64)>> {
    let measure = |value: f64| match scale {
        Scale::Linear => Some(value).filter(|value| value.is_finite()),
        Scale::Log10 => Some(value)
            .filter(|value| value.is_finite() && *value > 0.0)
            .map(f64::log10),
    };
    let back = |value: f64| {
        if scale == Scale::Log10 {
            10_f64.powf(value)
        } else {
            value
        }
    };
    let places: Vec<Option<f64>> = centers.iter().map(|&center| measure(center)).collect();
    let get = |n: Option<usize>| n.and_then(|n| places.get(n).copied().flatten());
    let alone = if scale == Scale::Log10 {
        0.5
    } else {
        centers
            .first()
            .map_or(0.5, |center| 0.5 * center.abs().max(1e-3))
    };
    (0..places.len())
        .map(|n| {
            let center = get(Some(n))?;
            let (before, after) = (get(n.checked_sub(1)), get(Some(n + 1)));
            let half = |neighbour: Option<f64>| neighbour.map(|other| 0.5 * (other - center).abs());
            let below = half(before).or_else(|| half(after)).unwrap_or(alone);
            let above = half(after).or_else(|| half(before)).unwrap_or(alone);
            Some((back(center - below), back(center + above)))
        })
        .collect()
}

type Corner = (f64, f64);

/// A cell's corners on the canvas, upper left and lower right, a hair's breadth apart from its neighbours'.
fn corners(
    ends_x: Option<Corner>,
    ends_y: Option<Corner>,
    x: &Span,
    y: &Span,
    area: &Area,
) -> Option<(Corner, Corner)> {
    let ((left, right), (low, high)) = (ends_x?, ends_y?);
    let within = |at: f64| at.clamp(0.0, 1.0);
    let from = area.at(within(x.place(left)?), within(y.place(high)?));
    let to = area.at(within(x.place(right)?), within(y.place(low)?));
    let gap = if to.0 - from.0 > 6.0 && to.1 - from.1 > 6.0 {
        0.4
    } else {
        0.0
    };
    Some(((from.0 + gap, from.1 + gap), (to.0 - gap, to.1 - gap)))
}

fn draw_cell(
    canvas: &mut Canvas<'_>,
    cell: HeatCell,
    scale: Option<&Span>,
    from: Corner,
    to: Corner,
) {
    match cell {
        HeatCell::Value(value) if value.is_finite() => {
            // A value the scale has no place for (zero on a logarithmic one) is at its lower end.
            let at = scale.and_then(|scale| scale.place(value)).unwrap_or(0.0);
            canvas.rectangle(from, to, Ink::solid(color(at)));
        }
        HeatCell::Converged => canvas.rectangle(from, to, Ink::solid(CONVERGED)),
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

fn draw_bar(canvas: &mut Canvas<'_>, map: &Heatmap, ticks: &[super::axis::Tick], area: &Area) {
    let left = area.left + area.width + 14.0;
    for step in 0..N_BAR_STEPS {
        let (low, high) = (
            step as f64 / N_BAR_STEPS as f64,
            (step + 1) as f64 / N_BAR_STEPS as f64,
        );
        let (from, to) = (area.at(0.0, high).1, area.at(0.0, low).1);
        canvas.rectangle(
            (left, from),
            (left + BAR, (to + 0.4).min(area.top + area.height)),
            Ink::solid(color(0.5 * (low + high))),
        );
    }
    let mut widest: f64 = 0.0;
    for tick in ticks {
        let y = area.at(0.0, tick.at).1;
        canvas.path(&[(left + BAR, y), (left + BAR + 3.0, y)], Ink::AXIS, 1.0);
        canvas.text(
            &tick.label,
            (left + BAR + 6.0, y + 0.35 * SMALL),
            Setting::new(SMALL, Anchor::Start),
        );
        widest = widest.max(text_width(&tick.label, SMALL));
    }
    let Axis { label, .. } = &map.value;
    let setting = Setting {
        upward: true,
        ..Setting::new(SMALL, Anchor::Middle)
    };
    canvas.text(
        label,
        (
            left + BAR + 6.0 + widest + 22.0,
            area.top + 0.5 * area.height,
        ),
        setting,
    );
}
