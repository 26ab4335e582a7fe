//! Options of reading and of training, as Python's side writes them in JSON.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use pyo3::PyResult;
use pyo3::exceptions::PyValueError;
use serde::Deserialize;
use tiam::data::LabelColumn;
use tiam::models::Band;
use tiam::{
    Activation, ClassWeights, Effort, Inertia, LoadParams, Method, MissingCells, Mlp, ScalingKind,
    Search, Solver, StepSchedule, StochasticParams, Stopping, TableParams, Task, TiamParams,
};

use crate::error::json;

/// How a table is read.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ReadOptions {
    label: Option<String>,
    task: Option<String>,
    categorical: Vec<String>,
    ignore: Vec<String>,
    keep: Vec<String>,
    sample_weight: Option<String>,
    missing: Option<String>,
    threads: Option<usize>,
}

impl ReadOptions {
    /// From JSON.
    pub(crate) fn parse(text: &str) -> PyResult<Self> {
        serde_json::from_str(text).map_err(json)
    }

    /// As parameters of the front door.
    pub(crate) fn params(&self) -> PyResult<LoadParams> {
        let refused = |what, text| {
            let words = format!("{what} cannot be {text:?}");
            Err(PyValueError::new_err(words))
        };
        let reference = |name: &String| {
            let Ok(column) = name.parse();
            column
        };
        let all = |names: &[String]| names.iter().map(reference).collect();
        let label = self
            .label
            .as_deref()
            .map_or(Ok(LabelColumn::Last), str::parse);
        let Ok(label) = label;
        let table = TableParams {
            label,
            task: match self.task.as_deref() {
                None => Task::Auto,
                Some("classes") => Task::Classes,
                Some("values") => Task::Values,
                Some(other) => return refused("task", other),
            },
            categorical: all(&self.categorical),
            ignore: all(&self.ignore),
            keep: all(&self.keep),
            sample_weights: self.sample_weight.as_ref().map(reference),
            missing: missing(self.missing.as_deref())?,
            ..TableParams::default()
        };
        let params = LoadParams::default().table(table);
        Ok(match self.threads {
            Some(threads) => params.threads(threads),
            None => params,
        })
    }
}

/// What is done about missing cells.
pub(crate) fn missing(text: Option<&str>) -> PyResult<MissingCells> {
    match text {
        None | Some("fill") => Ok(MissingCells::Fill),
        Some("error") => Ok(MissingCells::Error),
        Some(other) => {
            let words = format!("missing cannot be {other:?}; it is 'fill' or 'error'");
            Err(PyValueError::new_err(words))
        }
    }
}

/// How a network is trained. What is not given is as the front door has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FitOptions {
    seed: u64,
    threads: usize,
    method: Method,
    effort: Effort,
    activation: Activation,
    hidden: Option<Vec<usize>>,
    scaling: Option<ScalingKind>,
    ridge: Option<f64>,
    step: Option<f64>,
    step_schedule: Option<StepSchedule>,
    inertia: Option<[f64; 3]>,
    batch_size: Option<usize>,
    iterations: Option<usize>,
    patience: Option<usize>,
    validation_fraction: Option<f64>,
    time_limit: Option<f64>,
    class_weights: Option<ClassWeights>,
    rho: Option<f64>,
    band: Option<Band>,
}

/// Parameters with a value that was given, or as they are.
fn with<P, V>(params: P, value: Option<V>, set: impl FnOnce(P, V) -> P) -> P {
    match value {
        Some(value) => set(params, value),
        None => params,
    }
}

impl FitOptions {
    /// From JSON.
    pub(crate) fn parse(text: &str) -> PyResult<Self> {
        serde_json::from_str(text).map_err(json)
    }

    /// True where networks are searched for.
    pub(crate) fn searches(&self) -> bool {
        self.effort != Effort::Single
    }

    fn inertia(&self) -> Option<Inertia> {
        self.inertia.map(|[start, gradient, correction]| Inertia {
            start,
            gradient,
            correction,
        })
    }

    fn stochastic(&self) -> StochasticParams {
        let mut params = StochasticParams::default();
        params = with(params, self.ridge, StochasticParams::ridge);
        params = with(params, self.step, StochasticParams::step);
        params = with(params, self.step_schedule, StochasticParams::step_schedule);
        params = with(params, self.inertia(), StochasticParams::inertia);
        params = with(params, self.batch_size, StochasticParams::batch_size);
        params = with(params, self.iterations, StochasticParams::epochs);
        params = with(params, self.patience, StochasticParams::patience);
        let weights = self.class_weights.clone();
        with(params, weights, StochasticParams::class_weights)
    }

    fn full_batch(&self) -> TiamParams {
        let preset = tiam::Preset::of(tiam::DataKind::Table);
        let params = TiamParams::default()
            .solver(Solver::AUTO)
            .rho(self.rho.unwrap_or(preset.rho))
            .band(self.band.unwrap_or(preset.band));
        let params = with(params, self.ridge, TiamParams::ridge);
        with(params, self.inertia(), TiamParams::inertia)
    }

    /// The network with its training, to be ended by the flag.
    pub(crate) fn mlp(&self, interrupt: Arc<AtomicBool>) -> PyResult<Mlp> {
        let mut stopping = Stopping::default().interrupt(interrupt);
        if let Some(seconds) = self.time_limit {
            let limit = Duration::try_from_secs_f64(seconds);
            let limit = limit.map_err(|error| PyValueError::new_err(error.to_string()))?;
            stopping = stopping.time_limit(limit);
        }
        let tiam = match self.method {
            Method::Tiam => true,
            Method::Stochastic => false,
            other => {
                let words = format!("method cannot be '{other}'; it is 'stochastic' or 'tiam'");
                return Err(PyValueError::new_err(words));
            }
        };
        if let Some(iterations) = self.iterations.filter(|_| tiam) {
            stopping = stopping.max_iterations(iterations);
        }
        let mut mlp = Mlp::default()
            .activation(self.activation)
            .scaling(self.scaling)
            .validation_fraction(self.validation_fraction)
            .stopping(stopping)
            .seed(self.seed)
            .threads(self.threads);
        mlp = with(mlp, self.hidden.clone(), Mlp::hidden);
        Ok(match tiam {
            true => mlp.method(self.full_batch()),
            false => mlp.method(self.stochastic()),
        })
    }

    /// The search with these parameters of each training.
    pub(crate) fn search(&self, mlp: Mlp) -> Search {
        let training = self.stochastic();
        Search::default()
            .mlp(mlp)
            .effort(self.effort)
            .training(training)
    }
}
