//! The tests of the crate's public behaviour, in one executable.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod codes;
mod evaluation;
mod explain;
#[cfg(feature = "export")]
mod export;
mod front_door;
mod presets;
mod readme;
mod search;
mod stream;
mod trial;
