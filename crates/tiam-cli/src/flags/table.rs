//! The table of flags, in the order in which a run records them. An entry makes the flag, its field of [`Settings`] and its default, and passes
//! it on to the parameters of the methods.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use tiam::{
    Activation, Band, ClassWeights, CurvatureChoice, DataKind, Effort, Init, Method, Precision,
    Sent, Solver, StepSchedule, StochasticParams, TiamParams,
};
use tiam_core::{Guard, Inertia, Order, Schedule};
use tiam_data::{
    DEFAULT_MAX_CATEGORIES, Decimal, Format, Header, MissingCells, Task, TextEncoding,
};

use super::Default::{ByKind, Words};
use super::InFile::{Fixed, Free, Never, Read};
use super::value::{FlagValue, choices_of, put, some_threads};
use super::{Default, Flag, InFile};
use crate::method::with;
use crate::rivals;
use crate::settings::{HOPS, OUT, TEST_FRACTION, available_threads, ridge, solver, suited};
use crate::values::{CheckpointEvery, DataSource, Delimiter, ScalingName};

pub(super) const DATA: &str = "Data";
/// Beyond what most need: it is found.
pub(super) const READING: &str = "How the data are read";
const NETWORK: &str = "Network";
const TRAINING: &str = "Training";
pub(super) const OUTPUT: &str = "Output";
const INNER: &str = "Inner parameters of the methods";
/// Sections of the help, in their order.
pub(super) const GROUPS: [&str; 6] = [DATA, TRAINING, NETWORK, OUTPUT, READING, INNER];

/// What cannot be given beside a model to go on from.
const FRESH: &[&str] = &["from"];

const ALL_METHODS: fn(Method) -> bool = |_| true;
const STOCHASTIC: fn(Method) -> bool = |method| method == Method::Stochastic;
const RELAXED: fn(Method) -> bool = Method::is_relaxed;
const BCD: fn(Method) -> bool = |method| method == Method::Bcd;
const BY_PENALTY: fn(Method) -> bool = |method| !method.is_gradient() && !STOCHASTIC(method);
const BY_RATE: fn(Method) -> bool = |method| method.is_gradient() || STOCHASTIC(method);
/// The inertia is what makes `am` and `mdlam` what they are.
const BY_INERTIA: fn(Method) -> bool = |method| method == Method::Tiam || STOCHASTIC(method);

const PLAIN: Flag = Flag {
    name: "",
    value: "",
    group: DATA,
    help: "",
    default: Default::Value,
    hyphens: false,
    several: false,
    unless: &[],
    methods: ALL_METHODS,
    file: Fixed,
    choices: &[],
    set: |_, _| Ok(()),
    check: |_| Ok(()),
    get: |_| None,
    stochastic: |params, _| params,
    relaxed: |params, _| params,
};

/// `"name" field: Type = default, "VALUE" in SECTION: "help"`, then what differs from [`PLAIN`]: a field of the settings and the flag that
/// sets it. Defaults depend on a method and what suits it.
macro_rules! flags {
    (|$method:ident, $suited:ident| $($name:literal $field:ident: $kind:ty = $default:expr, $value:literal in $group:ident:
    $help:literal $([$($key:ident: $what:expr),+])?;)+) => {
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

        pub(super) static ALL: &[Flag] = &[$(Flag {
            name: $name,
            value: $value,
            group: $group,
            help: $help,
            choices: choices_of(|settings: &Settings| &settings.$field),
            set: |settings, text| put(&mut settings.$field, text),
            get: |settings| settings.$field.written(),
            $($($key: $what,)+)?
            ..PLAIN
        }),+];
    };
}

