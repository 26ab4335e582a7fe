//! Deep-learning ADMM (dlADMM).

mod line;
mod params;
mod steps;

pub use params::{DladmmConfig, DladmmParams, Search};

use std::sync::Arc;

use tiam_core::{BlockChange, BlockProblem, Inertia, Order};
use tiam_linalg::{
    AnyLoss, BiasBlock, Compute, Matrix, Monotone, PreactivationBlock, Real, StateVisitor,
    band_violation, product, sum_entries, with_activation,
};
use tiam_models::{ModelError, Network, NetworkMeasures, Samples, TrainingProblem};

use super::entry::inlined;
use super::splitting::{
    Forward, copy, forward_variables, max_or_nan, measures, parameters, visit_matrices,
};
use line::StepSize;

/// dlADMM of J. Wang, F. Yu, X. Chen, L. Zhao, "ADMM for Efficient Deep Learning with Global Convergence", KDD 2019 (arXiv:1905.13611), full batch.
///
/// The augmented Lagrangian has one dual u, on the last layer's constraint alone; with m_l = W_l a_{l−1} + b_l 1ᵀ it is
/// L_ρ = R(z_L; Y) + ⟨u, z_L − m_L⟩ + ρ/2 Σ_l ‖z_l − m_l‖² + ρ/2 Σ_{l<L} ‖a_l − h(z_l)‖² + μ/2 Σ_l ‖W_l‖².
/// An iteration sweeps z_L, b_L, W_L, a_{L−1}, z_{L−1}, …, W_1, then W_1, b_1, z_1, a_1, …, W_L, b_L, z_L, then u:
///
/// - W_l and a_l: one gradient step of L_ρ (quadratic in each), of size 1/θ (1/τ) found by doubling θ until
///   ⟨G, H G⟩ ≤ θ ‖G‖², H the curvature; it never raises L_ρ;
/// - b_l: the exact minimiser, a mean;
/// - hidden z_l: the exact minimiser, entry by entry, of ρ/2 (z − m)² + ρ/2 (a − h(z))²; for ReLU the better of min(m, 0) and max((m + a)/2, 0)
///   as published, leaky ReLU and ELU ours;
/// - z_L: the proximal map of R at m_L − u/ρ, to rounding (the published code iterates FISTA);
/// - u ← u + ρ (z_L − m_L): an ascent, which raises L_ρ by ρ ‖z_L − m_L‖².
///
/// Before an iteration, if the training cost (the network's own loss) rose three times running, ρ ← min(10ρ, `rho_limit`) and θ, τ ← 10 times theirs, as the published
/// code does. The ridge μ is ours. A [`BlockChange`] is that of L_ρ's terms that hold the block, so that the increases of
/// an iteration add up to the change of L_ρ. [`BlockProblem::violation`] is the largest |a_l − h(z_l)|.
///
/// Run it with [`Guard::Off`](tiam_core::Guard::Off), zero inertia and the order [`DladmmProblem::order`]; inertia is ignored. `accept` counts only
/// right after `propose` of the same block. Blocks are numbered W_1, b_1, z_1, a_1, W_2, …, W_L, b_L, z_L, u.
///
/// Memory beside the data: three n_l x N matrices a layer and three of the widest.
pub struct DladmmProblem<'d, T> {
    network: Network<T>,
    config: DladmmParams,
    samples: &'d Samples<T>,
    layers: Vec<Layer<T>>,
    z_last: PreactivationBlock<T>,
    /// u, n_L x N.
    dual: Matrix<T>,
    rho: f64,
    code: Arc<dyn AnyLoss>,
    /// R(z_L; Y), at the current value and at the candidate.
    loss: f64,
    candidate_loss: f64,
    costs: Costs,
    compute: Compute<T>,
    scratch: Scratch<T>,
    pending: Option<Pending>,
}

struct Layer<T> {
    bias: BiasBlock<T>,
    /// W_l a_{l−1}.
    product: Matrix<T>,
    /// z_l and a_l; empty for the last layer.
    z: Matrix<T>,
    a: Matrix<T>,
    theta: StepSize,
    tau: StepSize,
}

