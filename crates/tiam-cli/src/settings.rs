//! Defaults of the settings for a method and a kind of data; the settings themselves are in the table of flags.

use std::time::Duration;

use tiam::{DataKind, Method, Preset, Solver, TiamParams};
use tiam_core::Stopping;

use crate::error::CliError;
pub(crate) use crate::flags::Settings;
use crate::rivals;

const ITERATIONS: usize = 100;
/// The default of `--hops`.
pub(crate) const HOPS: usize = 4;
/// Held out for testing where the data bring no split of their own.
pub(crate) const TEST_FRACTION: f64 = 0.2;
/// The folder that a run writes to.
pub(crate) const OUT: &str = "tiam-out";

/// What suits the kind of data, where the method's paper does not settle it.
pub(crate) fn suited(method: Option<Method>, kind: DataKind) -> Preset {
    let suited = Preset::of(kind).clone();
    let method = method.unwrap_or(suited.method);
    let mut suited = Preset { method, ..suited };
    if method == Method::Stochastic {
        suited.hidden = &Preset::HIDDEN_BY_BATCHES;
    }
    rivals::suit(&mut suited);
    suited
}

/// The default of `--ridge`.
pub(crate) fn ridge(method: Method) -> Option<f64> {
    match method {
        // By the number of samples.
        Method::Stochastic => None,
        Method::Tiam | Method::Am => Some(TiamParams::RIDGE),
        _ => Some(rivals::ridge(method)),
    }
}

/// `auto` for TIAM, whose forms share one trajectory; the methods it is compared with keep the plain form.
pub(crate) fn solver(method: Method) -> Solver {
    match method {
        Method::Tiam => Solver::AUTO,
        _ => Solver::Backtracking,
    }
}

impl Settings {
    /// Most iterations of a method other than stochastic TIAM.
    pub(crate) fn most_iterations(&self) -> usize {
        self.iterations.unwrap_or(ITERATIONS)
    }

    /// The stopping rules, without an interrupt.
    pub(crate) fn stopping(&self) -> Result<Stopping, CliError> {
        let mut stopping = Stopping::default().max_iterations(self.most_iterations());
        stopping.target_objective = self.target_objective;
        stopping.rel_change = self.rel_change;
        if let Some(seconds) = self.time_limit {
            let limit = Duration::try_from_secs_f64(seconds).map_err(|_| {
                CliError::Usage(format!(
                    "--time-limit {seconds} is not a time; give seconds from 0"
                ))
            })?;
            stopping = stopping.time_limit(limit);
        }
        Ok(stopping)
    }
}

/// As many threads as the system has cores to offer.
pub(crate) fn available_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
