//! From a data file to predictions: read a table, train a multilayer perceptron, evaluate it, save it, predict with it.
//!
//! ```standalone_crate
//! # let folder = tempfile::tempdir()?;
//! # std::env::set_current_dir(&folder)?;
//! # std::fs::write("iris.csv", include_str!("../data/iris.csv"))?;
//! let table = tiam::Table::read("iris.csv")?.label("species");
//! let parts = table.split(0.2, 0)?; // stratified, seeded
//! let model = tiam::Mlp::default().hidden([100, 100]).fit(&parts.train)?; // encoding, scaling, names inside
//! println!("{:?}", model.evaluate(&parts.test)?.accuracy);
//! model.save("iris.safetensors")?;
//! let flower = tiam::Predictor::load("iris.safetensors")?.predict_row(&["5.1", "3.5", "1.4", "0.2"])?;
//! # assert_eq!(flower.class(), Some("setosa"));
//! # assert!(flower.probabilities()[0] > 0.9);
//! # assert!(model.evaluate(&parts.test)?.accuracy.is_some_and(|share| share >= 0.9));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A [`Table`] says where data are and how they are read. [`Mlp`] holds the parameters of a network and of its training; [`Mlp::fit`] gives a
//! [`Predictor`], which owns everything it takes to predict: columns, scalings, network, class names. [`Predictor::evaluate`] and
//! [`cross_validate`] give an [`Evaluation`].
//!
//! Training is by batches ([`StochasticParams`], ours: errors are propagated back, and every layer solves a least-squares problem of its
//! own), or by the full batch ([`TiamParams`]: the paper's method TIAM, arXiv:2503.08489v2, without back-propagation). [`Trainer`] is the seat of a
//! method of one's own.
//!
//! [`Mlp::prepare`], [`Mlp::network`] and [`Mlp::train`] are the parts of [`Mlp::fit`], for programs that save runs on the way, compare methods on
//! the same samples or look at every iterate.

mod cross_validation;
mod encoding;
mod error;
mod evaluation;
mod explain;
#[cfg(feature = "export")]
mod export;
mod fitting;
mod giveaway;
pub mod machine;
mod method;
mod mix;
mod mlp;
mod prediction;
mod predictor;
mod preset;
mod provenance;
#[cfg(feature = "report")]
mod report;
mod scalar;
mod search;
mod start;
mod stream;
mod table;
mod trainer;
mod trial;

pub use cross_validation::{CrossValidation, cross_validate};
pub use encoding::{Encoding, samples};
pub use error::{Error, Result};
pub use evaluation::{ClassFigures, Evaluation, TargetFigures};
pub use explain::{Grid, Importance, PartialDependence};
#[cfg(feature = "export")]
pub use export::{Export, ExportFormat};
pub use fitting::{End, Fit, Fitted, Holdout, Prepared};
pub use method::Method;
pub use mlp::Mlp;
pub use prediction::{Prediction, Predictions};
pub use predictor::Predictor;
pub use preset::Preset;
pub use provenance::{BlockSolver, Provenance, Training};
#[cfg(feature = "report")]
pub use report::ModelReport;
pub use scalar::{Precision, Scalar};
pub use search::{Candidate, Effort, Inputs, OnTraining, Scores, Search, SearchRecord, Tried};
pub use start::{Biases, Start};
pub use stream::Streaming;
pub use table::{DataKind, Parts, Table};
pub use trainer::{Job, OnRow, Rule, RunParams, Trainer};
pub use trial::{Costs, Difference, Interval, Measure, Run, Runs, Trial, TrialResult};

#[doc(no_inline)]
pub use tiam_core::{Inertia, Schedule, StopReason, Stopping};
#[doc(no_inline)]
pub use tiam_data::{
    AsCell, Cell, ColumnEncoding, ColumnKind, ColumnSpec, Dataset, Features, Format, GraphParams,
    Header, LoadParams, MissingCells, Reading, ScalingKind, TableParams, Targets, Task,
};
#[doc(no_inline)]
pub use tiam_linalg::Solver;
#[doc(no_inline)]
pub use tiam_models::{
    Activation, Band, ClassWeights, CurvatureChoice, Init, Loss, Sent, StepSchedule,
    StochasticParams, TiamParams,
};
/// The crates below, for what is not named here.
#[doc(no_inline)]
pub use {tiam_core as core, tiam_data as data, tiam_linalg as linalg, tiam_models as models};
