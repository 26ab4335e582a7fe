//! All tests of the crate, in one program.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails panics"
)]

mod common;
mod encoding;
mod generate;
mod graph;
mod idx;
mod memory;
mod mutations;
mod numbers;
mod odd_tables;
mod real_data;
mod rows;
mod split_and_scaling;
mod table;
mod threads;
mod wide;
