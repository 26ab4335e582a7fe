//! Encoders, which turn cells into features by a column encoding.

use std::{collections::HashMap, path::Path};

use foldhash::fast::RandomState;

use super::{
    cell::{AsCell, Cell, CellKind, Places, finite, kind, list, parse},
    codes::Codes,
    dates,
    encoding::{Categories, ColumnEncoding, ColumnKind, Gaps},
    written::Written,
};
use crate::{
    Scalar,
    error::{CellFault, DataError, Result, check_size},
};

/// Categories or classes, found by their text or by their value.
#[derive(Debug, Clone)]
pub(super) struct Lookup {
    by_text: HashMap<Box<[u8]>, u32, RandomState>,
    /// Those that are numbers, in ascending order.
    by_value: Vec<(f64, u32)>,
    /// Whether texts are compared as numbers.
    numeric: bool,
}

impl Lookup {
    fn new(texts: &[String], numeric: bool) -> Self {
        let numbered = || texts.iter().map(String::as_bytes).zip(0_u32..);
        // `+ 0.0` makes -0 and 0 one number.
        let value = |(text, n)| Some((parse::<f64>(text)? + 0.0, n));
        let mut by_value: Vec<_> = numbered().filter_map(value).collect();
        by_value.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self {
            by_text: numbered().map(|(text, n)| (text.into(), n)).collect(),
            by_value,
            numeric,
        }
    }

    /// The number of the category or class that a trimmed text names.
    pub(super) fn find(&self, text: &[u8]) -> Option<u32> {
        if !self.numeric {
            return self.by_text.get(text).copied();
        }
        let value = parse::<f64>(text)? + 0.0;
        let found = (self.by_value).binary_search_by(|(known, _)| known.total_cmp(&value));
        Some(self.by_value[found.ok()?].1)
    }

    /// The number of the category of a value. One of single precision is the category that is nearest to it there.
    fn find_value(&self, value: f64) -> Option<u32> {
        let equal = |a: f64, b: f64| (a + 0.0).total_cmp(&(b + 0.0)).is_eq();
        let single = |a: f64| f64::from(a as f32);
        let is_single = equal(single(value), value);
        let same = |known: f64| equal(known, value) || is_single && equal(single(known), value);
        // Those that are as near in single precision stand together.
        let near = (self.by_value).partition_point(|(known, _)| single(*known) < single(value));
        let found = self.by_value[near..].iter();
        let found = found.take_while(|(known, _)| single(*known) <= single(value));
        let mut found = found.filter(|(known, _)| same(*known));
        found.next().map(|(_, number)| *number)
    }
}

/// What becomes of a column.
#[derive(Debug, Clone)]
pub(super) enum Action {
    Nothing,
    /// Its number goes to this feature, or stands for what is missing.
    Number(usize, Written, Gap),
    /// The parts of its date go to this feature and those after it.
    Date(usize, String, Gap),
    /// Its category goes to this feature and those after it.
    Category(usize, Lookup, Others),
    Class(Lookup),
    /// It is this one of the values.
    Value(usize, Written),
    /// It is this one of the answers of no or yes.
    Flag(usize, Lookup),
    SampleWeight,
}

/// What the features of a number or date are where it is missing.
#[derive(Debug, Clone)]
pub(super) struct Gap {
    /// NaN as long as it is not known.
    fill: Vec<f64>,
    marked: bool,
}

impl Gap {
    fn new(gaps: &Gaps, n: usize) -> Self {
        let unknown = vec![f64::NAN; n];
        Self {
            fill: if gaps.fill.is_empty() {
                unknown
            } else {
                gaps.fill.clone()
            },
            marked: gaps.marked,
        }
    }

    #[cold]
    fn met<T: Scalar>(&self, text: &[u8], features: &mut [T]) -> Met {
        self.put(features);
        match kind(text) {
            CellKind::Missing => Met::Missing(self.marked),
            _ => Met::Unknown,
        }
    }

