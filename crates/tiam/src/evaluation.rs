//! Figures that say how well a model predicts classes or values.

use serde::Serialize;
use tiam_data::Reading;
use tiam_linalg::reduce::largest;
use tiam_linalg::{Compute, Matrix, Real, prox};
use tiam_models::{AffineScaling, Loss, Network, Samples, Target};

use crate::error::Result;
use crate::scalar::Scalar;

mod classes;

pub use classes::ClassFigures;
use classes::{class_figures, share};

/// A probability of 0 counts as this, so that the loss is finite.
const LEAST_PROBABILITY: f64 = 1e-15;

/// Figures of a model on samples with labels, in the labels' own units.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Evaluation {
    /// Number of samples.
    pub n_samples: usize,
    /// Mean loss a sample: cross-entropy in nats, ½‖z − y‖² in the targets' own units, or the network's own loss, which sees values scaled.
    pub loss: f64,
    /// Share of samples classified correctly, or of answers of no or yes that are right; none for values.
    pub accuracy: Option<f64>,
    /// 1 − (squared error)/(squared distance from the mean); none for classes and for constant targets. Over several targets: of their sums.
    pub r2: Option<f64>,
    /// Root mean square error; none for classes.
    pub rmse: Option<f64>,
    /// Mean absolute error; none for classes.
    pub mae: Option<f64>,
    /// The same of each target; empty for classes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<TargetFigures>,
    /// Figures of the classes; none for values, and where only loss and accuracy were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<ClassFigures>,
    /// What was met while the table was read, of [`Predictor::evaluate`](crate::Predictor::evaluate).
    #[serde(skip)]
    pub reading: Option<Reading>,
}

/// Errors of one target, in its own unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TargetFigures {
    /// As [`Evaluation::r2`].
    pub r2: Option<f64>,
    /// Root mean square error.
    pub rmse: f64,
    /// Mean absolute error.
    pub mae: f64,
}

impl Evaluation {
    /// [`ClassFigures::log_loss`], where there are classes.
    pub fn log_loss(&self) -> Option<f64> {
        self.classes.as_ref()?.log_loss
    }

    /// [`ClassFigures::roc_auc`], where there are classes.
    pub fn auc(&self) -> Option<f64> {
        self.classes.as_ref()?.roc_auc
    }

    /// [`ClassFigures::largest_share`], where there are classes.
    pub fn majority(&self) -> Option<f64> {
        self.classes.as_ref()?.largest_share()
    }

    /// Loss and accuracy, or the errors of the values, of a network on samples scaled as it wants them. Figures of the single classes are
    /// left out.
    ///
    /// # Errors
    /// [`Error::Model`](crate::Error::Model) when samples and network do not fit.
    pub fn measure<T: Scalar>(
        network: &Network<T>,
        samples: &Samples<T>,
        output_scaling: Option<&AffineScaling>,
        compute: &mut Compute<T>,
    ) -> Result<Self> {
        if let Target::Values(targets) = samples.target() {
            if network.architecture().loss == Loss::Logistic {
                return Self::of_flags(network, samples, targets, compute);
            }
            let mut predicted = network.forward(samples.inputs(), compute)?;
            let mut targets = targets.clone();
            if let Some(scaling) = output_scaling {
                scaling.invert(&mut predicted)?;
                scaling.invert(&mut targets)?;
            }
            let mut this = Self::of_values(&predicted, &targets);
            if matches!(network.architecture().loss, Loss::Custom(_)) {
                this.loss = network.evaluate(samples, compute)?.loss;
            }
            return Ok(this);
        }
        let found = network.evaluate(samples, compute)?;
        Ok(Self {
            n_samples: samples.n_samples(),
            loss: found.loss,
            accuracy: found.accuracy,
            ..Self::default()
        })
    }

    /// [`measure`](Self::measure) with the figures of the classes. Its loss may differ from that by rounding.
    ///
    /// # Errors
    /// As [`measure`](Self::measure).
    #[allow(clippy::cast_precision_loss, reason = "a number of samples")]
    pub fn measure_classes<T: Scalar>(
        network: &Network<T>,
        samples: &Samples<T>,
        names: &[String],
        output_scaling: Option<&AffineScaling>,
        compute: &mut Compute<T>,
    ) -> Result<Self> {
        let Target::Classes { labels, .. } = samples.target() else {
            return Self::measure(network, samples, output_scaling, compute);
        };
        let mut scores = network.forward(samples.inputs(), compute)?;
        let loss = &network.architecture().loss;
        let code = loss.code()?;
        let found = code
            .in_precision::<T>()
            .value(scores.as_slice(), samples.target().targets());
        let probable = *loss == Loss::CrossEntropy;
        if probable {
            prox::softmax_in_place(scores.as_mut_slice(), network.architecture().n_outputs());
        }
        let n = labels.len();
        Ok(Self {
            n_samples: n,
            loss: found.loss / n as f64,
            accuracy: share(found.correct, n),
            classes: Some(class_figures(&scores, labels, names, probable)),
            ..Self::default()
        })
    }

