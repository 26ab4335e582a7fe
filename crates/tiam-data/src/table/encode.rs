//! Second pass over a table: cells to numbers.

use std::collections::HashMap;

use super::{
    cell::{CellKind, Places, kind, list, quote},
    encoding::{ColumnEncoding, ColumnKind},
    records::{Row, Rows},
    survey::check_width,
};
use crate::{
    Features, Real, Targets,
    error::{DataError, Result, reserve},
    real::parse,
    source::check_limit,
};

/// What becomes of a column of the file.
enum Action<'a> {
    Skip,
    /// Its number goes to this feature.
    Number(usize),
    /// A one goes to this feature plus the category's index.
    OneHot {
        first: usize,
        categories: &'a [String],
        index: HashMap<&'a [u8], usize>,
    },
    Class {
        names: &'a [String],
        index: ClassIndex<'a>,
    },
    Value,
}

enum ClassIndex<'a> {
    Text(HashMap<&'a [u8], u32>),
    /// By the bits of the number.
    Number(HashMap<u64, u32>),
}

/// Turns rows into features and targets.
pub(crate) struct Encoder<'a> {
    actions: Vec<Action<'a>>,
    n_features: usize,
    places: &'a Places<'a>,
}

/// What was read so far.
struct Output<T> {
    values: Vec<T>,
    labels: Vec<u32>,
    targets: Vec<T>,
}

impl<'a> Encoder<'a> {
    /// `columns[i]` is the column of the encoding that column `i` of the file is, or `None` to skip it.
    pub(crate) fn new(
        encoding: &'a ColumnEncoding,
        columns: &[Option<usize>],
        places: &'a Places<'a>,
    ) -> Result<Self> {
        let specs = encoding.columns();
        let first_feature = |i: usize| specs[..i].iter().map(|c| c.kind.width()).sum();
        let action = |column: &Option<usize>| {
            let Some((i, spec)) = column.and_then(|i| Some((i, specs.get(i)?))) else {
                return Ok(Action::Skip);
            };
            Ok(match &spec.kind {
                ColumnKind::Numeric => Action::Number(first_feature(i)),
                ColumnKind::Categorical { categories } => {
                    let index = categories
                        .iter()
                        .enumerate()
                        .map(|(i, c)| (c.as_bytes(), i))
                        .collect();
                    Action::OneHot {
                        first: first_feature(i),
                        categories,
                        index,
                    }
                }
                ColumnKind::ClassLabel { names, numeric } => Action::Class {
                    names,
                    index: class_index(names, *numeric)?,
                },
                ColumnKind::ValueLabel => Action::Value,
                ColumnKind::Ignored => Action::Skip,
            })
        };
        let actions = columns.iter().map(action).collect::<Result<_>>()?;
        Ok(Self {
            actions,
            n_features: encoding.n_features(),
            places,
        })
    }

    /// Reads all rows. `n_rows` is their number if it is known.
    pub(crate) fn read<T: Real>(
        &self,
        mut rows: Rows<'_>,
        n_rows: Option<usize>,
        limit: u64,
    ) -> Result<(Features<T>, Targets<T>)> {
        let bytes_per_row = (self.n_features as u64).saturating_mul(size_of::<T>() as u64);
        let check = |n: usize| {
            check_limit(
                self.places.path,
                "the encoded features",
                bytes_per_row.saturating_mul(n as u64),
                limit,
            )
        };
        check(n_rows.unwrap_or(0))?;
        let room = n_rows.unwrap_or(0).saturating_mul(self.n_features);
        let mut out = Output {
            values: reserve(room, "the encoded features")?,
            labels: vec![],
            targets: vec![],
        };
        let mut row = Row::default();
        let mut n = 0;
        let delimiter = rows.delimiter();
        while rows.next(&mut row)? {
            check_width(&row, self.actions.len(), delimiter, self.places)?;
            n += 1;
            check(n)?;
            self.read_row(&row, &mut out)?;
        }
        if n == 0 {
            let path = self.places.path.to_path_buf();
            return Err(DataError::TableEmpty {
                path,
                reason: "there are no data rows",
            });
        }
        let targets = match self
            .actions
            .iter()
            .find(|a| matches!(a, Action::Class { .. } | Action::Value))
        {
            Some(Action::Class { names, .. }) => Targets::Classes {
                labels: out.labels,
                names: names.to_vec(),
            },
            Some(_) => Targets::Values(Features::new(n, 1, out.targets)?),
            None => Targets::Absent,
        };
        Ok((Features::new(n, self.n_features, out.values)?, targets))
    }

