//! The first layer, where inputs are sparse: its weights column after column, and its gradient back into units.

use std::ops::Range;

use super::pass::Shard;
use super::units::{LayerUnits, UnitLayout};
use crate::compute::{ColsMut, Compute, WorkerScratch, buffer};
use crate::product::RowRange;
use crate::real::Real;
use crate::sparse::{Padded, Start, add_transposed, transpose};

/// g ← g + c times the gradient of some of the first layer's units, from sparse inputs.
pub(super) fn add_sparse<T: Real>(
    g: &mut [T],
    shards: &[Shard<T>],
    (units, own): (LayerUnits, Range<usize>),
    c: T,
    scratch: &mut WorkerScratch<T>,
) {
    let WorkerScratch {
        tile_a,
        tile_b,
        tile_c,
        ..
    } = scratch;
    let rows = (&mut *g, units.len);
    if shards.iter().all(|shard| !shard.gradient.is_empty()) {
        let sums = shards.iter().map(|shard| &shard.gradient[units.range()]);
        add_transposed(rows, sums, (units.n_units, own.start), c, tile_c);
        return;
    }
    let sum = buffer(tile_b, own.len() * units.len);
    let mut start = Start::Zero;
    for shard in shards {
        let own = (units, own.clone());
        shard.factors.sparse_gradient(sum, start, own, tile_a);
        start = Start::There;
    }
    let sums = std::iter::once(&*sum);
    add_transposed(rows, sums, (own.len(), 0), c, tile_c);
}

/// Ŵ_1 column after column.
pub(super) fn transpose_first<'f, T: Real>(
    out: &'f mut Vec<T>,
    ahead: &[T],
    layout: &UnitLayout,
    compute: &mut Compute<T>,
) -> Padded<'f, T> {
    let units = layout.layers()[0];
    let height = Padded::<T>::height(units.n_units);
    let columns = ColsMut::new(buffer(out, height * units.len), height);
    let rows = (&ahead[units.range()], units.len);
    let places = RowRange {
        start: 0,
        len: units.len,
    };
    type Places<'a, T> = (ColsMut<'a, T>, RowRange);
    let body = |_: &mut WorkerScratch<T>, (columns, places): Places<'_, T>| {
        transpose(columns.data, height, rows, places.start);
    };
    compute.for_each(TRANSPOSE_FLOPS * units.n_units, (columns, places), &body);
    Padded::new(&out[..height * units.len], units.n_units)
}

/// What an entry's transposition takes the time of.
const TRANSPOSE_FLOPS: usize = 80;
