//! Comparison of configurations on one problem.

use std::fmt;

use crate::{
    BlockProblem, CoreError, DecayLaw, Driver, DriverConfig, Limit, RateFit, StopReason, Trace,
};

/// One configuration's run.
#[derive(Clone, Debug)]
pub struct ComparedRun<M> {
    /// The configuration's name.
    pub name: String,
    /// Why the run stopped, or the error that it failed with.
    pub end: Result<StopReason, CoreError>,
    /// Iterations done.
    pub iterations: usize,
    /// The last objective; NaN if the start has none.
    pub objective: f64,
    /// Restarts by the guard.
    pub restarts: usize,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// The law that fits the decay better; none if the run is too short for a fit or does not decay.
    pub rate: Option<RateFit>,
    /// All rows.
    pub trace: Trace<M>,
}

/// The runs of [`compare`]. It prints as a table.
#[derive(Clone, Debug)]
pub struct Comparison<M> {
    /// One run for each configuration, in the order given.
    pub runs: Vec<ComparedRun<M>>,
}

/// Runs each configuration on a problem of its own, which `problem` makes.
///
/// A run that fails is a row of the table like any other. Rates are fitted to all but the first tenth of a run, which is
/// taken for its transient, with an estimated limit; [`Comparison::fit_rates`] fits them to a known one.
///
/// ```
/// use tiam_core::{Block, BlockChange, BlockProblem, DriverParams, Inertia, Stopping, compare};
/// # struct Bowl(Block<f64>);
/// # impl BlockProblem for Bowl {
/// #     type Measures = ();
/// #     fn n_blocks(&self) -> usize { 1 }
/// #     fn block_name(&self, _: usize) -> String { "u".into() }
/// #     fn propose(&mut self, _: usize, inertia: Inertia) -> BlockChange {
/// #         self.0.propose_with(inertia, 0.05, |u, g| g[0] = u[0]);
/// #         BlockChange::between(self.0.current()[0].powi(2) / 2.0, self.0.candidate()[0].powi(2) / 2.0)
/// #     }
/// #     fn accept(&mut self, _: usize) { self.0.accept() }
/// #     fn objective(&mut self) -> f64 { self.0.current()[0].powi(2) / 2.0 }
/// #     fn measures(&mut self) {}
/// # }
/// let stopping = Stopping::default().max_iterations(1000).target_objective(1e-8);
/// let config = |inertia| DriverParams::default().inertia(inertia).stopping(stopping.clone()).check();
/// let comparison = compare(
///     || Bowl(Block::new(vec![1.0])),
///     [("plain", config(Inertia::NONE)?), ("heavy ball", config(Inertia::heavy_ball(0.5)?)?)],
/// );
/// println!("{comparison}");
/// assert!(comparison.runs[1].iterations < comparison.runs[0].iterations);
/// assert_eq!(comparison.fastest().map(|run| run.name.as_str()), Some("heavy ball"));
/// # Ok::<(), tiam_core::CoreError>(())
/// ```
pub fn compare<P: BlockProblem, N: Into<String>>(
    mut problem: impl FnMut() -> P,
    configurations: impl IntoIterator<Item = (N, DriverConfig)>,
) -> Comparison<P::Measures> {
    let run = |(name, config): (N, DriverConfig)| {
        let (end, trace) = match Driver::new(config).run(problem()) {
            Ok(outcome) => (Ok(outcome.reason), outcome.trace),
            Err(failure) => (Err(failure.error), failure.trace),
        };
        let last = trace.last();
        ComparedRun {
            name: name.into(),
            end,
            iterations: last.map_or(0, |row| row.iteration),
            objective: last.map_or(f64::NAN, |row| row.objective),
            restarts: last.map_or(0, |row| row.restarts),
            seconds: last.map_or(0.0, |row| row.seconds),
            rate: None,
            trace,
        }
    };
    let mut comparison = Comparison {
        runs: configurations.into_iter().map(run).collect(),
    };
    comparison.fit_rates(Limit::Estimated);
    comparison
}

impl<M> Comparison<M> {
    /// Fits the rates anew, all to this limit.
    pub fn fit_rates(&mut self, limit: Limit) {
        for run in &mut self.runs {
            let rates = run.trace.fit_rates(run.iterations / 10, limit);
            run.rate = rates.ok().map(|rates| *rates.better());
        }
    }

    /// The run with the fewest iterations of those that reached the target objective.
    #[must_use]
    pub fn fastest(&self) -> Option<&ComparedRun<M>> {
        let reached = |run: &&ComparedRun<M>| run.end == Ok(StopReason::TargetObjective);
        let runs = self.runs.iter().filter(reached);
        runs.min_by_key(|run| run.iterations)
    }
}

/// Name, iterations, last objective, restarts, seconds, rate (qᵏ or k⁻ᵖ), and why the run ended.
impl<M> fmt::Display for Comparison<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.runs.iter().map(|run| run.name.chars().count());
        let width = names.max().unwrap_or(0).max("configuration".len());
        write!(
            f,
            "{:width$}  iterations       objective  restarts   seconds  rate        end",
            "configuration"
        )?;
        for run in &self.runs {
            let rate = run.rate.map_or_else(String::new, |fit| match fit.law {
                DecayLaw::Linear => format!("{:.6}^k", fit.rate),
                DecayLaw::Sublinear => format!("k^-{:.4}", fit.rate),
            });
            let end = match &run.end {
                Ok(reason) => reason.to_string(),
                Err(error) => error.to_string(),
            };
            write!(
                f,
                "\n{:width$}  {:>10}  {:>14.6e}  {:>8}  {:>8.3}  {rate:<10}  {end}",
                run.name, run.iterations, run.objective, run.restarts, run.seconds
            )?;
        }
        Ok(())
    }
}
