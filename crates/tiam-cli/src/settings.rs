//! The settings of a training: flags over configuration file over defaults.

use std::path::PathBuf;
use std::time::Duration;

use tiam_bench::methods::Method;
use tiam_core::{Inertia, Stopping};
use tiam_data::DEFAULT_MAX_CATEGORIES;
use tiam_models::{Activation, Band, ClassWeights, CurvatureChoice, Init, StepSchedule};

use crate::args::{
    DataOptions, MethodOptions, NetworkOptions, RunOptions, TrainArgs, TrainOptions,
};
use crate::config;
use crate::error::CliError;
use crate::method::Defaults;
use crate::preset::Preset;
use crate::values::{
    Columns, DataKind, DataSource, FormatName, GuardName, HeaderName, Hidden, Precision,
    ScalingName, ScheduleName, SolverName, TaskName, name_of,
};

const L1: f64 = 0.0;
const ITERATIONS: usize = 100;
const HOPS: usize = 4;
/// Held out for testing where the data bring no split of their own.
pub(crate) const TEST_FRACTION: f64 = 0.2;
/// Held out of the training part where early stopping needs it.
pub(crate) const VALIDATION_FRACTION: f64 = 0.1;
const LABEL: &str = "last";
const OUT: &str = "tiam-out";

/// All settings of a training, each with a value.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) data: DataSource,
    pub(crate) format: Option<FormatName>,
    pub(crate) header: HeaderName,
    pub(crate) label: String,
    pub(crate) task: TaskName,
    pub(crate) categorical: Columns,
    pub(crate) max_categories: usize,
    pub(crate) ignore: Columns,
    pub(crate) sample_weights: Option<String>,
    pub(crate) scaling: ScalingName,
    pub(crate) hops: usize,
    pub(crate) test: Option<PathBuf>,
    /// What was asked for, if anything was.
    pub(crate) test_fraction: Option<f64>,
    pub(crate) validation_fraction: Option<f64>,
    pub(crate) from: Option<PathBuf>,
    pub(crate) hidden: Hidden,
    pub(crate) activation: Activation,
    pub(crate) init: Init,
    pub(crate) method: Method,
    pub(crate) rho: f64,
    pub(crate) ridge: f64,
    pub(crate) l1: f64,
    pub(crate) band: Band,
    pub(crate) inertia: Inertia,
    pub(crate) schedule: ScheduleName,
    pub(crate) guard: GuardName,
    pub(crate) solver: SolverName,
    pub(crate) learning_rate: Option<f64>,
    pub(crate) batch_size: Option<usize>,
    pub(crate) gamma: Option<f64>,
    pub(crate) alpha: Option<f64>,
    pub(crate) epochs: Option<usize>,
    pub(crate) step_schedule: StepSchedule,
    pub(crate) damping: Option<f64>,
    pub(crate) curvature: CurvatureChoice,
    pub(crate) averaging: Option<f64>,
    pub(crate) class_weights: ClassWeights,
    pub(crate) patience: Option<usize>,
    pub(crate) iterations: Option<usize>,
    pub(crate) target_objective: Option<f64>,
    pub(crate) rel_change: Option<f64>,
    pub(crate) time_limit: Option<f64>,
    pub(crate) seed: u64,
    pub(crate) precision: Precision,
    pub(crate) threads: usize,
    pub(crate) out: PathBuf,
    pub(crate) trace_test: bool,
    pub(crate) quiet: bool,
    pub(crate) json: bool,
}

impl Settings {
    /// Fills in the defaults for this kind of data.
    pub(crate) fn new(options: &TrainOptions, kind: DataKind) -> Self {
        let preset = Preset::of(kind);
        let TrainOptions {
            data,
            network,
            method,
            run,
        } = options.clone();
        let chosen = method.method.unwrap_or(preset.method);
        let defaults = Defaults::new(chosen, preset);
        Self {
            data: data.data.unwrap_or(DataSource::Digits),
            format: data.format,
            header: data.header.unwrap_or_default(),
            label: data.label.unwrap_or_else(|| LABEL.to_owned()),
            task: data.task.unwrap_or_default(),
            categorical: data.categorical.unwrap_or_default(),
            max_categories: data.max_categories.unwrap_or(DEFAULT_MAX_CATEGORIES),
            ignore: data.ignore.unwrap_or_default(),
            sample_weights: data.sample_weights,
            scaling: data.scaling.unwrap_or_default(),
            hops: data.hops.unwrap_or(HOPS),
            test: data.test,
            test_fraction: data.test_fraction,
            validation_fraction: data.validation_fraction,
            from: network.from,
            hidden: network
                .hidden
                .unwrap_or_else(|| Hidden(defaults.hidden.to_vec())),
            activation: network.activation.unwrap_or_default(),
            init: network.init.unwrap_or(defaults.init),
            method: chosen,
            rho: method.rho.unwrap_or(defaults.rho),
            ridge: method.ridge.unwrap_or(defaults.ridge),
            l1: method.l1.unwrap_or(L1),
            band: method.band.unwrap_or(defaults.band),
            inertia: method.inertia.unwrap_or(defaults.inertia),
            schedule: method.schedule.unwrap_or(defaults.schedule),
            guard: method.guard.unwrap_or_default(),
            solver: method
                .solver
                .unwrap_or_else(|| SolverName::default_for(chosen)),
            learning_rate: method.learning_rate,
            batch_size: method.batch_size,
            gamma: method.gamma,
            alpha: method.alpha,
            epochs: method.epochs,
            step_schedule: method.step_schedule.unwrap_or_default(),
            damping: method.damping,
            curvature: method.curvature.unwrap_or_default(),
            averaging: method.averaging,
            class_weights: method.class_weights.unwrap_or_default(),
            patience: method.patience,
            iterations: method.iterations,
            target_objective: method.target_objective,
            rel_change: method.rel_change,
            time_limit: method.time_limit,
            seed: run.seed.unwrap_or(0),
            precision: run.precision.unwrap_or_default(),
            threads: run.threads.unwrap_or_else(available_threads),
            out: run.out.unwrap_or_else(|| OUT.into()),
            trace_test: run.trace_test,
            quiet: run.quiet,
            json: run.json,
        }
    }
}

