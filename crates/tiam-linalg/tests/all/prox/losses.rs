//! What every loss must hold: the gradient is the slope of the value, the proximal map is the minimiser, samples are independent.

use proptest::prelude::*;
use tiam_linalg::prox::LossSum;
use tiam_linalg::{AnyLoss, CrossEntropy, Logistic, Loss, Real, SquaredLoss, TargetKind, Targets};

use super::twins::{Case, bits};

/// A user's own: h(d) = d²/2 for |d| ≤ 1 and |d| − ½ beyond, summed over the entries of z − y.
struct Huber;

impl<T: Real> Loss<T> for Huber {
    fn name(&self) -> String {
        "huber".to_owned()
    }
    fn takes(&self) -> TargetKind {
        TargetKind::Values
    }
    fn value(&self, z: &[T], targets: Targets<'_, T>) -> LossSum {
        let h = |d: f64| d.abs().min(1.0) * (d.abs() - 0.5 * d.abs().min(1.0));
        let differences = z.iter().zip(targets.values());
        LossSum::of(differences.map(|(&z, &y)| h((z - y).to_f64())).sum())
    }
    fn gradient(&self, z: &mut [T], targets: Targets<'_, T>) {
        for (z, &y) in z.iter_mut().zip(targets.values()) {
            *z = (*z - y).max(-T::one()).min(T::one());
        }
    }
    fn prox(&self, z: &mut [T], center: &[T], targets: Targets<'_, T>, rho: T, _: &mut [T]) {
        for ((z, &c), &y) in z.iter_mut().zip(center).zip(targets.values()) {
            let slope = (c - y) * rho / (T::one() + rho);
            *z = c - slope.max(-T::one()).min(T::one()) / rho;
        }
    }
}

const LOSSES: [&dyn AnyLoss; 4] = [&CrossEntropy, &SquaredLoss, &Logistic, &Huber];

/// z, a center, and targets of both kinds.
#[derive(Debug)]
struct Slab {
    z: Vec<f64>,
    center: Vec<f64>,
    labels: Vec<u32>,
    values: Vec<f64>,
    n: usize,
}

impl Slab {
    fn new(n: usize, n_samples: usize, seed: u64) -> Self {
        let of = |seed| Case {
            n_classes: n,
            n_samples,
            rho: 1.0,
            scale: 3.0,
            warm_scale: 2.0,
            seed,
        };
        let (slab, other) = (of(seed).slab::<f64>(), of(seed + 1).slab::<f64>());
        Self {
            z: slab.warm,
            center: slab.center,
            labels: slab.labels,
            values: other.center,
            n,
        }
    }

    fn targets(&self, kind: TargetKind) -> Targets<'_, f64> {
        match kind {
            TargetKind::Classes => Targets::Classes {
                labels: &self.labels,
                n_classes: self.n,
            },
            TargetKind::Values => Targets::Values {
                values: &self.values,
                n_outputs: self.n,
            },
        }
    }
}

fn slabs() -> impl Strategy<Value = Slab> {
    let n = prop_oneof![1..7_usize, Just(130)];
    (n, 1..40_usize, 0..1000_u64).prop_map(|(n, samples, seed)| Slab::new(n, samples, seed))
}

/// argmin by the loss itself.
fn prox(
    loss: &dyn Loss<f64>,
    z: &[f64],
    center: &[f64],
    y: Targets<'_, f64>,
    rho: f64,
) -> Vec<f64> {
    let mut z = z.to_vec();
    let mut scratch = vec![f64::NAN; loss.prox_scratch_len(y.n_outputs())];
    loss.prox(&mut z, center, y, rho, &mut scratch);
    z
}

fn gradient(loss: &dyn Loss<f64>, z: &[f64], y: Targets<'_, f64>) -> Vec<f64> {
    let mut z = z.to_vec();
    loss.gradient(&mut z, y);
    z
}

