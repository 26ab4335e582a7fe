//! The z steps: a projection for hidden layers, the proximal map of the loss for the last layer.

use crate::activation::Activation;
use crate::compute::{Cols, ColsMut, Compute, WorkerScratch, buffer, for_tiles, tile_cols};
use crate::kernels::residual_norm_sq;
use crate::loss::{LossTarget, Targets};
use crate::matrix::Matrix;
use crate::monotone::{Monotone, clamp, preimage};
use crate::real::Real;
use crate::reduce::LaneSum;
use crate::simd::vectorised;
use crate::state::StateVisitor;
use crate::step::{Inertia, Iterate, StepReport};
use crate::with_activation;

/// The prediction m = W a + b 1ᵀ of a layer, to which a z step is drawn.
///
/// Shapes: `product` n x N (W a without the bias), `bias` n.
#[derive(Clone, Copy, Debug)]
pub struct Prediction<'a, T> {
    /// W_l a_{l−1}.
    pub product: &'a Matrix<T>,
    /// b_l.
    pub bias: &'a [T],
    /// ρ.
    pub rho: f64,
}

/// The two parts of the last layer's objective.
#[derive(Clone, Copy, Debug, Default)]
pub struct LastObjective {
    /// R(z; Y).
    pub loss: f64,
    /// ρ/2 ‖z − m‖².
    pub penalty: f64,
}

/// A layer's pre-activations z (n x N) with their history.
#[derive(Debug)]
pub struct PreactivationBlock<T> {
    iterate: Iterate<T>,
}

impl<T: Real> PreactivationBlock<T> {
    /// Starts at `z`, n x N, without history.
    pub fn new(z: Matrix<T>) -> Self {
        Self {
            iterate: Iterate::new(z),
        }
    }

    /// z, n x N.
    pub fn values(&self) -> &Matrix<T> {
        &self.iterate.current
    }

    /// Makes the last candidate current.
    pub fn accept(&mut self) {
        self.iterate.accept();
    }

    /// Fetches the samples of the other processes, before the state is saved; called by all of them.
    pub fn gather(&mut self, compute: &Compute<T>) {
        self.iterate.gather(compute);
    }

    /// Current and previous value.
    pub fn visit_state(&mut self, name: &str, visitor: &mut dyn StateVisitor<T>) {
        self.iterate.visit_state(name, visitor);
    }

    /// A hidden layer's step: z̄ = Π(z̃ − (ẑ − m)), then Π(z̄ + p3 (z̄ − z)), Π the projection on
    /// { z : a − ε ≤ h(z) ≤ a + ε }. Its objective is ρ/2 ‖z − m‖². About 20 flops an entry, one pass.
    pub fn propose_hidden(
        &mut self,
        prediction: Prediction<'_, T>,
        activations: &Matrix<T>,
        h: Activation,
        epsilon: f64,
        inertia: Inertia,
        compute: &mut Compute<T>,
    ) -> StepReport {
        T::propose_hidden(self, prediction, activations, h, epsilon, inertia, compute)
    }

    pub(crate) fn propose_hidden_generic(
        &mut self,
        prediction: Prediction<'_, T>,
        activations: &Matrix<T>,
        h: Activation,
        epsilon: f64,
        inertia: Inertia,
        compute: &mut Compute<T>,
    ) -> StepReport {
        let Iterate {
            current,
            previous,
            candidate,
        } = &mut self.iterate;
        let n = current.n_rows();
        let (bias, epsilon) = (prediction.bias, T::from_f64(epsilon));
        let p = [inertia.start - inertia.gradient, inertia.correction].map(T::from_f64);
        let slab = (
            candidate.cols_mut(),
            [&*current, previous, prediction.product, activations].map(Matrix::cols),
        );
        let body = |_: &mut WorkerScratch<T>, (out, inputs): (ColsMut<'_, T>, [Cols<'_, T>; 4])| {
            let inputs = inputs.map(|columns| columns.data);
            with_activation!(h, h => hidden_tile(out.data, inputs, bias, h, epsilon, p))
        };
        let ends = compute.over_samples(20 * n, slab, &body);
        let [before, after] = ends.map(|distance_sq| 0.5 * prediction.rho * distance_sq);
        let report = StepReport::of::<T>(before, after - before);
        report.against(current, prediction.rho, compute)
    }

    /// The last layer's step: z̄ = argmin R(z; Y) + ρ/2 ‖z − c‖², c = z̃ − (ẑ − m), then z̄ + p3 (z̄ − z). Its
    /// objective is R(z) + ρ/2 ‖z − m‖². Returns the report and both parts at the candidate. One pass over the samples: centre, proximal map
    /// (warm-started at z), correction, both objective values.
    ///
    /// # Panics
    /// When the targets are not of z's shape, or the loss takes others.
    pub fn propose_last(
        &mut self,
        prediction: Prediction<'_, T>,
        target: LossTarget<'_, T>,
        inertia: Inertia,
        compute: &mut Compute<T>,
    ) -> (StepReport, LastObjective) {
        T::propose_last(self, prediction, target, inertia, compute)
    }

    pub(crate) fn propose_last_generic(
        &mut self,
        prediction: Prediction<'_, T>,
        target: LossTarget<'_, T>,
        inertia: Inertia,
        compute: &mut Compute<T>,
    ) -> (StepReport, LastObjective) {
        let Iterate {
            current,
            previous,
            candidate,
        } = &mut self.iterate;
        let n = current.n_rows();
        let LossTarget { loss, targets } = target;
        target.check("propose_last", n, current.n_cols());
        let (bias, rho) = (prediction.bias, T::from_f64(prediction.rho));
        let p = [inertia.start - inertia.gradient, inertia.correction].map(T::from_f64);
        let (tile, scratch_len) = (tile_cols::<T>(4 * n), loss.prox_scratch_len(n));
        let slab = (
            candidate.cols_mut(),
            [&*current, previous, prediction.product].map(Matrix::cols),
            targets,
        );
        let body = |scratch: &mut WorkerScratch<T>, slab: LastSlab<'_, T>| {
            let (mut distances_sq, mut losses) = ([0.0; 2], [0.0; 2]);
            for_tiles(slab, tile, |(out, [z, zp, wa], y)| {
                let center = buffer(&mut scratch.tile_a, out.data.len());
                center_tile(center, [z.data, zp.data, wa.data], bias, p[0]);
                out.data.copy_from_slice(z.data);
                let work = buffer(&mut scratch.tile_b, scratch_len);
                loss.prox(out.data, center, y, rho, work);
                correct_tile(out.data, z.data, p[1]);
                for (i, end) in [z.data, out.data].into_iter().enumerate() {
                    distances_sq[i] += residual_norm_sq(wa.data, bias, end);
                    losses[i] += loss.value(end, y).loss;
                }
            });
            (distances_sq, losses)
        };
        let (distances_sq, losses) = compute.over_samples(LAST_FLOPS_PER_ENTRY * n, slab, &body);
        let penalties = distances_sq.map(|distance_sq| 0.5 * prediction.rho * distance_sq);
        let [before, after] = [0, 1].map(|i| losses[i] + penalties[i]);
        let candidate = LastObjective {
            loss: losses[1],
            penalty: penalties[1],
        };
        let report = StepReport::of::<T>(before, after - before);
        (report.against(current, prediction.rho, compute), candidate)
    }
}

