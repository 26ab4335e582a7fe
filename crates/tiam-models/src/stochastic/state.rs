//! The state that training by batches keeps from epoch to epoch.

use std::sync::Arc;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use tiam_core::Inertia;
use tiam_linalg::{
    Activation, AnyLoss, Compute, CurvatureForm, CurvatureRule, LossSum, Real, StateVisitor,
    StochasticBatch, StochasticBlocks, StochasticStep,
};

use super::params::{StochasticConfig, StochasticParams};
use crate::data::Samples;
use crate::error::ModelError;
use crate::init::Normals;
use crate::loss::Loss;
use crate::network::Network;

/// Steps whose iterates are averaged at least.
const MIN_AVERAGED_STEPS: f64 = 20.0;
/// Batches that always update the curvature.
const FIRST_UPDATES: usize = 5;
/// Sets the sketches' random numbers apart from those of the network's start.
const SKETCH_STREAM: u64 = 0x5ce7_c4e5;

/// Blocks, curvature, inertia's history, and where in the run it is.
pub(super) struct State<T> {
    /// The averaged network as of the last epoch that was finished.
    pub(super) network: Network<T>,
    pub(super) config: StochasticConfig,
    pub(super) compute: Compute<T>,
    blocks: StochasticBlocks<T>,
    activation: Activation,
    code: Arc<dyn AnyLoss>,
    steps: usize,
    epochs: usize,
    order: Vec<usize>,
}

/// An epoch's numbers, each batch's before its step.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Epoch {
    pub(super) sum: LossSum,
    /// True while every batch's loss and direction was finite.
    pub(super) finite: bool,
}

/// The position of an epoch in its run, and its coefficients.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Epochs done of this run.
    pub(super) done: usize,
    /// Epochs of this run; `None` keeps the first step size throughout.
    pub(super) of: Option<usize>,
    pub(super) inertia: Inertia,
}

impl<T: Real> State<T> {
    pub(super) fn new(network: Network<T>, config: StochasticConfig) -> Result<Self, ModelError> {
        let params = config.params();
        let mut normals = Normals::new(params.seed ^ SKETCH_STREAM);
        let sizes = &network.architecture().sizes;
        let form = |l: usize| params.curvature.form(sizes[l], params.rank);
        let blocks = StochasticBlocks::new(&network, &form, &mut || normals.next());
        Ok(Self {
            compute: Compute::new(params.threads)?,
            activation: network.architecture().activation,
            code: network.architecture().loss.code()?,
            blocks,
            network,
            config,
            steps: 0,
            epochs: 0,
            order: Vec::new(),
        })
    }

    pub(super) fn curvature_forms(&self) -> impl Iterator<Item = CurvatureForm> + '_ {
        self.blocks.curvature_forms()
    }

    /// Every sample once, in an order that the seed and the epoch's number fix, in batches of B samples or one less.
    pub(super) fn epoch(
        &mut self,
        samples: &Samples<T>,
        weights: Option<&[T]>,
        pace: Pace,
    ) -> Epoch {
        let n = samples.n_samples();
        let mut rng = ChaCha8Rng::seed_from_u64(self.config.params().seed);
        rng.set_stream(self.epochs as u64);
        self.epochs += 1;
        self.order.clear();
        self.order.extend(0..n);
        self.order.shuffle(&mut rng);
        let n_batches = n.div_ceil(self.config.batch_size(n));
        let (order, steps, code) = (&self.order, &mut self.steps, &*self.code);
        let params = self.config.params();
        let cross_entropy = self.network.architecture().loss == Loss::CrossEntropy;
        // Of other losses a small error does not mean that the target is met.
        let error_tolerance = params.met.filter(|_| cross_entropy);
        let mut stepper = Stepper {
            params,
            blocks: &mut self.blocks,
            activation: self.activation,
            inertia: pace.inertia,
            averaging: averaging(params, n_batches),
        };
        // One entry into the pool an epoch.
        self.compute.install(|compute| {
            let mut epoch = Epoch {
                sum: LossSum::default(),
                finite: true,
            };
            stepper.blocks.look_ahead(pace.inertia.gradient);
            for i in 0..n_batches {
                let batch = StochasticBatch {
                    inputs: samples.inputs(),
                    target: samples.target().as_loss_target(code),
                    indices: &order[i * n / n_batches..(i + 1) * n / n_batches],
                    weights,
                    error_tolerance,
                };
                let step = pace.step(stepper.params, i, n_batches);
                let found = stepper.step(batch, *steps, step, compute);
                *steps += 1;
                epoch.sum = epoch.sum.merge(found.sum);
                if !found.finite {
                    epoch.finite = false;
                    break;
                }
            }
            epoch
        })
    }

    /// What passes from epoch to epoch.
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

impl Pace {
    /// η_t of batch `i`.
    #[allow(clippy::cast_precision_loss, reason = "numbers of epochs and batches")]
    fn step(self, params: &StochasticParams, i: usize, n_batches: usize) -> f64 {
        let Some(of) = self.of else {
            return params.step;
        };
        let done = self.done as f64 + i as f64 / n_batches as f64;
        params.step * params.step_schedule.factor(done / of as f64, of)
    }
}

/// What remains of the average after a step.
#[allow(clippy::cast_precision_loss, reason = "a number of batches")]
fn averaging(params: &StochasticParams, n_batches: usize) -> f64 {
    if params.averaging > 0.0 {
        let horizon = params.averaging * n_batches as f64;
        1.0 - 1.0 / horizon.max(MIN_AVERAGED_STEPS)
    } else {
        0.0
    }
}

/// One epoch's steps.
struct Stepper<'a, T> {
    params: &'a StochasticParams,
    blocks: &'a mut StochasticBlocks<T>,
    activation: Activation,
    inertia: Inertia,
    averaging: f64,
}

impl<T: Real> Stepper<'_, T> {
    fn step(
        &mut self,
        batch: StochasticBatch<'_, T>,
        k: usize,
        step: f64,
        compute: &mut Compute<T>,
    ) -> Epoch {
        let Self { params, blocks, .. } = self;
        let update = k < FIRST_UPDATES || k.is_multiple_of(params.refresh);
        let n = batch.indices.len();
        let sum = blocks.gradient(self.activation, batch, update, compute);
        if update {
            let rule = CurvatureRule {
                retain: params.retain,
                damping: params.damping,
            };
            blocks.refresh_curvature(rule, compute);
        }
        let gain = blocks.directions(params.ridge, compute);
        let finite = gain.is_finite() && sum.loss.is_finite();
        if finite {
            let step = StochasticStep {
                length: trusted(step, gain, params.trust, n),
                inertia: self.inertia,
                averaging: self.averaging,
            };
            blocks.advance(step, compute);
        }
        Epoch { sum, finite }
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