/// With a small ρ Newton's steps alone go to and fro for ever between the two sides of the logistic function.
#[test]
fn the_logistic_losss_search_arrives_from_everywhere() {
    let rhos = [1e-3, 0.0089, 0.1, 1.0, 30.0, 1e3];
    for rho in rhos {
        for y in [0.0, 0.25, 1.0] {
            let values = [y; 2001];
            let center: Vec<f64> = (-1000..=1000).map(|k| f64::from(k) * 0.01).collect();
            let targets = Targets::Values {
                values: &values,
                n_outputs: 1,
            };
            let z = prox(&Logistic, &center, &center, targets, rho);
            for ((z, c), slope) in z.iter().zip(&center).zip(gradient(&Logistic, &z, targets)) {
                let left = slope + rho * (z - c);
                assert!(
                    left.abs() < 1e-12 * (1.0 + rho) * 10.0,
                    "{rho} {y} {c}: {left}"
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_gradient_is_the_slope_of_the_value(slab in slabs(), at in any::<prop::sample::Index>()) {
        const STEP: f64 = 1e-5;
        for loss in LOSSES.map(|loss| loss.in_precision::<f64>()) {
            let targets = slab.targets(loss.takes());
            let at = at.index(slab.z.len());
            let beside = |step| {
                let mut z = slab.z.clone();
                z[at] += step;
                loss.value(&z, targets).loss
            };
            // Where Huber's curvature jumps the slope is off by half a step.
            let slope = (beside(STEP) - beside(-STEP)) / (2.0 * STEP);
            let found = gradient(loss, &slab.z, targets)[at];
            let tolerance = STEP + 1e-10 * beside(0.0);
            prop_assert!((found - slope).abs() < tolerance, "{}: {found}, {slope}", loss.name());
        }
    }

    #[test]
    fn the_proximal_map_is_the_minimiser(
        slab in slabs(),
        log_rho in -3.0..3.0_f64,
        other in 0..1000_u64,
    ) {
        let rho = 10.0_f64.powf(log_rho);
        for loss in LOSSES.map(|loss| loss.in_precision::<f64>()) {
            let targets = slab.targets(loss.takes());
            let z = prox(loss, &slab.z, &slab.center, targets, rho);
            let slope = gradient(loss, &z, targets);
            for ((z, c), slope) in z.iter().zip(&slab.center).zip(slope) {
                let left = slope + rho * (z - c);
                prop_assert!(left.abs() < 1e-12 * (1.0 + rho) * 10.0, "{}: {left}", loss.name());
            }
            // Wherever the search starts; and no other point is better.
            let from_center = prox(loss, &slab.center, &slab.center, targets, rho);
            for (a, b) in z.iter().zip(from_center) {
                prop_assert!((a - b).abs() < 1e-10, "{}: {a}, {b}", loss.name());
            }
            let phi = |z: &[f64]| {
                let apart = z.iter().zip(&slab.center).map(|(z, c)| (z - c) * (z - c));
                loss.value(z, targets).loss + 0.5 * rho * apart.sum::<f64>()
            };
            let least = phi(&z);
            let directions = Slab::new(slab.n, slab.labels.len(), other).center;
            for length in [1.0, 1e-2, 1e-4] {
                let moved: Vec<f64> = z.iter().zip(&directions).map(|(z, d)| z + length * d).collect();
                let more = phi(&moved);
                prop_assert!(least <= more + 1e-12 * more.abs(), "{}", loss.name());
            }
        }
    }

    /// The value is a sum over samples, and a sample's gradient and proximal map are its own, wherever a slab is cut.
    #[test]
    fn a_slab_may_be_cut_anywhere(slab in slabs(), at in any::<prop::sample::Index>()) {
        for loss in LOSSES.map(|loss| loss.in_precision::<f64>()) {
            let targets = slab.targets(loss.takes());
            let (n, n_samples) = (slab.n, slab.labels.len());
            let cut = at.index(n_samples + 1);
            let (mut sum, mut slopes, mut points) = (LossSum::default(), Vec::new(), Vec::new());
            for part in [0..cut, cut..n_samples] {
                let entries = part.start * n..part.end * n;
                let (z, center) = (&slab.z[entries.clone()], &slab.center[entries]);
                let targets = targets.range(part);
                sum = sum.merge(loss.value(z, targets));
                slopes.extend(gradient(loss, z, targets));
                points.extend(prox(loss, z, center, targets, 0.3));
            }
            let whole = loss.value(&slab.z, targets);
            prop_assert_eq!(whole.correct, sum.correct);
            // Targets beyond [0, 1] make logistic losses of either sign.
            let size = sum.loss.abs() + slab.z.len() as f64;
            prop_assert!((whole.loss - sum.loss).abs() <= 1e-13 * size);
            prop_assert_eq!(bits(&gradient(loss, &slab.z, targets)), bits(&slopes));
            let whole = prox(loss, &slab.z, &slab.center, targets, 0.3);
            prop_assert_eq!(bits(&whole), bits(&points));
        }
    }

    #[test]
    fn value_and_gradient_at_once_are_those_apart_weighted(slab in slabs()) {
        let weights: Vec<f64> = (0..slab.labels.len()).map(|j| (j % 4) as f64 * 0.5).collect();
        for loss in LOSSES.map(|loss| loss.in_precision::<f64>()) {
            let (n, targets) = (slab.n, slab.targets(loss.takes()));
            for weights in [None, Some(&weights[..])] {
                let weight = |j: usize| weights.map_or(1.0, |w| w[j]);
                let mut found = slab.z.clone();
                let sum = loss.value_and_gradient(&mut found, targets, weights);
                let mut slopes = gradient(loss, &slab.z, targets);
                let (mut wanted, mut size) = (LossSum::default(), 0.0);
                for (j, slopes) in slopes.chunks_exact_mut(n).enumerate() {
                    slopes.iter_mut().for_each(|s| *s *= weight(j));
                    let mut one = loss.value(&slab.z[j * n..(j + 1) * n], targets.range(j..j + 1));
                    one.loss *= weight(j);
                    size += one.loss.abs();
                    wanted = wanted.merge(one);
                }
                prop_assert_eq!(bits(&found), bits(&slopes));
                prop_assert!((sum.loss - wanted.loss).abs() <= 1e-13 * size);
                prop_assert_eq!(sum.correct, wanted.correct);
            }
        }
    }
}

#[test]
fn a_loss_in_both_precisions_gives_either() {
    for loss in LOSSES {
        let (single, double) = (loss.in_precision::<f32>(), loss.in_precision::<f64>());
        assert_eq!(
            (single.name(), single.takes()),
            (double.name(), double.takes())
        );
    }
    let targets = Targets::Values {
        values: &[1.0_f32, 2.0],
        n_outputs: 2,
    };
    let huber: &dyn AnyLoss = &Huber;
    let found = huber.in_precision::<f32>().value(&[1.5, 5.0], targets);
    assert!((found.loss - 2.625).abs() < 1e-12);
}

#[test]
#[should_panic(expected = "classes, where values are needed")]
fn a_loss_of_values_refuses_classes() {
    let slab = Slab::new(2, 3, 1);
    Loss::<f64>::value(&SquaredLoss, &slab.z, slab.targets(TargetKind::Classes));
}

#[test]
#[should_panic(expected = "values, where classes are needed")]
fn a_loss_of_classes_refuses_values() {
    let slab = Slab::new(2, 3, 1);
    Loss::<f64>::value(&CrossEntropy, &slab.z, slab.targets(TargetKind::Values));
}
