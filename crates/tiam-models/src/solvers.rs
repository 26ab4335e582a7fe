//! The solver of each block, with the reason for it and its times.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tiam_linalg::{BlockShape, Choice, Form, Solver, activations_choice, weights_choice};

use crate::error::{ModelError, Result};
use crate::network::Architecture;
use crate::params::TiamConfig;

/// The solver of a block, the reason for it, and the time of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SolverChoice {
    /// The block: `W_1`, `a_1`, …
    pub block: String,
    /// Name of the form, never `auto`; by batches that of the layer's curvature.
    pub solver: String,
    /// In words; from the shape alone, the same in every run.
    pub reason: String,
    /// Counted operations of a step; none by batches, where a step is one of all layers.
    #[serde(default)]
    pub flops: Option<f64>,
    /// Mean seconds a step, proposals done again and all set-up included; 0 before the first, none by batches.
    pub actual_seconds: Option<f64>,
}

/// A block's form, with the time its steps have taken.
#[derive(Clone, Debug)]
struct Entry {
    block: String,
    choice: Choice,
    spent: Duration,
    steps: u32,
}

/// The forms of all W and a steps.
#[derive(Clone, Debug)]
pub(crate) struct SolverPlan {
    /// W_1, a_1, W_2, …, W_L.
    entries: Vec<Entry>,
}

impl SolverPlan {
    /// Decides every block.
    pub(crate) fn new(architecture: &Architecture, n_samples: usize, config: &TiamConfig) -> Self {
        let mut entries = Vec::new();
        let mut push = |block: String, choice| {
            entries.push(Entry {
                block,
                choice,
                spent: Duration::ZERO,
                steps: 0,
            });
        };
        for (l, sizes) in architecture.sizes.windows(2).enumerate() {
            let shape = BlockShape {
                n_out: sizes[1],
                n_in: sizes[0],
                n_samples,
                inputs_fixed: l == 0,
                l1: config.l1 > 0.0,
            };
            if l > 0 {
                let choice = activations_choice(config.solver, shape);
                push(format!("a_{l}"), choice);
            }
            let choice = weights_choice(config.solver, shape);
            push(format!("W_{}", l + 1), choice);
        }
        Self { entries }
    }

    /// Refuses what processes cannot share: steps in products between samples, which all of them would need.
    pub(crate) fn check_shared(&self, architecture: &Architecture, n_samples: usize) -> Result<()> {
        let mut forms = self.entries.iter().map(|entry| entry.choice.solver);
        if let Some(dual) = forms.find(|solver| solver.form() == Form::Dual) {
            let allowed = "backtracking, gram, cholesky or cg in several processes: the dual form's products are between samples, and all processes would need them all";
            return Err(ModelError::parameter("solver", dual.name(), allowed));
        }
        let inputs = architecture.sizes.iter().rev().skip(1);
        match inputs.max().filter(|widest| **widest > n_samples) {
            None => Ok(()),
            Some(widest) => Err(ModelError::parameter(
                "inputs of a layer",
                widest.to_string(),
                "at most the number of samples in several processes: with fewer samples there is nothing to share; start one process",
            )),
        }
    }

    /// The form of W_{l+1}'s steps, l from 0.
    pub(crate) fn weights(&self, l: usize) -> Solver {
        self.entries[2 * l].choice.solver
    }

    /// The form of a_{l+1}'s steps, l from 0.
    pub(crate) fn activations(&self, l: usize) -> Solver {
        self.entries[2 * l + 1].choice.solver
    }

    /// The form of W_{l+1}'s steps as a run's state has it, where that is another.
    pub(crate) fn restore_weights(&mut self, l: usize, solver: Solver) {
        let choice = &mut self.entries[2 * l].choice;
        if choice.solver != solver {
            choice.solver = solver;
            choice.reason = "chosen when the run began".to_owned();
        }
    }

    /// Adds what has passed since `clock` to W_{l+1} (or a_{l+1}), as part of a step or as its end.
    pub(crate) fn spend(&mut self, l: usize, of_weights: bool, clock: Instant, ends: bool) {
        let entry = &mut self.entries[2 * l + usize::from(!of_weights)];
        entry.spent += clock.elapsed();
        entry.steps += u32::from(ends);
    }

    /// The solver of each block, with its mean time.
    pub(crate) fn choices(&self) -> Vec<SolverChoice> {
        let choice = |entry: &Entry| SolverChoice {
            block: entry.block.clone(),
            solver: entry.choice.solver.name().to_owned(),
            reason: entry.choice.reason.clone(),
            flops: Some(entry.choice.flops),
            actual_seconds: Some(entry.spent.as_secs_f64() / f64::from(entry.steps.max(1))),
        };
        self.entries.iter().map(choice).collect()
    }
}
