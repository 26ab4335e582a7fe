//! Steps of SAMT: layer after layer along the gradient, with trained step sizes.
//!
//! A batch steps W_l, b_l for l = 1, …, L in turn, each along d, the gradient at the newest values of the others: w ← w − η s d. Every step
//! size has its own factor s, which starts at 1. One back-propagation, where a step has led, gives both d of the next layer and what trains s
//! of this one: the loss there has the derivative −η ⟨g, d⟩ with respect to s, summed over the entries that share s, with g the gradient there. The last
//! layer's s is trained by the next batch's gradient, so that a batch takes L back-propagations, not 2 L.
//!
//! Source: C. Yan, J. Xu, Z. Peng and Q. Wang, arXiv:2508.04193, 2025, of which only abstract and introduction were read: blocks by layers, steps along the
//! (sub)gradient, step sizes trained by the gradient, and their four forms are theirs. The rest is ours: the order, the sharing of
//! passes, and the update s ← s exp(β (c − ½)), c = ⟨g, d⟩/‖d‖².
//! On a quadratic c falls from 1 to 0 as the step grows to the best one; the batch that gave d praises steps that are too long, hence ½.

use std::iter::once;

use serde::{Deserialize, Serialize};
use tiam_linalg::elementary::Elementary;
use tiam_linalg::{Gradients, LayerGradient, Real};
use tiam_models::{Layer, Network};

use super::rules::{Memory, Slope};

/// Largest s; its inverse is the smallest. Where the loss is nearly 0, s would grow until one sample undoes everything.
const LARGEST: f64 = 10.0;
/// What a step should leave of the slope along it.
const KEPT: f64 = 0.5;
/// Least c − ½; the largest is 1.
const LEAST: f64 = -3.0;

/// Which entries of a layer's [W b], n_l x (n_{l−1} + 1), share a step size in SAMT.
///
/// ```
/// use tiam_bench::methods::{GradientRule, StepSizes};
/// let GradientRule::Samt { sizes, .. } = GradientRule::samt() else { unreachable!() };
/// assert_eq!(sizes, StepSizes::default());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepSizes {
    /// All.
    Scalar,
    /// Those of a unit.
    #[default]
    Row,
    /// Those of an input; the bias is one more.
    Column,
    /// None: each has its own.
    Element,
}

impl StepSizes {
    /// Step sizes of a layer.
    fn count<T: Real>(self, layer: &Layer<T>) -> usize {
        let (n_rows, n_cols) = (layer.weights.n_rows(), layer.weights.n_cols());
        match self {
            Self::Scalar => 1,
            Self::Row => n_rows,
            Self::Column => n_cols + 1,
            Self::Element => n_rows * (n_cols + 1),
        }
    }

    /// The number of the step size of entry (i, j).
    #[inline(always)]
    fn at(self, i: usize, j: usize, n_rows: usize) -> usize {
        match self {
            Self::Scalar => 0,
            Self::Row => i,
            Self::Column => j,
            Self::Element => j * n_rows + i,
        }
    }
}

/// What SAMT remembers, as it starts: d of the layer stepped last, and s of all layers.
pub(super) fn memory<T: Real>(sizes: StepSizes, network: &Network<T>) -> [Vec<T>; 2] {
    let layers = || network.layers().iter();
    let largest = layers().map(|layer| StepSizes::Element.count(layer)).max();
    let factors = layers().map(|layer| sizes.count(layer)).sum();
    [
        vec![T::zero(); largest.unwrap_or_default()],
        vec![T::one(); factors],
    ]
}

/// What a step of one layer depends on, besides network and memory.
pub(super) struct Step<'a, T> {
    pub(super) sizes: StepSizes,
    /// β.
    pub(super) meta_rate: f64,
    /// η.
    pub(super) rate: f64,
    /// The gradient of layer l is `scale` · `sums[l]` + `ridge` · W_l.
    pub(super) sums: &'a Gradients<T>,
    pub(super) scale: T,
    pub(super) ridge: T,
}

