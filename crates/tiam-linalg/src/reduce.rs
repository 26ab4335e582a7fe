//! Inner products and sums, accumulated in double precision, compiled for the processor found at run time.

use pulp::Arch;

use crate::real::Real;

/// Entries added up in the scalar type before a partial sum goes to double precision: long enough to keep the
/// lanes busy, short enough that `f32` loses no more than a few ulp.
const CHUNK: usize = 256;
const LANES: usize = 32;

/// Σ xᵢ yᵢ over two slices of equal length. 2n flops; no scratch.
///
/// # Panics
/// When the lengths differ.
///
/// ```
/// assert!((tiam_linalg::reduce::dot(&[1.0f32, 2.0], &[3.0, 4.0]) - 11.0).abs() < 1e-6);
/// ```
pub fn dot<T: Real>(x: &[T], y: &[T]) -> f64 {
    assert_eq!(x.len(), y.len(), "dot: lengths differ");
    Arch::new().dispatch(
        #[inline(always)]
        || dot_impl(x, y),
    )
}

#[inline(always)]
fn dot_impl<T: Real>(x: &[T], y: &[T]) -> f64 {
    let mut sum = 0.0f64;
    for (xs, ys) in x.chunks(CHUNK).zip(y.chunks(CHUNK)) {
        let mut lanes = [T::zero(); LANES];
        let (xl, xr) = xs.as_chunks::<LANES>();
        let (yl, yr) = ys.as_chunks::<LANES>();
        for (xv, yv) in xl.iter().zip(yl) {
            for i in 0..LANES {
                lanes[i] += xv[i] * yv[i];
            }
        }
        for (a, b) in xr.iter().zip(yr) {
            lanes[0] += *a * *b;
        }
        sum += fold(lanes);
    }
    sum
}

/// Pairwise sum of the lanes, in double precision.
#[inline(always)]
pub(crate) fn fold<T: Real, const N: usize>(lanes: [T; N]) -> f64 {
    let mut wide = [0.0f64; N];
    for i in 0..N {
        wide[i] = lanes[i].to_f64();
    }
    let mut n = N / 2;
    while n > 0 {
        for i in 0..n {
            wide[i] += wide[i + n];
        }
        n /= 2;
    }
    wide[0]
}

/// True when every entry is finite.
pub fn all_finite<T: Real>(x: &[T]) -> bool {
    // Not `all`: a loop without an early exit is vectorised, and finite is the usual answer.
    Arch::new().dispatch(
        #[inline(always)]
        || x.iter().fold(true, |ok, v| ok & v.is_finite()),
    )
}
