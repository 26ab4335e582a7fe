//! The crate's error type.

use std::path::{Path, PathBuf};

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
    /// The driver refused its parameters.
    #[error(transparent)]
    Core(#[from] tiam_core::CoreError),
    /// The linear algebra refused its parameters.
    #[error(transparent)]
    Linalg(#[from] tiam_linalg::LinalgError),
    /// Classes where values are needed.
    #[error("the data hold no values to approximate")]
    NoValues,
    /// Data or a model were refused on the way between them.
    #[error(transparent)]
    Tiam(#[from] tiam::Error),
    /// Training failed.
    #[error("training failed: {0}")]
    Training(String),
    /// The user stopped the run.
    #[error("interrupted; the runs that are done are kept")]
    Interrupted,
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file does not hold results of `peers/run.py`.
    #[error("{}: not the results of peers/run.py: {reason}; `python3 peers/run.py --data DIR` makes them", path.display())]
    Peers {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A record could not be written as JSON.
    #[error("a record cannot be written: {0}")]
    Json(#[from] serde_json::Error),
}

impl BenchError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}

impl<T: tiam_linalg::Real> From<tiam_models::TrainError<T>> for BenchError {
    fn from(error: tiam_models::TrainError<T>) -> Self {
        match error {
            tiam_models::TrainError::Refused(refused) => Self::Model(refused),
            failed => Self::Training(failed.to_string()),
        }
    }
}
