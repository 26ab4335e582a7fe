//! Tables: rows of cells from a reader of any format become features and targets.
//!
//! Two passes run over the rows: [`survey`] finds the kind of each column, [`encode`] turns cells into numbers. A later
//! file is read with a stored encoding by the second pass alone, and a single row by the same [`RowEncoder`]. Both
//! passes run on several threads over the pieces that the reader makes; neither the result nor the errors depend on
//! the number of threads.

mod cell;
mod codes;
mod column;
mod dates;
mod decide;
mod encode;
mod encoder;
mod encoding;
mod memory;
pub(crate) mod parallel;
mod params;
mod reading;
mod roles;
mod survey;
mod written;

pub use cell::{AsCell, Cell, missing_texts};
pub use codes::Codes;
pub use column::Decimal;
pub use encoder::RowEncoder;
pub use encoding::{Categories, ColumnEncoding, ColumnKind, ColumnSpec, Dates, Gaps, Numbers};
pub use memory::{Cells, MemoryColumn};
pub use params::{
    ColumnRef, DEFAULT_MAX_CATEGORIES, Header, LabelColumn, MAX_AUTO_CLASSES, MAX_CODED_CATEGORIES,
    MAX_MIXED_CATEGORIES, MissingCells, TableParams, Task,
};
pub use reading::Reading;
pub use written::Written;

use std::{borrow::Cow, path::Path, sync::Arc};

use crate::{
    Dataset, LoadParams, Scalar,
    error::{DataError, Place, Result},
    source::Source,
};
pub(crate) use cell::{CellKind, FILE_SHIFT, Places, kind, positions};
use encode::Encode;
use encoder::Met;
pub(crate) use survey::{Found, Survey, Surveyed};

/// One row.
#[derive(Debug, Default)]
pub(crate) struct Row<'a> {
    /// Line on which it begins, from 1.
    pub(crate) line: u64,
    /// Its cells, trimmed.
    pub(crate) cells: Vec<Cow<'a, [u8]>>,
}

/// Rows one after the other, as the reader of a format gives them. A clone reads the same rows again.
pub(crate) trait Rows<'a>: Clone + Send + Sync {
    /// Replaces `row` by the next one; false at the end.
    fn next(&mut self, row: &mut Row<'a>) -> Result<bool>;

    /// The same rows in pieces, which several threads may read at a time.
    fn pieces(&self, _threads: usize) -> Vec<Self> {
        vec![self.clone()]
    }
}

/// A table as the reader of a format gives it.
pub(crate) struct Sheet<'a, R> {
    pub(crate) source: &'a Source,
    /// Names of the columns.
    pub(crate) names: Vec<String>,
    /// Whether the file gives the names.
    pub(crate) has_header: bool,
    /// Line of the header, or of the first row where there is none.
    pub(crate) first_line: u64,
    /// Cells of that line.
    pub(crate) first_width: usize,
    /// What separates cells, in a text.
    pub(crate) delimiter: Option<char>,
    /// For each column whether the file says that it holds categories; empty where files say nothing of the kind.
    pub(crate) declared_categorical: Vec<bool>,
    /// How the file was understood, where that is not plain.
    pub(crate) notes: Vec<String>,
    /// The files of the rows, where there are several: a row has the number of its file in its line, see [`FILE_SHIFT`].
    pub(crate) files: Vec<&'a Path>,
    /// The rows below the header.
    pub(crate) rows: R,
}

impl<'a, R> Sheet<'a, R> {
    /// The same with other rows.
    pub(crate) fn with_rows<S>(self, rows: impl FnOnce(R) -> S) -> Sheet<'a, S> {
        Sheet {
            source: self.source,
            names: self.names,
            has_header: self.has_header,
            first_line: self.first_line,
            first_width: self.first_width,
            delimiter: self.delimiter,
            declared_categorical: self.declared_categorical,
            notes: self.notes,
            files: self.files,
            rows: rows(self.rows),
        }
    }

    fn places(&self) -> Places<'_> {
        Places {
            path: &self.source.path,
            files: &self.files,
            names: &self.names,
        }
    }

    fn is_categorical(&self, column: usize) -> bool {
        self.declared_categorical
            .get(column)
            .copied()
            .unwrap_or_default()
    }

    /// The error about a line, or about the whole file.
    fn malformed(&self, place: Place, reason: impl Into<String>) -> DataError {
        let (path, place) = match place {
            Place::Line(line) => {
                let (path, line) = self.places().find(line);
                (path, Place::Line(line))
            }
            other => (self.source.path.as_path(), other),
        };
        DataError::malformed(path, place, reason)
    }

    fn check_width(&self, line: u64, expected: usize, actual: usize) -> Result<()> {
        if actual == expected {
            return Ok(());
        }
        let delimiter = self.delimiter.map(|d| format!(" (delimiter {d:?})"));
        let delimiter = delimiter.unwrap_or_default();
        let reason = format!("{actual} cells where {expected} were expected{delimiter}");
        Err(self.malformed(Place::Line(line), reason))
    }

    /// The position of a column that must be there.
    fn find(&self, column: &ColumnRef) -> Result<usize> {
        let found = column.find(&positions(self.names.iter()));
        found.ok_or_else(|| self.unknown_column(column))
    }

    fn unknown_column(&self, column: &ColumnRef) -> DataError {
        let available = cell::list(&self.names);
        let reason = format!("there is no column {column}; the columns are {available}");
        self.malformed(Place::Line(self.first_line), reason)
    }
}

