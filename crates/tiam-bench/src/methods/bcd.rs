//! Block coordinate descent with three splittings (BCD).

mod params;
mod steps;

pub use params::{BcdConfig, BcdParams};

use tiam_core::{BlockChange, BlockProblem, Inertia, Order};
use tiam_linalg::{
    Compute, Matrix, Monotone, Real, SpdFactor, StateVisitor, band_violation, sum_entries,
    with_activation,
};
use tiam_models::{
    Activation, ModelError, Network, NetworkMeasures, Samples, Target, TrainingProblem,
};

use super::entry::inlined;
use super::splitting::{
    Forward, copy, forward_variables, max_or_nan, measures, parameters, visit_matrices,
};

/// BCD of J. Zeng, T. Lau, S. Lin, Y. Yao, "Global Convergence of Block Coordinate Descent in Deep Learning", ICML 2019: three-splitting,
/// square loss, full batch.
///
/// The objective, with V_0 = X, h_l = h for l < L and h_L the identity, is
/// F = ½‖V_L − Y‖² + Σ_l [ ρ/2 ‖U_l − W_l V_{l−1} − b_l 1ᵀ‖² + γ/2 ‖V_l − h_l(U_l)‖² + μ/2 ‖W_l‖² ].
/// An iteration updates V_L, U_L, W_L, b_L, V_{L−1}, …, b_1 in this order, each by the exact minimiser of F in that block (proximal terms
/// with weight α added for V_L, W_l, b_l and the hidden U_l):
///
/// - V_L = (Y + γ U_L + α V_L)/(1 + γ + α), U_L = (γ V_L + ρ m_L)/(γ + ρ), m_l = W_l V_{l−1} + b_l 1ᵀ;
/// - W_l = W_l − G H⁻¹ with G = ρ (m_l − U_l) V_{l−1}ᵀ + μ W_l and H = ρ V_{l−1} V_{l−1}ᵀ + (α + μ) I;
/// - b_l = (α b_l + ρ Σ (U_l − W_l V_{l−1}))/(ρN + α), the step to the mean residual shortened to ρN/(ρN + α) of it;
/// - V_l = V_l − (ρ W_{l+1}ᵀ W_{l+1} + γ I)⁻¹ (ρ W_{l+1}ᵀ (m_{l+1} − U_{l+1}) + γ (V_l − h(U_l)));
/// - U_l the minimiser, entry by entry, of γ/2 (V_l − h(u))² + ρ/2 (u − m_l)² + α/2 (u − U_l)².
///
/// ReLU's U_l is the paper's; leaky ReLU, ELU and the ridge are ours. F never increases. With classes, Y is one-hot: **F is a square loss while
/// the measures report the network's own loss** (cross-entropy). A [`BlockChange`] is that of F, proximal term left out, so that the increases of
/// an iteration add up to the change of F. [`BlockProblem::violation`] is the largest |V_l − h_l(U_l)|, the last layer's included.
///
/// Run it with [`Guard::Off`](tiam_core::Guard::Off), zero inertia and the order [`BcdProblem::order`]; inertia is ignored. `accept` counts only
/// right after `propose` of the same block. A matrix that cannot be factored shows as an increase that is NaN.
///
/// Memory beside the data: three n_l x N matrices a layer, two of the widest, and 3 n² for the widest pair of layers.
pub struct BcdProblem<'d, T> {
    network: Network<T>,
    config: BcdParams,
    samples: &'d Samples<T>,
    /// Y, n_L x N.
    target: Matrix<T>,
    layers: Vec<Layer<T>>,
    /// One for every V_l, l = 0, …, L − 1: for W_{l+1} and, where l > 0, for V_l. That of V_0 has the smaller of features and samples.
    factors: Vec<SpdFactor<T>>,
    /// V_0 does not change, so neither does its factor.
    first_factored: bool,
    compute: Compute<T>,
    scratch: Scratch<T>,
    /// The block whose candidate is held.
    pending: Option<usize>,
}

struct Layer<T> {
    bias: Bias<T>,
    /// W_l V_{l−1}.
    product: Matrix<T>,
    u: Matrix<T>,
    v: Matrix<T>,
}

/// b_l and its candidate.
struct Bias<T> {
    values: Vec<T>,
    candidate: Vec<T>,
}

