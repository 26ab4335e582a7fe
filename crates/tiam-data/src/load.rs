//! Loading of a data set from a file or folder of any supported format.

use std::any::{Any, TypeId};
use std::path::Path;

use crate::{
    ColumnEncoding, Dataset, Format, GraphParams, Scalar, TableParams,
    error::{DataError, Result},
    formats,
    params::params,
    source::{Source, TextEncoding},
};

params! {
    /// Parameters of [`load`].
    ///
    /// | name | default | range | meaning |
    /// |---|---|---|---|
    /// | `format` | none: found by content | | forces a format |
    /// | `max_bytes` | 4 GiB | from 1 | limit of each single buffer a file makes the loader allocate: decompressed text, one array of an npz, the decoded features |
    /// | `max_expansion` | 4096 | from 1 | bytes that each of these buffers may take for each byte of its file on disk; 16 MiB are always allowed |
    /// | `text_encoding` | none: found | names of the WHATWG's list | forces the encoding of texts; UTF-8, UTF-16 and Windows-1252 (Latin-1) are found |
    /// | `threads` | those the system offers | from 1 | threads that read a table; the result is the same for any number |
    /// | `table` | [`TableParams`] | | how to read CSV and TSV |
    /// | `graph` | [`GraphParams`] | | how to read graphs |
    ///
    /// All defaults are ours: `max_bytes` is several times the largest data set this crate was written for; of its files
    /// the one that grows most is Cora with all rows, 700 bytes for each on disk.
    ///
    /// # Memory
    ///
    /// A plain table of `B` bytes that gives `V` feature values is loaded within `B + V * size_of::<T>()` bytes: its text and
    /// its features, of which the features stay. Since a number takes at least two bytes of text, that is at most `3 B` in
    /// single and `5 B` in double precision for a table of numbers. Besides there are, for each column, its name, the cells of a
    /// row and the distinct cells found (64 bytes each, at most `max_categories`, on each thread): less than a tenth of the
    /// sum from some tens of thousands of rows on. One-hot features are counted in `V`. The text of a gzip file grows as it
    /// is decompressed and takes up to `3 B` for `B` decompressed bytes.
    ///
    /// Whatever a file holds or promises, damaged and forged ones included, no single buffer is larger than
    /// `L = min(max_bytes, E)` bytes with `E = max(16 MiB, max_expansion * size of the file on disk)`, and a table's columns
    /// and their distinct cells, which are many small pieces, take at most `E` each; it is an error ([`DataError::TooLarge`])
    /// before more is allocated. At one time a file takes at most
    ///
    /// | format | bytes | which are |
    /// |---|---|---|
    /// | table | `7 L + 2 E` | text, names of columns and categories; features and their names; targets and weights; columns with the cells of a row; distinct cells |
    /// | IDX | `6 L` | features, labels, the split of a folder; `L` is summed over the files, each bounded by its own size |
    /// | graph | `16 L` | arrays as stored and decoded; the normalised adjacency; nodes, labels and split; the features and what is worked on |
    ///
    /// and 1 MiB for buffers of fixed size. A valid file that is refused loads with a higher `max_expansion`, or
    /// uncompressed, which raises `E`.
    ///
    /// # Example
    ///
    /// ```
    /// use tiam_data::{LabelColumn, LoadParams, TableParams, Task};
    /// let params = LoadParams::default()
    ///     .table(TableParams::default().label(LabelColumn::position(0)).task(Task::Values));
    /// assert_eq!(params.max_bytes, 4 << 30);
    /// ```
    #[derive(Debug, Clone, PartialEq)]
    pub struct LoadParams {
        /// Forces a format; `None` finds it by content.
        format: Option<Format> = None, set Format;
        /// Limit in bytes of each single buffer a file makes the loader allocate.
        max_bytes: u64 = 4 << 30, set u64;
        /// Limit of the same buffers, in bytes for each byte of the file on disk; 16 MiB are always allowed.
        max_expansion: u64 = 4096, set u64;
        /// Forces the encoding of texts; `None` finds UTF-8, UTF-16 and Windows-1252.
        text_encoding: Option<TextEncoding> = None, set TextEncoding;
        /// Threads that read a table.
        threads: usize = std::thread::available_parallelism().map_or(1, usize::from), set usize;
        /// How to read CSV and TSV. For IDX files, [`LabelColumn::None`](crate::LabelColumn::None) here means images without labels.
        table: TableParams = TableParams::default(), set TableParams;
        /// How to read graphs.
        graph: GraphParams = GraphParams::default(), set GraphParams;
    }
}

impl LoadParams {
    fn check(&self) -> Result<()> {
        for (parameter, value) in [
            ("threads", self.threads as u64),
            ("max_expansion", self.max_expansion),
        ] {
            if value == 0 {
                return Err(DataError::parameter(parameter, 0, "at least 1"));
            }
        }
        self.table.check()?;
        self.graph.check()
    }
}

