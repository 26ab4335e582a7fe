//! The parameters of all layers and their triple-inertial step.

use super::arithmetic::{Coefficients, advance, decay};
use super::curvature::{CurvatureForm, CurvatureRule, LayerCurvature};
use super::first::{add_sparse, transpose_first};
use super::pass::{Pass, Shard, StochasticBatch};
use super::sharing::{Sharing, Totals};
use super::units::{UnitLayout, Units};
use crate::activation::Activation;
use crate::compute::{Compute, LEAST_SUMMED, Slab, WorkerScratch, n_shards_of, tile_cols};
use crate::forward::AffineLayers;
use crate::kernels::add_scaled;
use crate::product::RowRange;
use crate::prox::LossSum;
use crate::real::Real;
use crate::reduce::dot;
use crate::state::StateVisitor;
use crate::step::Inertia;

/// How far a step goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StochasticStep {
    /// c η: the trust region's factor times the step size.
    pub length: f64,
    /// p1 and p3 of this step; p2 of the next, at whose point the next gradient is taken.
    pub inertia: Inertia,
    /// Weight of the old average of the iterates, in [0, 1); 0 keeps the last iterate instead.
    pub averaging: f64,
}

/// Every layer's weights and biases as blocks of stochastic TIAM (ours; the paper names mini-batches as future work).
///
/// With Δ = Wᵗ − Wᵗ⁻¹, the bias the last column of W, a 1 appended to a, and a batch of B samples:
/// [`gradient`](Self::gradient) goes forward from Ŵ = Wᵗ + p2 Δ and backward through the blocks, e_L = −∂R/∂z_L,
/// `e_l = (W_{l+1}ᵀ e_{l+1}) ⊙ h'(z_l)`: each block's target is z_l + e_l. [`directions`](Self::directions) solves
/// each layer's regularised least squares toward its target, `D_l = g_l (Ā_l + λ_l I)⁻¹` with
/// `g_l = e_l a_{l−1}ᵀ/B − μ Ŵ_l`, Ā_l the running average of `a_{l−1} a_{l−1}ᵀ/B`. [`advance`](Self::advance) is the step
/// W̄ = Wᵗ + p1 Δ + c η D, Wᵗ⁺¹ = W̄ + p3 (W̄ − Wᵗ), and averages the iterates.
///
/// Samples are shared out between workers once a batch, units (rows of W) once for the directions and once for the step;
/// inside, everything is sequential. After the first batch nothing allocates. Any number of threads gives the same bits. Called
/// within [`Compute::install`] a step enters the pool no more than once.
///
/// ```
/// use tiam_linalg::{
///     Activation, AffineLayer, Compute, CurvatureForm, CurvatureRule, Inertia, LossTarget, Matrix, StochasticBatch,
///     StochasticBlocks, StochasticStep,
/// };
/// // y = 2x + 1 from two samples, by exact least squares: one step is enough.
/// let (inputs, y) = (Matrix::from_vec(1, 2, vec![0.0, 1.0])?, Matrix::from_vec(1, 2, vec![1.0, 3.0])?);
/// let weights = Matrix::<f64>::zeros(1, 1);
/// let layers = [AffineLayer { weights: &weights, bias: &[0.0] }];
/// let mut blocks = StochasticBlocks::new(&layers, &|_| CurvatureForm::Full, &mut || 0.0);
/// let batch = StochasticBatch { inputs: (&inputs).into(), target: LossTarget::values(&y), indices: &[0, 1], weights: None, error_tolerance: None };
/// let compute = &mut Compute::new(1)?;
/// blocks.gradient(Activation::Identity, batch, true, compute);
/// blocks.refresh_curvature(CurvatureRule { retain: 0.9, damping: 1e-12 }, compute);
/// blocks.directions(0.0, compute);
/// blocks.advance(StochasticStep { length: 1.0, inertia: Inertia::NONE, averaging: 0.0 }, compute);
/// let (mut w, mut b) = (vec![0.0], vec![0.0]);
/// blocks.write_average([(&mut w[..], &mut b[..])]);
/// assert!((w[0] - 2.0).abs() < 1e-9 && (b[0] - 1.0).abs() < 1e-9);
/// # Ok::<(), tiam_linalg::LinalgError>(())
/// ```
#[derive(Debug)]
pub struct StochasticBlocks<T> {
    layout: UnitLayout,
    /// Wᵗ.
    pub(super) current: Vec<T>,
    /// Δ.
    pub(super) change: Vec<T>,
    /// Ŵ.
    ahead: Vec<T>,
    pub(super) average: Vec<T>,
    /// How much of `average` has been filled: its start's weight is 1 minus this.
    average_filled: f64,
    gradient: Vec<T>,
    direction: Vec<T>,
    /// Ŵ_1 column after column, for sparse inputs.
    first: Vec<T>,
    /// Whether the last batch was.
    is_sparse: bool,
    pub(super) curvature: Vec<LayerCurvature<T>>,
    /// The last batch's shards, of which the first `n_shards` count.
    shards: Vec<Shard<T>>,
    n_shards: usize,
    n_batch: usize,
    tile: usize,
}

