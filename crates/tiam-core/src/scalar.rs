//! The scalar types `f32` and `f64`.

use std::fmt::{Debug, Display};
use std::iter::Sum;

use num_traits::{Float, NumAssign};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// `f32` or `f64`. Coefficients and step sizes are `f64` everywhere and rounded once, on entry to a slice operation.
///
/// ```
/// use tiam_core::Scalar;
/// assert_eq!(f32::from_f64(0.1), 0.1f32);
/// assert_eq!(0.5f32.to_f64(), 0.5);
/// assert_eq!((f32::NAME, f64::EPS), ("f32", f64::EPSILON));
/// ```
pub trait Scalar:
    Float + NumAssign + Sum + Default + Debug + Display + Send + Sync + 'static + sealed::Sealed
{
    /// Distance from 1 to the next larger value.
    const EPS: Self;
    /// `"f32"` or `"f64"`.
    const NAME: &'static str;

    /// The nearest value of this type.
    fn from_f64(value: f64) -> Self;

    /// The same value as `f64`.
    fn to_f64(self) -> f64;
}

macro_rules! scalar {
    ($($type:ident),*) => {$(
        impl Scalar for $type {
            const EPS: Self = Self::EPSILON;
            const NAME: &'static str = stringify!($type);

            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as Self
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                self.into()
            }
        }
    )*};
}

scalar!(f32, f64);
