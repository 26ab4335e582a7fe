//! Property tests: identities and theorems on random problems of a family.

use crate::common::{Quadratic, params, run};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use tiam_core::{
    CoreError, DecayLaw, Driver, Guard, Inertia, Limit, Schedule, StopReason, Stopping, correct,
    extrapolate,
};

/// Dimension and block sizes of the random quadratics: sizes sum to it.
const SHAPES: [&[usize]; 4] = [&[2, 2], &[1, 3], &[2, 1, 2], &[1, 1, 1, 1]];

/// A strongly convex quadratic with A = B Bᵀ/n + μ I, entries in [−1, 1].
fn quadratic() -> impl Strategy<Value = (Quadratic, f64)> {
    (
        0..SHAPES.len(),
        prop::collection::vec(-1.0..1.0f64, 35),
        0.02..0.5f64,
    )
        .prop_map(|(shape, entries, mu)| {
            let sizes = SHAPES[shape];
            (
                Quadratic::strongly_convex(&entries, sizes.iter().sum(), mu, sizes),
                mu,
            )
        })
}

pub(crate) fn inertia() -> impl Strategy<Value = Inertia> {
    (0.0..=1.0f64, 0.0..=1.0f64, 0.0..=1.0f64)
        .prop_map(|(p1, p2, p3)| Inertia::new(p1, p2, p3).unwrap())
}

/// Block by block, `step(range, x, previous x of the block)` gives the block's new value; after `n` iterations.
fn by_hand(
    problem: &Quadratic,
    n: usize,
    mut step: impl FnMut(usize, usize, &[f64], &[f64]) -> Vec<f64>,
) -> Vec<f64> {
    let mut x = problem.x();
    let mut previous = x.clone();
    for k in 0..n {
        for block in 0..problem.ranges.len() {
            let range = problem.ranges[block].clone();
            let new = step(k, block, &x, &previous);
            previous[range.clone()].copy_from_slice(&x[range.clone()]);
            x[range].copy_from_slice(&new);
        }
    }
    x
}

/// x with the block replaced by block + p (block − previous block).
fn moved(problem: &Quadratic, block: usize, x: &[f64], previous: &[f64], p: f64) -> Vec<f64> {
    let mut y = x.to_vec();
    for i in problem.ranges[block].clone() {
        y[i] = x[i] + p * (x[i] - previous[i]);
    }
    y
}

/// from − gradient/θ on the block.
fn descended(problem: &Quadratic, block: usize, from: &[f64], gradient_at: &[f64]) -> Vec<f64> {
    let range = problem.ranges[block].clone();
    let step_size = 1.0 / problem.theta[block];
    let gradient = problem.gradient(&range, gradient_at);
    from[range]
        .iter()
        .zip(gradient)
        .map(|(from, g)| from - step_size * g)
        .collect()
}

/// q of the bound F_{k+1} − F* ≤ q (F_k − F*) for cyclic block gradient steps on a quadratic.
///
/// With Θ = diag(θ_i I), D the block diagonal of A, M = Θ + (A's blocks below the diagonal), one sweep is d = −M⁻¹ g. Then
/// F(x) − F(x + d) = −gᵀd − ½ dᵀAd = ½ dᵀ(M + Mᵀ − A)d = ½ dᵀ(2Θ − D)d ≥ ½ θ_min ‖d‖², since θ_i bounds D's i-th block; and
/// 2μ (F − F*) ≤ ‖g‖² ≤ ‖M‖² ‖d‖². Together q = 1 − μ θ_min / ‖M‖²; ‖M‖ is bounded by its Frobenius norm. With blocks of
/// one entry Θ = D and the sweep is exact alternation (Gauss-Seidel).
fn theory(problem: &Quadratic, mu: f64) -> f64 {
    let n = problem.dim();
    let mut norm_sq = 0.0;
    for (range, theta) in problem.ranges.iter().zip(&problem.theta) {
        norm_sq += range.len() as f64 * theta * theta;
        norm_sq += range
            .clone()
            .flat_map(|i| (0..range.start).map(move |j| (i, j)))
            .map(|(i, j)| problem.a[i * n + j].powi(2))
            .sum::<f64>();
    }
    let least_theta = problem.theta.iter().copied().fold(f64::INFINITY, f64::min);
    1.0 - mu * least_theta / norm_sq
}

