//! Second pass over a table: it turns cells into numbers.

use super::{
    Row, Rows, Sheet,
    cell::parse,
    encoder::{Action, RowEncoder},
    parallel::map,
};
use crate::{
    Dataset, Features, Scalar, Targets,
    error::{Place, Result},
};

/// Numbers that a row may give beside its features: class or value, and weight.
const ANSWERS: usize = 2;

/// The features, targets and weights of all rows. `n_rows` are the rows of each piece, and `columns[i]` is the column of
/// the encoder that column `i` of the file is, or `None` to skip it.
pub(super) fn encode<'a, T: Scalar, R: Rows<'a>>(
    sheet: &Sheet<'a, R>,
    pieces: Vec<R>,
    n_rows: &[usize],
    encoder: &RowEncoder,
    columns: &[Option<usize>],
    threads: usize,
) -> Result<Dataset<T>> {
    let n: usize = n_rows.iter().sum();
    let width = encoder.n_features();
    let room = n.saturating_mul(width);
    let mut values = sheet.source.reserve(room, "the encoded features")?;
    values.resize(room, T::zero());
    let room = n.saturating_mul(ANSWERS);
    let mut answers = sheet.source.reserve(room, "the targets")?;
    answers.resize(room, 0.0);

    let (mut features_left, mut answers_left) = (&mut values[..], &mut answers[..]);
    let mut jobs = Vec::with_capacity(pieces.len());
    for (rows, &n) in pieces.into_iter().zip(n_rows) {
        let features = features_left.split_off_mut(..n * width).unwrap_or_default();
        let answers = answers_left
            .split_off_mut(..n * ANSWERS)
            .unwrap_or_default();
        jobs.push((rows, features, answers));
    }
    map(jobs, threads, |(rows, features, answers)| {
        read_piece(sheet, rows, encoder, columns, features, answers)
    })?;
    if n == 0 {
        return Err(sheet.malformed(Place::Whole, "there are no data rows"));
    }

    let answers_of = |at: usize| answers.iter().skip(at).step_by(ANSWERS);
    let mut targets = Targets::Absent;
    let mut weights = None;
    for &column in columns.iter().flatten() {
        match encoder.action(column) {
            Action::Class(_) => {
                targets = Targets::Classes {
                    labels: answers_of(0).map(|class| *class as u32).collect(),
                    names: encoder
                        .encoding()
                        .class_names()
                        .unwrap_or_default()
                        .to_vec(),
                }
            }
            Action::Value => {
                let values = answers_of(0).map(|value| T::from_f64(*value)).collect();
                targets = Targets::Values(Features::new(n, 1, values)?);
            }
            Action::SampleWeight => weights = Some(answers_of(1).copied().collect()),
            _ => {}
        }
    }
    let data = Dataset::new(Features::new(n, width, values)?, targets)?;
    match weights {
        Some(weights) => data.with_sample_weights(weights),
        None => Ok(data),
    }
}

/// Reads the rows of a piece into their places, which are all zeros.
fn read_piece<'a, T: Scalar, R: Rows<'a>>(
    sheet: &Sheet<'a, R>,
    mut rows: R,
    encoder: &RowEncoder,
    columns: &[Option<usize>],
    features: &mut [T],
    answers: &mut [f64],
) -> Result<()> {
    let mut row = Row::default();
    let features = features.chunks_exact_mut(encoder.n_features());
    // There are as many places as rows.
    let mut places = features.zip(answers.chunks_exact_mut(ANSWERS));
    while rows.next(&mut row)? {
        sheet.check_width(row.line, columns.len(), row.cells.len())?;
        let Some((features, answers)) = places.next() else {
            break;
        };
        for (i, (cell, column)) in row.cells.iter().zip(columns).enumerate() {
            let Some(column) = *column else { continue };
            let done = match encoder.action(column) {
                Action::Nothing => Some(()),
                Action::Number(_) | Action::OneHot(..) => encoder.put_text(column, cell, features),
                Action::Class(classes) => classes.find(cell).map(|n| answers[0] = n.into()),
                Action::Value => parse::<T>(cell).map(|value| answers[0] = value.to_f64()),
                Action::SampleWeight => {
                    let weight = parse(cell).filter(|weight| *weight >= 0.0);
                    weight.map(|weight| answers[1] = weight)
                }
            };
            if done.is_none() {
                let fault = encoder.fault(column, cell);
                return Err(sheet.places().bad(row.line, i, cell, fault));
            }
        }
    }
    Ok(())
}