/// Matrices that every block uses in turn.
#[derive(Default)]
struct Scratch<T> {
    /// Candidate of U or V.
    candidate: Matrix<T>,
    /// Residual, then the candidate's product.
    product: Matrix<T>,
    /// Candidate of W.
    weights: Matrix<T>,
    gram: Matrix<T>,
}

#[derive(Clone, Copy)]
enum Kind {
    V,
    U,
    Weights,
    Bias,
}

/// In the order of the sweep.
const KINDS: [(Kind, &str); 4] = [
    (Kind::V, "V"),
    (Kind::U, "U"),
    (Kind::Weights, "W"),
    (Kind::Bias, "b"),
];

impl<'d, T: Real> BcdProblem<'d, T> {
    /// The problem at the network's own forward pass, U_l = m_l and V_l = h_l(U_l).
    ///
    /// # Errors
    /// [`ModelError::Size`] or [`ModelError::Parameter`] when samples and network do not fit, [`ModelError::Linalg`] when threads cannot start.
    pub fn new(
        network: Network<T>,
        samples: &'d Samples<T>,
        config: BcdConfig,
    ) -> Result<Self, ModelError> {
        let BcdConfig(config) = config;
        let mut compute = Compute::new(config.threads)?;
        network.evaluate(samples, &mut compute)?;
        let (n_samples, n_layers) = (samples.n_samples(), network.layers().len());
        let variables = forward_variables(&network, samples, &mut compute);
        let parameters = network.layers().iter();
        let layers = variables.into_iter().zip(parameters);
        let layers = layers.map(|(Forward { product, z, a }, parameters)| Layer {
            bias: Bias {
                values: parameters.bias.clone(),
                candidate: parameters.bias.clone(),
            },
            product,
            u: z,
            v: a,
        });
        let layers = layers.collect();
        let sizes = &network.architecture().sizes;
        // With fewer samples than features, the first layer's system is solved in its dual form.
        let order = |l: usize| {
            if l == 0 {
                sizes[0].min(n_samples)
            } else {
                sizes[l]
            }
        };
        let factors = (0..n_layers).map(|l| SpdFactor::new(order(l)));
        Ok(Self {
            factors: factors.collect(),
            target: dense_target(samples.target()),
            network,
            config,
            samples,
            layers,
            first_factored: false,
            compute,
            scratch: Scratch::default(),
            pending: None,
        })
    }

    /// The order of an iteration: the last layer's V, U, W, b first, the first layer's last.
    pub fn order(&self) -> Order {
        Order::custom(|_, blocks| {
            let kinds = KINDS.len();
            let n_layers = blocks.len() / kinds;
            for (i, block) in blocks.iter_mut().enumerate() {
                *block = (n_layers - 1 - i / kinds) * kinds + i % kinds;
            }
        })
    }

    /// U_l, n_l x N, layers counted from 0.
    ///
    /// # Panics
    /// When there is no layer `l`.
    pub fn u(&self, l: usize) -> &Matrix<T> {
        &self.layers[l].u
    }

    /// V_l, n_l x N, layers counted from 0: the first hidden layer's, not the inputs.
    ///
    /// # Panics
    /// When there is no layer `l`.
    pub fn v(&self, l: usize) -> &Matrix<T> {
        &self.layers[l].v
    }

    fn is_last(&self, l: usize) -> bool {
        l + 1 == self.layers.len()
    }
}

/// Y: the values, or the classes one-hot.
fn dense_target<T: Real>(target: &Target<T>) -> Matrix<T> {
    match target {
        Target::Values(values) => values.clone(),
        Target::Classes { labels, n_classes } => {
            Matrix::from_fn(*n_classes, labels.len(), |i, j| {
                if labels[j] as usize == i {
                    T::one()
                } else {
                    T::zero()
                }
            })
        }
    }
}

