//! Codes of categories, learnt from labels: numbers in place of one feature each, for columns of very many categories.

use std::cell::LazyCell;

use serde::{Deserialize, Serialize};

use super::ColumnEncoding;
use crate::{Dataset, Features, Scalar, Targets, rng::Random};

/// Classes, or values, at most that a column's codes tell of.
const MOST_OUTPUTS: usize = 10;
/// Parts of the samples; the codes of each are learnt from the others. Two to ten gave the same log loss within 0.0002 on tables of 300 to
/// 20,000 categories, more of them a larger one where categories have two samples each.
const PARTS: usize = 5;
/// Deviations by which the F ratio of the analysis of variance must be above 1: a column that says nothing is a number of noise otherwise.
const DEVIATIONS: f64 = 2.0;
/// Least number of samples that the mean of all counts as, in that of a category.
const LEAST_PRIOR: f64 = 0.1;

/// What stands for the categories of a column: for each category a number for each class, or for each value.
///
/// For a class k it is ln(p/(1 − p)) − ln(q/(1 − q)), where q is the share of k among all samples and p = (n_k + m q)/(n + m) its share among
/// the n samples of the category, pulled towards q; of two classes the second has the only number. For a value it is n/(n + m) times the
/// category's mean above that of all, over the deviation of all. m is the variance within categories over that between them, as an analysis
/// of variance estimates them (an empirical Bayes estimate). Where the categories differ no more than by chance all have 0, and so does one that
/// is not known.
///
/// As long as nothing is learnt, the column has one feature, the place of its category.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Codes {
    /// The classes, or values, that the numbers tell of, by their places.
    pub outputs: Vec<usize>,
    /// The numbers in ten-thousandths: those of the first category, of the second, and so on, of missing cells and of other texts; none as
    /// long as nothing is learnt.
    pub numbers: Vec<i32>,
}

impl Codes {
    const UNIT: f64 = 1e-4;

    /// Number of features.
    pub(super) fn width(&self) -> usize {
        match self.is_learnt() {
            true => self.outputs.len(),
            false => 1,
        }
    }

    pub(super) fn is_learnt(&self) -> bool {
        !self.numbers.is_empty()
    }

    /// Writes the features of the category at a place; one past the last is not known.
    pub(super) fn put<T: Scalar>(&self, place: usize, features: &mut [T]) {
        if !self.is_learnt() {
            features[0] = T::from_f64(place as f64);
            return;
        }
        let own = self.numbers.chunks_exact(self.width()).nth(place);
        for (i, feature) in features.iter_mut().take(self.width()).enumerate() {
            *feature = Self::number(own.map_or(0, |own| own[i]));
        }
    }

    fn number<T: Scalar>(stored: i32) -> T {
        T::from_f64(f64::from(stored) * Self::UNIT)
    }

    /// The numbers of the category at a place.
    pub fn of(&self, place: usize) -> Vec<f64> {
        let mut numbers = vec![0.0; self.width()];
        self.put(place, &mut numbers);
        numbers
    }

    pub(super) fn check(&self, n_places: usize) -> std::result::Result<(), String> {
        let n = self.outputs.len() * n_places;
        match !self.is_learnt() || self.numbers.len() == n {
            true => Ok(()),
            false => Err(format!("has {} codes in place of {n}", self.numbers.len())),
        }
    }
}

/// A label as numbers whose means tell of it.
struct Output {
    place: usize,
    numbers: Vec<f64>,
    /// 1 for yes and 0 for no.
    is_share: bool,
}

impl Output {
    /// What stands for a label where there is none.
    fn nothing(n: usize) -> Self {
        Self {
            place: 0,
            numbers: vec![0.0; n],
            is_share: false,
        }
    }
}

/// Sums over the samples of a category.
#[derive(Clone, Copy, Default)]
struct Sums {
    n: f64,
    sum: f64,
}

/// The mean of all samples, their deviation, and the number of samples that this mean counts as.
struct Prior {
    mean: f64,
    deviation: f64,
    m: f64,
    is_share: bool,
}

impl Prior {
    fn of(output: &Output, weights: &[f64], categories: &[Sums]) -> Self {
        let (n, sum) = (categories.iter()).fold((0.0, 0.0), |(n, sum), c| (n + c.n, sum + c.sum));
        let mean = sum / n.max(f64::MIN_POSITIVE);
        let squares = output.numbers.iter().zip(weights);
        let total: f64 = squares.map(|(y, w)| w * (y - mean) * (y - mean)).sum();
        let there = || categories.iter().filter(|c| c.n > 0.0);
        let between: f64 = there()
            .map(|c| c.n * (c.sum / c.n - mean) * (c.sum / c.n - mean))
            .sum();
        let k = there().count() as f64;
        let within = (total - between).max(0.0) / (n - k).max(1.0);
        // Samples of a category, as they count on average.
        let each = (n - there().map(|c| c.n * c.n).sum::<f64>() / n) / (k - 1.0).max(1.0);
        let mean_square = between / (k - 1.0).max(1.0);
        let by_chance = (2.0 / (k - 1.0).max(1.0) + 2.0 / (n - k).max(1.0)).sqrt();
        let m = match mean_square > within * (1.0 + DEVIATIONS * by_chance) {
            true => (within * each / (mean_square - within)).max(LEAST_PRIOR),
            false => f64::INFINITY,
        };
        Self {
            mean,
            deviation: (total / n).sqrt(),
            m,
            is_share: output.is_share,
        }
    }

