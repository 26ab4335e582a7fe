//! The functions that are compiled once for each scalar type, here, whichever crate calls them.
//!
//! A generic function is compiled anew in every crate that calls it for a type. Those below hold the kernels, each of which is compiled
//! for several instruction sets: once is enough. The public functions and methods of this crate are thin: they call the method of [`Engine`] that
//! bears their name, and that calls the generic code (`…_generic`) for `f32` or `f64`.

use crate::activation::Activation;
use crate::activations::{self, ActivationBand, ActivationBlock, NextLayer};
use crate::backward::{self, Gradients};
use crate::bias::BiasBlock;
use crate::compute::Compute;
use crate::error::LinalgError;
use crate::forward::{self, AffineLayers, ForwardFrom};
use crate::loss::{AnyLoss, Loss, LossTarget};
use crate::matrix::Matrix;
use crate::preactivations::{self, LastObjective, PreactivationBlock, Prediction};
use crate::product;
use crate::prox::{self, LossSum, ProxReport};
use crate::real::Real;
use crate::reduce;
use crate::spd::SpdFactor;
use crate::state::StateVisitor;
use crate::step::{Inertia, StepReport};
use crate::stochastic::{
    CurvatureForm, CurvatureRule, ProcessAverage, StochasticBatch, StochasticBlocks, StochasticStep,
};
use crate::weights::{WeightBlock, WeightProblem};

