//! The table of flags, in the order in which a run records them. A new flag is an entry here and a field of [`Settings`].

use tiam::Method;
use tiam_models::StochasticParams;

use super::Default::{ByKind, Words};
use super::InFile::{Fixed, Free, Never, Read};
use super::value::{FlagValue, choices_of, put, some_threads};
use super::{Default, Flag, InFile};
use crate::settings::{OUT, Settings, TEST_FRACTION};

const DATA: &str = "Data";
const NETWORK: &str = "Network";
const TRAINING: &str = "Training";
const OUTPUT: &str = "Output";
const INNER: &str = "Inner parameters of the methods";
/// Sections of the help, in their order.
pub(super) const GROUPS: [&str; 5] = [DATA, NETWORK, TRAINING, OUTPUT, INNER];

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
    unless: &[],
    methods: ALL_METHODS,
    file: Fixed,
    choices: &[],
    set: |_, _| Ok(()),
    check: |_| Ok(()),
    get: |_| None,
};

/// `"name" field "VALUE" in SECTION: "help"`, then what differs from [`PLAIN`]: the flag that sets this field of the settings.
macro_rules! flags {
    ($($name:literal $field:ident $value:literal in $group:ident: $help:literal $([$($key:ident: $what:expr),+])?;)+) => {
        &[$(Flag {
            name: $name,
            value: $value,
            group: $group,
            help: $help,
            choices: choices_of(|settings: &Settings| &settings.$field),
            set: |settings, text| put(&mut settings.$field, text),
            get: |settings| settings.$field.written(),
            $($($key: $what,)+)?
            ..PLAIN
        }),+]
    };
}

