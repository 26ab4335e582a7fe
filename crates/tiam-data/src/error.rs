//! The crate's error type.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// Shorthand for this crate's results.
pub(crate) type Result<T, E = DataError> = std::result::Result<T, E>;

/// A place in a file.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The file as a whole.
    Whole,
    /// A byte, from 0, of the decompressed file.
    Byte(u64),
    /// A line, from 1.
    Line(u64),
    /// A named array of an archive.
    Array(String),
}

impl fmt::Display for Place {
    /// With a comma before it, as it stands after a path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => Ok(()),
            Self::Byte(at) => write!(f, ", byte {at}"),
            Self::Line(line) => write!(f, ", line {line}"),
            Self::Array(name) => write!(f, ", array {name:?}"),
        }
    }
}

/// The place of a cell in a table.
///
/// Displayed as `data.csv, line 7, column 2 ("weight")`: the line counts from 1 in the file (a header and blank lines
/// count), the column from 0 as in [`ColumnRef::Position`](crate::ColumnRef::Position).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellPlace {
    /// The file.
    pub path: PathBuf,
    /// Line in the file, from 1; the first line of a record that spans several. 0 for a row that is of no file.
    pub line: u64,
    /// Column, from 0.
    pub column: usize,
    /// Name of the column: its header, or `c0`, `c1`, ... in a file without one.
    pub name: String,
}

impl fmt::Display for CellPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)?;
        if self.line > 0 {
            write!(f, ", line {}", self.line)?;
        }
        write!(f, ", column {} ({:?})", self.column, self.name)
    }
}

/// What is wrong with a cell of a table.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CellFault {
    /// It is empty or says that its value is unknown.
    Missing,
    /// It is not a number, but its column needs one; says why, and what to do.
    NotANumber(&'static str),
    /// It is a number that is infinite or too large for the scalar type.
    NotFinite,
    /// It is not valid UTF-8.
    NotUtf8,
    /// Its column has more different values than a categorical column may have: the limit.
    TooManyCategories(usize),
    /// The label has more different texts than classes are allowed.
    TooManyClasses(usize),
    /// It is a category, or a class, that the encoding does not know.
    Unknown {
        /// `category` or `class`.
        what: &'static str,
        /// The known ones (the first few).
        known: String,
    },
}

impl CellFault {
    fn words(&self, cell: &str) -> String {
        match self {
            Self::Missing => format!(
                "the value is missing ({cell:?}); fill it in, or remove the row or the column"
            ),
            Self::NotANumber(reason) => format!("{cell:?} is not a number, {reason}"),
            Self::NotFinite => format!("{cell:?} is infinite or too large for the scalar type"),
            Self::NotUtf8 => "the text is not valid UTF-8; convert the file".to_owned(),
            Self::TooManyCategories(limit) => format!(
                "more than {limit} different values for a categorical column; \
                 ignore the column, or raise `max_categories`"
            ),
            Self::TooManyClasses(limit) => format!(
                "the label has more than {limit} different texts, too many for classes; \
                 is it the right column? Choose another label, or raise `max_categories`"
            ),
            Self::Unknown { what, known } => format!(
                "the {what} {cell:?} was not in the data the encoding was made from; known are {known}"
            ),
        }
    }
}

