//! The methods, each with its published setting.

use serde_json::{Value, json};
use tiam::{Biases, Job, Method, OnRow, RunParams, Scalar, Start, Trainer};
use tiam_core::{DriverConfig, DriverParams, Guard, Inertia, Order, Stopping};
use tiam_linalg::Solver;
use tiam_models::{
    Architecture, Band, Init, ModelError, NamedOrder, Network, OutputStart, Samples, Session,
    StochasticData, StochasticParams, TiamParams, TrainError, Trained, TrainingProblem,
};

use super::bcd::{BcdParams, BcdProblem};
use super::dladmm::{DladmmParams, DladmmProblem};
use super::gradient::{GradientParams, GradientProblem, GradientRule};

/// A method's parameters.
#[derive(Clone, Debug)]
pub enum MethodParams {
    /// Stochastic TIAM.
    Stochastic(StochasticParams),
    /// TIAM, plain alternating minimisation, mDLAM.
    Relaxed(TiamParams),
    /// The methods of back-propagation.
    Gradient(GradientParams),
    /// dlADMM.
    Dladmm(DladmmParams),
    /// BCD.
    Bcd(BcdParams),
}

/// A method with its parameters and its start.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The method.
    pub method: Method,
    /// Its parameters.
    pub params: MethodParams,
    /// Where it starts.
    pub start: Start,
}

/// mDLAM's band.
pub const MDLAM_BAND: Band = Band {
    start: 100.0,
    decay: 0.5,
    floor: 0.001,
};
/// mDLAM's ρ.
pub const MDLAM_RHO: f64 = 1e-3;
/// mDLAM's μ.
pub const MDLAM_RIDGE: f64 = 0.05;
const NORMAL_START: Start = Start {
    weights: Init::Normal(0.1),
    biases: Biases::Normal(0.1),
};
const BCD_START: Start = Start {
    weights: Init::Normal(0.01),
    biases: Biases::Constant(0.1),
};
/// Samples a step of the stochastic methods (ours).
const BATCH: usize = 128;
/// b_2 among the blocks W_1, b_1, z_1, a_1, W_2, b_2, …
const SECOND_BIAS: usize = 5;

impl Setup {
    /// A method in its paper's setting; TIAM in ours (docs/parameters.md).
    pub fn published(method: Method) -> Self {
        let params = match method {
            Method::Stochastic => MethodParams::Stochastic(StochasticParams::default()),
            Method::Tiam | Method::Am => return Self::relaxed(method, any_form()),
            Method::Mdlam => return Self::relaxed(method, mdlam_params()).starting(NORMAL_START),
            Method::Dladmm => MethodParams::Dladmm(DladmmParams::default()),
            Method::Bcd => MethodParams::Bcd(BcdParams::default()),
            Method::Gd => gradient(GradientRule::GradientDescent, None),
            Method::Sgd => gradient(GradientRule::momentum(), Some(BATCH)),
            Method::Adagrad => gradient(GradientRule::adagrad(), Some(BATCH)),
            Method::Adadelta => gradient(GradientRule::adadelta(), Some(BATCH)),
            Method::Adam => gradient(GradientRule::adam(), Some(BATCH)),
            Method::Samt => gradient(GradientRule::samt(), Some(BATCH)),
        };
        let start = match method {
            Method::Dladmm => NORMAL_START,
            Method::Bcd => BCD_START,
            _ => Start::default(),
        };
        Self {
            method,
            params,
            start,
        }
    }

    /// One of the three relaxed methods with these parameters but its own inertia, from He's start.
    pub fn relaxed(method: Method, params: TiamParams) -> Self {
        let (inertia, schedule) = method.inertia();
        Self {
            method,
            params: MethodParams::Relaxed(params.inertia(inertia).schedule(schedule)),
            start: Start::default(),
        }
    }

    /// mDLAM as its published code runs it, which differs from its paper: no inertia acts (the old value is overwritten before
    /// the difference is formed), every θ and τ is searched from 1 with at most ten doublings, and b_2 is never
    /// updated (its update stands inside the guard's branch, which an unchanged b_2 cannot enter). The network must have
    /// three layers.
    pub fn mdlam_code() -> Self {
        let without_second_bias = NamedOrder::new("without b_2", |_, blocks| {
            blocks.retain(|block| *block != SECOND_BIAS);
        });
        let params = mdlam_params()
            .solver(Solver::UnitBacktracking)
            .order(without_second_bias);
        Self::relaxed(Method::Am, params).starting(NORMAL_START)
    }

    /// The same problem and start with the inertia of another of the three relaxed methods; a method that has none is left as it is.
    pub fn with_inertia_of(&self, method: Method) -> Self {
        match &self.params {
            MethodParams::Relaxed(params) => {
                Self::relaxed(method, params.clone()).starting(self.start)
            }
            _ => self.clone(),
        }
    }

    /// The same from another start.
    pub fn starting(self, start: Start) -> Self {
        Self { start, ..self }
    }

    /// All parameters, as records keep them.
    pub fn config(&self) -> Value {
        let params = match &self.params {
            MethodParams::Stochastic(params) => json!(params),
            MethodParams::Relaxed(params) => json!(params),
            MethodParams::Gradient(params) => json!(params),
            MethodParams::Dladmm(params) => json!(params),
            MethodParams::Bcd(params) => json!(params),
        };
        json!({ "method": self.method, "start": self.start, "params": params })
    }

