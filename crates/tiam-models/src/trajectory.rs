//! Recorded trajectories: a problem, its parameters, and the expected numbers of every iteration.

use serde::{Deserialize, Serialize};
use tiam_core::{Guard, Inertia, Schedule, Stopping};
use tiam_linalg::{Activation, Matrix, Solver};

use crate::data::{Samples, Target};
use crate::error::{ModelError, Result};
use crate::loss::Loss;
use crate::network::{Architecture, Layer, Network};
use crate::params::{Band, TiamParams};
use crate::trainer::{TrainError, train};

/// Values smaller than this are compared absolutely, at this scale: a violation of 0 has no relative deviation.
const SMALLEST_SCALE: f64 = 1e-9;

/// A run of full-batch TIAM in double precision, as a JSON file records it. Matrices are lists of rows.
///
/// Reading one with `serde_json` takes at most 40 times the text's size and 64 KiB beside the text, whatever it says; the worst are rows of one
/// number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trajectory {
    /// n_0.
    pub features: usize,
    /// Units of the hidden layers.
    pub hidden: Vec<usize>,
    /// n_L.
    pub classes: usize,
    /// N.
    pub samples: usize,
    /// h.
    pub activation: Activation,
    /// ρ.
    pub rho: f64,
    /// μ.
    pub mu: f64,
    /// ε_k.
    pub epsilon: Band,
    /// p1, p2, p3.
    pub p: [f64; 3],
    /// `constant`, `nesterov` or `fista`.
    pub schedule: String,
    /// Whether a step that raises its block's objective is done again without inertia.
    pub guard: bool,
    /// How many iterations are recorded.
    pub iterations: usize,
    /// Inputs, N x n_0: a row a sample.
    pub x: Vec<Vec<f64>>,
    /// Classes, N.
    pub labels: Vec<u32>,
    /// W_l at the start, n_l x n_{l−1} each.
    pub weights: Vec<Vec<Vec<f64>>>,
    /// b_l at the start.
    pub biases: Vec<Vec<f64>>,
    /// What the run must give.
    pub expected: Expected,
}

/// Numbers after each iteration, the start included, and the final parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// F.
    pub objective: Vec<f64>,
    /// max_l ‖a_l − h(z_l)‖_∞.
    pub violation: Vec<f64>,
    /// Restarts so far.
    pub restarts: Vec<usize>,
    /// W_l at the end.
    pub weights: Vec<Vec<Vec<f64>>>,
    /// b_l at the end.
    pub biases: Vec<Vec<f64>>,
}

/// The deviation of a replay from its record.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Deviation {
    /// Largest relative deviation of F over all iterations.
    pub objective: f64,
    /// Largest relative deviation of the violation over all iterations.
    pub violation: f64,
    /// Largest deviation of a final weight or bias, relative to the largest entry of its matrix.
    pub weights: f64,
    /// The first iteration whose restart count differs.
    pub first_restart_difference: Option<usize>,
}

impl Deviation {
    /// True when every deviation is at most `tolerance` and all restart counts agree.
    pub fn within(&self, tolerance: f64) -> bool {
        // `<=` on each, so that NaN fails.
        self.objective <= tolerance
            && self.violation <= tolerance
            && self.weights <= tolerance
            && self.first_restart_difference.is_none()
    }
}

impl Trajectory {
    /// Runs the recorded problem and compares every iteration.
    ///
    /// # Errors
    /// [`TrainError::Refused`] when the record contradicts itself, [`TrainError::Failed`] when the run does.
    pub fn replay(&self, threads: usize) -> Result<Deviation, TrainError<f64>> {
        self.replay_by(Solver::Backtracking, threads)
    }