/// The errors of this crate. Errors about files name the path and the place in the file.
///
/// # Example
///
/// ```
/// use tiam_data::{DataError, LoadParams, load};
/// let error = load::<f64>("no/such/file.csv", &LoadParams::default()).unwrap_err();
/// assert!(matches!(error, DataError::Io { .. }));
/// assert!(error.to_string().contains("no/such/file.csv"));
/// ```
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The file or folder cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The content is none of the known formats.
    #[error("{}: {found}; known are {}", path.display(), crate::formats::known())]
    UnknownFormat {
        /// The file or folder.
        path: PathBuf,
        /// What was found instead.
        found: String,
    },
    /// The content is of a known kind that is not read, or not by this build.
    #[error("{}: {found}: {advice}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: String,
        /// What to do.
        advice: String,
    },
    /// The content breaks the rules of its format, or is not complete.
    #[error("{}{place}: {reason}", path.display())]
    Malformed {
        /// The file or folder.
        path: PathBuf,
        /// Where in it.
        place: Place,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A file asks for more memory than [`LoadParams`](crate::LoadParams) allows.
    #[error("{}: {what} would take {bytes} bytes, over the limit of {limit}; if the file is meant to be this large, raise {raise}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The buffer that was asked for.
        what: String,
        /// Bytes asked for; for a stream, the bytes decoded when the limit was passed.
        bytes: u64,
        /// The limit in bytes.
        limit: u64,
        /// The parameter that sets it, and what else helps.
        raise: &'static str,
    },
    /// The allocator refused.
    #[error("out of memory: {what} needs {bytes} bytes")]
    OutOfMemory {
        /// The buffer that was asked for.
        what: String,
        /// Bytes asked for.
        bytes: u64,
    },

    /// Two sizes that must agree do not.
    #[error("{what}: expected {expected}, found {actual}")]
    Shape {
        /// The quantity.
        what: &'static str,
        /// The size it must have.
        expected: usize,
        /// The size it has.
        actual: usize,
    },
    /// An index lies outside the data.
    #[error("{what} {index} is out of range: there are {len}")]
    IndexOutOfRange {
        /// What is indexed.
        what: &'static str,
        /// The index.
        index: usize,
        /// The number of items.
        len: usize,
    },
    /// A parameter lies outside its range.
    #[error("{parameter} = {value} is not allowed: {allowed}")]
    InvalidParameter {
        /// The parameter.
        parameter: &'static str,
        /// Its value.
        value: String,
        /// The allowed values.
        allowed: String,
    },
    /// A feature is NaN or infinite where a finite number is needed.
    #[error("sample {sample}, feature {feature} is {value}: every value must be finite")]
    NonFinite {
        /// The sample, from 0.
        sample: usize,
        /// The feature, from 0.
        feature: usize,
        /// The value.
        value: f64,
    },
    /// A column is so large that its mean, deviation or range overflows.
    #[error(
        "feature {feature} is too large to be scaled (its mean, deviation or range overflows); divide the column first"
    )]
    ScalingOverflow {
        /// The feature, from 0.
        feature: usize,
    },

    /// A cell of a table does not hold what its column needs.
    #[error("{at}: {}", fault.words(cell))]
    BadCell {
        /// The cell; for [`CellFault::TooManyCategories`] the one with the first value past the limit.
        at: Box<CellPlace>,
        /// Its text.
        cell: String,
        /// What is wrong.
        fault: CellFault,
    },
    /// Cells are missing, and none may be.
    #[error("{}: {}; correct them, or fill them by the default of `missing`", path.display(), missing(columns))]
    MissingCells {
        /// The file.
        path: PathBuf,
        /// Every column that lacks cells, and how many.
        columns: Vec<(String, usize)>,
    },
    /// A stored column encoding contradicts itself.
    #[error("the column encoding is not valid: {reason}")]
    BadEncoding {
        /// What is wrong.
        reason: String,
    },
}

/// Columns with their missing cells in words.
fn missing(columns: &[(String, usize)]) -> String {
    let all: usize = columns.iter().map(|(_, n)| n).sum();
    let each = columns.iter().map(|(name, n)| format!("{name} {n}"));
    let each: Vec<String> = each.collect();
    format!(
        "{all} cells are missing, in {} columns: {}",
        columns.len(),
        each.join(", ")
    )
}

impl DataError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        Self::Io { path, source }
    }

    pub(crate) fn malformed(path: &Path, place: Place, reason: impl Into<String>) -> Self {
        let (path, reason) = (path.to_path_buf(), reason.into());
        Self::Malformed {
            path,
            place,
            reason,
        }
    }

    pub(crate) fn parameter(
        parameter: &'static str,
        value: impl fmt::Display,
        allowed: impl Into<String>,
    ) -> Self {
        Self::InvalidParameter {
            parameter,
            value: value.to_string(),
            allowed: allowed.into(),
        }
    }
}

/// Refuses a size other than the expected one.
pub(crate) fn check_size(what: &'static str, expected: usize, actual: usize) -> Result<()> {
    if expected == actual {
        return Ok(());
    }
    Err(DataError::Shape {
        what,
        expected,
        actual,
    })
}

/// Refuses an index past the last item.
pub(crate) fn check_index(what: &'static str, index: usize, len: usize) -> Result<()> {
    if index < len {
        return Ok(());
    }
    Err(DataError::IndexOutOfRange { what, index, len })
}

/// A vector with room for `len` items, or a typed error.
pub(crate) fn reserve<T>(len: usize, what: &str) -> Result<Vec<T>> {
    let mut values = Vec::new();
    grow(&mut values, len, what)?;
    Ok(values)
}

/// Gives a vector room for `len` items in all.
pub(crate) fn grow<T>(values: &mut Vec<T>, len: usize, what: &str) -> Result<()> {
    let more = len.saturating_sub(values.len());
    (values.try_reserve_exact(more)).map_err(|_| DataError::OutOfMemory {
        what: what.to_owned(),
        bytes: (len as u64).saturating_mul(size_of::<T>() as u64),
    })
}