/// The same cases on every machine.
pub(crate) fn seeded() -> ProptestConfig {
    ProptestConfig {
        rng_seed: RngSeed::Fixed(20_250_308),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(seeded())]

    #[test]
    fn schedules_follow_their_formulas(base in inertia(), n in 1usize..60, jump in 0usize..60) {
        let mut nesterov = Schedule::Nesterov.coefficients(base);
        let mut fista = Schedule::Fista.coefficients(base);
        let mut constant = Schedule::Constant.coefficients(base);
        let mut t = 1.0f64;
        let mut factors = Vec::new();
        for k in 0..n {
            let after = (1.0 + (1.0 + 4.0 * t * t).sqrt()) / 2.0;
            // t_k solves t² − t = t_{k−1}².
            prop_assert!((after * after - after - t * t).abs() <= 8.0 * f64::EPSILON * after * after);
            factors.push((t - 1.0) / after);
            t = after;
            prop_assert_eq!(constant.next(k), base);
            prop_assert_eq!(nesterov.next(k), base.scaled(k as f64 / (k as f64 + 3.0)));
            prop_assert_eq!(fista.next(k), base.scaled(factors[k]));
            prop_assert!(fista.next(k).check().is_ok() && nesterov.next(k).check().is_ok());
        }
        // Any other order of asking gives the same.
        let k = jump % n;
        prop_assert_eq!(fista.next(k), base.scaled(factors[k]));
        prop_assert_eq!(Schedule::Fista.coefficients(base).next(k), base.scaled(factors[k]));
    }

    #[test]
    fn coefficients_outside_the_unit_interval_are_refused(
        bad in prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), -10.0..-1e-300f64, 1.0000001..10.0f64],
        which in 0usize..3,
    ) {
        let mut p = [0.5; 3];
        p[which] = bad;
        let refused = Inertia::new(p[0], p[1], p[2]);
        prop_assert!(matches!(refused, Err(CoreError::Parameter { .. })), "{:?}", refused);
        let by_field = Inertia { start: p[0], gradient: p[1], correction: p[2] };
        prop_assert!(params(by_field, Schedule::Constant, Guard::On, 1).check().is_err());
    }

    #[test]
    fn slice_operations_follow_their_formulas(
        rows in prop::collection::vec((-1e3..1e3f64, -1e3..1e3f64), 0..20),
        p in 0.0..=1.0f64,
    ) {
        let (current, previous): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
        let mut out = vec![f64::NAN; current.len()];
        extrapolate(&mut out, &current, &previous, p);
        for i in 0..out.len() {
            prop_assert_eq!(out[i], current[i] + p * (current[i] - previous[i]));
        }
        let mut corrected = previous.clone();
        correct(&mut corrected, &current, p);
        for i in 0..out.len() {
            prop_assert_eq!(corrected[i], previous[i] + p * (previous[i] - current[i]));
        }
        let single = |values: &[f64]| values.iter().map(|&v| v as f32).collect::<Vec<f32>>();
        let (current, previous) = (single(&current), single(&previous));
        let mut out = vec![f32::NAN; current.len()];
        extrapolate(&mut out, &current, &previous, p);
        for i in 0..out.len() {
            prop_assert_eq!(out[i], current[i] + p as f32 * (current[i] - previous[i]));
        }
    }

    #[test]
    fn zero_inertia_equals_plain_alternation((problem, _) in quadratic(), n in 0usize..30, guarded: bool) {
        let expected = by_hand(&problem, n, |_, block, x, _| descended(&problem, block, x, x));
        let guard = if guarded { Guard::On } else { Guard::Off };
        let outcome = run(params(Inertia::NONE, Schedule::Constant, guard, n), problem);
        prop_assert_eq!(outcome.problem.x(), expected);
    }

    #[test]
    fn equal_start_and_gradient_without_correction_is_nesterovs_scheme(
        (problem, _) in quadratic(), n in 0usize..30, p in 0.0..=1.0f64, fista: bool,
    ) {
        let mut t = 1.0f64;
        let mut factors = Vec::new();
        for k in 0..n {
            let after = (1.0 + (1.0 + 4.0 * t * t).sqrt()) / 2.0;
            factors.push(if fista { (t - 1.0) / after } else { k as f64 / (k as f64 + 3.0) });
            t = after;
        }
        let expected = by_hand(&problem, n, |k, block, x, previous| {
            let y = moved(&problem, block, x, previous, p * factors[k]);
            descended(&problem, block, &y, &y)
        });
        let schedule = if fista { Schedule::Fista } else { Schedule::Nesterov };
        let outcome = run(params(Inertia::nesterov(p).unwrap(), schedule, Guard::Off, n), problem);
        prop_assert_eq!(outcome.problem.x(), expected);
    }

    #[test]
    fn start_inertia_alone_is_heavy_ball((problem, _) in quadratic(), n in 0usize..30, p in 0.0..=0.9f64) {
        let expected = by_hand(&problem, n, |_, block, x, previous| {
            descended(&problem, block, &moved(&problem, block, x, previous, p), x)
        });
        let outcome = run(params(Inertia::heavy_ball(p).unwrap(), Schedule::Constant, Guard::Off, n), problem);
        prop_assert_eq!(outcome.problem.x(), expected);
    }

    #[test]
    fn guarded_objective_never_increases((problem, _) in quadratic(), inertia in inertia()) {
        let n = problem.dim() as f64;
        let outcome = run(params(inertia, Schedule::Constant, Guard::On, 60), problem);
        // The objective is a sum of n² products, each within a few ε of its size; A's condition is below 300.
        let rounding = 300.0 * 4.0 * n * n * f64::EPSILON;
        for rows in outcome.trace.rows.windows(2) {
            prop_assert!(rows[1].objective <= rows[0].objective * (1.0 + rounding), "{:?}", rows);
            prop_assert!(rows[1].restarts >= rows[0].restarts);
        }
    }

    #[test]
    fn plain_steps_converge_linearly_no_slower_than_theory((problem, mu) in quadratic()) {
        let q = theory(&problem, mu);
        prop_assert!(q > 0.0 && q < 1.0);
        let outcome = run(params(Inertia::NONE, Schedule::Constant, Guard::Off, 40), problem);
        // Entries of x are below 4 and rounded n times a sweep; F is quadratic in them.
        let rounding = (16.0 * outcome.problem.dim() as f64 * f64::EPSILON).powi(2);
        for rows in outcome.trace.rows.windows(2) {
            let most = rows[0].objective * q * (1.0 + 1e-12) + rounding;
            prop_assert!(rows[1].objective <= most, "{:?}, {}", rows, q);
        }
        // The fitted slope is a positive combination of the steps' log ratios, so the bound holds for it too.
        match outcome.trace.fit_rates(1, Limit::Known(0.0)) {
            Ok(rates) => prop_assert!(rates.linear.rate <= q + 1e-12, "{} > {}", rates.linear.rate, q),
            // So fast that fewer than eight points are above rounding.
            Err(error) => prop_assert!(matches!(error, CoreError::TooFewPoints { .. }), "{error}"),
        }
    }

    #[test]
    fn guarded_inertia_converges_linearly_on_strongly_convex_quadratics((problem, _) in quadratic()) {
        let outcome = run(params(Inertia::new(0.6, 0.6, 0.2).unwrap(), Schedule::Constant, Guard::On, 150), problem);
        if let Ok(rates) = outcome.trace.fit_rates(5, Limit::Known(0.0)) {
            prop_assert!(rates.linear.rate + 2.0 * rates.linear.std_error < 1.0);
            // Over a few ripples either law may fit.
            if rates.linear.n_points >= 25 {
                prop_assert_eq!(rates.better().law, DecayLaw::Linear, "{} or {}", rates.linear, rates.sublinear);
            }
        }
    }

    /// Uncoupled directions with λ/θ = s follow a recurrence with product of roots (1 + p3) p (1 − s).
    #[test]
    fn unguarded_stability_is_decided_by_the_product_of_roots(
        p in 0.3..=1.0f64, p3 in 0.0..=0.9f64, s in 0.05..0.3f64, start in prop::collection::vec(0.5..2.0f64, 4),
    ) {
        let product = (1.0 + p3) * p * (1.0 - s);
        prop_assume!((product - 1.0).abs() > 0.03);
        let problem = Quadratic::diagonal(&[1.0, s, s, 1.0], &[2, 2], &start);
        let inertia = Inertia::new(p, p, p3).unwrap();
        let result = Driver::new(params(inertia, Schedule::Constant, Guard::Off, 3000).check().unwrap()).run(problem);
        if product < 1.0 {
            let outcome = result.unwrap();
            let (first, last) = (outcome.trace.rows[0].objective, outcome.trace.rows[3000].objective);
            prop_assert!(last <= 1e-8 * first, "{} to {}", first, last);
        } else {
            let failure = result.unwrap_err();
            prop_assert!(matches!(failure.error, CoreError::Diverged { .. }), "{}", failure);
            prop_assert!(failure.problem.x().iter().all(|x| x.is_finite()));
            prop_assert!(failure.trace.rows.iter().all(|row| row.objective.is_finite()));
        }
    }
}

