//! Detection of the delimiter and the header.

use std::{collections::HashSet, path::Path};

use super::records::Records;
use crate::{
    Header,
    error::{CellFault, DataError, Place, Result},
    source::Source,
    table::{CellKind, Places, Row, Rows, kind},
};

/// In order of preference where several fit: a comma may be a decimal comma, a tab hardly occurs inside a cell.
const DELIMITERS: [u8; 3] = [b'\t', b';', b','];
/// Rows looked at.
const SAMPLE_ROWS: usize = 100;

/// The delimiter that cuts the first rows into equally many cells, more than one; failing that the one that cuts the
/// first row into most.
pub(super) fn delimiter(text: &[u8], source: &Source) -> Result<u8> {
    let mut best = (0, b',');
    for delimiter in DELIMITERS {
        let widths = widths(Records::new(text, delimiter, source))?;
        let first = widths.first().copied().unwrap_or(0);
        if first > 1 && widths.iter().all(|&width| width == first) {
            return Ok(delimiter);
        }
        if first >= best.0 {
            best = (first, delimiter);
        }
    }
    Ok(best.1)
}

/// Cells in each of the first rows; a row that cannot be read ends the list, one of too many cells is an error.
fn widths(mut rows: Records<'_>) -> Result<Vec<usize>> {
    let mut row = Row::default();
    let mut widths = Vec::new();
    while widths.len() < SAMPLE_ROWS {
        match rows.next(&mut row) {
            Ok(true) => widths.push(row.cells.len()),
            Err(error @ DataError::TooLarge { .. }) => return Err(error),
            Ok(false) | Err(_) => break,
        }
    }
    Ok(widths)
}

/// Whether the first row names the columns.
pub(super) fn has_header(mut rows: Records<'_>, header: Header) -> Result<bool> {
    match header {
        Header::Yes => return Ok(true),
        Header::No => return Ok(false),
        Header::Auto => {}
    }
    let mut first = Row::default();
    let is_number = |cell: &[u8]| matches!(kind(cell), CellKind::Integer | CellKind::Fraction);
    if !rows.next(&mut first)? || first.cells.iter().any(|cell| is_number(cell)) {
        return Ok(false);
    }
    let mut row = Row::default();
    let mut repeated = false;
    let mut n_rows = 0;
    // Rows that cannot be read are reported when they are read in earnest.
    while n_rows < SAMPLE_ROWS && rows.next(&mut row).unwrap_or(false) {
        if row.cells.iter().any(|cell| is_number(cell)) {
            return Ok(true);
        }
        let mut pairs = row.cells.iter().zip(&first.cells);
        repeated |= pairs.any(|(below, above)| below == above);
        n_rows += 1;
    }
    let distinct = first.cells.iter().collect::<HashSet<_>>().len() == first.cells.len();
    Ok(distinct && !repeated && n_rows > 0)
}

/// Names from a header row; an empty one becomes `c` and its position.
pub(super) fn header_names(row: &Row<'_>, path: &Path) -> Result<Vec<String>> {
    let places = Places {
        path,
        files: &[],
        names: &[],
    };
    let mut names: Vec<String> = Vec::with_capacity(row.cells.len());
    for (column, cell) in row.cells.iter().enumerate() {
        names.push(match std::str::from_utf8(cell) {
            Ok("") => format!("c{column}"),
            Ok(name) => name.to_owned(),
            Err(_) => return Err(places.bad(row.line, column, cell, CellFault::NotUtf8)),
        });
    }
    let mut sorted: Vec<usize> = (0..names.len()).collect();
    sorted.sort_by_key(|&column| (&names[column], column));
    let same = |pair: &&[usize]| names[pair[0]] == names[pair[1]];
    let Some(&[first, second]) = sorted.windows(2).find(same) else {
        return Ok(names);
    };
    let name = &names[first];
    let reason = format!("columns {first} and {second} are both named {name:?}; rename one");
    Err(DataError::malformed(path, Place::Line(row.line), reason))
}
