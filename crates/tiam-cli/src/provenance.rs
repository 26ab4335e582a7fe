//! The facts about its training that a model file keeps, in its `extra` table.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tiam_data::{ColumnEncoding, GraphParams, Split};
use tiam_models::{ModelMetadata, SolverChoice};

use crate::error::CliError;
use crate::values::DataKind;

/// How a model came about. Every entry may be absent: models can be made without this program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Provenance {
    /// Name of the training data, without their folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data_kind: Option<DataKind>,
    /// How the columns of a table became features and labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) columns: Option<ColumnEncoding>,
    /// Of a graph.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hops: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seed: Option<u64>,
    /// The part held out, where it was drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) test_fraction: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) training: Option<Training>,
    /// How the W and a steps were computed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) solvers: Vec<BlockSolver>,
}

/// How a block's steps were computed, and why. No times here either; those are in the trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct BlockSolver {
    pub(crate) block: String,
    pub(crate) solver: String,
    pub(crate) reason: String,
}

impl BlockSolver {
    pub(crate) fn of(choice: &SolverChoice) -> Self {
        Self {
            block: choice.block.clone(),
            solver: choice.solver.clone(),
            reason: choice.reason.clone(),
        }
    }
}

/// How training ended. No times, so that a repeated run gives the same file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Training {
    pub(crate) method: String,
    pub(crate) stop_reason: String,
    pub(crate) iterations: usize,
    pub(crate) objective: Option<f64>,
    pub(crate) violation: Option<f64>,
    pub(crate) restarts: usize,
    pub(crate) train_loss: Option<f64>,
    pub(crate) train_accuracy: Option<f64>,
    pub(crate) test_loss: Option<f64>,
    pub(crate) test_accuracy: Option<f64>,
}

impl Provenance {
    /// As a model file keeps it.
    pub(crate) fn to_extra(&self) -> Result<BTreeMap<String, Value>, CliError> {
        let failed = |error: serde_json::Error| CliError::Failed(error.to_string());
        let value = serde_json::to_value(self).map_err(failed)?;
        serde_json::from_value(value).map_err(failed)
    }

    /// From a model file; entries of others are left alone.
    pub(crate) fn of(metadata: &ModelMetadata) -> Result<Self, CliError> {
        let entries = metadata.extra.clone().into_iter().collect();
        serde_json::from_value(Value::Object(entries)).map_err(|error| {
            CliError::Usage(format!(
                "the model's record of its training is damaged: {error}"
            ))
        })
    }

    /// How a graph was read for training.
    pub(crate) fn graph(&self) -> GraphParams {
        let params = GraphParams::default();
        let hops = self.hops.unwrap_or(params.hops);
        params.hops(hops).seed(self.seed.unwrap_or(0))
    }

    /// The split of the digits that training drew, if it was the digits that it trained on.
    pub(crate) fn digits_split(&self, labels: &[u32]) -> Result<Option<Split>, CliError> {
        match (self.data_kind, self.test_fraction, self.seed) {
            (Some(DataKind::Digits), Some(fraction), Some(seed)) => {
                Ok(Some(Split::stratified(labels, 0.0, fraction, seed)?))
            }
            _ => Ok(None),
        }
    }
}
