//! Candidates trained on folds, side by side on the cores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use tiam_core::{StopReason, Stopping};
use tiam_data::Split;
use tiam_linalg::{Compute, Matrix, prox};
use tiam_models::{
    Architecture, InputEncoding, Network, Samples, StochasticData, StochasticParams, Target,
    TrainError, ValueScaling, train_stochastic,
};

use super::candidate::Candidate;
use super::inputs::Inputs;
use super::kept::Kept;
use crate::error::{Error, Result};
use crate::scalar::Scalar;
use crate::start::Start;

/// Everything that the trainings of a search share.
pub(super) struct Shared<'d, T> {
    pub(super) candidates: &'d [Candidate],
    pub(super) folds: &'d [Split],
    /// Each kind of inputs that a candidate has, with its encoding and the encoded samples.
    pub(super) inputs: Vec<(Inputs, InputEncoding, Matrix<T>)>,
    pub(super) target: &'d Target<T>,
    /// Of the values, and of their logarithms where those are learnt.
    pub(super) values: Vec<ValueScaling>,
    pub(super) weights: Option<&'d [f64]>,
    pub(super) params: StochasticParams,
    pub(super) activation: tiam_models::Activation,
    pub(super) start: Start,
    pub(super) seed: u64,
    pub(super) stopping: Stopping,
    pub(super) begun: Instant,
    pub(super) kept: Option<Kept>,
}

/// A network trained on all folds but one.
pub(super) struct Trained<T> {
    pub(super) network: Network<T>,
    /// Its answers for the samples held out: probabilities, or values standardised; a sample after the other.
    pub(super) answers: Vec<f64>,
    reason: StopReason,
}

impl<T> Trained<T> {
    /// False where a clock or a user ended training early.
    pub(super) fn whole(&self) -> bool {
        self.reason == StopReason::MaxIterations
    }
}

/// What became of a job.
pub(super) enum Ended<T> {
    Trained(Box<Trained<T>>),
    /// Numbers stopped being finite: the candidate is nothing for these data.
    Failed,
    /// The search was to end before.
    NotBegun,
}

impl<T> Ended<T> {
    /// False where a clock or a user ended training early, or before it began.
    pub(super) fn is_whole(&self) -> bool {
        match self {
            Self::Trained(trained) => trained.whole(),
            Self::Failed => true,
            Self::NotBegun => false,
        }
    }
}

/// A candidate on a fold, both by number.
pub(super) type Job = (usize, usize);

