//! Stochastic TIAM's blocks: all layers' parameters, their inertia, their curvature, and one step of a batch.

mod curvature;
mod pass;
mod step;
mod units;

pub use curvature::{CurvatureForm, CurvatureRule};
pub use pass::StochasticBatch;
pub use step::{StochasticBlocks, StochasticStep};