/// Matrices that every block uses in turn.
#[derive(Default)]
struct Scratch<T> {
    /// Gradient, then candidate, of a; candidate of z and u.
    candidate: Matrix<T>,
    /// The image of the gradient, then the candidate's product.
    product: Matrix<T>,
    /// ρ (m − z) − u, or a shifted product.
    residual: Matrix<T>,
    /// Gradient, then candidate, of W.
    weights: Matrix<T>,
}

/// The block whose candidate is held, and its θ (τ).
#[derive(Clone, Copy)]
struct Pending {
    block: usize,
    theta: f64,
}

/// The training cost of the last iterations.
#[derive(Default)]
struct Costs {
    /// Of the current network; `None` when it has changed since.
    current: Option<NetworkMeasures>,
    last: Option<f64>,
    rises: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Weights,
    Bias,
    Z,
    /// a_l, or u for the last layer.
    A,
}

const KINDS: [(Kind, &str); 4] = [
    (Kind::Weights, "W"),
    (Kind::Bias, "b"),
    (Kind::Z, "z"),
    (Kind::A, "a"),
];
/// Rises of the training cost after which ρ grows, and by how much: the published code's.
const RISES: usize = 3;
const GROWTH: f64 = 10.0;
/// Iterations after which W a is computed anew; in between it follows the steps, which is exact but for rounding. Ours.
const REFRESH: usize = 10;

impl<'d, T: Real> DladmmProblem<'d, T> {
    /// The problem at the network's own forward pass, z_l = m_l, a_l = h(z_l) and u = 0.
    ///
    /// # Errors
    /// [`ModelError::Size`] or [`ModelError::Parameter`] when samples and network do not fit, [`ModelError::Linalg`] when threads cannot start.
    pub fn new(
        network: Network<T>,
        samples: &'d Samples<T>,
        config: DladmmConfig,
    ) -> Result<Self, ModelError> {
        let DladmmConfig(config) = config;
        let mut compute = Compute::new(config.threads)?;
        let start = network.evaluate(samples, &mut compute)?;
        let n_samples = samples.n_samples();
        let variables = forward_variables(&network, samples, &mut compute);
        let parameters = network.layers().iter();
        let layers = variables.into_iter().zip(parameters);
        let layers = layers.map(|(Forward { product, z, a }, parameters)| Layer {
            bias: BiasBlock::new(parameters.bias.clone()),
            product,
            z,
            a,
            theta: StepSize::new(config.theta),
            tau: StepSize::new(config.tau),
        });
        let mut layers: Vec<Layer<T>> = layers.collect();
        // The last layer's z is a block of its own, and it has no a.
        let z_last = layers.last_mut().map_or_else(Matrix::default, |last| {
            last.a = Matrix::default();
            std::mem::take(&mut last.z)
        });
        #[allow(clippy::cast_precision_loss, reason = "a number of samples")]
        let loss = start.loss * n_samples as f64;
        Ok(Self {
            dual: Matrix::zeros(z_last.n_rows(), n_samples),
            z_last: PreactivationBlock::new(z_last),
            code: network.architecture().loss.code()?,
            network,
            config,
            samples,
            layers,
            rho: config.rho,
            loss,
            candidate_loss: loss,
            costs: Costs::default(),
            compute,
            scratch: Scratch::default(),
            pending: None,
        })
    }

    /// The order of an iteration: back from z_L to W_1, forth from W_1 to z_L, then u.
    pub fn order(&self) -> Order {
        Order::custom(|_, blocks| {
            let n_layers = blocks.len() / KINDS.len();
            let number = |l: usize, kind: usize| l * KINDS.len() + kind;
            blocks.clear();
            for l in (0..n_layers).rev() {
                if l + 1 < n_layers {
                    blocks.push(number(l, 3));
                }
                blocks.extend([number(l, 2), number(l, 1), number(l, 0)]);
            }
            blocks.extend(0..number(n_layers, 0));
        })
    }

    /// ρ as it stands: the training cost may have raised it.
    pub fn rho(&self) -> f64 {
        self.rho
    }

    /// z_l, n_l x N, layers counted from 0.
    ///
    /// # Panics
    /// When there is no layer `l`.
    pub fn z(&self, l: usize) -> &Matrix<T> {
        if self.is_last(l) {
            self.z_last.values()
        } else {
            &self.layers[l].z
        }
    }

