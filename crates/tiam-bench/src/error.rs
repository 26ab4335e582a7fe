//! What can go wrong in an experiment.

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
