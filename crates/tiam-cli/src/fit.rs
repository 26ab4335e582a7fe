//! Trains the network once, and returns it also when training fails.

use tiam_bench::methods::{Method, RunParams};
use tiam_core::{CoreError, StopReason, Trace, TraceRow};
use tiam_models::{
    Architecture, Network, NetworkMeasures, Session, SolverChoice, StochasticData, TrainError,
};

use crate::error::CliError;
use crate::interrupt;
use crate::prepare::Prepared;
use crate::progress::Progress;
use crate::resume::{Resumed, Saving};
use crate::samples::Scalar;
use crate::settings::Settings;

/// Why a run ended.
#[derive(Clone, Debug)]
pub(crate) enum End {
    /// By a stopping rule.
    Stopped(StopReason),
    /// It could not go on.
    Failed(CoreError),
}

/// What a run leaves.
pub(crate) struct Fitted<T> {
    pub(crate) method: Method,
    /// Of the last good iterate.
    pub(crate) network: Network<T>,
    pub(crate) trace: Trace<NetworkMeasures>,
    pub(crate) solvers: Vec<SolverChoice>,
    pub(crate) end: End,
}

impl<T> Fitted<T> {
    /// The row of the network: the last one, but that of an iteration that went beyond the bound on the objective.
    pub(crate) fn last_row(&self) -> Option<&TraceRow<NetworkMeasures>> {
        let beyond = match &self.end {
            End::Failed(CoreError::Diverged { iteration, .. }) => Some(*iteration),
            _ => None,
        };
        let mut latest = self.trace.rows.iter().rev();
        latest.find(|row| Some(row.iteration) != beyond)
    }

    /// The iterations after which a clock or a user stopped it.
    pub(crate) fn cut_short_after(&self) -> Option<usize> {
        let by_time = matches!(
            self.end,
            End::Stopped(StopReason::Interrupted | StopReason::TimeLimit | StopReason::Caller)
        );
        self.trace
            .last()
            .filter(|_| by_time)
            .map(|row| row.iteration)
    }
}

/// Checks all parameters, then trains.
pub(crate) fn fit<T: Scalar>(
    settings: &Settings,
    prepared: &Prepared<T>,
    saving: &Saving,
    resumed: Option<&Resumed>,
) -> Result<Fitted<T>, CliError> {
    let samples = &prepared.train;
    let (n_inputs, target) = (samples.inputs().n_rows(), samples.target());
    let hidden = &settings.hidden;
    let (activation, loss) = (settings.activation, target.loss());
    let shape = Architecture::new(n_inputs, hidden, target.n_outputs(), activation, loss)?;
    let stopping = settings.stopping()?.interrupt(interrupt::flag(
        "interrupted: finishing this iteration, then saving (again to kill)",
    ));
    let run = RunParams {
        seed: settings.seed,
        threads: settings.threads,
        stopping,
    };
    let (setup, method) = (settings.setup(), settings.method);
    let network = match &prepared.start {
        Some(network) => network.clone(),
        None => setup.start.network(shape, settings.seed)?,
    };
    match resumed {
        Some(resumed) => resumed.check(settings, prepared, &network)?,
        None => saving.set_aside()?,
    }
    let mut saver = saving.checkpointer(settings, prepared, &network, resumed)?;
    let session = Session {
        checkpoints: saver.as_mut(),
        resume: resumed.map(|resumed| &resumed.checkpoint),
    };
    let data = StochasticData {
        train: samples,
        weights: prepared.weights.as_deref(),
        // The full-batch methods have no use for the validation part that a graph brings.
        validation: prepared
            .validation
            .as_ref()
            .filter(|_| method == Method::Stochastic),
        test: prepared.test.as_ref().filter(|_| settings.trace_test),
    };
    let (iterations, unit) = settings.length(samples.n_samples());
    let mut progress = Progress::new(iterations, unit, settings.quiet);
    let trained = setup.train_in(network, data, run, session, &mut |row| progress.show(row));
    progress.finish();
    match trained {
        Ok(trained) => Ok(Fitted {
            method,
            network: trained.network,
            trace: trained.trace,
            solvers: trained.solvers,
            end: End::Stopped(trained.reason),
        }),
        Err(TrainError::Failed {
            error,
            network,
            trace,
            solvers,
        }) => Ok(Fitted {
            method,
            network: *network,
            trace: *trace,
            solvers,
            end: End::Failed(error),
        }),
        Err(TrainError::Refused(error)) => Err(error.into()),
        Err(other) => Err(CliError::Failed(other.to_string())),
    }
}