impl Settings {
    /// Flags over the configuration file they name.
    pub(crate) fn options(args: TrainArgs) -> Result<TrainOptions, CliError> {
        let Some(path) = args.config else {
            return Ok(args.options);
        };
        let file = config::read(&path)?.trusted(&path);
        Ok(over(args.options, file))
    }

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

/// The defaults as the help shows them, by argument.
pub(crate) fn default_texts() -> Vec<(&'static str, String)> {
    let s = Settings::new(&TrainOptions::default(), DataKind::Digits);
    vec![
        ("data", s.data.to_string()),
        ("header", name_of(s.header)),
        ("label", "the last column".to_owned()),
        ("task", name_of(s.task)),
        (
            "scaling",
            Preset::describe(|p| name_of(ScalingName::of(p.scaling))),
        ),
        ("max_categories", s.max_categories.to_string()),
        ("hops", s.hops.to_string()),
        ("test_fraction", TEST_FRACTION.to_string()),
        ("hidden", by_method(Method::Tiam, |s| s.hidden.to_string())),
        ("activation", s.activation.to_string()),
        ("init", s.init.to_string()),
        ("method", Preset::describe(|p| p.method.to_string())),
        ("rho", Preset::describe(|p| p.rho.to_string())),
        ("ridge", by_method(Method::Tiam, |s| s.ridge.to_string())),
        ("l1", s.l1.to_string()),
        ("band", Preset::describe(|p| p.band.to_string())),
        ("inertia", by_method(Method::Tiam, inertia_text)),
        ("schedule", name_of(s.schedule)),
        ("guard", name_of(s.guard)),
        ("solver", by_method(Method::Tiam, |s| name_of(s.solver))),
        ("seed", s.seed.to_string()),
        ("precision", name_of(s.precision)),
        ("threads", "all cores".to_owned()),
        ("out", s.out.display().to_string()),
    ]
}

/// A default for the help: that of stochastic TIAM, and another method's where it differs.
fn by_method(other: Method, text: impl Fn(&Settings) -> String) -> String {
    let of = |method| {
        let mut options = TrainOptions::default();
        options.method.method = Some(method);
        text(&Settings::new(&options, DataKind::Digits))
    };
    let (own, others) = (of(Method::Stochastic), of(other));
    if own == others {
        return own;
    }
    format!("{own}; {others} with --method {other}")
}

fn inertia_text(s: &Settings) -> String {
    let inertia = [s.inertia.start, s.inertia.gradient, s.inertia.correction];
    inertia.map(|p| p.to_string()).join(",")
}

/// Takes each field from the flags, or else from the file.
macro_rules! first {
    ($kind:ident, $flags:expr, $file:expr; $($field:ident)*) => {
        $kind { $($field: $flags.$field.or($file.$field)),* }
    };
}

/// Flags, and what they leave open from a file.
pub(crate) fn over(flags: TrainOptions, mut file: TrainOptions) -> TrainOptions {
    // A flag for one way to test takes the place of the file's other way.
    if flags.data.test.is_some() {
        file.data.test_fraction = None;
    }
    if flags.data.test_fraction.is_some() {
        file.data.test = None;
    }
    // As for a model to go on from and random weights.
    if flags.network.from.is_some() {
        (
            file.network.hidden,
            file.network.activation,
            file.network.init,
            file.data.scaling,
            file.data.sample_weights,
        ) = (None, None, None, None, None);
    }
    let (quiet, json) = (
        flags.run.quiet || file.run.quiet,
        flags.run.json || file.run.json,
    );
    let trace_test = flags.run.trace_test || file.run.trace_test;
    let (seed, precision) = (
        flags.run.seed.or(file.run.seed),
        flags.run.precision.or(file.run.precision),
    );
    let (threads, out) = (
        flags.run.threads.or(file.run.threads),
        flags.run.out.or(file.run.out),
    );
    TrainOptions {
        data: first!(DataOptions, flags.data, file.data; data format header label task categorical max_categories ignore sample_weights scaling hops
            validation_fraction test test_fraction),
        network: first!(NetworkOptions, flags.network, file.network; from hidden activation init),
        method: first!(MethodOptions, flags.method, file.method; method rho ridge l1 band inertia schedule guard solver
            learning_rate batch_size gamma alpha epochs step_schedule damping curvature averaging class_weights patience iterations target_objective rel_change time_limit),
        run: RunOptions {
            seed,
            precision,
            threads,
            out,
            trace_test,
            quiet,
            json,
        },
    }
}
