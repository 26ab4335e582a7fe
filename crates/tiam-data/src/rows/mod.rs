//! Tables larger than memory: their rows as numbers in a file, read again a block at a time.

mod codec;
mod convert;
mod file;

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use crate::{
    ColumnEncoding, Dataset, Features, LoadParams, Reading, Scalar, Targets,
    error::{DataError, Result, check_index, reserve},
};
use file::{Contents, Writer};

/// The rows of a table of text as numbers in a file, so that they need not be in memory together.
///
/// The first opening converts: one pass over the text finds the same encoding of the columns as [`load`](crate::load), from every row, and a second
/// one writes the rows, in single precision, in blocks of about a megabyte with a checksum each. A later opening finds the file, and takes it if
/// the text has the path, the size and the time of change that it had, and is read by the same parameters; else it is made anew. The file takes its
/// name when it is complete, so one whose making was interrupted is never read.
///
/// Numbers that are missing are NaN, and columns of very many categories have one feature, the place of the category, as
/// [`load`](crate::load) gives them before [`Dataset::learn_columns`].
///
/// # Memory
/// Some blocks of text of 8 MB with their rows, distinct cells as [`LoadParams`] says, and 100 bytes a block; all of it whatever the size of
/// the text.
///
/// ```
/// use tiam_data::{LoadParams, RowStore};
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("points.csv");
/// std::fs::write(&path, "x,kind\n1.5,a\n2.5,b\n3.5,b\n")?;
/// let rows = RowStore::open(&[path], &LoadParams::default(), None)?;
/// let parts = rows.deal::<f64>(&[0], 2, |row| Some(usize::from(row == 1)))?;
/// assert_eq!(parts[0].features().values(), [1.5, 3.5]);
/// assert_eq!(parts[1].labels(), Some(&[1][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RowStore {
    path: PathBuf,
    file: Mutex<File>,
    contents: Contents,
    /// The number of the first row of each block.
    first_rows: Vec<u64>,
    made_because: Option<&'static str>,
}

impl RowStore {
    /// What the file's name ends with, after that of the first file of text.
    pub const EXTENSION: &'static str = "tiam-rows";

    /// Finds the rows of texts in a file, in this folder or else beside the first text; converts the texts where there is none, or one of other texts
    /// or other parameters.
    ///
    /// # Errors
    /// As [`load`](crate::load) about the text; [`DataError::Malformed`] for a file that is damaged, for what is no UTF-8 text, or while another
    /// process converts the same; [`DataError::InvalidParameter`] for sample weights, which are not kept; [`DataError::Io`].
    pub fn open(paths: &[PathBuf], params: &LoadParams, folder: Option<&Path>) -> Result<Self> {
        params.check()?;
        if let Some(column) = &params.table.sample_weights {
            return Err(DataError::parameter(
                "sample_weights",
                column,
                "none where rows are streamed",
            ));
        }
        let path = path_of(paths, folder)?;
        let sources = convert::marks(paths)?;
        // Neither the number of threads nor limits change what is read.
        let read_by = format!(
            "{:?}, {:?}, {:?}",
            params.format, params.text_encoding, params.table
        );
        let made_because = match file::open(&path)? {
            None => "there was none",
            Some((_, found)) if found.sources != sources => "the data have changed",
            Some((_, found)) if found.read_by != read_by => "the data are read otherwise",
            Some(found) => return Ok(Self::new(path, found, None)),
        };
        let create = |folder: &Path| {
            std::fs::create_dir_all(folder).map_err(|source| {
                let path = folder.to_owned();
                DataError::Io { path, source }
            })
        };
        folder.map_or(Ok(()), create)?;
        let writer = Writer::new(&path)?;
        convert::convert((paths, sources), params, read_by, writer)?;
        let made = file::open(&path)?;
        let gone = || DataError::io(&path, std::io::ErrorKind::NotFound.into());
        let made = made.ok_or_else(gone)?;
        Ok(Self::new(path, made, Some(made_because)))
    }

