//! Processes that take steps of their own between averages.

use tiam_linalg::{LossSum, ProcessAverage, Real, StochasticBlocks};

use super::choices::Sent;
use super::params::StochasticConfig;
use crate::error::{ModelError, Result};

/// What a process of several does on its own, and when all of them average.
pub(super) struct Apart<T> {
    average: ProcessAverage<T>,
    /// H.
    local_steps: usize,
    damping: f64,
}

impl<T: Real> Apart<T> {
    /// None where every step is shared, or the process is alone.
    pub(super) fn new(config: &StochasticConfig) -> Option<Self> {
        let processes = config.reduction.clone()?;
        (config.local_steps > 1 && processes.size() > 1).then(|| Self {
            average: ProcessAverage::new(processes, config.send == Sent::Bf16),
            local_steps: config.local_steps,
            damping: config.damping,
        })
    }

    /// Refuses batches of which a process would get nothing.
    pub(super) fn check(&self, batch_size: usize, n_samples: usize) -> Result<()> {
        let least = n_samples / n_samples.div_ceil(batch_size.max(1)).max(1);
        if least < self.average.n_processes() {
            let allowed = "with local steps a sample of each batch for every process, or more";
            return Err(ModelError::parameter("batch-size", batch_size, allowed));
        }
        Ok(())
    }

    /// Before an epoch: all processes have the same state.
    pub(super) fn start(&mut self, blocks: &StochasticBlocks<T>) {
        self.average.start(blocks);
    }

    /// This process's part of a batch.
    pub(super) fn own<'i>(&self, batch: &'i [usize]) -> &'i [usize] {
        self.average.own(batch)
    }

    /// After so many steps of an epoch's: averages, where it is time; at the epoch's end everything.
    pub(super) fn stepped(&mut self, blocks: &mut StochasticBlocks<T>, done: usize, of: usize) {
        let is_end = done == of;
        if is_end || done.is_multiple_of(self.local_steps) {
            let end = is_end.then_some(self.damping);
            self.average.average(blocks, end);
        }
    }

    /// The loss of all processes.
    pub(super) fn total(&mut self, own: LossSum) -> LossSum {
        self.average.total(own)
    }
}
