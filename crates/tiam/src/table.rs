//! Tables: the source of data, how it is read, and how it is split.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tiam_data::{
    ColumnEncoding, ColumnRef, DataError, Dataset, GraphRows, LabelColumn, LoadParams,
    MissingCells, Reading, Split, Task, digits, load_many, load_many_with_encoding,
};

use crate::error::{Error, Result};
use crate::giveaway;
use crate::scalar::{AnyDataset, Precision, Scalar};
use crate::stream::Streaming;

/// The kind of data; presets depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataKind {
    /// The embedded digits.
    Digits,
    /// A table: text, or numbers given by the caller.
    Table,
    /// Images.
    Idx,
    /// Node features of a graph.
    Graph,
}

/// The path that stands for standard input.
const STDIN: &str = "-";

/// The source of the cells.
#[derive(Clone, Debug, PartialEq)]
enum Source {
    /// One file or folder, or several tables that are read as one.
    Files(Vec<PathBuf>),
    Digits,
    Given,
}

/// Data with how they are to be read.
///
/// `read` looks only whether the file is there; its cells are read when they are needed: by [`split`](Self::split),
/// [`Mlp::fit`](crate::Mlp::fit) or a [`Predictor`](crate::Predictor). The parts of a split share the cells. A table that is used whole
/// several times reads them each time, unless [`load`](Self::load) has kept them. Setters that say how to read come before; they mean
/// nothing for numbers in memory.
///
/// | source | by | label |
/// |---|---|---|
/// | a table: text, JSON, ARFF, libsvm, arrays of NumPy; with the feature `formats` workbooks and Parquet | [`read`](Self::read), [`read_many`](Self::read_many) | the last column, or [`label`](Self::label) |
/// | IDX files or folders (MNIST), graphs as npz | [`read`](Self::read) | their own |
/// | the embedded digits | [`digits`](Self::digits) | 0 to 9 |
/// | numbers in memory, generated data | `Table::from`([`Dataset`]) | the data set's targets |
///
/// ```
/// let parts = tiam::Table::digits().split(0.25, 7)?;
/// assert_eq!((parts.train.n_samples()?, parts.test.n_samples()?), (1348, 449));
/// # Ok::<(), tiam::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Table {
    source: Source,
    params: LoadParams,
    precision: Precision,
    loaded: Option<Arc<AnyDataset>>,
    rows: Option<Arc<[usize]>>,
    streaming: Option<Streaming>,
}

/// Data cut in two.
#[derive(Clone, Debug)]
pub struct Parts {
    /// For fitting.
    pub train: Table,
    /// For the figures.
    pub test: Table,
}

impl<T: Scalar> From<Dataset<T>> for Table {
    fn from(data: Dataset<T>) -> Self {
        Self {
            loaded: Some(Arc::new(T::any_dataset(data))),
            precision: T::PRECISION,
            ..Self::new(Source::Given)
        }
    }
}

impl fmt::Display for Table {
    /// The path, or what the data are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Files(paths) => {
                let (first, more) = (paths.first(), paths.len().saturating_sub(1));
                match first.filter(|path| path.as_os_str() != STDIN) {
                    Some(path) => path.display().fmt(f)?,
                    None => f.write_str("standard input")?,
                }
                if more > 0 {
                    write!(f, " and {more} more")?;
                }
                Ok(())
            }
            Source::Digits => f.write_str("digits"),
            Source::Given => f.write_str("the table"),
        }
    }
}

impl Table {
    fn new(source: Source) -> Self {
        Self {
            source,
            params: LoadParams::default(),
            precision: Precision::default(),
            loaded: None,
            rows: None,
            streaming: None,
        }
    }

