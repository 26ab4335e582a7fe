//! Drawing of markers, error bars and lines clipped at the frame.

use std::f64::consts::{FRAC_PI_2, TAU};

use super::canvas::{Canvas, Ink};
use super::frame::Area;
use crate::reproduce::palette::Marker;

/// Half the size of a marker.
pub(super) const MARKER: f64 = 3.2;
const STROKE: f64 = 1.5;

/// Draws a marker.
pub(super) fn marker(canvas: &mut Canvas<'_>, marker: Marker, (x, y): (f64, f64), ink: Ink) {
    let r = MARKER;
    let polygon = |n: usize, radius: f64, turn: f64| -> Vec<(f64, f64)> {
        (0..n)
            .map(|k| turn + TAU * k as f64 / n as f64)
            .map(|angle| (x + radius * angle.cos(), y - radius * angle.sin()))
            .collect()
    };
    match marker {
        Marker::Disc => canvas.circle((x, y), r, ink, None),
        Marker::Ring => canvas.circle((x, y), r, ink, Some(STROKE)),
        Marker::Square => {
            canvas.rectangle((x - 0.9 * r, y - 0.9 * r), (x + 0.9 * r, y + 0.9 * r), ink)
        }
        Marker::Triangle => canvas.area(&polygon(3, 1.3 * r, FRAC_PI_2), ink),
        Marker::Wedge => canvas.area(&polygon(3, 1.3 * r, -FRAC_PI_2), ink),
        Marker::Diamond => canvas.area(&polygon(4, 1.3 * r, 0.0), ink),
        Marker::Star => {
            let (points, inner) = (
                polygon(5, 1.45 * r, FRAC_PI_2),
                polygon(5, 0.6 * r, FRAC_PI_2 + TAU / 10.0),
            );
            let corners: Vec<(f64, f64)> = points
                .into_iter()
                .zip(inner)
                .flat_map(|(outer, inner)| [outer, inner])
                .collect();
            canvas.area(&corners, ink);
        }
        Marker::Plus => {
            canvas.path(&[(x - 1.2 * r, y), (x + 1.2 * r, y)], ink, STROKE);
            canvas.path(&[(x, y - 1.2 * r), (x, y + 1.2 * r)], ink, STROKE);
        }
        Marker::Cross => {
            canvas.path(&[(x - r, y - r), (x + r, y + r)], ink, STROKE);
            canvas.path(&[(x - r, y + r), (x + r, y - r)], ink, STROKE);
        }
        Marker::Box => {
            let (a, b) = (0.9 * r, 0.9 * r);
            canvas.path(
                &[
                    (x - a, y - b),
                    (x + a, y - b),
                    (x + a, y + b),
                    (x - a, y + b),
                    (x - a, y - b),
                    (x + a, y - b),
                ],
                ink,
                STROKE,
            );
        }
    }
}

/// A bar from `low` to `high` with caps, cut at the frame.
pub(super) fn error_bar(
    canvas: &mut Canvas<'_>,
    area: &Area,
    x: f64,
    (low, high): (f64, f64),
    ink: Ink,
) {
    let (top, bottom) = (area.top, area.top + area.height);
    let (from, to) = (low.clamp(top, bottom), high.clamp(top, bottom));
    canvas.path(&[(x, from), (x, to)], ink, 1.2);
    for (end, cut) in [(low, from), (high, to)] {
        // A cap at the frame would claim an end where there is none.
        if (end - cut).abs() < 1e-9 {
            canvas.path(&[(x - 3.0, end), (x + 3.0, end)], ink, 1.2);
        }
    }
}

/// The parts of a line inside the frame. Points that would fall on the one before are left out.
pub(super) fn clipped(points: &[(f64, f64)], area: &Area) -> Vec<Vec<(f64, f64)>> {
    const NEAR: f64 = 0.25;
    let mut parts: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut last = None;
    for pair in points.windows(2) {
        let Some((from, to)) = clipped_segment(pair[0], pair[1], area) else {
            last = None;
            continue;
        };
        let joins = last
            .is_some_and(|end: (f64, f64)| (end.0 - from.0).abs() + (end.1 - from.1).abs() < 1e-9);
        last = Some(to);
        match parts.last_mut().filter(|_| joins) {
            Some(part) => {
                let end = part.len() - 1;
                // The newest point stands in for the line's end until one far enough follows.
                if end > 0
                    && (part[end].0 - part[end - 1].0).abs() + (part[end].1 - part[end - 1].1).abs()
                        < NEAR
                {
                    part[end] = to;
                } else {
                    part.push(to);
                }
            }
            None => parts.push(vec![from, to]),
        }
    }
    parts
}

/// The part of a segment inside the frame (Liang and Barsky).
fn clipped_segment(
    from: (f64, f64),
    to: (f64, f64),
    area: &Area,
) -> Option<((f64, f64), (f64, f64))> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for (step, room) in [
        (-dx, from.0 - area.left),
        (dx, area.left + area.width - from.0),
        (-dy, from.1 - area.top),
        (dy, area.top + area.height - from.1),
    ] {
        if step < 0.0 {
            enter = enter.max(room / step);
        } else if step > 0.0 {
            leave = leave.min(room / step);
        } else if room < 0.0 {
            return None;
        }
    }
    // The ends as they are where they are inside, so that the parts of a line join exactly.
    let at = |share: f64| match share {
        share if share <= 0.0 => from,
        share if share >= 1.0 => to,
        share => (from.0 + share * dx, from.1 + share * dy),
    };
    (enter <= leave).then(|| (at(enter), at(leave)))
}
