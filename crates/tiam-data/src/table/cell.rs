//! Cells: values of a row for the caller, and kinds of text: integer, fraction, missing, infinite or other.

use std::{collections::HashMap, path::Path};

use foldhash::fast::RandomState;

use crate::{
    Scalar,
    error::{CellFault, CellPlace, DataError},
};

/// The value of one column of a row: text as a file has it, or a number.
///
/// ```
/// use tiam_data::{AsCell, Cell};
/// assert_eq!("5.1".cell(), Cell::Text("5.1"));
/// assert_eq!(5.5_f32.cell(), Cell::Number(5.5));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// Text; surrounding white space does not count.
    Text(&'a str),
    /// A number.
    Number(f64),
}

/// Types that hold a [`Cell`]: texts and numbers. Integers beyond 2⁵³ are rounded.
pub trait AsCell {
    /// The value as a cell.
    fn cell(&self) -> Cell<'_>;
}

impl AsCell for Cell<'_> {
    fn cell(&self) -> Cell<'_> {
        *self
    }
}

impl<C: AsCell + ?Sized> AsCell for &C {
    fn cell(&self) -> Cell<'_> {
        (**self).cell()
    }
}

macro_rules! cells {
    ($($type:ty => |$value:ident| $cell:expr;)+) => {
        $(impl AsCell for $type {
            fn cell(&self) -> Cell<'_> {
                let $value = self;
                $cell
            }
        })+
    };
    (numbers: $($type:ty),+) => {
        cells! { $($type => |x| Cell::Number(*x as f64);)+ }
    };
}
cells! {
    str => |text| Cell::Text(text);
    String => |text| Cell::Text(text);
    bool => |x| Cell::Text(if *x { "true" } else { "false" });
}
cells! { numbers: f64, f32, i8, i16, i32, i64, u8, u16, u32, u64, usize }

/// The finite number written in a text: the one that `str::parse` gives.
pub(super) fn parse<T: Scalar>(text: &[u8]) -> Option<T> {
    // A double rounded to single precision could differ in the last bit from the text rounded to it.
    let value = if size_of::<T>() == size_of::<f32>() {
        fast_float2::parse::<f32, _>(text).map(f64::from)
    } else {
        fast_float2::parse::<f64, _>(text)
    };
    finite(T::from_f64(value.ok()?))
}

pub(super) fn finite<T: Scalar>(value: T) -> Option<T> {
    value.is_finite().then_some(value)
}

/// Texts that stand for an unknown value, in lower case: `?`, and those of pandas.
const MISSING: [&str; 11] = [
    "?", "na", "n/a", "#n/a", "#na", "#n/a n/a", "<na>", NAN, "null", "1.#ind", "1.#qnan",
];
/// Those that may as well be the name of a class.
const NONE: [&str; 4] = ["none", "-", "--", "."];
/// The one of them that may have a sign.
const NAN: &str = "nan";
/// Texts that Rust reads as an infinite number, in lower case and without sign.
const INFINITE: [&str; 2] = ["inf", "infinity"];

/// All texts that stand for a missing cell, in every mixture of small and capital letters: for programs that compare texts and no more.
///
/// ```
/// let all: Vec<String> = tiam_data::missing_texts().collect();
/// assert!(["", "?", "NA", "n/A", "NaN", "-nan", "None", "--"].iter().all(|text| all.contains(&(*text).to_owned())));
/// ```
pub fn missing_texts() -> impl Iterator<Item = String> {
    let words = ["", "+nan", "-nan"].into_iter().chain(MISSING).chain(NONE);
    words.flat_map(|word| {
        let n_letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
        (0..1_u32 << n_letters).map(move |capitals| {
            let mut letter = 0;
            let in_case = |c: char| {
                if !c.is_ascii_alphabetic() {
                    return c;
                }
                letter += 1;
                match capitals >> (letter - 1) & 1 {
                    1 => c.to_ascii_uppercase(),
                    _ => c,
                }
            };
            word.chars().map(in_case).collect()
        })
    })
}

