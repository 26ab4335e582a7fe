//! The problem of full-batch training in blocks: W_l, b_l, z_l, a_l for l = 1, …, L.

use std::sync::Arc;
use std::time::Instant;

use tiam_core::{BlockChange, BlockProblem, Inertia};
use tiam_linalg::{
    Activation, ActivationBand, ActivationBlock, AffineLayer, AffineLayers, AnyLoss, BiasBlock,
    Compute, ForwardFrom, LastObjective, LossSum, LossTarget, Matrix, NextLayer,
    PreactivationBlock, Prediction, Real, Reduction, StateVisitor, StepReport, WeightBlock,
    WeightProblem, activate, band_violation, biased, forward_loss, penalty,
};

use crate::data::{Samples, Target};
use crate::error::Result;
use crate::measures::NetworkMeasures;
use crate::network::{Architecture, Evaluation, Layer, Network};
use crate::params::{OutputStart, TiamConfig};
use crate::solvers::{SolverChoice, SolverPlan};
use crate::trainer::TrainingProblem;

/// The blocks that every layer has.
struct LayerBlocks<T> {
    weights: WeightBlock<T>,
    bias: BiasBlock<T>,
    z: PreactivationBlock<T>,
    /// ρ/2 ‖z − W a − b 1ᵀ‖² as of the last z step, where nothing it depends on has changed since.
    penalty: Option<f64>,
}

impl<T: Real> LayerBlocks<T> {
    /// W a and b, to which the layer's z step is drawn.
    fn prediction(&self, rho: f64) -> Prediction<'_, T> {
        Prediction {
            product: self.weights.product(),
            bias: self.bias.values(),
            rho,
        }
    }

    /// The band around h(z), in which the layer's activations are.
    fn band(&self, activation: Activation, epsilon: f64) -> ActivationBand<'_, T> {
        ActivationBand {
            center: self.z.values(),
            activation,
            epsilon,
        }
    }
}

/// The activations of a hidden layer.
struct HiddenBlock<T> {
    a: ActivationBlock<T>,
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
    /// Layers 1 to L.
    layers: Vec<LayerBlocks<T>>,
    /// Layers 1 to L − 1.
    hidden: Vec<HiddenBlock<T>>,
    solvers: SolverPlan,
    compute: Compute<T>,
    epsilon: f64,
    /// R(z_L; Y).
    loss: f64,
    /// The objective of a z step's candidate; R is 0 where the layer is hidden.
    candidate: LastObjective,
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
    /// [`ModelError::Size`](crate::ModelError::Size) or [`ModelError::Parameter`](crate::ModelError::Parameter) when samples and network do not fit, [`ModelError::UnknownLoss`](crate::ModelError::UnknownLoss) for a loss of
    /// which a file has kept only the name, [`ModelError::Linalg`](crate::ModelError::Linalg) when threads cannot start.
    pub fn new(network: Network<T>, samples: &'d Samples<T>, config: TiamConfig) -> Result<Self> {
        network.check_samples(samples)?;
        let compute = Compute::new(config.threads)?;
        let mut compute = compute.with_reduction(config.reduction.clone());
        let (architecture, parameters) = network.into_parts();
        let inputs = samples.inputs();
        let solvers = SolverPlan::new(&architecture, inputs.n_cols(), &config);
        if config.reduction.is_some() {
            solvers.check_shared(&architecture, inputs.n_cols())?;
        }
        let (layers, hidden) = start(&architecture, parameters, inputs, &solvers, &mut compute);
        let epsilon = config.width(0);
        let mut this = Self {
            code: architecture.loss.code()?,
            architecture,
            config,
            samples,
            layers,
            hidden,
            solvers,
            compute,
            epsilon,
            loss: 0.0,
            candidate: LastObjective::default(),
        };
        this.loss = match this.config.output_start {
            OutputStart::Forward => this.forward_sum().loss,
            OutputStart::Targets => this.start_at_targets(),
        };
        Ok(this)
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
        let layer = &mut self.layers[l];
        let problem = WeightProblem {
            inputs: inputs_of(&self.hidden, l, self.samples),
            bias: layer.bias.values(),
            target: layer.z.values(),
            rho: self.config.rho,
            ridge: self.config.ridge,
            l1: self.config.l1,
        };
        layer.weights.propose(&problem, inertia, &mut self.compute)
    }

