//! The loss of the last layer as a trait, with two implementations: cross-entropy and squared loss.

use std::fmt;
use std::ops::Range;

use crate::compute::{Slab, buffer};
use crate::gather::gather_labels;
use crate::matrix::Matrix;
use crate::prox::{
    LossSum, cross_entropy, prox_cross_entropy, prox_cross_entropy_scratch_len, prox_squared,
    softmax_in_place, squared_loss,
};
use crate::real::Real;

/// What a loss compares the last layer's pre-activations with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// A class for each sample.
    Classes,
    /// A value for each output and sample.
    Values,
}

/// The targets of consecutive samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Targets<'a, T> {
    /// A class for each sample.
    Classes {
        /// The classes, each below `n_classes`.
        labels: &'a [u32],
        /// Number of classes, which is the number of outputs.
        n_classes: usize,
    },
    /// Values, `n_outputs` x samples (a sample contiguous).
    Values {
        /// The values, sample after sample.
        values: &'a [T],
        /// Values of one sample.
        n_outputs: usize,
    },
}

impl<'a, T> Targets<'a, T> {
    /// Classes or values.
    pub fn kind(&self) -> TargetKind {
        match self {
            Self::Classes { .. } => TargetKind::Classes,
            Self::Values { .. } => TargetKind::Values,
        }
    }

    /// Rows of z.
    pub fn n_outputs(&self) -> usize {
        let (Self::Classes { n_classes: n, .. } | Self::Values { n_outputs: n, .. }) = self;
        *n
    }

    /// Number of samples.
    pub fn n_samples(&self) -> usize {
        match self {
            Self::Classes { labels, .. } => labels.len(),
            Self::Values { values, n_outputs } => values.len() / (*n_outputs).max(1),
        }
    }

    /// The targets of these samples alone.
    ///
    /// # Panics
    /// When there are not as many samples.
    #[must_use]
    pub fn range(&self, samples: Range<usize>) -> Self {
        match *self {
            Self::Classes { labels, n_classes } => Self::Classes {
                labels: &labels[samples],
                n_classes,
            },
            Self::Values { values, n_outputs } => Self::Values {
                values: &values[samples.start * n_outputs..samples.end * n_outputs],
                n_outputs,
            },
        }
    }

    /// The classes, one a sample.
    ///
    /// # Panics
    /// When these are values: a loss that takes classes is given nothing else.
    pub fn labels(&self) -> &'a [u32] {
        match self {
            Self::Classes { labels, .. } => labels,
            Self::Values { .. } => panic!("targets: values, where classes are needed"),
        }
    }

    /// The values, in the order of z.
    ///
    /// # Panics
    /// When these are classes: a loss that takes values is given nothing else.
    pub fn values(&self) -> &'a [T] {
        match self {
            Self::Values { values, .. } => values,
            Self::Classes { .. } => panic!("targets: classes, where values are needed"),
        }
    }
}

impl<T: Sync> Slab for Targets<'_, T> {
    fn n_cols(&self) -> usize {
        self.n_samples()
    }
    fn split_at(self, col: usize) -> (Self, Self) {
        (self.range(0..col), self.range(col..self.n_samples()))
    }
}

