//! The command line: its subcommands, and the flags of those that do not train.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, CommandFactory, Parser, Subcommand};
use tiam::ExportFormat;
#[cfg(feature = "reproduce")]
use tiam_bench::reproduce::Experiment;
use tiam_data::{Format, Header, TextEncoding};

#[cfg(feature = "reproduce")]
use crate::flags::whole;
use crate::flags::{self, chosen, threads};
use crate::values::{DataSource, Delimiter};
use crate::{compare, cv};

/// The start of the help.
const ABOUT: &str = "\
Learn from a table to predict one of its columns, measure how well, and predict new rows.

  tiam train    --data iris.csv --label species --out iris   learns; writes a model and a report
  tiam evaluate iris/model.safetensors --data more.csv       measures it on other rows
  tiam predict  iris/model.safetensors --data new.csv        predicts rows without label
  tiam export   iris/model.safetensors --format onnx         writes it for other programs

`tiam train --effort best` searches ten times as long for the best model. `tiam cv` says how good a model is to be expected, \
and `tiam compare` which method is worth its time on your data.

Images (MNIST files) and graphs are learnt too. A model is a multilayer perceptron: a small neural network. \
By batches, the default for tables and images, errors are propagated back through each batch, and every layer \
then solves a least-squares problem of its own. The paper's method takes all samples at once, without \
back-propagation: `tiam train --method tiam`, the default for graphs.";

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "tiam",
    version,
    about = "Learn from a table to predict one of its columns, and use what was learnt",
    long_about = ABOUT,
    after_help = "Without a subcommand, `tiam` does what `tiam train` does: it trains on the embedded digits.\n\
                  Results go to standard output, progress and errors to standard error.\n\
                  Exit status: 0 done, 1 failed while running, 2 wrong usage or input."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The subcommands but `train`, whose flags stand in a table of their own.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(display_order = 1)]
    Evaluate(EvaluateArgs),
    Predict(PredictArgs),
    Export(ExportArgs),
    Info(InfoArgs),
    Verify(VerifyArgs),
    #[cfg(feature = "reproduce")]
    Reproduce(ReproduceArgs),
}

/// How to read data for a model that is there already.
#[derive(Debug, Args)]
pub(crate) struct ReadOptions {
    /// Force the format of the data; without it, it is found by content
    #[arg(long, value_parser = chosen::<Format>())]
    pub(crate) format: Option<Format>,
    /// Whether the first row of a table names its columns [default: auto]
    #[arg(long, value_parser = chosen::<Header>())]
    pub(crate) header: Option<Header>,
    /// What separates the cells of a table: a character, `tab` or `blanks` [default: found]
    #[arg(long, value_name = "CHARACTER", allow_hyphen_values = true)]
    pub(crate) delimiter: Option<Delimiter>,
    /// Encoding of a text, such as utf-8, utf-16, latin1 or shift_jis [default: found]
    #[arg(long, value_name = "NAME")]
    pub(crate) encoding: Option<TextEncoding>,
    /// Lines of a table that begin so are skipped
    #[arg(long, value_name = "CHARACTER", allow_hyphen_values = true)]
    pub(crate) comment: Option<Delimiter>,
    /// Lines skipped at the top of a table
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) skip_rows: usize,
    /// Refuse cells that the model does not know: other categories, texts where numbers were, missing cells where none was. Without it, they
    /// count as missing, and are counted on standard error
    #[arg(long)]
    pub(crate) strict: bool,
    /// Worker threads [default: all cores]
    #[arg(long, value_name = "N", value_parser = threads)]
    pub(crate) threads: Option<usize>,
}

/// Measure a model on data with known labels: which share it gets right, or how large its errors are.
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
    #[arg(long, value_name = "NAME|POSITION", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) label: Option<String>,
    #[command(flatten)]
    pub(crate) read: ReadOptions,
    /// The result as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Predict rows with a model; writes CSV, a line for each row.
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
    /// A column of the data that names its rows, written beside their predictions
    #[arg(long, value_name = "COLUMN", allow_hyphen_values = true)]
    pub(crate) id: Option<String>,
    /// The probability of each class too, a column each
    #[arg(long)]
    pub(crate) proba: bool,
    /// Write to a file [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) read: ReadOptions,
}

/// Write a model as a file that other programs predict with: ONNX, C, Rust or JSON.
///
/// The file gives the answers of `tiam predict`, and needs no tiam. It holds the encoding of the columns too. Dates, and numbers written with a
/// currency or a unit, are given to it as numbers. docs/EXPORT.md says what each file holds, and how to run it.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: tiam export iris/model.safetensors --format onnx\n         \
                  tiam export iris/model.safetensors --format c --out iris.h --int8 --data test.csv"
)]
pub(crate) struct ExportArgs {
    /// The model file
    pub(crate) model: PathBuf,
    /// The form in which the model leaves
    #[arg(long, value_parser = chosen::<ExportFormat>())]
    pub(crate) format: ExportFormat,
    /// Write to this file; what comes before the dot names the functions of a C header [default: the model's, with the ending of the format]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Of onnx: one matrix of numbers as input, categories by their numbers, and standard operators only, as browsers and tract need
    #[arg(long)]
    pub(crate) numeric: bool,
    /// Weights as integers of eight bits: a quarter of the size, nearly the same answers; see --data
    #[arg(long)]
    pub(crate) int8: bool,
    /// Data with labels: measures what --int8 costs
    #[arg(long, value_name = "PATH", requires = "int8")]
    pub(crate) data: Option<DataSource>,
}

/// Show what a model predicts, from which columns, and how it was made.
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
#[cfg(feature = "reproduce")]
#[derive(Debug, Args)]
#[command(after_help = "Example: tiam reproduce --out results\n         \
                  tiam reproduce accuracy rate --full --data data --out results")]
pub(crate) struct ReproduceArgs {
    /// The experiments: convergence, rate, accuracy, ablation, sensitivity, cost [default: all]
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<Experiment>,
    /// The full size, which takes some hours; without it, a quick one of a few minutes
    #[arg(long)]
    pub(crate) full: bool,
    /// Runs from different starts; at most twice as many drawn splits with --full [default: 10 with --full, else 2]
    #[arg(long, value_name = "N", value_parser = whole::<u64>)]
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
    #[arg(long, value_name = "N", value_parser = threads)]
    pub(crate) threads: Option<usize>,
    /// Keep the runs in the folder that another build of this program made; without it they are done again
    #[arg(long)]
    pub(crate) any_build: bool,
    /// No progress
    #[arg(long)]
    pub(crate) quiet: bool,
}

/// The whole command line.
pub(crate) fn command() -> clap::Command {
    let own = [
        (flags::train(), 0),
        (cv::command(), 2),
        (compare::command(), 3),
    ];
    Cli::command().subcommands(own.map(|(command, at)| command.display_order(at)))
}
