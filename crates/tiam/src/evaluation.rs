//! Figures that say how well a model predicts classes or values.

use serde::Serialize;
use tiam_linalg::reduce::largest;
use tiam_linalg::{Compute, Matrix, Real, prox};
use tiam_models::{AffineScaling, Loss, Network, Samples, Target};

use crate::error::Result;
use crate::scalar::Scalar;

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
    /// Share of samples classified correctly; none for values.
    pub accuracy: Option<f64>,
    /// 1 − (squared error)/(squared distance from the mean); none for classes and for constant targets.
    pub r2: Option<f64>,
    /// Root mean square error; none for classes.
    pub rmse: Option<f64>,
    /// Mean absolute error; none for classes.
    pub mae: Option<f64>,
    /// Figures of the classes; none for values, and where only loss and accuracy were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<ClassFigures>,
}

/// Figures of a classifier, class by class.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ClassFigures {
    /// Names of the classes.
    pub names: Vec<String>,
    /// `confusion[i][j]`: samples of class i that were taken for class j.
    pub confusion: Vec<Vec<usize>>,
    /// Area under the ROC curve, ties counted half; for more than two classes the mean over the classes, each against the
    /// rest. None where a class is missing or all samples are of one class.
    pub roc_auc: Option<f64>,
}

impl ClassFigures {
    /// Samples of a class. As all figures of a class, it panics for a number that is none of a class.
    pub fn support(&self, class: usize) -> usize {
        self.confusion[class].iter().sum()
    }

    /// Share of the class's samples that were found; none where there are none.
    pub fn recall(&self, class: usize) -> Option<f64> {
        share(self.confusion[class][class], self.support(class))
    }

    /// Share of the samples taken for this class that are of it; none where there are none.
    pub fn precision(&self, class: usize) -> Option<f64> {
        share(self.confusion[class][class], self.taken_for(class))
    }

    /// Harmonic mean of precision and recall: 2 hits/(samples of the class + samples taken for it); none where there are neither.
    pub fn f1(&self, class: usize) -> Option<f64> {
        let both = self.support(class) + self.taken_for(class);
        share(2 * self.confusion[class][class], both)
    }

    fn taken_for(&self, class: usize) -> usize {
        self.confusion.iter().map(|row| row[class]).sum()
    }

    /// Share of the largest class: the accuracy of always answering it.
    pub fn largest_share(&self) -> Option<f64> {
        let support = || (0..self.names.len()).map(|class| self.support(class));
        share(support().max()?, support().sum())
    }
}

#[allow(clippy::cast_precision_loss, reason = "numbers of samples")]
fn share(part: usize, of: usize) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

impl Evaluation {
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
        if *loss == Loss::CrossEntropy {
            prox::softmax_in_place(scores.as_mut_slice(), network.architecture().n_outputs());
        }
        let n = labels.len();
        Ok(Self {
            n_samples: n,
            loss: found.loss / n as f64,
            accuracy: share(found.correct, n),
            classes: Some(class_figures(&scores, labels, names)),
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
            classes: Some(class_figures(answers, labels, names)),
            ..Self::default()
        }
    }

    /// The errors of predictions against the true values, each outputs x samples.
    #[allow(clippy::cast_precision_loss, reason = "numbers of samples")]
    fn of_values<T: Real>(predicted: &Matrix<T>, targets: &Matrix<T>) -> Self {
        let (n_samples, n_outputs) = (targets.n_cols(), targets.n_rows());
        let n = n_samples as f64;
        let (mut error, mut spread, mut absolute) = (0.0, 0.0, 0.0);
        for output in 0..n_outputs {
            let row = |m: &Matrix<T>| -> Vec<f64> {
                (0..n_samples).map(|j| m[(output, j)].to_f64()).collect()
            };
            let (found, wanted) = (row(predicted), row(targets));
            let mean = mean(&wanted);
            let distances = || found.iter().zip(&wanted).map(|(z, y)| z - y);
            error += distances().map(|d| d * d).sum::<f64>();
            absolute += distances().map(f64::abs).sum::<f64>();
            spread += wanted.iter().map(|y| (y - mean) * (y - mean)).sum::<f64>();
        }
        let entries = n * n_outputs as f64;
        Self {
            n_samples,
            loss: error / 2.0 / n,
            r2: (spread > 0.0).then(|| 1.0 - error / spread),
            rmse: Some((error / entries).sqrt()),
            mae: Some(absolute / entries),
            ..Self::default()
        }
    }
}

/// `scores` are classes x samples, the largest being the answer.
fn class_figures<T: Real>(scores: &Matrix<T>, labels: &[u32], names: &[String]) -> ClassFigures {
    let n_classes = scores.n_rows();
    let mut confusion = vec![vec![0; n_classes]; n_classes];
    for (sample, label) in labels.iter().enumerate() {
        confusion[*label as usize][largest(scores.col(sample))] += 1;
    }
    let of_class = |class: usize| {
        let score = |sample: usize| scores[(class, sample)].to_f64();
        roc_auc(labels.len(), score, |sample| {
            labels[sample] as usize == class
        })
    };
    // For two classes both curves have the same area.
    let areas: Option<Vec<f64>> = match n_classes {
        2 => of_class(1).map(|area| vec![area]),
        n => (0..n).map(of_class).collect(),
    };
    let name = |class: usize| {
        names
            .get(class)
            .map_or_else(|| class.to_string(), String::clone)
    };
    ClassFigures {
        names: (0..n_classes).map(name).collect(),
        confusion,
        roc_auc: areas.map(|areas| mean(&areas)),
    }
}

#[allow(clippy::cast_precision_loss, reason = "numbers of folds or classes")]
pub(crate) fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

/// Share of pairs of a positive and a negative sample that the scores order rightly, ties counted half: from the ranks' sum (Mann and
/// Whitney). None without a pair, or with a score that is not a number.
#[allow(clippy::cast_precision_loss, reason = "numbers of samples")]
fn roc_auc(
    n: usize,
    score: impl Fn(usize) -> f64,
    positive: impl Fn(usize) -> bool,
) -> Option<f64> {
    let mut scored: Vec<(f64, bool)> = (0..n).map(|i| (score(i), positive(i))).collect();
    if scored.iter().any(|(score, _)| score.is_nan()) {
        return None;
    }
    scored.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut rank_sum, mut before) = (0.0, 0);
    for tied in scored.chunk_by(|a, b| a.0 >= b.0) {
        let rank = before as f64 + 0.5 * (tied.len() as f64 + 1.0);
        rank_sum += rank * tied.iter().filter(|(_, positive)| *positive).count() as f64;
        before += tied.len();
    }
    let positives = scored.iter().filter(|(_, positive)| *positive).count() as f64;
    let pairs = positives * (n as f64 - positives);
    (pairs > 0.0).then(|| (rank_sum - 0.5 * positives * (positives + 1.0)) / pairs)
}
