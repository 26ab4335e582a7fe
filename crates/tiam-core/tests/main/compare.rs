//! Tests of the comparison of configurations.

use tiam_core::{
    CoreError, DecayLaw, DriverConfig, Guard, Inertia, Limit, Schedule, StopReason, Stopping,
    compare,
};

use crate::common::{Quadratic, Scripted, bowl, params};

fn configurations() -> [(&'static str, DriverConfig); 3] {
    let stopping = Stopping::default()
        .max_iterations(2000)
        .target_objective(1e-9);
    let config = |inertia, guard| {
        let params = params(inertia, Schedule::Constant, guard, 0);
        params.stopping(stopping.clone()).check().unwrap()
    };
    let much = Inertia::new(1.0, 1.0, 1.0).unwrap();
    [
        ("plain", config(Inertia::NONE, Guard::On)),
        (
            "triple",
            config(Inertia::new(0.8, 0.8, 0.15).unwrap(), Guard::On),
        ),
        ("too much, \u{3b8}", config(much, Guard::Off)),
    ]
}

/// Curvatures from 1 to 0.01.
fn stiff() -> Quadratic {
    Quadratic::diagonal(&[1.0, 0.1, 0.01], &[3], &[1.0; 3])
}

#[test]
fn each_configuration_runs_on_a_problem_of_its_own() {
    let mut made = 0;
    let comparison = compare(
        || {
            made += 1;
            stiff()
        },
        configurations(),
    );
    assert_eq!((made, comparison.runs.len()), (3, 3));
    for (run, (name, config)) in comparison.runs.iter().zip(configurations()).take(2) {
        let alone = tiam_core::Driver::new(config).run(stiff()).unwrap();
        assert_eq!(run.name, name);
        assert_eq!(run.end, Ok(StopReason::TargetObjective));
        assert_eq!(
            (run.iterations, run.restarts),
            (alone.iterations, alone.restarts)
        );
        assert_eq!(run.trace.objectives(), alone.trace.objectives());
        assert_eq!(Some(&run.objective), alone.trace.objectives().last());
    }
    assert_eq!(comparison.fastest().unwrap().name, "triple");
    // A run that fails is a row, with what it has.
    let failed = &comparison.runs[2];
    assert!(
        matches!(failed.end, Err(CoreError::Diverged { .. })),
        "{:?}",
        failed.end
    );
    assert_eq!(failed.trace.rows.len(), failed.iterations + 1);
}

#[test]
fn rates_are_fitted_where_there_are_any() {
    let mut comparison = compare(stiff, configurations());
    comparison.fit_rates(Limit::Known(0.0));
    // Plain steps shrink the softest direction by 1 − 0.01, its square by 0.9801.
    let rate = comparison.runs[0].rate.unwrap();
    assert_eq!(rate.law, DecayLaw::Linear);
    assert!((rate.rate - 0.9801).abs() < 1e-6, "{rate}");
    assert!(comparison.runs[2].rate.is_none(), "it rises");
}

#[test]
fn a_comparison_prints_as_an_aligned_table() {
    let text = compare(stiff, configurations()).to_string();
    let lines: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
    assert_eq!(lines.len(), 4);
    let header: String = lines[0].iter().collect();
    assert!(
        header.starts_with("configuration  iterations       objective  restarts   seconds  rate"),
        "{header}"
    );
    let end = header.find("end").unwrap();
    for line in &lines[1..] {
        // Numbers end, and texts begin, below their headings.
        for column in ["iterations", "objective", "restarts", "seconds"] {
            let last = header.find(column).unwrap() + column.len() - 1;
            assert!(
                line[last].is_ascii_digit() && line[last + 1] == ' ',
                "{column} in {text}"
            );
        }
        assert!(line[end] != ' ' && line[end - 1] == ' ', "{text}");
    }
    assert!(
        text.contains("target objective reached") && text.contains("diverged in iteration"),
        "{text}"
    );
}

#[test]
fn a_start_that_is_not_finite_and_no_configuration_at_all_are_told() {
    let config = params(Inertia::NONE, Schedule::Constant, Guard::On, 3)
        .check()
        .unwrap();
    let comparison = compare(|| Scripted::new(1, &[], &[f64::NAN]), [("only", config)]);
    let run = &comparison.runs[0];
    assert!(run.objective.is_nan() && run.end.is_err() && run.trace.rows.is_empty());
    assert!(
        comparison
            .to_string()
            .contains("the objective of the start is NaN")
    );
    let none = compare(bowl, Vec::<(String, DriverConfig)>::new());
    assert!(none.fastest().is_none());
    assert_eq!(none.to_string().lines().count(), 1);
}
