//! Block steps: every number they report against twins that read like the equations, and at the sizes where passes are cut.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;

mod activations;
mod bands;
mod bias;
mod exact;
mod forms;
mod overflow;
mod preactivations;
mod shared_out;
mod state;
mod tape;
mod weights;
