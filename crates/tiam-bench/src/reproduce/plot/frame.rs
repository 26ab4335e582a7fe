//! The frame of a figure: title, legend, axes, labels and grid.

use super::axis::{Span, Tick};
use super::canvas::{Anchor, Canvas, Ink, Setting, shortened, svg, text_width, wrapped};
use super::marks::marker;
use super::{Course, Guide, Medium};
use crate::reproduce::palette::{Look, Marker};

const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 250.0;
const EDGE: f64 = 6.0;
const TITLE: f64 = 14.0;
const LABEL: f64 = 12.5;
/// Font size of tick labels and the legend.
pub(super) const SMALL: f64 = 12.0;
const LEGEND_ROW: f64 = 18.0;
const SAMPLE: f64 = 28.0;

/// Dashes of guides, by turns.
const GUIDE_DASHES: [&[f64]; 4] = [
    &[4.0, 3.0],
    &[1.5, 2.5],
    &[8.0, 3.0, 1.5, 3.0],
    &[10.0, 4.0],
];

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
    pub(super) fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (
            self.left + x * self.width,
            self.top + (1.0 - y) * self.height,
        )
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
    Line(Ink, f64),
    Marker(Ink, Marker),
    MarkedLine(Ink, f64, Marker),
    Swatch(Ink),
    /// A line of the second ink on a wider one of the first.
    HaloedLine(Ink, Ink),
    /// As cells that diverged are drawn.
    Crossed,
}

/// What stands below the frame.
pub(super) enum Bottom<'a> {
    Axis(&'a Span, &'a str),
    Groups(&'a [String]),
}

/// What a figure is framed by.
pub(super) struct Furniture<'a> {
    pub(super) title: &'a str,
    pub(super) keys: Vec<Key>,
    pub(super) bottom: Bottom<'a>,
    pub(super) y: &'a Span,
    pub(super) y_label: &'a str,
    /// Room kept free at the right of the frame.
    pub(super) right: f64,
    /// Whether grid lines are drawn.
    pub(super) grid: bool,
}

/// A frame with everything placed.
struct Layout {
    title: Vec<String>,
    rows: Vec<Vec<(f64, Key)>>,
    y_label: Vec<String>,
    y_ticks: Vec<Tick>,
    y_minor: Vec<f64>,
    x_ticks: Vec<(f64, Vec<String>)>,
    x_minor: Vec<f64>,
    x_label: String,
    area: Area,
    size: (f64, f64),
}

/// The look's ink: its colour, and its dash where `dashed`.
pub(super) fn ink_of(look: &Look, dashed: bool) -> Ink {
    Ink::solid(look.color).dashed(if dashed { look.dash } else { &[] })
}

/// A guide's ink.
pub(super) fn guide_ink(n: usize) -> Ink {
    Ink::page(0.85).dashed(GUIDE_DASHES[n % GUIDE_DASHES.len()])
}

/// The legend's entries for guides.
pub(super) fn guide_keys(guides: &[Guide]) -> impl Iterator<Item = Key> + '_ {
    guides
        .iter()
        .enumerate()
        .filter(|(_, guide)| !guide.label.is_empty())
        .map(|(n, guide)| Key {
            label: guide.label.clone(),
            sample: Sample::Line(guide_ink(n), 1.4),
        })
}

/// The guide's course through a frame.
pub(super) fn guide_path(course: &Course, x: &Span, y: &Span, area: &Area) -> Vec<(f64, f64)> {
    match course {
        Course::Horizontal(value) => y
            .place(*value)
            .map_or_else(Vec::new, |at| vec![area.at(0.0, at), area.at(1.0, at)]),
        Course::Vertical(value) => x
            .place(*value)
            .map_or_else(Vec::new, |at| vec![area.at(at, 0.0), area.at(at, 1.0)]),
        Course::Curve(points) => points
            .iter()
            .filter_map(|&(px, py)| Some(area.at(x.place(px)?, y.place(py)?)))
            .collect(),
    }
}