    fn put<T: Scalar>(&self, features: &mut [T]) {
        let (numbers, mark) = features.split_at_mut(self.fill.len());
        for (feature, fill) in numbers.iter_mut().zip(&self.fill) {
            *feature = T::from_f64(*fill);
        }
        if self.marked {
            mark[0] = T::one();
        }
    }
}

/// The features of categories, and the places of cells that are none.
#[derive(Debug, Clone)]
pub(super) struct Others {
    missing: Option<usize>,
    other: Option<usize>,
    n_places: usize,
    codes: Option<Codes>,
}

impl Others {
    fn new(of: &Categories) -> Self {
        let n = of.categories.len();
        Self {
            missing: of.missing.then_some(n),
            other: of.other.then_some(n + usize::from(of.missing)),
            n_places: of.n_places(),
            codes: of.codes.clone(),
        }
    }

    /// Writes what the category at a place becomes; none is not known.
    fn put<T: Scalar>(&self, place: Option<usize>, features: &mut [T]) {
        match (&self.codes, place) {
            (Some(codes), place) => codes.put(place.unwrap_or(self.n_places), features),
            (None, Some(place)) => features[place] = T::one(),
            (None, None) => {}
        }
    }

    #[cold]
    fn met<T: Scalar>(&self, text: &[u8], features: &mut [T]) -> Met {
        if kind(text) == CellKind::Missing {
            self.put(self.missing, features);
            return Met::Missing(self.missing.is_some());
        }
        self.put(self.other, features);
        Met::Unknown
    }
}

/// What a cell was to its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    Known,
    /// Missing, as cells of the column were before or not.
    Missing(bool),
    /// Neither known nor missing.
    Unknown,
}

impl Action {
    fn is_input(&self) -> bool {
        matches!(self, Self::Number(..) | Self::Date(..) | Self::Category(..))
    }
}

/// A [`ColumnEncoding`] made ready to encode rows. Keep it: making it reads every category once.
///
/// ```
/// use tiam_data::{ColumnEncoding, ColumnKind, ColumnSpec, RowEncoder};
/// let shapes = ColumnKind::categorical(vec!["round".to_owned(), "square".to_owned()]);
/// let columns = vec![
///     ColumnSpec::new("size", ColumnKind::numeric()),
///     ColumnSpec::new("shape", shapes),
///     ColumnSpec::new("price", ColumnKind::value_label()),
/// ];
/// let encoder = RowEncoder::new(ColumnEncoding::new(true, columns)?)?;
/// let mut features = [0.0_f32; 3];
/// assert_eq!(encoder.encode(&["7.5", "square"], &mut features)?, 0);
/// assert_eq!(features, [7.5, 0.0, 1.0]);
/// assert_eq!(encoder.encode(&["7.5", "oval"], &mut features)?, 1);
/// assert_eq!(features, [7.5, 0.0, 0.0]);
/// # Ok::<(), tiam_data::DataError>(())
/// ```
#[derive(Debug, Clone)]
pub struct RowEncoder {
    encoding: ColumnEncoding,
    actions: Vec<Action>,
    n_features: usize,
    /// Columns that are inputs.
    n_inputs: usize,
    /// Cells of a row without its label; that of all columns if a row without it could be one without its weight.
    n_unlabelled: usize,
    labels: Vec<usize>,
    strict: bool,
}

