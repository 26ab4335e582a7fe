//! The settings of a training, and their defaults for a method and a kind of data.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use tiam::{
    Activation, Band, ClassWeights, CurvatureChoice, DataKind, Init, Method, Precision, Preset,
    Solver, StepSchedule, StochasticParams, TiamParams,
};
use tiam_core::{Guard, Inertia, Schedule, Stopping};
use tiam_data::{DEFAULT_MAX_CATEGORIES, Format, Header, Task};

use crate::error::CliError;
use crate::rivals;
use crate::values::{CheckpointEvery, DataSource, ScalingName};

const ITERATIONS: usize = 100;
const HOPS: usize = 4;
/// Held out for testing where the data bring no split of their own.
pub(crate) const TEST_FRACTION: f64 = 0.2;
/// The folder that a run writes to.
pub(crate) const OUT: &str = "tiam-out";

/// Declares the settings with their defaults, which depend on a method and what suits it.
macro_rules! settings {
    (|$method:ident, $suited:ident| $($field:ident: $kind:ty = $default:expr;)+) => {
        /// All settings of a training. `None` stands for what the method, or the data, decide.
        #[derive(Clone, Debug)]
        pub(crate) struct Settings { $(pub(crate) $field: $kind),+ }

        impl Settings {
            /// The defaults of a method, or of the one that suits the data, on data of this kind.
            pub(crate) fn defaults(method: Option<Method>, kind: DataKind) -> Self {
                let $suited = suited(method, kind);
                let $method = $suited.method;
                Self { $($field: $default),+ }
            }
        }
    };
}

settings! { |method, suited|
    data: DataSource = DataSource::Digits;
    format: Option<Format> = None;
    header: Header = Header::Auto;
    label: String = "last".to_owned();
    task: Task = Task::Auto;
    categorical: Vec<String> = Vec::new();
    max_categories: usize = DEFAULT_MAX_CATEGORIES;
    ignore: Vec<String> = Vec::new();
    sample_weights: Option<String> = None;
    scaling: ScalingName = ScalingName::Auto;
    hops: usize = HOPS;
    test: Option<PathBuf> = None;
    test_fraction: Option<f64> = None;
    validation_fraction: Option<f64> = None;
    from: Option<PathBuf> = None;
    hidden: Vec<usize> = suited.hidden.to_vec();
    activation: Activation = Activation::default();
    init: Init = rivals::start(method).weights;
    method: Method = method;
    rho: f64 = suited.rho;
    ridge: f64 = ridge(method);
    l1: f64 = 0.0;
    band: Band = suited.band;
    inertia: Inertia = method.inertia().0;
    schedule: Schedule = method.inertia().1;
    guard: Guard = Guard::On;
    solver: Solver = solver(method);
    learning_rate: Option<f64> = None;
    batch_size: Option<usize> = None;
    gamma: Option<f64> = None;
    alpha: Option<f64> = None;
    epochs: Option<usize> = None;
    step_schedule: StepSchedule = StepSchedule::default();
    damping: Option<f64> = None;
    curvature: CurvatureChoice = CurvatureChoice::default();
    averaging: Option<f64> = None;
    class_weights: ClassWeights = ClassWeights::default();
    patience: Option<usize> = None;
    iterations: Option<usize> = None;
    target_objective: Option<f64> = None;
    rel_change: Option<f64> = None;
    time_limit: Option<f64> = None;
    seed: u64 = 0;
    precision: Precision = Precision::F32;
    threads: usize = available_threads();
    out: PathBuf = OUT.into();
    trace_test: bool = false;
    quiet: bool = false;
    json: bool = false;
    config: Option<PathBuf> = None;
    resume: Option<PathBuf> = None;
    checkpoint_every: Option<CheckpointEvery> = None;
    keep_checkpoints: Option<NonZeroUsize> = None;
}

/// What suits the kind of data, where the method's paper does not settle it.
fn suited(method: Option<Method>, kind: DataKind) -> Preset {
    let suited = Preset::of(kind).clone();
    let method = method.unwrap_or(suited.method);
    let mut suited = Preset { method, ..suited };
    if method == Method::Stochastic {
        suited.hidden = &Preset::HIDDEN_BY_BATCHES;
    }
    rivals::suit(&mut suited);
    suited
}

fn ridge(method: Method) -> f64 {
    match method {
        Method::Stochastic => StochasticParams::RIDGE,
        Method::Tiam | Method::Am => TiamParams::RIDGE,
        _ => rivals::ridge(method),
    }
}

/// `auto` for TIAM, whose forms share one trajectory; the methods it is compared with keep the plain form.
fn solver(method: Method) -> Solver {
    match method {
        Method::Tiam => Solver::AUTO,
        _ => Solver::Backtracking,
    }
}

impl Settings {
    /// Most iterations of a method other than stochastic TIAM.
    pub(crate) fn most_iterations(&self) -> usize {
        self.iterations.unwrap_or(ITERATIONS)
    }

    /// The stopping rules, without an interrupt.
    pub(crate) fn stopping(&self) -> Result<Stopping, CliError> {
        let mut stopping = Stopping::default().max_iterations(self.most_iterations());
        stopping.target_objective = self.target_objective;
        stopping.rel_change = self.rel_change;
        if let Some(seconds) = self.time_limit {
            let limit = Duration::try_from_secs_f64(seconds).map_err(|_| {
                CliError::Usage(format!(
                    "--time-limit {seconds} is not a time; give seconds from 0"
                ))
            })?;
            stopping = stopping.time_limit(limit);
        }
        Ok(stopping)
    }
}

/// As many threads as the system has cores to offer.
pub(crate) fn available_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