/// Draws the frame, and what `contents` draws into it.
pub(super) fn framed(
    furniture: &Furniture<'_>,
    medium: Medium,
    contents: impl FnOnce(&mut Canvas<'_>, &Area),
) -> String {
    let layout = furniture.layout();
    svg(furniture.title, layout.size, medium, |canvas| {
        layout.draw_text(canvas);
        layout.draw_axes(canvas, furniture.grid);
        contents(canvas, &layout.area);
    })
}

/// A figure without data says so.
pub(super) fn empty(title: &str, medium: Medium) -> String {
    let lines = title_lines(title);
    let height = 120.0;
    svg(title, (WIDTH, height), medium, |canvas| {
        draw_title(canvas, &lines);
        canvas.text(
            "no data to show",
            (0.5 * WIDTH, 0.65 * height),
            Setting::new(LABEL, Anchor::Middle),
        );
    })
}

fn title_lines(title: &str) -> Vec<String> {
    wrapped(title, WIDTH - 2.0 * EDGE, TITLE, 3)
}

fn draw_title(canvas: &mut Canvas<'_>, lines: &[String]) {
    let setting = Setting {
        bold: true,
        ..Setting::new(TITLE, Anchor::Start)
    };
    for (n, line) in lines.iter().enumerate() {
        canvas.text(line, (EDGE, 18.0 + 18.0 * n as f64), setting);
    }
}

impl Furniture<'_> {
    fn layout(&self) -> Layout {
        let title = title_lines(self.title);
        let rows = legend_rows(&self.keys);
        let y_label = wrapped(self.y_label, HEIGHT, LABEL, 2);
        let (y_ticks, y_minor) = self.y.ticks(7);
        let widest = y_ticks
            .iter()
            .map(|tick| text_width(&tick.label, SMALL))
            .fold(0.0, f64::max);
        let left = EDGE + 16.0 * y_label.len() as f64 + widest.clamp(12.0, 110.0) + 15.0;
        let top = 10.0 + 18.0 * title.len() as f64 + LEGEND_ROW * rows.len() as f64 + 8.0;
        let area = Area {
            left,
            top,
            width: WIDTH - left - self.right.max(22.0),
            height: HEIGHT,
        };
        let (x_ticks, x_minor, x_label) = self.bottom.placed(area.width);
        let tick_rows = x_ticks
            .iter()
            .map(|(_, lines)| lines.len())
            .max()
            .unwrap_or(1);
        let below = 8.0 + 15.0 * tick_rows as f64 + if x_label.is_empty() { 0.0 } else { 20.0 };
        let size = (WIDTH, top + HEIGHT + below + EDGE);
        Layout {
            title,
            rows,
            y_label,
            y_ticks,
            y_minor,
            x_ticks,
            x_minor,
            x_label,
            area,
            size,
        }
    }
}

/// Labelled places with their lines of text, short marks, and the axis' label.
type Placed = (Vec<(f64, Vec<String>)>, Vec<f64>, String);

impl Bottom<'_> {
    /// Labelled places, short marks, and the axis' label. As many places as fit without touching.
    fn placed(&self, width: f64) -> Placed {
        match self {
            Self::Axis(span, label) => {
                let fits = |ticks: &[Tick]| {
                    ticks.windows(2).all(|pair| {
                        let needed = 0.5
                            * (text_width(&pair[0].label, SMALL)
                                + text_width(&pair[1].label, SMALL))
                            + 10.0;
                        (pair[1].at - pair[0].at) * width >= needed
                    })
                };
                let (ticks, minor) = (2..=9)
                    .rev()
                    .map(|most| span.ticks(most))
                    .find(|(ticks, _)| fits(ticks))
                    .unwrap_or_default();
                let ticks = ticks
                    .into_iter()
                    .map(|tick| (tick.at, vec![tick.label]))
                    .collect();
                (ticks, minor, shortened(label, width, LABEL))
            }
            Self::Groups(groups) => {
                let room = width / groups.len().max(1) as f64;
                let lines = |group: &String| wrapped(group, room - 6.0, SMALL, 3);
                let place = |n: usize| (n as f64 + 0.5) / groups.len() as f64;
                (
                    groups
                        .iter()
                        .enumerate()
                        .map(|(n, group)| (place(n), lines(group)))
                        .collect(),
                    Vec::new(),
                    String::new(),
                )
            }
        }
    }
}

/// The legend in as many columns as fit, each as wide as its widest entry.
fn legend_rows(keys: &[Key]) -> Vec<Vec<(f64, Key)>> {
    const GAP: f64 = 14.0;
    let room = WIDTH - 2.0 * EDGE;
    let width = |key: &Key| SAMPLE + 6.0 + text_width(&key.label, SMALL);
    let columns = |n_columns: usize| -> Vec<f64> {
        (0..n_columns)
            .map(|n| {
                keys.iter()
                    .skip(n)
                    .step_by(n_columns)
                    .map(width)
                    .fold(0.0, f64::max)
            })
            .collect()
    };
    let fits =
        |widths: &[f64]| widths.iter().sum::<f64>() + GAP * (widths.len() as f64 - 1.0) <= room;
    let widths = (2..=keys.len().min(8))
        .rev()
        .map(columns)
        .find(|widths| fits(widths))
        .unwrap_or_else(|| vec![room]);
    let place = |n: usize| EDGE + widths[..n].iter().sum::<f64>() + GAP * n as f64;
    let cut = |key: &Key| Key {
        label: shortened(&key.label, room - SAMPLE - 6.0, SMALL),
        sample: key.sample,
    };
    keys.chunks(widths.len())
        .map(|row| {
            row.iter()
                .enumerate()
                .map(|(n, key)| (place(n), cut(key)))
                .collect()
        })
        .collect()
}

