//! The problem of full-batch training in blocks: W_l, b_l, z_l, a_l for l = 1, …, L.

use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use tiam_core::{BlockChange, BlockProblem, Inertia};
use tiam_linalg::{
    ActivationBlock, AffineLayer, AffineLayers, AnyLoss, Band as BandView, BiasBlock, Compute,
    ForwardFrom, LossSum, LossTarget, Matrix, NextLayer, PreactivationBlock, Prediction, Real,
    StateVisitor, StepReport, WeightBlock, WeightProblem, activate, band_violation, biased,
    forward_loss, penalty,
};

use crate::data::{Samples, Target};
use crate::error::ModelError;
use crate::network::{Architecture, Layer, Network};
use crate::params::{OutputStart, TiamConfig};
use crate::solvers::{SolverChoice, SolverPlan};

/// The network's own numbers after an iteration, from a real forward pass.
///
/// Reading a trace of them with `serde_json` takes at most 16 times the text's size and 64 KiB beside the text, whatever it says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkMeasures {
    /// Mean loss a sample.
    pub train_loss: f64,
    /// Share of training samples classified correctly; `None` for values.
    pub train_accuracy: Option<f64>,
    /// ε of the iteration; 0 for methods without a band.
    pub epsilon: f64,
    /// On a validation part, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<PartMeasures>,
    /// On a part that is watched and never decided on, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<PartMeasures>,
    /// Seconds of training so far, without any measuring, where it is timed apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training_seconds: Option<f64>,
}

/// The network's numbers on samples it is not trained on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartMeasures {
    /// Mean loss a sample.
    pub loss: f64,
    /// Share of samples classified correctly; `None` for values.
    pub accuracy: Option<f64>,
}

impl PartMeasures {
    /// The means of a loss summed over samples.
    #[allow(clippy::cast_precision_loss, reason = "numbers of samples")]
    pub(crate) fn of<T: Real>(sum: LossSum, samples: &Samples<T>) -> Self {
        let n = samples.n_samples() as f64;
        let classes = matches!(samples.target(), Target::Classes { .. });
        Self {
            loss: sum.loss / n,
            accuracy: classes.then_some(sum.correct as f64 / n),
        }
    }
}

impl NetworkMeasures {
    /// Of the training samples alone, without a band.
    pub fn of_training(train_loss: f64, train_accuracy: Option<f64>) -> Self {
        Self {
            train_loss,
            train_accuracy,
            epsilon: 0.0,
            validation: None,
            test: None,
            training_seconds: None,
        }
    }

    /// The name and value of a loss that is not finite, if there is one: what [`BlockProblem::non_finite`] is for.
    #[must_use]
    pub fn non_finite(&self) -> Option<(&'static str, f64)> {
        let losses = [
            ("training loss", Some(self.train_loss)),
            ("validation loss", self.validation.map(|part| part.loss)),
            ("test loss", self.test.map(|part| part.loss)),
        ];
        let mut known = losses
            .into_iter()
            .filter_map(|(name, loss)| Some((name, loss?)));
        known.find(|(_, loss)| !loss.is_finite())
    }
}

/// One layer's blocks; the last layer has no activations.
struct LayerBlocks<T> {
    weights: WeightBlock<T>,
    bias: BiasBlock<T>,
    z: PreactivationBlock<T>,
    a: Option<ActivationBlock<T>>,
    /// ρ/2 ‖z − W a − b 1ᵀ‖² as of the last z step, where nothing it depends on has changed since.
    penalty: Option<f64>,
    /// True while the a step's violation still holds.
    violation_fresh: bool,
}

/// The training problem as `tiam-core`'s driver sees it.
///
/// Block numbers run W_1, b_1, z_1, a_1, W_2, …, W_L, b_L, z_L; [`BlockProblem::block_name`] spells them out.
pub struct NetworkProblem<'d, T> {
    architecture: Architecture,
    code: Arc<dyn AnyLoss>,
    config: TiamConfig,
    samples: &'d Samples<T>,
    layers: Vec<LayerBlocks<T>>,
    solvers: SolverPlan,
    compute: Compute<T>,
    epsilon: f64,
    /// R(z_L; Y), at the current value and at the candidate.
    loss: f64,
    candidate_loss: f64,
    candidate_penalty: f64,
}

/// The kind of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Weights,
    Bias,
    Preactivations,
    Activations,
}

impl Kind {
    /// True for the blocks that a [`tiam_linalg::Solver`] computes.
    fn is_solved(self) -> bool {
        matches!(self, Self::Weights | Self::Activations)
    }
}