    /// A file, a folder with the four MNIST files, `-` for standard input, or a pattern such as `part-*.csv` for several tables that are read
    /// as one. The format is found by content.
    ///
    /// # Errors
    /// [`Error::Data`] if nothing can be read there.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Self::read_many([path])
    }

    /// Several files or patterns of one format, with the same columns: the rows of the first, then those of the second, and so on.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_many(paths: impl IntoIterator<Item = impl AsRef<Path>>) -> Result<Self> {
        let mut files = Vec::new();
        for path in paths {
            files.extend(tiam_data::expand(path)?);
        }
        for path in files.iter().filter(|path| path.as_os_str() != STDIN) {
            std::fs::metadata(path).map_err(|source| {
                let path = path.to_owned();
                Error::Data(DataError::Io { path, source })
            })?;
        }
        Ok(Self::new(Source::Files(files)))
    }

    /// The 1,797 handwritten digits that are built in.
    pub fn digits() -> Self {
        Self::new(Source::Digits)
    }

    /// Names the label column: by its name, by its position from 0, from the end with a negative one, `last` or `none`. Several columns of
    /// values are separated by commas.
    #[must_use]
    pub fn label(self, column: &str) -> Self {
        let Ok(label) = column.parse();
        self.reading(|params| params.table.label = label)
    }

    /// Says what the label is: classes, or values to approximate.
    #[must_use]
    pub fn task(self, task: Task) -> Self {
        self.reading(|params| params.table.task = task)
    }

    /// Leaves columns out, by name or position.
    #[must_use]
    pub fn ignore<'c>(self, columns: impl IntoIterator<Item = &'c str>) -> Self {
        self.reading(|params| params.table.ignore = columns.into_iter().map(reference).collect())
    }

    /// Keeps columns as features that would be left out by themselves, such as ids.
    #[must_use]
    pub fn keep<'c>(self, columns: impl IntoIterator<Item = &'c str>) -> Self {
        self.reading(|params| params.table.keep = columns.into_iter().map(reference).collect())
    }

    /// Reads columns of numbers as categories.
    #[must_use]
    pub fn categorical<'c>(self, columns: impl IntoIterator<Item = &'c str>) -> Self {
        let columns = columns.into_iter().map(reference).collect();
        self.reading(|params| params.table.categorical = columns)
    }

    /// Names the column that says how much each row counts in training.
    #[must_use]
    pub fn sample_weights(self, column: &str) -> Self {
        self.reading(|params| params.table.sample_weights = Some(reference(column)))
    }

    /// Says what is done about missing cells.
    #[must_use]
    pub fn missing(self, missing: MissingCells) -> Self {
        self.reading(|params| params.table.missing = missing)
    }

    /// Names the column whose texts name the rows; it is no feature. See [`Predictions::row_names`](crate::Predictions::row_names).
    #[must_use]
    pub fn row_names(self, column: &str) -> Self {
        self.reading(|params| params.table.row_names = Some(reference(column)))
    }

    /// Refuses cells that a model does not know: other categories, texts where numbers were, missing cells where none was.
    #[must_use]
    pub fn strict(self, strict: bool) -> Self {
        self.reading(|params| params.table.strict = strict)
    }

    /// Sets everything about reading; what setters before it said is gone.
    #[must_use]
    pub fn params(self, params: LoadParams) -> Self {
        self.reading(|known| *known = params)
    }

    /// Sets the scalar type in which cells are read and networks are trained on them.
    #[must_use]
    pub fn precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self.reading(|_| {})
    }

    /// Trains on a table that need not fit into memory: [`Mlp::fit`](crate::Mlp::fit) converts its text once to a file of numbers, and reads
    /// that in every epoch. See [`Streaming`].
    #[must_use]
    pub fn streamed(mut self, streaming: Streaming) -> Self {
        self.streaming = Some(streaming);
        self.reading(|_| {})
    }

    /// Whether its files, as they are on disk, have more bytes than one buffer in memory may have ([`LoadParams::max_bytes`]).
    pub fn is_too_large(&self) -> bool {
        let bytes = |path: &PathBuf| std::fs::metadata(path).map_or(0, |found| found.len());
        let all: u64 = self.files().unwrap_or_default().iter().map(bytes).sum();
        all > self.params.max_bytes
    }

    pub(crate) fn streaming(&self) -> Option<&Streaming> {
        self.streaming.as_ref()
    }

    pub(crate) fn streamed_error(&self) -> Error {
        Error::Streamed {
            data: self.to_string(),
        }
    }

    /// The files, where it is of files.
    pub(crate) fn files(&self) -> Option<&[PathBuf]> {
        match &self.source {
            Source::Files(paths) => Some(paths),
            _ => None,
        }
    }

    /// Changes how cells are read. What was read otherwise is read again; numbers in memory stay as they are.
    fn reading(mut self, change: impl FnOnce(&mut LoadParams)) -> Self {
        change(&mut self.params);
        if self.source != Source::Given {
            self.loaded = None;
        }
        self
    }

    /// The last part of the path: what a model remembers of it.
    pub fn name(&self) -> String {
        let file = match &self.source {
            Source::Files(paths) => match &paths[..] {
                [path] if path.as_os_str() != STDIN => path.file_name(),
                _ => None,
            },
            _ => None,
        };
        file.map_or_else(|| self.to_string(), |name| name.to_string_lossy().into())
    }

    /// The parameters of reading.
    pub fn load_params(&self) -> &LoadParams {
        &self.params
    }

    /// The scalar type.
    pub fn scalar(&self) -> Precision {
        self.precision
    }

    /// Number of samples; reads the cells.
    ///
    /// # Errors
    /// [`Error::Data`] for a file that cannot be read.
    pub fn n_samples(&self) -> Result<usize> {
        if let Some(rows) = &self.rows {
            return Ok(rows.len());
        }
        Ok(self.clone().cells()?.n_samples())
    }

    /// The kind of the data; reads the cells.
    ///
    /// # Errors
    /// [`Error::Data`] for a file that cannot be read.
    pub fn kind(&self) -> Result<DataKind> {
        Ok(match &*self.clone().cells()? {
            AnyDataset::F32(data) => self.kind_of(data),
            AnyDataset::F64(data) => self.kind_of(data),
        })
    }

    /// The columns, what was met while they were read, and warnings of labels that are given away; none of data without columns. Reads
    /// the cells.
    ///
    /// # Errors
    /// [`Error::Data`] for a file that cannot be read.
    pub fn layout(&self) -> Result<Option<(ColumnEncoding, Reading)>> {
        Ok(match &*self.clone().cells()? {
            AnyDataset::F32(data) => layout(data),
            AnyDataset::F64(data) => layout(data),
        })
    }

    /// Cuts off a part for testing: seeded, by class where there are classes. A split that the data bring is not looked at.
    ///
    /// # Errors
    /// [`Error::Data`] for a file that cannot be read, or a fraction that is not in [0, 1) or leaves nothing to learn from.
    pub fn split(&self, test_fraction: f64, seed: u64) -> Result<Parts> {
        let mut parts = self.cut(|n, labels| {
            Ok(vec![match labels {
                Some(labels) => Split::stratified(labels, 0.0, test_fraction, seed)?,
                None => Split::random(n, 0.0, test_fraction, seed)?,
            }])
        })?;
        Ok(parts.remove(0))
    }

    /// Cuts the data into `n_folds` equal parts, each the test part once: seeded, by class where there are classes.
    ///
    /// ```
    /// let folds = tiam::Table::digits().k_folds(3, 0)?;
    /// assert_eq!(folds[2].test.n_samples()?, 599);
    /// # Ok::<(), tiam::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Data`] for a file that cannot be read, or unless 2 ≤ `n_folds` ≤ samples.
    pub fn k_folds(&self, n_folds: usize, seed: u64) -> Result<Vec<Parts>> {
        self.cut(|n, labels| Split::k_folds(n, labels, n_folds, seed))
    }

    /// Cuts the rows as `draw` says for their number and labels.
    fn cut(
        &self,
        draw: impl FnOnce(usize, Option<&[u32]>) -> Result<Vec<Split>, DataError>,
    ) -> Result<Vec<Parts>> {
        let table = self.clone().load()?;
        let cells = table.clone().cells()?;
        let rows: Vec<usize> = match &self.rows {
            Some(rows) => rows.to_vec(),
            None => (0..cells.n_samples()).collect(),
        };
        let labels = cells.labels();
        let labels: Option<Vec<u32>> = labels.map(|all| rows.iter().map(|&i| all[i]).collect());
        let part = |part: &[usize]| Self {
            rows: Some(part.iter().map(|&i| rows[i]).collect()),
            ..table.clone()
        };
        let splits = draw(rows.len(), labels.as_deref())?;
        let parts = |split: &Split| Parts {
            train: part(split.train()),
            test: part(split.test()),
        };
        Ok(splits.iter().map(parts).collect())
    }

    fn empty(&self) -> Error {
        Error::NoSamples {
            data: self.to_string(),
        }
    }

    fn cells(self) -> Result<Arc<AnyDataset>> {
        let empty = self.empty();
        self.load()?.loaded.ok_or(empty)
    }

    /// The same with its cells in memory, so that they are read once.
    ///
    /// # Errors
    /// [`Error::Data`] for a file that cannot be read.
    pub fn load(self) -> Result<Self> {
        if self.loaded.is_some() {
            return Ok(self);
        }
        let data = match self.precision {
            Precision::F32 => f32::any_dataset(self.file(None)?),
            Precision::F64 => f64::any_dataset(self.file(None)?),
        };
        Ok(Self {
            loaded: Some(Arc::new(data)),
            ..self
        })
    }

    /// All samples of the file, in the layout of an earlier table where there is one.
    fn file<T: Scalar>(&self, columns: Option<&ColumnEncoding>) -> Result<Dataset<T>> {
        if self.streaming.is_some() {
            return Err(self.streamed_error());
        }
        let data = match (&self.source, columns) {
            (Source::Files(paths), None) => load_many(paths, &self.params)?,
            (Source::Files(paths), Some(columns)) => {
                load_many_with_encoding(paths, columns, &self.params)?
            }
            (Source::Digits, _) => digits()?,
            (Source::Given, _) => return Err(self.other_precision()),
        };
        if data.n_samples() == 0 {
            return Err(self.empty());
        }
        Ok(data)
    }

    /// Hands over the samples of a file a block at a time, in the layout of an earlier table; those of other sources at once.
    pub(crate) fn blocks<T: Scalar, E: From<Error>>(
        self,
        columns: Option<&ColumnEncoding>,
        mut each: impl FnMut(Dataset<T>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (Source::Files(paths), Some(columns), None, None) =
            (&self.source, columns, &self.loaded, &self.rows)
        else {
            return each(self.into_data(columns)?);
        };
        for path in paths {
            let mut outcome = Ok(());
            tiam_data::load_in_blocks(path, columns, &self.params, |data| {
                outcome = each(data);
                outcome.is_ok()
            })
            .map_err(Error::from)?;
            outcome?;
        }
        Ok(())
    }

    fn other_precision(&self) -> Error {
        let precision = match self.loaded.as_deref() {
            Some(AnyDataset::F32(_)) => "f32",
            _ => "f64",
        };
        Error::Precision {
            what: self.to_string(),
            precision,
        }
    }

    /// Its samples, read in the layout of an earlier table where there is one: not copied if nobody else holds them.
    pub(crate) fn into_data<T: Scalar>(
        self,
        columns: Option<&ColumnEncoding>,
    ) -> Result<Dataset<T>> {
        let fits = |any: &AnyDataset| {
            T::dataset(any).is_some_and(|data| match (columns, data.encoding()) {
                (Some(columns), Some(own)) => own.agrees_with(columns),
                (Some(_), None) => false,
                (None, _) => true,
            })
        };
        let filled = |mut data: Dataset<T>| {
            if let Some(columns) = columns.filter(|_| data.encoding().is_some()) {
                data.fill_with(columns.clone());
            }
            data
        };
        let usable = self.loaded.as_deref().is_some_and(fits);
        if let (Source::Given, Some(columns), false) = (&self.source, columns, usable) {
            self.check_names(columns)?;
        }
        let usable = self.source == Source::Given || usable;
        let (rows, other) = (self.rows.clone(), self.other_precision());
        let own = match self.loaded.clone().filter(|_| usable) {
            None => self.file(columns)?,
            Some(shared) => {
                drop(self);
                match Arc::try_unwrap(shared) {
                    Ok(own) => T::into_dataset(own).ok_or(other)?,
                    Err(shared) => {
                        let data = T::dataset(&shared).ok_or(other)?;
                        let part = rows.map(|rows| data.subset(&rows)).transpose()?;
                        return Ok(filled(part.unwrap_or_else(|| data.clone())));
                    }
                }
            }
        };
        Ok(filled(match rows {
            None => own,
            Some(rows) => own.subset(&rows)?,
        }))
    }

    /// Refuses numbers in memory whose features have other names, or another order, than a model's.
    fn check_names(&self, columns: &ColumnEncoding) -> Result<()> {
        let names = (self.loaded.as_deref()).map_or(&[][..], AnyDataset::feature_names);
        let known = columns.feature_names();
        if names.is_empty() || names == known {
            return Ok(());
        }
        Err(Error::OtherFeatures {
            data: self.to_string(),
            expected: known.join(", "),
        })
    }

    /// The same as input of predictions: labels are not read, and every row of a graph is.
    pub(crate) fn for_prediction(mut self) -> Self {
        self.params.table.label = LabelColumn::None;
        if self.rows.is_some() {
            return self;
        }
        self.reading(|params| params.graph.rows = GraphRows::All)
    }

    /// The same, what was read forgotten.
    pub(crate) fn without_cells(&self) -> Self {
        Self {
            loaded: None,
            ..self.clone()
        }
    }

    /// Refuses what only tables have, of other data.
    pub(crate) fn check<T: Scalar>(&self, kind: DataKind, data: &Dataset<T>) -> Result<()> {
        let table = &self.params.table;
        let asked = if table.task == Task::Values && kind != DataKind::Table {
            "a task of values"
        } else if table.sample_weights.is_some() && data.sample_weights().is_none() {
            "a column of sample weights"
        } else {
            return Ok(());
        };
        Err(Error::NotATable {
            data: self.to_string(),
            asked,
        })
    }

    /// A model's columns with the label called as it is in this table, where it was named.
    pub(crate) fn relabelled(
        &self,
        columns: Option<&ColumnEncoding>,
    ) -> Result<Option<ColumnEncoding>> {
        Ok(match (columns, &self.params.table.label) {
            (Some(columns), LabelColumn::Column(label)) => Some(columns.with_label(label)?),
            (columns, _) => columns.cloned(),
        })
    }

    /// The same with a graph read as it was for training.
    pub(crate) fn with_graph(mut self, hops: Option<usize>, seed: Option<u64>) -> Self {
        let graph = self.params.graph;
        let hops = hops.unwrap_or(graph.hops);
        self.params.graph = graph.hops(hops).seed(seed.unwrap_or(0));
        self
    }

    /// The kind of the data.
    pub(crate) fn kind_of<T: Scalar>(&self, data: &Dataset<T>) -> DataKind {
        match self.source {
            Source::Digits => DataKind::Digits,
            _ if data.encoding().is_some() => DataKind::Table,
            _ if data.sample_ids().is_some() => DataKind::Graph,
            Source::Given => DataKind::Table,
            Source::Files(_) => DataKind::Idx,
        }
    }

    /// True for the embedded digits as a whole.
    pub(crate) fn is_all_digits(&self) -> bool {
        self.source == Source::Digits && self.rows.is_none()
    }
}

fn reference(column: &str) -> ColumnRef {
    let Ok(column) = column.parse();
    column
}

fn layout<T: Scalar>(data: &Dataset<T>) -> Option<(ColumnEncoding, Reading)> {
    let mut reading = data.reading()?.clone();
    reading.warnings.extend(giveaway::warnings(data));
    Some((data.encoding()?.clone(), reading))
}
