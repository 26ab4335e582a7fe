//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand};
use tiam_bench::methods::Method;
use tiam_bench::reproduce::Experiment;
use tiam_core::Inertia;
use tiam_models::{Activation, Band, ClassWeights, CurvatureChoice, Init, StepSchedule};

use crate::settings;
use crate::values::{
    CheckpointEvery, Columns, DataSource, FormatName, GuardName, HeaderName, Hidden, Precision,
    ScalingName, ScheduleName, SolverName, TaskName, inertia,
};

/// Trains multilayer perceptrons without back-propagation, by triple-inertial alternating minimisation.
#[derive(Debug, Parser)]
#[command(
    name = "tiam",
    version,
    after_help = "Without a subcommand, `tiam` does what `tiam train` does: it trains on the embedded digits.\n\
                  Results go to standard output, progress and errors to standard error.\n\
                  Exit status: 0 done, 1 failed while running, 2 wrong usage or input.\n\n\
                  Example: tiam train --data iris.csv --label species --out iris"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Train(Box<TrainArgs>),
    Evaluate(EvaluateArgs),
    Predict(PredictArgs),
    Info(InfoArgs),
    Verify(VerifyArgs),
    Reproduce(ReproduceArgs),
}

impl Default for Command {
    fn default() -> Self {
        Self::Train(Box::default())
    }
}

/// Train a network and save it with its trace and configuration.
///
/// Ctrl-C ends training after the iteration under way and saves everything; --resume goes on with it.
#[derive(Clone, Debug, Default, Args)]
#[command(
    after_help = "Example: tiam train --data wine.csv --task values --hidden 32,32 --out wine\n\
                        Repeat:  tiam train --config wine/config.toml --out again\n\
                        Go on:   tiam train --resume wine"
)]
pub(crate) struct TrainArgs {
    /// Options from a TOML file, named as the flags are; flags win over it. Paths in it count from the current folder
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Go on with a run that was interrupted, from the newest checkpoint in the folder it wrote to; its flags hold, limits given here win
    #[arg(long, value_name = "DIR", conflicts_with_all = ["config", "from", "out"])]
    pub(crate) resume: Option<PathBuf>,
    /// How often the run is saved: a number of iterations, seconds as in `60s`, or `off` [default: 60s]
    #[arg(long, value_name = "N|SECONDSs|off")]
    pub(crate) checkpoint_every: Option<CheckpointEvery>,
    /// Checkpoints kept, from 1 [default: 2]
    #[arg(long, value_name = "K")]
    pub(crate) keep_checkpoints: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(crate) options: TrainOptions,
}

/// Everything a configuration file may say too.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct TrainOptions {
    #[command(flatten)]
    pub(crate) data: DataOptions,
    #[command(flatten)]
    pub(crate) network: NetworkOptions,
    #[command(flatten)]
    pub(crate) method: MethodOptions,
    #[command(flatten)]
    pub(crate) run: RunOptions,
}

/// What to train on.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Data")]
pub(crate) struct DataOptions {
    /// Training data: `digits`, a CSV or TSV file, an IDX file or folder (MNIST), or a graph npz
    #[arg(long, value_name = "PATH")]
    pub(crate) data: Option<DataSource>,
    /// Force the format of the data; without it, it is found by content
    #[arg(long, value_enum)]
    pub(crate) format: Option<FormatName>,
    /// Whether the first row of a table names its columns
    #[arg(long, value_enum)]
    pub(crate) header: Option<HeaderName>,
    /// Label column of a table: its name, or its position from 0 (negative from the end)
    #[arg(long, value_name = "NAME|POSITION", allow_hyphen_values = true)]
    pub(crate) label: Option<String>,
    /// What the label is: classes, or values to approximate
    #[arg(long, value_enum)]
    pub(crate) task: Option<TaskName>,
    /// Columns of numbers to be read as categories, separated by commas
    #[arg(long, value_name = "COLUMNS", allow_hyphen_values = true)]
    pub(crate) categorical: Option<Columns>,
    /// Most different values a categorical column, or the label, may have
    #[arg(long, value_name = "N")]
    pub(crate) max_categories: Option<usize>,
    /// Columns to leave out, separated by commas
    #[arg(long, value_name = "COLUMNS", allow_hyphen_values = true)]
    pub(crate) ignore: Option<Columns>,
    /// Column of a table that says how much each row counts in training, in numbers from 0; no input of the network
    #[arg(
        long,
        value_name = "NAME|POSITION",
        allow_hyphen_values = true,
        conflicts_with = "from"
    )]
    pub(crate) sample_weights: Option<String>,
    /// How inputs are scaled, fitted on the training part
    #[arg(long, value_enum)]
    pub(crate) scaling: Option<ScalingName>,
    /// Graphs: the highest power of the normalised adjacency that is applied to the node features
    #[arg(long, value_name = "N")]
    pub(crate) hops: Option<usize>,
    /// Part of the training data held out for validation [default: 0; 0.1 with --patience]
    #[arg(long, value_name = "FRACTION", allow_negative_numbers = true)]
    pub(crate) validation_fraction: Option<f64>,
    /// Test data, in the format of the training data
    #[arg(long, value_name = "PATH", conflicts_with = "test_fraction")]
    pub(crate) test: Option<PathBuf>,
    /// Part of the data held out for testing, where they bring no split of their own; 0 for none
    #[arg(long, value_name = "FRACTION", allow_negative_numbers = true)]
    pub(crate) test_fraction: Option<f64>,
}