/// Two coupled blocks with a direction of λ/θ near 0.01.
fn coupled() -> Quadratic {
    #[rustfmt::skip]
    let a = vec![
        1.0,  0.0,  0.1,  0.0,
        0.0,  0.02, 0.0,  0.004,
        0.1,  0.0,  1.0,  0.0,
        0.0,  0.004, 0.0, 0.03,
    ];
    Quadratic::new(a, vec![1.0, -2.0, 3.0, 0.5], &[2, 2], &[0.0; 4])
}

#[test]
fn too_much_inertia_without_guard_diverges_with_the_last_finite_iterate() {
    let inertia = Inertia::new(0.9, 0.9, 0.3).unwrap();
    let unguarded = params(inertia, Schedule::Constant, Guard::Off, 100_000);
    let failure = Driver::new(unguarded.clone().check().unwrap())
        .run(coupled())
        .unwrap_err();
    let CoreError::Diverged {
        iteration,
        objective,
        start,
        ..
    } = failure.error
    else {
        panic!("{failure}")
    };
    assert!(objective > 1e6 * start.max(1.0));
    let last = failure.trace.last().unwrap();
    assert_eq!((last.iteration, last.objective), (iteration, objective));
    assert!(failure.trace.rows[iteration - 1].objective <= 1e6 * start.max(1.0));
    assert_eq!(failure.problem.value(&failure.problem.x()), objective);
    // Without a bound it runs until numbers overflow, and still hands back finite ones.
    let unbounded = unguarded.divergence_factor(f64::INFINITY);
    let failure = Driver::new(unbounded.check().unwrap())
        .run(coupled())
        .unwrap_err();
    assert!(matches!(
        failure.error,
        CoreError::Diverged { .. } | CoreError::NonFinite { .. }
    ));
    assert!(failure.problem.x().iter().all(|x| x.is_finite()));
    assert!(failure.problem.x().iter().any(|x| x.abs() > 1e100));
    assert!(
        failure
            .trace
            .rows
            .iter()
            .all(|row| row.objective.is_finite())
    );
}

