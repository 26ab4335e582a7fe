//! The forward and the backward pass of one batch, tile by tile.

use std::ops::Range;

use faer::linalg::matmul::matmul;
use faer::{Accum, Par};

use super::curvature::LayerCurvature;
use super::units::{LayerUnits, UnitLayout};
use crate::activation::Activation;
use crate::backward::times_derivative;
use crate::compute::{WorkerScratch, buffer, for_tiles};
use crate::loss::LossTarget;
use crate::matrix::{Matrix, view, view_mut};
use crate::monotone::Monotone;
use crate::product::{RowRange, tile_outer_into, tile_product};
use crate::prox::LossSum;
use crate::real::Real;
use crate::simd::vectorised;
use crate::with_activation;

/// Samples of one step.
///
/// Shapes: `inputs` n_0 x N, `target` for N samples, `indices` below N (a sample counts as often as it is named),
/// `weights` N of them. Each worker gathers its own shards, a tile at a time, into buffers it keeps.
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
    pub error_tolerance: Option<f64>,
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
}

/// What a shard of a batch leaves: either the sum of its gradients, or the factors of it.
#[derive(Debug, Default)]
pub(super) struct Shard<T> {
    /// Sum of the gradients, all layers; empty where the factors are kept.
    pub(super) gradient: Vec<T>,
    /// Sum of what the layers' curvatures average.
    pub(super) curvature: Vec<T>,
    /// The factors, of the samples that go backward: inputs with a 1 appended, and the tape.
    x: Vec<T>,
    tape: Vec<T>,
    n: usize,
    n_open: usize,
}

impl<T: Real> Shard<T> {
    /// g ← g + c Σ over the shard of â_{l−1} (−e_l)ᵀ for some units of a layer, those in `range` of the parameters, from the factors.
    pub(super) fn add_gradient(
        &self,
        g: &mut [T],
        layout: &UnitLayout,
        l: usize,
        range: &Range<usize>,
        c: T,
    ) {
        let units = layout.layers()[l];
        let (a, e) = factors(units, l, (&self.x, &self.tape), self.n, self.n_open);
        let first = (range.start - units.start) / units.len;
        let e = view(e, units.n_units).subrows(first, range.len() / units.len);
        matmul(
            view_mut(g, units.len),
            Accum::Add,
            view(a, units.len),
            e.transpose(),
            c,
            Par::Seq,
        );
    }
}

