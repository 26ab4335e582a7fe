//! TIAM and the methods it is compared with, each as a [`BlockProblem`] over the same network, data and kernels.
//!
//! A method is a problem that the driver of `tiam-core` iterates: trace, stopping rules, observers and failures are the same for
//! all of them. What one iteration is differs: a sweep over the blocks for the alternating methods, one epoch for the
//! gradient methods.

mod bcd;
mod dladmm;
mod entry;
mod fit;
mod gradient;
mod method;
mod splitting;
mod start;

pub use bcd::{BcdConfig, BcdParams, BcdProblem};
pub use dladmm::{DladmmConfig, DladmmParams, DladmmProblem, Search};
pub use fit::{OnRow, fit};
pub use gradient::{GradientConfig, GradientParams, GradientProblem, GradientRule};
pub use method::{MDLAM_BAND, Method, MethodParams, RunParams, Setup};
pub use start::{Biases, Start};

use tiam_core::BlockProblem;
use tiam_linalg::Real;
use tiam_models::{ModelError, Network, NetworkMeasures, NetworkProblem};

/// A training problem whose unknowns hold a network.
pub trait TrainingProblem<T>: BlockProblem<Measures = NetworkMeasures> {
    /// The network with the current weights and biases.
    ///
    /// # Errors
    /// [`ModelError`] when the parameters do not make a network; they do for every problem of this crate.
    fn network(&self) -> Result<Network<T>, ModelError>;
}

impl<T: Real> TrainingProblem<T> for NetworkProblem<'_, T> {
    fn network(&self) -> Result<Network<T>, ModelError> {
        Self::network(self)
    }
}
