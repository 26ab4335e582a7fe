//! The forward pass of a network and its loss, computed tile by tile, so that nothing of the size of the data is stored.

use crate::activation::Activation;
use crate::compute::{Cols, ColsMut, Compute, Slab, WorkerScratch, buffer, for_tiles, tile_cols};
use crate::loss::{LossTarget, Targets};
use crate::matrix::Matrix;
use crate::monotone::Monotone;
use crate::product::tile_product;
use crate::prox::LossSum;
use crate::real::Real;
use crate::simd::vectorised;
use crate::with_activation;

/// One affine layer: W (n_out x n_in) and b (n_out).
#[derive(Clone, Copy, Debug)]
pub struct AffineLayer<'a, T> {
    /// W.
    pub weights: &'a Matrix<T>,
    /// b.
    pub bias: &'a [T],
}

/// The affine layers of a network, first to last, wherever their matrices live.
pub trait AffineLayers<T>: Sync {
    /// L, at least 1.
    fn n_layers(&self) -> usize;
    /// Layer `l`, from 0; called only for l < L.
    fn layer(&self, l: usize) -> AffineLayer<'_, T>;
    /// The first layer's b: all that a pass from [`ForwardFrom::FirstProduct`] asks of it, so that its W need not be formed.
    fn first_bias(&self) -> &[T] {
        self.layer(0).bias
    }
}

