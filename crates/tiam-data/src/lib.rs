#![doc = include_str!("../README.md")]

mod dataset;
mod digits;
mod error;
mod features;
mod formats;
mod generate;
mod load;
mod merge;
mod params;
mod rng;
mod rows;
mod scaling;
mod source;
mod split;
mod table;

pub use dataset::{Dataset, Parts, Targets};
pub use digits::{DIGITS_CREDIT, DIGITS_PIXELS, DIGITS_SAMPLES, digits};
pub use error::{CellFault, CellPlace, DataError, Place};
pub use features::Features;
pub use formats::{Format, GraphParams, GraphRows};
pub use generate::{TeacherOutput, blobs, teacher_network, two_spirals};
pub use load::{
    LoadParams, expand, load, load_in_blocks, load_many, load_many_with_encoding,
    load_with_encoding,
};
pub use rows::RowStore;
pub use scaling::{Scaling, ScalingFit, ScalingKind};
pub use source::TextEncoding;
pub use split::Split;
pub use table::{
    AsCell, Categories, Cell, Cells, Codes, ColumnEncoding, ColumnKind, ColumnRef, ColumnSpec,
    DEFAULT_MAX_CATEGORIES, Dates, Decimal, Gaps, Header, LabelColumn, MAX_AUTO_CLASSES,
    MAX_CODED_CATEGORIES, MAX_MIXED_CATEGORIES, MemoryColumn, MissingCells, Numbers, Reading,
    RowEncoder, TableParams, Task, Written, missing_texts,
};
pub use tiam_core::Scalar;