impl<T: Real> Step<'_, T> {
    /// Trains the step sizes of the layer stepped last, then steps layer `l` (from 0).
    pub(super) fn step(&self, network: &mut Network<T>, l: usize, memory: &mut Memory<T>) {
        let layers = network.layers();
        let last = (l + layers.len() - 1) % layers.len();
        let factors_of = |l: usize| {
            let [start, len] = [&layers[..l], &layers[l..=l]]
                .map(|layers| layers.iter().map(|layer| self.sizes.count(layer)).sum());
            start..start + len
        };
        let (of_last, of_this) = (factors_of(last), factors_of(l));
        let (direction, factors, is_first) = memory.of_blocks();
        if !is_first {
            let products = self.products(network, last, direction, of_last.len());
            self.train(&mut factors[of_last], &products);
        }
        self.move_layer(network, l, &factors[of_this], direction);
    }

    /// The columns of [W_l b_l], each with its gradient.
    fn columns<'n>(
        &'n self,
        network: &'n mut Network<T>,
        l: usize,
    ) -> impl Iterator<Item = (&'n mut [T], Slope<'n, T>)> {
        let LayerGradient { weights, bias } = &self.sums.layers()[l];
        let slope = |sum, decay| Slope {
            sum,
            scale: self.scale,
            decay,
        };
        let columns = weights.as_slice().chunks_exact(bias.len());
        let slopes = columns.map(move |sum| slope(sum, self.ridge));
        let slopes = slopes.chain(once(slope(bias, T::zero())));
        let layer = network.parameters_mut().skip(l).take(1);
        let parameters = layer.flat_map(|(w, b)| w.chunks_exact_mut(b.len()).chain(once(b)));
        parameters.zip(slopes)
    }

    /// w ← w − η s g; `direction` ← g.
    fn move_layer(&self, network: &mut Network<T>, l: usize, factors: &[T], direction: &mut [T]) {
        let n_rows = network.layers()[l].bias.len();
        let rate = T::from_f64(self.rate);
        let directions = direction.chunks_exact_mut(n_rows);
        for ((j, (w, slope)), d) in self.columns(network, l).enumerate().zip(directions) {
            for (i, (w, d)) in w.iter_mut().zip(d).enumerate() {
                *d = slope.at(i, *w);
                *w -= rate * factors[self.sizes.at(i, j, n_rows)] * *d;
            }
        }
    }

    /// Of each step size ⟨g, d⟩ and ‖d‖² over its entries, once the step is made.
    fn products(
        &self,
        network: &mut Network<T>,
        l: usize,
        direction: &[T],
        n_sizes: usize,
    ) -> Vec<[f64; 2]> {
        let n_rows = network.layers()[l].bias.len();
        let mut out = vec![[0.0; 2]; n_sizes];
        let directions = direction.chunks_exact(n_rows);
        for ((j, (w, slope)), d) in self.columns(network, l).enumerate().zip(directions) {
            for (i, (&w, &d)) in w.iter().zip(d).enumerate() {
                let (g, d) = (slope.at(i, w).to_f64(), d.to_f64());
                let out = &mut out[self.sizes.at(i, j, n_rows)];
                out[0] += g * d;
                out[1] += d * d;
            }
        }
        out
    }

    /// s ← s exp(β (c − ½)), c = ⟨g, d⟩/‖d‖², both within bounds. A step size whose entries had no gradient stays.
    fn train(&self, factors: &mut [T], products: &[[f64; 2]]) {
        for (s, [product, d_sq]) in factors.iter_mut().zip(products) {
            let c = product / d_sq;
            if c.is_finite() {
                let change = self.meta_rate * (c - KEPT).clamp(LEAST, 1.0);
                let trained = s.to_f64() * change.fast_exp();
                *s = T::from_f64(trained.clamp(1.0 / LARGEST, LARGEST));
            }
        }
    }
}

#[cfg(test)]
#[path = "../../../tests/unit/methods_gradient_samt.rs"]
mod tests;
