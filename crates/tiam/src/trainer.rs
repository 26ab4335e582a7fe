//! Ways of training: what a method does with samples and a network at its start.

use std::fmt;
use std::sync::Arc;

use tiam_core::{DriverConfig, Observer, StopReason, Stopping, TraceRow};
use tiam_linalg::{Real, Reduction};
use tiam_models::{
    ModelError, Network, NetworkMeasures, NetworkProblem, Session, StochasticData,
    StochasticParams, StochasticProblem, TiamParams, TrainError, Trained, TrainingProblem, run_in,
};

/// Called with every row of the trace, that of the start included.
pub type OnRow<'a> = dyn FnMut(&TraceRow<NetworkMeasures>) + 'a;

/// A stopping rule of the user's own.
#[derive(Clone)]
pub struct Rule {
    words: String,
    holds: Arc<RowTest>,
}

type RowTest = dyn Fn(&TraceRow<NetworkMeasures>) -> bool + Send + Sync;

impl Rule {
    /// Ends training once `holds` is true of a row; the reason is given in these words.
    pub fn new(
        words: impl Into<String>,
        holds: impl Fn(&TraceRow<NetworkMeasures>) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self {
            words: words.into(),
            holds: Arc::new(holds),
        }
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rule").field(&self.words).finish()
    }
}

/// It passes rows on, and ends the run when a rule holds.
struct Rows<'a, 'b> {
    on_row: &'b mut OnRow<'a>,
    rules: Vec<Rule>,
}

impl Observer<NetworkMeasures> for Rows<'_, '_> {
    fn on_start(&mut self, row: &TraceRow<NetworkMeasures>) {
        (self.on_row)(row);
    }

    fn on_iteration(&mut self, row: &TraceRow<NetworkMeasures>) {
        (self.on_row)(row);
    }

    fn stop(&mut self, row: &TraceRow<NetworkMeasures>) -> Option<StopReason> {
        let held = self.rules.iter().find(|rule| (rule.holds)(row));
        held.map(|rule| StopReason::Custom(rule.words.clone()))
    }
}

/// Parameters of a run that every method has.
#[derive(Clone, Debug)]
pub struct RunParams {
    /// Seed of the start, and of the order of the samples where that is drawn.
    pub seed: u64,
    /// Worker threads.
    pub threads: usize,
    /// The other processes of the run, for a method that [shares samples](Trainer::shares_samples) with them.
    pub reduction: Option<Arc<dyn Reduction>>,
    /// When to stop, in place of the rules among the method's own parameters; an iteration of a method by batches is an epoch. Stochastic
    /// TIAM's epochs are among its own parameters, with `stop_after`.
    pub stopping: Option<Stopping>,
    /// Stopping rules of the user's own.
    pub rules: Vec<Rule>,
}

impl RunParams {
    /// Parameters with these stopping rules, and none of the user's own.
    pub fn new(seed: u64, threads: usize, stopping: Stopping) -> Self {
        Self {
            seed,
            threads,
            reduction: None,
            stopping: Some(stopping),
            rules: Vec::new(),
        }
    }
}

/// One training to be done.
pub struct Job<'t, 'd, T> {
    /// The network at its start.
    pub network: Network<T>,
    /// Samples; weights and parts to be measured are for methods that know them.
    pub data: StochasticData<'t, T>,
    /// Seed, threads, stopping rules.
    pub run: RunParams,
    /// The checkpoints to write, and the one to go on from.
    pub session: Session<'t, 'd>,
    /// Told every row of the trace.
    pub on_row: &'t mut OnRow<'t>,
}

impl<'t, T: Real> Job<'t, '_, T> {
    /// Refuses weights and parts to be measured, for a method that knows nothing of them.
    ///
    /// # Errors
    /// [`ModelError::Parameter`].
    pub fn only_samples(&self) -> Result<(), ModelError> {
        let data = &self.data;
        let extra = [
            data.weights.is_some(),
            data.validation.is_some(),
            data.test.is_some(),
            data.stream.is_some(),
        ];
        if extra.contains(&true) {
            let what = "weights, validation part, watched test part or stream";
            return Err(ModelError::parameter(
                what,
                "given",
                "for training by batches",
            ));
        }
        Ok(())
    }

    /// Runs the problem that `problem` makes of network, data and stopping rules to its end.
    ///
    /// # Errors
    /// As [`Trainer::train_f32`].
    pub fn run<P: TrainingProblem<T>>(
        self,
        problem: impl FnOnce(
            Network<T>,
            StochasticData<'t, T>,
            Option<Stopping>,
        ) -> Result<(P, DriverConfig), ModelError>,
    ) -> Result<Trained<T>, TrainError<T>> {
        let RunParams {
            stopping, rules, ..
        } = self.run;
        let (problem, driver) = problem(self.network, self.data, stopping)?;
        let on_row = self.on_row;
        run_in(
            problem,
            driver,
            &mut [&mut Rows { on_row, rules }],
            self.session,
        )
    }
}

