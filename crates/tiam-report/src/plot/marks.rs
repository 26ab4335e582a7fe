//! Drawing of markers, error bars and lines clipped at the frame.

use std::f64::consts::{FRAC_PI_2, TAU};

use super::frame::Area;
use super::svg::{Canvas, Ink, Spot};
use crate::palette::Marker;

/// Half the size of a marker.
const RADIUS: f64 = 3.2;
const STROKE: f64 = 1.5;

/// Draws a marker.
pub(super) fn marker(canvas: &Canvas<'_>, marker: Marker, (x, y): Spot, ink: Ink) {
    let r = RADIUS;
    let stroke = |x1: f64, y1: f64, x2: f64, y2: f64| {
        canvas.path(&[(x + x1, y + y1), (x + x2, y + y2)], ink, STROKE);
    };
    let polygon = |n: usize, turn: f64, radius: fn(usize) -> f64| -> Vec<Spot> {
        let angle = |k: usize| turn + TAU * k as f64 / n as f64;
        let corner = |k| {
            (
                x + radius(k) * RADIUS * f64::cos(angle(k)),
                y - radius(k) * RADIUS * f64::sin(angle(k)),
            )
        };
        (0..n).map(corner).collect()
    };
    let open = |mut corners: Vec<Spot>| {
        corners.extend_from_within(..2);
        canvas.path(&corners, ink, STROKE);
    };
    let a = 0.9 * r;
    match marker {
        Marker::Disc => canvas.circle((x, y), r, ink, None),
        Marker::Ring => canvas.circle((x, y), r, ink, Some(STROKE)),
        Marker::Square => canvas.rectangle((x - a, y - a), (x + a, y + a), ink),
        Marker::Triangle => canvas.area(&polygon(3, FRAC_PI_2, |_| 1.3), ink),
        Marker::Wedge => canvas.area(&polygon(3, -FRAC_PI_2, |_| 1.3), ink),
        Marker::Diamond => canvas.area(&polygon(4, 0.0, |_| 1.3), ink),
        Marker::Star => {
            let radius = |k: usize| if k.is_multiple_of(2) { 1.45 } else { 0.6 };
            canvas.area(&polygon(10, FRAC_PI_2, radius), ink);
        }
        Marker::Plus => {
            stroke(-1.2 * r, 0.0, 1.2 * r, 0.0);
            stroke(0.0, -1.2 * r, 0.0, 1.2 * r);
        }
        Marker::Cross => {
            stroke(-r, -r, r, r);
            stroke(-r, r, r, -r);
        }
        Marker::Box => open(polygon(4, FRAC_PI_2 / 2.0, |_| 1.27)),
        Marker::Lozenge => open(polygon(4, 0.0, |_| 1.27)),
        Marker::Tent => open(polygon(3, FRAC_PI_2, |_| 1.27)),
    }
}

/// A bar from `low` to `high` with caps, cut at the frame.
pub(super) fn error_bar(
    canvas: &Canvas<'_>,
    area: &Area,
    x: f64,
    (low, high): (f64, f64),
    ink: Ink,
) {
    let cut = |y: f64| y.clamp(area.top, area.bottom());
    canvas.path(&[(x, cut(low)), (x, cut(high))], ink, 1.2);
    for end in [low, high] {
        // A cap at the frame would claim an end where there is none.
        if (end - cut(end)).abs() < 1e-9 {
            canvas.path(&[(x - 3.0, end), (x + 3.0, end)], ink, 1.2);
        }
    }
}

/// The parts of a line inside the frame.
pub(super) fn clipped(points: &[Spot], area: &Area) -> Vec<Vec<Spot>> {
    let mut parts: Vec<Vec<Spot>> = Vec::new();
    let mut joins = false;
    for pair in points.windows(2) {
        let Some((from, to)) = clipped_segment(pair[0], pair[1], area) else {
            joins = false;
            continue;
        };
        match parts.last_mut().filter(|_| joins && from == pair[0]) {
            Some(part) => part.push(to),
            None => parts.push(vec![from, to]),
        }
        joins = to == pair[1];
    }
    parts
}

/// The part of a segment inside the frame (Liang and Barsky). Ends inside stay as they are.
fn clipped_segment(from: Spot, to: Spot, area: &Area) -> Option<(Spot, Spot)> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for (step, room) in [
        (-dx, from.0 - area.left),
        (dx, area.right() - from.0),
        (-dy, from.1 - area.top),
        (dy, area.bottom() - from.1),
    ] {
        if step < 0.0 {
            enter = enter.max(room / step);
        } else if step > 0.0 {
            leave = leave.min(room / step);
        } else if room < 0.0 {
            return None;
        }
    }
    let at = |share: f64| match share {
        share if share <= 0.0 => from,
        share if share >= 1.0 => to,
        share => (from.0 + share * dx, from.1 + share * dy),
    };
    (enter <= leave).then(|| (at(enter), at(leave)))
}
