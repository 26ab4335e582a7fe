//! Cost experiment: seconds, flops and memory of an iteration against the sizes of the problem.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use serde_json::json;
use tiam_core::{Driver, Run};
use tiam_data::blobs;
use tiam_models::{Activation, Architecture, Init, Network, NetworkProblem, Samples, TiamParams};

use super::super::machine::{Ballast, memory, peak_memory, reset_peak_memory};
use super::super::session::{Finding, Session, Task};
use super::{Size, solvers};
use crate::error::BenchError;

mod section;

pub(super) use section::{claims, section};

const NAME: &str = "cost";

/// The sizes that the sweeps cover.
#[derive(Clone, Debug)]
struct Extent {
    samples: Vec<usize>,
    features: Vec<usize>,
    widths: Vec<usize>,
    depths: Vec<usize>,
    /// Time of the measured iterations of a point.
    budget: Duration,
}

const N_SAMPLES: usize = 2000;
const N_FEATURES: usize = 100;
const N_CLASSES: usize = 10;
const WIDTH: usize = 100;
const LAYERS: usize = 2;
/// Distance of the classes against their spread; an iteration's time does not depend on it.
const SPREAD: f64 = 5.0;

/// From `first` to `last` in steps of the square root of two.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "sizes of a sweep"
)]
fn steps(first: usize, last: usize) -> Vec<usize> {
    let size = |k: i32| (first as f64 * 2_f64.powf(0.5 * f64::from(k))).round() as usize;
    (0..).map(size).take_while(|n| *n <= last).collect()
}

pub(super) fn run(session: &mut Session<'_>, size: Size) -> Result<(), BenchError> {
    let extent = if size.full {
        Extent {
            samples: steps(1000, 64_000),
            features: steps(16, 4096),
            widths: steps(25, 1600),
            depths: vec![1, 2, 3, 4, 6, 8, 11, 16, 23, 32],
            budget: Duration::from_secs(1),
        }
    } else {
        Extent {
            samples: steps(1000, 16_000),
            features: steps(64, 1024),
            widths: steps(25, 400),
            depths: vec![1, 2, 3, 4, 5, 6, 8, 11, 16],
            budget: Duration::from_millis(100),
        }
    };
    sweeps(session, &extent)?;
    solvers::run(session, size)
}

fn sweeps(session: &mut Session<'_>, extent: &Extent) -> Result<(), BenchError> {
    let base = Point {
        part: "",
        value: 0,
        samples: N_SAMPLES,
        features: N_FEATURES,
        hidden: vec![WIDTH; LAYERS],
    };
    let mut points = Vec::new();
    let mut sweep = |part, values: &[usize], change: fn(usize, Point) -> Point| {
        for &value in values {
            let point = Point {
                part,
                value,
                ..base.clone()
            };
            points.push(change(value, point));
        }
    };
    sweep("samples", &extent.samples, |samples, base| Point {
        samples,
        ..base
    });
    sweep("features", &extent.features, |features, base| Point {
        features,
        ..base
    });
    sweep("width", &extent.widths, |width, base| Point {
        hidden: vec![width; LAYERS],
        ..base
    });
    sweep("depth", &extent.depths, |depth, base| Point {
        hidden: vec![WIDTH; depth],
        ..base
    });
    for point in &points {
        point.run(session, extent.budget)?;
    }
    Ok(())
}

/// One point of a sweep.
#[derive(Clone, Debug)]
struct Point {
    part: &'static str,
    value: usize,
    samples: usize,
    features: usize,
    hidden: Vec<usize>,
}

impl Point {
    /// Figures: those of [`IterationTime`], `flops_per_iteration` (see [`flops`]), `flops_per_second`, and `peak_memory`: bytes beyond
    /// those the process held with the data in memory, what earlier runs left to the allocator being out of reach; left out where
    /// the system does not tell it.
    fn run(&self, session: &mut Session<'_>, budget: Duration) -> Result<(), BenchError> {
        let flops = flops(&self.sizes(), self.samples);
        let config = json!({
            "samples": self.samples, "sizes": self.sizes(), "budget": budget.as_secs_f64(),
        });
        let key = format!("{}-{}", self.part, self.value);
        let task = Task::new(NAME, key, "blobs")
            .label("part", self.part)
            .label("value", self.value)
            .config(config)
            .weight(budget.as_secs_f64().max(flops * 10.0 / 1e11) + 0.05);
        let threads = session.threads();
        let stopping = session.stopping(MOST_ITERATIONS);
        session
            .run(task, || {
                let samples = generated(self.samples, self.features, N_CLASSES)?;
                let params = TiamParams::default().threads(threads).stopping(stopping);
                let _ballast = Ballast::take();
                let reset = reset_peak_memory();
                let before = memory();
                let mut run = start(&samples, &self.hidden, params)?;
                let time = IterationTime::measure(&mut run, budget)?;
                let peak = peak_memory().zip(before).filter(|_| reset);
                let mut finding = time.finding();
                finding.put([
                    ("flops_per_iteration", flops),
                    ("flops_per_second", flops / time.median),
                ]);
                if let Some((peak, before)) = peak {
                    #[allow(clippy::cast_precision_loss, reason = "bytes")]
                    let bytes = peak.saturating_sub(before) as f64;
                    finding.put([("peak_memory", bytes)]);
                }
                Ok(finding)
            })
            .map(drop)
    }

