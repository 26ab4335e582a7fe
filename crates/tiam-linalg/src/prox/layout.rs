//! The two layouts of the rows that the kernels work on: [`LANES`] samples side by side, or [`LANES`] classes of one sample.

use crate::Real;

/// Values of a row: two AVX-512 registers of `f32`, four of `f64`.
///
/// With 16 an accumulator is loaded right after it was stored (5.3 ms for 10 x 60,000 `f32`, near
/// start), with 32 there is time in between (4.5 ms); 64 is no faster and more samples wait for the slowest.
pub(super) const LANES: usize = 32;

/// Up to this many classes, samples lie side by side; beyond, one sample's classes do.
///
/// Side by side is the faster one if there are samples enough: 7 against 11 (f32) and 17 against 26 ns (f64)
/// an entry at 128 classes, 400,000 entries. Beyond, it is little faster and wants much scratch.
pub(super) const SIDE_BY_SIDE_MAX_CLASSES: usize = 128;

/// Rows summed before the sum is added to the total: rounding grows with the block and the number of
/// blocks instead of the number of classes.
pub(super) const SUM_BLOCK: usize = 16;

pub(super) type Row<T> = [T; LANES];

/// Kernels are written once over rows; this says what a lane is, and what a reduction over rows leaves to be done across lanes.
pub(super) trait Layout {
    /// Samples in one tile of rows.
    const SAMPLES: usize;
    /// Rows of one tile.
    fn n_rows(n_classes: usize) -> usize;
    /// Class at a place.
    fn class(row: usize, lane: usize) -> u32;
    /// After summing over rows: every lane gets its sample's sum.
    fn sum<T: Real>(row: &mut Row<T>);
    /// After maximising over rows: every lane gets its sample's maximum.
    fn max<T: Real>(row: &mut Row<T>);
    /// Copies a tile in. What is not a sample becomes 0; what is not a class becomes so negative that its probability is 0.
    fn load<T: Real>(rows: &mut [Row<T>], values: &[T], n_classes: usize);
    /// Copies a tile out.
    fn store<T: Real>(rows: &[Row<T>], values: &mut [T], n_classes: usize);
}

/// A lane is a sample, a row is a class. Reductions over classes need nothing across lanes.
pub(super) struct SideBySide;

impl Layout for SideBySide {
    const SAMPLES: usize = LANES;

    #[inline(always)]
    fn n_rows(n_classes: usize) -> usize {
        n_classes
    }

    #[inline(always)]
    fn class(row: usize, _lane: usize) -> u32 {
        row as u32
    }

    #[inline(always)]
    fn sum<T: Real>(_row: &mut Row<T>) {}

    #[inline(always)]
    fn max<T: Real>(_row: &mut Row<T>) {}

    #[inline(always)]
    fn load<T: Real>(rows: &mut [Row<T>], values: &[T], n_classes: usize) {
        if values.len() == LANES * n_classes {
            for (class, row) in rows.iter_mut().enumerate() {
                for lane in 0..LANES {
                    row[lane] = values[lane * n_classes + class];
                }
            }
        } else {
            rows.fill([T::zero(); LANES]);
            for (lane, sample) in values.chunks_exact(n_classes).enumerate() {
                for (row, &value) in rows.iter_mut().zip(sample) {
                    row[lane] = value;
                }
            }
        }
    }

    #[inline(always)]
    fn store<T: Real>(rows: &[Row<T>], values: &mut [T], n_classes: usize) {
        for (lane, sample) in values.chunks_exact_mut(n_classes).enumerate() {
            for (value, row) in sample.iter_mut().zip(rows) {
                *value = row[lane];
            }
        }
    }
}

/// A lane is a class, a tile is one sample of `LANES` consecutive classes a row.
pub(super) struct OneSample;

impl Layout for OneSample {
    const SAMPLES: usize = 1;

    #[inline(always)]
    fn n_rows(n_classes: usize) -> usize {
        n_classes.div_ceil(LANES)
    }

    #[inline(always)]
    fn class(row: usize, lane: usize) -> u32 {
        (row * LANES + lane) as u32
    }

    #[inline(always)]
    fn sum<T: Real>(row: &mut Row<T>) {
        let mut width = LANES / 2;
        while width > 0 {
            for lane in 0..width {
                let other = row[lane + width];
                row[lane] += other;
            }
            width /= 2;
        }
        *row = [row[0]; LANES];
    }

    #[inline(always)]
    fn max<T: Real>(row: &mut Row<T>) {
        let mut largest = row[0];
        for &value in row.iter() {
            largest = larger(value, largest);
        }
        *row = [largest; LANES];
    }

    #[inline(always)]
    fn load<T: Real>(rows: &mut [Row<T>], values: &[T], n_classes: usize) {
        if let Some(last) = rows.last_mut() {
            *last = [T::min_value() / T::from_f64(4.0); LANES];
        }
        rows.as_flattened_mut()[..n_classes].copy_from_slice(values);
    }

    #[inline(always)]
    fn store<T: Real>(rows: &[Row<T>], values: &mut [T], n_classes: usize) {
        values.copy_from_slice(&rows.as_flattened()[..n_classes]);
    }
}

/// The larger; the second if the first is NaN. One instruction, unlike `Float::max`.
#[inline(always)]
pub(super) fn larger<T: Real>(a: T, b: T) -> T {
    if a > b { a } else { b }
}
