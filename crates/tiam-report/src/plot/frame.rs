//! The frame of a figure: title, axes, labels, grid and legend.

use plotters::prelude::ChartBuilder;
use plotters::style::{FontStyle, TRANSPARENT};

use super::axis::Span;
use super::marks::{clipped, marker};
use super::svg::{Canvas, Ink, Spot, fine, font, shortened, svg, text_width};
use super::{Guide, Medium};
use crate::palette::{Dash, Look, Marker};

const WIDTH: f64 = 680.0;
const HEIGHT: f64 = 340.0;
const TITLE: f64 = 14.0;
const LABEL: f64 = 12.5;
const SMALL: f64 = 12.0;
/// Room above the data, for the title; at the left and below, for the axes.
const ROOM: (f64, f64, f64) = (34.0, 82.0, 44.0);
/// Room between the names of the axes and the figure's edge.
const EDGE: f64 = 6.0;
const LEGEND_ROW: f64 = 18.0;
/// Length of a line's sample in the legend.
const SAMPLE: f64 = 26.0;

/// Dashes of guides, by turns.
const GUIDE_DASHES: [Dash; 4] = [Dash::Short, Dash::Dotted, Dash::DashDot, Dash::Long];

/// The rectangle in which data are drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Area {
    /// Where shares of the axes' lengths meet.
    pub(super) fn at(&self, x: f64, y: f64) -> Spot {
        (
            self.left + x * self.width,
            self.top + (1.0 - y) * self.height,
        )
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    pub(super) fn right(&self) -> f64 {
        self.left + self.width
    }

    /// Whether a place is inside, or on the edge but for rounding.
    pub(super) fn holds(&self, (x, y): Spot) -> bool {
        (self.left - 0.5..=self.right() + 0.5).contains(&x)
            && (self.top - 0.5..=self.bottom() + 0.5).contains(&y)
    }
}

/// An entry of the legend.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) label: String,
    pub(super) sample: Sample,
}

/// What an entry of the legend shows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sample {
    /// A line of this width, a marker, or both.
    Line(Ink, f64, Option<Marker>),
    Marker(Ink, Marker),
    Swatch(Ink),
    /// A line of the second ink on a wider one of the first.
    HaloedLine(Ink, Ink),
    /// As cells that diverged are drawn.
    Crossed,
}

/// What a figure is framed by.
pub(super) struct Frame<'a> {
    pub(super) title: &'a str,
    pub(super) keys: Vec<Key>,
    pub(super) x: &'a Span,
    pub(super) x_label: &'a str,
    pub(super) y: &'a Span,
    pub(super) y_label: &'a str,
    /// The values that colours stand for, with their name.
    pub(super) colors: Option<(&'a Span, &'a str)>,
}

/// The look's ink: its colour, and its dash where `dashed`.
pub(super) fn ink_of(look: &Look, dashed: bool) -> Ink {
    let dash = if dashed { look.dash } else { Dash::Solid };
    Ink::solid(look.color).dashed(dash)
}

/// A guide's ink.
pub(super) fn guide_ink(n: usize) -> Ink {
    Ink::page(0.85).dashed(GUIDE_DASHES[n % GUIDE_DASHES.len()])
}

/// The parts of a guide's course inside a frame.
pub(super) fn guide_path(guide: &Guide, x: &Span, y: &Span, area: &Area) -> Vec<Vec<Spot>> {
    let spot = |&(px, py): &(f64, f64)| Some(area.at(x.place(px)?, y.place(py)?));
    let points: Vec<Spot> = guide.points.iter().filter_map(spot).collect();
    clipped(&points, area)
}

/// A figure without data says so.
pub(super) fn empty(title: &str, medium: Medium) -> String {
    svg(title, (WIDTH, 120.0), medium, |canvas| {
        draw_title(canvas, title);
        let at = (0.4 * WIDTH, 70.0);
        canvas.text("no data to show", at, LABEL, FontStyle::Normal);
    })
}

fn draw_title(canvas: &Canvas<'_>, title: &str) {
    let title = shortened(title, WIDTH - 12.0, TITLE);
    canvas.text(&title, (6.0, 14.0), TITLE, FontStyle::Bold);
}

