//! Shared parts of training runs: the row callback, and the driver without inertia and guard.

use tiam_core::{
    BlockProblem, DriverConfig, DriverParams, Guard, Inertia, Observer, Order, Stopping, TraceRow,
};
use tiam_models::{ModelError, NetworkMeasures};

/// Called with every row of the trace, that of the start included.
pub type OnRow<'a> = dyn FnMut(&TraceRow<NetworkMeasures>) + 'a;

/// [`OnRow`] as an observer of any problem.
pub(super) struct Rows<'a, 'b>(pub(super) &'b mut OnRow<'a>);

impl<P: BlockProblem<Measures = NetworkMeasures>> Observer<P> for Rows<'_, '_> {
    fn on_start(&mut self, row: &TraceRow<NetworkMeasures>, _: &P) {
        (self.0)(row);
    }

    fn on_iteration(&mut self, row: &TraceRow<NetworkMeasures>, _: &P) {
        (self.0)(row);
    }
}

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
