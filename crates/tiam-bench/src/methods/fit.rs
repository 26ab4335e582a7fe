//! One training run of any method.

use tiam_core::{
    BlockProblem, CoreError, Driver, DriverConfig, Observer, StopReason, Stopping, TraceRow,
};
use tiam_linalg::Real;
use tiam_models::{ModelError, NetworkMeasures, TrainError, Trained};

use super::TrainingProblem;

/// Called with every row of the trace, that of the start included.
pub type OnRow<'a> = dyn FnMut(&TraceRow<NetworkMeasures>) + 'a;

struct Rows<'a, 'b>(&'b mut OnRow<'a>);

impl<P: BlockProblem<Measures = NetworkMeasures>> Observer<P> for Rows<'_, '_> {
    fn on_start(&mut self, row: &TraceRow<NetworkMeasures>, _: &P) {
        (self.0)(row);
    }

    fn on_iteration(&mut self, row: &TraceRow<NetworkMeasures>, _: &P) {
        (self.0)(row);
    }

    fn on_finish(&mut self, _: Result<StopReason, &CoreError>, _: &P) {}
}

/// Runs a problem to its end.
///
/// # Errors
/// [`TrainError::Failed`], with the last finite network, when it cannot go on.
pub fn fit<T: Real, P: TrainingProblem<T>>(
    problem: P,
    driver: DriverConfig,
    on_row: &mut OnRow<'_>,
) -> Result<Trained<T>, TrainError<T>> {
    let mut rows = Rows(on_row);
    match Driver::new(driver).observe(&mut rows).run(problem) {
        Ok(outcome) => Ok(Trained {
            network: outcome.problem.network()?,
            reason: outcome.reason,
            trace: outcome.trace,
            restarts: outcome.restarts,
            seconds: outcome.seconds,
        }),
        Err(failure) => Err(TrainError::Failed {
            network: Box::new(failure.problem.network()?),
            trace: Box::new(failure.trace),
            error: failure.error,
        }),
    }
}

/// The driver of a method that has neither inertia nor guard.
pub(super) fn plain_driver(
    order: tiam_core::Order,
    stopping: Stopping,
) -> Result<DriverConfig, ModelError> {
    let params = tiam_core::DriverParams::default()
        .inertia(tiam_core::Inertia::NONE)
        .guard(tiam_core::Guard::Off)
        .order(order)
        .divergence_factor(f64::INFINITY)
        .stopping(stopping);
    Ok(params.check()?)
}
