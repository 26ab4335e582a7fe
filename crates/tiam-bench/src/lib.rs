#![doc = include_str!("../README.md")]

mod error;
pub mod methods;
pub mod reproduce;
pub mod shapes;
pub mod timed;

pub use error::BenchError;
