//! The dense matrix of features, stored sample after sample.

use crate::{
    ColumnEncoding, Scalar,
    error::{DataError, Result, check_index, check_size, reserve},
};

/// A dense matrix of numbers, stored sample after sample.
///
/// # Shapes
///
/// `values[sample * n_features + feature]`. Read as a column-major matrix, the same memory is `n_features x n_samples`
/// with one sample a column, the layout a network computes on: no copy is needed.
///
/// # Example
///
/// ```
/// use tiam_data::Features;
/// let x = Features::new(2, 3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
/// assert_eq!(x.sample(1), Some(&[4.0, 5.0, 6.0][..]));
/// # Ok::<(), tiam_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Features<T> {
    n_samples: usize,
    n_features: usize,
    values: Vec<T>,
}

impl<T: Scalar> Features<T> {
    /// Takes `n_samples * n_features` values, sample after sample.
    ///
    /// # Errors
    ///
    /// [`DataError::Shape`] if the number of values differs.
    pub fn new(n_samples: usize, n_features: usize, values: Vec<T>) -> Result<Self> {
        let expected = n_samples.saturating_mul(n_features);
        check_size("values of a feature matrix", expected, values.len())?;
        Ok(Self {
            n_samples,
            n_features,
            values,
        })
    }

    /// Number of samples.
    pub fn n_samples(&self) -> usize {
        self.n_samples
    }

    /// Number of features of each sample.
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// All values, sample after sample.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// All values, to be changed in place.
    pub fn values_mut(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// Gives the values away without copying.
    pub fn into_values(self) -> Vec<T> {
        self.values
    }

    /// The `n_features` values of a sample, or `None` past the last one.
    pub fn sample(&self, sample: usize) -> Option<&[T]> {
        if sample >= self.n_samples {
            return None;
        }
        self.values
            .get(sample * self.n_features..(sample + 1) * self.n_features)
    }

    /// Copies the named samples, in the order named; a sample may be named twice.
    ///
    /// # Errors
    ///
    /// [`DataError::IndexOutOfRange`], [`DataError::OutOfMemory`].
    ///
    /// # Example
    ///
    /// ```
    /// use tiam_data::Features;
    /// let x = Features::new(3, 1, vec![10.0_f32, 20.0, 30.0])?;
    /// assert_eq!(x.select(&[2, 0])?.values(), &[30.0, 10.0]);
    /// # Ok::<(), tiam_data::DataError>(())
    /// ```
    pub fn select(&self, samples: &[usize]) -> Result<Self> {
        let what = "a selection of samples";
        let mut values = reserve(samples.len().saturating_mul(self.n_features), what)?;
        for &index in samples {
            check_index("sample", index, self.n_samples)?;
            let from = index * self.n_features;
            values.extend_from_slice(&self.values[from..from + self.n_features]);
        }
        Ok(Self {
            n_samples: samples.len(),
            n_features: self.n_features,
            values,
        })
    }

    /// Refuses values that are not finite.
    pub(crate) fn check_finite(&self) -> Result<()> {
        let Some(at) = self.values.iter().position(|v| !v.is_finite()) else {
            return Ok(());
        };
        Err(DataError::NonFinite {
            sample: at / self.n_features.max(1),
            feature: at % self.n_features.max(1),
            value: self.values[at].to_f64(),
        })
    }

    /// How many values of each feature are NaN; refuses infinite ones.
    pub(crate) fn missing(&self) -> Result<Vec<usize>> {
        let mut counts = vec![0; self.n_features];
        // Nearly always there are none, which one fast pass tells.
        if self.values.iter().fold(true, |all, v| all & v.is_finite()) {
            return Ok(counts);
        }
        for (at, value) in self.values.iter().enumerate() {
            let feature = at % self.n_features.max(1);
            let value = Scalar::to_f64(*value);
            if value.is_infinite() {
                let sample = at / self.n_features.max(1);
                return Err(DataError::NonFinite {
                    sample,
                    feature,
                    value,
                });
            }
            counts[feature] += usize::from(value.is_nan());
        }
        Ok(counts)
    }

    /// The same with a feature behind each column of numbers whose missing ones are marked: 1 where the number is NaN. Without such a
    /// column nothing moves.
    pub(crate) fn marked(mut self, encoding: &ColumnEncoding) -> Self {
        let inputs = encoding.columns().iter().map(|c| c.kind.width());
        let widths: Vec<usize> = inputs.filter(|width| *width > 0).collect();
        let (from, to) = (self.n_features, encoding.n_features());
        if from == to {
            return self;
        }
        self.values.resize(self.n_samples * to, T::zero());
        // From the end, so that nothing is overwritten before it has moved.
        for sample in (0..self.n_samples).rev() {
            let mut at = (sample + 1) * to;
            for (feature, width) in widths.iter().enumerate().rev() {
                let value = self.values[sample * from + feature];
                at -= width;
                if *width > 1 {
                    let missing = value.is_nan();
                    self.values[at + 1] = if missing { T::one() } else { T::zero() };
                }
                self.values[at] = value;
            }
        }
        self.n_features = to;
        self
    }

    /// Keeps the named samples without copying them to another place: `samples` is strictly ascending and in range.
    pub(crate) fn retain_ascending(&mut self, samples: &[usize]) {
        let width = self.n_features;
        for (to, &from) in samples.iter().enumerate() {
            if to != from {
                self.values
                    .copy_within(from * width..(from + 1) * width, to * width);
            }
        }
        self.values.truncate(samples.len() * width);
        self.values.shrink_to_fit();
        self.n_samples = samples.len();
    }
}
