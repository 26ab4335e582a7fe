//! A training run of an experiment: its settings and its results.

use serde_json::{Value, json};
use tiam_core::{StopReason, Stopping, Trace};
use tiam_linalg::{Compute, Real};
use tiam_models::{Activation, Architecture, Network, NetworkMeasures, TrainError, Trained};

use super::library::{DataName, DataSet};
use super::record::{Curve, Record};
use super::session::{Finding, Session, Task};
use crate::error::BenchError;
use crate::methods::{RunParams, Setup};

/// Rows of a curve that are kept: the first ones all, later ones thinned evenly.
const CURVE_POINTS: usize = 200;

/// A training run of an experiment.
#[derive(Clone, Debug)]
pub(super) struct Training<'a> {
    pub(super) experiment: &'static str,
    /// What trains, where that is not a method by its own name.
    pub(super) entrant: Option<&'static str>,
    /// Name within the experiment, without data, method and seed.
    pub(super) case: String,
    pub(super) setup: &'a Setup,
    pub(super) data: &'a DataSet,
    /// Trains and measures on the parts of the search instead.
    pub(super) search: bool,
    pub(super) hidden: Vec<usize>,
    pub(super) activation: Activation,
    pub(super) iterations: usize,
    pub(super) seed: u64,
    pub(super) labels: Vec<(&'static str, Value)>,
    pub(super) curve: bool,
}

impl<'a> Training<'a> {
    /// A network with hidden layers of 100, 100 and ReLU on the training part; no name, no labels, no curve.
    pub(super) fn new(
        experiment: &'static str,
        setup: &'a Setup,
        data: &'a DataSet,
        iterations: usize,
        seed: u64,
    ) -> Self {
        Self {
            experiment,
            entrant: None,
            case: String::new(),
            setup,
            data,
            search: false,
            hidden: vec![100, 100],
            activation: Activation::Relu,
            iterations,
            seed,
            labels: Vec::new(),
            curve: false,
        }
    }

    /// Under this name in place of the method's.
    pub(super) fn entrant(self, name: &'static str) -> Self {
        Self {
            entrant: Some(name),
            ..self
        }
    }

    /// With this name within the experiment.
    pub(super) fn case(self, case: impl Into<String>) -> Self {
        let case = case.into();
        Self { case, ..self }
    }

    /// With a label more.
    pub(super) fn label(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.labels.push((name, value.into()));
        self
    }

    /// With these hidden layers.
    pub(super) fn hidden(self, hidden: Vec<usize>) -> Self {
        Self { hidden, ..self }
    }

    /// With this activation.
    pub(super) fn activation(self, activation: Activation) -> Self {
        Self { activation, ..self }
    }

    /// On the parts of the search.
    pub(super) fn searching(self) -> Self {
        Self {
            search: true,
            ..self
        }
    }

    /// With the course of the run where this is true.
    pub(super) fn curve(self, curve: bool) -> Self {
        Self { curve, ..self }
    }

    /// Does the run, or finds its record.
    pub(super) fn run(&self, session: &mut Session<'_>) -> Result<Record, BenchError> {
        self.run_and(session, |_, _| {})
    }

    /// As [`Training::run`], with further figures from the whole trace.
    pub(super) fn run_and(
        &self,
        session: &mut Session<'_>,
        more: impl FnOnce(&Trace<NetworkMeasures>, &mut Finding),
    ) -> Result<Record, BenchError> {
        let (threads, stopping) = (session.threads(), session.stopping(self.iterations));
        session.run(self.task(), || self.find(threads, stopping, more))
    }

    fn task(&self) -> Task {
        let data = self.data.name.name();
        let method = self.entrant.unwrap_or(self.setup.method.name());
        let mut config = self.setup.config();
        config["hidden"] = json!(self.hidden);
        config["iterations"] = json!(self.iterations);
        let (drawn, split) = match self.data.split {
            Some(split) => (format!("-split-{split}"), json!(split)),
            None => (String::new(), json!(self.data.usual_split())),
        };
        let key = format!("{data}{drawn}-{}-{method}-{}", self.case, self.seed);
        let task = Task::new(self.experiment, key, data)
            .by(method, self.seed)
            .label("split", split)
            .label("activation", json!(self.activation));
        let labels = self.labels.iter().cloned();
        labels
            .fold(task, |task, (name, value)| task.label(name, value))
            .config(config)
            .weight(self.weight())
    }

