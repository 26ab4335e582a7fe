//! The one product that is made of lists, and what puts columns in its form.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::lists::Columns;
use crate::compute::buffer;
use crate::real::Real;
use crate::simd::vectorised;

/// Entries of a register's worth of sums.
const LANES: usize = 8;

/// Columns with rows of zeros below, so that blocks of rows whose sums fill registers cover all of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Padded<'a, T> {
    data: &'a [T],
    n_rows: usize,
    blocks: Blocks,
}

/// How rows are cut: `n` blocks of `width` times [`LANES`].
#[derive(Clone, Copy, Debug)]
struct Blocks {
    n: usize,
    width: usize,
}

impl Blocks {
    /// Widths there are kernels for; 13 sums of eight and two registers more are what there is, with `f64` half of it.
    const WIDTHS: [usize; 6] = [1, 2, 4, 6, 9, 13];

    fn of<T>(n_rows: usize) -> Self {
        let widest = if size_of::<T>() > 4 { 6 } else { 13 };
        let lanes = n_rows.div_ceil(LANES).max(1);
        let n = lanes.div_ceil(widest);
        let fits = |width: &usize| *width * n >= lanes;
        let width = Self::WIDTHS.into_iter().find(fits).unwrap_or(widest);
        Self { n, width }
    }

    fn rows(self) -> usize {
        self.n * self.width * LANES
    }
}

impl<'a, T: Real> Padded<'a, T> {
    /// Rows of columns of `n_rows` rows, with the padding.
    pub(crate) fn height(n_rows: usize) -> usize {
        Blocks::of::<T>(n_rows).rows()
    }

    /// Columns that are padded already.
    pub(crate) fn new(data: &'a [T], n_rows: usize) -> Self {
        let blocks = Blocks::of::<T>(n_rows);
        Self {
            data,
            n_rows,
            blocks,
        }
    }

    /// Copies some rows of columns of `height` rows.
    pub(crate) fn copied(
        out: &'a mut Vec<T>,
        (from, height): (&[T], usize),
        rows: Range<usize>,
    ) -> Self {
        let (n_rows, padded) = (rows.len(), Self::height(rows.len()));
        let out = buffer(out, from.len() / height * padded);
        for (out, from) in out.chunks_exact_mut(padded).zip(from.chunks_exact(height)) {
            out[..n_rows].copy_from_slice(&from[rows.clone()]);
            out[n_rows..].fill(T::zero());
        }
        Self::new(out, n_rows)
    }

    /// Columns from rows that stand one after the other, `len` entries each.
    pub(crate) fn transposed(out: &'a mut Vec<T>, rows: &[T], len: usize) -> Self {
        let n_rows = rows.len() / len;
        let out = buffer(out, Self::height(n_rows) * len);
        transpose(out, Self::height(n_rows), (rows, len), 0);
        Self::new(out, n_rows)
    }
}

/// Columns `first..` of the matrix whose rows, of `len` entries, stand in `rows`; each column is padded to `height`.
pub(crate) fn transpose<T: Real>(
    out: &mut [T],
    height: usize,
    (rows, len): (&[T], usize),
    first: usize,
) {
    let n_rows = rows.len() / len;
    // Few columns at a time, which stay in the first-level cache.
    for (block, columns) in out.chunks_mut(LANES * height).enumerate() {
        let (start, n) = (first + block * LANES, columns.len() / height);
        for (i, row) in rows.chunks_exact(len).enumerate() {
            for (j, x) in row[start..start + n].iter().enumerate() {
                columns[j * height + i] = *x;
            }
        }
        for column in columns.chunks_exact_mut(height) {
            column[n_rows..].fill(T::zero());
        }
    }
}

