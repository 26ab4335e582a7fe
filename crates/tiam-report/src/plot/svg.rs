//! The drawing surface of a figure: strokes, areas and text on the SVG backend of `plotters`.
//!
//! The backend knows whole pixels, fixed colours and no dashes. So a unit of the figure is ten of its pixels; black stands for the colour of the
//! page's text; and a stroke's width carries the number of its dash as well. The finished picture gets the real values.

use std::fmt::Write as _;

use plotters::coord::Shift;
use plotters::prelude::{
    Circle, DrawingArea, IntoDrawingArea, PathElement, Polygon, Rectangle, SVGBackend,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontDesc, FontFamily, FontStyle, RGBAColor, RGBColor, ShapeStyle, TextStyle,
};

use super::Medium;
use crate::markup::escape_html;
use crate::palette::Dash;

/// Backend pixels a unit.
const FINE: f64 = 10.0;
/// The backend divides a font size by this.
const FONT_DIVISOR: f64 = 1.24;
/// A file's width on a page, in pixels a unit.
const FILE_SCALE: f64 = 1.4;

/// A place on a figure, in units from its upper left corner.
pub(super) type Spot = (f64, f64);
/// The backend's drawing area.
pub(super) type Sheet<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Colour, opacity and dash of a stroke or an area.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ink {
    color: [u8; 3],
    opacity: f64,
    dash: Dash,
}

impl Ink {
    /// Axes and their ticks.
    pub(super) const AXIS: Self = Self::page(0.7);
    /// Grid lines.
    pub(super) const GRID: Self = Self::page(0.14);

    /// The colour of the page's text at this opacity.
    pub(super) const fn page(opacity: f64) -> Self {
        Self::solid([0; 3]).faint(opacity)
    }

    /// A solid colour.
    pub(super) const fn solid(color: [u8; 3]) -> Self {
        Self {
            color,
            opacity: 1.0,
            dash: Dash::Solid,
        }
    }

    pub(super) const fn dashed(self, dash: Dash) -> Self {
        Self { dash, ..self }
    }

    pub(super) const fn faint(self, opacity: f64) -> Self {
        Self { opacity, ..self }
    }

    fn color(self) -> RGBAColor {
        let [red, green, blue] = self.color;
        RGBAColor(red, green, blue, self.opacity)
    }

    /// A stroke of this width.
    pub(super) fn stroke(self, width: f64) -> ShapeStyle {
        let n_dashes = Dash::ALL.len() as u32;
        self.color()
            .stroke_width(fine(width) as u32 * n_dashes + self.dash as u32)
    }
}

/// A font of this size in the colour of the text.
pub(super) fn font(size: f64, style: FontStyle) -> TextStyle<'static> {
    let font = FontDesc::new(FontFamily::SansSerif, size * FINE * FONT_DIVISOR, style);
    TextStyle::from(font)
}

/// A figure being drawn.
pub(super) struct Canvas<'a>(pub(super) Sheet<'a>);

// Drawing into a string has no way to fail, so the results are dropped.
impl Canvas<'_> {
    /// A line through points.
    pub(super) fn path(&self, points: &[Spot], ink: Ink, width: f64) {
        let points: Vec<_> = points.iter().map(|spot| pixel(*spot)).collect();
        let _ = self.0.draw(&PathElement::new(points, ink.stroke(width)));
    }

    /// A filled area.
    pub(super) fn area(&self, corners: &[Spot], ink: Ink) {
        let corners: Vec<_> = corners.iter().map(|spot| pixel(*spot)).collect();
        let _ = self.0.draw(&Polygon::new(corners, ink.color().filled()));
    }

    /// A filled rectangle between two corners, upper left and lower right.
    pub(super) fn rectangle(&self, from: Spot, to: Spot, ink: Ink) {
        let corners = [pixel(from), pixel(to)];
        let _ = self.0.draw(&Rectangle::new(corners, ink.color().filled()));
    }

    /// A disc, or a circle of this stroke width.
    pub(super) fn circle(&self, center: Spot, radius: f64, ink: Ink, stroke: Option<f64>) {
        let style = stroke.map_or_else(|| ink.color().filled(), |width| ink.stroke(width));
        let _ = self
            .0
            .draw(&Circle::new(pixel(center), fine(radius), style));
    }

    /// Width and height.
    pub(super) fn size(&self) -> Spot {
        let (width, height) = self.0.dim_in_pixel();
        (f64::from(width) / FINE, f64::from(height) / FINE)
    }

    /// A line of text of this colour about its middle.
    pub(super) fn text_about(&self, text: &str, at: Spot, size: f64, [red, green, blue]: [u8; 3]) {
        let color = RGBColor(red, green, blue);
        let style = font(size, FontStyle::Normal).color(&color);
        let style = style.pos(Pos::new(HPos::Center, VPos::Center));
        let _ = self.0.draw_text(text, &style, pixel(at));
    }

    /// A line of text that begins at `at`, half-way up its letters.
    pub(super) fn text(&self, text: &str, at: Spot, size: f64, style: FontStyle) {
        let style = font(size, style).pos(Pos::new(HPos::Left, VPos::Center));
        let _ = self.0.draw_text(text, &style, pixel(at));
    }
}

