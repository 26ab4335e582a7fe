//! The methods, by name, each with its published setting.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tiam_core::{Inertia, Order, Schedule, Stopping};
use tiam_linalg::Solver;
use tiam_models::{
    Architecture, Band, Init, ModelError, Network, NetworkProblem, OutputStart, Samples, Session,
    StochasticData, StochasticParams, StochasticProblem, Stored, TiamParams, TrainError, Trained,
    run_in,
};

use super::bcd::{BcdParams, BcdProblem};
use super::dladmm::{DladmmParams, DladmmProblem};
use super::fit::{OnRow, Rows, plain_driver};
use super::gradient::{GradientParams, GradientProblem, GradientRule};
use super::start::{Biases, Start};
use crate::error::BenchError;

/// A method of the comparison.
///
/// | name | method | source |
/// |---|---|---|
/// | `stochastic` | stochastic TIAM: the same inertia by batches | ours |
/// | `tiam` | triple-inertial alternating minimisation | arXiv:2503.08489v2 |
/// | `am` | the same without inertia | the base of both |
/// | `mdlam` | mDLAM as its paper has it: Nesterov's inertia with FISTA's schedule | arXiv:1811.04187 |
/// | `dladmm` | dlADMM | Wang, Yu, Chen, Zhao, KDD 2019, arXiv:1905.13611 |
/// | `bcd` | three-splitting block coordinate descent | Zeng, Lau, Lin, Yao, ICML 2019 |
/// | `gd` | full-batch gradient descent | |
/// | `sgd` | stochastic gradients with momentum | Polyak 1964 |
/// | `adagrad` | Adagrad | Duchi, Hazan, Singer, JMLR 2011 |
/// | `adadelta` | Adadelta | Zeiler, arXiv:1212.5701 |
/// | `adam` | Adam | Kingma and Ba, ICLR 2015 |
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Stochastic TIAM.
    #[default]
    Stochastic,
    /// TIAM.
    Tiam,
    /// Plain alternating minimisation.
    Am,
    /// mDLAM, paper form.
    Mdlam,
    /// dlADMM.
    Dladmm,
    /// Block coordinate descent.
    Bcd,
    /// Gradient descent.
    Gd,
    /// Stochastic gradient descent with momentum.
    Sgd,
    /// Adagrad.
    Adagrad,
    /// Adadelta.
    Adadelta,
    /// Adam.
    Adam,
}

impl Method {
    /// All of them, stochastic TIAM and TIAM first.
    pub const ALL: [Self; 11] = [
        Self::Stochastic,
        Self::Tiam,
        Self::Am,
        Self::Mdlam,
        Self::Dladmm,
        Self::Bcd,
        Self::Gd,
        Self::Sgd,
        Self::Adagrad,
        Self::Adadelta,
        Self::Adam,
    ];

    /// Those of the paper's comparison, TIAM first: all but stochastic TIAM, which is ours.
    pub fn compared() -> &'static [Self] {
        &Self::ALL[1..]
    }

    /// Name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stochastic => "stochastic",
            Self::Tiam => "tiam",
            Self::Am => "am",
            Self::Mdlam => "mdlam",
            Self::Dladmm => "dladmm",
            Self::Bcd => "bcd",
            Self::Gd => "gd",
            Self::Sgd => "sgd",
            Self::Adagrad => "adagrad",
            Self::Adadelta => "adadelta",
            Self::Adam => "adam",
        }
    }

    /// True for the three that minimise TIAM's relaxed objective F.
    pub fn is_relaxed(self) -> bool {
        matches!(self, Self::Tiam | Self::Am | Self::Mdlam)
    }

    /// True for the methods of back-propagation, whose iterations are epochs.
    pub fn is_gradient(self) -> bool {
        matches!(
            self,
            Self::Gd | Self::Sgd | Self::Adagrad | Self::Adadelta | Self::Adam
        )
    }

    /// True where an iteration is an epoch of batches.
    pub fn is_by_batches(self) -> bool {
        self == Self::Stochastic || (self.is_gradient() && self != Self::Gd)
    }

    /// Its inertia and schedule, for the four that have them.
    pub fn inertia(self) -> (Inertia, Schedule) {
        match self {
            Self::Stochastic => (StochasticParams::INERTIA, Schedule::Constant),
            Self::Tiam => (tiam_core::DriverParams::INERTIA, Schedule::Constant),
            Self::Mdlam => (NESTEROV, Schedule::Fista),
            _ => (Inertia::NONE, Schedule::Constant),
        }
    }
}

/// p1 = p2 = 1, which FISTA's schedule scales.
const NESTEROV: Inertia = Inertia {
    start: 1.0,
    gradient: 1.0,
    correction: 0.0,
};

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Method {
    type Err = BenchError;

    fn from_str(s: &str) -> Result<Self, BenchError> {
        let found = Self::ALL.into_iter().find(|method| method.name() == s);
        found.ok_or_else(|| BenchError::Name {
            what: "method",
            found: s.to_owned(),
            known: Self::ALL.map(Self::name).join(", "),
        })
    }
}

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
/// Samples a step of the stochastic methods.
const BATCH: usize = 128;
/// b_2 among the blocks W_1, b_1, z_1, a_1, W_2, b_2, …
const SECOND_BIAS: usize = 5;