/// Rows of `len` entries ← rows + c times the sum of the `parts`, transposed: of each part, columns of `height` rows, those from `first` on.
pub(crate) fn add_transposed<'p, T: Real>(
    (rows, len): (&mut [T], usize),
    parts: impl Iterator<Item = &'p [T]> + Clone,
    (height, first): (usize, usize),
    c: T,
    scratch: &mut Vec<T>,
) {
    let n_rows = rows.len() / len;
    let sum = buffer(scratch, LANES * n_rows);
    for start in (0..len).step_by(LANES) {
        let n = LANES.min(len - start);
        vectorised(
            #[inline(always)]
            || {
                let sum = &mut sum[..n * n_rows];
                sum.fill(T::zero());
                for part in parts.clone() {
                    for j in 0..n {
                        let column = &part[(start + j) * height + first..][..n_rows];
                        for (sum, x) in sum[j * n_rows..][..n_rows].iter_mut().zip(column) {
                            *sum += *x;
                        }
                    }
                }
                for (i, row) in rows.chunks_exact_mut(len).enumerate() {
                    for (j, x) in row[start..start + n].iter_mut().enumerate() {
                        *x += c * sum[j * n_rows + i];
                    }
                }
            },
        );
    }
}

/// Where the sums of [`combine`] start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Start {
    /// At 0.
    Zero,
    /// At what is there.
    There,
    /// At the column with this number: the bias.
    Column(usize),
}

/// Column j of `out` ← its start + Σ over list j of value times the column that the row names.
///
/// With the weights' columns and the samples' lists this is the first layer's forward pass; with the errors' columns and the lists of the inputs, its
/// gradient. Sums stay in registers. 2 flops an entry and row.
pub(crate) fn combine<T: Real>(
    out: &mut [T],
    start: Start,
    columns: Padded<'_, T>,
    lists: &impl Columns<T>,
) {
    Arch::new().dispatch(Combine {
        out,
        start,
        columns,
        lists,
    });
}

struct Combine<'a, T, L> {
    out: &'a mut [T],
    start: Start,
    columns: Padded<'a, T>,
    lists: &'a L,
}

impl<T: Real, L: Columns<T>> WithSimd for Combine<'_, T, L> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Blocks { n, width } = self.columns.blocks;
        let Self {
            out,
            start,
            columns,
            lists,
        } = self;
        for first in (0..n).map(|block| block * width * LANES) {
            match width {
                1 => block::<T, S, 1>(out, start, columns, lists, first),
                2 => block::<T, S, 2>(out, start, columns, lists, first),
                4 => block::<T, S, 4>(out, start, columns, lists, first),
                6 => block::<T, S, 6>(out, start, columns, lists, first),
                9 => block::<T, S, 9>(out, start, columns, lists, first),
                _ => block::<T, S, 13>(out, start, columns, lists, first),
            }
        }
    }
}

/// Rows `first..` of all columns of the result, `WIDTH` times [`LANES`] of them.
#[inline(always)]
fn block<T: Real, S: Simd, const WIDTH: usize>(
    out: &mut [T],
    start: Start,
    columns: Padded<'_, T>,
    lists: &impl Columns<T>,
    first: usize,
) {
    let height = columns.blocks.rows();
    let rows = first..(first + WIDTH * LANES).min(columns.n_rows);
    if rows.is_empty() {
        return;
    }
    let column = |row: usize| &columns.data[row * height + first..][..WIDTH * LANES];
    for (j, out) in out
        .chunks_exact_mut(columns.n_rows)
        .take(lists.len())
        .enumerate()
    {
        let mut sums = [[T::zero(); LANES]; WIDTH];
        match start {
            Start::Zero => {}
            Start::There => {
                sums.as_flattened_mut()[..rows.len()].copy_from_slice(&out[rows.clone()])
            }
            Start::Column(row) => sums.as_flattened_mut().copy_from_slice(column(row)),
        }
        for (row, value) in lists.list(j) {
            let (column, _) = column(row).as_chunks::<LANES>();
            for (sums, column) in sums.iter_mut().zip(column) {
                for (sum, x) in sums.iter_mut().zip(column) {
                    // Without vector instructions a fused product is a call.
                    *sum = match S::IS_SCALAR {
                        true => *sum + value * *x,
                        false => value.mul_add(*x, *sum),
                    };
                }
            }
        }
        out[rows.clone()].copy_from_slice(&sums.as_flattened()[..rows.len()]);
    }
}
