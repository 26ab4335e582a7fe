//! The speed of this machine's matrix products, measured once a process.

use std::sync::OnceLock;
use std::time::Instant;

use crate::kernels::mix_tile;
use crate::matrix::Matrix;
use crate::product::tile_product;
use crate::real::Real;

/// Operations of one thread in a second, from which times are predicted.
///
/// ```
/// use tiam_linalg::ProductSpeed;
/// let speed = ProductSpeed::measured::<f32>();
/// assert!(speed.flops > 0.0 && speed.entries > 0.0);
/// assert_eq!(speed, ProductSpeed::measured::<f32>());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProductSpeed {
    /// Floating-point operations of a product.
    pub flops: f64,
    /// Entries read or written by an element-wise pass.
    pub entries: f64,
}

/// Sizes of the product, whose operands stay within a second-level cache.
const SIZES: [usize; 3] = [128, 256, 512];
/// Entries of each of the pass's three operands.
const PASS: usize = 1 << 16;
/// Repetitions, the fastest of which counts: the others were disturbed.
const REPETITIONS: usize = 5;

impl ProductSpeed {
    /// The speed in this scalar type, measured at the first call (some milliseconds) and kept for the process.
    pub fn measured<T: Real>() -> Self {
        T::product_speed()
    }

    pub(crate) fn measured_generic<T: Real>() -> Self {
        static SINGLE: OnceLock<ProductSpeed> = OnceLock::new();
        static DOUBLE: OnceLock<ProductSpeed> = OnceLock::new();
        let kept = if size_of::<T>() == size_of::<f32>() {
            &SINGLE
        } else {
            &DOUBLE
        };
        *kept.get_or_init(measure::<T>)
    }
}

#[allow(clippy::cast_precision_loss, reason = "small constants")]
fn measure<T: Real>() -> ProductSpeed {
    let [m, k, n] = SIZES;
    let filled = |rows, cols| Matrix::from_fn(rows, cols, |_, _| T::one());
    let (left, right, mut out) = (filled(m, k), filled(k, n), Matrix::zeros(m, n));
    let product = fastest(|| tile_product(out.as_mut_slice(), left.view(), right.as_slice()));
    let (current, direction, mut previous) = (filled(PASS, 1), filled(PASS, 1), filled(PASS, 1));
    let half = T::from_f64(0.5);
    let pass = fastest(|| {
        let (current, direction) = (current.as_slice(), direction.as_slice());
        mix_tile(previous.as_mut_slice(), current, direction, half, half);
    });
    ProductSpeed {
        flops: (2 * m * k * n) as f64 / product,
        entries: (4 * PASS) as f64 / pass,
    }
}

/// Seconds of the fastest of some calls, after one that does not count.
fn fastest(mut work: impl FnMut()) -> f64 {
    work();
    let mut best = f64::INFINITY;
    for _ in 0..REPETITIONS {
        let clock = Instant::now();
        work();
        best = best.min(clock.elapsed().as_secs_f64());
    }
    best.max(1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_of_several_calls_counts() {
        let (mut calls, clock) = (0, Instant::now());
        let seconds = fastest(|| {
            calls += 1;
            std::thread::sleep(std::time::Duration::from_millis(1));
        });
        assert_eq!(calls, REPETITIONS + 1);
        assert!(
            seconds >= 1e-3,
            "a call sleeps that long, however busy the machine"
        );
        let all = clock.elapsed().as_secs_f64();
        assert!(f64::from(calls as u32) * seconds <= all);
    }

    /// Exact whatever the machine does meanwhile: what was timed cannot have taken longer than all of it.
    #[test]
    fn the_speeds_account_for_no_more_time_than_went_by() {
        let clock = Instant::now();
        let speed = measure::<f32>();
        let all = clock.elapsed().as_secs_f64();
        let [m, k, n] = SIZES;
        let product = (2 * m * k * n) as f64 / speed.flops;
        let pass = (4 * PASS) as f64 / speed.entries;
        assert!(product > 0.0 && product < f64::INFINITY);
        assert!(pass > 0.0 && pass < f64::INFINITY);
        assert!(REPETITIONS as f64 * (product + pass) <= all);
    }
}
