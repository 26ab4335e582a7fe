//! The record of a model's training in its file: the entries of the `extra` table.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tiam_data::{ColumnEncoding, Split};
use tiam_models::{ModelMetadata, SolverChoice};

use crate::error::{Error, Result};
use crate::search::SearchRecord;
use crate::table::DataKind;

/// The record of a model's training. Every entry may be absent: models can be made without this program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Name of the training data, without their folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// The kind of the training data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_kind: Option<DataKind>,
    /// Powers of a graph's adjacency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hops: Option<usize>,
    /// Seed of a graph's split, where it is not `seed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graph_seed: Option<u64>,
    /// Seed of the start and of the split.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The part held out, where it was drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_fraction: Option<f64>,
    /// The end of training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub training: Option<Training>,
    /// The search that found the model, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<SearchRecord>,
    /// The solvers of the W and a steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub solvers: Vec<BlockSolver>,
}

/// The solver of a block, and the reason for it. No times here either; those are in the trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BlockSolver {
    /// The block: `W_1`, `a_1`, …
    pub block: String,
    /// The form of its steps.
    pub solver: String,
    /// Why that form.
    pub reason: String,
}

impl BlockSolver {
    /// Without its times.
    pub fn of(choice: &SolverChoice) -> Self {
        Self {
            block: choice.block.clone(),
            solver: choice.solver.clone(),
            reason: choice.reason.clone(),
        }
    }
}

/// The end of training. No times, so that a repeated run gives the same file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// Name of the method.
    pub method: String,
    /// The rule that ended it, or `failed`.
    pub stop_reason: String,
    /// Iterations, or epochs.
    pub iterations: usize,
    /// F at the end.
    pub objective: Option<f64>,
    /// Largest violation of the band.
    pub violation: Option<f64>,
    /// Steps done again without inertia.
    pub restarts: usize,
    /// Mean loss on the training part.
    pub train_loss: Option<f64>,
    /// Accuracy on the training part.
    pub train_accuracy: Option<f64>,
    /// Mean loss on the test part.
    pub test_loss: Option<f64>,
    /// Accuracy on the test part.
    pub test_accuracy: Option<f64>,
}

/// The entry of the columns, beside those of [`Provenance`].
const COLUMNS: &str = "columns";

impl Provenance {
    /// As a model file keeps it, with the columns of a table.
    pub(crate) fn to_extra(
        &self,
        columns: Option<&ColumnEncoding>,
    ) -> Result<BTreeMap<String, Value>> {
        let entries = serde_json::to_value(self).and_then(serde_json::from_value);
        let mut extra: BTreeMap<String, Value> = entries.map_err(damaged)?;
        if let Some(columns) = columns {
            let columns = serde_json::to_value(columns).map_err(damaged)?;
            extra.insert(COLUMNS.to_owned(), columns);
        }
        Ok(extra)
    }

    /// From a model file; entries of others are left alone.
    ///
    /// # Errors
    /// [`Error::Provenance`] for entries that are not what this crate writes.
    pub fn of(metadata: &ModelMetadata) -> Result<Self> {
        let known = metadata.extra.iter().filter(|(name, _)| *name != COLUMNS);
        let known = known.map(|(name, value)| (name.clone(), value.clone()));
        serde_json::from_value(Value::Object(known.collect())).map_err(damaged)
    }

    /// The columns of the table that a model was trained on.
    pub(crate) fn columns(metadata: &ModelMetadata) -> Result<Option<ColumnEncoding>> {
        let columns = metadata.extra.get(COLUMNS);
        let columns = columns.map(ColumnEncoding::deserialize).transpose();
        columns.map_err(damaged)
    }

    /// The split of the digits that training drew, if it was the digits that it trained on.
    pub(crate) fn digits_split(&self, labels: &[u32]) -> Result<Option<Split>> {
        match (self.data_kind, self.test_fraction, self.seed) {
            (Some(DataKind::Digits), Some(fraction), Some(seed)) => {
                Ok(Some(Split::stratified(labels, 0.0, fraction, seed)?))
            }
            _ => Ok(None),
        }
    }
}

fn damaged(error: serde_json::Error) -> Error {
    Error::Provenance {
        reason: error.to_string(),
    }
}
