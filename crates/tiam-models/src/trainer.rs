//! Training runs: full-batch TIAM, and any other problem whose unknowns are a network.

use std::sync::Arc;

use thiserror::Error;
use tiam_core::{
    BlockProblem, CoreError, Driver, DriverConfig, Failure, Guard, Observer, Run, StopReason,
    StopWhen, Trace, TraceRow,
};
use tiam_linalg::{Real, Reduction, StateVisitor};

use crate::blocks::NetworkProblem;
use crate::checkpoint::{Session, run_in};
use crate::data::Samples;
use crate::error::{ModelError, Result};
use crate::measures::NetworkMeasures;
use crate::network::Network;
use crate::params::TiamConfig;
use crate::processes::{Together, first_says};
use crate::solvers::SolverChoice;

/// A finished training: the network, why it stopped, and every iteration's numbers.
#[derive(Debug)]
pub struct Trained<T> {
    /// The network at the last iterate.
    pub network: Network<T>,
    /// Why training ended.
    pub reason: StopReason,
    /// One row an iteration, row 0 the start.
    pub trace: Trace<NetworkMeasures>,
    /// Steps done again without inertia.
    pub restarts: usize,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// The solver of each W and a step; empty for methods without such steps.
    pub solvers: Vec<SolverChoice>,
}

/// Training that could not go on; it still carries the last good network, where there is one.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainError<T: Real> {
    /// Parameters or data that do not fit.
    #[error(transparent)]
    Refused(#[from] ModelError),
    /// A step or the objective stopped being finite, or the objective grew beyond all bounds.
    #[error("{error}")]
    Failed {
        /// The error, with its block and iteration.
        error: CoreError,
        /// The network of the last good iterate: after the last iteration that ended well, or, with the guard on, as the failing
        /// iteration left it.
        network: Box<Network<T>>,
        /// The iterations before; where the objective grew beyond its bound, that iteration too.
        trace: Box<Trace<NetworkMeasures>>,
        /// The solver of each W and a step.
        solvers: Vec<SolverChoice>,
    },
}

/// Trains `network` on `samples` by full-batch TIAM.
///
/// The whole of `samples` is one batch; memory is about 11 matrices of each hidden layer's size x N beside the inputs.
///
/// # Errors
/// [`TrainError::Refused`] when the data do not fit the network, [`TrainError::Failed`] when an iterate is no longer
/// finite (possible only without the guard, or with extreme data).
///
/// ```
/// use tiam_core::Stopping;
/// use tiam_linalg::Matrix;
/// use tiam_models::{Activation, Architecture, Init, Network, Samples, Target, TiamParams, train};
/// // Two classes on a line, apart at 0.
/// let x = Matrix::from_fn(1, 20, |_, j| if j < 10 { -1.0 } else { 1.0 });
/// let labels = (0..20).map(|j| u32::from(j >= 10)).collect();
/// let samples = Samples::new(x, Target::Classes { labels, n_classes: 2 })?;
/// let shape = Architecture::new(1, &[4], 2, Activation::Relu, samples.target().loss())?;
/// let config = TiamParams::default().stopping(Stopping::default().max_iterations(30)).check()?;
/// let trained = train(Network::<f64>::new(shape, Init::He, 1)?, &samples, &config, &mut [])?;
/// assert_eq!(trained.trace.rows.last().and_then(|row| row.measures.train_accuracy), Some(1.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn train<T: Real>(
    network: Network<T>,
    samples: &Samples<T>,
    config: &TiamConfig,
    observers: &mut [&mut dyn Observer<NetworkMeasures>],
) -> Result<Trained<T>, TrainError<T>> {
    let problem = NetworkProblem::new(network, samples, config.clone())?;
    run(problem, config.driver.clone(), observers)
}

/// A stopping rule over the rows of a training, for any method, full batch or batches: the run ends with
/// [`StopReason::Custom`] and these words. [`tiam_core::stop_when`], which takes the rows of any problem, says the rest.
///
/// ```
/// # use tiam_linalg::Matrix;
/// # use tiam_models::{Activation, Architecture, Init, Network, Samples, Target, TiamParams};
/// use tiam_models::{stop_when, train};
/// # let x = Matrix::from_fn(1, 20, |_, j| if j < 10 { -1.0 } else { 1.0 });
/// # let labels = (0..20).map(|j| u32::from(j >= 10)).collect();
/// # let samples = Samples::new(x, Target::Classes { labels, n_classes: 2 })?;
/// # let shape = Architecture::new(1, &[4], 2, Activation::Relu, samples.target().loss())?;
/// # let network = Network::<f64>::new(shape, Init::He, 1)?;
/// # let config = TiamParams::default().check()?;
/// let mut rule = stop_when("loss below 0.1", |row| row.measures.train_loss < 0.1);
/// let trained = train(network, &samples, &config, &mut [&mut rule])?;
/// assert_eq!(trained.reason.to_string(), "loss below 0.1");
/// assert!(trained.trace.last().is_some_and(|row| row.measures.train_loss < 0.1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn stop_when<F>(words: impl Into<String>, rule: F) -> StopWhen<F>
where
    F: FnMut(&TraceRow<NetworkMeasures>) -> bool,
{
    tiam_core::stop_when(words, rule)
}

