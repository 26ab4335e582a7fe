//! The drawing surface of a figure: strokes, areas and text, written as SVG.
//!
//! The backend knows fixed colours and whole pixels only. So every ink gets a stand-in colour, which the finished picture
//! replaces by `currentColor` or the series' colour and dash; and a unit of the figure is ten of the backend's pixels.

use std::fmt::Write as _;

use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontDesc, FontFamily, FontStyle, FontTransform, RGBAColor, ShapeStyle, TextStyle,
};

use super::Medium;
use crate::reproduce::markup::{escape_html, printable};

/// Backend pixels a unit.
const FINE: f64 = 10.0;
/// The backend divides a font size by this.
const FONT_DIVISOR: f64 = 1.24;
/// The backend's distance from the top of a line of text to its baseline, in font sizes.
const BASELINE: f64 = 0.76;
/// A file's width on a page, in pixels a unit.
const FILE_SCALE: f64 = 1.4;

/// Colour, opacity and dash of a stroke or an area.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ink {
    /// `None` for the colour of the page's text.
    pub(super) color: Option<[u8; 3]>,
    /// From 0, invisible, to 1.
    pub(super) opacity: f64,
    /// Lengths of stroke and gap by turns; empty for a solid line.
    pub(super) dash: &'static [f64],
}

impl Ink {
    /// Text.
    pub(super) const TEXT: Self = Self::page(1.0);
    /// Axes and their ticks.
    pub(super) const AXIS: Self = Self::page(0.7);
    /// Grid lines.
    pub(super) const GRID: Self = Self::page(0.14);

    /// The colour of the text at this opacity.
    pub(super) const fn page(opacity: f64) -> Self {
        Self {
            color: None,
            opacity,
            dash: &[],
        }
    }

    /// A solid colour.
    pub(super) const fn solid(color: [u8; 3]) -> Self {
        Self {
            color: Some(color),
            opacity: 1.0,
            dash: &[],
        }
    }

    pub(super) const fn dashed(self, dash: &'static [f64]) -> Self {
        Self { dash, ..self }
    }

    fn attributes(&self, attribute: &str) -> String {
        let mut text = match self.color {
            Some([r, g, b]) => format!("{attribute}=\"#{r:02x}{g:02x}{b:02x}\""),
            None => format!("{attribute}=\"currentColor\""),
        };
        if attribute == "stroke" && !self.dash.is_empty() {
            let lengths: Vec<String> = self
                .dash
                .iter()
                .map(|length| fine(*length).to_string())
                .collect();
            let _ = write!(text, " stroke-dasharray=\"{}\"", lengths.join(" "));
        }
        text
    }

    pub(super) const fn faint(self, opacity: f64) -> Self {
        Self { opacity, ..self }
    }
}

/// Which end of a text its place names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text is set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) size: f64,
    pub(super) anchor: Anchor,
    pub(super) bold: bool,
    /// Whether it reads upwards.
    pub(super) upward: bool,
}

impl Setting {
    pub(super) const fn new(size: f64, anchor: Anchor) -> Self {
        Self {
            size,
            anchor,
            bold: false,
            upward: false,
        }
    }
}

/// A figure being drawn.
pub(super) struct Canvas<'a> {
    backend: SVGBackend<'a>,
    inks: Vec<Ink>,
}

/// Draws a figure of this size and returns it as SVG.
pub(super) fn svg(
    title: &str,
    size: (f64, f64),
    medium: Medium,
    draw: impl FnOnce(&mut Canvas<'_>),
) -> String {
    let mut raw = String::new();
    let inks = {
        let backend = SVGBackend::with_string(&mut raw, (fine(size.0) as u32, fine(size.1) as u32));
        let mut canvas = Canvas {
            backend,
            inks: Vec::new(),
        };
        draw(&mut canvas);
        // Here and below: drawing into a string has no way to fail.
        let _ = canvas.backend.present();
        canvas.inks
    };
    let body = raw.split_once('\n').map_or("", |(_, body)| body);
    head(title, size, medium) + &inked(body, &inks)
}

fn head(title: &str, (width, height): (f64, f64), medium: Medium) -> String {
    let title = escape_html(title);
    let (wide, high) = (fine(width), fine(height));
    let mut head = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high}\" role=\"img\" aria-label=\"{title}\" \
         font-family=\"system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif\" stroke-linejoin=\"round\""
    );
    let _ = match medium {
        Medium::Inline => write!(head, " width=\"100%\">\n<title>{title}</title>\n"),
        Medium::File => write!(
            head,
            " width=\"{:.0}\" height=\"{:.0}\">\n<title>{title}</title>\n<style>svg{{color:#1b1f24;max-width:100%}}\
             @media (prefers-color-scheme:dark){{svg{{color:#e4e8ec}}}}</style>\n",
            FILE_SCALE * width,
            FILE_SCALE * height
        ),
    };
    head
}

/// Replaces the stand-in colours within tags, and only there, by the inks they stand for.
fn inked(raw: &str, inks: &[Ink]) -> String {
    let mut body = String::with_capacity(raw.len());
    for piece in raw.split_inclusive('>') {
        let Some(start) = piece.find('<') else {
            body.push_str(piece);
            continue;
        };
        body.push_str(piece[..start].trim_end_matches('\n'));
        let mut tag = piece[start..]
            .replace(" font-family=\"sans-serif\"", "")
            .replace(" opacity=\"1\"", "");
        if let Some((attribute, n)) = stand_in_of(&tag) {
            let replacement = inks
                .get(n)
                .map_or_else(String::new, |ink| ink.attributes(attribute));
            tag = tag.replace(
                &format!("{attribute}=\"{}\"", stand_in_text(n)),
                &replacement,
            );
        }
        body.push_str(&tag);
        if tag.ends_with("/>") || tag.starts_with("</") {
            body.push('\n');
        }
    }
    body
}

