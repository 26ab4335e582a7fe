//! Errors of the front door as Python's exceptions.

use pyo3::exceptions::{
    PyFileNotFoundError, PyMemoryError, PyOSError, PyRuntimeError, PyValueError,
};
use pyo3::prelude::*;
use tiam::Error;
use tiam::data::DataError;
use tiam::models::ModelError;

/// The exception for an error.
pub(crate) fn raised(error: Error) -> PyErr {
    let words = error.to_string();
    match error {
        Error::Data(DataError::Io { source, .. }) | Error::Model(ModelError::Io { source, .. }) => {
            match source.kind() {
                std::io::ErrorKind::NotFound => PyFileNotFoundError::new_err(words),
                _ => PyOSError::new_err(words),
            }
        }
        Error::Data(DataError::OutOfMemory { .. }) => PyMemoryError::new_err(words),
        Error::Failed { .. } | Error::Training { .. } => PyRuntimeError::new_err(words),
        _ => PyValueError::new_err(words),
    }
}

/// The exception for data that were refused.
pub(crate) fn refused(error: DataError) -> PyErr {
    raised(error.into())
}

/// The exception for a text that is not what Python's side writes.
pub(crate) fn json(error: serde_json::Error) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// What a panic said.
pub(crate) fn panicked(payload: &(dyn std::any::Any + Send)) -> PyErr {
    let words = payload
        .downcast_ref::<&str>()
        .map(|words| (*words).to_owned());
    let words = words.or_else(|| payload.downcast_ref::<String>().cloned());
    let words = words.unwrap_or_else(|| "for an unknown reason".to_owned());
    PyRuntimeError::new_err(format!(
        "tiam broke down, which is a fault of its own: {words}"
    ))
}
