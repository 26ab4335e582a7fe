//! One row of a table as features.

use std::fmt;
use std::hash::BuildHasher;
use std::path::Path;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::cell::{CellKind, Places, kind, list, quote};
use super::encoding::{ColumnEncoding, ColumnKind};
use crate::error::{DataError, Result};
use crate::real::{Real, parse};

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

impl AsCell for String {
    fn cell(&self) -> Cell<'_> {
        Cell::Text(self)
    }
}

macro_rules! cells {
    ($($t:ty: $as:expr;)*) => {
        $(impl AsCell for $t {
            fn cell(&self) -> Cell<'_> {
                $as(self)
            }
        })*
    };
}
cells! {
    str: Cell::Text;
    f64: |x: &f64| Cell::Number(*x);
    f32: |x: &f32| Cell::Number(f64::from(*x));
    i32: |x: &i32| Cell::Number(f64::from(*x));
    u32: |x: &u32| Cell::Number(f64::from(*x));
    u8: |x: &u8| Cell::Number(f64::from(*x));
    i8: |x: &i8| Cell::Number(f64::from(*x));
    i16: |x: &i16| Cell::Number(f64::from(*x));
    u16: |x: &u16| Cell::Number(f64::from(*x));
    i64: |x: &i64| Cell::Number(*x as f64);
    u64: |x: &u64| Cell::Number(*x as f64);
    usize: |x: &usize| Cell::Number(*x as f64);
    bool: |x: &bool| Cell::Text(if *x { "true" } else { "false" });
}

/// The numbers of some texts, found by the text; the texts lie elsewhere.
#[derive(Clone, Default)]
pub(super) struct Index {
    numbers: HashTable<u32>,
    hasher: RandomState,
}

impl Index {
    fn new(texts: &[String]) -> Self {
        let hasher = RandomState::default();
        let hash = |text: &[u8]| hasher.hash_one(text);
        let mut numbers = HashTable::with_capacity(texts.len());
        for (number, text) in (0_u32..).zip(texts) {
            numbers.insert_unique(hash(text.as_bytes()), number, |n| {
                hash(texts[*n as usize].as_bytes())
            });
        }
        Self { numbers, hasher }
    }

    /// The number of `text` among the texts the index was made of.
    pub(super) fn find(&self, text: &[u8], texts: &[String]) -> Option<u32> {
        let same = |n: &u32| texts.get(*n as usize).is_some_and(|t| t.as_bytes() == text);
        self.numbers.find(self.hasher.hash_one(text), same).copied()
    }
}

/// The classes of a label column.
#[derive(Clone)]
pub(super) enum Classes {
    ByText(Index),
    /// The bits of each class's number with the class, sorted.
    ByNumber(Vec<(u64, u32)>),
}

impl Classes {
    /// The class of a cell; `names` are the classes' names.
    pub(super) fn find(&self, cell: &[u8], names: &[String]) -> Option<u32> {
        match self {
            Self::ByText(index) => index.find(cell, names),
            Self::ByNumber(numbers) => {
                let bits = (parse::<f64>(cell)? + 0.0).to_bits();
                let at = numbers.binary_search_by_key(&bits, |n| n.0).ok()?;
                Some(numbers[at].1)
            }
        }
    }
}

