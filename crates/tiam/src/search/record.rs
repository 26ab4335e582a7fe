//! The record of a search, as the model file keeps it.

use serde::{Deserialize, Serialize};

use super::candidate::{Candidate, Effort};
use super::mix::Scores;

/// What was tried, what came of it, and what the model is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchRecord {
    /// How much it might spend.
    pub effort: Effort,
    /// Folds that the training data were cut into.
    pub folds: usize,
    /// Folds that were held out in turn: all of them, or one for large data.
    pub held_out: usize,
    /// The candidates, in the order in which they were tried.
    pub candidates: Vec<Tried>,
    /// Of the mix, on samples that none of its networks was trained on; none where the search was cut short.
    pub out_of_fold: Option<Scores>,
    /// The temperature of the probabilities.
    pub temperature: f64,
    /// Networks of the model.
    pub networks: usize,
    /// Multiplications of a prediction for one row.
    pub multiplications: usize,
    /// Networks that were trained, the last ones perhaps in part.
    pub trainings: usize,
    /// Why it ended: `max_iterations` when all was tried, else `interrupted` or `time_limit`.
    pub stop_reason: String,
}

/// A candidate with what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// The way of training.
    #[serde(flatten)]
    pub candidate: Candidate,
    /// On samples that its networks were not trained on; none where it did not come to an end.
    pub out_of_fold: Option<Scores>,
    /// Its share of the model.
    pub share: f64,
}
