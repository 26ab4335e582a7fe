//! Rate experiment: measured linear rates, beside the theoretical ones where theory gives them.

use serde_json::json;
use tiam_core::{
    DecayLaw, DriverParams, Guard, Inertia, Limit, RateFit, StopReason, Stopping, Trace,
};
use tiam_models::{Activation, Architecture, Band, NetworkMeasures};

use super::super::library::{DataName, DataSet, Library};
use super::super::session::{Finding, Session, Task};
use super::super::training::{Training, ended};
use super::quadratic::{Quadratic, curvatures, measure, theoretical_rate};
use super::{Size, ridge};
use crate::error::BenchError;
use crate::methods::{Method, RunParams, Setup, any_form};

mod section;

pub(super) use section::{claims, section};

const NAME: &str = "rate";
const METHODS: [Method; 3] = [Method::Tiam, Method::Am, Method::Mdlam];

/// The size of the experiment.
#[derive(Clone, Debug)]
struct Extent {
    /// Condition numbers of the quadratics.
    kappas: Vec<f64>,
    ridge_iterations: usize,
    network_iterations: usize,
    networks: Vec<DataName>,
    seeds: u64,
}

pub(super) fn run(
    session: &mut Session<'_>,
    library: &mut Library,
    size: Size,
) -> Result<(), BenchError> {
    let extent = Extent {
        kappas: vec![10.0, 100.0, 1000.0],
        ridge_iterations: if size.full { 20_000 } else { 2000 },
        network_iterations: if size.full { 400 } else { 80 },
        networks: vec![DataName::Digits, DataName::Cora, DataName::Pubmed],
        seeds: size.seeds,
    };
    run_extent(session, library, &extent)
}

fn run_extent(
    session: &mut Session<'_>,
    library: &mut Library,
    extent: &Extent,
) -> Result<(), BenchError> {
    for (part, n_blocks) in [("quadratic", 1), ("coupled", 2)] {
        for &kappa in &extent.kappas {
            for (name, inertia) in inertias()? {
                for guard in [Guard::Off, Guard::On] {
                    let model = Model {
                        part,
                        n_blocks,
                        kappa,
                        inertia,
                        guard,
                    };
                    model.run(session, &name)?;
                }
            }
        }
    }
    for seed in 0..extent.seeds {
        ridge_regression(session, extent, seed)?;
    }
    for &data in &extent.networks {
        let Some(set) = library.available(data, NAME, session)? else {
            continue;
        };
        networks(session, &set, extent)?;
    }
    Ok(())
}

/// The coefficients that are compared on the quadratics, by name.
fn inertias() -> Result<Vec<(String, Inertia)>, BenchError> {
    let triple = |[p1, p2, p3]: [f64; 3]| -> Result<_, BenchError> {
        Ok((format!("triple {p1},{p2},{p3}"), Inertia::new(p1, p2, p3)?))
    };
    Ok(vec![
        ("none".to_owned(), Inertia::NONE),
        ("nesterov 0.9".to_owned(), Inertia::nesterov(0.9)?),
        ("heavy ball 0.9".to_owned(), Inertia::heavy_ball(0.9)?),
        triple([0.5, 0.5, 0.3])?,
        triple([0.7, 0.7, 0.3])?,
        triple([0.7, 0.7, 0.0])?,
        ("default".to_owned(), DriverParams::INERTIA),
    ])
}

/// A quadratic with known solution, and how it is solved.
#[derive(Clone, Debug)]
struct Model {
    part: &'static str,
    n_blocks: usize,
    kappa: f64,
    inertia: Inertia,
    guard: Guard,
}

/// Directions of a quadratic.
const DIRECTIONS: u32 = 50;
/// Twice what plain alternation needs at κ = 1000.
const MODEL_ITERATIONS: usize = 300_000;

impl Model {
    /// Figures: `measured_rate`, `rate_low`, `rate_high`, `r_squared`, `fitted_points` where the run converged; `theoretical_rate`
    /// without guard, above 1 where it diverges; `growth`, the measured factor an iteration in either case; `iterations` to a gap of
    /// 1e-60 of the first, or to divergence; `restarts`.
    fn run(&self, session: &mut Session<'_>, name: &str) -> Result<(), BenchError> {
        let guard = match self.guard {
            Guard::On => "on",
            Guard::Off => "off",
        };
        let (part, kappa) = (self.part, self.kappa);
        let key = format!("{part}-{kappa}-{}-guard-{guard}", name.replace(' ', "-"));
        let config = json!({
            "inertia": self.inertia, "guard": guard, "blocks": self.n_blocks, "directions": DIRECTIONS,
            "iterations": MODEL_ITERATIONS,
        });
        let task = Task::new(NAME, key, part)
            .label("part", part)
            .label("kappa", kappa)
            .label("inertia", name)
            .label("guard", guard)
            .config(config)
            .weight(kappa * 2e-4);
        let stopping = session.stopping(MODEL_ITERATIONS);
        session.run(task, || self.find(stopping)).map(drop)
    }

    #[allow(clippy::cast_precision_loss, reason = "counts of iterations")]
    fn find(&self, stopping: Stopping) -> Result<Finding, BenchError> {
        let d = curvatures(self.kappa, DIRECTIONS);
        let theory = theoretical_rate(&d, self.n_blocks, self.inertia);
        let problem = Quadratic::new(d, self.n_blocks);
        let found = measure(problem, self.inertia, self.guard, stopping)?;
        let mut finding = Finding::new(found.reason);
        if self.guard == Guard::Off {
            finding.put([("theoretical_rate", theory)]);
        }
        if let Some(fit) = &found.fit {
            put_linear(fit, &mut finding);
        }
        if let Some(growth) = found.growth {
            finding.put([("growth", growth)]);
        }
        finding.put([
            ("iterations", found.iterations as f64),
            ("restarts", found.restarts as f64),
        ]);
        Ok(finding)
    }
}

