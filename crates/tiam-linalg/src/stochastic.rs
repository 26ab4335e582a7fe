//! Stochastic TIAM: the parameters of all layers, their inertia, their curvature, and the step of one batch.

mod curvature;
mod pass;
mod step;
mod units;

pub use curvature::{CurvatureForm, CurvatureRule};
pub use pass::StochasticBatch;
pub use step::{StochasticBlocks, StochasticStep};
