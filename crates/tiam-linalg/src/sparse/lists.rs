//! Lists of the entries that are not 0, by sample or by input.

use std::ops::Range;

use super::{Entries, SparseMatrix};
use crate::compute::buffer;
use crate::real::Real;

/// Columns of a sparse matrix as lists of rows and values.
pub(crate) trait Columns<T> {
    /// Number of columns.
    fn len(&self) -> usize;

    /// The rows and values of column j.
    fn list(&self, j: usize) -> impl Iterator<Item = (usize, T)>;
}

/// Columns with the numbers `indices`, in their order.
pub(crate) struct Picked<'a, R, V> {
    starts: &'a [usize],
    indices: &'a [usize],
    rows: &'a [R],
    values: V,
}

/// The values of a matrix's entries.
pub(crate) trait Values<T> {
    /// Those of some entries.
    fn of(&self, entries: Range<usize>) -> impl Iterator<Item = T>;
}

impl<T: Copy> Values<T> for &[T] {
    #[inline(always)]
    fn of(&self, entries: Range<usize>) -> impl Iterator<Item = T> {
        self[entries].iter().copied()
    }
}

/// Values by their numbers in a table.
pub(crate) struct Coded<'a, T> {
    codes: &'a [u8],
    table: &'a [T; 256],
}

impl<T: Copy> Values<T> for Coded<'_, T> {
    #[inline(always)]
    fn of(&self, entries: Range<usize>) -> impl Iterator<Item = T> {
        let value = |code: &u8| self.table[usize::from(*code)];
        self.codes[entries].iter().map(value)
    }
}

impl<T, R: Copy + Into<u32>, V: Values<T>> Columns<T> for Picked<'_, R, V> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.indices.len()
    }

    #[inline(always)]
    fn list(&self, j: usize) -> impl Iterator<Item = (usize, T)> {
        let j = self.indices[j];
        let own = self.starts[j]..self.starts[j + 1];
        let rows = self.rows[own.clone()].iter();
        rows.map(|row| (*row).into() as usize)
            .zip(self.values.of(own))
    }
}

/// One entry of each cache line.
fn lines<T>(entries: &[T]) -> impl Iterator<Item = &T> {
    entries.iter().step_by(64 / size_of::<T>())
}

/// [`Picked`], as the matrix keeps its entries.
pub(crate) enum AnyPicked<'a, T> {
    Coded(Picked<'a, u16, Coded<'a, T>>),
    Plain(Picked<'a, u32, &'a [T]>),
}

impl<T: Real> SparseMatrix<T> {
    /// Loads the columns with these numbers into the cache, many lines at a time: read one after the other, each would be waited for.
    pub(crate) fn load(&self, indices: &[usize]) {
        let columns = || indices.iter().map(|&j| self.starts[j]..self.starts[j + 1]);
        std::hint::black_box(columns().fold(0, |sum, own| sum ^ own.start));
        let mut seen = 0;
        for own in columns() {
            match &self.entries {
                Entries::Coded { rows, codes, .. } => {
                    seen ^= lines(&rows[own.clone()]).fold(0, |seen, row| seen ^ row);
                    seen ^= lines(&codes[own]).fold(0, |seen, code| seen ^ u16::from(*code));
                }
                Entries::Plain { rows, values } => {
                    seen ^= lines(&rows[own.clone()]).fold(0, |seen, row| seen ^ *row as u16);
                    seen ^= lines(&values[own]).fold(0, |seen, x| seen ^ u16::from(*x > T::zero()));
                }
            }
        }
        std::hint::black_box(seen);
    }

    /// The columns with these numbers.
    pub(crate) fn picked<'a>(&'a self, indices: &'a [usize]) -> AnyPicked<'a, T> {
        let starts = &self.starts;
        match &self.entries {
            Entries::Coded { rows, codes, table } => AnyPicked::Coded(Picked {
                starts,
                indices,
                rows,
                values: Coded {
                    codes,
                    table: &table.values,
                },
            }),
            Entries::Plain { rows, values } => AnyPicked::Plain(Picked {
                starts,
                indices,
                rows,
                values,
            }),
        }
    }
}

/// Runs the code on picked columns, whichever the type of their rows.
macro_rules! with_picked {
    ($picked:expr, $name:ident => $code:expr) => {
        match &$picked {
            $crate::sparse::AnyPicked::Coded($name) => $code,
            $crate::sparse::AnyPicked::Plain($name) => $code,
        }
    };
}
pub(crate) use with_picked;

/// Of each input the samples of a tile where it is not 0.
#[derive(Debug, Default)]
pub(crate) struct ByRow<T> {
    starts: Vec<u32>,
    rows: Vec<u32>,
    values: Vec<T>,
    len: usize,
}

impl<T: Copy> Columns<T> for ByRow<T> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    fn list(&self, j: usize) -> impl Iterator<Item = (usize, T)> {
        let own = self.starts[j] as usize..self.starts[j + 1] as usize;
        let pairs = self.rows[own.clone()].iter().zip(&self.values[own]);
        pairs.map(|(row, value)| (*row as usize, *value))
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "a tile has fewer than 2³² entries"
)]
impl<T: Real> ByRow<T> {
    /// The columns' entries by their rows, of which there are `n_rows`, and after these a row that is 1 in all columns.
    pub(crate) fn transpose(&mut self, columns: &impl Columns<T>, n_rows: usize) {
        let n = columns.len();
        self.len = n_rows + 1;
        // Each row's count two places further, so that after placing its start is where it belongs.
        let starts = buffer(&mut self.starts, n_rows + 3);
        starts.fill(0);
        starts[n_rows + 2] = n as u32;
        for j in 0..n {
            columns.list(j).for_each(|(row, _)| starts[row + 2] += 1);
        }
        for j in 2..n_rows + 3 {
            starts[j] += starts[j - 1];
        }
        let n_entries = starts[n_rows + 2] as usize;
        let rows = buffer(&mut self.rows, n_entries);
        let values = buffer(&mut self.values, n_entries);
        let mut place = |row: usize, j: usize, value: T| {
            let at = &mut starts[row + 1];
            (rows[*at as usize], values[*at as usize]) = (j as u32, value);
            *at += 1;
        };
        for j in 0..n {
            columns
                .list(j)
                .for_each(|(row, value)| place(row, j, value));
            place(n_rows, j, T::one());
        }
    }
}

/// The lower triangle of sum += Σ x xᵀ over the columns x, each with a 1 below.
pub(crate) fn add_gram<T: Real>(sum: &mut [T], columns: &impl Columns<T>, n_rows: usize) {
    let n = n_rows + 1;
    for at in 0..columns.len() {
        for (j, x) in columns.list(at) {
            let column = &mut sum[j * n..(j + 1) * n];
            for (i, y) in columns.list(at).filter(|(i, _)| *i >= j) {
                column[i] += x * y;
            }
            column[n_rows] += x;
        }
        sum[n * n - 1] += T::one();
    }
}
