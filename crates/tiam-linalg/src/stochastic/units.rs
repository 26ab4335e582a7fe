//! The layout of all layers' parameters in one vector, unit after unit, and its split between threads.

use std::ops::Range;

use crate::compute::Slab;
use crate::forward::AffineLayers;
use crate::real::Real;

/// One layer's units: a unit is its n_{l−1} weights and then its bias, n_l of them one after the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LayerUnits {
    /// n_{l−1} + 1.
    pub(super) len: usize,
    /// n_l.
    pub(super) n_units: usize,
    /// Where the first one starts.
    pub(super) start: usize,
    /// Rows of a tile's tape before this layer's z.
    pub(super) z_row: usize,
}

impl LayerUnits {
    pub(super) fn range(self) -> Range<usize> {
        self.start..self.start + self.len * self.n_units
    }

    /// The numbers of the units in `range` of the parameters.
    pub(super) fn numbers(self, range: &Range<usize>) -> Range<usize> {
        (range.start - self.start) / self.len..(range.end - self.start) / self.len
    }

    /// Rows of the tape before the layer's inputs â_{l−1}, which stand directly before its z; not for the first layer.
    pub(super) fn input_row(self) -> usize {
        self.z_row - self.len
    }
}

/// Where each layer's units are; a layer is the matrix [W_l b_l]ᵀ, (n_{l−1} + 1) x n_l, column-major.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct UnitLayout {
    layers: Vec<LayerUnits>,
}

impl UnitLayout {
    /// # Panics
    /// When there is no layer, one is empty, or two do not fit together.
    pub(super) fn of<T: Real>(layers: &dyn AffineLayers<T>) -> Self {
        assert!(layers.n_layers() > 0, "stochastic blocks: no layer");
        let (mut start, mut z_row) = (0, 0);
        let mut units = Vec::with_capacity(layers.n_layers());
        for l in 0..layers.n_layers() {
            let layer = layers.layer(l);
            let (n_units, n_in) = (layer.weights.n_rows(), layer.weights.n_cols());
            assert!(
                n_units > 0 && n_in > 0,
                "stochastic blocks: layer {l} is empty"
            );
            assert_eq!(
                layer.bias.len(),
                n_units,
                "stochastic blocks: biases of layer {l}"
            );
            if let Some(LayerUnits { n_units: given, .. }) = units.last() {
                assert_eq!(*given, n_in, "stochastic blocks: inputs of layer {l}");
            }
            units.push(LayerUnits {
                len: n_in + 1,
                n_units,
                start,
                z_row,
            });
            start += n_units * (n_in + 1);
            z_row += 2 * n_units + 1;
        }
        Self { layers: units }
    }

    pub(super) fn layers(&self) -> &[LayerUnits] {
        &self.layers
    }

    pub(super) fn n_parameters(&self) -> usize {
        self.layers.last().map_or(0, |last| last.range().end)
    }

    pub(super) fn n_inputs(&self) -> usize {
        self.layers.first().map_or(0, |first| first.len - 1)
    }

    /// Rows of a tile's tape: z_1, â_1, z_2, …, z_L.
    pub(super) fn tape_rows(&self) -> usize {
        let last = self.layers.last();
        last.map_or(0, |last| last.z_row + last.n_units)
    }

    pub(super) fn n_outputs(&self) -> usize {
        self.layers.last().map_or(0, |last| last.n_units)
    }

    /// The end of the unit that holds parameter `at`, or `at` itself where a unit starts there.
    fn unit_boundary(&self, at: usize) -> usize {
        let inside = self.layers.iter().find(|layer| at < layer.range().end);
        inside.map_or(at, |layer| {
            layer.start + (at - layer.start).div_ceil(layer.len) * layer.len
        })
    }

    /// The parts of `range`, which starts and ends with a unit, that are in one layer each: layer and range.
    pub(super) fn pieces(
        &self,
        range: Range<usize>,
    ) -> impl Iterator<Item = (usize, Range<usize>)> + '_ {
        let cut = move |(l, layer): (usize, &LayerUnits)| {
            let whole = layer.range();
            let piece = whole.start.max(range.start)..whole.end.min(range.end);
            (!piece.is_empty()).then_some((l, piece))
        };
        self.layers.iter().enumerate().filter_map(cut)
    }
}

/// Whole units, cut where a unit ends: as many parameters on either side as that allows.
pub(super) struct Units<'a, D> {
    pub(super) layout: &'a UnitLayout,
    /// The parameters' numbers.
    pub(super) range: Range<usize>,
    pub(super) data: D,
}

/// Slices that belong to the parameters, cut together.
pub(super) trait UnitData: Sized + Send {
    fn cut(self, at: usize) -> (Self, Self);
}

impl<T: Send, const K: usize> UnitData for [&mut [T]; K] {
    fn cut(self, at: usize) -> (Self, Self) {
        let mut tails = [const { None }; K];
        let mut tail = tails.iter_mut();
        let heads = self.map(|slice| {
            let (head, rest) = slice.split_at_mut(at);
            if let Some(tail) = tail.next() {
                *tail = Some(rest);
            }
            head
        });
        (heads, tails.map(Option::unwrap_or_default))
    }
}

impl<'a, D: UnitData> Units<'a, D> {
    pub(super) fn all(layout: &'a UnitLayout, data: D) -> Self {
        Self {
            layout,
            range: 0..layout.n_parameters(),
            data,
        }
    }
}

impl<D: UnitData> Slab for Units<'_, D> {
    fn n_cols(&self) -> usize {
        self.range.len()
    }

    fn split_at(self, at: usize) -> (Self, Self) {
        let Self {
            layout,
            range,
            data,
        } = self;
        let middle = layout.unit_boundary(range.start + at).min(range.end);
        let (head, tail) = data.cut(middle - range.start);
        let part = |range, data| Self {
            layout,
            range,
            data,
        };
        (
            part(range.start..middle, head),
            part(middle..range.end, tail),
        )
    }
}

#[cfg(test)]
#[path = "../../tests/unit/units.rs"]
mod tests;
