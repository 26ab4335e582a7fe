//! The scalar types `f32` and `f64`.

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// `f32` or `f64`. Coefficients and step sizes are `f64` everywhere and rounded once, on entry to a slice operation.
///
/// ```
/// use tiam_core::Float;
/// assert_eq!(f32::from_f64(0.1), 0.1f32);
/// ```
pub trait Float:
    num_traits::Float + core::fmt::Debug + Send + Sync + 'static + sealed::Sealed
{
    /// The nearest value of this type.
    fn from_f64(value: f64) -> Self;
}

impl Float for f32 {
    fn from_f64(value: f64) -> Self {
        value as Self
    }
}

impl Float for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }
}