impl Layout {
    fn draw_text(&self, canvas: &mut Canvas<'_>) {
        draw_title(canvas, &self.title);
        let mut baseline = 10.0 + 18.0 * self.title.len() as f64 + 13.0;
        for row in &self.rows {
            for (x, key) in row {
                draw_sample(canvas, key.sample, (*x, baseline - 4.2));
                canvas.text(
                    &key.label,
                    (x + SAMPLE + 6.0, baseline),
                    Setting::new(SMALL, Anchor::Start),
                );
            }
            baseline += LEGEND_ROW;
        }
        let middle = self.area.top + 0.5 * self.area.height;
        let upward = Setting {
            upward: true,
            ..Setting::new(LABEL, Anchor::Middle)
        };
        for (n, line) in self.y_label.iter().enumerate() {
            canvas.text(line, (EDGE + 11.0 + 15.0 * n as f64, middle), upward);
        }
        if !self.x_label.is_empty() {
            let at = (
                self.area.left + 0.5 * self.area.width,
                self.size.1 - EDGE - 2.0,
            );
            canvas.text(&self.x_label, at, Setting::new(LABEL, Anchor::Middle));
        }
    }

    fn draw_axes(&self, canvas: &mut Canvas<'_>, grid: bool) {
        let area = &self.area;
        let bottom = area.top + area.height;
        for tick in &self.y_ticks {
            let (x, y) = area.at(0.0, tick.at);
            if grid {
                canvas.path(&[(x, y), (x + area.width, y)], Ink::GRID, 0.8);
            }
            canvas.path(&[(x - 4.0, y), (x, y)], Ink::AXIS, 1.0);
            canvas.text(
                &tick.label,
                (x - 7.0, y + 0.35 * SMALL),
                Setting::new(SMALL, Anchor::End),
            );
        }
        for (at, lines) in &self.x_ticks {
            let (x, _) = area.at(*at, 0.0);
            if !self.x_label.is_empty() {
                if grid {
                    canvas.path(&[(x, area.top), (x, bottom)], Ink::GRID, 0.8);
                }
                canvas.path(&[(x, bottom), (x, bottom + 4.0)], Ink::AXIS, 1.0);
            }
            for (n, line) in lines.iter().enumerate() {
                canvas.text(
                    line,
                    (x, bottom + 17.0 + 15.0 * n as f64),
                    Setting::new(SMALL, Anchor::Middle),
                );
            }
        }
        for at in &self.y_minor {
            let (x, y) = area.at(0.0, *at);
            canvas.path(&[(x - 2.5, y), (x, y)], Ink::AXIS, 0.7);
        }
        for at in &self.x_minor {
            let (x, y) = area.at(*at, 0.0);
            canvas.path(&[(x, y), (x, y + 2.5)], Ink::AXIS, 0.7);
        }
        canvas.path(
            &[area.at(0.0, 1.0), area.at(0.0, 0.0), area.at(1.0, 0.0)],
            Ink::AXIS,
            1.0,
        );
    }
}

fn draw_sample(canvas: &mut Canvas<'_>, sample: Sample, (x, y): (f64, f64)) {
    let middle = (x + 0.5 * SAMPLE, y);
    let line = [(x, y), (x + SAMPLE, y)];
    let (from, to) = ((x + 7.0, y - 5.5), (x + SAMPLE - 7.0, y + 5.5));
    match sample {
        Sample::Line(ink, width) => canvas.path(&line, ink, width),
        Sample::Marker(ink, kind) => marker(canvas, kind, middle, ink),
        Sample::MarkedLine(ink, width, kind) => {
            canvas.path(&line, ink, width);
            marker(canvas, kind, middle, ink.dashed(&[]));
        }
        Sample::HaloedLine(halo, ink) => {
            canvas.path(&line, halo, 4.0);
            canvas.path(&line, ink, 1.8);
        }
        Sample::Swatch(ink) => canvas.rectangle(from, to, ink),
        Sample::Crossed => crossed(canvas, from, to),
    }
}

/// A cell that diverged: tinted, with a cross.
pub(super) fn crossed(canvas: &mut Canvas<'_>, from: (f64, f64), to: (f64, f64)) {
    canvas.rectangle(from, to, Ink::page(0.13));
    let (x, y) = (0.5 * (from.0 + to.0), 0.5 * (from.1 + to.1));
    let r = (0.28 * (to.0 - from.0).min(to.1 - from.1)).clamp(1.0, 5.0);
    canvas.path(&[(x - r, y - r), (x + r, y + r)], Ink::page(0.6), 1.1);
    canvas.path(&[(x - r, y + r), (x + r, y - r)], Ink::page(0.6), 1.1);
}