impl<T: Real> StochasticBlocks<T> {
    /// Starts at these layers without inertia. `form` says how the curvature of layer l (from 0) is kept, `normal` draws
    /// standard normal numbers for the sketches.
    ///
    /// # Panics
    /// When there is no layer, one is empty, or two do not fit together.
    pub fn new(
        layers: &dyn AffineLayers<T>,
        form: &dyn Fn(usize) -> CurvatureForm,
        normal: &mut dyn FnMut() -> f64,
    ) -> Self {
        T::stochastic_blocks(layers, form, normal)
    }

    pub(crate) fn new_generic(
        layers: &dyn AffineLayers<T>,
        form: &dyn Fn(usize) -> CurvatureForm,
        normal: &mut dyn FnMut() -> f64,
    ) -> Self {
        let layout = UnitLayout::of(layers);
        let n = layout.n_parameters();
        let mut current = vec![T::zero(); n];
        let mut widest = 0;
        for (l, units) in layout.layers().iter().enumerate() {
            let layer = layers.layer(l);
            for (i, unit) in current[units.range()]
                .chunks_exact_mut(units.len)
                .enumerate()
            {
                for (j, w) in unit[..units.len - 1].iter_mut().enumerate() {
                    *w = layer.weights[(i, j)];
                }
                unit[units.len - 1] = layer.bias[i];
            }
            widest = widest.max(units.len).max(units.n_units);
        }
        let curvature = layout.layers().iter().enumerate();
        let curvature = curvature
            .map(|(l, units)| LayerCurvature::new(units.len, form(l), normal))
            .collect();
        Self {
            ahead: current.clone(),
            average: current.clone(),
            current,
            change: vec![T::zero(); n],
            average_filled: 0.0,
            gradient: vec![T::zero(); n],
            direction: vec![T::zero(); n],
            first: Vec::new(),
            is_sparse: false,
            curvature,
            shards: Vec::new(),
            n_shards: 0,
            n_batch: 0,
            tile: tile_cols::<T>(widest).max(MIN_TILE),
            layout,
        }
    }

    /// Weights and biases together.
    pub fn n_parameters(&self) -> usize {
        self.layout.n_parameters()
    }

    /// Whether steps are faster with lists of the inputs that are not 0, where these are so large a share.
    ///
    /// On MNIST, whose share is 0.19, a step of 784-100-100-10 takes 0.6 of the dense one's time on one thread, and one of 784-1500-1500-10 a fourteenth
    /// more: its weights do not fit a core's cache.
    pub fn are_lists_faster(&self, share: f64) -> bool {
        let most = match self.n_parameters() < MAX_SUMMED {
            true => 0.3,
            false => 0.1,
        };
        self.layout.n_inputs() >= LEAST_LISTED && share <= most
    }

