#![doc = include_str!("../README.md")]

mod error;
pub mod shapes;
pub mod timed;

pub use error::BenchError;