/// The loss R(z; Y) of the last layer's pre-activations z: a sum over samples, R(z; Y) = Σ_j r(z_j; y_j).
///
/// Every method takes a slab of whole samples: `z` is n_outputs x n_samples (a sample contiguous), `targets` holds the targets of the
/// same samples. A slab is a tile of some hundred samples, so a method is called once a tile, and its loops may be vectorised. Slabs
/// are cut anywhere and go to several threads: a sample's result must not depend on the others in its slab.
///
/// r should be convex; where it has no derivative, `gradient` is any subgradient. For finite z and targets all results must be finite.
/// Training calls a loss only with targets of the kind it [takes](Self::takes).
///
/// Training by batches uses `gradient`. Full-batch training uses `prox`, and the other blocks see the loss as its envelope
/// min_z R(z; Y) + ρ/2 ‖z − m‖²: with a ρ that is small against the slopes of r, any loss acts like the squared one, and a robust loss is
/// robust no more.
///
/// ```
/// use tiam_linalg::{Loss, LossSum, Real, TargetKind, Targets};
/// /// Huber's loss: r(z; y) = Σ h(z_i − y_i), h(d) = d²/2 for |d| ≤ δ and δ (|d| − δ/2) beyond.
/// struct Huber {
///     delta: f64,
/// }
///
/// impl<T: Real> Loss<T> for Huber {
///     fn name(&self) -> String {
///         format!("huber({})", self.delta)
///     }
///     fn takes(&self) -> TargetKind {
///         TargetKind::Values
///     }
///     fn value(&self, z: &[T], targets: Targets<'_, T>) -> LossSum {
///         let delta = T::from_f64(self.delta);
///         let h = |d: T| {
///             let inner = d.abs().min(delta);
///             inner * (d.abs() - inner / (T::one() + T::one()))
///         };
///         LossSum::of(z.iter().zip(targets.values()).map(|(&z, &y)| h(z - y).to_f64()).sum())
///     }
///     fn gradient(&self, z: &mut [T], targets: Targets<'_, T>) {
///         let delta = T::from_f64(self.delta);
///         for (z, &y) in z.iter_mut().zip(targets.values()) {
///             *z = (*z - y).max(-delta).min(delta);
///         }
///     }
///     fn prox(&self, z: &mut [T], center: &[T], targets: Targets<'_, T>, rho: T, _: &mut [T]) {
///         // Of h'(z − y) + ρ (z − c) = 0: h'(z − y) = ρ (c − y)/(1 + ρ) where that is in [−δ, δ], or else the nearer end.
///         let delta = T::from_f64(self.delta);
///         for ((z, &c), &y) in z.iter_mut().zip(center).zip(targets.values()) {
///             let slope = (c - y) * rho / (T::one() + rho);
///             *z = c - slope.max(-delta).min(delta) / rho;
///         }
///     }
/// }
///
/// let targets = Targets::Values { values: &[0.0, 0.0], n_outputs: 1 };
/// let huber = Huber { delta: 1.0 };
/// assert_eq!(huber.value(&[0.5, 3.0], targets).loss, 0.125 + 2.5);
/// let mut z = [0.0; 2];
/// huber.prox(&mut z, &[0.5, 3.0], targets, 1.0, &mut []);
/// assert_eq!(z, [0.25, 2.0]);
/// ```
pub trait Loss<T: Real>: Send + Sync {
    /// The name under which files keep it. Losses that differ have different names: one with a parameter says its value.
    fn name(&self) -> String;

    /// Classes or values.
    fn takes(&self) -> TargetKind;

