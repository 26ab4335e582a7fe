//! Scaling of features, fitted on one set and applied to others.

use serde::{Deserialize, Serialize};

use crate::{
    Features, Scalar,
    error::{DataError, Result, check_size},
};

/// The kind of scaling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScalingKind {
    /// No scaling.
    None,
    /// `(x - mean) / deviation`; the deviation divides by `n`, as scikit-learn's `StandardScaler` does.
    #[default]
    Standard,
    /// `(x - min) / (max - min)`: `[0, 1]` on the data it was fitted on.
    MinMax,
}

/// A fitted scaling, `x' = (x - offset) / scale` for each feature.
///
/// Fit it on the training part only and keep it with the model: later inputs must be scaled by the same numbers. A
/// constant column has scale 1. Deserialising checks the numbers.
///
/// # Example
///
/// ```
/// use tiam_data::{Features, Scaling, ScalingKind};
/// let train = Features::new(2, 1, vec![1.0, 3.0])?;
/// let mut test = Features::new(1, 1, vec![5.0])?;
/// let scaling = Scaling::fit(ScalingKind::Standard, &train)?;
/// scaling.apply(&mut test)?;
/// assert_eq!(test.values(), &[3.0]); // (5 - 2) / 1
/// # Ok::<(), tiam_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Numbers")]
pub struct Scaling(Numbers);

/// A [`Scaling`] that is not checked yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Numbers {
    kind: ScalingKind,
    offset: Vec<f64>,
    scale: Vec<f64>,
}

impl TryFrom<Numbers> for Scaling {
    type Error = DataError;

    fn try_from(numbers: Numbers) -> Result<Self> {
        let Numbers { offset, scale, .. } = &numbers;
        check_size("scales of a scaling", offset.len(), scale.len())?;
        if let Some(bad) = offset.iter().find(|x| !x.is_finite()) {
            return Err(DataError::parameter("offset", bad, "finite numbers"));
        }
        if let Some(bad) = scale.iter().find(|x| !(x.is_finite() && **x > 0.0)) {
            return Err(DataError::parameter("scale", bad, "finite numbers above 0"));
        }
        Ok(Self(numbers))
    }
}

impl Scaling {
    /// A scaling from stored numbers, one offset and one scale a feature.
    ///
    /// # Errors
    ///
    /// [`DataError::Shape`] if they differ in number, [`DataError::InvalidParameter`] unless every offset is finite and
    /// every scale finite and above 0.
    pub fn new(kind: ScalingKind, offset: Vec<f64>, scale: Vec<f64>) -> Result<Self> {
        Numbers {
            kind,
            offset,
            scale,
        }
        .try_into()
    }

    /// Determines offset and scale of each feature. All sums are in double precision.
    ///
    /// # Errors
    ///
    /// [`DataError::NonFinite`] names the first sample and feature that is not finite; [`DataError::ScalingOverflow`];
    /// [`DataError::Shape`] if there is no sample (except for [`ScalingKind::None`]).
    pub fn fit<T: Scalar>(kind: ScalingKind, features: &Features<T>) -> Result<Self> {
        features.check_finite()?;
        let width = features.n_features();
        if kind == ScalingKind::None {
            return Self::new(kind, vec![0.0; width], vec![1.0; width]);
        }
        if features.n_samples() == 0 {
            check_size("samples to fit a scaling on", 1, 0)?;
        }
        let range = minimum_and_range(features);
        let moments = match kind {
            ScalingKind::Standard => mean_and_deviation(features),
            _ => range.clone(),
        };
        Self::of(kind, range, moments)
    }

    /// From the minimum and range of each feature, and the offset and scale of those that are not constant.
    fn of(
        kind: ScalingKind,
        (low, range): (Vec<f64>, Vec<f64>),
        (mut offset, mut scale): (Vec<f64>, Vec<f64>),
    ) -> Result<Self> {
        for feature in 0..low.len() {
            if range[feature] <= 0.0 {
                // Constant: exactly 0 afterwards, whatever the rounding of the mean.
                (offset[feature], scale[feature]) = (low[feature], 1.0);
            }
            if !(offset[feature].is_finite() && scale[feature].is_finite()) {
                return Err(DataError::ScalingOverflow { feature });
            }
            if scale[feature] <= 0.0 {
                scale[feature] = 1.0; // so small that the variance underflows
            }
        }
        Self::new(kind, offset, scale)
    }

    /// Replaces every value `x` by `(x - offset) / scale`.
    ///
    /// # Errors
    ///
    /// [`DataError::Shape`] if the number of features differs; [`DataError::NonFinite`] if a value is or becomes
    /// infinite or NaN (values before it are scaled already).
    pub fn apply<T: Scalar>(&self, features: &mut Features<T>) -> Result<()> {
        self.transform(features, |x, offset, scale| (x - offset) / scale)
    }

    /// Undoes [`apply`](Self::apply) up to rounding: `x * scale + offset`. For predictions of scaled regression targets.
    ///
    /// # Errors
    ///
    /// As [`apply`](Self::apply).
    pub fn invert<T: Scalar>(&self, features: &mut Features<T>) -> Result<()> {
        self.transform(features, |x, offset, scale| x * scale + offset)
    }

    fn transform<T: Scalar>(
        &self,
        features: &mut Features<T>,
        f: impl Fn(f64, f64, f64) -> f64,
    ) -> Result<()> {
        let width = features.n_features();
        check_size("features to be scaled", self.n_features(), width)?;
        let Numbers { offset, scale, .. } = &self.0;
        for (sample, row) in features
            .values_mut()
            .chunks_exact_mut(width.max(1))
            .enumerate()
        {
            for (feature, x) in row.iter_mut().enumerate() {
                let scaled = T::from_f64(f(x.to_f64(), offset[feature], scale[feature]));
                if !scaled.is_finite() {
                    let value = scaled.to_f64();
                    return Err(DataError::NonFinite {
                        sample,
                        feature,
                        value,
                    });
                }
                *x = scaled;
            }
        }
        Ok(())
    }

