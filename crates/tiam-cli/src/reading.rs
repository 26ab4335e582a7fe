//! Says what was met while a table was read.

use tiam::{ColumnEncoding, ColumnKind, ColumnSpec, Prepared, Reading, Table};

use crate::error::CliError;
use crate::output;

/// Columns that are named before the rest is only counted.
const SHOWN: usize = 12;

/// Tells how the tables of a training, and of its test, were understood.
pub(crate) fn tell_prepared<T>(prepared: &Prepared<T>, quiet: bool) {
    let Some(columns) = &prepared.encoding.columns else {
        return;
    };
    if let Some(met) = &prepared.reading {
        tell(columns, met, quiet);
    }
    if let Some(met) = &prepared.test_reading {
        tell_strange(columns, met);
    }
}

/// Tells how a table was understood that is cut into parts, and whether its labels are several answers of no or yes.
pub(crate) fn tell_table(table: &Table, quiet: bool) -> Result<bool, CliError> {
    let layout = table.layout()?;
    if let Some((columns, met)) = &layout {
        tell(columns, met, quiet);
    }
    Ok(layout.is_some_and(|(columns, _)| columns.has_flags()))
}

/// Tells how a training table was understood: label and task, the columns that are not plain, and warnings.
fn tell(columns: &ColumnEncoding, reading: &Reading, quiet: bool) {
    for warning in &reading.warnings {
        output::message(&format!("warning: {warning}"));
    }
    if quiet {
        return;
    }
    let mut lines = reading.notes.clone();
    let is_label = |column: &&ColumnSpec| {
        matches!(
            column.kind,
            ColumnKind::ClassLabel { .. }
                | ColumnKind::FlagLabel { .. }
                | ColumnKind::ValueLabel(_)
        )
    };
    let all = columns.columns();
    let labels = all.iter().filter(is_label);
    lines.extend(labels.map(|label| format!("label {:?}: {}", label.name, label.note)));
    if reading.unlabelled > 0 {
        lines.push(format!(
            "{} rows without a label are left out",
            reading.unlabelled
        ));
    }
    let noted: Vec<&ColumnSpec> = all
        .iter()
        .filter(|column| !is_label(column) && !column.note.is_empty())
        .collect();
    let shown = noted.iter().take(SHOWN);
    lines.extend(shown.map(|column| format!("column {:?}: {}", column.name, column.note)));
    if noted.len() > SHOWN {
        lines.push(format!(
            "and {} columns more: see tiam info",
            noted.len() - SHOWN
        ));
    }
    for line in lines {
        output::message(&format!("note: {line}"));
    }
}

/// Tells of the cells of a later table that the model does not know.
pub(crate) fn tell_strange(columns: &ColumnEncoding, reading: &Reading) {
    for note in &reading.notes {
        output::message(&format!("note: {note}"));
    }
    if reading.unlabelled > 0 {
        output::message(&format!(
            "note: {} rows without a label are left out",
            reading.unlabelled
        ));
    }
    if let Some((n, line)) = reading.other_width {
        output::message(&format!(
            "warning: {n} rows have more or fewer cells than columns, the first is line {line}: what is absent counts as missing"
        ));
    }
    if reading.rows == 0 {
        return;
    }
    let strange = |what: &str, counts: &[usize]| {
        let counted = columns.columns().iter().zip(counts);
        let some = counted.filter(|(_, n)| **n > 0);
        let named: Vec<String> = some
            .map(|(column, n)| format!("{} {n}", column.name))
            .collect();
        let more = named.len().saturating_sub(SHOWN);
        let mut text = named.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
        if more > 0 {
            text += &format!(", and {more} columns more");
        }
        (!text.is_empty()).then(|| format!("{what}: {text}"))
    };
    let found = [
        strange("cells that the model does not know", &reading.unknown),
        strange("missing cells", &reading.missing),
    ];
    let found: Vec<String> = found.into_iter().flatten().collect();
    output::message(&format!(
        "warning: in {} rows the model met what it did not learn from ({}); --strict refuses them",
        reading.rows,
        found.join("; ")
    ));
}
