//! Reader of CSV and TSV tables.
//!
//! Two passes run over the text in memory: [`survey`] finds the kind of each column, [`encode`] turns cells into numbers.
//! A later file is read with a stored encoding by the same second pass. Where the text has no quotes, both passes run on
//! several threads over [`pieces`] of it; neither the result nor the errors depend on the number of threads.

mod cell;
mod column;
mod encode;
mod encoding;
mod params;
mod pieces;
mod records;
mod row;
mod sniff;
mod survey;

pub use encoding::{ColumnEncoding, ColumnKind, ColumnSpec};
pub use params::{
    ColumnRef, DEFAULT_MAX_CATEGORIES, Header, LabelColumn, MAX_AUTO_CLASSES, MAX_MIXED_CATEGORIES,
    TableParams, Task,
};

use crate::{
    Dataset, Real,
    error::{DataError, Result},
    source::Source,
};
use cell::{Places, Positions, positions};
use encode::{Encoded, Encoder};
use records::{Row, Rows};
pub use row::{AsCell, Cell, RowEncoder};

/// Reads a table and finds its encoding.
pub(crate) fn load_table<T: Real>(
    source: &Source,
    params: &TableParams,
    threads: usize,
) -> Result<Dataset<T>> {
    params.check()?;
    let path = source.path.as_path();
    let text = source.read_all()?;
    let mut rows = start(&text, source, params)?;
    let has_header = sniff::has_header(rows.clone(), params.header)?;
    let first = first_row(rows.clone(), source)?;
    let names = if has_header {
        rows.next(&mut Row::default())?;
        sniff::header_names(&first, path)?
    } else {
        sniff::position_names(first.cells.len())
    };
    let places = Places {
        path,
        names: &names,
    };
    let roles = survey::roles(&names, params, &places, first.line)?;
    let pieces = pieces::pieces(&rows, threads);
    let survey = survey::Survey {
        source,
        roles: &roles,
        params,
        places: &places,
    };
    let (encoding, n_rows) = survey.run(&pieces, threads, has_header)?;
    let columns = (0..names.len()).map(Some).collect();
    let row_encoder = RowEncoder::new(encoding)?;
    let encoder = Encoder::new(&row_encoder, columns, &places);
    let encoded = encoder.read(pieces, Some(n_rows), threads, source)?;
    finish(encoded, row_encoder.into_encoding(), source)
}

/// Reads a table by an encoding made from another one.
pub(crate) fn load_encoded<T: Real>(
    source: &Source,
    encoding: &ColumnEncoding,
    params: &TableParams,
    threads: usize,
) -> Result<Dataset<T>> {
    params.check()?;
    let path = source.path.as_path();
    let text = source.read_all()?;
    let mut rows = start(&text, source, params)?;
    let first = first_row(rows.clone(), source)?;
    let known = positions(encoding.columns().iter().map(|c| &c.name));
    let names_a_column = || first.cells.iter().any(|cell| known.contains_key(&cell[..]));
    let has_header = match params.header {
        Header::Auto if encoding.has_header() && names_a_column() => true,
        header => sniff::has_header(rows.clone(), header)?,
    };
    let names = if has_header {
        rows.next(&mut Row::default())?;
        sniff::header_names(&first, path)?
    } else {
        encoding.names_for(first.cells.len())
    };
    let places = Places {
        path,
        names: &names,
    };
    let mut columns = if has_header && encoding.has_header() {
        by_name(encoding, &known, &places, first.line)?
    } else {
        by_position(encoding, &first, rows.delimiter(), &places)?
    };
    if params.label == LabelColumn::None {
        // Columns used only for training are not read.
        let learnt_from = |i: usize| {
            let kind = &encoding.columns()[i].kind;
            kind.is_label() || *kind == ColumnKind::SampleWeight
        };
        for column in &mut columns {
            *column = column.filter(|&i| !learnt_from(i));
        }
    }
    let pieces = pieces::pieces(&rows, threads);
    let row_encoder = RowEncoder::new(encoding.clone())?;
    let encoder = Encoder::new(&row_encoder, columns, &places);
    let encoded = encoder.read(pieces, None, threads, source)?;
    finish(encoded, row_encoder.into_encoding(), source)
}

fn start<'a>(text: &'a [u8], source: &'a Source, params: &TableParams) -> Result<Rows<'a>> {
    let delimiter = match params.delimiter {
        Some(delimiter) => delimiter,
        None => sniff::delimiter(text, source)?,
    };
    Ok(Rows::new(text, delimiter, &source.path).limited(source))
}

fn first_row<'a>(mut rows: Rows<'a>, source: &Source) -> Result<Row<'a>> {
    let mut row = Row::default();
    if rows.next(&mut row)? {
        return Ok(row);
    }
    Err(DataError::TableEmpty {
        path: source.path.clone(),
        reason: "the file holds no rows",
    })
}

/// For each column of the file the column of the encoding with that name.
fn by_name(
    encoding: &ColumnEncoding,
    known: &Positions<'_>,
    places: &Places<'_>,
    line: u64,
) -> Result<Vec<Option<usize>>> {
    let found = positions(places.names.iter());
    if let Some(absent) = encoding
        .columns()
        .iter()
        .find(|c| c.kind.width() > 0 && !found.contains_key(c.name.as_bytes()))
    {
        return Err(DataError::UnknownColumn {
            path: places.path.to_path_buf(),
            line,
            column: format!("{:?}", absent.name),
            available: cell::list(places.names),
        });
    }
    Ok(places
        .names
        .iter()
        .map(|name| known.get(name.as_bytes()).copied())
        .collect())
}

/// All columns in order, or all but the label.
fn by_position(
    encoding: &ColumnEncoding,
    first: &Row<'_>,
    delimiter: u8,
    places: &Places<'_>,
) -> Result<Vec<Option<usize>>> {
    let n = encoding.columns().len();
    match encoding.label_column() {
        Some(label) if first.cells.len() + 1 == n => {
            Ok((0..n).filter(|&i| i != label).map(Some).collect())
        }
        _ => {
            survey::check_width(first, n, delimiter, places)?;
            Ok((0..n).map(Some).collect())
        }
    }
}

fn finish<T: Real>(
    encoded: Encoded<T>,
    encoding: ColumnEncoding,
    source: &Source,
) -> Result<Dataset<T>> {
    source.check("the names of the features", encoding.feature_names_bytes())?;
    let data = Dataset::new(encoded.features, encoded.targets)?
        .with_feature_names(encoding.feature_names())?;
    let data = match encoded.weights {
        Some(weights) => data.with_sample_weights(weights)?,
        None => data,
    };
    Ok(data
        .with_source(format!("table {}", source.path.display()))
        .with_encoding(encoding))
}
