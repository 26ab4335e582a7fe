//! The format of the results file of `peers/run.py`; fields not needed here are ignored.

use serde::Deserialize;
use serde_json::Value;

use super::super::record::Machine;

/// What the file calls itself.
const FORMAT: &str = "tiam peers";
/// The form known here.
const FORMAT_VERSION: u64 = 1;

/// The file.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Results {
    pub(super) command: String,
    pub(super) date: String,
    pub(super) machine: Machine,
    /// Version by peer.
    pub(super) versions: std::collections::BTreeMap<String, String>,
    pub(super) summary: Summary,
}

/// What the runs say.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Summary {
    pub(super) races: Vec<Race>,
    pub(super) fits: Vec<Fit>,
}

/// Peers on the same data and network, epoch by epoch.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Race {
    pub(super) data: String,
    pub(super) network: String,
    pub(super) targets: Vec<Target>,
    pub(super) settings: Vec<Setting>,
    pub(super) curves: Vec<Curve>,
}

/// A test accuracy to be reached, with every peer's best setting for it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Target {
    pub(super) accuracy: f64,
    pub(super) rows: Vec<Reached>,
}

/// How a peer reaches a target.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Reached {
    pub(super) peer: String,
    /// `None` where no run reaches it.
    pub(super) setting: Option<String>,
    /// Median; `None` where the median run never reaches it.
    pub(super) seconds: Option<f64>,
    pub(super) reached: u64,
    pub(super) runs: u64,
    /// Against TIAM's time.
    pub(super) ratio: Option<f64>,
}

/// All runs of a peer in one setting.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Setting {
    pub(super) peer: String,
    pub(super) setting: String,
    pub(super) runs: f64,
    pub(super) epochs: f64,
    pub(super) seconds: f64,
    pub(super) steps_per_second: Option<f64>,
    pub(super) test_accuracy: Option<Mean>,
}

/// A mean and its deviation; `None` of a single run.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Mean {
    pub(super) mean: f64,
    pub(super) deviation: Option<f64>,
}

/// Median seconds and mean test accuracy after every epoch.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Curve {
    pub(super) peer: String,
    pub(super) setting: String,
    /// Whether it is the setting of its peer that the picture shows.
    pub(super) shown: bool,
    pub(super) points: Vec<(f64, f64)>,
}

/// Peers on a table, the whole fit timed.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Fit {
    pub(super) data: String,
    pub(super) network: String,
    pub(super) rows: Vec<Fitted>,
}

/// How a peer fits a table.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Fitted {
    pub(super) peer: String,
    pub(super) setting: String,
    pub(super) runs: f64,
    pub(super) seconds: f64,
    pub(super) ratio: Option<f64>,
    pub(super) test_accuracy: Option<Mean>,
}

impl Results {
    /// From the text of the file; the error says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
        match value.get("format").and_then(Value::as_str) {
            Some(FORMAT) => {}
            found => {
                let found = found.map_or_else(|| "none".to_owned(), |name| format!("`{name}`"));
                return Err(format!("its format is {found}, not `{FORMAT}`"));
            }
        }
        match value.get("format_version").and_then(Value::as_u64) {
            Some(FORMAT_VERSION) => {}
            found => {
                let found = found.map_or_else(|| "none".to_owned(), |version| version.to_string());
                return Err(format!(
                    "its format version is {found}, and this program knows {FORMAT_VERSION}"
                ));
            }
        }
        serde_json::from_value(value).map_err(|error| error.to_string())
    }
}
