//! The forward and the backward pass of one batch, tile by tile.

use faer::linalg::matmul::matmul;
use faer::{Accum, Par};

use super::curvature::LayerCurvature;
use super::factors::Factors;
use super::units::{LayerUnits, UnitLayout};
use crate::activation::Activation;
use crate::backward::times_derivative;
use crate::compute::{WorkerScratch, buffer, for_tiles};
use crate::loss::LossTarget;
use crate::matrix::{view, view_mut};
use crate::monotone::Monotone;
use crate::product::{RowRange, tile_product};
use crate::prox::LossSum;
use crate::real::Real;
use crate::simd::vectorised;
use crate::sparse::{Inputs, Padded, Start, combine, with_picked};
use crate::with_activation;

/// Samples of one step.
///
/// Shapes: `inputs` n_0 x N, `target` for N samples, `indices` below N (a sample counts as often as it is named),
/// `weights` N of them. Each worker gathers its own shards, a tile at a time, into buffers it keeps.
#[derive(Clone, Copy, Debug)]
pub struct StochasticBatch<'a, T: Real> {
    /// a_0 of all samples.
    pub inputs: Inputs<'a, T>,
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
    /// The first layer's, its columns one after the other, where the inputs are sparse.
    pub(super) first: Option<Padded<'a, T>>,
    /// Of each layer, where it is to be updated.
    pub(super) curvature: Option<&'a [LayerCurvature<T>]>,
    pub(super) h: Activation,
    pub(super) batch: StochasticBatch<'a, T>,
}

/// What a shard of a batch leaves: either the sum of its gradients, or the factors of it.
#[derive(Debug, Default)]
pub(super) struct Shard<T> {
    /// Sum of the gradients, all layers, the first layer's transposed where the inputs are sparse; empty where the factors are kept.
    pub(super) gradient: Vec<T>,
    /// Sum of what the layers' curvatures average.
    pub(super) curvature: Vec<T>,
    pub(super) factors: Factors<T>,
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
        let mut factors = std::mem::take(&mut scratch.factors);
        let (mut loss, start) = (LossSum::default(), samples.start);
        for_tiles(samples, tile, |samples| {
            let found = self.tile(scratch, &mut shard.curvature, &mut factors, &samples);
            let accum = if samples.start == start {
                Accum::Replace
            } else {
                Accum::Add
            };
            for (l, &units) in self.layout.layers().iter().enumerate() {
                let sum = &mut shard.gradient[units.range()];
                factors.gradient(sum, accum, (l, units), &mut scratch.tile_c);
            }
            loss = loss.merge(found);
        });
        scratch.factors = factors;
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
        let Shard {
            curvature, factors, ..
        } = shard;
        self.tile(scratch, curvature, factors, &samples)
    }

    /// Goes forward and backward over a tile; returns its loss.
    fn tile(
        &self,
        scratch: &mut WorkerScratch<T>,
        sums: &mut [T],
        factors: &mut Factors<T>,
        samples: &RowRange,
    ) -> LossSum {
        let indices = &self.batch.indices[samples.start..samples.start + samples.len];
        factors.gather(self.batch.inputs, indices, self.layout);
        self.forward(factors, indices);
        if let Some(curvature) = self.curvature {
            self.accumulate(curvature, sums, (factors, indices), scratch);
        }
        let errors = factors.tape.len() - self.layout.n_outputs() * samples.len;
        let StochasticBatch {
            target, weights, ..
        } = self.batch;
        let errors = &mut factors.tape[errors..];
        let WorkerScratch { tile_c, labels, .. } = scratch;
        let loss = target.errors_of(errors, indices, weights, (labels, tile_c));
        let tolerance = self.batch.error_tolerance.map(T::from_f64);
        factors.keep_open(self.batch.inputs, self.layout, tolerance);
        self.backward(factors, tile_c);
        loss
    }

    /// Fills the tape with z_1, â_1, z_2, …, z_L.
    fn forward(&self, factors: &mut Factors<T>, indices: &[usize]) {
        let Factors { x, tape, n, .. } = factors;
        let n = *n;
        for (l, &units) in self.layout.layers().iter().enumerate() {
            let (before, from) = tape.split_at_mut(units.z_row * n);
            let (z, after) = from.split_at_mut(units.n_units * n);
            match (l, self.first, self.batch.inputs) {
                (0, Some(first), Inputs::Sparse(inputs)) => {
                    let start = Start::Column(inputs.n_rows());
                    with_picked!(inputs.picked(indices), lists => combine(z, start, first, lists));
                }
                (0, ..) => tile_product(z, self.layer(units).transpose(), x),
                _ => {
                    let inputs = &before[units.input_row() * n..];
                    tile_product(z, self.layer(units).transpose(), inputs);
                }
            }
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
        (factors, indices): (&Factors<T>, &[usize]),
        scratch: &mut WorkerScratch<T>,
    ) {
        let n = factors.n;
        let mut sums = sums;
        for (l, (curvature, units)) in curvature.iter().zip(self.layout.layers()).enumerate() {
            let (own, rest) = sums.split_at_mut(curvature.n_sums());
            sums = rest;
            match (l, self.batch.inputs) {
                (0, Inputs::Sparse(inputs)) => {
                    with_picked!(inputs.picked(indices), lists => curvature.accumulate_lists(own, lists, scratch));
                }
                (0, _) => curvature.accumulate(own, &factors.x, &mut scratch.tile_c),
                _ => {
                    let inputs = &factors.tape[units.input_row() * n..units.z_row * n];
                    curvature.accumulate(own, inputs, &mut scratch.tile_c);
                }
            }
        }
    }

    /// Puts −e_l in the place of every z_l, for the open columns, the first ones.
    fn backward(&self, factors: &mut Factors<T>, scratch: &mut Vec<T>) {
        let (n, n_open) = (factors.n, factors.n_open());
        let tape = &mut factors.tape;
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
