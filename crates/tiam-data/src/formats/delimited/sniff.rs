//! Detection of the delimiter, of what stands above the table, and of its header.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    path::Path,
};

use super::records::{RUNS, Records};
use crate::{
    error::{CellFault, DataError, Result},
    source::Source,
    table::{CellKind, Places, Row, Rows, kind},
};

/// In order of preference where several fit: a comma may be a decimal comma, a tab hardly occurs inside a cell, a blank often does.
const DELIMITERS: [u8; 5] = [b'\t', b';', b',', b'|', RUNS];
/// Rows looked at.
const SAMPLE_ROWS: usize = 100;
/// Rows and cells of a very wide table that are enough.
const FEWEST_SAMPLED: usize = 4;
const MOST_SAMPLED: usize = 100_000;
/// Most lines above a table that are taken for its title.
const MOST_TITLES: usize = 20;

/// Cells of the first rows.
pub(super) type Sample<'a> = Vec<Vec<Cow<'a, [u8]>>>;

/// A delimiter, with the number of cells that most rows then have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    pub(super) delimiter: u8,
    pub(super) width: usize,
}

/// The delimiter that cuts most of the first rows into equally many cells, more than one.
pub(super) fn cut(rows: &Records<'_>, known: Option<u8>) -> Result<Cut> {
    let mut best = (
        0.0,
        Cut {
            delimiter: b',',
            width: 1,
        },
    );
    let candidates = known.map_or(DELIMITERS.to_vec(), |known| vec![known]);
    for delimiter in candidates {
        let widths = widths(rows.cut_at(delimiter))?;
        let (width, share) = commonest(&widths);
        let score = match known {
            _ if width < 2 => 0.0,
            // Words of a sentence are cells of a row only if all rows have as many, but for the first.
            None if delimiter == RUNS
                && (widths.len() < 2 || widths[1..].iter().any(|n| *n != width)) =>
            {
                0.0
            }
            _ => share,
        };
        if score > best.0 || best.0 <= 0.0 && (known.is_some() || delimiter == b',') {
            best = (score, Cut { delimiter, width });
        }
    }
    let cut = best.1;
    if known.is_none() && cut.delimiter == b'\t' && holds_runs(rows.cut_at(b'\t')) {
        let widths = widths(rows.cut_at(RUNS))?;
        let (width, share) = commonest(&widths);
        if share >= 1.0 && width > cut.width {
            return Ok(Cut {
                delimiter: RUNS,
                width,
            });
        }
    }
    Ok(cut)
}

/// Whether one of the first rows has several numbers with blanks between them in one cell: columns set apart by blanks, and by a tab here and
/// there.
fn holds_runs(rows: Records<'_>) -> bool {
    sample(rows)
        .iter()
        .take(FEWEST_SAMPLED)
        .flatten()
        .any(|cell| {
            let parts = || cell.split(|b| *b == b' ').filter(|part| !part.is_empty());
            parts().count() > 1 && parts().all(|part| kind(part).is_number())
        })
}

/// The number of cells that most rows have, the larger of two, and their share.
fn commonest(widths: &[usize]) -> (usize, f64) {
    let mut sorted = widths.to_vec();
    sorted.sort_unstable();
    let runs = sorted.chunk_by(|a, b| a == b);
    let Some(most) = runs.max_by_key(|run| run.len()) else {
        return (1, 0.0);
    };
    (most[0], most.len() as f64 / widths.len() as f64)
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

/// The first rows; those that cannot be read are reported when they are read in earnest.
pub(super) fn sample<'a>(mut rows: Records<'a>) -> Sample<'a> {
    let mut row = Row::default();
    let mut sample: Sample<'_> = Vec::new();
    let enough = |sample: &Sample<'_>| {
        let cells: usize = sample.iter().map(Vec::len).sum();
        sample.len() == SAMPLE_ROWS || (sample.len() >= FEWEST_SAMPLED && cells > MOST_SAMPLED)
    };
    while !enough(&sample) && rows.next(&mut row).unwrap_or(false) {
        sample.push(std::mem::take(&mut row.cells));
    }
    sample
}