impl Frame<'_> {
    /// Draws the frame, and what `contents` draws into it.
    pub(super) fn draw(&self, medium: Medium, contents: impl FnOnce(&Canvas<'_>, &Area)) -> String {
        let (top, left, below) = ROOM;
        let right = self.column();
        let area = Area {
            left,
            top,
            width: WIDTH - left - right,
            height: HEIGHT - top - below,
        };
        svg(self.title, (WIDTH, HEIGHT), medium, |canvas| {
            draw_title(canvas, self.title);
            self.draw_axes(canvas, right);
            contents(canvas, &area);
            for (n, key) in self.keys.iter().enumerate() {
                let y = area.top + LEGEND_ROW * (n as f64 + 0.5);
                draw_sample(canvas, key.sample, (area.right() + 10.0, y));
                let x = area.right() + 10.0 + SAMPLE + 6.0;
                let label = shortened(&key.label, WIDTH - x, SMALL);
                canvas.text(&label, (x, y), SMALL, FontStyle::Normal);
            }
        })
    }

    /// Width of the right column, for the legend and the scale of colours.
    fn column(&self) -> f64 {
        let widths = self.keys.iter().map(|key| text_width(&key.label, SMALL));
        let widest = widths.fold(0.0, f64::max);
        match self.colors {
            None if self.keys.is_empty() => 20.0,
            _ => (widest + SAMPLE + 24.0).clamp(110.0, 290.0),
        }
    }

    fn draw_axes(&self, canvas: &Canvas<'_>, right: f64) {
        let (top, left, below) = ROOM;
        let built = ChartBuilder::on(&canvas.0)
            .margin_top(fine(top))
            .margin_right(fine(right))
            .margin_bottom(fine(EDGE))
            .margin_left(fine(EDGE))
            .x_label_area_size(fine(below - EDGE))
            .y_label_area_size(fine(left - EDGE))
            .build_cartesian_2d(self.x.clone(), self.y.clone());
        // As all drawing into a string, it has no way to fail.
        let Ok(mut chart) = built else { return };
        let grid = if self.colors.is_some() {
            TRANSPARENT.into()
        } else {
            Ink::GRID.stroke(0.8)
        };
        let mut mesh = chart.configure_mesh();
        if self.x_label.is_empty() {
            mesh.disable_x_mesh();
        }
        let _ = mesh
            .bold_line_style(grid)
            .light_line_style(TRANSPARENT)
            .axis_style(Ink::AXIS.stroke(1.0))
            .label_style(font(SMALL, FontStyle::Normal))
            .axis_desc_style(font(LABEL, FontStyle::Normal))
            .set_all_tick_mark_size(fine(4.0))
            .x_labels(6)
            .y_labels(7)
            .x_label_formatter(&|at| self.x.label(*at))
            .y_label_formatter(&|at| self.y.label(*at))
            .x_desc(self.x_label)
            .y_desc(shortened(self.y_label, HEIGHT - top - below, LABEL))
            .draw();
    }
}

/// A scale of colours with its values, right of the frame and below the legend.
pub(super) fn draw_scale(
    canvas: &Canvas<'_>,
    (values, label): (&Span, &str),
    (frame, rows): (&Area, usize),
    color: fn(f64) -> [u8; 3],
) {
    const STEPS: usize = 48;
    const BAR: f64 = 12.0;
    let top = frame.top + LEGEND_ROW * rows as f64 + 8.0;
    let area = Area {
        left: frame.right() + 14.0,
        top,
        width: BAR,
        height: frame.bottom() - top,
    };
    let share = |step: usize| step as f64 / STEPS as f64;
    for step in 0..STEPS {
        let (from, to) = (area.at(0.0, share(step + 1)), area.at(1.0, share(step)));
        // Without an overlap the page shows through between the steps.
        let to = (to.0, (to.1 + 0.4).min(area.bottom()));
        canvas.rectangle(from, to, Ink::solid(color(share(step))));
    }
    let built = ChartBuilder::on(&canvas.0)
        .margin_top(fine(area.top))
        .margin_bottom(fine(HEIGHT - area.bottom()))
        .margin_left(fine(area.left))
        .margin_right(fine(EDGE))
        .right_y_label_area_size(fine(WIDTH - EDGE - area.right()))
        .build_cartesian_2d(values.clone(), values.clone());
    let Ok(mut chart) = built else { return };
    let _ = chart
        .configure_mesh()
        .disable_mesh()
        .axis_style(Ink::AXIS.stroke(1.0))
        .label_style(font(SMALL, FontStyle::Normal))
        .axis_desc_style(font(LABEL, FontStyle::Normal))
        .set_all_tick_mark_size(fine(3.0))
        .y_labels(6)
        .y_label_formatter(&|at| values.label(*at))
        .y_desc(label)
        .draw();
}

fn draw_sample(canvas: &Canvas<'_>, sample: Sample, (x, y): Spot) {
    let middle = (x + 0.5 * SAMPLE, y);
    let line = [(x, y), (x + SAMPLE, y)];
    let (from, to) = ((x + 7.0, y - 5.5), (x + SAMPLE - 7.0, y + 5.5));
    match sample {
        Sample::Line(ink, width, kind) => {
            canvas.path(&line, ink, width);
            if let Some(kind) = kind {
                marker(canvas, kind, middle, ink.dashed(Dash::Solid));
            }
        }
        Sample::Marker(ink, kind) => marker(canvas, kind, middle, ink),
        Sample::HaloedLine(halo, ink) => {
            canvas.path(&line, halo, 4.0);
            canvas.path(&line, ink, 1.8);
        }
        Sample::Swatch(ink) => canvas.rectangle(from, to, ink),
        Sample::Crossed => crossed(canvas, from, to),
    }
}

/// A cell that diverged: tinted, with a cross.
pub(super) fn crossed(canvas: &Canvas<'_>, from: Spot, to: Spot) {
    canvas.rectangle(from, to, Ink::page(0.13));
    let (x, y) = (0.5 * (from.0 + to.0), 0.5 * (from.1 + to.1));
    let r = (0.28 * (to.0 - from.0).min(to.1 - from.1)).clamp(1.0, 5.0);
    canvas.path(&[(x - r, y - r), (x + r, y + r)], Ink::page(0.6), 1.1);
    canvas.path(&[(x - r, y + r), (x + r, y - r)], Ink::page(0.6), 1.1);
}
