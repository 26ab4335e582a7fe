use super::*;

fn run(seed: u64, seconds: &[f64], objective: &[f64]) -> Record {
    Record {
        method: "dladmm".to_owned(),
        seed,
        curve: Some(Curve {
            iteration: (0..seconds.len()).collect(),
            seconds: seconds.to_vec(),
            objective: objective.to_vec(),
            ..Curve::default()
        }),
        ..Record::default()
    }
}

#[test]
fn a_course_is_the_median_in_a_band_as_far_as_all_go() {
    let records = [
        run(0, &[0.0, 1.0, 2.0], &[9.0, 5.0, 1.0]),
        run(1, &[0.0, 3.0], &[7.0, 3.0]),
        run(2, &[0.0, 2.0, 4.0], &[8.0, 4.0, 2.0]),
        // Without a curve.
        Record::default(),
    ];
    let runs = Runs(records.iter().collect());
    let series = course("x", SeriesColor::Other(0), &runs, seconds, |c| &c.objective);
    assert_eq!(series.points, [(0.0, 8.0), (2.0, 4.0)]);
    assert_eq!(series.spread, Some(vec![(7.0, 9.0), (3.0, 5.0)]));
    let series = course("x", SeriesColor::Other(0), &runs, passes, |c| &c.objective);
    assert_eq!(series.points, [(0.0, 8.0), (2.0, 4.0)]);
    let single = Runs(vec![&records[0]]);
    let series = course("x", SeriesColor::Other(0), &single, iterations, |c| {
        &c.objective
    });
    assert_eq!((series.points.len(), series.spread), (3, None));
}

#[test]
fn the_axis_shows_where_the_courses_end() {
    let series = |ys: &[f64]| {
        let points = ys.iter().map(|y| (0.0, *y)).collect();
        [Series::line("x", SeriesColor::Other(0), points)]
    };
    let range = |ys: &[f64]| axis("y", &series(ys)).range;
    assert_eq!(range(&[1e4, 10.0, 1.0]), Some((0.9, 30.0)));
    assert_eq!(range(&[20.0, 10.0, 1.0]), None);
    assert_eq!(range(&[]), None);
}
