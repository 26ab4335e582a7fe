//! TIAM and the methods it is compared with, each as a [`TrainingProblem`](tiam_models::TrainingProblem) over the same network, data and kernels.
//!
//! A method is a problem that the driver of `tiam-core` iterates: trace, stopping rules, observers and failures are the same for
//! all of them. What one iteration is differs: a sweep over the blocks for the alternating methods, one epoch for the
//! gradient methods.

mod bcd;
mod dladmm;
mod entry;
mod gradient;
mod method;
mod splitting;

pub use bcd::{BcdConfig, BcdParams, BcdProblem};
pub use dladmm::{DladmmConfig, DladmmParams, DladmmProblem, Search};
pub use gradient::{GradientConfig, GradientParams, GradientProblem, GradientRule, StepSizes};
pub(crate) use method::any_form;
pub use method::{MDLAM_BAND, MDLAM_RHO, MDLAM_RIDGE, MethodParams, Setup};
pub use tiam::{Biases, Method, OnRow, RunParams, Start};