fn fine(length: f64) -> i32 {
    (length * FINE).round() as i32
}

fn stand_in(n: usize) -> (u8, u8, u8) {
    (1, (n >> 8) as u8, n as u8)
}

/// The attribute that holds a stand-in colour (no tag has two), and the ink it stands for.
fn stand_in_of(tag: &str) -> Option<(&'static str, usize)> {
    ["fill", "stroke"].into_iter().find_map(|attribute| {
        let (_, rest) = tag.split_once(&format!(" {attribute}=\"#01"))?;
        Some((attribute, usize::from_str_radix(rest.get(..4)?, 16).ok()?))
    })
}

fn stand_in_text(n: usize) -> String {
    let (r, g, b) = stand_in(n);
    format!("#{r:02X}{g:02X}{b:02X}")
}

impl Canvas<'_> {
    fn color(&mut self, ink: Ink) -> RGBAColor {
        let n = self
            .inks
            .iter()
            .position(|known| *known == ink)
            .unwrap_or_else(|| {
                self.inks.push(ink);
                self.inks.len() - 1
            });
        let (r, g, b) = stand_in(n);
        RGBAColor(r, g, b, ink.opacity)
    }

    /// A line through points.
    pub(super) fn path(&mut self, points: &[(f64, f64)], ink: Ink, width: f64) {
        let style = ShapeStyle {
            color: self.color(ink),
            filled: false,
            stroke_width: fine(width) as u32,
        };
        let points: Vec<(i32, i32)> = points.iter().map(|&(x, y)| (fine(x), fine(y))).collect();
        let _ = match points[..] {
            [] => Ok(()),
            [from, to] => self.backend.draw_line(from, to, &style),
            _ => self.backend.draw_path(points, &style),
        };
    }

    /// A filled area.
    pub(super) fn area(&mut self, corners: &[(f64, f64)], ink: Ink) {
        let style = self.color(ink).filled();
        let _ = self
            .backend
            .fill_polygon(corners.iter().map(|&(x, y)| (fine(x), fine(y))), &style);
    }

    /// A filled rectangle between two corners, upper left and lower right.
    pub(super) fn rectangle(&mut self, from: (f64, f64), to: (f64, f64), ink: Ink) {
        let style = self.color(ink).filled();
        let _ = self.backend.draw_rect(
            (fine(from.0), fine(from.1)),
            (fine(to.0), fine(to.1)),
            &style,
            true,
        );
    }

    /// A disc, or a circle of this stroke width.
    pub(super) fn circle(
        &mut self,
        center: (f64, f64),
        radius: f64,
        ink: Ink,
        stroke: Option<f64>,
    ) {
        let style = ShapeStyle {
            color: self.color(ink),
            filled: stroke.is_none(),
            stroke_width: stroke.map_or(0, |width| fine(width) as u32),
        };
        let center = (fine(center.0), fine(center.1));
        let _ = self
            .backend
            .draw_circle(center, fine(radius) as u32, &style, stroke.is_none());
    }

    /// A line of text with its baseline at `at`.
    pub(super) fn text(&mut self, text: &str, at: (f64, f64), setting: Setting) {
        let Setting {
            size,
            anchor,
            bold,
            upward,
        } = setting;
        let style = if bold {
            FontStyle::Bold
        } else {
            FontStyle::Normal
        };
        let font = FontDesc::new(FontFamily::SansSerif, size * FINE * FONT_DIVISOR, style);
        let font = if upward {
            font.transform(FontTransform::Rotate270)
        } else {
            font
        };
        let h_pos = match anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let color = self.color(Ink::TEXT);
        let style = TextStyle::from(font)
            .color(&color)
            .pos(Pos::new(h_pos, VPos::Top));
        let at = if upward {
            (at.0 - BASELINE * size, at.1)
        } else {
            (at.0, at.1 - BASELINE * size)
        };
        let text: String = printable(text).collect();
        let _ = self
            .backend
            .draw_text(&text, &style, (fine(at.0), fine(at.1)));
    }
}

/// About how wide a text is, a little generously: no font is at hand to ask.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    let ems: f64 = text
        .chars()
        .map(|c| match c {
            'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' | 'I' | 'f' | 't'
            | '(' | ')' | '[' | ']' => 0.34,
            'm' | 'w' | 'M' | 'W' | '%' | '@' | '×' | '−' => 0.92,
            '⁰'..='⁹' | '¹' | '²' | '³' | '⁻' => 0.42,
            c if c.is_uppercase() => 0.7,
            c if c.is_ascii() => 0.58,
            c if (c as u32) < 0x2e80 => 0.64,
            _ => 1.05,
        })
        .sum();
    ems * size
}

/// The text in lines no wider than `width`; what does not fit in `most` lines ends in an ellipsis.
pub(super) fn wrapped(text: &str, width: f64, size: f64, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if text_width(&format!("{line} {word}"), size) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    let cut = lines.len() > most;
    lines.truncate(most);
    if let Some(last) = lines.last_mut().filter(|_| cut) {
        last.push('…');
    }
    lines
        .iter()
        .map(|line| shortened(line, width, size))
        .collect()
}

/// The text, ended early by an ellipsis where it is wider than `width`.
pub(super) fn shortened(text: &str, width: f64, size: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let mut kept: Vec<char> = text.trim_end_matches('…').chars().collect();
    while kept.len() > 1 && text_width(&kept.iter().collect::<String>(), size) + 0.9 * size > width
    {
        kept.pop();
    }
    kept.into_iter().collect::<String>().trim_end().to_owned() + "…"
}
