use super::super::cost::section;
use super::super::testing::{done_twice, table_rows};
use super::*;

#[test]
fn solvers_are_planned_done_and_kept_and_share_a_target() {
    let extent = Extent {
        shapes: vec![("small", Shape::Blobs(60, 8, 3))],
        iterations: 5,
        budget: Duration::ZERO,
    };
    let records = done_twice(|session| run_extent(session, &extent));
    assert_eq!(records.len(), SOLVERS.len());
    assert_eq!(table_rows(section(&records)), [SOLVERS.len()]);
    let target = records[0].figures["target_objective"];
    for record in &records {
        assert_eq!(
            record.figures["target_objective"].to_bits(),
            target.to_bits()
        );
        assert!(record.figures["seconds_per_iteration"] > 0.0);
    }
    assert!(records[0].figures.contains_key("iterations_to_target"));
    // The exact steps go further in an iteration than those of backtracking.
    let exact = records[1].figures["iterations_to_target"];
    assert!(exact <= 5.0, "{exact}");
}
