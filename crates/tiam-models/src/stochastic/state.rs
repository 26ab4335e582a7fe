//! The state that training by batches keeps from epoch to epoch.

use std::sync::Arc;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use tiam_core::Inertia;
use tiam_linalg::{
    AnyLoss, Compute, CurvatureRule, Inputs, LossSum, Real, SparseMatrix, StateVisitor,
    StochasticBatch, StochasticBlocks, StochasticStep,
};

use super::apart::Apart;
use super::params::{StochasticConfig, StochasticParams};
use crate::data::Samples;
use crate::error::Result;
use crate::init::Normals;
use crate::loss::Loss;
use crate::network::{Architecture, Network};

/// Steps whose iterates are averaged at least.
const MIN_AVERAGED_STEPS: f64 = 20.0;
/// Batches that always update the curvature.
const FIRST_UPDATES: usize = 5;
/// Sets the sketches' random numbers apart from those of the network's start.
const SKETCH_STREAM: u64 = 0x5ce7_c4e5;

/// Blocks, curvature, inertia's history, and the numbers of steps and epochs done.
pub(super) struct State<T> {
    /// The averaged network as of the last epoch that was finished.
    pub(super) network: Network<T>,
    pub(super) config: StochasticConfig,
    pub(super) compute: Compute<T>,
    pub(super) blocks: StochasticBlocks<T>,
    pub(super) apart: Option<Apart<T>>,
    code: Arc<dyn AnyLoss>,
    steps: usize,
    epochs: usize,
    order: Vec<usize>,
}

/// The place of an epoch in its run, and its coefficients.
#[derive(Clone, Copy, Debug)]
pub(super) struct EpochInRun {
    /// Epochs done of this run.
    pub(super) done: usize,
    /// Epochs of this run; `None` keeps the first step size throughout.
    pub(super) of: Option<usize>,
    pub(super) inertia: Inertia,
}

/// An epoch under way.
pub(super) struct Epoch {
    place: EpochInRun,
    n: usize,
    done: usize,
    rng: ChaCha8Rng,
    /// The loss over its batches so far; none once one is not finite.
    pub(super) sum: Option<LossSum>,
}

impl<T: Real> State<T> {
    pub(super) fn new(network: Network<T>, config: StochasticConfig) -> Result<Self> {
        let params = &config;
        let mut normals = Normals::new(params.seed ^ SKETCH_STREAM);
        let sizes = &network.architecture().sizes;
        let form = |l: usize| params.curvature.form(sizes[l], params.rank);
        let blocks = StochasticBlocks::new(&network, &form, &mut || normals.next());
        Ok(Self {
            apart: Apart::new(params),
            compute: Compute::new(params.threads)?.with_reduction(params.reduction.clone()),
            code: network.architecture().loss.code()?,
            blocks,
            network,
            config,
            steps: 0,
            epochs: 0,
            order: Vec::new(),
        })
    }

    /// Every sample once, with its inputs from `sparse` where they are there, in an order that the seed and the epoch's number fix, in batches of B samples or one less. Returns the loss
    /// summed over the batches, each before its step; none once a batch's loss or direction is not finite.
    pub(super) fn epoch(
        &mut self,
        samples: &Samples<T>,
        sparse: Option<&SparseMatrix<T>>,
        weights: Option<&[T]>,
        place: EpochInRun,
    ) -> Option<LossSum> {
        let mut epoch = self.begin(samples.n_samples(), place);
        self.portion(&mut epoch, samples, sparse, weights);
        epoch.sum
    }

    /// The next epoch, over n samples that [`portion`](Self::portion) is given.
    pub(super) fn begin(&mut self, n: usize, place: EpochInRun) -> Epoch {
        let mut rng = ChaCha8Rng::seed_from_u64(self.config.seed);
        rng.set_stream(self.epochs as u64);
        self.epochs += 1;
        self.blocks.look_ahead(place.inertia.gradient);
        Epoch {
            place,
            n,
            done: 0,
            rng,
            sum: Some(LossSum::default()),
        }
    }

