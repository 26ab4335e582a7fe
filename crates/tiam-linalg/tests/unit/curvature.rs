//! One layer's curvature against averages and dense solves written out.

#![allow(clippy::float_cmp, reason = "these numbers are exact")]

use super::*;

/// Numbers in [−1, 1), no two alike.
fn numbers<T: Real>(n: usize, seed: f64) -> Vec<T> {
    let fraction = |i: usize| (i as f64 * 0.618_033_988_749_895 + seed).fract();
    (0..n)
        .map(|i| T::from_f64(2.0 * fraction(i) - 1.0))
        .collect()
}

fn curvature<T: Real>(n: usize, form: CurvatureForm) -> LayerCurvature<T> {
    let mut draws = numbers::<f64>(10_000, 0.35).into_iter();
    let mut draw = move || draws.next().unwrap_or(0.0);
    LayerCurvature::new(n, form, &mut draw)
}

/// What two workers have summed of a batch's inputs, n x samples, and its average.
fn take<T: Real>(curvature: &mut LayerCurvature<T>, a: &[T], retain: f64) {
    let (n, mut scratch) = (curvature.n, Vec::new());
    let samples = a.len() / n;
    let (first, second) = a.split_at(n * (samples / 3));
    let sums = [first, second].map(|a| {
        let mut sums = vec![T::zero(); curvature.n_sums()];
        curvature.accumulate(&mut sums, a, &mut scratch);
        sums
    });
    curvature.absorb(sums.iter().map(|sums| &sums[..]), samples, retain);
}

fn solved<T: Real>(curvature: &LayerCurvature<T>, g: &[T]) -> Vec<T> {
    let mut d = vec![T::nan(); g.len()];
    curvature.solve(&mut d, g, &mut Vec::new());
    d
}

const FORMS: [CurvatureForm; 2] = [CurvatureForm::Full, CurvatureForm::Sketch { rank: 4 }];

/// λ_l = λ tr(Ā)/√n: for a power of two not a bit of the solve changes but its exponent.
#[test]
fn scaling_a_layers_inputs_scales_its_solve() {
    fn check<T: Real>(scale: f64) {
        let (n, g) = (9, numbers::<T>(9 * 5, 0.1));
        for form in FORMS {
            let run = |scale: f64| {
                let mut layer = curvature::<T>(n, form);
                for seed in [0.2, 0.5, 0.7] {
                    let a = numbers::<T>(n * 12, seed).into_iter();
                    let a: Vec<T> = a.map(|x| x * T::from_f64(scale)).collect();
                    take(&mut layer, &a, 0.6);
                    layer.refresh(0.1);
                }
                solved(&layer, &g)
            };
            let (one, scaled) = (run(1.0), run(scale));
            for (one, scaled) in one.into_iter().zip(scaled) {
                assert_eq!(scaled * T::from_f64(scale * scale), one, "{form:?}");
            }
        }
    }
    for scale in [2.0_f64.powi(-9), 2.0_f64.powi(9)] {
        check::<f32>(scale);
        check::<f64>(scale);
    }
}

/// A sketch of more columns than the curvature has rank: what is missing is rounding, which must not be divided by.
#[test]
fn a_sketch_beyond_the_curvatures_rank_stays_near_the_dense_solve_in_single_precision() {
    let (n, samples) = (40, 3);
    let a = numbers::<f64>(n * samples, 0.2);
    let mut sketch = curvature::<f32>(n, CurvatureForm::Sketch { rank: 12 });
    let narrow: Vec<f32> = a.iter().map(|x| *x as f32).collect();
    let wide: Vec<f64> = narrow.iter().map(|x| f64::from(*x)).collect();
    take(&mut sketch, &narrow, 0.0);
    sketch.refresh(0.1);
    let mut full = curvature::<f64>(n, CurvatureForm::Full);
    take(&mut full, &wide, 0.0);
    full.refresh(0.1);
    let g = numbers::<f64>(n * 3, 0.8);
    let found = solved(&sketch, &g.iter().map(|g| *g as f32).collect::<Vec<_>>());
    let wanted = solved(&full, &g);
    let size = wanted.iter().fold(0.0_f64, |size, d| size.max(d.abs()));
    for (found, wanted) in found.iter().zip(&wanted) {
        assert!(
            (f64::from(*found) - wanted).abs() <= 1e-4 * size,
            "{found} {wanted}"
        );
    }
}

#[test]
fn without_curvature_nothing_is_summed_and_the_solve_is_a_copy() {
    let mut layer = curvature::<f64>(3, CurvatureForm::Identity);
    assert_eq!(layer.n_sums(), 0);
    take(&mut layer, &[1.0; 6], 0.9);
    layer.refresh(0.1);
    assert_eq!((layer.updates, layer.trace), (0, 0.0));
    assert_eq!(solved(&layer, &[1.0, -2.0, 3.0]), [1.0, -2.0, 3.0]);
}

/// The first batches weigh alike, whatever their sizes, the later ones as the rule says; the trace is the average's.
#[test]
fn updates_average_to_a_plain_mean_and_then_forget() {
    for form in FORMS {
        let (n, retain) = (4, 0.75);
        let mut layer = curvature::<f64>(n, form);
        let n_averaged = if form == CurvatureForm::Full {
            n * n
        } else {
            n * 4
        };
        assert_eq!(layer.n_sums(), n_averaged + 1);
        let mut trace = 0.0;
        for k in 1..=8_u32 {
            let samples = 3 + k as usize;
            let a = numbers::<f64>(n * samples, 0.1 * f64::from(k));
            let own = a.iter().map(|x| x * x).sum::<f64>() / samples as f64;
            let weight = if k <= 4 { 1.0 / f64::from(k) } else { 0.25 };
            trace += weight * (own - trace);
            take(&mut layer, &a, retain);
            assert!((layer.trace - trace).abs() <= 1e-14 * trace, "{k}");
            assert_eq!(layer.updates, k as usize);
            if let Form::Full(full) = &layer.form {
                let diagonal: f64 = (0..n).map(|i| full.average[(i, i)]).sum();
                assert!((diagonal - trace).abs() <= 1e-14 * trace);
            }
        }
    }
}