impl Setup {
    /// A method in its paper's setting; TIAM in ours (section "parameters" of the guide).
    pub fn published(method: Method) -> Self {
        match method {
            Method::Stochastic => Self {
                method,
                params: MethodParams::Stochastic(StochasticParams::default()),
                start: Start::default(),
            },
            Method::Tiam | Method::Am => Self::relaxed(method, TiamParams::default()),
            Method::Mdlam => Self::relaxed(method, mdlam_params()).starting(NORMAL_START),
            Method::Dladmm => Self {
                method,
                params: MethodParams::Dladmm(DladmmParams::default()),
                start: NORMAL_START,
            },
            Method::Bcd => Self {
                method,
                params: MethodParams::Bcd(BcdParams::default()),
                start: BCD_START,
            },
            Method::Gd => Self::gradient(method, GradientRule::GradientDescent),
            Method::Sgd => Self::gradient(method, GradientRule::momentum()),
            Method::Adagrad => Self::gradient(method, GradientRule::adagrad()),
            Method::Adadelta => Self::gradient(method, GradientRule::adadelta()),
            Method::Adam => Self::gradient(method, GradientRule::adam()),
        }
    }

    /// Gradient descent on the full batch, the others on batches of 128 (ours), from He's start.
    fn gradient(method: Method, rule: GradientRule) -> Self {
        let batch = (method != Method::Gd).then_some(BATCH);
        Self {
            method,
            params: MethodParams::Gradient(GradientParams::default().rule(rule).batch_size(batch)),
            start: Start::default(),
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
        let without_second_bias =
            Order::custom(|_, blocks| blocks.retain(|block| *block != SECOND_BIAS));
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
    pub fn train<T: Stored>(
        &self,
        architecture: Architecture,
        samples: &Samples<T>,
        run: RunParams,
        on_row: &mut OnRow<'_>,
    ) -> Result<Trained<T>, TrainError<T>> {
        let network = self.start.network::<T>(architecture, run.seed)?;
        self.train_from(network, StochasticData::new(samples), run, on_row)
    }

    /// Goes on from a network. Weights and parts to be measured are for stochastic TIAM.
    ///
    /// # Errors
    /// As [`Setup::train`]; [`TrainError::Refused`] too for weights or parts that the method knows nothing of.
    pub fn train_from<T: Stored>(
        &self,
        network: Network<T>,
        data: StochasticData<'_, T>,
        run: RunParams,
        on_row: &mut OnRow<'_>,
    ) -> Result<Trained<T>, TrainError<T>> {
        self.train_in(network, data, run, Session::default(), on_row)
    }

    /// [`Setup::train_from`], saved on the way or going on from where it was saved.
    ///
    /// # Errors
    /// As [`Setup::train_from`]; [`TrainError::Refused`] too for a checkpoint of another run.
    pub fn train_in<T: Stored>(
        &self,
        network: Network<T>,
        data: StochasticData<'_, T>,
        run: RunParams,
        session: Session<'_, '_>,
        on_row: &mut OnRow<'_>,
    ) -> Result<Trained<T>, TrainError<T>> {
        let mut rows = Rows(on_row);
        let samples = data.train;
        let extra = [
            data.weights.is_some(),
            data.validation.is_some(),
            data.test.is_some(),
        ];
        if self.method != Method::Stochastic && extra.contains(&true) {
            let refused = ModelError::Parameter {
                parameter: "weights, validation or watched test part",
                value: "given".to_owned(),
                allowed: "for stochastic training",
            };
            return Err(refused.into());
        }
        match &self.params {
            MethodParams::Stochastic(params) => {
                let params = params.clone().threads(run.threads).seed(run.seed);
                let config = params.stopping(run.stopping).check()?;
                let driver = config.driver(samples.n_samples())?;
                let problem = StochasticProblem::new(network, data, config)?;
                run_in(problem, driver, &mut [&mut rows], session)
            }
            MethodParams::Relaxed(params) => {
                let params = params.clone().threads(run.threads);
                let config = params.stopping(run.stopping).check()?;
                let driver = config.driver().clone();
                let problem = NetworkProblem::new(network, samples, config)?;
                run_in(problem, driver, &mut [&mut rows], session)
            }
            MethodParams::Gradient(params) => {
                let config = params.threads(run.threads).seed(run.seed).check()?;
                let problem = GradientProblem::new(network, samples, config)?;
                let driver = plain_driver(Order::Forward, run.stopping)?;
                run_in(problem, driver, &mut [&mut rows], session)
            }
            MethodParams::Dladmm(params) => {
                let config = params.threads(run.threads).check()?;
                let problem = DladmmProblem::new(network, samples, config)?;
                let driver = plain_driver(problem.order(), run.stopping)?;
                run_in(problem, driver, &mut [&mut rows], session)
            }
            MethodParams::Bcd(params) => {
                let config = params.threads(run.threads).check()?;
                let problem = BcdProblem::new(network, samples, config)?;
                let driver = plain_driver(problem.order(), run.stopping)?;
                run_in(problem, driver, &mut [&mut rows], session)
            }
        }
    }
}

/// The problem of mDLAM's paper; the inertia is the method's.
fn mdlam_params() -> TiamParams {
    TiamParams::default()
        .rho(MDLAM_RHO)
        .ridge(MDLAM_RIDGE)
        .band(MDLAM_BAND)
        .output_start(OutputStart::Targets)
}

/// Parameters of a run other than its method.
#[derive(Clone, Debug)]
pub struct RunParams {
    /// Seed of the start, and of the order of the samples where that is drawn.
    pub seed: u64,
    /// Worker threads.
    pub threads: usize,
    /// When to stop; an iteration of a gradient method is an epoch. Stochastic TIAM's epochs are among its own parameters, with
    /// `stop_after`.
    pub stopping: Stopping,
}
