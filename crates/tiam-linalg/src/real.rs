//! The scalar types: `f32` and `f64`.

use std::fmt::{Debug, Display};
use std::iter::Sum;

use num_traits::{Float, NumAssign};

use crate::elementary::Elementary;

mod sealed {
    use crate::loss::{AnyLoss, Loss};

    /// The products' requirements of a scalar; implemented for `f32` and `f64` only.
    pub trait Backend: faer::traits::RealField + Copy {
        /// The loss of this precision.
        fn loss<'a>(loss: &'a (dyn AnyLoss + 'a)) -> &'a (dyn Loss<Self> + 'a)
        where
            Self: super::Real;
    }
    macro_rules! backend {
        ($($t:ident)*) => {$(
            impl Backend for $t {
                fn loss<'a>(loss: &'a (dyn AnyLoss + 'a)) -> &'a (dyn Loss<Self> + 'a) {
                    loss
                }
            }
        )*};
    }
    backend!(f32 f64);
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

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "these numbers are exact")]

    use super::*;

    #[test]
    fn a_scalar_type_has_its_name_its_spacing_and_rounds_to_nearest() {
        assert_eq!((f32::NAME, f64::NAME), ("f32", "f64"));
        assert_eq!((1.0 + f32::EPS).to_f64(), 1.0 + (-23.0_f64).exp2());
        assert_eq!((1.0 + f64::EPS).to_f64(), 1.0 + (-52.0_f64).exp2());
        // Half a spacing goes to the even neighbour, a little more up; too much is infinite.
        let spacing = (-23.0_f64).exp2();
        assert_eq!(f32::from_f64(1.0 + 0.5 * spacing), 1.0);
        assert_eq!(f32::from_f64(1.0 + 0.51 * spacing), 1.0 + f32::EPS);
        assert_eq!(f32::from_f64(1e40), f32::INFINITY);
        assert_eq!(f64::from_f64(0.1), 0.1);
        assert_eq!(0.1_f32.to_f64(), f64::from(0.1_f32));
        assert!(f32::from_f64(f64::NAN).is_nan());
    }
}
