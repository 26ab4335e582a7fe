//! `tiam verify`: replays recorded trajectories and compares them.

use std::fs;
use std::path::Path;

use tiam_models::{Deviation, TrainError, Trajectory};

use crate::args::VerifyArgs;
use crate::error::CliError;
use crate::output;

/// The largest relative deviation that counts as agreement.
const TOLERANCE: f64 = 1e-6;
/// Deviations are measured on one thread, so that they are the same everywhere.
const THREADS: usize = 1;

/// Runs the command: every file is replayed, the worst decides.
pub(crate) fn run(args: &VerifyArgs) -> Result<(), CliError> {
    let width = args
        .files
        .iter()
        .map(|f| f.display().to_string().len())
        .max()
        .unwrap_or(0);
    output::print(&format!(
        "{:<width$}  {:>9}  {:>9}  {:>9}  restarts\n",
        "file", "objective", "violation", "weights"
    ))?;
    let (mut n_failed, mut unreadable) = (0, Vec::new());
    for path in &args.files {
        match replay(path) {
            Ok(deviation) => {
                output::print(&row(path, width, &deviation))?;
                n_failed += usize::from(!deviation.within(TOLERANCE));
            }
            Err(CliError::Failed(reason)) => {
                output::message(&format!("error: {}: {reason}", path.display()));
                n_failed += 1;
            }
            Err(CliError::Usage(reason)) => {
                output::message(&format!("error: {}: {reason}", path.display()));
                unreadable.push(path.display().to_string());
            }
            Err(other) => return Err(other),
        }
    }
    if !unreadable.is_empty() {
        let names = unreadable.join(", ");
        return Err(CliError::Usage(format!(
            "not a trajectory that can be replayed: {names}"
        )));
    }
    if n_failed > 0 {
        let n = args.files.len();
        return Err(CliError::Failed(format!(
            "{n_failed} of {n} trajectories deviate by more than {TOLERANCE:e} or in their restarts"
        )));
    }
    Ok(())
}

/// [`CliError::Usage`] for a file that is no trajectory, [`CliError::Failed`] for one whose run fails.
fn replay(path: &Path) -> Result<Deviation, CliError> {
    let text = fs::read(path).map_err(|error| CliError::Usage(error.to_string()))?;
    let trajectory: Trajectory =
        serde_json::from_slice(&text).map_err(|error| CliError::Usage(error.to_string()))?;
    trajectory.replay(THREADS).map_err(|error| match error {
        TrainError::Refused(error) => CliError::Usage(error.to_string()),
        other => CliError::Failed(other.to_string()),
    })
}

fn row(path: &Path, width: usize, deviation: &Deviation) -> String {
    let Deviation {
        objective,
        violation,
        weights,
        first_restart_difference,
    } = *deviation;
    let restarts = match first_restart_difference {
        None => "agree".to_owned(),
        Some(iteration) => format!("differ at iteration {iteration}"),
    };
    let verdict = if deviation.within(TOLERANCE) {
        "ok"
    } else {
        "DEVIATES"
    };
    let path = path.display().to_string();
    format!(
        "{path:<width$}  {objective:>9.1e}  {violation:>9.1e}  {weights:>9.1e}  {restarts:<22}  {verdict}\n"
    )
}
