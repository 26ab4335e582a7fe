//! Work in progress.
mod error;
pub mod shapes;
pub mod timed;

pub use error::BenchError;
