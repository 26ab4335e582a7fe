//! Tables of one file or of several, whose rows follow one another.

use std::borrow::Cow;
use std::path::Path;

use super::delimited::{Blocks, Records};
use super::grid::{Grid, GridRows};
use crate::{
    ColumnEncoding, Dataset, Header, LoadParams, Scalar, Split,
    error::{DataError, Place, Result},
    source::Source,
    table::{self, FILE_SHIFT, Row, Rows, Sheet},
};

/// A format of rows and columns.
pub(super) trait Tabular {
    /// What is read of a file: its text, or its cells.
    type Content<'s>;
    /// The rows of a content.
    type Rows<'a>: Rows<'a>;

    /// Reads a file.
    fn open<'s>(
        source: &'s Source,
        params: &LoadParams,
        encoding: Option<&ColumnEncoding>,
    ) -> Result<Self::Content<'s>>;

    /// Makes the columns of several files the same, where the format allows a file to leave out columns.
    fn align(_: &mut [Self::Content<'_>]) -> Result<()> {
        Ok(())
    }

    /// The table that a content is.
    fn sheet<'a, 's: 'a>(
        content: &'a Self::Content<'s>,
        source: &'a Source,
        params: &LoadParams,
        encoding: Option<&ColumnEncoding>,
    ) -> Result<Sheet<'a, Self::Rows<'a>>>;

    /// The parameters by which the format's tables are read.
    fn params(params: &LoadParams) -> Cow<'_, LoadParams> {
        Cow::Borrowed(params)
    }

    /// Adds what the contents say beside their cells.
    fn finish<T: Scalar>(data: Dataset<T>, _: &[Self::Content<'_>]) -> Result<Dataset<T>> {
        Ok(data)
    }
}

/// A format whose cells are read into a grid.
pub(super) trait Gridded {
    /// Reads a file.
    fn grid<'s>(
        source: &'s Source,
        params: &LoadParams,
        encoding: Option<&ColumnEncoding>,
    ) -> Result<Grid<'s>>;

    /// Whether a file may leave out columns that another one has.
    const MAY_LACK_COLUMNS: bool = false;

    /// As [`Tabular::params`].
    fn params(params: &LoadParams) -> Cow<'_, LoadParams> {
        Cow::Borrowed(params)
    }
}

impl<G: Gridded> Tabular for G {
    type Content<'s> = Grid<'s>;
    type Rows<'a> = GridRows<'a>;

    fn open<'s>(
        source: &'s Source,
        params: &LoadParams,
        encoding: Option<&ColumnEncoding>,
    ) -> Result<Grid<'s>> {
        G::grid(source, params, encoding)
    }

    fn align(grids: &mut [Grid<'_>]) -> Result<()> {
        if G::MAY_LACK_COLUMNS
            && let Some((first, others)) = grids.split_first_mut()
        {
            others.iter().try_for_each(|other| first.align(other))?;
            let names = first.names();
            for other in others {
                other.align(first)?;
                other.sort_columns(&names);
            }
        }
        Ok(())
    }

    fn sheet<'a, 's: 'a>(
        grid: &'a Grid<'s>,
        _: &'a Source,
        _: &LoadParams,
        encoding: Option<&ColumnEncoding>,
    ) -> Result<Sheet<'a, GridRows<'a>>> {
        grid.sheet(encoding)
    }

    fn params(params: &LoadParams) -> Cow<'_, LoadParams> {
        G::params(params)
    }

    fn finish<T: Scalar>(mut data: Dataset<T>, grids: &[Grid<'_>]) -> Result<Dataset<T>> {
        if let [only] = grids
            && !only.words.is_empty()
        {
            let words = format!("{}, {}", data.source(), only.words);
            data = data.with_source(words);
        }
        if grids.iter().all(|grid| grid.n_train.is_none()) {
            return Ok(data);
        }
        let (mut train, mut test, mut at) = (Vec::new(), Vec::new(), 0);
        for grid in grids {
            let (n_train, end) = (grid.n_train.unwrap_or(grid.n_rows()), at + grid.n_rows());
            train.extend(at..at + n_train);
            test.extend(at + n_train..end);
            at = end;
        }
        data.with_split(Split::new(train, Vec::new(), test)?)
    }
}

/// Reads the table that files of one format hold together.
pub(super) fn read<F: Tabular, T: Scalar>(
    sources: &[Source],
    params: &LoadParams,
    encoding: Option<&ColumnEncoding>,
) -> Result<Dataset<T>> {
    let params = &*F::params(params);
    let open = |source| F::open(source, params, encoding);
    let mut contents = sources.iter().map(open).collect::<Result<Vec<_>>>()?;
    if contents.len() > 1 {
        F::align(&mut contents)?;
    }
    let mut sheets: Vec<Sheet<'_, _>> = Vec::with_capacity(sources.len());
    let mut later = params.clone();
    for (content, source) in contents.iter().zip(sources) {
        let params = if sheets.is_empty() { params } else { &later };
        let sheet = F::sheet(content, source, params, encoding)?;
        later.table.header = header(sheet.has_header);
        sheets.push(sheet);
    }
    let data = if let [only] = &sheets[..] {
        table::read(only, params, encoding)?
    } else {
        let whole = Source::joined(sources);
        let names = sources
            .iter()
            .map(|source| source.path.display().to_string());
        let words = format!("tables {}", names.collect::<Vec<_>>().join(", "));
        table::read(&chained(sheets, &whole)?, params, encoding)?.with_source(words)
    };
    F::finish(data, &contents)
}