const KINDS: [(Kind, &str); 4] = [
    (Kind::Weights, "W"),
    (Kind::Bias, "b"),
    (Kind::Preactivations, "z"),
    (Kind::Activations, "a"),
];

impl<'d, T: Real> NetworkProblem<'d, T> {
    /// The problem at the network's own forward pass (z_L as [`OutputStart`] says): every z and a feasible, no history.
    ///
    /// # Errors
    /// [`ModelError::Size`] or [`ModelError::Parameter`] when samples and network do not fit, [`ModelError::UnknownLoss`] for a loss of
    /// which a file has kept only the name, [`ModelError::Linalg`] when threads cannot start.
    pub fn new(
        network: Network<T>,
        samples: &'d Samples<T>,
        config: TiamConfig,
    ) -> Result<Self, ModelError> {
        network.check_samples(samples)?;
        let mut compute = Compute::new(config.threads)?;
        let (architecture, parameters) = network.into_parts();
        let inputs = samples.inputs();
        let solvers = SolverPlan::new(&architecture, inputs.n_cols(), &config);
        let layers = start(&architecture, parameters, inputs, &solvers, &mut compute);
        let epsilon = config.band.width(0);
        let mut this = Self {
            code: architecture.loss.code()?,
            architecture,
            config,
            samples,
            layers,
            solvers,
            compute,
            epsilon,
            loss: 0.0,
            candidate_loss: 0.0,
            candidate_penalty: 0.0,
        };
        this.loss = match this.config.output_start {
            OutputStart::Forward => this.forward_sum().loss,
            OutputStart::Targets => this.start_at_targets(),
        };
        Ok(this)
    }

    /// The network with the current weights and biases.
    pub fn network(&self) -> Result<Network<T>, ModelError> {
        let layer = |l: &LayerBlocks<T>| Layer {
            weights: l.weights.weights().clone(),
            bias: l.bias.values().to_vec(),
        };
        let layers = self.layers.iter().map(layer).collect();
        Network::from_layers(self.architecture.clone(), layers)
    }

    /// How each W and a step is computed, why, and what it has taken so far.
    pub fn solver_choices(&self) -> Vec<SolverChoice> {
        self.solvers.choices()
    }

    /// z_L ← ±1 by class, or the values; returns R(z_L; Y).
    fn start_at_targets(&mut self) -> f64 {
        let z = match self.samples.target() {
            Target::Classes { labels, n_classes } => {
                let sign = |i: usize, j: usize| i == labels[j] as usize;
                Matrix::from_fn(*n_classes, labels.len(), |i, j| {
                    if sign(i, j) { T::one() } else { -T::one() }
                })
            }
            Target::Values(values) => values.clone(),
        };
        let LossTarget { loss, targets } = self.samples.target().as_loss_target(&*self.code);
        let loss = loss.value(z.as_slice(), targets).loss;
        if let Some(last) = self.layers.last_mut() {
            last.z = PreactivationBlock::new(z);
            last.penalty = None;
        }
        loss
    }

    /// Every block with its history, and what has been computed from them.
    pub(crate) fn visit_state(&mut self, visitor: &mut dyn StateVisitor<T>) {
        for l in 0..self.layers.len() {
            let (before, rest) = self.layers.split_at_mut(l);
            let inputs = inputs_of(before, self.samples.inputs());
            let (layer, n) = (&mut rest[0], l + 1);
            let (weights, compute) = (&mut layer.weights, &mut self.compute);
            weights.visit_state(&format!("W_{n}"), inputs, visitor, compute);
            self.solvers.restore_weights(l, weights.solver_asked());
            layer.bias.visit_state(&format!("b_{n}"), visitor);
            layer.z.visit_state(&format!("z_{n}"), visitor);
            if let Some(a) = &mut layer.a {
                a.visit_state(&format!("a_{n}"), visitor);
            }
            visitor.optional(&format!("penalty_{n}"), &mut layer.penalty);
            let fresh = &mut layer.violation_fresh;
            visitor.flag(&format!("violation_{n}.fresh"), fresh);
        }
        visitor.number("loss", &mut self.loss);
    }

    fn locate(block: usize) -> (usize, Kind) {
        (block / KINDS.len(), KINDS[block % KINDS.len()].0)
    }

    fn forward_sum(&mut self) -> LossSum {
        let from = ForwardFrom::FirstProduct(self.layers[0].weights.product());
        let target = self.samples.target().as_loss_target(&*self.code);
        let h = self.architecture.activation;
        forward_loss(&Current(&self.layers), h, from, target, &mut self.compute)
    }

