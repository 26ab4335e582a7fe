//! Gradient methods: full-batch or mini-batch back-propagation with one of the usual update rules.

mod params;
mod rules;
mod samt;

pub use params::{GradientConfig, GradientParams};
pub use rules::GradientRule;
pub use samt::StepSizes;

use std::ops::Range;
use std::sync::Arc;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use tiam_core::{BlockChange, BlockProblem, Inertia};
use tiam_linalg::{
    AnyLoss, Compute, ForwardFrom, Gradients, LossSum, Real, Reduction, StateVisitor, forward_loss,
    loss_gradient, reduce,
};
use tiam_models::{ModelError, Network, NetworkMeasures, Samples, Target, TrainingProblem};

use self::rules::{Memory, Slope};

/// Gradient training as a block problem: one block, `parameters`, whose step is an epoch.
///
/// An epoch visits every sample once, in batches of B in an order that the seed and the epoch's number fix (the last batch may
/// be smaller); a batch 𝓑 is one step of the rule along the gradient of
/// f(W, b) = 1/|𝓑| Σ_{i ∈ 𝓑} R_i + μ/2N Σ_l ‖W_l‖²; for SAMT, one of each layer in turn.
/// The objective is F = Σ_i R_i + μ/2 Σ_l ‖W_l‖² over all N samples: N times f's mean, and TIAM's without its penalty.
///
/// Inertia is ignored. The driver's guard belongs off: these methods may raise F, and an epoch done again is the same
/// epoch. An epoch works on a copy of the parameters and of what the rule remembers, so one that is not accepted leaves no trace.
///
/// ```
/// use tiam_bench::methods::{GradientParams, GradientProblem};
/// use tiam_core::{Driver, DriverParams, Guard, Stopping};
/// use tiam_linalg::Matrix;
/// use tiam_models::{Activation, Architecture, Init, Network, Samples, Target};
/// let x = Matrix::from_fn(1, 20, |_, j| if j < 10 { -1.0 } else { 1.0 });
/// let labels = (0..20).map(|j| u32::from(j >= 10)).collect();
/// let samples = Samples::new(x, Target::Classes { labels, n_classes: 2 })?;
/// let shape = Architecture::new(1, &[4], 2, Activation::Relu, samples.target().loss())?;
/// let network = Network::<f64>::new(shape, Init::He, 1)?;
/// let config = GradientParams::default().learning_rate(0.05).batch_size(5).check()?;
/// let stopping = Stopping::default().max_iterations(20);
/// let driver = DriverParams::default().guard(Guard::Off).stopping(stopping).check()?;
/// let problem = GradientProblem::new(network, &samples, config)?;
/// let outcome = Driver::new(driver).run(problem).map_err(|failure| failure.error)?;
/// assert_eq!(outcome.trace.last().and_then(|row| row.measures.train_accuracy), Some(1.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct GradientProblem<'d, T> {
    samples: &'d Samples<T>,
    loss: Arc<dyn AnyLoss>,
    config: GradientParams,
    /// B, where it is less than N.
    batch_size: Option<usize>,
    current: Iterate<T>,
    candidate: Iterate<T>,
    gradients: Gradients<T>,
    /// True while `gradients` is that of all samples at the current parameters.
    gradients_fresh: bool,
    /// The epoch's order of the samples.
    order: Vec<usize>,
    compute: Compute<T>,
    reduction: Option<Arc<dyn Reduction>>,
}

/// Parameters, the state of the rule, and loss and gradients over all samples.
struct Iterate<T> {
    network: Network<T>,
    memory: Memory<T>,
    epochs: usize,
    sum: LossSum,
}

impl<T: Real> Iterate<T> {
    fn copy_from(&mut self, other: &Self) {
        let from = other.network.layers().iter();
        for ((weights, bias), layer) in self.network.parameters_mut().zip(from) {
            weights.copy_from_slice(layer.weights.as_slice());
            bias.copy_from_slice(&layer.bias);
        }
        self.memory.copy_from(&other.memory);
        (self.epochs, self.sum) = (other.epochs, other.sum);
    }