macro_rules! engine {
    ($(fn $name:ident($($arg:ident: $type:ty),*) $(-> $out:ty)? = $code:expr;)*) => {
        /// What every function here is compiled for: `f32` and `f64`. See the module.
        pub trait Engine: faer::traits::RealField {
            /// The loss of this precision.
            fn loss<'a>(loss: &'a (dyn AnyLoss + 'a)) -> &'a (dyn Loss<Self> + 'a)
            where
                Self: Real;
            $(#[allow(missing_docs, reason = "documented where the public function of this name is")]
            fn $name($($arg: $type),*) $(-> $out)? where Self: Real;)*
        }
        engine!(impl f32: $(fn $name($($arg: $type),*) $(-> $out)? = $code;)*);
        engine!(impl f64: $(fn $name($($arg: $type),*) $(-> $out)? = $code;)*);
    };
    (impl $scalar:ident: $(fn $name:ident($($arg:ident: $type:ty),*) $(-> $out:ty)? = $code:expr;)*) => {
        impl Engine for $scalar {
            fn loss<'a>(loss: &'a (dyn AnyLoss + 'a)) -> &'a (dyn Loss<Self> + 'a) {
                loss
            }
            $(#[inline(never)]
            fn $name($($arg: $type),*) $(-> $out)? {
                $code($($arg),*)
            })*
        }
    };
}

engine! {
    fn product(
        out: &mut Matrix<Self>, left: &Matrix<Self>, right: &Matrix<Self>, compute: &mut Compute<Self>
    ) = product::product_generic;
    fn product_transposed(
        out: &mut Matrix<Self>, left: &Matrix<Self>, right: &Matrix<Self>, compute: &mut Compute<Self>
    ) = product::product_transposed_generic;
    fn outer_product(
        out: &mut Matrix<Self>, left: &Matrix<Self>, right: &Matrix<Self>, compute: &mut Compute<Self>
    ) = product::outer_product_generic;
    fn dot(x: &[Self], y: &[Self]) -> f64 = reduce::dot_generic;
    fn all_finite(x: &[Self]) -> bool = reduce::all_finite_generic;
    fn forward(
        out: &mut Matrix<Self>, layers: &dyn AffineLayers<Self>, h: Activation, from: ForwardFrom<'_, Self>,
        compute: &mut Compute<Self>
    ) = forward::forward_generic;
    fn forward_one(
        out: &mut [Self], layers: &dyn AffineLayers<Self>, h: Activation, x: &[Self], compute: &mut Compute<Self>
    ) = forward::forward_one_generic;
    fn forward_loss(
        layers: &dyn AffineLayers<Self>, h: Activation, from: ForwardFrom<'_, Self>, target: LossTarget<'_, Self>,
        compute: &mut Compute<Self>
    ) -> LossSum = forward::forward_loss_generic;
    fn activate(out: &mut Matrix<Self>, z: &Matrix<Self>, h: Activation) = forward::activate_generic;
    fn biased(out: &mut Matrix<Self>, product: &Matrix<Self>, bias: &[Self]) = forward::biased_generic;
    fn loss_gradient(
        gradients: &mut Gradients<Self>, layers: &dyn AffineLayers<Self>, h: Activation, inputs: &Matrix<Self>,
        target: LossTarget<'_, Self>, batch: Option<&[usize]>, compute: &mut Compute<Self>
    ) -> LossSum = backward::loss_gradient_generic;
    fn refresh_weights_product(
        block: &mut WeightBlock<Self>, inputs: &Matrix<Self>, compute: &mut Compute<Self>
    ) = WeightBlock::refresh_product_generic;
    fn weights_inputs_changed(block: &mut WeightBlock<Self>) = WeightBlock::inputs_changed_generic;
    fn propose_weights(
        block: &mut WeightBlock<Self>, problem: &WeightProblem<'_, Self>, inertia: Inertia, compute: &mut
        Compute<Self>
    ) -> StepReport = WeightBlock::propose_generic;
    fn accept_weights(
        block: &mut WeightBlock<Self>, inputs: &Matrix<Self>, compute: &mut Compute<Self>
    ) = WeightBlock::accept_generic;
    fn weights_gradient_norm(
        block: &mut WeightBlock<Self>, problem: &WeightProblem<'_, Self>, compute: &mut Compute<Self>
    ) -> f64 = WeightBlock::gradient_norm_generic;
    fn visit_weights(
        block: &mut WeightBlock<Self>, name: &str, inputs: &Matrix<Self>, visitor: &mut dyn StateVisitor<Self>,
        compute: &mut Compute<Self>
    ) = WeightBlock::visit_state_generic;
    fn propose_bias(
        block: &mut BiasBlock<Self>, product: &Matrix<Self>, target: &Matrix<Self>, rho: f64, inertia: Inertia,
        compute: &mut Compute<Self>
    ) -> StepReport = BiasBlock::propose_generic;
    fn propose_hidden(
        block: &mut PreactivationBlock<Self>, prediction: Prediction<'_, Self>, activations: &Matrix<Self>, h:
        Activation, epsilon: f64, inertia: Inertia, compute: &mut Compute<Self>
    ) -> StepReport = PreactivationBlock::propose_hidden_generic;
    fn propose_last(
        block: &mut PreactivationBlock<Self>, prediction: Prediction<'_, Self>, target: LossTarget<'_, Self>,
        inertia: Inertia, compute: &mut Compute<Self>) -> (StepReport, LastObjective
    ) = PreactivationBlock::propose_last_generic;
    fn penalty(
        z: &Matrix<Self>, prediction: Prediction<'_, Self>, compute: &mut Compute<Self>
    ) -> f64 = preactivations::penalty_generic;
    fn propose_activations(
        block: &mut ActivationBlock<Self>, next: NextLayer<'_, Self>, band: ActivationBand<'_, Self>, inertia: Inertia,
        compute: &mut Compute<Self>
    ) -> StepReport = ActivationBlock::propose_generic;
    fn repair_activations(
        block: &mut ActivationBlock<Self>, band: ActivationBand<'_, Self>, next: &mut WeightBlock<Self>, compute: &mut
        Compute<Self>
    ) -> bool = ActivationBlock::repair_generic;
    fn band_violation(
        a: &Matrix<Self>, z: &Matrix<Self>, h: Activation, compute: &mut Compute<Self>
    ) -> f64 = activations::band_violation_generic;
    fn factor_spd(
        block: &mut SpdFactor<Self>, gram: &Matrix<Self>, c: f64, ridge: f64
    ) -> Result<(), LinalgError> = SpdFactor::factor_generic;
    fn solve_spd(block: &SpdFactor<Self>, x: &mut Matrix<Self>, compute: &mut Compute<Self>) = SpdFactor::solve_generic;
    fn solve_spd_right(block: &SpdFactor<Self>, x: &mut Matrix<Self>) = SpdFactor::solve_right_generic;
    fn stochastic_blocks(
        layers: &dyn AffineLayers<Self>, form: &dyn Fn(usize) -> CurvatureForm, normal: &mut dyn FnMut() -> f64
    ) -> StochasticBlocks<Self> = StochasticBlocks::new_generic;
    fn visit_stochastic(
        block: &mut StochasticBlocks<Self>, visitor: &mut dyn StateVisitor<Self>
    ) = StochasticBlocks::visit_state_generic;
    fn stochastic_gradient(
        block: &mut StochasticBlocks<Self>, h: Activation, batch: StochasticBatch<'_, Self>, with_curvature: bool,
        compute: &mut Compute<Self>
    ) -> LossSum = StochasticBlocks::gradient_generic;
    fn refresh_curvature(
        block: &mut StochasticBlocks<Self>, rule: CurvatureRule, compute: &mut Compute<Self>
    ) = StochasticBlocks::refresh_curvature_generic;
    fn stochastic_directions(
        block: &mut StochasticBlocks<Self>, ridge: f64, compute: &mut Compute<Self>
    ) -> f64 = StochasticBlocks::directions_generic;
    fn stochastic_advance(
        block: &mut StochasticBlocks<Self>, step: StochasticStep, compute: &mut Compute<Self>
    ) = StochasticBlocks::advance_generic;
    fn average_processes(
        average: &mut ProcessAverage<Self>, blocks: &mut StochasticBlocks<Self>, end: Option<f64>
    ) = ProcessAverage::average_generic;
    fn cross_entropy(
        z: &[Self], labels: &[u32], n_classes: usize
    ) -> LossSum = prox::cross_entropy::cross_entropy_generic;
    fn softmax_in_place(z: &mut [Self], n_classes: usize) = prox::cross_entropy::softmax_in_place_generic;
    fn prox_cross_entropy(
        z: &mut [Self], center: &[Self], labels: &[u32], n_classes: usize, rho: Self, scratch: &mut [Self]
    ) -> ProxReport = prox::softmax_prox::prox_cross_entropy_generic;
    fn prox_squared(z: &mut [Self], center: &[Self], target: &[Self], rho: Self) = prox::simple::prox_squared_generic;
    fn squared_loss(z: &[Self], target: &[Self]) -> f64 = prox::simple::squared_loss_generic;
    fn l1_norm(w: &[Self]) -> f64 = prox::simple::l1_norm_generic;
}
