//! Tests of the rate estimator on series of known rate, and of the serialised trace.

use crate::common::{Quadratic, params, run};
use crate::properties::seeded;
use proptest::prelude::*;
use tiam_core::{
    CoreError, DecayLaw, Guard, Inertia, Limit, MIN_RATE_POINTS, RateFit, RateReport, Schedule,
    StopReason, Trace, TraceRow, fit_rates,
};

fn linear(q: f64, constant: f64, limit: f64, n: usize) -> Vec<f64> {
    (0..n)
        .map(|k| limit + constant * q.powi(k as i32))
        .collect()
}

/// Starts at iteration 0, which has no gap of this law; it is ten times the next.
fn sublinear(p: f64, constant: f64, limit: f64, n: usize) -> Vec<f64> {
    (0..n)
        .map(|k| limit + constant * if k == 0 { 10.0 } else { (k as f64).powf(-p) })
        .collect()
}

proptest! {
    #![proptest_config(seeded())]

    #[test]
    fn linear_rates_are_recovered(q in 0.5..0.99f64, constant in 0.1..100.0f64, limit in -10.0..10.0f64) {
        let values = linear(q, constant, limit, 120);
        let known = fit_rates(0, &values, Limit::Known(limit)).unwrap();
        // The tail's gaps are rounded to within 1 % (64 ε against ½ ε), so their log is; earlier ones are better.
        prop_assert!((known.linear.rate - q).abs() < 1e-3 * (1.0 - q), "{}", known.linear);
        prop_assert!((known.linear.constant / constant - 1.0).abs() < 1e-2);
        prop_assert!(known.linear.r_squared > 1.0 - 1e-6);
        prop_assert_eq!(known.better().law, DecayLaw::Linear);
        let estimated = fit_rates(0, &values, Limit::Estimated).unwrap();
        prop_assert!((estimated.linear.rate - q).abs() < 1e-3 * (1.0 - q), "{} for {}", estimated.linear, q);
        prop_assert!((estimated.linear.limit - limit).abs() < 1e-4 * constant);
        prop_assert_eq!(estimated.better().law, DecayLaw::Linear);
    }

    #[test]
    fn sublinear_rates_are_recovered(p in 0.3..3.0f64, constant in 0.1..100.0f64, limit in -10.0..10.0f64) {
        let values = sublinear(p, constant, limit, 300);
        let known = fit_rates(0, &values, Limit::Known(limit)).unwrap();
        prop_assert!((known.sublinear.rate / p - 1.0).abs() < 1e-3, "{}", known.sublinear);
        prop_assert!((known.sublinear.constant / constant - 1.0).abs() < 1e-2);
        prop_assert_eq!(known.better().law, DecayLaw::Sublinear);
        let estimated = fit_rates(0, &values, Limit::Estimated).unwrap();
        prop_assert!((estimated.sublinear.rate / p - 1.0).abs() < 1e-3, "{} for {}", estimated.sublinear, p);
        prop_assert!((estimated.sublinear.limit - limit).abs() < 1e-4 * constant);
        prop_assert_eq!(estimated.better().law, DecayLaw::Sublinear);
    }

    #[test]
    fn trace_survives_json(rows in prop::collection::vec(
        (-1e300..1e300f64, 0.0..1e9f64, 0usize..1000, prop::option::of(0.0..2.0f64), 0.0..1e6f64, 0.0..=1.0f64, any::<i32>()),
        0..10,
    )) {
        let rows = rows.into_iter().enumerate().map(|(iteration, row)| TraceRow {
            iteration,
            objective: row.0,
            violation: row.1,
            restarts: row.2,
            rel_change: row.3,
            seconds: row.4,
            inertia: Inertia::new(row.5, 1.0 - row.5, row.5 / 3.0).unwrap(),
            measures: row.6,
        });
        let trace = Trace { rows: rows.collect() };
        let text = serde_json::to_string(&trace).unwrap();
        prop_assert_eq!(serde_json::from_str::<Trace<i32>>(&text).unwrap(), trace);
    }
}

/// Standard normal numbers by Box and Muller from a linear congruential generator.
fn normals(seed: u64, n: usize) -> Vec<f64> {
    let mut state = seed;
    let mut uniform = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (((state >> 32) as f64) + 0.5) / 4_294_967_296.0
    };
    (0..n)
        .map(|_| (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos())
        .collect()
}