/// The kind of a trimmed cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CellKind {
    /// Digits only, with or without sign, or a number with nothing but zeros after the point.
    Integer,
    /// Any other decimal number.
    Fraction,
    /// One that would be a whole number with thousands if its point were none, as `1.234`.
    Grouped,
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
    let among = |words: &[&str], text: &[u8]| {
        (words.iter()).any(|word| word.as_bytes().eq_ignore_ascii_case(text))
    };
    match unsigned.first() {
        Some(b'0'..=b'9' | b'.') => match number(unsigned) {
            Some(kind) => kind,
            None if among(&MISSING, cell) || among(&NONE, cell) => CellKind::Missing,
            None => CellKind::Text,
        },
        None if cell.is_empty() => CellKind::Missing,
        _ if among(&MISSING, cell) || among(&NONE, cell) || among(&[NAN], unsigned) => {
            CellKind::Missing
        }
        _ if among(&INFINITE, unsigned) => CellKind::Infinite,
        _ => CellKind::Text,
    }
}

/// Digits, point and exponent of a number without sign, exactly as `str::parse` takes them.
fn number(text: &[u8]) -> Option<CellKind> {
    let digits = |from: usize| {
        let rest = text[from..].iter();
        rest.take_while(|b| b.is_ascii_digit()).count()
    };
    let before = digits(0);
    let mut at = before;
    let mut kind = CellKind::Integer;
    let mut after = 0;
    if text.get(at) == Some(&b'.') {
        after = digits(at + 1);
        if text[at + 1..at + 1 + after].iter().any(|&b| b != b'0') {
            kind = match (before, after) {
                (1..=3, 3) => CellKind::Grouped,
                _ => CellKind::Fraction,
            };
        }
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
        kind = CellKind::Fraction;
    }
    (at == text.len()).then_some(kind)
}

impl CellKind {
    pub(crate) fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Fraction | Self::Grouped)
    }
}

/// The kind of a cell of the label, where `none` and `-` are names of classes.
pub(super) fn label_kind(cell: &[u8]) -> CellKind {
    let is = |word: &str| word.as_bytes().eq_ignore_ascii_case(cell);
    match kind(cell) {
        CellKind::Missing if NONE.iter().any(|word| is(word)) => CellKind::Text,
        kind => kind,
    }
}

/// Longest part of a cell that a message quotes, in bytes.
const QUOTED: usize = 60;

/// A cell as text for a message.
fn quote(cell: &[u8]) -> String {
    let text = String::from_utf8_lossy(&cell[..cell.len().min(QUOTED)]).into_owned();
    if cell.len() > QUOTED {
        text + "..."
    } else {
        text
    }
}

/// A list of names for a message.
pub(super) fn list(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let shown = names.iter().take(SHOWN).map(|n| quote(n.as_bytes()));
    let shown = shown.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown}, ... and {more} more"),
    }
}

/// Columns by their names, which are all different.
pub(super) type Positions<'a> = HashMap<&'a [u8], usize, RandomState>;

/// The position of each name.
pub(crate) fn positions<'a>(names: impl Iterator<Item = &'a String>) -> Positions<'a> {
    names.map(String::as_bytes).zip(0..).collect()
}

/// The columns of a file, for messages that name a place.
pub(crate) struct Places<'a> {
    pub(crate) path: &'a Path,
    /// As [`Sheet::files`](super::Sheet::files).
    pub(crate) files: &'a [&'a Path],
    pub(crate) names: &'a [String],
}

/// The lines of the rows of several files hold the number of the file in their bits from here on.
pub(crate) const FILE_SHIFT: u32 = 40;

impl<'a> Places<'a> {
    /// The file of a row, and the line in it.
    pub(crate) fn find(&self, line: u64) -> (&'a Path, u64) {
        match self.files.get((line >> FILE_SHIFT) as usize) {
            Some(file) => (file, line & ((1 << FILE_SHIFT) - 1)),
            None => (self.path, line),
        }
    }

    /// The error about a cell.
    pub(crate) fn bad(&self, line: u64, column: usize, cell: &[u8], fault: CellFault) -> DataError {
        let (path, line) = self.find(line);
        let at = Box::new(CellPlace {
            path: path.to_path_buf(),
            line,
            column,
            name: self.names.get(column).cloned().unwrap_or_default(),
        });
        let cell = quote(cell);
        DataError::BadCell { at, cell, fault }
    }
}
