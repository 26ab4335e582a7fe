//! The activations as types, and the inverse image of a band.

use crate::real::Real;

/// A continuous non-decreasing activation with h(0) = 0 whose inverse image of an interval is an interval.
///
/// ```
/// use tiam_linalg::Monotone;
/// use tiam_linalg::monotone::{LeakyRelu, Relu};
/// assert_eq!(Relu.apply(-3.0_f64), 0.0);
/// assert_eq!(Relu.preimage_low(-0.5_f64), f64::NEG_INFINITY);
/// assert_eq!(LeakyRelu.preimage_low(-0.5_f64), -50.0);
/// ```
pub trait Monotone: Copy + Send + Sync {
    /// h(z).
    fn apply<T: Real>(self, z: T) -> T;
    /// h'(z); at a kink the slope from below (0 for [`Relu`], [`LEAKY_SLOPE`] for [`LeakyRelu`]).
    ///
    /// ```
    /// use tiam_linalg::Monotone;
    /// use tiam_linalg::monotone::{Elu, LeakyRelu, Relu};
    /// assert_eq!((Relu.derivative(0.0_f64), Relu.derivative(2.0_f64)), (0.0, 1.0));
    /// assert_eq!(LeakyRelu.derivative(0.0_f64), 0.01);
    /// assert!((Elu.derivative(-1.0_f64) - (-1.0_f64).exp()).abs() < 1e-15);
    /// ```
    fn derivative<T: Real>(self, z: T) -> T;
    /// The smallest z with h(z) ≥ `bound`; −∞ where every z has.
    fn preimage_low<T: Real>(self, bound: T) -> T;
    /// The largest z with h(z) ≤ `bound`.
    fn preimage_high<T: Real>(self, bound: T) -> T;
}

/// max(z, 0).
#[derive(Clone, Copy, Debug)]
pub struct Relu;

/// z for z ≥ 0, 0.01 z below.
#[derive(Clone, Copy, Debug)]
pub struct LeakyRelu;

/// z for z ≥ 0, e^z − 1 below (α = 1).
#[derive(Clone, Copy, Debug)]
pub struct Elu;

/// z.
#[derive(Clone, Copy, Debug)]
pub struct Identity;

/// Slope of [`LeakyRelu`] below 0.
pub const LEAKY_SLOPE: f64 = 0.01;

impl Monotone for Relu {
    #[inline(always)]
    fn apply<T: Real>(self, z: T) -> T {
        if z > T::zero() { z } else { T::zero() }
    }
    #[inline(always)]
    fn derivative<T: Real>(self, z: T) -> T {
        if z > T::zero() { T::one() } else { T::zero() }
    }
    #[inline(always)]
    fn preimage_low<T: Real>(self, bound: T) -> T {
        if bound > T::zero() {
            bound
        } else {
            T::neg_infinity()
        }
    }
    #[inline(always)]
    fn preimage_high<T: Real>(self, bound: T) -> T {
        bound
    }
}

impl Monotone for LeakyRelu {
    #[inline(always)]
    fn apply<T: Real>(self, z: T) -> T {
        if z > T::zero() {
            z
        } else {
            z * T::from_f64(LEAKY_SLOPE)
        }
    }
    #[inline(always)]
    fn derivative<T: Real>(self, z: T) -> T {
        if z > T::zero() {
            T::one()
        } else {
            T::from_f64(LEAKY_SLOPE)
        }
    }
    #[inline(always)]
    fn preimage_low<T: Real>(self, bound: T) -> T {
        if bound > T::zero() {
            bound
        } else {
            bound / T::from_f64(LEAKY_SLOPE)
        }
    }
    #[inline(always)]
    fn preimage_high<T: Real>(self, bound: T) -> T {
        self.preimage_low(bound)
    }
}

impl Monotone for Elu {
    #[inline(always)]
    fn apply<T: Real>(self, z: T) -> T {
        if z > T::zero() { z } else { z.fast_exp_m1() }
    }
    #[inline(always)]
    fn derivative<T: Real>(self, z: T) -> T {
        if z > T::zero() {
            T::one()
        } else {
            z.fast_exp()
        }
    }
    #[inline(always)]
    fn preimage_low<T: Real>(self, bound: T) -> T {
        if bound > T::zero() {
            bound
        } else if bound > -T::one() {
            bound.fast_ln_1p()
        } else {
            T::neg_infinity()
        }
    }
    #[inline(always)]
    fn preimage_high<T: Real>(self, bound: T) -> T {
        // At or below −1, the end of h's range, no z qualifies; the bound nearest to it that has a pre-image stands in:
        // the band's repair keeps a + ε above −1 but for rounding.
        self.preimage_low(bound.max(T::EPS - T::one()))
    }
}

impl Monotone for Identity {
    #[inline(always)]
    fn apply<T: Real>(self, z: T) -> T {
        z
    }
    #[inline(always)]
    fn derivative<T: Real>(self, _: T) -> T {
        T::one()
    }
    #[inline(always)]
    fn preimage_low<T: Real>(self, bound: T) -> T {
        bound
    }
    #[inline(always)]
    fn preimage_high<T: Real>(self, bound: T) -> T {
        bound
    }
}

/// The smallest and largest pre-activation whose activation lies within `epsilon` of `a`.
#[inline(always)]
pub(crate) fn preimage<T: Real>(h: impl Monotone, a: T, epsilon: T) -> (T, T) {
    (h.preimage_low(a - epsilon), h.preimage_high(a + epsilon))
}

/// z moved into [low, high]; where rounding has crossed the two, `high` wins.
#[inline(always)]
pub(crate) fn clamp<T: Real>(z: T, low: T, high: T) -> T {
    let raised = if z < low { low } else { z };
    if raised > high { high } else { raised }
}
