//! Second pass over a table: it turns cells into numbers.

use super::{
    Met, MissingCells, Reading, Row, Rows, Sheet, TableParams,
    cell::{CellKind, kind, label_kind, parse},
    encoder::{Action, RowEncoder},
    parallel::map,
};
use crate::{
    Dataset, Features, Scalar, Targets,
    error::{Place, Result},
};

/// How rows are encoded.
#[derive(Clone, Copy)]
pub(super) struct Encode<'e> {
    pub(super) encoder: &'e RowEncoder,
    /// For each column of the file the column of the encoder that it is, or `None` to skip it.
    pub(super) columns: &'e [Option<usize>],
    /// Whether the encoding was made from these rows.
    pub(super) own: bool,
    pub(super) params: &'e TableParams,
    /// The column of the file whose texts name the rows.
    pub(super) row_names: Option<usize>,
}

impl Encode<'_> {
    /// Numbers of a row beside its features: class or values, then the weight.
    fn n_answers(self) -> usize {
        self.encoder.encoding().label_columns().count().max(1) + 1
    }

    /// Whether rows of another width are taken, and cells that are not known.
    fn is_lenient(self) -> bool {
        !self.own && !self.params.strict
    }

    /// The columns of the file that hold labels.
    fn labels(self) -> Vec<usize> {
        let is_label = |column: usize| self.encoder.encoding().columns()[column].kind.is_label();
        let columns = self.columns.iter().enumerate();
        let labels = columns.filter(|(_, column)| column.is_some_and(is_label));
        labels.map(|(i, _)| i).collect()
    }

    /// Whether a row is to be left out because a label is missing.
    fn lacks_a_label(self, labels: &[usize], row: &Row<'_>) -> bool {
        self.params.missing == MissingCells::Fill
            && labels.iter().any(|i| {
                let cell = row.cells.get(*i).map_or(&[][..], |cell| cell);
                label_kind(cell) == CellKind::Missing
            })
    }

    /// Rows with labels, up to the end or to one that cannot be cut into cells.
    pub(super) fn count<'a>(self, rows: &impl Rows<'a>) -> usize {
        let labels = self.labels();
        let mut rows = rows.clone();
        let mut row = Row::default();
        let mut n = 0;
        while rows.next(&mut row).unwrap_or(false) {
            let is_left_out = self.leaves_out(&row) || self.lacks_a_label(&labels, &row);
            n += usize::from(!is_left_out);
        }
        n
    }

    /// Whether a row of the table itself is left out because it has another width.
    fn leaves_out(self, row: &Row<'_>) -> bool {
        self.own
            && self.params.missing == MissingCells::Fill
            && row.cells.len() != self.columns.len()
    }
}

/// The features, targets and weights of all rows, and what was met. `n_rows` are the rows with labels of each piece.
pub(super) fn encode<'a, T: Scalar, R: Rows<'a>>(
    sheet: &Sheet<'a, R>,
    pieces: Vec<R>,
    n_rows: &[usize],
    how: Encode<'_>,
    threads: usize,
) -> Result<(Dataset<T>, Reading)> {
    let n: usize = n_rows.iter().sum();
    let (width, n_answers) = (how.encoder.n_features(), how.n_answers());
    let room = n.saturating_mul(width);
    let mut values = sheet.source.reserve(room, "the encoded features")?;
    values.resize(room, T::zero());
    let room = n.saturating_mul(n_answers);
    let mut answers = sheet.source.reserve(room, "the targets")?;
    answers.resize(room, 0.0);

    let (mut features_left, mut answers_left) = (&mut values[..], &mut answers[..]);
    let mut jobs = Vec::with_capacity(pieces.len());
    for (rows, &n) in pieces.into_iter().zip(n_rows) {
        let features = features_left.split_off_mut(..n * width).unwrap_or_default();
        let answers = answers_left
            .split_off_mut(..n * n_answers)
            .unwrap_or_default();
        jobs.push((rows, features, answers));
    }
    let readings = map(jobs, threads, |(rows, features, answers)| {
        read_piece(sheet, rows, how, features, answers)
    })?;
    let mut reading = Reading::default();
    let mut row_names = Vec::new();
    for (more, names) in readings {
        reading.append(more);
        row_names.extend(names);
    }
    if n == 0 {
        let reason = match reading.unlabelled {
            0 => "there are no data rows".to_owned(),
            n => format!("none of the {n} rows has a label"),
        };
        return Err(sheet.malformed(Place::Whole, reason));
    }
    let (targets, weights) = targets(how, &answers, n)?;
    let data = Dataset::with_gaps(Features::new(n, width, values)?, targets)?;
    let data = match weights {
        Some(weights) => data.with_sample_weights(weights)?,
        None => data,
    };
    Ok((data.with_row_names(row_names), reading))
}

