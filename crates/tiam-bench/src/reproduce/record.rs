//! The record of one run of an experiment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tiam_report::Cell;

/// One run: method, data set, parameters and results.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The experiment: `convergence`, `rate`, `accuracy`, `ablation`, `sensitivity` or `cost`.
    pub experiment: String,
    /// What the run is called within its experiment; unique there.
    pub key: String,
    /// The data set.
    pub data: String,
    /// The method, by its name on the command line; empty where no method is concerned.
    pub method: String,
    /// What sets the run apart from others of its experiment (activation, p1, depth, …), in words or numbers.
    pub labels: BTreeMap<String, Value>,
    /// All parameters of the run.
    pub config: Value,
    /// Its seed.
    pub seed: u64,
    /// Why it stopped, or `failed: …`.
    pub reason: String,
    /// Figures by name: `test_accuracy`, `seconds`, `iterations`, `objective`, …; shares, not percentages. What is not finite is left out.
    pub figures: BTreeMap<String, f64>,
    /// The run's course, where the experiment shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curve: Option<Curve>,
    /// Version of this program.
    pub version: String,
    /// Fingerprint of the program's file; empty where that could not be read.
    #[serde(default)]
    pub build: String,
    /// Where it ran.
    pub machine: Machine,
    /// When it ended, in seconds since 1970 (UTC).
    pub finished: u64,
}

impl Record {
    /// A figure.
    pub(super) fn figure(&self, name: &str) -> Option<f64> {
        self.figures.get(name).copied()
    }

    /// A figure in a table.
    pub(super) fn cell(&self, name: &str) -> Cell {
        self.figure(name).into()
    }

    /// A label in words; empty where there is none.
    pub(super) fn label(&self, name: &str) -> String {
        self.labels.get(name).map(text).unwrap_or_default()
    }

    /// True for a run that could not go on.
    pub(super) fn failed(&self) -> bool {
        self.reason.starts_with("failed")
    }
}

/// A label as text: a string as it is, anything else as JSON.
pub(super) fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Columns of equal length, an entry a recorded iteration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Iterations done.
    pub iteration: Vec<usize>,
    /// Seconds since the start.
    pub seconds: Vec<f64>,
    /// F.
    pub objective: Vec<f64>,
    /// The network's own mean loss a sample on the training part.
    pub train_loss: Vec<f64>,
    /// How far constraints are violated.
    pub violation: Vec<f64>,
}

/// Where a run was done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's own name, or its architecture.
    pub processor: String,
    /// Cores the system offers.
    pub cores: usize,
    /// Worker threads used.
    pub threads: usize,
    /// Operating system and architecture.
    pub system: String,
}
