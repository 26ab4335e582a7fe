//! Output files: all runs as CSV, and files written whole or not at all.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::Record;
use crate::BenchError;

const FIRST: [&str; 12] = [
    "experiment",
    "key",
    "data",
    "method",
    "seed",
    "reason",
    "version",
    "processor",
    "cores",
    "threads",
    "system",
    "finished",
];

/// All runs as CSV (RFC 4180), a row each: the fixed columns, then every label as `labels.name`, every figure as
/// `figures.name` (both in alphabetical order, empty where a run has none), then the parameters as JSON. Curves are left out.
#[must_use]
pub fn records_csv(records: &[Record]) -> String {
    let labels: BTreeSet<&String> = records
        .iter()
        .flat_map(|record| record.labels.keys())
        .collect();
    let figures: BTreeSet<&String> = records
        .iter()
        .flat_map(|record| record.figures.keys())
        .collect();
    let heading = FIRST
        .iter()
        .map(|&name| name.to_owned())
        .chain(labels.iter().map(|name| format!("labels.{name}")))
        .chain(figures.iter().map(|name| format!("figures.{name}")))
        .chain(["config".to_owned()]);
    let mut csv = csv_row(heading);
    for record in records {
        let labels = labels
            .iter()
            .map(|name| record.labels.get(*name).map_or_else(String::new, json_text));
        let figures = figures.iter().map(|name| {
            record
                .figures
                .get(*name)
                .map_or_else(String::new, |&value| csv_number(value))
        });
        let cells = fixed_cells(record)
            .into_iter()
            .chain(labels)
            .chain(figures)
            .chain([record.config.to_string()]);
        csv.push_str(&csv_row(cells));
    }
    csv
}

fn fixed_cells(record: &Record) -> [String; 12] {
    let Record {
        experiment,
        key,
        data,
        method,
        reason,
        version,
        machine,
        ..
    } = record;
    [
        experiment.clone(),
        key.clone(),
        data.clone(),
        method.clone(),
        record.seed.to_string(),
        reason.clone(),
        version.clone(),
        machine.processor.clone(),
        machine.cores.to_string(),
        machine.threads.to_string(),
        machine.system.clone(),
        iso_8601(record.finished),
    ]
}

/// A string as it is, anything else as JSON.
fn json_text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// One row, ended by CR LF. A cell with a comma, a quote, a line break or outer blanks is quoted.
pub(crate) fn csv_row(cells: impl IntoIterator<Item = String>) -> String {
    let cells: Vec<String> = cells.into_iter().map(csv_cell).collect();
    // A single empty cell would be an empty line, which readers skip.
    let row = if cells == [""] {
        "\"\"".to_owned()
    } else {
        cells.join(",")
    };
    row + "\r\n"
}

fn csv_cell(text: String) -> String {
    let blank_outside =
        text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace);
    if blank_outside || text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// The shortest text that reads back to the same number; empty for what is not finite.
pub(crate) fn csv_number(value: f64) -> String {
    if value.is_finite() {
        Value::from(value).to_string()
    } else {
        String::new()
    }
}

/// Seconds since 1970 as `2025-01-31T12:00:00Z`.
#[must_use]
pub fn iso_8601(seconds: u64) -> String {
    const DAY: u64 = 86_400;
    let (days, rest) = (seconds / DAY, seconds % DAY);
    // Days since 1 March of the year 0, in the Gregorian calendar's cycles of 400 years.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        rest / 3_600,
        rest / 60 % 60,
        rest % 60
    )
}

/// Writes a file so that no reader ever sees a part of it: into a temporary file beside, to the disk, then into place.
///
/// # Errors
///
/// [`BenchError::Io`]; the file that stood there before is then untouched.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), BenchError> {
    tiam_models::write_whole(path, |temporary| fs::write(temporary, bytes)).map_err(|source| {
        BenchError::Io {
            path: path.to_owned(),
            source,
        }
    })
}
