//! The proximal map of cross-entropy.

use proptest::prelude::*;
use tiam_linalg::Real;
use tiam_linalg::prox::{LossSum, ProxReport, cross_entropy, softmax_in_place};

use super::twins::*;

/// Checks z, the residual and the report of one case.
fn check<T: Real>(case: &Case) -> Result<(), TestCaseError> {
    let slab = case.slab::<T>();
    let rho = T::from_f64(case.rho);
    let (z, report) = solve(&slab, case.n_classes, rho);
    let (eps, rho) = (T::EPS.to_f64(), rho.to_f64());
    let (z, center) = (wide(&z), wide(&slab.center));
    let size = center.iter().fold(0.0_f64, |a, c| a.max(c.abs()));
    let z_tolerance = 16.0 * eps * (1.0 + size + (1.0 + 1.0 / rho).ln());
    let residual_tolerance = 16.0 * eps * (1.0 + (1.0 + rho) * size);
    let (mut loss, mut worst) = (0.0, 0.0_f64);
    let samples = z.chunks(case.n_classes).zip(center.chunks(case.n_classes));
    for ((z, c), &label) in samples.zip(&slab.labels) {
        let expected = reference_prox(c, label as usize, rho);
        for (z, expected) in z.iter().zip(&expected) {
            prop_assert!(
                (z - expected).abs() <= z_tolerance,
                "{} for {}, {:?}",
                z,
                expected,
                case
            );
        }
        let residual = reference_residual(z, c, label as usize, rho);
        prop_assert!(
            residual <= residual_tolerance,
            "residual {} of {:?}",
            residual,
            case
        );
        loss += log_sum_exp(z) - z[label as usize];
        worst = worst.max(residual);
    }
    prop_assert!(
        (report.max_residual - worst).abs() <= residual_tolerance,
        "{:?} {}",
        report,
        worst
    );
    let loss_tolerance = 16.0 * eps * (case.n_samples as f64) * (1.0 + size);
    prop_assert!(
        (report.loss_sum - loss).abs() <= loss_tolerance,
        "{:?} {}",
        report,
        loss
    );
    prop_assert!(report.max_newton_steps <= 35, "{:?}", report);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn prox_is_the_minimiser_f64(case in case(prop::sample::select(vec![1, 2, 3, 10]), 3)) {
        check::<f64>(&case)?;
    }

    #[test]
    fn prox_is_the_minimiser_f32(case in case(prop::sample::select(vec![1, 2, 3, 10]), 3)) {
        check::<f32>(&case)?;
    }

    #[test]
    fn a_sample_has_the_same_bits_in_any_slab(
        case in case(prop::sample::select(vec![1, 2, 10, 129]), 80),
        cut in 0.0..1.0_f64,
    ) {
        prop_assert!(cut_changes_nothing::<f32>(&case, cut));
        prop_assert!(cut_changes_nothing::<f64>(&case, cut));
    }

    #[test]
    fn the_start_does_not_change_the_minimiser(case in case(2..40_usize, 5)) {
        let slab = case.slab::<f64>();
        let (z, _) = solve(&slab, case.n_classes, case.rho);
        let from_center = Slab { warm: slab.center.clone(), center: slab.center, labels: slab.labels };
        let (other, _) = solve(&from_center, case.n_classes, case.rho);
        let tolerance = 32.0 * f64::EPSILON * (1.0 + case.scale + (1.0 + 1.0 / case.rho).ln());
        for (a, b) in z.iter().zip(&other) {
            prop_assert!((a - b).abs() <= tolerance, "{} and {}", a, b);
        }
    }
}

fn cut_changes_nothing<T: Real>(case: &Case, cut: f64) -> bool {
    let slab = case.slab::<T>();
    let rho = T::from_f64(case.rho);
    let (whole, report) = solve(&slab, case.n_classes, rho);
    let at = (cut * case.n_samples as f64) as usize;
    let part = |from: usize, to: usize| {
        let range = from * case.n_classes..to * case.n_classes;
        let part = Slab {
            center: slab.center[range.clone()].to_vec(),
            warm: slab.warm[range].to_vec(),
            labels: slab.labels[from..to].to_vec(),
        };
        solve(&part, case.n_classes, rho)
    };
    let ((mut left, left_report), (right, right_report)) = (part(0, at), part(at, case.n_samples));
    left.extend(right);
    let merged = left_report.merge(right_report);
    bits(&left) == bits(&whole)
        && merged.max_residual.to_bits() == report.max_residual.to_bits()
        && merged.max_newton_steps == report.max_newton_steps
        && (merged.loss_sum - report.loss_sum).abs() <= 1e-13 * report.loss_sum.abs()
}

#[test]
fn prox_is_the_minimiser_for_many_classes() {
    for n_classes in [31, 32, 33, 64, 128, 129, 160, 1000] {
        for (rho, scale) in [
            (1e-8, 1e3),
            (1e-3, 1.0),
            (0.1, 10.0),
            (1.0, 1e3),
            (1e4, 0.0),
        ] {
            let case = Case {
                n_classes,
                n_samples: 1,
                rho,
                scale,
                warm_scale: 100.0,
                seed: 5,
            };
            check::<f64>(&case).unwrap();
            check::<f32>(&case).unwrap();
        }
    }
}

