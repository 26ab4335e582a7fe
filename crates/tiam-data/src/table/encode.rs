//! Second pass over a table: it turns cells into numbers.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::{
    cell::{CellKind, Places, kind, list, quote},
    encoding::{ColumnEncoding, ColumnKind},
    pieces::map,
    records::{Row, Rows},
    survey::check_width,
};
use crate::{
    Features, Real, Targets,
    error::{DataError, Result},
    real::parse,
    source::Source,
};

/// The use of a column of the file.
enum Action<'a> {
    Skip,
    /// Its number goes to this feature.
    Number(usize),
    /// A one goes to this feature plus the category's index.
    OneHot {
        first: usize,
        categories: &'a [String],
        index: HashMap<&'a [u8], usize, RandomState>,
    },
    Class {
        names: &'a [String],
        index: ClassIndex<'a>,
    },
    Value,
    SampleWeight,
}

enum ClassIndex<'a> {
    Text(HashMap<&'a [u8], u32, RandomState>),
    /// By the bits of the number.
    Number(HashMap<u64, u32, RandomState>),
}

/// Turns rows into features and targets.
pub(crate) struct Encoder<'a> {
    actions: Vec<Action<'a>>,
    n_features: usize,
    places: &'a Places<'a>,
}

/// Labels, targets and weights of some rows.
struct Answers<T> {
    labels: Vec<u32>,
    targets: Vec<T>,
    weights: Vec<f64>,
}

/// Bytes that the label, the target or the weight of a row takes at most.
const ANSWER: u64 = 8;

/// The answers of all pieces one after the other; a single piece's are not copied.
fn joined<T, V>(answers: &mut [Answers<T>], of: fn(&mut Answers<T>) -> &mut Vec<V>) -> Vec<V> {
    if let [only] = answers {
        return std::mem::take(of(only));
    }
    let n = answers.iter_mut().map(|a| of(a).len()).sum();
    let mut all = Vec::with_capacity(n);
    for piece in answers {
        all.append(&mut std::mem::take(of(piece)));
    }
    all
}

/// A table turned into numbers.
pub(crate) struct Encoded<T> {
    pub(crate) features: Features<T>,
    pub(crate) targets: Targets<T>,
    /// The weight of each sample, where a column gives weights.
    pub(crate) weights: Option<Vec<f64>>,
}

impl<'a> Encoder<'a> {
    /// `columns[i]` is the column of the encoding that column `i` of the file is, or `None` to skip it.
    pub(crate) fn new(
        encoding: &'a ColumnEncoding,
        columns: &[Option<usize>],
        places: &'a Places<'a>,
    ) -> Result<Self> {
        let specs = encoding.columns();
        let mut n_features = 0;
        let first_features: Vec<usize> = specs
            .iter()
            .map(|c| {
                let first = n_features;
                n_features += c.kind.width();
                first
            })
            .collect();
        let action = |column: &Option<usize>| {
            let Some((i, spec)) = column.and_then(|i| Some((i, specs.get(i)?))) else {
                return Ok(Action::Skip);
            };
            Ok(match &spec.kind {
                ColumnKind::Numeric => Action::Number(first_features[i]),
                ColumnKind::Categorical { categories } => {
                    let index = categories
                        .iter()
                        .enumerate()
                        .map(|(i, c)| (c.as_bytes(), i))
                        .collect();
                    Action::OneHot {
                        first: first_features[i],
                        categories,
                        index,
                    }
                }
                ColumnKind::ClassLabel { names, numeric } => Action::Class {
                    names,
                    index: class_index(names, *numeric)?,
                },
                ColumnKind::ValueLabel => Action::Value,
                ColumnKind::SampleWeight => Action::SampleWeight,
                ColumnKind::Ignored => Action::Skip,
            })
        };
        let actions = columns.iter().map(action).collect::<Result<_>>()?;
        Ok(Self {
            actions,
            n_features,
            places,
        })
    }

