//! Training data: inputs with targets, checked when they are made.

use tiam_linalg::{
    AnyLoss, Compute, LossTarget, Matrix, Real, SparseMatrix, StochasticBlocks, Targets, reduce,
};

use crate::error::{ModelError, Result};
use crate::loss::Loss;

/// The targets: what the network is to predict.
#[derive(Clone, Debug, PartialEq)]
pub enum Target<T> {
    /// A class for each of N samples, counted from 0.
    Classes {
        /// The classes, each below `n_classes`.
        labels: Vec<u32>,
        /// Number of classes.
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

    /// The targets with the loss to be measured, as the kernels of `tiam-linalg` take both. The loss must take targets of this kind.
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
        check_some("outputs", target.n_outputs())?;
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

    /// The inputs without their zeros, where steps are faster with them; decided on a thousand samples.
    pub(crate) fn sparse_inputs(
        &self,
        blocks: &StochasticBlocks<T>,
        compute: &mut Compute<T>,
    ) -> Option<SparseMatrix<T>> {
        let inputs = &self.inputs;
        let looked_at = (0..inputs.n_cols()).step_by(inputs.n_cols().div_ceil(1000));
        let columns = looked_at.clone().map(|j| inputs.col(j));
        let n_entries = columns.flatten().filter(|x| **x != T::zero()).count();
        #[allow(clippy::cast_precision_loss, reason = "numbers of entries")]
        let share = n_entries as f64 / (looked_at.count() * inputs.n_rows()) as f64;
        let is_faster = blocks.are_lists_faster(share);
        is_faster.then(|| SparseMatrix::from_dense(inputs, compute))
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
    check_some("samples", inputs.n_cols())?;
    check_some("features", inputs.n_rows())?;
    check_finite("feature", inputs)
}

fn check_some(what: &'static str, n: usize) -> Result<()> {
    if n > 0 {
        Ok(())
    } else {
        Err(ModelError::Empty { what })
    }
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
    let entries = m.as_slice();
    if reduce::all_finite(entries) {
        return Ok(());
    }
    let at = entries.iter().position(|x| !x.is_finite()).unwrap_or(0);
    Err(ModelError::NonFinite {
        what,
        row: at % m.n_rows(),
        sample: at / m.n_rows(),
        value: entries[at].to_f64(),
    })
}
