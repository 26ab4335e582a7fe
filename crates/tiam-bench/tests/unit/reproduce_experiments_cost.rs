use super::super::testing::{done_twice, table_rows};
use super::*;

#[test]
fn flops_count_the_products() {
    // 100-100-100-10 with 1,000 samples: 2·10³ (2·10⁴ + 9·10⁴ + 9·10³).
    assert!((flops(&[100, 100, 100, 10], 1000) - 2e3 * 1.19e5).abs() < 1.0);
}

#[test]
fn the_time_is_the_median() {
    let time = IterationTime::of(vec![5.0, 1.0, 9.0, 2.0, 3.0]);
    assert!((time.median - 3.0).abs() < 1e-15 && time.measured == 5);
    assert!(time.quartiles[0] <= time.median && time.median <= time.quartiles[1]);
}

#[test]
fn sweeps_are_planned_done_and_kept() {
    let extent = Extent {
        samples: vec![20, 40],
        features: vec![4],
        widths: vec![5],
        depths: vec![1, 2],
        budget: Duration::ZERO,
    };
    let records = done_twice(|session| sweeps(session, &extent));
    assert_eq!(records.len(), 6);
    // Time, flops and memory against each of four sizes.
    assert_eq!(table_rows(section(&records)), [12]);
    assert!(section(&[]).blocks.is_empty());
    for record in &records {
        let figures = &record.figures;
        assert!(figures["seconds_per_iteration"] > 0.0, "{}", record.key);
        assert!(figures["flops_per_iteration"] > 0.0);
    }
}

#[test]
fn sweeps_have_points_enough_for_their_exponents() {
    assert_eq!(steps(25, 100), [25, 35, 50, 71, 100]);
    assert!(steps(1000, 16_000).len() >= 9);
}
