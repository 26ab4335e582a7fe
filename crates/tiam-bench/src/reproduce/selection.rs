//! Selections of records, and means over them.

use serde_json::Value;
use tiam_report::Cell;

use super::record::{Record, text};

/// Some of the records, in the order of their runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs<'a>(pub(super) Vec<&'a Record>);

/// A mean over runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mean {
    pub(super) mean: f64,
    /// Sample standard deviation; 0 for a single run.
    pub(super) deviation: f64,
    pub(super) n: usize,
}

impl Mean {
    /// Of these values; `None` without any.
    #[allow(clippy::cast_precision_loss, reason = "counts of runs")]
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let values: Vec<f64> = values.into_iter().collect();
        let n = values.len();
        if n == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / n as f64;
        let squared: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
        let deviation = if n > 1 {
            (squared / (n - 1) as f64).sqrt()
        } else {
            0.0
        };
        Some(Self { mean, deviation, n })
    }

    /// As a cell: with its deviation where there is more than one run.
    pub(super) fn cell(found: Option<Self>) -> Cell {
        match found {
            None => Cell::Missing,
            Some(Self { mean, n: 1, .. }) => mean.into(),
            Some(found) => Cell::mean(found.mean, found.deviation),
        }
    }
}

impl<'a> Runs<'a> {
    /// Of one experiment.
    pub(super) fn of(records: &'a [Record], experiment: &str) -> Self {
        Self(records.iter().collect()).filter(|r| r.experiment == experiment)
    }

    pub(super) fn filter(&self, test: impl Fn(&Record) -> bool) -> Self {
        Self(self.0.iter().copied().filter(|r| test(r)).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first of them.
    pub(super) fn first(&self) -> Option<&'a Record> {
        self.0.first().copied()
    }

    /// Of one part of an experiment.
    pub(super) fn part(&self, name: &str) -> Self {
        self.label("part", name)
    }

    pub(super) fn data(&self, name: &str) -> Self {
        self.filter(|r| r.data == name)
    }

    pub(super) fn method(&self, name: &str) -> Self {
        self.filter(|r| r.method == name)
    }

    pub(super) fn seed(&self, seed: u64) -> Self {
        self.filter(|r| r.seed == seed)
    }

    /// With this value of a label.
    pub(super) fn label(&self, name: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        self.filter(|r| r.labels.get(name) == Some(&value))
    }

    /// Those that agree in `key` together, in the order of the first of each.
    pub(super) fn groups<K: PartialEq>(&self, key: impl Fn(&'a Record) -> K) -> Vec<(K, Self)> {
        let mut groups: Vec<(K, Self)> = Vec::new();
        for record in &self.0 {
            let own = key(record);
            match groups.iter_mut().find(|(known, _)| *known == own) {
                Some((_, group)) => group.0.push(record),
                None => groups.push((own, Self(vec![record]))),
            }
        }
        groups
    }

    /// By a label's value, in words.
    pub(super) fn by(&self, label: &str) -> Vec<(String, Self)> {
        let groups = self.groups(|r| r.labels.get(label).cloned().unwrap_or(Value::Null));
        groups
            .into_iter()
            .map(|(value, runs)| (text(&value), runs))
            .collect()
    }

    /// By data set.
    pub(super) fn by_data(&self) -> Vec<(&'a str, Self)> {
        self.groups(|r| r.data.as_str())
    }

    /// The data sets, in the order of the runs.
    pub(super) fn data_sets(&self) -> Vec<&'a str> {
        self.by_data().into_iter().map(|(data, _)| data).collect()
    }

    /// A figure of every run that has it and did not fail.
    pub(super) fn figures(&self, name: &str) -> Vec<f64> {
        let ended = self.0.iter().filter(|r| !r.failed());
        ended.filter_map(|r| r.figure(name)).collect()
    }

    /// The mean of a figure over the runs that did not fail.
    pub(super) fn mean(&self, figure: &str) -> Option<Mean> {
        Mean::of(self.figures(figure))
    }

    /// The same as a cell.
    pub(super) fn cell(&self, figure: &str) -> Cell {
        Mean::cell(self.mean(figure))
    }

    /// A figure by a numeric label, averaged over seeds: points and their deviations.
    pub(super) fn points(&self, label: &str, figure: &str) -> Vec<(f64, Mean)> {
        let groups = self.groups(|r| r.labels.get(label).and_then(Value::as_f64));
        let point = |(at, runs): (Option<f64>, Self)| Some((at?, runs.mean(figure)?));
        let mut points: Vec<(f64, Mean)> = groups.into_iter().filter_map(point).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        points
    }

    pub(super) fn n_failed(&self) -> usize {
        self.0.iter().filter(|r| r.failed()).count()
    }
}

/// A share as print shows it: 0.794 is 79.4 %.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// The middle value, or of an even number the mean of both; `None` of none.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    let (below, above) = (values.get(n.checked_sub(1)? / 2)?, values.get(n / 2)?);
    Some(f64::midpoint(*below, *above))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_mean_knows_its_deviation_and_its_runs() {
        let mean = Mean::of([1.0, 3.0]).unwrap();
        assert!((mean.mean - 2.0).abs() < 1e-15);
        assert!((mean.deviation - 2.0f64.sqrt()).abs() < 1e-15);
        assert_eq!((mean.n, Mean::of([])), (2, None));
        assert_eq!(Mean::cell(Mean::of([5.0])), Cell::from(5.0));
    }

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
            ..Record::default()
        };
        let records = [run("b", 0, 1.0), run("a", 0, 5.0), run("b", 1, 3.0)];
        let groups = Runs(records.iter().collect()).groups(|r| r.key.clone());
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0].1.cell("rate"), Cell::mean(2.0, 2f64.sqrt()));
        assert_eq!(groups[1].1.cell("rate"), Cell::from(5.0));
        assert_eq!(groups[1].1.cell("none"), Cell::Missing);
    }
}