    fn read_row<T: Real>(&self, row: &Row<'_>, out: &mut Output<T>) -> Result<()> {
        let start = out.values.len();
        out.values.resize(start + self.n_features, T::default());
        for (i, (cell, action)) in row.cells.iter().zip(&self.actions).enumerate() {
            match action {
                Action::Skip => {}
                Action::Number(feature) => {
                    out.values[start + feature] = self.number(row.line, i, cell)?
                }
                Action::OneHot {
                    first,
                    categories,
                    index,
                } => {
                    let category = index.get(&cell[..]).ok_or_else(|| {
                        self.unknown(row.line, i, cell, |at| DataError::UnknownCategory {
                            at,
                            cell: quote(cell),
                            known: list(categories),
                        })
                    })?;
                    out.values[start + first + category] = T::from_f64(1.0);
                }
                Action::Class { names, index } => {
                    let found = match index {
                        ClassIndex::Text(index) => index.get(&cell[..]),
                        ClassIndex::Number(index) => {
                            parse::<f64>(cell).and_then(|v| index.get(&(v + 0.0).to_bits()))
                        }
                    };
                    out.labels.push(*found.ok_or_else(|| {
                        self.unknown(row.line, i, cell, |at| DataError::UnknownClass {
                            at,
                            cell: quote(cell),
                            known: list(names),
                        })
                    })?);
                }
                Action::Value => out.targets.push(self.number(row.line, i, cell)?),
            }
        }
        Ok(())
    }

    fn number<T: Real>(&self, line: u64, column: usize, cell: &[u8]) -> Result<T> {
        if let Some(value) = parse::<T>(cell) {
            return Ok(value);
        }
        Err(match kind(cell) {
            CellKind::Missing => self.places.missing(line, column, cell),
            CellKind::Integer | CellKind::Fraction | CellKind::Infinite => {
                self.places.infinite(line, column, cell)
            }
            CellKind::Text => DataError::NotANumber {
                at: self.places.at(line, column),
                cell: quote(cell),
                reason: "but its column is numeric; correct the cell",
            },
        })
    }

    /// The error for a text that is not in a list: a missing value and bad UTF-8 come first.
    fn unknown(
        &self,
        line: u64,
        column: usize,
        cell: &[u8],
        otherwise: impl FnOnce(Box<crate::CellPlace>) -> DataError,
    ) -> DataError {
        if kind(cell) == CellKind::Missing {
            return self.places.missing(line, column, cell);
        }
        match self.places.text(line, column, cell) {
            Err(error) => error,
            Ok(_) => otherwise(self.places.at(line, column)),
        }
    }
}

fn class_index(names: &[String], numeric: bool) -> Result<ClassIndex<'_>> {
    let numbered = names.iter().zip(0_u32..);
    if !numeric {
        return Ok(ClassIndex::Text(
            numbered
                .map(|(name, class)| (name.as_bytes(), class))
                .collect(),
        ));
    }
    let bits = |(name, class): (&String, u32)| match parse::<f64>(name.as_bytes()) {
        Some(value) => Ok(((value + 0.0).to_bits(), class)),
        None => Err(DataError::BadEncoding {
            reason: format!("the numeric class {name:?} is not a number"),
        }),
    };
    Ok(ClassIndex::Number(
        numbered.map(bits).collect::<Result<_>>()?,
    ))
}
