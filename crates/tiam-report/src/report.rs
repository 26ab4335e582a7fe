//! A report and its parts.

use crate::html;
use crate::markdown;
use crate::plot::{Bars, Heatmap, Medium, Plot};
use crate::table::Table;

/// A report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Its title.
    pub title: String,
    /// A line under the title; empty for none.
    pub subtitle: String,
    /// What was run where, when and how: name and value, as in `("seed", "7")`.
    pub facts: Vec<(String, String)>,
    /// Its sections.
    pub sections: Vec<Section>,
    /// The page's figures are laid out for narrow screens too.
    pub narrow: bool,
}

/// A section of a [`Report`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// Names the section in links and files.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its blocks, in order. Figures that follow each other stand side by side where the page is wide enough.
    pub blocks: Vec<Block>,
}

/// A part of a [`Section`]. In prose, `` `code` `` is set as code, and nothing else means anything.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// Prose.
    Paragraph(String),
    /// Points of a list, in prose.
    List(Vec<String>),
    /// Lines of a program or a terminal.
    Code(String),
    /// Series over two axes.
    Plot(Plot),
    /// Grouped bars.
    Bars(Bars),
    /// Cells over two axes.
    Heatmap(Heatmap),
    /// A table.
    Table(Table),
}

/// A report as Markdown: its text, and the pictures it shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Markdown {
    /// The text.
    pub text: String,
    /// File name (without folder) and SVG of every picture.
    pub pictures: Vec<(String, String)>,
}

impl Section {
    /// A section without blocks.
    #[must_use]
    pub fn new(id: &str, title: &str) -> Self {
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            blocks: Vec::new(),
        }
    }

    /// The same section with one more block.
    #[must_use]
    pub fn with(mut self, block: impl Into<Block>) -> Self {
        self.blocks.push(block.into());
        self
    }

    /// The same section with a paragraph more.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        self.with(Block::Paragraph(text.into()))
    }

    /// The same section with these blocks too.
    #[must_use]
    pub fn with_all(mut self, blocks: impl IntoIterator<Item: Into<Block>>) -> Self {
        self.blocks.extend(blocks.into_iter().map(Into::into));
        self
    }
}

impl Block {
    pub(crate) fn is_figure(&self) -> bool {
        matches!(self, Self::Plot(_) | Self::Bars(_) | Self::Heatmap(_))
    }

    /// A figure's title and its SVG, `None` for other blocks.
    pub(crate) fn figure(&self, medium: Medium) -> Option<(&str, String)> {
        match self {
            Self::Plot(plot) => Some((&plot.title, plot.to_svg(medium))),
            Self::Bars(bars) => Some((&bars.title, bars.to_svg(medium))),
            Self::Heatmap(map) => Some((&map.title, map.to_svg(medium))),
            _ => None,
        }
    }
}

macro_rules! block_from {
    ($($kind:ident),*) => {
        $(impl From<$kind> for Block {
            fn from(block: $kind) -> Self {
                Self::$kind(block)
            }
        })*
    };
}
block_from!(Plot, Bars, Heatmap, Table);

impl Report {
    /// The report as one HTML page: no scripts, nothing loaded, light or dark as the reader has it.
    #[must_use]
    pub fn to_html(&self) -> String {
        html::page(self)
    }

    /// The report as GitHub Markdown that shows its pictures from the folder `pictures` (as in `img`).
    #[must_use]
    pub fn to_markdown(&self, pictures: &str) -> Markdown {
        markdown::document(self, pictures)
    }
}
