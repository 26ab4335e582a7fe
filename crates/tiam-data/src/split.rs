//! Seeded splits into training, validation and test part.

use crate::{
    dataset::labels_of,
    error::{DataError, Result, check_index},
    rng::Random,
};

/// The samples for training, for validation and for testing.
///
/// The parts share no sample; they need not name every sample. Splits drawn here name every sample once, each part in
/// ascending order, and depend on the seed and the sizes only: the same on every machine.
///
/// # Example
///
/// ```
/// use tiam_data::Split;
/// let labels = [0, 0, 0, 0, 1, 1, 1, 1];
/// let split = Split::stratified(&labels, 0.25, 0.25, 7)?;
/// assert_eq!((split.train().len(), split.validation().len(), split.test().len()), (4, 2, 2));
/// let ones = split.test().iter().filter(|&&i| labels[i] == 1).count();
/// assert_eq!(ones, 1);
/// # Ok::<(), tiam_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    train: Vec<usize>,
    validation: Vec<usize>,
    test: Vec<usize>,
}

impl Split {
    /// A split by given indices.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidParameter`] if a sample is named twice.
    pub fn new(train: Vec<usize>, validation: Vec<usize>, test: Vec<usize>) -> Result<Self> {
        let mut all: Vec<usize> = [&train[..], &validation, &test].concat();
        all.sort_unstable();
        if let Some(pair) = all.windows(2).find(|pair| pair[0] == pair[1]) {
            let allowed = "each sample at most once in a split";
            return Err(DataError::parameter("sample", pair[0], allowed));
        }
        Ok(Self {
            train,
            validation,
            test,
        })
    }

    /// Draws the given fractions of every class, each class and each part to within one sample.
    ///
    /// The validation and test parts together hold `round(n * (validation + test))` samples.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidParameter`] unless both fractions are in `[0, 1)`, their sum is below 1, and at least one
    /// sample is left for training.
    pub fn stratified(labels: &[u32], validation: f64, test: f64, seed: u64) -> Result<Self> {
        let mut samples: Vec<usize> = (0..labels.len()).collect();
        samples.sort_by_key(|&i| labels[i]);
        let classes = samples.chunk_by(|&a, &b| labels[a] == labels[b]);
        let classes = classes.map(<[usize]>::to_vec).collect();
        Self::draw(classes, validation, test, seed)
    }

    /// Draws the given fractions of `n_samples` samples.
    ///
    /// # Errors
    ///
    /// As [`stratified`](Self::stratified).
    ///
    /// # Example
    ///
    /// ```
    /// use tiam_data::Split;
    /// let split = Split::random(10, 0.0, 0.3, 1)?;
    /// assert_eq!((split.train().len(), split.test().len()), (7, 3));
    /// # Ok::<(), tiam_data::DataError>(())
    /// ```
    pub fn random(n_samples: usize, validation: f64, test: f64, seed: u64) -> Result<Self> {
        Self::draw(vec![(0..n_samples).collect()], validation, test, seed)
    }

    /// Draws `n_folds` splits whose test parts share no sample and together hold all; by class where labels are given.
    ///
    /// The test parts differ by at most one sample in size, and so do their shares of each class.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidParameter`] unless there are 2 folds or more and as many samples.
    ///
    /// # Example
    ///
    /// ```
    /// use tiam_data::Split;
    /// let folds = Split::k_folds(6, Some(&[0, 0, 0, 1, 1, 1]), 3, 0)?;
    /// assert!(folds.iter().all(|fold| fold.test().len() == 2 && fold.train().len() == 4));
    /// # Ok::<(), tiam_data::DataError>(())
    /// ```
    pub fn k_folds(
        n_samples: usize,
        labels: Option<&[u32]>,
        n_folds: usize,
        seed: u64,
    ) -> Result<Vec<Self>> {
        if n_folds < 2 || n_folds > n_samples {
            let allowed = format!("from 2 to the number of samples, {n_samples}");
            return Err(DataError::parameter("folds", n_folds, allowed));
        }
        let mut order: Vec<usize> = (0..n_samples).collect();
        Random::new(seed).shuffle(&mut order);
        if let Some(labels) = labels {
            // Dealing out class after class keeps each class's share.
            order.sort_by_key(|&i| labels.get(i));
        }
        let mut fold_of = vec![0; n_samples];
        for (position, &sample) in order.iter().enumerate() {
            fold_of[sample] = position % n_folds;
        }
        let fold = |fold| {
            let (test, train) = (0..n_samples).partition(|&i| fold_of[i] == fold);
            Self {
                train,
                validation: Vec::new(),
                test,
            }
        };
        Ok((0..n_folds).map(fold).collect())
    }

    /// Moves a fraction of the training part to the validation part, by class where labels of all samples are given.
    /// For data that come with a test part only, such as MNIST.
    ///
    /// # Errors
    ///
    /// As [`stratified`](Self::stratified); [`DataError::IndexOutOfRange`] if a training sample has no label.
    pub fn carve_validation(
        &self,
        labels: Option<&[u32]>,
        fraction: f64,
        seed: u64,
    ) -> Result<Self> {
        let inner = match labels {
            None => Self::random(self.train.len(), fraction, 0.0, seed)?,
            Some(labels) => {
                let labels = labels_of(&self.train, labels)?;
                Self::stratified(&labels, fraction, 0.0, seed)?
            }
        };
        let outer = |part: &[usize]| part.iter().map(|&i| self.train[i]).collect();
        let mut validation: Vec<usize> = outer(&inner.validation);
        validation.extend(&self.validation);
        validation.sort_unstable();
        Ok(Self {
            train: outer(&inner.train),
            validation,
            test: self.test.clone(),
        })
    }

