//! Proximal maps with closed forms.

use proptest::prelude::*;
use tiam_linalg::prox::{l1_norm, prox_squared, squared_loss};

fn vector(len: std::ops::Range<usize>) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-100.0..100.0_f64, len)
}

proptest! {
    #[test]
    fn prox_squared_is_stationary(x in vector(0..90), rho in -8.0..4.0_f64) {
        let rho = 10.0_f64.powf(rho);
        let target: Vec<f64> = x.iter().map(|x| 3.0 - x).collect();
        let mut z = vec![f64::NAN; x.len()];
        prox_squared(&mut z, &x, &target, rho);
        for ((z, c), t) in z.iter().zip(&x).zip(&target) {
            prop_assert!(((z - t) + rho * (z - c)).abs() <= 8.0 * f64::EPSILON * 103.0 * (1.0 + rho));
        }
    }

    #[test]
    fn sums_equal_their_naive_twins(x in vector(0..700)) {
        let target: Vec<f64> = x.iter().map(|x| 0.5 * x + 1.0).collect();
        let n = x.len() as f64 + 1.0;
        let squared: f64 = x.iter().zip(&target).map(|(x, t)| 0.5 * (x - t) * (x - t)).sum();
        prop_assert!((squared_loss(&x, &target) - squared).abs() <= n * f64::EPSILON * (squared + 1e-300));
        let l1: f64 = x.iter().map(|x| x.abs()).sum();
        prop_assert!((l1_norm(&x) - l1).abs() <= n * f64::EPSILON * (l1 + 1e-300));
        let narrow: Vec<f32> = x.iter().map(|&x| x as f32).collect();
        let l1: f64 = narrow.iter().map(|&x| f64::from(x.abs())).sum();
        // A sum of at most 32 terms a lane.
        prop_assert!((l1_norm(&narrow) - l1).abs() <= 16.0 * f64::from(f32::EPSILON) * (l1 + 1e-300));
    }
}

#[test]
fn nan_passes_through_the_closed_forms() {
    let nan = [f64::NAN, 1.0];
    assert!(l1_norm(&nan).is_nan() && squared_loss(&nan, &[0.0; 2]).is_nan());
}
