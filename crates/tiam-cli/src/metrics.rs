//! Measures a network on samples: loss, accuracy, R² and errors in the targets' own units.

use serde::Serialize;
use tiam_linalg::{Compute, Matrix};
use tiam_models::{AffineScaling, Network, Samples, Target};

use crate::error::CliError;
use crate::samples::Scalar;

/// Figures of a network on some samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Metrics {
    pub(crate) n_samples: usize,
    /// Mean loss a sample: cross-entropy in nats, or ½‖z − y‖² in the targets' own units.
    pub(crate) loss: f64,
    /// Share of samples classified correctly; none for values.
    pub(crate) accuracy: Option<f64>,
    /// 1 − (squared error)/(squared distance from the mean); none for classes and for constant targets.
    pub(crate) r2: Option<f64>,
    /// Root mean square error in the targets' own units; none for classes.
    pub(crate) rmse: Option<f64>,
}

/// Measures a network on samples scaled as it wants them.
pub(crate) fn measure<T: Scalar>(
    network: &Network<T>,
    samples: &Samples<T>,
    output_scaling: Option<&AffineScaling>,
    compute: &mut Compute<T>,
) -> Result<Metrics, CliError> {
    let n_samples = samples.n_samples();
    let Target::Values(targets) = samples.target() else {
        let found = network.evaluate(samples, compute)?;
        let (loss, accuracy) = (found.loss, found.accuracy);
        return Ok(Metrics {
            n_samples,
            loss,
            accuracy,
            r2: None,
            rmse: None,
        });
    };
    let mut predicted = network.forward(samples.inputs(), compute)?;
    let mut targets = targets.clone();
    if let Some(scaling) = output_scaling {
        scaling.invert(&mut predicted)?;
        scaling.invert(&mut targets)?;
    }
    Ok(compare(&predicted, &targets))
}

#[allow(clippy::cast_precision_loss, reason = "numbers of samples")]
fn compare<T: Scalar>(predicted: &Matrix<T>, targets: &Matrix<T>) -> Metrics {
    let (n_samples, n_outputs) = (targets.n_cols(), targets.n_rows());
    let n = n_samples as f64;
    let double = |x: &T| tiam_linalg::Real::to_f64(*x);
    let (mut error, mut spread) = (0.0, 0.0);
    for output in 0..n_outputs {
        let found = || {
            predicted
                .as_slice()
                .iter()
                .skip(output)
                .step_by(n_outputs)
                .map(double)
        };
        let wanted = || {
            targets
                .as_slice()
                .iter()
                .skip(output)
                .step_by(n_outputs)
                .map(double)
        };
        let mean = wanted().sum::<f64>() / n;
        error += found()
            .zip(wanted())
            .map(|(z, y)| (z - y) * (z - y))
            .sum::<f64>();
        spread += wanted().map(|y| (y - mean) * (y - mean)).sum::<f64>();
    }
    Metrics {
        n_samples,
        loss: error / 2.0 / n,
        accuracy: None,
        r2: (spread > 0.0).then(|| 1.0 - error / spread),
        rmse: Some((error / (n * n_outputs as f64)).sqrt()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_as_the_formulas_say() {
        let targets = Matrix::from_vec(1, 4, vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        let predicted = Matrix::from_vec(1, 4, vec![1.0, 2.0, 3.0, 6.0]).unwrap();
        let metrics = compare(&predicted, &targets);
        // Squared error 4, spread 2 (1.5² + 0.5²) = 5.
        assert!((metrics.loss - 0.5).abs() < 1e-15);
        assert!((metrics.rmse.unwrap() - 1.0).abs() < 1e-15);
        assert!((metrics.r2.unwrap() - 0.2).abs() < 1e-15);
        let constant = Matrix::from_vec(1, 2, vec![3.0, 3.0]).unwrap();
        assert_eq!(compare(&constant, &constant).r2, None);
    }
}