/// What becomes of a column.
#[derive(Clone)]
pub(super) enum Action {
    Nothing,
    /// Its number goes to this feature.
    Number(usize),
    /// A one goes to this feature plus the category's number; the categories that are numbers.
    OneHot(usize, Index, Vec<(f64, u32)>),
    Class(Classes),
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
#[derive(Clone)]
pub struct RowEncoder {
    encoding: ColumnEncoding,
    actions: Vec<Action>,
    n_features: usize,
    /// Columns that are inputs, that are there, and that of the label.
    n_inputs: usize,
    label: Option<usize>,
    weighted: bool,
}

impl fmt::Debug for RowEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RowEncoder").field(&self.encoding).finish()
    }
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
                    Action::OneHot(n_features, Index::new(categories), numbers(categories))
                }
                ColumnKind::ClassLabel {
                    names,
                    numeric: true,
                } => Action::Class(Classes::ByNumber(class_numbers(names)?)),
                ColumnKind::ClassLabel { names, .. } => {
                    Action::Class(Classes::ByText(Index::new(names)))
                }
                ColumnKind::ValueLabel => Action::Value,
                ColumnKind::SampleWeight => Action::SampleWeight,
                ColumnKind::Ignored => Action::Nothing,
            });
            n_features += column.kind.width();
        }
        Ok(Self {
            n_inputs: actions.iter().filter(|action| action.is_input()).count(),
            label: encoding.label_column(),
            weighted: actions.iter().any(|a| matches!(a, Action::SampleWeight)),
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
    /// [`DataError::Shape`] for another number of cells or features; [`DataError::MissingValue`],
    /// [`DataError::NonFiniteCell`], [`DataError::NotANumber`] and [`DataError::UnknownCategory`] name the column.
    pub fn encode<T: Real>(&self, row: &[impl AsCell], features: &mut [T]) -> Result<()> {
        let shape = |what, expected, actual| DataError::Shape {
            what,
            expected,
            actual,
        };
        if features.len() != self.n_features {
            return Err(shape("features of a row", self.n_features, features.len()));
        }
        let (all, label, n_inputs) = (self.actions.len(), self.label, self.n_inputs);
        let is_input = |i: usize| self.actions[i].is_input();
        // With a column of weights it could also be the one that is missing.
        let without_label = match label {
            Some(_) if !self.weighted => all - 1,
            _ => all,
        };
        let n = row.len();
        if n != n_inputs && n != all && n != without_label {
            return Err(shape("cells of a row, one an input column", n_inputs, n));
        }
        let holds = |i: &usize| match n {
            _ if n == n_inputs => is_input(*i),
            _ if n == all => true,
            _ => Some(*i) != label,
        };
        features.fill(T::default());
        for (cell, i) in row.iter().zip((0..all).filter(holds)) {
            if is_input(i) {
                self.put(i, cell.cell(), features)?;
            }
        }
        Ok(())
    }

    fn put<T: Real>(&self, column: usize, cell: Cell<'_>, features: &mut [T]) -> Result<()> {
        match (cell, &self.actions[column]) {
            (Cell::Text(text), _) => return self.put_text(column, text, features),
            (Cell::Number(x), Action::Number(at)) if T::from_f64(x).is_finite() => {
                features[*at] = T::from_f64(x);
                return Ok(());
            }
            (Cell::Number(x), Action::OneHot(first, _, numbers)) => {
                // A number of single precision is the category that is nearest to it there.
                let equal = |a: f64, b: f64| (a + 0.0).total_cmp(&(b + 0.0)).is_eq();
                let single = |a: f64| f64::from(a as f32);
                let same = |n: &&(f64, u32)| {
                    equal(n.0, x) || (equal(single(x), x) && equal(single(n.0), x))
                };
                if let Some((_, number)) = numbers.iter().find(same) {
                    features[first + *number as usize] = T::from_f64(1.0);
                    return Ok(());
                }
            }
            _ => {}
        }
        let Cell::Number(x) = cell else { return Ok(()) };
        Err(self.refuse(column, x.to_string().as_bytes()))
    }

    fn put_text<T: Real>(&self, column: usize, text: &str, features: &mut [T]) -> Result<()> {
        let cell = text.trim_ascii().as_bytes();
        let (at, value) = match &self.actions[column] {
            Action::Number(at) => match parse::<T>(cell) {
                Some(value) => (Some(*at), value),
                None => (None, T::default()),
            },
            Action::OneHot(first, index, _) => {
                let found = index.find(cell, self.texts(column));
                (found.map(|n| first + n as usize), T::from_f64(1.0))
            }
            _ => return Ok(()),
        };
        let at = at.ok_or_else(|| self.refuse(column, cell))?;
        features[at] = value;
        Ok(())
    }

    /// The categories or classes of a column.
    pub(super) fn texts(&self, column: usize) -> &[String] {
        match &self.encoding.columns()[column].kind {
            ColumnKind::Categorical { categories: texts }
            | ColumnKind::ClassLabel { names: texts, .. } => texts,
            _ => &[],
        }
    }

    pub(super) fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// Why a cell of a row that is of no file cannot be encoded.
    fn refuse(&self, column: usize, cell: &[u8]) -> DataError {
        let names: Vec<String> = (self.encoding.columns().iter())
            .map(|c| c.name.clone())
            .collect();
        let places = Places {
            path: Path::new("the row"),
            names: &names,
        };
        match &self.actions[column] {
            Action::Number(_) => no_number(&places, 0, column, cell),
            _ => no_category(&places, 0, column, cell, self.texts(column)),
        }
    }
}

/// The texts that are numbers, with their places.
fn numbers(texts: &[String]) -> Vec<(f64, u32)> {
    let numbered = texts.iter().zip(0_u32..);
    numbered
        .filter_map(|(text, n)| Some((parse(text.as_bytes())?, n)))
        .collect()
}

/// The error for a cell of a numeric column that is no finite number.
pub(super) fn no_number(places: &Places<'_>, line: u64, column: usize, cell: &[u8]) -> DataError {
    match kind(cell) {
        CellKind::Missing => places.missing(line, column, cell),
        CellKind::Integer | CellKind::Fraction | CellKind::Infinite => {
            places.infinite(line, column, cell)
        }
        CellKind::Text => DataError::NotANumber {
            at: places.at(line, column),
            cell: quote(cell),
            reason: "but its column is numeric; correct the cell",
        },
    }
}

/// The error for a text that is none of the column's categories.
pub(super) fn no_category(
    places: &Places<'_>,
    line: u64,
    column: usize,
    cell: &[u8],
    known: &[String],
) -> DataError {
    unknown(places, line, column, cell, |at| {
        DataError::UnknownCategory {
            at,
            cell: quote(cell),
            known: list(known),
        }
    })
}

/// The error for a text that is not in a list: a missing value and bad UTF-8 come first.
pub(super) fn unknown(
    places: &Places<'_>,
    line: u64,
    column: usize,
    cell: &[u8],
    otherwise: impl FnOnce(Box<crate::CellPlace>) -> DataError,
) -> DataError {
    if kind(cell) == CellKind::Missing {
        return places.missing(line, column, cell);
    }
    match places.text(line, column, cell) {
        Err(error) => error,
        Ok(_) => otherwise(places.at(line, column)),
    }
}

fn class_numbers(names: &[String]) -> Result<Vec<(u64, u32)>> {
    let bits = |(name, class): (&String, u32)| match parse::<f64>(name.as_bytes()) {
        Some(value) => Ok(((value + 0.0).to_bits(), class)),
        None => Err(DataError::BadEncoding {
            reason: format!("the numeric class {name:?} is not a number"),
        }),
    };
    let mut numbers = (names.iter().zip(0_u32..).map(bits)).collect::<Result<Vec<_>>>()?;
    numbers.sort_unstable();
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ColumnSpec;

    fn encoder(weighted: bool) -> RowEncoder {
        let column = |name: &str, kind| ColumnSpec {
            name: name.to_owned(),
            kind,
        };
        let categories = ["0.1", "1.0", "none"].map(str::to_owned).to_vec();
        let mut columns = vec![
            column("y", ColumnKind::ValueLabel),
            column("c", ColumnKind::Categorical { categories }),
            column("x", ColumnKind::Numeric),
            column("id", ColumnKind::Ignored),
        ];
        if weighted {
            columns.push(column("w", ColumnKind::SampleWeight));
        }
        RowEncoder::new(ColumnEncoding::new(true, columns).unwrap()).unwrap()
    }

    /// The features of a row, which are whole numbers here.
    fn encoded(encoder: &RowEncoder, row: &[Cell<'_>]) -> Result<[i32; 4]> {
        let mut features = [f64::NAN; 4];
        encoder.encode(row, &mut features)?;
        Ok(features.map(|x| x as i32))
    }

    #[test]
    fn a_number_is_the_category_of_its_value() {
        let of = |cell| encoded(&encoder(false), &[cell, Cell::Number(2.0)]).unwrap();
        assert_eq!(of(1.cell()), [0, 1, 0, 2]);
        assert_eq!(of(0.1_f32.cell()), [1, 0, 0, 2]);
        assert_eq!(of(0.1_f64.cell()), [1, 0, 0, 2]);
        assert_eq!(of(" none ".cell()), [0, 0, 1, 2]);
        let unknown = encoded(&encoder(false), &[Cell::Number(7.0), Cell::Number(2.0)]);
        assert!(unknown.unwrap_err().to_string().contains("(\"c\")"));
    }

    #[test]
    fn columns_that_are_no_inputs_may_be_there_or_not() {
        let text = |cells: &[&'static str]| cells.iter().map(|c| Cell::Text(c)).collect::<Vec<_>>();
        let expected = [0, 1, 0, 2];
        for row in [
            &["1.0", "2"][..],
            &["1.0", "2", "a"],
            &["?", "1.0", "2", "a"],
        ] {
            assert_eq!(encoded(&encoder(false), &text(row)).unwrap(), expected);
        }
        // Either the label or the weight could be missing: neither form is guessed.
        let four = text(&["1.0", "2", "a", "1"]);
        assert!(encoded(&encoder(true), &four).is_err());
        assert!(encoded(&encoder(true), &text(&["5", "1.0", "2", "a", "1"])).is_ok());
        assert!(encoded(&encoder(false), &text(&["1.0"])).is_err());
    }
}
