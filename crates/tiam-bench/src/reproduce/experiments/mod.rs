//! The experiments, by name.

mod ablation;
mod accuracy;
mod candidates;
mod convergence;
mod cost;
mod courses;
mod exponent;
mod quadratic;
mod rate;
mod region;
mod ridge;
mod sensitivity;
mod solvers;
#[cfg(test)]
mod testing;

use tiam_models::names;
use tiam_report::Section;

use super::claims::Claim;
use super::library::Library;
use super::record::Record;
use super::session::Session;
use crate::error::BenchError;

/// An experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Experiment {
    /// F, loss and band violation against iterations and seconds: TIAM, plain alternation, mDLAM.
    Convergence,
    /// Fitted linear rates, beside the theoretical ones where those are known.
    Rate,
    /// Test accuracy of every method on every data set.
    Accuracy,
    /// Each inertia by itself, in pairs, all; with and without guard; the region that is stable without.
    Ablation,
    /// ρ, μ, the band, depth and width.
    Sensitivity,
    /// Seconds, flops and memory against the sizes of the problem; the W solvers against each other.
    Cost,
}

/// How large the experiments are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// The full size; otherwise the quick one, which is done within minutes.
    pub full: bool,
    /// Runs from different starts, at least 1.
    pub seeds: u64,
}

names! { Experiment, "experiment":
    Convergence = "convergence", Rate = "rate", Accuracy = "accuracy", Ablation = "ablation", Sensitivity = "sensitivity", Cost = "cost"
}

impl Experiment {
    /// Does all its runs, or counts them.
    ///
    /// # Errors
    /// As [`Session::run`], and [`BenchError::Data`] for data that cannot be read.
    pub fn run(
        self,
        session: &mut Session<'_>,
        library: &mut Library,
        size: Size,
    ) -> Result<(), BenchError> {
        match self {
            Self::Convergence => convergence::run(session, library, size),
            Self::Accuracy => accuracy::run(session, library, size),
            Self::Ablation => ablation::run(session, library, size),
            Self::Sensitivity => sensitivity::run(session, library, size),
            Self::Rate => rate::run(session, library, size),
            Self::Cost => cost::run(session, size),
        }
    }

    /// What its records show; with `detail`, every picture.
    pub fn section(self, records: &[Record], detail: bool) -> Section {
        match self {
            Self::Convergence => convergence::section(records, detail),
            Self::Accuracy => accuracy::section(records, detail),
            Self::Ablation => ablation::section(records, detail),
            Self::Sensitivity => sensitivity::section(records),
            Self::Rate => rate::section(records),
            Self::Cost => cost::section(records),
        }
    }

    /// The paper's claims that its records test.
    pub fn claims(self, records: &[Record]) -> Vec<Claim> {
        match self {
            Self::Convergence => convergence::claims(records),
            Self::Accuracy => accuracy::claims(records),
            Self::Ablation => ablation::claims(records),
            Self::Rate => rate::claims(records),
            Self::Cost => cost::claims(records),
            Self::Sensitivity => Vec::new(),
        }
    }
}
