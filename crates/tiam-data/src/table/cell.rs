//! Kinds of cells: integer, fraction, missing, infinite or text.

use std::{collections::HashMap, path::Path};

use foldhash::fast::RandomState;

use crate::error::{CellPlace, DataError, Result};

/// Texts that stand for an unknown value, in lower case.
const MISSING: [&str; 6] = ["?", "na", "n/a", "#n/a", "nan", "null"];
/// Texts that Rust reads as an infinite number, in lower case and without sign.
const INFINITE: [&str; 2] = ["inf", "infinity"];

/// The kind of a trimmed cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CellKind {
    /// Digits only, with or without sign, or a number with nothing but zeros after the point.
    Integer,
    /// Any other decimal number.
    Fraction,
    Missing,
    Infinite,
    Text,
}

/// The kind of a cell, by its bytes alone; parsing finds out whether a number fits its type.
pub(crate) fn kind(cell: &[u8]) -> CellKind {
    let unsigned = match cell {
        [b'+' | b'-', rest @ ..] => rest,
        all => all,
    };
    match unsigned.first() {
        Some(b'0'..=b'9' | b'.') => number(unsigned).unwrap_or(CellKind::Text),
        None if cell.is_empty() => CellKind::Missing,
        _ => {
            let among = |words: &[&str], text: &[u8]| {
                words
                    .iter()
                    .any(|w| w.as_bytes().eq_ignore_ascii_case(text))
            };
            if among(&MISSING, cell) || among(&MISSING[4..5], unsigned) {
                CellKind::Missing
            } else if among(&INFINITE, unsigned) {
                CellKind::Infinite
            } else {
                CellKind::Text
            }
        }
    }
}

/// Digits, point and exponent of a number without sign, exactly as `str::parse` takes them.
fn number(text: &[u8]) -> Option<CellKind> {
    let digits = |from: usize| {
        text[from..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count()
    };
    let before = digits(0);
    let mut at = before;
    let mut integer = true;
    let mut after = 0;
    if text.get(at) == Some(&b'.') {
        after = digits(at + 1);
        integer = text[at + 1..at + 1 + after].iter().all(|&b| b == b'0');
        at += 1 + after;
    }
    if before + after == 0 {
        return None;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        at += 1 + usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at);
        if exponent == 0 {
            return None;
        }
        at += exponent;
        integer = false;
    }
    let kind = if integer {
        CellKind::Integer
    } else {
        CellKind::Fraction
    };
    (at == text.len()).then_some(kind)
}

/// `1,5`: a number with a decimal comma.
pub(crate) fn has_decimal_comma(cell: &[u8]) -> bool {
    let mut commas = 0;
    let point = |&b: &u8| if b == b',' { b'.' } else { b };
    let with_point: Vec<u8> = cell
        .iter()
        .inspect(|&&b| commas += usize::from(b == b','))
        .map(point)
        .collect();
    commas == 1 && matches!(kind(&with_point), CellKind::Integer | CellKind::Fraction)
}

/// Longest part of a cell that a message quotes, in bytes.
const QUOTED: usize = 60;

/// A cell as text for a message.
pub(crate) fn quote(cell: &[u8]) -> String {
    let text = String::from_utf8_lossy(&cell[..cell.len().min(QUOTED)]).into_owned();
    if cell.len() > QUOTED {
        text + "..."
    } else {
        text
    }
}

/// A list of names for a message.
pub(crate) fn list(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<_> = names
        .iter()
        .take(SHOWN)
        .map(|n| quote(n.as_bytes()))
        .collect();
    let more = names.len().saturating_sub(SHOWN);
    if more == 0 {
        shown.join(", ")
    } else {
        format!("{}, ... and {more} more", shown.join(", "))
    }
}

/// Columns by their names, which are all different.
pub(crate) type Positions<'a> = HashMap<&'a [u8], usize, RandomState>;

/// The position of each name.
pub(crate) fn positions<'a>(names: impl Iterator<Item = &'a String>) -> Positions<'a> {
    names
        .enumerate()
        .map(|(i, name)| (name.as_bytes(), i))
        .collect()
}

/// The columns of a file, for messages that name a place.
pub(crate) struct Places<'a> {
    pub(crate) path: &'a Path,
    pub(crate) names: &'a [String],
}

impl Places<'_> {
    pub(crate) fn at(&self, line: u64, column: usize) -> Box<CellPlace> {
        let name = self.names.get(column).cloned().unwrap_or_default();
        Box::new(CellPlace {
            path: self.path.to_path_buf(),
            line,
            column,
            name,
        })
    }

    pub(crate) fn missing(&self, line: u64, column: usize, cell: &[u8]) -> DataError {
        DataError::MissingValue {
            at: self.at(line, column),
            cell: quote(cell),
        }
    }

    pub(crate) fn infinite(&self, line: u64, column: usize, cell: &[u8]) -> DataError {
        DataError::NonFiniteCell {
            at: self.at(line, column),
            cell: quote(cell),
        }
    }

    /// A cell as text.
    pub(crate) fn text<'c>(&self, line: u64, column: usize, cell: &'c [u8]) -> Result<&'c str> {
        std::str::from_utf8(cell).map_err(|_| DataError::NotUtf8 {
            at: self.at(line, column),
        })
    }
}
