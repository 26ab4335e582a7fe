//! The forward and the backward pass of one batch, tile by tile on every worker.

use faer::linalg::matmul::matmul;
use faer::{Accum, Par};

use super::curvature::LayerCurvature;
use super::units::{LayerUnits, UnitLayout};
use crate::activation::Activation;
use crate::backward::times_derivative;
use crate::compute::{WorkerScratch, buffer};
use crate::loss::LossTarget;
use crate::matrix::{Matrix, view, view_mut};
use crate::monotone::Monotone;
use crate::product::{RowRange, tile_outer, tile_product};
use crate::prox::LossSum;
use crate::real::Real;
use crate::simd::vectorised;
use crate::with_activation;

/// Samples of one step.
///
/// Shapes: `inputs` n_0 x N, `target` for N samples, `indices` below N (a sample counts as often as it is named),
/// `weights` N of them. Each worker gathers its own share, a tile at a time, into buffers it keeps.
#[derive(Clone, Copy, Debug)]
pub struct StochasticBatch<'a, T: Real> {
    /// a_0 of all samples.
    pub inputs: &'a Matrix<T>,
    /// The loss, with the targets of all samples.
    pub target: LossTarget<'a, T>,
    /// The batch.
    pub indices: &'a [usize],
    /// A weight for every sample: its loss and its error count that many times.
    pub weights: Option<&'a [T]>,
    /// A sample is skipped in the backward pass when all its errors |∂R/∂z_L| are at most this; it still counts in the loss and in B.
    /// Negative: no sample is skipped.
    pub met: f64,
}

impl<T: Real> StochasticBatch<'_, T> {
    pub(super) fn check(&self, layout: &UnitLayout) {
        assert_eq!(
            self.inputs.n_rows(),
            layout.n_inputs(),
            "stochastic batch: inputs"
        );
        let n_samples = self.inputs.n_cols();
        let target = self.target;
        target.check("stochastic batch", layout.n_outputs(), n_samples);
        assert!(
            self.weights.is_none_or(|w| w.len() == n_samples),
            "stochastic batch: weights"
        );
        assert!(
            self.indices.iter().all(|&i| i < n_samples),
            "stochastic batch: a sample is not below {n_samples}"
        );
    }
}

/// The data that every tile of a pass shares.
pub(super) struct Pass<'a, T: Real> {
    pub(super) layout: &'a UnitLayout,
    /// Ŵ, all layers.
    pub(super) parameters: &'a [T],
    /// Of each layer, where it is to be updated.
    pub(super) curvature: Option<&'a [LayerCurvature<T>]>,
    pub(super) h: Activation,
    pub(super) batch: StochasticBatch<'a, T>,
    /// [`StochasticBatch::met`].
    pub(super) met: T,
}

