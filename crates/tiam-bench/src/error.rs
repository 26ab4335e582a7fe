//! What can go wrong in an experiment.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Errors of this crate.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BenchError {
    /// The data could not be read.
    #[error(transparent)]
    Data(#[from] tiam_data::DataError),
    /// The network or its data were refused.
    #[error(transparent)]
    Model(#[from] tiam_models::ModelError),
    /// The data have nothing to predict.
    #[error("the data have no targets to train on")]
    NoTargets,
    /// A result could not be written.
    #[error("{} could not be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Training failed.
    #[error("training failed: {0}")]
    Training(String),
}

impl<T: tiam_linalg::Real> From<tiam_models::TrainError<T>> for BenchError {
    fn from(error: tiam_models::TrainError<T>) -> Self {
        match error {
            tiam_models::TrainError::Refused(refused) => Self::Model(refused),
            failed => Self::Training(failed.to_string()),
        }
    }
}
