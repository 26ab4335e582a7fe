//! The scalar types of this crate's matrices: `f32` and `f64`.

use num_traits::{FromBytes, ToBytes};
use tiam_core::Scalar;

use crate::compute::Numbers;
use crate::elementary::Elementary;
use crate::engine::Engine;

/// A [`Scalar`] that matrix products, vectorised loops and files know: `f32` or `f64`. Sealed.
///
/// ```
/// use tiam_linalg::Real;
/// fn half<T: Real>() -> T {
///     T::from_f64(0.5)
/// }
/// assert_eq!((half::<f32>(), f64::EPSILON), (0.5, <f64 as tiam_core::Scalar>::EPS));
/// ```
pub trait Real:
    Scalar + Elementary + Engine + ToBytes + FromBytes<Bytes = <Self as ToBytes>::Bytes>
{
    /// The numbers, for other processes.
    fn numbers(values: &mut [Self]) -> Numbers<'_>;
}

impl Real for f32 {
    fn numbers(values: &mut [Self]) -> Numbers<'_> {
        Numbers::F32(values)
    }
}

impl Real for f64 {
    fn numbers(values: &mut [Self]) -> Numbers<'_> {
        Numbers::F64(values)
    }
}

#[cfg(test)]
#[path = "../tests/unit/real.rs"]
mod tests;