    /// Expected seconds: some ten products an iteration, at what two cores reach, and an overhead.
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    fn weight(&self) -> f64 {
        let [n, features, classes] = self.data.name.sizes();
        let n = match (self.search, self.data.name) {
            (true, DataName::Mnist) => n / 10,
            _ => n,
        };
        let sizes = [&[features], &self.hidden[..], &[classes]].concat();
        let weights: usize = sizes.windows(2).map(|pair| pair[0] * pair[1]).sum();
        let flops = 2.0 * weights as f64 * n as f64;
        self.iterations as f64 * (flops * 10.0 / 1e11 + 3e-4)
    }

    fn find(
        &self,
        threads: usize,
        stopping: Stopping,
        more: impl FnOnce(&Trace<NetworkMeasures>, &mut Finding),
    ) -> Result<Finding, BenchError> {
        let parts = self.data.parts()?;
        let (train, measured) = match self.search {
            true => (&parts.search_train, &parts.validation),
            false => (&parts.train, &parts.test),
        };
        let target = train.target();
        let architecture = Architecture::new(
            train.inputs().n_rows(),
            &self.hidden,
            target.n_outputs(),
            self.activation,
            target.loss(),
        )?;
        let run = RunParams::new(self.seed, threads, stopping);
        let trained = self.setup.train(architecture, train, run, &mut |_| {});
        let (network, trace, reason) = ended(trained)?;
        let reason = reason.map_or_else(|failure| failure, in_words);
        let mut finding = Finding::new(reason);
        last_figures(&trace, &mut finding);
        more(&trace, &mut finding);
        let found = network.evaluate(measured, &mut Compute::new(threads)?)?;
        let name = if self.search { "validation" } else { "test" };
        finding.figures.insert(format!("{name}_loss"), found.loss);
        if let Some(accuracy) = found.accuracy {
            finding.figures.insert(format!("{name}_accuracy"), accuracy);
        }
        finding.curve = self.curve.then(|| curve(&trace));
        Ok(finding)
    }
}

/// How a training ended, failed or not.
type Ended<T> = (
    Network<T>,
    Trace<NetworkMeasures>,
    Result<StopReason, String>,
);

/// Network and course of a training with the reason for its end; those of a failed one, with the failure in words.
pub(super) fn ended<T: Real>(
    trained: Result<Trained<T>, TrainError<T>>,
) -> Result<Ended<T>, BenchError> {
    match trained {
        Ok(trained) => Ok((trained.network, trained.trace, Ok(trained.reason))),
        Err(TrainError::Failed {
            error,
            network,
            trace,
            ..
        }) => Ok((*network, *trace, Err(format!("failed: {error}")))),
        Err(refused) => Err(refused.into()),
    }
}

/// As trace files write it.
fn in_words(reason: StopReason) -> String {
    match serde_json::to_value(&reason) {
        Ok(Value::String(name)) => name,
        _ => reason.to_string(),
    }
}

/// Figures of the last row.
#[allow(clippy::cast_precision_loss, reason = "counts of iterations")]
fn last_figures(trace: &Trace<NetworkMeasures>, finding: &mut Finding) {
    let Some(last) = trace.last() else { return };
    finding.put([
        ("iterations", last.iteration as f64),
        ("seconds", last.seconds),
        ("objective", last.objective),
        ("violation", last.violation),
        ("restarts", last.restarts as f64),
        ("train_loss", last.measures.train_loss),
    ]);
    if let Some(accuracy) = last.measures.train_accuracy {
        finding.put([("train_accuracy", accuracy)]);
    }
    if let Some(start) = trace.first() {
        finding.put([("start_objective", start.objective)]);
    }
    if last.iteration > 0 {
        let seconds = last.seconds / last.iteration as f64;
        finding.put([("seconds_per_iteration", seconds)]);
    }
}

fn curve(trace: &Trace<NetworkMeasures>) -> Curve {
    let every = trace.rows.len().div_ceil(CURVE_POINTS).max(1);
    let last = trace.rows.len().saturating_sub(1);
    let mut curve = Curve::default();
    for (i, row) in trace.rows.iter().enumerate() {
        if i % every != 0 && i != last {
            continue;
        }
        curve.iteration.push(row.iteration);
        curve.seconds.push(row.seconds);
        curve.objective.push(row.objective);
        curve.train_loss.push(row.measures.train_loss);
        curve.violation.push(row.violation);
    }
    curve
}
