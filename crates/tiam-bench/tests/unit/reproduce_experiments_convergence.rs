use super::*;

fn run(objective: &[f64]) -> Record {
    let n = objective.len();
    let curve = Curve {
        iteration: (0..n).collect(),
        seconds: (0..n).map(|k| 2.0 * k as f64).collect(),
        objective: objective.to_vec(),
        train_loss: vec![0.0; n],
        violation: vec![0.0; n],
    };
    Record {
        curve: Some(curve),
        ..Record::default()
    }
}

#[test]
fn the_speed_up_is_symmetric_and_counts_what_is_kept() {
    let (slow, quick) = (
        run(&[9.0, 8.0, 7.0, 6.0, 5.0]),
        run(&[9.0, 5.0, 4.0, 3.0, 2.0]),
    );
    let of = |a, b, cost| speed_up(a, b, cost).unwrap();
    assert!((of(&quick, &slow, iterations) - 4.0).abs() < 1e-12);
    assert!((of(&slow, &quick, iterations) - 0.25).abs() < 1e-12);
    assert!((of(&quick, &slow, seconds) - 4.0).abs() < 1e-12);
    // A dip that is not kept does not count.
    let dips = run(&[9.0, 4.0, 6.0, 5.5, 4.5]);
    assert!((of(&dips, &slow, iterations) - 1.0).abs() < 1e-12);
    assert!((of(&slow, &slow, iterations) - 1.0).abs() < 1e-12);
}
