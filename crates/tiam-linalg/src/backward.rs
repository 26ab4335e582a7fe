//! Back-propagation, tile by tile: the gradient of the loss in every weight and bias.

use crate::activation::Activation;
use crate::compute::{Compute, WorkerScratch, buffer, for_tiles, tile_cols};
use crate::forward::{AffineLayers, add_bias};
use crate::gather::copy_columns;
use crate::loss::LossTarget;
use crate::matrix::Matrix;
use crate::monotone::Monotone;
use crate::product::{RowRange, tile_outer, tile_product};
use crate::prox::LossSum;
use crate::real::Real;
use crate::simd::vectorised;
use crate::with_activation;

/// The gradient in one affine layer's parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerGradient<T> {
    /// ∇W, n_out x n_in.
    pub weights: Matrix<T>,
    /// ∇b, n_out.
    pub bias: Vec<T>,
}

/// The gradient in all layers' parameters: made once, overwritten by every [`loss_gradient`].
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients<T> {
    layers: Vec<LayerGradient<T>>,
}

impl<T: Real> Gradients<T> {
    /// Zeros of the layers' shapes.
    pub fn zeros(layers: &dyn AffineLayers<T>) -> Self {
        let zeros = |l| {
            let weights = layers.layer(l).weights;
            LayerGradient {
                weights: Matrix::zeros(weights.n_rows(), weights.n_cols()),
                bias: vec![T::zero(); weights.n_rows()],
            }
        };
        Self {
            layers: (0..layers.n_layers()).map(zeros).collect(),
        }
    }

    /// The layers' gradients, first to last.
    pub fn layers(&self) -> &[LayerGradient<T>] {
        &self.layers
    }
}

/// gradients ← ∇R, by back-propagation over a batch of samples; returns R and the samples classified correctly.
///
/// With `z_l = W_l a_{l−1} + b_l 1ᵀ`, `a_l = h(z_l)`, a_0 the batch's inputs, and R a sum over the batch:
/// e_L = ∂R/∂z_L, the [gradient](crate::Loss::gradient) of the loss; `e_l = (W_{l+1}ᵀ e_{l+1}) ⊙ h'(z_l)`;
/// `∇W_l = e_l a_{l−1}ᵀ`, ∇b_l = e_l 1.
///
/// Shapes: `inputs` n_0 x N, `target` for N samples; `batch` names the samples that count (column numbers, each as
/// often as it is named), `None` all N. Each worker gathers its own share of a batch, a tile at a time.
///
/// 2 (3 Σ n_l n_{l−1} − n_1 n_0) flops a sample. Scratch: a gradient a shard, and per thread 2 Σ n_l + n_0 rows of a tile.
/// Any number of threads gives the same bits. Source: Rumelhart, Hinton & Williams 1986.
///
/// # Panics
/// When there is no layer, a layer has no input or no unit, shapes do not fit, an index or label is out of range, or the loss takes
/// other targets.
///
/// ```
/// use tiam_linalg::{Activation, AffineLayer, Compute, Gradients, LossTarget, Matrix, loss_gradient};
/// // R = ½ (w x + b − y)², with w = 2, b = 1, x = 3, y = 4: e = 3, ∂R/∂w = e x = 9.
/// let (weights, x) = (Matrix::from_vec(1, 1, vec![2.0])?, Matrix::from_vec(1, 1, vec![3.0])?);
/// let y = Matrix::from_vec(1, 1, vec![4.0])?;
/// let layers = [AffineLayer { weights: &weights, bias: &[1.0] }];
/// let mut gradients = Gradients::zeros(&layers);
/// let target = LossTarget::values(&y);
/// let h = Activation::Identity;
/// let sum = loss_gradient(&mut gradients, &layers, h, &x, target, None, &mut Compute::new(1)?);
/// assert_eq!((sum.loss, gradients.layers()[0].weights[(0, 0)]), (4.5, 9.0));
/// # Ok::<(), tiam_linalg::LinalgError>(())
/// ```
pub fn loss_gradient<T: Real>(
    gradients: &mut Gradients<T>,
    layers: &dyn AffineLayers<T>,
    h: Activation,
    inputs: &Matrix<T>,
    target: LossTarget<'_, T>,
    batch: Option<&[usize]>,
    compute: &mut Compute<T>,
) -> LossSum {
    T::loss_gradient(gradients, layers, h, inputs, target, batch, compute)
}

