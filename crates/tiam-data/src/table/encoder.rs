//! Encoders, which turn cells into features by a column encoding.

use std::{collections::HashMap, path::Path};

use foldhash::fast::RandomState;

use super::{
    cell::{AsCell, Cell, CellKind, Places, finite, kind, list, parse},
    encoding::{ColumnEncoding, ColumnKind},
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
        let found = self.by_value.iter().find(|(known, _)| same(*known));
        found.map(|(_, number)| *number)
    }
}

/// What becomes of a column.
#[derive(Debug, Clone)]
pub(super) enum Action {
    Nothing,
    /// Its number goes to this feature.
    Number(usize),
    /// A one goes to this feature plus the category's number.
    OneHot(usize, Lookup),
    Class(Lookup),
    Value,
    SampleWeight,
}

impl Action {
    fn is_input(&self) -> bool {
        matches!(self, Self::Number(_) | Self::OneHot(..))
    }
}

/// A [`ColumnEncoding`] made ready to encode rows. Keep it: making it reads every category once.
///
/// ```
/// use tiam_data::{ColumnEncoding, ColumnKind, ColumnSpec, RowEncoder};
/// let column = |name: &str, kind| ColumnSpec { name: name.to_owned(), kind };
/// let categories = vec!["round".to_owned(), "square".to_owned()];
/// let columns = vec![
///     column("size", ColumnKind::Numeric),
///     column("shape", ColumnKind::Categorical { categories }),
///     column("price", ColumnKind::ValueLabel),
/// ];
/// let encoder = RowEncoder::new(ColumnEncoding::new(true, columns)?)?;
/// let mut features = [0.0_f32; 3];
/// encoder.encode(&["7.5", "square"], &mut features)?;
/// assert_eq!(features, [7.5, 0.0, 1.0]);
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
    label: Option<usize>,
}

impl RowEncoder {
    /// An encoder of rows with these columns.
    ///
    /// # Errors
    /// [`DataError::BadEncoding`] if a class that is said to be a number is none.
    pub fn new(encoding: ColumnEncoding) -> Result<Self> {
        let mut n_features = 0;
        let mut actions = Vec::with_capacity(encoding.columns().len());
        for column in encoding.columns() {
            actions.push(match &column.kind {
                ColumnKind::Numeric => Action::Number(n_features),
                ColumnKind::Categorical { categories } => {
                    Action::OneHot(n_features, Lookup::new(categories, false))
                }
                ColumnKind::ClassLabel { names, numeric } => {
                    let is_text = |name: &&String| parse::<f64>(name.as_bytes()).is_none();
                    if let Some(name) = names.iter().find(is_text).filter(|_| *numeric) {
                        let reason = format!("the numeric class {name:?} is not a number");
                        return Err(DataError::BadEncoding { reason });
                    }
                    Action::Class(Lookup::new(names, *numeric))
                }
                ColumnKind::ValueLabel => Action::Value,
                ColumnKind::SampleWeight => Action::SampleWeight,
                ColumnKind::Ignored => Action::Nothing,
            });
            n_features += column.kind.width();
        }
        let label = encoding.label_column();
        let weighted = actions.iter().any(|a| matches!(a, Action::SampleWeight));
        Ok(Self {
            n_inputs: actions.iter().filter(|action| action.is_input()).count(),
            n_unlabelled: actions.len() - usize::from(label.is_some() && !weighted),
            label,
            encoding,
            actions,
            n_features,
        })
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

    /// Encodes one row: `features` receives `n_features` numbers.
    ///
    /// A row holds the cells of the input columns in their order, or those of all columns, or, where none holds weights, of all but the
    /// label. Nothing is allocated.
    ///
    /// # Errors
    /// [`DataError::Shape`] for another number of cells or features; [`DataError::BadCell`] names the column.
    pub fn encode<T: Scalar>(&self, row: &[impl AsCell], features: &mut [T]) -> Result<()> {
        check_size("features of a row", self.n_features, features.len())?;
        let (n, all) = (row.len(), self.actions.len());
        if n != all && n != self.n_unlabelled {
            check_size("cells of a row, one an input column", self.n_inputs, n)?;
        }
        let is_there = |i: &usize| match n {
            _ if n == self.n_inputs => self.actions[*i].is_input(),
            _ => n == all || Some(*i) != self.label,
        };
        features.fill(T::zero());
        for (cell, i) in row.iter().zip((0..all).filter(is_there)) {
            let (cell, is_input) = (cell.cell(), self.actions[i].is_input());
            if is_input && self.put(i, cell, features).is_none() {
                return Err(self.refuse(i, cell));
            }
        }
        Ok(())
    }

    fn put<T: Scalar>(&self, column: usize, cell: Cell<'_>, features: &mut [T]) -> Option<()> {
        match (cell, &self.actions[column]) {
            (Cell::Text(text), _) => self.put_text(column, text.trim_ascii().as_bytes(), features),
            (Cell::Number(x), Action::Number(at)) => {
                features[*at] = finite(T::from_f64(x))?;
                Some(())
            }
            (Cell::Number(x), Action::OneHot(first, categories)) => {
                features[first + categories.find_value(x)? as usize] = T::one();
                Some(())
            }
            _ => None,
        }
    }

    /// Writes what a trimmed text of an input column becomes; `None` if it is not what the column holds.
    #[inline]
    pub(super) fn put_text<T: Scalar>(
        &self,
        column: usize,
        text: &[u8],
        features: &mut [T],
    ) -> Option<()> {
        match &self.actions[column] {
            Action::Number(at) => features[*at] = parse(text)?,
            Action::OneHot(first, categories) => {
                features[first + categories.find(text)? as usize] = T::one();
            }
            _ => return None,
        }
        Some(())
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
            (ColumnKind::Categorical { categories }, _) => unknown("category", categories),
            (ColumnKind::ClassLabel { names, .. }, _) => unknown("class", names),
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
    fn refuse(&self, column: usize, cell: Cell<'_>) -> DataError {
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
