#![allow(clippy::float_cmp, reason = "these numbers are exact")]

use super::*;

/// Σ xᵢ yᵢ of small whole numbers, which are summed without rounding in any order.
#[test]
fn the_inner_product_of_whole_numbers_is_exact_at_every_length() {
    let x: Vec<f32> = (0..5000_u16).map(|i| f32::from(i % 7) - 3.0).collect();
    let y: Vec<f32> = (0..5000_u16).map(|i| f32::from(i % 5) + 1.0).collect();
    let mut exact = 0_i64;
    for n in 0..5000 {
        // Around vectors, streams of them, and flushes; every length up to a few streams.
        if n < 300 || n % LANES < 2 && n % 48 < 2 || n.abs_diff(2048) < 70 {
            let (x, y) = (&x[..n], &y[..n]);
            let wide: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
            assert_eq!(dot(x, y), exact as f64, "{n}");
            assert_eq!(dot(&wide, &wide), wide.iter().map(|x| x * x).sum::<f64>());
        }
        exact += (x[n] * y[n]) as i64;
    }
}

/// Equal entries' rounding errors all point the same way: without flushes a lane's sum of 2^15 entries would be off by some
/// 1e-4 of itself.
#[test]
fn long_sums_in_single_precision_keep_a_few_ulp() {
    let n = 1 << 20;
    let x = vec![0.1_f32; n];
    let exact = n as f64 * f64::from(0.1_f32);
    let tolerance = 32.0 * f64::from(f32::EPSILON) * exact;
    let mut in_pieces = LaneSum::new();
    for piece in x.chunks(100) {
        in_pieces.add([piece], |[x]| x);
    }
    assert!((in_pieces.finish() - exact).abs() <= tolerance);
    let one = vec![1.0_f32; n];
    assert!((dot(&x, &one) - exact).abs() <= tolerance);
}

#[test]
fn one_entry_that_is_not_finite_is_enough() {
    for n in [0, 1, 2, 3, 16, 100] {
        let mut x = vec![1.5_f32; n];
        assert!(all_finite(&x), "{n}");
        for i in [0, n / 2, n.saturating_sub(1)] {
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                if let Some(entry) = x.get_mut(i) {
                    let kept = std::mem::replace(entry, bad);
                    assert!(!all_finite(&x), "{bad} at {i} of {n}");
                    x[i] = kept;
                }
            }
        }
        x.fill(f32::NAN);
        assert_eq!(all_finite(&x), n == 0);
    }
}