/// Whether all cells that rows have beyond the first row's, or beyond one less where its last is empty, are empty: the width without them.
pub(super) fn width_without_empty(sample: &Sample<'_>, width: usize) -> Option<usize> {
    let last_is_empty =
        |row: &Vec<Cow<'_, [u8]>>| row.get(width - 1).is_none_or(|cell| cell.is_empty());
    let enough = width > 1 && sample.len() > 1;
    (enough && sample.iter().all(last_is_empty)).then_some(width - 1)
}

/// Rows at the top that are a title: of fewer cells than the table, without a number.
pub(super) fn titles(sample: &Sample<'_>, width: usize) -> usize {
    let is_title = |row: &&Vec<Cow<'_, [u8]>>| {
        row.len() < width && !row.iter().any(|cell| kind(cell).is_number())
    };
    let n = sample.iter().take_while(is_title).count();
    // A header may be longer or shorter by an empty name, or by that of the rows.
    let is_table = sample.get(n).is_some_and(|row| row.len() >= width);
    if is_table && n <= MOST_TITLES { n } else { 0 }
}

/// Rows at the top that are headers, and the one of them that names the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Heads {
    pub(super) n: usize,
    pub(super) names: usize,
}

/// Finds the headers of rows that are all of one width.
pub(super) fn headers(sample: &Sample<'_>) -> Heads {
    let one = Heads { n: 1, names: 0 };
    let Some((first, below)) = sample.split_first().filter(|(_, below)| !below.is_empty()) else {
        return Heads::default();
    };
    if first.iter().any(|cell| kind(cell).is_number()) {
        return if is_header_of_numbers(first, below) {
            one
        } else {
            Heads::default()
        };
    }
    let has_number = |row: &Vec<Cow<'_, [u8]>>| row.iter().any(|cell| kind(cell).is_number());
    if below.iter().any(has_number) {
        return second(sample).unwrap_or(one);
    }
    let repeated =
        |row: &Vec<Cow<'_, [u8]>>| row.iter().zip(first).any(|(below, above)| below == above);
    let distinct = first.iter().collect::<HashSet<_>>().len() == first.len();
    if distinct && !below.iter().any(repeated) {
        one
    } else {
        Heads::default()
    }
}