macro_rules! affine_layers {
    ($([$($bounds:tt)*] $type:ty;)*) => {$(
        impl<T: Real, $($bounds)*> AffineLayers<T> for $type {
            fn n_layers(&self) -> usize {
                self.len()
            }
            fn layer(&self, l: usize) -> AffineLayer<'_, T> {
                self[l]
            }
        }
    )*};
}
affine_layers! {
    [] &[AffineLayer<'_, T>];
    [] Vec<AffineLayer<'_, T>>;
    [const N: usize] [AffineLayer<'_, T>; N];
}

/// Where a forward pass starts.
#[derive(Clone, Copy, Debug)]
pub enum ForwardFrom<'a, T> {
    /// At the inputs a_0, n_0 x N.
    Inputs(&'a Matrix<T>),
    /// At W_1 a_0, n_1 x N, already known: saves the largest product.
    FirstProduct(&'a Matrix<T>),
}

impl<'a, T: Real> ForwardFrom<'a, T> {
    fn columns(self) -> Cols<'a, T> {
        let (Self::Inputs(m) | Self::FirstProduct(m)) = self;
        m.cols()
    }
}

/// out ← z_L, the last layer's pre-activations (n_L x N). 2 Σ n_l n_{l−1} N flops.
///
/// # Panics
/// When the shapes do not fit, or there is no layer.
pub fn forward<T: Real>(
    out: &mut Matrix<T>,
    layers: &dyn AffineLayers<T>,
    h: Activation,
    from: ForwardFrom<'_, T>,
    compute: &mut Compute<T>,
) {
    T::forward(out, layers, h, from, compute)
}

pub(crate) fn forward_generic<T: Real>(
    out: &mut Matrix<T>,
    layers: &dyn AffineLayers<T>,
    h: Activation,
    from: ForwardFrom<'_, T>,
    compute: &mut Compute<T>,
) {
    let plan = Plan::new(layers, from);
    assert_eq!(
        out.n_rows(),
        plan.n_last,
        "forward: the output's rows differ"
    );
    assert_eq!(
        out.n_cols(),
        from.columns().n_cols(),
        "forward: samples differ"
    );
    let slab = (out.cols_mut(), from.columns());
    let body = |scratch: &mut WorkerScratch<T>, slab: (ColsMut<'_, T>, Cols<'_, T>)| {
        for_tiles(slab, plan.tile, |(out, start)| {
            let last = forward_tile(scratch, layers, h, from, start);
            out.data.copy_from_slice(last);
        });
    };
    compute.for_each(plan.flops, slab, &body);
}

/// out ← z_L of one sample x (n_0): [`forward`] without products of matrices, so that a single prediction takes less time. It rounds
/// differently. 2 Σ n_l n_{l−1} flops; scratch: two vectors of the widest layer.
///
/// # Panics
/// When the shapes do not fit, or there is no layer.
///
/// ```
/// use tiam_linalg::{Activation, AffineLayer, Compute, Matrix, forward_one};
/// let (first, second) = (Matrix::from_vec(2, 1, vec![1.0, -1.0])?, Matrix::from_vec(1, 2, vec![3.0, 5.0])?);
/// let layers = [
///     AffineLayer { weights: &first, bias: &[0.0, 1.0] },
///     AffineLayer { weights: &second, bias: &[0.5] },
/// ];
/// let mut out = [0.0];
/// // Units 2 and max(−1, 0) = 0: 3 · 2 + 0.5.
/// forward_one(&mut out, &layers, Activation::Relu, &[2.0], &mut Compute::new(1)?);
/// assert_eq!(out, [6.5]);
/// # Ok::<(), tiam_linalg::LinalgError>(())
/// ```
pub fn forward_one<T: Real>(
    out: &mut [T],
    layers: &dyn AffineLayers<T>,
    h: Activation,
    x: &[T],
    compute: &mut Compute<T>,
) {
    T::forward_one(out, layers, h, x, compute)
}

pub(crate) fn forward_one_generic<T: Real>(
    out: &mut [T],
    layers: &dyn AffineLayers<T>,
    h: Activation,
    x: &[T],
    compute: &mut Compute<T>,
) {
    let scratch = compute.scratch();
    let (mut a, mut z) = (&mut scratch.tile_a, &mut scratch.tile_b);
    let n_layers = layers.n_layers();
    assert!(n_layers > 0, "forward_one: no layer");
    for l in 0..n_layers {
        let AffineLayer { weights, bias } = layers.layer(l);
        let inputs = if l == 0 { x } else { &a[..weights.n_cols()] };
        assert_eq!(
            inputs.len(),
            weights.n_cols(),
            "forward_one: inputs of layer {l}"
        );
        if l + 1 == n_layers {
            assert_eq!(out.len(), bias.len(), "forward_one: outputs differ");
            affine_one(out, weights, bias, inputs);
            return;
        }
        let hidden = buffer(z, bias.len());
        affine_one(hidden, weights, bias, inputs);
        with_activation!(h, h => vectorised(
            #[inline(always)]
            || hidden.iter_mut().for_each(|z| *z = h.apply(*z)),
        ));
        std::mem::swap(&mut a, &mut z);
    }
}

/// out ← W x + b, so many rows at a time that their sums stay in registers.
fn affine_one<T: Real>(out: &mut [T], weights: &Matrix<T>, bias: &[T], x: &[T]) {
    let (weights, n) = (weights.as_slice(), bias.len());
    vectorised(
        #[inline(always)]
        || {
            let mut first = 0;
            while first + 64 <= n {
                rows_of_one::<T, 64>(out, weights, bias, x, first);
                first += 64;
            }
            while first + 16 <= n {
                rows_of_one::<T, 16>(out, weights, bias, x, first);
                first += 16;
            }
            while first + 4 <= n {
                rows_of_one::<T, 4>(out, weights, bias, x, first);
                first += 4;
            }
            while first < n {
                rows_of_one::<T, 1>(out, weights, bias, x, first);
                first += 1;
            }
        },
    );
}

/// Rows `first..first + R` of W x + b.
#[inline(always)]
fn rows_of_one<T: Real, const R: usize>(
    out: &mut [T],
    weights: &[T],
    bias: &[T],
    x: &[T],
    first: usize,
) {
    let mut sums = [T::zero(); R];
    sums.copy_from_slice(&bias[first..first + R]);
    for (x, column) in x.iter().zip(weights.chunks_exact(bias.len())) {
        let column = &column[first..first + R];
        for (sum, w) in sums.iter_mut().zip(column) {
            *sum += *w * *x;
        }
    }
    out[first..first + R].copy_from_slice(&sums);
}

/// Loss summed over samples, and the samples classified correctly (0 for values), without keeping the outputs.
///
/// # Panics
/// When the shapes do not fit, there is no layer, or the loss takes other targets.
pub fn forward_loss<T: Real>(
    layers: &dyn AffineLayers<T>,
    h: Activation,
    from: ForwardFrom<'_, T>,
    target: LossTarget<'_, T>,
    compute: &mut Compute<T>,
) -> LossSum {
    T::forward_loss(layers, h, from, target, compute)
}

pub(crate) fn forward_loss_generic<T: Real>(
    layers: &dyn AffineLayers<T>,
    h: Activation,
    from: ForwardFrom<'_, T>,
    target: LossTarget<'_, T>,
    compute: &mut Compute<T>,
) -> LossSum {
    let plan = Plan::new(layers, from);
    let columns = from.columns();
    target.check("forward_loss", plan.n_last, columns.n_cols());
    let body = |scratch: &mut WorkerScratch<T>, slab: (Cols<'_, T>, Targets<'_, T>)| {
        let mut sum = LossSum::default();
        for_tiles(slab, plan.tile, |(start, targets)| {
            let z = forward_tile(scratch, layers, h, from, start);
            sum = sum.merge(target.loss.value(z, targets));
        });
        sum
    };
    let slab = (columns, target.targets);
    compute.over_samples(plan.flops, slab, &body)
}

/// Sizes of a pass.
struct Plan {
    tile: usize,
    flops: usize,
    n_last: usize,
}

impl Plan {
    fn new<T: Real>(layers: &dyn AffineLayers<T>, from: ForwardFrom<'_, T>) -> Self {
        let n_layers = layers.n_layers();
        assert!(n_layers > 0, "forward: no layer");
        let (first, start_rows) = match from {
            ForwardFrom::Inputs(_) => (0, layers.layer(0).weights.n_cols()),
            ForwardFrom::FirstProduct(_) => (1, layers.first_bias().len()),
        };
        assert_eq!(
            from.columns().n_rows,
            start_rows,
            "forward: the start's rows differ"
        );
        let (mut widest, mut flops, mut n_last) = (start_rows, 0, start_rows);
        for weights in (first..n_layers).map(|l| layers.layer(l).weights) {
            n_last = weights.n_rows();
            widest = widest.max(n_last);
            flops += 2 * weights.n_rows() * weights.n_cols();
        }
        Self {
            tile: tile_cols::<T>(widest),
            flops,
            n_last,
        }
    }
}

/// z_L of one tile, in the worker's scratch.
fn forward_tile<'s, T: Real>(
    scratch: &'s mut WorkerScratch<T>,
    layers: &dyn AffineLayers<T>,
    h: Activation,
    from: ForwardFrom<'_, T>,
    start: Cols<'_, T>,
) -> &'s [T] {
    let n_samples = start.n_cols();
    let (mut z, mut a) = (&mut scratch.tile_a, &mut scratch.tile_b);
    let n_layers = layers.n_layers();
    for l in 0..n_layers {
        let (out, bias) = match (l, from) {
            (0, ForwardFrom::FirstProduct(_)) => {
                let out = buffer(z, start.data.len());
                out.copy_from_slice(start.data);
                (out, layers.first_bias())
            }
            _ => {
                let AffineLayer { weights, bias } = layers.layer(l);
                let out = buffer(z, weights.n_rows() * n_samples);
                let inputs = match l {
                    0 => start.data,
                    _ => &a[..weights.n_cols() * n_samples],
                };
                tile_product(out, weights.view(), inputs);
                (out, bias)
            }
        };
        if l + 1 < n_layers {
            with_activation!(h, h => activate_tile(out, bias, h));
            std::mem::swap(&mut z, &mut a);
        } else {
            add_bias(out, bias);
            let len = out.len();
            return &z[..len];
        }
    }
    &[]
}

