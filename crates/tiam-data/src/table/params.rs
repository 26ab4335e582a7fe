//! Parameters for reading tables.

use std::{convert::Infallible, fmt, str::FromStr};

use super::{Decimal, cell::Positions};
use crate::{
    error::{DataError, Result},
    params::params,
};

/// Most distinct integers a label column may have to be taken for classes by [`Task::Auto`].
pub const MAX_AUTO_CLASSES: usize = 20;
/// Most distinct integers a column may have that holds mostly integers and is still taken for categorical because of
/// a cell that is no number; with more, that cell is an error.
pub const MAX_MIXED_CATEGORIES: usize = 32;
/// Most distinct texts of a column that becomes [`Codes`](crate::Codes). While a table is read, 256 bytes for each are enough, in each of
/// the pieces that threads read.
pub const MAX_CODED_CATEGORIES: usize = 100_000;
/// Most parts at commas that may be one name.
const MOST_PARTS: usize = 8;
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
    /// The column's position, if it is there. A name wins over a position.
    pub(crate) fn find(&self, columns: &Positions<'_>) -> Option<usize> {
        let named = |name: &str| columns.get(name.trim().as_bytes()).copied();
        match self {
            Self::Name(name) => named(name),
            Self::Position(p) if named(&p.to_string()).is_some() => named(&p.to_string()),
            Self::Position(p) if *p < 0 => columns.len().checked_sub(p.unsigned_abs()),
            Self::Position(p) => Some(p.unsigned_abs()).filter(|&p| p < columns.len()),
        }
    }

    /// The positions of a list of columns, whose names may hold the commas at which the list was cut.
    pub(crate) fn find_all(
        list: &[Self],
        columns: &Positions<'_>,
    ) -> std::result::Result<Vec<usize>, Self> {
        let mut found = Vec::with_capacity(list.len());
        let mut rest = list;
        while let Some(first) = rest.first() {
            let joined = |n: usize, comma: &str| {
                let parts: Vec<String> = rest[..n].iter().map(Self::text).collect();
                Self::Name(parts.join(comma)).find(columns)
            };
            let several = 2..=rest.len().min(MOST_PARTS);
            let joined = || {
                let mut several = several.filter_map(|n| {
                    let column = joined(n, ", ").or_else(|| joined(n, ","))?;
                    Some((n, column))
                });
                several.next()
            };
            let (n, column) = match first.find(columns) {
                Some(column) => (1, column),
                None => joined().ok_or_else(|| first.clone())?,
            };
            found.push(column);
            rest = &rest[n..];
        }
        Ok(found)
    }

    fn text(&self) -> String {
        match self {
            Self::Name(name) => name.clone(),
            Self::Position(position) => position.to_string(),
        }
    }
}

/// The column that holds the label.
///
/// Parsed from text, `none` and `last` are keywords, commas separate several columns, and all else is a [`ColumnRef`]; a column named `none`
/// is given by its position.
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
    /// Several, of values, or of answers of no and yes.
    Columns(Vec<ColumnRef>),
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
            Self::Columns(columns) => {
                let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
                f.write_str(&columns.join(", "))
            }
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
            list if list.contains(',') => list
                .split(',')
                .map(str::parse)
                .collect::<std::result::Result<_, _>>()
                .map(Self::Columns),
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

