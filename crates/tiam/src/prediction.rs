//! Predictions: class, probabilities or values of one row, and of many.

use std::fmt;
use std::sync::Arc;

use tiam_data::Reading;

/// The answer for one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    pub(crate) classes: Arc<[String]>,
    pub(crate) class: usize,
    pub(crate) outputs: Vec<f64>,
    pub(crate) probabilities: bool,
}

impl Prediction {
    /// Name of the most probable class; none for values.
    pub fn class(&self) -> Option<&str> {
        self.classes.get(self.class).map(String::as_str)
    }

    /// Probability of each class, in the order of [`Predictor::class_names`](crate::Predictor::class_names); empty for values, and for a
    /// loss other than cross-entropy.
    pub fn probabilities(&self) -> &[f64] {
        if self.probabilities {
            return &self.outputs;
        }
        &[]
    }

    /// The answer of the network: probabilities, the scores of classes by another loss, or values in the targets' own units.
    pub fn outputs(&self) -> &[f64] {
        &self.outputs
    }

    /// The first predicted value, in the targets' own units; none for classes.
    pub fn value(&self) -> Option<f64> {
        let values = self.classes.is_empty().then_some(&self.outputs)?;
        values.first().copied()
    }
}

impl fmt::Display for Prediction {
    /// `setosa (0.98)`, or the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(class) = self.class() {
            return match self.probabilities().get(self.class) {
                Some(probability) => write!(f, "{class} ({probability:.2})"),
                None => f.write_str(class),
            };
        }
        let values: Vec<String> = self.outputs.iter().map(f64::to_string).collect();
        f.write_str(&values.join(", "))
    }
}

/// The answers for many rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    pub(crate) classes: Arc<[String]>,
    /// Empty for values.
    pub(crate) indices: Vec<u32>,
    /// Row after row.
    pub(crate) outputs: Vec<f64>,
    pub(crate) n_outputs: usize,
    pub(crate) reading: Option<Arc<Reading>>,
    pub(crate) row_names: Vec<String>,
}

impl Predictions {
    /// What was met while the table was read.
    pub fn reading(&self) -> Option<&Reading> {
        self.reading.as_deref()
    }

    /// The texts of the column that names the rows, one a row, where there is one: see [`Table::row_names`](crate::Table::row_names).
    pub fn row_names(&self) -> &[String] {
        &self.row_names
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.outputs.len() / self.n_outputs.max(1)
    }

    /// True without a row.
    pub fn is_empty(&self) -> bool {
        self.outputs.is_empty()
    }

    /// Probabilities, scores or values of a row: see [`Prediction::outputs`].
    ///
    /// # Panics
    /// For a row that is not there.
    pub fn outputs(&self, row: usize) -> &[f64] {
        &self.outputs[row * self.n_outputs..(row + 1) * self.n_outputs]
    }

    /// All outputs, row after row.
    pub fn all_outputs(&self) -> &[f64] {
        &self.outputs
    }

    /// Number of the most probable class, a row each; empty for values.
    pub fn class_indices(&self) -> &[u32] {
        &self.indices
    }

    /// Name of the most probable class of each row; none for values.
    pub fn classes(&self) -> impl Iterator<Item = &str> {
        let name = |class: &u32| self.classes.get(*class as usize);
        self.indices.iter().filter_map(name).map(String::as_str)
    }
}
