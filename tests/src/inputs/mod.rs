//! What must hold of every file, whatever its bytes: an error or a sound value, without panic.
//!
//! Each function takes bytes, loads what they make and asserts. The fuzz targets feed them with new bytes, the test
//! `corpus` with those that `fuzz/corpus` keeps. A further input takes a function here, a row in [`ALL`] and a target.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "an assertion fails by panicking"
)]

mod checkpoints;
mod data;
mod models;
mod texts;

use std::fs;
use std::path::Path;

use tempfile::TempDir;

pub use checkpoints::checkpoint;
pub use data::{formats, graph, idx, optional, table};
pub use models::{model, trace, trajectory};
pub use texts::{config, peers};

/// Asserts what must hold of some bytes.
pub type Check = fn(&[u8]);

/// Every input by the name of its target and its folder in `fuzz/corpus`.
pub const ALL: [(&str, Check); 11] = [
    ("checkpoint", checkpoint),
    ("config", config),
    ("formats", formats),
    ("graph", graph),
    ("idx", idx),
    ("model", model),
    ("optional", optional),
    ("peers", peers),
    ("table", table),
    ("trace", trace),
    ("trajectory", trajectory),
];

/// A folder for the files of one input, in memory where the system has such a place.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    made.unwrap()
}

/// Writes a file into the folder.
fn write(folder: &TempDir, name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}