    fn sizes(&self) -> Vec<usize> {
        [&[self.features], &self.hidden[..], &[N_CLASSES]].concat()
    }
}

/// Clouds of points, as samples.
pub(super) fn generated(
    n: usize,
    features: usize,
    classes: usize,
) -> Result<Samples<f32>, BenchError> {
    Ok(tiam::samples(blobs(n, features, classes, SPREAD, 0)?)?)
}

/// Flops of the products of one iteration with inertia and backtracking, 2 n_l n_{l−1} N each, for layers of these sizes:
///
/// | where | products | which |
/// |---|---|---|
/// | W_1 | 2 | gradient, direction times inputs |
/// | W_l, l > 1 | 3 | and W_previous a: the inputs have changed |
/// | a_{l−1}, l > 1 | 5 | W â, Wᵀ residual, two trials of τ (half the last, which is too small where τ is steady, then the last), W a_new |
/// | measures, l > 1 | 1 | the network's own forward pass; W_1 X is known |
///
/// An estimate: further trials, the guard's redo, and the products that are made anew against drift add to it; what is done
/// entry by entry is left out.
#[allow(clippy::cast_precision_loss, reason = "layer sizes")]
pub(super) fn flops(sizes: &[usize], n_samples: usize) -> f64 {
    let products = |layer: usize| if layer == 0 { 2.0 } else { 9.0 };
    let pairs = sizes.windows(2).enumerate();
    let weighted = pairs.map(|(l, pair)| products(l) * (pair[0] * pair[1]) as f64);
    2.0 * n_samples as f64 * weighted.sum::<f64>()
}

/// A run of TIAM from He's start with seed 0.
pub(super) fn start<'d>(
    samples: &'d Samples<f32>,
    hidden: &[usize],
    params: TiamParams,
) -> Result<Run<'d, NetworkProblem<'d, f32>>, BenchError> {
    let (n_inputs, target) = (samples.inputs().n_rows(), samples.target());
    let n_outputs = target.n_outputs();
    let shape = Architecture::new(n_inputs, hidden, n_outputs, Activation::Relu, target.loss())?;
    let config = params.check()?;
    let driver = Driver::new(config.driver().clone());
    let network = Network::new(shape, Init::He, 0)?;
    let problem = NetworkProblem::new(network, samples, config)?;
    Ok(driver.start(problem).map_err(|failure| failure.error)?)
}

const WARM_UP: usize = 3;
/// Measured iterations of a point, whatever the budget.
const FEWEST_ITERATIONS: usize = 3;
const MOST_ITERATIONS: usize = 500;

/// Seconds of single iterations, the objective and the network's own loss included.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct IterationTime {
    pub(super) median: f64,
    /// First and third quartile.
    pub(super) quartiles: [f64; 2],
    pub(super) measured: usize,
}

impl IterationTime {
    /// Warms up, then times each iteration until the budget is spent.
    pub(super) fn measure(
        run: &mut Run<'_, NetworkProblem<'_, f32>>,
        budget: Duration,
    ) -> Result<Self, BenchError> {
        for _ in 0..WARM_UP {
            if run.step()?.is_break() {
                break;
            }
        }
        let mut seconds = Vec::new();
        let mut spent = Duration::ZERO;
        while spent < budget || seconds.len() < FEWEST_ITERATIONS {
            let begun = Instant::now();
            let flow = run.step()?;
            let took = begun.elapsed();
            spent += took;
            seconds.push(took.as_secs_f64());
            if let ControlFlow::Break(_) = flow {
                break;
            }
        }
        Ok(Self::of(seconds))
    }

    fn of(mut seconds: Vec<f64>) -> Self {
        seconds.sort_by(f64::total_cmp);
        let n = seconds.len();
        let at = |quarters: usize| {
            seconds
                .get((n * quarters / 4).min(n.saturating_sub(1)))
                .copied()
                .unwrap_or(f64::NAN)
        };
        Self {
            median: at(2),
            quartiles: [at(1), at(3)],
            measured: n,
        }
    }

    /// `seconds_per_iteration` (the median), `seconds_low` and `seconds_high` (quartiles), `measured_iterations`.
    #[allow(clippy::cast_precision_loss, reason = "a number of iterations")]
    pub(super) fn finding(&self) -> Finding {
        let [low, high] = self.quartiles;
        let mut finding = Finding::new("done");
        finding.put([
            ("seconds_per_iteration", self.median),
            ("seconds_low", low),
            ("seconds_high", high),
            ("measured_iterations", self.measured as f64),
        ]);
        finding
    }
}

#[cfg(test)]
#[path = "../../../tests/unit/reproduce_experiments_cost.rs"]
mod tests;
