//! Parameters for reading tables.

use std::{convert::Infallible, fmt, str::FromStr};

use super::cell::Positions;
use crate::{
    error::{DataError, Result},
    params::params,
};

/// Most distinct integers a label column may have to be taken for classes by [`Task::Auto`].
pub const MAX_AUTO_CLASSES: usize = 20;
/// Most distinct integers a column may have that holds mostly integers and is still taken for categorical because of
/// a cell that is no number; with more, that cell is an error.
pub const MAX_MIXED_CATEGORIES: usize = 32;
/// Default of [`TableParams::max_categories`].
pub const DEFAULT_MAX_CATEGORIES: usize = 1000;

/// A column of a table.
///
/// Parsed from text, an integer is a position, everything else a name.
///
/// # Example
///
/// ```
/// use tiam_data::ColumnRef;
/// assert_eq!("-2".parse(), Ok(ColumnRef::Position(-2)));
/// assert_eq!("weight".parse(), Ok(ColumnRef::Name("weight".into())));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnRef {
    /// By header; `c0`, `c1`, ... in a file without one.
    Name(String),
    /// From 0; negative counts from the end, -1 is the last.
    Position(isize),
}

impl FromStr for ColumnRef {
    type Err = Infallible;

    fn from_str(text: &str) -> std::result::Result<Self, Infallible> {
        Ok(text
            .parse()
            .map_or_else(|_| Self::Name(text.to_owned()), Self::Position))
    }
}

impl fmt::Display for ColumnRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "{name:?}"),
            Self::Position(position) => write!(f, "{position}"),
        }
    }
}

impl ColumnRef {
    /// The column's position, if it is there.
    pub(crate) fn find(&self, columns: &Positions<'_>) -> Option<usize> {
        match self {
            Self::Name(name) => columns.get(name.as_bytes()).copied(),
            Self::Position(p) if *p < 0 => columns.len().checked_sub(p.unsigned_abs()),
            Self::Position(p) => Some(p.unsigned_abs()).filter(|&p| p < columns.len()),
        }
    }
}

/// The column that holds the label.
///
/// Parsed from text, `none` and `last` are keywords and all else is a [`ColumnRef`]; a column named `none` is
/// given by its position.
///
/// # Example
///
/// ```
/// use tiam_data::LabelColumn;
/// assert_eq!("none".parse(), Ok(LabelColumn::None));
/// assert_eq!("0".parse(), Ok(LabelColumn::position(0)));
/// assert_eq!("species".parse(), Ok(LabelColumn::name("species")));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LabelColumn {
    /// The last one.
    #[default]
    Last,
    /// A named or numbered one.
    Column(ColumnRef),
    /// None: the table is input for prediction.
    None,
}

impl LabelColumn {
    /// By name.
    pub fn name(name: impl Into<String>) -> Self {
        Self::Column(ColumnRef::Name(name.into()))
    }

    /// By position, from 0; negative counts from the end.
    pub fn position(position: isize) -> Self {
        Self::Column(ColumnRef::Position(position))
    }
}

impl fmt::Display for LabelColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Last => f.write_str("last"),
            Self::Column(column) => column.fmt(f),
            Self::None => f.write_str("none"),
        }
    }
}

impl FromStr for LabelColumn {
    type Err = Infallible;

    fn from_str(text: &str) -> std::result::Result<Self, Infallible> {
        match text {
            "none" => Ok(Self::None),
            "last" => Ok(Self::Last),
            other => other.parse().map(Self::Column),
        }
    }
}

/// Whether the first row names the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Header {
    /// It does if none of its cells is a number and some column below it is numeric; or, where every column is text, if
    /// its cells are all different and none of them occurs again in the first 100 rows.
    #[default]
    Auto,
    /// It does.
    Yes,
    /// It does not: columns are named `c0`, `c1`, ...
    No,
}

/// The kind of task: classes or values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Task {
    /// Classes if a label is text, or if all are integers with at most [`MAX_AUTO_CLASSES`] distinct ones; numbers to
    /// approximate otherwise.
    #[default]
    Auto,
    /// Classes.
    Classes,
    /// Numbers to approximate.
    Values,
}

params! {
    /// How to read CSV and TSV.
    ///
    /// | name | default | range | meaning |
    /// |---|---|---|---|
    /// | `header` | [`Header::Auto`] | | whether the first row names the columns |
    /// | `delimiter` | none: found | any ASCII character but quote, CR, LF | what separates cells; comma, tab and semicolon are looked for |
    /// | `label` | [`LabelColumn::Last`] | | the label column |
    /// | `task` | [`Task::Auto`] | | classes or values |
    /// | `categorical` | empty | columns that exist | columns to be read as categories even if all cells are numbers |
    /// | `ignore` | empty | columns that exist | columns to be left out, such as row ids |
    /// | `sample_weights` | none | a column that exists | the column that says how much each sample counts, in numbers of at least 0; not a feature |
    /// | `max_categories` | [`DEFAULT_MAX_CATEGORIES`] | from 1 | distinct values a categorical column, or a class label, may have |
    ///
    /// # Rules
    ///
    /// * Cells are trimmed. Quoted cells may hold delimiters, line breaks and doubled quotes. A byte order mark, CRLF and
    ///   blank lines are accepted.
    /// * A cell is *missing* if it is empty or `?`, `NA`, `N/A`, `#N/A`, `NaN`, `null` (in any case): an error, as is
    ///   an infinite number. Both are errors in every column that is not ignored.
    /// * A column of numbers is numeric. With any other cell it is categorical and becomes one feature a category, named
    ///   `column=category`, in byte order of the categories, 1 or 0 — **unless** at least half of its cells are numbers and
    ///   these are not all integers, or more than [`MAX_MIXED_CATEGORIES`] distinct ones: then it is a numeric column with a broken cell,
    ///   an error that names the first one. List the column in `categorical` if it is one.
    /// * Class names are in byte order, or in order of value if all are numbers.
    ///
    /// All rules are ours.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct TableParams {
        /// Whether the first row names the columns.
        header: Header = Header::Auto, set Header;
        /// The character that separates cells; `None` detects it.
        delimiter: Option<u8> = None, set u8;
        /// The label column.
        label: LabelColumn = LabelColumn::Last, set LabelColumn;
        /// Classes or values.
        task: Task = Task::Auto, set Task;
        /// Columns to be read as categories even if all cells are numbers.
        categorical: Vec<ColumnRef> = Vec::new();
        /// Columns to be left out.
        ignore: Vec<ColumnRef> = Vec::new();
        /// The column of sample weights.
        sample_weights: Option<ColumnRef> = None, set ColumnRef;
        /// Distinct values a categorical column may have.
        max_categories: usize = DEFAULT_MAX_CATEGORIES, set usize;
    }
}

impl TableParams {
    /// Adds a column to be read as categories.
    #[must_use]
    pub fn categorical(mut self, column: ColumnRef) -> Self {
        self.categorical.push(column);
        self
    }

    /// Adds a column to be left out.
    #[must_use]
    pub fn ignore(mut self, column: ColumnRef) -> Self {
        self.ignore.push(column);
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.max_categories == 0 {
            return Err(DataError::parameter("max_categories", 0, "at least 1"));
        }
        let is_wrong = |d: &u8| !d.is_ascii() || matches!(d, b'"' | b'\r' | b'\n');
        if let Some(delimiter) = self.delimiter.filter(is_wrong) {
            let allowed = "an ASCII character other than quote, CR and LF";
            let found = format!("{:?}", char::from(delimiter));
            return Err(DataError::parameter("delimiter", found, allowed));
        }
        Ok(())
    }
}
