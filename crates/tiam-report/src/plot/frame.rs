//! The frame of a figure: title, axes, labels, grid and legend.

use plotters::prelude::ChartBuilder;
use plotters::style::{FontStyle, TRANSPARENT};

use super::axis::Span;
use super::marks::{clipped, marker};
use super::svg::{Canvas, Ink, Spot, fine, font, shortened, svg, text_width, without_middle};
use super::{Guide, Medium};
use crate::palette::{Dash, Look, Marker};

const SIZE: Spot = (680.0, 340.0);
const NARROW: Spot = (440.0, 300.0);
const TITLE: f64 = 14.0;
const LABEL: f64 = 12.5;
const SMALL: f64 = 12.0;
/// Room above the data, for the title; at the left and below, for the axes.
const ROOM: (f64, f64, f64) = (34.0, 82.0, 44.0);
/// Names at the left are given room from that of numbers to this share of the width.
const LONGEST_NAMES: f64 = 0.36;
/// Names below are shortened to this, and more of them shown.
const NAME_BELOW: f64 = 46.0;
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
    /// In place of the usual height.
    pub(super) height: Option<f64>,
}

/// The frame on its medium.
struct Layout {
    size: Spot,
    area: Area,
    /// Where the entries of the legend stand.
    keys: Vec<Spot>,
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
    let (width, _) = size(medium);
    svg(title, (width, 120.0), medium, |canvas| {
        draw_title(canvas, title, width);
        let at = (0.4 * width, 70.0);
        canvas.text("no data to show", at, LABEL, FontStyle::Normal);
    })
}

fn size(medium: Medium) -> Spot {
    match medium {
        Medium::Narrow => NARROW,
        Medium::Inline | Medium::File => SIZE,
    }
}

fn draw_title(canvas: &Canvas<'_>, title: &str, width: f64) {
    let title = shortened(title, width - 12.0, TITLE);
    canvas.text(&title, (6.0, 14.0), TITLE, FontStyle::Bold);
}

impl Frame<'_> {
    /// Draws the frame, and what `contents` draws into it.
    pub(super) fn draw(&self, medium: Medium, contents: impl FnOnce(&Canvas<'_>, &Area)) -> String {
        let layout = self.layout(medium);
        let (width, area) = (layout.size.0, &layout.area);
        svg(self.title, layout.size, medium, |canvas| {
            draw_title(canvas, self.title, width);
            self.draw_axes(canvas, &layout);
            contents(canvas, area);
            for (key, (x, y)) in self.keys.iter().zip(layout.keys.iter().copied()) {
                draw_sample(canvas, key.sample, (x, y));
                let x = x + SAMPLE + 6.0;
                let label = shortened(&key.label, width - x, SMALL);
                canvas.text(&label, (x, y), SMALL, FontStyle::Normal);
            }
        })
    }

    /// The legend stands right of the data, or above them on a narrow medium.
    fn layout(&self, medium: Medium) -> Layout {
        let (width, height) = size(medium);
        let height = self.height.unwrap_or(height);
        let (mut top, left, below) = ROOM;
        let names = self.y.widest(|name| text_width(name, SMALL)) + EDGE + 16.0;
        let left =
            (names + self.y_label_room()).clamp(left.min(0.16 * width), LONGEST_NAMES * width);
        let mut keys = Vec::new();
        let right = match medium {
            Medium::Narrow => {
                let mut x = EDGE;
                for key in &self.keys {
                    let wide = SAMPLE + 20.0 + text_width(&key.label, SMALL);
                    if x > EDGE && x + wide > width {
                        (x, top) = (EDGE, top + LEGEND_ROW);
                    }
                    keys.push((x, top));
                    x += wide;
                }
                top += if keys.is_empty() { 0.0 } else { LEGEND_ROW };
                if self.colors.is_some() { 88.0 } else { 20.0 }
            }
            Medium::Inline | Medium::File => self.column(),
        };
        let area = Area {
            left,
            top,
            width: width - left - right,
            height: height - top - below,
        };
        if keys.is_empty() {
            let y = |n: usize| area.top + LEGEND_ROW * (n as f64 + 0.5);
            keys.extend((0..self.keys.len()).map(|n| (area.right() + 10.0, y(n))));
        }
        Layout {
            size: (width, height),
            area,
            keys,
        }
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

    fn y_label_room(&self) -> f64 {
        match self.y_label {
            "" => 0.0,
            _ => LABEL + 8.0,
        }
    }

    fn draw_axes(&self, canvas: &Canvas<'_>, layout: &Layout) {
        let (area, (width, height)) = (&layout.area, layout.size);
        let (left, top, below) = (area.left, area.top, height - area.bottom());
        let right = width - area.right();
        let below_name = |name: &str| text_width(name, SMALL).min(NAME_BELOW) + 4.0;
        let x = self.x.clone().fitted(area.width, below_name);
        let x = x.renamed(|name| without_middle(name, NAME_BELOW.max(x_room(self.x, area)), SMALL));
        let label = self.y_label_room();
        let y = self.y.clone().fitted(area.height, |_| SMALL + 1.0);
        let y = y.renamed(|name| without_middle(name, left - EDGE - 14.0 - label, SMALL));
        let built = ChartBuilder::on(&canvas.0)
            .margin_top(fine(top))
            .margin_right(fine(right))
            .margin_bottom(fine(EDGE))
            .margin_left(fine(EDGE))
            .x_label_area_size(fine(below - EDGE))
            .y_label_area_size(fine(left - EDGE))
            .build_cartesian_2d(x.clone(), y.clone());
        // As all drawing into a string, it has no way to fail.
        let Ok(mut chart) = built else { return };
        let grid = if self.colors.is_some() {
            TRANSPARENT.into()
        } else {
            Ink::GRID.stroke(0.8)
        };
        let mut mesh = chart.configure_mesh();
        if self.x.is_grouped() {
            mesh.disable_x_mesh();
        }
        if self.y.is_grouped() {
            mesh.disable_y_mesh();
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
            .x_label_formatter(&|at| x.label(*at))
            .y_label_formatter(&|at| y.label(*at))
            .x_desc(self.x_label)
            .y_desc(shortened(self.y_label, area.height + 20.0, LABEL))
            .draw();
    }
}

/// The room of a name below.
fn x_room(x: &Span, area: &Area) -> f64 {
    area.width / x.n_groups().max(1) as f64 - 4.0
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
    let (width, height) = canvas.size();
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
        .margin_bottom(fine(height - area.bottom()))
        .margin_left(fine(area.left))
        .margin_right(fine(EDGE))
        .right_y_label_area_size(fine(width - EDGE - area.right()))
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
