//! Prepared samples, the part held out, and the result of a training.

use tiam_core::{CoreError, StopReason, Trace, TraceRow};
use tiam_data::{GraphParams, Reading, ScalingKind};
use tiam_models::{Network, NetworkMeasures, SampleStream, Samples, SolverChoice};

use crate::encoding::Encoding;
use crate::error::Result;
use crate::mlp::Mlp;
use crate::predictor::Predictor;
use crate::provenance::Training;
use crate::scalar::Scalar;
use crate::search::Search;
use crate::table::{DataKind, Table};

/// What learns from a table: a network or a search, or a way of one's own to [`cross_validate`](crate::cross_validate) or
/// [compare](crate::Trial).
pub trait Fit {
    /// Learns, and keeps what it takes to predict.
    ///
    /// # Errors
    /// As [`Mlp::fit`].
    fn fit(&self, train: &Table) -> Result<Predictor>;
}

impl<F: Fit + ?Sized> Fit for Box<F> {
    fn fit(&self, train: &Table) -> Result<Predictor> {
        (**self).fit(train)
    }
}

impl Fit for Mlp {
    fn fit(&self, train: &Table) -> Result<Predictor> {
        Mlp::fit(self, train)
    }
}

impl Fit for Search {
    fn fit(&self, train: &Table) -> Result<Predictor> {
        Search::fit(self, train)
    }
}

/// The samples of one training, encoded and scaled, and what was found out about the data.
#[derive(Debug)]
pub struct Prepared<T> {
    /// The samples to learn from.
    pub train: Samples<T>,
    /// Weights of the samples, where the data have them.
    pub weights: Option<Vec<f64>>,
    /// The validation part, for early stopping.
    pub validation: Option<Samples<T>>,
    /// The test part, for the final figures.
    pub test: Option<Samples<T>>,
    /// From columns to inputs, from outputs to answers.
    pub encoding: Encoding,
    /// The kind of the data.
    pub kind: DataKind,
    /// The scaling of the inputs.
    pub scaling: ScalingKind,
    /// The part held out for testing, where it was drawn.
    pub test_fraction: Option<f64>,
    /// What was met while a table was read.
    pub reading: Option<Reading>,
    /// The same of the test data, where they are a table of their own.
    pub test_reading: Option<Reading>,
    /// The data's name, without their folder.
    pub(crate) name: String,
    /// The samples to learn from, where they are not in memory: `train` are then some of them.
    pub(crate) stream: Option<Box<dyn SampleStream<T>>>,
    pub(crate) graph: GraphParams,
    /// The network to go on from.
    pub(crate) from: Option<Network<T>>,
}

impl<T: Scalar> Prepared<T> {
    /// Number of samples to learn from; where they are streamed, `train` holds but some of them.
    pub fn n_train(&self) -> usize {
        let in_memory = || self.train.n_samples();
        (self.stream.as_ref()).map_or_else(in_memory, |stream| stream.n_samples())
    }
}

/// The part of the data that is held out for the final figures. A split that the data bring themselves wins over a fraction.
#[derive(Clone, Debug, Default)]
pub enum Holdout {
    /// Nothing.
    #[default]
    Nothing,
    /// A part to be drawn, by class where there are classes.
    Fraction(f64),
    /// Data of their own.
    Test(Box<Table>),
}

/// Why a training ended.
#[derive(Clone, Debug)]
pub enum End {
    /// By a stopping rule.
    Stopped(StopReason),
    /// It could not go on.
    Failed(CoreError),
}

/// The result of a training, whatever its end.
#[derive(Debug)]
pub struct Fitted<T> {
    /// The network of the last good iterate.
    pub network: Network<T>,
    /// One row an iteration, row 0 the start.
    pub trace: Trace<NetworkMeasures>,
    /// The solver of each W and a step.
    pub solvers: Vec<SolverChoice>,
    /// Why it ended.
    pub end: End,
    /// Name of the method.
    pub method: String,
}

impl<T> Fitted<T> {
    /// The row of the network: the last one, but that of an iteration that went beyond the bound on the objective.
    pub fn last_row(&self) -> Option<&TraceRow<NetworkMeasures>> {
        let diverged_at = match &self.end {
            End::Failed(CoreError::Diverged { iteration, .. }) => Some(*iteration),
            _ => None,
        };
        let mut latest = self.trace.rows.iter().rev();
        latest.find(|row| Some(row.iteration) != diverged_at)
    }

    /// The iterations after which a clock or a user stopped it.
    pub fn cut_short_after(&self) -> Option<usize> {
        let by_time = matches!(
            self.end,
            End::Stopped(StopReason::Interrupted | StopReason::TimeLimit | StopReason::Caller)
        );
        let last = self.trace.last().filter(|_| by_time);
        last.map(|row| row.iteration)
    }

    /// The record of the training for the model file; the caller adds the figures on the data.
    pub fn training(&self) -> Training {
        let last = self.last_row();
        Training {
            method: self.method.clone(),
            stop_reason: self.stop_reason(),
            iterations: last.map_or(0, |row| row.iteration),
            objective: last.map(|row| row.objective),
            violation: last.map(|row| row.violation),
            restarts: last.map_or(0, |row| row.restarts),
            train_loss: None,
            train_accuracy: None,
            test_loss: None,
            test_accuracy: None,
        }
    }

    /// The stop reason as files write it; `failed` for a training that could not go on.
    pub fn stop_reason(&self) -> String {
        match &self.end {
            End::Failed(_) => "failed".to_owned(),
            End::Stopped(reason) => match serde_json::to_value(reason) {
                Ok(serde_json::Value::String(name)) => name,
                _ => reason.to_string(),
            },
        }
    }
}