/// What is done about missing cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingCells {
    /// Numbers become the training part's median, marked by a feature of their own; categories one of their own; rows without a label are left
    /// out. Cells that do not fit their column count as missing where they are few.
    #[default]
    Fill,
    /// They are errors, all columns in one message, and so are cells that do not fit their column.
    Error,
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
    /// | `delimiter` | none: found | any ASCII character but quote, CR, LF | what separates cells; tab, semicolon, comma, `|` and runs of white space (given as a space) are looked for |
    /// | `decimal` | none: found by column | | what separates the fraction of a number |
    /// | `comment` | none | an ASCII character | lines that begin with it are skipped; at the top of a file `#` and `%` are found |
    /// | `skip_rows` | 0 | | lines skipped at the top |
    /// | `missing` | [`MissingCells::Fill`] | | what is done about missing cells |
    /// | `strict` | false | | whether a table read with a known encoding may hold no category, number or width that the encoding does not know |
    /// | `label` | [`LabelColumn::Last`] | | the label column |
    /// | `task` | [`Task::Auto`] | | classes or values |
    /// | `categorical` | empty | columns that exist | columns to be read as categories even if all cells are numbers |
    /// | `ignore` | empty | columns that exist | columns to be left out, such as row ids |
    /// | `keep` | empty | columns that exist | columns that are features whatever they hold |
    /// | `row_names` | none | a column that exists | the column whose texts name the rows, kept beside the data; not a feature |
    /// | `sample_weights` | none | a column that exists | the column that says how much each sample counts, in numbers of at least 0; not a feature |
    /// | `max_categories` | [`DEFAULT_MAX_CATEGORIES`] | from 1 | distinct values of a categorical column that become a feature each, and those a class label may have |
    ///
    /// # Rules
    ///
    /// * Cells and names are trimmed. Quoted cells may hold delimiters, line breaks and doubled quotes. A byte order mark, CRLF and
    ///   blank lines are accepted, and so are lines of a title above the header, a second header, Excel's `sep=`, and an empty last column.
    /// * A cell is *missing* if it is empty or `?`, `NA`, `N/A`, `#N/A`, `NaN`, `null`, `None`, `<NA>`, `-` (in any case; `none` and `-` are
    ///   classes where they are labels): see [`MissingCells`].
    /// * A column of numbers is numeric, of numbers with one currency, one unit, a percent sign, thousands or a decimal comma too. So is
    ///   one with other cells, which then count as missing, if these are a twentieth at most, or at most three words in at most half of the cells,
    ///   **unless** its numbers are whole and at most [`MAX_MIXED_CATEGORIES`] distinct ones.
    /// * A column of dates or times in one way of writing becomes the parts of a date: see [`ColumnKind::Date`](crate::ColumnKind).
    /// * Any other column is categorical and becomes one feature a category, named `column=category`, in byte order of the
    ///   categories, 1 or 0. Above 32 categories with fewer than five cells each on average, those with fewer than five cells become one.
    /// * With more than `max_categories` it becomes [`Codes`](crate::Codes) of them; those of one cell become one.
    /// * Left out are columns that hold nothing, whole numbers that count rows (or that differ and are named as an id is), from 20 rows on texts
    ///   that are all different, those of more than `max_categories` texts of which more than half come once, and those of more than
    ///   [`MAX_CODED_CATEGORIES`] texts.
    /// * Class names are in byte order, or in order of value if all are numbers.
    ///
    /// All rules are ours.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct TableParams {
        /// Whether the first row names the columns.
        header: Header = Header::Auto, set Header;
        /// The character that separates cells; `None` detects it.
        delimiter: Option<u8> = None, set u8;
        /// What separates the fraction of a number; `None` finds it, column by column.
        decimal: Option<Decimal> = None, set Decimal;
        /// What lines that are comments begin with.
        comment: Option<u8> = None, set u8;
        /// Lines skipped at the top.
        skip_rows: usize = 0, set usize;
        /// What is done about missing cells.
        missing: MissingCells = MissingCells::Fill, set MissingCells;
        /// Whether a table read with a known encoding may hold nothing that it does not know.
        strict: bool = false, set bool;
        /// The label column.
        label: LabelColumn = LabelColumn::Last, set LabelColumn;
        /// Classes or values.
        task: Task = Task::Auto, set Task;
        /// Columns to be read as categories even if all cells are numbers.
        categorical: Vec<ColumnRef> = Vec::new();
        /// Columns to be left out.
        ignore: Vec<ColumnRef> = Vec::new();
        /// Columns that are features whatever they hold.
        keep: Vec<ColumnRef> = Vec::new();
        /// The column whose texts name the rows: see [`Dataset::row_names`](crate::Dataset::row_names).
        row_names: Option<ColumnRef> = None, set ColumnRef;
        /// The column of sample weights.
        sample_weights: Option<ColumnRef> = None, set ColumnRef;
        /// Distinct values of a categorical column that become a feature each.
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

    /// Adds a column that is a feature whatever it holds.
    #[must_use]
    pub fn keep(mut self, column: ColumnRef) -> Self {
        self.keep.push(column);
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.max_categories == 0 {
            return Err(DataError::parameter("max_categories", 0, "at least 1"));
        }
        let is_wrong = |d: &u8| !d.is_ascii() || matches!(d, b'"' | b'\r' | b'\n');
        let allowed = "an ASCII character other than quote, CR and LF";
        if let Some(delimiter) = self.delimiter.filter(is_wrong) {
            let found = format!("{:?}", char::from(delimiter));
            return Err(DataError::parameter("delimiter", found, allowed));
        }
        if let Some(comment) = self.comment.filter(is_wrong) {
            let found = format!("{:?}", char::from(comment));
            return Err(DataError::parameter("comment", found, allowed));
        }
        Ok(())
    }
}