/// A training problem whose unknowns hold a network: what a method of one's own implements beside [`BlockProblem`], so that [`run`]
/// trains with it.
pub trait TrainingProblem<T>: BlockProblem<Measures = NetworkMeasures> {
    /// The network with the current weights and biases.
    ///
    /// # Errors
    /// [`ModelError`] when the parameters do not make a network; those of a network's own problem do.
    fn network(&self) -> Result<Network<T>>;

    /// Shows a visitor every number on which the iterations to come depend, so that a run can be saved and gone on with: called after an
    /// iteration on a run's problem, and to restore on one made anew from the same network, data and parameters.
    fn visit_state(&mut self, visitor: &mut dyn StateVisitor<T>);

    /// The other processes of the run, where they share out the samples.
    fn reduction(&self) -> Option<Arc<dyn Reduction>> {
        None
    }

    /// Why the samples of a step could not be read, where that made it fail; asked for once a run has failed.
    fn take_fault(&mut self) -> Option<ModelError> {
        None
    }

    /// Fetches what the other processes hold of the state, before it is saved; called by all of them.
    fn gather_state(&mut self) {}

    /// The solver of each W and a step; none for methods without such steps.
    fn solver_choices(&self) -> Vec<SolverChoice> {
        Vec::new()
    }
}

/// Runs a training problem of any method to its end.
///
/// # Errors
/// [`TrainError::Failed`], with the last good network, when it cannot go on.
pub fn run<T: Real, P: TrainingProblem<T>>(
    problem: P,
    driver: DriverConfig,
    observers: &mut [&mut dyn Observer<NetworkMeasures>],
) -> Result<Trained<T>, TrainError<T>> {
    run_in(problem, driver, observers, Session::default())
}

/// A problem of any method, for what is compiled once for all of them.
pub(crate) type AnyProblem<'p, T> = &'p mut (dyn TrainingProblem<T> + 'p);

/// [`run_in`], compiled once for all problems.
pub(crate) fn run_any<T: Real>(
    problem: AnyProblem<'_, T>,
    driver: DriverConfig,
    observers: &mut [&mut dyn Observer<NetworkMeasures>],
    mut session: Session<'_, '_>,
) -> Result<Trained<T>, TrainError<T>> {
    let guard = driver.params().guard;
    let reduction = problem.reduction();
    let (driver, mut together) = match reduction.clone() {
        None => (driver, None),
        Some(reduction) => {
            let (driver, together) = Together::of(driver, reduction)?;
            (driver, Some(together))
        }
    };
    let mut driver = Driver::new(driver);
    for observer in observers {
        driver = driver.observe(&mut **observer);
    }
    if let Some(together) = &mut together {
        driver = driver.observe(together);
    }
    let started = match session.resume {
        Some(checkpoint) => {
            checkpoint.restore(problem)?;
            driver.resume(problem, checkpoint.trace().clone())
        }
        None => driver.start(problem),
    };
    let mut run = match started {
        Ok(run) => run,
        Err(failure) => return Err(failed(failure, None)),
    };
    // Without a guard a step may be finite and ruin all the same, which only shows at the end of its iteration.
    let network = |run: &Run<'_, AnyProblem<'_, T>>| match guard {
        Guard::Off => run.problem().network().map(Some),
        Guard::On => Ok(None),
    };
    let mut good = network(&run)?;
    while let Ok(flow) = run.step() {
        good = network(&run)?;
        let saver = session.checkpoints.as_deref_mut();
        let is_due = saver
            .as_ref()
            .is_some_and(|saver| saver.is_due(&run, &flow));
        let together = reduction.as_deref();
        if together.map_or(is_due, |reduction| first_says(reduction, is_due)) {
            run.problem_mut().gather_state();
            if let Some(saver) = saver {
                saver.save(&mut run);
            }
        }
        if flow.is_break() {
            break;
        }
    }
    match run.finish() {
        Ok(outcome) => Ok(Trained {
            network: outcome.problem.network()?,
            reason: outcome.reason,
            trace: outcome.trace,
            restarts: outcome.restarts,
            seconds: outcome.seconds,
            solvers: outcome.problem.solver_choices(),
        }),
        Err(failure) => Err(failed(failure, good)),
    }
}

/// The error of a failed run, with the last good network where one was kept, else with the problem's.
fn failed<T: Real>(failure: Failure<AnyProblem<'_, T>>, good: Option<Network<T>>) -> TrainError<T> {
    if let Some(fault) = failure.problem.take_fault() {
        return fault.into();
    }
    match good.map_or_else(|| failure.problem.network(), Ok) {
        Ok(network) => TrainError::Failed {
            network: Box::new(network),
            trace: Box::new(failure.trace),
            solvers: failure.problem.solver_choices(),
            error: failure.error,
        },
        Err(error) => error.into(),
    }
}
