use super::*;
use std::collections::BTreeMap;

#[test]
fn a_mean_knows_its_deviation_and_its_runs() {
    let mean = Mean::of([1.0, 3.0]).unwrap();
    assert!((mean.mean - 2.0).abs() < 1e-15);
    assert!((mean.deviation - 2.0f64.sqrt()).abs() < 1e-15);
    assert_eq!((mean.n, Mean::of([])), (2, None));
    assert_eq!(Mean::cell(Mean::of([5.0])), Cell::from(5.0));
}

#[test]
fn the_median_is_in_the_middle() {
    assert_eq!(median(vec![]), None);
    assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
    assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
}

#[test]
fn seeds_are_averaged() {
    let run = |key: &str, seed: u64, rate: f64| Record {
        key: key.to_owned(),
        seed,
        figures: BTreeMap::from([("rate".to_owned(), rate)]),
        ..Record::default()
    };
    let records = [run("b", 0, 1.0), run("a", 0, 5.0), run("b", 1, 3.0)];
    let groups = Runs(records.iter().collect()).groups(|r| r.key.clone());
    assert_eq!(groups.len(), 2);
    assert_eq!(groups[0].1.cell("rate"), Cell::mean(2.0, 2f64.sqrt()));
    assert_eq!(groups[1].1.cell("rate"), Cell::from(5.0));
    assert_eq!(groups[1].1.cell("none"), Cell::Missing);
}

#[test]
fn runs_are_paired_by_split_and_start() {
    let run = |seed, split: Value, accuracy, reason: &str| Record {
        seed,
        labels: [("split".to_owned(), split)].into(),
        figures: [("accuracy".to_owned(), accuracy)].into(),
        reason: reason.to_owned(),
        ..Record::default()
    };
    let own = [
        run(0, "public".into(), 0.5, "done"),
        run(1, 1.into(), 0.6, "done"),
        run(2, 2.into(), 0.7, "done"),
        run(3, 3.into(), 0.8, "done"),
    ];
    let others = [
        run(3, 3.into(), 0.1, "failed: F is not finite"),
        run(1, 1.into(), 0.2, "done"),
        run(2, 1.into(), 0.3, "done"),
        run(0, "public".into(), 0.4, "done"),
    ];
    let [own, others] = [&own, &others].map(|runs| Runs(runs.iter().collect()));
    assert_eq!(own.pairs(&others, "accuracy"), [(0.5, 0.4), (0.6, 0.2)]);
    assert!(own.pairs(&others, "loss").is_empty());
}
