//! The scalar type of features and targets.

use std::{fmt, str::FromStr};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// The scalar type of features and regression targets: `f32` or `f64`, nothing else (sealed).
///
/// # Example
///
/// ```
/// use tiam_data::Real;
/// assert_eq!(f32::from_f64(0.5).to_f64(), 0.5);
/// ```
pub trait Real:
    sealed::Sealed + Copy + PartialOrd + Default + Send + Sync + fmt::Debug + FromStr + 'static
{
    /// Rounds a double to this type.
    fn from_f64(value: f64) -> Self;

    /// The same value as a double; exact.
    fn to_f64(self) -> f64;

    /// Whether the value is neither infinite nor NaN.
    fn is_finite(self) -> bool;
}

impl Real for f32 {
    fn from_f64(value: f64) -> Self {
        value as f32
    }

    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    fn is_finite(self) -> bool {
        self.is_finite()
    }
}

impl Real for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }

    fn to_f64(self) -> f64 {
        self
    }

    fn is_finite(self) -> bool {
        self.is_finite()
    }
}
