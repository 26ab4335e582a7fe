//! The errors of the crate.

use thiserror::Error;
use tiam_core::CoreError;
use tiam_data::DataError;
use tiam_linalg::LinalgError;
use tiam_models::ModelError;

use crate::Predictor;

/// Shorthand for this crate's results.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong between a file and a prediction.
///
/// ```
/// let error = tiam::Table::read("no/such/file.csv").unwrap_err();
/// assert!(error.to_string().contains("no/such/file.csv"));
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The data could not be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A parameter, the data or a model file was refused.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A parameter of the driver was refused.
    #[error(transparent)]
    Core(#[from] CoreError),
    /// Sizes that do not fit, or threads that do not start.
    #[error(transparent)]
    Linalg(#[from] LinalgError),
    /// There is nothing to learn from.
    #[error("{data} holds no samples")]
    NoSamples {
        /// The data's name.
        data: String,
    },
    /// Data that were to be learnt from or measured on have no labels.
    #[error("{data} holds no labels; name the label column")]
    NoLabels {
        /// The data's name.
        data: String,
    },
    /// A column that was asked for is no input of the model.
    #[error("the model has no input column {column}; it has {known}")]
    NoColumn {
        /// The column.
        column: String,
        /// The input columns.
        known: String,
    },
    /// Every sample is of the same class.
    #[error("all samples of {data} are of one class; is the label column ({label}) the right one?")]
    OneClass {
        /// The data's name.
        data: String,
        /// The label column as it was asked for.
        label: String,
    },
    /// Something that only tables have was asked of other data.
    #[error("{data} is no table; {asked} needs one")]
    NotATable {
        /// The data's name.
        data: String,
        /// The setting that only tables have.
        asked: &'static str,
    },
    /// Other features than the model was trained on.
    #[error(
        "the model takes {expected} features, {data} has {found}; use data with the columns of the training data"
    )]
    Features {
        /// The data's name.
        data: String,
        /// The model's number of features.
        expected: usize,
        /// The number of features found.
        found: usize,
    },
    /// Features of other names, or in another order, than those the model was trained on.
    #[error("the features of {data} are not those of the model, in its order: {expected}")]
    OtherFeatures {
        /// The data's name.
        data: String,
        /// The model's features.
        expected: String,
    },
    /// A class that the model was not trained on.
    #[error("{data} has the class {class:?}, which the model does not know; it knows {known}")]
    UnknownClass {
        /// The data's name.
        data: String,
        /// The class.
        class: String,
        /// The classes of the model.
        known: String,
    },
    /// Classes where the model predicts values, or the other way round.
    #[error(
        "the model predicts {takes}, the labels of {data} are {found}; choose another label column"
    )]
    OtherTask {
        /// The data's name.
        data: String,
        /// The kind of the model's predictions.
        takes: &'static str,
        /// The kind of the labels.
        found: &'static str,
    },
    /// A model and data, or two models, of different precision.
    #[error("{what} is of {precision}; use the precision {precision}")]
    Precision {
        /// The model or data of the other precision.
        what: String,
        /// Its precision.
        precision: &'static str,
    },
    /// Something that takes a single network was asked of several.
    #[error(
        "the model mixes {networks} networks, and one is needed here; train one by effort `single`"
    )]
    Several {
        /// Number of networks.
        networks: usize,
    },
    /// Probabilities were asked of a model that predicts values.
    #[error("probabilities need a model for classes, this one predicts values")]
    NoProbabilities,
    /// A model cannot be exported so.
    #[cfg(feature = "export")]
    #[error("a model cannot be exported as {what}: {reason}")]
    Export {
        /// The setting or number that is refused.
        what: String,
        /// Why, and what to do.
        reason: String,
    },
    /// A model's record of its training cannot be read.
    #[error("the model's record of its training is damaged: {reason}")]
    Provenance {
        /// The parser's message.
        reason: String,
    },
    /// A table whose rows are streamed was to be in memory.
    #[error("the rows of {data} are streamed, and this needs them in memory")]
    Streamed {
        /// The data's name.
        data: String,
    },
    /// Training ended in a way that this crate does not know.
    #[error("training failed: {reason}")]
    Training {
        /// The trainer's message.
        reason: String,
    },
    /// A step or the objective stopped being finite.
    #[error("training failed: {error}")]
    Failed {
        /// The error, with its block and iteration.
        error: CoreError,
        /// The last good model.
        last: Box<Predictor>,
    },
}