#[test]
fn less_inertia_converges_without_guard_and_more_converges_with() {
    for (p, p3, guard) in [
        (0.7, 0.3, Guard::Off),
        (0.9, 0.3, Guard::On),
        (1.0, 1.0, Guard::On),
    ] {
        let stopping = Stopping::default()
            .max_iterations(5000)
            .target_objective(1e-12);
        let params = params(
            Inertia::new(p, p, p3).unwrap(),
            Schedule::Constant,
            guard,
            0,
        )
        .stopping(stopping);
        let outcome = run(params, coupled());
        assert_eq!(outcome.reason, StopReason::TargetObjective, "{p} {p3}");
        assert_eq!(
            outcome.restarts > 0,
            guard == Guard::On,
            "{p} {p3}: {} restarts",
            outcome.restarts
        );
    }
}

#[test]
fn inertia_pays_off_on_a_badly_conditioned_quadratic() {
    let iterations = |inertia| {
        let stopping = Stopping::default()
            .max_iterations(5000)
            .target_objective(1e-9);
        run(
            params(inertia, Schedule::Constant, Guard::On, 0).stopping(stopping),
            coupled(),
        )
        .iterations
    };
    let (plain, triple) = (
        iterations(Inertia::NONE),
        iterations(Inertia::new(0.8, 0.8, 0.15).unwrap()),
    );
    assert!(triple * 5 < plain, "{triple} against {plain}");
}