#[test]
fn ten_thousand_classes_reach_the_residual() {
    for (rho, scale) in [
        (1e-8, 1e3),
        (1e-4, 0.0),
        (0.01, 10.0),
        (1.0, 100.0),
        (1e4, 1e3),
    ] {
        let case = Case {
            n_classes: 10_000,
            n_samples: 2,
            rho,
            scale,
            warm_scale: 1e3,
            seed: 6,
        };
        let (_, report) = solve(&case.slab::<f64>(), case.n_classes, rho);
        assert!(
            report.max_residual <= 16.0 * f64::EPSILON * (1.0 + (1.0 + rho) * scale),
            "{rho} {report:?}"
        );
        let (_, report) = solve(&case.slab::<f32>(), case.n_classes, rho as f32);
        let eps = f64::from(f32::EPSILON);
        assert!(
            report.max_residual <= 16.0 * eps * (1.0 + (1.0 + rho) * scale),
            "{rho} {report:?}"
        );
    }
}

/// Steps as long as the rounding of z are not worth another.
#[test]
fn large_logits_stop_at_roundings_noise() {
    let case = Case {
        n_classes: 10,
        n_samples: 200,
        rho: 0.1,
        scale: 3.0,
        warm_scale: 1.0,
        seed: 10,
    };
    let mut slab = case.slab::<f32>();
    // Neighbouring values are 0.03 apart here.
    slab.center.iter_mut().for_each(|c| *c += 3e5);
    let (warm, first) = solve(&slab, 10, 0.1);
    let (_, again) = solve(&Slab { warm, ..slab }, 10, 0.1);
    assert!(first.max_newton_steps <= 20, "{first:?}");
    assert!(again.max_newton_steps <= 2, "{again:?}");
}

#[test]
fn equal_centers_keep_the_other_classes_equal() {
    let slab = Slab {
        center: vec![2.5; 7],
        warm: vec![0.0; 7],
        labels: vec![3],
    };
    let (z, _) = solve(&slab, 7, 0.3_f64);
    let others: Vec<u64> = bits(&z)
        .into_iter()
        .enumerate()
        .filter(|&(j, _)| j != 3)
        .map(|(_, b)| b)
        .collect();
    assert!(others.windows(2).all(|w| w[0] == w[1]) && z[3] > z[0]);
}

#[test]
fn one_class_returns_the_center() {
    let slab = Slab {
        center: vec![3.25_f32, -7.5],
        warm: vec![1e6, -1e-6],
        labels: vec![0, 0],
    };
    let (z, report) = solve(&slab, 1, 0.01);
    assert!((z[0] - 3.25).abs() <= f32::EPSILON * 4.0 && (z[1] + 7.5).abs() <= f32::EPSILON * 8.0);
    assert!(report.loss_sum.abs() < f64::MIN_POSITIVE);
}

#[test]
fn started_at_the_minimiser_it_takes_one_step() {
    let case = Case {
        n_classes: 10,
        n_samples: 100,
        rho: 0.1,
        scale: 5.0,
        warm_scale: 0.0,
        seed: 7,
    };
    let slab = case.slab::<f64>();
    let (warm, _) = solve(&slab, 10, 0.1);
    let (_, report) = solve(&Slab { warm, ..slab }, 10, 0.1);
    assert_eq!(report.max_newton_steps, 1);
}

#[test]
fn an_empty_slab_is_fine() {
    let empty = Slab::<f32> {
        center: vec![],
        warm: vec![],
        labels: vec![],
    };
    assert_eq!(solve(&empty, 10, 1.0).1, ProxReport::default());
    assert_eq!(cross_entropy::<f64>(&[], &[], 10), LossSum::default());
    softmax_in_place::<f64>(&mut [], 3);
}

#[test]
fn values_that_are_not_finite_stay_in_their_sample() {
    for n_classes in [3, 200] {
        let case = Case {
            n_classes,
            n_samples: 40,
            rho: 0.1,
            scale: 3.0,
            warm_scale: 3.0,
            seed: 8,
        };
        let clean = case.slab::<f64>();
        let (expected, _) = solve(&clean, n_classes, 0.1);
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for in_center in [true, false] {
                let mut slab = case.slab::<f64>();
                let target = if in_center {
                    &mut slab.center
                } else {
                    &mut slab.warm
                };
                target[17 * n_classes + 1] = bad;
                let (z, report) = solve(&slab, n_classes, 0.1);
                assert!(
                    report.max_residual.is_nan() && report.loss_sum.is_nan(),
                    "{bad} {report:?}"
                );
                let (before, after) = (17 * n_classes, 18 * n_classes);
                assert_eq!(bits(&z[..before]), bits(&expected[..before]));
                assert_eq!(bits(&z[after..]), bits(&expected[after..]));
            }
        }
    }
}