    fn new(
        path: PathBuf,
        (file, contents): (File, Contents),
        because: Option<&'static str>,
    ) -> Self {
        let mut n = 0;
        let first = |block: &file::Block| {
            n += block.n_rows as u64;
            n - block.n_rows as u64
        };
        Self {
            first_rows: contents.blocks.iter().map(first).collect(),
            path,
            file: Mutex::new(file),
            contents,
            made_because: because,
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Why the texts were converted when this was opened; none where the file was there.
    pub fn made_because(&self) -> Option<&'static str> {
        self.made_because
    }

    /// Number of rows.
    pub fn n_rows(&self) -> u64 {
        let last = self.first_rows.last().zip(self.contents.blocks.last());
        last.map_or(0, |(first, block)| first + block.n_rows as u64)
    }

    /// Number of blocks.
    pub fn n_blocks(&self) -> usize {
        self.contents.blocks.len()
    }

    /// The numbers of a block's rows; none where there is no such block.
    pub fn rows_of(&self, block: usize) -> std::ops::Range<u64> {
        let found = self
            .first_rows
            .get(block)
            .zip(self.contents.blocks.get(block));
        found.map_or(0..0, |(first, block)| *first..first + block.n_rows as u64)
    }

    /// The encoding of the columns, found from all rows.
    pub fn encoding(&self) -> &ColumnEncoding {
        &self.contents.encoding
    }

    /// What was met when the text was read.
    pub fn reading(&self) -> &Reading {
        &self.contents.reading
    }

    /// Reads blocks and deals their rows out to so many data sets: `part` tells of the number of a row the data set it belongs to, or none.
    ///
    /// # Errors
    /// [`DataError::Malformed`] for a block whose checksum does not hold, [`DataError::IndexOutOfRange`] for one that is not there;
    /// [`DataError::Io`], [`DataError::OutOfMemory`].
    pub fn deal<T: Scalar>(
        &self,
        blocks: &[usize],
        n_parts: usize,
        part: impl Fn(u64) -> Option<usize>,
    ) -> Result<Vec<Dataset<T>>> {
        let (width, n_answers) = (self.encoding().n_features(), self.contents.n_answers);
        let mut parts = vec![(Vec::new(), Vec::new()); n_parts];
        if let [(features, _)] = &mut parts[..] {
            let known = blocks.iter().filter_map(|at| self.contents.blocks.get(*at));
            let n: usize = known.map(|block| block.n_rows).sum();
            *features = reserve(n.saturating_mul(width), "a pool of rows")?;
        }
        let (mut features, mut answers) = (Vec::new(), Vec::new());
        for &at in blocks {
            check_index("block", at, self.n_blocks())?;
            let block = &self.contents.blocks[at];
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            let from = (self.path.as_path(), &mut *file);
            file::read(from, &self.contents, block, &mut features, &mut answers)?;
            drop(file);
            let rows = features
                .chunks_exact(width)
                .zip(answers.chunks(n_answers.max(1)));
            for (row, (features, answers)) in self.rows_of(at).zip(rows) {
                if let Some((all, labels)) = part(row).and_then(|part| parts.get_mut(part)) {
                    all.extend(features.iter().map(|x| T::from_f64(f64::from(*x))));
                    labels.extend_from_slice(answers);
                }
            }
        }
        let dataset = |(features, answers)| self.dataset(features, answers);
        parts.into_iter().map(dataset).collect()
    }

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the number of a class"
    )]
    fn dataset<T: Scalar>(&self, features: Vec<T>, answers: Vec<f32>) -> Result<Dataset<T>> {
        let (encoding, k) = (self.encoding(), self.contents.n_answers);
        let n = features.len() / encoding.n_features().max(1);
        let features = Features::new(n, encoding.n_features(), features)?;
        let targets = match encoding.class_names() {
            Some(names) => Targets::Classes {
                labels: answers.iter().map(|class| *class as u32).collect(),
                names: names.to_vec(),
            },
            None if k == 0 => Targets::Absent,
            None => {
                let values = answers.iter().map(|x| T::from_f64(f64::from(*x)));
                Targets::Values(Features::new(n, k, values.collect())?)
            }
        };
        let data = Dataset::with_gaps(features, targets)?;
        let data = data.with_source(format!("table {}", self.path.display()));
        Ok(data
            .with_feature_names(encoding.feature_names())?
            .with_encoding(encoding.clone())
            .with_reading(self.contents.reading.clone().into()))
    }
}

/// Where the rows of these texts are.
fn path_of(paths: &[PathBuf], folder: Option<&Path>) -> Result<PathBuf> {
    let Some((first, name)) = paths
        .first()
        .and_then(|path| Some((path, path.file_name()?)))
    else {
        return Err(DataError::parameter("paths", "none", "at least one file"));
    };
    let mut name = name.to_owned();
    name.push(".");
    name.push(RowStore::EXTENSION);
    Ok(folder.map_or_else(|| first.with_file_name(&name), |folder| folder.join(&name)))
}
