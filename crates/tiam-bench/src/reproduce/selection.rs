//! Selections of records, and means over them.

use serde_json::Value;
use tiam_core::student;
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

    /// Half the width of a 95 % confidence interval by Student's t; 0 for a single run.
    #[allow(clippy::cast_precision_loss, reason = "counts of runs")]
    pub(super) fn half_interval(&self) -> f64 {
        match self.n {
            0 | 1 => 0.0,
            n => student::quantile_975(n - 1) * self.deviation / (n as f64).sqrt(),
        }
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

    /// Runs of these and of others from the same split and start, neither failed: the figures of both.
    pub(super) fn pairs(&self, others: &Self, figure: &str) -> Vec<(f64, f64)> {
        let pairs = self.0.iter().filter_map(|own| {
            let other = others.counterpart(own)?;
            let ended = !own.failed() && !other.failed();
            let pair = own.figure(figure).zip(other.figure(figure));
            pair.filter(|_| ended)
        });
        pairs.collect()
    }

    /// The one from the same split and start.
    pub(super) fn counterpart(&self, run: &Record) -> Option<&'a Record> {
        let split = |r: &Record| r.labels.get("split").cloned();
        let wanted = split(run);
        let same = |r: &&&Record| r.seed == run.seed && split(r) == wanted;
        self.0.iter().find(same).copied()
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
#[path = "../../tests/unit/reproduce_selection.rs"]
mod tests;
