//! Figures: plots of series, grouped bars and heat maps, drawn in one common style.

mod axis;
mod bars;
mod frame;
mod heatmap;
mod lines;
mod marks;
mod svg;

use crate::number::NumberFormat;
use crate::palette::SeriesColor;

/// A figure of series over two axes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plot {
    /// What the figure shows.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The series, drawn in this order, the widest lines last.
    pub series: Vec<Series>,
    /// Lines to compare with.
    pub guides: Vec<Guide>,
}

/// An axis: what it measures and on which scale.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// The quantity and its unit, as in `time [s]`.
    pub label: String,
    /// How values are placed.
    pub scale: Scale,
    /// [`NumberFormat::Percent`] labels shares as percentages; other formats choose the digits by the range shown.
    pub format: NumberFormat,
    /// The range to show; that of the data where `None`.
    pub range: Option<(f64, f64)>,
    /// Names in place of numbers: the n-th stands at n + 0.5, n from 0. Where they are many, some are left out.
    pub names: Vec<String>,
}

/// How values are placed on an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences take equal lengths.
    #[default]
    Linear,
    /// Equal ratios take equal lengths. Values of zero and below are not shown.
    Log10,
}

/// One series of a [`Plot`].
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name in the legend; a series without one is not in it.
    pub label: String,
    /// How it is coloured.
    pub color: SeriesColor,
    /// What joins or marks its points.
    pub style: Style,
    /// Its points. What is not finite, or not positive on a logarithmic axis, is left out and parts the line.
    pub points: Vec<(f64, f64)>,
    /// Lowest and highest value at each point: a band around a line, error bars at lone points.
    pub spread: Option<Vec<(f64, f64)>>,
}

/// The style of a [`Series`]: lines, markers or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// A line, dashed as its colour's look has it.
    #[default]
    Line,
    /// Markers only.
    Points,
    /// A line with markers.
    LineAndPoints,
}

/// A line to compare with, drawn in the colour of the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Guide {
    /// Its name in the legend; empty for none.
    pub label: String,
    /// The points it runs through; it does not widen the range shown.
    pub points: Vec<(f64, f64)>,
}

/// A figure of grouped bars.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bars {
    /// What the figure shows.
    pub title: String,
    /// The groups, from left to right.
    pub groups: Vec<String>,
    /// The vertical axis. Bars stand on zero; on an axis that does not reach zero points are drawn in their place, for the
    /// length of a cut bar misleads.
    pub y: Axis,
    /// One bar in every group.
    pub series: Vec<BarSeries>,
    /// Bars lie, the first group on top: for long names.
    pub lying: bool,
}

/// What has a bar in every group of [`Bars`].
#[derive(Clone, Debug, PartialEq)]
pub struct BarSeries {
    /// Its name in the legend.
    pub label: String,
    /// How it is coloured.
    pub color: SeriesColor,
    /// Value and deviation in each group; `None` where there is none.
    pub values: Vec<Option<(f64, Option<f64>)>>,
}

/// A figure of cells over two axes, coloured by their results.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heatmap {
    /// What the figure shows.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The cells' centres on the horizontal axis, rising.
    pub xs: Vec<f64>,
    /// The cells' centres on the vertical axis, rising.
    pub ys: Vec<f64>,
    /// The cells: a row for each of `ys`, a cell for each of `xs`. Cells that are not there are missing.
    pub cells: Vec<Vec<HeatCell>>,
    /// What the colours of values measure, and on which scale.
    pub value: Axis,
    /// How values are printed in their cells, where these have room; not at all without it.
    pub print: Option<NumberFormat>,
    /// Lines to compare with.
    pub guides: Vec<Guide>,
}

/// The result in a cell of a [`Heatmap`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HeatCell {
    /// A value, coloured by its size.
    Value(f64),
    /// It diverged.
    Diverged,
    /// It was not run.
    Missing,
}

/// The medium a figure is drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// Inside an HTML page: text takes the page's colour and font, the width is the container's.
    Inline,
    /// As inline, but laid out for a narrow screen: smaller, the legend above.
    Narrow,
    /// A file of its own, which follows the reader's light or dark scheme by itself.
    File,
}

impl Axis {
    /// An axis with equal steps.
    #[must_use]
    pub fn linear(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            ..Self::default()
        }
    }

    /// A logarithmic axis.
    #[must_use]
    pub fn log10(label: &str) -> Self {
        Self {
            scale: Scale::Log10,
            ..Self::linear(label)
        }
    }

    /// An axis of shares, labelled in percent.
    #[must_use]
    pub fn percent(label: &str) -> Self {
        Self {
            format: NumberFormat::Percent(0),
            ..Self::linear(label)
        }
    }

    /// An axis of names.
    #[must_use]
    pub fn named(label: &str, names: Vec<String>) -> Self {
        Self {
            names,
            ..Self::linear(label)
        }
    }

    /// The same axis over this range whatever the data.
    #[must_use]
    pub fn over(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }
}

impl Series {
    /// A line.
    #[must_use]
    pub fn line(label: &str, color: SeriesColor, points: Vec<(f64, f64)>) -> Self {
        Self {
            label: label.to_owned(),
            color,
            style: Style::Line,
            points,
            spread: None,
        }
    }

    /// The same series in another style.
    #[must_use]
    pub fn styled(mut self, style: Style) -> Self {
        self.style = style;
        self
    }

    /// The same series with the lowest and highest value at each point.
    #[must_use]
    pub fn spread(mut self, spread: Vec<(f64, f64)>) -> Self {
        self.spread = Some(spread);
        self
    }
}

impl Guide {
    /// A guide through points.
    #[must_use]
    pub fn curve(label: &str, points: Vec<(f64, f64)>) -> Self {
        Self {
            label: label.to_owned(),
            points,
        }
    }
}

impl Plot {
    /// A figure without series.
    #[must_use]
    pub fn new(title: impl Into<String>, x: Axis, y: Axis) -> Self {
        Self {
            title: title.into(),
            x,
            y,
            ..Self::default()
        }
    }

    /// The same figure with these series too.
    #[must_use]
    pub fn series(mut self, series: impl IntoIterator<Item = Series>) -> Self {
        self.series.extend(series);
        self
    }

    /// The same figure with one more line to compare with.
    #[must_use]
    pub fn guide(mut self, guide: Guide) -> Self {
        self.guides.push(guide);
        self
    }

    /// The figure as SVG.
    #[must_use]
    pub fn to_svg(&self, medium: Medium) -> String {
        lines::draw(self, medium)
    }
}

impl Bars {
    /// The figure as SVG.
    #[must_use]
    pub fn to_svg(&self, medium: Medium) -> String {
        bars::draw(self, medium)
    }
}

impl Heatmap {
    /// The figure as SVG.
    #[must_use]
    pub fn to_svg(&self, medium: Medium) -> String {
        heatmap::draw(self, medium)
    }
}
