//! Figures of a classifier, from its scores and the true classes.

use serde::Serialize;
use tiam_linalg::reduce::largest;
use tiam_linalg::{Matrix, Real};

use super::mean;

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
    /// Mean of −ln(probability of the true class), in nats; probabilities count as in [ε, 1 − ε], ε = 2⁻⁵², as scikit-learn's `log_loss`
    /// has them, so that one sure mistake costs 36 and not ∞. Weights of samples and classes do not count. None where scores are no
    /// probabilities.
    pub log_loss: Option<f64>,
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

    /// Mean recall of the classes that there are samples of: what chance reaches is 1/classes, whatever their sizes (as scikit-learn's
    /// `balanced_accuracy_score`).
    pub fn balanced_accuracy(&self) -> Option<f64> {
        let recalls = (0..self.names.len()).filter_map(|class| self.recall(class));
        let recalls: Vec<f64> = recalls.collect();
        (!recalls.is_empty()).then(|| mean(&recalls))
    }

    /// The pairs of a class and another that it was most often taken for, with their numbers of samples; most first, none of 0.
    pub fn most_confused(&self) -> Vec<(usize, usize, usize)> {
        let row = |(class, row): (usize, &Vec<usize>)| -> Vec<(usize, usize, usize)> {
            let taken = row.iter().enumerate().map(|(other, n)| (class, other, *n));
            taken.filter(|(i, j, n)| i != j && *n > 0).collect()
        };
        let mut pairs: Vec<_> = self.confusion.iter().enumerate().flat_map(row).collect();
        pairs.sort_by_key(|(_, _, n)| std::cmp::Reverse(*n));
        pairs
    }

    /// Share of the largest class: the accuracy of always answering it.
    pub fn largest_share(&self) -> Option<f64> {
        let support = || (0..self.names.len()).map(|class| self.support(class));
        share(support().max()?, support().sum())
    }
}

#[allow(clippy::cast_precision_loss, reason = "numbers of samples")]
pub(super) fn share(part: usize, of: usize) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

/// `scores` are classes x samples, the largest being the answer; they may be probabilities.
pub(super) fn class_figures<T: Real>(
    scores: &Matrix<T>,
    labels: &[u32],
    names: &[String],
    probable: bool,
) -> ClassFigures {
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
        log_loss: probable.then(|| log_loss(scores, labels)),
    }
}

fn log_loss<T: Real>(probabilities: &Matrix<T>, labels: &[u32]) -> f64 {
    let cost = |(sample, label): (usize, &u32)| {
        let probability = probabilities[(*label as usize, sample)].to_f64();
        -probability.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()
    };
    let costs: Vec<f64> = labels.iter().enumerate().map(cost).collect();
    mean(&costs)
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