/// The linear law under the names of all parts.
#[allow(clippy::cast_precision_loss, reason = "a number of points")]
fn put_linear(fit: &RateFit, finding: &mut Finding) {
    let [low, high] = fit.interval;
    finding.put([
        ("measured_rate", fit.rate),
        ("rate_low", low),
        ("rate_high", high),
        ("r_squared", fit.r_squared),
        ("limit", fit.limit),
        ("fitted_points", fit.n_points as f64),
    ]);
}

/// Both laws over the second half of the rows whose gap is above `noise`. A trace that does not fall there leaves no figures.
///
/// Beside the linear law's figures: `sublinear_power`, `power_low`, `power_high`, `sublinear_r_squared`, `sublinear_limit`, and
/// `linear_is_better` (1 or 0, by likelihood).
fn put_laws(trace: &Trace<NetworkMeasures>, limit: Limit, noise: f64, finding: &mut Finding) {
    let bottom = match limit {
        Limit::Known(limit) => limit,
        Limit::Estimated => f64::NEG_INFINITY,
    };
    let objectives = trace.objectives();
    let gap_shows = |objective: &&f64| **objective - bottom > noise;
    let usable = objectives.iter().take_while(gap_shows).count();
    let from = usable / 2;
    let Ok(report) = tiam_core::fit_rates(from, &objectives[from..usable], limit) else {
        return;
    };
    put_linear(&report.linear, finding);
    let sublinear = &report.sublinear;
    let [low, high] = sublinear.interval;
    let linear_is_better = report.better().law == DecayLaw::Linear;
    finding.put([
        ("sublinear_power", sublinear.rate),
        ("power_low", low),
        ("power_high", high),
        ("sublinear_r_squared", sublinear.r_squared),
        ("sublinear_limit", sublinear.limit),
        ("linear_is_better", f64::from(u8::from(linear_is_better))),
    ]);
}

/// So strong a penalty ties z to W X, and plain alternation takes hundreds of iterations.
const RIDGE_RHO: f64 = 30.0;
const RIDGE_MU: f64 = 0.1;
/// Rounding of F, as a share of it, below which the gap says nothing.
const RIDGE_NOISE: f64 = 1e-13;

/// Ridge regression: F* is exact, the rate measured. Further figures: `exact_limit`, and `gap`, the last one over F*.
fn ridge_regression(
    session: &mut Session<'_>,
    extent: &Extent,
    seed: u64,
) -> Result<(), BenchError> {
    for method in METHODS {
        let params = any_form().rho(RIDGE_RHO).ridge(RIDGE_MU);
        let setup = Setup::relaxed(method, params);
        let mut config = setup.config();
        config["iterations"] = json!(extent.ridge_iterations);
        let key = format!("ridge-{method}-{seed}");
        let task = Task::new(NAME, key, "generated")
            .by(method.name(), seed)
            .label("part", "ridge")
            .config(config)
            .weight(0.5);
        let stopping = session.stopping(extent.ridge_iterations);
        session.run(task, || find_ridge(&setup, seed, stopping))?;
    }
    Ok(())
}

fn find_ridge(setup: &Setup, seed: u64, stopping: Stopping) -> Result<Finding, BenchError> {
    let samples = ridge::data(seed)?;
    let least = ridge::least_objective(&samples, RIDGE_RHO, RIDGE_MU)?;
    let noise = RIDGE_NOISE * least;
    let run = RunParams::new(seed, 1, stopping.target_objective(least + noise));
    let (n_in, target) = (samples.inputs().n_rows(), samples.target());
    let shape = Architecture::new(
        n_in,
        &[],
        target.n_outputs(),
        Activation::Relu,
        target.loss(),
    )?;
    let trained = setup.train(shape, &samples, run, &mut |_| {});
    let (_, trace, reason) = ended(trained)?;
    let reason = reason.map_or_else(|failure| failure, in_words);
    let mut finding = Finding::new(reason);
    put_laws(&trace, Limit::Known(least), noise, &mut finding);
    finding.put([("exact_limit", least)]);
    if let Some(last) = trace.last() {
        #[allow(clippy::cast_precision_loss, reason = "counts of iterations")]
        finding.put([
            ("iterations", last.iteration as f64),
            ("restarts", last.restarts as f64),
            ("gap", last.objective / least - 1.0),
        ]);
    }
    Ok(finding)
}

fn in_words(reason: StopReason) -> String {
    match reason {
        StopReason::TargetObjective => "converged".to_owned(),
        reason => reason.to_string(),
    }
}

const RHO: f64 = 1e-3;

/// The constant band that trains this data set: on Cora, 0.1 and more reach a small F and classify nothing.
fn band(data: DataName) -> Band {
    let width = if data.is_graph() { 0.01 } else { 0.03 };
    Band::constant(width)
}

/// Networks on one objective F, whose band does not move; the rate fitted over the second half, its limit estimated.
fn networks(session: &mut Session<'_>, set: &DataSet, extent: &Extent) -> Result<(), BenchError> {
    for method in METHODS {
        let params = any_form().rho(RHO).band(band(set.name));
        let setup = Setup::relaxed(method, params);
        for seed in 0..extent.seeds {
            Training::new(NAME, &setup, set, extent.network_iterations, seed)
                .case("network")
                .label("part", "network")
                .curve(seed == 0)
                .run_and(session, |trace, finding| {
                    put_laws(trace, Limit::Estimated, 0.0, finding);
                })?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "../../../tests/unit/reproduce_experiments_rate.rs"]
mod tests;