impl<T: Scalar> Shared<'_, T> {
    /// Trains all jobs, each on one thread or, where there are few, on its part of them; `on_done` is told of each. The answers are in the
    /// order of the jobs and do not depend on the number of threads.
    pub(super) fn run(
        &self,
        jobs: &[Job],
        threads: usize,
        on_done: &mut dyn FnMut(Job),
    ) -> Result<Vec<Ended<T>>> {
        let n_workers = threads.clamp(1, jobs.len().max(1));
        let inner = (threads / n_workers).max(1);
        let next = AtomicUsize::new(0);
        let (sender, receiver) = mpsc::channel::<(usize, Result<Ended<T>>)>();
        let mut outcomes: Vec<Ended<T>> = jobs.iter().map(|_| Ended::NotBegun).collect();
        std::thread::scope(|scope| {
            for _ in 0..n_workers {
                let (sender, next) = (sender.clone(), &next);
                scope.spawn(move || {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some(job) = jobs.get(at) else { break };
                        if sender.send((at, self.train(*job, at == 0, inner))).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            for (at, outcome) in receiver {
                outcomes[at] = outcome?;
                if !matches!(outcomes[at], Ended::NotBegun) {
                    on_done(jobs[at]);
                }
            }
            Ok(outcomes)
        })
    }

    /// The stopping rules with what is left of the time; none where the search is to end.
    fn rules(&self) -> Option<Stopping> {
        let mut stopping = self.stopping.clone();
        if let Some(limit) = stopping.time_limit {
            stopping.time_limit = Some(limit.checked_sub(self.begun.elapsed())?);
        }
        let interrupted = stopping.interrupt.as_ref();
        let interrupted = interrupted.is_some_and(|flag| flag.load(Ordering::Relaxed));
        (!interrupted).then_some(stopping)
    }

    /// Why a search ended, as files write it.
    pub(super) fn stop_reason(&self, outcomes: &[Ended<T>]) -> String {
        let early = |outcome: &Ended<T>| match outcome {
            Ended::Trained(trained) => !trained.whole(),
            Ended::Failed => false,
            Ended::NotBegun => true,
        };
        let interrupted = self.stopping.interrupt.as_ref();
        let reason = match outcomes.iter().any(early) {
            false => "max_iterations",
            true if interrupted.is_some_and(|flag| flag.load(Ordering::Relaxed)) => "interrupted",
            true => "time_limit",
        };
        reason.to_owned()
    }

    fn train(&self, job: Job, is_first: bool, threads: usize) -> Result<Ended<T>> {
        let (c, f) = job;
        let (candidate, fold) = (&self.candidates[c], &self.folds[f]);
        let shape = Architecture::new(
            self.encoded(candidate.inputs).n_rows(),
            &candidate.hidden,
            self.target.n_outputs(),
            self.activation,
            self.target.loss(),
        )?;
        let ended = |network, reason| {
            let answers = self.answers(candidate, &network, fold.test())?;
            Ok(Ended::Trained(Box::new(Trained {
                network,
                answers,
                reason,
            })))
        };
        if let Some(network) = self.kept.as_ref().and_then(|kept| kept.load(job, &shape)) {
            return ended(network, StopReason::MaxIterations);
        }
        let stopping = match self.rules() {
            Some(stopping) => stopping,
            // There is a model whatever the limit.
            None if is_first => self.stopping.clone(),
            None => return Ok(Ended::NotBegun),
        };
        let samples = self.samples(candidate, fold.train())?;
        let weights = self.weights.map(|all| pick(all, fold.train()));
        let seed = self.seed.wrapping_add((c * self.folds.len() + f) as u64);
        let epochs = candidate.n_epochs(fold.train().len());
        let config = self
            .params
            .clone()
            .ridge(candidate.ridge)
            .epochs(epochs)
            .seed(seed)
            .threads(threads)
            .stopping(stopping)
            .check()?;
        let data = StochasticData {
            weights: weights.as_deref(),
            ..StochasticData::new(&samples)
        };
        let network = self.start.network(shape, seed)?;
        let trained = match train_stochastic(network, data, &config, &mut []) {
            Ok(trained) => trained,
            Err(TrainError::Refused(error)) => return Err(error.into()),
            Err(TrainError::Failed { .. }) => return Ok(Ended::Failed),
            Err(other) => {
                let reason = other.to_string();
                return Err(Error::Training { reason });
            }
        };
        if let Some(kept) = &self.kept
            && trained.reason == StopReason::MaxIterations
        {
            kept.save(job, &trained.network);
        }
        ended(trained.network, trained.reason)
    }

    fn encoded(&self, inputs: Inputs) -> &Matrix<T> {
        let of_kind = |(kind, _, _): &&(Inputs, InputEncoding, Matrix<T>)| *kind == inputs;
        &self
            .inputs
            .iter()
            .find(of_kind)
            .unwrap_or(&self.inputs[0])
            .2
    }

    /// From outputs to values; none for classes.
    pub(super) fn scaling(&self, candidate: &Candidate) -> Option<&ValueScaling> {
        self.values.get(usize::from(candidate.logarithm))
    }

    fn samples(&self, candidate: &Candidate, rows: &[usize]) -> Result<Samples<T>> {
        let target = match self.target {
            Target::Classes { labels, n_classes } => Target::Classes {
                labels: pick(labels, rows),
                n_classes: *n_classes,
            },
            Target::Values(values) => {
                let mut values = columns(values, rows)?;
                if let Some(scaling) = self.scaling(candidate) {
                    scaling.apply(values.as_mut_slice());
                }
                Target::Values(values)
            }
        };
        let inputs = columns(self.encoded(candidate.inputs), rows)?;
        Ok(Samples::new(inputs, target)?)
    }

    fn answers(
        &self,
        candidate: &Candidate,
        network: &Network<T>,
        rows: &[usize],
    ) -> Result<Vec<f64>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let inputs = columns(self.encoded(candidate.inputs), rows)?;
        let mut out = network.forward(&inputs, &mut Compute::new(1)?)?;
        match self.scaling(candidate) {
            None => prox::softmax_in_place(out.as_mut_slice(), self.target.n_outputs()),
            // In the units of the plain values, whatever was learnt.
            Some(scaling) if scaling.logarithm => {
                scaling.invert(out.as_mut_slice());
                self.values[0].apply(out.as_mut_slice());
            }
            Some(_) => {}
        }
        let numbers = out.as_slice().iter();
        Ok(numbers.map(|x| tiam_core::Scalar::to_f64(*x)).collect())
    }
}

/// Entries of the named samples.
pub(super) fn pick<V: Copy>(of: &[V], rows: &[usize]) -> Vec<V> {
    rows.iter().map(|&i| of[i]).collect()
}

/// Columns of the named samples.
pub(super) fn columns<T: Scalar>(of: &Matrix<T>, rows: &[usize]) -> Result<Matrix<T>> {
    let mut data = Vec::with_capacity(of.n_rows() * rows.len());
    rows.iter().for_each(|&i| data.extend_from_slice(of.col(i)));
    Ok(Matrix::from_vec(of.n_rows(), rows.len(), data)?)
}