    /// How each layer's curvature is kept.
    pub fn curvature_forms(&self) -> impl Iterator<Item = CurvatureForm> + '_ {
        self.curvature.iter().map(LayerCurvature::form)
    }

    /// The iterate, its last change, the average, and every layer's curvature; between two epochs nothing else is carried on.
    pub fn visit_state(&mut self, visitor: &mut dyn StateVisitor<T>) {
        T::visit_stochastic(self, visitor)
    }

    pub(crate) fn visit_state_generic(&mut self, visitor: &mut dyn StateVisitor<T>) {
        visitor.values("parameters", &mut self.current);
        visitor.values("change", &mut self.change);
        visitor.values("average", &mut self.average);
        visitor.number("average.filled", &mut self.average_filled);
        for (l, curvature) in self.curvature.iter_mut().enumerate() {
            curvature.visit_state(&format!("curvature_{}", l + 1), visitor);
        }
    }

    /// Gathers the batch, goes forward from Ŵ and backward; sums gradients and, where asked for, curvature. Returns the
    /// batch's loss at Ŵ, weighted, and the samples classified correctly there.
    ///
    /// 2 (3 Σ n_l n_{l−1} − n_1 n_0) flops a sample, and the curvature's update.
    ///
    /// # Panics
    /// When shapes do not fit or an index or label is out of range.
    pub fn gradient(
        &mut self,
        h: Activation,
        batch: StochasticBatch<'_, T>,
        with_curvature: bool,
        compute: &mut Compute<T>,
    ) -> LossSum {
        T::stochastic_gradient(self, h, batch, with_curvature, compute)
    }

    pub(crate) fn gradient_generic(
        &mut self,
        h: Activation,
        batch: StochasticBatch<'_, T>,
        with_curvature: bool,
        compute: &mut Compute<T>,
    ) -> LossSum {
        batch.check(&self.layout);
        self.is_sparse = batch.inputs.is_sparse();
        let first = self
            .is_sparse
            .then(|| transpose_first(&mut self.first, &self.ahead, &self.layout, compute));
        let pass = Pass {
            layout: &self.layout,
            parameters: &self.ahead,
            first,
            curvature: with_curvature.then_some(&self.curvature[..]),
            h,
            batch,
        };
        let (n, tile) = (self.layout.n_parameters(), self.tile);
        let n_curvature = match with_curvature {
            true => self.curvature.iter().map(LayerCurvature::n_sums).sum(),
            false => 0,
        };
        let summed = n < MAX_SUMMED;
        let body = |scratch: &mut WorkerScratch<T>, shard: &mut Shard<T>, samples: RowRange| {
            shard.curvature.clear();
            shard.curvature.resize(n_curvature, T::zero());
            match summed {
                true => pass.sum(scratch, shard, samples, tile),
                false => pass.keep(scratch, shard, samples),
            }
        };
        let len = batch.indices.len();
        let samples = RowRange { start: 0, len };
        self.n_shards = n_shards_of(LEAST_SUMMED, len, GRADIENT_FLOPS * n);
        let n_shards = self.n_shards.max(self.shards.len());
        self.shards.resize_with(n_shards, Shard::default);
        let shards = &mut self.shards[..self.n_shards];
        self.n_batch = len;
        let Some(reduction) = compute.others(self.n_shards) else {
            return compute.sweep(samples, shards, &body);
        };
        let totals: Totals = compute.own_shards(GRADIENT_FLOPS * n, samples, shards, &body);
        let sharing = Sharing {
            reduction: &*reduction,
            layout: &self.layout,
            batch,
            n_gradient: n * usize::from(summed),
            n_curvature,
        };
        sharing.exchange(shards, totals)
    }

    /// Takes the last batch's curvature into the averages and makes every layer's solve anew, the layers split between
    /// workers. Only after a [`gradient`](Self::gradient) with curvature.
    pub fn refresh_curvature(&mut self, rule: CurvatureRule, compute: &mut Compute<T>) {
        T::refresh_curvature(self, rule, compute)
    }

    pub(crate) fn refresh_curvature_generic(
        &mut self,
        rule: CurvatureRule,
        compute: &mut Compute<T>,
    ) {
        let n_sums = |layer: &LayerCurvature<T>| layer.n_sums();
        let total: usize = self.curvature.iter().map(n_sums).sum();
        let (shards, n_batch) = (&self.shards[..self.n_shards], self.n_batch);
        let slab = LayerSlab {
            layers: &mut self.curvature,
            start: 0,
        };
        let body = |_: &mut WorkerScratch<T>, slab: LayerSlab<'_, T>| {
            let mut start = slab.start;
            for layer in slab.layers {
                let range = start..start + layer.n_sums();
                start = range.end;
                let of_shards = shards.iter().map(|shard| &shard.curvature[range.clone()]);
                layer.absorb(of_shards, n_batch, rule.retain);
                layer.refresh(rule.damping);
            }
        };
        compute.for_each(REFRESH_FLOPS * total, slab, &body);
    }

    /// D for every layer; returns Σ_l ⟨D_l, g_l⟩, what the step would gain by its own model at c η = 1, twice.
    pub fn directions(&mut self, ridge: f64, compute: &mut Compute<T>) -> f64 {
        T::stochastic_directions(self, ridge, compute)
    }

    pub(crate) fn directions_generic(&mut self, ridge: f64, compute: &mut Compute<T>) -> f64 {
        let ((least, flops), layout) = (self.unit_shards(), &self.layout);
        #[allow(clippy::cast_precision_loss, reason = "a number of samples")]
        let share = T::from_f64(-1.0 / self.n_batch.max(1) as f64);
        let shards = &self.shards[..self.n_shards];
        let (ahead, curvature) = (&self.ahead, &self.curvature);
        let ridge = T::from_f64(-ridge);
        let is_sparse = self.is_sparse;
        let body = |scratch: &mut WorkerScratch<T>, units: Units<'_, [&mut [T]; 2]>| {
            let [g, d] = units.data;
            let mut gain = 0.0;
            for (l, range) in layout.pieces(units.range.clone()) {
                let own = range.start - units.range.start..range.end - units.range.start;
                let (g, d) = (&mut g[own.clone()], &mut d[own]);
                let units = layout.layers()[l];
                decay(g, &ahead[range.clone()], ridge, units.len);
                if is_sparse && l == 0 {
                    let own = (units, units.numbers(&range));
                    add_sparse(g, shards, own, share, scratch);
                } else {
                    for shard in shards {
                        match shard.gradient.get(range.clone()) {
                            Some(sum) => add_scaled(g, sum, share),
                            None => shard.factors.add_gradient(g, (l, units), &range, share),
                        }
                    }
                }
                curvature[l].solve(d, g, &mut scratch.tile_c);
                gain += dot(d, g);
            }
            gain
        };
        let slab = Units::all(layout, [&mut self.gradient[..], &mut self.direction[..]]);
        compute.over_units_of(least, flops, slab, &body)
    }

    /// How units are shared out: the least parameters of a shard, and flops a parameter.
    fn unit_shards(&self) -> (usize, usize) {
        let shards = &self.shards[..self.n_shards];
        if shards.iter().all(|shard| !shard.gradient.is_empty()) {
            return (1, DIRECTION_FLOPS);
        }
        let widest = self.layout.layers().iter().map(|units| units.len).max();
        (
            LEAST_UNITS * widest.unwrap_or(1),
            DIRECTION_FLOPS + 2 * self.n_batch,
        )
    }

    /// Takes the step along the directions, moves Ŵ ahead for the next gradient, and averages.
    pub fn advance(&mut self, step: StochasticStep, compute: &mut Compute<T>) {
        T::stochastic_advance(self, step, compute)
    }

    pub(crate) fn advance_generic(&mut self, step: StochasticStep, compute: &mut Compute<T>) {
        let averaging = step.averaging;
        // The average of the iterates so far, without a share of the start.
        self.average_filled = averaging * self.average_filled + (1.0 - averaging);
        let scale = 1.0 + step.inertia.correction;
        let c = Coefficients {
            change: T::from_f64(scale * step.inertia.start),
            direction: T::from_f64(scale * step.length),
            ahead: T::from_f64(step.inertia.gradient),
            average: T::from_f64((1.0 - averaging) / self.average_filled),
        };
        let (least, flops) = self.unit_shards();
        let data = [
            &mut self.current[..],
            &mut self.change[..],
            &mut self.ahead[..],
            &mut self.average[..],
            &mut self.direction[..],
        ];
        let body = |_: &mut WorkerScratch<T>, units: Units<'_, [&mut [T]; 5]>| {
            advance(units.data, c);
        };
        // Each worker has the directions it made in its cache, and without a gap between the two none falls asleep.
        compute.over_units_of(least, flops, Units::all(&self.layout, data), &body);
    }

    /// Puts Ŵ at Wᵗ + p2 Δ: [`advance`](Self::advance) does so for the steps after the first.
    pub fn look_ahead(&mut self, p2: f64) {
        let p2 = T::from_f64(p2);
        let points = self.current.iter().zip(&self.change);
        for (ahead, (current, change)) in self.ahead.iter_mut().zip(points) {
            *ahead = *current + p2 * *change;
        }
    }

    /// Writes the averaged weights (column-major, n_l x n_{l−1}) and biases of the layers.
    pub fn write_average<'o>(&self, layers: impl IntoIterator<Item = (&'o mut [T], &'o mut [T])>) {
        self.write(&self.average, layers);
    }

    /// Writes the weights and biases of the last iterate.
    pub fn write_current<'o>(&self, layers: impl IntoIterator<Item = (&'o mut [T], &'o mut [T])>) {
        self.write(&self.current, layers);
    }

    fn write<'o>(
        &self,
        parameters: &[T],
        layers: impl IntoIterator<Item = (&'o mut [T], &'o mut [T])>,
    ) {
        for ((weights, bias), units) in layers.into_iter().zip(self.layout.layers()) {
            let from = &parameters[units.range()];
            for (j, column) in weights.chunks_exact_mut(units.n_units).enumerate() {
                for (w, unit) in column.iter_mut().zip(from.chunks_exact(units.len)) {
                    *w = unit[j];
                }
            }
            for (b, unit) in bias.iter_mut().zip(from.chunks_exact(units.len)) {
                *b = unit[units.len - 1];
            }
        }
    }
}

