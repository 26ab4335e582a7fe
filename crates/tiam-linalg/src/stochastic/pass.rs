//! Forward, errors, backward: one batch, tile by tile on every worker.

use faer::linalg::matmul::matmul;
use faer::{Accum, Par};

use super::curvature::LayerCurvature;
use super::units::{LayerUnits, UnitLayout};
use crate::band::Monotone;
use crate::compute::{WorkerScratch, buffer};
use crate::matrix::{Matrix, view, view_mut};
use crate::preactivations::LossTarget;
use crate::product::{RowRange, tile_outer, tile_product};
use crate::prox::{LossSum, cross_entropy, softmax_in_place, squared_loss};
use crate::real::Real;
use crate::simd::vectorised;

/// Samples of one step.
///
/// Shapes: `inputs` n_0 x N, `target` for N samples, `indices` below N (a sample counts as often as it is named),
/// `weights` N of them. Each worker gathers its own share, a tile at a time, into buffers it keeps.
#[derive(Clone, Copy, Debug)]
pub struct StochasticBatch<'a, T> {
    /// a_0 of all samples.
    pub inputs: &'a Matrix<T>,
    /// Their targets.
    pub target: LossTarget<'a, T>,
    /// The batch.
    pub indices: &'a [usize],
    /// A weight for every sample: its loss and its error count that many times.
    pub weights: Option<&'a [T]>,
}

impl<T: Real> StochasticBatch<'_, T> {
    pub(super) fn check(&self, layout: &UnitLayout) {
        assert_eq!(
            self.inputs.n_rows(),
            layout.n_inputs(),
            "stochastic batch: inputs"
        );
        let n_samples = match self.target {
            LossTarget::Classes(labels) => labels.len(),
            LossTarget::Values(values) => {
                let n_outputs = layout.n_outputs();
                assert_eq!(values.n_rows(), n_outputs, "stochastic batch: outputs");
                values.n_cols()
            }
        };
        assert_eq!(n_samples, self.inputs.n_cols(), "stochastic batch: samples");
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

/// What every tile needs.
pub(super) struct Pass<'a, T, H> {
    pub(super) layout: &'a UnitLayout,
    /// Ŵ, all layers.
    pub(super) parameters: &'a [T],
    /// Of each layer, where it is to be updated.
    pub(super) curvature: Option<&'a [LayerCurvature<T>]>,
    pub(super) h: H,
    pub(super) batch: StochasticBatch<'a, T>,
}

impl<T: Real, H: Monotone> Pass<'_, T, H> {
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
        let n_outputs = self.layout.n_outputs();
        let at = kept.len() - n_outputs * n;
        let loss = self.errors(&mut kept[at..], labels, indices);
        self.backward(&mut sum[..self.layout.n_parameters()], kept, x, n);
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
            activate_augmented(a, z, units.n_units, self.h);
            (inputs, rest) = (a, after);
        }
    }

    /// z_L ← −e_L = ∂R/∂z_L, weighted; returns the tile's loss, weighted.
    fn errors(&self, z: &mut [T], labels: &mut Vec<u32>, indices: &[usize]) -> LossSum {
        let n_outputs = self.layout.n_outputs();
        let loss = match self.batch.target {
            LossTarget::Classes(all) => {
                crate::gather::gather_labels(labels, all, indices);
                let loss = self.class_loss(z, labels, indices);
                softmax_in_place(z, n_outputs);
                for (p, label) in z.chunks_exact_mut(n_outputs).zip(labels.iter()) {
                    p[*label as usize] -= T::one();
                }
                loss
            }
            LossTarget::Values(values) => {
                let mut loss = 0.0;
                for (z, &i) in z.chunks_exact_mut(n_outputs).zip(indices) {
                    let y = values.col(i);
                    loss += self.weight(i).to_f64() * squared_loss(z, y);
                    for (z, y) in z.iter_mut().zip(y) {
                        *z -= *y;
                    }
                }
                LossSum { loss, correct: 0 }
            }
        };
        if self.batch.weights.is_some() {
            for (e, &i) in z.chunks_exact_mut(n_outputs).zip(indices) {
                let weight = self.weight(i);
                e.iter_mut().for_each(|e| *e *= weight);
            }
        }
        loss
    }

    fn class_loss(&self, z: &[T], labels: &[u32], indices: &[usize]) -> LossSum {
        let n_outputs = self.layout.n_outputs();
        if self.batch.weights.is_none() {
            return cross_entropy(z, labels, n_outputs);
        }
        let mut sum = LossSum::default();
        let samples = z.chunks_exact(n_outputs).zip(labels).zip(indices);
        for ((z, label), &i) in samples {
            let mut one = cross_entropy(z, std::slice::from_ref(label), n_outputs);
            one.loss *= self.weight(i).to_f64();
            sum = sum.merge(one);
        }
        sum
    }

    fn weight(&self, sample: usize) -> T {
        self.batch.weights.map_or(T::one(), |w| w[sample])
    }

    /// sums += â_{l−1} (−e_l)ᵀ for every layer; each e_l takes the place of a_l, which is no longer needed then.
    fn backward(&self, sums: &mut [T], kept: &mut [T], x: &[T], n: usize) {
        let mut kept = kept;
        for (l, &units) in self.layout.layers().iter().enumerate().rev() {
            let n_in = units.len - 1;
            let last = l + 1 == self.layout.layers().len();
            // An e in the place of â is followed by the room of its 1s.
            let slot = (units.n_units + usize::from(!last)) * n;
            let (before, slot) = kept.split_at_mut(kept.len() - slot);
            let e = &slot[..units.n_units * n];
            let before = match last {
                true => before,
                false => {
                    let z = before.len() - units.n_units * n;
                    &mut before[..z]
                }
            };
            let sum = &mut sums[units.range()];
            if l == 0 {
                tile_outer(sum, x, units.len, e, units.n_units);
                return;
            }
            let at = before.len() - units.len * n;
            let (z, a) = before.split_at_mut(at);
            tile_outer(sum, a, units.len, e, units.n_units);
            let below = &mut a[..n_in * n];
            matmul(
                view_mut(below, n_in),
                Accum::Replace,
                self.layer(units).subrows(0, n_in),
                view(e, units.n_units),
                T::one(),
                Par::Seq,
            );
            times_derivative(below, &z[at - n_in * n..], self.h);
            kept = before;
        }
    }
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

/// e ← e ⊙ h'(z).
fn times_derivative<T: Real>(e: &mut [T], z: &[T], h: impl Monotone) {
    vectorised(
        #[inline(always)]
        || {
            for (e, z) in e.iter_mut().zip(z) {
                *e *= h.derivative(*z);
            }
        },
    );
}
