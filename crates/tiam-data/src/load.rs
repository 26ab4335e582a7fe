//! Loading of a data set from a file or folder of any supported format.

use std::any::{Any, TypeId};
use std::io;
use std::path::{Path, PathBuf};

use crate::{
    ColumnEncoding, Dataset, Format, GraphParams, Scalar, TableParams,
    error::{DataError, Place, Result},
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
    /// row and the distinct cells found (64 bytes each, on each thread; at most `max_categories` of a column, of texts
    /// [`MAX_CODED_CATEGORIES`](crate::MAX_CODED_CATEGORIES)): less than a tenth of the sum from some tens of thousands of
    /// rows on, unless their texts are nearly all different. One-hot features are counted in `V`. The text of a gzip file grows as it
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
    /// | ARFF, JSON, libsvm, NumPy arrays | `10 L + 3 E` | as a table, and its cells with their places; names of columns |
    /// | workbook, Parquet | `11 L + 3 E` | the same, and the file |
    /// | IDX | `6 L` | features, labels, the split of a folder; `L` is summed over the files, each bounded by its own size |
    /// | graph | `16 L` | arrays as stored and decoded; the normalised adjacency; nodes, labels and split; the features and what is worked on |
    ///
    /// and 1 MiB for buffers of fixed size. What came through a pipe or out of an archive is held as long as the rest, which takes `L`
    /// more; a text in another encoding than UTF-8 is in memory twice until it is decoded. A pipe's bytes count as bytes on disk. For
    /// several files `E` is that of their sum, and each has its own text or cells.
    ///
    /// Formats of the feature `formats` are read by other crates, whose buffers are bounded where they let them: the window of xz takes at
    /// most 70 MiB and that of zstd 128 MiB; the parts of a workbook unpack to `L`, and cells that an OpenDocument sheet repeats
    /// count as often as they are. Not bounded by the size of the file are a page of a Parquet file, at most 2 GiB, and an old workbook (xls),
    /// at most 540 MiB.
    ///
    /// A valid file that is refused loads with a higher `max_expansion`, or
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
    pub(crate) fn check(&self) -> Result<()> {
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

/// Loads a data set from a file, from standard input by the path `-`, or from a folder with the four MNIST files.
///
/// The format is found by content, never by name:
///
/// * **IDX** (`u8`, rank 1 to 4): the bytes of a sample become features, divided by 255. Labels come from the file of
///   the same name with `labels` for `images`; see the crate documentation.
/// * **CSV, TSV**: see [`TableParams`], which the other tables follow as well.
/// * **ARFF**: nominal attributes are categories even if they look like numbers.
/// * **JSON**: lines or an array of objects, arrays of cells, or what pandas writes by `split`, `columns`, `records`, `values` and
///   `table`. What is nested becomes columns `a.b` and `a.0`; null and an absent key are missing cells.
/// * **libsvm** and SVMlight: columns `label`, `f1`, `f2`, ...; features that are not given are 0; `qid` is left out. The label is `label`
///   unless another column is named.
/// * **NumPy**: `X` and `y` of an npz (or `x_train`, `y_train` and their test part; `data`, `target`; `features`, `labels`), or a matrix
///   whose last column is the label.
/// * **Graph npz**: see [`GraphParams`].
/// * **Workbooks** (xlsx, xls, ods) and **Parquet**, with the feature `formats`: the first sheet that can be seen; dates and times as
///   text like `2020-01-31 12:00:00`.
///
/// Each may be packed by gzip, or by bzip2, xz and zstd with the feature `formats`, and be the only table in a zip or, with it, in a tar
/// archive. A pipe is read once. Text is UTF-8, UTF-16, or Windows-1252 (Latin-1) where it is not valid UTF-8.
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
    read_once(&[path.as_ref().to_path_buf()], params, None)
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
    read_once(&[path.as_ref().to_path_buf()], params, Some(encoding))
}

/// Loads several tables of one format as one: the rows of the first file, then those of the second, and so on. Their columns must have
/// the same names in the same order; files of JSON and libsvm may leave out columns.
///
/// # Errors
///
/// As [`load`]; [`DataError::Malformed`] names the file whose columns differ from those of the first, and the first difference.
///
/// # Example
///
/// ```
/// use tiam_data::{LoadParams, expand, load_many};
/// let folder = tempfile::tempdir()?;
/// std::fs::write(folder.path().join("jan.csv"), "x,y\n1,a\n2,b\n")?;
/// std::fs::write(folder.path().join("feb.csv"), "x,y\n3,a\n")?;
/// let paths = expand(folder.path().join("*.csv"))?;
/// let data = load_many::<f64>(&paths, &LoadParams::default())?;
/// assert_eq!(data.features().values(), [3.0, 1.0, 2.0]); // February is before January by name
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn load_many<T: Scalar>(paths: &[PathBuf], params: &LoadParams) -> Result<Dataset<T>> {
    read_once(paths, params, None)
}

/// Reads several tables as [`load_many`] does, into the layout of an earlier one as [`load_with_encoding`] does.
///
/// # Errors
///
/// As both.
pub fn load_many_with_encoding<T: Scalar>(
    paths: &[PathBuf],
    encoding: &ColumnEncoding,
    params: &LoadParams,
) -> Result<Dataset<T>> {
    read_once(paths, params, Some(encoding))
}

/// The files that a pattern such as `data/*.csv` means, sorted by name: `?` is any character, `*` any number of them, `**` any folders,
/// `[ab]` one of some. What exists under the very name, and `-`, is itself.
///
/// # Errors
///
/// [`DataError::Io`] if no file fits the pattern; [`DataError::InvalidParameter`] if it is none.
pub fn expand(pattern: impl AsRef<Path>) -> Result<Vec<PathBuf>> {
    let path = pattern.as_ref();
    let text = path.to_str().filter(|text| text.contains(['*', '?', '[']));
    let (Some(text), false) = (text, path.exists()) else {
        return Ok(vec![path.to_path_buf()]);
    };
    let found = glob::glob(text).map_err(|e| {
        DataError::parameter("pattern", text, format!("a pattern of names: {}", e.msg))
    })?;
    let io = |e: glob::GlobError| {
        let path = e.path().to_owned();
        DataError::io(&path, e.into())
    };
    let mut paths = found
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(io)?;
    paths.retain(|path| !path.is_dir());
    if paths.is_empty() {
        let none = io::Error::new(io::ErrorKind::NotFound, "no file fits this pattern");
        return Err(DataError::io(path, none));
    }
    paths.sort();
    Ok(paths)
}

/// The same a block of some megabytes at a time, for files larger than memory: `each` receives the rows in their order, and tells whether to
/// go on. Files of other formats than text are one block.
///
/// # Errors
///
/// As [`load_with_encoding`], when the block at fault is read.
pub fn load_in_blocks<T: Scalar>(
    path: impl AsRef<Path>,
    encoding: &ColumnEncoding,
    params: &LoadParams,
    mut each: impl FnMut(Dataset<T>) -> bool,
) -> Result<()> {
    let path = path.as_ref();
    if TypeId::of::<T>() == TypeId::of::<f32>() {
        return blocks_single(path, encoding, params, &mut |data| each(same_type(data)));
    }
    blocks_double(path, encoding, params, &mut |data| each(same_type(data)))
}

/// Reads by one of two functions that are compiled here, once, whichever crate asks: the readers of all formats are in them.
fn read_once<T: Scalar>(
    paths: &[PathBuf],
    params: &LoadParams,
    encoding: Option<&ColumnEncoding>,
) -> Result<Dataset<T>> {
    if TypeId::of::<T>() == TypeId::of::<f32>() {
        return Ok(same_type(read_single(paths, params, encoding)?));
    }
    Ok(same_type(read_double(paths, params, encoding)?))
}

/// A value as what it is.
fn same_type<A: 'static, B: 'static>(value: A) -> B {
    let value: Box<dyn Any> = Box::new(value);
    match value.downcast() {
        Ok(value) => *value,
        Err(_) => unreachable!("a scalar is f32 or f64"),
    }
}

#[inline(never)]
fn blocks_single(
    path: &Path,
    encoding: &ColumnEncoding,
    params: &LoadParams,
    each: &mut dyn FnMut(Dataset<f32>) -> bool,
) -> Result<()> {
    blocks(path, encoding, params, each)
}

#[inline(never)]
fn blocks_double(
    path: &Path,
    encoding: &ColumnEncoding,
    params: &LoadParams,
    each: &mut dyn FnMut(Dataset<f64>) -> bool,
) -> Result<()> {
    blocks(path, encoding, params, each)
}

fn blocks<T: Scalar>(
    path: &Path,
    encoding: &ColumnEncoding,
    params: &LoadParams,
    each: &mut dyn FnMut(Dataset<T>) -> bool,
) -> Result<()> {
    params.check()?;
    let (source, format) = open(path, params)?;
    formats::read_in_blocks(format, &source, params, encoding, each)
}

fn open(path: &Path, params: &LoadParams) -> Result<(Source, Format)> {
    let source = Source::open(path, params)?;
    let format = match params.format {
        Some(format) => format,
        None => formats::detect(&source)?,
    };
    Ok((source, format))
}

#[inline(never)]
fn read_single(
    paths: &[PathBuf],
    params: &LoadParams,
    encoding: Option<&ColumnEncoding>,
) -> Result<Dataset<f32>> {
    read(paths, params, encoding)
}

#[inline(never)]
fn read_double(
    paths: &[PathBuf],
    params: &LoadParams,
    encoding: Option<&ColumnEncoding>,
) -> Result<Dataset<f64>> {
    read(paths, params, encoding)
}

fn read<T: Scalar>(
    paths: &[PathBuf],
    params: &LoadParams,
    encoding: Option<&ColumnEncoding>,
) -> Result<Dataset<T>> {
    params.check()?;
    if let Some(folder) = paths.iter().find(|path| path.is_dir()) {
        return match (params.format, encoding) {
            (None | Some(Format::Idx), None) if paths.len() == 1 => {
                formats::idx::read_folder(folder, params)
            }
            _ => Err(formats::unknown(folder, "a folder, where a file is needed")),
        };
    }
    let open = |path: &PathBuf| open(path, params);
    let opened = paths.iter().map(open).collect::<Result<Vec<_>>>()?;
    let (sources, formats): (Vec<Source>, Vec<Format>) = opened.into_iter().unzip();
    let (Some(first), Some(format)) = (sources.first(), formats.first()) else {
        return Err(DataError::parameter("paths", "none", "at least one file"));
    };
    if let Some(other) = formats.iter().position(|found| found != format) {
        let reason = format!(
            "its format is {:?}, but {format:?} that of {}",
            formats[other],
            first.path.display()
        );
        return Err(DataError::malformed(
            &sources[other].path,
            Place::Whole,
            reason,
        ));
    }
    formats::read(*format, &sources, params, encoding)
}
