//! First pass over a table: it finds the kind of each column.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::{
    Row, Rows, Sheet,
    cell::{CellKind, kind, positions},
    column::{Candidate, Column, Role},
    encoding::{ColumnEncoding, ColumnSpec},
    parallel::map,
    params::{ColumnRef, LabelColumn, TableParams},
};
use crate::error::{CellFault, DataError, Place, Result};

/// The role of each column.
fn roles<R>(sheet: &Sheet<'_, R>, params: &TableParams) -> Result<Vec<Role>> {
    let names = &sheet.names;
    let columns = positions(names.iter());
    let find = |column: &ColumnRef| {
        let found = column.find(&columns);
        found.ok_or_else(|| sheet.unknown_column(column))
    };
    let refused = |parameter, column: usize, allowed: &str| {
        let name = format!("{:?}", names[column]);
        Err(DataError::parameter(parameter, name, allowed))
    };
    let mut roles = vec![Role::Feature; names.len()];
    for (role, declared) in roles.iter_mut().zip(&sheet.declared_categorical) {
        if *declared {
            *role = Role::Categorical;
        }
    }
    for column in &params.categorical {
        roles[find(column)?] = Role::Categorical;
    }
    for column in &params.ignore {
        roles[find(column)?] = Role::Ignored;
    }
    let label = match &params.label {
        LabelColumn::None => None,
        LabelColumn::Last => names.len().checked_sub(1),
        LabelColumn::Column(column) => Some(find(column)?),
    };
    if let Some(column) = &params.sample_weights {
        let weights = find(column)?;
        if roles[weights] != Role::Feature {
            let allowed = "a column that is neither categorical nor ignored";
            return refused("sample_weights", weights, allowed);
        }
        if label == Some(weights) {
            let allowed = "a column other than the label; choose another label column, or `none`";
            return refused("sample_weights", weights, allowed);
        }
        roles[weights] = Role::SampleWeight;
    }
    if let Some(label) = label {
        if roles[label] == Role::Ignored {
            let allowed = "columns other than the label; choose another label column, or `none`";
            return refused("ignore", label, allowed);
        }
        roles[label] = Role::Label;
    }
    Ok(roles)
}

/// The first pass, as the threads that read the pieces share it.
struct Survey<'s, 'a, R> {
    sheet: &'s Sheet<'a, R>,
    params: &'s TableParams,
    roles: Vec<Role>,
    /// For each column the first piece known to hold more distinct cells than allowed: those after it need not count.
    overflows: Vec<AtomicUsize>,
    /// Bytes taken by columns and their distinct cells.
    taken: AtomicU64,
}

/// Finds the encoding of a table and the number of rows of each piece.
pub(super) fn survey<'a, R: Rows<'a>>(
    sheet: &Sheet<'a, R>,
    pieces: &[R],
    params: &TableParams,
    threads: usize,
) -> Result<(ColumnEncoding, Vec<usize>)> {
    let roles = roles(sheet, params)?;
    let survey = Survey {
        sheet,
        params,
        overflows: roles.iter().map(|_| AtomicUsize::new(usize::MAX)).collect(),
        roles,
        taken: AtomicU64::new(0),
    };
    let pieces = pieces.iter().enumerate().collect();
    let surveyed = map(pieces, threads, |(i, rows)| survey.read(i, rows.clone()))?;
    let mut n_rows = Vec::with_capacity(surveyed.len());
    let mut columns: Vec<Column<'_>> = survey.roles.iter().map(|_| Column::new(None)).collect();
    for (below, n) in surveyed {
        for (column, below) in columns.iter_mut().zip(below) {
            column.append(below, params.max_categories);
        }
        n_rows.push(n);
    }
    if n_rows.iter().all(|n| *n == 0) {
        return Err(sheet.malformed(Place::Whole, "there are no data rows"));
    }
    let is_feature = |role: &Role| matches!(role, Role::Feature | Role::Categorical);
    if !survey.roles.iter().any(is_feature) {
        let reason = "no column is left for features; is the label or the delimiter right?";
        return Err(sheet.malformed(Place::Whole, reason));
    }
    let specs = columns.iter().enumerate().map(|(position, column)| {
        let candidate = Candidate {
            column,
            position,
            sheet,
            params,
        };
        Ok(ColumnSpec {
            name: sheet.names[position].clone(),
            kind: candidate.kind(survey.roles[position])?,
        })
    });
    let specs = specs.collect::<Result<_>>()?;
    Ok((ColumnEncoding::new(sheet.has_header, specs)?, n_rows))
}

impl<'a, R: Rows<'a>> Survey<'_, 'a, R> {
    /// The columns of the rows of a piece, and the number of these rows.
    fn read(&self, piece: usize, mut rows: R) -> Result<(Vec<Column<'a>>, usize)> {
        let n_columns = self.roles.len();
        self.take((n_columns * size_of::<Column<'_>>()) as u64)?;
        // Which line does not matter: a piece above has an earlier one.
        let known = |first: &AtomicUsize| (first.load(Ordering::Relaxed) < piece).then_some(0);
        let fresh = |first| Column::new(known(first));
        let mut columns: Vec<Column<'_>> = self.overflows.iter().map(fresh).collect();
        let mut row = Row::default();
        let mut n_rows = 0;
        while rows.next(&mut row)? {
            self.sheet
                .check_width(row.line, n_columns, row.cells.len())?;
            let mut bytes = 0;
            for (i, (cell, column)) in row.cells.iter().zip(&mut columns).enumerate() {
                if self.roles[i] == Role::Ignored {
                    continue;
                }
                let bad = |fault| Err(self.sheet.places().bad(row.line, i, cell, fault));
                match kind(cell) {
                    CellKind::Missing => return bad(CellFault::Missing),
                    CellKind::Infinite => return bad(CellFault::NotFinite),
                    kind => bytes += column.add(row.line, cell, kind, self.params.max_categories),
                }
            }
            if bytes > 0 {
                self.take(bytes)?;
            }
            n_rows += 1;
        }
        for (column, first) in columns.iter().zip(&self.overflows) {
            if column.overflow.is_some() {
                first.fetch_min(piece, Ordering::Relaxed);
            }
        }
        Ok((columns, n_rows))
    }

    fn take(&self, bytes: u64) -> Result<()> {
        let taken = self.taken.fetch_add(bytes, Ordering::Relaxed) + bytes;
        (self.sheet.source).check_pieces("the columns' distinct cells", taken)
    }
}