/// What to train.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct NetworkOptions {
    /// Sizes of the hidden layers; `none` for a linear model
    #[arg(long, value_name = "SIZES")]
    pub(crate) hidden: Option<Hidden>,
    /// Activation of the hidden layers: relu, leaky_relu, elu or identity
    #[arg(long, value_name = "NAME")]
    pub(crate) activation: Option<Activation>,
    /// Go on from a model, with its shape, columns and scaling, in place of random weights
    #[arg(long, value_name = "MODEL", conflicts_with_all = ["hidden", "activation", "init", "scaling"])]
    pub(crate) from: Option<PathBuf>,
    /// Starting weights: he, xavier or normal:DEVIATION
    #[arg(long, value_name = "NAME")]
    pub(crate) init: Option<Init>,
}

/// How to train it.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Method")]
pub(crate) struct MethodOptions {
    /// The method: stochastic (TIAM by batches), tiam (the paper's, full batch), am, mdlam, dladmm, bcd, gd, sgd, adagrad, adadelta or adam. An iteration of stochastic TIAM or of a gradient method is an epoch
    #[arg(long, value_name = "NAME")]
    pub(crate) method: Option<Method>,
    /// Weight of the penalty that ties the layers together, above 0
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) rho: Option<f64>,
    /// Weight of half the sum of squared weights
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) ridge: Option<f64>,
    /// Weight of the sum of absolute weights
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) l1: Option<f64>,
    /// Half-width of the band around the activations: where it starts, its factor an iteration, its least
    #[arg(long, value_name = "START,DECAY,FLOOR")]
    pub(crate) band: Option<Band>,
    /// The three inertial coefficients, each in [0, 1]
    #[arg(long, value_name = "P1,P2,P3", value_parser = inertia)]
    pub(crate) inertia: Option<Inertia>,
    /// How the coefficients change over the iterations
    #[arg(long, value_enum)]
    pub(crate) schedule: Option<ScheduleName>,
    /// Whether a step that raises its block's objective is done again without inertia
    #[arg(long, value_enum)]
    pub(crate) guard: Option<GuardName>,
    /// How the steps of weights and activations are computed
    #[arg(long, value_enum)]
    pub(crate) solver: Option<SolverName>,
    /// Step size of stochastic TIAM and of the gradient methods
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    pub(crate) learning_rate: Option<f64>,
    /// Samples a step of the methods by batches
    #[arg(long, value_name = "N")]
    pub(crate) batch_size: Option<usize>,
    /// BCD's weight of the activations' constraint
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) gamma: Option<f64>,
    /// BCD's proximal weight
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) alpha: Option<f64>,
    /// Epochs of stochastic TIAM [default: 5 or, for few samples, as many as make 600 steps, up to 100]
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<usize>,
    /// How the step size changes: cosine, constant or step:EVERY,FACTOR (epochs, and what remains after them)
    #[arg(long, value_name = "NAME")]
    pub(crate) step_schedule: Option<StepSchedule>,
    /// Damping of the curvature, relative to each layer's inputs
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) damping: Option<f64>,
    /// How each layer's curvature is kept: auto (sketched where the layer is wide), full, sketch, or identity for none
    #[arg(long, value_name = "NAME")]
    pub(crate) curvature: Option<CurvatureChoice>,
    /// Epochs over which the iterates are averaged; 0 for the last one
    #[arg(long, value_name = "EPOCHS", allow_negative_numbers = true)]
    pub(crate) averaging: Option<f64>,
    /// How much each class counts: equal, balanced, or a weight each, in the order of the classes
    #[arg(long, value_name = "WEIGHTS")]
    pub(crate) class_weights: Option<ClassWeights>,
    /// Stop after this many epochs without improvement on the validation part, and keep the best network
    #[arg(long, value_name = "EPOCHS")]
    pub(crate) patience: Option<usize>,
    /// Most iterations; of stochastic TIAM, stop after so many of its epochs [default: 100; all epochs]
    #[arg(long, value_name = "N")]
    pub(crate) iterations: Option<usize>,
    /// Stop once the objective is at most this
    #[arg(long, value_name = "F", allow_hyphen_values = true)]
    pub(crate) target_objective: Option<f64>,
    /// Stop once the objective changes by at most this fraction in an iteration
    #[arg(long, value_name = "FRACTION", allow_negative_numbers = true)]
    pub(crate) rel_change: Option<f64>,
    /// Stop after this many seconds
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    pub(crate) time_limit: Option<f64>,
}

