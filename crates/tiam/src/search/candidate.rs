//! What a search tries, and how much of it.

use serde::{Deserialize, Serialize};
use tiam_models::StochasticParams;

use super::inputs::Inputs;

/// How much a search may spend, in counted operations: the same seed gives the same model on any machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effort {
    /// One network.
    Single,
    /// As long as others fit once: a small table takes a second or two, a large one five trainings of a single network.
    #[default]
    Good,
    /// Ten times that.
    Best,
}

tiam_models::names!(Effort, "effort": Single = "single", Good = "good", Best = "best");

/// A way of training that a search tries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The encoding of the inputs.
    pub inputs: Inputs,
    /// The ridge μ.
    pub ridge: f64,
    /// Sizes of the hidden layers.
    pub hidden: Vec<usize>,
    /// Epochs, as a multiple of [`StochasticParams::default_epochs`].
    pub epochs: f64,
    /// True where logarithms of the values are learnt.
    pub logarithm: bool,
}

impl Candidate {
    /// With the hidden layers and epochs of a single network.
    pub fn new(inputs: Inputs, ridge: f64) -> Self {
        Self {
            inputs,
            ridge,
            hidden: crate::Preset::HIDDEN_BY_BATCHES.to_vec(),
            epochs: 1.0,
            logarithm: false,
        }
    }

    /// Epochs over N samples.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of epochs"
    )]
    pub fn n_epochs(&self, n_samples: usize) -> usize {
        let default = StochasticParams::default_epochs(n_samples) as f64;
        (default * self.epochs).round().max(1.0) as usize
    }
}
