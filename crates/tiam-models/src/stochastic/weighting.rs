//! The weights of samples, from given weights and from weights of classes.

use tiam_linalg::Real;

use super::choices::ClassWeights;
use crate::data::{Samples, Target};
use crate::error::{ModelError, Result};

/// One weight a sample, of mean 1: the product of its own and its class's; `None` where all are equal.
///
/// # Errors
/// [`ModelError::Size`] when there are not as many weights as samples or classes, [`ModelError::Parameter`] for a weight that is
/// negative or not finite, when all are 0, or for class weights without classes.
pub(super) fn sample_weights<T: Real>(
    samples: &Samples<T>,
    own: Option<&[f64]>,
    of_classes: &ClassWeights,
) -> Result<Option<Vec<T>>> {
    let n = samples.n_samples();
    let by_class = of_classes.of(samples.target())?;
    if own.is_none() && by_class.is_none() {
        return Ok(None);
    }
    let mut weights = match own {
        Some(own) => {
            ModelError::check_size("sample weights", n, own.len())?;
            for &weight in own {
                ModelError::check("sample-weight", weight, |x| x >= 0.0, "at least 0")?;
            }
            own.to_vec()
        }
        None => vec![1.0; n],
    };
    if let (Some(by_class), Target::Classes { labels, .. }) = (by_class, samples.target()) {
        for (weight, label) in weights.iter_mut().zip(labels) {
            *weight *= by_class[*label as usize];
        }
    }
    #[allow(clippy::cast_precision_loss, reason = "a number of samples")]
    let mean = weights.iter().sum::<f64>() / n as f64;
    ModelError::check("weights' mean", mean, |x| x > 0.0, "above 0 and finite")?;
    Ok(Some(
        weights.iter().map(|w| T::from_f64(w / mean)).collect(),
    ))
}

impl ClassWeights {
    /// A weight for each class of a target; `None` where all are equal.
    ///
    /// # Errors
    /// [`ModelError::Size`] when there are not as many weights as classes, [`ModelError::Parameter`] for weights without classes.
    pub fn of<T: Real>(&self, target: &Target<T>) -> Result<Option<Vec<f64>>> {
        let Target::Classes { labels, n_classes } = target else {
            let allowed = "equal, where values are to be predicted";
            return match self {
                Self::Equal => Ok(None),
                _ => Err(ModelError::parameter("class-weights", self, allowed)),
            };
        };
        match self {
            Self::Equal => Ok(None),
            Self::Given(weights) => {
                ModelError::check_size("class weights", *n_classes, weights.len())?;
                Ok(Some(weights.clone()))
            }
            #[allow(clippy::cast_precision_loss, reason = "numbers of samples")]
            Self::Balanced => {
                let mut counts = vec![0_usize; *n_classes];
                labels.iter().for_each(|label| counts[*label as usize] += 1);
                let share = labels.len() as f64 / *n_classes as f64;
                // A class without samples has no use for its weight.
                let weight = |count: &usize| share / (*count).max(1) as f64;
                Ok(Some(counts.iter().map(weight).collect()))
            }
        }
    }
}