    /// Samples for fitting.
    pub fn train(&self) -> &[usize] {
        &self.train
    }

    /// Samples for choosing parameters and stopping.
    pub fn validation(&self) -> &[usize] {
        &self.validation
    }

    /// Samples for the final figure only.
    pub fn test(&self) -> &[usize] {
        &self.test
    }

    pub(crate) fn check_range(&self, len: usize) -> Result<()> {
        let parts = [&self.train, &self.validation, &self.test];
        let largest = parts.into_iter().flatten().max();
        largest.map_or(Ok(()), |&i| check_index("sample of a split", i, len))
    }

    fn draw(classes: Vec<Vec<usize>>, validation: f64, test: f64, seed: u64) -> Result<Self> {
        check_fractions(validation, test)?;
        let sizes: Vec<usize> = classes.iter().map(Vec::len).collect();
        let mut random = Random::new(seed);
        let mut split = Self {
            train: vec![],
            validation: vec![],
            test: vec![],
        };
        let shares = shares(&sizes, validation, test);
        for (mut class, (n_test, n_validation)) in classes.into_iter().zip(shares) {
            random.shuffle(&mut class);
            let (test, rest) = class.split_at(n_test.min(class.len()));
            let (validation, train) = rest.split_at(n_validation.min(rest.len()));
            split.train.extend_from_slice(train);
            split.validation.extend_from_slice(validation);
            split.test.extend_from_slice(test);
        }
        if split.train.is_empty() {
            let n: usize = sizes.iter().sum();
            let value = format!("{validation} + {test}");
            let allowed = format!("fractions of {n} samples that leave at least one for training");
            let parameter = "validation and test fraction";
            return Err(DataError::parameter(parameter, value, allowed));
        }
        for part in [&mut split.train, &mut split.validation, &mut split.test] {
            part.sort_unstable();
        }
        Ok(split)
    }
}

fn check_fractions(validation: f64, test: f64) -> Result<()> {
    let allowed = "finite fractions from 0, together below 1";
    for (parameter, value) in [
        ("validation fraction", validation),
        ("test fraction", test),
        ("validation + test fraction", validation + test),
    ] {
        if !(0.0..1.0).contains(&value) {
            return Err(DataError::parameter(parameter, value, allowed));
        }
    }
    Ok(())
}

const QUOTA_ROUNDING: f64 = 1e-9;

/// The whole numbers around a quota, corrected for the rounding error of `n * fraction` (0.1 * 30 is 3, not 2.999...).
fn around(quota: f64) -> (usize, usize) {
    let low = (quota + QUOTA_ROUNDING).floor() as usize;
    let high = (quota - QUOTA_ROUNDING).ceil() as usize;
    (low, high)
}

/// The number of test and of validation samples of each class, by largest remainder: first of everything held out, then
/// of the test part, within bounds that keep both parts within one sample of their quota.
fn shares(sizes: &[usize], validation: f64, test: f64) -> Vec<(usize, usize)> {
    let total = sizes.iter().sum::<usize>() as f64;
    let draw = |fraction: f64, bounds: &dyn Fn(usize, f64) -> (usize, usize)| {
        let quota = |(class, &n): (usize, &usize)| {
            let quota = n as f64 * fraction;
            (quota, bounds(class, quota))
        };
        let quotas: Vec<_> = sizes.iter().enumerate().map(quota).collect();
        largest_remainder(&quotas, (total * fraction).round() as usize)
    };
    let held = draw(validation + test, &|_, quota| around(quota));
    let test = draw(test, &|class, quota| {
        let held = held[class];
        let (low, high) = around(quota);
        let (rest_low, rest_high) = around(sizes[class] as f64 * validation);
        let low = low.max(held.saturating_sub(rest_high));
        let high = high.min(held.saturating_sub(rest_low));
        (low, high.max(low))
    });
    let pairs = test.into_iter().zip(held);
    pairs
        .map(|(test, held)| (test, held.saturating_sub(test)))
        .collect()
}

/// Gives each class its lower bound, then one more to those furthest below their quota until `total` is reached. A
/// class has a quota and two bounds.
fn largest_remainder(quotas: &[(f64, (usize, usize))], total: usize) -> Vec<usize> {
    let mut given: Vec<usize> = quotas.iter().map(|(_, (low, _))| *low).collect();
    let has_room = |&class: &usize| quotas[class].1.1 > given[class];
    let mut order: Vec<usize> = (0..quotas.len()).filter(has_room).collect();
    let remainder = |class: usize| quotas[class].0 - given[class] as f64;
    order.sort_by(|&a, &b| remainder(b).total_cmp(&remainder(a)));
    let missing = total.saturating_sub(given.iter().sum());
    for class in order.into_iter().take(missing) {
        given[class] += 1;
    }
    given
}
