//! The scalar types: `f32` and `f64`.

use std::fmt::{Debug, Display};
use std::iter::Sum;

use num_traits::{Float, NumAssign};

use crate::elementary::Elementary;

mod sealed {
    /// What the products need of a scalar; implemented for the two types below and for no other.
    pub trait Backend: faer::traits::RealField + Copy {}
    impl Backend for f32 {}
    impl Backend for f64 {}
}

/// A real scalar: `f32` or `f64`. Sealed.
///
/// ```
/// use tiam_linalg::Real;
/// assert!((f32::from_f64(0.5).to_f64() - 0.5).abs() < f64::EPSILON);
/// ```
pub trait Real:
    sealed::Backend
    + Elementary
    + Float
    + NumAssign
    + Sum
    + Default
    + Debug
    + Display
    + Send
    + Sync
    + 'static
{
    /// Distance from 1 to the next larger value.
    const EPS: Self;
    /// Name as users write it: `f32` or `f64`.
    const NAME: &'static str;
    /// Nearest value of this type.
    fn from_f64(x: f64) -> Self;
    /// The same value in double precision (exact).
    fn to_f64(self) -> f64;
}

macro_rules! real {
    ($t:ident) => {
        impl Real for $t {
            const EPS: Self = $t::EPSILON;
            const NAME: &'static str = stringify!($t);
            #[inline(always)]
            #[allow(
                clippy::cast_possible_truncation,
                reason = "rounding is what is asked for"
            )]
            fn from_f64(x: f64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
        }
    };
}
real!(f32);
real!(f64);
