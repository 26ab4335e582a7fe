//! Selections of records, and means over them.

use serde_json::{Value, json};

use super::record::Record;
use super::table::Cell;

/// Some of the records, in the order of their runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Selection<'a>(pub(super) Vec<&'a Record>);

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
            Some(Self { mean, n: 1, .. }) => Cell::number(mean),
            Some(Self {
                mean, deviation, ..
            }) => Cell::mean(mean, deviation),
        }
    }
}

impl<'a> Selection<'a> {
    /// Of one experiment.
    pub(super) fn of(records: &'a [Record], experiment: &str) -> Self {
        Self(
            records
                .iter()
                .filter(|r| r.experiment == experiment)
                .collect(),
        )
    }

    fn filter(&self, test: impl Fn(&Record) -> bool) -> Self {
        Self(self.0.iter().copied().filter(|r| test(r)).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
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

    /// The values of a label, each once, in the order of the runs.
    pub(super) fn label_values(&self, name: &str) -> Vec<Value> {
        self.distinct(|r| r.labels.get(name).cloned().unwrap_or(Value::Null))
    }

    /// The data sets, in the order of the runs.
    pub(super) fn data_sets(&self) -> Vec<&'a str> {
        let mut known = Vec::new();
        for record in &self.0 {
            if !known.contains(&record.data.as_str()) {
                known.push(record.data.as_str());
            }
        }
        known
    }

    fn distinct(&self, of: impl Fn(&Record) -> Value) -> Vec<Value> {
        let mut known = Vec::new();
        for record in &self.0 {
            let value = of(record);
            if !known.contains(&value) {
                known.push(value);
            }
        }
        known
    }

    /// The mean of a figure over the runs that did not fail.
    pub(super) fn mean(&self, figure: &str) -> Option<Mean> {
        let ended = self.0.iter().filter(|r| !failed(r));
        Mean::of(ended.filter_map(|r| r.figures.get(figure).copied()))
    }

    /// A figure by a numeric label, averaged over seeds: points and their deviations.
    pub(super) fn by_label(&self, label: &str, figure: &str) -> Vec<(f64, Mean)> {
        let values = self.label_values(label).into_iter();
        let mut points: Vec<(f64, Mean)> = values
            .filter_map(|value| {
                let at = value.as_f64()?;
                Some((at, self.label(label, json!(at)).mean(figure)?))
            })
            .collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        points
    }

    pub(super) fn n_failed(&self) -> usize {
        self.0.iter().filter(|r| failed(r)).count()
    }
}

/// True for a run that could not go on.
pub(super) fn failed(record: &Record) -> bool {
    record.reason.starts_with("failed")
}

/// A label as text.
pub(super) fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// A share as print shows it: 0.794 is 79.4 %.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_knows_its_deviation_and_its_runs() {
        let mean = Mean::of([1.0, 3.0]).unwrap();
        assert!((mean.mean - 2.0).abs() < 1e-15);
        assert!((mean.deviation - 2.0f64.sqrt()).abs() < 1e-15);
        assert_eq!((mean.n, Mean::of([])), (2, None));
        assert_eq!(Mean::cell(Mean::of([5.0])), Cell::number(5.0));
    }
}