    /// a_l of a hidden layer, n_l x N, layers counted from 0; 0 x 0 for the last.
    ///
    /// # Panics
    /// When there is no layer `l`.
    pub fn a(&self, l: usize) -> &Matrix<T> {
        &self.layers[l].a
    }

    /// u, n_L x N.
    pub fn dual(&self) -> &Matrix<T> {
        &self.dual
    }

    fn is_last(&self, l: usize) -> bool {
        l + 1 == self.layers.len()
    }

    fn cost(&mut self) -> NetworkMeasures {
        if let Some(current) = self.costs.current {
            return current;
        }
        let current = measures(&self.network, self.samples, &mut self.compute);
        self.costs.current = Some(current);
        current
    }

    fn refresh_products(&mut self) {
        for (l, parameters) in self.network.layers().iter().enumerate() {
            let (before, rest) = self.layers.split_at_mut(l);
            let input = input_of(before, self.samples);
            let out = &mut rest[0].product;
            product(out, &parameters.weights, input, &mut self.compute);
        }
    }

    /// ρ/2 ‖z_l − m_l‖², and ⟨u, z_L − m_L⟩ for the last layer.
    fn fit(&mut self, l: usize) -> f64 {
        let last = self.is_last(l);
        let Layer {
            bias, product, z, ..
        } = &self.layers[l];
        let (rows, compute) = (bias.values(), &mut self.compute);
        if last {
            let f = inlined(
                #[inline(always)]
                |[p, z, u]: [T; 3], b: T| {
                    let residual = z - p - b;
                    [residual * residual, u * residual]
                },
            );
            let inputs = [product, self.z_last.values(), &self.dual];
            let [residual_sq, dual] = sum_entries(inputs, rows, compute, f);
            return 0.5 * self.rho * residual_sq + dual;
        }
        let f = inlined(
            #[inline(always)]
            |[p, z]: [T; 2], b: T| [(z - p - b) * (z - p - b)],
        );
        let [residual_sq] = sum_entries([product, z], rows, compute, f);
        0.5 * self.rho * residual_sq
    }

    /// ρ/2 ‖a_l − h(z_l)‖² of a hidden layer.
    fn link(&mut self, l: usize) -> f64 {
        let Layer { bias, z, a, .. } = &self.layers[l];
        let (rows, compute) = (bias.values(), &mut self.compute);
        let [residual_sq] = with_activation!(self.network.architecture().activation, h => {
            let f = inlined(#[inline(always)]
            |[a, z]: [T; 2], _: T| [(a - h.apply(z)) * (a - h.apply(z))]);
            sum_entries([a, z], rows, compute, f)
        });
        0.5 * self.rho * residual_sq
    }
}

/// a_{l−1}: the layer before's, or the inputs.
fn input_of<'a, T: Real>(before: &'a [Layer<T>], samples: &'a Samples<T>) -> &'a Matrix<T> {
    before.last().map_or(samples.inputs(), |layer| &layer.a)
}