/// The targets and weights among the answers of n rows.
fn targets<T: Scalar>(
    how: Encode<'_>,
    answers: &[f64],
    n: usize,
) -> Result<(Targets<T>, Option<Vec<f64>>)> {
    let n_answers = how.n_answers();
    let answers_of = |at: usize| answers.iter().skip(at).step_by(n_answers);
    let (mut targets, mut weights) = (Targets::Absent, None);
    for &column in how.columns.iter().flatten() {
        match how.encoder.action(column) {
            Action::Class(_) => {
                let names = how.encoder.encoding().class_names().unwrap_or_default();
                targets = Targets::Classes {
                    labels: answers_of(0).map(|class| *class as u32).collect(),
                    names: names.to_vec(),
                }
            }
            Action::Value(0, _) | Action::Flag(0, _) => {
                let k = n_answers - 1;
                let rows = answers.chunks_exact(n_answers);
                let values = rows.flat_map(|row| row[..k].iter().map(|x| T::from_f64(*x)));
                targets = Targets::Values(Features::new(n, k, values.collect())?);
            }
            Action::SampleWeight => weights = Some(answers_of(n_answers - 1).copied().collect()),
            _ => {}
        }
    }
    Ok((targets, weights))
}

/// Reads the rows of a piece into their places, which are all zeros.
fn read_piece<'a, T: Scalar, R: Rows<'a>>(
    sheet: &Sheet<'a, R>,
    mut rows: R,
    how: Encode<'_>,
    features: &mut [T],
    answers: &mut [f64],
) -> Result<(Reading, Vec<String>)> {
    let Encode {
        encoder, columns, ..
    } = how;
    let n_columns = encoder.encoding().columns().len();
    let mut reading = Reading::of(n_columns);
    let mut row_names = Vec::new();
    let mut n_bytes = 0;
    let labels = how.labels();
    let mut row = Row::default();
    let features = features.chunks_exact_mut(encoder.n_features());
    // There are as many places as rows.
    let mut places = features.zip(answers.chunks_exact_mut(how.n_answers()));
    while rows.next(&mut row)? {
        if row.cells.len() != columns.len() {
            if how.leaves_out(&row) {
                continue;
            }
            if !how.is_lenient() {
                sheet.check_width(row.line, columns.len(), row.cells.len())?;
            }
            reading.note_width(row.line);
            row.cells.resize(columns.len(), (&[][..]).into());
        }
        if how.lacks_a_label(&labels, &row) {
            reading.unlabelled += 1;
            continue;
        }
        let Some((features, answers)) = places.next() else {
            break;
        };
        if let Some(at) = how.row_names {
            let name = String::from_utf8_lossy(&row.cells[at]).into_owned();
            n_bytes += (name.len() + size_of::<String>()) as u64;
            sheet.source.check("the names of the rows", n_bytes)?;
            row_names.push(name);
        }
        let mut strange = false;
        for (i, (cell, column)) in row.cells.iter().zip(columns).enumerate() {
            let Some(column) = *column else { continue };
            let bad = || {
                let fault = encoder.fault(column, cell);
                sheet.places().bad(row.line, i, cell, fault)
            };
            match encoder.action(column) {
                Action::Nothing => {}
                Action::Number(..) | Action::Date(..) | Action::Category(..) => {
                    let met = encoder.put_text(column, cell, features);
                    if met == Met::Known {
                        continue;
                    }
                    let is_number = match encoder.action(column) {
                        Action::Number(_, written, _) => {
                            kind(cell).is_number() || written.read::<f64>(cell).is_some()
                        }
                        _ => false,
                    };
                    if how.refuses(met, is_number) {
                        return Err(bad());
                    }
                    strange |= reading.note(column, met);
                }
                Action::Class(classes) => {
                    answers[0] = classes.find(cell).ok_or_else(bad)?.into();
                }
                Action::Value(nth, written) => {
                    answers[*nth] = written.read::<T>(cell).ok_or_else(bad)?.to_f64();
                }
                Action::Flag(nth, names) => {
                    answers[*nth] = names.find(cell).ok_or_else(bad)?.into();
                }
                Action::SampleWeight => {
                    let weight = parse(cell).filter(|weight| *weight >= 0.0);
                    answers[answers.len() - 1] = weight.ok_or_else(bad)?;
                }
            }
        }
        reading.rows += usize::from(strange);
    }
    Ok((reading, row_names))
}

impl Encode<'_> {
    /// Whether a cell of an input column that is not known is an error.
    fn refuses(self, met: Met, is_number: bool) -> bool {
        match met {
            Met::Known | Met::Missing(true) => false,
            // What the first pass took for a number and the scalar type does not hold.
            Met::Unknown if self.own => is_number,
            Met::Missing(false) | Met::Unknown => !self.is_lenient(),
        }
    }
}
