//! Checkpoints: a file keeps the whole state of a run, and the run goes on from it with the same bits.
//!
//! A file is safetensors: the iterates with their history as tensors, everything else as JSON under the key `tiam-checkpoint`, and a
//! checksum of each tensor and of the JSON.

mod file;
mod identity;
mod saver;
mod visitors;

pub use file::{Checkpoint, Found};
pub use identity::RunIdentity;
pub use saver::{Cadence, Checkpointer};

use std::path::Path;

use tiam_core::{DriverConfig, Observer, Trace};
use tiam_linalg::{Real, StateVisitor};

use crate::error::Result;
use crate::measures::NetworkMeasures;
use crate::trainer::{TrainError, Trained, TrainingProblem, run_any};

/// Checkpoints of a run: where they are saved, and the one that the run goes on from.
#[derive(Default)]
pub struct Session<'s, 'd> {
    /// Saves the state as the run goes.
    pub checkpoints: Option<&'s mut Checkpointer<'d>>,
    /// Goes on from here; the problem must have been made of what the checkpoint's was, see [`RunIdentity::difference`].
    pub resume: Option<&'s Checkpoint>,
}

/// Runs a training problem of any method to its end, as [`run`](crate::run) does, saving it on the way or going on from where it was saved.
///
/// The run that goes on has the bits of one that was never interrupted, on any number of threads; iterations, seconds and the trace
/// count on.
///
/// # Errors
/// [`TrainError::Refused`] when the checkpoint is of another problem, [`TrainError::Failed`] as [`run`](crate::run). A checkpoint that cannot
/// be written is no reason to stop: see [`Checkpointer::on_failure`].
///
/// ```
/// use tiam_core::Stopping;
/// use tiam_linalg::Matrix;
/// use tiam_models::{
///     Activation, Architecture, Cadence, Checkpoint, Checkpointer, RunIdentity, Init, Network, NetworkProblem, Samples, Session,
///     Target, TiamParams, run_in,
/// };
/// let x = Matrix::from_fn(1, 20, |_, j| if j < 10 { -1.0 } else { 1.0 });
/// let labels = (0..20).map(|j| u32::from(j >= 10)).collect();
/// let samples = Samples::new(x, Target::Classes { labels, n_classes: 2 })?;
/// let shape = Architecture::new(1, &[4], 2, Activation::Relu, samples.target().loss())?;
/// let network = Network::<f64>::new(shape, Init::He, 1)?;
/// let config = |n| TiamParams::default().stopping(Stopping::default().max_iterations(n)).check();
/// let identity = || RunIdentity::default().samples("training data", &samples);
///
/// let folder = tempfile::tempdir()?;
/// let mut saver = Checkpointer::new(folder.path(), identity).every(Cadence::Iterations(5));
/// let problem = NetworkProblem::new(network.clone(), &samples, config(10)?)?;
/// let session = Session { checkpoints: Some(&mut saver), resume: None };
/// run_in(problem, config(10)?.driver().clone(), &mut [], session)?;
///
/// // Later, in another process.
/// let checkpoint = Checkpoint::latest(folder.path())?.newest.unwrap();
/// assert_eq!((checkpoint.iteration(), checkpoint.identity().difference(&identity())), (10, None));
/// let problem = NetworkProblem::new(network, &samples, config(20)?)?;
/// let session = Session { checkpoints: None, resume: Some(&checkpoint) };
/// let trained = run_in(problem, config(20)?.driver().clone(), &mut [], session)?;
/// assert_eq!(trained.trace.rows.len(), 21);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn run_in<T: Real, P: TrainingProblem<T>>(
    mut problem: P,
    driver: DriverConfig,
    observers: &mut [&mut dyn Observer<NetworkMeasures>],
    session: Session<'_, '_>,
) -> Result<Trained<T>, TrainError<T>> {
    run_any(&mut problem, driver, observers, session)
}

/// Writes a state that is no run's, and what it was made of.
pub(crate) fn save_state<T: Real>(
    path: &Path,
    identity: RunIdentity,
    visit: impl FnOnce(&mut dyn StateVisitor<T>),
) -> Result<()> {
    file::write(path, file::Header::new(identity, "", Trace::new()), visit)
}

/// Reads what [`save_state`] wrote, where that was made of the same.
pub(crate) fn restore_state<T: Real>(
    path: &Path,
    identity: &RunIdentity,
    visit: impl FnOnce(&mut dyn StateVisitor<T>),
) -> Result<()> {
    let saved = Checkpoint::read(path)?;
    match saved.identity().difference(identity) {
        Some(difference) => {
            let reason = format!("it is of another trainer: {difference}");
            Err(file::refusal(path)(reason))
        }
        None => saved.show_state(visit),
    }
}