impl<T: Real> BlockProblem for DladmmProblem<'_, T> {
    type Measures = NetworkMeasures;

    fn n_blocks(&self) -> usize {
        KINDS.len() * self.layers.len()
    }

    fn block_name(&self, block: usize) -> String {
        if block + 1 == self.n_blocks() {
            return "u".into();
        }
        let name = KINDS[block % KINDS.len()].1;
        format!("{name}_{}", block / KINDS.len() + 1)
    }

    fn begin_iteration(&mut self, iteration: usize) {
        let cost = self.cost().train_loss;
        let rose = self.costs.last.is_some_and(|last| cost > last);
        self.costs.rises = if rose { self.costs.rises + 1 } else { 0 };
        self.costs.last = Some(cost);
        if self.costs.rises >= RISES {
            self.rho = (GROWTH * self.rho).min(self.config.rho_limit).max(self.rho);
            for layer in &mut self.layers {
                layer.theta.raise(GROWTH);
                layer.tau.raise(GROWTH);
            }
        }
        if iteration > 0 && iteration.is_multiple_of(REFRESH) {
            self.refresh_products();
        }
    }

    fn propose(&mut self, block: usize, _inertia: Inertia) -> BlockChange {
        let l = block / KINDS.len();
        let last = self.is_last(l);
        let (change, theta) = match KINDS[block % KINDS.len()].0 {
            Kind::Weights => self.propose_weights(l),
            Kind::Bias => (self.propose_bias(l), 0.0),
            Kind::Z if last => (self.propose_output(l), 0.0),
            Kind::Z => (self.propose_hidden(l), 0.0),
            Kind::A if last => (self.propose_dual(l), 0.0),
            Kind::A => self.propose_activations(l),
        };
        self.pending = Some(Pending { block, theta });
        change
    }

    fn accept(&mut self, block: usize) {
        let Some(Pending { theta, .. }) = self.pending.take().filter(|p| p.block == block) else {
            return;
        };
        let l = block / KINDS.len();
        let last = self.is_last(l);
        let Scratch {
            candidate,
            product,
            weights,
            ..
        } = &self.scratch;
        let kind = KINDS[block % KINDS.len()].0;
        if kind == Kind::Weights || kind == Kind::Bias {
            self.costs.current = None;
        }
        match kind {
            Kind::Weights => {
                copy(&mut self.layers[l].product, product);
                self.layers[l].theta.accept(theta);
                if let Some((w, _)) = parameters(&mut self.network, l) {
                    w.copy_from_slice(weights.as_slice());
                }
            }
            Kind::Bias => {
                self.layers[l].bias.accept();
                if let Some((_, b)) = parameters(&mut self.network, l) {
                    b.copy_from_slice(self.layers[l].bias.values());
                }
            }
            Kind::Z if last => {
                self.z_last.accept();
                self.loss = self.candidate_loss;
            }
            Kind::Z => copy(&mut self.layers[l].z, candidate),
            Kind::A if last => copy(&mut self.dual, candidate),
            Kind::A => {
                copy(&mut self.layers[l].a, candidate);
                copy(&mut self.layers[l + 1].product, product);
                self.layers[l].tau.accept(theta);
            }
        }
    }

    fn objective(&mut self) -> f64 {
        let mut objective = self.loss;
        for l in 0..self.layers.len() {
            objective += self.fit(l);
            objective += 0.5 * self.config.ridge * self.network.layers()[l].weights.norm_sq();
            if !self.is_last(l) {
                objective += self.link(l);
            }
        }
        objective
    }

    fn violation(&mut self) -> f64 {
        let hidden = self.layers.len() - 1;
        let activation = self.network.architecture().activation;
        self.layers[..hidden].iter().fold(0.0, |worst, layer| {
            let of_layer = band_violation(&layer.a, &layer.z, activation, &mut self.compute);
            max_or_nan(of_layer, worst)
        })
    }

    fn measures(&mut self) -> NetworkMeasures {
        self.cost()
    }

    fn non_finite(&self, measures: &NetworkMeasures) -> Option<(&'static str, f64)> {
        measures.non_finite()
    }
}

impl<T: Real> TrainingProblem<T> for DladmmProblem<'_, T> {
    fn network(&self) -> Result<Network<T>, ModelError> {
        Ok(self.network.clone())
    }

    fn visit_state(&mut self, visitor: &mut dyn StateVisitor<T>) {
        self.network.visit_state("network", visitor);
        for (layer, l) in self.layers.iter_mut().zip(1..) {
            layer.bias.visit_state(&format!("b_{l}"), visitor);
            let matrices = [
                ("product", &mut layer.product),
                ("z", &mut layer.z),
                ("a", &mut layer.a),
            ];
            visit_matrices(l, matrices, visitor);
            layer.theta.visit_state(&format!("theta_{l}"), visitor);
            layer.tau.visit_state(&format!("tau_{l}"), visitor);
        }
        self.z_last.visit_state("z_last", visitor);
        visitor.values("dual", self.dual.as_mut_slice());
        visitor.positive("rho", &mut self.rho);
        visitor.number("loss", &mut self.loss);
        visitor.optional("cost", &mut self.costs.last);
        visitor.count("cost.rises", &mut self.costs.rises);
        // Measured anew where it is asked for.
        self.costs.current = None;
    }
}