/// A method with its parameters: [`StochasticParams`] trains by batches, [`TiamParams`] by the full batch; a method of one's own implements it.
///
/// By batches, training does use back-propagated errors: one forward and one backward sweep give each layer a target, and each layer then
/// takes a step of its own least-squares problem, with three inertias (ours). The full-batch method uses no back-propagation (the
/// paper's).
pub trait Trainer: fmt::Debug + Send + Sync {
    /// Its name in files.
    fn name(&self) -> &str;

    /// True where an iteration is an epoch over batches, and sample weights and validation parts have a meaning.
    fn by_batches(&self) -> bool {
        false
    }

    /// True where training cannot do without a validation part.
    fn needs_validation(&self) -> bool {
        false
    }

    /// True where several processes train one network together, each with its share of the samples; the others refuse
    /// [`Mlp::reduction`](crate::Mlp::reduction).
    fn shares_samples(&self) -> bool {
        false
    }

    /// Trains in single precision.
    ///
    /// # Errors
    /// [`TrainError::Refused`] for parameters or data that do not fit, [`TrainError::Failed`] when training cannot go on.
    fn train_f32(&self, job: Job<'_, '_, f32>) -> Result<Trained<f32>, TrainError<f32>>;

    /// Trains in double precision.
    ///
    /// # Errors
    /// As [`train_f32`](Self::train_f32).
    fn train_f64(&self, job: Job<'_, '_, f64>) -> Result<Trained<f64>, TrainError<f64>>;
}

/// Both precisions by one generic function.
macro_rules! train_by {
    ($function:ident) => {
        fn train_f32(&self, job: Job<'_, '_, f32>) -> Result<Trained<f32>, TrainError<f32>> {
            $function(self, job)
        }

        fn train_f64(&self, job: Job<'_, '_, f64>) -> Result<Trained<f64>, TrainError<f64>> {
            $function(self, job)
        }
    };
}

impl Trainer for StochasticParams {
    fn name(&self) -> &str {
        "stochastic"
    }

    fn by_batches(&self) -> bool {
        true
    }

    fn needs_validation(&self) -> bool {
        self.stops_early()
    }

    fn shares_samples(&self) -> bool {
        true
    }

    train_by!(by_batches);
}

impl Trainer for TiamParams {
    fn name(&self) -> &str {
        "tiam"
    }

    fn shares_samples(&self) -> bool {
        true
    }

    train_by!(by_full_batch);
}

fn by_batches<T: Real>(
    params: &StochasticParams,
    job: Job<'_, '_, T>,
) -> Result<Trained<T>, TrainError<T>> {
    let params = params.clone().threads(job.run.threads).seed(job.run.seed);
    let params = params.reduction(job.run.reduction.clone());
    job.run(|network, data, stopping| {
        let config = match stopping {
            Some(stopping) => params.stopping(stopping),
            None => params,
        };
        let config = config.check()?;
        let driver = config.driver(data.n_samples())?;
        Ok((StochasticProblem::new(network, data, config)?, driver))
    })
}

fn by_full_batch<T: Real>(
    params: &TiamParams,
    job: Job<'_, '_, T>,
) -> Result<Trained<T>, TrainError<T>> {
    job.only_samples()?;
    let params = params.clone().threads(job.run.threads);
    let params = params.reduction(job.run.reduction.clone());
    job.run(|network, data, stopping| {
        let config = match stopping {
            Some(stopping) => params.stopping(stopping),
            None => params,
        };
        let config = config.check()?;
        let driver = config.driver().clone();
        Ok((NetworkProblem::new(network, data.train, config)?, driver))
    })
}