/// For each column whether it holds numbers and no texts.
fn numeric(rows: &[Vec<Cow<'_, [u8]>>], width: usize) -> Vec<bool> {
    let is_numeric = |column: usize| {
        let kinds = || {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(|cell| kind(cell))
        };
        kinds().any(CellKind::is_number) && !kinds().any(|kind| kind == CellKind::Text)
    };
    (0..width).map(is_numeric).collect()
}

/// Whether a second row without a number names the columns too: texts above columns of numbers.
fn second(sample: &Sample<'_>) -> Option<Heads> {
    let [first, second, rest @ ..] = &sample[..] else {
        return None;
    };
    let numeric = numeric(rest, first.len());
    let n_numeric = numeric.iter().filter(|is| **is).count();
    let mut pairs = second.iter().zip(&numeric);
    let above_numbers = pairs.any(|(cell, numeric)| *numeric && kind(cell) == CellKind::Text);
    let has_number = second.iter().any(|cell| kind(cell).is_number());
    if rest.len() < 2 || n_numeric * 2 < first.len() || has_number || !above_numbers {
        return None;
    }
    let distinct = |row: &[Cow<'_, [u8]>]| {
        let filled = row.iter().filter(|cell| !cell.is_empty());
        filled.collect::<HashSet<_>>().len()
    };
    // Units come again and again, names do not.
    let names = usize::from(distinct(second) >= distinct(first));
    Some(Heads { n: 2, names })
}

/// Whether a row that holds numbers names columns: different whole numbers beside a text above numbers; the columns' own positions; or
/// numbers in a row, such as years, that lie outside of their columns.
fn is_header_of_numbers(first: &[Cow<'_, [u8]>], below: &[Vec<Cow<'_, [u8]>>]) -> bool {
    let whole = |cell: &[u8]| std::str::from_utf8(cell).ok()?.parse::<i64>().ok();
    let numbers = first
        .iter()
        .enumerate()
        .filter(|(_, cell)| kind(cell).is_number());
    let numbers: Option<Vec<(usize, i64)>> =
        numbers.map(|(at, cell)| Some((at, whole(cell)?))).collect();
    let Some(numbers) = numbers else { return false };
    let distinct = numbers
        .iter()
        .map(|(_, number)| number)
        .collect::<HashSet<_>>()
        .len()
        == numbers.len();
    let numeric = numeric(below, first.len());
    let is_text = |cell: &Cow<'_, [u8]>| kind(cell) == CellKind::Text;
    let text_above_numbers = first
        .iter()
        .zip(&numeric)
        .any(|(cell, numeric)| *numeric && is_text(cell));
    if text_above_numbers && distinct && below.len() > 1 {
        return true;
    }
    if numbers.len() < 2 || below.is_empty() {
        return false;
    }
    let at_position =
        |(at, number): &(usize, i64)| i64::try_from(*at).is_ok_and(|at| at == *number);
    let in_a_row = numbers
        .windows(2)
        .all(|pair| pair[1].1 == pair[0].1.wrapping_add(1));
    let comes_again = |at: usize| below.iter().any(|row| row.get(at) == first.get(at));
    if numbers.len() > 2 && numbers.iter().all(at_position) {
        return !below.iter().any(|row| row[..] == *first);
    }
    let are_years = numbers.len() > 2 && numbers.iter().all(|(_, n)| (1800..2200).contains(n));
    if in_a_row && are_years {
        return true;
    }
    let outside = |(at, number): &(usize, i64)| {
        let cells = below.iter().filter_map(|row| row.get(*at));
        let values = cells.filter_map(|cell| std::str::from_utf8(cell).ok()?.parse::<f64>().ok());
        let number = *number as f64;
        values.map(|x| x > number).collect::<HashSet<_>>().len() == 1 && !comes_again(*at)
    };
    in_a_row && below.len() > 2 && numbers.iter().all(outside)
}

/// Names from a header row; an empty one becomes `c` and its position, one that is there already is numbered.
pub(super) fn header_names(
    row: &Row<'_>,
    path: &Path,
    notes: &mut Vec<String>,
) -> Result<Vec<String>> {
    let places = Places {
        path,
        files: &[],
        names: &[],
    };
    let mut names: Vec<String> = Vec::with_capacity(row.cells.len());
    let mut seen: HashMap<String, usize> = HashMap::with_capacity(row.cells.len());
    for (column, cell) in row.cells.iter().enumerate() {
        let name = match std::str::from_utf8(cell) {
            Ok("") => format!("c{column}"),
            Ok(name) => name.to_owned(),
            Err(_) => return Err(places.bad(row.line, column, cell, CellFault::NotUtf8)),
        };
        let mut unique = name.clone();
        while let Some(n) = seen.get_mut(&unique) {
            *n += 1;
            unique = format!("{unique}.{n}");
        }
        if unique != name {
            notes.push(format!("another column {name:?} is called {unique:?}"));
        }
        seen.insert(unique.clone(), 0);
        names.push(unique);
    }
    Ok(names)
}

/// What Excel writes to tell the delimiter, and the lines above the table that are comments.
pub(super) fn skip_preamble<'a>(rows: &mut Records<'a>, source: &'a Source) -> Preamble<'a> {
    let mut found = Preamble::default();
    rows.skip_blank_lines();
    let line = first_line(rows.text());
    let unquoted = line
        .strip_prefix(b"\"")
        .and_then(|line| line.strip_suffix(b"\""));
    if let Some([delimiter]) = unquoted.unwrap_or(line).strip_prefix(b"sep=") {
        found.delimiter = Some(*delimiter);
        rows.skip_line();
    }
    loop {
        rows.skip_blank_lines();
        let line = first_line(rows.text());
        if !matches!(line.first(), Some(b'#' | b'%')) {
            return found;
        }
        found.comments += 1;
        found.last_comment = Some(Records::new(&line[1..], b',', source));
        rows.skip_line();
    }
}

/// What [`skip_preamble`] found.
#[derive(Default)]
pub(super) struct Preamble<'a> {
    pub(super) delimiter: Option<u8>,
    pub(super) comments: usize,
    /// The last comment, which may be the header.
    pub(super) last_comment: Option<Records<'a>>,
}

fn first_line(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|b| matches!(b, b'\n' | b'\r'));
    &text[..end.unwrap_or(text.len())]
}