/// Share of 400 noisy series whose interval holds the truth. Noise of 5 % multiplies the gap.
fn coverage(series: impl Fn() -> Vec<f64>, fit: impl Fn(&[f64]) -> RateFit, truth: f64) -> f64 {
    let n_series = 400;
    let covers = |seed: u64| {
        let clean = series();
        let noisy: Vec<f64> = clean
            .iter()
            .zip(normals(seed * 7919 + 1, clean.len()))
            .map(|(gap, z)| gap * (0.05 * z).exp())
            .collect();
        let [low, high] = fit(&noisy).interval;
        low <= truth && truth <= high
    };
    (0..n_series).filter(|&seed| covers(seed)).count() as f64 / n_series as f64
}

#[test]
fn intervals_hold_the_truth_as_often_as_they_say() {
    // 95 % of 400, plus or minus three standard deviations of 1.1 %; a little wider where the limit is fitted, since its
    // share in the error is linearised.
    let range = 0.917..=0.983;
    let wider = 0.90..=0.99;
    let (q, p) = (0.9, 1.5);
    let known = |values: &[f64]| fit_rates(1, values, Limit::Known(0.0)).unwrap();
    let estimated = |values: &[f64]| fit_rates(1, values, Limit::Estimated).unwrap();
    let lines = || linear(q, 3.0, 0.0, 40);
    let powers = || sublinear(p, 3.0, 0.0, 41)[1..].to_vec();
    let share = coverage(lines, |values| known(values).linear, q);
    assert!(range.contains(&share), "linear, known: {share}");
    let share = coverage(powers, |values| known(values).sublinear, p);
    assert!(range.contains(&share), "sublinear, known: {share}");
    let share = coverage(lines, |values| estimated(values).linear, q);
    assert!(wider.contains(&share), "linear, estimated: {share}");
    let share = coverage(powers, |values| estimated(values).sublinear, p);
    assert!(wider.contains(&share), "sublinear, estimated: {share}");
}

#[test]
fn plain_steps_on_one_soft_direction_have_the_exact_rate() {
    // F's gap in a direction of λ/θ = s shrinks by (1 − s)² a step.
    for s in [0.03, 0.1, 0.3] {
        let problem = Quadratic::diagonal(&[1.0, s, 1.0], &[2, 1], &[1.0, 1.0, 1.0]);
        let outcome = run(
            params(Inertia::NONE, Schedule::Constant, Guard::Off, 200),
            problem,
        );
        let fit = outcome
            .trace
            .fit_rates(1, Limit::Known(0.0))
            .unwrap()
            .linear;
        assert!((fit.rate - (1.0 - s) * (1.0 - s)).abs() < 1e-12, "{fit}");
        assert!(fit.r_squared > 1.0 - 1e-12);
    }
}

#[test]
fn a_converged_tail_is_left_out() {
    let mut values = linear(0.5, 1.0, 3.0, 30);
    values.extend([3.0; 500]);
    for limit in [Limit::Known(3.0), Limit::Estimated] {
        let fit = fit_rates(0, &values, limit).unwrap().linear;
        assert!((fit.rate - 0.5).abs() < 1e-3, "{limit:?}: {fit}");
        assert!(fit.n_points <= 30, "{}", fit.n_points);
    }
}

#[test]
fn first_iteration_shifts_the_sublinear_law() {
    let values = sublinear(2.0, 4.0, 0.0, 200);
    let fit = fit_rates(100, &values[100..], Limit::Known(0.0)).unwrap();
    assert!((fit.sublinear.rate - 2.0).abs() < 1e-9);
    assert!((fit.sublinear.gap(150.0) / values[150] - 1.0).abs() < 1e-9);
    let fit = fit_rates(7, &linear(0.9, 4.0, 0.0, 50)[7..], Limit::Known(0.0)).unwrap();
    assert!((fit.linear.gap(20.0) / (4.0 * 0.9f64.powi(20)) - 1.0).abs() < 1e-9);
}

