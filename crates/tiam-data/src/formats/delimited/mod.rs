//! Reader of delimited text: CSV, TSV and their relatives.

mod records;
mod sniff;

use std::borrow::Cow;

use super::{
    Head, Reader,
    chain::{self, Tabular},
};
use crate::{
    ColumnEncoding, Dataset, Header, LoadParams, Scalar, TableParams,
    error::{DataError, Place, Result},
    source::Source,
    table::{self, Row, Rows, Sheet},
};
use records::Records;

/// Text with a row a line.
pub(super) struct Delimited;

impl Reader for Delimited {
    const KNOWN_AS: &'static str = "CSV/TSV text (plain or gzip)";
    const HAS_COLUMNS: bool = true;

    /// Anything without a zero byte.
    fn recognises(head: &Head) -> bool {
        !head.text.contains(&0)
    }

    fn read<T: Scalar>(
        sources: &[Source],
        params: &LoadParams,
        encoding: Option<&ColumnEncoding>,
    ) -> Result<Dataset<T>> {
        chain::read::<Self, T>(sources, params, encoding)
    }
}

impl Tabular for Delimited {
    type Content<'s> = Cow<'s, [u8]>;
    type Rows<'a> = Records<'a>;

    fn open<'s>(
        source: &'s Source,
        _: &LoadParams,
        _: Option<&ColumnEncoding>,
    ) -> Result<Cow<'s, [u8]>> {
        let (text, _encoding) = source.read_text()?;
        Ok(text)
    }

    fn sheet<'a, 's: 'a>(
        text: &'a Cow<'s, [u8]>,
        source: &'a Source,
        params: &LoadParams,
        encoding: Option<&ColumnEncoding>,
    ) -> Result<Sheet<'a, Records<'a>>> {
        sheet(text, source, &params.table, encoding)
    }
}

/// Finds delimiter and header.
fn sheet<'a>(
    text: &'a [u8],
    source: &'a Source,
    params: &TableParams,
    encoding: Option<&ColumnEncoding>,
) -> Result<Sheet<'a, Records<'a>>> {
    let delimiter = match params.delimiter {
        Some(delimiter) => delimiter,
        None => sniff::delimiter(text, source)?,
    };
    let mut rows = Records::new(text, delimiter, source);
    let mut first = Row::default();
    if !rows.clone().next(&mut first)? {
        let reason = "the file holds no rows";
        return Err(DataError::malformed(&source.path, Place::Whole, reason));
    }
    let names_a_column = |encoding: &ColumnEncoding| {
        let known = table::positions(encoding.columns().iter().map(|c| &c.name));
        encoding.has_header() && first.cells.iter().any(|cell| known.contains_key(&cell[..]))
    };
    let has_header = match params.header {
        Header::Auto if encoding.is_some_and(names_a_column) => true,
        header => sniff::has_header(rows.clone(), header)?,
    };
    let names = if has_header {
        rows.next(&mut Row::default())?;
        sniff::header_names(&first, &source.path)?
    } else {
        table::position_names(first.cells.len(), encoding)
    };
    Ok(Sheet {
        source,
        names,
        has_header,
        first_line: first.line,
        first_width: first.cells.len(),
        delimiter: Some(char::from(delimiter)),
        declared_categorical: Vec::new(),
        files: Vec::new(),
        rows,
    })
}