/// Least columns of a tile: each tile packs the weights anew, and at 784-1500-1500-10 64 columns took a ninth longer than 128.
const MIN_TILE: usize = 128;
/// Half a gradient's flops a parameter and sample: two threads pay later here, since the steps around are sequential for small
/// networks (digits, batches of 71: an epoch's steps took 0.09 ms each on one thread, 0.14 ms on two).
const GRADIENT_FLOPS: usize = 3;
/// From so many parameters on, the shards' gradients would not fit a cache: their factors are kept, and multiplied when the directions are made.
const MAX_SUMMED: usize = 1 << 19;
/// Fewest inputs that are worth lists.
const LEAST_LISTED: usize = 32;
/// Fewest units of a shard whose gradient is multiplied with the directions: each such product packs the samples anew.
const LEAST_UNITS: usize = 48;
/// Flops a parameter of a direction: assembling the gradient, and a sketch's solve.
const DIRECTION_FLOPS: usize = 4 * CurvatureForm::RANK + 8;
/// Flops of a refresh for each entry of the averages.
const REFRESH_FLOPS: usize = 2 * CurvatureForm::RANK;

/// Layers to refresh; `start` is where the first one's sums begin.
struct LayerSlab<'a, T> {
    layers: &'a mut [LayerCurvature<T>],
    start: usize,
}

impl<T: Real> Slab for LayerSlab<'_, T> {
    fn n_cols(&self) -> usize {
        self.layers.len()
    }

    fn split_at(self, at: usize) -> (Self, Self) {
        let (head, tail) = self.layers.split_at_mut(at);
        let skipped: usize = head.iter().map(|layer| layer.n_sums()).sum();
        let tail = Self {
            layers: tail,
            start: self.start + skipped,
        };
        let head = Self {
            layers: head,
            start: self.start,
        };
        (head, tail)
    }
}
