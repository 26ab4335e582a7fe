//! The recorded trajectories of the algorithm, from an independent reference in double precision.

use std::fs;
use std::path::PathBuf;

use tiam_linalg::Solver;
use tiam_models::Trajectory;

/// Relative; in every iteration.
const TOLERANCE: f64 = 1e-6;

fn fixtures() -> Vec<(String, Trajectory)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let read = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (
            name,
            serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap(),
        )
    };
    files.iter().map(read).collect()
}

#[test]
fn every_recorded_trajectory_is_met_in_every_iteration() {
    let fixtures = fixtures();
    assert_eq!(fixtures.len(), 10);
    for threads in [1, 2] {
        for (name, trajectory) in &fixtures {
            let deviation = trajectory.replay(threads).unwrap();
            println!("{name}, {threads} threads: {deviation:?}");
            assert!(deviation.within(TOLERANCE), "{name}: {deviation:?}");
        }
    }
}

#[test]
fn every_form_of_the_gradient_step_meets_the_recorded_trajectories() {
    for solver in [Solver::Gram, Solver::Dual, Solver::AUTO] {
        for (name, trajectory) in fixtures() {
            let deviation = trajectory.replay_by(solver, 1).unwrap();
            assert!(
                deviation.within(TOLERANCE),
                "{name}, {solver:?}: {deviation:?}"
            );
        }
    }
}

#[test]
fn a_changed_record_is_noticed() {
    for (name, mut trajectory) in fixtures() {
        let last = trajectory.expected.objective.len() - 1;
        trajectory.expected.objective[last] *= 1.0 + 3.0 * TOLERANCE;
        trajectory.expected.restarts[last] += 1;
        let deviation = trajectory.replay(1).unwrap();
        assert!(!deviation.within(TOLERANCE), "{name}");
        assert_eq!(deviation.first_restart_difference, Some(last), "{name}");
    }
}
