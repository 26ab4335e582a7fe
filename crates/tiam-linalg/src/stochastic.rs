//! Stochastic TIAM: the parameters of all layers, their inertia, their curvature, and the step of one batch.

mod arithmetic;
mod averaging;
mod curvature;
mod factors;
mod first;
mod pass;
mod sharing;
mod step;
mod units;

pub(crate) use factors::Factors;

pub use averaging::{ProcessAverage, from_bf16, to_bf16};
pub use curvature::{CurvatureForm, CurvatureRule};
pub use pass::StochasticBatch;
pub use step::{StochasticBlocks, StochasticStep};
