//! Slabs of every number of samples, reports merged, and the scratch they ask for.

use tiam_linalg::Real;
use tiam_linalg::prox::{
    LossSum, ProxReport, cross_entropy, l1_norm, prox_cross_entropy,
    prox_cross_entropy_scratch_len, softmax_in_place, squared_loss,
};

use super::twins::*;

/// Up to two tiles of samples side by side and one more: each sample as it is alone.
#[test]
fn a_samples_results_are_its_own_in_slabs_of_every_length() {
    fn check<T: Real>(n_classes: usize, n_samples: usize) {
        let case = Case {
            n_classes,
            n_samples,
            rho: 0.3,
            scale: 4.0,
            warm_scale: 2.0,
            seed: 12,
        };
        let slab = case.slab::<T>();
        let rho = T::from_f64(case.rho);
        let (z, report) = solve(&slab, n_classes, rho);
        let sum = cross_entropy(&slab.center, &slab.labels, n_classes);
        let mut p = slab.center.clone();
        softmax_in_place(&mut p, n_classes);
        let (mut reports, mut sums) = (ProxReport::default(), LossSum::default());
        for (sample, label) in slab.labels.iter().enumerate() {
            let at = sample * n_classes..(sample + 1) * n_classes;
            let one = Slab {
                center: slab.center[at.clone()].to_vec(),
                warm: slab.warm[at.clone()].to_vec(),
                labels: vec![*label],
            };
            let (one_z, one_report) = solve(&one, n_classes, rho);
            assert_eq!(
                bits(&z[at.clone()]),
                bits(&one_z),
                "{n_classes} {n_samples}"
            );
            reports = reports.merge(one_report);
            sums = sums.merge(cross_entropy(&one.center, &one.labels, n_classes));
            let mut one_p = one.center;
            softmax_in_place(&mut one_p, n_classes);
            assert_eq!(bits(&p[at]), bits(&one_p), "{n_classes} {n_samples}");
        }
        assert_eq!(
            report.max_residual.to_bits(),
            reports.max_residual.to_bits()
        );
        assert_eq!(report.max_newton_steps, reports.max_newton_steps);
        assert!((report.loss_sum - reports.loss_sum).abs() <= 1e-13 * reports.loss_sum);
        assert!((sum.loss - sums.loss).abs() <= 1e-13 * sums.loss);
        assert_eq!(sum.correct, sums.correct);
    }
    for n_classes in [1, 2, 3, 4, 8, 16, 32] {
        for n_samples in (0..36).chain([63, 64, 65]) {
            check::<f32>(n_classes, n_samples);
        }
    }
    for n_classes in [128, 129, 160, 161] {
        for n_samples in [1, 2, 31, 32, 33] {
            check::<f64>(n_classes, n_samples);
        }
    }
}

#[test]
fn merged_sums_add_and_merged_reports_keep_the_worst() {
    let sum = |loss, correct| LossSum { loss, correct };
    assert_eq!(sum(0.5, 3).merge(sum(2.25, 4)), sum(2.75, 7));
    let report = |max_residual, max_newton_steps, loss_sum| ProxReport {
        max_residual,
        max_newton_steps,
        loss_sum,
    };
    let (a, b) = (report(0.5, 3, 1.25), report(0.25, 7, 3.5));
    assert_eq!(a.merge(b), report(0.5, 7, 4.75));
    assert_eq!(b.merge(a), report(0.5, 7, 4.75));
    // Not a number on either side is the worst.
    let bad = report(f64::NAN, 1, 0.0);
    for merged in [a.merge(bad), bad.merge(a), bad.merge(bad)] {
        assert!(merged.max_residual.is_nan());
    }
    assert!(
        report(f64::INFINITY, 0, 0.0)
            .merge(a)
            .max_residual
            .is_infinite()
    );
}

#[test]
fn scratch_holds_four_rows_of_lanes_for_every_row_of_logits() {
    // 32 lanes; up to 128 classes a row each, beyond 32 classes a row.
    for (n_classes, rows) in [(1, 1), (10, 10), (128, 128), (129, 5), (160, 5), (161, 6)] {
        assert_eq!(prox_cross_entropy_scratch_len(n_classes), 4 * 32 * rows);
    }
    // Neither more nor less is asked for.
    for n_classes in [3, 128, 129] {
        let (center, mut z) = (vec![0.5; n_classes], vec![0.0; n_classes]);
        let mut scratch = vec![f64::NAN; prox_cross_entropy_scratch_len(n_classes)];
        let report = prox_cross_entropy(&mut z, &center, &[1], n_classes, 0.5, &mut scratch);
        assert!(report.max_residual <= 1e-14);
    }
}

#[test]
fn a_sample_that_is_not_finite_ends_at_once() {
    for n_classes in [3, 200] {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut center = vec![0.25; n_classes];
            center[1] = bad;
            let slab = Slab {
                warm: vec![0.0; n_classes],
                center,
                labels: vec![0],
            };
            let (_, report) = solve(&slab, n_classes, 0.1);
            assert!(report.max_residual.is_nan() && report.loss_sum.is_nan());
            assert!(report.max_newton_steps <= 1, "{bad} {report:?}");
        }
    }
}

/// Sums of equal entries, whose rounding errors add up: in one sum of `f32` 2^18 of them would be off by some 1e-3.
#[test]
fn long_sums_in_single_precision_keep_a_few_ulp() {
    let n = 1 << 18;
    let x = vec![0.1_f32; n];
    let entry = f64::from(0.1_f32);
    let near = |found: f64, wanted: f64| {
        let tolerance = 16.0 * f64::from(f32::EPSILON) * wanted;
        assert!((found - wanted).abs() <= tolerance, "{found} for {wanted}");
    };
    near(l1_norm(&x), entry * n as f64);
    near(
        squared_loss(&x, &vec![0.0; n]),
        0.5 * entry * entry * n as f64,
    );
}
