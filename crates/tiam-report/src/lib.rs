#![doc = include_str!("../README.md")]

mod html;
mod markdown;
mod markup;
mod number;
mod palette;
mod plot;
mod report;
mod table;

pub use markup::{slug, unique};
pub use number::NumberFormat;
pub use palette::{Dash, Look, Marker, SeriesColor, method_names, method_title};
pub use plot::{
    Axis, BarSeries, Bars, Guide, HeatCell, Heatmap, Medium, Plot, Scale, Series, Style,
};
pub use report::{Block, Markdown, Report, Section};
pub use table::{Align, Best, Cell, Column, Table, to_csv};
