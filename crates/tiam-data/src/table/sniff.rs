//! Detection of the delimiter and the header.

use std::{collections::HashSet, path::Path};

use super::{
    cell::{CellKind, kind},
    params::Header,
    records::{Row, Rows},
};
use crate::{
    error::{DataError, Result},
    source::Source,
};

/// In order of preference where several fit: a comma may be a decimal comma, a tab hardly occurs inside a cell.
const DELIMITERS: [u8; 3] = [b'\t', b';', b','];
/// Rows looked at.
const SAMPLE_ROWS: usize = 100;

/// The delimiter that cuts the first rows into equally many cells, more than one; failing that the one that cuts the
/// first row into most.
pub(crate) fn delimiter(text: &[u8], source: &Source) -> Result<u8> {
    let rows = |d| Rows::new(text, d, &source.path).limited(source);
    let [tab, semicolon, comma] = DELIMITERS.map(|d| widths(rows(d)));
    let widths = [tab?, semicolon?, comma?];
    let even = |w: &Vec<usize>| {
        w.first()
            .is_some_and(|&first| first > 1 && w.iter().all(|&x| x == first))
    };
    if let Some(found) = widths.iter().position(even) {
        return Ok(DELIMITERS[found]);
    }
    let first_width = |i: &usize| widths[*i].first().copied().unwrap_or(0);
    Ok((0..DELIMITERS.len())
        .max_by_key(first_width)
        .map_or(b',', |i| DELIMITERS[i]))
}

/// Cells in each of the first rows; a row that cannot be read ends the list, one of too many cells is an error.
fn widths(mut rows: Rows<'_>) -> Result<Vec<usize>> {
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
pub(crate) fn has_header(mut rows: Rows<'_>, header: Header) -> Result<bool> {
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
        repeated |= row
            .cells
            .iter()
            .zip(&first.cells)
            .any(|(below, above)| below == above);
        n_rows += 1;
    }
    let distinct = first.cells.iter().collect::<HashSet<_>>().len() == first.cells.len();
    Ok(distinct && !repeated && n_rows > 0)
}

/// Names from a header row; an empty one becomes `c` and its position.
pub(crate) fn header_names(row: &Row<'_>, path: &Path) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::with_capacity(row.cells.len());
    for (column, cell) in row.cells.iter().enumerate() {
        let places = super::cell::Places { path, names: &[] };
        let name = places.text(row.line, column, cell)?;
        names.push(if name.is_empty() {
            format!("c{column}")
        } else {
            name.to_owned()
        });
    }
    let mut sorted: Vec<usize> = (0..names.len()).collect();
    sorted.sort_by(|&a, &b| names[a].cmp(&names[b]).then(a.cmp(&b)));
    if let Some(pair) = sorted
        .windows(2)
        .find(|pair| names[pair[0]] == names[pair[1]])
    {
        let (path, name) = (path.to_path_buf(), names[pair[0]].clone());
        return Err(DataError::DuplicateColumn {
            path,
            line: row.line,
            name,
            first: pair[0],
            second: pair[1],
        });
    }
    Ok(names)
}

/// `c0`, `c1`, ...
pub(crate) fn position_names(n: usize) -> Vec<String> {
    (0..n).map(|column| format!("c{column}")).collect()
}