    /// One step of these layers along the mean of `gradients` over `n_batch` samples, plus the ridge's, after `done` samples of the epoch.
    #[allow(clippy::cast_precision_loss, reason = "numbers of samples")]
    fn step(
        &mut self,
        gradients: &Gradients<T>,
        block: Range<usize>,
        config: &GradientParams,
        (n_batch, done, n_samples): (usize, usize, usize),
    ) {
        let scale = T::from_f64(1.0 / n_batch as f64);
        let ridge = T::from_f64(config.ridge / n_samples as f64);
        let epochs = self.epochs as f64 + done as f64 / n_samples as f64;
        let (rule, rate) = (config.rule, config.rate_after(epochs));
        if let GradientRule::Samt { sizes, meta_rate } = rule {
            let step = samt::Step {
                sizes,
                meta_rate,
                rate,
                sums: gradients,
                scale,
                ridge,
            };
            return step.step(&mut self.network, block.start, &mut self.memory);
        }
        let mut memory = self.memory.begin_step();
        let layers = gradients.layers().iter();
        for ((weights, bias), layer) in self.network.parameters_mut().zip(layers) {
            let slope = |sum, decay| Slope { sum, scale, decay };
            let of_weights = slope(layer.weights.as_slice(), ridge);
            rule.step(weights, of_weights, rate, &mut memory);
            rule.step(bias, slope(&layer.bias, T::zero()), rate, &mut memory);
        }
    }

    fn visit_state(&mut self, visitor: &mut dyn StateVisitor<T>) {
        self.network.visit_state("network", visitor);
        self.memory.visit_state(visitor);
        visitor.count("epochs", &mut self.epochs);
        visitor.number("loss", &mut self.sum.loss);
        visitor.count("correct", &mut self.sum.correct);
    }

    fn all_finite(&self) -> bool {
        let layers = self.network.layers().iter();
        layers.fold(true, |ok, layer| {
            ok && reduce::all_finite(layer.weights.as_slice()) && reduce::all_finite(&layer.bias)
        })
    }

    /// F.
    fn objective(&self, ridge: f64) -> f64 {
        // 0 · ‖W‖² would be NaN where the square overflows.
        if ridge <= 0.0 {
            return self.sum.loss;
        }
        let layers = self.network.layers().iter();
        let norm_sq: f64 = layers.map(|layer| layer.weights.norm_sq()).sum();
        self.sum.loss + 0.5 * ridge * norm_sq
    }
}

impl<'d, T: Real> GradientProblem<'d, T> {
    /// The problem at the network's parameters, no epoch done.
    ///
    /// # Errors
    /// [`ModelError::Size`] or [`ModelError::Parameter`] when samples and network do not fit, [`ModelError::Linalg`]
    /// when threads cannot start.
    pub fn new(
        network: Network<T>,
        samples: &'d Samples<T>,
        config: GradientConfig,
    ) -> Result<Self, ModelError> {
        let GradientConfig(config) = config;
        let mut compute = Compute::new(config.threads)?;
        // Checks that the samples fit.
        network.evaluate(samples, &mut compute)?;
        let gradients = Gradients::zeros(&network);
        let loss = network.architecture().loss.code()?;
        let iterate = |network| Iterate {
            memory: Memory::new(config.rule, &network),
            network,
            epochs: 0,
            sum: LossSum::default(),
        };
        let mut this = Self {
            samples,
            loss,
            config,
            batch_size: config.batch_size.filter(|&b| b < samples.n_samples()),
            current: iterate(network.clone()),
            candidate: iterate(network),
            gradients,
            gradients_fresh: false,
            order: Vec::new(),
            compute,
            reduction: None,
        };
        this.evaluate_candidate();
        this.current.sum = this.candidate.sum;
        this.gradients_fresh = this.batch_size.is_none();
        Ok(this)
    }

    /// The same in one of several processes that share out the samples, with the bits of one; `None` for a process alone.
    #[must_use]
    pub fn with_reduction(self, reduction: Option<Arc<dyn Reduction>>) -> Self {
        Self {
            compute: self.compute.with_reduction(reduction.clone()),
            reduction,
            ..self
        }
    }

    /// The loss over all samples at the candidate; for full batches together with its gradient, which is the next epoch's.
    fn evaluate_candidate(&mut self) {
        let (samples, network) = (self.samples, &self.candidate.network);
        let inputs = samples.inputs();
        let target = samples.target().as_loss_target(&*self.loss);
        let compute = &mut self.compute;
        let activation = network.architecture().activation;
        self.gradients_fresh = false;
        self.candidate.sum = if self.batch_size.is_none() {
            let out = &mut self.gradients;
            loss_gradient(out, network, activation, inputs, target, None, compute)
        } else {
            let from = ForwardFrom::Inputs(inputs);
            forward_loss(network, activation, from, target, compute)
        };
    }