    fn propose_weights(&mut self, l: usize, inertia: Inertia) -> StepReport {
        let (before, rest) = self.layers.split_at_mut(l);
        let LayerBlocks {
            weights, bias, z, ..
        } = &mut rest[0];
        let problem = WeightProblem {
            inputs: inputs_of(before, self.samples.inputs()),
            bias: bias.values(),
            target: z.values(),
            rho: self.config.rho,
            ridge: self.config.ridge,
            l1: self.config.l1,
        };
        weights.propose(&problem, inertia, &mut self.compute)
    }

    fn propose_bias(&mut self, l: usize, inertia: Inertia) -> StepReport {
        let LayerBlocks {
            weights, bias, z, ..
        } = &mut self.layers[l];
        bias.propose(
            weights.product(),
            z.values(),
            self.config.rho,
            inertia,
            &mut self.compute,
        )
    }

    fn propose_preactivations(&mut self, l: usize, inertia: Inertia) -> StepReport {
        let LayerBlocks {
            weights,
            bias,
            z,
            a,
            ..
        } = &mut self.layers[l];
        let rho = self.config.rho;
        let prediction = Prediction {
            product: weights.product(),
            bias: bias.values(),
            rho,
        };
        let compute = &mut self.compute;
        let report = if let Some(a) = a {
            let h = self.architecture.activation;
            z.propose_hidden(prediction, a.values(), h, self.epsilon, inertia, compute)
        } else {
            let target = self.samples.target().as_loss_target(&*self.code);
            let (report, loss) = z.propose_last(prediction, target, inertia, compute);
            self.candidate_loss = loss;
            report
        };
        let loss = if a.is_some() {
            0.0
        } else {
            self.candidate_loss
        };
        self.candidate_penalty = report.after() - loss;
        report
    }

    fn propose_activations(&mut self, l: usize, inertia: Inertia) -> StepReport {
        let (before, after) = self.layers.split_at_mut(l + 1);
        let (LayerBlocks { z, a, .. }, next) = (&mut before[l], &after[0]);
        let Some(a) = a else {
            return StepReport::unchanged();
        };
        let next = NextLayer {
            weights: &next.weights,
            bias: next.bias.values(),
            target: next.z.values(),
            rho: self.config.rho,
        };
        let band = BandView {
            center: z.values(),
            activation: self.architecture.activation,
            epsilon: self.epsilon,
        };
        a.propose(next, band, inertia, &mut self.compute)
    }

    /// Moves activations that the shrinking band has left behind, and refreshes what depends on them.
    fn repair_band(&mut self) {
        let activation = self.architecture.activation;
        for l in 0..self.layers.len().saturating_sub(1) {
            let (before, after) = self.layers.split_at_mut(l + 1);
            let (LayerBlocks { z, a: Some(a), .. }, next) = (&mut before[l], &mut after[0]) else {
                continue;
            };
            let band = BandView {
                center: z.values(),
                activation,
                epsilon: self.epsilon,
            };
            let touched = a.repair(band, &mut next.weights, &mut self.compute);
            if touched {
                next.penalty = None;
                before[l].violation_fresh = false;
            }
        }
    }
}

/// The current network, as the forward pass sees it.
struct Current<'a, T>(&'a [LayerBlocks<T>]);

impl<T: Real> AffineLayers<T> for Current<'_, T> {
    fn n_layers(&self) -> usize {
        self.0.len()
    }

    fn layer(&self, l: usize) -> AffineLayer<'_, T> {
        AffineLayer {
            weights: self.0[l].weights.weights(),
            bias: self.0[l].bias.values(),
        }
    }

    fn first_bias(&self) -> &[T] {
        self.0[0].bias.values()
    }
}

/// a_{l−1}: the activations of the layer before, or the inputs.
fn inputs_of<'a, T: Real>(before: &'a [LayerBlocks<T>], inputs: &'a Matrix<T>) -> &'a Matrix<T> {
    match before.last() {
        Some(LayerBlocks { a: Some(a), .. }) => a.values(),
        _ => inputs,
    }
}

/// Every block at the network's forward pass.
fn start<T: Real>(
    architecture: &Architecture,
    parameters: Vec<Layer<T>>,
    inputs: &Matrix<T>,
    solvers: &SolverPlan,
    compute: &mut Compute<T>,
) -> Vec<LayerBlocks<T>> {
    let n_samples = inputs.n_cols();
    let mut layers: Vec<LayerBlocks<T>> = Vec::with_capacity(parameters.len());
    for (l, Layer { weights, bias }) in parameters.into_iter().enumerate() {
        let n = weights.n_rows();
        let mut weights = WeightBlock::new(weights, n_samples, solvers.weights(l));
        weights.refresh_product(inputs_of(&layers, inputs), compute);
        let mut z = Matrix::zeros(n, n_samples);
        biased(&mut z, weights.product(), &bias);
        let a = architecture.sizes.get(l + 2).map(|&n_next| {
            let mut a = Matrix::zeros(n, n_samples);
            activate(&mut a, &z, architecture.activation);
            ActivationBlock::new(a, n_next, solvers.activations(l))
        });
        layers.push(LayerBlocks {
            weights,
            bias: BiasBlock::new(bias),
            z: PreactivationBlock::new(z),
            a,
            penalty: Some(0.0),
            violation_fresh: true,
        });
    }
    layers
}

