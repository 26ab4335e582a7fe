//! Second pass over a table: it turns cells into numbers.

use super::{
    cell::{Places, list, quote},
    pieces::map,
    records::{Row, Rows},
    row::{Action, RowEncoder, no_category, no_number, unknown},
    survey::check_width,
};
use crate::{
    Features, Real, Targets,
    error::{DataError, Result},
    real::parse,
    source::Source,
};

/// Turns rows into features and targets.
pub(crate) struct Encoder<'a> {
    rows: &'a RowEncoder,
    /// For each column of the file the column of the encoding that it is.
    columns: Vec<Option<usize>>,
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
        rows: &'a RowEncoder,
        columns: Vec<Option<usize>>,
        places: &'a Places<'a>,
    ) -> Self {
        Self {
            rows,
            columns,
            places,
        }
    }

    /// What becomes of each column of the file, with its number in the encoding.
    fn actions(&self) -> impl Iterator<Item = (usize, &Action)> {
        let of = |column: &Option<usize>| {
            let found = column.and_then(|i| Some((i, self.rows.actions().get(i)?)));
            found.unwrap_or((0, &Action::Nothing))
        };
        self.columns.iter().map(of)
    }

    fn n_features(&self) -> usize {
        self.rows.n_features()
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
        let room = n.saturating_mul(self.n_features());
        let mut values = source.reserve(room, "the encoded features")?;
        source.check("the targets", (n as u64).saturating_mul(ANSWER))?;
        values.resize(room, T::default());
        let mut rest = &mut values[..];
        let mut jobs = Vec::with_capacity(pieces.len());
        for (rows, n) in pieces.into_iter().zip(n_rows) {
            let (slot, after) = rest.split_at_mut(n * self.n_features());
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
        let features = Features::new(n, self.n_features(), values)?;
        let weighted = self
            .actions()
            .any(|(_, u)| matches!(u, Action::SampleWeight));
        let weights = joined(&mut answers, |a| &mut a.weights);
        Ok(Encoded {
            features,
            weights: weighted.then_some(weights),
            targets: self.targets(n, answers)?,
        })
    }

    /// Joins the answers of the pieces.
    fn targets<T: Real>(&self, n: usize, mut answers: Vec<Answers<T>>) -> Result<Targets<T>> {
        for (column, action) in self.actions() {
            match action {
                Action::Class(_) => {
                    return Ok(Targets::Classes {
                        labels: joined(&mut answers, |a| &mut a.labels),
                        names: self.rows.texts(column).to_vec(),
                    });
                }
                Action::Value => {
                    let targets = joined(&mut answers, |a| &mut a.targets);
                    return Ok(Targets::Values(Features::new(n, 1, targets)?));
                }
                _ => {}
            }
        }
        Ok(Targets::Absent)
    }

    /// Reads the rows of a piece into their place among the features, which is all zeros.
    fn read_piece<T: Real>(&self, mut rows: Rows<'_>, slot: &mut [T]) -> Result<Answers<T>> {
        // There is a feature.
        let n = slot.len() / self.n_features().max(1);
        let room = |is: fn(&Action) -> bool| {
            if self.actions().any(|(_, u)| is(u)) {
                n
            } else {
                0
            }
        };
        let mut answers = Answers {
            labels: Vec::with_capacity(room(|u| matches!(u, Action::Class(_)))),
            targets: Vec::with_capacity(room(|u| matches!(u, Action::Value))),
            weights: Vec::with_capacity(room(|u| matches!(u, Action::SampleWeight))),
        };
        let actions: Vec<_> = self.actions().collect();
        let mut row = Row::default();
        let delimiter = rows.delimiter();
        // There are as many places as rows.
        let mut places = slot.chunks_exact_mut(self.n_features().max(1));
        while rows.next(&mut row)? {
            check_width(&row, actions.len(), delimiter, self.places)?;
            let Some(values) = places.next() else { break };
            self.read_row(&row, &actions, values, &mut answers)?;
        }
        Ok(answers)
    }

    fn read_row<T: Real>(
        &self,
        row: &Row<'_>,
        actions: &[(usize, &Action)],
        values: &mut [T],
        answers: &mut Answers<T>,
    ) -> Result<()> {
        let (line, places) = (row.line, self.places);
        for (i, (cell, (column, action))) in row.cells.iter().zip(actions).enumerate() {
            match action {
                Action::Nothing => {}
                Action::Number(feature) => values[*feature] = self.number(line, i, cell)?,
                Action::OneHot(first, index, _) => {
                    let categories = self.rows.texts(*column);
                    let found = index.find(cell, categories);
                    let category =
                        found.ok_or_else(|| no_category(places, line, i, cell, categories))?;
                    values[first + category as usize] = T::from_f64(1.0);
                }
                Action::Class(classes) => {
                    let names = self.rows.texts(*column);
                    let found = classes.find(cell, names);
                    answers.labels.push(found.ok_or_else(|| {
                        unknown(places, line, i, cell, |at| DataError::UnknownClass {
                            at,
                            cell: quote(cell),
                            known: list(names),
                        })
                    })?);
                }
                Action::Value => answers.targets.push(self.number(line, i, cell)?),
                Action::SampleWeight => answers.weights.push(self.weight(line, i, cell)?),
            }
        }
        Ok(())
    }

    fn number<T: Real>(&self, line: u64, column: usize, cell: &[u8]) -> Result<T> {
        parse::<T>(cell).ok_or_else(|| no_number(self.places, line, column, cell))
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
