//! The roles of columns, as the parameters give them, and the ways in which dates are written.

use super::{
    Row, Rows, Sheet,
    cell::{CellKind, kind, positions},
    dates,
    decide::Role,
    params::{ColumnRef, LabelColumn, TableParams},
};
use crate::error::{DataError, Result};

/// The role of each column.
pub(super) fn roles<R>(sheet: &Sheet<'_, R>, params: &TableParams) -> Result<Vec<Role>> {
    let names = &sheet.names;
    let columns = positions(names.iter());
    let find = |column: &ColumnRef| {
        let found = column.find(&columns);
        found.ok_or_else(|| sheet.unknown_column(column))
    };
    let find_all = |list: &[ColumnRef]| {
        let found = ColumnRef::find_all(list, &columns);
        found.map_err(|column| sheet.unknown_column(&column))
    };
    let refused = |parameter, column: usize, allowed: &str| {
        let name = format!("{:?}", names[column]);
        Err(DataError::parameter(parameter, name, allowed))
    };
    let mut roles = vec![Role::Feature; names.len()];
    for (list, role) in [
        (&params.keep, Role::Kept),
        (&params.categorical, Role::Categorical),
        (&params.ignore, Role::Ignored),
    ] {
        for column in find_all(list)? {
            roles[column] = role;
        }
    }
    if let Some(column) = &params.row_names {
        roles[find(column)?] = Role::Ignored;
    }
    let labels = match &params.label {
        LabelColumn::None => Vec::new(),
        LabelColumn::Last => names.len().checked_sub(1).into_iter().collect(),
        LabelColumn::Column(column) => find_all(std::slice::from_ref(column))?,
        LabelColumn::Columns(list) => find_all(list)?,
    };
    if let Some(column) = &params.sample_weights {
        let weights = find(column)?;
        if !matches!(roles[weights], Role::Feature | Role::Kept) {
            let allowed = "a column that is neither categorical nor ignored";
            return refused("sample_weights", weights, allowed);
        }
        if labels.contains(&weights) {
            let allowed = "a column other than the label; choose another label column, or `none`";
            return refused("sample_weights", weights, allowed);
        }
        roles[weights] = Role::SampleWeight;
    }
    let role = match labels.len() {
        1 => Role::Label,
        _ => Role::OneOfLabels,
    };
    for label in labels {
        if roles[label] == Role::Ignored {
            let allowed = "columns other than the label; choose another label column, or `none`";
            return refused("ignore", label, allowed);
        }
        roles[label] = role;
    }
    Ok(roles)
}

/// Rows in which the ways that dates are written are looked for, and cells of a column.
const SAMPLE_ROWS: usize = 100;
const DATES_LOOKED_AT: u8 = 3;

/// For each column the ways of writing dates of which its first texts are one.
pub(super) fn date_formats<'a>(rows: &impl Rows<'a>, roles: &[Role]) -> Vec<Vec<String>> {
    let mut found: Vec<Vec<String>> = vec![Vec::new(); roles.len()];
    let mut looked_at = vec![0; roles.len()];
    let mut rows = rows.clone();
    let mut row = Row::default();
    let all: Vec<String> = dates::formats().collect();
    for _ in 0..SAMPLE_ROWS {
        // Rows that cannot be read are reported when they are read in earnest.
        if !rows.next(&mut row).unwrap_or(false) {
            break;
        }
        for (i, cell) in row.cells.iter().enumerate().take(roles.len()) {
            let is_feature = matches!(roles[i], Role::Feature | Role::Kept);
            let digits = cell.iter().any(u8::is_ascii_digit);
            if !is_feature
                || !digits
                || looked_at[i] == DATES_LOOKED_AT
                || kind(cell) != CellKind::Text
            {
                continue;
            }
            looked_at[i] += 1;
            let fits =
                |format: &&String| !found[i].contains(format) && dates::is_date(cell, format);
            let more: Vec<String> = all.iter().filter(fits).cloned().collect();
            found[i].extend(more);
        }
    }
    found
}
