//! Element-wise loops compiled for the instruction set found at run time.

use pulp::{Arch, Simd, WithSimd};

struct Kernel<F>(F);

impl<R, F: FnMut() -> R> WithSimd for Kernel<F> {
    type Output = R;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> R {
        // Called as `FnMut`, a closure's body is inlined here; called as `FnOnce` it sits behind a shim that is
        // compiled for the baseline alone.
        let Self(mut kernel) = self;
        kernel()
    }
}

/// Runs `kernel` compiled for the widest instruction set of the machine. The closure must be marked `#[inline(always)]`, and so
/// must what it calls; then plain builds vectorise its loops for AVX2 or AVX-512 where there is one.
pub(crate) fn vectorised<R>(kernel: impl FnMut() -> R) -> R {
    Arch::new().dispatch(Kernel(kernel))
}
