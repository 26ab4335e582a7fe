//! Loading of a data set from a file or folder of any supported format.

use std::path::Path;

use crate::{
    ColumnEncoding, Dataset, GraphParams, LabelColumn, Real, TableParams,
    error::{DataError, Result},
    graph, idx,
    source::{Limits, Source},
    table,
};

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Unsigned bytes in the format of the MNIST files; a file or a folder, plain or gzip.
    Idx,
    /// Text with a header or without, separated by commas, tabs or semicolons; plain or gzip.
    Table,
    /// A graph in a zip of NumPy arrays.
    GraphNpz,
}

/// Parameters of [`load`].
///
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `format` | none: found by content | | forces a format |
/// | `max_bytes` | 4 GiB | from 1 | limit of each single buffer a file makes the loader allocate: decompressed text, one array of an npz, the decoded features |
/// | `max_expansion` | 4096 | from 1 | bytes that each of these buffers may take for each byte of its file on disk; 16 MiB are always allowed |
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
    pub format: Option<Format>,
    /// Limit in bytes of each single buffer a file makes the loader allocate.
    pub max_bytes: u64,
    /// Limit of the same buffers, in bytes for each byte of the file on disk; 16 MiB are always allowed.
    pub max_expansion: u64,
    /// Threads that read a table.
    pub threads: usize,
    /// How to read CSV and TSV. For IDX files, [`LabelColumn::None`] here means images without labels.
    pub table: TableParams,
    /// How to read graphs.
    pub graph: GraphParams,
}

impl Default for LoadParams {
    fn default() -> Self {
        Self {
            format: None,
            max_bytes: 4 << 30,
            max_expansion: 4096,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            table: TableParams::default(),
            graph: GraphParams::default(),
        }
    }
}

impl LoadParams {
    /// Forces a format.
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.format = Some(format);
        self
    }

    /// Sets the limit of a single buffer, in bytes.
    #[must_use]
    pub fn max_bytes(mut self, max_bytes: u64) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Sets how many bytes a buffer may take for each byte of its file.
    #[must_use]
    pub fn max_expansion(mut self, max_expansion: u64) -> Self {
        self.max_expansion = max_expansion;
        self
    }

    /// Sets the number of threads that read a table.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    fn check(&self) -> Result<()> {
        if self.threads == 0 {
            return Err(DataError::parameter("threads", 0, "at least 1"));
        }
        if self.max_expansion == 0 {
            return Err(DataError::parameter("max_expansion", 0, "at least 1"));
        }
        Ok(())
    }

    fn limits(&self) -> Limits {
        Limits {
            max_bytes: self.max_bytes,
            max_expansion: self.max_expansion,
        }
    }

    /// Sets how to read CSV and TSV.
    #[must_use]
    pub fn table(mut self, table: TableParams) -> Self {
        self.table = table;
        self
    }

    /// Sets how to read graphs.
    #[must_use]
    pub fn graph(mut self, graph: GraphParams) -> Self {
        self.graph = graph;
        self
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
pub fn load<T: Real>(path: impl AsRef<Path>, params: &LoadParams) -> Result<Dataset<T>> {
    params.check()?;
    let path = path.as_ref();
    let with_labels = params.table.label != LabelColumn::None;
    if path.is_dir() {
        return match params.format {
            None | Some(Format::Idx) => idx::load_folder(path, params.limits()),
            Some(_) => Err(unknown(path, "a folder, where a file is needed")),
        };
    }
    let source = Source::open(path, params.limits())?;
    let format = match params.format {
        Some(format) => format,
        None => detect(&source)?,
    };
    match format {
        Format::Idx => idx::load_file(&source, with_labels, params.limits()),
        Format::Table => table::load_table(&source, &params.table, params.threads),
        Format::GraphNpz => graph::load_graph(&source, &params.graph),
    }
}

/// Reads a table into the feature layout and class numbers of an earlier one.
///
/// With a header on both sides, columns are found by name, in any order, and further columns are ignored. Otherwise
/// they are found by position. The label column may be absent; then the targets are too. With
/// [`LabelColumn::None`] in `params` a label column is not read even if it is there (say because it is empty). Of the
/// other table parameters only `header` and `delimiter` are used.
///
/// # Errors
///
/// As [`load`] for tables; [`DataError::UnknownCategory`] and [`DataError::UnknownClass`] name the line and column of a
/// text the encoding does not know; [`DataError::UnknownColumn`] a column that is not there.
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
pub fn load_with_encoding<T: Real>(
    path: impl AsRef<Path>,
    encoding: &ColumnEncoding,
    params: &LoadParams,
) -> Result<Dataset<T>> {
    params.check()?;
    let source = Source::open(path.as_ref(), params.limits())?;
    if params.format != Some(Format::Table) && detect(&source)? != Format::Table {
        return Err(unknown(
            path.as_ref(),
            "not a text table, which a column encoding needs",
        ));
    }
    table::load_encoded(&source, encoding, &params.table, params.threads)
}

fn detect(source: &Source) -> Result<Format> {
    let head = source.head()?;
    Ok(match head.as_slice() {
        [0, 0, 0x08..=0x0e, rank, ..] if *rank > 0 => Format::Idx,
        [b'P', b'K', 3 | 5, 4 | 6, ..] => Format::GraphNpz,
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => {
            return Err(unknown(
                &source.path,
                "a single NumPy array; save it as text, or a graph as npz",
            ));
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            return Err(unknown(&source.path, "UTF-16 text; convert it to UTF-8"));
        }
        head => match head.iter().position(|&b| b == 0) {
            Some(at) => {
                return Err(unknown(
                    &source.path,
                    &format!("binary data (byte {at} is 0) of an unknown kind"),
                ));
            }
            None => Format::Table,
        },
    })
}

fn unknown(path: &Path, found: &str) -> DataError {
    DataError::UnknownFormat {
        path: path.to_path_buf(),
        found: found.to_owned(),
    }
}
