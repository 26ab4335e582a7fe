//! Inner products and sums, accumulated in double precision, compiled for the processor found at run time.

use crate::real::Real;
use crate::simd::vectorised;

/// Entries of one vector operation, for the widest vectors there are.
const LANES: usize = 16;
/// Independent sums, so that one addition need not wait for the one before.
const STREAMS: usize = 4;

/// A sum whose partial sums go to double precision every [`LaneSum::FLUSH`] entries: often enough that `f32` loses no
/// more than a few ulp.
pub(crate) struct LaneSum<T> {
    lanes: [[T; LANES]; STREAMS],
    pending: usize,
    wide: f64,
}

impl<T: Real> LaneSum<T> {
    /// Entries summed in the scalar type before the partial sums go to double precision.
    pub(crate) const FLUSH: usize = 2048;

    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self {
            lanes: [[T::zero(); LANES]; STREAMS],
            pending: 0,
            wide: 0.0,
        }
    }

    /// Adds Σ f(x₁ᵢ, x₂ᵢ, …) over slices of one length.
    #[inline(always)]
    pub(crate) fn add<const K: usize>(&mut self, slices: [&[T]; K], f: impl Fn([T; K]) -> T) {
        let n = slices[0].len();
        let chunks = slices.map(|s| s[..n].as_chunks::<LANES>());
        let n_chunks = n / LANES;
        let mut c = 0;
        while c + STREAMS <= n_chunks {
            for stream in 0..STREAMS {
                add_chunk(&mut self.lanes[stream], &chunks, c + stream, &f);
            }
            c += STREAMS;
        }
        while c < n_chunks {
            add_chunk(&mut self.lanes[c % STREAMS], &chunks, c, &f);
            c += 1;
        }
        for i in 0..n % LANES {
            self.lanes[0][i] += f(std::array::from_fn(|k| chunks[k].1[i]));
        }
        self.pending += n;
        if self.pending >= Self::FLUSH {
            self.flush();
        }
    }

    #[inline(always)]
    fn flush(&mut self) {
        let [a, b, c, d] = self.lanes;
        self.wide += fold(a) + fold(b) + (fold(c) + fold(d));
        self.lanes = [[T::zero(); LANES]; STREAMS];
        self.pending = 0;
    }

    #[inline(always)]
    pub(crate) fn finish(mut self) -> f64 {
        self.flush();
        self.wide
    }
}

/// lanes += f of chunk `c`: arrays of known length, so that the loop has no checks left and becomes one operation.
#[inline(always)]
fn add_chunk<T: Real, const K: usize>(
    lanes: &mut [T; LANES],
    chunks: &[(&[[T; LANES]], &[T]); K],
    c: usize,
    f: &impl Fn([T; K]) -> T,
) {
    let rows: [&[T; LANES]; K] = std::array::from_fn(|k| &chunks[k].0[c]);
    for lane in 0..LANES {
        lanes[lane] += f(std::array::from_fn(|k| rows[k][lane]));
    }
}

/// Σ xᵢ yᵢ over two slices of equal length. 2n flops; no scratch.
///
/// # Panics
/// When the lengths differ.
///
/// ```
/// assert!((tiam_linalg::reduce::dot(&[1.0f32, 2.0], &[3.0, 4.0]) - 11.0).abs() < 1e-6);
/// ```
pub fn dot<T: Real>(x: &[T], y: &[T]) -> f64 {
    T::dot(x, y)
}

pub(crate) fn dot_generic<T: Real>(x: &[T], y: &[T]) -> f64 {
    assert_eq!(x.len(), y.len(), "dot: lengths differ");
    vectorised(
        #[inline(always)]
        || {
            let mut sum = LaneSum::new();
            for (x, y) in x
                .chunks(LaneSum::<T>::FLUSH)
                .zip(y.chunks(LaneSum::<T>::FLUSH))
            {
                sum.add([x, y], |[x, y]| x * y);
            }
            sum.finish()
        },
    )
}

/// Pairwise sum of the lanes, in double precision.
#[inline(always)]
fn fold<T: Real, const N: usize>(lanes: [T; N]) -> f64 {
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

/// The number of the first largest entry: a class from its scores. 0 without an entry.
///
/// ```
/// assert_eq!(tiam_linalg::reduce::largest(&[0.5, 2.0, 2.0, -1.0]), 1);
/// ```
pub fn largest<T: PartialOrd>(x: &[T]) -> usize {
    let mut best = 0;
    for (i, value) in x.iter().enumerate() {
        if *value > x[best] {
            best = i;
        }
    }
    best
}

/// True when every entry is finite.
pub fn all_finite<T: Real>(x: &[T]) -> bool {
    T::all_finite(x)
}

pub(crate) fn all_finite_generic<T: Real>(x: &[T]) -> bool {
    // Not `all`: a loop without an early exit is vectorised, and finite is the usual answer.
    vectorised(
        #[inline(always)]
        || x.iter().fold(true, |ok, v| ok & v.is_finite()),
    )
}

#[cfg(test)]
#[path = "../tests/unit/reduce.rs"]
mod tests;
