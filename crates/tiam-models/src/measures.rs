//! The measures of a network after each iteration of training.

use serde::{Deserialize, Serialize};

use crate::network::Evaluation;

/// The network's own numbers after an iteration, from a real forward pass.
///
/// Reading a trace of them with `serde_json` takes at most 16 times the text's size and 64 KiB beside the text, whatever it says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkMeasures {
    /// Mean loss a sample.
    pub train_loss: f64,
    /// Share of training samples classified correctly; `None` for values.
    pub train_accuracy: Option<f64>,
    /// ε of the iteration; 0 for methods without a band.
    pub epsilon: f64,
    /// On a validation part, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Evaluation>,
    /// On a part that is watched and never decided on, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<Evaluation>,
    /// Seconds of training so far, without any measuring, where it is timed apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training_seconds: Option<f64>,
}

impl NetworkMeasures {
    /// Of the training samples alone, without a band.
    pub fn of_training(train_loss: f64, train_accuracy: Option<f64>) -> Self {
        Self {
            train_loss,
            train_accuracy,
            epsilon: 0.0,
            validation: None,
            test: None,
            training_seconds: None,
        }
    }

    /// The name and value of a loss that is not finite, if there is one: what [`BlockProblem::non_finite`] is for.
    #[must_use]
    pub fn non_finite(&self) -> Option<(&'static str, f64)> {
        let losses = [
            ("training loss", Some(self.train_loss)),
            ("validation loss", self.validation.map(|part| part.loss)),
            ("test loss", self.test.map(|part| part.loss)),
        ];
        let mut known = losses
            .into_iter()
            .filter_map(|(name, loss)| Some((name, loss?)));
        known.find(|(_, loss)| !loss.is_finite())
    }
}
