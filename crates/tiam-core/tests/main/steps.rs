//! Tests of a block's proximal and exact steps.

use proptest::prelude::*;
use tiam_core::{Block, Inertia};

use crate::properties::{inertia, seeded};

fn soft_threshold(u: &mut [f64], threshold: f64) {
    u.iter_mut()
        .for_each(|u| *u = u.signum() * (u.abs() - threshold).max(0.0));
}

/// A block with this current and previous value.
fn block(current: &[f64], previous: &[f64]) -> Block<f64> {
    let mut block = Block::new(previous.to_vec());
    block.candidate_mut().copy_from_slice(current);
    block.accept();
    block
}

/// ∇φ for φ(u) = Σ h_i/2 (u_i − c_i)².
fn pull<'a>(h: &'a [f64], c: &'a [f64]) -> impl Fn(&[f64], &mut [f64]) + Clone + 'a {
    |u, out| (0..u.len()).for_each(|i| out[i] = h[i] * (u[i] - c[i]))
}

fn vector(range: std::ops::Range<f64>) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(range, 4)
}

proptest! {
    #![proptest_config(seeded())]

    #[test]
    fn without_a_simple_term_a_proximal_step_is_the_papers(
        now in vector(-2.0..2.0), before in vector(-2.0..2.0), c in vector(-2.0..2.0), inertia in inertia(),
    ) {
        let h = [1.0, 0.5, 0.2, 0.1];
        let (mut with, mut prox) = (block(&now, &before), block(&now, &before));
        with.propose_with(inertia, 0.9, pull(&h, &c));
        prox.propose_prox(inertia, 0.9, pull(&h, &c), |_, _| ());
        prop_assert_eq!(with.candidate(), prox.candidate());
    }

    /// The order that linear algebra's bands use: clamp, correct, clamp.
    #[test]
    fn for_bounds_on_entries_the_step_is_projected_corrected_and_projected_again(
        now in vector(-1.0..1.0), before in vector(-1.0..1.0), c in vector(-3.0..3.0), inertia in inertia(),
    ) {
        let h = [1.0; 4];
        let clamp = |u: &mut [f64]| u.iter_mut().for_each(|u| *u = u.clamp(-1.0, 1.0));
        let mut once = block(&now, &before);
        once.propose_prox(inertia, 0.7, pull(&h, &c), |u, _| clamp(u));
        let mut twice = block(&now, &before);
        twice.propose_with(Inertia { correction: 0.0, ..inertia }, 0.7, pull(&h, &c));
        clamp(twice.candidate_mut());
        tiam_core::correct(twice.candidate_mut(), &now, inertia.correction);
        clamp(twice.candidate_mut());
        prop_assert_eq!(once.candidate(), twice.candidate());
    }

    #[test]
    fn a_candidate_stays_in_the_set_that_the_map_projects_on(
        now in vector(-0.5..0.5), before in vector(-0.5..0.5), c in vector(-9.0..9.0), inertia in inertia(),
    ) {
        // The unit ball: correcting after the projection leaves it.
        let project = |u: &mut [f64], _: f64| {
            let norm = u.iter().map(|u| u * u).sum::<f64>().sqrt();
            u.iter_mut().for_each(|u| *u /= norm.max(1.0));
        };
        let mut block = block(&now, &before);
        block.propose_prox(inertia, 1.0, pull(&[1.0; 4], &c), project);
        prop_assert!(block.candidate().iter().map(|u| u * u).sum::<f64>() <= 1.0 + 8.0 * f64::EPSILON);
    }

    #[test]
    fn a_proximal_step_stands_still_at_the_minimiser_and_keeps_exact_zeros(
        c in vector(-2.0..2.0), h in vector(0.2..1.0), lambda in 0.01..1.0f64, inertia in inertia(),
    ) {
        // Entry by entry, h/2 (u − c)² + λ |u| has its minimum at the soft threshold of c by λ/h.
        let mut minimiser = c.clone();
        for (u, h) in minimiser.iter_mut().zip(&h) {
            soft_threshold(std::slice::from_mut(u), lambda / h);
        }
        let mut block = block(&minimiser, &minimiser);
        block.propose_prox(inertia, 1.0, pull(&h, &c), |u, step| soft_threshold(u, lambda * step));
        for (i, (new, old)) in block.candidate().iter().zip(&minimiser).enumerate() {
            prop_assert!((new - old).abs() <= 32.0 * f64::EPSILON);
            // Not where |h c| is λ to the last bits.
            if (h[i] * c[i]).abs() < 0.999 * lambda {
                prop_assert_eq!(*new, 0.0);
            }
        }
    }

    #[test]
    fn a_proximal_step_without_the_other_inertia_never_raises_the_objective(
        now in vector(-2.0..2.0), before in vector(-2.0..2.0), c in vector(-2.0..2.0), h in vector(0.0..1.0),
        lambda in 0.0..1.0f64, p3 in 0.0..=1.0f64,
    ) {
        let value = |u: &[f64]| (0..4).map(|i| h[i] / 2.0 * (u[i] - c[i]).powi(2) + lambda * u[i].abs()).sum::<f64>();
        let mut block = block(&now, &before);
        let inertia = Inertia::new(0.0, 0.0, p3).unwrap();
        block.propose_prox(inertia, 1.0, pull(&h, &c), |u, step| soft_threshold(u, lambda * step));
        prop_assert!(value(block.candidate()) <= value(&now) + 64.0 * f64::EPSILON);
    }

    #[test]
    fn an_exact_step_is_newtons_with_inertia(
        now in vector(-2.0..2.0), before in vector(-2.0..2.0), c in vector(-2.0..2.0), h in vector(0.1..9.0),
        inertia in inertia(),
    ) {
        let mut exact = block(&now, &before);
        let mut start = Vec::new();
        exact.propose_exact(inertia, |at, out| {
            start = at.to_vec();
            out.copy_from_slice(&c);
        });
        for i in 0..4 {
            let moved = |p: f64| now[i] + p * (now[i] - before[i]);
            prop_assert_eq!(start[i], moved(inertia.gradient));
            let bar = moved(inertia.start) - h[i] * (moved(inertia.gradient) - c[i]) / h[i];
            let expected = bar + inertia.correction * (bar - now[i]);
            prop_assert!((exact.candidate()[i] - expected).abs() <= 64.0 * f64::EPSILON, "{} {}", exact.candidate()[i], expected);
        }
    }
}

