//! What the two splitting methods share.

use tiam_core::BlockChange;
use tiam_linalg::{Compute, Real};
use tiam_models::{ModelError, Network, NetworkMeasures, Samples};

/// `value` must be finite and pass `test`; written so that NaN is refused.
pub(crate) fn checked(
    parameter: &'static str,
    value: f64,
    test: impl Fn(f64) -> bool,
    allowed: &'static str,
) -> Result<(), ModelError> {
    if value.is_finite() && test(value) {
        return Ok(());
    }
    Err(ModelError::Parameter {
        parameter,
        value: value.to_string(),
        allowed,
    })
}

/// Threads must be at least 1.
pub(crate) fn checked_threads(threads: usize) -> Result<(), ModelError> {
    if threads > 0 {
        return Ok(());
    }
    Err(ModelError::Parameter {
        parameter: "threads",
        value: "0".into(),
        allowed: "at least 1",
    })
}

/// The numbers of the network's own forward pass; NaN where it cannot be evaluated, which the driver ends a run for.
pub(crate) fn measures<T: Real>(
    network: &Network<T>,
    samples: &Samples<T>,
    compute: &mut Compute<T>,
) -> NetworkMeasures {
    let (train_loss, train_accuracy) = match network.evaluate(samples, compute) {
        Ok(evaluation) => (evaluation.loss, evaluation.accuracy),
        Err(_) => (f64::NAN, None),
    };
    NetworkMeasures {
        train_loss,
        train_accuracy,
        epsilon: 0.0,
    }
}

/// The change of a block whose candidate could not be computed.
pub(crate) fn refused(before: f64) -> BlockChange {
    BlockChange {
        before,
        increase: f64::NAN,
    }
}

/// W_l's entries and b_l, to write.
pub(crate) fn parameters<T: Real>(
    network: &mut Network<T>,
    l: usize,
) -> Option<(&mut [T], &mut [T])> {
    network.parameters_mut().nth(l)
}

/// The larger of two; NaN if either is (`f64::max` drops it).
pub(crate) fn max_or_nan(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}
