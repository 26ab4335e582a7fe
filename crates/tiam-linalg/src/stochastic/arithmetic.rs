//! A step's arithmetic, parameter by parameter.

use crate::real::Real;
use crate::simd::vectorised;

/// The step's numbers in the scalar type.
#[derive(Clone, Copy)]
pub(super) struct Coefficients<T> {
    pub(super) change: T,
    pub(super) direction: T,
    pub(super) ahead: T,
    pub(super) average: T,
}

/// g ← c Ŵ on the weights and 0 on the biases, for units of `len` entries.
pub(super) fn decay<T: Real>(g: &mut [T], ahead: &[T], c: T, len: usize) {
    vectorised(
        #[inline(always)]
        || {
            for (g, w) in g.chunks_exact_mut(len).zip(ahead.chunks_exact(len)) {
                for (g, w) in g.iter_mut().zip(w) {
                    *g = c * *w;
                }
                g[len - 1] = T::zero();
            }
        },
    );
}

/// Δ ← (1 + p3)(p1 Δ + c η D), W ← W + Δ, Ŵ ← W + p2 Δ, average ← average + α (W − average).
pub(super) fn advance<T: Real>(
    [current, change, ahead, average, direction]: [&mut [T]; 5],
    c: Coefficients<T>,
) {
    let n = current.len();
    // Equal lengths, said once, spare the loop its checks.
    let (change, ahead) = (&mut change[..n], &mut ahead[..n]);
    let (average, direction) = (&mut average[..n], &direction[..n]);
    vectorised(
        #[inline(always)]
        || {
            for i in 0..n {
                let moved = c.change * change[i] + c.direction * direction[i];
                let w = current[i] + moved;
                (current[i], change[i]) = (w, moved);
                ahead[i] = w + c.ahead * moved;
                average[i] += c.average * (w - average[i]);
            }
        },
    );
}