    fn propose_bias(&mut self, l: usize, inertia: Inertia) -> StepReport {
        let LayerBlocks {
            weights, bias, z, ..
        } = &mut self.layers[l];
        let (product, rho) = (weights.product(), self.config.rho);
        bias.propose(product, z.values(), rho, inertia, &mut self.compute)
    }

    fn propose_preactivations(&mut self, l: usize, inertia: Inertia) -> StepReport {
        let LayerBlocks {
            weights, bias, z, ..
        } = &mut self.layers[l];
        let prediction = Prediction {
            product: weights.product(),
            bias: bias.values(),
            rho: self.config.rho,
        };
        let compute = &mut self.compute;
        if let Some(HiddenBlock { a, .. }) = self.hidden.get(l) {
            let (h, epsilon) = (self.architecture.activation, self.epsilon);
            let report = z.propose_hidden(prediction, a.values(), h, epsilon, inertia, compute);
            self.candidate = LastObjective {
                loss: 0.0,
                penalty: report.change.after(),
            };
            report
        } else {
            let target = self.samples.target().as_loss_target(&*self.code);
            let (report, candidate) = z.propose_last(prediction, target, inertia, compute);
            self.candidate = candidate;
            report
        }
    }

    fn propose_activations(&mut self, l: usize, inertia: Inertia) -> StepReport {
        let next = &self.layers[l + 1];
        let next = NextLayer {
            weights: &next.weights,
            bias: next.bias.values(),
            target: next.z.values(),
            rho: self.config.rho,
        };
        let band = self.layers[l].band(self.architecture.activation, self.epsilon);
        let a = &mut self.hidden[l].a;
        a.propose(next, band, inertia, &mut self.compute)
    }

    /// Moves activations that the shrinking band has left behind, and refreshes what depends on them.
    fn repair_band(&mut self) {
        for (l, hidden) in self.hidden.iter_mut().enumerate() {
            let (before, after) = self.layers.split_at_mut(l + 1);
            let band = before[l].band(self.architecture.activation, self.epsilon);
            let next = &mut after[0];
            if hidden.a.repair(band, &mut next.weights, &mut self.compute) {
                next.penalty = None;
                hidden.violation_fresh = false;
            }
        }
    }
}

impl<T: Real> TrainingProblem<T> for NetworkProblem<'_, T> {
    fn network(&self) -> Result<Network<T>> {
        let layer = |l: &LayerBlocks<T>| Layer {
            weights: l.weights.weights().clone(),
            bias: l.bias.values().to_vec(),
        };
        let layers = self.layers.iter().map(layer).collect();
        Network::from_layers(self.architecture.clone(), layers)
    }

    fn visit_state(&mut self, visitor: &mut dyn StateVisitor<T>) {
        for (l, layer) in self.layers.iter_mut().enumerate() {
            let inputs = inputs_of(&self.hidden, l, self.samples);
            let (weights, n) = (&mut layer.weights, l + 1);
            weights.visit_state(&format!("W_{n}"), inputs, visitor, &mut self.compute);
            self.solvers.restore_weights(l, weights.solver_asked());
            layer.bias.visit_state(&format!("b_{n}"), visitor);
            layer.z.visit_state(&format!("z_{n}"), visitor);
            // Files have a flag for the last layer too, where it means nothing.
            let mut unused = false;
            let fresh = match self.hidden.get_mut(l) {
                Some(HiddenBlock { a, violation_fresh }) => {
                    a.visit_state(&format!("a_{n}"), visitor);
                    violation_fresh
                }
                None => &mut unused,
            };
            visitor.optional(&format!("penalty_{n}"), &mut layer.penalty);
            visitor.flag(&format!("violation_{n}.fresh"), fresh);
        }
        visitor.number("loss", &mut self.loss);
    }

    fn reduction(&self) -> Option<Arc<dyn Reduction>> {
        self.config.reduction.clone()
    }

    fn gather_state(&mut self) {
        for layer in &mut self.layers {
            layer.weights.gather(&self.compute);
            layer.z.gather(&self.compute);
        }
        for hidden in &mut self.hidden {
            hidden.a.gather(&self.compute);
        }
    }

    fn solver_choices(&self) -> Vec<SolverChoice> {
        self.solvers.choices()
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

/// The inputs of layer l + 1, l from 0: the activations of the layer before, or the samples.
fn inputs_of<'a, T: Real>(
    hidden: &'a [HiddenBlock<T>],
    l: usize,
    samples: &'a Samples<T>,
) -> &'a Matrix<T> {
    match l.checked_sub(1) {
        Some(before) => hidden[before].a.values(),
        None => samples.inputs(),
    }
}