flags! { |method, suited|
    "data" data: DataSource = DataSource::Digits, "PATH" in DATA: "Training data: `digits`, a table (CSV and other text, JSON, ARFF, libsvm, arrays as npz), several of them separated by commas or as a pattern like 'part-*.csv', `-` for standard input, an IDX file or folder (MNIST), or a graph npz" [file: Free, several: true];
    "stream" stream: bool = false, "" in DATA: "Train on a table that need not fit into memory: its text is converted once to a file of numbers, which every epoch reads"
        [methods: STOCHASTIC, unless: &["from", "sample-weights"]];
    "cache" cache: Option<PathBuf> = None, "DIR" in DATA: "With --stream: the folder for the file of numbers" [methods: STOCHASTIC, file: Free, default: Words("that of the data")];
    "pool-blocks" pool_blocks: Option<usize> = None, "N" in INNER: "With --stream: blocks of up to a megabyte that are in memory together and shuffled; two such pools are held"
        [methods: STOCHASTIC, default: Words("128")];
    "format" format: Option<Format> = None, "FORMAT" in READING: "Force the format of the data; without it, it is found by content";
    "header" header: Header = Header::Auto, "HEADER" in READING: "Whether the first row of a table names its columns";
    "delimiter" delimiter: Option<Delimiter> = None, "CHARACTER" in READING: "What separates the cells of a table: a character, `tab` or `blanks`; without it, it is found" [hyphens: true];
    "encoding" encoding: Option<TextEncoding> = None, "NAME" in READING: "Encoding of a text, such as utf-8, utf-16, latin1 or shift_jis; without it, it is found";
    "decimal" decimal: Option<Decimal> = None, "MARK" in READING: "What separates the fraction of a number; without it, it is found column by column";
    "comment" comment: Option<Delimiter> = None, "CHARACTER" in READING: "Lines of a table that begin so are skipped" [hyphens: true];
    "skip-rows" skip_rows: usize = 0, "N" in READING: "Lines skipped at the top of a table";
    "missing" missing: MissingCells = MissingCells::Fill, "MISSING" in READING: "What is done about missing cells";
    "label" label: String = "last".to_owned(), "NAME|POSITION" in DATA: "The column to predict: its name, or its position from 0 (negative from the end); several columns of values are separated by commas"
        [hyphens: true, default: Words("the last column")];
    "task" task: Task = Task::Auto, "TASK" in DATA: "What the label is: classes to choose from, or values to approximate";
    "categorical" categorical: Vec<String> = Vec::new(), "COLUMNS" in READING: "Columns of numbers to be read as categories, separated by commas" [hyphens: true];
    "max-categories" max_categories: usize = DEFAULT_MAX_CATEGORIES, "N" in READING: "Most different values of a categorical column that become one input each, and of the label";
    "ignore" ignore: Vec<String> = Vec::new(), "COLUMNS" in READING: "Columns to leave out, separated by commas; a name that holds a comma in double quotes" [hyphens: true];
    "keep" keep: Vec<String> = Vec::new(), "COLUMNS" in READING: "Columns to take as inputs although they look like ids" [hyphens: true];
    "sample-weights" sample_weights: Option<String> = None, "NAME|POSITION" in DATA: "Column of a table that says how much each row counts in training, in numbers from 0; no input of the network"
        [hyphens: true, unless: FRESH, methods: STOCHASTIC];
    "scaling" scaling: ScalingName = ScalingName::Auto, "SCALING" in DATA: "How inputs are scaled, fitted on the training part"
        [unless: FRESH, default: ByKind(|preset| format!("{:?}", preset.scaling).to_lowercase())];
    "hops" hops: usize = HOPS, "N" in READING: "Graphs: the highest power of the normalised adjacency that is applied to the node features";
    "test" test: Option<PathBuf> = None, "PATH" in DATA: "Test data, in the format of the training data" [unless: &["test-fraction"], file: Free];
    "test-fraction" test_fraction: Option<f64> = None, "FRACTION" in DATA: "Part of the data held out for testing, where they bring no split of their own; 0 for none"
        [unless: &["test"], default: ByKind(|_| TEST_FRACTION.to_string())];
    "validation-fraction" validation_fraction: Option<f64> = None, "FRACTION" in DATA: "Part of the training data held out for validation"
        [methods: STOCHASTIC, default: Words("0; 0.1 with --patience")];
    "from" from: Option<PathBuf> = None, "MODEL" in NETWORK: "Go on from a model, with its shape, columns and scaling, in place of random weights"
        [methods: STOCHASTIC, file: Free];
    "hidden" hidden: Vec<usize> = suited.hidden.to_vec(), "SIZES" in NETWORK: "Sizes of the hidden layers, separated by commas: larger ones can learn more and take longer; `none` for a linear model" [hyphens: true, unless: FRESH];
    "activation" activation: Activation = Activation::default(), "NAME" in NETWORK: "Activation of the hidden layers: relu, leaky_relu, elu or identity" [unless: FRESH];
    "init" init: Init = rivals::start(method).weights, "NAME" in NETWORK: "Starting weights: he, xavier or normal:DEVIATION" [unless: FRESH];
    "effort" effort: Option<Effort> = None, "EFFORT" in TRAINING: "How much is tried for the best model of a table. Several networks are mixed; a flag that sets what is searched for means one network"
        [default: Words("good for tables; single for other data")];
    "method" method: Method = method, "NAME" in TRAINING: "How to train. `stochastic` trains by batches: errors are back-propagated through each batch, then every layer solves a \
          least-squares problem of its own. `tiam` (the paper's), am, mdlam, dladmm and bcd take all samples at once, without \
          back-propagation. gd, sgd, adagrad, adadelta and adam are the usual gradient methods; samt steps layer after layer and trains its step sizes"
        [default: ByKind(|preset| preset.method.to_string())];
    "rho" rho: f64 = suited.rho, "RHO" in INNER: "Weight of the penalty that ties the layers together, above 0"
        [methods: BY_PENALTY, default: ByKind(|preset| preset.rho.to_string()), relaxed: |params, settings| params.rho(settings.rho)];
    "ridge" ridge: Option<f64> = ridge(method), "RIDGE" in TRAINING: "Weight of half the sum of squared weights: a larger one keeps them small, so that less is learnt by heart"
        [default: Words("by batches 7/rows, from 0.0003 to 0.02; 0.01 with --method tiam"), stochastic: |params, settings| params.ridge(settings.ridge),
         relaxed: |params, settings| with(params, settings.ridge, TiamParams::ridge)];
    "l1" l1: f64 = 0.0, "L1" in INNER: "Weight of the sum of absolute weights" [methods: RELAXED, relaxed: |params, settings| params.l1(settings.l1)];
    "band" band: Band = suited.band, "START,DECAY,FLOOR" in INNER: "Half-width of the band around the activations: where it starts, its factor an iteration, its least"
        [hyphens: true, methods: RELAXED, default: ByKind(|preset| preset.band.to_string()), relaxed: |params, settings| params.band(settings.band)];
    "pulse" pulse: bool = false, "" in INNER: "Close the band to its least in every second iteration, where it starts wider; for many samples, with --band 0.03,0.985,0.003 --order backward --solver cholesky"
        [methods: RELAXED, relaxed: |params, settings| params.pulse(settings.pulse)];
    "order" order: Order = Order::Forward, "ORDER" in INNER: "In which order an iteration goes through the layers" [methods: RELAXED, relaxed: |params, settings| params.order(settings.order.clone())];
    "inertia" inertia: Inertia = method.inertia().0, "P1,P2,P3" in INNER: "The three inertial coefficients, each in [0, 1]" [hyphens: true, methods: BY_INERTIA, stochastic: |params, settings| params.inertia(settings.inertia), relaxed: |params, settings| params.inertia(settings.inertia)];
    "schedule" schedule: Schedule = method.inertia().1, "SCHEDULE" in INNER: "How the coefficients change over the iterations" [methods: BY_INERTIA, stochastic: |params, settings| params.schedule(settings.schedule.clone()), relaxed: |params, settings| params.schedule(settings.schedule.clone())];
    "guard" guard: Guard = Guard::On, "GUARD" in INNER: "Whether a step that raises its block's objective is done again without inertia" [methods: RELAXED, relaxed: |params, settings| params.guard(settings.guard)];
    "solver" solver: Solver = solver(method), "SOLVER" in INNER: "How the steps of weights and activations are computed" [methods: RELAXED, relaxed: |params, settings| params.solver(settings.solver)];
    "learning-rate" learning_rate: Option<f64> = None, "RATE" in TRAINING: "Size of the steps: smaller is slower and steadier"
        [methods: BY_RATE, default: ByKind(|_| format!("{}; each gradient method has its own", StochasticParams::STEP)), stochastic: |params, settings| with(params, settings.learning_rate, StochasticParams::step)];
    "batch-size" batch_size: Option<usize> = None, "N" in TRAINING: "Rows a step"
        [methods: Method::is_by_batches, default: Words("a 20th of the samples, from 32 to 500; 128 for gradient methods"), stochastic: |params, settings| params.batch_size(settings.batch_size)];
    "gamma" gamma: Option<f64> = None, "GAMMA" in INNER: "Weight of the activations' constraint" [methods: BCD, default: Words("1")];
    "alpha" alpha: Option<f64> = None, "ALPHA" in INNER: "Proximal weight" [methods: BCD, default: Words("5")];
    "epochs" epochs: Option<usize> = None, "N" in TRAINING: "Passes over the training data"
        [methods: STOCHASTIC, file: Free, default: Words("5 or, for few samples, as many as make 600 steps, up to 100"), stochastic: |params, settings| params.epochs(settings.epochs)];
    "step-schedule" step_schedule: StepSchedule = StepSchedule::default(), "NAME" in INNER: "How the step size changes: cosine, constant or step:EVERY,FACTOR (epochs, and what remains after them)"
        [methods: STOCHASTIC, stochastic: |params, settings| params.step_schedule(settings.step_schedule)];
    "damping" damping: Option<f64> = None, "DAMPING" in INNER: "Damping of the curvature, relative to each layer's inputs" [methods: STOCHASTIC, default: Words("0.1"), stochastic: |params, settings| with(params, settings.damping, StochasticParams::damping)];
    "curvature" curvature: CurvatureChoice = CurvatureChoice::default(), "NAME" in INNER: "How each layer's curvature is kept: auto (sketched where the layer is wide), full, sketch, or identity for none"
        [methods: STOCHASTIC, stochastic: |params, settings| params.curvature(settings.curvature)];
    "averaging" averaging: Option<f64> = None, "EPOCHS" in INNER: "Epochs over which the iterates are averaged; 0 for the last one"
        [methods: STOCHASTIC, default: Words("0.25"), stochastic: |params, settings| with(params, settings.averaging, StochasticParams::averaging)];
    "local-steps" local_steps: Option<usize> = None, "H" in INNER: "Several processes (mpirun): steps that each takes on its own part of every batch before their weights are averaged; the number of processes then matters to the result"
        [methods: STOCHASTIC, default: Words("1: every step is shared, and the result is that of one process"), stochastic: |params, settings| with(params, settings.local_steps, StochasticParams::local_steps)];
    "send" send: Option<Sent> = None, "HOW" in INNER: "How the weights are sent that --local-steps averages" [methods: STOCHASTIC, default: Words("full"), stochastic: |params, settings| with(params, settings.send, StochasticParams::send)];
    "class-weights" class_weights: ClassWeights = ClassWeights::default(), "WEIGHTS" in TRAINING: "How much each class counts: equal, balanced, or a weight each, in the order of the classes"
        [hyphens: true, methods: STOCHASTIC, stochastic: |params, settings| params.class_weights(settings.class_weights.clone())];
    "patience" patience: Option<usize> = None, "EPOCHS" in TRAINING: "Stop after this many epochs without improvement on the validation part, and keep the best network"
        [methods: STOCHASTIC, stochastic: |params, settings| params.patience(settings.patience)];
    "iterations" iterations: Option<usize> = None, "N" in TRAINING: "Most iterations; an iteration of `stochastic` or of a gradient method is an epoch"
        [file: Free, default: Words("100; all epochs of stochastic"), stochastic: |params, settings| params.stop_after(settings.iterations)];
    "target-objective" target_objective: Option<f64> = None, "F" in TRAINING: "Stop once the objective is at most this" [hyphens: true, file: Free];
    "rel-change" rel_change: Option<f64> = None, "FRACTION" in TRAINING: "Stop once the objective changes by at most this fraction in an iteration" [file: Free];
    "time-limit" time_limit: Option<f64> = None, "SECONDS" in TRAINING: "Stop after this many seconds" [file: Free];
    "seed" seed: u64 = 0, "SEED" in TRAINING: "Seed of all random choices: the starting weights, the split and the order of the rows";
    "precision" precision: Precision = Precision::F32, "PRECISION" in TRAINING: "Precision of the numbers";
    "threads" threads: usize = available_threads(), "N" in TRAINING: "Worker threads; the same number gives the same result to the bit"
        [file: Free, check: |settings| some_threads(settings.threads).map(drop), default: Words("all cores")];
    "out" out: PathBuf = OUT.into(), "DIR" in OUTPUT: "Folder for what is saved: the model, a page about it (report.html), the course of training and the options" [file: Read, default: Words(OUT)];
    "trace-test" trace_test: bool = false, "" in OUTPUT: "Measure the test part after every epoch too, for the trace; decides nothing"
        [methods: STOCHASTIC, file: Free];
    "no-report" no_report: bool = false, "" in OUTPUT: "No page about the model (report.html, which opens in a browser)" [file: Free];
    "quiet" quiet: bool = false, "" in OUTPUT: "No progress" [file: Read];
    "json" json: bool = false, "" in OUTPUT: "The result as one JSON object on the last line of standard output, in place of the table" [file: Read];
    "config" config: Option<PathBuf> = None, "FILE" in OUTPUT: "Options from a TOML file, named as the flags are; flags win over it. Paths in it count from the current folder"
        [file: Never];
    "resume" resume: Option<PathBuf> = None, "DIR" in OUTPUT: "Go on with a run that was interrupted, from the newest checkpoint in the folder it wrote to; its flags hold, limits given here win"
        [file: Never, unless: &["config", "from", "out"]];
    "checkpoint-every" checkpoint_every: Option<CheckpointEvery> = None, "N|SECONDSs|off" in OUTPUT: "How often the run is saved: a number of iterations, seconds as in `60s`, or `off`"
        [file: Never, default: Words("60s")];
    "keep-checkpoints" keep_checkpoints: Option<NonZeroUsize> = None, "K" in OUTPUT: "Checkpoints kept, from 1" [file: Never, default: Words("2")];
}

