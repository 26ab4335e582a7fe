//! Element-wise kernels: each does its work in one pass over a tile of samples, compiled for the processor found at run time.

use crate::real::Real;
use crate::reduce::LaneSum;
use crate::simd::vectorised;

/// out = r + p (product − previous) with r = product + bias 1ᵀ − target; returns ‖r‖².
///
/// All tiles are n x columns with n = `bias.len()`. 6 flops an entry.
pub(crate) fn residual_tile<T: Real>(
    out: &mut [T],
    product: &[T],
    previous: &[T],
    bias: &[T],
    target: &[T],
    p: T,
) -> f64 {
    vectorised(
        #[inline(always)]
        || {
            let n = bias.len();
            let mut sum = LaneSum::new();
            let columns = out
                .chunks_exact_mut(n)
                .zip(product.chunks_exact(n))
                .zip(previous.chunks_exact(n))
                .zip(target.chunks_exact(n));
            for (((out, m), mp), z) in columns {
                let (out, m, mp, z) = (&mut out[..n], &m[..n], &mp[..n], &z[..n]);
                for i in 0..n {
                    out[i] = m[i] + bias[i] - z[i];
                }
                sum.add([out], |[r]| r * r);
                for i in 0..n {
                    out[i] += p * (m[i] - mp[i]);
                }
            }
            sum.finish()
        },
    )
}

/// ‖product + bias 1ᵀ − target‖² over one tile. 4 flops an entry.
pub(crate) fn residual_norm_sq<T: Real>(product: &[T], bias: &[T], target: &[T]) -> f64 {
    vectorised(
        #[inline(always)]
        || {
            let n = bias.len();
            let mut sum = LaneSum::new();
            for (m, z) in product.chunks_exact(n).zip(target.chunks_exact(n)) {
                sum.add([m, bias, z], |[m, b, z]| (m + b - z) * (m + b - z));
            }
            sum.finish()
        },
    )
}

/// previous ← current + c_delta (current − previous) + c_direction direction; returns ‖result‖².
///
/// The line product of the W step: applied to weights and to their products alike. 6 flops an entry.
pub(crate) fn mix_tile<T: Real>(
    previous: &mut [T],
    current: &[T],
    direction: &[T],
    c_delta: T,
    c_direction: T,
) -> f64 {
    vectorised(
        #[inline(always)]
        || {
            let mut sum = LaneSum::new();
            let chunks = previous
                .chunks_mut(LaneSum::<T>::FLUSH)
                .zip(current.chunks(LaneSum::<T>::FLUSH))
                .zip(direction.chunks(LaneSum::<T>::FLUSH));
            for ((out, cur), dir) in chunks {
                let n = out.len();
                let (cur, dir) = (&cur[..n], &dir[..n]);
                for i in 0..n {
                    out[i] = cur[i] + c_delta * (cur[i] - out[i]) + c_direction * dir[i];
                }
                sum.add([out], |[x]| x * x);
            }
            sum.finish()
        },
    )
}

/// Inner products along the line of a step: with Δ = current − previous and E the direction,
/// [⟨Δ,Δ⟩, ⟨Δ,E⟩, ⟨E,E⟩]. 7 flops an entry.
pub(crate) fn line_terms<T: Real>(current: &[T], previous: &[T], direction: &[T]) -> [f64; 3] {
    vectorised(
        #[inline(always)]
        || {
            let mut sums = [LaneSum::new(), LaneSum::new(), LaneSum::new()];
            let chunks = current
                .chunks(LaneSum::<T>::FLUSH)
                .zip(previous.chunks(LaneSum::<T>::FLUSH))
                .zip(direction.chunks(LaneSum::<T>::FLUSH));
            for ((cur, prev), dir) in chunks {
                let n = cur.len();
                let (prev, dir) = (&prev[..n], &dir[..n]);
                sums[0].add([cur, prev], |[c, p]| (c - p) * (c - p));
                sums[1].add([cur, prev, dir], |[c, p, d]| (c - p) * d);
                sums[2].add([dir], |[d]| d * d);
            }
            sums.map(LaneSum::finish)
        },
    )
}

/// sums_i += Σ over the tile's samples of (product − target)_i, in double precision.
pub(crate) fn add_row_sums<T: Real>(sums: &mut [f64], product: &[T], target: &[T], acc: &mut [T]) {
    /// Samples added in the scalar type before going to double precision.
    const SAMPLES: usize = 32;
    let n = sums.len();
    let acc = &mut acc[..n];
    for (ms, zs) in product.chunks(n * SAMPLES).zip(target.chunks(n * SAMPLES)) {
        acc.fill(T::zero());
        vectorised(
            #[inline(always)]
            || {
                for (m, z) in ms.chunks_exact(n).zip(zs.chunks_exact(n)) {
                    for ((acc, m), z) in acc.iter_mut().zip(m).zip(z) {
                        *acc += *m - *z;
                    }
                }
            },
        );
        for (s, a) in sums.iter_mut().zip(acc.iter()) {
            *s += (*a).to_f64();
        }
    }
}