    /// The code of a category in units of [`Codes::UNIT`].
    #[allow(
        clippy::cast_possible_truncation,
        reason = "a float becomes the nearest integer"
    )]
    fn code(&self, Sums { n, sum }: Sums) -> i32 {
        let above = (sum - n * self.mean) / (n + self.m);
        let code = match self.is_share {
            true => {
                let odds = |p: f64| (p / (1.0 - p)).ln();
                odds(self.mean + above) - odds(self.mean)
            }
            false => above / self.deviation,
        };
        match code.is_finite() {
            true => (code / Codes::UNIT).round() as i32,
            false => 0,
        }
    }
}

/// The numbers that the codes of a column are means of; of the outputs that are known, where some are.
fn outputs<T: Scalar>(data: &Dataset<T>, known: &[usize], weights: &[f64]) -> Vec<Output> {
    let encoding = data.encoding();
    match data.targets() {
        Targets::Absent => Vec::new(),
        Targets::Classes { labels, names } => {
            // Numbers of an earlier table's classes, where the names are its own.
            let all = encoding
                .and_then(ColumnEncoding::class_names)
                .unwrap_or(names);
            let same = |name: &String| all.iter().position(|other| other == name);
            let places: Vec<Option<usize>> = names.iter().map(same).collect();
            let place = |label: &u32| places.get(*label as usize).copied().flatten();
            let mut chosen = known.to_vec();
            if chosen.is_empty() {
                let mut counts = vec![0.0; all.len()];
                for (at, weight) in labels.iter().map(place).zip(weights) {
                    counts[at.unwrap_or(0)] += weight;
                }
                chosen = (0..all.len()).collect();
                chosen.sort_by(|a, b| counts[*b].total_cmp(&counts[*a]));
                chosen.truncate(MOST_OUTPUTS);
                chosen.sort_unstable();
                if chosen.len() == 2 {
                    chosen.remove(0);
                }
            }
            let output = |class: usize| Output {
                place: class,
                numbers: (labels.iter())
                    .map(|label| f64::from(u8::from(place(label) == Some(class))))
                    .collect(),
                is_share: true,
            };
            chosen.into_iter().map(output).collect()
        }
        Targets::Values(values) => {
            let width = values.n_features();
            let of = |at: usize| values.values().iter().skip(at).step_by(width);
            let output = |at: usize| Output {
                place: at,
                numbers: of(at).map(|y| Scalar::to_f64(*y)).collect(),
                is_share: encoding.is_some_and(ColumnEncoding::has_flags),
            };
            (0..width.min(MOST_OUTPUTS)).map(output).collect()
        }
    }
}

/// The codes of a column, and those of each sample, which are learnt from samples of other parts.
fn learn(
    n_places: usize,
    places: &[usize],
    outputs: &[Output],
    weights: &[f64],
    parts: &[Vec<usize>],
) -> (Vec<i32>, Vec<i32>) {
    let width = outputs.len();
    let mut codes = vec![0; n_places * width];
    let mut own = vec![0; places.len() * width];
    for (at, output) in outputs.iter().enumerate() {
        let mut all = vec![Sums::default(); n_places];
        let add = |to: &mut [Sums], i: usize| {
            if let Some(category) = to.get_mut(places[i]) {
                category.n += weights[i];
                category.sum += weights[i] * output.numbers[i];
            }
        };
        (0..places.len()).for_each(|i| add(&mut all, i));
        let prior = Prior::of(output, weights, &all);
        for (place, sums) in all.iter().enumerate() {
            codes[place * width + at] = prior.code(*sums);
        }
        for part in parts {
            let mut held = vec![Sums::default(); n_places];
            part.iter().for_each(|i| add(&mut held, *i));
            for &i in part {
                let (Some(all), Some(held)) = (all.get(places[i]), held.get(places[i])) else {
                    continue;
                };
                own[i * width + at] = prior.code(Sums {
                    n: (all.n - held.n).max(0.0),
                    sum: all.sum - held.sum,
                });
            }
        }
    }
    (codes, own)
}