#[test]
fn the_proximal_map_is_applied_once_with_the_corrected_step() {
    let mut steps = Vec::new();
    for correction in [0.0, 0.5, 1.0] {
        let inertia = Inertia::new(0.3, 0.2, correction).unwrap();
        let map = |_: &mut [f64], step| steps.push(step);
        block(&[1.0], &[2.0]).propose_prox(inertia, 0.25, |_, out| out[0] = 1.0, map);
    }
    assert_eq!(steps, [0.25, 0.375, 0.5]);
}

/// Σ h_i/2 (u_i − c_i)² + λ Σ |u_i|, with entries that are zero at the minimum: p3 leaves the zeros exact on the way too.
#[test]
fn a_sparse_solution_is_reached_with_its_exact_zeros() {
    let (h, c, lambda) = ([1.0, 0.3, 0.1, 0.05], [2.0, 0.1, -8.0, 1.0], 0.2);
    let mut block = Block::new(vec![-1.0f64; 4]);
    let inertia = Inertia::new(0.5, 0.5, 0.3).unwrap();
    for _ in 0..400 {
        block.propose_prox(inertia, 1.0, pull(&h, &c), |u, step| {
            soft_threshold(u, lambda * step)
        });
        block.accept();
    }
    let found = block.current();
    assert!(
        (found[0] - 1.8).abs() < 1e-14 && (found[2] + 6.0).abs() < 1e-12,
        "{found:?}"
    );
    assert_eq!((found[1], found[3]), (0.0, 0.0));
}

#[test]
fn an_exact_step_without_inertia_is_the_minimiser_and_equal_inertia_changes_nothing() {
    for inertia in [Inertia::NONE, Inertia::nesterov(0.7).unwrap()] {
        let mut block = block(&[5.0], &[1.0]);
        block.propose_exact(inertia, |_, out| out[0] = 3.0);
        assert_eq!(block.candidate(), [3.0]);
    }
    // ū = 3 + 0.5 (5 − 1) = 5, corrected 5 + 0.5 (5 − 5).
    let mut ball = block(&[5.0], &[1.0]);
    ball.propose_exact(Inertia::new(0.5, 0.0, 0.5).unwrap(), |_, out| out[0] = 3.0);
    assert_eq!(ball.candidate(), [5.0]);
}
