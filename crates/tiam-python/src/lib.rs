//! The native module `tiam._native` of the Python package: the front door's tables, training and models for Python.
//!
//! It holds no logic. The estimators and all conversions from data frames are in `python/tiam`; names and types for Python are in
//! `python/tiam/_native.pyi`.

mod arrays;
mod error;
mod fit;
mod model;
mod options;
mod table;
mod watch;

use std::ffi::OsString;
use std::path::PathBuf;

use pyo3::prelude::*;

use crate::error::{json, raised};

/// Runs the command `tiam`; the first argument is the name of the program.
#[pyfunction]
fn main(py: Python<'_>, args: Vec<OsString>) -> u8 {
    py.detach(|| tiam_cli::main_of(args))
}

/// Replays a recorded trajectory: its deviations as JSON.
#[pyfunction]
fn verify(py: Python<'_>, path: PathBuf) -> PyResult<String> {
    let text = std::fs::read(&path)?;
    let recorded: tiam::models::Trajectory = serde_json::from_slice(&text).map_err(json)?;
    let deviation = py.detach(|| recorded.replay(1)).map_err(|error| {
        raised(tiam::Error::Training {
            reason: error.to_string(),
        })
    })?;
    serde_json::to_string(&deviation).map_err(json)
}

/// The native module.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<table::PyTable>()?;
    module.add_class::<model::PyModel>()?;
    module.add_function(wrap_pyfunction!(fit::fit, module)?)?;
    module.add_function(wrap_pyfunction!(main, module)?)?;
    module.add_function(wrap_pyfunction!(verify, module)?)?;
    Ok(())
}