/// Draws a figure of this size and returns it as SVG.
pub(super) fn svg(
    title: &str,
    (width, height): (f64, f64),
    medium: Medium,
    draw: impl FnOnce(&Canvas<'_>),
) -> String {
    let (wide, high) = (fine(width), fine(height));
    let mut raw = String::new();
    {
        let backend = SVGBackend::with_string(&mut raw, (wide as u32, high as u32));
        let canvas = Canvas(backend.into_drawing_area());
        draw(&canvas);
        let _ = canvas.0.present();
    }
    let title = escape_html(title);
    let mut picture = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high}\" role=\"img\" aria-label=\"{title}\" \
         font-family=\"system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif\" stroke-linejoin=\"round\""
    );
    let _ = match medium {
        Medium::Inline | Medium::Narrow => {
            write!(picture, " width=\"100%\">\n<title>{title}</title>\n")
        }
        Medium::File => write!(
            picture,
            " width=\"{:.0}\" height=\"{:.0}\">\n<title>{title}</title>\n<style>svg{{color:#1b1f24;max-width:100%}}\
             @media (prefers-color-scheme:dark){{svg{{color:#e4e8ec}}}}</style>\n",
            FILE_SCALE * width,
            FILE_SCALE * height
        ),
    };
    // The backend's own first line is replaced.
    finish(
        raw.split_once('\n').map_or("", |(_, body)| body),
        &mut picture,
    );
    picture
}

/// Adds what the backend drew, with widths, dashes and the colour of the text. Text cannot be mistaken: its quotes are escaped.
fn finish(raw: &str, picture: &mut String) {
    let body = raw
        .replace("\"#000000\"", "\"currentColor\"")
        .replace(" font-family=\"sans-serif\"", "")
        .replace(" opacity=\"1\"", "");
    let mut strokes = body.split(" stroke-width=\"");
    picture.push_str(strokes.next().unwrap_or_default());
    for stroke in strokes {
        let (code, rest) = stroke.split_once('"').unwrap_or((stroke, ""));
        let code: usize = code.parse().unwrap_or_default();
        let _ = write!(picture, " stroke-width=\"{}\"", code / Dash::ALL.len());
        let lengths = Dash::ALL[code % Dash::ALL.len()].lengths();
        if !lengths.is_empty() {
            let _ = write!(picture, " stroke-dasharray=\"{lengths}\"");
        }
        picture.push_str(rest);
    }
    picture.retain(crate::markup::is_printable);
}

/// A length in the backend's pixels.
pub(super) fn fine(length: f64) -> i32 {
    (length * FINE).round() as i32
}

fn pixel((x, y): Spot) -> (i32, i32) {
    (fine(x), fine(y))
}

/// About how wide a text is: no font is at hand to ask.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    0.62 * size * text.chars().count() as f64
}

/// The text, ended early by an ellipsis where it is wider than `width`.
pub(super) fn shortened(text: &str, width: f64, size: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let most = (width / text_width("…", size)) as usize;
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    kept.trim_end().to_owned() + "…"
}

/// The text without its middle where it is wider than `width`: names often differ at their ends.
pub(super) fn without_middle(text: &str, width: f64, size: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let kept = ((width / text_width("…", size)) as usize)
        .saturating_sub(1)
        .max(1);
    let letters: Vec<char> = text.chars().collect();
    let (head, tail) = (kept.div_ceil(2), kept / 2);
    let tail = letters[letters.len() - tail..].iter();
    let start: String = letters[..head].iter().collect();
    start.trim_end().to_owned() + "…" + tail.collect::<String>().trim_start()
}
