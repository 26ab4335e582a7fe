//! The three inertia coefficients, and the operations on slices that apply them.

use serde::{Deserialize, Serialize};

use crate::error::check_unit;
use crate::{CoreError, Scalar};

/// The coefficients (p1, p2, p3) of a triple-inertial step (paper).
///
/// | field | symbol | range | meaning | source |
/// |---|---|---|---|---|
/// | `start` | p1 | [0, 1] | ũ = uᵏ + p1 (uᵏ − uᵏ⁻¹), where the step starts | paper |
/// | `gradient` | p2 | [0, 1] | û = uᵏ + p2 (uᵏ − uᵏ⁻¹), where the gradient is taken | paper |
/// | `correction` | p3 | [0, 1] | uᵏ⁺¹ = ū + p3 (ū − uᵏ), the correction beyond the step ū | paper |
///
/// On a single block's quadratic with p1 = p2, p3 < 1, no guard and step size 1/θ, θ ≥ λ, the direction of curvature λ follows
/// a two-term recurrence whose roots have the sum (1 + p3)(1 + p1)(1 − λ/θ) − p3 and the product (1 + p3) p1 (1 − λ/θ). It
/// is stable exactly while the product is below 1 (ours), for which (1 + p3) p1 < 1 suffices: (.7, .7, .3) is stable,
/// (.9, .9, .3) is not where a direction has λ/θ < 0.145.
///
/// Deserialising checks the ranges and rejects unknown fields.
///
/// ```
/// use tiam_core::Inertia;
/// let inertia = Inertia::new(0.9, 0.9, 0.3)?;
/// assert_eq!(inertia.scaled(0.5).start, 0.45);
/// assert!(Inertia::new(f64::NAN, 0.0, 0.0).is_err());
/// # Ok::<(), tiam_core::CoreError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawInertia")]
pub struct Inertia {
    /// p1: how far beyond uᵏ the step starts.
    pub start: f64,
    /// p2: how far beyond uᵏ the gradient is taken.
    pub gradient: f64,
    /// p3: how far the new value goes beyond the step.
    pub correction: f64,
}

/// Coefficients as read from a file, before the ranges are checked.
#[derive(Deserialize)]
#[serde(rename = "Inertia", deny_unknown_fields)]
struct RawInertia {
    start: f64,
    gradient: f64,
    correction: f64,
}

impl TryFrom<RawInertia> for Inertia {
    type Error = CoreError;

    fn try_from(raw: RawInertia) -> Result<Self, CoreError> {
        Self::new(raw.start, raw.gradient, raw.correction)
    }
}

impl Inertia {
    /// p = (0, 0, 0): plain alternating minimisation.
    pub const NONE: Self = Self {
        start: 0.0,
        gradient: 0.0,
        correction: 0.0,
    };

    /// The three coefficients p1, p2, p3.
    ///
    /// # Errors
    /// [`CoreError::Parameter`] if one is not a number in [0, 1].
    pub fn new(start: f64, gradient: f64, correction: f64) -> Result<Self, CoreError> {
        let inertia = Self {
            start,
            gradient,
            correction,
        };
        inertia.check()?;
        Ok(inertia)
    }

    /// p1 = p2 = `p`, p3 = 0: Nesterov's accelerated scheme.
    ///
    /// # Errors
    /// As [`Inertia::new`].
    ///
    /// ```
    /// use tiam_core::Inertia;
    /// assert_eq!(Inertia::nesterov(0.8)?, Inertia::new(0.8, 0.8, 0.0)?);
    /// # Ok::<(), tiam_core::CoreError>(())
    /// ```
    pub fn nesterov(p: f64) -> Result<Self, CoreError> {
        Self::new(p, p, 0.0)
    }

    /// p1 = `p`, p2 = p3 = 0: Polyak's heavy ball.
    ///
    /// # Errors
    /// As [`Inertia::new`].
    ///
    /// ```
    /// use tiam_core::Inertia;
    /// assert_eq!(Inertia::heavy_ball(0.8)?, Inertia::new(0.8, 0.0, 0.0)?);
    /// # Ok::<(), tiam_core::CoreError>(())
    /// ```
    pub fn heavy_ball(p: f64) -> Result<Self, CoreError> {
        Self::new(p, 0.0, 0.0)
    }

    /// All three times `factor`. A factor in [0, 1] keeps them in range; for others call [`Inertia::check`].
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self {
            start: self.start * factor,
            gradient: self.gradient * factor,
            correction: self.correction * factor,
        }
    }

    /// Whether all three are zero.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// Whether the previous value plays no part in the step: p1 = p2 = 0.
    #[must_use]
    pub fn ignores_previous(self) -> bool {
        self.start == 0.0 && self.gradient == 0.0
    }

    /// Checks the ranges, for values built field by field.
    ///
    /// # Errors
    /// [`CoreError::Parameter`] if one is not a number in [0, 1].
    pub fn check(self) -> Result<(), CoreError> {
        check_unit("start", self.start)?;
        check_unit("gradient", self.gradient)?;
        check_unit("correction", self.correction)
    }
}

/// out = current + p (current − previous), entry by entry: the first and the second inertia. p = 0 copies `current` bit
/// for bit.
///
/// 3 flops an entry.
///
/// # Panics
/// If the three lengths differ.
///
/// ```
/// let mut out = [0.0; 2];
/// tiam_core::extrapolate(&mut out, &[3.0, 4.0], &[1.0, 4.0], 0.5);
/// assert_eq!(out, [4.0, 4.0]);
/// ```
pub fn extrapolate<T: Scalar>(out: &mut [T], current: &[T], previous: &[T], p: f64) {
    assert_eq!(
        out.len(),
        current.len(),
        "extrapolate: out and current differ in length"
    );
    assert_eq!(
        current.len(),
        previous.len(),
        "extrapolate: current and previous differ in length"
    );
    if p == 0.0 {
        out.copy_from_slice(current);
        return;
    }
    let p = T::from_f64(p);
    for ((out, &current), &previous) in out.iter_mut().zip(current).zip(previous) {
        *out = current + p * (current - previous);
    }
}

/// candidate = candidate + p3 (candidate − current), entry by entry: the third inertia. p3 = 0 changes nothing.
///
/// 3 flops an entry.
///
/// # Panics
/// If the two lengths differ.
///
/// ```
/// let mut candidate = [3.0f32];
/// tiam_core::correct(&mut candidate, &[1.0], 0.25);
/// assert_eq!(candidate, [3.5]);
/// ```
pub fn correct<T: Scalar>(candidate: &mut [T], current: &[T], p3: f64) {
    assert_eq!(
        candidate.len(),
        current.len(),
        "correct: candidate and current differ in length"
    );
    if p3 == 0.0 {
        return;
    }
    let p3 = T::from_f64(p3);
    for (candidate, &current) in candidate.iter_mut().zip(current) {
        *candidate += p3 * (*candidate - current);
    }
}