    /// Trains a network of this architecture on all samples.
    ///
    /// # Errors
    /// [`TrainError::Refused`] for parameters or data that do not fit, [`TrainError::Failed`] when training cannot go on.
    pub fn train<T: Scalar>(
        &self,
        architecture: Architecture,
        samples: &Samples<T>,
        run: RunParams,
        on_row: &mut OnRow<'_>,
    ) -> Result<Trained<T>, TrainError<T>> {
        let network = self.start.network::<T>(architecture, run.seed)?;
        let (data, session) = (StochasticData::new(samples), Session::default());
        self.train_in(network, data, run, session, on_row)
    }

    /// Goes on from a network, saved on the way or going on from where it was saved. Weights and parts to be measured are for stochastic TIAM.
    ///
    /// # Errors
    /// As [`Setup::train`]; [`TrainError::Refused`] too for weights or parts that the method knows nothing of, and for a checkpoint of another run.
    pub fn train_in<T: Scalar>(
        &self,
        network: Network<T>,
        data: StochasticData<'_, T>,
        run: RunParams,
        session: Session<'_, '_>,
        on_row: &mut OnRow<'_>,
    ) -> Result<Trained<T>, TrainError<T>> {
        let job = Job {
            network,
            data,
            run,
            session,
            on_row: &mut |row| on_row(row),
        };
        T::train(self, job)
    }

    fn train_job<T: Scalar>(&self, job: Job<'_, '_, T>) -> Result<Trained<T>, TrainError<T>> {
        let (threads, seed) = (job.run.threads, job.run.seed);
        match &self.params {
            MethodParams::Stochastic(params) => T::train(params, job),
            MethodParams::Relaxed(params) => T::train(params, job),
            MethodParams::Gradient(params) => {
                let config = params.threads(threads).seed(seed).check()?;
                let reduction = job.run.reduction.clone();
                by_itself(job, |network, samples| {
                    let problem = GradientProblem::new(network, samples, config)?;
                    Ok((problem.with_reduction(reduction), Order::Forward))
                })
            }
            MethodParams::Dladmm(params) => {
                let config = params.threads(threads).check()?;
                by_itself(job, |network, samples| {
                    let problem = DladmmProblem::new(network, samples, config)?;
                    let order = problem.order();
                    Ok((problem, order))
                })
            }
            MethodParams::Bcd(params) => {
                let config = params.threads(threads).check()?;
                by_itself(job, |network, samples| {
                    let problem = BcdProblem::new(network, samples, config)?;
                    let order = problem.order();
                    Ok((problem, order))
                })
            }
        }
    }
}

fn gradient(rule: GradientRule, batch: Option<usize>) -> MethodParams {
    MethodParams::Gradient(GradientParams::default().rule(rule).batch_size(batch))
}

/// Runs a problem that has neither inertia nor guard.
fn by_itself<'t, T: Scalar, P: TrainingProblem<T>>(
    job: Job<'t, '_, T>,
    problem: impl FnOnce(Network<T>, &'t Samples<T>) -> Result<(P, Order), ModelError>,
) -> Result<Trained<T>, TrainError<T>> {
    job.only_samples()?;
    job.run(|network, data, stopping| {
        let (problem, order) = problem(network, data.train)?;
        Ok((problem, plain_driver(order, stopping.unwrap_or_default())?))
    })
}

/// The driver of a method that has neither inertia nor guard.
fn plain_driver(order: Order, stopping: Stopping) -> Result<DriverConfig, ModelError> {
    let params = DriverParams::default()
        .inertia(Inertia::NONE)
        .guard(Guard::Off)
        .order(order)
        .divergence_factor(f64::INFINITY)
        .stopping(stopping);
    Ok(params.check()?)
}

impl Trainer for Setup {
    fn name(&self) -> &str {
        self.method.name()
    }

    fn by_batches(&self) -> bool {
        self.method == Method::Stochastic
    }

    fn needs_validation(&self) -> bool {
        matches!(&self.params, MethodParams::Stochastic(params) if params.stops_early())
    }

    fn shares_samples(&self) -> bool {
        !matches!(self.params, MethodParams::Dladmm(_) | MethodParams::Bcd(_))
    }

    fn train_f32(&self, job: Job<'_, '_, f32>) -> Result<Trained<f32>, TrainError<f32>> {
        self.train_job(job)
    }

    fn train_f64(&self, job: Job<'_, '_, f64>) -> Result<Trained<f64>, TrainError<f64>> {
        self.train_job(job)
    }
}

/// TIAM's defaults, the gradient step in the cheapest of the forms that differ by rounding alone.
pub(crate) fn any_form() -> TiamParams {
    TiamParams::default().solver(Solver::AUTO)
}

/// The problem of mDLAM's paper; the inertia is the method's.
fn mdlam_params() -> TiamParams {
    any_form()
        .rho(MDLAM_RHO)
        .ridge(MDLAM_RIDGE)
        .band(MDLAM_BAND)
        .output_start(OutputStart::Targets)
}
