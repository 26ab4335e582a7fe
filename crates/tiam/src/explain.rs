//! What a model's answers rest on: the importance of input columns, and answers as one column changes.

mod probe;

use std::ops::Range;

use serde::Serialize;
use tiam_data::{Codes, ColumnKind};

use crate::encoding::Encoding;
use crate::error::Result;
use crate::predictor::Predictor;
use crate::scalar::{Precision, Scalar};
use crate::table::Table;

pub(crate) use probe::Probe;

/// How much worse a model is where one input column tells it nothing.
///
/// The column's cells are shuffled among the rows (all features of a column together), which keeps their values and cuts their tie to the
/// label; L. Breiman, "Random Forests", Machine Learning 45 (2001). Columns that tell the same stand in for each other, so each may look
/// unimportant.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Importance {
    /// The column.
    pub column: String,
    /// Mean loss of accuracy (a share) over the shuffles, or mean rise of the root mean square error in the targets' own unit.
    pub mean: f64,
    /// Standard deviation over the shuffles; 0 for a single one.
    pub deviation: f64,
}

/// A model's mean answer as one column changes and all others stay as they are; J. Friedman, Annals of Statistics 29 (2001).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PartialDependence {
    /// The column.
    pub column: String,
    /// What it was set to.
    pub grid: Grid,
    /// For each point of the grid the mean outputs: probabilities or values in their own units, one a class or target.
    pub outputs: Vec<Vec<f64>>,
}

/// The values a column is set to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Grid {
    /// Quantiles of its numbers, rising.
    Numbers(Vec<f64>),
    /// All its categories; of a column of very many those at quantiles of their first code, rising.
    Categories(Vec<String>),
}

impl Predictor {
    /// The importance of every input column on a table with labels, most important first; of a wide table only of the columns with the
    /// largest weights. At most 2,000 rows and 5 shuffles of each column count, fewer where the network is large.
    ///
    /// ```
    /// use tiam::{Mlp, Table};
    /// let parts = Table::digits().split(0.2, 0)?;
    /// let model = Mlp::default().hidden([32]).fit(&parts.train)?;
    /// let found = model.importance(&parts.test, 0)?;
    /// assert!(found.len() == 64 && found[0].mean > 0.01 && found[63].mean < 0.01);
    /// # Ok::<(), tiam::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn importance(&self, table: &Table, seed: u64) -> Result<Vec<Importance>> {
        match self.precision() {
            Precision::F32 => self.probe::<f32, _>(table, seed, |probe| probe.importance()),
            Precision::F64 => self.probe::<f64, _>(table, seed, |probe| probe.importance()),
        }
    }

    /// The mean answer as an input column changes, over at most 500 rows of a table.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate); [`Error::NoColumn`](crate::Error::NoColumn) for a column that is no input.
    pub fn partial_dependence(&self, table: &Table, column: &str) -> Result<PartialDependence> {
        match self.precision() {
            Precision::F32 => self.probe::<f32, _>(table, 0, |probe| probe.dependence(column)),
            Precision::F64 => self.probe::<f64, _>(table, 0, |probe| probe.dependence(column)),
        }
    }

    fn probe<T: Scalar, R>(
        &self,
        table: &Table,
        seed: u64,
        body: impl FnOnce(&mut Probe<'_, T>) -> Result<R>,
    ) -> Result<R> {
        let samples = self.samples_of::<T>(table)?;
        let encoding = self.encoding();
        body(&mut Probe::new(self, &samples, &encoding, seed)?)
    }
}

/// An input column and its features.
pub(crate) struct InputColumn {
    pub(crate) name: String,
    features: Range<usize>,
    /// Of a categorical column.
    categories: Option<Vec<String>>,
    /// What stands for the categories in place of one feature each.
    codes: Option<Codes>,
}

/// The input columns of a table, or one for each feature.
pub(crate) fn input_columns(encoding: &Encoding) -> Vec<InputColumn> {
    let mut found = Vec::new();
    let mut from = 0;
    for column in encoding.columns.iter().flat_map(|all| all.columns()) {
        let to = from + column.kind.width();
        let categories = match &column.kind {
            ColumnKind::Categorical(of) => {
                let missing = of.missing.then(|| "missing".to_owned());
                let other = of.other.then(|| "another".to_owned());
                Some(
                    of.categories
                        .iter()
                        .cloned()
                        .chain(missing)
                        .chain(other)
                        .collect(),
                )
            }
            _ => None,
        };
        if to > from {
            found.push(InputColumn {
                name: column.name.clone(),
                features: from..to,
                categories,
                codes: column.kind.codes().cloned(),
            });
        }
        from = to;
    }
    if from == encoding.n_inputs {
        return found;
    }
    let name = |at: usize| match encoding.feature_names.get(at) {
        Some(name) => name.clone(),
        None => format!("input {}", at + 1),
    };
    let feature = |at: usize| InputColumn {
        name: name(at),
        features: at..at + 1,
        categories: None,
        codes: None,
    };
    (0..encoding.n_inputs).map(feature).collect()
}