pub(crate) fn loss_gradient_generic<T: Real>(
    gradients: &mut Gradients<T>,
    layers: &dyn AffineLayers<T>,
    h: Activation,
    inputs: &Matrix<T>,
    target: LossTarget<'_, T>,
    batch: Option<&[usize]>,
    compute: &mut Compute<T>,
) -> LossSum {
    let pass = Pass {
        layers,
        h,
        inputs,
        target,
        batch,
        plan: Plan::new(layers, inputs, target, batch),
    };
    pass.plan.check(gradients, layers);
    let samples = RowRange {
        start: 0,
        len: batch.map_or(inputs.n_cols(), <[usize]>::len),
    };
    let body = |scratch: &mut WorkerScratch<T>, gradient: &mut [T], samples: RowRange| {
        let mut sum = LossSum::default();
        for_tiles(samples, pass.plan.tile, |tile| {
            sum = sum.merge(pass.tile(scratch, gradient, &tile));
        });
        sum
    };
    let n_parameters = pass.plan.n_parameters;
    let (sum, mut from) = compute.sum_over_samples(n_parameters, pass.plan.flops, samples, &body);
    for LayerGradient { weights, bias } in &mut gradients.layers {
        for out in [weights.as_mut_slice(), bias.as_mut_slice()] {
            let (own, rest) = from.split_at(out.len());
            out.copy_from_slice(own);
            from = rest;
        }
    }
    sum
}

/// Sizes of a pass.
struct Plan {
    tile: usize,
    flops: usize,
    n_parameters: usize,
    /// Rows a tile keeps: z_l and a_l of the hidden layers, z_L.
    kept_rows: usize,
}

impl Plan {
    fn new<T: Real>(
        layers: &dyn AffineLayers<T>,
        inputs: &Matrix<T>,
        target: LossTarget<'_, T>,
        batch: Option<&[usize]>,
    ) -> Self {
        let n_layers = layers.n_layers();
        assert!(n_layers > 0, "loss_gradient: no layer");
        let (mut n_in, mut products, mut n_parameters, mut kept_rows) = (inputs.n_rows(), 0, 0, 0);
        let mut widest = n_in;
        for l in 0..n_layers {
            let layer = layers.layer(l);
            let n_out = layer.weights.n_rows();
            assert!(n_in > 0 && n_out > 0, "loss_gradient: layer {l} is empty");
            assert_eq!(
                layer.weights.n_cols(),
                n_in,
                "loss_gradient: inputs of layer {l}"
            );
            assert_eq!(
                layer.bias.len(),
                n_out,
                "loss_gradient: biases of layer {l}"
            );
            products += n_out * n_in;
            n_parameters += n_out * (n_in + 1);
            kept_rows += if l + 1 < n_layers { 2 * n_out } else { n_out };
            widest = widest.max(n_out);
            n_in = n_out;
        }
        let n_samples = inputs.n_cols();
        target.check("loss_gradient", n_in, n_samples);
        let in_range = |batch: &[usize]| batch.iter().all(|&i| i < n_samples);
        assert!(
            batch.is_none_or(in_range),
            "loss_gradient: a sample of the batch is not below {n_samples}"
        );
        Self {
            tile: tile_cols::<T>(widest),
            flops: 6 * products,
            n_parameters,
            kept_rows,
        }
    }

    /// Asserts that `gradients` has the layers' shapes.
    fn check<T: Real>(&self, gradients: &Gradients<T>, layers: &dyn AffineLayers<T>) {
        let n_layers = layers.n_layers();
        assert_eq!(
            gradients.layers.len(),
            n_layers,
            "loss_gradient: gradients of another network"
        );
        for (l, gradient) in gradients.layers.iter().enumerate() {
            let (of, weights) = (&gradient.weights, layers.layer(l).weights);
            assert!(
                (of.n_rows(), of.n_cols()) == (weights.n_rows(), weights.n_cols())
                    && gradient.bias.len() == weights.n_rows(),
                "loss_gradient: gradients of layer {l} have another shape"
            );
        }
    }
}

/// The data that every tile of a pass shares.
struct Pass<'a, T: Real> {
    layers: &'a dyn AffineLayers<T>,
    h: Activation,
    inputs: &'a Matrix<T>,
    target: LossTarget<'a, T>,
    batch: Option<&'a [usize]>,
    plan: Plan,
}