impl Settings {
    /// Parameters of training by batches.
    pub(crate) fn stochastic(&self) -> StochasticParams {
        let params = StochasticParams::default();
        ALL.iter()
            .fold(params, |params, flag| (flag.stochastic)(params, self))
    }

    /// Parameters of the full-batch method, and of its kin.
    pub(crate) fn relaxed(&self) -> TiamParams {
        let params = TiamParams::default();
        ALL.iter()
            .fold(params, |params, flag| (flag.relaxed)(params, self))
    }
}

impl Flag {
    /// True for what a search decides by itself, or has no use for.
    pub(super) fn is_of_one_network(&self) -> bool {
        const DECIDED: [&str; 8] = [
            "stream",
            "cache",
            "scaling",
            "validation-fraction",
            "trace-test",
            "checkpoint-every",
            "keep-checkpoints",
            "hops",
        ];
        const TAKEN: [&str; 8] = [
            "activation",
            "init",
            "effort",
            "class-weights",
            "time-limit",
            "seed",
            "precision",
            "threads",
        ];
        match self.group {
            DATA | READING | OUTPUT => DECIDED.contains(&self.name),
            _ => !TAKEN.contains(&self.name),
        }
    }
}

/// The flag with this name.
pub(super) fn named(name: &str) -> Option<&'static Flag> {
    ALL.iter().find(|flag| flag.name == name)
}

/// Those that a configuration file may have.
pub(super) fn of_files() -> impl Iterator<Item = &'static Flag> {
    ALL.iter().filter(|flag| flag.file != InFile::Never)
}