    /// R(z; Y); for classes also the number of samples that z classifies correctly.
    fn value(&self, z: &[T], targets: Targets<'_, T>) -> LossSum;

    /// z ← ∂R/∂z.
    fn gradient(&self, z: &mut [T], targets: Targets<'_, T>);

    /// z ← argmin_z R(z; Y) + ρ/2 ‖z − c‖², c the `center` (of z's shape), for a ρ above 0.
    ///
    /// On entry z is where a search may start: the value before the step. The result is the exact minimiser, to rounding: full-batch
    /// training relies on it for its descent. `scratch` holds [`prox_scratch_len`](Self::prox_scratch_len) entries of any content.
    fn prox(&self, z: &mut [T], center: &[T], targets: Targets<'_, T>, rho: T, scratch: &mut [T]);

    /// Entries of scratch that [`prox`](Self::prox) needs for this number of outputs; none by default.
    fn prox_scratch_len(&self, _n_outputs: usize) -> usize {
        0
    }

    /// z_j ← w_j ∂r/∂z_j for every sample j; returns Σ w_j r(z_j; y_j) at the z it was given, and the samples classified correctly, each
    /// counted once.
    ///
    /// `weights` w holds one number a sample, `None` stands for ones. The default calls [`value`](Self::value) and
    /// [`gradient`](Self::gradient); a loss whose two share their work may do better.
    fn value_and_gradient(
        &self,
        z: &mut [T],
        targets: Targets<'_, T>,
        weights: Option<&[T]>,
    ) -> LossSum {
        let Some(weights) = weights else {
            let sum = self.value(z, targets);
            self.gradient(z, targets);
            return sum;
        };
        let n = targets.n_outputs();
        let mut sum = LossSum::default();
        for (j, (z, &w)) in z.chunks_exact(n).zip(weights).enumerate() {
            let mut one = self.value(z, targets.range(j..j + 1));
            one.loss *= w.to_f64();
            sum = sum.merge(one);
        }
        self.gradient(z, targets);
        scale_columns(z, n, weights);
        sum
    }
}

/// A loss in both precisions, as a network of either carries it. Every type that is a [`Loss`] in both is one.
pub trait AnyLoss: Loss<f32> + Loss<f64> {}

impl<L: Loss<f32> + Loss<f64>> AnyLoss for L {}

impl dyn AnyLoss + '_ {
    /// It as the loss of one precision.
    pub fn in_precision<T: Real>(&self) -> &dyn Loss<T> {
        T::loss(self)
    }
}

/// Softmax cross-entropy of classes: r(z; y) = −log softmax_y(z); [`cross_entropy`], [`softmax_in_place`], [`prox_cross_entropy`].
#[derive(Clone, Copy, Debug, Default)]
pub struct CrossEntropy;

impl<T: Real> Loss<T> for CrossEntropy {
    fn name(&self) -> String {
        "cross_entropy".to_owned()
    }

    fn takes(&self) -> TargetKind {
        TargetKind::Classes
    }

    fn value(&self, z: &[T], targets: Targets<'_, T>) -> LossSum {
        cross_entropy(z, targets.labels(), targets.n_outputs())
    }

    /// softmax(z) − onehot(y).
    fn gradient(&self, z: &mut [T], targets: Targets<'_, T>) {
        let n = targets.n_outputs();
        softmax_in_place(z, n);
        for (p, label) in z.chunks_exact_mut(n).zip(targets.labels()) {
            p[*label as usize] -= T::one();
        }
    }

    fn prox(&self, z: &mut [T], center: &[T], targets: Targets<'_, T>, rho: T, scratch: &mut [T]) {
        let (labels, n) = (targets.labels(), targets.n_outputs());
        prox_cross_entropy(z, center, labels, n, rho, scratch);
    }

    fn prox_scratch_len(&self, n_outputs: usize) -> usize {
        prox_cross_entropy_scratch_len(n_outputs)
    }
}

/// Half the squared distance from values: r(z; y) = ½ ‖z − y‖²; [`squared_loss`], [`prox_squared`].
#[derive(Clone, Copy, Debug, Default)]
pub struct SquaredLoss;

impl<T: Real> Loss<T> for SquaredLoss {
    fn name(&self) -> String {
        "squared".to_owned()
    }

    fn takes(&self) -> TargetKind {
        TargetKind::Values
    }

    fn value(&self, z: &[T], targets: Targets<'_, T>) -> LossSum {
        LossSum::of(squared_loss(z, targets.values()))
    }

    fn gradient(&self, z: &mut [T], targets: Targets<'_, T>) {
        for (z, y) in z.iter_mut().zip(targets.values()) {
            *z -= *y;
        }
    }

    fn prox(&self, z: &mut [T], center: &[T], targets: Targets<'_, T>, rho: T, _: &mut [T]) {
        prox_squared(z, center, targets.values(), rho);
    }

    /// Summed sample by sample, weighted or not.
    fn value_and_gradient(
        &self,
        z: &mut [T],
        targets: Targets<'_, T>,
        weights: Option<&[T]>,
    ) -> LossSum {
        let n = targets.n_outputs();
        let samples = z.chunks_exact(n).zip(targets.values().chunks_exact(n));
        let loss = samples.enumerate().map(|(j, (z, y))| {
            let weight = weights.map_or(T::one(), |w| w[j]);
            weight.to_f64() * squared_loss(z, y)
        });
        let sum = LossSum::of(loss.sum());
        self.gradient(z, targets);
        if let Some(weights) = weights {
            scale_columns(z, n, weights);
        }
        sum
    }
}

/// Columns of n entries, each times its weight.
fn scale_columns<T: Real>(z: &mut [T], n: usize, weights: &[T]) {
    for (column, &w) in z.chunks_exact_mut(n).zip(weights) {
        column.iter_mut().for_each(|z| *z *= w);
    }
}

/// A loss with the targets of N samples: R(·; Y).
#[derive(Clone, Copy)]
pub struct LossTarget<'a, T: Real> {
    /// R.
    pub loss: &'a dyn Loss<T>,
    /// Y.
    pub targets: Targets<'a, T>,
}

impl<T: Real> fmt::Debug for LossTarget<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LossTarget")
            .field("loss", &self.loss.name())
            .field("targets", &self.targets)
            .finish()
    }
}