/// Loads a data set from a file, or from a folder with the four MNIST files.
///
/// The format is found by content, never by name: gzip, zip and IDX by their first bytes; other text is a table.
///
/// * **IDX** (`u8`, rank 1 to 4): the bytes of a sample become features, divided by 255. Labels come from the file of
///   the same name with `labels` for `images`; see the crate documentation.
/// * **CSV, TSV**: see [`TableParams`].
/// * **Graph npz**: see [`GraphParams`].
///
/// # Errors
///
/// Every [`DataError`] about files: each names the path and the place.
///
/// # Example
///
/// ```
/// use tiam_data::{LoadParams, load};
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("points.csv");
/// std::fs::write(&path, "x,y,colour\n1,2,red\n3,4,blue\n")?;
/// let data = load::<f64>(&path, &LoadParams::default())?;
/// assert_eq!(data.feature_names(), ["x", "y"]);
/// assert_eq!(data.class_names(), Some(&["blue".to_owned(), "red".to_owned()][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn load<T: Scalar>(path: impl AsRef<Path>, params: &LoadParams) -> Result<Dataset<T>> {
    read_once(path.as_ref(), params, None)
}

/// Reads a table into the feature layout and class numbers of an earlier one.
///
/// With a header on both sides, columns are found by name, in any order, and further columns are ignored. Otherwise
/// they are found by position. The label column may be absent; then the targets are too. With
/// [`LabelColumn::None`](crate::LabelColumn::None) in `params` a label column is not read even if it is there (say because it is empty). Of the
/// other table parameters only `header` and `delimiter` are used.
///
/// # Errors
///
/// As [`load`] for tables; [`CellFault::Unknown`](crate::CellFault::Unknown) names the line and column of a text the encoding does
/// not know; [`DataError::Malformed`] a column that is not there.
///
/// # Example
///
/// ```
/// use tiam_data::{LoadParams, Targets, load, load_with_encoding};
/// let folder = tempfile::tempdir()?;
/// let (old, new) = (folder.path().join("old.csv"), folder.path().join("new.csv"));
/// std::fs::write(&old, "size,shape,kind\n1,round,a\n2,square,b\n3,round,a\n")?;
/// std::fs::write(&new, "shape,size\nsquare,7\n")?;
/// let params = LoadParams::default();
/// let train = load::<f64>(&old, &params)?;
/// let encoding = train.encoding().ok_or("a table has an encoding")?;
/// let data = load_with_encoding::<f64>(&new, encoding, &params)?;
/// assert_eq!(data.feature_names(), ["size", "shape=round", "shape=square"]);
/// assert_eq!(data.features().values(), &[7.0, 0.0, 1.0]);
/// assert_eq!(data.targets(), &Targets::Absent);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn load_with_encoding<T: Scalar>(
    path: impl AsRef<Path>,
    encoding: &ColumnEncoding,
    params: &LoadParams,
) -> Result<Dataset<T>> {
    read_once(path.as_ref(), params, Some(encoding))
}

/// Reads by one of two functions that are compiled here, once, whichever crate asks: the readers of all formats are in them.
fn read_once<T: Scalar>(
    path: &Path,
    params: &LoadParams,
    encoding: Option<&ColumnEncoding>,
) -> Result<Dataset<T>> {
    let data: Box<dyn Any> = if TypeId::of::<T>() == TypeId::of::<f32>() {
        Box::new(read_single(path, params, encoding)?)
    } else {
        Box::new(read_double(path, params, encoding)?)
    };
    match data.downcast() {
        Ok(data) => Ok(*data),
        Err(_) => unreachable!("a scalar is f32 or f64"),
    }
}

#[inline(never)]
fn read_single(
    path: &Path,
    params: &LoadParams,
    encoding: Option<&ColumnEncoding>,
) -> Result<Dataset<f32>> {
    read(path, params, encoding)
}

#[inline(never)]
fn read_double(
    path: &Path,
    params: &LoadParams,
    encoding: Option<&ColumnEncoding>,
) -> Result<Dataset<f64>> {
    read(path, params, encoding)
}

fn read<T: Scalar>(
    path: &Path,
    params: &LoadParams,
    encoding: Option<&ColumnEncoding>,
) -> Result<Dataset<T>> {
    params.check()?;
    if path.is_dir() {
        return match (params.format, encoding) {
            (None | Some(Format::Idx), None) => formats::idx::read_folder(path, params),
            _ => Err(formats::unknown(path, "a folder, where a file is needed")),
        };
    }
    let source = Source::open(path, params)?;
    let format = match params.format {
        Some(format) => format,
        None => formats::detect(&source)?,
    };
    formats::read(format, &source, params, encoding)
}