/// Hands over the rows of texts that are one table, some of them at a time, `size` bytes of text or one row. Returns the table without its rows.
pub(crate) fn for_each_sheet<'s>(
    (sources, whole): (&'s [Source], &'s Source),
    params: &LoadParams,
    size: usize,
    each: &mut dyn FnMut(&Sheet<'_, Chain<Records<'_>>>) -> Result<()>,
) -> Result<Sheet<'s, ()>> {
    let files: Vec<_> = sources.iter().map(|source| source.path.as_path()).collect();
    let mut params = params.clone();
    let mut table: Option<Sheet<'s, ()>> = None;
    for (file, source) in (0..).zip(sources) {
        let mut blocks = Blocks::new(source, &params, None, size)?;
        let heading = blocks.heading();
        match &table {
            None => {
                params.table.header = header(heading.has_header);
                table = Some(Sheet {
                    source: whole,
                    files: files.clone(),
                    ..heading
                });
            }
            Some(first) => check_same((first.has_header, &first.names), files[0], &heading)?,
        }
        while let Some(sheet) = blocks.next()? {
            let mut sheet = sheet.with_rows(|rows| Chain {
                parts: vec![(file, rows)],
                at: 0,
            });
            sheet.files.clone_from(&files);
            each(&sheet)?;
        }
    }
    table.ok_or_else(|| DataError::parameter("paths", "none", "at least one file"))
}

/// Later files have a header if the first has one, even above no rows.
fn header(first_has_one: bool) -> Header {
    match first_has_one {
        true => Header::Yes,
        false => Header::No,
    }
}

/// The rows of several tables, one after the other.
#[derive(Clone)]
pub(crate) struct Chain<R> {
    /// The number of the file and its rows, for each part.
    parts: Vec<(u64, R)>,
    at: usize,
}

impl Chain<Records<'_>> {
    /// Bytes of text.
    pub(crate) fn n_bytes(&self) -> usize {
        self.parts.iter().map(|(_, rows)| rows.text().len()).sum()
    }
}

impl<'a, R: Rows<'a>> Rows<'a> for Chain<R> {
    fn next(&mut self, row: &mut Row<'a>) -> Result<bool> {
        while let Some((file, rows)) = self.parts.get_mut(self.at) {
            if rows.next(row)? {
                row.line |= *file << FILE_SHIFT;
                return Ok(true);
            }
            self.at += 1;
        }
        Ok(false)
    }

    fn pieces(&self, threads: usize) -> Vec<Self> {
        let piece = |file, rows| Self {
            parts: vec![(file, rows)],
            at: 0,
        };
        let parts = self.parts.iter();
        parts
            .flat_map(|(file, rows)| {
                rows.pieces(threads)
                    .into_iter()
                    .map(|rows| piece(*file, rows))
            })
            .collect()
    }
}

/// One table of several, whose columns must be the same.
fn chained<'a, R>(sheets: Vec<Sheet<'a, R>>, whole: &'a Source) -> Result<Sheet<'a, Chain<R>>> {
    let mut sheets = (0..).zip(sheets);
    let Some((_, first)) = sheets.next() else {
        return Err(DataError::parameter("paths", "none", "at least one file"));
    };
    let mut files = vec![first.source.path.as_path()];
    let mut parts = vec![(0, first.rows)];
    for (file, sheet) in sheets {
        check_same((first.has_header, &first.names), files[0], &sheet)?;
        files.push(&sheet.source.path);
        parts.push((file, sheet.rows));
    }
    Ok(Sheet {
        source: whole,
        names: first.names,
        has_header: first.has_header,
        first_line: first.first_line,
        first_width: first.first_width,
        delimiter: first.delimiter,
        declared_categorical: first.declared_categorical,
        files,
        notes: first.notes,
        rows: Chain { parts, at: 0 },
    })
}

/// Refuses a table whose columns are not those of the first file.
fn check_same<R>(first: (bool, &[String]), path: &Path, sheet: &Sheet<'_, R>) -> Result<()> {
    let Some(reason) = difference(first, (sheet.has_header, &sheet.names)) else {
        return Ok(());
    };
    let reason = format!(
        "{reason} in {}; all files need the same columns",
        path.display()
    );
    Err(DataError::malformed(
        &sheet.source.path,
        Place::Line(sheet.first_line),
        reason,
    ))
}

/// What differs first between two headers, those of the first and of another file.
fn difference(first: (bool, &[String]), other: (bool, &[String])) -> Option<String> {
    if first.0 != other.0 {
        return Some(
            if other.0 {
                "there is a header, but none"
            } else {
                "there is no header, but one"
            }
            .to_owned(),
        );
    }
    let (n, found) = (first.1.len(), other.1.len());
    if n != found {
        return Some(format!("there are {found} columns, but {n}"));
    }
    let at = first.1.iter().zip(other.1).position(|(a, b)| a != b)?;
    Some(format!(
        "column {at} is {:?}, but {:?}",
        other.1[at], first.1[at]
    ))
}