pub(super) static ALL: &[Flag] = flags! {
    "data" data "PATH" in DATA: "Training data: `digits`, a CSV or TSV file, an IDX file or folder (MNIST), or a graph npz" [file: Free];
    "format" format "FORMAT" in DATA: "Force the format of the data; without it, it is found by content";
    "header" header "HEADER" in DATA: "Whether the first row of a table names its columns";
    "label" label "NAME|POSITION" in DATA: "Label column of a table: its name, or its position from 0 (negative from the end)"
        [hyphens: true, default: Words("the last column")];
    "task" task "TASK" in DATA: "What the label is: classes, or values to approximate";
    "categorical" categorical "COLUMNS" in DATA: "Columns of numbers to be read as categories, separated by commas" [hyphens: true];
    "max-categories" max_categories "N" in DATA: "Most different values a categorical column, or the label, may have";
    "ignore" ignore "COLUMNS" in DATA: "Columns to leave out, separated by commas" [hyphens: true];
    "sample-weights" sample_weights "NAME|POSITION" in DATA: "Column of a table that says how much each row counts in training, in numbers from 0; no input of the network"
        [hyphens: true, unless: FRESH, methods: STOCHASTIC];
    "scaling" scaling "SCALING" in DATA: "How inputs are scaled, fitted on the training part"
        [unless: FRESH, default: ByKind(|preset| format!("{:?}", preset.scaling).to_lowercase())];
    "hops" hops "N" in DATA: "Graphs: the highest power of the normalised adjacency that is applied to the node features";
    "test" test "PATH" in DATA: "Test data, in the format of the training data" [unless: &["test-fraction"], file: Free];
    "test-fraction" test_fraction "FRACTION" in DATA: "Part of the data held out for testing, where they bring no split of their own; 0 for none"
        [unless: &["test"], default: ByKind(|_| TEST_FRACTION.to_string())];
    "validation-fraction" validation_fraction "FRACTION" in DATA: "Part of the training data held out for validation"
        [methods: STOCHASTIC, default: Words("0; 0.1 with --patience")];
    "from" from "MODEL" in NETWORK: "Go on from a model, with its shape, columns and scaling, in place of random weights"
        [methods: STOCHASTIC, file: Free];
    "hidden" hidden "SIZES" in NETWORK: "Sizes of the hidden layers; `none` for a linear model" [hyphens: true, unless: FRESH];
    "activation" activation "NAME" in NETWORK: "Activation of the hidden layers: relu, leaky_relu, elu or identity" [unless: FRESH];
    "init" init "NAME" in NETWORK: "Starting weights: he, xavier or normal:DEVIATION" [unless: FRESH];
    "method" method "NAME" in TRAINING: "How to train. `stochastic` trains by batches: errors are back-propagated through each batch, then every layer solves a \
          least-squares problem of its own. `tiam` (the paper's), am, mdlam, dladmm and bcd take all samples at once, without \
          back-propagation. gd, sgd, adagrad, adadelta and adam are the usual gradient methods"
        [default: ByKind(|preset| preset.method.to_string())];
    "rho" rho "RHO" in INNER: "Weight of the penalty that ties the layers together, above 0"
        [methods: BY_PENALTY, default: ByKind(|preset| preset.rho.to_string())];
    "ridge" ridge "RIDGE" in TRAINING: "Weight of half the sum of squared weights";
    "l1" l1 "L1" in INNER: "Weight of the sum of absolute weights" [methods: RELAXED];
    "band" band "START,DECAY,FLOOR" in INNER: "Half-width of the band around the activations: where it starts, its factor an iteration, its least"
        [hyphens: true, methods: RELAXED, default: ByKind(|preset| preset.band.to_string())];
    "inertia" inertia "P1,P2,P3" in INNER: "The three inertial coefficients, each in [0, 1]" [hyphens: true, methods: BY_INERTIA];
    "schedule" schedule "SCHEDULE" in INNER: "How the coefficients change over the iterations" [methods: BY_INERTIA];
    "guard" guard "GUARD" in INNER: "Whether a step that raises its block's objective is done again without inertia" [methods: RELAXED];
    "solver" solver "SOLVER" in INNER: "How the steps of weights and activations are computed" [methods: RELAXED];
    "learning-rate" learning_rate "RATE" in TRAINING: "Step size"
        [methods: BY_RATE, default: ByKind(|_| format!("{}; each gradient method has its own", StochasticParams::STEP))];
    "batch-size" batch_size "N" in TRAINING: "Samples a step"
        [methods: Method::is_by_batches, default: Words("a 20th of the samples, from 32 to 500; 128 for gradient methods")];
    "gamma" gamma "GAMMA" in INNER: "Weight of the activations' constraint" [methods: BCD, default: Words("1")];
    "alpha" alpha "ALPHA" in INNER: "Proximal weight" [methods: BCD, default: Words("5")];
    "epochs" epochs "N" in TRAINING: "Passes over the training data"
        [methods: STOCHASTIC, file: Free, default: Words("5 or, for few samples, as many as make 600 steps, up to 100")];
    "step-schedule" step_schedule "NAME" in INNER: "How the step size changes: cosine, constant or step:EVERY,FACTOR (epochs, and what remains after them)"
        [methods: STOCHASTIC];
    "damping" damping "DAMPING" in INNER: "Damping of the curvature, relative to each layer's inputs" [methods: STOCHASTIC, default: Words("0.1")];
    "curvature" curvature "NAME" in INNER: "How each layer's curvature is kept: auto (sketched where the layer is wide), full, sketch, or identity for none"
        [methods: STOCHASTIC];
    "averaging" averaging "EPOCHS" in INNER: "Epochs over which the iterates are averaged; 0 for the last one"
        [methods: STOCHASTIC, default: Words("0.25")];
    "class-weights" class_weights "WEIGHTS" in TRAINING: "How much each class counts: equal, balanced, or a weight each, in the order of the classes"
        [hyphens: true, methods: STOCHASTIC];
    "patience" patience "EPOCHS" in TRAINING: "Stop after this many epochs without improvement on the validation part, and keep the best network"
        [methods: STOCHASTIC];
    "iterations" iterations "N" in TRAINING: "Most iterations; an iteration of `stochastic` or of a gradient method is an epoch"
        [file: Free, default: Words("100; all epochs of stochastic")];
    "target-objective" target_objective "F" in TRAINING: "Stop once the objective is at most this" [hyphens: true, file: Free];
    "rel-change" rel_change "FRACTION" in TRAINING: "Stop once the objective changes by at most this fraction in an iteration" [file: Free];
    "time-limit" time_limit "SECONDS" in TRAINING: "Stop after this many seconds" [file: Free];
    "seed" seed "SEED" in TRAINING: "Seed of the starting weights and of the split";
    "precision" precision "PRECISION" in TRAINING: "Scalar type";
    "threads" threads "N" in TRAINING: "Worker threads; the same number gives the same result to the bit"
        [file: Free, check: |settings| some_threads(settings.threads).map(drop), default: Words("all cores")];
    "out" out "DIR" in OUTPUT: "Folder for model.safetensors, trace.csv, trace.json and config.toml" [file: Read, default: Words(OUT)];
    "trace-test" trace_test "" in OUTPUT: "Measure the test part after every epoch too, for the trace; decides nothing"
        [methods: STOCHASTIC, file: Free];
    "quiet" quiet "" in OUTPUT: "No progress" [file: Read];
    "json" json "" in OUTPUT: "The result as one JSON object on the last line of standard output, in place of the table" [file: Read];
    "config" config "FILE" in OUTPUT: "Options from a TOML file, named as the flags are; flags win over it. Paths in it count from the current folder"
        [file: Never];
    "resume" resume "DIR" in OUTPUT: "Go on with a run that was interrupted, from the newest checkpoint in the folder it wrote to; its flags hold, limits given here win"
        [file: Never, unless: &["config", "from", "out"]];
    "checkpoint-every" checkpoint_every "N|SECONDSs|off" in OUTPUT: "How often the run is saved: a number of iterations, seconds as in `60s`, or `off`"
        [file: Never, default: Words("60s")];
    "keep-checkpoints" keep_checkpoints "K" in OUTPUT: "Checkpoints kept, from 1" [file: Never, default: Words("2")];
};

/// The flag with this name.
pub(super) fn named(name: &str) -> Option<&'static Flag> {
    ALL.iter().find(|flag| flag.name == name)
}

/// Those that a configuration file may have.
pub(super) fn of_files() -> impl Iterator<Item = &'static Flag> {
    ALL.iter().filter(|flag| flag.file != InFile::Never)
}
