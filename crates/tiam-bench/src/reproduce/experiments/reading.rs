//! Access to records for the report: labels, figures, groups and means.

use std::collections::BTreeMap;

use crate::reproduce::record::Record;
use crate::reproduce::selection::{Mean, text};
use crate::reproduce::table::Cell;

/// The records of one part of an experiment.
pub(super) fn of_part<'a>(
    records: &'a [Record],
    experiment: &'a str,
    part: &'a str,
) -> impl Iterator<Item = &'a Record> {
    records
        .iter()
        .filter(move |r| r.experiment == experiment && label(r, "part") == part)
}

/// A label in words; empty where there is none.
pub(super) fn label(record: &Record, name: &str) -> String {
    record.labels.get(name).map(text).unwrap_or_default()
}

/// A figure.
pub(super) fn figure(record: &Record, name: &str) -> Option<f64> {
    record.figures.get(name).copied()
}

/// A figure in a table.
pub(super) fn cell(record: &Record, name: &str) -> Cell {
    figure(record, name).map_or(Cell::Missing, Cell::number)
}

/// Records that differ in their seed alone, in the order of the first of each; `key` tells the rest.
pub(super) fn by<'a>(
    records: impl Iterator<Item = &'a Record>,
    key: impl Fn(&Record) -> String,
) -> Vec<Vec<&'a Record>> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut groups: Vec<Vec<&Record>> = Vec::new();
    for record in records {
        let place = *places.entry(key(record)).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Vec::new());
        }
        groups[place].push(record);
    }
    groups
}

/// Mean of a figure over records that have it, with its deviation where there are several.
pub(super) fn mean_cell(records: &[&Record], name: &str) -> Cell {
    Mean::cell(Mean::of(records.iter().filter_map(|r| figure(r, name))))
}

/// The middle value, or of an even number the mean of both; `None` of none.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    match (values.get(n.checked_sub(1)? / 2), values.get(n / 2)) {
        (Some(a), Some(b)) => Some(f64::midpoint(*a, *b)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn seeds_are_averaged() {
        let run = |key: &str, seed: u64, rate: f64| Record {
            key: key.to_owned(),
            seed,
            figures: BTreeMap::from([("rate".to_owned(), rate)]),
            ..blank()
        };
        let records = [run("b", 0, 1.0), run("a", 0, 5.0), run("b", 1, 3.0)];
        let groups = by(records.iter(), |r| r.key.clone());
        assert_eq!(groups.len(), 2);
        assert_eq!(mean_cell(&groups[0], "rate"), Cell::mean(2.0, 2f64.sqrt()));
        assert_eq!(mean_cell(&groups[1], "rate"), Cell::number(5.0));
        assert_eq!(mean_cell(&groups[1], "none"), Cell::Missing);
    }

    fn blank() -> Record {
        Record {
            experiment: String::new(),
            key: String::new(),
            data: String::new(),
            method: String::new(),
            labels: BTreeMap::new(),
            config: serde_json::Value::Null,
            seed: 0,
            reason: String::new(),
            figures: BTreeMap::new(),
            curve: None,
            version: String::new(),
            machine: crate::reproduce::Machine::default(),
            finished: 0,
        }
    }
}