/// gradient ← ρ gradient + μ Ŵ with Ŵ = current + p (current − previous); returns [⟨Δ,Δ⟩, ⟨Δ,G⟩, ⟨G,G⟩] of the result,
/// Δ = current − previous. 12 flops an entry.
pub(crate) fn assemble_gradient<T: Real>(
    gradient: &mut [T],
    [current, previous]: [&[T]; 2],
    p: T,
    rho: T,
    ridge: T,
) -> [f64; 3] {
    vectorised(
        #[inline(always)]
        || {
            let mut sums = [LaneSum::new(), LaneSum::new(), LaneSum::new()];
            let strips = gradient
                .chunks_mut(LaneSum::<T>::FLUSH)
                .zip(current.chunks(LaneSum::<T>::FLUSH))
                .zip(previous.chunks(LaneSum::<T>::FLUSH));
            for ((g, w), wp) in strips {
                for ((g, w), wp) in g.iter_mut().zip(w).zip(wp) {
                    *g = rho * *g + ridge * (*w + p * (*w - *wp));
                }
                sums[0].add([w, wp], |[w, wp]| (w - wp) * (w - wp));
                sums[1].add([w, wp, g], |[w, wp, g]| (w - wp) * g);
                sums[2].add([g], |[g]| g * g);
            }
            sums.map(LaneSum::finish)
        },
    )
}

/// direction ← soft(W̃ − step G, threshold) − Ŵ; returns ‖W_new‖₁ of the candidate after the third inertia.
///
/// `weights` are [current, previous, gradient], `p` the three inertias.
pub(crate) fn proximal_direction<T: Real>(
    direction: &mut [T],
    [current, previous, gradient]: [&[T]; 3],
    p: [f64; 3],
    step: f64,
    threshold: f64,
) -> f64 {
    let [p1, p2, p3] = p.map(T::from_f64);
    let (step, threshold) = (T::from_f64(step), T::from_f64(threshold));
    let mut norm = 0.0;
    let columns = direction
        .iter_mut()
        .zip(current)
        .zip(previous)
        .zip(gradient);
    for (((d, w), wp), g) in columns {
        let delta = *w - *wp;
        let moved = *w + p1 * delta - step * *g;
        let bar = moved.signum() * (moved.abs() - threshold).max(T::zero());
        *d = bar - (*w + p2 * delta);
        norm += (bar + p3 * (bar - *w)).abs().to_f64();
    }
    norm
}

/// out ← out + c x. 2 flops an entry.
pub(crate) fn add_scaled<T: Real>(out: &mut [T], x: &[T], c: T) {
    vectorised(
        #[inline(always)]
        || {
            for (out, x) in out.iter_mut().zip(x) {
                *out += c * *x;
            }
        },
    );
}

/// out ← x − y.
pub(crate) fn subtract<T: Real>(out: &mut [T], x: &[T], y: &[T]) {
    vectorised(
        #[inline(always)]
        || {
            for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
                *out = *x - *y;
            }
        },
    );
}

/// [⟨Δ S, Δ⟩, ⟨Δ S, E⟩, ⟨E S, E⟩] from W, W_previous, E and the images Δ S, E S. 7 flops an entry.
pub(crate) fn gram_terms<T: Real>(
    [current, previous, direction]: [&[T]; 3],
    [delta_image, image]: [&[T]; 2],
) -> [f64; 3] {
    const N: usize = LaneSum::<f64>::FLUSH;
    vectorised(
        #[inline(always)]
        || {
            let mut sums = [LaneSum::new(), LaneSum::new(), LaneSum::new()];
            let strips = current
                .chunks(N)
                .zip(previous.chunks(N))
                .zip(direction.chunks(N))
                .zip(delta_image.chunks(N))
                .zip(image.chunks(N));
            for ((((w, wp), e), ds), es) in strips {
                sums[0].add([w, wp, ds], |[w, wp, ds]| (w - wp) * ds);
                sums[1].add([ds, e], |[ds, e]| ds * e);
                sums[2].add([es, e], |[es, e]| es * e);
            }
            sums.map(LaneSum::finish)
        },
    )
}

/// With Δ the difference of the first two of three, E the third, and P the start's product:
/// [⟨P, Δ⟩, ⟨P, E⟩, ⟨Δ', Δ⟩, ⟨Δ', E⟩, ⟨E', E⟩], unprimed of `samples`, primed of `products`. 14 flops an entry.
pub(crate) fn dual_terms<T: Real>(
    start: &[T],
    [current, previous, direction]: [&[T]; 3],
    [product, previous_product, direction_product]: [&[T]; 3],
) -> [f64; 5] {
    const N: usize = LaneSum::<f64>::FLUSH;
    vectorised(
        #[inline(always)]
        || {
            let mut sums: [LaneSum<T>; 5] = std::array::from_fn(|_| LaneSum::new());
            let samples = current
                .chunks(N)
                .zip(previous.chunks(N))
                .zip(direction.chunks(N));
            let products = product
                .chunks(N)
                .zip(previous_product.chunks(N))
                .zip(direction_product.chunks(N));
            let strips = start.chunks(N).zip(samples).zip(products);
            for ((s, ((c, cp), e)), ((m, mp), em)) in strips {
                sums[0].add([s, c, cp], |[s, c, cp]| s * (c - cp));
                sums[1].add([s, e], |[s, e]| s * e);
                sums[2].add([m, mp, c, cp], |[m, mp, c, cp]| (m - mp) * (c - cp));
                sums[3].add([m, mp, e], |[m, mp, e]| (m - mp) * e);
                sums[4].add([em, e], |[em, e]| em * e);
            }
            sums.map(LaneSum::finish)
        },
    )
}
