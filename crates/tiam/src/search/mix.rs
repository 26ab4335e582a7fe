//! The mix of candidates by what they answer for samples that they were not trained on.

use serde::{Deserialize, Serialize};

/// What the samples out of fold are.
pub(super) enum Truth {
    Classes(Vec<u32>),
    /// Standardised, a sample after the other.
    Values(Vec<f64>),
}

/// The samples out of fold, with their weights.
pub(super) struct OutOfFold {
    pub(super) truth: Truth,
    pub(super) weights: Option<Vec<f64>>,
    /// Classes, or values a sample.
    pub(super) n_outputs: usize,
}

/// Picks of the greedy selection.
const N_PICKS: usize = 12;
/// Least probability in a loss.
const LEAST: f64 = 1e-15;
/// Steps of the search for a temperature, and its range on a logarithmic scale.
const TEMPERATURE_STEPS: usize = 30;
const TEMPERATURE_RANGE: f64 = 1.5;

/// Loss and share of right answers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Mean negative logarithm of the label's probability, or mean squared error in units of the values' variance.
    pub loss: f64,
    /// Share of samples classified correctly; none for values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
}

impl OutOfFold {
    fn mean(&self, of_sample: impl Fn(usize) -> f64) -> f64 {
        let n = match &self.truth {
            Truth::Classes(labels) => labels.len(),
            Truth::Values(values) => values.len() / self.n_outputs.max(1),
        };
        let weight = |i: usize| self.weights.as_ref().map_or(1.0, |weights| weights[i]);
        let (mut sum, mut total) = (0.0, 0.0);
        for i in 0..n {
            sum += weight(i) * of_sample(i);
            total += weight(i);
        }
        sum / total
    }

    /// Loss of the answers `scale` times `answers`, as [`relevant`](Self::relevant) gives them.
    fn loss_of(&self, answer: impl Fn(usize) -> f64) -> f64 {
        match &self.truth {
            Truth::Classes(_) => self.mean(|i| -answer(i).max(LEAST).ln()),
            Truth::Values(values) => {
                let n = self.n_outputs;
                let squared = |k: usize| (answer(k) - values[k]) * (answer(k) - values[k]);
                self.mean(|i| (i * n..(i + 1) * n).map(squared).sum())
            }
        }
    }

    /// What the loss depends on: the labels' probabilities, or all values.
    fn relevant(&self, answers: &[f64]) -> Vec<f64> {
        match &self.truth {
            Truth::Classes(labels) => {
                let rows = answers.chunks_exact(self.n_outputs);
                let of_label = |(row, label): (&[f64], &u32)| row[*label as usize];
                rows.zip(labels).map(of_label).collect()
            }
            Truth::Values(_) => answers.to_vec(),
        }
    }

    /// Scores of answers: probabilities, or values standardised.
    pub(super) fn scores(&self, answers: &[f64]) -> Scores {
        let relevant = self.relevant(answers);
        let accuracy = match &self.truth {
            Truth::Classes(labels) => {
                let row = |i: usize| &answers[i * self.n_outputs..(i + 1) * self.n_outputs];
                let right = |i: usize| tiam_linalg::reduce::largest(row(i)) == labels[i] as usize;
                Some(self.mean(|i| f64::from(right(i))))
            }
            Truth::Values(_) => None,
        };
        Scores {
            loss: self.loss_of(|k| relevant[k]),
            accuracy,
        }
    }

    /// Greedy selection with replacement (Caruana, Niculescu-Mizil, Crew, Ksikes, ICML 2004): the share of each candidate. Candidates without
    /// answers get none.
    #[allow(clippy::cast_precision_loss, reason = "numbers of picks")]
    pub(super) fn shares(&self, answers: &[Option<Vec<f64>>], n_picks: usize) -> Vec<f64> {
        let relevant: Vec<Option<Vec<f64>>> = answers
            .iter()
            .map(|answers| answers.as_ref().map(|answers| self.relevant(answers)))
            .collect();
        let length = relevant.iter().flatten().next().map_or(0, Vec::len);
        let (mut sum, mut picks) = (vec![0.0; length], vec![0_usize; answers.len()]);
        let (mut best, mut shares) = (f64::INFINITY, vec![0.0; answers.len()]);
        for pick in 1..=n_picks {
            let losses = relevant.iter().enumerate().filter_map(|(c, own)| {
                let own = own.as_ref()?;
                Some((c, self.loss_of(|k| (sum[k] + own[k]) / pick as f64)))
            });
            let Some((chosen, loss)) = losses.min_by(|a, b| a.1.total_cmp(&b.1)) else {
                break;
            };
            picks[chosen] += 1;
            for (sum, own) in sum.iter_mut().zip(relevant[chosen].iter().flatten()) {
                *sum += own;
            }
            if loss < best {
                best = loss;
                shares = picks.iter().map(|n| *n as f64 / pick as f64).collect();
            }
        }
        shares
    }

    /// The mix of answers by shares.
    pub(super) fn mixed(&self, answers: &[Option<Vec<f64>>], shares: &[f64]) -> Vec<f64> {
        let length = answers.iter().flatten().next().map_or(0, Vec::len);
        let mut mix = vec![0.0; length];
        for (answers, share) in answers.iter().zip(shares) {
            for (sum, answer) in mix.iter_mut().zip(answers.iter().flatten()) {
                *sum += share * answer;
            }
        }
        mix
    }

    /// Greedy selection with the usual number of picks, or the best candidate alone.
    pub(super) fn chosen(&self, answers: &[Option<Vec<f64>>], mixed: bool) -> Vec<f64> {
        self.shares(answers, if mixed { N_PICKS } else { 1 })
    }

    /// The temperature with the least loss (Guo, Pleiss, Sun, Weinberger, ICML 2017), by golden section; 1 for values.
    #[allow(clippy::cast_precision_loss, reason = "a number of classes")]
    pub(super) fn temperature(&self, mix: &[f64]) -> f64 {
        let Truth::Classes(labels) = &self.truth else {
            return 1.0;
        };
        let logs: Vec<f64> = mix.iter().map(|p| p.max(LEAST).ln()).collect();
        let loss = |ln_temperature: f64| {
            let inverse = (-ln_temperature).exp();
            self.mean(|i| {
                let row = &logs[i * self.n_outputs..(i + 1) * self.n_outputs];
                let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = row.iter().map(|l| ((l - most) * inverse).exp()).sum();
                sum.ln() - (row[labels[i] as usize] - most) * inverse
            })
        };
        golden_section(loss).exp()
    }
}

/// The minimum of a function with one on [−[`TEMPERATURE_RANGE`], [`TEMPERATURE_RANGE`]].
fn golden_section(f: impl Fn(f64) -> f64) -> f64 {
    let ratio = 0.5 * (5.0_f64.sqrt() - 1.0);
    let (mut low, mut high) = (-TEMPERATURE_RANGE, TEMPERATURE_RANGE);
    for _ in 0..TEMPERATURE_STEPS {
        let (left, right) = (high - ratio * (high - low), low + ratio * (high - low));
        if f(left) <= f(right) {
            high = right;
        } else {
            low = left;
        }
    }
    0.5 * (low + high)
}
