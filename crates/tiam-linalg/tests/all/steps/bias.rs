//! The b step where its passes are cut, and in single precision.

use crate::common::{inertia, noise, random, widen};
use tiam_linalg::{BiasBlock, Compute, Inertia, Matrix, Real};

const RHO: f64 = 0.7;

/// ρ/2 ‖W a + b 1ᵀ − z‖² in double precision.
fn value<T: Real>(product: &Matrix<T>, b: &[T], target: &Matrix<T>) -> f64 {
    let mut sum = 0.0;
    for j in 0..product.n_cols() {
        for (i, b) in b.iter().enumerate() {
            let r = product[(i, j)].to_f64() + (*b).to_f64() - target[(i, j)].to_f64();
            sum += r * r;
        }
    }
    0.5 * RHO * sum
}

/// b̃ − mean (W a + b̂ 1ᵀ − z), then the correction.
fn twin<T: Real>(
    [b, previous]: [&[T]; 2],
    product: &Matrix<T>,
    target: &Matrix<T>,
    p: Inertia,
) -> Vec<f64> {
    (0..b.len())
        .map(|i| {
            let (b, previous) = (b[i].to_f64(), previous[i].to_f64());
            let (tilde, hat) = (
                b + p.start * (b - previous),
                b + p.gradient * (b - previous),
            );
            let residuals = (0..product.n_cols())
                .map(|j| product[(i, j)].to_f64() + hat - target[(i, j)].to_f64());
            let bar = tilde - residuals.sum::<f64>() / product.n_cols() as f64;
            bar + p.correction * (bar - b)
        })
        .collect()
}

/// Four steps; everything reported and reached within `tight` of the twin, relative to the values.
fn compare<T: Real>((n, n_samples): (usize, usize), threads: usize, tight: f64) {
    let (product, target) = (random::<T>(n, n_samples, 1), random::<T>(n, n_samples, 2));
    let mut compute = Compute::new(threads).unwrap();
    let start = random::<T>(n, 1, 3).into_vec();
    let mut block = BiasBlock::new(start.clone());
    let (mut b, mut previous) = (start.clone(), start);
    let eps = T::EPS.to_f64();
    let coefficients = [
        (0.5, 0.2, 0.3),
        (0.1, 0.7, 0.2),
        (0.8, 0.3, 0.4),
        (0.0, 0.0, 0.0),
    ];
    for (p1, p2, p3) in coefficients {
        let p = inertia(p1, p2, p3);
        let report = block.propose(&product, &target, RHO, p, &mut compute);
        let next = twin([&b, &previous], &product, &target, p);
        assert_eq!(block.values(), b, "a proposal changes nothing");
        block.accept();
        let before = value(&product, &b, &target);
        assert!(
            (report.change.before / before - 1.0).abs() < tight,
            "{n} x {n_samples}"
        );
        let z_sq = widen(&target).norm_sq();
        assert!(
            (report.change.rounding / noise(&report, before, eps, RHO, z_sq) - 1.0).abs() < tight
        );
        // The increase is that of the candidate as it is rounded: far closer than the difference of two sums.
        let increase = value(&product, block.values(), &target) - before;
        assert!(
            (report.change.increase - increase).abs() < 1e-11 * before + tight * increase.abs()
        );
        assert_eq!((report.trials, report.rel_residual), (1, None));
        assert!(report.inverse_step.is_nan());
        (previous, b) = (b, block.values().to_vec());
        for (x, y) in b.iter().zip(&next) {
            assert!(((*x).to_f64() - y).abs() < tight, "{x} {y}");
        }
    }
}

#[test]
fn any_number_of_samples_takes_the_algorithms_own_step() {
    // 32 samples are added in the scalar type, 4096 walked at a time.
    for n_samples in [1, 31, 32, 33, 64, 65, 4096, 4097, 8193] {
        compare::<f64>((3, n_samples), 1, 1e-11);
        compare::<f32>((3, n_samples), 1, 1e-5);
    }
    compare::<f64>((1, 50), 1, 1e-11);
    compare::<f64>((200, 7), 2, 1e-11);
}

#[test]
fn samples_shared_out_among_threads_take_the_same_step() {
    for threads in [2, 3] {
        compare::<f64>((20, 51_000), threads, 1e-11);
    }
}

/// A worker that had a share once and has none now adds nothing.
#[test]
fn fewer_samples_after_many_leave_nothing_of_them() {
    let mut compute = Compute::new(3).unwrap();
    let step = |n_samples: usize, compute: &mut Compute<f64>| {
        let (product, target) = (random::<f64>(20, n_samples, 1), random(20, n_samples, 2));
        let mut block = BiasBlock::new(vec![0.25; 20]);
        block.propose(&product, &target, RHO, Inertia::NONE, compute);
        block.accept();
        block.values().to_vec()
    };
    step(60_000, &mut compute);
    assert_eq!(
        step(40, &mut compute),
        step(40, &mut Compute::new(1).unwrap())
    );
}