    /// The kind of scaling.
    pub fn kind(&self) -> ScalingKind {
        self.0.kind
    }

    /// Number of features.
    pub fn n_features(&self) -> usize {
        self.0.offset.len()
    }

    /// The numbers subtracted, in the units of each feature.
    pub fn offset(&self) -> &[f64] {
        &self.0.offset
    }

    /// The divisors, in the units of each feature.
    pub fn scale(&self) -> &[f64] {
        &self.0.scale
    }
}

/// What a [`Scaling`] is fitted on where the samples are not in memory together: they are added a part at a time.
///
/// ```
/// use tiam_data::{Features, Scaling, ScalingFit, ScalingKind};
/// let mut parts = ScalingFit::default();
/// parts.add(&Features::new(2, 1, vec![1.0, 3.0])?)?;
/// parts.add(&Features::new(1, 1, vec![8.0])?)?;
/// let whole = Features::new(3, 1, vec![1.0, 3.0, 8.0])?;
/// let (found, expected) = (parts.finish(ScalingKind::Standard)?, Scaling::fit(ScalingKind::Standard, &whole)?);
/// assert!((found.scale()[0] - expected.scale()[0]).abs() < 1e-14);
/// # Ok::<(), tiam_data::DataError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct ScalingFit {
    n: f64,
    low: Vec<f64>,
    high: Vec<f64>,
    mean: Vec<f64>,
    /// Sum of the squared differences from the mean.
    spread: Vec<f64>,
}

impl ScalingFit {
    /// Adds samples.
    ///
    /// # Errors
    ///
    /// [`DataError::NonFinite`]; [`DataError::Shape`] for another number of features than before.
    pub fn add<T: Scalar>(&mut self, features: &Features<T>) -> Result<()> {
        features.check_finite()?;
        let (width, n) = (features.n_features(), features.n_samples() as f64);
        if self.n <= 0.0 {
            self.low = vec![f64::INFINITY; width];
            self.high = vec![f64::NEG_INFINITY; width];
            (self.mean, self.spread) = (vec![0.0; width], vec![0.0; width]);
        }
        check_size("features to be scaled", self.mean.len(), width)?;
        if n <= 0.0 {
            return Ok(());
        }
        let (low, range) = minimum_and_range(features);
        let (mean, deviation) = mean_and_deviation(features);
        let all = self.n + n;
        for i in 0..width {
            self.low[i] = self.low[i].min(low[i]);
            self.high[i] = self.high[i].max(low[i] + range[i]);
            // Chan, Golub and LeVeque (1979).
            let apart = mean[i] - self.mean[i];
            self.mean[i] += apart * (n / all);
            self.spread[i] += n * deviation[i] * deviation[i] + apart * apart * (self.n * n / all);
        }
        self.n = all;
        Ok(())
    }

    /// The scaling of all samples that were added: that of [`Scaling::fit`], up to rounding.
    ///
    /// # Errors
    ///
    /// [`DataError::ScalingOverflow`]; [`DataError::Shape`] if there was no sample.
    pub fn finish(self, kind: ScalingKind) -> Result<Scaling> {
        if self.n <= 0.0 {
            check_size("samples to fit a scaling on", 1, 0)?;
        }
        let ends = self.low.iter().zip(&self.high);
        let range: Vec<f64> = ends.map(|(low, high)| high - low).collect();
        let deviation = self.spread.iter().map(|s| (s / self.n).sqrt()).collect();
        let moments = match kind {
            ScalingKind::None => {
                return Scaling::new(kind, vec![0.0; range.len()], vec![1.0; range.len()]);
            }
            ScalingKind::Standard => (self.mean, deviation),
            ScalingKind::MinMax => (self.low.clone(), range.clone()),
        };
        Scaling::of(kind, (self.low, range), moments)
    }
}

fn rows<T: Scalar>(features: &Features<T>) -> impl Iterator<Item = &[T]> {
    features.values().chunks_exact(features.n_features().max(1))
}

fn mean_and_deviation<T: Scalar>(features: &Features<T>) -> (Vec<f64>, Vec<f64>) {
    let n = features.n_samples() as f64;
    let mut mean = vec![0.0; features.n_features()];
    for row in rows(features) {
        mean.iter_mut()
            .zip(row)
            .for_each(|(m, &x)| *m += x.to_f64());
    }
    mean.iter_mut().for_each(|m| *m /= n);
    let mut variance = vec![0.0; features.n_features()];
    for row in rows(features) {
        for ((v, m), &x) in variance.iter_mut().zip(&mean).zip(row) {
            *v += (x.to_f64() - m) * (x.to_f64() - m);
        }
    }
    (mean, variance.into_iter().map(|v| (v / n).sqrt()).collect())
}

fn minimum_and_range<T: Scalar>(features: &Features<T>) -> (Vec<f64>, Vec<f64>) {
    let mut low = vec![f64::INFINITY; features.n_features()];
    let mut high = vec![f64::NEG_INFINITY; features.n_features()];
    for row in rows(features) {
        for ((l, h), &x) in low.iter_mut().zip(&mut high).zip(row) {
            *l = l.min(x.to_f64());
            *h = h.max(x.to_f64());
        }
    }
    let range = low.iter().zip(high).map(|(l, h)| h - l).collect();
    (low, range)
}