impl<T: Real> BlockProblem for NetworkProblem<'_, T> {
    type Measures = NetworkMeasures;

    fn n_blocks(&self) -> usize {
        KINDS.len() * self.layers.len() - 1
    }

    fn block_name(&self, block: usize) -> String {
        let (l, _) = Self::locate(block);
        format!("{}_{}", KINDS[block % KINDS.len()].1, l + 1)
    }

    fn begin_iteration(&mut self, iteration: usize) {
        self.epsilon = self.config.band.width(iteration);
        self.repair_band();
    }

    fn propose(&mut self, block: usize, inertia: Inertia) -> BlockChange {
        let (l, kind) = Self::locate(block);
        let clock = kind.is_solved().then(Instant::now);
        let report = match kind {
            Kind::Weights => self.propose_weights(l, inertia),
            Kind::Bias => self.propose_bias(l, inertia),
            Kind::Preactivations => self.propose_preactivations(l, inertia),
            Kind::Activations => self.propose_activations(l, inertia),
        };
        if let Some(clock) = clock {
            self.solvers.spend(l, kind == Kind::Weights, clock, false);
        }
        BlockChange::new(report.before, report.increase).with_rounding(report.noise)
    }

    fn accept(&mut self, block: usize) {
        let (l, kind) = Self::locate(block);
        let clock = kind.is_solved().then(Instant::now);
        let (before, after) = self.layers.split_at_mut(l + 1);
        let (before, layer) = before.split_at_mut(l);
        let layer = &mut layer[0];
        match kind {
            Kind::Weights => {
                let inputs = inputs_of(before, self.samples.inputs());
                layer.weights.accept(inputs, &mut self.compute);
                layer.penalty = None;
            }
            Kind::Bias => {
                layer.bias.accept();
                layer.penalty = None;
            }
            Kind::Preactivations => {
                layer.z.accept();
                layer.penalty = Some(self.candidate_penalty);
                layer.violation_fresh = false;
                if layer.a.is_none() {
                    self.loss = self.candidate_loss;
                }
            }
            Kind::Activations => {
                if let (Some(a), Some(next)) = (&mut layer.a, after.first_mut()) {
                    a.accept(&mut next.weights);
                    next.penalty = None;
                    layer.violation_fresh = true;
                }
            }
        }
        if let Some(clock) = clock {
            self.solvers.spend(l, kind == Kind::Weights, clock, true);
        }
    }

    fn objective(&mut self) -> f64 {
        let (rho, ridge, l1) = (self.config.rho, self.config.ridge, self.config.l1);
        let mut objective = self.loss;
        for LayerBlocks {
            weights,
            bias,
            z,
            penalty: cached,
            ..
        } in &mut self.layers
        {
            let prediction = Prediction {
                product: weights.product(),
                bias: bias.values(),
                rho,
            };
            let compute = &mut self.compute;
            let value = *cached.get_or_insert_with(|| penalty(z.values(), prediction, compute));
            objective += value + weights.penalty(ridge, l1);
        }
        objective
    }

    fn violation(&mut self) -> f64 {
        let mut worst = 0.0f64;
        for LayerBlocks {
            z,
            a,
            violation_fresh,
            ..
        } in &self.layers
        {
            let Some(a) = a else { continue };
            let of_layer = if *violation_fresh {
                a.violation()
            } else {
                let h = self.architecture.activation;
                band_violation(a.values(), z.values(), h, &mut self.compute)
            };
            // `max` would drop a NaN.
            worst = if of_layer > worst || of_layer.is_nan() {
                of_layer
            } else {
                worst
            };
        }
        worst
    }

    fn measures(&mut self) -> NetworkMeasures {
        let found = PartMeasures::of(self.forward_sum(), self.samples);
        NetworkMeasures {
            epsilon: self.epsilon,
            ..NetworkMeasures::of_training(found.loss, found.accuracy)
        }
    }

    fn non_finite(&self, measures: &NetworkMeasures) -> Option<(&'static str, f64)> {
        measures.non_finite()
    }
}