    /// Reads the rows of all pieces. `n_rows` are their numbers if they are known.
    pub(crate) fn read<T: Real>(
        &self,
        pieces: Vec<Rows<'_>>,
        n_rows: Option<Vec<usize>>,
        threads: usize,
        source: &Source,
    ) -> Result<Encoded<T>> {
        let n_rows = match n_rows {
            Some(n_rows) => n_rows,
            None => map(pieces.iter().collect(), threads, |rows| Ok(count(rows)))?,
        };
        let n: usize = n_rows.iter().sum();
        let room = n.saturating_mul(self.n_features);
        let mut values = source.reserve(room, "the encoded features")?;
        source.check("the targets", (n as u64).saturating_mul(ANSWER))?;
        values.resize(room, T::default());
        let mut rest = &mut values[..];
        let mut jobs = Vec::with_capacity(pieces.len());
        for (rows, n) in pieces.into_iter().zip(n_rows) {
            let (slot, after) = rest.split_at_mut(n * self.n_features);
            jobs.push((rows, slot));
            rest = after;
        }
        let mut answers = map(jobs, threads, |(rows, slot)| self.read_piece(rows, slot))?;
        if n == 0 {
            let path = self.places.path.to_path_buf();
            return Err(DataError::TableEmpty {
                path,
                reason: "there are no data rows",
            });
        }
        let features = Features::new(n, self.n_features, values)?;
        let weighted = self
            .actions
            .iter()
            .any(|a| matches!(a, Action::SampleWeight));
        let weights = joined(&mut answers, |a| &mut a.weights);
        Ok(Encoded {
            features,
            weights: weighted.then_some(weights),
            targets: self.targets(n, answers)?,
        })
    }

    /// Joins the answers of the pieces.
    fn targets<T: Real>(&self, n: usize, mut answers: Vec<Answers<T>>) -> Result<Targets<T>> {
        let is_label = |a: &&Action<'_>| matches!(a, Action::Class { .. } | Action::Value);
        Ok(match self.actions.iter().find(is_label) {
            Some(Action::Class { names, .. }) => Targets::Classes {
                labels: joined(&mut answers, |a| &mut a.labels),
                names: names.to_vec(),
            },
            Some(_) => {
                let targets = joined(&mut answers, |a| &mut a.targets);
                Targets::Values(Features::new(n, 1, targets)?)
            }
            None => Targets::Absent,
        })
    }

    /// Reads the rows of a piece into their place among the features, which is all zeros.
    fn read_piece<T: Real>(&self, mut rows: Rows<'_>, slot: &mut [T]) -> Result<Answers<T>> {
        // There is a feature.
        let n = slot.len() / self.n_features.max(1);
        let room = |is: fn(&Action<'_>) -> bool| if self.actions.iter().any(is) { n } else { 0 };
        let mut answers = Answers {
            labels: Vec::with_capacity(room(|a| matches!(a, Action::Class { .. }))),
            targets: Vec::with_capacity(room(|a| matches!(a, Action::Value))),
            weights: Vec::with_capacity(room(|a| matches!(a, Action::SampleWeight))),
        };
        let mut row = Row::default();
        let delimiter = rows.delimiter();
        // There are as many places as rows.
        let mut places = slot.chunks_exact_mut(self.n_features.max(1));
        while rows.next(&mut row)? {
            check_width(&row, self.actions.len(), delimiter, self.places)?;
            let Some(values) = places.next() else { break };
            self.read_row(&row, values, &mut answers)?;
        }
        Ok(answers)
    }

    fn read_row<T: Real>(
        &self,
        row: &Row<'_>,
        values: &mut [T],
        answers: &mut Answers<T>,
    ) -> Result<()> {
        for (i, (cell, action)) in row.cells.iter().zip(&self.actions).enumerate() {
            match action {
                Action::Skip => {}
                Action::Number(feature) => values[*feature] = self.number(row.line, i, cell)?,
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
                    values[first + category] = T::from_f64(1.0);
                }
                Action::Class { names, index } => {
                    let found = match index {
                        ClassIndex::Text(index) => index.get(&cell[..]),
                        ClassIndex::Number(index) => {
                            parse::<f64>(cell).and_then(|v| index.get(&(v + 0.0).to_bits()))
                        }
                    };
                    answers.labels.push(*found.ok_or_else(|| {
                        self.unknown(row.line, i, cell, |at| DataError::UnknownClass {
                            at,
                            cell: quote(cell),
                            known: list(names),
                        })
                    })?);
                }
                Action::Value => answers.targets.push(self.number(row.line, i, cell)?),
                Action::SampleWeight => answers.weights.push(self.weight(row.line, i, cell)?),
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

    fn weight(&self, line: u64, column: usize, cell: &[u8]) -> Result<f64> {
        let weight = self.number::<f64>(line, column, cell)?;
        if weight >= 0.0 {
            return Ok(weight);
        }
        Err(DataError::NotANumber {
            at: self.places.at(line, column),
            cell: quote(cell),
            reason: "of at least 0, as samples' weights must be",
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

/// Rows up to the end or to one that cannot be cut into cells.
fn count(rows: &Rows<'_>) -> usize {
    let mut rows = rows.clone();
    let mut row = Row::default();
    let mut n = 0;
    while rows.next(&mut row).unwrap_or(false) {
        n += 1;
    }
    n
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