    /// Some samples of an epoch, in an order of their own; false once a batch's loss or direction is not finite.
    #[allow(clippy::cast_precision_loss, reason = "numbers of samples and batches")]
    pub(super) fn portion(
        &mut self,
        epoch: &mut Epoch,
        samples: &Samples<T>,
        sparse: Option<&SparseMatrix<T>>,
        weights: Option<&[T]>,
    ) -> bool {
        let Some(before) = epoch.sum else {
            return false;
        };
        let n = samples.n_samples();
        let inputs = sparse.map_or(Inputs::Dense(samples.inputs()), Inputs::Sparse);
        self.order.clear();
        self.order.extend(0..n);
        self.order.shuffle(&mut epoch.rng);
        let n_batches = n.div_ceil(self.config.batch_size(epoch.n).min(n));
        let (done, share) = (
            epoch.done as f64 / epoch.n as f64,
            n as f64 / epoch.n as f64,
        );
        let (blocks, steps, config) = (&mut self.blocks, &mut self.steps, &self.config);
        let (apart, order) = (&mut self.apart, &self.order);
        let takes_own_steps = apart.is_some();
        let place = epoch.place;
        let averaging = averaging(config, epoch.n.div_ceil(config.batch_size(epoch.n)));
        let ridge = config.ridge(epoch.n);
        let Architecture {
            activation, loss, ..
        } = self.network.architecture();
        // Of other losses a small error does not mean that the target is met.
        let error_tolerance = config
            .error_tolerance
            .filter(|_| *loss == Loss::CrossEntropy);
        let rule = CurvatureRule {
            retain: config.retain,
            damping: config.damping,
        };
        let mut steps_of = |compute: &mut Compute<T>| {
            let mut sum = before;
            if let Some(apart) = apart {
                apart.start(blocks);
            }
            for i in 0..n_batches {
                let indices = &order[i * n / n_batches..(i + 1) * n / n_batches];
                // A part's step is as long as the whole batch's: the average is less noisy than either.
                let n_batch = indices.len();
                let indices = apart.as_ref().map_or(indices, |apart| apart.own(indices));
                let batch = StochasticBatch {
                    inputs,
                    target: samples.target().as_loss_target(&*self.code),
                    indices,
                    weights,
                    error_tolerance,
                };
                let update = *steps < FIRST_UPDATES || steps.is_multiple_of(config.refresh);
                *steps += 1;
                let mut found = blocks.gradient(*activation, batch, update, compute);
                if update {
                    blocks.refresh_curvature(rule, compute);
                }
                let gain = blocks.directions(ridge, compute);
                if !(gain.is_finite() && found.loss.is_finite()) {
                    if apart.is_none() {
                        return None;
                    }
                    // The others wait for this one, and learn of it at the epoch's end.
                    found.loss = f64::NAN;
                }
                let step = place.step(config, done + i as f64 / n_batches as f64 * share);
                let step = StochasticStep {
                    length: trusted(step, gain, config.trust, n_batch),
                    inertia: place.inertia,
                    averaging,
                };
                blocks.advance(step, compute);
                sum = sum.merge(found);
                if let Some(apart) = apart {
                    apart.stepped(blocks, i + 1, n_batches);
                    blocks.look_ahead(place.inertia.gradient);
                }
            }
            match apart {
                None => Some(sum),
                Some(apart) => Some(apart.total(sum)).filter(|sum| sum.loss.is_finite()),
            }
        };
        // One entry into the pool a portion.
        epoch.sum = self.compute.install(|compute| match takes_own_steps {
            true => compute.apart(steps_of),
            false => steps_of(compute),
        });
        epoch.done += n;
        epoch.sum.is_some()
    }

    /// Epochs begun, over all runs.
    pub(super) fn epochs(&self) -> usize {
        self.epochs
    }

    /// Shows the visitor every number that the next epochs depend on.
    pub(super) fn visit(&mut self, visitor: &mut dyn StateVisitor<T>) {
        self.blocks.visit_state(visitor);
        visitor.count("steps", &mut self.steps);
        visitor.count("epochs", &mut self.epochs);
        self.network.visit_state("network", visitor);
    }

    /// Writes the averaged iterate into the network.
    pub(super) fn settle(&mut self) {
        self.blocks.write_average(self.network.parameters_mut());
    }
}

impl EpochInRun {
    /// η_t once this share of the epoch is done.
    #[allow(clippy::cast_precision_loss, reason = "numbers of epochs")]
    fn step(self, params: &StochasticParams, share: f64) -> f64 {
        let Some(of) = self.of else {
            return params.step;
        };
        let done = self.done as f64 + share;
        params.step * params.step_schedule.factor(done / of as f64, of)
    }
}

/// Weight of the old average of the iterates in a step.
#[allow(clippy::cast_precision_loss, reason = "a number of batches")]
fn averaging(params: &StochasticParams, n_batches: usize) -> f64 {
    if params.averaging > 0.0 {
        let horizon = params.averaging * n_batches as f64;
        1.0 - 1.0 / horizon.max(MIN_AVERAGED_STEPS)
    } else {
        0.0
    }
}

/// c η: at most so far that Σ_l ⟨D_l, g_l⟩ (c η)² = κ.
#[allow(clippy::cast_precision_loss, reason = "a number of samples")]
fn trusted(step: f64, gain: f64, trust: Option<f64>, n_batch: usize) -> f64 {
    match trust {
        Some(trust) if gain > 0.0 => step.min((trust * n_batch as f64 / gain).sqrt()),
        _ => step,
    }
}
