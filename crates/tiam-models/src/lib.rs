#![doc = include_str!("../README.md")]

mod blocks;
mod checkpoint;
mod data;
mod declare;
mod ensemble;
mod error;
mod init;
mod inputs;
mod loss;
mod measures;
mod model;
mod network;
mod params;
mod processes;
mod solvers;
mod stochastic;
mod store;
mod tensors;
mod trainer;
mod trajectory;

pub use blocks::NetworkProblem;
pub use checkpoint::{Cadence, Checkpoint, Checkpointer, Found, RunIdentity, Session, run_in};
pub use data::{Samples, Target};
pub use ensemble::{Ensemble, EnsembleScratch, Member, ValueScaling};
pub use error::{ModelError, Result};
pub use init::Init;
pub use inputs::InputEncoding;
pub use loss::{CustomLoss, Loss};
pub use measures::NetworkMeasures;
pub use model::{AffineScaling, Model, ModelMetadata};
pub use network::{Architecture, Evaluation, Layer, Network};
pub use params::{Band, NamedOrder, OutputStart, TiamConfig, TiamParams};
pub use solvers::SolverChoice;
pub use stochastic::{
    ClassWeights, CurvatureChoice, SampleStream, Sent, StepSchedule, StochasticConfig,
    StochasticData, StochasticParams, StochasticProblem, StochasticTrainer, train_stochastic,
};
pub use store::AnyModel;
pub use tensors::write_whole;
pub use tiam_linalg::Activation;
pub use trainer::{TrainError, Trained, TrainingProblem, run, stop_when, train};
pub use trajectory::{Deviation, Expected, Trajectory};