    /// Loss, and the share of answers of no or yes that are right.
    fn of_flags<T: Scalar>(
        network: &Network<T>,
        samples: &Samples<T>,
        targets: &Matrix<T>,
        compute: &mut Compute<T>,
    ) -> Result<Self> {
        let half = <T as tiam_data::Scalar>::from_f64(0.5);
        let scores = network.forward(samples.inputs(), compute)?;
        let pairs = scores.as_slice().iter().zip(targets.as_slice());
        let right = pairs
            .filter(|(z, y)| (**z > T::zero()) == (**y > half))
            .count();
        Ok(Self {
            n_samples: samples.n_samples(),
            loss: network.evaluate(samples, compute)?.loss,
            accuracy: share(right, targets.as_slice().len()),
            ..Self::default()
        })
    }

    /// Figures of answers: probabilities, or values in their own units, outputs x samples.
    #[allow(clippy::cast_precision_loss, reason = "a number of samples")]
    pub(crate) fn of_answers<T: Real>(
        answers: &Matrix<T>,
        target: &Target<T>,
        names: &[String],
    ) -> Self {
        let labels = match target {
            Target::Values(values) => return Self::of_values(answers, values),
            Target::Classes { labels, .. } => labels,
        };
        let of_label = |(j, label): (usize, &u32)| answers[(*label as usize, j)].to_f64();
        let surprise = |p: f64| -p.max(LEAST_PROBABILITY).ln();
        let right = |(j, label): &(usize, &u32)| largest(answers.col(*j)) == **label as usize;
        let n = labels.len();
        Self {
            n_samples: n,
            loss: labels
                .iter()
                .enumerate()
                .map(of_label)
                .map(surprise)
                .sum::<f64>()
                / n as f64,
            accuracy: share(labels.iter().enumerate().filter(right).count(), n),
            classes: Some(class_figures(answers, labels, names, true)),
            ..Self::default()
        }
    }

    /// The errors of predictions against the true values, each outputs x samples.
    #[allow(clippy::cast_precision_loss, reason = "numbers of samples")]
    fn of_values<T: Real>(predicted: &Matrix<T>, targets: &Matrix<T>) -> Self {
        let (n_samples, n_outputs) = (targets.n_cols(), targets.n_rows());
        let n = n_samples as f64;
        let each: Vec<Sums> = (0..n_outputs)
            .map(|output| Sums::of(predicted, targets, output))
            .collect();
        let all = each.iter().fold(Sums::default(), |all, one| Sums {
            squared: all.squared + one.squared,
            absolute: all.absolute + one.absolute,
            spread: all.spread + one.spread,
        });
        let whole = all.figures(n * n_outputs as f64);
        Self {
            n_samples,
            loss: all.squared / 2.0 / n,
            r2: whole.r2,
            rmse: Some(whole.rmse),
            mae: Some(whole.mae),
            targets: each.iter().map(|sums| sums.figures(n)).collect(),
            ..Self::default()
        }
    }
}

/// Sums over samples: of squared and absolute errors, and of squared distances from the mean.
#[derive(Clone, Copy, Default)]
struct Sums {
    squared: f64,
    absolute: f64,
    spread: f64,
}

impl Sums {
    fn of<T: Real>(predicted: &Matrix<T>, targets: &Matrix<T>, output: usize) -> Self {
        let row = |m: &Matrix<T>| -> Vec<f64> {
            (0..m.n_cols()).map(|j| m[(output, j)].to_f64()).collect()
        };
        let (found, wanted) = (row(predicted), row(targets));
        let mean = mean(&wanted);
        let distances = || found.iter().zip(&wanted).map(|(z, y)| z - y);
        Self {
            squared: distances().map(|d| d * d).sum(),
            absolute: distances().map(f64::abs).sum(),
            spread: wanted.iter().map(|y| (y - mean) * (y - mean)).sum(),
        }
    }

    /// Over so many numbers.
    fn figures(self, n: f64) -> TargetFigures {
        TargetFigures {
            r2: (self.spread > 0.0).then(|| 1.0 - self.squared / self.spread),
            rmse: (self.squared / n).sqrt(),
            mae: self.absolute / n,
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "numbers of folds or classes")]
pub(crate) fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}
