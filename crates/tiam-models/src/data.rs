//! Training data: inputs with targets, checked when they are made.

use tiam_linalg::{AnyLoss, LossTarget, Matrix, Real, Targets, reduce};

use crate::error::{ModelError, Result};
use crate::loss::Loss;

/// The targets: what the network is to predict.
#[derive(Clone, Debug, PartialEq)]
pub enum Target<T> {
    /// A class for each of N samples, counted from 0.
    Classes {
        /// The classes, each below `n_classes`.
        labels: Vec<u32>,
        /// How many classes there are.
        n_classes: usize,
    },
    /// Values, n_outputs x N.
    Values(Matrix<T>),
}

impl<T: Real> Target<T> {
    /// The default loss of a network for it: cross-entropy for classes, squared loss for values.
    pub fn loss(&self) -> Loss {
        match self {
            Self::Classes { .. } => Loss::CrossEntropy,
            Self::Values(_) => Loss::Squared,
        }
    }

    /// Units of the last layer.
    pub fn n_outputs(&self) -> usize {
        match self {
            Self::Classes { n_classes, .. } => *n_classes,
            Self::Values(values) => values.n_rows(),
        }
    }

    /// N.
    pub fn n_samples(&self) -> usize {
        match self {
            Self::Classes { labels, .. } => labels.len(),
            Self::Values(values) => values.n_cols(),
        }
    }

    /// As the kernels of `tiam-linalg` take it.
    pub fn targets(&self) -> Targets<'_, T> {
        match self {
            Self::Classes { labels, n_classes } => Targets::Classes {
                labels,
                n_classes: *n_classes,
            },
            Self::Values(values) => Targets::Values {
                values: values.as_slice(),
                n_outputs: values.n_rows(),
            },
        }
    }

    /// With the loss to be measured, as the kernels of `tiam-linalg` take both. The loss must take targets of this kind.
    pub fn as_loss_target<'a>(&'a self, loss: &'a dyn AnyLoss) -> LossTarget<'a, T> {
        LossTarget {
            loss: loss.in_precision(),
            targets: self.targets(),
        }
    }
}

/// Inputs (n_features x N, a column a sample) with their targets: finite, not empty, and of one size.
///
/// ```
/// use tiam_linalg::Matrix;
/// use tiam_models::{Samples, Target};
/// let inputs = Matrix::from_vec(1, 2, vec![0.0, 1.0])?;
/// let target = Target::Classes { labels: vec![0, 1], n_classes: 2 };
/// assert_eq!(Samples::new(inputs, target)?.n_samples(), 2);
/// # Ok::<(), tiam_models::ModelError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Samples<T> {
    inputs: Matrix<T>,
    target: Target<T>,
}

impl<T: Real> Samples<T> {
    /// Checks and takes the data.
    ///
    /// # Errors
    /// [`ModelError::Empty`], [`ModelError::Size`], [`ModelError::NonFinite`] or [`ModelError::Label`].
    pub fn new(inputs: Matrix<T>, target: Target<T>) -> Result<Self> {
        check_inputs(&inputs)?;
        if target.n_outputs() == 0 {
            return Err(ModelError::Empty { what: "outputs" });
        }
        let what = "targets for as many samples";
        ModelError::check_size(what, inputs.n_cols(), target.n_samples())?;
        match &target {
            Target::Classes { labels, n_classes } => check_labels(labels, *n_classes)?,
            Target::Values(values) => check_finite("output", values)?,
        }
        Ok(Self { inputs, target })
    }

    /// n_features x N.
    pub fn inputs(&self) -> &Matrix<T> {
        &self.inputs
    }

    /// The targets of the N samples.
    pub fn target(&self) -> &Target<T> {
        &self.target
    }

    /// N.
    pub fn n_samples(&self) -> usize {
        self.inputs.n_cols()
    }
}

/// Inputs must hold samples and features, all finite.
pub(crate) fn check_inputs<T: Real>(inputs: &Matrix<T>) -> Result<()> {
    if inputs.n_cols() == 0 {
        return Err(ModelError::Empty { what: "samples" });
    }
    if inputs.n_rows() == 0 {
        return Err(ModelError::Empty { what: "features" });
    }
    check_finite("feature", inputs)
}

fn check_labels(labels: &[u32], n_classes: usize) -> Result<()> {
    match labels.iter().position(|label| *label as usize >= n_classes) {
        Some(sample) => Err(ModelError::Label {
            sample,
            label: labels[sample],
            n_classes,
        }),
        None => Ok(()),
    }
}

fn check_finite<T: Real>(what: &'static str, m: &Matrix<T>) -> Result<()> {
    if reduce::all_finite(m.as_slice()) {
        return Ok(());
    }
    let at = m
        .as_slice()
        .iter()
        .position(|x| !x.is_finite())
        .unwrap_or(0);
    let (row, sample) = (at % m.n_rows(), at / m.n_rows());
    Err(ModelError::NonFinite {
        what,
        row,
        sample,
        value: m.as_slice()[at].to_f64(),
    })
}