/// Candidate; current, previous and product; target.
type LastSlab<'a, T> = (ColsMut<'a, T>, [Cols<'a, T>; 3], Targets<'a, T>);

/// Flops an entry of the last layer's step: a handful of Newton steps, an exponential each.
const LAST_FLOPS_PER_ENTRY: usize = 200;

/// One tile of a hidden step; `inputs` are [z, z_previous, product, a], `p` is [p1 − p2, p3].
fn hidden_tile<T: Real>(
    out: &mut [T],
    [z, previous, product, a]: [&[T]; 4],
    bias: &[T],
    h: impl Monotone,
    epsilon: T,
    [p1_minus_p2, correction]: [T; 2],
) -> [f64; 2] {
    vectorised(
        #[inline(always)]
        || {
            let n = bias.len();
            let (mut before, mut after) = (LaneSum::new(), LaneSum::new());
            let columns = out
                .chunks_exact_mut(n)
                .zip(z.chunks_exact(n))
                .zip(previous.chunks_exact(n))
                .zip(product.chunks_exact(n))
                .zip(a.chunks_exact(n));
            for ((((out, z), zp), wa), a) in columns {
                let (out, z, zp) = (&mut out[..n], &z[..n], &zp[..n]);
                let (wa, a) = (&wa[..n], &a[..n]);
                for i in 0..n {
                    let (low, high) = preimage(h, a[i], epsilon);
                    // z̃ − (ẑ − m) = m + (p1 − p2)(z − z_previous)
                    let moved = wa[i] + bias[i] + p1_minus_p2 * (z[i] - zp[i]);
                    let bar = clamp(moved, low, high);
                    out[i] = clamp(bar + correction * (bar - z[i]), low, high);
                }
                before.add([z, wa, bias], |[z, wa, b]| (z - wa - b) * (z - wa - b));
                after.add([out, wa, bias], |[z, wa, b]| (z - wa - b) * (z - wa - b));
            }
            [before.finish(), after.finish()]
        },
    )
}

/// center ← m + (p1 − p2)(z − z_previous), m = product + bias 1ᵀ.
fn center_tile<T: Real>(
    center: &mut [T],
    [z, previous, product]: [&[T]; 3],
    bias: &[T],
    p1_minus_p2: T,
) {
    vectorised(
        #[inline(always)]
        || {
            let n = bias.len();
            let columns = center
                .chunks_exact_mut(n)
                .zip(z.chunks_exact(n))
                .zip(previous.chunks_exact(n))
                .zip(product.chunks_exact(n));
            for (((c, z), zp), wa) in columns {
                let (c, z, zp, wa) = (&mut c[..n], &z[..n], &zp[..n], &wa[..n]);
                for i in 0..n {
                    c[i] = wa[i] + bias[i] + p1_minus_p2 * (z[i] - zp[i]);
                }
            }
        },
    );
}

/// out ← out + p3 (out − z).
fn correct_tile<T: Real>(out: &mut [T], z: &[T], correction: T) {
    if correction > T::zero() {
        for (out, z) in out.iter_mut().zip(z) {
            *out += correction * (*out - *z);
        }
    }
}

/// ρ/2 ‖z − W a − b 1ᵀ‖² of one layer. 4 flops an entry.
pub fn penalty<T: Real>(
    z: &Matrix<T>,
    prediction: Prediction<'_, T>,
    compute: &mut Compute<T>,
) -> f64 {
    T::penalty(z, prediction, compute)
}

pub(crate) fn penalty_generic<T: Real>(
    z: &Matrix<T>,
    prediction: Prediction<'_, T>,
    compute: &mut Compute<T>,
) -> f64 {
    let n = z.n_rows();
    let slab = (prediction.product.cols(), z.cols());
    let body = |_: &mut WorkerScratch<T>, (wa, z): (Cols<'_, T>, Cols<'_, T>)| {
        residual_norm_sq(wa.data, prediction.bias, z.data)
    };
    0.5 * prediction.rho * compute.over_samples(4 * n, slab, &body)
}