impl<T: Real> Pass<'_, T> {
    fn layer(&self, units: LayerUnits) -> faer::MatRef<'_, T> {
        view(&self.parameters[units.range()], units.len)
    }

    /// Adds one tile's gradients, and its inputs' curvature, to the worker's sums.
    pub(super) fn tile(&self, scratch: &mut WorkerScratch<T>, samples: &RowRange) -> LossSum {
        let WorkerScratch {
            tile_a,
            tile_b,
            tile_c,
            sum,
            curvature: curvature_sums,
            labels,
            ..
        } = scratch;
        let n = samples.len;
        let indices = &self.batch.indices[samples.start..samples.start + n];
        let x = buffer(tile_b, n * (self.batch.inputs.n_rows() + 1));
        gather_augmented(x, self.batch.inputs, indices);
        let hidden = &self.layout.layers()[..self.layout.layers().len() - 1];
        let kept_rows: usize = hidden.iter().map(|units| 2 * units.n_units + 1).sum();
        let kept = buffer(tile_a, (kept_rows + self.layout.n_outputs()) * n);
        self.forward(kept, x, n);
        if let Some(curvature) = self.curvature {
            accumulate(curvature, curvature_sums, self.layout, (x, kept), tile_c);
        }
        let at = kept.len() - self.layout.n_outputs() * n;
        let StochasticBatch {
            target, weights, ..
        } = self.batch;
        let loss = target.errors_of(&mut kept[at..], indices, weights, (labels, tile_c));
        let n_open = self.keep_open(kept, x, n);
        let sums = &mut sum[..self.layout.n_parameters()];
        self.backward(sums, kept, x, Columns { n, n_open });
        loss
    }

    /// Fills `kept` with z_1, â_1, z_2, …, z_L.
    fn forward(&self, kept: &mut [T], x: &[T], n: usize) {
        let (mut inputs, mut rest) = (x, kept);
        for &units in self.layout.layers() {
            let (z, after) = rest.split_at_mut(units.n_units * n);
            tile_product(z, self.layer(units).transpose(), inputs);
            if after.is_empty() {
                return;
            }
            let (a, after) = after.split_at_mut((units.n_units + 1) * n);
            with_activation!(self.h, h => activate_augmented(a, z, units.n_units, h));
            (inputs, rest) = (a, after);
        }
    }

    /// Moves the columns of the samples that go backward to the front, in all matrices; returns their number.
    fn keep_open(&self, kept: &mut [T], x: &mut [T], n: usize) -> usize {
        if self.met < T::zero() {
            return n;
        }
        let n_outputs = self.layout.n_outputs();
        let at = kept.len() - n_outputs * n;
        let mut n_open = 0;
        for j in 0..n {
            let e = &kept[at + j * n_outputs..at + (j + 1) * n_outputs];
            // Written so that a NaN stays.
            if e.iter().all(|e| e.abs() <= self.met) {
                continue;
            }
            if n_open < j {
                move_column(x, x.len() / n, j, n_open);
                let mut kept = &mut *kept;
                for (l, units) in self.layout.layers().iter().enumerate() {
                    let (z, rest) = kept.split_at_mut(units.n_units * n);
                    move_column(z, units.n_units, j, n_open);
                    if l + 1 == self.layout.layers().len() {
                        break;
                    }
                    let (a, rest) = rest.split_at_mut((units.n_units + 1) * n);
                    move_column(a, units.n_units + 1, j, n_open);
                    kept = rest;
                }
            }
            n_open += 1;
        }
        n_open
    }

    /// sums += â_{l−1} (−e_l)ᵀ for every layer, over the open columns; each e_l takes the place of a_l, which is no longer
    /// needed then.
    fn backward(&self, sums: &mut [T], kept: &mut [T], x: &[T], columns: Columns) {
        let Columns { n, n_open } = columns;
        let layers = self.layout.layers();
        let mut end = kept.len();
        for (l, &units) in layers.iter().enumerate().rev() {
            // Of the last layer z, of the others z and â: the errors are in the last of them.
            let (n_in, n_units) = (units.len - 1, units.n_units);
            let last = l + 1 == layers.len();
            let e_at = end - if last { n_units } else { n_units + 1 } * n;
            let own = if last { e_at } else { e_at - n_units * n };
            let (before, from) = kept.split_at_mut(e_at);
            let e = &from[..n_units * n_open];
            let sum = &mut sums[units.range()];
            if l == 0 {
                tile_outer(sum, &x[..units.len * n_open], units.len, e, n_units);
                return;
            }
            let a_at = own - units.len * n;
            let (z, a) = before[..own].split_at_mut(a_at);
            tile_outer(sum, &a[..units.len * n_open], units.len, e, n_units);
            let below = &mut a[..n_in * n_open];
            matmul(
                view_mut(below, n_in),
                Accum::Replace,
                self.layer(units).subrows(0, n_in),
                view(e, n_units),
                T::one(),
                Par::Seq,
            );
            let z = &z[a_at - n_in * n..];
            with_activation!(self.h, h => times_derivative(below, z, h));
            end = own;
        }
    }
}

/// Columns of a tile, and those among them that go backward: the first ones.
#[derive(Clone, Copy)]
struct Columns {
    n: usize,
    n_open: usize,
}

/// Column `to` of a matrix with `n_rows` rows ← column `from`.
fn move_column<T: Real>(m: &mut [T], n_rows: usize, from: usize, to: usize) {
    m.copy_within(from * n_rows..(from + 1) * n_rows, to * n_rows);
}

/// Adds every layer's inputs to its worker's sums.
fn accumulate<T: Real>(
    curvature: &[LayerCurvature<T>],
    sums: &mut [T],
    layout: &UnitLayout,
    (x, kept): (&[T], &[T]),
    scratch: &mut Vec<T>,
) {
    let n = x.len() / (layout.n_inputs() + 1);
    let (mut inputs, mut kept, mut sums) = (x, kept, sums);
    for (curvature, units) in curvature.iter().zip(layout.layers()) {
        let (own, rest) = sums.split_at_mut(curvature.n_sums());
        curvature.accumulate(own, inputs, scratch);
        sums = rest;
        kept = &kept[units.n_units * n..];
        if kept.is_empty() {
            return;
        }
        (inputs, kept) = kept.split_at((units.n_units + 1) * n);
    }
}

/// Columns of `out` ← the named columns of `from`, each followed by a 1.
fn gather_augmented<T: Real>(out: &mut [T], from: &Matrix<T>, indices: &[usize]) {
    let n = from.n_rows();
    for (out, &j) in out.chunks_exact_mut(n + 1).zip(indices) {
        out[..n].copy_from_slice(from.col(j));
        out[n] = T::one();
    }
}

/// â ← (h(z), 1) for columns of n entries.
fn activate_augmented<T: Real>(a: &mut [T], z: &[T], n: usize, h: impl Monotone) {
    vectorised(
        #[inline(always)]
        || {
            for (a, z) in a.chunks_exact_mut(n + 1).zip(z.chunks_exact(n)) {
                a[n] = T::one();
                for (a, z) in a.iter_mut().zip(z) {
                    *a = h.apply(*z);
                }
            }
        },
    );
}
