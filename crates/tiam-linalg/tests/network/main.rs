//! A network's forward pass and its gradient.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod backward;
#[path = "../common/mod.rs"]
mod common;
mod forward;