/// Names to show for the columns of a file without header: those of the encoding if it has as many, else `c0`, `c1`, ...
pub(crate) fn position_names(width: usize, encoding: Option<&ColumnEncoding>) -> Vec<String> {
    match encoding {
        Some(encoding) if encoding.columns().len() == width => {
            (encoding.columns().iter().map(|c| c.name.clone())).collect()
        }
        _ => (0..width).map(|column| format!("c{column}")).collect(),
    }
}

/// Reads a table: by the encoding of an earlier one, or else by the encoding found here.
pub(crate) fn read<'a, T: Scalar, R: Rows<'a>>(
    sheet: &Sheet<'a, R>,
    params: &LoadParams,
    known: Option<&ColumnEncoding>,
) -> Result<Dataset<T>> {
    let threads = params.threads;
    let pieces = sheet.rows.pieces(threads);
    let (encoding, columns, surveyed) = match known {
        None => {
            let found = survey::survey(sheet, &pieces, &params.table, threads)?;
            let columns = (0..sheet.names.len()).map(Some).collect();
            (found.encoding, columns, Some((found.n_rows, found.reading)))
        }
        Some(encoding) => {
            let columns = columns_of(encoding, sheet, &params.table.label)?;
            (encoding.clone(), columns, None)
        }
    };
    let encoder = RowEncoder::new(encoding)?;
    let row_names = params.table.row_names.as_ref();
    let how = Encode {
        encoder: &encoder,
        columns: &columns,
        own: known.is_none(),
        params: &params.table,
        row_names: row_names.map(|column| sheet.find(column)).transpose()?,
    };
    let (n_rows, surveyed) = match surveyed {
        Some((n_rows, reading)) => (n_rows, Some(reading)),
        None => {
            let pieces = pieces.iter().collect();
            (
                parallel::map(pieces, threads, |rows| Ok(how.count(rows)))?,
                None,
            )
        }
    };
    let (data, met) = encode::encode(sheet, pieces, &n_rows, how, threads)?;
    let reading = surveyed.unwrap_or(Reading {
        notes: sheet.notes.clone(),
        ..met
    });
    let (encoding, source) = (encoder.into_encoding(), sheet.source);
    source.check("the names of the features", encoding.feature_names_bytes())?;
    Ok(data
        .with_feature_names(encoding.feature_names())?
        .with_source(format!("table {}", source.path.display()))
        .with_encoding(encoding)
        .with_reading(Arc::new(reading)))
}

/// Encodes some rows of a table whose encoding was found from all of its rows; none where they are all left out.
pub(crate) fn read_some<'a, T: Scalar, R: Rows<'a>>(
    sheet: &Sheet<'a, R>,
    params: &LoadParams,
    encoder: &RowEncoder,
) -> Result<Option<Dataset<T>>> {
    let columns: Vec<_> = (0..sheet.names.len()).map(Some).collect();
    let how = Encode {
        encoder,
        columns: &columns,
        own: true,
        params: &params.table,
        row_names: None,
    };
    let pieces = sheet.rows.pieces(params.threads);
    let n_rows = parallel::map(pieces.iter().collect(), params.threads, |rows| {
        Ok(how.count(rows))
    })?;
    if n_rows.iter().all(|n| *n == 0) {
        return Ok(None);
    }
    let (data, _) = encode::encode(sheet, pieces, &n_rows, how, params.threads)?;
    Ok(Some(data))
}

/// For each column of the file the column of the encoding that it is, or `None` for one that is not read.
fn columns_of<R>(
    encoding: &ColumnEncoding,
    sheet: &Sheet<'_, R>,
    label: &LabelColumn,
) -> Result<Vec<Option<usize>>> {
    let mut columns = if sheet.has_header && encoding.has_header() {
        by_name(encoding, sheet)?
    } else {
        by_position(encoding, sheet)?
    };
    if *label == LabelColumn::None {
        let is_input = |i: usize| encoding.columns()[i].kind.width() > 0;
        for column in &mut columns {
            *column = column.filter(|&i| is_input(i));
        }
    }
    Ok(columns)
}

fn by_name<R>(encoding: &ColumnEncoding, sheet: &Sheet<'_, R>) -> Result<Vec<Option<usize>>> {
    let found = positions(sheet.names.iter());
    let absent = |c: &&ColumnSpec| c.kind.width() > 0 && !found.contains_key(c.name.as_bytes());
    if let Some(absent) = encoding.columns().iter().find(absent) {
        return Err(sheet.unknown_column(&ColumnRef::Name(absent.name.clone())));
    }
    let known = positions(encoding.columns().iter().map(|c| &c.name));
    let of = |name: &String| known.get(name.as_bytes()).copied();
    Ok(sheet.names.iter().map(of).collect())
}

/// All columns in order, or all but the labels.
fn by_position<R>(encoding: &ColumnEncoding, sheet: &Sheet<'_, R>) -> Result<Vec<Option<usize>>> {
    let (n, width) = (encoding.columns().len(), sheet.first_width);
    let labels: Vec<usize> = encoding.label_columns().collect();
    let unlabelled = width + labels.len() == n;
    if !unlabelled {
        sheet.check_width(sheet.first_line, n, width)?;
    }
    let is_there = |i: &usize| !unlabelled || !labels.contains(i);
    Ok((0..n).filter(is_there).map(Some).collect())
}