impl<T: Scalar> Dataset<T> {
    /// Learns from these samples what the table's columns become where that depends on them, and does it: what stands for missing numbers,
    /// and the [`Codes`] of columns of many categories. Codes of a sample are learnt from the four fifths of the samples to which it does not
    /// belong, as the seed draws them; [`encoding`](Self::encoding) has those of all samples.
    pub fn learn_columns(&mut self, seed: u64) {
        let Some(encoding) = self.encoding() else {
            return;
        };
        let mut learnt = encoding.filled(self.features());
        // Most tables have no codes to learn.
        let weights = LazyCell::new(|| self.unit_weights());
        let parts = LazyCell::new(|| self.parts(seed));
        let mut own = Vec::new();
        learnt.for_codes(|first, n_places, codes| {
            if codes.is_learnt() {
                return;
            }
            let rows = self.features().values().chunks_exact(self.n_features());
            let places: Vec<usize> = rows.map(|row| place(row[first])).collect();
            let mut outputs = outputs(self, &codes.outputs, &weights);
            if outputs.is_empty() {
                outputs.push(Output::nothing(self.n_samples()));
            }
            let (numbers, of_samples) = learn(n_places, &places, &outputs, &weights, &parts);
            codes.outputs = outputs.iter().map(|output| output.place).collect();
            codes.numbers = numbers;
            own.push(of_samples);
        });
        self.put(learnt, Some(own));
    }

    /// Puts what stands for missing numbers in the places of those that are NaN, and codes in those of categories, as the encoding of an
    /// earlier data set has them: see [`learn_columns`](Self::learn_columns).
    pub fn fill_with(&mut self, encoding: ColumnEncoding) {
        self.put(encoding, None);
    }

    fn put(&mut self, encoding: ColumnEncoding, own: Option<Vec<Vec<i32>>>) {
        self.recode(&encoding, own);
        encoding.fill(self.features_mut());
        self.set_encoding(encoding);
    }

    /// Puts codes in the places of categories where `to` has learnt them and the encoding of the features has not: those of the samples
    /// themselves, column after column, or those of the categories.
    fn recode(&mut self, to: &ColumnEncoding, own: Option<Vec<Vec<i32>>>) {
        let Some(from) = self.encoding() else { return };
        let mut own = own.map(Vec::into_iter);
        let mut moves = Vec::with_capacity(to.columns().len());
        for (old, new) in from.columns().iter().zip(to.columns()) {
            let fresh = match (old.kind.codes(), new.kind.codes()) {
                (Some(old), Some(new)) if !old.is_learnt() && new.is_learnt() => Some(new),
                _ => None,
            };
            let of_samples = fresh.and_then(|_| own.as_mut()?.next());
            moves.push((old.kind.width(), new.kind.width(), fresh, of_samples));
        }
        if moves.iter().all(|(_, _, fresh, _)| fresh.is_none()) {
            return;
        }
        let (n, width) = (self.n_samples(), to.n_features());
        let mut values = vec![T::zero(); n * width];
        let rows = self.features().values().chunks_exact(from.n_features());
        for (i, (row, new)) in rows.zip(values.chunks_exact_mut(width)).enumerate() {
            let (mut row, mut new) = (row, new);
            for (from, to, fresh, of_samples) in &moves {
                let (old, rest) = row.split_at(*from);
                let (features, others) = new.split_at_mut(*to);
                (row, new) = (rest, others);
                match (fresh, of_samples) {
                    (None, _) => features.copy_from_slice(old),
                    (Some(codes), None) => codes.put(place(old[0]), features),
                    (Some(_), Some(numbers)) => {
                        for (x, number) in features.iter_mut().zip(&numbers[i * to..]) {
                            *x = Codes::number(*number);
                        }
                    }
                }
            }
        }
        if let Ok(features) = Features::new(n, width, values) {
            self.set_features(features);
        }
    }

    /// The samples in five parts, as the seed draws them.
    fn parts(&self, seed: u64) -> Vec<Vec<usize>> {
        let mut order: Vec<usize> = (0..self.n_samples()).collect();
        Random::new(seed).shuffle(&mut order);
        let part = |at: usize| order.iter().skip(at).step_by(PARTS).copied().collect();
        (0..PARTS).map(part).collect()
    }

    /// Weights of mean 1.
    fn unit_weights(&self) -> Vec<f64> {
        let n = self.n_samples();
        let Some(weights) = self.sample_weights() else {
            return vec![1.0; n];
        };
        let sum: f64 = weights.iter().sum();
        let scale = if sum > 0.0 { n as f64 / sum } else { 1.0 };
        weights.iter().map(|weight| weight * scale).collect()
    }
}

/// The place of a category, from the feature that stands for it.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place was stored as a float"
)]
fn place<T: Scalar>(feature: T) -> usize {
    feature.to_f64() as usize
}
