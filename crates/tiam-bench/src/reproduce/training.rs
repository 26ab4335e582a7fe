//! A training run of an experiment: its settings and its results.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tiam_core::{StopReason, Stopping, Trace};
use tiam_linalg::Compute;
use tiam_models::{Activation, Architecture, NetworkMeasures, Samples, TrainError};

use super::library::DataSet;
use super::record::{Curve, Record};
use super::session::{Finding, Session, Task};
use crate::error::BenchError;
use crate::methods::{RunParams, Setup};

/// Rows of a curve that are kept: the first ones all, later ones thinned evenly.
const CURVE_POINTS: usize = 512;

/// A training run of an experiment.
#[derive(Clone, Debug)]
pub(super) struct Training<'a> {
    pub(super) experiment: &'static str,
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

impl Training<'_> {
    /// With a name within the experiment and with labels.
    pub(super) fn labelled(self, case: String, labels: Vec<(&'static str, Value)>) -> Self {
        Self {
            case,
            labels,
            ..self
        }
    }

    /// On the parts of the search.
    pub(super) fn searching(self) -> Self {
        Self {
            search: true,
            ..self
        }
    }

    /// Does the run, or finds its record.
    pub(super) fn run(&self, session: &mut Session<'_>) -> Result<Record, BenchError> {
        self.run_and(session, |_, _| {})
    }

    /// As [`Training::run`], with further figures from the whole trace.
    pub(super) fn run_and(
        &self,
        session: &mut Session<'_>,
        more: impl FnOnce(&Trace<NetworkMeasures>, &mut BTreeMap<String, f64>),
    ) -> Result<Record, BenchError> {
        let (threads, interrupt) = (session.threads(), session.interrupt());
        let stopping = Stopping::default()
            .max_iterations(self.iterations)
            .interrupt(interrupt);
        session.run(self.task(), || self.find(threads, stopping, more))
    }

    fn task(&self) -> Task {
        let (data, method) = (self.data.name.name(), self.setup.method.name());
        let mut labels: BTreeMap<String, Value> = BTreeMap::new();
        labels.insert("activation".into(), json!(self.activation));
        for (name, value) in &self.labels {
            labels.insert((*name).to_owned(), value.clone());
        }
        let mut config = self.setup.config();
        config["hidden"] = json!(self.hidden);
        config["iterations"] = json!(self.iterations);
        Task {
            experiment: self.experiment,
            key: format!("{data}-{}-{method}-{}", self.case, self.seed),
            data: data.to_owned(),
            method: method.to_owned(),
            labels,
            config,
            seed: self.seed,
            weight: self.weight(),
        }
    }

    fn parts(&self) -> (&Samples<f32>, &Samples<f32>) {
        if self.search {
            (&self.data.search_train, &self.data.validation)
        } else {
            (&self.data.train, &self.data.test)
        }
    }

    /// Expected seconds: some ten products an iteration, at what two cores reach, and an overhead.
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    fn weight(&self) -> f64 {
        let (train, _) = self.parts();
        let sizes = [
            &[train.inputs().n_rows()],
            &self.hidden[..],
            &[train.target().n_outputs()],
        ];
        let sizes = sizes.concat();
        let weights: usize = sizes.windows(2).map(|pair| pair[0] * pair[1]).sum();
        let flops = 2.0 * weights as f64 * train.n_samples() as f64;
        self.iterations as f64 * (flops * 10.0 / 1e11 + 3e-4)
    }

    fn find(
        &self,
        threads: usize,
        stopping: Stopping,
        more: impl FnOnce(&Trace<NetworkMeasures>, &mut BTreeMap<String, f64>),
    ) -> Result<Finding, BenchError> {
        let (train, measured) = self.parts();
        let target = train.target();
        let architecture = Architecture::new(
            train.inputs().n_rows(),
            &self.hidden,
            target.n_outputs(),
            self.activation,
            target.loss(),
        )?;
        let run = RunParams::new(self.seed, threads, stopping);
        let (network, trace, reason) = match self.setup.train(architecture, train, run, &mut |_| {})
        {
            Ok(trained) => (trained.network, trained.trace, in_words(trained.reason)),
            Err(TrainError::Failed {
                error,
                network,
                trace,
                ..
            }) => (*network, *trace, format!("failed: {error}")),
            Err(refused) => return Err(refused.into()),
        };
        let mut finding = Finding {
            reason,
            ..Finding::default()
        };
        last_figures(&trace, &mut finding.figures);
        more(&trace, &mut finding.figures);
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

/// As trace files write it.
fn in_words(reason: StopReason) -> String {
    match serde_json::to_value(&reason) {
        Ok(Value::String(name)) => name,
        _ => reason.to_string(),
    }
}

/// Figures of the last row.
#[allow(clippy::cast_precision_loss, reason = "counts of iterations")]
fn last_figures(trace: &Trace<NetworkMeasures>, figures: &mut BTreeMap<String, f64>) {
    let Some(last) = trace.last() else { return };
    let mut put = |name: &str, value: f64| figures.insert(name.to_owned(), value);
    put("iterations", last.iteration as f64);
    put("seconds", last.seconds);
    put("objective", last.objective);
    put("violation", last.violation);
    put("restarts", last.restarts as f64);
    put("train_loss", last.measures.train_loss);
    if let Some(accuracy) = last.measures.train_accuracy {
        put("train_accuracy", accuracy);
    }
    if let Some(start) = trace.first() {
        put("start_objective", start.objective);
    }
    if last.iteration > 0 {
        put(
            "seconds_per_iteration",
            last.seconds / last.iteration as f64,
        );
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
