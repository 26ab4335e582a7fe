#![doc = include_str!("../README.md")]

mod activation;
mod activation_curvature;
mod activations;
mod backward;
mod bias;
mod choice;
mod cholesky;
mod compute;
mod curvature;
pub mod elementary;
mod engine;
mod entries;
mod error;
mod forward;
mod gather;
mod kernels;
mod logistic;
mod loss;
mod matrix;
pub mod monotone;
mod preactivations;
mod product;
pub mod prox;
mod real;
pub mod reduce;
mod simd;
mod sparse;
mod spd;
mod state;
mod step;
mod stochastic;
mod weights;

pub use activation::Activation;
pub use activations::{ActivationBand, ActivationBlock, NextLayer, band_violation};
pub use backward::{Gradients, LayerGradient, loss_gradient};
pub use bias::BiasBlock;
pub use choice::{BlockShape, Choice, activations_choice, choose_weights, weights_choice};
pub use compute::{Compute, Numbers, Reduction};
pub use entries::{map_entries, sum_entries};
pub use error::LinalgError;
pub use forward::{
    AffineLayer, AffineLayers, ForwardFrom, activate, biased, forward, forward_loss, forward_one,
};
pub use gather::{gather_columns, gather_labels};
pub use logistic::{Logistic, sigmoid};
pub use loss::{AnyLoss, CrossEntropy, Loss, LossTarget, SquaredLoss, TargetKind, Targets};
pub use matrix::Matrix;
pub use monotone::Monotone;
pub use preactivations::{LastObjective, PreactivationBlock, Prediction, penalty};
pub use product::{outer_product, product, product_transposed};
pub use prox::LossSum;
pub use real::Real;
pub use sparse::{Inputs, SparseMatrix};
pub use spd::SpdFactor;
pub use state::StateVisitor;
pub use step::{Accuracy, Form, Inertia, Solve, Solver, Step, StepReport};
pub use stochastic::{
    CurvatureForm, CurvatureRule, ProcessAverage, StochasticBatch, StochasticBlocks,
    StochasticStep, from_bf16, to_bf16,
};
pub use weights::{WeightBlock, WeightProblem};