impl<T: Real> Pass<'_, T> {
    fn layer(&self, units: LayerUnits) -> faer::MatRef<'_, T> {
        view(&self.parameters[units.range()], units.len)
    }

    /// Goes over a shard, in tiles of at most so many samples, and sums its gradients and its inputs' curvature.
    pub(super) fn sum(
        &self,
        scratch: &mut WorkerScratch<T>,
        shard: &mut Shard<T>,
        samples: RowRange,
        tile: usize,
    ) -> LossSum {
        shard.gradient.resize(self.layout.n_parameters(), T::zero());
        if samples.len == 0 {
            shard.gradient.fill(T::zero());
        }
        let (mut x, mut tape) = (
            std::mem::take(&mut scratch.tile_b),
            std::mem::take(&mut scratch.tile_a),
        );
        let (mut loss, start) = (LossSum::default(), samples.start);
        for_tiles(samples, tile, |samples| {
            let (found, n_open) = self.tile(scratch, shard, (&mut x, &mut tape), &samples);
            let accum = if samples.start == start {
                Accum::Replace
            } else {
                Accum::Add
            };
            for (l, &units) in self.layout.layers().iter().enumerate() {
                let (a, e) = factors(units, l, (&x, &tape), samples.len, n_open);
                let sum = &mut shard.gradient[units.range()];
                tile_outer_into(sum, accum, (a, units.len), (e, units.n_units));
            }
            loss = loss.merge(found);
        });
        (scratch.tile_b, scratch.tile_a) = (x, tape);
        loss
    }

    /// Goes over a shard at once, sums its inputs' curvature and keeps the factors of its gradients.
    pub(super) fn keep(
        &self,
        scratch: &mut WorkerScratch<T>,
        shard: &mut Shard<T>,
        samples: RowRange,
    ) -> LossSum {
        shard.gradient = Vec::new();
        let (mut x, mut tape) = (
            std::mem::take(&mut shard.x),
            std::mem::take(&mut shard.tape),
        );
        let (loss, n_open) = self.tile(scratch, shard, (&mut x, &mut tape), &samples);
        (shard.x, shard.tape, shard.n, shard.n_open) = (x, tape, samples.len, n_open);
        loss
    }

    /// Goes forward and backward over a tile; returns its loss and how many of its samples went backward.
    fn tile(
        &self,
        scratch: &mut WorkerScratch<T>,
        shard: &mut Shard<T>,
        (x, tape): (&mut Vec<T>, &mut Vec<T>),
        samples: &RowRange,
    ) -> (LossSum, usize) {
        let WorkerScratch { tile_c, labels, .. } = scratch;
        let n = samples.len;
        let indices = &self.batch.indices[samples.start..samples.start + n];
        let x = buffer(x, n * (self.batch.inputs.n_rows() + 1));
        gather_augmented(x, self.batch.inputs, indices);
        let tape = buffer(tape, self.layout.tape_rows() * n);
        self.forward(tape, x, n);
        if let Some(curvature) = self.curvature {
            self.accumulate(curvature, &mut shard.curvature, (tape, x), tile_c);
        }
        let errors = tape.len() - self.layout.n_outputs() * n;
        let StochasticBatch {
            target, weights, ..
        } = self.batch;
        let loss = target.errors_of(&mut tape[errors..], indices, weights, (labels, tile_c));
        let n_open = self.keep_open(tape, x, n);
        self.backward(tape, n, n_open, tile_c);
        (loss, n_open)
    }

    /// Fills the tape with z_1, â_1, z_2, …, z_L.
    fn forward(&self, tape: &mut [T], x: &[T], n: usize) {
        for (l, &units) in self.layout.layers().iter().enumerate() {
            let (before, from) = tape.split_at_mut(units.z_row * n);
            let inputs = match l {
                0 => x,
                _ => &before[units.input_row() * n..],
            };
            let (z, after) = from.split_at_mut(units.n_units * n);
            tile_product(z, self.layer(units).transpose(), inputs);
            if !after.is_empty() {
                let a = &mut after[..(units.n_units + 1) * n];
                with_activation!(self.h, h => activate_augmented(a, z, units.n_units, h));
            }
        }
    }

    /// Adds every layer's inputs to the shard's sums of the curvature.
    fn accumulate(
        &self,
        curvature: &[LayerCurvature<T>],
        sums: &mut [T],
        (tape, x): (&[T], &[T]),
        scratch: &mut Vec<T>,
    ) {
        let n = x.len() / (self.layout.n_inputs() + 1);
        let mut sums = sums;
        for (l, (curvature, units)) in curvature.iter().zip(self.layout.layers()).enumerate() {
            let inputs = match l {
                0 => x,
                _ => &tape[units.input_row() * n..units.z_row * n],
            };
            let (own, rest) = sums.split_at_mut(curvature.n_sums());
            curvature.accumulate(own, inputs, scratch);
            sums = rest;
        }
    }

    /// Moves the columns of the samples that go backward to the front, in all matrices; returns their number.
    fn keep_open(&self, tape: &mut [T], x: &mut [T], n: usize) -> usize {
        let Some(tolerance) = self.batch.error_tolerance.map(T::from_f64) else {
            return n;
        };
        let layers = self.layout.layers();
        let n_outputs = self.layout.n_outputs();
        let errors = tape.len() - n_outputs * n;
        let mut n_open = 0;
        for j in 0..n {
            let e = &tape[errors + j * n_outputs..errors + (j + 1) * n_outputs];
            // Written so that a NaN stays.
            if e.iter().all(|e| e.abs() <= tolerance) {
                continue;
            }
            if n_open < j {
                move_column(x, x.len() / n, j, n_open);
                for (l, units) in layers.iter().enumerate() {
                    let from = &mut tape[units.z_row * n..];
                    move_column(from, units.n_units, j, n_open);
                    if l + 1 < layers.len() {
                        let from = &mut from[units.n_units * n..];
                        move_column(from, units.n_units + 1, j, n_open);
                    }
                }
            }
            n_open += 1;
        }
        n_open
    }

    /// Puts −e_l in the place of every z_l, for the open columns, the first ones.
    fn backward(&self, tape: &mut [T], n: usize, n_open: usize, scratch: &mut Vec<T>) {
        let layers = self.layout.layers();
        for l in (1..layers.len()).rev() {
            let (units, below) = (layers[l], layers[l - 1]);
            let n_in = below.n_units;
            let (before, e) = tape.split_at_mut(units.z_row * n);
            let errors = buffer(scratch, n_in * n_open);
            matmul(
                view_mut(errors, n_in),
                Accum::Replace,
                self.layer(units).subrows(0, n_in),
                view(&e[..units.n_units * n_open], units.n_units),
                T::one(),
                Par::Seq,
            );
            let z = &mut before[below.z_row * n..][..n_in * n_open];
            with_activation!(self.h, h => times_derivative(errors, z, h));
            z.copy_from_slice(errors);
        }
    }
}

/// â_{l−1} and −e_l of the open columns of a tile of n.
fn factors<'t, T>(
    units: LayerUnits,
    l: usize,
    (x, tape): (&'t [T], &'t [T]),
    n: usize,
    n_open: usize,
) -> (&'t [T], &'t [T]) {
    let a = match l {
        0 => x,
        _ => &tape[units.input_row() * n..],
    };
    let e = &tape[units.z_row * n..];
    (&a[..units.len * n_open], &e[..units.n_units * n_open])
}

/// Column `to` of a matrix with `n_rows` rows ← column `from`.
fn move_column<T: Real>(m: &mut [T], n_rows: usize, from: usize, to: usize) {
    m.copy_within(from * n_rows..(from + 1) * n_rows, to * n_rows);
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
