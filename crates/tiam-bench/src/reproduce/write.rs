//! Output files: all runs as CSV, and files written whole or not at all.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::json;

use super::Record;
use crate::BenchError;

/// All runs as CSV (RFC 4180), a row each: the fixed columns, then every label as `labels.name`, every figure as
/// `figures.name` (both in alphabetical order, empty where a run has none), then the parameters as JSON. Curves are left out.
#[must_use]
pub fn records_csv(records: &[Record]) -> String {
    let labels: BTreeSet<&String> = records.iter().flat_map(|r| r.labels.keys()).collect();
    let figures: BTreeSet<&String> = records.iter().flat_map(|r| r.figures.keys()).collect();
    let mut heading: Vec<String> =
        "experiment key data method seed reason version build processor cores threads system finished"
            .split(' ')
            .map(str::to_owned)
            .collect();
    heading.extend(labels.iter().map(|name| format!("labels.{name}")));
    heading.extend(figures.iter().map(|name| format!("figures.{name}")));
    heading.push("config".to_owned());
    let row = |record: &Record| {
        let mut cells = fixed_cells(record);
        cells.extend(labels.iter().map(|name| record.label(name)));
        let figure = |name: &&String| record.figure(name).filter(|value| value.is_finite());
        // The shortest text that reads back to the same number.
        let number = |value: f64| json!(value).to_string();
        cells.extend(
            figures
                .iter()
                .map(|name| figure(name).map(number).unwrap_or_default()),
        );
        cells.push(record.config.to_string());
        cells
    };
    tiam_report::to_csv(std::iter::once(heading).chain(records.iter().map(row)))
}

fn fixed_cells(record: &Record) -> Vec<String> {
    let machine = &record.machine;
    vec![
        record.experiment.clone(),
        record.key.clone(),
        record.data.clone(),
        record.method.clone(),
        record.seed.to_string(),
        record.reason.clone(),
        record.version.clone(),
        record.build.clone(),
        machine.processor.clone(),
        machine.cores.to_string(),
        machine.threads.to_string(),
        machine.system.clone(),
        iso_8601(record.finished),
    ]
}

/// Seconds since 1970 as `2025-01-31T12:00:00Z`; the seconds themselves beyond the year 9999.
#[must_use]
pub fn iso_8601(seconds: u64) -> String {
    let whole = i64::try_from(seconds).ok();
    let time = whole.and_then(|whole| jiff::Timestamp::from_second(whole).ok());
    time.map_or_else(|| seconds.to_string(), |time| time.to_string())
}

/// Writes a file so that no reader ever sees a part of it: into a temporary file beside, to the disk, then into place.
///
/// # Errors
///
/// [`BenchError::Io`]; the file that stood there before is then untouched.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), BenchError> {
    tiam_models::write_whole(path, |temporary| fs::write(temporary, bytes))
        .map_err(BenchError::io(path))
}
