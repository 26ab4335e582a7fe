//! Exact solver of the scalar problem in the hidden layers of the splitting methods.

use tiam_linalg::elementary::Elementary;
use tiam_linalg::monotone::{Elu, Identity, LEAKY_SLOPE, LeakyRelu, Relu};
use tiam_linalg::{Monotone, Real};

/// Bisections and Newton steps after which a root is as exact as double precision has it.
const MAX_STEPS: usize = 80;

/// argmin_u s (a − h(u))² + (u − c)², the global minimiser; of two equal minima the one with u ≥ 0.
///
/// ReLU as the methods' papers have it; the others are ours: leaky ReLU by the same comparison of its two pieces, ELU by
/// comparing the closed form on u ≥ 0 with the stationary points on u < 0, found by safeguarded Newton steps.
pub(crate) trait Entry: Monotone {
    /// The minimiser for s > 0.
    fn minimise<T: Real>(self, a: T, c: T, s: T) -> T;
}

/// The better of `low` (u < 0) and `high` (u ≥ 0).
#[inline(always)]
fn better<T: Real>(h: impl Monotone, [low, high]: [T; 2], a: T, c: T, s: T) -> T {
    let value = |u: T| {
        let (distance, change) = (a - h.apply(u), u - c);
        s * distance * distance + change * change
    };
    if value(low) < value(high) { low } else { high }
}

#[inline(always)]
fn smaller<T: Real>(a: T, b: T) -> T {
    if a < b { a } else { b }
}

/// The minimiser on u ≥ 0, where h(u) = u for every activation.
#[inline(always)]
fn on_linear_part<T: Real>(a: T, c: T, s: T) -> T {
    let u = (s * a + c) / (s + T::one());
    if u < T::zero() { T::zero() } else { u }
}

impl Entry for Relu {
    #[inline(always)]
    fn minimise<T: Real>(self, a: T, c: T, s: T) -> T {
        let low = smaller(c, T::zero());
        better(self, [low, on_linear_part(a, c, s)], a, c, s)
    }
}

impl Entry for LeakyRelu {
    #[inline(always)]
    fn minimise<T: Real>(self, a: T, c: T, s: T) -> T {
        let k = T::from_f64(LEAKY_SLOPE);
        let low = smaller((s * k * a + c) / (s * k * k + T::one()), T::zero());
        better(self, [low, on_linear_part(a, c, s)], a, c, s)
    }
}

impl Entry for Identity {
    #[inline(always)]
    fn minimise<T: Real>(self, a: T, c: T, s: T) -> T {
        (s * a + c) / (s + T::one())
    }
}

impl Entry for Elu {
    #[inline(always)]
    fn minimise<T: Real>(self, a: T, c: T, s: T) -> T {
        T::from_f64(minimise_elu(a.to_f64(), c.to_f64(), s.to_f64()))
    }
}

/// In double precision. With x = e^u and w = a + 1, the derivative on u < 0 is 2 (u − c − s x (w − x)); its own slope,
/// 2 (1 − s w x + 2 s x²), is negative only between the roots of that quadratic in x, so that each of the two outer ranges holds at most
/// one minimum.
fn minimise_elu(a: f64, c: f64, s: f64) -> f64 {
    if !(a.is_finite() && c.is_finite()) {
        return f64::NAN;
    }
    let w = a + 1.0;
    let mut best = on_linear_part(a, c, s);
    // Below this the derivative is negative: s x (w − x) is concave in x, so least at x = 0 or x = 1.
    let lowest = c.min(0.0) + s * (w - 1.0).min(0.0) - 1.0;
    let discriminant = w * w - 8.0 / s;
    // The second range is empty where the derivative rises throughout.
    let mut ranges = [(lowest, 0.0), (0.0, 0.0)];
    if w > 0.0 && discriminant > 0.0 {
        // The smaller root by the larger, so that nothing cancels: their product is 1/(2s).
        let larger = 0.25 * (w + discriminant.sqrt());
        let smaller = 0.5 / (s * larger);
        ranges[0].1 = smaller.ln().min(0.0);
        ranges[1].0 = larger.ln().clamp(lowest, 0.0);
    }
    for (low, high) in ranges {
        if low < high {
            let u = root(low, high, c, s, w);
            best = better(Elu, [u, best], a, c, s);
        }
    }
    best
}

/// The zero of u − c − s e^u (w − e^u), which does not decrease on [low, high]; the nearer end where it has none.
fn root(mut low: f64, mut high: f64, c: f64, s: f64, w: f64) -> f64 {
    let derivative = |u: f64, x: f64| u - c - s * x * (w - x);
    // Steps toward an end without a zero would halve the rest again and again.
    for (end, beyond) in [(high, -1.0), (low, 1.0)] {
        if beyond * derivative(end, end.fast_exp()) >= 0.0 {
            return end;
        }
    }
    let mut u = c.clamp(low, high);
    for _ in 0..MAX_STEPS {
        let x = u.fast_exp();
        let value = derivative(u, x);
        if value > 0.0 {
            high = u;
        } else {
            low = u;
        }
        let slope = 1.0 - s * x * (w - 2.0 * x);
        let newton = u - value / slope;
        let next = if newton > low && newton < high {
            newton
        } else {
            0.5 * (low + high)
        };
        if (next - u).abs() <= f64::EPSILON * u.abs() {
            return next;
        }
        u = next;
    }
    u
}

/// `f` itself: a closure takes its attribute `#[inline(always)]`, without which a pass over entries need not be vectorised, only as an argument.
pub(crate) fn inlined<F>(f: F) -> F {
    f
}

#[cfg(test)]
#[path = "../../tests/unit/methods_entry.rs"]
mod tests;