impl RowEncoder {
    /// An encoder of rows with these columns.
    ///
    /// # Errors
    /// [`DataError::BadEncoding`] if a class that is said to be a number is none.
    pub fn new(encoding: ColumnEncoding) -> Result<Self> {
        let (mut n_features, mut n_values) = (0, 0);
        let mut actions = Vec::with_capacity(encoding.columns().len());
        for column in encoding.columns() {
            actions.push(match &column.kind {
                ColumnKind::Numeric(numbers) => {
                    let gap = Gap::new(&numbers.gaps, 1);
                    Action::Number(n_features, numbers.written.clone(), gap)
                }
                ColumnKind::Date(of) => {
                    let gap = Gap::new(&of.gaps, column.kind.n_numbers());
                    Action::Date(n_features, of.format.clone(), gap)
                }
                ColumnKind::Categorical(of) => {
                    let categories = Lookup::new(&of.categories, false);
                    Action::Category(n_features, categories, Others::new(of))
                }
                ColumnKind::ClassLabel { names, numeric } => {
                    let is_text = |name: &&String| parse::<f64>(name.as_bytes()).is_none();
                    if let Some(name) = names.iter().find(is_text).filter(|_| *numeric) {
                        let reason = format!("the numeric class {name:?} is not a number");
                        return Err(DataError::BadEncoding { reason });
                    }
                    Action::Class(Lookup::new(names, *numeric))
                }
                ColumnKind::FlagLabel { names, numeric } => {
                    n_values += 1;
                    Action::Flag(n_values - 1, Lookup::new(names, *numeric))
                }
                ColumnKind::ValueLabel(written) => {
                    n_values += 1;
                    Action::Value(n_values - 1, written.clone())
                }
                ColumnKind::SampleWeight => Action::SampleWeight,
                ColumnKind::Ignored => Action::Nothing,
            });
            n_features += column.kind.width();
        }
        let labels: Vec<usize> = encoding.label_columns().collect();
        let weighted = actions.iter().any(|a| matches!(a, Action::SampleWeight));
        let n_labels = if weighted { 0 } else { labels.len() };
        Ok(Self {
            n_inputs: actions.iter().filter(|action| action.is_input()).count(),
            n_unlabelled: actions.len() - n_labels,
            labels,
            encoding,
            actions,
            n_features,
            strict: false,
        })
    }

    /// The same that refuses cells which the encoding does not know.
    #[must_use]
    pub fn strict(self, strict: bool) -> Self {
        Self { strict, ..self }
    }

    /// The columns.
    pub fn encoding(&self) -> &ColumnEncoding {
        &self.encoding
    }

    /// Gives the columns back.
    pub fn into_encoding(self) -> ColumnEncoding {
        self.encoding
    }

    /// Number of features.
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// The columns that are inputs, in their order: what a row for prediction holds.
    pub fn inputs(&self) -> impl Iterator<Item = &str> {
        let columns = self.encoding.columns().iter();
        columns
            .filter(|c| c.kind.width() > 0)
            .map(|c| c.name.as_str())
    }

    /// Encodes one row: `features` receives `n_features` numbers. Returns the number of cells that the columns did not have when they were
    /// learnt: unknown categories, texts that are no numbers, and missing cells where none was missing.
    ///
    /// A row holds the cells of the input columns in their order, or those of all columns, or, where none holds weights, of all but the
    /// labels. Nothing is allocated.
    ///
    /// # Errors
    /// [`DataError::Shape`] for another number of cells or features; if [`strict`](Self::strict), [`DataError::BadCell`] names the column of
    /// such a cell.
    pub fn encode<T: Scalar>(&self, row: &[impl AsCell], features: &mut [T]) -> Result<usize> {
        check_size("features of a row", self.n_features, features.len())?;
        let (n, all) = (row.len(), self.actions.len());
        if n != all && n != self.n_unlabelled {
            check_size("cells of a row, one an input column", self.n_inputs, n)?;
        }
        let is_there = |i: &usize| match n {
            _ if n == self.n_inputs => self.actions[*i].is_input(),
            _ => n == all || !self.labels.contains(i),
        };
        features.fill(T::zero());
        let mut strange = 0;
        for (cell, i) in row.iter().zip((0..all).filter(is_there)) {
            if !self.actions[i].is_input() {
                continue;
            }
            let cell = cell.cell();
            let met = self.put(i, cell, features);
            if !matches!(met, Met::Known | Met::Missing(true)) {
                if self.strict {
                    return Err(self.refuse(i, cell));
                }
                strange += 1;
            }
        }
        Ok(strange)
    }