/// Every block at the network's forward pass.
fn start<T: Real>(
    architecture: &Architecture,
    parameters: Vec<Layer<T>>,
    inputs: &Matrix<T>,
    solvers: &SolverPlan,
    compute: &mut Compute<T>,
) -> (Vec<LayerBlocks<T>>, Vec<HiddenBlock<T>>) {
    let n_samples = inputs.n_cols();
    let (mut layers, mut hidden) = (Vec::new(), Vec::<HiddenBlock<T>>::new());
    for (l, Layer { weights, bias }) in parameters.into_iter().enumerate() {
        let n = weights.n_rows();
        let mut weights = WeightBlock::new(weights, n_samples, solvers.weights(l));
        let before = hidden.last().map_or(inputs, |hidden| hidden.a.values());
        weights.refresh_product(before, compute);
        let mut z = Matrix::zeros(n, n_samples);
        biased(&mut z, weights.product(), &bias);
        if let Some(&n_next) = architecture.sizes.get(l + 2) {
            let mut a = Matrix::zeros(n, n_samples);
            activate(&mut a, &z, architecture.activation);
            hidden.push(HiddenBlock {
                a: ActivationBlock::new(a, n_next, solvers.activations(l)),
                violation_fresh: true,
            });
        }
        layers.push(LayerBlocks {
            weights,
            bias: BiasBlock::new(bias),
            z: PreactivationBlock::new(z),
            penalty: Some(0.0),
        });
    }
    (layers, hidden)
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
        self.epsilon = self.config.width(iteration);
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
        report.change
    }

    fn accept(&mut self, block: usize) {
        let (l, kind) = Self::locate(block);
        let clock = kind.is_solved().then(Instant::now);
        let layer = &mut self.layers[l];
        match kind {
            Kind::Weights => {
                let inputs = inputs_of(&self.hidden, l, self.samples);
                layer.weights.accept(inputs, &mut self.compute);
                layer.penalty = None;
            }
            Kind::Bias => {
                layer.bias.accept();
                layer.penalty = None;
            }
            Kind::Preactivations => {
                layer.z.accept();
                layer.penalty = Some(self.candidate.penalty);
                match self.hidden.get_mut(l) {
                    Some(hidden) => hidden.violation_fresh = false,
                    None => self.loss = self.candidate.loss,
                }
            }
            Kind::Activations => {
                let (hidden, next) = (&mut self.hidden[l], &mut self.layers[l + 1]);
                hidden.a.accept(&mut next.weights);
                next.penalty = None;
                hidden.violation_fresh = true;
            }
        }
        if let Some(clock) = clock {
            self.solvers.spend(l, kind == Kind::Weights, clock, true);
        }
    }

    fn objective(&mut self) -> f64 {
        let (rho, ridge, l1) = (self.config.rho, self.config.ridge, self.config.l1);
        let mut objective = self.loss;
        for layer in &mut self.layers {
            let kept = layer.penalty.unwrap_or_else(|| {
                let prediction = layer.prediction(rho);
                penalty(layer.z.values(), prediction, &mut self.compute)
            });
            layer.penalty = Some(kept);
            objective += kept + layer.weights.penalty(ridge, l1);
        }
        objective
    }

    fn violation(&mut self) -> f64 {
        let mut worst = 0.0f64;
        for (HiddenBlock { a, violation_fresh }, layer) in self.hidden.iter().zip(&self.layers) {
            let of_layer = if *violation_fresh {
                a.violation()
            } else {
                let h = self.architecture.activation;
                band_violation(a.values(), layer.z.values(), h, &mut self.compute)
            };
            // `max` would drop a NaN.
            if of_layer > worst || of_layer.is_nan() {
                worst = of_layer;
            }
        }
        worst
    }

    fn measures(&mut self) -> NetworkMeasures {
        let found = Evaluation::of(
            self.forward_sum(),
            self.samples.target(),
            self.samples.n_samples(),
        );
        NetworkMeasures {
            epsilon: self.epsilon,
            ..NetworkMeasures::of_training(found.loss, found.accuracy)
        }
    }

    fn non_finite(&self, measures: &NetworkMeasures) -> Option<(&'static str, f64)> {
        measures.non_finite()
    }
}