#[test]
fn series_without_a_rate_are_errors() {
    let needed = MIN_RATE_POINTS;
    let values = linear(0.9, 1.0, 1.0, needed + 1);
    assert!(fit_rates(0, &values, Limit::Known(1.0)).is_ok());
    // The smallest value is used too, the limit being below it.
    let fit = fit_rates(1, &values[1..], Limit::Estimated).unwrap().linear;
    assert_eq!(fit.n_points, needed);
    assert!((fit.rate - 0.9).abs() < 1e-6);
    let few = |values: &[f64], limit| match fit_rates(0, values, limit) {
        Err(CoreError::TooFewPoints { n_points, .. }) => n_points,
        other => panic!("{other:?}"),
    };
    assert_eq!(few(&values[..needed], Limit::Known(1.0)), needed - 1);
    assert_eq!(few(&[], Limit::Estimated), 0);
    assert_eq!(few(&[1.0], Limit::Known(0.0)), 0);
    assert_eq!(few(&[2.0; 50], Limit::Estimated), 0);
    assert_eq!(few(&[0.0; 50], Limit::Known(0.0)), 0);
    let words = |values: &[f64], limit| fit_rates(0, values, limit).unwrap_err().to_string();
    assert_eq!(
        words(&values[..5], Limit::Known(1.0)),
        "a rate fit needs 8 points, there are 4: of 4 objectives from iteration 1 on, the first 4 are above the \
         limit 1 by more than rounding"
    );
    assert_eq!(
        words(&[3.0, 2.0, 1.5], Limit::Known(1.75)),
        "the limit 1.75 is above the objective, which reaches 1.5: a rate fit needs 8 points above the limit, \
         before the first that is not there are 1"
    );
    assert_eq!(
        words(&[2.0; 50], Limit::Known(1.0)),
        "the objective does not decay: it is 2 after iteration 1 and 2 after iteration 49"
    );
    for bad in [f64::NAN, f64::INFINITY] {
        let with_bad = [&values[..], &[bad]].concat();
        assert!(matches!(
            fit_rates(0, &with_bad, Limit::Estimated),
            Err(CoreError::Parameter { .. })
        ));
        assert!(matches!(
            fit_rates(0, &values, Limit::Known(bad)),
            Err(CoreError::Parameter { .. })
        ));
    }
}

#[test]
fn a_fit_that_begins_beyond_the_trace_names_both() {
    let outcome = run(
        params(Inertia::NONE, Schedule::Constant, Guard::Off, 105),
        Quadratic::diagonal(&[1.0, 0.01], &[2], &[1.0, 1.0]),
    );
    let fit = |from| outcome.trace.fit_rates(from, Limit::Known(0.0));
    assert_eq!(
        fit(500).unwrap_err().to_string(),
        "the rate fit begins at iteration 500; the trace has 106 rows and ends with iteration 105"
    );
    assert!(matches!(
        fit(100),
        Err(CoreError::TooFewPoints {
            n_points: 6,
            n_objectives: 6,
            first_iteration: 100,
            ..
        })
    ));
    assert!(fit(98).is_ok());
}

#[test]
fn files_with_unknown_fields_or_values_out_of_range_are_refused() {
    let inertia: Inertia =
        serde_json::from_str(r#"{"start":0.9,"gradient":0.8,"correction":0.1}"#).unwrap();
    assert_eq!(inertia, Inertia::new(0.9, 0.8, 0.1).unwrap());
    for text in [
        r#"{"start":1.1,"gradient":0.8,"correction":0.1}"#,
        r#"{"start":0.9,"gradient":0.8}"#,
        r#"{"start":0.9,"gradient":0.8,"correction":0.1,"p4":0}"#,
    ] {
        assert!(serde_json::from_str::<Inertia>(text).is_err(), "{text}");
    }
    assert!(serde_json::from_str::<Trace<()>>(r#"{"rows":[]}"#).is_ok());
    // A file may hold more than the rows, as a program's trace with its solvers does; the rows themselves are strict.
    assert!(serde_json::from_str::<Trace<()>>(r#"{"rows":[],"solvers":[]}"#).is_ok());
    let row = r#""iteration":0,"objective":1.0,"violation":0.0,"restarts":0,"rel_change":null,"measures":null,"seconds":0.0,"inertia":{"start":0.0,"gradient":0.0,"correction":0.0}"#;
    let rows = |row: &str| serde_json::from_str::<Trace<()>>(&format!("{{\"rows\":[{{{row}}}]}}"));
    assert!(rows(row).is_ok());
    assert!(rows(&format!("{row},\"more\":1")).is_err());
    assert_eq!(
        serde_json::to_string(&StopReason::TimeLimit).unwrap(),
        r#""time_limit""#
    );
    let own = StopReason::Custom("good enough".into());
    let text = serde_json::to_string(&own).unwrap();
    assert_eq!(text, r#"{"custom":"good enough"}"#);
    assert_eq!(serde_json::from_str::<StopReason>(&text).unwrap(), own);
    assert_eq!(
        serde_json::from_str::<Guard>(r#""off""#).unwrap(),
        Guard::Off
    );
    let report = fit_rates(0, &linear(0.9, 1.0, 1.0, 30), Limit::Known(1.0)).unwrap();
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<RateReport>(&text).unwrap(), report);
}

#[test]
fn schedule_names_are_read_as_written() {
    for schedule in [Schedule::Constant, Schedule::Nesterov, Schedule::Fista] {
        assert_eq!(
            schedule.to_string().parse::<Schedule>().unwrap().name(),
            schedule.name()
        );
    }
    for name in ["custom", "Fista", ""] {
        assert_eq!(
            name.parse::<Schedule>().unwrap_err(),
            CoreError::UnknownSchedule { name: name.into() }
        );
    }
}
