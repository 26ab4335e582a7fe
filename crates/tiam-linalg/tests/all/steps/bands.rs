//! Activations, their slopes and inverse images at the points where the formula changes.

use tiam_core::Scalar;
use tiam_linalg::Activation::{self, Elu, Identity, LeakyRelu, Relu};
use tiam_linalg::{Compute, Matrix};
use tiam_linalg::{Monotone, band_violation};

const INFINITY: f64 = f64::INFINITY;

/// h at points around its kink, with the slope there; exact.
fn assert_values(h: Activation, cases: &[(f64, f64, f64)]) {
    for &(z, value, slope) in cases {
        assert!((h.apply(z) - value).abs() <= 0.0, "h({z})");
        assert!((h.derivative(z) - slope).abs() <= 0.0, "h'({z})");
        let narrow = f32::from_f64(z);
        assert!((h.apply(narrow) - f32::from_f64(value)).abs() <= 1e-8);
    }
}

/// The smallest z with h(z) ≥ bound and the largest with h(z) ≤ bound; exact.
fn assert_preimages(h: Activation, cases: &[(f64, f64, f64)]) {
    for &(bound, low, high) in cases {
        // Compared as bits for the infinite ones; adding 0 makes −0 a 0.
        assert_eq!(
            (h.preimage_low(bound) + 0.0).to_bits(),
            low.to_bits(),
            "{bound}"
        );
        assert_eq!(
            (h.preimage_high(bound) + 0.0).to_bits(),
            high.to_bits(),
            "{bound}"
        );
    }
}

#[test]
fn activations_and_slopes_at_and_around_the_kink() {
    assert_values(Relu, &[(-2.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.5, 0.5, 1.0)]);
    let leaky = [(-2.0, -0.02, 0.01), (0.0, 0.0, 0.01), (0.5, 0.5, 1.0)];
    assert_values(LeakyRelu, &leaky);
    assert_values(Elu, &[(0.0, 0.0, 1.0), (0.5, 0.5, 1.0), (3.0, 3.0, 1.0)]);
    assert_values(
        Identity,
        &[(-2.0, -2.0, 1.0), (0.0, 0.0, 1.0), (0.5, 0.5, 1.0)],
    );
    for z in [-0.25, -1.0, -4.0_f64] {
        assert!((Elu.apply(z) - z.exp_m1()).abs() < 1e-15);
        assert!((Elu.derivative(z) - z.exp()).abs() < 1e-15);
    }
}

#[test]
fn inverse_images_of_bounds_at_and_around_the_ends_of_the_range() {
    // Relu is 0 on all of (−∞, 0].
    assert_preimages(Relu, &[(0.5, 0.5, 0.5), (0.0, -INFINITY, 0.0)]);
    assert_eq!(Relu.preimage_low(-1.0_f64).to_bits(), (-INFINITY).to_bits());
    let leaky = [(0.5, 0.5, 0.5), (0.0, 0.0, 0.0), (-0.5, -50.0, -50.0)];
    assert_preimages(LeakyRelu, &leaky);
    assert_preimages(Identity, &[(0.5, 0.5, 0.5), (-3.0, -3.0, -3.0)]);
    assert_preimages(Elu, &[(0.5, 0.5, 0.5), (0.0, 0.0, 0.0)]);
    for bound in [-0.25, -0.5, -0.999_f64] {
        assert!((Elu.preimage_low(bound) - bound.ln_1p()).abs() < 1e-13);
        assert!((Elu.preimage_high(bound) - bound.ln_1p()).abs() < 1e-13);
    }
    // −1 is the end of Elu's range: every z is above it; the largest below is taken at the bound nearest to it.
    for bound in [-1.0, -1.5_f64] {
        assert_eq!(Elu.preimage_low(bound).to_bits(), (-INFINITY).to_bits());
        assert!((Elu.preimage_high(bound) - f64::EPSILON.ln()).abs() < 1e-12);
    }
    let single = Elu.preimage_high(-1.0_f32);
    assert!((single - f32::EPSILON.ln()).abs() < 1e-5);
}

/// The farthest entry may be anywhere, on either side of h(z), in the first samples or the last.
#[test]
fn the_violation_is_the_largest_distance_wherever_it_is() {
    let (n, n_samples) = (5, 400_000);
    let z = Matrix::from_fn(n, n_samples, |i, j| ((i + 3 * j) % 7) as f32 - 3.0);
    let within = Matrix::from_fn(n, n_samples, |i, j| Relu.apply(z[(i, j)]) + 0.25);
    for threads in [1, 2, 3] {
        let mut compute = Compute::new(threads).unwrap();
        for (at, moved) in [
            ((0, 0), 4.0),
            ((4, n_samples - 1), -4.0),
            ((2, n_samples / 2), 4.0),
        ] {
            let mut a = within.clone();
            a[at] = Relu.apply(z[at]) + moved;
            let found = band_violation(&a, &z, Relu, &mut compute);
            assert!((found - 4.0).abs() < 1e-6, "{threads} {at:?} {found}");
        }
        let found = band_violation(&within, &z, Relu, &mut compute);
        assert!((found - 0.25).abs() < 1e-6);
    }
    let empty = Matrix::<f32>::zeros(3, 0);
    let found = band_violation(&empty, &empty, Relu, &mut Compute::new(2).unwrap());
    assert!(found.abs() <= 0.0);
}
