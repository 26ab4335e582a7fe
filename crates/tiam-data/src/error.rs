//! The crate's error type.

use std::{fmt, io, path::PathBuf};

use crate::features::Features;

/// Shorthand for this crate's results.
pub(crate) type Result<T> = std::result::Result<T, DataError>;

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
        let Self {
            path,
            line,
            column,
            name,
        } = self;
        let path = path.display();
        match line {
            0 => write!(f, "{path}, column {column} ({name:?})"),
            line => write!(f, "{path}, line {line}, column {column} ({name:?})"),
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
    /// A compressed stream is damaged or cut short.
    #[error("{}: the gzip stream breaks off after {offset} decoded bytes: {source}; fetch or compress the file again", path.display())]
    Gzip {
        /// The file.
        path: PathBuf,
        /// Bytes decoded before the fault.
        offset: u64,
        /// What the decoder said.
        source: io::Error,
    },
    /// The content is none of the known formats.
    #[error("{}: {found}; known are IDX (plain or gzip), CSV/TSV text (plain or gzip), graph npz, and folders with the four MNIST files", path.display())]
    UnknownFormat {
        /// The file or folder.
        path: PathBuf,
        /// What was found instead.
        found: String,
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

    /// An IDX header is not valid.
    #[error("{}, byte {offset}: {reason}", path.display())]
    IdxHeader {
        /// The file.
        path: PathBuf,
        /// Byte offset in the (decompressed) file.
        offset: u64,
        /// What is wrong there.
        reason: String,
    },
    /// An IDX file holds fewer or more bytes than its header promises.
    #[error("{}, byte {offset}: the header promises {expected} bytes in all, the file holds {actual}; the file is cut short, damaged or not IDX", path.display())]
    IdxSize {
        /// The file.
        path: PathBuf,
        /// Where the file ends, or where the surplus begins (decompressed).
        offset: u64,
        /// Header and data, as promised.
        expected: u64,
        /// Bytes found.
        actual: u64,
    },
    /// Images and labels of an IDX pair differ in number.
    #[error("{} holds {n_images} images but {} holds {n_labels} labels", images.display(), labels.display())]
    IdxCounts {
        /// The images file.
        images: PathBuf,
        /// The labels file.
        labels: PathBuf,
        /// Number of images.
        n_images: usize,
        /// Number of labels.
        n_labels: usize,
    },
    /// The images of a training and a test file differ in size.
    #[error("{} has {expected} pixels an image but {} has {actual}", train.display(), test.display())]
    IdxPixels {
        /// The training images.
        train: PathBuf,
        /// The test images.
        test: PathBuf,
        /// Pixels of a training image.
        expected: usize,
        /// Pixels of a test image.
        actual: usize,
    },
    /// A file that belongs to an IDX data set is not there.
    #[error("{}: there is no {expected} beside it; put it there, or ask for no label", path.display())]
    IdxCompanionMissing {
        /// The file or folder that was asked for.
        path: PathBuf,
        /// The file name that was looked for, plain or with `.gz`.
        expected: String,
    },

    /// A table has no data rows, or no columns to learn from.
    #[error("{}: {reason}", path.display())]
    TableEmpty {
        /// The file.
        path: PathBuf,
        /// What is absent.
        reason: &'static str,
    },
    /// A row has another number of cells than the first.
    #[error("{}, line {line}: {actual} cells where {expected} were expected (delimiter {delimiter:?})", path.display())]
    RaggedRow {
        /// The file.
        path: PathBuf,
        /// Line in the file, from 1.
        line: u64,
        /// Cells expected.
        expected: usize,
        /// Cells found.
        actual: usize,
        /// The delimiter in use.
        delimiter: char,
    },
    /// A quoted cell never ends, or goes on after its closing quote.
    #[error("{}, line {line}: {reason}", path.display())]
    BadQuote {
        /// The file.
        path: PathBuf,
        /// Line on which the cell begins, from 1.
        line: u64,
        /// What is wrong.
        reason: &'static str,
    },
    /// A cell is empty or says that its value is unknown.
    #[error("{at}: the value is missing ({cell:?}); fill it in, or remove the row or the column")]
    MissingValue {
        /// The cell.
        at: Box<CellPlace>,
        /// Its text.
        cell: String,
    },
    /// A cell of a numeric column is not a number.
    #[error("{at}: {cell:?} is not a number, {reason}")]
    NotANumber {
        /// The cell.
        at: Box<CellPlace>,
        /// Its text.
        cell: String,
        /// Why a number is expected, and what to do.
        reason: &'static str,
    },
    /// A number is infinite or too large for the scalar type.
    #[error("{at}: {cell:?} is infinite or too large for the scalar type")]
    NonFiniteCell {
        /// The cell.
        at: Box<CellPlace>,
        /// Its text.
        cell: String,
    },
    /// A cell is not valid UTF-8.
    #[error("{at}: the text is not valid UTF-8; convert the file")]
    NotUtf8 {
        /// The cell.
        at: Box<CellPlace>,
    },
    /// Two columns have the same name.
    #[error("{}, line {line}: columns {first} and {second} are both named {name:?}; rename one", path.display())]
    DuplicateColumn {
        /// The file.
        path: PathBuf,
        /// Line of the header, from 1.
        line: u64,
        /// The name.
        name: String,
        /// The earlier column, from 0.
        first: usize,
        /// The later column, from 0.
        second: usize,
    },
    /// A column that was asked for is not in the table.
    #[error("{}, line {line}: there is no column {column}; the columns are {available}", path.display())]
    UnknownColumn {
        /// The file.
        path: PathBuf,
        /// Line of the header, or of the first row.
        line: u64,
        /// Name (quoted) or position.
        column: String,
        /// The columns there are (the first few).
        available: String,
    },
    /// A text column has too many different values.
    #[error(
        "{at}: more than {limit} different values for a categorical column; ignore the column, or raise `max_categories`"
    )]
    TooManyCategories {
        /// The cell with the first value past the limit.
        at: Box<CellPlace>,
        /// The limit.
        limit: usize,
    },
    /// A category that the encoding does not know.
    #[error(
        "{at}: the category {cell:?} was not in the data the encoding was made from; known are {known}"
    )]
    UnknownCategory {
        /// The cell.
        at: Box<CellPlace>,
        /// Its text.
        cell: String,
        /// The known categories (the first few).
        known: String,
    },
    /// A class that the encoding does not know.
    #[error(
        "{at}: the class {cell:?} was not in the data the encoding was made from; known are {known}"
    )]
    UnknownClass {
        /// The cell.
        at: Box<CellPlace>,
        /// Its text.
        cell: String,
        /// The known classes (the first few).
        known: String,
    },
    /// A stored column encoding contradicts itself.
    #[error("the column encoding is not valid: {reason}")]
    BadEncoding {
        /// What is wrong.
        reason: String,
    },

    /// A zip archive cannot be read.
    #[error("{}, entry {entry:?}: {reason}", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// The entry, or empty for the directory of the archive.
        entry: String,
        /// What is wrong.
        reason: String,
    },
    /// A graph archive lacks an array.
    #[error("{}: there is no array {array:?}; a graph needs adj_indices, adj_indptr, adj_shape, labels, and attr_data, attr_indices, attr_indptr, attr_shape or attr_matrix", path.display())]
    ArrayMissing {
        /// The archive.
        path: PathBuf,
        /// The array.
        array: String,
    },
    /// An array of a graph archive is not valid.
    #[error("{}, array {array:?}: {reason}", path.display())]
    Array {
        /// The archive.
        path: PathBuf,
        /// The array.
        array: String,
        /// What is wrong, with the position in the array where there is one.
        reason: String,
    },
    /// A class has too few nodes for the split that was asked for.
    #[error(
        "class {class} has {available} samples, but {needed} are to be drawn from it; lower `train_per_class`"
    )]
    ClassTooSmall {
        /// The class number.
        class: u32,
        /// Samples of the class.
        available: usize,
        /// Samples to draw.
        needed: usize,
    },
    /// The embedded digits do not decompress to what they were made from.
    #[error("the embedded digits are damaged: {reason}")]
    EmbeddedData {
        /// What is wrong.
        reason: String,
    },
}

impl DataError {
    pub(crate) fn io(path: &std::path::Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_path_buf(),
            source,
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

/// A vector with room for `len` items, or a typed error.
pub(crate) fn reserve<T>(len: usize, what: &str) -> Result<Vec<T>> {
    let mut values = Vec::new();
    values
        .try_reserve_exact(len)
        .map_err(|_| DataError::OutOfMemory {
            what: what.to_owned(),
            bytes: (len as u64).saturating_mul(size_of::<T>() as u64),
        })?;
    Ok(values)
}

/// Finds the first value that is not finite.
pub(crate) fn check_finite<T: crate::Real>(features: &Features<T>) -> Result<()> {
    match features.values().iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(at) => Err(DataError::NonFinite {
            sample: at / features.n_features().max(1),
            feature: at % features.n_features().max(1),
            value: features.values()[at].to_f64(),
        }),
    }
}
