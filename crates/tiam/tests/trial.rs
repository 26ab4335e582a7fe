//! Trials: paired tests and verdicts, with figures made by hand, and whole trials.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tiam::{Costs, Fit, Measure, Mlp, Predictor, Run, Runs, Table, Trial, TrialResult};

fn costs(seconds: f64) -> Costs {
    Costs {
        seconds,
        processor_seconds: None,
        memory: None,
        model_bytes: 1,
        microseconds: 1.0,
    }
}

/// A result with these scores and seconds; losses fall as scores rise.
fn result(measure: Measure, methods: &[(&str, &[f64], f64)]) -> TrialResult {
    let run = |score: f64, seconds| Run {
        score,
        loss: 1.0 - score,
        costs: costs(seconds),
    };
    let runs = |(name, scores, seconds): &(&str, &[f64], f64)| Runs {
        name: (*name).to_owned(),
        runs: scores.iter().map(|score| run(*score, *seconds)).collect(),
        failed: None,
    };
    TrialResult {
        data: "made.csv".to_owned(),
        n_samples: 100,
        test_fraction: 0.2,
        splits: methods[0].1.len(),
        measure,
        methods: methods.iter().map(runs).collect(),
    }
}

#[test]
fn a_difference_is_tested_in_pairs_and_corrected_for_shared_rows() {
    let found = result(
        Measure::Accuracy,
        &[
            ("a", &[0.90, 0.80, 0.94, 0.86], 1.0),
            ("b", &[0.88, 0.77, 0.92, 0.83], 2.0),
        ],
    );
    let one = &found.differences()[0];
    // Differences 0.02, 0.03, 0.02, 0.03: s² = 3.333e-5, error = sqrt(s² (1/4 + 1/4)) = 4.0825e-3, t = 6.1237.
    assert_eq!(one.other, "b");
    assert!((one.score.mean - 0.025).abs() < 1e-12);
    assert!((one.score.margin - 3.18245 * 4.08248e-3).abs() < 1e-6);
    assert!((one.p - 0.00875).abs() < 5e-5, "{}", one.p);
    assert!((one.times - 0.5).abs() < 1e-12 && one.is_measured());
    assert_eq!(
        found.verdict(),
        "a is best: 2.5 ± 1.3 points better than b, 2.0 times faster. Use a."
    );
}

#[test]
fn the_quicker_of_two_that_are_even_is_advised() {
    let found = result(
        Measure::R2,
        &[
            ("slow", &[0.70, 0.60, 0.80], 80.0),
            ("quick", &[0.72, 0.57, 0.79], 10.0),
            ("poor", &[0.40, 0.31, 0.50], 10.0),
        ],
    );
    let verdict = found.verdict();
    assert!(
        verdict.contains("of R² better than quick (which may be chance), 8.0 times slower"),
        "{verdict}"
    );
    assert!(
        verdict.contains("quick is not measurably worse and 8.0 times faster: use quick"),
        "{verdict}"
    );
    assert!(!verdict.contains("poor is"), "{verdict}");
}

#[test]
fn a_method_that_is_ahead_is_worth_a_few_seconds() {
    let methods: [(&str, &[f64], f64); 2] = [
        ("slow", &[0.70, 0.60, 0.80], 8.0),
        ("quick", &[0.72, 0.57, 0.79], 1.0),
    ];
    let verdict = result(Measure::R2, &methods).verdict();
    assert!(
        verdict.contains("Use slow, whose fit takes 8.00 s"),
        "{verdict}"
    );
}

#[test]
fn one_split_is_said_to_say_little() {
    let found = result(Measure::Accuracy, &[("a", &[0.9], 1.0), ("b", &[0.8], 1.0)]);
    let one = &found.differences()[0];
    assert!(one.p.is_nan() && one.score.margin.is_nan());
    assert!(
        found
            .verdict()
            .contains("10.0 points better than b, as fast. One split says little")
    );
    assert!(
        serde_json::to_string(&found).is_ok_and(|text| text.contains("\"measure\":\"accuracy\""))
    );
}

#[test]
fn equal_methods_are_no_different_and_a_constant_difference_is_certain() {
    let equal = result(
        Measure::Accuracy,
        &[("a", &[0.9, 0.8], 1.0), ("b", &[0.9, 0.8], 1.0)],
    );
    assert!((equal.differences()[0].p - 1.0).abs() < 1e-12);
    let apart = result(
        Measure::Accuracy,
        &[("a", &[0.75, 0.5], 1.0), ("b", &[0.5, 0.25], 1.0)],
    );
    assert!(apart.differences()[0].p < 1e-12);
}

/// A method that cannot learn from the second table it is given.
struct Fails(AtomicBool);

impl Fit for Fails {
    fn fit(&self, train: &Table) -> tiam::Result<Predictor> {
        if self.0.swap(true, Ordering::Relaxed) {
            return Err(tiam::Error::Training {
                reason: "out of luck".to_owned(),
            });
        }
        quick().fit(train)
    }
}

fn quick() -> Mlp {
    let params = tiam::StochasticParams::default().epochs(1);
    Mlp::default().hidden([4]).method(params).threads(1)
}

#[test]
fn a_method_that_fails_is_out_and_the_others_go_on() -> tiam::Result<()> {
    let trial = Trial::default().splits(3);
    let trial = trial
        .method("quick", quick())
        .method("fails", Fails(AtomicBool::new(false)));
    let mut told = Vec::new();
    let found = trial.run(&Table::digits(), &mut |done, of, name| {
        told.push((done, of, name.to_owned()))
    })?;
    assert_eq!(found.splits, 3);
    assert_eq!(
        found.methods[1]
            .failed
            .as_deref()
            .map(|reason| reason.contains("out of luck")),
        Some(true)
    );
    assert_eq!(
        (found.methods[0].runs.len(), found.methods[1].runs.len()),
        (3, 1)
    );
    assert_eq!(told.last(), Some(&(5, 6, "fails".to_owned())));
    // What is compared was run on every split.
    assert_eq!(
        found.verdict(),
        "quick is the only method that came to its end."
    );
    Ok(())
}

#[test]
fn an_interrupted_trial_keeps_whole_splits() -> tiam::Result<()> {
    let flag = Arc::new(AtomicBool::new(false));
    let trial = Trial::default().splits(5).interrupt(Arc::clone(&flag));
    let trial = trial.method("a", quick()).method("b", quick());
    let found = trial.run(&Table::digits(), &mut |done, _, _| {
        flag.store(done == 3, Ordering::Relaxed)
    })?;
    assert_eq!(found.splits, 1);
    assert!(found.methods.iter().all(|runs| runs.runs.len() == 1));
    Ok(())
}
