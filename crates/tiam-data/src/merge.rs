//! Equal samples as one, with the sum of their weights.

use std::cmp::Ordering;
use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;

use crate::{Dataset, Scalar, Targets, error::Result};

impl<T: Scalar> Dataset<T> {
    /// Samples that are equal, targets included, as one with the sum of their weights; samples of weight 0 are gone. So a weight of two is
    /// the same as a sample that is there twice, in whatever is done with the data afterwards.
    ///
    /// Where the weights that come out differ, the samples are in an order that depends on nothing but themselves; where they are all equal,
    /// the samples stay in their order and have no weights.
    ///
    /// ```
    /// use tiam_data::{Dataset, Features, Targets};
    /// let data = |x: Vec<f64>| {
    ///     let values = Targets::Values(Features::new(x.len(), 1, x.clone())?);
    ///     Dataset::new(Features::new(x.len(), 1, x)?, values)
    /// };
    /// let repeated = data(vec![7.0, 5.0, 7.0])?.merged()?;
    /// let weighted = data(vec![6.0, 5.0, 7.0])?.with_sample_weights(vec![0.0, 1.0, 2.0])?.merged()?;
    /// assert_eq!(repeated, weighted);
    /// assert_eq!(weighted.sample_weights(), Some(&[1.0, 2.0][..]));
    /// # Ok::<(), tiam_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// [`DataError::OutOfMemory`](crate::DataError::OutOfMemory) for the copy that is made where a sample goes.
    pub fn merged(self) -> Result<Self> {
        let weight = |sample: usize| self.sample_weights().map_or(1.0, |all| all[sample]);
        let state = FixedState::default();
        let hash = |sample: usize| {
            let mut hasher = state.build_hasher();
            let numbers = self.numbers(sample);
            numbers.for_each(|x| hasher.write_u64(x.to_bits()));
            hasher.finish()
        };
        let counting = (0..self.n_samples()).filter(|i| weight(*i) > 0.0);
        let mut by_hash: Vec<(u64, usize)> = counting.map(|i| (hash(i), i)).collect();
        by_hash.sort_unstable();
        let mut weights = vec![0.0; self.n_samples()];
        let mut kept = Vec::with_capacity(by_hash.len());
        for alike in by_hash.chunk_by(|a, b| a.0 == b.0) {
            // Samples of one hash may yet differ.
            let start = kept.len();
            for &(_, sample) in alike {
                let is_equal = |other: &&usize| self.order(**other, sample).is_eq();
                let first = kept[start..].iter().find(is_equal).copied();
                weights[first.unwrap_or(sample)] += weight(sample);
                if first.is_none() {
                    kept.push(sample);
                }
            }
        }
        kept.sort_unstable();
        let are_equal = |pair: &[usize]| weights[pair[0]].total_cmp(&weights[pair[1]]).is_eq();
        if kept.windows(2).all(are_equal) {
            let all = kept.len() == self.n_samples() && !kept.is_empty();
            return Ok(if all { self } else { self.subset(&kept)? }.without_weights());
        }
        kept.sort_unstable_by(|a, b| self.order(*a, *b));
        let weights = kept.iter().map(|i| weights[*i]).collect();
        self.subset(&kept)?.with_sample_weights(weights)
    }

    /// The numbers of a sample, those of its target first.
    fn numbers(&self, sample: usize) -> impl Iterator<Item = f64> {
        let (label, values) = match self.targets() {
            Targets::Classes { labels, .. } => (labels.get(sample).copied().map(f64::from), None),
            Targets::Values(values) => (None, values.sample(sample)),
            Targets::Absent => (None, None),
        };
        let numbers = values.into_iter().chain(self.features().sample(sample));
        label
            .into_iter()
            .chain(numbers.flatten().map(|x| Scalar::to_f64(*x)))
    }

    fn order(&self, a: usize, b: usize) -> Ordering {
        let mut pairs = self.numbers(a).zip(self.numbers(b));
        let differ = pairs.find_map(|(a, b)| Some(a.total_cmp(&b)).filter(|order| order.is_ne()));
        differ.unwrap_or(Ordering::Equal)
    }
}