impl<T: Real> BlockProblem for BcdProblem<'_, T> {
    type Measures = NetworkMeasures;

    fn n_blocks(&self) -> usize {
        KINDS.len() * self.layers.len()
    }

    fn block_name(&self, block: usize) -> String {
        let name = KINDS[block % KINDS.len()].1;
        format!("{name}_{}", block / KINDS.len() + 1)
    }

    fn propose(&mut self, block: usize, _inertia: Inertia) -> BlockChange {
        self.pending = Some(block);
        let l = block / KINDS.len();
        match KINDS[block % KINDS.len()].0 {
            Kind::V if self.is_last(l) => self.propose_output(l),
            Kind::V => {
                with_activation!(self.network.architecture().activation, h => self.propose_hidden(l, h))
            }
            Kind::U => self.propose_u(l),
            Kind::Weights => self.propose_weights(l),
            Kind::Bias => self.propose_bias(l),
        }
    }

    fn accept(&mut self, block: usize) {
        if self.pending.take() != Some(block) {
            return;
        }
        let l = block / KINDS.len();
        let Scratch {
            candidate,
            product,
            weights,
            ..
        } = &self.scratch;
        match KINDS[block % KINDS.len()].0 {
            Kind::V => {
                copy(&mut self.layers[l].v, candidate);
                if let Some(next) = self.layers.get_mut(l + 1) {
                    copy(&mut next.product, product);
                }
            }
            Kind::U => copy(&mut self.layers[l].u, candidate),
            Kind::Weights => {
                copy(&mut self.layers[l].product, product);
                if let Some((w, _)) = parameters(&mut self.network, l) {
                    w.copy_from_slice(weights.as_slice());
                }
            }
            Kind::Bias => {
                let Bias { values, candidate } = &mut self.layers[l].bias;
                std::mem::swap(values, candidate);
                if let Some((_, b)) = parameters(&mut self.network, l) {
                    b.copy_from_slice(values);
                }
            }
        }
    }

    fn objective(&mut self) -> f64 {
        let compute = &mut self.compute;
        let mut objective = 0.0;
        let BcdParams {
            rho, gamma, ridge, ..
        } = self.config;
        for (l, layer) in self.layers.iter().enumerate() {
            let last = l + 1 == self.layers.len();
            let rows = &layer.bias.values;
            let activation = if last {
                Activation::Identity
            } else {
                self.network.architecture().activation
            };
            let [fit, link] = with_activation!(activation, h => {
                let f = inlined(#[inline(always)] |[p, u, v]: [T; 3], b: T| {
                    let (fit, link) = (u - p - b, v - h.apply(u));
                    [fit * fit, link * link]
                });
                sum_entries([&layer.product, &layer.u, &layer.v], rows, compute, f)
            });
            let weights = self.network.layers()[l].weights.norm_sq();
            objective += 0.5 * (rho * fit + gamma * link + ridge * weights);
            if last {
                let f = inlined(
                    #[inline(always)]
                    |[y, v]: [T; 2], _: T| [(v - y) * (v - y)],
                );
                let [loss] = sum_entries([&self.target, &layer.v], rows, compute, f);
                objective += 0.5 * loss;
            }
        }
        objective
    }

    fn violation(&mut self) -> f64 {
        let hidden = self.network.architecture().activation;
        let n_layers = self.layers.len();
        self.layers
            .iter()
            .enumerate()
            .fold(0.0, |worst, (l, layer)| {
                let last = l + 1 == n_layers;
                let activation = if last { Activation::Identity } else { hidden };
                let of_layer = band_violation(&layer.v, &layer.u, activation, &mut self.compute);
                max_or_nan(of_layer, worst)
            })
    }

    fn measures(&mut self) -> NetworkMeasures {
        measures(&self.network, self.samples, &mut self.compute)
    }

    fn non_finite(&self, measures: &NetworkMeasures) -> Option<(&'static str, f64)> {
        measures.non_finite()
    }
}

impl<T: Real> TrainingProblem<T> for BcdProblem<'_, T> {
    fn network(&self) -> Result<Network<T>, ModelError> {
        Ok(self.network.clone())
    }

    fn visit_state(&mut self, visitor: &mut dyn StateVisitor<T>) {
        self.network.visit_state("network", visitor);
        for (layer, l) in self.layers.iter_mut().zip(1..) {
            visitor.values(&format!("b_{l}.current"), &mut layer.bias.values);
            visitor.values(&format!("b_{l}.previous"), &mut layer.bias.candidate);
            let matrices = [
                ("product", &mut layer.product),
                ("U", &mut layer.u),
                ("V", &mut layer.v),
            ];
            visit_matrices(l, matrices, visitor);
        }
    }
}