    /// [`Trajectory::replay`] with another form of the steps; all forms of the gradient step have the same trajectory.
    ///
    /// # Errors
    /// Those of [`Trajectory::replay`].
    pub fn replay_by(&self, solver: Solver, threads: usize) -> Result<Deviation, TrainError<f64>> {
        let samples = self.training_samples()?;
        let network = self.network(&self.weights, &self.biases)?;
        let [p1, p2, p3] = self.p;
        let inertia = Inertia::new(p1, p2, p3).map_err(ModelError::from)?;
        let schedule: Schedule = self.schedule.parse().map_err(ModelError::from)?;
        let config = TiamParams::default()
            .rho(self.rho)
            .ridge(self.mu)
            .band(self.epsilon)
            .inertia(inertia)
            .schedule(schedule)
            .guard(if self.guard { Guard::On } else { Guard::Off })
            .stopping(Stopping::default().max_iterations(self.iterations))
            .threads(threads)
            .solver(solver)
            .check()?;
        let trained = train(network, &samples, &config, &mut [])?;
        let rows = &trained.trace.rows;
        let restarts = rows.iter().zip(&self.expected.restarts);
        Ok(Deviation {
            objective: worst(rows.iter().map(|r| r.objective), &self.expected.objective),
            violation: worst(rows.iter().map(|r| r.violation), &self.expected.violation),
            weights: self.weight_deviation(&trained.network)?,
            first_restart_difference: restarts
                .enumerate()
                .find_map(|(k, (row, expected))| (row.restarts != *expected).then_some(k)),
        })
    }

    fn training_samples(&self) -> Result<Samples<f64>> {
        ModelError::check_size("rows of x", self.samples, self.x.len())?;
        for row in &self.x {
            ModelError::check_size("columns of x", self.features, row.len())?;
        }
        let recorded = self.iterations.saturating_add(1);
        for (what, found) in [
            ("recorded objectives", self.expected.objective.len()),
            ("recorded violations", self.expected.violation.len()),
            ("recorded restarts", self.expected.restarts.len()),
        ] {
            ModelError::check_size(what, recorded, found)?;
        }
        let inputs = Matrix::from_fn(self.features, self.samples, |i, j| self.x[j][i]);
        let target = Target::Classes {
            labels: self.labels.clone(),
            n_classes: self.classes,
        };
        Samples::new(inputs, target)
    }

    /// A network of this shape from lists of rows.
    fn network(&self, weights: &[Vec<Vec<f64>>], biases: &[Vec<f64>]) -> Result<Network<f64>> {
        ModelError::check_size("lists of biases", weights.len(), biases.len())?;
        let layer = |(rows, bias): (&Vec<Vec<f64>>, &Vec<f64>)| {
            let n_cols = rows.first().map_or(0, Vec::len);
            for row in rows {
                ModelError::check_size("columns of a row of weights", n_cols, row.len())?;
            }
            let weights = Matrix::from_fn(rows.len(), n_cols, |i, j| rows[i][j]);
            let bias = bias.clone();
            Ok(Layer { weights, bias })
        };
        let layers: Result<_> = weights.iter().zip(biases).map(layer).collect();
        let (h, loss) = (self.activation, Loss::CrossEntropy);
        let shape = Architecture::new(self.features, &self.hidden, self.classes, h, loss)?;
        Network::from_layers(shape, layers?)
    }

    fn weight_deviation(&self, network: &Network<f64>) -> Result<f64> {
        let expected = self.network(&self.expected.weights, &self.expected.biases)?;
        let pairs = network.layers().iter().zip(expected.layers());
        Ok(pairs.fold(0.0, |worst, (found, expected)| {
            let (weights, known) = (found.weights.as_slice(), expected.weights.as_slice());
            let of_bias = distance(&found.bias, &expected.bias);
            larger(worst, larger(distance(weights, known), of_bias))
        }))
    }
}

/// The larger of two, NaN if either is.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

/// Largest |found − expected| / |expected| over a series.
fn worst(found: impl Iterator<Item = f64>, expected: &[f64]) -> f64 {
    let relative = |(f, e): (f64, &f64)| (f - e).abs() / e.abs().max(SMALLEST_SCALE);
    found.zip(expected).map(relative).fold(0.0, larger)
}

/// Largest |found − expected| relative to the largest |expected|.
fn distance(found: &[f64], expected: &[f64]) -> f64 {
    let scale = expected.iter().fold(SMALLEST_SCALE, |m, e| m.max(e.abs()));
    found
        .iter()
        .zip(expected)
        .map(|(f, e)| (f - e).abs() / scale)
        .fold(0.0, larger)
}