    /// One step, of all blocks in turn, along the gradient of all samples, which a candidate that was not accepted may have overwritten.
    fn full_batch_epoch(&mut self) {
        let n = self.samples.n_samples();
        for block in self.blocks() {
            if !self.gradients_fresh {
                self.evaluate_candidate();
            }
            self.candidate
                .step(&self.gradients, block, &self.config, (n, 0, n));
            self.gradients_fresh = false;
        }
    }

    /// The layers that take a step together, in their order.
    fn blocks(&self) -> impl Iterator<Item = Range<usize>> + Clone + use<T> {
        let n_layers = self.candidate.network.layers().len();
        self.config.rule.blocks(n_layers)
    }

    /// A step for each batch of the epoch's order.
    fn mini_batch_epoch(&mut self, batch_size: usize) {
        let n = self.samples.n_samples();
        let mut random = ChaCha8Rng::seed_from_u64(self.config.seed);
        random.set_stream(self.candidate.epochs as u64);
        self.order.clear();
        self.order.extend(0..n);
        self.order.shuffle(&mut random);
        let blocks = self.blocks();
        let (inputs, target) = (self.samples.inputs(), self.samples.target());
        let target = target.as_loss_target(&*self.loss);
        let (iterate, order, config) = (&mut self.candidate, &self.order, &self.config);
        let (gradients, activation) = (
            &mut self.gradients,
            iterate.network.architecture().activation,
        );
        // Inside the pool for the epoch, so that a step need not wake the workers.
        self.compute.install(|compute| {
            for (at, batch) in order.chunks(batch_size).enumerate() {
                for block in blocks.clone() {
                    let (out, network) = (&mut *gradients, &iterate.network);
                    let batch_of = Some(batch);
                    loss_gradient(out, network, activation, inputs, target, batch_of, compute);
                    let counts = (batch.len(), at * batch_size, n);
                    iterate.step(gradients, block, config, counts);
                }
            }
        });
    }
}

impl<T: Real> BlockProblem for GradientProblem<'_, T> {
    type Measures = NetworkMeasures;

    fn n_blocks(&self) -> usize {
        1
    }

    fn block_name(&self, _block: usize) -> String {
        "parameters".into()
    }

    fn propose(&mut self, _block: usize, _inertia: Inertia) -> BlockChange {
        let before = self.current.objective(self.config.ridge);
        self.candidate.copy_from(&self.current);
        match self.batch_size {
            None => self.full_batch_epoch(),
            Some(batch_size) => self.mini_batch_epoch(batch_size),
        }
        self.candidate.epochs += 1;
        // A loss alone would not tell: a ReLU maps NaN to 0.
        if !self.candidate.all_finite() {
            return BlockChange::new(before, f64::NAN);
        }
        self.evaluate_candidate();
        BlockChange::between(before, self.candidate.objective(self.config.ridge))
    }

    fn accept(&mut self, _block: usize) {
        std::mem::swap(&mut self.current, &mut self.candidate);
        self.gradients_fresh = self.batch_size.is_none();
    }

    fn objective(&mut self) -> f64 {
        self.current.objective(self.config.ridge)
    }

    #[allow(clippy::cast_precision_loss, reason = "numbers of samples")]
    fn measures(&mut self) -> NetworkMeasures {
        let (n, sum) = (self.samples.n_samples() as f64, self.current.sum);
        let classes = matches!(self.samples.target(), Target::Classes { .. });
        NetworkMeasures::of_training(sum.loss / n, classes.then(|| sum.correct as f64 / n))
    }

    fn non_finite(&self, measures: &NetworkMeasures) -> Option<(&'static str, f64)> {
        measures.non_finite()
    }
}

impl<T: Real> TrainingProblem<T> for GradientProblem<'_, T> {
    fn network(&self) -> Result<Network<T>, ModelError> {
        Ok(self.current.network.clone())
    }

    fn visit_state(&mut self, visitor: &mut dyn StateVisitor<T>) {
        self.current.visit_state(visitor);
        self.gradients_fresh = false;
    }

    fn reduction(&self) -> Option<Arc<dyn Reduction>> {
        self.reduction.clone()
    }
}
