//! Parameters of the gradient methods.

use serde::{Deserialize, Serialize};
use tiam_models::{ModelError, parameters};

use super::GradientRule;

parameters! {
    /// Parameters of a gradient method before they are checked. Seed and threads belong to a run and are not serialised.
    ///
    /// | name | symbol | default | range | source |
    /// |---|---|---|---|---|
    /// | `rule` | | Adam | see [`GradientRule`] | Kingma & Ba 2015 |
    /// | `learning_rate` | η | the rule's | > 0 | see [`GradientRule`] |
    /// | `one_cycle` | | none: η stays | ≥ 1 | Smith & Topin 2019; shape and constants as PyTorch's `OneCycleLR` has them |
    /// | `batch_size` | B | the whole data | ≥ 1 | ours: full batch is what the alternating methods do |
    /// | `ridge` | μ | 0 | ≥ 0 | ours |
    /// | `seed` | | 0 | any | of the samples' order |
    /// | `threads` | | 1 | ≥ 1 | |
    ///
    /// ```
    /// use tiam_bench::methods::{GradientParams, GradientRule};
    /// let params = GradientParams::default().rule(GradientRule::momentum()).batch_size(32);
    /// assert!(params.check().is_ok());
    /// assert!(params.learning_rate(f64::NAN).check().is_err());
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct GradientParams {
        /// Sets the rule; its learning rate goes with it unless one is set.
        rule: GradientRule = GradientRule::adam();
        /// η, of the mean loss a sample.
        learning_rate: Option<f64> = None, into;
        /// Epochs of a cycle: the learning rate rises to η in three tenths of it and falls to nearly nothing, by half cosines.
        #[serde(skip_serializing_if = "Option::is_none")]
        one_cycle: Option<usize> = None, into;
        /// Samples a step, `None` for all of them; with more than there are, all. An epoch's last batch may be smaller.
        batch_size: Option<usize> = None, into;
        /// μ, the weight of ½‖W_l‖² beside the loss summed over all samples, as in TIAM's objective.
        ridge: f64 = 0.0;
        /// Seed of the order of the samples in each epoch.
        #[serde(skip)]
        seed: u64 = 0;
        /// Number of threads.
        #[serde(skip)]
        threads: usize = 1;
    }
}

/// Part of a cycle in which the learning rate rises, by what it begins below the largest, and ends below that.
const RISING: f64 = 0.3;
const FIRST: f64 = 25.0;
const LAST: f64 = 1e4;

/// Checked [`GradientParams`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GradientConfig(pub(super) GradientParams);

impl GradientParams {
    /// The learning rate that is set, else the rule's.
    pub(super) fn rate(&self) -> f64 {
        self.learning_rate.unwrap_or(self.rule.learning_rate())
    }

    /// The learning rate after so many epochs, also parts of one.
    #[allow(clippy::cast_precision_loss, reason = "a number of epochs")]
    pub(super) fn rate_after(&self, epochs: f64) -> f64 {
        let rate = self.rate();
        let Some(cycle) = self.one_cycle else {
            return rate;
        };
        let at = (epochs / cycle as f64).min(1.0);
        let first = rate / FIRST;
        let (from, to, share) = match at < RISING {
            true => (first, rate, at / RISING),
            false => (rate, first / LAST, (at - RISING) / (1.0 - RISING)),
        };
        to + (from - to) * 0.5 * (1.0 + (std::f64::consts::PI * share).cos())
    }

    /// Checks every range.
    ///
    /// # Errors
    /// [`ModelError::Parameter`] with the first value outside its range.
    pub fn check(self) -> Result<GradientConfig, ModelError> {
        check_rule(self.rule)?;
        positive("learning_rate", self.rate())?;
        not_negative("ridge", self.ridge)?;
        ModelError::check_positive("batch_size", self.batch_size.unwrap_or(1))?;
        ModelError::check_positive("one_cycle", self.one_cycle.unwrap_or(1))?;
        ModelError::check_positive("threads", self.threads)?;
        Ok(GradientConfig(self))
    }
}

fn check_rule(rule: GradientRule) -> Result<(), ModelError> {
    match rule {
        GradientRule::GradientDescent => Ok(()),
        GradientRule::Momentum { momentum } => fraction("momentum", momentum),
        GradientRule::Adagrad { epsilon, initial } => {
            positive("epsilon", epsilon)?;
            not_negative("initial", initial)
        }
        GradientRule::Adadelta { decay, epsilon } => {
            fraction("decay", decay)?;
            positive("epsilon", epsilon)
        }
        GradientRule::Adam {
            beta1,
            beta2,
            epsilon,
        } => {
            fraction("beta1", beta1)?;
            fraction("beta2", beta2)?;
            positive("epsilon", epsilon)
        }
        GradientRule::Samt { meta_rate, .. } => not_negative("meta_rate", meta_rate),
    }
}

fn positive(parameter: &'static str, x: f64) -> Result<(), ModelError> {
    ModelError::check(parameter, x, |x| x > 0.0, "above 0")
}

fn not_negative(parameter: &'static str, x: f64) -> Result<(), ModelError> {
    ModelError::check(parameter, x, |x| x >= 0.0, "at least 0")
}

fn fraction(parameter: &'static str, x: f64) -> Result<(), ModelError> {
    let allowed = "at least 0 and below 1";
    ModelError::check(parameter, x, |x| (0.0..1.0).contains(&x), allowed)
}

#[cfg(test)]
#[path = "../../../tests/unit/methods_gradient_params.rs"]
mod tests;