    /// Writes what a cell of an input column becomes.
    pub(super) fn put<T: Scalar>(&self, column: usize, cell: Cell<'_>, features: &mut [T]) -> Met {
        let x = match cell {
            Cell::Text(text) => {
                return self.put_text(column, text.trim_ascii().as_bytes(), features);
            }
            Cell::Number(x) if x.is_nan() => return self.put_text(column, b"", features),
            Cell::Number(x) => x,
        };
        match &self.actions[column] {
            Action::Number(at, _, gap) => match finite(T::from_f64(x)) {
                Some(x) => features[*at] = x,
                None => {
                    gap.put(&mut features[*at..]);
                    return Met::Unknown;
                }
            },
            Action::Category(first, categories, others) => {
                let found = categories.find_value(x).map(|category| category as usize);
                others.put(found.or(others.other), &mut features[*first..]);
                if found.is_none() {
                    return Met::Unknown;
                }
            }
            _ => return self.put_text(column, b"*", features),
        }
        Met::Known
    }

    /// Writes what a trimmed text of an input column becomes.
    #[inline]
    pub(super) fn put_text<T: Scalar>(
        &self,
        column: usize,
        text: &[u8],
        features: &mut [T],
    ) -> Met {
        match &self.actions[column] {
            Action::Number(at, written, gap) => match written.read(text) {
                Some(x) => features[*at] = x,
                None => return gap.met(text, &mut features[*at..]),
            },
            Action::Date(at, format, gap) => {
                let features = &mut features[*at..];
                let known = dates::encode(text, format, features);
                return known.map_or_else(|| gap.met(text, features), |()| Met::Known);
            }
            Action::Category(first, categories, others) => {
                let features = &mut features[*first..];
                let Some(category) = categories.find(text) else {
                    return others.met(text, features);
                };
                others.put(Some(category as usize), features);
            }
            _ => {}
        }
        Met::Known
    }

    pub(super) fn action(&self, column: usize) -> &Action {
        &self.actions[column]
    }

    /// What is wrong with a cell that is not what its column holds.
    pub(super) fn fault(&self, column: usize, cell: &[u8]) -> CellFault {
        let unknown = |what, known: &[String]| match std::str::from_utf8(cell) {
            Ok(_) => CellFault::Unknown {
                what,
                known: list(known),
            },
            Err(_) => CellFault::NotUtf8,
        };
        match (&self.encoding.columns()[column].kind, kind(cell)) {
            (_, CellKind::Missing) => CellFault::Missing,
            (ColumnKind::Categorical(of), _) => unknown("category", &of.categories),
            (ColumnKind::ClassLabel { names, .. }, _) => unknown("class", names),
            (ColumnKind::FlagLabel { names, .. }, _) => unknown("answer", names),
            (_, CellKind::Text) => {
                CellFault::NotANumber("but its column is numeric; correct the cell")
            }
            (ColumnKind::SampleWeight, _) if parse::<f64>(cell).is_some() => {
                CellFault::NotANumber("of at least 0, as samples' weights must be")
            }
            _ => CellFault::NotFinite,
        }
    }

    /// The error about a cell of a row that is of no file.
    pub(super) fn refuse(&self, column: usize, cell: Cell<'_>) -> DataError {
        let cell = match cell {
            Cell::Text(text) => text.trim_ascii().to_owned(),
            Cell::Number(x) => x.to_string(),
        };
        let columns = self.encoding.columns().iter();
        let places = Places {
            files: &[],
            path: Path::new("the row"),
            names: &columns.map(|c| c.name.clone()).collect::<Vec<_>>(),
        };
        let fault = self.fault(column, cell.as_bytes());
        places.bad(0, column, cell.as_bytes(), fault)
    }
}
