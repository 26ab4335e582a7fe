//! The tests of the crate's public behaviour, in one executable.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../tiam-linalg/tests/all/common/channels.rs"]
mod channels;
mod checkpoints;
mod common;
mod ensembles;
mod local_steps;
mod losses;
mod memory;
mod output_start;
mod properties;
mod staleness;
mod starting_weights;
mod stochastic;
mod weights;
