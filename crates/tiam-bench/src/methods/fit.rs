//! The driver of the methods that have neither inertia nor guard.

use tiam_core::{DriverConfig, DriverParams, Guard, Inertia, Order, Stopping};
use tiam_models::ModelError;

/// The driver of a method that has neither inertia nor guard.
pub(super) fn plain_driver(order: Order, stopping: Stopping) -> Result<DriverConfig, ModelError> {
    let params = DriverParams::default()
        .inertia(Inertia::NONE)
        .guard(Guard::Off)
        .order(order)
        .divergence_factor(f64::INFINITY)
        .stopping(stopping);
    Ok(params.check()?)
}