impl<T: Real> Pass<'_, T> {
    /// Adds one tile's gradients to its shard's.
    fn tile(
        &self,
        scratch: &mut WorkerScratch<T>,
        gradient: &mut [T],
        samples: &RowRange,
    ) -> LossSum {
        let WorkerScratch {
            tile_a,
            tile_b,
            tile_c,
            labels,
            ..
        } = scratch;
        let (start, n) = (samples.start, samples.len);
        let n_0 = self.inputs.n_rows();
        let indices = self.batch.map(|batch| &batch[start..start + n]);
        let x = match indices {
            None => &self.inputs.as_slice()[start * n_0..(start + n) * n_0],
            Some(indices) => {
                let x = buffer(tile_b, n * n_0);
                copy_columns(x, self.inputs, indices);
                &*x
            }
        };
        let kept = buffer(tile_a, self.plan.kept_rows * n);
        let n_last = self.forward(kept, x, n);
        let at = kept.len() - n_last * n;
        let (z, target) = (&mut kept[at..], &self.target);
        let loss = match indices {
            None => {
                let targets = target.targets.range(start..start + n);
                target.loss.value_and_gradient(z, targets, None)
            }
            Some(indices) => target.errors_of(z, indices, None, (labels, tile_c)),
        };
        self.backward(gradient, kept, x, n);
        loss
    }

    /// Fills `kept` with z_1, a_1, z_2, …, z_L, each a slot of n columns; returns n_L.
    fn forward(&self, kept: &mut [T], x: &[T], n: usize) -> usize {
        let n_layers = self.layers.n_layers();
        let (mut start, mut n_in) = (0, self.inputs.n_rows());
        for l in 0..n_layers {
            let layer = self.layers.layer(l);
            let len = layer.bias.len() * n;
            let (done, rest) = kept.split_at_mut(start);
            let inputs = if l == 0 { x } else { &done[start - n_in * n..] };
            let (z, rest) = rest.split_at_mut(len);
            tile_product(z, layer.weights.view(), inputs);
            if l + 1 < n_layers {
                let a = &mut rest[..len];
                with_activation!(self.h, h => activate_biased(a, z, layer.bias, h));
            } else {
                add_bias(z, layer.bias);
            }
            start += 2 * len;
            n_in = layer.bias.len();
        }
        n_in
    }

    /// sums += the tile's gradients, W_1, b_1, W_2, …; `kept` as [`Pass::forward`] leaves it, but e_L for z_L. Each
    /// e_l takes the place of a_l, which is no longer needed then.
    fn backward(&self, sums: &mut [T], kept: &mut [T], x: &[T], n: usize) {
        let n_layers = self.layers.n_layers();
        let (mut sums, mut kept) = (sums, kept);
        for l in (0..n_layers).rev() {
            let layer = self.layers.layer(l);
            let (n_out, n_in) = (layer.weights.n_rows(), layer.weights.n_cols());
            let slot = if l + 1 < n_layers { 2 } else { 1 } * n_out * n;
            let (before, slot) = kept.split_at_mut(kept.len() - slot);
            let e = &slot[slot.len() - n_out * n..];
            let (before_sums, sum) = sums.split_at_mut(sums.len() - n_out * (n_in + 1));
            let (weights_sum, bias_sum) = sum.split_at_mut(n_out * n_in);
            let a = if l == 0 {
                x
            } else {
                &before[before.len() - n_in * n..]
            };
            tile_outer(weights_sum, e, n_out, a, n_in);
            add_columns(bias_sum, e);
            if l > 0 {
                let at = before.len() - n_in * n;
                let (z, a) = before.split_at_mut(at);
                tile_product(a, layer.weights.view().transpose(), e);
                let z = &z[at - n_in * n..];
                with_activation!(self.h, h => times_derivative(a, z, h));
            }
            (sums, kept) = (before_sums, before);
        }
    }
}

/// z ← z + b 1ᵀ, a ← h(z).
fn activate_biased<T: Real>(a: &mut [T], z: &mut [T], bias: &[T], h: impl Monotone) {
    vectorised(
        #[inline(always)]
        || {
            let n = bias.len();
            for (a, z) in a.chunks_exact_mut(n).zip(z.chunks_exact_mut(n)) {
                for ((a, z), b) in a.iter_mut().zip(z).zip(bias) {
                    *z += *b;
                    *a = h.apply(*z);
                }
            }
        },
    );
}

/// e ← e ⊙ h'(z).
pub(crate) fn times_derivative<T: Real>(e: &mut [T], z: &[T], h: impl Monotone) {
    vectorised(
        #[inline(always)]
        || {
            for (e, z) in e.iter_mut().zip(z) {
                *e *= h.derivative(*z);
            }
        },
    );
}

/// sum += Σ of the columns of e.
fn add_columns<T: Real>(sum: &mut [T], e: &[T]) {
    vectorised(
        #[inline(always)]
        || {
            for column in e.chunks_exact(sum.len()) {
                for (s, e) in sum.iter_mut().zip(column) {
                    *s += *e;
                }
            }
        },
    );
}