impl<'a, T: Real> LossTarget<'a, T> {
    /// Cross-entropy with these classes, each below `n_classes`.
    pub fn classes(labels: &'a [u32], n_classes: usize) -> Self {
        Self {
            loss: &CrossEntropy,
            targets: Targets::Classes { labels, n_classes },
        }
    }

    /// Squared loss with these values, n_outputs x N.
    pub fn values(values: &'a Matrix<T>) -> Self {
        Self {
            loss: &SquaredLoss,
            targets: Targets::Values {
                values: values.as_slice(),
                n_outputs: values.n_rows(),
            },
        }
    }

    /// Asserts that the loss takes these targets, and that z is `n_outputs` x `n_samples`.
    pub(crate) fn check(&self, caller: &str, n_outputs: usize, n_samples: usize) {
        let Self { loss, targets } = self;
        assert!(
            loss.takes() == targets.kind(),
            "{caller}: the loss {} takes other targets",
            loss.name()
        );
        assert!(targets.n_outputs() == n_outputs, "{caller}: outputs differ");
        assert!(targets.n_samples() == n_samples, "{caller}: samples differ");
    }

    /// z ← weighted errors ∂R/∂z of the samples that `indices` name; returns their loss. `weights` holds one number for each of N samples.
    pub(crate) fn errors_of(
        &self,
        z: &mut [T],
        indices: &[usize],
        weights: Option<&[T]>,
        (labels, numbers): (&mut Vec<u32>, &mut Vec<T>),
    ) -> LossSum {
        let n_outputs = self.targets.n_outputs();
        let numbers = buffer(numbers, indices.len() * (n_outputs + 1));
        let (own_weights, own_values) = numbers.split_at_mut(indices.len());
        let targets = match self.targets {
            Targets::Classes {
                labels: all,
                n_classes,
            } => {
                gather_labels(labels, all, indices);
                Targets::Classes { labels, n_classes }
            }
            Targets::Values { values, n_outputs } => {
                for (out, &j) in own_values.chunks_exact_mut(n_outputs).zip(indices) {
                    out.copy_from_slice(&values[j * n_outputs..(j + 1) * n_outputs]);
                }
                Targets::Values {
                    values: own_values,
                    n_outputs,
                }
            }
        };
        let weights = weights.map(|all| {
            for (w, &j) in own_weights.iter_mut().zip(indices) {
                *w = all[j];
            }
            &*own_weights
        });
        self.loss.value_and_gradient(z, targets, weights)
    }
}
