use super::super::testing::{done_twice, table_rows};
use super::*;

#[test]
fn the_experiment_is_planned_done_and_kept() {
    let extent = Extent {
        kappas: vec![10.0],
        ridge_iterations: 400,
        network_iterations: 30,
        networks: vec![DataName::Digits, DataName::Cora],
        seeds: 1,
    };
    let mut library = Library::new(None);
    let records = done_twice(|session| run_extent(session, &mut library, &extent));
    assert_eq!(records.len(), 2 * 7 * 2 + 3 + 3);
    // A row for each inertia of both quadratics; ridge regression and the digits with three methods each.
    assert_eq!(table_rows(section(&records)), [2 * 7, 3 + 3]);
    assert!(section(&[]).blocks.is_empty());
    for record in &records {
        let stable = record.figures.get("theoretical_rate").map(|q| *q < 1.0);
        match stable {
            Some(true) => assert!(
                record.figures.contains_key("measured_rate"),
                "{}",
                record.key
            ),
            Some(false) => assert_eq!(record.reason, "diverged", "{}", record.key),
            None => {}
        }
    }
}

#[test]
fn the_guard_makes_every_setting_converge() {
    for n_blocks in [1, 2] {
        for (name, inertia) in inertias().unwrap() {
            let model = Model {
                part: "quadratic",
                n_blocks,
                kappa: 10.0,
                inertia,
                guard: Guard::On,
            };
            let finding = model
                .find(Stopping::default().max_iterations(5000))
                .unwrap();
            assert_eq!(finding.reason, "converged", "{n_blocks} {name}");
            let rate = finding.figures["measured_rate"];
            assert!(rate > 0.0 && rate < 1.0, "{n_blocks} {name}: {rate}");
        }
    }
}

#[test]
fn ridge_regression_reaches_the_direct_solution() {
    for method in METHODS {
        let params = any_form().rho(RIDGE_RHO).ridge(RIDGE_MU);
        let (seed, stopping) = (1, Stopping::default().max_iterations(20_000));
        let finding = find_ridge(&Setup::relaxed(method, params), seed, stopping).unwrap();
        // Never below F* but for rounding, and down to it: the two ways to compute it agree.
        let gap = finding.figures["gap"];
        assert!(gap.abs() < 1e-10, "{method}: {gap}");
        let rate = finding.figures["measured_rate"];
        assert!(rate > 0.0 && rate < 1.0, "{method}: {rate}");
    }
}