/// How to run.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Run")]
pub(crate) struct RunOptions {
    /// Seed of the starting weights and of the split
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Scalar type
    #[arg(long, value_enum)]
    pub(crate) precision: Option<Precision>,
    /// Worker threads; the same number gives the same result to the bit
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Folder for model.safetensors, trace.csv, trace.json and config.toml
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Measure the test part after every epoch too, for the trace; decides nothing
    #[arg(long)]
    pub(crate) trace_test: bool,
    /// No progress
    #[arg(long)]
    pub(crate) quiet: bool,
    /// The result as one JSON object on the last line of standard output, in place of the table
    #[arg(long)]
    pub(crate) json: bool,
}

/// How to read data for a model that is there already.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ReadOptions {
    /// Force the format of the data; without it, it is found by content
    #[arg(long, value_enum)]
    pub(crate) format: Option<FormatName>,
    /// Whether the first row of a table names its columns [default: auto]
    #[arg(long, value_enum)]
    pub(crate) header: Option<HeaderName>,
    /// Worker threads [default: all cores]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
}

/// Measure a model on data: loss and accuracy, or the errors of its values.
///
/// Of a graph or an MNIST folder the test part counts, of the digits the part that training held out, of everything else the whole.
#[derive(Debug, Args)]
#[command(after_help = "Example: tiam evaluate tiam-out/model.safetensors --data digits")]
pub(crate) struct EvaluateArgs {
    /// The model file
    pub(crate) model: PathBuf,
    /// Data with labels
    #[arg(long, value_name = "PATH")]
    pub(crate) data: DataSource,
    /// Label column, where it is not called as in the training data: its name, or its position in a file without header
    #[arg(long, value_name = "NAME|POSITION", allow_hyphen_values = true)]
    pub(crate) label: Option<String>,
    #[command(flatten)]
    pub(crate) read: ReadOptions,
    /// The result as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Write a model's predictions as CSV, a row a sample.
///
/// The columns are found as in the training data; a label column may be there or not.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: tiam predict iris/model.safetensors --data new.csv --proba --out predictions.csv"
)]
pub(crate) struct PredictArgs {
    /// The model file
    pub(crate) model: PathBuf,
    /// Data, with or without labels
    #[arg(long, value_name = "PATH")]
    pub(crate) data: DataSource,
    /// One column of probabilities a class in place of the class
    #[arg(long)]
    pub(crate) proba: bool,
    /// Write to a file [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) read: ReadOptions,
}

/// Show what a model file holds.
#[derive(Debug, Args)]
#[command(after_help = "Example: tiam info tiam-out/model.safetensors")]
pub(crate) struct InfoArgs {
    /// The model file
    pub(crate) model: PathBuf,
    /// As one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Replay recorded trajectories and compare every iteration.
///
/// Exit status 1 if a file deviates by more than 1e-6 or its restarts differ, 2 if one cannot be read.
#[derive(Debug, Args)]
#[command(after_help = "Example: tiam verify tests/fixtures/golden/*.json")]
pub(crate) struct VerifyArgs {
    /// Trajectories as JSON
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// Run the experiments of the paper and write their report.
///
/// Every run is kept in the folder as soon as it is done: interrupted, the same command goes on where it stopped.
#[derive(Debug, Args)]
#[command(after_help = "Example: tiam reproduce --out results\n         \
                  tiam reproduce accuracy rate --full --data data --out results")]
pub(crate) struct ReproduceArgs {
    /// The experiments: convergence, rate, accuracy, ablation, sensitivity, cost [default: all]
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<Experiment>,
    /// The full size, which takes an hour or so; without it, a quick one of a few minutes
    #[arg(long)]
    pub(crate) full: bool,
    /// Runs from different starts [default: 5 with --full, else 2]
    #[arg(long, value_name = "N")]
    pub(crate) seeds: Option<u64>,
    /// Folder with cora.npz, citeseer.npz, pubmed.npz, coauthor-cs.npz and mnist, as far as they are at hand [default: the embedded digits and generated data only]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// results.json of peers/run.py, to be shown in the report [default: peers/results/results.json, where it is there]
    #[arg(long, value_name = "FILE")]
    pub(crate) peers: Option<PathBuf>,
    /// Folder for report.html, results.json and a CSV file an experiment
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Worker threads [default: all cores]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// No progress
    #[arg(long)]
    pub(crate) quiet: bool,
}

/// The command with every default in its help.
pub(crate) fn command() -> clap::Command {
    Cli::command().mut_subcommand("train", |train| {
        settings::default_texts()
            .into_iter()
            .fold(train, |train, (id, default)| {
                train.mut_arg(id, |arg| {
                    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                    arg.help(format!("{help} [default: {default}]"))
                })
            })
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::command().debug_assert();
    }
}