fn activate_tile<T: Real>(z: &mut [T], bias: &[T], h: impl Monotone) {
    vectorised(
        #[inline(always)]
        || {
            for column in z.chunks_exact_mut(bias.len()) {
                for (z, b) in column.iter_mut().zip(bias) {
                    *z = h.apply(*z + *b);
                }
            }
        },
    );
}

/// z ← z + b 1ᵀ over columns of `bias.len()` entries.
pub(crate) fn add_bias<T: Real>(z: &mut [T], bias: &[T]) {
    vectorised(
        #[inline(always)]
        || {
            for column in z.chunks_exact_mut(bias.len()) {
                for (z, b) in column.iter_mut().zip(bias) {
                    *z += *b;
                }
            }
        },
    );
}

/// out ← h(z), entry by entry.
///
/// # Panics
/// When the shapes differ.
pub fn activate<T: Real>(out: &mut Matrix<T>, z: &Matrix<T>, h: Activation) {
    T::activate(out, z, h)
}

pub(crate) fn activate_generic<T: Real>(out: &mut Matrix<T>, z: &Matrix<T>, h: Activation) {
    assert_eq!(
        (out.n_rows(), out.n_cols()),
        (z.n_rows(), z.n_cols()),
        "activate: shapes differ"
    );
    with_activation!(h, h => vectorised(
        #[inline(always)]
        || {
            for (a, z) in out.as_mut_slice().iter_mut().zip(z.as_slice()) {
                *a = h.apply(*z);
            }
        },
    ));
}

/// out ← product + b 1ᵀ.
///
/// # Panics
/// When the shapes differ.
pub fn biased<T: Real>(out: &mut Matrix<T>, product: &Matrix<T>, bias: &[T]) {
    T::biased(out, product, bias)
}

pub(crate) fn biased_generic<T: Real>(out: &mut Matrix<T>, product: &Matrix<T>, bias: &[T]) {
    assert_eq!(out.n_rows(), bias.len(), "biased: rows differ");
    out.as_mut_slice().copy_from_slice(product.as_slice());
    add_bias(out.as_mut_slice(), bias);
}
