//! All tests of the crate, in one program.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails panics"
)]

mod arff;
mod arrays;
mod codes;
mod common;
mod encoding;
mod foreign;
mod generate;
mod graph;
mod idx;
mod in_memory;
mod json;
mod libsvm;
mod many;
mod memory;
mod mutations;
mod numbers;
mod odd_tables;
#[cfg(feature = "formats")]
mod optional;
mod real_data;
mod rows;
mod sources;
mod split_and_scaling;
mod store;
mod table;
mod threads;
mod wide;
