//! Cross-entropy and softmax.

use proptest::prelude::*;
use tiam_linalg::Real;
use tiam_linalg::prox::{LossSum, cross_entropy, softmax_in_place};

use super::twins::*;

fn naive_cross_entropy(z: &[f64], labels: &[u32], n_classes: usize) -> LossSum {
    let mut sum = LossSum::default();
    for (z, &label) in z.chunks(n_classes).zip(labels) {
        sum.loss += log_sum_exp(z) - z[label as usize];
        let max = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        sum.correct += usize::from(z.iter().position(|&z| z >= max) == Some(label as usize));
    }
    sum
}

proptest! {
    #[test]
    fn cross_entropy_and_softmax_equal_their_naive_twins(
        case in case(prop::sample::select(vec![1, 2, 10, 31, 128, 129, 300]), 70),
    ) {
        check_loss::<f64>(&case)?;
        check_loss::<f32>(&case)?;
    }
}

fn check_loss<T: Real>(case: &Case) -> Result<(), TestCaseError> {
    let Slab {
        center: z, labels, ..
    } = case.slab::<T>();
    let exact = wide(&z);
    let expected = naive_cross_entropy(&exact, &labels, case.n_classes);
    let sum = cross_entropy(&z, &labels, case.n_classes);
    let tolerance = 16.0 * T::EPS.to_f64() * case.n_samples as f64 * (1.0 + case.scale);
    prop_assert!(
        (sum.loss - expected.loss).abs() <= tolerance,
        "{:?} for {:?}",
        sum,
        expected
    );
    prop_assert_eq!(sum.correct, expected.correct);
    let mut p = z;
    softmax_in_place(&mut p, case.n_classes);
    for (p, z) in wide(&p)
        .chunks(case.n_classes)
        .zip(exact.chunks(case.n_classes))
    {
        let max = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for ((p, exact), z) in p.iter().zip(softmax(z)).zip(z) {
            // z − max is rounded: a relative error of eps |z − max| / 2 in e^(z − max).
            let tolerance = T::EPS.to_f64() * (16.0 + (z - max).abs()) * exact;
            prop_assert!(
                (p - exact).abs() <= tolerance + T::min_positive_value().to_f64(),
                "{} for {}",
                p,
                exact
            );
        }
    }
    Ok(())
}

#[test]
fn the_slope_of_the_loss_is_p_minus_y() {
    for n_classes in [10, 150] {
        let case = Case {
            n_classes,
            n_samples: 3,
            rho: 1.0,
            scale: 4.0,
            warm_scale: 0.0,
            seed: 9,
        };
        let Slab {
            center: mut z,
            labels,
            ..
        } = case.slab::<f64>();
        let mut p = z.clone();
        softmax_in_place(&mut p, n_classes);
        let h = 1e-5;
        for i in 0..z.len() {
            let at = z[i];
            let mut loss = |x: f64| {
                z[i] = x;
                cross_entropy(&z, &labels, n_classes).loss
            };
            let slope = (loss(at + h) - loss(at - h)) / (2.0 * h);
            loss(at);
            let y = if labels[i / n_classes] as usize == i % n_classes {
                1.0
            } else {
                0.0
            };
            // h² / 6 of the third derivative, and the rounding of a loss of about 20 over h.
            assert!(
                (slope - (p[i] - y)).abs() <= 2e-9,
                "{slope} for {}",
                p[i] - y
            );
        }
    }
}

#[test]
fn small_losses_keep_their_digits() {
    for n_classes in [2, 200] {
        let mut z = vec![-1e3_f64; n_classes];
        (z[0], z[1]) = (5.0, -45.0);
        let loss = cross_entropy(&z, &[0], n_classes).loss;
        let exact = (-50.0_f64).exp();
        assert!(
            (loss - exact).abs() <= 4.0 * f64::EPSILON * exact,
            "{loss:e}"
        );
    }
}

#[test]
fn loss_of_extreme_logits() {
    for n_classes in [3, 200] {
        let z = |first: f64, rest: f64| {
            let mut z = vec![rest; n_classes];
            z[0] = first;
            z
        };
        let loss = |z: &[f64], label| cross_entropy(z, &[label], n_classes);
        assert!((loss(&z(1e3, -1e3), 1).loss - 2e3).abs() <= 1e-12);
        // An impossible class that is not the label costs nothing; as the label, everything.
        assert!(loss(&z(0.0, f64::NEG_INFINITY), 0).loss.abs() < f64::MIN_POSITIVE);
        assert!(loss(&z(0.0, f64::NEG_INFINITY), 1).loss.is_infinite());
        for bad in [f64::NAN, f64::INFINITY] {
            for label in [0, 1] {
                let sum = loss(&z(bad, 0.0), label);
                assert!(
                    sum.loss.is_nan() && sum.correct == 0,
                    "{bad} {label} {sum:?}"
                );
            }
        }
        let sum = loss(&vec![f64::NAN; n_classes], 0);
        assert!(sum.loss.is_nan() && sum.correct == 0);
        // Ties: the first counts.
        let all_equal = vec![1.0; n_classes];
        assert_eq!(
            (loss(&all_equal, 0).correct, loss(&all_equal, 1).correct),
            (1, 0)
        );
    }
}
