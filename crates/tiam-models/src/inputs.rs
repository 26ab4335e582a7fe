//! Encodings of raw features as inputs of a network.

use serde::{Deserialize, Serialize};
use tiam_linalg::{Matrix, Real};

use crate::error::{ModelError, Result};
use crate::model::AffineScaling;

/// How raw features become a network's inputs: every feature, followed by its place among the feature's bins where it has some, all scaled.
///
/// With knots k_0 < … < k_B of a feature x, bin t holds clamp((x − k_{t−1})/(k_t − k_{t−1}), 0, 1): the piecewise-linear encoding of
/// Gorishniy, Rubachev and Babenko (arXiv:2203.05556), beside x itself. An input u is scaled to v = (u − offset)/scale and, where asked for,
/// clipped smoothly to v/√(1 + (v/3)²), as RealMLP does (arXiv:2407.04491).
///
/// ```
/// use tiam_linalg::Matrix;
/// use tiam_models::{AffineScaling, InputEncoding};
/// let as_it_is = AffineScaling::new(vec![0.0; 3], vec![1.0; 3])?;
/// let encoding = InputEncoding::new(as_it_is, vec![vec![0.0, 2.0, 6.0]], false)?;
/// let mut inputs = Matrix::default();
/// encoding.encode(&Matrix::from_vec(1, 1, vec![3.0])?, &mut inputs)?;
/// assert_eq!(inputs.as_slice(), &[3.0, 1.0, 0.25]);
/// # Ok::<(), tiam_models::ModelError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputEncoding {
    scaling: AffineScaling,
    knots: Vec<Vec<f64>>,
    clip: bool,
}

impl InputEncoding {
    /// v above which smooth clipping bends: inputs stay below it in absolute value.
    pub const CLIP: f64 = 3.0;

    /// One scaling an input, and the ascending knots of every feature, none or at least two.
    ///
    /// # Errors
    /// [`ModelError::Size`] where the scalings are not as many as features and bins, [`ModelError::Parameter`] for knots that do not ascend.
    pub fn new(scaling: AffineScaling, knots: Vec<Vec<f64>>, clip: bool) -> Result<Self> {
        let this = Self {
            scaling,
            knots,
            clip,
        };
        this.check().map(|()| this)
    }

    pub(crate) fn check(&self) -> Result<()> {
        self.scaling.check()?;
        let n_inputs: usize = self.knots.iter().map(|knots| n_inputs(knots)).sum();
        ModelError::check_size("scalings of inputs", n_inputs, self.scaling.len())?;
        let ascend = |knots: &&Vec<f64>| {
            knots.len() != 1
                && knots.iter().all(|k| k.is_finite())
                && knots.windows(2).all(|pair| pair[0] < pair[1])
        };
        match self.knots.iter().find(|knots| !ascend(knots)) {
            None => Ok(()),
            Some(bad) => {
                let allowed = "none or at least two finite numbers that ascend";
                Err(ModelError::parameter("knots", format!("{bad:?}"), allowed))
            }
        }
    }

    /// The scaling of every input.
    pub fn scaling(&self) -> &AffineScaling {
        &self.scaling
    }

    /// The knots of every feature, none or at least two, ascending.
    pub fn knots(&self) -> &[Vec<f64>] {
        &self.knots
    }

    /// Whether inputs are clipped smoothly.
    pub fn clips(&self) -> bool {
        self.clip
    }

    /// Number of raw features.
    pub fn n_features(&self) -> usize {
        self.knots.len()
    }

    /// Number of inputs.
    pub fn n_inputs(&self) -> usize {
        self.scaling.len()
    }

    /// Raw features (features x N) as inputs (inputs x N); nothing is allocated once `inputs` is large enough.
    ///
    /// # Errors
    /// [`ModelError::Size`] for another number of features.
    pub fn encode<T: Real>(&self, features: &Matrix<T>, inputs: &mut Matrix<T>) -> Result<()> {
        ModelError::check_size("features", self.n_features(), features.n_rows())?;
        inputs.reshape(self.n_inputs(), features.n_cols());
        let samples = features.as_slice().chunks_exact(self.n_features());
        let encoded = inputs.as_mut_slice().chunks_exact_mut(self.n_inputs());
        for (features, inputs) in samples.zip(encoded) {
            let mut rest = &mut *inputs;
            for (x, knots) in features.iter().zip(&self.knots) {
                let (own, others) = rest.split_at_mut(n_inputs(knots));
                own[0] = *x;
                let x = (*x).to_f64();
                for (bin, pair) in own[1..].iter_mut().zip(knots.windows(2)) {
                    let place = (x - pair[0]) / (pair[1] - pair[0]);
                    *bin = T::from_f64(place.clamp(0.0, 1.0));
                }
                rest = others;
            }
            self.scaling.apply_in_place(inputs);
            if self.clip {
                for v in inputs.iter_mut() {
                    *v = T::from_f64(clipped(v.to_f64()));
                }
            }
        }
        Ok(())
    }
}

/// Inputs of a feature with these knots.
fn n_inputs(knots: &[f64]) -> usize {
    knots.len().max(1)
}

fn clipped(v: f64) -> f64 {
    v / (1.0 + (v / InputEncoding::CLIP) * (v / InputEncoding::CLIP)).sqrt()
}
